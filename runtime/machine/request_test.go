package machine_test

import (
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// systemctl(1), "reset-failed": the failure, the starts and the restarts that
// were counted are forgotten, whatever state the unit is in.
func TestResetFailed(t *testing.T) {
	reset := machine.Event{Kind: machine.EvRequest, Verb: machine.VerbResetFailed}
	s := newService(plan.TypeSimple)
	s.Restart, s.RestartSec = plan.RestartAlways, 30*plan.Second
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Second, Status: 1}})
	w.Run(40 * plan.Second)
	if got := w.Machine.NRestarts(0); got != 1 || w.Machine.State(0) != machine.StateAutoRestart {
		t.Fatal(w.Machine.State(0), got)
	}
	w.Do(reset)
	if n, r := w.Machine.NRestarts(0), w.Machine.Result(0); n != 0 || r != machine.Success || w.Machine.State(0) != machine.StateAutoRestart {
		t.Errorf("it waits: %s, %s, %d restarts", w.Machine.State(0), r, n)
	}

	s = newService(plan.TypeSimple, plan.ExecCondition, plan.ExecStart)
	w = live(image(s), map[plan.Role]sim.Program{plan.ExecCondition: {Now: true, Status: 1}})
	w.Run(plan.Second)
	if r := w.Machine.Result(0); r != machine.ResultExecCondition {
		t.Fatal(r)
	}
	w.Do(reset)
	if r := w.Machine.Result(0); r != machine.Success {
		t.Errorf("it is down: %s", r)
	}

	s = newService(plan.TypeOneshot)
	p := image(s)
	p.Units[0].StartLimitBurst, p.Units[0].StartLimitInterval = 2, plan.Minute
	w = live(p, map[plan.Role]sim.Program{plan.ExecStart: {Now: true}})
	w.Run(plan.Second)
	for n, want := range []bool{true, false, true, true, false} {
		if n == 2 {
			w.Do(reset)
		}
		ask(w, 0, machine.VerbStart, plan.ModeReplace)
		if ok := w.Machine.State(0) == machine.StateDead; ok != want {
			t.Errorf("start %d: %s", n, w.Machine.State(0))
		}
	}
}

// systemd.unit(5), "RefuseManualStart=": what would restart is refused even
// where there is nothing to restart.
func TestRefuseManualTry(t *testing.T) {
	for _, flag := range []plan.UnitFlags{plan.RefuseManualStart, plan.RefuseManualStop} {
		for _, verb := range []machine.Verb{machine.VerbRestart, machine.VerbTryRestart, machine.VerbReloadOrRestart, machine.VerbTryReloadOrRestart} {
			p := image(newService(plan.TypeSimple))
			p.Units[0].Flags, p.Units[1].Deps = flag, nil
			w := live(p, nil)
			var said machine.Msg
			w.Seen = func(_ machine.Event, actions []machine.Action) {
				for _, a := range actions {
					if a.Kind == machine.ActReply {
						said = a.Msg
					}
				}
			}
			if ask(w, 0, verb, plan.ModeReplace); said != machine.MsgReplyRefused {
				t.Errorf("verb %d with flags %d: %s", verb, flag, said)
			}
		}
	}
}

// systemd.unit(5), "JobTimeoutSec=" and "JobRunningTimeoutSec=": a restart has
// one time for its stop and its start, and who asks again does not get more.
func TestJobTimeoutOfRestart(t *testing.T) {
	for _, again := range []bool{false, true} {
		for _, a := range []plan.Actions{
			{JobTimeout: 5 * plan.Second, JobRunningTimeout: plan.Infinity},
			{JobTimeout: plan.Infinity, JobRunningTimeout: 5 * plan.Second},
		} {
			s := newService(plan.TypeSimple, plan.ExecStartPre, plan.ExecStart)
			p := image(s)
			starts := 0
			w := sim.New(p)
			w.Program = func(_ plan.UnitID, c uint16) sim.Program {
				if starts++; c == 0 && starts > 1 {
					return sim.Program{} // never ends
				}
				return sim.Program{Now: c == 0, Dies: 3 * plan.Second}
			}
			w.Do(machine.Event{Kind: machine.EvBoot})
			w.Run(plan.Second)
			p.Units[0].Actions = &a
			restart := machine.Event{Kind: machine.EvRequest, Verb: machine.VerbRestart, Unit: 0}
			began := w.Now
			w.Do(restart)
			if again {
				w.Run(2 * plan.Second)
				w.Do(restart)
			}
			w.Run(4900*plan.Millisecond - plan.Duration(w.Now-began))
			if job, _ := w.Machine.Job(0); job == machine.JobNone {
				t.Fatalf("%+v, again %t: the job is over at %d, %s", a, again, w.Now, w.Machine.State(0))
			}
			w.Run(200 * plan.Millisecond)
			if job, _ := w.Machine.Job(0); job != machine.JobNone {
				t.Errorf("%+v, again %t: after 5.1 s the job is there, %s", a, again, job)
			}
		}
	}
}

