package runtime

import (
	"testing"

	"rustysd/runtime/plan"
)

// TestNice: what a child does for Nice= below what the init may give. A script
// could not show it where nobody may raise a limit.
func TestNice(t *testing.T) {
	for _, c := range []struct {
		want, limit, best int64
	}{
		{-7, 0, 20}, {-7, 24, -4}, {-7, 40, -7}, {-7, 1 << 62, -7}, {-1, 18, 2},
	} {
		if got := closestNice(c.want, uint64(c.limit)); got != c.best {
			t.Errorf("level %d with a limit of %d: %d, want %d", c.want, c.limit, got, c.best)
		}
	}
	k := newKid(t, plain)
	k.spawner.makers = append(k.spawner.makers, (&capabilities{init: &Init{}, saidNice: true}).call)
	call := plan.Call{Sys: plan.SysSetpriority, Step: plan.StepNice, Tolerate: plan.TolerateEPERM, Slot: [6]plan.Slot{2: plan.SlotNice},
		Arg: [6]uint64{2: 1<<64 - 1}}
	k.run(&spawnRequest{cmd: command("/bin/true"), exec: &plan.Exec{Calls: []plan.Call{call}}}).ok(t)
}
