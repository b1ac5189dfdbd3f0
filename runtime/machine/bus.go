package machine

import "rustysd/runtime/plan"

// Bus makes a machine follow bus names (BusName=, Type=dbus).
func Bus(m *Machine) {
	m.on[plan.KindService][EvBusName] = func(m *Machine, ev *Event) { m.svc(ev.Unit).busName(ev.Status) }
}

// busName: the name got an owner (1), lost it (0), or the bus is not there.
func (v *svc) busName(status int32) {
	if status > 0 {
		v.set(busGood)
		if v.x.state == StateStart && v.p.Type == plan.TypeDBus && !v.is(spawning) {
			v.enterStartPost()
		}
		return
	}
	if v.p.Type != plan.TypeDBus {
		v.clear(busGood)
		return
	}
	if status < 0 {
		v.m.log(v.u, MsgBusName, int64(-status))
	}
	lost := v.is(busGood)
	v.clear(busGood)
	switch {
	case status < 0 && v.x.state == StateStart:
		v.enterSignal(StateStopSigterm, ResultResources)
	case lost && v.x.state == StateRunning:
		// systemd.service(5), "Type=": without its name the service is no
		// longer functional.
		v.m.log(v.u, MsgBusName, 0)
		v.enterRunning(Success)
	}
}
