package machine_test

import (
	"slices"
	"strings"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// Rules of the manual that take two or three things at once to be seen.

// tells has the main process of unit u send a notification.
func tells(w *sim.World, u plan.UnitID, n machine.Notify) {
	w.Do(machine.Event{Kind: machine.EvNotify, Unit: u, Pid: w.Machine.MainPID(u), Notify: &n})
}

// spawns counts how often each command of unit u is spawned from now on.
func spawns(w *sim.World, u plan.UnitID) map[plan.Role]int {
	seen := map[plan.Role]int{}
	w.Seen = func(_ machine.Event, actions []machine.Action) {
		for _, a := range actions {
			if a.Kind == machine.ActSpawn && a.Unit == u {
				seen[w.Plan.Units[u].Service.Commands[a.Command].Role]++
			}
		}
	}
	return seen
}

// systemd.service(5), "TimeoutStartSec=" and "TimeoutStopSec=": each command has
// all of it.
func TestTimeOfEachCommand(t *testing.T) {
	slow := sim.Program{Life: 4 * plan.Second}
	for _, c := range []struct {
		name  string
		typ   plan.ServiceType
		roles []plan.Role
	}{
		{"start-pre", plan.TypeSimple, []plan.Role{plan.ExecStartPre, plan.ExecStartPre, plan.ExecStart}},
		{"start-post", plan.TypeSimple, []plan.Role{plan.ExecStart, plan.ExecStartPost, plan.ExecStartPost}},
		{"condition", plan.TypeSimple, []plan.Role{plan.ExecCondition, plan.ExecCondition, plan.ExecStart}},
		{"oneshot", plan.TypeOneshot, []plan.Role{plan.ExecStart, plan.ExecStart}},
	} {
		s := newService(c.typ, c.roles...)
		s.TimeoutStart = 5 * plan.Second
		s.Flags |= plan.RemainAfterExit
		w := live(image(s), map[plan.Role]sim.Program{plan.ExecCondition: slow, plan.ExecStartPre: slow, plan.ExecStart: slow, plan.ExecStartPost: slow})
		w.Run(plan.Minute)
		if got := w.Machine.State(0); got != machine.StateExited {
			t.Errorf("%s: two commands of 4 s with 5 s each end in %s, %s", c.name, got, w.Machine.Result(0))
		}
	}
}

// systemd.service(5), "RuntimeMaxSec=": a reload does not begin it anew.
func TestRuntimeMaxOverReload(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStart, plan.ExecReload)
	s.RuntimeMax, s.RuntimeRandomizedExtra = 10*plan.Second, plan.Second
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecReload: {Life: plan.Millisecond}})
	for range 10 {
		w.Run(plan.Second)
		reloads(w)
	}
	if got := w.Machine.State(0); got.Active() != machine.ActiveUp && got.Active() != machine.Reloading {
		t.Fatalf("%s before its time is over", got)
	}
	w.Run(2 * plan.Second)
	if got := w.Machine.Result(0); got != machine.ResultTimeout {
		t.Errorf("after RuntimeMaxSec= the result is %s", got)
	}
}

// systemd.service(5), "TimeoutStopFailureMode=": abort counts after ExecStopPost=
// as before it.
func TestAbortInTheEnd(t *testing.T) {
	deaf := sim.Program{Deaf: true}
	s := newService(plan.TypeSimple, plan.ExecStart, plan.ExecStopPost)
	s.TimeoutStopMode, s.TimeoutStop, s.TimeoutAbort = plan.TimeoutAbortMode, plan.Second, plan.Second
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStopPost: {Life: plan.Millisecond, Leaves: &deaf}})
	w.Run(plan.Second)
	sent := signals(w)
	stops(w)
	w.Run(plan.Minute)
	if last := (*sent)[max(len(*sent)-3, 0):]; !slices.Equal(last, []uint8{15, 6, 9}) {
		t.Errorf("what ExecStopPost= leaves is sent %v, want 15, 6, 9", last)
	}
}

// A stop of a service that aborts makes it a stop (it would wait for
// TimeoutAbortSec= otherwise).
func TestStopOfAbort(t *testing.T) {
	s := newService(plan.TypeNotify)
	s.NotifyAccess, s.Watchdog, s.TimeoutAbort = plan.NotifyMain, plan.Second, plan.Infinity
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Dies: plan.Minute}})
	w.Run(2 * plan.Second)
	if got := w.Machine.State(0); got != machine.StateStopWatchdog {
		t.Fatal("the watchdog does nothing:", got)
	}
	stops(w)
	if got := w.Machine.State(0); got != machine.StateStopSigterm {
		t.Errorf("a stop leaves it in %s", got)
	}
}

