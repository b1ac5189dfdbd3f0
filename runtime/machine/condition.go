package machine

import "rustysd/runtime/plan"

// Conditions makes a machine ask for a unit's conditions before it starts the
// unit. To look at the world takes system calls, so the driver does it: ActCheck
// asks, EvChecked answers.
func Conditions(m *Machine) {
	m.check = (*Machine).askConditions
	for k := range m.on {
		m.on[k][EvChecked] = (*Machine).checked
	}
}

// The answers of EvChecked.
const (
	CheckHolds   = 0
	CheckSkips   = 1 // a condition does not hold
	CheckRefuses = 2 // an assertion does not hold
)

// askConditions asks if u has conditions; then its start goes on in checked.
func (m *Machine) askConditions(u plan.UnitID) bool {
	if len(m.plan.Units[u].Conditions) == 0 {
		return false
	}
	m.began(u)
	m.units[u].flags |= checking
	m.do(Action{Kind: ActCheck, Unit: u, Other: plan.NoUnit})
	return true
}

// checked goes on with a start whose conditions are known. When the job went
// meanwhile, nobody is interested any more.
func (m *Machine) checked(ev *Event) {
	u := ev.Unit
	x := &m.units[u]
	if x.flags&checking == 0 || x.job != JobStart || x.phase != phaseRunning {
		return
	}
	x.passed[ConditionTest] = m.now
	switch ev.Status {
	case CheckHolds:
		x.flags &^= checking
		if x.waits = m.newcomers(u); x.waits > 0 {
			m.setPhase(u, phaseWaiting)
			return
		}
		m.beginNow(u)
		return
	case CheckRefuses:
		x.flags = x.flags&^asserted | met
		m.log(u, MsgAssert, int64(ev.Command))
		m.finish(u, JobFailed)
	default:
		x.flags &^= met | asserted
		m.skip(u, ev.Command)
	}
}

// newcomers counts the jobs that u's job follows, and that came while the
// conditions were looked at: to them it was running, though nothing had begun.
func (m *Machine) newcomers(u plan.UnitID) (n int32) {
	x := &m.units[u]
	for _, d := range m.deps(u, ordering) {
		if o := &m.units[d.Unit]; d.Rel&ordering != 0 && o.job != JobNone && follows(d.Rel, x.job, o.job) {
			n++
		}
	}
	return n
}

// skip ends the start of a unit that is not meant to run here. The job is done
// as far as others care (systemd.unit(5), "Conditions and Asserts": the unit
// is skipped, and dependencies do not fail). The start counts for the start
// limit all the same, or what triggers the unit would do it for ever.
func (m *Machine) skip(u plan.UnitID, which uint16) {
	p := &m.plan.Units[u]
	if !m.units[u].starts.allow(m.now, p.StartLimitInterval, p.StartLimitBurst) {
		m.units[u].flags &^= checking
		m.limitHit(u)
		return
	}
	m.log(u, MsgConditionSkips, int64(which))
	m.finish(u, JobDone)
}
