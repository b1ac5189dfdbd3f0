package machine_test

import (
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// signals collects what the units of w are sent from now on.
func signals(w *sim.World) *[]uint8 {
	var sent []uint8
	w.Seen = func(_ machine.Event, actions []machine.Action) {
		for _, a := range actions {
			if a.Kind == machine.ActKill || a.Kind == machine.ActKillGroup {
				sent = append(sent, a.Signal)
			}
		}
	}
	return &sent
}

// systemd.kill(5), "RestartKillSignal=": for a restart that was asked for, and
// for nothing else.
func TestRestartKillSignal(t *testing.T) {
	for _, c := range []struct {
		verb    machine.Verb
		restart uint8
		want    uint8
	}{
		{machine.VerbStop, 10, 15}, {machine.VerbRestart, 10, 10}, {machine.VerbRestart, 0, 15},
		{machine.VerbTryRestart, 10, 10},
	} {
		s := newService(plan.TypeSimple)
		s.RestartKillSignal = c.restart
		w := live(image(s), nil)
		w.Run(plan.Second)
		sent := signals(w)
		w.Do(machine.Event{Kind: machine.EvRequest, Verb: c.verb, Unit: 0})
		w.Run(plan.Second)
		if len(*sent) == 0 || (*sent)[0] != c.want {
			t.Errorf("verb %d with RestartKillSignal=%d sends %v, want %d first", c.verb, c.restart, *sent, c.want)
		}
	}
}

// systemd.unit(5), "RefuseManualStart=, RefuseManualStop=": the unit itself
// cannot be asked for; as a dependency of another it starts and stops.
func TestRefuseManual(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
	relate(p, 1, 0, plan.Requires|plan.After)
	p.Units[0].Flags |= plan.RefuseManualStart | plan.RefuseManualStop
	relate(p, 1, 0, plan.PropagatesStopTo)
	w := live(p, nil)
	w.Run(plan.Second)
	step := func(u plan.UnitID, verb machine.Verb, want machine.State) {
		t.Helper()
		w.Do(machine.Event{Kind: machine.EvRequest, Verb: verb, Unit: u})
		w.Run(plan.Second)
		if got := w.Machine.State(0); got != want {
			t.Errorf("after verb %d on unit %d it is %s, want %s", verb, u, got, want)
		}
	}
	step(0, machine.VerbStop, machine.StateRunning)
	step(1, machine.VerbStop, machine.StateDead)
	step(0, machine.VerbStart, machine.StateDead)
	step(1, machine.VerbStart, machine.StateRunning)
}

// systemd.service(5), "RuntimeRandomizedExtraSec=": the life is longer by less
// than that, and not by the same for all.
func TestRuntimeRandomizedExtra(t *testing.T) {
	const n = 16
	services := make([]*plan.Service, n)
	for i := range services {
		services[i] = newService(plan.TypeSimple)
		services[i].RuntimeMax, services[i].RuntimeRandomizedExtra = 10*plan.Second, 10*plan.Second
	}
	w := live(image(services...), nil)
	up := func() (count int) {
		for u := range plan.UnitID(n) {
			if w.Machine.State(u) == machine.StateRunning {
				count++
			}
		}
		return count
	}
	w.Run(9 * plan.Second)
	if got := up(); got != n {
		t.Errorf("%d of %d are up before RuntimeMaxSec=", got, n)
	}
	w.Run(6 * plan.Second)
	if got := up(); got == 0 || got == n {
		t.Errorf("%d of %d are up in the middle of the extra time", got, n)
	}
	w.Run(6 * plan.Second)
	if got := up(); got != 0 {
		t.Errorf("%d of %d are up after all of it", got, n)
	}
}
