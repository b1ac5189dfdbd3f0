package machine_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// explorer lives through one random image and one random schedule, and looks
// at the machine after each step.
type explorer struct {
	*testing.T
	seed   uint64
	r      *rand.Rand
	w      *sim.World
	p      *plan.Plan
	before []machine.Active
	start  []bool // had a start job before the step
	hash   uint64
	script []string
	keep   bool
}

// relate writes a relation into both units.
func relate(p *plan.Plan, a, b plan.UnitID, rel plan.Rel) {
	add := func(u, o plan.UnitID, r plan.Rel) {
		deps := p.Units[u].Deps
		i := 0
		for i < len(deps) && deps[i].Unit < o {
			i++
		}
		if i < len(deps) && deps[i].Unit == o {
			deps[i].Rel |= r
			return
		}
		deps = append(deps, plan.Dep{})
		copy(deps[i+1:], deps[i:])
		deps[i] = plan.Dep{Unit: o, Rel: r}
		p.Units[u].Deps = deps
	}
	for _, pair := range pairs {
		if rel&pair[0] != 0 {
			add(a, b, pair[0])
			add(b, a, pair[1])
		}
	}
}

var pairs = [][2]plan.Rel{
	{plan.After, plan.Before}, {plan.Requires, plan.RequiredBy}, {plan.Requisite, plan.RequisiteOf},
	{plan.Wants, plan.WantedBy}, {plan.BindsTo, plan.BoundBy}, {plan.PartOf, plan.ConsistsOf},
	{plan.Upholds, plan.UpheldBy}, {plan.Conflicts, plan.ConflictedBy}, {plan.OnSuccess, plan.OnSuccessOf},
	{plan.OnFailure, plan.OnFailureOf}, {plan.PropagatesReloadTo, plan.ReloadPropagatedFrom},
	{plan.PropagatesStopTo, plan.StopPropagatedFrom}, {plan.Triggers, plan.TriggeredBy},
}

// newService has systemd's defaults.
func newService(t plan.ServiceType, roles ...plan.Role) *plan.Service {
	s := &plan.Service{
		Type: t, TimeoutStart: 90 * plan.Second, TimeoutStop: 90 * plan.Second,
		TimeoutAbort: 90 * plan.Second, RestartSec: 100 * plan.Millisecond,
		RestartMaxDelay: plan.Infinity, RuntimeMax: plan.Infinity,
		KillSignal: 15, FinalKillSignal: 9, WatchdogSignal: 6, ReloadSignal: 1,
		Flags: plan.SendSIGKILL | plan.GuessMainPID,
	}
	if t == plan.TypeNotify || t == plan.TypeNotifyReload {
		s.NotifyAccess = plan.NotifyMain
	}
	if len(roles) == 0 {
		roles = []plan.Role{plan.ExecStart}
	}
	for _, r := range roles {
		s.Commands = append(s.Commands, plan.Command{Role: r})
	}
	return s
}

func (e *explorer) image() {
	n := 2 + e.r.IntN(12)
	e.p = &plan.Plan{Target: plan.UnitID(n), StopTimeout: 60 * plan.Minute, Units: make([]plan.Unit, n+1)}
	for i := range n {
		u := &e.p.Units[i]
		u.Name = fmt.Sprintf("u%d", i)
		u.StartLimitBurst, u.StartLimitInterval = uint16(1+e.r.IntN(5)), 10*plan.Second
		switch k := e.r.IntN(10); {
		case k == 0:
			u.Kind = plan.KindTarget
		case k == 1:
			u.Kind = plan.KindSocket
			u.Socket = e.socket(i)
		default:
			u.Kind = plan.KindService
			u.Service = e.service()
		}
		if e.r.IntN(8) == 0 {
			u.Flags |= plan.StopWhenUnneeded
		}
	}
	e.p.Units[n].Name = "all.target"
	e.relations(n)
}

func (e *explorer) socket(i int) *plan.Socket {
	s := &plan.Socket{Service: plan.NoUnit, TimeoutSec: 90 * plan.Second,
		TriggerLimitBurst: 5, TriggerLimitInterval: 2 * plan.Second}
	for _, r := range []plan.Role{plan.ExecStartPre, plan.ExecStartPost, plan.ExecStop, plan.ExecStopPost} {
		if e.r.IntN(4) == 0 {
			s.Commands = append(s.Commands, plan.Command{Role: r})
		}
	}
	return s
}

