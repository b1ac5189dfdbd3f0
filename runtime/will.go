package runtime

import (
	"syscall"
	"unsafe"
)

// Some faults Go's runtime does not make a panic of: its own ("fatal error:"),
// and a panic of a goroutine that nobody catches. It tells of them and ends the
// process; asked to (GOTRACEBACK=crash) it does so by sending itself SIGABRT,
// which comes to the guard of the faults (fault.go). That knows the sender, and
// carries out the will: the program is executed anew in the same process, with
// all descriptors, but without a state, since a memory in which the runtime has
// lost its way cannot be written down. What comes then is lastResort.

// will is what the guard needs, as the assembly knows it.
type will struct {
	pid  int64
	path *byte
	argv **byte
	envp **byte
}

// lastWill is nil in an init that has nothing to lose.
var lastWill *will

// executeWill is in fault_$ARCH.s, for the guard to jump to.
func executeWill()

// makeWill lets the init outlive the end of its Go runtime.
func makeWill(pid int32) {
	lastWill = &will{
		pid:  int64(pid),
		path: cstrings([]string{"/proc/self/exe"})[0],
		argv: unsafe.SliceData(cstrings(processArgs())),
		envp: unsafe.SliceData(cstrings(append(syscall.Environ(), handoverEnv+"=lost"))),
	}
	setTraceback("crash")
}

//go:linkname setTraceback runtime/debug.SetTraceback
func setTraceback(level string)
