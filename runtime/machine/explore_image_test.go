package machine_test

import (
	"fmt"
	"math/rand/v2"

	"rustysd/runtime/machine"
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
	// tame are the habits that the programs of a unit do without: see habits.
	tame []uint8
	// lawless: clients ask in the job modes that ignore what units need, too.
	lawless bool
	life    plan.Duration // until the stop
}

// trouble is an event, or a jump of the clock when its kind is EvTick.
type trouble struct {
	at plan.Duration
	ev machine.Event
	// who sends a notification, and who it names as the main process.
	who, names sender
}

// sender is a process of a unit at the time of a notification.
type sender uint8

// The senders.
const (
	mainProcess sender = iota
	controlProcess
	newestProcess
	stranger
	numSenders
)

// maker draws a scenario.
type maker struct {
	*scenario
	r *rand.Rand
	p *plan.Plan
}

func newScenario(seed uint64) *scenario {
	e := &maker{scenario: &scenario{seed: seed}, r: rand.New(rand.NewPCG(seed, 1))}
	e.lawless = e.r.IntN(8) == 0
	e.image()
	e.plan, e.calm, e.tame = e.p, make([]bool, len(e.p.Units)), make([]uint8, len(e.p.Units))
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
		for flag, rare := range rareFlags {
			if e.r.IntN(rare) == 0 {
				u.Flags |= 1 << flag
			}
		}
		if e.r.IntN(4) == 0 {
			u.Actions = e.actions()
		}
		if e.r.IntN(8) == 0 {
			u.Conditions = []plan.Condition{{Text: "ConditionPathExists=/x"}}
		}
	}
	e.p.Units[n].Name, e.p.Units[n].Flags = "all.target", plan.AllowIsolate
	e.relations(n)
}

// rareFlags are the flags that are drawn, one in so many units.
var rareFlags = [...]int{8, 8, 8, 3, 6} // StopWhenUnneeded, RefuseManualStart, RefuseManualStop, AllowIsolate, IgnoreOnIsolate

// oneIn is d, one time in n, else otherwise.
func (e *maker) oneIn(n int, d, otherwise plan.Duration) plan.Duration {
	if e.r.IntN(n) == 0 {
		return d
	}
	return otherwise
}

// seconds is a time of at least one second and less than n.
func (e *maker) seconds(n int) plan.Duration {
	return plan.Duration(1+e.r.IntN(n-1)) * plan.Second
}

// actions are the settings that few units change. Those that end everything are
// rare, or nothing would happen after them.
func (e *maker) actions() *plan.Actions {
	end := func() plan.Action {
		if e.r.IntN(24) > 0 {
			return plan.ActionNone
		}
		return plan.Action(e.r.IntN(int(plan.ActionExitForce) + 1))
	}
	mode := func() plan.JobMode {
		if m := plan.JobMode(e.r.IntN(int(plan.NumModes))); e.lawful(m) {
			return m
		}
		return plan.ModeFail
	}
	return &plan.Actions{Success: end(), Failure: end(), StartLimit: end(), JobTimeoutAction: end(),
		SuccessExitStatus: int16(e.r.IntN(300)) - 44, FailureExitStatus: -1,
		JobTimeout: e.oneIn(2, e.seconds(20), plan.Infinity), JobRunningTimeout: e.oneIn(3, e.seconds(10), plan.Infinity),
		SuccessMode: mode(), FailureMode: mode()}
}

// lawful tells if a job mode keeps the rules of requirements and order, or may be
// used all the same.
func (s *scenario) lawful(mode machine.JobMode) bool {
	switch mode {
	case plan.ModeIgnoreRequirements, plan.ModeIgnoreDependencies, plan.ModeFlush:
		return s.lawless
	}
	return true
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