// systemd.kill(5), "SendSIGHUP=": after KillSignal=, and after no other.
func TestSendSIGHUP(t *testing.T) {
	for _, c := range []struct {
		name         string
		kill, finals uint8
		then         func(*sim.World)
		want         []uint8
	}{
		{"stop", 15, 9, stops, []uint8{15, 1}},
		{"KillSignal=SIGHUP", 1, 9, stops, []uint8{1}},
		{"watchdog", 15, 9, func(*sim.World) {}, []uint8{6}},
		{"restart", 15, 9, func(w *sim.World) {
			w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbRestart, Unit: 0})
		}, []uint8{10}},
	} {
		s := newService(plan.TypeNotify)
		s.NotifyAccess, s.Watchdog, s.KillMode = plan.NotifyMain, 2*plan.Second, plan.KillProcess
		s.KillSignal, s.FinalKillSignal, s.RestartKillSignal = c.kill, c.finals, 10
		s.Flags |= plan.SendSIGHUP
		w := live(image(s), nil)
		w.Run(plan.Second)
		sent := signals(w)
		c.then(w)
		w.Run(1500 * plan.Millisecond)
		if got := (*sent)[:min(len(*sent), len(c.want))]; !slices.Equal(got, c.want) || len(c.want) == 1 && slices.Contains(*sent, 1) && c.kill != 1 {
			t.Errorf("%s sends %v, want %v", c.name, *sent, c.want)
		}
	}
}

// sd_notify(3), "EXTEND_TIMEOUT_USEC=": no sign of life is missed so long.
func TestExtendWatchdog(t *testing.T) {
	s := newService(plan.TypeNotify)
	s.NotifyAccess, s.Watchdog = plan.NotifyMain, 2*plan.Second
	w := live(image(s), nil)
	w.Run(plan.Second)
	tells(w, 0, machine.Notify{Fields: machine.NotifyExtend, Extend: 5 * plan.Second})
	w.Run(4 * plan.Second)
	if got := w.Machine.State(0); got != machine.StateRunning {
		t.Errorf("within the extended time it is %s", got)
	}
	w.Run(2 * plan.Second)
	if got := w.Machine.Result(0); got != machine.ResultWatchdog {
		t.Errorf("after it the result is %s", got)
	}
}

// A program that dumped core has failed, whatever SuccessExitStatus= says of
// the signal.
func TestDumpIsNoSuccess(t *testing.T) {
	s := newService(plan.TypeSimple)
	s.Success = &plan.ExitSet{Signals: [2]uint64{1 << 6}}
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Second, Code: machine.Dumped, Status: 6}})
	w.Run(plan.Minute)
	if got := w.Machine.Result(0); got != machine.ResultCoreDump {
		t.Errorf("the result is %s", got)
	}
}

