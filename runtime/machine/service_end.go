package machine

import "rustysd/runtime/plan"

// enterDead ends the service's life, and begins the wait for the next one if
// Restart= says so and the caller may.
func (v *svc) enterDead(r Result, may bool) {
	v.fail(r)
	v.disarm()
	v.forgetMain()
	end := StateFailed
	if v.x.result == Success || v.x.result == ResultExecCondition {
		end = StateDead
	}
	again := may && v.mayRestart()
	v.clear(forbidRestart | viaRestart)
	v.sayEnd(end)
	v.leave(again)
	if !again {
		v.enter(end, plan.Infinity)
		return
	}
	delay := v.restartDelay()
	v.m.log(v.u, MsgRestarting, int64(delay))
	v.x.flags |= willRestart
	if v.p.RestartMode != plan.RestartDirect {
		v.enter(end, plan.Infinity)
	}
	v.enter(StateAutoRestart, max(delay, 1))
	v.x.flags &^= willRestart
}

func (v *svc) sayEnd(end State) {
	switch {
	case end == StateFailed:
		v.m.log(v.u, MsgFailed, packFailure(v.x.result, v.s.code, v.s.status))
	case v.x.job == JobNone && v.x.result == Success:
		v.m.log(v.u, MsgDeactivated, 0)
	}
}

// leave gives back what the service held.
func (v *svc) leave(again bool) {
	v.letGo()
	if v.is(mainAlien) && v.s.mainPid > 0 {
		v.m.do(Action{Kind: ActUnwatch, Unit: v.u, Other: plan.NoUnit, Pid: v.s.mainPid})
	}
	if v.sparesGroup() || v.s.mainPid > 0 || v.s.ctrlPid > 0 {
		v.abandon()
	}
	if v.p.Type == plan.TypeDBus || v.p.BusName != "" {
		v.m.do(Action{Kind: ActWatchBus, Unit: v.u, Other: plan.NoUnit, Value: 0})
		v.clear(busGood)
	}
	v.cleanUp(again)
}

// cleanUp has the driver take away what belongs to one run.
func (v *svc) cleanUp(again bool) {
	a := Action{Kind: ActCleanUp, Unit: v.u, Other: plan.NoUnit}
	if again || v.x.job == JobRestart {
		a.Value = 1
	}
	v.m.do(a)
}

// abandon lets processes go that KillMode= spares or that no signal ended.
func (v *svc) abandon() {
	for _, pid := range [...]int32{v.s.mainPid, v.s.ctrlPid} {
		if pid > 0 && !v.is(mainAlien) {
			v.m.do(Action{Kind: ActUnwatch, Unit: v.u, Other: plan.NoUnit, Pid: pid})
		}
	}
	v.s.mainPid, v.s.ctrlPid = 0, 0
}

// direct: RestartMode=direct, and the service ends by itself to begin again
// (systemd.service(5), "RestartMode=").
func (v *svc) direct() bool {
	return v.p.RestartMode == plan.RestartDirect && v.x.job == JobNone && v.mayRestart()
}

// mayRestart is the table of systemd.service(5), "Restart=", with its
// exceptions.
func (v *svc) mayRestart() bool {
	switch {
	case v.is(forbidRestart), v.m.ending != notEnding, v.x.job.takesDown():
		return false
	case v.inSet(v.p.Prevent):
		return false
	case v.inSet(v.p.Force):
		return true
	}
	return restarts(v.p.Restart, v.x.result)
}

func restarts(setting plan.Restart, r Result) bool {
	switch setting {
	case plan.RestartAlways:
		return r != ResultExecCondition
	case plan.RestartOnSuccess:
		return r == Success
	case plan.RestartOnFailure:
		return r != Success && r != ResultExecCondition
	case plan.RestartOnAbnormal:
		return r != Success && r != ResultExecCondition && r != ResultExitCode
	case plan.RestartOnWatchdog:
		return r == ResultWatchdog
	case plan.RestartOnAbort:
		return r == ResultSignal || r == ResultCoreDump
	}
	return false
}

