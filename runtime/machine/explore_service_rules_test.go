package machine_test

import (
	"slices"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// owned: of a unit that is down, only those processes are left that it must not
// kill, or cannot (systemd.kill(5), "KillMode=", "SendSIGKILL=").
func (e *explorer) owned(u plan.UnitID) {
	s := e.p.Units[u].Service
	for _, p := range e.w.Of(u) {
		switch {
		case p.Killed && (p.Habit.Stuck != 0 || !p.Owned):
			saw["stuck"]++ // it waits for a disk, say, or nobody waits for it
		case s != nil && s.KillMode == plan.KillNone,
			s != nil && s.KillMode == plan.KillProcess && (!p.Spawned || e.let[p.Pid]),
			s != nil && s.Flags&plan.SendSIGKILL == 0 && (p.Signalled || p.Unborn || !p.Owned || !p.Spawned || s.TimeoutStopMode == plan.TimeoutKill || s.TimeoutStartMode == plan.TimeoutKill || s.KillMode == plan.KillMixed && (!p.Spawned || e.let[p.Pid])),
			s != nil && s.FinalKillSignal != 9 && p.Signalled:
			saw["left behind"]++
		default:
			e.broke("no process without an owner", "%s is %s, and pid %d is left", e.name(u), e.w.Machine.State(u), p.Pid)
		}
	}
}

// eventOf holds the rules about what a service has heard.
func (e *explorer) eventOf(ev machine.Event, actions []machine.Action) {
	if int(ev.Unit) >= len(e.p.Units) || e.p.Units[ev.Unit].Service == nil {
		return
	}
	u, s, m := ev.Unit, e.p.Units[ev.Unit].Service, e.w.Machine
	was := &e.units[u]
	switch ev.Kind {
	case machine.EvOOM:
		was.oom = true
	case machine.EvNotify:
		was.access = was.access || ev.Notify.Fields&machine.NotifyAccessSet != 0
		was.extended = was.extended || ev.Notify.Fields&machine.NotifyExtend != 0
		if s.NotifyAccess == plan.NotifyNone && (m.State(u) != was.state || m.MainPID(u) != was.main) {
			e.broke("NotifyAccess=none hears nothing", "%s is %s", e.name(u), m.State(u))
		}
		if n := ev.Notify; n.Fields&machine.NotifyMainPID != 0 && s.NotifyAccess != plan.NotifyNone && !was.access && was.state == machine.StateRunning && ev.Pid == was.main && ev.Pid != 0 && n.Fields == machine.NotifyMainPID {
			if saw["MAINPID="]++; n.MainPID != m.MainPID(u) && n.MainPID != m.ControlPID(u) {
				e.broke("MAINPID= names the main process", "%s has pid %d", e.name(u), m.MainPID(u))
			}
		}
	case machine.EvExited:
		if ev.Pid == was.main && ev.Pid != 0 && was.result == machine.Success && s.PIDFile == "" {
			e.mainEnd(u, ev, actions)
		}
	}
	for n := range actions {
		if a := &actions[n]; a.Kind == machine.ActStoreFDs && (ev.Kind != machine.EvNotify || s.NotifyAccess == plan.NotifyNone) {
			e.broke("who may not notify stores nothing", "%s", e.name(u))
		} else if a.Kind == machine.ActUnwatch && a.Pid != 0 && int(a.Unit) < len(e.p.Units) && e.before[a.Unit] != machine.Deactivating && !e.downBefore(a.Unit) {
			e.let[a.Pid] = true // another process has taken its place
		}
	}
}

// mainEnd: systemd.service(5), "SuccessExitStatus=", decides what the end of a main
// process means.
func (e *explorer) mainEnd(u plan.UnitID, ev machine.Event, actions []machine.Action) {
	s, r := e.p.Units[u].Service, e.w.Machine.Result(u)
	if in(s.Success, ev) {
		saw["SuccessExitStatus="]++
		if r == machine.ResultExitCode || r == machine.ResultSignal {
			e.broke("SuccessExitStatus= is a success", "%s ended with %d: %s", e.name(u), ev.Status, r)
		}
		return
	}
	if slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Unit == u && a.Msg == machine.MsgStarting }) {
		return // and has begun another life
	}
	ignores := slices.ContainsFunc(s.Commands, func(c plan.Command) bool { return c.Flags&plan.IgnoreFailure != 0 })
	if ev.Code == machine.Exited && ev.Status != 0 && !ignores && r == machine.Success && s.ExitType == plan.ExitMain && e.w.Machine.State(u) != machine.StateStart {
		e.broke("another exit status is a failure", "%s ended with %d", e.name(u), ev.Status)
	}
}

