//go:build rustysd_panic

package machine

import "rustysd/runtime/plan"

// PanicAtExit is for tests alone: the step that hears of the next exit breaks
// off.
func PanicAtExit(m *Machine) {
	hear := m.on[plan.KindService][EvExited]
	m.on[plan.KindService][EvExited] = func(m *Machine, ev *Event) {
		m.on[plan.KindService][EvExited] = hear
		m.log(ev.Unit, MsgExited, 0)
		panic("as asked for in a step")
	}
}