func (e *explorer) service() *plan.Service {
	t := plan.ServiceType(e.r.IntN(int(plan.TypeIdle) + 1))
	var roles []plan.Role
	for r := plan.ExecCondition; r < plan.NumRoles; r++ {
		for range e.r.IntN(3) {
			if r == plan.ExecStart && t != plan.TypeOneshot {
				break
			}
			if e.r.IntN(3) == 0 {
				roles = append(roles, r)
			}
		}
		if r == plan.ExecStart && (t != plan.TypeOneshot || e.r.IntN(5) > 0) {
			roles = append(roles, r)
		}
	}
	s := newService(t, roles...)
	if len(roles) == 0 {
		s.Flags |= plan.RemainAfterExit
	}
	for i := range s.Commands {
		if e.r.IntN(6) == 0 {
			s.Commands[i].Flags = plan.IgnoreFailure
		}
	}
	s.Restart = plan.Restart(e.r.IntN(int(plan.RestartAlways) + 1))
	s.RestartMode = plan.RestartMode(e.r.IntN(2))
	s.KillMode = plan.KillMode(e.r.IntN(2)) // the others leave processes behind
	s.TimeoutStart = plan.Duration(1+e.r.IntN(20)) * plan.Second
	s.TimeoutStop = plan.Duration(1+e.r.IntN(10)) * plan.Second
	s.TimeoutStartMode = plan.TimeoutMode(e.r.IntN(3))
	s.TimeoutStopMode = plan.TimeoutMode(e.r.IntN(3))
	s.OOMPolicy = plan.OOMPolicy(e.r.IntN(3))
	if e.r.IntN(4) == 0 {
		s.Flags |= plan.RemainAfterExit
	}
	if e.r.IntN(8) == 0 {
		s.RuntimeMax = 5 * plan.Second
	}
	if e.r.IntN(8) == 0 && s.NotifyAccess != 0 {
		s.Watchdog = 3 * plan.Second
	}
	if t == plan.TypeForking && e.r.IntN(2) == 0 {
		s.PIDFile = "/run/x.pid"
	}
	return s
}

func (e *explorer) relations(n int) {
	wild := []plan.Rel{plan.Requires, plan.BindsTo, plan.Wants, plan.Requisite, plan.PartOf, plan.Upholds,
		plan.OnFailure, plan.OnSuccess, plan.PropagatesStopTo, plan.PropagatesReloadTo, plan.Conflicts}
	for range e.r.IntN(3 * n) {
		a, b := e.r.IntN(n), e.r.IntN(n)
		if a == b {
			continue
		}
		a, b = max(a, b), min(a, b)
		rel := plan.Rel(0)
		if e.r.IntN(3) > 0 {
			rel |= plan.After
		}
		if k := e.r.IntN(len(wild) * 2); k < len(wild) {
			rel |= wild[k]
		} else {
			rel |= []plan.Rel{plan.Requires, plan.Wants}[k%2]
		}
		relate(e.p, plan.UnitID(a), plan.UnitID(b), rel)
	}
	for i := range n {
		u := &e.p.Units[i]
		if u.Kind == plan.KindSocket && i+1 < n && e.p.Units[i+1].Kind == plan.KindService {
			u.Socket.Service = plan.UnitID(i + 1)
			e.p.Units[i+1].Service.Sockets = []plan.UnitID{plan.UnitID(i)}
			relate(e.p, plan.UnitID(i), plan.UnitID(i+1), plan.Triggers)
			relate(e.p, plan.UnitID(i+1), plan.UnitID(i), plan.After|plan.Wants)
		}
		if e.r.IntN(5) > 0 {
			relate(e.p, plan.UnitID(n), plan.UnitID(i), plan.After|plan.Wants)
		}
	}
}

// program is what a command happens to do this time.
func (e *explorer) program(u plan.UnitID, c uint16) sim.Program {
	h := sim.Program{Spawn: e.some(2), Ready: e.some(4), Dies: e.some(3), Deaf: e.r.IntN(6) == 0}
	var role plan.Role
	if s := e.p.Units[u].Service; s != nil {
		role = s.Commands[c].Role
		if s.Type == plan.TypeForking && role == plan.ExecStart || e.r.IntN(6) == 0 {
			h.Leaves = &sim.Program{Dies: e.some(2), Deaf: e.r.IntN(6) == 0, Life: e.some(60), Ready: sim.Never}
		}
	}
	switch e.r.IntN(24) {
	case 0:
		h.NoChild = true
	case 1:
		h.Step = plan.StepExec
	case 2:
		h.Ready = sim.Never
	}
	oneshot := e.p.Units[u].Service == nil || e.p.Units[u].Service.Type == plan.TypeOneshot || e.p.Units[u].Service.Type == plan.TypeForking
	if role != plan.ExecStart || oneshot || e.r.IntN(3) == 0 {
		h.Life, h.Now = e.some(8), true
	}
	switch e.r.IntN(12) {
	case 0:
		h.Status = int32(e.r.IntN(256))
	case 1:
		h.Code, h.Status = machine.Killed, int32(1+e.r.IntN(15))
	case 2:
		h.Code, h.Status = machine.Dumped, 11
	}
	return h
}

