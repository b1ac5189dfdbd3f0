package machine_test

import (
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
	// flushed: a client had all jobs cancelled, those too that others wait for
	// (systemctl(1), "--job-mode=").
	flushed bool
}

func (s *seenState) init(n int) {
	s.before, s.job, s.since = make([]machine.Active, n), make([]machine.JobType, n), make([]int64, n)
	s.starts, s.said = make([][]int64, n), make([]bool, n)
}

// rules are what must hold after each step.
func (e *explorer) rules(ev machine.Event, actions []machine.Action) {
	m := e.w.Machine
	if e.w.Steps > 200000 {
		e.broke("comes to rest", "it goes round in circles")
	}
	if s := m.CheckJobs(); s != "" {
		e.broke("counts its jobs", "%s", s)
	}
	if ev.Kind == machine.EvRequest && ev.Verb == machine.VerbResetFailed {
		e.starts[ev.Unit] = e.starts[ev.Unit][:0]
	}
	e.flushed = e.flushed || ev.Kind == machine.EvRequest && ev.Mode == plan.ModeFlush
	e.mayStartAnew(actions)
	for n := range actions {
		e.order(&actions[n])
		e.limit(&actions[n])
		if u := actions[n].Unit; int(u) < len(e.said) {
			e.said[u] = true
		}
	}
	for i := range e.p.Units {
		e.unit(plan.UnitID(i))
	}
}

// unit holds the rules about one unit.
func (e *explorer) unit(u plan.UnitID) {
	m, p := e.w.Machine, &e.p.Units[u]
	a := m.Active(u)
	if (a == machine.Inactive || a == machine.Failed) && e.w.Live(u) > 0 {
		e.broke("no process without an owner", "%s is %s with %d processes", p.Name, m.State(u), e.w.Live(u))
	}
	if s := p.Service; s != nil {
		if pid := m.MainPID(u); pid != 0 && !e.w.Has(pid) {
			e.broke("a main process lives", "%s has pid %d", p.Name, pid)
		}
		if s.Restart == plan.RestartNo && m.State(u) == machine.StateAutoRestart {
			e.broke("Restart=no", "%s waits for its restart", p.Name)
		}
	}
	e.said[u], e.before[u] = false, a
	t, running := m.Job(u)
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
		} else if t, _ := m.Job(d.Unit); d.Rel&plan.Before != 0 && !e.down(d.Unit) &&
			(m.Ending() || !e.said[d.Unit] && e.job[d.Unit] == machine.JobStop && t == machine.JobStop) {
			e.broke("stops mirror starts", "%s stops before %s, which is after it", e.name(a.Unit), e.name(d.Unit))
		}
	}
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
	if t, _ := m.Job(d.Unit); d.Rel&plan.After != 0 && !e.said[d.Unit] && e.job[d.Unit].Starts() && t == machine.JobStart && now != machine.ActiveUp {
		e.broke("starts are ordered", "%s starts before %s, which it is after", e.name(u), e.name(d.Unit))
	}
	const strong = plan.Requires | plan.BindsTo
	if e.flushed || len(e.p.Units[d.Unit].Conditions) > 0 {
		return // a skipped start is a done one (systemd.unit(5), "Conditions and Asserts")
	}
	if d.Rel&strong != 0 && d.Rel&plan.After != 0 && now == machine.Failed && e.before[d.Unit] == machine.Failed {
		e.broke("nothing runs without what it requires", "%s starts without %s", e.name(u), e.name(d.Unit))
	}
	if d.Rel&bound == bound && !e.said[d.Unit] && e.down(d.Unit) && (e.before[d.Unit] == machine.Inactive || e.before[d.Unit] == machine.Failed) {
		e.broke("nothing runs without what it is bound to", "%s starts without %s", e.name(u), e.name(d.Unit))
	}
}

// atRest holds what must be so when nothing more will happen.
func (e *explorer) atRest() {
	m := e.w.Machine
	if n := m.Jobs(); n > 0 {
		e.broke("jobs end", "%d hang", n)
	}
	for i := range e.p.Units {
		u := plan.UnitID(i)
		if m.Active(u) != machine.ActiveUp {
			continue
		}
		for _, d := range e.p.Units[i].Deps {
			o := m.Active(d.Unit)
			switch {
			case d.Rel&bound == bound && e.down(d.Unit):
				e.broke("nothing runs without what it is bound to", "%s is up, and %s is %s", e.name(u), e.name(d.Unit), m.State(d.Unit))
			case d.Rel&plan.Conflicts != 0 && o == machine.ActiveUp:
				e.broke("what conflicts is not up together", "%s and %s", e.name(u), e.name(d.Unit))
			}
		}
	}
}