// Isolating keeps what is triggered by a unit that is kept, as systemd does, and
// not what needs a unit that is stopped.
func TestIsolateKeeps(t *testing.T) {
	services := make([]*plan.Service, 6)
	for i := range services {
		services[i] = newService(plan.TypeSimple)
	}
	p := image(services...)
	for u, service := range map[plan.UnitID]plan.UnitID{1: 2, 3: 4} {
		p.Units[u].Kind, p.Units[u].Service, p.Units[u].Socket = plan.KindSocket, nil, &plan.Socket{Service: service}
		p.Units[service].Service.Sockets = []plan.UnitID{u}
		relate(p, u, service, plan.Triggers)
	}
	relate(p, 0, 1, plan.Wants)
	p.Units[0].Flags |= plan.AllowIsolate
	p.Units[5].Flags |= plan.IgnoreOnIsolate
	relate(p, 5, 4, plan.Requires)
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, 0, machine.VerbStart, plan.ModeIsolate)
	for u, up := range []bool{true, true, true, false, false, false} {
		if got := w.Machine.Active(plan.UnitID(u)) == machine.ActiveUp; got != up {
			t.Errorf("unit %d is %s", u, w.Machine.State(plan.UnitID(u)))
		}
	}
}

// A service whose processes may not be killed does not start beside what is
// left of it: a database does not run twice on one folder.
func TestStartsAlone(t *testing.T) {
	for _, c := range []struct {
		mode  plan.KillMode
		flags plan.ServiceFlags
		want  machine.State
	}{
		{plan.KillControlGroup, 0, machine.StateFailed},
		{plan.KillMixed, 0, machine.StateFailed},
		{plan.KillProcess, 0, machine.StateRunning},
		{plan.KillNone, 0, machine.StateRunning},
		{plan.KillControlGroup, plan.SendSIGKILL, machine.StateRunning},
	} {
		for _, pre := range []bool{false, true} {
			s := newService(plan.TypeSimple)
			if pre {
				s = newService(plan.TypeSimple, plan.ExecStartPre, plan.ExecStart)
			}
			s.KillMode, s.Flags = c.mode, c.flags
			w := live(image(s), map[plan.Role]sim.Program{plan.ExecStartPre: {Now: true}, plan.ExecStart: {Deaf: true}})
			w.Run(plan.Second)
			ask(w, 0, machine.VerbStop, plan.ModeReplace)
			w.Run(10 * plan.Minute)
			ask(w, 0, machine.VerbStart, plan.ModeReplace)
			w.Run(10 * plan.Minute)
			if got := w.Machine.State(0); got != c.want {
				t.Errorf("mode %d, flags %d, pre %t: %s", c.mode, c.flags, pre, got)
			}
			if want := machine.ResultResources; c.want == machine.StateFailed && w.Machine.Result(0) != want {
				t.Errorf("mode %d: %s", c.mode, w.Machine.Result(0))
			}
		}
		// With nobody left it starts.
		s := newService(plan.TypeSimple, plan.ExecStartPre, plan.ExecStart)
		s.KillMode, s.Flags = c.mode, c.flags
		w := live(image(s), map[plan.Role]sim.Program{plan.ExecStartPre: {Now: true}})
		w.Run(plan.Second)
		ask(w, 0, machine.VerbRestart, plan.ModeReplace)
		if got := w.Machine.State(0); got != machine.StateRunning {
			t.Errorf("mode %d, flags %d: nobody is left, and it is %s", c.mode, c.flags, got)
		}
	}
}

// What KillMode=process left behind is not what ExecStartPre= forked: it lives
// on (systemd.kill(5)), as the sessions of an sshd that is restarted.
func TestLeftBehindLives(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStartPre, plan.ExecStart)
	s.KillMode = plan.KillProcess
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStartPre: {Now: true}, plan.ExecStart: {Leaves: &sim.Program{}}})
	w.Run(plan.Second)
	ask(w, 0, machine.VerbRestart, plan.ModeReplace)
	if got := w.Live(0); got != 3 {
		t.Errorf("%d processes, want the new ones and the one that was left", got)
	}
}

