package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// TestMain is the harness when the test is the first process of a sandbox.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == stageArg {
		stage(os.Args[2:])
	}
	sandbox.Stage()
	os.Exit(m.Run())
}

// TestYardstick boots the yardstick in each of its modes, so that a fault of
// the harness is told apart from one of an init.
func TestYardstick(t *testing.T) {
	means.Programs(t, "cc")
	dir := t.TempDir()
	b, err := newBench(options{runs: 1}, dir, filepath.Join(dir, "record"))
	if err != nil {
		t.Fatal(err)
	}
	const n = 20
	times, err := b.once(n, false, b.limit, "boot", strconv.Itoa(n), b.svc, b.file)
	if err != nil || times.up <= 0 || times.stop <= 0 || times.exit < times.stop {
		t.Errorf("boot: %+v, %v", times, err)
	}
	for _, kind := range []string{"chain", "ready"} {
		us, err := b.oneChain(b.limit, kind, strconv.Itoa(chainLength), b.svc, b.file)
		if err != nil || us <= 0 {
			t.Errorf("%s: %v µs, %v", kind, us, err)
		}
	}
}

// TestIdleCalls counts what a process does that is known to do something.
func TestIdleCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it traces for six seconds")
	}
	means.Programs(t, "strace")
	cmd := exec.Command("sh", "-c", "while :; do sleep 0.5; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	before := wakeUps(cmd.Process.Pid)
	calls, err := idleCalls(cmd.Process.Pid, t.TempDir())
	if err != nil || calls == 0 {
		t.Errorf("a busy process has made %d calls, %v", calls, err)
	}
	if wakeUps(cmd.Process.Pid) == before {
		t.Error("a busy process has not been woken up")
	}
}