// systemd.unit(5), "OnFailure=": a job that times out or loses what it needs is
// a failure, though its unit has never run.
func TestOnFailureOfJobs(t *testing.T) {
	for name, actions := range map[string]*plan.Actions{
		"JobTimeoutSec=": {JobTimeout: plan.Second, JobRunningTimeout: plan.Infinity, SuccessExitStatus: -1, FailureExitStatus: -1},
		"dependency":     nil,
	} {
		gate, s, handler := newService(plan.TypeOneshot), newService(plan.TypeSimple), newService(plan.TypeSimple)
		p := image(gate, s, handler)
		p.Units[2].Deps, p.Units[3].Deps = nil, nil
		relate(p, 3, 1, plan.Wants|plan.After)
		relate(p, 1, 0, plan.Requires|plan.After)
		relate(p, 1, 2, plan.OnFailure)
		p.Units[1].Actions = actions
		gate.TimeoutStart = plan.Infinity
		w := sim.New(p)
		w.Program = func(u plan.UnitID, _ uint16) sim.Program {
			if u == 0 && actions == nil {
				return sim.Program{Life: plan.Second, Status: 1}
			}
			return sim.Program{}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(2 * plan.Second)
		if got := w.Machine.State(2); got != machine.StateRunning {
			t.Errorf("%s: OnFailure= is %s, and the unit %s", name, got, w.Machine.State(1))
		}
	}
}

// systemd.unit(5), "JobTimeoutAction=": who runs the container must see that it
// did not end well.
func TestJobTimeoutStatus(t *testing.T) {
	for own, want := range map[int16]int64{-1: 1, 0: 0, 7: 7} {
		p := image(newService(plan.TypeOneshot))
		p.Units[0].Actions = &plan.Actions{JobTimeout: plan.Second, JobRunningTimeout: plan.Infinity, JobTimeoutAction: plan.ActionExit,
			SuccessExitStatus: -1, FailureExitStatus: own}
		w := live(p, nil)
		w.Run(plan.Minute)
		if !w.Exited || w.Status != want {
			t.Errorf("FailureActionExitStatus=%d: ended %t with %d, want %d", own, w.Exited, w.Status, want)
		}
	}
}

// systemd.unit(5), "StopWhenUnneeded=": a unit that waited for its restart and
// was stopped needs nobody any more.
func TestUnneededAfterRestart(t *testing.T) {
	s := newService(plan.TypeSimple)
	s.Restart, s.RestartSec = plan.RestartAlways, plan.Minute
	p := image(s, newService(plan.TypeSimple))
	p.Units[1].Flags |= plan.StopWhenUnneeded
	p.Units[1].Deps, p.Units[2].Deps = nil, nil
	relate(p, 2, 0, plan.Wants|plan.After)
	relate(p, 0, 1, plan.Wants|plan.After)
	w := sim.New(p)
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		if u == 0 {
			return sim.Program{Life: plan.Second, Status: 1}
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(5 * plan.Second)
	if a, b := w.Machine.State(0), w.Machine.State(1); a != machine.StateAutoRestart || b != machine.StateRunning {
		t.Fatal(a, b)
	}
	stops(w)
	w.Run(plan.Second)
	if got := w.Machine.State(1); got != machine.StateDead {
		t.Errorf("nobody needs it, and it is %s", got)
	}
}

// A reload that is asked for while another one runs comes after it: what the
// first has read may be older.
func TestReloadDuringReload(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStart, plan.ExecReload)
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecReload: {Life: 2 * plan.Second}})
	w.Run(plan.Second)
	seen := spawns(w, 0)
	reloads(w)
	w.Run(plan.Second)
	reloads(w)
	reloads(w)
	w.Run(plan.Minute)
	if job, _ := w.Machine.Job(0); seen[plan.ExecReload] != 2 || job != machine.JobNone {
		t.Errorf("ExecReload= ran %d times, want 2; job %s", seen[plan.ExecReload], job)
	}
}

// A unit whose stop fails is still in the way of those that conflict with it.
func TestFailedStopOfConflict(t *testing.T) {
	deaf := newService(plan.TypeSimple)
	deaf.TimeoutStop = plan.Infinity
	p := image(deaf, newService(plan.TypeSimple))
	p.Units[0].Actions = &plan.Actions{JobTimeout: 2 * plan.Second, JobRunningTimeout: plan.Infinity, SuccessExitStatus: -1, FailureExitStatus: -1}
	p.Units[1].Deps, p.Units[2].Deps = nil, nil
	relate(p, 2, 0, plan.Wants|plan.After)
	relate(p, 1, 0, plan.Conflicts|plan.After)
	w := live(p, map[plan.Role]sim.Program{plan.ExecStart: {Deaf: true}})
	w.Run(plan.Second)
	ask(w, 1, machine.VerbStart, plan.ModeReplace)
	w.Run(plan.Minute)
	if a, b := w.Machine.State(0), w.Machine.State(1); a != machine.StateStopSigterm || b != machine.StateDead {
		t.Errorf("the one that does not go is %s, the one that conflicts with it %s", a, b)
	}
}

// sd_notify(3), "RELOADING=1": it is a reload to those of PropagatesReloadTo=,
// too; READY=1 in the same message ends it.
func TestReloadsByItself(t *testing.T) {
	s := newService(plan.TypeNotify)
	s.NotifyAccess = plan.NotifyMain
	p := image(s, newService(plan.TypeSimple, plan.ExecStart, plan.ExecReload))
	relate(p, 0, 1, plan.PropagatesReloadTo)
	w := live(p, map[plan.Role]sim.Program{plan.ExecReload: {Life: plan.Millisecond}})
	w.Run(plan.Second)
	seen := spawns(w, 1)
	tells(w, 0, machine.Notify{Fields: machine.NotifyReloading})
	w.Run(plan.Second)
	if seen[plan.ExecReload] != 1 || w.Machine.State(0) != machine.StateReloadNotify {
		t.Errorf("the other one reloaded %d times, and it is %s", seen[plan.ExecReload], w.Machine.State(0))
	}
}

