package machine_test

import (
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// ask has a client ask for a verb in a mode, and lets it happen.
func ask(w interface {
	Do(machine.Event)
	Run(plan.Duration) bool
}, u plan.UnitID, v machine.Verb, mode machine.JobMode) {
	w.Do(machine.Event{Kind: machine.EvRequest, Unit: u, Verb: v, Mode: mode, Request: 1})
	w.Run(plan.Second)
}

// systemctl(1), "isolate": what the unit does not need is stopped, but for
// IgnoreOnIsolate=.
func TestIsolate(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
	relate(p, 0, 1, plan.Requires|plan.After)
	p.Units[3].Flags |= plan.IgnoreOnIsolate
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, 0, machine.VerbStart, machine.ModeIsolate)
	if w.Machine.State(2) != machine.StateRunning {
		t.Fatal("a unit without AllowIsolate= was isolated")
	}
	p.Units[0].Flags |= plan.AllowIsolate
	ask(w, 0, machine.VerbStart, machine.ModeIsolate)
	want := [...]machine.State{machine.StateRunning, machine.StateRunning, machine.StateDead, machine.StateRunning}
	for u, s := range want {
		if got := w.Machine.State(plan.UnitID(u)); got != s {
			t.Errorf("unit %d is %s, want %s", u, got, s)
		}
	}
}

// systemctl(1), "--job-mode=".
func TestJobModes(t *testing.T) {
	for mode := range machine.NumModes {
		s, needs := newService(plan.TypeOneshot), newService(plan.TypeSimple)
		p := image(s, needs)
		relate(p, 1, 0, plan.Requires|plan.After)
		w := live(p, nil) // the oneshot goes on for ever
		w.Run(plan.Second)
		ask(w, 1, machine.VerbStop, machine.ModeReplace)
		ask(w, 1, machine.VerbStart, mode)
		job, _ := w.Machine.Job(1)
		up := w.Machine.State(1) == machine.StateRunning
		switch mode {
		case machine.ModeIsolate: // refused
			if up || job != machine.JobNone {
				t.Errorf("isolate: up %t, job %s", up, job)
			}
		case machine.ModeIgnoreDependencies:
			if !up || job != machine.JobNone {
				t.Errorf("ignore-dependencies: up %t, job %s", up, job)
			}
		default:
			if up || job != machine.JobStart {
				t.Errorf("mode %d: up %t, job %s", mode, up, job)
			}
		}
		if had, _ := w.Machine.Job(0); had != machine.JobStart {
			t.Errorf("mode %d: the start of what it requires was taken away", mode)
		}
		ask(w, 0, machine.VerbStop, machine.ModeFail)
		if had, _ := w.Machine.Job(0); had != machine.JobStart {
			t.Errorf("mode %d: a stop with mode fail took the start away", mode)
		}
	}
}

// A client that has gone takes no place.
func TestForget(t *testing.T) {
	p := image(newService(plan.TypeOneshot))
	w := live(p, nil)
	w.Run(plan.Second)
	for n := range uint32(1000) {
		w.Do(machine.Event{Kind: machine.EvRequest, Unit: 0, Verb: machine.VerbStart, Request: n + 1})
		w.Machine.Forget(n + 1)
	}
	w.Do(machine.Event{Kind: machine.EvRequest, Unit: 0, Verb: machine.VerbStart, Request: 2000})
	for _, a := range w.Machine.Step(w.Now, machine.Event{Kind: machine.EvRequest, Unit: 0, Verb: machine.VerbStop, Request: 2001}) {
		if a.Kind == machine.ActReply && a.Value == 2000 && a.Msg == machine.MsgReplyCanceled {
			return
		}
	}
	t.Error("the client that waits is not answered")
}
