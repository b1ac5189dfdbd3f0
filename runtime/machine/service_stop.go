package machine

import "rustysd/runtime/plan"

// Signal numbers, the same on all architectures that Go has for Linux.
const (
	sigHup  = 1
	sigTerm = 15
	sigKill = 9
)

// stop is a stop job, or the first half of a restart job.
func (v *svc) stop() {
	v.set(forbidRestart)
	switch v.x.state {
	case StateAutoRestart:
		v.x.flags |= quietChange
		v.disarm()
		v.cleanUp(false)
		v.m.change(v.u, StateDead)
		v.x.flags &^= quietChange
	case StateCondition, StateStartPre, StateStart, StateStartPost,
		StateReload, StateReloadSignal, StateReloadNotify, StateStopWatchdog:
		v.m.log(v.u, MsgStopping, 0)
		v.enterSignal(StateStopSigterm, Success)
	case StateRunning, StateExited:
		v.m.log(v.u, MsgStopping, 0)
		v.enterStop(Success)
	}
}

// enterStop runs ExecStop=, then kills.
func (v *svc) enterStop(r Result) {
	v.fail(r)
	v.forgetMain()
	if c := v.first(plan.ExecStop); c != noCommand && !v.is(spawning) && v.s.ctrlPid == 0 {
		v.runControl(StateStop, c)
		return
	}
	v.enterSignal(StateStopSigterm, Success)
}

// enterStopByNotify: the service said that it stops, as if it had got its
// signal (sd_notify(3), "STOPPING=1").
func (v *svc) enterStopByNotify() {
	v.enter(StateStopSigterm, v.p.TimeoutStop)
}

// enterStopPost runs ExecStopPost=, then kills what is left.
func (v *svc) enterStopPost(r Result) {
	v.fail(r)
	if c := v.first(plan.ExecStopPost); c != noCommand && !v.is(spawning) && v.s.ctrlPid == 0 {
		v.runControl(StateStopPost, c)
		return
	}
	v.enterSignal(StateFinalSigterm, Success)
}

// enterSignal enters a state whose work is a signal. The next one begins when
// those that got it are gone, or when the time is up.
func (v *svc) enterSignal(s State, r Result) {
	v.fail(r)
	v.forgetMain()
	d := v.p.TimeoutStop
	if s == StateStopWatchdog || s == StateFinalWatchdog {
		d = v.p.TimeoutAbort
	}
	v.enter(s, d)
	if v.is(spawning) {
		v.set(killDue)
		v.killStarting()
		return
	}
	v.sendSignals()
}

// killStarting signals what is being started: it may hang before its program
// runs, or before there is a child at all. Its own and its group's turn comes
// when ActSpawn is answered.
func (v *svc) killStarting() {
	if v.p.KillMode == plan.KillNone {
		return
	}
	sig, final := v.signal()
	v.kill(0, sig, 0)
	switch {
	case !final:
	case v.sparesGroup():
		v.killOwn(v.s.mainPid, sig, true) // it has no time left to wait for it
	default:
		v.killGroup(sig, 0, 0) // nor have the others
	}
}

// letGo gives up on a start: nobody waits for its answer any more.
func (v *svc) letGo() {
	if !v.is(spawning) {
		return
	}
	v.clear(spawning | spawningMain | killDue)
	a := Action{Kind: ActUnwatch, Unit: v.u, Other: plan.NoUnit}
	if v.p.Flags&plan.SendSIGKILL != 0 && v.p.KillMode != plan.KillNone {
		a.Signal = sigKill
	}
	v.m.do(a)
}

// sendSignals does the killing of the present state (systemd.kill(5),
// "KillMode="), and goes on if there is nobody to wait for.
func (v *svc) sendSignals() {
	sig, final := v.signal()
	mode := v.p.KillMode
	if mode == plan.KillNone {
		v.nextStage()
		return
	}
	group := !v.is(groupGone) && (mode == plan.KillControlGroup || mode == plan.KillMixed && final)
	if group && final {
		v.killGroup(sig, 0, 0)
		return
	}
	v.killOwn(v.s.mainPid, sig, final)
	v.killOwn(v.s.ctrlPid, sig, final)
	switch {
	case group:
		flags := int64(KillCont)
		if v.hangsUp(sig) {
			flags |= KillHUP
		}
		v.killGroup(sig, v.s.mainPid, flags)
	case v.s.mainPid == 0 && v.s.ctrlPid == 0:
		v.nextStage()
	}
}

// signal is the one of the present state, and if it is the final one.
func (v *svc) signal() (sig uint8, final bool) {
	switch v.x.state {
	case StateStopWatchdog, StateFinalWatchdog:
		return v.p.WatchdogSignal, false
	case StateStopSigkill, StateFinalSigkill:
		return v.p.FinalKillSignal, true
	}
	if v.x.state == StateStopSigterm && v.x.job == JobRestart && v.p.RestartKillSignal != 0 {
		return v.p.RestartKillSignal, false
	}
	return v.p.KillSignal, false
}