func TestReloadInOneMessage(t *testing.T) {
	s := newService(plan.TypeNotifyReload)
	s.NotifyAccess, s.ReloadSignal = plan.NotifyMain, 1
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Deaf: true}})
	w.Run(plan.Second)
	w.Jump(plan.Second)
	reloads(w)
	both := machine.NotifyReady | machine.NotifyReloading | machine.NotifyMonotonic
	tells(w, 0, machine.Notify{Fields: both, Monotonic: 1})
	if got := w.Machine.State(0); got != machine.StateReloadSignal {
		t.Errorf("an answer from before the signal makes it %s", got)
	}
	tells(w, 0, machine.Notify{Fields: both, Monotonic: plan.Duration(w.Now)})
	if got := w.Machine.State(0); got != machine.StateRunning {
		t.Errorf("after RELOADING=1 and READY=1 it is %s", got)
	}
}

// systemd.unit(5), "PropagatesStopTo=": who fails to start takes them down as
// well.
func TestFailedStartPropagatesStop(t *testing.T) {
	p := image(newService(plan.TypeNotify), newService(plan.TypeSimple))
	p.Units[0].Service.NotifyAccess = plan.NotifyMain
	relate(p, 0, 1, plan.PropagatesStopTo)
	w := live(p, map[plan.Role]sim.Program{plan.ExecStart: {Ready: sim.Never}})
	w.Run(plan.Second)
	w.Do(machine.Event{Kind: machine.EvExited, Unit: 0, Pid: w.Machine.MainPID(0), Code: machine.Exited, Status: 1})
	w.Run(plan.Second)
	if a, b := w.Machine.State(0), w.Machine.State(1); a != machine.StateFailed || b != machine.StateDead {
		t.Errorf("the one that fails to start is %s, the other %s", a, b)
	}
}

// systemd.service(5), "PIDFile=": ExecStartPost= may write it; a daemon may write
// another number there before it ends, or when it reloads.
func TestPIDFileLater(t *testing.T) {
	exits := func(w *sim.World, status int32) {
		w.Do(machine.Event{Kind: machine.EvExited, Unit: 0, Pid: w.Machine.MainPID(0), Code: machine.Exited, Status: status})
	}
	var file int32 // what the file names
	appears := func(w *sim.World, pid int32) {
		file = pid
		w.Do(machine.Event{Kind: machine.EvMainPID, Unit: 0, Pid: pid})
	}
	for _, c := range []struct {
		name string
		role plan.Role
		file int32
		then func(*sim.World)
		want string
		main int32
	}{
		{"not there, but start-post may write it", plan.ExecStartPost, 0, func(*sim.World) {}, "start-post", 0},
		{"written while start-post runs", plan.ExecStartPost, 0, func(w *sim.World) { appears(w, 90); w.Run(10 * plan.Second) }, "running", 90},
		{"written after start-post", plan.ExecStartPost, 0, func(w *sim.World) { w.Run(4 * plan.Second); appears(w, 90) }, "running", 90},
		{"never written", plan.ExecStartPost, 0, func(w *sim.World) { w.Run(plan.Minute) }, "failed", 0},
		{"another process takes over", plan.ExecStart, 90, func(w *sim.World) { file = 91; exits(w, 0); w.Run(plan.Second) }, "running", 91},
		{"nobody takes over", plan.ExecStart, 90, func(w *sim.World) { file = 0; exits(w, 3); w.Run(plan.Second) }, "failed", 0},
		{"a reload makes another one", plan.ExecReload, 90, func(w *sim.World) { reloads(w); file = 91; w.Run(5 * plan.Second) }, "running", 91},
		{"a reload makes no other one", plan.ExecReload, 90, func(w *sim.World) { reloads(w); w.Run(5 * plan.Second) }, "running", 90},
		{"the old one ends with the reload", plan.ExecReload, 90, func(w *sim.World) {
			reloads(w)
			w.Run(plan.Second)
			file = 91
			exits(w, 0)
			w.Run(5 * plan.Second)
		}, "running", 91},
	} {
		roles := []plan.Role{plan.ExecStart}
		if c.role != plan.ExecStart {
			roles = append(roles, c.role)
		}
		s := newService(plan.TypeForking, roles...)
		s.PIDFile, s.TimeoutStart = "/run/x.pid", 5*plan.Second
		file = c.file
		w := sim.New(image(s))
		w.MainPID = func(plan.UnitID) int32 { return file }
		w.Program = func(_ plan.UnitID, n uint16) sim.Program {
			if s.Commands[n].Role != plan.ExecStart {
				return sim.Program{Life: 2 * plan.Second}
			}
			return sim.Program{Life: plan.Millisecond, Leaves: &sim.Program{}}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(plan.Second)
		c.then(w)
		if got, pid := w.Machine.State(0).String(), w.Machine.MainPID(0); got != c.want || pid != c.main {
			t.Errorf("%s: it is %s with main process %d, want %s with %d", c.name, got, pid, c.want, c.main)
		}
	}
}

// A Type=dbus that ends well before it has its name is as one that has run.
func TestEndsWithoutName(t *testing.T) {
	for _, c := range []struct {
		flags  plan.ServiceFlags
		status int32
		want   machine.State
		why    machine.Result
	}{
		{0, 0, machine.StateDead, machine.Success},
		{plan.RemainAfterExit, 0, machine.StateExited, machine.Success},
		{plan.RemainAfterExit, 1, machine.StateFailed, machine.ResultExitCode},
	} {
		s := newService(plan.TypeDBus)
		s.BusName = "org.example.Name"
		s.Flags |= c.flags
		w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Second, Status: c.status, Ready: sim.Never}})
		w.Run(plan.Minute)
		if got, why := w.Machine.State(0), w.Machine.Result(0); got != c.want || why != c.why {
			t.Errorf("status %d, flags %d: it is %s (%s), want %s (%s)", c.status, c.flags, got, why, c.want, c.why)
		}
	}
}

