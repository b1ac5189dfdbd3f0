package machine

import "rustysd/runtime/plan"

// JobType is what a job does.
type JobType uint8

// The job types of systemctl(1). try-restart and reload-or-restart become one
// of these, or nothing, when they are asked for.
const (
	JobNone JobType = iota
	JobStart
	JobVerifyActive
	JobStop
	JobReload
	JobRestart
	NumJobs
)

var jobNames = [NumJobs]string{"", "start", "verify-active", "stop", "reload", "restart"}

// String is systemd's name of the job type.
func (t JobType) String() string { return jobNames[t] }

// JobResult is how a job ended.
type JobResult uint8

// The results of jobs.
const (
	JobDone JobResult = iota
	JobCanceled
	JobTimeout
	JobFailed
	JobDependency
	JobSkipped
	NumJobResults
)

var jobResultNames = [NumJobResults]string{
	"done", "canceled", "timeout", "failed", "dependency", "skipped",
}

// String is systemd's name of the result.
func (r JobResult) String() string { return jobResultNames[r] }

// phase is how far a job is.
type phase uint8

const (
	phaseNone    phase = iota
	phaseWaiting       // for other jobs, or for its turn
	phaseHeld          // for its own unit to reach another state
	phaseRunning
	phaseEnded // its dependents are being told
)

// takesDown: a job that stops its unit, at least at first, goes before those
// that start a unit, and against the order of start.
func (t JobType) takesDown() bool { return t == JobStop || t == JobRestart }

func (t JobType) starts() bool { return t == JobStart || t == JobVerifyActive }

const ordering = plan.After | plan.Before

// follows tells if the job of a unit waits for that of its neighbour, given
// how the unit relates to it (systemd.unit(5), "Before=, After=").
func follows(rel plan.Rel, own, other JobType) bool {
	return rel&plan.After != 0 && !own.takesDown() || rel&plan.Before != 0 && other.takesDown()
}

// install gives u the job t, and counts who waits for whom.
func (m *Machine) install(u plan.UnitID, t JobType) {
	x := &m.units[u]
	x.job, x.phase, x.waits = t, phaseWaiting, 0
	m.jobs++
	for _, d := range m.deps(u, ordering) {
		if d.Rel&ordering == 0 {
			continue
		}
		o := &m.units[d.Unit]
		if o.job == JobNone {
			continue
		}
		if follows(d.Rel, t, o.job) {
			x.waits++
		} else if o.phase < phaseRunning {
			o.waits++
		}
	}
	if a := m.plan.Units[u].Actions; a != nil && a.JobTimeout != plan.Infinity && a.JobTimeout > 0 {
		m.arm(u, timerJob, a.JobTimeout)
	}
}

// uninstall takes u's job away and lets those go that waited for it.
func (m *Machine) uninstall(u plan.UnitID) {
	x := &m.units[u]
	t := x.job
	m.setPhase(u, phaseNone)
	x.job, x.waits = JobNone, 0
	x.flags &^= idleDone | cannotStart | checking | firm
	m.jobs--
	m.disarm(u, timerJob)
	for _, d := range m.deps(u, ordering) {
		if d.Rel&ordering == 0 {
			continue
		}
		o := &m.units[d.Unit]
		if o.job == JobNone || o.phase >= phaseRunning || follows(d.Rel, t, o.job) {
			continue
		}
		o.waits--
		m.enqueue(d.Unit)
	}
}

// become makes another job of the one that u has. Its time goes on
// (systemd.unit(5), "JobTimeoutSec=": it runs from when the job is queued).
func (m *Machine) become(u plan.UnitID, t JobType) {
	armed, at := m.armed(u, timerJob), m.units[u].timerAt[timerJob]
	m.uninstall(u)
	m.install(u, t)
	if armed {
		m.armAt(u, timerJob, at)
	}
}

// deps are the relations of u, none when u has none of the kinds in rel.
//
//go:noinline
func (m *Machine) deps(u plan.UnitID, rel plan.Rel) []plan.Dep {
	if m.units[u].rels&rel == 0 {
		return nil
	}
	return m.plan.Units[u].Deps
}

