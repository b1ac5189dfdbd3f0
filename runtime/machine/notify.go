package machine

import "rustysd/runtime/plan"

// Notifying makes a machine listen to sd_notify(3), watchdogs included.
func Notifying(m *Machine) {
	m.on[plan.KindService][EvNotify] = func(m *Machine, ev *Event) { m.svc(ev.Unit).notify(ev) }
	m.watchdogStart = func(m *Machine, u plan.UnitID) { m.svc(u).watchdogAlive() }
	m.watchdogDue = func(m *Machine, u plan.UnitID) { m.svc(u).watchdogMissed() }
}

// notify takes one message of a process of the service.
func (v *svc) notify(ev *Event) {
	n := ev.Notify
	if n == nil || v.x.state.Active().down() || v.x.state == StateAutoRestart {
		return
	}
	if !v.mayNotify(ev.Pid) {
		if v.m.ignored < maxIgnored {
			v.m.ignored++
			v.m.do(Action{Kind: ActLog, Unit: v.u, Other: plan.NoUnit, Pid: ev.Pid, Msg: MsgNotifyRefused})
		}
		return
	}
	// In the order of systemd: what is told of the state comes first, so that
	// EXTEND_TIMEOUT_USEC= is about the new one.
	f := n.Fields
	if f&NotifyMainPID != 0 {
		v.newMain(n.MainPID)
	}
	v.told(n)
	if f&NotifyAccessSet != 0 {
		v.s.notifyAccess = n.Access
	}
	if f&(NotifyStatus|NotifyErrno|NotifyBusError) != 0 {
		v.m.do(Action{Kind: ActStatus, Unit: v.u, Other: plan.NoUnit, Pid: ev.Pid})
	}
	if f&NotifyWatchdogUsec != 0 {
		v.s.watchdog = n.Watchdog
		v.watchdogAlive()
	}
	if f&NotifyWatchdog != 0 {
		v.watchdogAlive()
	}
	if f&NotifyExtend != 0 {
		v.extend(n.Extend)
	}
	if f&(NotifyStoreFDs|NotifyRemoveFDs) != 0 {
		v.m.do(Action{Kind: ActStoreFDs, Unit: v.u, Other: plan.NoUnit, Pid: ev.Pid})
	}
	if f&NotifyWatchdogTrigger != 0 {
		v.watchdogMissed()
	}
}

// mayNotify enforces NotifyAccess= (systemd.service(5)).
func (v *svc) mayNotify(pid int32) bool {
	switch v.s.notifyAccess {
	case plan.NotifyAll:
		return true
	case plan.NotifyMain:
		return pid > 0 && pid == v.s.mainPid
	case plan.NotifyExec:
		return pid > 0 && (pid == v.s.mainPid || pid == v.s.ctrlPid)
	}
	return false
}

// told goes on after READY=1, RELOADING=1 or STOPPING=1. With READY=1 after
// RELOADING=1 a service says that it has reloaded already.
func (v *svc) told(n *Notify) {
	f := n.Fields
	if f&(NotifyReady|NotifyReloading|NotifyStopping) == 0 {
		return
	}
	v.clear(toldReloading | toldStopping)
	switch {
	case f&NotifyStopping != 0:
		v.set(toldStopping)
		if v.x.state == StateRunning {
			v.enterStopByNotify()
		}
	case f&NotifyReady == 0:
		v.set(toldReloading)
		v.toldReload(n)
	case f&NotifyReloading != 0 && v.x.state == StateReloadSignal:
		v.toldReload(n)
		v.toldReady()
	default:
		v.toldReady()
	}
}

func (v *svc) toldReload(n *Notify) {
	switch v.x.state {
	case StateRunning:
		v.enterReloadByNotify()
	case StateReloadSignal:
		// Only an answer to our signal counts (sd_notify(3),
		// "MONOTONIC_USEC=").
		if n.Fields&NotifyMonotonic != 0 && int64(n.Monotonic) >= v.s.reloadBegan {
			v.enter(StateReloadNotify, v.p.TimeoutStart)
		}
	}
}

func (v *svc) toldReady() {
	switch v.x.state {
	case StateStart:
		if v.is(spawning) {
			return // it is not of the program that is about to run
		}
		if v.p.Type == plan.TypeNotify || v.p.Type == plan.TypeNotifyReload {
			v.enterStartPost()
		}
	case StateReloadNotify:
		v.s.reloadBegan = 0
		v.enterRunning(Success)
	}
}

// newMain is MAINPID=. The driver vouches for the process.
func (v *svc) newMain(pid int32) {
	if pid <= 0 || pid == v.s.mainPid || pid == v.s.ctrlPid || v.is(spawning) && v.is(spawningMain) {
		return
	}
	switch v.x.state {
	case StateStart, StateStartPost, StateRunning, StateReload, StateReloadSignal, StateReloadNotify:
	default:
		return
	}
	if v.s.mainPid > 0 {
		v.m.do(Action{Kind: ActUnwatch, Unit: v.u, Other: plan.NoUnit, Pid: v.s.mainPid})
	}
	v.took(pid, true)
	v.m.do(Action{Kind: ActWatch, Unit: v.u, Other: plan.NoUnit, Pid: pid})
}

// extend is EXTEND_TIMEOUT_USEC=: the present state may last at least so much
// longer, if it has a limit at all, and so long no sign of life is missed.
func (v *svc) extend(d plan.Duration) {
	if d <= 0 || v.x.state == StateAutoRestart {
		return
	}
	for _, kind := range [...]int{timerState, timerWatchdog} {
		if v.m.armed(v.u, kind) && (d == plan.Infinity || v.m.now+int64(d) > v.x.timerAt[kind]) {
			v.m.arm(v.u, kind, d)
		}
	}
}

// watchdogAlive is a sign of life, or the start of the watch.
func (v *svc) watchdogAlive() {
	if v.s.watchdog <= 0 || v.s.watchdog == plan.Infinity {
		v.m.disarm(v.u, timerWatchdog)
		return
	}
	switch v.x.state {
	case StateStart, StateStartPost, StateRunning, StateReload, StateReloadSignal, StateReloadNotify:
	default:
		return
	}
	v.m.arm(v.u, timerWatchdog, v.s.watchdog)
}

// watchdogMissed: no sign of life, or WATCHDOG=trigger.
func (v *svc) watchdogMissed() {
	switch v.x.state {
	case StateStartPost, StateRunning, StateReload, StateReloadSignal, StateReloadNotify, StateStart:
		v.m.log(v.u, MsgWatchdog, int64(v.s.watchdog))
		v.enterSignal(StateStopWatchdog, ResultWatchdog)
	}
}
