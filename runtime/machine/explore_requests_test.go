package machine_test

import (
	"slices"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// replied is the answer to the request of the step, MsgNone if there is none yet.
func replied(actions []machine.Action) machine.Msg {
	for n := range actions {
		if actions[n].Kind == machine.ActReply {
			return actions[n].Msg
		}
	}
	return machine.MsgNone
}

// requested holds the rules about what clients ask for.
func (e *explorer) requested(ev machine.Event, actions []machine.Action) {
	if ev.Kind != machine.EvRequest || int(ev.Unit) >= len(e.p.Units) {
		return
	}
	msg, u := replied(actions), ev.Unit
	if ev.Verb == machine.VerbResetFailed {
		e.reset(u)
		return
	}
	if e.units[u].ending {
		if msg != machine.MsgReplyEnding {
			e.broke("the end takes no jobs", "a request for %s is answered with %q", e.name(u), msg)
		}
		return
	}
	if ev.Verb == machine.VerbCancel {
		e.flushed = e.flushed || e.job[u] == machine.JobRestart // whose start others go on without, with systemd too
		e.units[u].canceled = e.units[u].canceled || e.job[u] == machine.JobStop
		if saw["canceled"]++; hasJob(e, u) && !e.mayStart(u) && !e.stops(u) {
			e.broke("a job that is canceled is gone", "%s still has one", e.name(u))
		}
		return
	}
	// systemd.unit(5), "RefuseManualStart=, RefuseManualStop=".
	const both = plan.RefuseManualStart | plan.RefuseManualStop
	flags := e.p.Units[u].Flags
	if ev.Verb == machine.VerbStart && flags&plan.RefuseManualStart != 0 || ev.Verb == machine.VerbStop && flags&plan.RefuseManualStop != 0 ||
		(ev.Verb == machine.VerbRestart || ev.Verb == machine.VerbTryRestart) && flags&both != 0 {
		if saw["refused"]++; msg != machine.MsgReplyRefused {
			e.broke("refuses what it is told to refuse", "verb %d on %s is answered with %q", ev.Verb, e.name(u), msg)
		}
	}
	// systemd.unit(5), "AllowIsolate=".
	if ev.Mode == plan.ModeIsolate && flags&plan.AllowIsolate == 0 && msg != machine.MsgReplyNoIsolate && msg != machine.MsgReplyRefused {
		e.broke("isolates where it may", "%s is isolated", e.name(u))
	}
	switch msg {
	case machine.MsgNone, machine.MsgReplyDone:
		e.accepted(ev, actions)
	}
}

// accepted: the jobs that a request asks for are there, unless they are done.
func (e *explorer) accepted(ev machine.Event, actions []machine.Action) {
	u, m := ev.Unit, e.w.Machine
	if m.Ending() {
		return
	}
	switch {
	case ev.Verb == machine.VerbStart && ev.Mode == plan.ModeIsolate:
		e.isolated(u, actions)
	case ev.Verb == machine.VerbStop && (ev.Mode == plan.ModeReplace || ev.Mode == plan.ModeTriggering):
		// systemd.unit(5), "Requires=", "PartOf=", "PropagatesStopTo=": a unit that
		// is stopped takes these along.
		saw["stopped"]++
		along := plan.RequiredBy | plan.BoundBy | plan.ConsistsOf | plan.PropagatesStopTo
		if ev.Mode == plan.ModeTriggering {
			along |= plan.TriggeredBy
		}
		for _, d := range e.p.Units[u].Deps {
			was := !e.downBefore(d.Unit) || e.job[d.Unit] != machine.JobNone // else there is nothing to take along
			if d.Rel&along != 0 && was && !e.stops(d.Unit) && !e.follows(d.Unit) && !e.begets(u, d.Unit) && !e.downBefore(u) {
				e.broke("a stop takes along what needs the unit", "%s stops, and %s is %s", e.name(u), e.name(d.Unit), m.State(d.Unit))
			}
		}
	}
	if ev.Mode == plan.ModeFail {
		anew := make([]bool, len(e.p.Units))
		e.pulled(e.handlers(actions, func(mode plan.JobMode) bool { return mode != plan.ModeFail }), anew)
		for i := range e.p.Units {
			t, _ := m.Job(plan.UnitID(i))
			said := slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Unit == plan.UnitID(i) })
			if old := e.job[i]; !said && !anew[i] && old != machine.JobNone && t != machine.JobNone && (old == machine.JobStop) != (t == machine.JobStop) {
				e.broke("job mode fail takes no job away", "%s had %s, and has %s", e.p.Units[i].Name, old, t)
			}
		}
	}
	if ev.Mode == plan.ModeIgnoreDependencies || ev.Mode == plan.ModeIgnoreRequirements {
		for i := range e.p.Units {
			o := plan.UnitID(i)
			if t, _ := m.Job(o); o != u && t != machine.JobNone && e.job[o] == machine.JobNone && !e.mayStart(o) && !e.along(o, u) && e.p.Units[i].Flags&plan.StopWhenUnneeded == 0 {
				e.broke("who ignores requirements pulls in nothing", "%s gets a job with %s", e.name(o), e.name(u))
			}
		}
	}
}