// setPhase keeps the counts of running and held jobs.
func (m *Machine) setPhase(u plan.UnitID, p phase) {
	x := &m.units[u]
	switch x.phase {
	case phaseRunning:
		m.running--
		if m.isIdle(u) {
			m.idling--
		}
	case phaseHeld:
		m.held--
	}
	x.phase = p
	switch p {
	case phaseRunning:
		m.running++
		if m.isIdle(u) {
			m.idling++
		}
	case phaseHeld:
		m.held++
	}
}

func (m *Machine) isIdle(u plan.UnitID) bool {
	s := m.plan.Units[u].Service
	return s != nil && s.Type == plan.TypeIdle
}

// enqueue puts u into the run queue if its job waits for nothing.
//
//go:noinline
func (m *Machine) enqueue(u plan.UnitID) {
	x := &m.units[u]
	if x.phase == phaseWaiting && x.waits <= 0 && x.flags&inRuns == 0 {
		x.flags |= inRuns
		m.runs.push(u)
	}
}

func (m *Machine) runNext() {
	u := m.runs.pop()
	x := &m.units[u]
	x.flags &^= inRuns
	if x.phase != phaseWaiting || x.waits > 0 {
		return // it went, or something came in between
	}
	if m.isIdle(u) && x.job == JobStart && x.flags&idleDone == 0 && m.ending == 0 {
		m.waitForQuiet(u)
		return
	}
	m.run(u)
}

// idlePatience is how long a Type=idle service waits at most.
// systemd.service(5), "Type=": the effect is subject to a 5s timeout.
const idlePatience = 5 * plan.Second

func (m *Machine) waitForQuiet(u plan.UnitID) {
	x := &m.units[u]
	if x.flags&inIdle != 0 {
		return
	}
	x.flags |= inIdle
	if m.idle.n == 0 {
		m.arm(plan.UnitID(len(m.plan.Units)), timerIdle, idlePatience)
	}
	m.idle.push(u)
}

func (m *Machine) releaseIdle() {
	for m.idle.n > 0 {
		u := m.idle.pop()
		m.units[u].flags &^= inIdle
		m.units[u].flags |= idleDone
		m.enqueue(u)
	}
	m.idleOver = false
	m.disarm(plan.UnitID(len(m.plan.Units)), timerIdle)
}

// run lets u's job do its work.
func (m *Machine) run(u plan.UnitID) {
	x := &m.units[u]
	switch x.job {
	case JobStart:
		m.runStart(u)
	case JobVerifyActive:
		m.runVerify(u)
	case JobStop, JobRestart:
		m.runStop(u)
	case JobReload:
		m.runReload(u)
	}
}

func (m *Machine) runStart(u plan.UnitID) {
	x := &m.units[u]
	switch a := x.state.Active(); {
	case a.up():
		m.finish(u, JobDone)
	case a == Deactivating:
		m.setPhase(u, phaseHeld)
	case x.state == StateAutoRestart:
		// A start does not cut the holdoff time short; the restart job will
		// take this one over.
		m.setPhase(u, phaseHeld)
	case a == Activating:
		m.began(u)
	default:
		m.begin(u)
	}
}

// begin starts u, which is down, if its conditions hold.
func (m *Machine) begin(u plan.UnitID) {
	if m.check == nil || !m.check(m, u) {
		m.beginNow(u)
	}
}

// beginNow starts u, which is down.
func (m *Machine) beginNow(u plan.UnitID) {
	x, p := &m.units[u], &m.plan.Units[u]
	x.flags |= met | asserted
	x.passed[ConditionTest] = m.now
	if by := m.unbound(u); by != plan.NoUnit {
		m.logOther(u, MsgDependency, by)
		m.finish(u, JobDependency)
		return
	}
	m.began(u)
	if !x.starts.allow(m.now, p.StartLimitInterval, p.StartLimitBurst) {
		m.limitHit(u)
		return
	}
	x.flags &^= limited
	m.types[p.Kind].start(m, u)
}

