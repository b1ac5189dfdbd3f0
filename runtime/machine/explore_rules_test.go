package machine_test

import (
	"slices"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// seenState is what the rules remember of the step before.
type seenState struct {
	before []machine.Active
	job    []machine.JobType
	since  []int64 // when the job began to run; 0: it does not
	starts [][]int64
	said   []bool // in this step
	// actions are those of this step, handled the units that OnSuccess= or OnFailure=
	// starts in it, with what they pull in.
	actions []machine.Action
	handled []bool
	// flushed: a client had all jobs cancelled, those too that others wait for, or
	// asked in another mode that ignores what units need (systemctl(1),
	// "--job-mode=").
	flushed bool
	// firm: there are jobs that no other one takes away ("replace-irreversibly").
	firm    bool
	killing bool // all that is left
	asked   bool // a unit has asked for the end
	units   []seenUnit
	store   []seenStore
	follow  []bool         // what may be started by what becomes of others
	let     map[int32]bool // processes that are not their unit's main or control process any more
}

// seenUnit is what the rules remember of one unit.
type seenUnit struct {
	state  machine.State
	result machine.Result
	main   int32
	ending bool  // the machine was about to end
	queued int64 // when its job was installed, 0 without one
	up     int64 // when it came up, 0 while it is not
	gone   int64 // when it went down last, without a job that starts it again
	idle   int64 // when its last job ended, but for stops
	// delay is that of its last automatic restart, skipped says that
	// ExecCondition= ends the life at hand, told that it was asked to stop in it.
	delay         plan.Duration
	skipped, told bool
	// extended: the outside world has changed its deadlines (EXTEND_TIMEOUT_USEC=);
	// oom: it has lost a process for want of memory.
	extended, oom bool
	limited       bool // it was started too often, and not since
	access        bool // NOTIFYACCESS= may have changed who is heard
	// polled and open: the socket's descriptors; stored: its store is not empty;
	// finding: ActFindMain is not answered.
	polled, open, stored, finding bool
	opening                       int   // ActOpenSockets that are not answered
	reloading                     int64 // when it was told to reload
	// verified: it stays up beside what it conflicts with; canceled: a client has
	// canceled its stop, which lets those start that its own Conflicts= names, with
	// systemd too (UNIT_ATOM_PROPAGATE_STOP_FAILURE is for those that name it); swept:
	// isolating another one took its start, the last job that it had.
	verified, canceled, swept bool
	entered                   int64 // when it went down last, as systemctl shows it
	ctrl                      int32
}

func (s *seenState) init(n int) {
	s.before, s.job, s.since = make([]machine.Active, n), make([]machine.JobType, n), make([]int64, n)
	s.starts, s.said, s.units, s.store = make([][]int64, n), make([]bool, n), make([]seenUnit, n), make([]seenStore, n)
	s.let, s.handled = map[int32]bool{}, make([]bool, n)
}

// saw counts what the explorer has come by, over all scenarios.
var saw = map[string]int{}

// rules are what must hold after each step.
func (e *explorer) rules(ev machine.Event, actions []machine.Action) {
	m := e.w.Machine
	e.actions = actions
	if e.w.Steps > 200000 {
		e.broke("comes to rest", "it goes round in circles")
	}
	if s := m.CheckJobs(e.lawless); s != "" {
		e.broke("counts its jobs", "%s", s)
	}
	if e.killing {
		if slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Kind == machine.ActSpawn }) {
			e.broke("nothing begins at the end", "a command is run")
		}
		return // nothing is heard of units any more
	}
	e.flushed = e.flushed || e.lawless && (ev.Kind == machine.EvRequest || len(actions) > 0 && e.hasActions(actions))
	e.firm = e.firm || ev.Kind == machine.EvRequest && ev.Mode == plan.ModeReplaceIrreversibly
	e.requested(ev, actions)
	e.eventOf(ev, actions)
	e.mayStartAnew(actions)
	e.sweeps(ev, actions)
	for n := range actions {
		a := &actions[n]
		e.order(a)
		e.limit(a)
		e.ends(ev, a)
		if int(a.Unit) < len(e.p.Units) {
			if e.p.Units[a.Unit].Service != nil {
				e.service(a)
			}
			e.said[a.Unit] = true
		}
	}
	e.killing = e.killing || slices.ContainsFunc(actions, func(a machine.Action) bool {
		return a.Kind == machine.ActKillAll || a.Kind == machine.ActExit
	})
	e.kinds(ev, actions)
	e.stores(ev, actions)
	e.verified()
	for i := range e.p.Units {
		if !e.killing {
			e.unit(plan.UnitID(i))
		}
	}
}

