package early

// Files is the limit of descriptors that the process was started with: soft and
// hard. Who changes it owns the change.
var Files [2]uint64

// Held is 1 when no signal has come to the process yet, and none will until it
// unblocks them: see entry. It is 0 in a program that begins as others of Go do.
var Held uint32

func init() { getrlimit(&Files) }

// getrlimit is prlimit64(2) of RLIMIT_NOFILE.
//
//go:noescape
func getrlimit(into *[2]uint64)
