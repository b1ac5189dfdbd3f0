package machine

import "rustysd/runtime/plan"

// wish is what the fate of other units asks of a unit. Wishes are granted one
// after the other once an event is dealt with, so no unit's handler ever runs
// inside another one's.
type wish uint16

const (
	wishStart    wish = 1 << iota
	wishStop          // whatever its state
	wishRestart       // its RestartSec= is over
	wishBound         // see that what it is bound to is there
	wishUnneeded      // see if anybody needs it
	wishUphold        // see if somebody upholds it
	wishTrigger       // a socket: look at the service
	wishSucceed       // OnSuccess=, in the mode of who succeeded
	wishFail          // OnFailure=, likewise
	wishReload        // PropagatesReloadTo= of a unit that reloads by itself
)

// caused are the wishes for which it matters who has them.
const caused = wishStart | wishStop | wishSucceed | wishFail

// wish asks w of u because of cause.
//
//go:noinline
func (m *Machine) wish(u plan.UnitID, w wish, cause plan.UnitID) {
	x := &m.units[u]
	if x.wishes == 0 {
		m.wishes.push(u)
	}
	x.wishes |= w
	if w&caused != 0 {
		x.cause = cause
	}
}

// wishOthers asks w of u's neighbours by rels.
func (m *Machine) wishOthers(u plan.UnitID, rels plan.Rel, w wish) {
	for _, d := range m.deps(u, rels) {
		if d.Rel&rels == 0 || w == wishUnneeded && m.plan.Units[d.Unit].Flags&plan.StopWhenUnneeded == 0 {
			continue
		}
		m.wish(d.Unit, w, u)
	}
}

// grant does what was wished of u. During the ordered stop nothing but that
// counts.
func (m *Machine) grant(u plan.UnitID) {
	x := &m.units[u]
	w := x.wishes
	x.wishes = 0
	if m.ending != 0 {
		return
	}
	if w&wishBound != 0 {
		m.checkBound(u)
	}
	if w&wishStop != 0 && (!x.state.Active().down() || x.job != JobNone) {
		m.logOther(u, MsgStopBecause, x.cause)
		m.transact(u, JobStop)
	}
	if w&wishTrigger != 0 {
		if f := m.types[m.plan.Units[u].Kind].triggered; f != nil {
			f(m, u)
		}
	}
	if w&wishRestart != 0 && x.state == StateAutoRestart && x.job != JobStop {
		if m.transact(u, JobRestart) != MsgNone {
			m.units[u].result = ResultResources
			m.change(u, StateFailed)
		}
	}
	if w&wishStart != 0 {
		m.transact(u, JobStart)
	}
	if w&(wishFail|wishSucceed) != 0 {
		m.follow(u, w&wishFail != 0)
	}
	if w&wishReload != 0 && x.state.Active().up() && m.canReload(u) {
		m.transactAs(u, JobReload, plan.ModeFail)
	}
	if w&wishUphold != 0 {
		m.checkUpheld(u)
	}
	if w&wishUnneeded != 0 {
		m.checkUnneeded(u)
	}
}

// follow starts a unit of OnFailure= or OnSuccess=, in the job mode of the unit
// that asks for it.
func (m *Machine) follow(u plan.UnitID, failure bool) {
	mode := plan.ModeReplace
	if !failure {
		mode = plan.ModeFail
	}
	if by := m.units[u].cause; int(by) < len(m.plan.Units) {
		if a := m.plan.Units[by].Actions; a != nil && failure {
			mode = a.FailureMode
		} else if a != nil {
			mode = a.SuccessMode
		}
	}
	if m.refuseMode(u, JobStart, mode) != MsgNone {
		m.log(u, MsgReplyNoIsolate, 0)
		return
	}
	m.transactAs(u, JobStart, mode)
}

func (m *Machine) checkBound(u plan.UnitID) {
	x := &m.units[u]
	if !x.state.Active().rising() || x.job == JobStop {
		return
	}
	for _, d := range m.deps(u, plan.BindsTo) {
		if d.Rel&plan.BindsTo == 0 || m.units[d.Unit].state.Active().rising() || m.units[d.Unit].job == JobStart {
			continue
		}
		if m.units[d.Unit].job == JobRestart {
			continue // it takes u along
		}
		f := m.types[m.plan.Units[d.Unit].Kind].direct
		if f != nil && m.units[d.Unit].state.Active() == Deactivating && f(m, d.Unit) {
			continue
		}
		m.logOther(u, MsgStopBecause, d.Unit)
		m.transact(u, JobStop)
		return
	}
}

// checkUpheld starts u if a unit that is up upholds it, in the job mode that systemd
// has for it: nobody has asked for this start.
func (m *Machine) checkUpheld(u plan.UnitID) {
	x := &m.units[u]
	if x.job != JobNone || !x.state.Active().down() {
		return
	}
	for _, d := range m.deps(u, plan.UpheldBy) {
		if d.Rel&plan.UpheldBy != 0 && m.units[d.Unit].state.Active().up() && m.units[d.Unit].job != JobStop {
			m.transactAs(u, JobStart, plan.ModeFail)
			return
		}
	}
}

// checkUnneeded stops u if nobody needs it (systemd.unit(5),
// "StopWhenUnneeded=").
func (m *Machine) checkUnneeded(u plan.UnitID) {
	x := &m.units[u]
	if m.plan.Units[u].Flags&plan.StopWhenUnneeded == 0 || x.job != JobNone || !x.state.Active().up() {
		return
	}
	const needs = plan.RequiredBy | plan.WantedBy | plan.BoundBy | plan.UpheldBy | plan.RequisiteOf
	for _, d := range m.deps(u, needs) {
		o := &m.units[d.Unit]
		if d.Rel&needs != 0 && (!o.state.Active().down() || o.job == JobStart || o.job == JobRestart) {
			return
		}
	}
	m.log(u, MsgUnneeded, 0)
	m.transact(u, JobStop)
}