// handlers are the units that start in this step by what has become of others, of
// those whose job mode is asked for (systemd.unit(5), "OnFailureJobMode=,
// OnSuccessJobMode="): each is a request of its own.
func (e *explorer) handlers(actions []machine.Action, asked func(plan.JobMode) bool) (list []plan.UnitID) {
	for _, a := range actions {
		if int(a.Unit) >= len(e.p.Units) {
			continue
		}
		p := &e.p.Units[a.Unit]
		success, failure := plan.ModeFail, plan.ModeReplace
		if p.Actions != nil {
			success, failure = p.Actions.SuccessMode, p.Actions.FailureMode
		}
		ends := e.w.Machine.Passed(a.Unit, machine.InactiveEnter) == e.w.Now
		fails := ends || a.Msg == machine.MsgDependency || a.Msg == machine.MsgJobTimeout || a.Msg == machine.MsgStartLimitHit
		for _, d := range p.Deps {
			if d.Rel&plan.OnSuccess != 0 && ends && asked(success) || d.Rel&plan.OnFailure != 0 && fails && asked(failure) {
				list = append(list, d.Unit)
			}
		}
	}
	return list
}

// along: o is stopped since another unit stops or has failed. A stop of u itself that
// is asked for without its requirements takes nobody along; its end does.
func (e *explorer) along(o, u plan.UnitID) bool {
	return slices.ContainsFunc(e.p.Units[o].Deps, func(d plan.Dep) bool {
		along := plan.BindsTo | plan.Requires | plan.StopPropagatedFrom
		if d.Unit != u {
			along |= plan.PartOf | plan.Requisite
		}
		return d.Rel&along != 0 && e.stops(d.Unit)
	})
}

// stops: u is down, or on its way.
func (e *explorer) stops(u plan.UnitID) bool {
	t, _ := e.w.Machine.Job(u)
	return t == machine.JobStop || e.w.Machine.Active(u) == machine.Deactivating || t == machine.JobNone && e.down(u)
}

// follows: what becomes of others in a step may start u in it; mayStart: or
// another unit that pulls it in.
func (e *explorer) follows(u plan.UnitID) bool {
	return e.relates(u, plan.OnSuccessOf|plan.OnFailureOf|plan.UpheldBy|plan.TriggeredBy)
}

func (e *explorer) mayStart(u plan.UnitID) bool {
	if e.follow == nil {
		e.follow = make([]bool, len(e.p.Units))
		var list []plan.UnitID
		for i := range e.p.Units {
			if e.follows(plan.UnitID(i)) {
				list = append(list, plan.UnitID(i))
			}
		}
		e.pulled(list, e.follow)
	}
	return e.follow[u]
}

// begets: the end of u starts o, or what pulls it in.
func (e *explorer) begets(u, o plan.UnitID) bool {
	var list []plan.UnitID
	for _, d := range e.p.Units[u].Deps {
		if d.Rel&(plan.OnSuccess|plan.OnFailure) != 0 {
			list = append(list, d.Unit)
		}
	}
	marks := make([]bool, len(e.p.Units))
	e.pulled(list, marks)
	return marks[o]
}

// pulled marks the units of a list and all that their starts pull in. What a
// Requisite= alone names is not started, and pulls in nothing (systemd.unit(5)).
func (e *explorer) pulled(list []plan.UnitID, marks []bool) {
	if len(list) == 0 {
		return
	}
	starts := make([]bool, len(e.p.Units))
	for len(list) > 0 {
		u := list[0]
		list = list[1:]
		if starts[u] {
			continue
		}
		starts[u], marks[u] = true, true
		for _, d := range e.p.Units[u].Deps {
			if d.Rel&plan.Requisite != 0 {
				marks[d.Unit] = true
			}
			if d.Rel&(plan.Requires|plan.BindsTo|plan.Wants|plan.Upholds) != 0 {
				list = append(list, d.Unit)
			}
		}
	}
}

