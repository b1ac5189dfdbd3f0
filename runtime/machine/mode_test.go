package machine_test

import (
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
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
	ask(w, 0, machine.VerbStart, plan.ModeIsolate)
	if w.Machine.State(2) != machine.StateRunning {
		t.Fatal("a unit without AllowIsolate= was isolated")
	}
	p.Units[0].Flags |= plan.AllowIsolate
	ask(w, 0, machine.VerbStart, plan.ModeIsolate)
	want := [...]machine.State{machine.StateRunning, machine.StateRunning, machine.StateDead, machine.StateRunning}
	for u, s := range want {
		if got := w.Machine.State(plan.UnitID(u)); got != s {
			t.Errorf("unit %d is %s, want %s", u, got, s)
		}
	}
}

// systemctl(1), "--job-mode=".
func TestJobModes(t *testing.T) {
	for mode := range plan.NumModes {
		s, needs := newService(plan.TypeOneshot), newService(plan.TypeSimple)
		p := image(s, needs)
		relate(p, 1, 0, plan.Requires|plan.After)
		w := live(p, nil) // the oneshot goes on for ever
		w.Run(plan.Second)
		ask(w, 1, machine.VerbStop, plan.ModeReplace)
		ask(w, 1, machine.VerbStart, mode)
		job, _ := w.Machine.Job(1)
		up := w.Machine.State(1) == machine.StateRunning
		switch mode {
		case plan.ModeIsolate, plan.ModeTriggering: // refused
			if up || job != machine.JobNone {
				t.Errorf("isolate: up %t, job %s", up, job)
			}
		case plan.ModeIgnoreDependencies:
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
		ask(w, 0, machine.VerbStop, plan.ModeFail)
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

// A job that was made irreversibly is not taken away; one that agrees with it
// joins it (systemctl(1), "replace-irreversibly").
func TestIrreversible(t *testing.T) {
	gate, s := newService(plan.TypeOneshot), newService(plan.TypeSimple)
	p := image(gate, s)
	relate(p, 1, 0, plan.After)
	w := live(p, nil) // the oneshot goes on for ever
	w.Run(plan.Second)
	ask(w, 1, machine.VerbStop, plan.ModeReplace)
	job := func(what string, want machine.JobType) {
		t.Helper()
		if got, _ := w.Machine.Job(1); got != want {
			t.Errorf("%s: the job is %s, want %s", what, got, want)
		}
	}
	ask(w, 1, machine.VerbStart, plan.ModeReplaceIrreversibly)
	job("start", machine.JobStart)
	ask(w, 1, machine.VerbStop, plan.ModeReplace)
	job("a stop", machine.JobStart)
	ask(w, 1, machine.VerbRestart, plan.ModeReplace)
	job("a restart, whose first half is done", machine.JobStart)
	ask(w, 1, machine.VerbStop, plan.ModeIgnoreDependencies)
	job("a stop of what was merged", machine.JobStart)
}

// systemctl(1), "triggering": what would start the unit again stops with it.
func TestTriggering(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
	relate(p, 1, 0, plan.Triggers)
	relate(p, 2, 1, plan.Requires|plan.After)
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, 0, machine.VerbStart, plan.ModeTriggering)
	if got := w.Machine.State(1); got != machine.StateRunning {
		t.Errorf("a start with triggering is not refused: %s", got)
	}
	ask(w, 0, machine.VerbStop, plan.ModeTriggering)
	for u := range plan.UnitID(3) {
		if got := w.Machine.State(u); got != machine.StateDead {
			t.Errorf("unit %d is %s", u, got)
		}
	}
}

// systemctl(1), "restart-dependencies": who needs the unit restarts with its
// start.
func TestRestartDependencies(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
	relate(p, 1, 0, plan.PartOf|plan.After)
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, 0, machine.VerbStop, plan.ModeIgnoreRequirements)
	before := [3]int32{1: w.Machine.MainPID(1), 2: w.Machine.MainPID(2)}
	ask(w, 0, machine.VerbStop, plan.ModeRestartDependencies)
	ask(w, 0, machine.VerbStart, plan.ModeRestartDependencies)
	if w.Machine.MainPID(0) == 0 || w.Machine.MainPID(1) == before[1] || w.Machine.MainPID(1) == 0 || w.Machine.MainPID(2) != before[2] {
		t.Errorf("main processes were %v and are %d, %d, %d", before, w.Machine.MainPID(0), w.Machine.MainPID(1), w.Machine.MainPID(2))
	}
}

// systemd.unit(5), "OnFailureJobMode=, OnSuccessJobMode=".
func TestHandlerModes(t *testing.T) {
	for _, c := range []struct {
		failure, success plan.JobMode
		ends             sim.Program
		rel              plan.Rel
		isolates         bool
		want             string // the handler and a bystander
	}{
		{plan.ModeReplace, plan.ModeFail, done(machine.Exited, 1), plan.OnFailure, false, "running running"},
		{plan.ModeIsolate, plan.ModeFail, done(machine.Exited, 1), plan.OnFailure, true, "running dead"},
		{plan.ModeIsolate, plan.ModeFail, done(machine.Exited, 1), plan.OnFailure, false, "dead running"},
		{plan.ModeReplace, plan.ModeIsolate, done(machine.Exited, 0), plan.OnSuccess, true, "running dead"},
		{plan.ModeIsolate, plan.ModeFail, done(machine.Exited, 0), plan.OnSuccess, true, "running running"},
	} {
		first, handler := newService(plan.TypeOneshot), newService(plan.TypeSimple)
		p := image(first, handler, newService(plan.TypeSimple))
		for n := range p.Units { // nothing starts the handler but the first
			p.Units[n].Deps = nil
		}
		relate(p, 3, 0, plan.Wants|plan.After)
		relate(p, 3, 2, plan.Wants|plan.After)
		relate(p, 0, 1, c.rel)
		relate(p, 0, 2, plan.After)
		p.Units[0].Actions = &plan.Actions{SuccessMode: c.success, FailureMode: c.failure, SuccessExitStatus: -1, FailureExitStatus: -1,
			JobTimeout: plan.Infinity, JobRunningTimeout: plan.Infinity}
		if c.isolates {
			p.Units[1].Flags |= plan.AllowIsolate
		}
		w := sim.New(p)
		w.Program = func(u plan.UnitID, _ uint16) sim.Program {
			if u == 0 {
				return c.ends
			}
			return sim.Program{}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(plan.Second)
		if got := w.Machine.State(1).String() + " " + w.Machine.State(2).String(); got != c.want {
			t.Errorf("modes %d and %d, isolates %t: %s, want %s", c.failure, c.success, c.isolates, got, c.want)
		}
	}
}

// With job mode fail, what the unit can do without is left out when it conflicts with
// a unit that has a start, here unit 1 for ever, or is up, as with systemd
// (transaction_minimize_impact in its transaction.c).
func TestModeFailLeavesOut(t *testing.T) {
	for _, c := range []struct {
		name     string
		conflict plan.UnitID // of unit 2, which unit 3 wants
		mode     plan.JobMode
		want     string // who is up
	}{
		{"a start that waits", 1, plan.ModeFail, "0..3"}, {"a start that waits", 1, plan.ModeReplace, "0.23"},
		{"a unit that is up", 0, plan.ModeFail, "0..3"}, {"a unit that is up", 0, plan.ModeReplace, "..23"},
	} {
		p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeOneshot))
		for u := range p.Units {
			p.Units[u].Deps = nil
		}
		relate(p, 5, 1, plan.Wants)
		relate(p, 5, 4, plan.Wants)
		relate(p, 1, 0, plan.Requires)
		relate(p, 1, 4, plan.After) // which goes on for ever
		relate(p, 2, c.conflict, plan.Conflicts)
		relate(p, 3, 2, plan.Wants)
		w := live(p, nil)
		w.Run(plan.Second)
		ask(w, 3, machine.VerbStart, c.mode)
		got := []byte("....")
		for u := range got {
			if w.Machine.State(plan.UnitID(u)) == machine.StateRunning {
				got[u] = '0' + byte(u)
			}
		}
		job, _ := w.Machine.Job(1)
		if string(got) != c.want || (job == machine.JobStart) != (c.mode == plan.ModeFail) {
			t.Errorf("%s, mode %d: %s are up, and the start that was there is %q", c.name, c.mode, got, job)
		}
	}
}

// A start for Upholds= takes no job away, as with systemd: what the unit wants and
// what has been told to stop with it stops.
func TestUpheldMode(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
	relate(p, 1, 0, plan.Wants|plan.After|plan.PropagatesStopTo)
	relate(p, 2, 1, plan.Upholds)
	w := live(p, nil)
	w.Run(plan.Second)
	before := w.Machine.MainPID(1)
	ask(w, 1, machine.VerbStop, plan.ModeReplace)
	if s := w.Machine.State(0); s != machine.StateDead || w.Machine.MainPID(1) == 0 || w.Machine.MainPID(1) == before {
		t.Errorf("what is wanted is %s; what is upheld was pid %d and is %d", s, before, w.Machine.MainPID(1))
	}
}