// Once what is left is killed, no deadline of a unit begins anything: an
// ExecStopPost= would run beside the killing, or after it.
func TestNothingBeginsAtTheEnd(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStart, plan.ExecStopPost)
	s.TimeoutStop = 3 * plan.Second
	p := image(s)
	p.Units[0].Actions = &plan.Actions{JobTimeout: plan.Second, JobRunningTimeout: plan.Infinity}
	w := live(p, map[plan.Role]sim.Program{plan.ExecStart: {Deaf: true, Stuck: sim.Never}})
	w.Run(plan.Second)
	killing := false
	w.Seen = func(_ machine.Event, actions []machine.Action) {
		for _, a := range actions {
			if killing && a.Kind == machine.ActSpawn {
				t.Error("a command is run")
			}
			killing = killing || a.Kind == machine.ActKillAll
		}
	}
	w.Do(machine.Event{Kind: machine.EvShutdown, Status: int32(plan.ActionExit)})
	w.Run(plan.Minute)
	if !killing || !w.Exited {
		t.Error("it does not end")
	}
}

// A service whose restart contradicts itself fails, also while the image boots:
// it does not wait for its restart for ever.
func TestRestartContradicts(t *testing.T) {
	s := newService(plan.TypeNotify)
	s.Restart, s.RestartMode = plan.RestartAlways, plan.RestartDirect
	p := image(s, newService(plan.TypeSimple), newService(plan.TypeSimple))
	relate(p, 1, 2, plan.PropagatesStopTo)
	relate(p, 0, 2, plan.Requires)
	relate(p, 0, 1, plan.Wants|plan.Conflicts|plan.After)
	w := sim.New(p)
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		if u == 0 {
			return sim.Program{Life: plan.Second, Ready: sim.Never, Status: 1}
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	if got := w.Machine.State(0); got != machine.StateFailed || w.Machine.Jobs() > 0 {
		t.Errorf("it is %s, with %d jobs", got, w.Machine.Jobs())
	}
}

// A PID file that names the control process names no main process.
func TestControlProcessIsNotMain(t *testing.T) {
	s := newService(plan.TypeForking, plan.ExecStart, plan.ExecReload)
	s.PIDFile, s.TimeoutStart = "/run/x.pid", 5*plan.Second
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Now: true, Leaves: &sim.Program{Life: 2 * plan.Second}}})
	w.MainPID = func(u plan.UnitID) int32 { // the newest
		all := w.Of(u)
		if len(all) == 0 {
			return 0
		}
		return all[len(all)-1].Pid
	}
	w.Run(plan.Second)
	if w.Machine.State(0) != machine.StateRunning {
		t.Fatal(w.Machine.State(0))
	}
	w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbReload, Unit: 0})
	w.Run(3 * plan.Second)
	if main, control := w.Machine.MainPID(0), w.Machine.ControlPID(0); main != 0 || control == 0 {
		t.Errorf("main process %d, control process %d", main, control)
	}
}

// Who is left of a service goes with it, also while a command of it hangs before
// it runs.
func TestHungCommandLeavesNobody(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStartPre, plan.ExecStart, plan.ExecStopPost)
	s.KillMode, s.FinalKillSignal = plan.KillMixed, 3 // which the command does not hear
	w := live(image(s), map[plan.Role]sim.Program{
		plan.ExecStartPre: {Leaves: &sim.Program{}}, plan.ExecStopPost: {Spawn: sim.Never}})
	w.Run(20 * plan.Minute)
	if n := w.Live(0); n > 0 || w.Machine.State(0) != machine.StateFailed {
		t.Errorf("it is %s, and %d processes are left", w.Machine.State(0), n)
	}
}

// A client that cancels a start fails those that need it (as systemd does with
// "cancel"); a job that is cancelled for another one's sake does not.
func TestCancelFailsWhoNeedsIt(t *testing.T) {
	slow := newService(plan.TypeOneshot)
	slow.Flags |= plan.RemainAfterExit
	p := image(slow, newService(plan.TypeSimple))
	relate(p, 1, 0, plan.Requires|plan.After)
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, 0, machine.VerbCancel, plan.ModeReplace)
	if s := w.Machine.State(1); s != machine.StateDead {
		t.Errorf("who requires what was called off is %s", s)
	}
}