func (e *explorer) relates(u plan.UnitID, rels plan.Rel) bool {
	for _, d := range e.p.Units[u].Deps {
		if d.Rel&rels != 0 {
			return true
		}
	}
	return false
}

// isolated: systemctl(1), "isolate": what the unit does not need is stopped, but
// for IgnoreOnIsolate= (systemd.unit(5)), and what is triggered by what stays.
func (e *explorer) isolated(u plan.UnitID, actions []machine.Action) {
	saw["isolated"]++
	kept := make([]bool, len(e.p.Units))
	e.pulled([]plan.UnitID{u}, kept)
	again := e.isolates(actions)
	flushes := len(e.handlers(actions, func(mode plan.JobMode) bool { return mode == plan.ModeFlush })) > 0 // takes away the stops that wait
	for i := range e.p.Units {
		o := plan.UnitID(i)
		spared := e.p.Units[i].Flags&plan.IgnoreOnIsolate != 0
		was := !e.downBefore(o) || e.job[o] != machine.JobNone // else it is started by what becomes of another
		anew := slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Unit == o && a.Msg == machine.MsgStopped })
		if was && !anew && !flushes && !kept[i] && !spared && !e.mayStart(o) && !e.stops(o) {
			e.broke("isolating stops the others", "%s is left %s", e.name(o), e.w.Machine.State(o))
		}
		const needs = plan.Requires | plan.BindsTo | plan.Requisite | plan.PartOf | plan.StopPropagatedFrom | plan.Conflicts | plan.ConflictedBy
		if spared && !kept[i] && e.job[o].Starts() && !hasJob(e, o) && !e.relates(o, needs) && !slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Unit == o }) {
			e.broke("isolating spares the jobs of who ignores it", "%s has lost its start", e.name(o))
		}
		lost := slices.ContainsFunc(again, func(kept []bool) bool { return !kept[i] && !e.triggeredBy(o, kept) })
		spared = spared || e.triggeredBy(o, kept) && !lost && !slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Msg == machine.MsgConflict })
		if t, _ := e.w.Machine.Job(o); spared && !kept[i] && t == machine.JobStop && e.job[o] != machine.JobStop && !e.relates(o, needs) && e.p.Units[i].Flags&plan.StopWhenUnneeded == 0 {
			e.broke("isolating spares who ignores it", "%s is stopped", e.name(o))
		}
	}
}

// sweeps marks the units whose start goes in this step because another one is
// isolated: who waits for it and is left alone by that, for IgnoreOnIsolate=, starts
// without it. So it is with systemd ("Not invalidating recursively",
// transaction_apply in its transaction.c).
func (e *explorer) sweeps(ev machine.Event, actions []machine.Action) {
	if (ev.Kind != machine.EvRequest || ev.Mode != plan.ModeIsolate) && len(e.isolates(actions)) == 0 {
		return
	}
	for i := range e.p.Units {
		if u := plan.UnitID(i); e.job[u].Starts() && !hasJob(e, u) {
			e.units[u].swept = true
		}
	}
}

// isolates are what each unit needs that is isolated in this step by what has become
// of another one.
func (e *explorer) isolates(actions []machine.Action) (kept [][]bool) {
	for _, u := range e.handlers(actions, func(mode plan.JobMode) bool { return mode == plan.ModeIsolate }) {
		if e.p.Units[u].Flags&plan.AllowIsolate != 0 {
			marks := make([]bool, len(e.p.Units))
			e.pulled([]plan.UnitID{u}, marks)
			kept = append(kept, marks)
		}
	}
	return kept
}

// triggeredBy: a socket of u stays, and could start it again at once.
func (e *explorer) triggeredBy(u plan.UnitID, kept []bool) bool {
	return slices.ContainsFunc(e.p.Units[u].Deps, func(d plan.Dep) bool {
		return d.Rel&plan.TriggeredBy != 0 && kept[d.Unit] && !e.relates(d.Unit, plan.Conflicts|plan.ConflictedBy)
	})
}

// reset: systemctl(1), "reset-failed": the failure, the starts and the restarts
// that were counted are forgotten.
func (e *explorer) reset(u plan.UnitID) {
	saw["reset"]++
	m := e.w.Machine
	e.starts[u], e.units[u].delay, e.units[u].limited = e.starts[u][:0], 0, false
	if r := m.Result(u); m.State(u) == machine.StateFailed || r != machine.Success || m.NRestarts(u) != 0 {
		e.broke("reset-failed forgets", "%s is %s, %s, with %d restarts", e.name(u), m.State(u), r, m.NRestarts(u))
	}
}

