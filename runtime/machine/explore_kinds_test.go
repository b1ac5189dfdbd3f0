package machine_test

import (
	"slices"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// kinds holds the rules that only some kinds of units have, after a step.
func (e *explorer) kinds(ev machine.Event, actions []machine.Action) {
	if ev.Kind == machine.EvSockets && e.units[ev.Unit].opening > 0 {
		was := &e.units[ev.Unit]
		was.opening-- // in order: but for the last one, they have been closed since
		was.open = was.open && (ev.Status == 0 || was.opening > 0)
	}
	for n := range actions {
		a := &actions[n]
		if int(a.Unit) >= len(e.p.Units) {
			continue
		}
		switch p := &e.p.Units[a.Unit]; {
		case p.Socket != nil:
			e.socketDoes(a)
		case p.Service != nil:
			e.serviceDoes(p.Service, ev, a)
		}
		e.blames(a)
	}
	for i := range e.p.Units {
		u := plan.UnitID(i)
		switch p := &e.p.Units[i]; {
		case e.killing:
		case p.Socket != nil:
			e.listens(u, p.Socket, actions)
		case p.Service != nil:
			e.runs(u, p.Service, ev, actions)
		}
	}
}

// socketDoes looks at what is done with a socket.
func (e *explorer) socketDoes(a *machine.Action) {
	was := &e.units[a.Unit]
	switch a.Kind {
	case machine.ActPoll:
		was.polled = a.Value == 1
	case machine.ActOpenSockets:
		if was.open {
			e.broke("a socket that is open is not opened", "%s is, %s", e.name(a.Unit), was.state)
		}
		was.open = true
		was.opening++
	case machine.ActCloseSockets:
		was.open = false
	case machine.ActLog:
		if a.Msg != machine.MsgTriggered {
			return
		}
		// systemd.socket(5): who does not listen starts nothing.
		if saw["triggered"]++; was.state != machine.StateListening || e.job[a.Unit] == machine.JobStop {
			e.broke("a socket that does not listen triggers nothing", "%s does, %s", e.name(a.Unit), was.state)
		}
	}
}

// listens holds the rules about the state of a socket.
func (e *explorer) listens(u plan.UnitID, s *plan.Socket, actions []machine.Action) {
	m, was := e.w.Machine, &e.units[u]
	now := m.State(u)
	if was.polled != (now == machine.StateListening) {
		e.broke("a socket is watched while it listens", "%s is %s", e.name(u), now)
	}
	if was.open && e.down(u) {
		e.broke("a socket that is down is closed", "%s is %s", e.name(u), now)
	}
	if up := now == machine.StateListening || now == machine.StateRunning; up && !was.open {
		e.broke("a socket that is up is open", "%s is %s", e.name(u), now)
	}
	// systemd.socket(5): a service that is started too often takes its socket along.
	if s.Service == plan.NoUnit || m.Ending() {
		return
	}
	limited := slices.ContainsFunc(actions, func(a machine.Action) bool {
		return a.Unit == s.Service && a.Msg == machine.MsgStartLimitHit
	})
	if limited && e.down(s.Service) {
		if saw["socket of a start limit"]++; now == machine.StateListening || now == machine.StateRunning {
			e.broke("the start limit of a service fails its socket", "%s is %s", e.name(u), now)
		}
	}
}

// serviceDoes looks at what is done with a service of some type.
func (e *explorer) serviceDoes(s *plan.Service, ev machine.Event, a *machine.Action) {
	u, m, was := a.Unit, e.w.Machine, &e.units[a.Unit]
	switch a.Kind {
	case machine.ActFindMain:
		was.finding = true
		if s.PIDFile == "" && (s.Type != plan.TypeForking || s.Flags&plan.GuessMainPID == 0) {
			e.broke("GuessMainPID=no guesses nothing", "%s is searched", e.name(u))
		}
	case machine.ActForgetMain:
		was.finding = false
	case machine.ActLog:
		switch {
		case a.Msg == machine.MsgReloading:
			was.reloading = e.w.Now
		case a.Msg == machine.MsgReloaded && s.Type == plan.TypeNotifyReload && was.state == machine.StateReloadSignal:
			// systemd.service(5), "Type=notify-reload".
			saw["reloads"]++
			const both = machine.NotifyReloading | machine.NotifyReady
			if ev.Kind != machine.EvNotify || ev.Notify.Fields&both != both {
				e.broke("notify-reload waits for RELOADING=1 and READY=1", "%s has reloaded", e.name(u))
			}
		case a.Msg == machine.MsgRestarting && s.RestartMode == plan.RestartDirect && m.State(u) == machine.StateAutoRestart:
			// systemd.service(5), "RestartMode=": nobody sees the unit end.
			if saw["direct"]++; m.Passed(u, machine.InactiveEnter) != was.entered && was.state != machine.StateAutoRestart {
				e.broke("RestartMode=direct goes through no end", "%s has", e.name(u))
			}
		case a.Msg == machine.MsgRestarting && s.RestartMode != plan.RestartDirect && m.State(u) == machine.StateAutoRestart:
			if m.Passed(u, machine.InactiveEnter) != e.w.Now {
				e.broke("other restarts go through an end", "%s has not", e.name(u))
			}
		}
	}
}

// blames: nobody stops because of a unit that is about to restart unseen.
func (e *explorer) blames(a *machine.Action) {
	if a.Kind != machine.ActLog || a.Msg != machine.MsgStopBecause || int(a.Other) >= len(e.p.Units) {
		return
	}
	by, m := a.Other, e.w.Machine
	s := e.p.Units[by].Service
	if s == nil || s.RestartMode != plan.RestartDirect || m.Ending() || e.told(by) || e.propagates(by, a.Unit) {
		return
	}
	code, status := m.MainExit(by)
	if now := m.Active(by); now != machine.Deactivating && m.State(by) != machine.StateAutoRestart {
		return
	}
	if saw["seen direct"]++; restarts(s, m.Result(by), machine.Event{Code: code, Status: status}) {
		e.broke("RestartMode=direct is not seen", "%s ends because of %s, which is %s", e.name(a.Unit), e.name(by), m.State(by))
	}
}

// told: u has been asked for something, which may end it.
func (e *explorer) told(u plan.UnitID) bool {
	return e.units[u].told || hasJob(e, u) || e.job[u] != machine.JobNone
}

// propagates: a stop of u is one of o, whatever is behind it.
func (e *explorer) propagates(u, o plan.UnitID) bool {
	return slices.ContainsFunc(e.p.Units[u].Deps, func(d plan.Dep) bool { return d.Unit == o && d.Rel&plan.PropagatesStopTo != 0 })
}

// runs holds the rules about the state of a service.
func (e *explorer) runs(u plan.UnitID, s *plan.Service, ev machine.Event, actions []machine.Action) {
	m, was := e.w.Machine, &e.units[u]
	now := m.State(u)
	if ev.Kind == machine.EvMainPID && ev.Unit == u && (ev.Pid > 0 || s.PIDFile == "") {
		was.finding = false
	}
	if m.ControlPID(u) != 0 && (now == machine.StateRunning || now == machine.StateExited || e.down(u)) {
		e.broke("no command runs beside a service that is up", "%s is %s", e.name(u), now)
	}
	switch s.Type {
	case plan.TypeForking:
		// systemd.service(5), "Type=forking", "PIDFile=".
		if saw["forks"]++; now == machine.StateRunning && s.PIDFile != "" && s.ExitType == plan.ExitMain && !was.finding && m.MainPID(u) == 0 {
			e.broke("a PID file names the main process", "%s is %s without one", e.name(u), now)
		}
		if ev.Kind == machine.EvExited && ev.Unit == u && ev.Pid == was.ctrl && ev.Pid != 0 && was.state == machine.StateStart && ev.Code == machine.Exited && ev.Status != 0 && !in(s.Success, ev) {
			spared := slices.ContainsFunc(s.Commands, func(c plan.Command) bool { return c.Role == plan.ExecStart && c.Flags&plan.IgnoreFailure != 0 })
			if !spared && (now == machine.StateStartPost || now == machine.StateRunning) {
				e.broke("who cannot fork does not start", "%s is %s", e.name(u), now)
			}
		}
	case plan.TypeNotifyReload:
		e.reloads(u, s, ev, actions)
	}
	was.entered, was.ctrl = m.Passed(u, machine.InactiveEnter), m.ControlPID(u)
}

// reloads holds the rules of Type=notify-reload (systemd.service(5), sd_notify(3),
// "MONOTONIC_USEC=").
func (e *explorer) reloads(u plan.UnitID, s *plan.Service, ev machine.Event, actions []machine.Action) {
	m, was := e.w.Machine, &e.units[u]
	asked := slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Unit == u && a.Msg == machine.MsgReloading })
	if asked && was.main != 0 && m.MainPID(u) == was.main && !slices.ContainsFunc(actions, func(a machine.Action) bool {
		return a.Unit == u && a.Kind == machine.ActKill && a.Pid == was.main && a.Signal == s.ReloadSignal
	}) {
		e.broke("notify-reload signals the main process", "%s is %s", e.name(u), m.State(u))
	}
	if was.state == machine.StateReloadSignal && m.State(u) == machine.StateReloadNotify {
		saw["answers a reload"]++
		if ev.Kind != machine.EvNotify || ev.Notify.Fields&machine.NotifyMonotonic == 0 || int64(ev.Notify.Monotonic) < was.reloading {
			e.broke("notify-reload waits for an answer to its signal", "%s took another one", e.name(u))
		}
	}
}
