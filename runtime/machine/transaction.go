package machine

import "rustysd/runtime/plan"

// txSet is the set of job types that a transaction asks of a unit.
type txSet uint8

func txOf(t JobType) txSet { return 1 << t }

const (
	txStarts = txSet(1<<JobStart | 1<<JobRestart)
	txStops  = txSet(1<<JobStop | 1<<JobRestart)
	txNoStop = txSet(1<<JobStart | 1<<JobVerifyActive | 1<<JobReload | 1<<JobRestart)
)

// transactAs is transact in another job mode.
func (m *Machine) transactAs(anchor plan.UnitID, t JobType, mode JobMode) Msg {
	m.mode = mode
	refused := m.transact(anchor, t)
	m.mode = plan.ModeReplace
	return refused
}

// transact installs the job t for the anchor and whatever it pulls in, job
// mode "replace" (systemctl(1), "--job-mode="). It answers why it could not, or
// MsgNone.
//
// The jobs of the transaction are sets in the units: txMust are those that the
// anchor cannot do without, tx all. Each is looked at no more than twice.
func (m *Machine) transact(anchor plan.UnitID, t JobType) Msg {
	m.txAdd(anchor, t, true)
	m.txExpandAll(anchor)
	switch m.mode {
	case plan.ModeIsolate:
		m.txIsolate()
	case plan.ModeTriggering:
		m.txTriggering(anchor)
	case plan.ModeFail:
		m.txSpare()
	}
	refused := MsgNone
	switch {
	case !m.txResolve():
		refused = MsgReplyContradict
	case !m.txFits():
		refused = MsgReplyConflict
	}
	ok := refused == MsgNone
	if ok && (m.mode == plan.ModeFlush || m.mode == plan.ModeIsolate) {
		m.flushJobs()
	}
	if !ok {
		m.log(anchor, MsgConflict, int64(t))
	}
	for _, u := range m.touched {
		if ok {
			m.txInstall(u)
		}
	}
	for _, u := range m.touched {
		x := &m.units[u]
		x.tx, x.txMust, x.txTodo = 0, 0, 0
		if ok && m.mode == plan.ModeIgnoreDependencies && x.phase == phaseWaiting {
			x.waits = 0
		}
		m.enqueue(u)
	}
	m.touched = m.touched[:0]
	return refused
}

// txSpare leaves the stops alone that are there, where the anchor can do without
// a start.
//
// Diverges: systemd leaves alone, too, who runs and conflicts with the anchor, so
// that both are up.
func (m *Machine) txSpare() {
	for i := 0; i < len(m.touched); i++ {
		u := m.touched[i]
		if x := &m.units[u]; x.job == JobStop && x.tx&txNoStop != 0 && x.txMust&txNoStop == 0 {
			m.txDrop(u)
		}
	}
}

// txAdd asks for a job of u; must says that the anchor needs it.
func (m *Machine) txAdd(u plan.UnitID, t JobType, must bool) {
	x := &m.units[u]
	b := txOf(t)
	if x.tx&b != 0 && (x.txMust&b != 0 || !must) {
		return
	}
	if x.tx == 0 {
		m.touched = append(m.touched, u)
	}
	x.tx |= b
	if must {
		x.txMust |= b
	}
	if x.txTodo == 0 {
		m.todo.push(u)
	}
	x.txTodo |= b
}

// pulls are the relations that bring further units into a transaction.
const pulls = plan.Requires | plan.BindsTo | plan.Wants | plan.Upholds | plan.Requisite |
	plan.Conflicts | plan.ConflictedBy | plan.RequiredBy | plan.BoundBy | plan.ConsistsOf |
	plan.RequisiteOf | plan.PropagatesStopTo | plan.PropagatesReloadTo

// txExpandAll adds all that the jobs of the transaction pull in.
func (m *Machine) txExpandAll(anchor plan.UnitID) {
	for m.todo.n > 0 {
		u := m.todo.pop()
		x := &m.units[u]
		todo := x.txTodo
		x.txTodo = 0
		switch {
		case u == anchor || m.mode == plan.ModeIsolate:
		case x.tx&^x.met() == 0:
			continue
		default:
			todo = x.tx // what was met counts, too, when there is more
		}
		m.txExpand(u, todo)
	}
}

