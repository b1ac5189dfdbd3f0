package machine_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// explorer lives through one scenario, and looks at the machine after each
// step.
type explorer struct {
	*scenario
	w      *sim.World
	p      *plan.Plan
	spawns [][]int // of each command of each unit
	hash   uint64
	script []string
	keep   bool
	drawn  []string                                                      // what the programs do that this step runs
	rule   func(e *explorer, ev machine.Event, actions []machine.Action) // of a test, beside the machine's own
	seenState
}

// broken is the rule that does not hold, and what happened.
type broken struct{ rule, text string }

// outcome is what became of a scenario; rule is "" when all is well.
type outcome struct {
	broken
	steps  int
	hash   uint64
	script []string
}

// broke ends the life of a scenario.
func (e *explorer) broke(rule, format string, args ...any) {
	panic(broken{rule, fmt.Sprintf("at %.6f s: %s: "+format, append([]any{float64(e.w.Now) / 1e9, rule}, args...)...)})
}

// live lives a scenario. keep has it write down all that happens.
func (s *scenario) live(keep bool, rule func(*explorer, machine.Event, []machine.Action)) (out outcome) {
	e := &explorer{scenario: s, p: s.plan, keep: keep, rule: rule}
	defer func() {
		out.steps, out.hash, out.script = e.w.Steps, e.hash, e.script
		switch why := recover().(type) {
		case nil:
		case broken:
			out.broken = why
		default:
			out.broken = broken{"never panics", fmt.Sprint(why)}
		}
	}()
	e.boot()
	e.through()
	e.end()
	return out
}

func (e *explorer) boot() {
	e.spawns = make([][]int, len(e.p.Units))
	for i := range e.p.Units {
		e.spawns[i] = make([]int, 8*int(plan.NumRoles))
	}
	e.seenState.init(len(e.p.Units))
	e.firm = slices.ContainsFunc(e.p.Units, func(u plan.Unit) bool {
		return u.Actions != nil && (u.Actions.SuccessMode == plan.ModeReplaceIrreversibly || u.Actions.FailureMode == plan.ModeReplaceIrreversibly)
	})
	e.w = sim.New(e.p)
	draw := func(u plan.UnitID, c uint16) int { e.spawns[u][c]++; return e.spawns[u][c] }
	e.w.Program = func(u plan.UnitID, c uint16) sim.Program {
		p := e.program(u, c, draw(u, c))
		if e.keep {
			e.drawn = append(e.drawn, programText(p))
		}
		return p
	}
	e.w.Sockets = func(u plan.UnitID) int32 {
		if !e.calm[u] && (e.seed>>3+uint64(u))%8 == 7 && draw(u, 40)%2 == 1 {
			return 98
		}
		return 0
	}
	e.w.Check = func(u plan.UnitID) int32 {
		if e.calm[u] {
			return machine.CheckHolds
		}
		return int32((e.seed + uint64(u)*7 + uint64(draw(u, 41))) % 5 % 3)
	}
	e.w.MainPID = e.mainPID
	e.w.Seen = e.seen
	e.w.Do(machine.Event{Kind: machine.EvBoot})
	for _, t := range e.troubles {
		switch t.ev.Kind {
		case machine.EvTick:
		case machine.EvNotify:
			e.w.Later(t.at, func() (machine.Event, bool) { return e.notification(t), true })
		default:
			e.w.After(t.at, t.ev)
		}
	}
}

// mainPID is the process that fits; some PID files are late.
func (e *explorer) mainPID(u plan.UnitID) int32 {
	found := func() int32 {
		for _, p := range e.w.Of(u) {
			if !p.Unborn && !p.Dying {
				return p.Pid
			}
		}
		return 0
	}
	e.spawns[u][42]++
	if e.calm[u] || e.p.Units[u].Service.PIDFile == "" || (e.seed+uint64(u)+uint64(e.spawns[u][42]))%3 > 0 {
		return found()
	}
	e.w.Later(2*plan.Second, func() (machine.Event, bool) {
		pid := found()
		if e.units[u].finding && pid != 0 {
			e.w.Own(pid)
		}
		return machine.Event{Kind: machine.EvMainPID, Unit: u, Pid: pid}, e.units[u].finding && pid != 0
	})
	return 0
}

