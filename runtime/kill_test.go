package runtime

import (
	"fmt"
	"os"
	"os/exec"
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

// TestKilledBefore: the SIGKILL for what ExecStartPre= left behind is none for
// the daemon that ExecStart= forks, however late its unit can be told.
func TestKilledBefore(t *testing.T) {
	// An orphan without an environment, which may be anybody's.
	orphan := exec.Command("/bin/sleep", "60")
	orphan.Env = []string{}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = orphan.Process.Kill(); _ = orphan.Wait() }()
	list, err := os.CreateTemp(t.TempDir(), "children")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", orphan.Process.Pid)); string(name) == "sleep\n" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not execute its program")
		}
	}
	fmt.Fprint(list, orphan.Process.Pid, " ")

	for _, c := range []struct {
		name   string
		starts bool
		want   int
	}{{"a unit that is killed", false, 1}, {"a unit that starts", true, 0}} {
		i := handedInit("d")
		i.scan.children = int32(list.Fd())
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
