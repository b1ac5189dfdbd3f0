package runtime

import (
	"syscall"
	"unsafe"
)

// PID 1 gets no signal that it has no handler for, but Go has handlers for the
// signals of faults, and ends the process when one was sent and is no fault of
// its own. So whoever may signal the init could end it. The guard stands before
// Go's handlers: what a process has sent goes the way of the other signals, and
// only what the processor raised is Go's, which makes a panic of it.

// guarded are the signals that Go answers with the end of the process.
var guarded = [...]uint8{
	uint8(syscall.SIGQUIT), uint8(syscall.SIGILL), uint8(syscall.SIGTRAP), uint8(syscall.SIGABRT),
	uint8(syscall.SIGBUS), uint8(syscall.SIGFPE), uint8(syscall.SIGSEGV), uint8(syscall.SIGSTKFLT),
	uint8(syscall.SIGSYS),
}

// goHandlers are Go's, by signal number, for the guard to go on to.
var goHandlers [32]uintptr

// signalGuard is in fault_$ARCH.s, an address for the kernel as signalHandler.
func signalGuard()

// guardAddress gives the address of the code itself.
func guardAddress() uintptr

// guardFaults puts the guard before Go's handlers; flags, mask and the stack
// stay as Go has chosen them.
func guardFaults() {
	for _, sig := range guarded {
		var act kernelAction
		_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&act)), 8, 0, 0)
		if e != 0 || act.handler == sigDefault || act.handler == sigIgnore || act.handler == guardAddress() {
			continue
		}
		goHandlers[sig] = act.handler
		act.handler = guardAddress()
		rtSigaction(sig, &act)
	}
}

// saySent tells of guarded signals that somebody sent.
func (i *Init) saySent(set uint64) {
	for _, sig := range guarded {
		if has(set, sig) {
			i.say("", "SIG", signalName(int32(sig)), " was sent and is ignored")
		}
	}
}