// some is a time of mostly nothing, at most n seconds.
func (e *explorer) some(n int) plan.Duration {
	if e.r.IntN(2) == 0 {
		return 0
	}
	return plan.Duration(e.r.Int64N(int64(n) * int64(plan.Second)))
}

// trouble brings what the outside world does.
func (e *explorer) trouble() {
	n := len(e.p.Units)
	for range e.r.IntN(20) {
		u := plan.UnitID(e.r.IntN(n))
		ev := machine.Event{Unit: u}
		switch e.r.IntN(5) {
		case 0, 1:
			ev.Kind, ev.Verb, ev.Request = machine.EvRequest, machine.Verb(e.r.IntN(7)), 1
			ev.Mode = machine.JobMode(e.r.IntN(8)) % plan.ModeIgnoreRequirements // the others break rules on purpose
		case 2:
			ev.Kind = machine.EvTraffic
		case 3:
			ev.Kind = machine.EvOOM
		default:
			ev.Kind = machine.EvNotify
			ev.Pid = e.w.Machine.MainPID(u)
			ev.Notify = &machine.Notify{Fields: machine.NotifyFields(e.r.IntN(1 << 13)),
				Extend: plan.Second, Watchdog: 4 * plan.Second, Access: plan.NotifyMain}
		}
		e.w.After(plan.Duration(e.r.Int64N(int64(40*plan.Second))), ev)
	}
}

func (e *explorer) fatal(format string, args ...any) {
	e.Helper()
	if !e.keep {
		explore(e.T, e.seed, true) // fails here too, and has the script
	}
	for _, l := range e.script {
		e.Log(l)
	}
	for i := range e.p.Units {
		u := &e.p.Units[i]
		e.Logf("%d %s kind %d deps %+v service %+v", i, u.Name, u.Kind, u.Deps, u.Service)
	}
	e.Fatalf("seed %d, at %.6f s: "+format, append([]any{e.seed, float64(e.w.Now) / 1e9}, args...)...)
}

// seen holds the invariants against each step.
func (e *explorer) seen(ev machine.Event, actions []machine.Action) {
	m := e.w.Machine
	h := fnv.New64a()
	fmt.Fprint(h, e.hash, e.w.Now, ev.Kind, ev.Unit, ev.Pid, ev.Status, actions)
	e.hash = h.Sum64()
	if e.keep {
		e.script = append(e.script, fmt.Sprintf("%.6f kind %d unit %d pid %d status %d code %d", float64(e.w.Now)/1e9, ev.Kind, ev.Unit, ev.Pid, ev.Status, ev.Code))
		for _, a := range actions {
			e.script = append(e.script, fmt.Sprintf("      act %d unit %d other %d pid %d sig %d cmd %d value %d %s", a.Kind, a.Unit, a.Other, a.Pid, a.Signal, a.Command, a.Value, a.Msg))
		}
	}
	if e.w.Steps > 200000 {
		e.fatal("goes round in circles")
	}
	if s := m.CheckJobs(); s != "" {
		e.fatal("%s", s)
	}
	said := e.mayStartAnew(actions)
	for _, a := range actions {
		e.order(a, said)
		said[a.Unit] = true
	}
	for i := range e.p.Units {
		u := plan.UnitID(i)
		if a := m.Active(u); (a == machine.Inactive || a == machine.Failed) && e.w.Live(u) > 0 {
			e.fatal("%s is %s with %d processes", e.p.Units[i].Name, m.State(u), e.w.Live(u))
		}
		e.before[i] = m.Active(u)
		t, _ := m.Job(u)
		e.start[i] = t == machine.JobStart || t == machine.JobRestart
	}
}

