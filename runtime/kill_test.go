package runtime

import (
	"testing"

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