// hasActions tells if a unit of OnFailure= or OnSuccess= may start in this step, in
// whatever mode.
func (e *explorer) hasActions(actions []machine.Action) bool {
	for n := range actions {
		if u := actions[n].Unit; int(u) < len(e.p.Units) && e.p.Units[u].Actions != nil {
			return true
		}
	}
	return false
}

// unit holds the rules about one unit.
func (e *explorer) unit(u plan.UnitID) {
	m, p := e.w.Machine, &e.p.Units[u]
	a := m.Active(u)
	if e.down(u) && e.before[u] != a && e.w.Live(u) > 0 {
		e.owned(u)
	}
	e.jobOf(u)
	if s := p.Service; s != nil {
		if pid := m.MainPID(u); pid != 0 && !e.w.Has(pid) {
			e.broke("a main process lives", "%s has pid %d", p.Name, pid)
		}
		if s.Restart == plan.RestartNo && s.Force == nil && m.State(u) == machine.StateAutoRestart {
			e.broke("Restart=no", "%s waits for its restart", p.Name)
		}
	}
	e.remember(u)
	e.said[u], e.before[u] = false, a
	t, running := m.Job(u)
	e.units[u].swept = e.units[u].swept && t == machine.JobNone
	if t != e.job[u] || !running {
		e.since[u] = 0
	}
	if e.job[u] = t; running && e.since[u] == 0 {
		e.since[u] = e.w.Now
	}
	if running && e.w.Now-e.since[u] > int64(e.bound(u)) {
		e.broke("jobs end within their bounds", "%s of %s runs since %.3f s", t, p.Name, float64(e.since[u])/1e9)
	}
}

// bound is more than a job of u may run: each command and each signal has its
// time, the outside world may extend that, and the clock may jump.
func (e *explorer) bound(u plan.UnitID) plan.Duration {
	d := plan.Duration(2*len(e.troubles)+10) * plan.Second
	for _, t := range e.troubles {
		if t.ev.Kind == machine.EvTick {
			d += plan.Duration(t.ev.Status) * plan.Second
		}
	}
	switch p := &e.p.Units[u]; {
	case p.Service != nil && p.Service.TimeoutStart == plan.Infinity:
		return plan.Infinity
	case p.Service != nil && p.Service.RestartMode == plan.RestartDirect:
		return plan.Infinity // its start goes on from one attempt to the next
	case p.Service != nil:
		s := p.Service
		d += plan.Duration(len(s.Commands)+6) * (s.TimeoutStart + s.TimeoutStop + s.TimeoutAbort + 4*plan.Second)
	case p.Socket != nil:
		d += plan.Duration(len(p.Socket.Commands)+6) * (p.Socket.TimeoutSec + 4*plan.Second)
	}
	return d
}

// limit counts the starts of a unit.
func (e *explorer) limit(a *machine.Action) {
	if a.Kind == machine.ActLog && a.Msg == machine.MsgStartLimitHit {
		e.tooOften(a.Unit)
	}
	if a.Kind == machine.ActLog && (a.Msg == machine.MsgStarting || a.Msg == machine.MsgFailed) {
		e.since[a.Unit] = 0 // a job that runs ends with a failure; there may be another one
	}
	if a.Kind != machine.ActSpawn || a.Value != 1 || e.p.Units[a.Unit].Service == nil {
		return
	}
	e.since[a.Unit] = 0 // a new run, perhaps of a new job
	p := &e.p.Units[a.Unit]
	at := append(e.starts[a.Unit], e.w.Now)
	e.starts[a.Unit] = at
	// The interval begins with a start, so two of them may meet in one.
	if n := 2 * int(p.StartLimitBurst); len(at) > n && at[len(at)-1]-at[len(at)-1-n] < int64(p.StartLimitInterval) {
		e.broke("start limits", "%s is started %d times in %.3f s", p.Name, n+1, float64(at[len(at)-1]-at[len(at)-1-n])/1e9)
	}
}