// met are the jobs that would change nothing about a unit. They pull in nothing,
// or each restart of a service would run again what a target that is up wants:
// as systemd drops a redundant job together with what it alone has pulled in.
func (x *unit) met() txSet {
	switch a := x.state.Active(); {
	case a.up() && x.job != JobStop:
		return txOf(JobStart) | txOf(JobVerifyActive)
	case a.down() && (x.job == JobNone || x.job == JobStop):
		return txOf(JobStop)
	}
	return 0
}

// txExpand adds what the new jobs of u pull in.
func (m *Machine) txExpand(u plan.UnitID, todo txSet) {
	x := &m.units[u]
	if todo == 0 || m.mode == plan.ModeIgnoreRequirements || m.mode == plan.ModeIgnoreDependencies {
		return
	}
	for _, d := range m.deps(u, pulls) {
		if d.Rel&pulls == 0 {
			continue
		}
		if todo&txStarts != 0 {
			m.txPullStart(d, todo&x.txMust&txStarts != 0)
		}
		if m.mode == plan.ModeRestartDependencies && todo&txOf(JobStart) != 0 {
			m.txPullStop(d, txOf(JobRestart), 0)
		}
		if todo&txStops != 0 {
			m.txPullStop(d, todo, todo&x.txMust)
		}
		if todo&txOf(JobReload) != 0 && d.Rel&plan.PropagatesReloadTo != 0 && m.units[d.Unit].state.Active().up() {
			m.txAdd(d.Unit, JobReload, false)
		}
	}
}

// txPullStart is what a start pulls in (systemd.unit(5)).
func (m *Machine) txPullStart(d plan.Dep, must bool) {
	r := d.Rel
	if r&(plan.Requires|plan.BindsTo) != 0 {
		m.txAdd(d.Unit, JobStart, must)
	} else if r&(plan.Wants|plan.Upholds) != 0 {
		m.txAdd(d.Unit, JobStart, false)
	}
	if r&plan.Requisite != 0 {
		m.txAdd(d.Unit, JobVerifyActive, must)
	}
	if r&plan.Conflicts != 0 {
		m.txAdd(d.Unit, JobStop, must)
	} else if r&plan.ConflictedBy != 0 {
		m.txAdd(d.Unit, JobStop, false)
	}
}

// txPullStop is what a stop takes along; a restart takes along, as a restart,
// what runs.
func (m *Machine) txPullStop(d plan.Dep, todo, must txSet) {
	const dependents = plan.RequiredBy | plan.BoundBy | plan.ConsistsOf | plan.RequisiteOf
	if todo&txOf(JobStop) != 0 && d.Rel&(dependents|plan.PropagatesStopTo) != 0 {
		m.txAdd(d.Unit, JobStop, must&txOf(JobStop) != 0)
	}
	if todo&txOf(JobRestart) != 0 && d.Rel&dependents != 0 {
		o := &m.units[d.Unit]
		if o.state.Active().rising() {
			m.txAdd(d.Unit, JobRestart, must&txOf(JobRestart) != 0)
		}
	}
}

// txResolve makes the set of each unit one job. It fails when the anchor needs
// both the start and the stop of a unit, unless it boots: an image must boot.
func (m *Machine) txResolve() bool {
	stop := txOf(JobStop)
	for i := 0; i < len(m.touched); i++ {
		u := m.touched[i]
		x := &m.units[u]
		if x.tx&stop == 0 || x.tx&txNoStop == 0 {
			continue
		}
		mustStop, mustRun := x.txMust&stop != 0, x.txMust&txNoStop != 0
		switch {
		case mustStop && mustRun && !m.booting:
			return false
		case mustRun && !mustStop:
			x.tx &^= stop
			m.txYield(u)
		default:
			// The unit that conflicts starts, the other one does not.
			m.log(u, MsgConflict, int64(JobStop))
			m.txDrop(u)
		}
	}
	return true
}

// txIsolate stops every unit that is up, or has a job, and that the transaction
// does not have (systemd.unit(5), "IgnoreOnIsolate=").
func (m *Machine) txIsolate() {
	for i := range m.plan.Units {
		x := &m.units[i]
		spared := m.plan.Units[i].Flags&plan.IgnoreOnIsolate != 0
		if x.tx == 0 && !spared && (x.job != JobNone || !x.state.Active().down()) {
			x.tx = txOf(JobStop)
			m.touched = append(m.touched, plan.UnitID(i))
		}
	}
}