// mayStartAnew are the units that get a start job by what becomes of another one
// in this step (OnSuccess=, OnFailure=, Upholds=). The job that one of them had
// before may have been cancelled in the same step, and let others go.
func (e *explorer) mayStartAnew(actions []machine.Action) map[plan.UnitID]bool {
	anew := map[plan.UnitID]bool{}
	for _, a := range actions {
		if int(a.Unit) >= len(e.p.Units) {
			continue
		}
		for _, d := range e.p.Units[a.Unit].Deps {
			if d.Rel&(plan.OnSuccess|plan.OnFailure|plan.Upholds) != 0 {
				anew[d.Unit] = true
			}
		}
	}
	return anew
}

// order looks at starts and stops against what they are ordered with. A unit of
// which something was said earlier in the step may have got a new job since.
func (e *explorer) order(a machine.Action, said map[plan.UnitID]bool) {
	m := e.w.Machine
	if a.Kind == machine.ActLog && a.Msg == machine.MsgCycle {
		e.fatal("jobs wait for each other without a cycle in the plan")
	}
	if a.Kind == machine.ActLog && a.Msg == machine.MsgStopOverdue {
		e.fatal("the ordered stop hangs")
	}
	svc := e.p.Units[a.Unit%plan.UnitID(len(e.p.Units))].Service
	starts := a.Kind == machine.ActSpawn && a.Value == 1 && svc != nil && svc.Commands[a.Command].Role <= plan.ExecStartPost
	stops := a.Kind == machine.ActLog && a.Msg == machine.MsgStopping && m.Ending()
	if !starts && !stops {
		return
	}
	for _, d := range e.p.Units[a.Unit].Deps {
		now := m.Active(d.Unit)
		if starts && d.Rel&plan.After != 0 {
			if t, _ := m.Job(d.Unit); !said[d.Unit] && e.start[d.Unit] && t == machine.JobStart && now != machine.ActiveUp {
				e.fatal("%s starts before %s, which it is after", e.p.Units[a.Unit].Name, e.p.Units[d.Unit].Name)
			}
			const strong = plan.Requires | plan.BindsTo
			if d.Rel&strong != 0 && now == machine.Failed && e.before[d.Unit] == machine.Failed {
				e.fatal("%s starts without %s, which it requires", e.p.Units[a.Unit].Name, e.p.Units[d.Unit].Name)
			}
		}
		if stops && d.Rel&plan.Before != 0 && now != machine.Inactive && now != machine.Failed {
			e.fatal("%s stops before %s, which is after it", e.p.Units[a.Unit].Name, e.p.Units[d.Unit].Name)
		}
	}
}

// explore lives one seed and gives the number of steps and the trace's hash.
func explore(t *testing.T, seed uint64, keep bool) (int, uint64) {
	e := &explorer{T: t, seed: seed, r: rand.New(rand.NewPCG(seed, 1)), keep: keep}
	e.image()
	e.before = make([]machine.Active, len(e.p.Units))
	e.start = make([]bool, len(e.p.Units))
	e.w = sim.New(e.p)
	e.w.Program = e.program
	e.w.Sockets = func(plan.UnitID) int32 { return int32(e.r.IntN(8) / 7 * 98) }
	e.w.Seen = e.seen
	e.w.Do(machine.Event{Kind: machine.EvBoot})
	e.trouble()
	rest := e.w.Run(plan.Duration(1+e.r.IntN(300)) * plan.Second)
	if rest && !e.w.Exited && e.w.Machine.Jobs() > 0 {
		e.fatal("%d jobs hang", e.w.Machine.Jobs())
	}
	if !e.w.Exited {
		e.w.Do(machine.Event{Kind: machine.EvShutdown})
		e.w.Do(machine.Event{Kind: machine.EvShutdown})
		e.w.Run(2 * 60 * plan.Minute)
	}
	if !e.w.Exited {
		e.fatal("does not end")
	}
	if e.w.All() > 0 {
		e.fatal("%d processes are left", e.w.All())
	}
	return e.w.Steps, e.hash
}

var (
	seedFlag  = flag.Uint64("seed", 0, "first seed of the explorer")
	seedsFlag = flag.Uint64("seeds", 0, "how many seeds it lives through; 0 for as many as make a million steps")
)

func TestExplore(t *testing.T) {
	want := 1_000_000
	if testing.Short() {
		want /= 20
	}
	seeds, steps := uint64(0), 0
	for seeds < *seedsFlag || *seedsFlag == 0 && steps < want {
		n, _ := explore(t, *seedFlag+seeds, false)
		steps += n
		seeds++
	}
	t.Logf("explored %d steps of %d seeds", steps, seeds)
	for seed := range uint64(50) {
		_, a := explore(t, seed, false)
		_, b := explore(t, seed, true)
		if a != b {
			t.Fatalf("seed %d: two traces", seed)
		}
	}
}