// mayStartAnew marks the units that get a start job by what becomes of another
// one in this step (OnSuccess=, OnFailure=, Upholds=). The job that one of them
// had before may have been cancelled in the same step, and let others go.
func (e *explorer) mayStartAnew(actions []machine.Action) {
	clear(e.handled)
	e.pulled(e.handlers(actions, func(plan.JobMode) bool { return true }), e.handled)
	for i, handled := range e.handled {
		e.said[i] = e.said[i] || handled
	}
	for n := range actions {
		if int(actions[n].Unit) >= len(e.p.Units) {
			continue
		}
		for _, d := range e.p.Units[actions[n].Unit].Deps {
			if d.Rel&(plan.OnSuccess|plan.OnFailure|plan.Upholds) != 0 {
				e.said[d.Unit] = true
			}
		}
	}
}

// verified marks the units that a start does not stop, though it conflicts with
// them, since the start of another unit whose Requisite= names them came after it:
// the verify-active job that this means takes the stop away, and pulls in no stops
// itself. So it is with systemd (job_install in its job.c, and the end of
// transaction_add_job_and_dependencies in its transaction.c).
func (e *explorer) verified() {
	for i := range e.p.Units {
		u, s := plan.UnitID(i), &e.units[i]
		t, _ := e.w.Machine.Job(u)
		if e.down(u) {
			s.verified, s.canceled = false, false
		}
		if !e.w.Machine.Active(u).Rising() || t != machine.JobNone && t != machine.JobVerifyActive {
			continue
		}
		stopped := e.job[u] == machine.JobStop || e.begins(u, plan.Conflicts|plan.ConflictedBy)
		s.verified = s.verified || stopped && e.begins(u, plan.RequisiteOf)
	}
}

// begins: a unit that u has one of these relations to begins to start in this step.
func (e *explorer) begins(u plan.UnitID, rels plan.Rel) bool {
	return slices.ContainsFunc(e.p.Units[u].Deps, func(d plan.Dep) bool {
		t, _ := e.w.Machine.Job(d.Unit)
		return d.Rel&rels != 0 && (t.Starts() && !e.job[d.Unit].Starts() || e.downBefore(d.Unit) && !e.down(d.Unit) || e.handled[d.Unit])
	})
}

// order looks at starts and stops against what they are ordered with. A unit of
// which something was said earlier in the step may have got a new job since.
func (e *explorer) order(a *machine.Action) {
	m := e.w.Machine
	if a.Kind == machine.ActLog && a.Msg == machine.MsgCycle {
		e.broke("no cycle without one in the plan", "jobs wait for each other")
	}
	if a.Kind == machine.ActLog && a.Msg == machine.MsgStopOverdue {
		e.broke("ends", "the ordered stop hangs")
	}
	if int(a.Unit) >= len(e.p.Units) {
		return
	}
	svc := e.p.Units[a.Unit].Service
	starts := a.Kind == machine.ActSpawn && a.Value == 1 && svc != nil && svc.Commands[a.Command].Role <= plan.ExecStartPost
	stops := a.Kind == machine.ActLog && a.Msg == machine.MsgStopping
	if !starts && !stops {
		return
	}
	for _, d := range e.p.Units[a.Unit].Deps {
		if starts {
			e.startsAgainst(a.Unit, d)
		} else if t, _ := m.Job(d.Unit); d.Rel&plan.Before != 0 && !e.down(d.Unit) && !e.flushed && !e.timesOut(d.Unit) &&
			(e.units[a.Unit].ending || !e.said[d.Unit] && e.job[d.Unit] == machine.JobStop && t == machine.JobStop && !e.stopsAnew(d.Unit)) {
			e.broke("stops mirror starts", "%s stops before %s, which is after it", e.name(a.Unit), e.name(d.Unit))
		}
	}
}

