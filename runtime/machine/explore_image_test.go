package machine_test

import (
	"fmt"
	"math/rand/v2"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// scenario is one random image and what happens to it. The same scenario lives
// the same life each time: what a command does is drawn from the seed, its unit
// and how often it ran, not from what else happens.
type scenario struct {
	seed uint64
	plan *plan.Plan
	// troubles come from outside, at their times.
	troubles []trouble
	// calm are the units whose commands do what they should.
	calm []bool
	life plan.Duration // until the stop
}

// trouble is an event, or a jump of the clock when its kind is EvTick.
type trouble struct {
	at plan.Duration
	ev machine.Event
}

// maker draws a scenario.
type maker struct {
	*scenario
	r *rand.Rand
	p *plan.Plan
}

func newScenario(seed uint64) *scenario {
	e := &maker{scenario: &scenario{seed: seed}, r: rand.New(rand.NewPCG(seed, 1))}
	e.image()
	e.plan, e.calm = e.p, make([]bool, len(e.p.Units))
	e.life = plan.Duration(1+e.r.IntN(300)) * plan.Second
	e.trouble()
	return e.scenario
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

func (e *maker) image() {
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
		if e.r.IntN(8) == 0 {
			u.Conditions = []plan.Condition{{Text: "ConditionPathExists=/x"}}
		}
	}
	e.p.Units[n].Name = "all.target"
	e.relations(n)
}

func (e *maker) socket(i int) *plan.Socket {
	s := &plan.Socket{Service: plan.NoUnit, TimeoutSec: 90 * plan.Second,
		TriggerLimitBurst: 5, TriggerLimitInterval: 2 * plan.Second}
	for _, r := range []plan.Role{plan.ExecStartPre, plan.ExecStartPost, plan.ExecStop, plan.ExecStopPost} {
		if e.r.IntN(4) == 0 {
			s.Commands = append(s.Commands, plan.Command{Role: r})
		}
	}
	return s
}

func (e *maker) service() *plan.Service {
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
	s.TimeoutAbort = plan.Duration(1+e.r.IntN(10)) * plan.Second
	if t == plan.TypeForking && e.r.IntN(2) == 0 {
		s.PIDFile = "/run/x.pid"
	}
	return s
}

func (e *maker) relations(n int) {
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

// some is a time of mostly nothing, at most n seconds.
func some(r *rand.Rand, n int) plan.Duration {
	if r.IntN(2) == 0 {
		return 0
	}
	return plan.Duration(r.Int64N(int64(n) * int64(plan.Second)))
}

// trouble draws what the outside world does.
func (e *maker) trouble() {
	for range e.r.IntN(24) {
		t := trouble{at: plan.Duration(e.r.Int64N(int64(40 * plan.Second)))}
		t.ev.Unit = plan.UnitID(e.r.IntN(len(e.p.Units)))
		switch e.r.IntN(12) {
		case 0, 1, 2, 3:
			t.ev.Kind, t.ev.Verb, t.ev.Request = machine.EvRequest, machine.Verb(e.r.IntN(7)), 1
			t.ev.Mode = machine.JobMode(e.r.IntN(8)) % plan.ModeIgnoreRequirements // the others break rules on purpose
		case 4:
			t.ev.Kind = machine.EvTraffic
		case 5:
			t.ev.Kind = machine.EvOOM
		case 6:
			t.ev.Kind, t.ev.Status = machine.EvBusName, int32(e.r.IntN(3)-1)
		case 7:
			t.ev.Kind = machine.EvTick // the clock jumps, as when the machine slept
			t.ev.Status = int32(1 + e.r.IntN(120))
		case 8:
			if e.r.IntN(4) > 0 {
				continue
			}
			t.ev.Kind, t.ev.Status = machine.EvShutdown, int32(plan.ActionExit)
		default:
			t.ev.Kind = machine.EvNotify
			t.ev.Notify = &machine.Notify{Fields: machine.NotifyFields(e.r.IntN(1 << 13)), Extend: plan.Second,
				Watchdog: 4 * plan.Second, Access: plan.NotifyAccess(e.r.IntN(4))}
		}
		e.troubles = append(e.troubles, t)
	}
}

// program is what a command of u does when it runs for the nth time.
func (s *scenario) program(u plan.UnitID, c uint16, nth int) sim.Program {
	if s.calm[u] {
		return s.calmProgram(u, c)
	}
	r := rand.New(rand.NewPCG(s.seed, 2+uint64(u)<<48+uint64(c)<<32+uint64(nth)))
	h := sim.Program{Spawn: some(r, 2), Ready: some(r, 4), Dies: some(r, 3), Deaf: r.IntN(6) == 0}
	role, oneshot := plan.ExecStart, true
	if svc := s.plan.Units[u].Service; svc != nil {
		role = svc.Commands[c].Role
		oneshot = svc.Type == plan.TypeOneshot || svc.Type == plan.TypeForking
		if svc.Type == plan.TypeForking && role == plan.ExecStart || r.IntN(6) == 0 {
			h.Leaves = &sim.Program{Dies: some(r, 2), Deaf: r.IntN(6) == 0, Life: some(r, 60), Ready: sim.Never}
		}
	}
	switch r.IntN(24) {
	case 0:
		h.NoChild = true
	case 1:
		h.Step = plan.StepExec
	case 2:
		h.Ready = sim.Never
	case 3:
		h.Ready = some(r, 30) // late, and perhaps too late
	case 4:
		h.Dies = some(r, 20)
	case 5:
		h.Spawn = sim.Never
	case 6:
		h.Slow, h.Spawn = true, some(r, 30)
	case 7:
		h.Slow, h.Spawn = true, sim.Never
	}
	if role != plan.ExecStart || oneshot || r.IntN(3) == 0 {
		h.Life, h.Now = some(r, 8), true
	}
	switch r.IntN(12) {
	case 0:
		h.Status = int32(r.IntN(256))
	case 1:
		h.Code, h.Status = machine.Killed, int32(1+r.IntN(15))
	case 2:
		h.Code, h.Status = machine.Dumped, 11
	}
	return h
}

// calmProgram does what it should, at once.
func (s *scenario) calmProgram(u plan.UnitID, c uint16) sim.Program {
	svc := s.plan.Units[u].Service
	if svc == nil || svc.Commands[c].Role != plan.ExecStart || svc.Type == plan.TypeOneshot {
		return sim.Program{Now: true}
	}
	if svc.Type == plan.TypeForking {
		return sim.Program{Now: true, Leaves: &sim.Program{Ready: sim.Never}}
	}
	return sim.Program{}
}