// in tells if a process ended in a way that is in the set.
func in(s *plan.ExitSet, ev machine.Event) bool {
	switch {
	case s == nil:
	case ev.Code == machine.Exited:
		return s.Status[ev.Status>>6]>>(ev.Status&63)&1 != 0
	case ev.Code == machine.Killed:
		return s.Signals[ev.Status>>6]>>(ev.Status&63)&1 != 0
	}
	return false
}

// service holds the rules about what the machine does with a service.
func (e *explorer) service(a *machine.Action) {
	s, was, u := e.p.Units[a.Unit].Service, &e.units[a.Unit], a.Unit
	switch a.Kind {
	case machine.ActSpawn:
		role := s.Commands[a.Command].Role
		if a.Value == 1 {
			was.skipped, was.told, was.limited = false, false, false
		}
		// systemd.service(5), "ExecCondition=": the remaining commands are skipped.
		if was.skipped && role <= plan.ExecStartPost {
			e.broke("ExecCondition= skips the rest", "%s runs command %d", e.name(u), a.Command)
		}
		if a.Value == 1 && (role == plan.ExecStartPre || role == plan.ExecStart) && s.Flags&plan.SendSIGKILL == 0 && s.KillMode <= plan.KillMixed {
			e.alone(u)
		}
	case machine.ActKillGroup:
		e.killsGroup(s, was, a)
	case machine.ActLog:
		e.saysOf(s, was, a)
	}
}

// alone: what must not be killed does not run twice (systemd.kill(5),
// "SendSIGKILL=").
func (e *explorer) alone(u plan.UnitID) {
	saw["starts alone"]++
	if n := e.w.Live(u); n > 1 {
		e.broke("what must not be killed starts alone", "%s starts beside %d processes", e.name(u), n-1)
	}
}

// killsGroup: systemd.kill(5), "KillMode=", "SendSIGKILL=".
func (e *explorer) killsGroup(s *plan.Service, was *seenUnit, a *machine.Action) {
	switch {
	case a.Signal == 0: // a look at who is there
	case s.KillMode == plan.KillProcess, s.KillMode == plan.KillNone:
		e.broke("KillMode= spares the group", "%s sends %d to it", e.name(a.Unit), a.Signal)
	case s.KillMode == plan.KillMixed && a.Signal != s.FinalKillSignal && a.Signal != 9:
		e.broke("KillMode=mixed sends the group SIGKILL alone", "%s sends %d", e.name(a.Unit), a.Signal)
	case s.Flags&plan.SendSIGKILL == 0 && a.Signal == s.FinalKillSignal && !was.oom:
		e.broke("SendSIGKILL=no sends none", "%s does", e.name(a.Unit))
	}
}

// saysOf looks at what is told of a service.
func (e *explorer) saysOf(s *plan.Service, was *seenUnit, a *machine.Action) {
	m, u := e.w.Machine, a.Unit
	switch a.Msg {
	case machine.MsgSkipped:
		was.skipped = true
		saw["skipped"]++
	case machine.MsgStopping, machine.MsgStopped:
		was.told = true
	case machine.MsgRestarting:
		if saw["restarted"]++; m.State(u) != machine.StateAutoRestart {
			return // and something else has become of it in the same step
		}
		if code, status := m.MainExit(u); !restarts(s, m.Result(u), machine.Event{Code: code, Status: status}) {
			e.broke("Restart= says when", "%s restarts after %s, %d, %d", e.name(u), m.Result(u), code, status)
		}
		e.delayed(s, was, u, plan.Duration(a.Value))
		// systemd.unit(5), "OnFailure=": a unit that is about to restart has not
		// failed.
		for _, d := range e.p.Units[u].Deps {
			if t, _ := m.Job(d.Unit); d.Rel&(plan.OnFailure|plan.OnSuccess) != 0 && e.job[d.Unit] == machine.JobNone && t == machine.JobStart && m.Cause(d.Unit) == u && m.State(u) == machine.StateAutoRestart && !e.timesOut(u) && !e.relates(d.Unit, plan.RequiredBy|plan.WantedBy|plan.BoundBy|plan.UpheldBy|plan.TriggeredBy) {
				e.broke("OnFailure= waits for the last attempt", "%s is started for %s", e.name(d.Unit), e.name(u))
			}
		}
	}
}