// began marks u's job as running.
func (m *Machine) began(u plan.UnitID) {
	m.setPhase(u, phaseRunning)
	a := m.plan.Units[u].Actions
	if a != nil && a.JobRunningTimeout > 0 && a.JobRunningTimeout != plan.Infinity {
		at := m.now + int64(a.JobRunningTimeout)
		if !m.armed(u, timerJob) || m.units[u].timerAt[timerJob] > at {
			m.armAt(u, timerJob, at)
		}
	}
}

// unbound is the unit without which u may not be active, and which is not up.
// systemd.unit(5), "BindsTo=": together with After= it must be active.
func (m *Machine) unbound(u plan.UnitID) plan.UnitID {
	for _, d := range m.deps(u, plan.BindsTo) {
		const strict = plan.BindsTo | plan.After
		if d.Rel&strict == strict && !m.units[d.Unit].state.Active().up() {
			return d.Unit
		}
	}
	return plan.NoUnit
}

func (m *Machine) limitHit(u plan.UnitID) {
	m.log(u, MsgStartLimitHit, 0)
	m.units[u].flags |= limited
	if f := m.types[m.plan.Units[u].Kind].limit; f != nil {
		f(m, u)
	}
	if m.units[u].phase == phaseRunning && m.units[u].job.starts() {
		m.finish(u, JobFailed)
	}
	if a := m.plan.Units[u].Actions; a != nil {
		m.act(u, a.StartLimit, a.FailureExitStatus)
	}
}

func (m *Machine) runVerify(u plan.UnitID) {
	switch a := m.units[u].state.Active(); {
	case a.up():
		m.finish(u, JobDone)
	case a == Activating:
		m.setPhase(u, phaseHeld)
	default:
		m.finish(u, JobSkipped)
	}
}

func (m *Machine) runStop(u plan.UnitID) {
	x := &m.units[u]
	switch a := x.state.Active(); {
	case a.down():
		m.began(u)
		m.finish(u, JobDone)
	case x.state == StateAutoRestart && x.job == JobRestart:
		m.began(u)
		x.flags |= quietChange
		m.disarm(u, timerState)
		m.change(u, StateDead) // ends the first half of the job
		x.flags &^= quietChange
	default:
		m.began(u)
		m.types[m.plan.Units[u].Kind].stop(m, u)
	}
}

func (m *Machine) runReload(u plan.UnitID) {
	t := &m.types[m.plan.Units[u].Kind]
	switch a := m.units[u].state.Active(); {
	case a == Reloading || a == Activating || a == Deactivating:
		m.setPhase(u, phaseHeld)
	case a != ActiveUp || t.reload == nil:
		m.finish(u, JobSkipped)
	default:
		m.began(u)
		t.reload(m, u)
	}
}

// needers are the relations of a unit to those that cannot start without it.
const needers = plan.RequiredBy | plan.BoundBy | plan.RequisiteOf

// finish ends u's job, and those that cannot go on because of that.
//
// It works through a list, not by recursion: a chain of requirements may be as
// long as the image. Who depends on a failed job loses its own before anybody
// who merely waited is let go.
func (m *Machine) finish(u plan.UnitID, r JobResult) {
	x := &m.units[u]
	if x.job == JobNone || x.phase == phaseEnded {
		return
	}
	if x.job == JobRestart && r == JobDone {
		hopeless, keep := x.flags&cannotStart != 0, x.flags&firm
		m.become(u, JobStart)
		x.flags |= keep
		if !hopeless {
			m.enqueue(u)
			return
		}
		r = JobDependency
	}
	m.conclude(u, r, m.failedBy(u, r))
}

// conclude ends u's job, and the start jobs of its neighbours by rels.
func (m *Machine) conclude(u plan.UnitID, r JobResult, rels plan.Rel) {
	m.ended(u, r)
	m.failThose(u, rels)
	m.uninstall(u)
	for len(m.failing) > 0 {
		last := len(m.failing) - 1
		v := m.failing[last]
		m.failing = m.failing[:last]
		m.failThose(v, needers)
		m.uninstall(v)
	}
}

