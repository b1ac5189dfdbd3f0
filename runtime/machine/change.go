package machine

import "rustysd/runtime/plan"

// change puts u into state s and tells its job and its neighbours. What they
// do about it waits until the event at hand is dealt with: see wish.
func (m *Machine) change(u plan.UnitID, s State) {
	x := &m.units[u]
	old, now := x.state.Active(), s.Active()
	x.state, x.since = s, m.now
	quiet := x.flags & (willRestart | quietChange)
	if old != now {
		x.pass(old, now, m.now)
		m.count(old, now)
	}
	alone := x.job == JobNone || x.phase == phaseRunning && !x.job.takesDown()
	if x.phase == phaseHeld {
		m.setPhase(u, phaseWaiting)
		m.enqueue(u)
	}
	m.advance(u, now)
	if old != now {
		if old.rising() && !now.rising() || now.down() && !old.down() {
			// systemd.unit(5), "BindsTo=": a unit bound to one that enters
			// inactive state is stopped too, whatever the cause. On the way
			// down its start job may still have been there.
			m.wishOthers(u, plan.BoundBy, wishBound)
		}
		if alone && old.rising() && !now.rising() {
			// A stop job would have told them.
			m.propagateStop(u)
		}
		// A start limit takes a unit from inactive to failed, which counts as a
		// failure (systemd.unit(5), "OnFailure="); reset-failed the other way.
		if now.down() && (!old.down() || now == Failed) && quiet == 0 {
			m.isDown(u, now)
		}
		if now.down() {
			m.isGone(u)
		}
		if now.up() && !old.up() {
			m.isUp(u)
		}
	}
	m.wishTriggers(u)
}

// propagateStop stops those of PropagatesStopTo= that are up or come up; who
// has still to start does so.
func (m *Machine) propagateStop(u plan.UnitID) {
	for _, d := range m.deps(u, plan.PropagatesStopTo) {
		if d.Rel&plan.PropagatesStopTo != 0 && m.units[d.Unit].state.Active().rising() {
			m.wish(d.Unit, wishStop, u)
		}
	}
}

func (m *Machine) count(old, now Active) {
	if old == Failed {
		m.failed--
	}
	if now == Failed {
		m.failed++
	}
}

// advance ends u's running job if its unit has come where it should, or cannot
// any more.
func (m *Machine) advance(u plan.UnitID, now Active) {
	x := &m.units[u]
	if x.phase != phaseRunning {
		return
	}
	switch x.job {
	case JobStart, JobVerifyActive:
		switch {
		case now.up(), now == Inactive: // a oneshot has been up
			m.finish(u, JobDone)
		case now == Failed:
			m.finish(u, JobFailed)
		}
	case JobStop, JobRestart:
		switch {
		case now.down():
			m.finish(u, JobDone)
		case now != Deactivating:
			m.finish(u, JobFailed)
		}
	case JobReload:
		switch {
		case now == Reloading:
		case now == ActiveUp && x.flags&reloadFailed == 0:
			m.finish(u, JobDone)
		default:
			m.finish(u, JobFailed)
		}
	}
}

// isDown: u has ended, and is not about to restart.
func (m *Machine) isDown(u plan.UnitID, now Active) {
	a := m.plan.Units[u].Actions
	if now == Failed {
		m.wishOthers(u, plan.OnFailure, wishFail)
		m.failRequirers(u)
		if a != nil {
			m.act(u, a.Failure, a.FailureExitStatus)
		}
	} else {
		m.wishOthers(u, plan.OnSuccess, wishSucceed)
		if a != nil {
			m.act(u, a.Success, a.SuccessExitStatus)
		}
	}
}

// isGone: u is down, however it came to that.
func (m *Machine) isGone(u plan.UnitID) {
	m.lets(u)
	if m.units[u].rels&plan.UpheldBy != 0 {
		m.wish(u, wishUphold, plan.NoUnit)
	}
}

// lets has those go that u needed, if nobody else does.
func (m *Machine) lets(u plan.UnitID) {
	m.wishOthers(u, plan.Requires|plan.Wants|plan.BindsTo|plan.Requisite|plan.Upholds, wishUnneeded)
}

// failRequirers stops what requires u, which failed for good.
//
// Diverges: systemd lets a unit go on whose Requires= fails after it is up.
func (m *Machine) failRequirers(u plan.UnitID) {
	const rels = plan.RequiredBy | plan.BoundBy
	job := m.units[u].job
	stays := job == JobNone || job == JobReload // nothing brings it back
	for _, d := range m.deps(u, rels) {
		if d.Rel&rels == 0 || d.Rel&plan.BoundBy == 0 && m.keeps(d, u) {
			continue
		}
		o := &m.units[d.Unit]
		switch {
		case o.state.Active().rising(), o.job == JobRestart && stays:
			m.wish(d.Unit, wishStop, u)
		case o.job.starts() && stays:
			m.logOther(d.Unit, MsgDependency, u)
			m.finish(d.Unit, JobDependency)
		}
	}
}

// keeps tells if the requirer in d stays when u fails.
func (m *Machine) keeps(d plan.Dep, u plan.UnitID) bool {
	if d.Rel&plan.KeepsOnFailure != 0 {
		return true
	}
	deps := m.plan.Units[d.Unit].Deps
	lo, hi := 0, len(deps)
	for lo < hi {
		if mid := (lo + hi) / 2; deps[mid].Unit < u {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(deps) && deps[lo].Unit == u && deps[lo].Rel&plan.KeepsOnFailure != 0
}

func (m *Machine) isUp(u plan.UnitID) {
	m.wishOthers(u, plan.Upholds, wishUphold)
	m.recheck(u)
}

// recheck looks at what u needs to stay up: when it has come up, and when its
// job ends, as it was left alone until then.
func (m *Machine) recheck(u plan.UnitID) {
	if m.plan.Units[u].Flags&plan.StopWhenUnneeded != 0 {
		m.wish(u, wishUnneeded, plan.NoUnit)
	}
	// Who is bound to a unit that went while they waited must look again.
	if m.units[u].rels&plan.BindsTo != 0 {
		m.wish(u, wishBound, plan.NoUnit)
	}
}

// wishTriggers has the sockets of a service look at it.
func (m *Machine) wishTriggers(u plan.UnitID) {
	if m.plan.Units[u].Kind == plan.KindService {
		m.wishOthers(u, plan.TriggeredBy, wishTrigger)
	}
}

// Passage is a change of a unit's active state whose time is kept, or the last
// time when its conditions were looked at.
type Passage uint8

// The passages, by systemd's names.
const (
	InactiveExit Passage = iota
	ActiveEnter
	ActiveExit
	InactiveEnter
	ConditionTest
	numPassages
)

// pass notes the time of a change; a reload is none.
func (x *unit) pass(old, now Active, at int64) {
	switch {
	case old.down() && !now.down():
		x.passed[InactiveExit] = at
	case !old.down() && now.down():
		x.passed[InactiveEnter] = at
	}
	switch {
	case !old.up() && now.up():
		x.passed[ActiveEnter] = at
	case old.up() && !now.up():
		x.passed[ActiveExit] = at
	}
}