// systemd.service(5), "GuessMainPID=": what two processes made unclear may be
// clear after ExecStartPost=.
func TestGuessedLater(t *testing.T) {
	var sole int32
	w := sim.New(image(newService(plan.TypeForking, plan.ExecStart, plan.ExecStartPost)))
	w.MainPID = func(plan.UnitID) int32 { return sole }
	w.Program = func(_ plan.UnitID, n uint16) sim.Program {
		if n > 0 {
			return sim.Program{Life: 2 * plan.Second}
		}
		return sim.Program{Life: plan.Millisecond, Leaves: &sim.Program{}}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Second)
	sole = 90
	w.Run(2 * plan.Second)
	if got, pid := w.Machine.State(0), w.Machine.MainPID(0); got != machine.StateRunning || pid != 90 {
		t.Errorf("it is %s with main process %d", got, pid)
	}
}

// systemd.service(5), "ExitType=": with cgroup, the end of the main process is
// not the service's.
func TestExitTypeCgroup(t *testing.T) {
	var path []string
	s := newService(plan.TypeSimple)
	s.ExitType = plan.ExitCgroup
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Second, Status: 3, Leaves: &sim.Program{Life: 5 * plan.Second}}})
	for range 3 {
		w.Run(2 * plan.Second)
		path = append(path, w.Machine.State(0).String())
	}
	if got := strings.Join(path, " "); got != "running running failed" {
		t.Errorf("it is %s", got)
	}
}

// A restart takes along who runs (systemd.unit(5), "PartOf=", "Requires="), not
// who is on the way down: its stop was asked for.
func TestRestartLeavesStopsAlone(t *testing.T) {
	for name, rel := range map[string]plan.Rel{"Requires=": plan.Requires, "BindsTo=": plan.BindsTo, "PartOf=": plan.PartOf} {
		for _, stopped := range []plan.UnitID{0, 1} {
			p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
			relate(p, 1, 0, rel|plan.After)
			w := sim.New(p)
			w.Program = func(u plan.UnitID, _ uint16) sim.Program { return sim.Program{Dies: 5 * plan.Second} }
			w.Do(machine.Event{Kind: machine.EvBoot})
			w.Run(plan.Second)
			w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbStop, Unit: stopped})
			w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbRestart, Unit: 0})
			w.Run(plan.Minute)
			if a, b := w.Machine.State(0), w.Machine.State(1); a != machine.StateRunning || b != machine.StateDead {
				t.Errorf("%s, stop of %d: the one that restarts is %s, the other %s", name, stopped, a, b)
			}
		}
	}
}

