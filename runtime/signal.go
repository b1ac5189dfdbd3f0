package runtime

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Signals come without package os/signal, which costs a goroutine, 100 kB and
// an allocation for each signal. The handler in assembly does what the kernel
// does for a blocked signal: it sets a bit in a word and rings a bell, the
// eventfd of the loop. Like the kernel's own pending set, that loses no kind
// of signal, only how often it came; and it may run on any thread. A bit that is
// set already has rung the bell, so it does not ring again: when a thousand
// services end at once, that is most of their SIGCHLD.

// pendingSignals has bit n-1 set when signal n has come since it was taken.
var pendingSignals uint64

// signalBell is the eventfd that the handler writes to.
var signalBell int64

// signalHandler and signalReturn are in signal_$ARCH.s; they are addresses
// for the kernel, not functions for Go.
func signalHandler()
func signalReturn()

// handlerAddress and returnAddress give the addresses of the code itself,
// where Go would give those of a wrapper.
func handlerAddress() uintptr
func returnAddress() uintptr

const (
	sigRTMin   = 34 // as glibc and systemd(1) count: 32 and 33 are the threads'
	saSiginfo  = 4
	saOnStack  = 0x08000000
	saRestart  = 0x10000000
	saRestorer = 0x04000000
)

// handled are the signals that systemd(1), "SIGNALS", gives a meaning to, as
// far as they come: SIGCHLD, the terminal's, and SIGRTMIN+0 to +29.
var handled = [...]uint8{
	uint8(syscall.SIGCHLD), uint8(syscall.SIGTERM), uint8(syscall.SIGINT), uint8(syscall.SIGHUP),
	uint8(syscall.SIGUSR1), uint8(syscall.SIGUSR2), uint8(syscall.SIGPWR), uint8(syscall.SIGWINCH),
	sigRTMin, sigRTMin + 1, sigRTMin + 2, sigRTMin + 3, sigRTMin + 4, sigRTMin + 5, sigRTMin + 6, sigRTMin + 7,
	sigRTMin + 13, sigRTMin + 14, sigRTMin + 15, sigRTMin + 16, sigRTMin + 17,
	sigRTMin + 20, sigRTMin + 21, sigRTMin + 22, sigRTMin + 23, sigRTMin + 24,
	sigRTMin + 25, sigRTMin + 26, sigRTMin + 27, sigRTMin + 28, sigRTMin + 29,
}

// kernelAction is the kernel's struct sigaction.
type kernelAction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// Dispositions other than a handler's address.
const (
	sigDefault = 0
	sigIgnore  = 1
)

// ignoredSignals are the signals that are ignored now.
func ignoredSignals() []uint8 {
	var list []uint8
	for sig := uint8(1); sig <= 64; sig++ {
		var act kernelAction
		_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&act)), 8, 0, 0)
		if e == 0 && act.handler == sigIgnore {
			list = append(list, sig)
		}
	}
	return list
}

// catchSignals puts the handler in place of Go's own. SIGPIPE is ignored: a
// reader of the log that went away is an EPIPE, not the end.
func catchSignals(bell int32) {
	signalBell = int64(bell)
	act := handlerAction()
	for _, sig := range handled {
		rtSigaction(sig, &act)
	}
	guardFaults()
	ignore := kernelAction{handler: 1}
	rtSigaction(uint8(syscall.SIGPIPE), &ignore)
}

func handlerAction() kernelAction {
	return kernelAction{
		handler:  handlerAddress(),
		flags:    saSiginfo | saOnStack | saRestart | saRestorer,
		restorer: returnAddress(),
	}
}

//go:noinline
func rtSigaction(sig uint8, act *kernelAction) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(act)), 0, 8, 0, 0)
}

// takeSignals answers what has come since the last call.
func takeSignals() uint64 {
	return atomic.SwapUint64(&pendingSignals, 0)
}

// has tells whether sig is in a set of takeSignals.
func has(set uint64, sig uint8) bool { return set&(1<<(sig-1)) != 0 }
