package machine_test

import (
	"math/rand/v2"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

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
			t.ev = e.request(t.ev.Unit)
		case 4:
			t.ev.Kind = machine.EvTraffic
			if u := e.p.Units; e.r.IntN(2) == 0 { // where there is a socket, most comes to it
				for i := range u {
					if u[i].Socket != nil {
						t.ev.Unit = plan.UnitID(i)
					}
				}
			}
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
			t.who, t.names = sender(e.r.IntN(int(numSenders))), sender(e.r.IntN(int(stranger)))
			t.ev.Notify = &machine.Notify{Fields: machine.NotifyFields(e.r.IntN(1 << 16)), Extend: plan.Second,
				Watchdog: 4 * plan.Second, Access: plan.NotifyAccess(e.r.IntN(4)), Monotonic: some(e.r, 60)}
			if e.r.IntN(2) == 0 { // most say one thing at a time
				t.ev.Notify.Fields = 1 << e.r.IntN(16)
				switch e.r.IntN(8) {
				case 0, 1:
					t.ev.Notify.Fields, t.who = machine.NotifyMainPID, mainProcess
				case 2, 3:
					t.ev.Notify.Fields, t.who = machine.NotifyStoreFDs, mainProcess
				}
			}
		}
		e.troubles = append(e.troubles, t)
	}
}

// request is what a client asks for: mostly in the mode that systemctl has when
// none is named.
func (e *maker) request(u plan.UnitID) machine.Event {
	ev := machine.Event{Kind: machine.EvRequest, Verb: machine.Verb(e.r.IntN(int(machine.VerbCancel) + 1)), Unit: u, Request: 1}
	switch mode := machine.JobMode(e.r.IntN(2 * int(plan.NumModes))); {
	case mode == plan.ModeIsolate, mode == plan.ModeIsolate+plan.NumModes:
		ev.Verb, ev.Mode = machine.VerbStart, plan.ModeIsolate
	case mode == plan.ModeTriggering:
		ev.Verb, ev.Mode = machine.VerbStop, mode
	case mode == plan.ModeRestartDependencies:
		ev.Verb, ev.Mode = machine.VerbStart, mode
	case mode < plan.NumModes && e.lawful(mode):
		ev.Mode = mode
	}
	return ev
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
			h.Leaves = &sim.Program{Dies: some(r, 2), Deaf: r.IntN(6) == 0, Life: some(r, 60), Ready: sim.Never, Stuck: stuck(r)}
			h.Hands = r.IntN(2) == 0
		}
	}
	h.Stuck = stuck(r)
	if r.IntN(3) > 0 {
		h.Reloads, h.Reload, h.Stale = true, some(r, 4), r.IntN(2) == 0
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
	case 3:
		h.OOM, h.Code, h.Status = true, machine.Killed, 9
	}
	for n, without := range habits {
		if s.tame[u]>>n&1 != 0 {
			without(&h)
		}
	}
	return h
}

// habits take one away each from a program.
var habits = [...]func(*sim.Program){
	func(h *sim.Program) { h.Leaves = nil },
	func(h *sim.Program) { h.Slow, h.Spawn = false, 0 },
	func(h *sim.Program) { h.Dies = 0 },
	func(h *sim.Program) { h.Deaf = false },
	func(h *sim.Program) { h.Stuck = 0 },
	func(h *sim.Program) { h.Ready = min(h.Ready, 0) },
	func(h *sim.Program) { h.Life -= h.Life % plan.Second },
	func(h *sim.Program) { h.OOM = false },
}

// stuck is how long a process takes to die of SIGKILL: hardly any takes time, and
// few of these never end.
func stuck(r *rand.Rand) plan.Duration {
	switch r.IntN(40) {
	case 0, 1:
		return some(r, 30)
	case 2:
		return sim.Never
	}
	return 0
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