// What a unit needs that is up is not started again with it, nor is what that
// one wants: else each restart would run the oneshots of the boot anew.
func TestStartOfWhatIsUp(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeOneshot))
	relate(p, 0, 1, plan.Requires|plan.After)
	relate(p, 1, 2, plan.Wants|plan.After)
	w := sim.New(p)
	ran := 0
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		if u == 2 {
			ran++
			return sim.Program{Life: plan.Millisecond}
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Second)
	ask(w, 0, machine.VerbRestart, plan.ModeReplace)
	ask(w, 0, machine.VerbStart, plan.ModeReplace)
	if ran != 1 {
		t.Errorf("the oneshot ran %d times, want 1", ran)
	}
	ask(w, 1, machine.VerbStart, plan.ModeReplace) // by hand: whatever its state
	if ran != 2 {
		t.Errorf("after a start of who wants it, the oneshot ran %d times, want 2", ran)
	}
}

// Likewise a stop of a unit that is down: who requires it runs without it.
func TestStopOfWhatIsDown(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeOneshot), newService(plan.TypeSimple))
	relate(p, 1, 0, plan.Requires|plan.After)
	relate(p, 2, 1, plan.Requires|plan.After)
	w := sim.New(p)
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		if u == 1 {
			return sim.Program{Life: plan.Millisecond}
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Second)
	stops(w)
	w.Run(plan.Second)
	if a, b := w.Machine.State(0), w.Machine.State(2); a != machine.StateDead || b != machine.StateRunning {
		t.Errorf("the one that stops is %s, the one that requires a oneshot that requires it %s", a, b)
	}
}

// systemd.unit(5), "PropagatesStopTo=": a oneshot that ends before the other one
// starts does not keep it from starting.
func TestPropagatesNoStopToWhoWaits(t *testing.T) {
	p := image(newService(plan.TypeOneshot), newService(plan.TypeSimple))
	relate(p, 0, 1, plan.PropagatesStopTo)
	relate(p, 1, 0, plan.After)
	w := sim.New(p)
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		return sim.Program{Life: plan.Duration(1-u) * plan.Second}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	if got := w.Machine.State(1); got != machine.StateRunning {
		t.Errorf("it is %s", got)
	}
}

// A unit whose stop is left out for the sake of one that must run keeps out who
// conflicts with it.
func TestConflictThatIsNotMet(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
	p.Units[1].Deps, p.Units[2].Deps, p.Units[3].Deps = nil, nil, nil
	p.Units[0].Deps = nil
	relate(p, 3, 0, plan.Wants|plan.After)
	relate(p, 1, 0, plan.Requires|plan.After)
	relate(p, 1, 2, plan.Wants)
	relate(p, 2, 0, plan.Conflicts|plan.After)
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, 1, machine.VerbStart, plan.ModeReplace)
	want := [...]machine.State{machine.StateRunning, machine.StateRunning, machine.StateDead}
	for u, s := range want {
		if got := w.Machine.State(plan.UnitID(u)); got != s {
			t.Errorf("unit %d is %s, want %s", u, got, s)
		}
	}
}

// systemd.unit(5), "StopWhenUnneeded=": a job of its own puts that off, until it
// ends.
func TestUnneededDuringReload(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStart, plan.ExecReload)
	p := image(s, newService(plan.TypeSimple))
	p.Units[0].Flags |= plan.StopWhenUnneeded
	p.Units[0].Deps, p.Units[2].Deps = nil, nil
	p.Units[1].Deps = nil
	relate(p, 2, 1, plan.Wants|plan.After)
	relate(p, 1, 0, plan.Wants|plan.After)
	w := live(p, map[plan.Role]sim.Program{plan.ExecReload: {Life: 5 * plan.Second}})
	w.Run(plan.Second)
	reloads(w)
	ask(w, 1, machine.VerbStop, plan.ModeReplace)
	w.Run(plan.Minute)
	if got := w.Machine.State(0); got != machine.StateDead {
		t.Errorf("nobody needs it, and it is %s", got)
	}
}