// restartDelay is RestartSec=, or with RestartSteps= what grows from it to
// RestartMaxDelaySec= by the same factor each time.
func (v *svc) restartDelay() plan.Duration {
	d, most, steps := v.p.RestartSec, v.p.RestartMaxDelay, int(v.p.RestartSteps)
	if steps == 0 || most == plan.Infinity || most <= d || d == 0 {
		return d
	}
	n := int(v.s.restarts)
	if n >= steps {
		return most
	}
	return plan.Duration(float64(d) * pow(root(float64(most)/float64(d), steps), n))
}

// root is the n-th root of x ≥ 1, by halving.
func root(x float64, n int) float64 {
	lo, hi := 1.0, x
	for range 64 {
		if mid := (lo + hi) / 2; pow(mid, n) < x {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

func pow(x float64, n int) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			y *= x
		}
		x *= x
	}
	return y
}

// timeout: the present state has lasted too long.
func (v *svc) timeout() {
	if v.x.state == StateAutoRestart {
		v.s.restarts++
		v.set(viaRestart)
		v.m.wish(v.u, wishRestart, plan.NoUnit)
		return
	}
	if v.x.state == StateRunning {
		v.m.log(v.u, MsgRuntimeMax, 0)
		v.enterStop(ResultTimeout)
		return
	}
	v.m.log(v.u, MsgTimeout, int64(v.x.state))
	switch v.x.state {
	case StateCondition, StateStartPre, StateStart, StateStartPost:
		v.kill3(v.p.TimeoutStartMode, StateStopWatchdog)
	case StateReload, StateReloadSignal, StateReloadNotify:
		if v.s.ctrlPid > 0 {
			v.kill(v.s.ctrlPid, sigKill, 0)
		}
		v.abandonCtrl()
		v.reloaded(ResultTimeout)
	case StateStop, StateStopSigterm:
		v.kill3(v.stopMode(), StateStopWatchdog)
	case StateStopWatchdog:
		v.harder(StateStopSigkill)
	case StateStopSigkill:
		v.m.log(v.u, MsgStillThere, 0)
		v.letGo()
		v.enterStopPost(ResultTimeout)
	case StateStopPost, StateFinalSigterm:
		v.kill3(v.stopMode(), StateFinalWatchdog)
	case StateFinalWatchdog:
		v.harder(StateFinalSigkill)
	case StateFinalSigkill:
		v.m.log(v.u, MsgStillThere, 0)
		v.enterDead(ResultTimeout, true)
	}
}

// stopMode is TimeoutStopFailureMode=, where a second SIGTERM is not worth it.
func (v *svc) stopMode() plan.TimeoutMode {
	sent := v.x.state == StateStopSigterm || v.x.state == StateFinalSigterm
	if sent && v.p.TimeoutStopMode == plan.TimeoutTerminate {
		return plan.TimeoutKill
	}
	return v.p.TimeoutStopMode
}

// kill3 ends a state that took too long as the failure mode says; abort is the
// state for TimeoutAbort and tells stop states from final ones.
func (v *svc) kill3(mode plan.TimeoutMode, abort State) {
	term, hard := StateStopSigterm, StateStopSigkill
	if abort == StateFinalWatchdog {
		term, hard = StateFinalSigterm, StateFinalSigkill
	}
	switch mode {
	case plan.TimeoutAbortMode:
		v.enterSignal(abort, ResultTimeout)
	case plan.TimeoutKill:
		v.harder(hard)
	default:
		v.enterSignal(term, ResultTimeout)
	}
}

// harder sends the final signal, unless SendSIGKILL=no.
func (v *svc) harder(s State) {
	switch {
	case v.p.Flags&plan.SendSIGKILL != 0:
		v.enterSignal(s, ResultTimeout)
	case s == StateStopSigkill:
		v.letGo()
		v.enterStopPost(ResultTimeout)
	default:
		v.enterDead(ResultTimeout, false)
	}
}

// abandonCtrl forgets a control process that was killed; its end is of no
// interest.
func (v *svc) abandonCtrl() {
	if v.s.ctrlPid > 0 {
		v.m.do(Action{Kind: ActUnwatch, Unit: v.u, Other: plan.NoUnit, Pid: v.s.ctrlPid})
		v.s.ctrlPid = 0
	}
	v.letGo()
	v.s.command = noCommand
}
