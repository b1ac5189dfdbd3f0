package runtime

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// A unit's main process may end, and the next stage of its stop begin, before
// the loop has looked at the processes once. The machine counts the answers,
// so that no script can force this order, and each must come.
func TestEachKillGroupIsAnswered(t *testing.T) {
	i := &Init{plan: &plan.Plan{Units: make([]plan.Unit, 1)}, units: make([]unitState, 1)}
	i.procs.init(1)
	for range 2 {
		i.killGroup(&machine.Action{Kind: machine.ActKillGroup, Signal: 15})
	}
	i.sweepGroups()
	answers := 0
	for i.queue.size > 0 {
		if ev := i.queue.pop(); ev.Kind == machine.EvSignalled && ev.Unit == 0 {
			answers++
		}
	}
	if answers != 2 {
		t.Errorf("%d answers to 2 ActKillGroup", answers)
	}
}

// TestSweepUnsure: an orphan whose unit cannot be told may be what is left of a
// unit that is stopped, so that unit does not count as empty until that is known.
func TestSweepUnsure(t *testing.T) {
	orphan := blankOrphan(t)
	i := handedInit("d")
	i.pid = int32(os.Getpid())
	i.scan.children = childrenList(t, orphan)
	i.wantSweep(1, uint8(syscall.SIGTERM), 0, 0, true)
	i.sweepGroups()
	if ev := i.queue.pop(); ev.Kind != machine.EvSignalled || ev.Status == 0 {
		t.Fatalf("got %+v, want EvSignalled of at least one", ev)
	}
	begin := time.Now()
	for i.queue.size == 0 && time.Since(begin) < 10*time.Second {
		i.checkGroups()
		time.Sleep(time.Millisecond)
	}
	if ev := i.queue.pop(); ev.Kind != machine.EvGroupEmpty || ev.Unit != 1 {
		t.Fatalf("got %+v, want EvGroupEmpty", ev)
	}
	if took := time.Since(begin); took < time.Duration(sweepDelay) {
		t.Errorf("it was looked at for %s only", took)
	}
}

// blankOrphan is a process without an environment, which may be anybody's.
func blankOrphan(t *testing.T) int {
	orphan := exec.Command("/bin/sleep", "60")
	orphan.Env = []string{}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = orphan.Process.Kill(); _ = orphan.Wait() })
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", orphan.Process.Pid)); string(name) == "sleep\n" {
			return orphan.Process.Pid
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not execute its program")
		}
	}
}

// childrenList is a file as /proc/PID/task/TID/children.
func childrenList(t *testing.T, pid int) int32 {
	list, err := os.CreateTemp(t.TempDir(), "children")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list.Close() })
	fmt.Fprint(list, pid, " ")
	return int32(list.Fd())
}

// TestKilledBefore: the SIGKILL for what ExecStartPre= left behind is none for
// the daemon that ExecStart= forks, however late its unit can be told.
func TestKilledBefore(t *testing.T) {
	list := childrenList(t, blankOrphan(t))
	for _, c := range []struct {
		name   string
		starts bool
		want   int
	}{{"a unit that is killed", false, 1}, {"a unit that starts", true, 0}} {
		i := handedInit("d")
		i.scan.children = list
		i.units[1].killing = true
		if c.starts {
			i.killBefore(1)
		}
		i.await(&i.units[1])
		i.checkGroups()
		if i.sweeps != c.want {
			t.Errorf("%s: %d sweeps, want %d", c.name, i.sweeps, c.want)
		}
	}
}
