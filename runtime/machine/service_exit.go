package machine

import "rustysd/runtime/plan"

// exited: a process of the service was reaped.
func (v *svc) exited(ev *Event) {
	switch {
	case ev.Pid > 0 && ev.Pid == v.s.mainPid:
		v.mainExited(ev)
	case ev.Pid > 0 && ev.Pid == v.s.ctrlPid:
		v.ctrlExited(ev)
	default:
		v.m.ignore(ev)
	}
}

// resultOf judges how a process ended. daemon is true for a main process that
// is not a oneshot: then some signals are clean (systemd.service(5),
// "SuccessExitStatus=").
func (v *svc) resultOf(ev *Event, daemon bool) Result {
	ok := v.p.Success
	if ev.Code == Exited {
		if ev.Status == 0 || ok != nil && inStatus(ok, ev.Status) {
			return Success
		}
		return ResultExitCode
	}
	if ev.Code == Dumped {
		return ResultCoreDump // whatever SuccessExitStatus= says of the signal
	}
	if daemon {
		switch ev.Status {
		case 1, 2, 13, 15: // SIGHUP, SIGINT, SIGPIPE, SIGTERM
			return Success
		}
	}
	if ok != nil && inSignals(ok, ev.Status) {
		return Success
	}
	return ResultSignal
}

func inStatus(s *plan.ExitSet, n int32) bool {
	return n >= 0 && n < 256 && s.Status[n>>6]>>(n&63)&1 != 0
}

func inSignals(s *plan.ExitSet, n int32) bool {
	return n > 0 && n < 128 && s.Signals[n>>6]>>(n&63)&1 != 0
}

// inSet tells if the main process ended in a way that is in s.
func (v *svc) inSet(s *plan.ExitSet) bool {
	if s == nil || v.s.code == 0 {
		return false
	}
	if v.s.code == Exited {
		return inStatus(s, v.s.status)
	}
	return inSignals(s, v.s.status)
}

func (v *svc) mainExited(ev *Event) {
	r := v.resultOf(ev, v.p.Type != plan.TypeOneshot)
	v.s.mainPid, v.s.code, v.s.status = 0, ev.Code, ev.Status
	v.s.ended = v.m.now
	switch {
	case v.is(rereading): // the answer tells what this end means
	case v.mayHaveMoved():
		v.reread()
	default:
		v.mainEnded(ev, r)
	}
}

// reread looks at the PID file of a service that is up once more.
func (v *svc) reread() {
	v.set(rereading)
	v.findMain()
}

// mayHaveMoved: a daemon that lets another process of its own take over, as
// some do for an upgrade, has written its PID file before the old one ends.
func (v *svc) mayHaveMoved() bool {
	switch v.x.state {
	case StateStartPost, StateRunning, StateReload:
		return v.p.PIDFile != "" && !v.is(findingMain)
	}
	return false
}

// mainEnded goes on when the end of the main process is one of its service's.
func (v *svc) mainEnded(ev *Event, r Result) {
	c := v.s.mainCommand
	v.sayExit(ev, r)
	if c != noCommand && v.p.Commands[c].Flags&plan.IgnoreFailure != 0 {
		r = Success
	}
	v.fail(r)
	if n := v.next(c); n != noCommand && r == Success && v.x.result == Success && v.x.state == StateStart {
		v.spawn(n, true)
		v.arm(v.timeOf(n))
		return
	}
	v.s.mainCommand = noCommand
	v.mainGone(r)
}

func (v *svc) sayExit(ev *Event, r Result) {
	if r == Success || v.signalling() {
		return
	}
	v.m.do(Action{Kind: ActLog, Unit: v.u, Other: plan.NoUnit, Pid: ev.Pid,
		Msg: MsgExited, Value: packFailure(r, ev.Code, ev.Status)})
}

// mainGone goes on after the main process ended with r.
func (v *svc) mainGone(r Result) {
	if v.p.ExitType == plan.ExitCgroup && !v.is(groupGone) && v.outlives() {
		return
	}
	switch v.x.state {
	case StateStart:
		v.mainGoneStarting(r)
	case StateRunning:
		v.enterRunning(r)
	case StateReloadSignal, StateReloadNotify:
		v.x.flags |= reloadFailed
		v.enterRunning(r)
	case StateStartPost, StateReload:
		// The control process decides, if there is one.
		if !v.ctrlBusy() {
			v.enterStop(r)
		}
	case StateStopWatchdog, StateStopSigterm, StateStopSigkill:
		if !v.ctrlBusy() {
			v.enterStopPost(r)
		}
	case StateStopPost:
		if !v.ctrlBusy() {
			v.enterSignal(StateFinalSigterm, r)
		}
	case StateFinalWatchdog, StateFinalSigterm, StateFinalSigkill:
		v.fail(r)
		v.lastGone()
	}
}

// outlives: the others of the group are what the service waits for, until
// EvGroupEmpty (systemd.service(5), "ExitType=").
func (v *svc) outlives() bool {
	switch v.x.state {
	case StateStart:
		if v.p.Type == plan.TypeExec {
			v.enterStartPost()
		}
		return v.p.Type != plan.TypeOneshot && v.p.Type != plan.TypeForking
	case StateStartPost, StateRunning, StateReload, StateReloadSignal, StateReloadNotify:
		return true
	}
	return false
}

