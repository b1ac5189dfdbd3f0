package early

// Files is the limit of descriptors that the process was started with: soft and
// hard. Who changes it owns the change.
var Files [2]uint64

func init() { getrlimit(&Files) }

// getrlimit is prlimit64(2) of RLIMIT_NOFILE.
//
//go:noescape
func getrlimit(into *[2]uint64)