// notification is one from and about the processes that a unit has now.
func (e *explorer) notification(t trouble) machine.Event {
	n := *t.ev.Notify
	ev := t.ev
	ev.Pid, ev.Notify, n.MainPID = e.process(ev.Unit, t.who), &n, e.process(ev.Unit, t.names)
	if n.MainPID == 0 { // the driver has looked
		n.Fields &^= machine.NotifyMainPID
	}
	return ev
}

// process is one of u's, 0 for none.
func (e *explorer) process(u plan.UnitID, who sender) int32 {
	switch all := e.w.Of(u); {
	case who == mainProcess:
		return e.w.Machine.MainPID(u)
	case who == controlProcess:
		return e.w.Machine.ControlPID(u)
	case who == newestProcess && len(all) > 0 && !all[len(all)-1].Unborn:
		return all[len(all)-1].Pid
	}
	return 0
}

// through lets time pass, with its jumps.
func (e *explorer) through() {
	left := e.life
	for _, t := range e.troubles {
		if t.ev.Kind == machine.EvTick && !e.w.Exited {
			e.w.Run(min(t.at, left))
			left -= min(t.at, left)
			e.w.Jump(plan.Duration(t.ev.Status) * plan.Second)
		}
	}
	if e.w.Run(left) && !e.w.Exited {
		e.atRest()
	}
}

// end stops everything.
func (e *explorer) end() {
	if !e.w.Exited {
		e.w.Do(machine.Event{Kind: machine.EvShutdown, Status: int32(plan.ActionExit)})
		e.w.Do(machine.Event{Kind: machine.EvShutdown, Status: int32(plan.ActionExit)})
		e.w.Run(2 * 60 * plan.Minute)
	}
	if !e.w.Exited {
		e.broke("ends", "it does not")
	}
	switch e.w.Machine.EndsWith() {
	case plan.ActionRebootImmediate, plan.ActionPoweroffImmediate, plan.ActionHaltImmediate:
		return // without a look at who is left
	}
	for i := range e.p.Units {
		for _, p := range e.w.Of(plan.UnitID(i)) {
			if p.Habit.Stuck == 0 || !p.Killed {
				e.broke("leaves nobody behind", "a process of %s is left", e.name(plan.UnitID(i)))
			}
		}
	}
}

// seen holds the rules against each step.
func (e *explorer) seen(ev machine.Event, actions []machine.Action) {
	e.trace(ev, actions)
	e.rules(ev, actions)
	if e.rule != nil {
		e.rule(e, ev, actions)
	}
}

// trace mixes a step into the hash of the life, and writes it down.
func (e *explorer) trace(ev machine.Event, actions []machine.Action) {
	e.mix(uint64(e.w.Now), uint64(ev.Kind)<<32|uint64(ev.Unit), uint64(uint32(ev.Pid))<<32|uint64(uint32(ev.Status)))
	for n := range actions {
		a := &actions[n]
		e.mix(uint64(a.Kind)<<32|uint64(a.Unit), uint64(uint32(a.Pid))<<32|uint64(a.Command)<<16|uint64(a.Signal), uint64(a.Value)<<8|uint64(a.Msg))
	}
	if !e.keep {
		return
	}
	e.script = append(e.script, fmt.Sprintf("%.6f %s", float64(e.w.Now)/1e9, e.eventText(ev)))
	for n := range actions {
		text := "          " + e.actionText(&actions[n])
		if actions[n].Kind == machine.ActSpawn && len(e.drawn) > 0 {
			text += ", which " + e.drawn[0]
			e.drawn = e.drawn[1:]
		}
		e.script = append(e.script, text)
	}
}