// failedBy are the relations of u to the units whose start fails now that u's
// job ends with r.
func (m *Machine) failedBy(u plan.UnitID, r JobResult) plan.Rel {
	x := &m.units[u]
	switch {
	case x.job == JobStop && r != JobDone:
		return plan.ConflictedBy // it was in their way, and still is
	case !x.job.starts():
		return 0
	case r != JobDone:
		return needers
	case x.state.Active().down():
		// It ran and is gone: who wants it active is out of luck.
		return plan.RequisiteOf
	}
	return 0
}

// failThose fails the start jobs of u's neighbours by rels and lists them.
func (m *Machine) failThose(u plan.UnitID, rels plan.Rel) {
	for _, d := range m.deps(u, rels) {
		o := &m.units[d.Unit]
		if d.Rel&rels != 0 && o.job == JobRestart {
			o.flags |= cannotStart
		}
		if d.Rel&rels == 0 || !o.job.starts() || o.phase == phaseEnded {
			continue
		}
		m.logOther(d.Unit, MsgDependency, u)
		m.ended(d.Unit, JobDependency)
		m.failing = append(m.failing, d.Unit)
	}
}

// ended marks u's job as over and tells who wants to know.
func (m *Machine) ended(u plan.UnitID, r JobResult) {
	m.setPhase(u, phaseEnded)
	t := m.units[u].job
	if m.units[u].state == StateAutoRestart && r != JobDone && !m.armed(u, timerState) {
		m.arm(u, timerState, plan.Second) // its restart was called off, not its wish for one
	}
	m.sayEnd(u, t, r)
	m.replyAll(u, r)
	if r == JobTimeout || r == JobDependency {
		m.wishOthers(u, plan.OnFailure, wishFail) // its unit has not failed, so isDown does not say it
	}
	m.recheck(u)
	if m.units[u].state.Active().down() {
		// Its job has kept up what it needs, and who is bound to it.
		//
		// Diverges: where no order is given, systemd leaves who is bound to a unit
		// whose conditions do not hold, and took time to start.
		m.lets(u)
		m.wishOthers(u, plan.BoundBy, wishBound)
	}
	if u == m.plan.Target && m.booting && t == JobStart {
		m.booting = false
		msg := MsgBootDone
		if r != JobDone {
			msg = MsgBootFailed
		}
		m.log(u, msg, m.now-m.bootAt)
	}
	m.wishTriggers(u)
}

func (m *Machine) sayEnd(u plan.UnitID, t JobType, r JobResult) {
	a := m.units[u].state.Active()
	switch {
	case r == JobTimeout:
		m.log(u, MsgJobTimeout, int64(t))
	case m.units[u].flags&checking != 0: // its own message has said it
	case t == JobStart && r == JobDone && a.up():
		m.log(u, MsgStarted, m.now-m.units[u].since)
	case t == JobStart && r == JobDone && a == Inactive:
		m.log(u, MsgFinished, 0)
	case t == JobStop && r == JobDone:
		m.log(u, MsgStopped, 0)
	case t == JobReload && r == JobDone:
		m.log(u, MsgReloaded, 0)
	case t == JobReload && r == JobFailed:
		m.log(u, MsgReloadFailed, 0)
	}
}

// jobTimeout is JobTimeoutSec= or JobRunningTimeoutSec=: the job goes, the
// unit stays as it is.
func (m *Machine) jobTimeout(u plan.UnitID) {
	if m.units[u].job == JobNone {
		return
	}
	m.finish(u, JobTimeout)
	if a := m.plan.Units[u].Actions; a != nil {
		status := a.FailureExitStatus
		if status < 0 && m.ownStatus(u) == 0 {
			status = 1 // Diverges: as ownStatus; the unit itself has not failed
		}
		m.endLate = m.endLate || !m.wantEnd // the argument is that of the timeout
		m.act(u, a.JobTimeoutAction, status)
		m.endLate = m.endLate && m.endBy == u
	}
}

// breakCycle runs a job although it waits for others: nothing else can ever
// move. A plan without ordering cycles never comes here.
func (m *Machine) breakCycle() {
	for i := range m.plan.Units {
		u := plan.UnitID(i)
		if m.units[u].phase == phaseWaiting {
			m.log(u, MsgCycle, 0)
			m.units[u].waits = 0
			m.units[u].flags |= idleDone
			m.run(u)
			return
		}
	}
}
