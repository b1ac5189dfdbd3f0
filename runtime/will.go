package runtime

import (
	"sync/atomic"
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
	// pause is before the first try and between two, at 32.
	pause syscall.Timespec
	all   uint64 // signals, at 48
	// stop are the signals to begin with, at 56; bits, at 64, is where those and
	// what has come go, a digit each.
	stop uint64
	bits *byte
}

// lastWill is nil in an init that has nothing to lose.
var lastWill *will

// executeWill is in fault_$ARCH.s, for the guard to jump to.
func executeWill()

// lostState stands for a state in [handoverEnv]; the bits of signals follow.
const (
	lostState = "lost"
	noBits    = "0000000000000000000000000000000000000000000000000000000000000000"
)

// makeWill lets the init outlive the end of its Go runtime.
func makeWill(pid int32) {
	name := handoverEnv + "=" + lostState
	env := cstrings(append(syscall.Environ(), name+noBits))
	lastWill = &will{
		pid:   int64(pid),
		path:  cstrings([]string{"/proc/self/exe"})[0],
		argv:  unsafe.SliceData(cstrings(processArgs())),
		envp:  unsafe.SliceData(env),
		pause: syscall.Timespec{Nsec: 100e6}, all: ^uint64(0),
		bits: (*byte)(unsafe.Add(unsafe.Pointer(env[len(env)-2]), len(name))),
	}
	setTraceback("crash")
}

// takeBits hears the signals of a program before this one.
func takeBits(digits string) {
	for n := range digits {
		if digits[n] == '1' {
			atomic.OrUint64(&pendingSignals, 1<<n)
		}
	}
}

// willStop has what comes go on with the stop that has begun.
func willStop(i *Init) {
	if lastWill.stop != 0 || !i.machine.Ending() {
		return
	}
	lastWill.stop = 1 << (syscall.SIGTERM - 1)
	for _, sig := range handled {
		if i.actionOf(sig) == i.machine.EndsWith() {
			lastWill.stop = 1 << (sig - 1)
			return
		}
	}
}

//go:linkname setTraceback runtime/debug.SetTraceback
func setTraceback(level string)
