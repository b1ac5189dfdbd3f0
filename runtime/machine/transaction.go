package machine

import "rustysd/runtime/plan"

// txSet is the set of job types that a transaction asks of a unit.
type txSet uint8

func txOf(t JobType) txSet { return 1 << t }

const (
	txStarts = txSet(1<<JobStart | 1<<JobRestart)
	txStops  = txSet(1<<JobStop | 1<<JobRestart)
	txNoStop = txSet(1<<JobStart | 1<<JobVerifyActive | 1<<JobReload | 1<<JobRestart)
	txListed = txSet(1 << NumJobs) // in txBan: the unit is in Machine.touched
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
	refused := MsgNone
	for {
		m.txGather(anchor, t)
		again, ok := m.txResolve()
		if !ok {
			refused = MsgReplyContradict
		} else if again {
			m.txForget()
			continue
		} else if m.units[anchor].tx == 0 {
			refused = MsgReplyContradict // while the image boots, the anchor itself may yield
		} else if !m.txFits() {
			refused = MsgReplyConflict
		}
		break
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
		if ok && x.tx != 0 && m.mode == plan.ModeIgnoreDependencies && x.phase == phaseWaiting {
			x.waits = 0
		}
		x.txBan = 0
		m.enqueue(u)
	}
	m.txForget()
	m.touched = m.touched[:0]
	return refused
}

// txGather collects the jobs of the transaction, but for those that are out of
// it for good (txBan).
func (m *Machine) txGather(anchor plan.UnitID, t JobType) {
	m.txAdd(anchor, t, true)
	m.txExpandAll(anchor)
	switch m.mode {
	case plan.ModeIsolate:
		m.txIsolate()
	case plan.ModeTriggering:
		m.txTriggering(anchor)
	}
}

// txForget takes all jobs out of the transaction.
func (m *Machine) txForget() {
	for _, u := range m.touched {
		x := &m.units[u]
		x.tx, x.txMust, x.txTodo = 0, 0, 0
	}
}

// txSpare leaves the jobs and the units alone that are there, where the anchor can do
// without the starts that contradict them.
//
// Diverges: systemd leaves alone, too, who runs and conflicts with the anchor, so
// that both are up.
func (m *Machine) txSpare() (dropped bool) {
	for i := 0; i < len(m.touched); i++ {
		u := m.touched[i]
		switch x := &m.units[u]; {
		case x.job == JobStop:
			if x.tx&txNoStop != 0 && x.txMust&txNoStop == 0 {
				m.txDrop(u)
				dropped = true
			}
		case x.tx&^x.txMust&txOf(JobStop) != 0 && (x.job != JobNone || x.state.Active().rising()):
			dropped = m.txYield(u, true) || dropped
		}
	}
	return dropped
}

// txAdd asks for a job of u; must says that the anchor needs it.
func (m *Machine) txAdd(u plan.UnitID, t JobType, must bool) {
	x := &m.units[u]
	b := txOf(t)
	if x.txBan&b != 0 || x.tx&b != 0 && (x.txMust&b != 0 || !must) {
		return
	}
	m.txTouch(u)
	x.tx |= b
	if must {
		x.txMust |= b
	}
	if x.txTodo == 0 {
		m.todo.push(u)
	}
	x.txTodo |= b
}

