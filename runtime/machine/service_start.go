package machine

import "rustysd/runtime/plan"

// start begins the life of a service: conditions, ExecStartPre=, ExecStart=,
// ExecStartPost=.
func (v *svc) start() {
	v.x.result = Success
	if !v.is(viaRestart) {
		v.s.restarts = 0
	}
	v.s.flags = v.s.flags&groupGone | fresh
	v.s.mainPid, v.s.ctrlPid, v.s.code, v.s.status = 0, 0, 0, 0
	v.s.command, v.s.mainCommand = noCommand, noCommand
	v.s.notifyAccess, v.s.watchdog = v.p.NotifyAccess, v.p.Watchdog
	if v.p.Type == plan.TypeDBus || v.p.BusName != "" {
		v.m.do(Action{Kind: ActWatchBus, Unit: v.u, Other: plan.NoUnit, Value: 1})
	}
	if !v.startsAtOnce() {
		v.m.log(v.u, MsgStarting, 0)
	}
	v.enterCondition()
}

// startsAtOnce: there is nothing to tell between "starting" and "started".
func (v *svc) startsAtOnce() bool {
	simple := v.p.Type == plan.TypeSimple || v.p.Type == plan.TypeIdle
	return simple && len(v.p.Commands) > 0 && v.p.Commands[0].Role == plan.ExecStart &&
		v.first(plan.ExecStartPost) == noCommand
}

func (v *svc) enterCondition() {
	if c := v.first(plan.ExecCondition); c != noCommand {
		v.runControl(StateCondition, c)
		return
	}
	v.enterStartPre()
}

func (v *svc) enterStartPre() {
	if c := v.first(plan.ExecStartPre); c != noCommand {
		if v.alone(StateStartPre) {
			v.runControl(StateStartPre, c)
		}
		return
	}
	v.enterStart()
}

// runControl enters a state whose work is one role's commands.
func (v *svc) runControl(s State, c uint16) {
	if v.p.Commands[c].Role < plan.ExecStart {
		v.set(ranBefore)
	}
	v.spawn(c, false)
	v.enter(s, v.timeOf(c))
}

// timeOf is how long a command may take: each has all of the time, as
// systemd.service(5) says of "TimeoutStopSec=" and systemd does with both.
func (v *svc) timeOf(c uint16) plan.Duration {
	if v.p.Commands[c].Role >= plan.ExecStop {
		return v.p.TimeoutStop
	}
	return v.p.TimeoutStart
}

// alone tells if a service whose processes may not be killed has none left, and
// otherwise counts them in state s. As systemd says, a database is not to run
// twice (systemd.kill(5), "SendSIGKILL=").
func (v *svc) alone(s State) bool {
	if v.is(groupGone) || v.p.Flags&plan.SendSIGKILL != 0 || v.sparesGroup() {
		return true
	}
	v.set(counting)
	v.enter(s, v.p.TimeoutStart)
	v.killGroup(0, 0, 0)
	return false
}

// sparesGroup: KillMode= says that only the main process is killed, or nothing.
func (v *svc) sparesGroup() bool {
	return v.p.KillMode == plan.KillProcess || v.p.KillMode == plan.KillNone
}

func (v *svc) enterStart() {
	if !v.alone(StateStart) {
		return
	}
	if v.is(ranBefore) && !v.is(groupGone) && !v.sparesGroup() {
		// systemd.service(5), "ExecStartPre=": what they forked is killed
		// before the next process is run. Where KillMode= spares what a service
		// leaves behind, that may be there since the life before.
		v.killGroup(sigKill, 0, 0)
	}
	c := v.first(plan.ExecStart)
	if c == noCommand {
		v.set(mainKnown)
		v.enterStartPost()
		return
	}
	// Type=simple and idle are in this state until there is a process, which
	// what has to be read first may keep from being made.
	v.spawn(c, v.p.Type != plan.TypeForking)
	v.enter(StateStart, v.p.TimeoutStart)
}

// enterStartPost: the service is as good as up.
func (v *svc) enterStartPost() {
	if v.m.watchdogStart != nil {
		v.m.watchdogStart(v.m, v.u)
	}
	if c := v.first(plan.ExecStartPost); c != noCommand {
		v.runControl(StateStartPost, c)
		return
	}
	v.enterRunning(Success)
}

// enterRunning settles a service that is started, or has lost a process: it
// runs, has exited but remains, or stops.
func (v *svc) enterRunning(r Result) {
	v.fail(r)
	switch {
	case v.x.result != Success:
		// No ExecStop=, whatever systemd.service(5) says of services that were
		// killed: systemd runs it for a clean end alone.
		v.enterSignal(StateStopSigterm, v.x.result)
	case !v.good():
		if v.p.Flags&plan.RemainAfterExit != 0 {
			v.enter(StateExited, plan.Infinity)
		} else {
			v.enterStop(Success)
		}
	case v.is(toldStopping):
		v.enterStopByNotify()
	case v.is(toldReloading):
		v.enterReloadByNotify()
	case v.x.state != StateRunning:
		v.enter(StateRunning, v.runtimeLeft())
	}
}

// runtimeLeft is what is left of RuntimeMaxSec=, which counts from when the
// service came up: a reload does not begin it anew. Its random share is drawn
// from what differs between units and starts: the machine has no other source.
func (v *svc) runtimeLeft() plan.Duration {
	d, began := v.p.RuntimeMax, v.m.now
	if d <= 0 || d == plan.Infinity {
		return plan.Infinity
	}
	if v.x.state.Active().up() {
		began = v.x.passed[ActiveEnter]
	}
	if e := v.p.RuntimeRandomizedExtra; e > 0 && e != plan.Infinity {
		h := uint64(began) ^ uint64(v.u)<<48
		h = (h ^ h>>31) * 0x9E3779B97F4A7C15
		d += plan.Duration((h ^ h>>29) % uint64(e))
	}
	return max(d-plan.Duration(v.m.now-began), 1)
}

func (v *svc) canReload() bool {
	return v.p.Type == plan.TypeNotifyReload || v.first(plan.ExecReload) != noCommand
}

// reload runs ExecReload=, or sends the signal of Type=notify-reload.
func (v *svc) reload() {
	v.x.flags &^= reloadFailed
	if v.x.state != StateRunning && v.x.state != StateExited {
		v.m.finish(v.u, JobFailed)
		return
	}
	if !v.canReload() {
		v.m.finish(v.u, JobSkipped)
		return
	}
	v.m.log(v.u, MsgReloading, 0)
	signalled := v.p.Type == plan.TypeNotifyReload && v.s.mainPid > 0
	if signalled {
		v.clear(toldReloading)
		v.s.reloadBegan = v.m.now
		v.kill(v.s.mainPid, v.p.ReloadSignal, 0)
	}
	c := v.first(plan.ExecReload)
	switch {
	case c != noCommand:
		v.runControl(StateReload, c)
	case signalled:
		v.enter(StateReloadSignal, v.p.TimeoutStart)
	default:
		v.m.finish(v.u, JobFailed)
	}
}

// reloaded ends a reload; a failed one leaves the service as it was.
func (v *svc) reloaded(r Result) {
	if r != Success {
		v.x.flags |= reloadFailed
		v.clear(toldReloading)
	} else if v.p.Type == plan.TypeNotifyReload && v.x.state == StateReload && v.s.reloadBegan > 0 && v.mainBusy() {
		v.enter(StateReloadSignal, v.p.TimeoutStart)
		return
	}
	v.s.reloadBegan = 0
	v.enterRunning(Success)
}