// tooOften: a start limit is hit by starts alone that there were since the last
// reset-failed (systemd.unit(5), "StartLimitIntervalSec=").
func (e *explorer) tooOften(u plan.UnitID) {
	saw["start limit"]++
	e.units[u].limited, e.units[u].idle = true, e.w.Now
	p := &e.p.Units[u]
	if p.Service == nil || len(p.Service.Commands) == 0 || p.Service.Commands[0].Role > plan.ExecStart || len(p.Conditions) > 0 || p.Service.Flags&plan.SendSIGKILL == 0 {
		return // not every start of it shows
	}
	n := 0
	for _, at := range e.starts[u] {
		if e.w.Now-at < int64(p.StartLimitInterval) {
			n++
		}
	}
	if n < int(p.StartLimitBurst) {
		e.broke("start limits", "%s has hit it with %d starts of %d", p.Name, n, p.StartLimitBurst)
	}
}

// jobOf holds the rule about the time of a job: systemd.unit(5),
// "JobTimeoutSec=": it runs from when the job is queued, over both halves of a
// restart.
func (e *explorer) jobOf(u plan.UnitID) {
	m := e.w.Machine
	t, _ := m.Job(u)
	old, s := e.job[u], &e.units[u]
	same := old == machine.JobRestart && t == machine.JobStart && !e.anew(u) || (old == t || (old == machine.JobStop) == (t == machine.JobStop)) && !e.said[u]
	switch {
	case t == machine.JobNone:
		if s.queued != 0 && old != machine.JobStop {
			s.idle = e.w.Now
		}
		s.queued = 0
	case s.queued == 0 || !same:
		s.queued = e.w.Now
	}
	a := e.p.Units[u].Actions
	if s.queued != 0 && a != nil && a.JobTimeout != plan.Infinity && e.w.Now-s.queued > int64(a.JobTimeout) {
		e.broke("jobs end within JobTimeoutSec=", "%s of %s is there since %.3f s", t, e.name(u), float64(s.queued)/1e9)
	}
}

// anew: the restart of u may have failed for want of what it needs, and what became
// of another unit because of that has given u a start of its own.
func (e *explorer) anew(u plan.UnitID) bool {
	return e.handled[u] && e.relates(u, plan.Requires|plan.BindsTo|plan.Requisite)
}

// ends: nothing but an order from outside, or the action that a unit has for what
// became of it, ends everything (systemd.unit(5), "FailureAction=, SuccessAction=",
// "JobTimeoutAction=", "StartLimitAction=").
func (e *explorer) ends(ev machine.Event, a *machine.Action) {
	switch {
	case a.Kind != machine.ActLog:
	case a.Msg == machine.MsgShutdown:
		if ev.Kind != machine.EvShutdown && !e.asked {
			e.broke("it ends when it is told", "nobody has")
		}
	case a.Msg == machine.MsgAction:
		e.asked = true
		saw["action"]++
		s, act := e.p.Units[a.Unit].Actions, plan.Action(a.Value)
		if s == nil || act != s.Failure && act != s.Success && act != s.StartLimit && act != s.JobTimeoutAction {
			e.broke("it ends as the unit says", "%s does %d", e.name(a.Unit), act)
		}
	case a.Msg == machine.MsgStartLimitHit && e.p.Units[a.Unit].Actions != nil && e.p.Units[a.Unit].Actions.StartLimit != plan.ActionNone && !e.w.Machine.Ending():
		e.broke("StartLimitAction= is done", "%s has hit the limit", e.name(a.Unit))
	case a.Msg == machine.MsgJobTimeout:
		saw["job timeout"]++
		e.units[a.Unit].queued, e.since[a.Unit] = 0, 0 // there may be another one in the same step
		if s := e.p.Units[a.Unit].Actions; s == nil || s.JobTimeoutAction != plan.ActionNone && !e.w.Machine.Ending() {
			e.broke("JobTimeoutAction= is done", "the job of %s has timed out", e.name(a.Unit))
		}
	}
}

// hasJob tells if u has a job.
func hasJob(e *explorer, u plan.UnitID) bool {
	job, _ := e.w.Machine.Job(u)
	return job != machine.JobNone
}
