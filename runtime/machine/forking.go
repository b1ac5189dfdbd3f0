package machine

import "rustysd/runtime/plan"

// Forking makes a machine look for main processes (Type=forking).
func Forking(m *Machine) {
	m.on[plan.KindService][EvMainPID] = func(m *Machine, ev *Event) { m.svc(ev.Unit).foundMain(ev) }
}

// foundMain answers ActFindMain, perhaps a second time when a PID file has
// appeared.
func (v svc) foundMain(ev *Event) {
	if !v.is(findingMain) {
		v.m.ignore(ev)
		return
	}
	switch {
	case ev.Pid > 0:
		v.clear(findingMain)
		v.took(ev.Pid, true)
		v.clear(groupGone)
	case v.p.PIDFile != "":
		// systemd.service(5), "PIDFile=": it may be late, within
		// TimeoutStartSec=.
		v.m.log(v.u, MsgPIDFile, int64(ev.Status))
		return
	default:
		v.clear(findingMain)
		v.m.log(v.u, MsgNoMainPID, 0)
	}
	if v.x.state == StateStart {
		v.enterStartPost()
	}
}