// restarts is the table of systemd.service(5), "Restart=", and its exceptions
// below it.
func restarts(s *plan.Service, r machine.Result, end machine.Event) bool {
	clean := r == machine.Success
	abnormal := r == machine.ResultSignal || r == machine.ResultCoreDump
	late := r == machine.ResultTimeout || r == machine.ResultWatchdog || r == machine.ResultOOMKill ||
		r == machine.ResultResources || r == machine.ResultProtocol || r == machine.ResultStartLimitHit
	switch {
	case end.Code != 0 && inDumped(s.Prevent, end):
		return false
	case end.Code != 0 && inDumped(s.Force, end):
		return true
	case r == machine.ResultExecCondition:
		return false
	}
	switch s.Restart {
	case plan.RestartAlways:
		return true
	case plan.RestartOnSuccess:
		return clean
	case plan.RestartOnFailure:
		return !clean
	case plan.RestartOnAbnormal:
		return abnormal || late
	case plan.RestartOnAbort:
		return abnormal
	case plan.RestartOnWatchdog:
		return r == machine.ResultWatchdog
	}
	return false
}

// inDumped is in, where a dumped core is like any end by its signal.
func inDumped(s *plan.ExitSet, ev machine.Event) bool {
	if ev.Code == machine.Dumped {
		ev.Code = machine.Killed
	}
	return in(s, ev)
}

// delayed: systemd.service(5), "RestartSec=", "RestartSteps=", "RestartMaxDelaySec=".
func (e *explorer) delayed(s *plan.Service, was *seenUnit, u plan.UnitID, d plan.Duration) {
	grows := s.RestartSteps > 0 && s.RestartMaxDelay != plan.Infinity && s.RestartMaxDelay > s.RestartSec && s.RestartSec > 0
	n := e.w.Machine.NRestarts(u)
	switch {
	case !grows && d != s.RestartSec,
		grows && n == 0 && d != s.RestartSec,
		grows && n >= int(s.RestartSteps) && d != s.RestartMaxDelay,
		grows && n > 0 && n < int(s.RestartSteps) && (d <= s.RestartSec || d >= s.RestartMaxDelay || d <= was.delay):
		e.broke("RestartSec= grows by its steps", "%s waits %.3f s before restart %d", e.name(u), float64(d)/1e9, n+1)
	}
	if was.delay = d; n == 0 && !grows {
		was.delay = 0
	}
	if grows && n > 0 {
		saw["RestartSteps="]++
	}
}

