package runtime

import (
	"os"
	"os/exec"
	goruntime "runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// passOnEnv makes a process of this test of the one that executes it.
const passOnEnv = "RUSTYSD_TEST_PASS_ON"

// The loop's thread is the first one, which is a program's own while it is
// initialised.
func init() {
	if os.Getenv(passOnEnv) == "" {
		return
	}
	goruntime.LockOSThread()
	catchSignals(noFD)
	var sent atomic.Int64
	go func() {
		for pid := syscall.Getpid(); ; sent.Add(1) {
			syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(pid), uintptr(syscall.SIGUSR1))
		}
	}()
	for sent.Load() < 10000 {
		passSignalsOn()
		takeSignalsBack()
	}
	os.Exit(0)
}

// A signal may come to the loop's own thread while others are told to send on
// what they get. Sent on to itself, it would come again for ever. Only many of
// them meet that moment, which a script has once for each daemon-reexec.
func TestPassSignalsOn(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), passOnEnv+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the thread heard of nothing but its signals: %v", err)
	}
}