// stopsAnew: a stop of u may have been taken away in this step, by the verify-active
// job of a start or by a client, and another one have come, at the end by an action
// that a unit has.
func (e *explorer) stopsAnew(u plan.UnitID) bool {
	return e.begins(u, plan.RequisiteOf) || slices.ContainsFunc(e.actions, func(a machine.Action) bool { return a.Kind == machine.ActLog && a.Msg == machine.MsgAction })
}

// timesOut: the job of u may be over while its unit is not where it should be.
func (e *explorer) timesOut(u plan.UnitID) bool {
	a := e.p.Units[u].Actions
	return a != nil && (a.JobTimeout != plan.Infinity || a.JobRunningTimeout != plan.Infinity)
}

func (e *explorer) down(u plan.UnitID) bool {
	a := e.w.Machine.Active(u)
	return a == machine.Inactive || a == machine.Failed
}

// bound are the relations of a unit that may be up only when another one is
// (systemd.unit(5), "BindsTo=": in combination with After=).
const bound = plan.BindsTo | plan.After

// startsAgainst looks at the start of u against one of its dependencies.
func (e *explorer) startsAgainst(u plan.UnitID, d plan.Dep) {
	m := e.w.Machine
	now := m.Active(d.Unit)
	if t, _ := m.Job(d.Unit); !e.flushed && d.Rel&plan.After != 0 && !e.said[d.Unit] && e.job[d.Unit].Starts() && t == machine.JobStart && now != machine.ActiveUp {
		e.broke("starts are ordered", "%s starts before %s, which it is after", e.name(u), e.name(d.Unit))
	}
	const strong = plan.Requires | plan.BindsTo
	if e.flushed || e.firm || e.timesOut(d.Unit) || len(e.p.Units[d.Unit].Conditions) > 0 {
		return // a skipped start is a done one (systemd.unit(5), "Conditions and Asserts")
	}
	if d.Rel&strong != 0 && d.Rel&plan.After != 0 && now == machine.Failed && !(e.units[d.Unit].swept && e.p.Units[u].Flags&plan.IgnoreOnIsolate != 0) && e.before[d.Unit] == machine.Failed {
		e.broke("nothing runs without what it requires", "%s starts without %s", e.name(u), e.name(d.Unit))
	}
	if d.Rel&bound == bound && !e.said[d.Unit] && e.down(d.Unit) && (e.before[d.Unit] == machine.Inactive || e.before[d.Unit] == machine.Failed) {
		e.broke("nothing runs without what it is bound to", "%s starts without %s", e.name(u), e.name(d.Unit))
	}
}

// atRest holds what must be so when nothing more will happen.
func (e *explorer) atRest() {
	m := e.w.Machine
	if n := m.Jobs(); n > 0 && !e.forEver() {
		e.broke("jobs end", "%d hang", n)
	}
	for i := range e.p.Units {
		u := plan.UnitID(i)
		if m.Active(u) != machine.ActiveUp {
			continue
		}
		e.wanted(u)
		for _, d := range e.p.Units[i].Deps {
			o := m.Active(d.Unit)
			switch {
			case d.Rel&bound == bound && e.down(d.Unit) && !e.firm:
				e.broke("nothing runs without what it is bound to", "%s is up, and %s is %s", e.name(u), e.name(d.Unit), m.State(d.Unit))
			case d.Rel&plan.Conflicts != 0 && o == machine.ActiveUp && !e.flushed && !e.timesOut(u) && !e.timesOut(d.Unit) && !e.units[u].verified && !e.units[d.Unit].verified && !e.units[u].canceled:
				e.broke("what conflicts is not up together", "%s and %s", e.name(u), e.name(d.Unit))
			}
		}
	}
}