func (v *svc) mainGoneStarting(r Result) {
	switch v.p.Type {
	case plan.TypeOneshot:
		if r == Success {
			v.enterStartPost()
		} else {
			v.enterSignal(StateStopSigterm, r)
		}
	case plan.TypeNotify, plan.TypeNotifyReload:
		if r == Success && (v.p.Flags&plan.RemainAfterExit == 0 || v.s.notifyAccess == plan.NotifyMain) {
			r = ResultProtocol // nobody is left to say READY=1
		}
		if r != Success {
			v.enterSignal(StateStopSigterm, r)
		}
	case plan.TypeForking:
		// The process that the PID file named went before the start was over.
		if !v.ctrlBusy() {
			v.enterRunning(r)
		}
	default: // as systemd takes a Type=dbus that ends well without its name
		v.enterRunning(r)
	}
}

// lastGone goes on in a final state when a process that the service knew has
// gone: is anybody else there?
func (v *svc) lastGone() {
	if v.s.mainPid > 0 || v.s.ctrlPid > 0 || v.is(spawning) {
		return
	}
	v.sendSignals()
}

func (v *svc) ctrlExited(ev *Event) {
	r := v.resultOf(ev, v.x.state == StateStart) // a forking daemon's first process
	c := v.s.command
	v.s.ctrlPid = 0
	v.sayExit(ev, r)
	switch {
	case c != noCommand && v.p.Commands[c].Flags&plan.IgnoreFailure != 0:
		r = Success
	case v.x.state == StateCondition && r == ResultExitCode && ev.Status < 255:
		r = ResultExecCondition
		v.m.log(v.u, MsgSkipped, int64(ev.Status))
	}
	if n := v.next(c); n != noCommand && r == Success && !v.signalling() && v.x.state != StateStart {
		v.spawn(n, false)
		v.arm(v.timeOf(n))
		return
	}
	v.s.command = noCommand
	v.ctrlGone(r)
}

// ctrlGone goes on after the last control process of a state ended with r.
func (v *svc) ctrlGone(r Result) {
	switch v.x.state {
	case StateCondition:
		v.orFail(r, (*svc).enterStartPre)
	case StateStartPre:
		v.orFail(r, (*svc).enterStart)
	case StateStart:
		v.orFail(r, (*svc).forked)
	case StateStartPost:
		v.orFail(r, (*svc).postDone)
	case StateReload:
		if r == Success && v.mayHaveMoved() {
			v.reread()
		}
		v.reloaded(r)
	case StateStop:
		v.enterSignal(StateStopSigterm, r)
	case StateStopWatchdog, StateStopSigterm, StateStopSigkill:
		v.fail(r)
		if !v.mainBusy() {
			v.enterStopPost(r)
		}
	case StateStopPost:
		v.enterSignal(StateFinalSigterm, r)
	case StateFinalWatchdog, StateFinalSigterm, StateFinalSigkill:
		v.fail(r)
		v.lastGone()
	}
}

func (v *svc) orFail(r Result, then func(*svc)) {
	if r != Success {
		v.enterSignal(StateStopSigterm, r)
		return
	}
	then(v)
}

// postDone: the service is up, unless its PID file is still to come, or to be
// read: ExecStartPost= may have written it, whatever the type. What a daemon was
// to be guessed from may be clear by now, too.
func (v *svc) postDone() {
	switch {
	case v.is(findingMain):
		v.m.log(v.u, MsgPIDFile, 0)
	case v.p.PIDFile != "" || v.guesses() && !v.is(mainKnown):
		v.findMain()
	default:
		v.enterRunning(Success)
	}
}

// guesses tells if the main process of a forking service is looked for without
// a PID file (systemd.service(5), "GuessMainPID=").
func (v *svc) guesses() bool {
	return v.p.Type == plan.TypeForking && v.p.Flags&plan.GuessMainPID != 0
}

// forked: the first process of a forking service has gone, as it should; who
// is the main process?
func (v *svc) forked() {
	if v.s.mainPid > 0 {
		v.enterStartPost()
		return
	}
	if v.p.PIDFile == "" && !v.guesses() {
		v.enterStartPost()
		return
	}
	v.findMain()
}

func (v *svc) findMain() {
	v.set(findingMain)
	v.m.do(Action{Kind: ActFindMain, Unit: v.u, Other: plan.NoUnit})
}

// oom: the kernel killed a process of the service (systemd.service(5),
// "OOMPolicy=").
func (v *svc) oom() {
	v.m.log(v.u, MsgOOM, 0)
	if v.p.OOMPolicy == plan.OOMContinue {
		return
	}
	kill := v.p.OOMPolicy == plan.OOMKill
	switch v.x.state {
	case StateCondition, StateStartPre, StateStart, StateStartPost, StateStop:
		v.enterSignal(oomState(kill), ResultOOMKill)
	case StateRunning, StateExited, StateReload, StateReloadSignal, StateReloadNotify:
		if kill || v.ctrlBusy() {
			v.enterSignal(oomState(kill), ResultOOMKill)
		} else {
			v.enterStop(ResultOOMKill)
		}
	case StateStopWatchdog, StateStopSigterm:
		v.enterSignal(StateStopSigkill, ResultOOMKill)
	case StateStopPost, StateFinalWatchdog, StateFinalSigterm:
		v.enterSignal(StateFinalSigkill, ResultOOMKill)
	case StateStopSigkill, StateFinalSigkill:
		v.fail(ResultOOMKill)
	}
}

func oomState(kill bool) State {
	if kill {
		return StateStopSigkill
	}
	return StateStopSigterm
}