// remember holds the rules about the state that a unit has come to, and keeps it
// for the next step.
func (e *explorer) remember(u plan.UnitID) {
	m, p, was := e.w.Machine, &e.p.Units[u], &e.units[u]
	state, a := m.State(u), m.Active(u)
	t, _ := m.Job(u)
	if t == machine.JobStop || t == machine.JobRestart {
		was.told = true
	}
	if state == machine.StateFailed && was.state != machine.StateFailed {
		// systemd.unit(5), "FailureAction=".
		if p.Actions != nil && p.Actions.Failure != plan.ActionNone && !m.Ending() {
			e.broke("FailureAction= is done", "%s has failed", p.Name)
		}
	}
	if s := p.Service; s != nil && e.down(u) && !e.downBefore(u) && !was.told && !m.Ending() && t == machine.JobNone && was.state != machine.StateAutoRestart {
		e.stays(u, s)
	}
	switch {
	case !e.down(u) || e.downBefore(u):
	case was.state == machine.StateAutoRestart: // a job for its restart has come and gone
		was.idle = e.w.Now
	case t == machine.JobNone:
		was.gone = e.w.Now
	}
	switch {
	case a != machine.ActiveUp && a != machine.Reloading:
		was.up = 0
	case was.up == 0, m.Passed(u, machine.InactiveEnter) == e.w.Now: // perhaps it has begun another life
		was.up = e.w.Now
	}
	if s := p.Service; s != nil && state == machine.StateRunning && s.RuntimeMax != plan.Infinity && !was.extended {
		// systemd.service(5), "RuntimeMaxSec=", "RuntimeRandomizedExtraSec=".
		if e.w.Now-was.up > int64(s.RuntimeMax+s.RuntimeRandomizedExtra) && m.Since(u)+1 < e.w.Now { // a reload may have taken longer
			e.broke("RuntimeMaxSec= ends it", "%s runs since %.3f s", p.Name, float64(was.up)/1e9)
		}
	}
	was.state, was.result, was.main, was.ending = state, m.Result(u), m.MainPID(u), m.Ending()
}

func (e *explorer) downBefore(u plan.UnitID) bool {
	return e.before[u] == machine.Inactive || e.before[u] == machine.Failed
}

// stays: a service that has ended by itself is down for good only where Restart=
// does not start it again.
func (e *explorer) stays(u plan.UnitID, s *plan.Service) {
	code, status := e.w.Machine.MainExit(u)
	r := e.w.Machine.Result(u)
	if e.units[u].limited || s.Flags&plan.SendSIGKILL == 0 {
		return // which ends without a restart
	}
	if restarts(s, r, machine.Event{Code: code, Status: status}) {
		e.broke("Restart= says when", "%s is %s after %s, %d, %d", e.name(u), e.w.Machine.State(u), r, code, status)
	}
}

// forEver: a unit may be on its way up for good, by TimeoutStartSec=infinity.
func (e *explorer) forEver() bool {
	return slices.ContainsFunc(e.p.Units, func(u plan.Unit) bool {
		return u.Service != nil && u.Service.TimeoutStart == plan.Infinity
	})
}

// wanted: nobody is up at rest who is not needed (systemd.unit(5),
// "StopWhenUnneeded="), and nobody is down who is upheld ("Upholds=").
func (e *explorer) wanted(u plan.UnitID) {
	m, p := e.w.Machine, &e.p.Units[u]
	if t, _ := m.Job(u); t != machine.JobNone {
		return
	}
	needed, left := p.Flags&plan.StopWhenUnneeded == 0, int64(-1)
	for _, d := range p.Deps {
		const needs = plan.RequiredBy | plan.RequisiteOf | plan.WantedBy | plan.BoundBy | plan.UpheldBy
		t, _ := m.Job(d.Unit)
		needed = needed || d.Rel&needs != 0 && (!e.down(d.Unit) || t != machine.JobNone)
		if d.Rel&needs != 0 {
			left = max(left, e.units[d.Unit].gone)
		}
		if o := &e.p.Units[d.Unit]; d.Rel&plan.Upholds != 0 && e.down(d.Unit) && !e.flushed && e.canStart(o) && !e.units[d.Unit].limited && e.units[d.Unit].gone > e.units[d.Unit].idle { // a job that was canceled is not noticed, by systemd neither
			e.broke("who is upheld is up", "%s is %s", o.Name, m.State(d.Unit))
		}
	}
	// The last of them has gone while it was up. Who never came up did not leave it,
	// for systemd too.
	if saw["at rest"]++; !needed && !e.firm && left >= e.units[u].up {
		e.broke("who is not needed stops", "%s is %s", p.Name, m.State(u))
	}
}

// canStart: nothing but its own start limit keeps a unit down.
func (e *explorer) canStart(p *plan.Unit) bool {
	const needs = plan.Requires | plan.BindsTo | plan.Requisite | plan.Conflicts | plan.ConflictedBy
	return len(p.Conditions) == 0 && p.Socket == nil && p.Actions == nil &&
		!slices.ContainsFunc(p.Deps, func(d plan.Dep) bool { return d.Rel&needs != 0 })
}
