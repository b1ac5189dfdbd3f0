package simulate

import (
	"slices"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// Horizon is how long a boot may take in virtual time: what restarts for ever
// would else never end.
const Horizon = 10 * plan.Minute

// Options say how the programs behave.
type Options struct {
	// Times are how long units take, by name.
	Times map[string]Times
	// Failures are what goes wrong.
	Failures []Failure
}

// Times are how long a unit takes from its start to being up, and from its stop
// to being down. What is not set is plan.Infinity.
type Times struct{ Start, Stop plan.Duration }

// Boot is one boot and the stop after it.
type Boot struct {
	Target string
	// Reached tells if the target was, and Took after what time; when it was
	// not, Took is the time that was simulated.
	Reached bool
	Took    plan.Duration
	Units   []Unit // as in the plan
	// End is how much of the time a picture shows: the boot, and what went wrong.
	End plan.Duration
	// Critical are the units that the target waited for, first to last.
	Critical []plan.UnitID
	// Stopped is how long the ordered stop took, and AtWorst when no process
	// cares for a signal.
	Stopped, AtWorst plan.Duration
}

// Unit is what became of one unit.
type Unit struct {
	Name  string
	Spans []Span
	// Began and Up are when it first left the dead state and when it first was
	// active or had finished; plan.Infinity for never. Down is when it was down
	// for good in the stop of the image.
	Began, Up, Down plan.Duration
	// State and Result are those before the stop.
	State    string
	Result   string
	Restarts int
	// Well: it is up, or has finished with success.
	Well     bool
	Critical bool
	own      bool // it ended of itself
}

// Span is a time in one state; To is the beginning of the next.
type Span struct {
	State    string
	Active   string
	From, To plan.Duration
}

// Looks is what a picture shows: a unit that has failed and waits for its next
// start is activating for systemd.
func (s *Span) Looks() string {
	if s.State == "auto-restart" {
		return "failed"
	}
	return s.Active
}

// Run boots p and stops it again.
func Run(p *plan.Plan, o Options) *Boot {
	b := boot(p, o, false)
	b.AtWorst = boot(p, o, true).Stopped
	if b.Reached {
		b.findCritical(p)
	}
	return b
}

// boot runs one world to its end; deaf is that stopping takes as long as it may.
func boot(p *plan.Plan, o Options, deaf bool) *Boot {
	r := start(p, o, deaf)
	r.stopping, r.began = true, r.w.Now
	r.w.Do(machine.Event{Kind: machine.EvShutdown})
	r.w.Run(2*p.StopTimeout + plan.Minute)
	return r.b
}

// start runs one world as far as it goes of itself.
func start(p *plan.Plan, o Options, deaf bool) *run {
	r := newRun(p, o, deaf)
	r.w.Do(machine.Event{Kind: machine.EvBoot})
	r.w.Run(Horizon)
	b := r.b
	if !b.Reached {
		b.Took = plan.Duration(r.w.Now - 1)
	}
	for i := range b.Units {
		r.outcome(plan.UnitID(i))
	}
	b.End = b.end(o)
	return r
}

// end is the end of what there is to see, and a little more, so that one sees
// what comes of a failure. What restarts for ever would else make the rest too
// small to be seen.
func (b *Boot) end(o Options) plan.Duration {
	end := plan.Duration(0)
	if b.Reached {
		end = b.Took
	}
	for i := range b.Units {
		fails := slices.ContainsFunc(o.Failures, func(f Failure) bool { return int(f.Unit) == i })
		if b.Reached && !fails {
			continue
		}
		at := b.Units[i].Up
		if fails || at == plan.Infinity {
			at = b.Units[i].down()
		}
		if at != plan.Infinity {
			end = max(end, at+at/4)
		}
	}
	if end == 0 {
		return b.Took
	}
	return min(end, Horizon)
}

// down is when the unit first went down after it had begun; plan.Infinity for
// never.
func (u *Unit) down() plan.Duration {
	for i, s := range u.Spans {
		if s.From >= u.Began && (s.Active == "failed" || s.Active == "deactivating" || i > 0 && s.Active == "inactive" || s.State == "auto-restart") {
			return s.From
		}
	}
	return plan.Infinity
}

// run is a boot that goes on.
type run struct {
	w        *sim.World
	p        *plan.Plan
	o        Options
	b        *Boot
	deaf     bool
	stopping bool
	began    int64 // the stop
	failures map[plan.UnitID]Failure
	last     []machine.State
}

func newRun(p *plan.Plan, o Options, deaf bool) *run {
	r := &run{o: o, deaf: deaf, failures: map[plan.UnitID]Failure{}, last: make([]machine.State, len(p.Units))}
	for _, f := range o.Failures {
		r.failures[f.Unit] = f
	}
	r.p = r.withoutWatchdogs(p)
	r.b = &Boot{Target: p.Units[p.Target].Name, Units: make([]Unit, len(p.Units))}
	for i := range r.b.Units {
		r.b.Units[i] = Unit{Name: p.Units[i].Name, Began: plan.Infinity, Up: plan.Infinity, Down: plan.Infinity}
	}
	r.w = sim.New(r.p)
	r.w.Program, r.w.Sockets, r.w.Seen = r.program, r.sockets, r.seen
	return r
}

// withoutWatchdogs is p as it is for services that always say that they live;
// only one that is to fail for its watchdog keeps it.
func (r *run) withoutWatchdogs(p *plan.Plan) *plan.Plan {
	q := *p
	q.Units = append([]plan.Unit(nil), p.Units...)
	for i := range q.Units {
		if s := q.Units[i].Service; s != nil && s.Watchdog != 0 && r.failures[plan.UnitID(i)].Cause != "watchdog" {
			without := *s
			without.Watchdog = 0
			q.Units[i].Service = &without
		}
	}
	return &q
}

func (r *run) now() plan.Duration { return plan.Duration(r.w.Now - 1) }

// seen notes what changed in a step.
func (r *run) seen(_ machine.Event, actions []machine.Action) {
	for _, a := range actions {
		if a.Kind == machine.ActLog && a.Msg == machine.MsgBootDone {
			r.b.Reached, r.b.Took = true, plan.Duration(a.Value)
		}
		if a.Kind == machine.ActKillAll { // every unit is down, or out of time
			r.b.Stopped = plan.Duration(r.w.Now - r.began)
			continue
		}
		if a.Kind == machine.ActLog && (a.Msg == machine.MsgFinished || a.Msg == machine.MsgStarted) {
			u := &r.b.Units[a.Unit]
			u.Up = min(u.Up, r.now())
		}
		if a.Kind == machine.ActLog && int(a.Unit) < len(r.b.Units) {
			r.b.Units[a.Unit].told(a.Msg)
		}
	}
	for i := range r.last {
		if s := r.w.Machine.State(plan.UnitID(i)); s != r.last[i] {
			r.last[i] = s
			r.changed(&r.b.Units[i], s)
		}
	}
}

// told notes what the log says about how the unit ends.
func (u *Unit) told(msg machine.Msg) {
	switch msg {
	case machine.MsgRestarting:
		u.Restarts++
	case machine.MsgFinished, machine.MsgDeactivated:
		u.own = true
	case machine.MsgStopped, machine.MsgStopBecause:
		u.own = false
	}
}

func (r *run) changed(u *Unit, s machine.State) {
	now := r.now()
	if !r.stopping {
		u.entered(s, now)
	}
	switch s.Active() {
	case machine.ActiveUp:
		u.Began, u.Up = min(u.Began, now), min(u.Up, now)
	case machine.Activating:
		u.Began = min(u.Began, now)
	case machine.Inactive, machine.Failed:
		if r.stopping {
			u.Down = now - plan.Duration(r.began-1)
		}
	}
}

// entered ends a span and begins the next.
func (u *Unit) entered(s machine.State, now plan.Duration) {
	if n := len(u.Spans); n > 0 {
		u.Spans[n-1].To = now
	}
	u.Spans = append(u.Spans, Span{State: s.String(), Active: s.Active().String(), From: now, To: plan.Infinity})
}

// outcome is how a unit stands after the boot.
func (r *run) outcome(id plan.UnitID) {
	u, m := &r.b.Units[id], r.w.Machine
	u.State, u.Result = m.State(id).String(), m.Result(id).String()
	a := m.Active(id)
	u.Well = a == machine.ActiveUp || a == machine.Inactive && u.own && m.Result(id) == machine.Success
}

// findCritical goes back from the target: each time to the unit, of those that
// come before, that was done last.
func (b *Boot) findCritical(p *plan.Plan) {
	for id, n := p.Target, 0; id != plan.NoUnit && n <= len(p.Units); n++ {
		b.Units[id].Critical = true
		b.Critical = append([]plan.UnitID{id}, b.Critical...)
		id = b.waitedFor(p, id)
	}
}

func (b *Boot) waitedFor(p *plan.Plan, id plan.UnitID) plan.UnitID {
	best, at := plan.NoUnit, plan.Duration(-1)
	for _, d := range p.Units[id].Deps {
		o := &b.Units[d.Unit]
		if d.Rel&plan.After != 0 && !o.Critical && o.Up <= b.Units[id].Began && o.Up != plan.Infinity && o.Up > at {
			best, at = d.Unit, o.Up
		}
	}
	return best
}