// hangsUp tells if SIGHUP follows sig: after KillSignal= alone
// (systemd.kill(5), "SendSIGHUP=").
func (v *svc) hangsUp(sig uint8) bool {
	term := v.x.state == StateStopSigterm || v.x.state == StateFinalSigterm
	return v.p.Flags&plan.SendSIGHUP != 0 && term && sig == v.p.KillSignal && sig != sigHup
}

func (v *svc) killOwn(pid int32, sig uint8, final bool) {
	if pid <= 0 {
		return
	}
	if final {
		v.kill(pid, sig, 0)
		return
	}
	v.kill(pid, sig, 1)
	if v.hangsUp(sig) {
		v.kill(pid, sigHup, 0)
	}
}

//go:noinline
func (v *svc) kill(pid int32, sig uint8, cont int64) {
	v.m.do(Action{Kind: ActKill, Unit: v.u, Other: plan.NoUnit, Pid: pid, Signal: sig, Value: cont})
}

//go:noinline
func (v *svc) killGroup(sig uint8, but int32, flags int64) {
	v.s.signals++
	v.m.do(Action{Kind: ActKillGroup, Unit: v.u, Other: plan.NoUnit, Pid: but, Signal: sig, Value: flags})
}

// signalled answers killGroup.
func (v *svc) signalled(n int32) {
	if v.s.signals == 0 {
		return
	}
	v.s.signals--
	if v.s.signals > 0 || v.is(spawning) || v.s.mainPid > 0 || v.s.ctrlPid > 0 {
		return
	}
	if n > 0 {
		v.counted(false)
		return
	}
	v.set(groupGone)
	if v.signalling() {
		v.nextStage()
	}
	v.counted(true)
}

// counted goes on with a start that waited to hear if it is alone.
func (v *svc) counted(alone bool) {
	if !v.is(counting) {
		return
	}
	v.clear(counting)
	switch {
	case v.x.state == StateStartPre && alone:
		v.enterStartPre()
	case v.x.state == StateStart && alone:
		v.enterStart()
	case v.x.state == StateStartPre, v.x.state == StateStart:
		v.enterSignal(StateStopSigterm, ResultResources)
	}
}

// signalling: the present state waits for processes to die.
//
//go:noinline
func (v *svc) signalling() bool {
	switch v.x.state {
	case StateStopWatchdog, StateStopSigterm, StateStopSigkill,
		StateFinalWatchdog, StateFinalSigterm, StateFinalSigkill:
		return true
	}
	return false
}

// nextStage leaves a state that has nobody left to wait for.
func (v *svc) nextStage() {
	hard := v.p.Flags&plan.SendSIGKILL != 0 && !v.is(groupGone) &&
		(v.p.KillMode == plan.KillControlGroup || v.p.KillMode == plan.KillMixed)
	switch v.x.state {
	case StateStopWatchdog, StateStopSigterm:
		if hard {
			v.enterSignal(StateStopSigkill, Success)
		} else {
			v.enterStopPost(Success)
		}
	case StateStopSigkill:
		v.enterStopPost(Success)
	case StateFinalWatchdog, StateFinalSigterm:
		if hard {
			v.enterSignal(StateFinalSigkill, Success)
		} else {
			v.enterDead(Success, true)
		}
	case StateFinalSigkill:
		v.enterDead(Success, true)
	}
}

// groupEmpty: nobody is left, unless the news is older than the process that
// runs now.
func (v *svc) groupEmpty() {
	if v.is(spawning) || v.s.ctrlPid > 0 || v.s.mainPid > 0 && !v.is(mainAlien) {
		return
	}
	v.set(groupGone)
	if v.is(counting | rereading) {
		return // the answer is on its way
	}
	switch v.x.state {
	case StateStart:
		v.noneToStart()
	case StateStartPost, StateRunning, StateReloadSignal, StateReloadNotify:
		if v.x.state == StateStartPost && v.is(findingMain) && !v.is(rereading) {
			v.enterStop(ResultProtocol) // nobody is left to write the PID file
			return
		}
		if v.x.state.Active() == Reloading {
			v.x.flags |= reloadFailed // nobody is left to answer
		}
		v.enterRunning(Success)
	case StateStopWatchdog, StateStopSigterm, StateStopSigkill:
		if v.s.mainPid == 0 {
			v.enterStopPost(Success)
		}
	case StateFinalWatchdog, StateFinalSigterm, StateFinalSigkill:
		if v.s.mainPid == 0 {
			v.enterDead(Success, true)
		}
	}
}

// noneToStart: nobody is left to finish the start.
func (v *svc) noneToStart() {
	switch {
	case v.is(findingMain) && v.p.PIDFile == "":
		// The answer is on its way; a forking service may leave nobody behind.
	case v.is(findingMain), v.p.Type != plan.TypeOneshot:
		v.enterStopPost(ResultProtocol)
	}
}

// forgetMain ends the search for a main process.
//
//go:noinline
func (v *svc) forgetMain() {
	if v.is(findingMain) {
		v.clear(findingMain | rereading)
		v.m.do(Action{Kind: ActForgetMain, Unit: v.u, Other: plan.NoUnit})
	}
}