// txTouch lists u as one that the transaction deals with.
func (m *Machine) txTouch(u plan.UnitID) {
	if x := &m.units[u]; x.txBan&txListed == 0 {
		x.txBan |= txListed
		m.touched = append(m.touched, u)
	}
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

// dependents and stopsAlong are the relations of a unit to those that a restart
// and a stop take along.
const (
	dependents = plan.RequiredBy | plan.BoundBy | plan.ConsistsOf | plan.RequisiteOf
	stopsAlong = dependents | plan.PropagatesStopTo
)

// txPullStop is what a stop takes along; a restart takes along, as a restart,
// what runs.
func (m *Machine) txPullStop(d plan.Dep, todo, must txSet) {
	if todo&txOf(JobStop) != 0 && d.Rel&stopsAlong != 0 {
		m.txAdd(d.Unit, JobStop, must&txOf(JobStop) != 0)
	}
	if todo&txOf(JobRestart) != 0 && d.Rel&dependents != 0 {
		o := &m.units[d.Unit]
		if o.state.Active().rising() {
			m.txAdd(d.Unit, JobRestart, must&txOf(JobRestart) != 0)
		}
	}
}

// txResolve sees that no unit is both to start and to stop. What it takes out
// stays out; then the transaction is gathered again, so that what was there for
// its sake alone goes with it. It fails when the anchor needs both the start and
// the stop of a unit, unless it boots: an image must boot.
//
// Who starts for certain wins over those that it conflicts with, and who is in
// their way no more is free again: of a chain of units each of which conflicts
// with the next, every second one starts. In a circle the last one yields.
//
// Diverges: which one systemd takes out first is by chance.
func (m *Machine) txResolve() (again, ok bool) {
	if m.mode == plan.ModeFail && m.txSpare() {
		return true, true
	}
	stop := txOf(JobStop)
	circle, left := plan.NoUnit, plan.NoUnit
	for i := 0; i < len(m.touched); i++ {
		u := m.touched[i]
		x := &m.units[u]
		if x.tx&stop == 0 || x.tx&txNoStop == 0 {
			continue
		}
		mustStop, mustRun := x.txMust&stop != 0, x.txMust&txNoStop != 0
		by := m.txRival(u)
		switch {
		case mustStop && mustRun && !m.booting:
			return false, false
		case mustRun && !mustStop || m.txAim(u):
			x.tx &^= stop
			x.txBan |= stop
			m.txYield(u, false)
			again = true
		case mustStop || by != plan.NoUnit && m.txRival(by) == plan.NoUnit:
			m.txYields(u)
			again = true
		case by == plan.NoUnit:
			left = u
		case circle == plan.NoUnit || u > circle:
			circle = u
		}
	}
	switch {
	case again:
	case circle != plan.NoUnit:
		m.txYields(circle)
	case left == plan.NoUnit:
		return false, true
	case m.units[left].met()&stop != 0:
		m.units[left].txBan |= stop // no start of it waits: it is the other one that has yielded
	default:
		m.txYields(left)
	}
	return true, true
}

// txRival is a unit that is to start and whose Conflicts= names u.
func (m *Machine) txRival(u plan.UnitID) plan.UnitID {
	for _, d := range m.deps(u, plan.ConflictedBy) {
		if d.Rel&plan.ConflictedBy != 0 && m.units[d.Unit].tx&txStarts != 0 {
			return d.Unit
		}
	}
	return plan.NoUnit
}

// txYields takes out the start of a unit that others exclude.
func (m *Machine) txYields(u plan.UnitID) {
	m.log(u, MsgConflict, int64(JobStop))
	m.txDrop(u)
}

// txIsolate stops every unit that is up, or has a job, and that the transaction
// does not have, with those that need it.
func (m *Machine) txIsolate() {
	for i := range m.plan.Units {
		if u := plan.UnitID(i); !m.txKeeps(u) {
			m.txIsolates(u)
		}
	}
	for n := 0; n < len(m.touched); n++ {
		if u := m.touched[n]; m.units[u].tx == txOf(JobStop) {
			for _, d := range m.deps(u, stopsAlong) {
				if d.Rel&stopsAlong != 0 {
					m.txIsolates(d.Unit)
				}
			}
		}
	}
}

// txKeeps: u is left alone by isolating (systemd.unit(5), "IgnoreOnIsolate="),
// or what triggers it is, as systemd keeps a service with its socket.
func (m *Machine) txKeeps(u plan.UnitID) bool {
	if m.plan.Units[u].Flags&plan.IgnoreOnIsolate != 0 {
		return true
	}
	for _, d := range m.deps(u, plan.TriggeredBy) {
		if d.Rel&plan.TriggeredBy != 0 && (m.units[d.Unit].tx&txNoStop != 0 || m.plan.Units[d.Unit].Flags&plan.IgnoreOnIsolate != 0) {
			return true
		}
	}
	return false
}

func (m *Machine) txIsolates(u plan.UnitID) {
	if x := &m.units[u]; x.tx == 0 && (x.job != JobNone || !x.state.Active().down()) {
		m.txTouch(u)
		x.tx = txOf(JobStop)
	}
}

// txTriggering stops what would start the units that stop (systemctl(1),
// "--job-mode=").
func (m *Machine) txTriggering(anchor plan.UnitID) {
	for n := 0; n < len(m.touched); n++ {
		if m.units[m.touched[n]].tx == 0 {
			continue
		}
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

// flushJobs takes away every job that is not in the transaction, but for those of
// units that isolating leaves alone (systemd.unit(5), "IgnoreOnIsolate=").
func (m *Machine) flushJobs() {
	for i := range m.plan.Units {
		if m.units[i].tx == 0 && m.units[i].job != JobNone && m.plan.Units[i].Flags&plan.IgnoreOnIsolate == 0 {
			m.cancel(plan.UnitID(i))
		}
	}
}

// txYield takes out the starts of those that conflict with u, which is not
// stopped for their sake: u may be up already, and its own Conflicts= name them;
// spare says that those stay that the anchor needs.
//
// Diverges: systemd starts those that u names, and leaves u up beside them.
func (m *Machine) txYield(u plan.UnitID, spare bool) (dropped bool) {
	const excludes = plan.ConflictedBy | plan.Conflicts
	for _, d := range m.deps(u, excludes) {
		o := &m.units[d.Unit]
		if d.Rel&excludes != 0 && o.tx&txStarts != 0 && !(spare && o.txMust&txStarts != 0) {
			m.log(d.Unit, MsgConflict, int64(JobStart))
			m.txDrop(d.Unit)
			dropped = true
		}
	}
	return dropped
}

// txDrop takes the start of u out of the transaction, and the starts that need
// it, but for the targets that the boot is about.
func (m *Machine) txDrop(u plan.UnitID) {
	const needs = plan.RequiredBy | plan.BoundBy | plan.RequisiteOf
	m.txBar(u)
	for m.todo.n > 0 {
		for _, d := range m.deps(m.todo.pop(), needs) {
			if d.Rel&needs != 0 && m.units[d.Unit].tx&txNoStop != 0 && !m.txAim(d.Unit) {
				m.txBar(d.Unit)
			}
		}
	}
}

// txAim: u is a target that the boot is about.
func (m *Machine) txAim(u plan.UnitID) bool {
	return m.booting && m.plan.Units[u].Kind == plan.KindTarget && m.units[u].txMust&txStarts != 0
}

func (m *Machine) txBar(u plan.UnitID) {
	x := &m.units[u]
	x.tx &^= txNoStop
	x.txBan |= txNoStop
	m.todo.push(u)
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
		m.become(u, x.merged(had, t))
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

// cancel takes u's job away, for another one's sake: who waits for it goes on.
func (m *Machine) cancel(u plan.UnitID) { m.conclude(u, JobCanceled, 0) }