// systemctl(1), "--job-mode=": fail refuses what reverses a job, but not for a
// unit that is merely wanted.
func TestFailSparesWants(t *testing.T) {
	for _, c := range []struct {
		rel  plan.Rel
		want machine.State
	}{{plan.Wants, machine.StateRunning}, {plan.Requires, machine.StateDead}} {
		p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
		relate(p, 1, 0, c.rel)
		w := sim.New(p)
		w.Program = func(u plan.UnitID, _ uint16) sim.Program { return sim.Program{Dies: plan.Duration(1-u) * plan.Minute} }
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(plan.Second)
		ask(w, 1, machine.VerbStop, plan.ModeReplace)
		ask(w, 0, machine.VerbStop, plan.ModeReplace)
		ask(w, 1, machine.VerbStart, plan.ModeFail)
		if got := w.Machine.State(1); got != c.want {
			t.Errorf("relation %d: it is %s, want %s", c.rel, got, c.want)
		}
		if job, _ := w.Machine.Job(0); job != machine.JobStop {
			t.Errorf("relation %d: the stop of the other one has become %s", c.rel, job)
		}
	}
}

// Why a request is refused.
func TestRefusals(t *testing.T) {
	p := image(newService(plan.TypeSimple, plan.ExecStart, plan.ExecReload), newService(plan.TypeSimple), newService(plan.TypeSimple))
	p.Units[0].Deps, p.Units[1].Deps, p.Units[2].Deps, p.Units[3].Deps = nil, nil, nil, nil
	relate(p, 1, 0, plan.Requires)
	relate(p, 1, 2, plan.Requires)
	relate(p, 2, 0, plan.Conflicts)
	w := live(p, nil)
	var answer machine.Msg
	w.Seen = func(_ machine.Event, actions []machine.Action) {
		for _, a := range actions {
			if a.Kind == machine.ActReply {
				answer = a.Msg
			}
		}
	}
	for _, c := range []struct {
		unit plan.UnitID
		verb machine.Verb
		want machine.Msg
	}{
		{0, machine.VerbReload, machine.MsgReplyNotUp}, {2, machine.VerbReload, machine.MsgReplyNoReload},
		{1, machine.VerbStart, machine.MsgReplyContradict}, {0, machine.VerbStart, machine.MsgReplyDone},
	} {
		w.Do(machine.Event{Kind: machine.EvRequest, Unit: c.unit, Verb: c.verb, Request: 1})
		w.Run(plan.Second)
		if answer != c.want {
			t.Errorf("verb %d of unit %d is answered by %q, want %q", c.verb, c.unit, answer, c.want)
		}
		answer = machine.MsgNone
	}
}

