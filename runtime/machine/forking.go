package machine

import "rustysd/runtime/plan"

// Forking makes a machine look for main processes (Type=forking).
func Forking(m *Machine) {
	m.on[plan.KindService][EvMainPID] = func(m *Machine, ev *Event) { m.svc(ev.Unit).foundMain(ev) }
}

// foundMain answers ActFindMain, perhaps a second time when a PID file has
// appeared.
func (v *svc) foundMain(ev *Event) {
	if !v.is(findingMain) {
		v.m.ignore(ev)
		return
	}
	if ev.Pid == v.s.ctrlPid {
		ev.Pid = 0 // systemd refuses it, too: its end would be that of the service
	}
	switch {
	case v.is(rereading):
		v.foundAgain(ev.Pid)
		return
	case ev.Pid > 0:
		v.clear(findingMain)
		v.takes(ev.Pid)
	case v.p.PIDFile != "":
		// systemd.service(5), "PIDFile=": it may be late, within
		// TimeoutStartSec=.
		if v.x.state == StateStart && v.first(plan.ExecStartPost) != noCommand {
			v.enterStartPost() // which may write it
			return
		}
		if v.is(groupGone) && !v.mainBusy() && !v.ctrlBusy() {
			v.enterStop(ResultProtocol) // nobody is left to write it
			return
		}
		v.m.log(v.u, MsgPIDFile, int64(ev.Status))
		return
	default:
		v.clear(findingMain)
		v.m.log(v.u, MsgNoMainPID, 0)
	}
	if v.x.state == StateStart {
		v.enterStartPost()
		return
	}
	v.posted()
}

// posted: ExecStartPost= is done, if there is one, and the main process is known.
func (v *svc) posted() {
	if v.x.state == StateStartPost && !v.ctrlBusy() {
		v.enterRunning(Success)
	}
}

// takes makes pid the main process, whatever was it before.
func (v *svc) takes(pid int32) {
	if old := v.s.mainPid; old > 0 && old != pid {
		v.m.do(Action{Kind: ActUnwatch, Unit: v.u, Other: plan.NoUnit, Pid: old})
	}
	v.took(pid, true)
	v.clear(groupGone)
}

// foundAgain is the answer for a service that is up: the PID file names its
// main process, another one, or none that is there.
func (v *svc) foundAgain(pid int32) {
	v.clear(rereading)
	v.forgetMain()
	switch old := v.s.mainPid; {
	case pid > 0 && pid != old:
		v.takes(pid)
		v.posted()
	case old == 0:
		ev := Event{Code: v.s.code, Status: v.s.status}
		v.mainEnded(&ev, v.resultOf(&ev, true))
	}
}
