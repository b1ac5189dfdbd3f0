package machine_test

import (
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// conditioned is an image whose first service has a condition, and whose
// second one relates to it by rel.
func conditioned(rel plan.Rel) *plan.Plan {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
	p.Units[0].Conditions = []plan.Condition{{Text: "ConditionPathExists=/x"}}
	relate(p, 1, 0, rel)
	return p
}

// answering boots p in a world where u0's conditions are answered with status.
func answering(p *plan.Plan, status int32) *sim.World {
	w := sim.New(p)
	w.Check = func(plan.UnitID) int32 { return status }
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	return w
}

// TestConditionDependents: systemd.unit(5), "Conditions and Asserts": a failed
// condition skips the unit and nothing else, a failed assertion fails the job
// and those that need it. The table says what becomes of a unit that relates
// to it.
func TestConditionDependents(t *testing.T) {
	for _, c := range []struct {
		name               string
		rel                plan.Rel
		holds, skip, fails bool
	}{
		{"Wants", plan.Wants | plan.After, true, true, true},
		{"Requires", plan.Requires | plan.After, true, true, false},
		{"Requisite", plan.Requisite | plan.After, true, false, false},
		{"BindsTo", plan.BindsTo | plan.After, true, false, false},
	} {
		for status, want := range map[int32]bool{
			machine.CheckHolds: c.holds, machine.CheckSkips: c.skip, machine.CheckRefuses: c.fails} {
			w := answering(conditioned(c.rel), status)
			if up := w.Machine.State(0) == machine.StateRunning; up != (status == machine.CheckHolds) {
				t.Errorf("%s, answer %d: the unit itself is %s", c.name, status, w.Machine.State(0))
			}
			if up := w.Machine.State(1) == machine.StateRunning; up != want {
				t.Errorf("%s, answer %d: the other is %s", c.name, status, w.Machine.State(1))
			}
			if why := w.Machine.CheckJobs(false); why != "" {
				t.Errorf("%s, answer %d: %s", c.name, status, why)
			}
		}
	}
}

// TestConditionBound: who is bound to a unit that does not start is stopped
// where it was up before that one was looked at.
func TestConditionBound(t *testing.T) {
	for status, want := range map[int32]machine.State{machine.CheckHolds: machine.StateRunning,
		machine.CheckSkips: machine.StateDead, machine.CheckRefuses: machine.StateDead} {
		p := conditioned(plan.BindsTo)
		relate(p, 0, 1, plan.After)
		if got := answering(p, status).Machine.State(1); got != want {
			t.Errorf("answer %d: it is %s, want %s", status, got, want)
		}
	}
}

// TestConditionLimit: a start that is skipped counts for the start limit, or a
// socket would go on triggering it for ever.
func TestConditionLimit(t *testing.T) {
	w := answering(conditioned(plan.Wants), machine.CheckSkips)
	for n := range 6 {
		if s := w.Machine.State(0); (s == machine.StateFailed) != (n > 4) {
			t.Errorf("after %d starts: %s", n+1, s)
		}
		w.Do(machine.Event{Kind: machine.EvRequest, Unit: 0, Verb: machine.VerbStart})
		w.Run(plan.Second / 10)
	}
}

// TestConditionCanceled: the job goes while its conditions are looked at, and
// the answer comes late.
func TestConditionCanceled(t *testing.T) {
	p := conditioned(plan.Wants)
	m := machine.New(p, machine.Services, machine.Conditions, machine.Requests)
	m.Step(1, machine.Event{Kind: machine.EvBoot})
	m.Step(2, machine.Event{Kind: machine.EvRequest, Unit: 0, Verb: machine.VerbStop})
	for _, a := range m.Step(3, machine.Event{Kind: machine.EvChecked, Unit: 0}) {
		if a.Kind == machine.ActSpawn && a.Unit == 0 {
			t.Error("it was started after it had been stopped")
		}
	}
	if s := m.State(0); s != machine.StateDead {
		t.Error(s)
	}
	if why := m.CheckJobs(false); why != "" {
		t.Error(why)
	}
}

// TestConditionRestart: they are looked at again at each automatic restart.
func TestConditionRestart(t *testing.T) {
	p := conditioned(plan.Wants)
	p.Units[0].Service.Restart = plan.RestartAlways
	w := sim.New(p)
	asked := 0
	w.Check = func(plan.UnitID) int32 { asked++; return int32(asked / 3) } // holds twice
	w.Program = func(u plan.UnitID, c uint16) sim.Program { return sim.Program{Life: plan.Second} }
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	if asked != 3 || w.Machine.State(0) != machine.StateDead {
		t.Errorf("asked %d times, then %s", asked, w.Machine.State(0))
	}
}