// systemd.unit(5), "StopWhenUnneeded=": a unit whose job has ended without it
// needs nothing any more.
func TestUnneededAfterFailedJob(t *testing.T) {
	needed := newService(plan.TypeSimple)
	fails := newService(plan.TypeOneshot)
	p := image(needed, fails, newService(plan.TypeSimple))
	p.Units[0].Flags |= plan.StopWhenUnneeded
	p.Units[0].Deps, p.Units[3].Deps = nil, without(p.Units[3].Deps, 0)
	relate(p, 2, 0, plan.Wants)
	relate(p, 2, 1, plan.Requires|plan.After)
	w := sim.New(p)
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		if u == 1 {
			return done(machine.Exited, 3)
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	if s := w.Machine.State(0); s != machine.StateDead {
		t.Errorf("what nobody needs is %s", s)
	}
}

// sd_notify(3), "READY=1": what comes before the program runs is of another one.
func TestReadyBeforeThereIsAProgram(t *testing.T) {
	s := newService(plan.TypeNotify, plan.ExecStart, plan.ExecStartPost)
	s.NotifyAccess = plan.NotifyAll
	w := sim.New(image(s))
	w.Program = func(_ plan.UnitID, c uint16) sim.Program {
		return sim.Program{Spawn: plan.Second, Now: c == 1, Ready: sim.Never}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Do(machine.Event{Kind: machine.EvNotify, Unit: 0, Pid: 99, Notify: &machine.Notify{Fields: machine.NotifyReady}})
	if s := w.Machine.State(0); s != machine.StateStart {
		t.Fatal(s)
	}
	w.Run(5 * plan.Second)
	if w.Machine.MainPID(0) == 0 {
		t.Error("the main process is lost")
	}
}

// systemd.service(5), "Type=notify-reload": who ends instead of saying RELOADING=1
// has not reloaded, even when it remains.
func TestReloadEndsTheService(t *testing.T) {
	for _, typ := range []plan.ExitType{plan.ExitMain, plan.ExitCgroup} {
		s := newService(plan.TypeNotifyReload)
		s.ExitType, s.Flags = typ, s.Flags|plan.RemainAfterExit
		w := live(image(s), nil)
		w.Run(plan.Second)
		var said []machine.Msg
		w.Seen = func(_ machine.Event, actions []machine.Action) {
			for _, a := range actions {
				if a.Unit == 0 && (a.Msg == machine.MsgReloaded || a.Msg == machine.MsgReloadFailed) {
					said = append(said, a.Msg)
				}
			}
		}
		reloads(w)
		w.Run(plan.Second)
		if !slices.Equal(said, []machine.Msg{machine.MsgReloadFailed}) || w.Machine.State(0) != machine.StateExited {
			t.Errorf("ExitType=%d: %s, %q", typ, w.Machine.State(0), said)
		}
	}
}

// systemd.kill(5), "KillMode=process": the main process is killed even while the
// commands beside it hang before they run.
func TestHungCommandsOfKillModeProcess(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStart, plan.ExecStartPost, plan.ExecStopPost)
	s.KillMode, s.TimeoutStart, s.TimeoutStop, s.FinalKillSignal = plan.KillProcess, plan.Second, plan.Second, 3
	w := sim.New(image(s))
	w.Program = func(_ plan.UnitID, c uint16) sim.Program {
		if c > 0 {
			return sim.Program{Spawn: sim.Never}
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	if n := w.Live(0); w.Machine.State(0) != machine.StateFailed || n > 0 {
		t.Errorf("it is %s, and %d processes are left", w.Machine.State(0), n)
	}
}

// systemd.service(5), "PIDFile=": the end of a main process is what it was, though
// its PID file is read again, and the group is empty before there is an answer.
func TestMainEndsWhileItsFileIsRead(t *testing.T) {
	s := newService(plan.TypeForking)
	s.PIDFile = "/run/x.pid"
	w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: {Now: true, Leaves: &sim.Program{Ready: sim.Never}}})
	w.Run(plan.Second)
	w.End(w.Machine.MainPID(0), machine.Killed, 9)
	w.Run(plan.Second)
	if w.Machine.State(0) != machine.StateFailed || w.Machine.Result(0) != machine.ResultSignal {
		t.Errorf("%s, %s", w.Machine.State(0), w.Machine.Result(0))
	}
}

// systemd.unit(5), "BindsTo=": who is bound to a unit that is to come back, and does
// not, is stopped.
func TestBoundToWhatDoesNotComeBack(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
	p.Units[0].Kind, p.Units[0].Service = plan.KindTarget, nil
	p.Units[0].StartLimitBurst, p.Units[0].StartLimitInterval = 1, plan.Minute
	relate(p, 1, 0, plan.BindsTo|plan.After)
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, 0, machine.VerbRestart, plan.ModeIgnoreRequirements)
	if a, b := w.Machine.State(0), w.Machine.State(1); a != machine.StateDead || b != machine.StateDead {
		t.Errorf("it is %s, and who is bound to it %s", a, b)
	}
}

// systemd.unit(5), "Requires=": a unit that has failed is not brought back by a
// reload that waits.
func TestFailsWithAReloadWaiting(t *testing.T) {
	p := image(newService(plan.TypeOneshot), newService(plan.TypeExec, plan.ExecStart, plan.ExecReload), newService(plan.TypeSimple))
	p.Units[0].Deps, p.Units[2].Deps, p.Units[3].Deps = nil, nil, without(without(p.Units[3].Deps, 0), 2)
	relate(p, 1, 0, plan.After)
	relate(p, 2, 0, plan.After)
	relate(p, 2, 1, plan.Requires|plan.After)
	w := sim.New(p)
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		if u == 0 {
			return sim.Program{Life: plan.Minute}
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Second)
	ask(w, 0, machine.VerbStart, plan.ModeReplace)
	ask(w, 2, machine.VerbStart, plan.ModeReplace)
	ask(w, 1, machine.VerbReload, plan.ModeReplace)
	w.End(w.Machine.MainPID(1), machine.Exited, 3)
	w.Run(2 * plan.Minute)
	if a, b := w.Machine.State(1), w.Machine.State(2); a != machine.StateFailed || b != machine.StateDead {
		t.Errorf("it is %s, and who requires it %s", a, b)
	}
}
