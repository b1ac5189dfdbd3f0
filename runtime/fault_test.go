package runtime

import (
	"errors"
	goruntime "runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"
)

// keepActions puts back what the process did with the guarded signals.
func keepActions(t *testing.T) {
	for _, sig := range guarded {
		var act kernelAction
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&act)), 8, 0, 0)
		t.Cleanup(func() { rtSigaction(sig, &act) })
	}
}

// fault reads from nowhere and answers what Go made of it.
func fault() (err error) {
	defer func() { err, _ = recover().(error) }()
	var nowhere *[64]int
	nowhere[3]++
	return nil
}

// TestGuard sends each signal that would end the process, and has a fault of
// its own between: the first are noted, the second is a panic as ever.
func TestGuard(t *testing.T) {
	keepActions(t)
	bell, e := eventfd()
	if e != 0 {
		t.Fatal(e)
	}
	defer closeFD(bell)
	before := signalBell
	signalBell = int64(bell)
	defer func() { signalBell = before }()
	guardFaults()
	for _, sig := range guarded {
		if goHandlers[sig] == 0 {
			t.Errorf("signal %d has no handler of Go's to go on to", sig)
		}
		takeSignals()
		if err := syscall.Kill(syscall.Getpid(), syscall.Signal(sig)); err != nil {
			t.Fatal(err)
		}
		for n := 0; !has(pendingNow(), sig); n++ {
			if n == 1000 {
				t.Fatalf("signal %d was not noted", sig)
			}
			pause(1)
		}
		var is goruntime.Error
		if err := fault(); !errors.As(err, &is) {
			t.Fatalf("after signal %d, a fault gives %v", sig, err)
		}
	}
	takeSignals()
}

// pendingNow looks at what takeSignals would take.
func pendingNow() uint64 { return atomic.LoadUint64(&pendingSignals) }