func (e *explorer) mix(words ...uint64) {
	for _, w := range words {
		e.hash = (e.hash ^ w) * 0x9E3779B97F4A7C15
		e.hash ^= e.hash >> 29
	}
}

func (s *scenario) name(u plan.UnitID) string {
	if int(u) < len(s.plan.Units) {
		return s.plan.Units[u].Name
	}
	return "-"
}

var eventNames = [machine.NumEvents]string{
	machine.EvBoot: "boot", machine.EvTick: "tick", machine.EvSpawned: "spawned", machine.EvExited: "exited",
	machine.EvSignalled: "signalled", machine.EvGroupEmpty: "group empty", machine.EvMainPID: "main pid", machine.EvSockets: "sockets",
	machine.EvTraffic: "traffic", machine.EvNotify: "notify", machine.EvBusName: "bus name", machine.EvOOM: "oom",
	machine.EvShutdown: "shutdown", machine.EvRequest: "request", machine.EvAllGone: "all gone", machine.EvChecked: "checked",
}

var (
	seedFlag  = flag.Uint64("seed", 0, "first seed of the explorer")
	leastFlag = flag.Bool("least", true, "look for the least that breaks a rule")
	seedsFlag = flag.Uint64("seeds", 0, "how many seeds it lives through; 0 for as many as make a million steps")
)

func TestExplore(t *testing.T) {
	want := 1_000_000
	if testing.Short() {
		want /= 20
	}
	seeds, steps := uint64(0), 0
	for seeds < *seedsFlag || *seedsFlag == 0 && steps < want {
		s := newScenario(*seedFlag + seeds)
		out := s.live(false, nil)
		if out.rule != "" && !*leastFlag {
			t.Fatalf("seed %d, %s", s.seed, out.text)
		}
		if out.rule != "" {
			t.Fatalf("seed %d, %s\n%s", s.seed, out.text, s.shrink(out.rule, nil))
		}
		steps += out.steps
		seeds++
	}
	t.Logf("explored %d steps of %d seeds", steps, seeds)
	for _, what := range []string{"MAINPID=", "RestartSteps=", "SuccessExitStatus=", "action", "at rest", "isolated", "job timeout", "left behind",
		"refused", "reset", "restarted", "skipped", "start limit", "starts alone", "stopped", "stuck"} {
		if saw[what] == 0 && *seedsFlag == 0 && !testing.Short() {
			t.Errorf("no life has come by %q: what is drawn does not reach it", what)
		}
	}
	t.Log(saw)
	for seed := range uint64(50) {
		a, b := newScenario(seed).live(false, nil), newScenario(seed).live(true, nil)
		if a.hash != b.hash {
			t.Fatalf("seed %d: two traces", seed)
		}
	}
}

// TestShrink breaks a rule of its own: what is left of a life with many units
// must be what breaks it.
func TestShrink(t *testing.T) {
	rule := func(e *explorer, _ machine.Event, actions []machine.Action) {
		for _, a := range actions {
			if a.Kind == machine.ActLog && a.Msg == machine.MsgRestarting && e.p.Units[a.Unit].Service.Type == plan.TypeSimple {
				e.broke("no simple service restarts", "%s does", e.name(a.Unit))
			}
		}
	}
	for seed := uint64(0); seed < 500; seed++ {
		s := newScenario(seed)
		out := s.live(false, rule)
		if out.rule == "" || len(s.plan.Units) < 8 || len(s.troubles) < 8 {
			continue
		}
		text := s.shrink(out.rule, rule)
		if n := strings.Count(text, "\n-- "); n > 3 || strings.Contains(text, "\nfrom outside") || strings.Count(text, "\nExec") > 2 || strings.Count(text, "\n") > 60 {
			t.Errorf("seed %d: not minimal\n%s", seed, text)
		}
		t.Log(text)
		return
	}
	t.Fatal("no seed has a simple service that restarts")
}