// txTriggering stops what would start the units that stop (systemctl(1),
// "--job-mode=").
func (m *Machine) txTriggering(anchor plan.UnitID) {
	for n := 0; n < len(m.touched); n++ {
		for _, d := range m.deps(m.touched[n], plan.TriggeredBy) {
			o := &m.units[d.Unit]
			if d.Rel&plan.TriggeredBy != 0 && (o.job != JobNone || !o.state.Active().down()) {
				m.txAdd(d.Unit, JobStop, false)
			}
		}
	}
	m.txExpandAll(anchor)
}

// txFits tells if no job is there that the transaction contradicts and may not
// take away.
func (m *Machine) txFits() bool {
	for _, u := range m.touched {
		x := &m.units[u]
		t := x.wanted()
		last := m.mode == plan.ModeFail || x.flags&firm != 0
		if last && t != JobNone && x.job != JobNone && (x.job == JobStop) != (t == JobStop) {
			return false
		}
	}
	return true
}

// flushJobs takes away every job that is not in the transaction.
func (m *Machine) flushJobs() {
	for i := range m.plan.Units {
		if m.units[i].tx == 0 && m.units[i].job != JobNone {
			m.cancel(plan.UnitID(i))
		}
	}
}

// txYield takes out the starts of those that conflict with u, which is not
// stopped for their sake.
func (m *Machine) txYield(u plan.UnitID) {
	for _, d := range m.deps(u, plan.ConflictedBy) {
		if d.Rel&plan.ConflictedBy != 0 && m.units[d.Unit].tx&txStarts != 0 {
			m.log(d.Unit, MsgConflict, int64(JobStart))
			m.txDrop(d.Unit)
		}
	}
}

// txDrop takes the start of u out of the transaction, and the starts that need
// it.
func (m *Machine) txDrop(u plan.UnitID) {
	m.units[u].tx &^= txNoStop
	m.todo.push(u)
	for m.todo.n > 0 {
		v := m.todo.pop()
		for _, d := range m.deps(v, plan.RequiredBy|plan.BoundBy) {
			o := &m.units[d.Unit]
			if d.Rel&(plan.RequiredBy|plan.BoundBy) != 0 && o.tx&txNoStop != 0 {
				o.tx &^= txNoStop
				m.todo.push(d.Unit)
			}
		}
	}
}

// txInstall installs what the transaction wants of u, or merges it with the
// job that u has.
func (m *Machine) txInstall(u plan.UnitID) {
	x := &m.units[u]
	t := x.wanted()
	if t == JobNone {
		return
	}
	had, keep := x.job, x.flags&firm
	if m.mode == plan.ModeReplaceIrreversibly {
		keep = firm
	}
	clash := had != JobNone && (had == JobStop) != (t == JobStop)
	if clash {
		m.cancel(u)
	}
	switch {
	case m.redundant(u, t):
		return
	case clash || had == JobNone:
		m.install(u, t)
	case x.merged(had, t) == had && (t != JobReload || x.phase != phaseRunning):
		// The job does what is asked, and more. A reload that runs may have
		// read the configuration before it was changed last.
	default:
		m.uninstall(u)
		m.install(u, x.merged(had, t))
	}
	if x.job != JobNone {
		x.flags |= keep
	}
}

// merged is the job that does what both do; neither is a stop.
func (x *unit) merged(a, b JobType) JobType {
	a, b = min(a, b), max(a, b)
	if b == JobReload && a == JobStart && !x.state.Active().up() {
		return JobStart // it will come up with its new configuration
	}
	if b == JobVerifyActive {
		return a
	}
	return b
}

// wanted is the one job that stands for the set (systemd merges jobs alike).
func (x *unit) wanted() JobType {
	has := func(t JobType) bool { return x.tx&txOf(t) != 0 }
	switch {
	case has(JobStop):
		return JobStop
	case has(JobRestart):
		return JobRestart
	case has(JobReload) && x.state.Active().up():
		return JobReload
	case has(JobStart):
		return JobStart
	case has(JobVerifyActive):
		return JobVerifyActive
	}
	return JobNone
}

// redundant: u is already what t would make of it, and no job changes that.
func (m *Machine) redundant(u plan.UnitID, t JobType) bool {
	x := &m.units[u]
	if x.job != JobNone {
		return false
	}
	a := x.state.Active()
	return t.starts() && a.up() || t == JobStop && a.down()
}

// cancel takes u's job away, for another one's sake.
func (m *Machine) cancel(u plan.UnitID) { m.finish(u, JobCanceled) }
