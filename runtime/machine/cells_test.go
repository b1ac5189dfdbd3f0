package machine

import (
	"math/rand/v2"
	"testing"

	"rustysd/runtime/plan"
)

// cellPlan has a service of each type, a socket and a target.
func cellPlan() *plan.Plan {
	p := &plan.Plan{StopTimeout: 60 * plan.Second}
	for t := plan.TypeSimple; t <= plan.TypeIdle; t++ {
		s := &plan.Service{Type: t, TimeoutStart: plan.Second, TimeoutStop: plan.Second, TimeoutAbort: plan.Second,
			RestartSec: plan.Second, RestartMaxDelay: 8 * plan.Second, RestartSteps: 3, RuntimeMax: 9 * plan.Second,
			Watchdog: 3 * plan.Second, Restart: plan.RestartAlways, NotifyAccess: plan.NotifyAll,
			KillSignal: 15, FinalKillSignal: 9, WatchdogSignal: 6, Flags: plan.SendSIGKILL | plan.GuessMainPID}
		for r := plan.ExecCondition; r < plan.NumRoles; r++ {
			s.Commands = append(s.Commands, plan.Command{Role: r}, plan.Command{Role: r})
			if r == plan.ExecStart && t != plan.TypeOneshot {
				s.Commands = s.Commands[:len(s.Commands)-1]
			}
		}
		p.Units = append(p.Units, plan.Unit{Name: "service", Kind: plan.KindService, Service: s,
			StartLimitBurst: 5, StartLimitInterval: 10 * plan.Second})
	}
	p.Units = append(p.Units,
		plan.Unit{Name: "socket", Kind: plan.KindSocket, Socket: &plan.Socket{Service: 0, TimeoutSec: plan.Second,
			Commands: []plan.Command{{Role: plan.ExecStartPre}, {Role: plan.ExecStartPost}, {Role: plan.ExecStop}, {Role: plan.ExecStopPost}}}},
		plan.Unit{Name: "target"})
	for i := range p.Units {
		if i%2 == 0 {
			p.Units[i].Conditions = make([]plan.Condition, 1)
		}
	}
	n := len(p.Units)
	p.Target = plan.UnitID(n - 1)
	for i := range n - 1 {
		p.Units[i].Deps = append(p.Units[i].Deps, plan.Dep{Unit: p.Target, Rel: plan.Before | plan.WantedBy})
		p.Units[n-1].Deps = append(p.Units[n-1].Deps, plan.Dep{Unit: plan.UnitID(i), Rel: plan.After | plan.Wants})
	}
	p.Units[0].Deps = append([]plan.Dep{{Unit: plan.UnitID(n - 2), Rel: plan.TriggeredBy | plan.After}}, p.Units[0].Deps...)
	p.Units[n-2].Deps = append([]plan.Dep{{Unit: 0, Rel: plan.Triggers | plan.Before}}, p.Units[n-2].Deps...)
	return p
}

var allParts = []Part{Services, Sockets, Notifying, Bus, Forking, Conditions}

// someEvent is any event, sensible or not; the small numbers make it sensible
// now and then.
func someEvent(r *rand.Rand, n int) Event {
	ev := Event{Kind: EventKind(r.IntN(int(NumEvents) + 1)), Unit: plan.UnitID(r.IntN(n + 1)),
		Pid: int32(r.IntN(5) - 1), Status: int32(r.IntN(5) - 1), Code: ExitCode(r.IntN(4)),
		Command: uint16(r.IntN(16)), Verb: Verb(r.IntN(8)), Request: 7}
	if r.IntN(3) == 0 {
		ev.Step = plan.StepExec
	}
	if r.IntN(4) > 0 {
		ev.Notify = &Notify{Fields: NotifyFields(r.Uint32()), MainPID: int32(r.IntN(4)), Extend: plan.Duration(r.Int64()),
			Watchdog: plan.Duration(r.Int64N(1 << 40)), Access: plan.NotifyAccess(r.IntN(4))}
	}
	if (ev.Kind == EvShutdown || ev.Kind == EvAllGone) && r.IntN(50) > 0 {
		ev.Kind = EvTick
	}
	return ev
}

// TestCells brings every event to every state of every kind of unit, with and
// without processes and jobs, and the machine must keep its books.
func TestCells(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := cellPlan()
	cells := 0
	for u := range p.Units {
		for s := StateDead; s < NumStates; s++ {
			for k := EvBoot; k < NumEvents; k++ {
				for variant := range 16 {
					m := New(p, allParts...)
					m.bootAt = 1
					if variant&8 != 0 {
						m.install(plan.UnitID(u), JobType(1+variant%int(NumJobs-1)))
						m.setPhase(plan.UnitID(u), phaseRunning)
					}
					m.forceState(plan.UnitID(u), s, variant)
					ev := someEvent(r, len(p.Units))
					ev.Kind, ev.Unit, ev.Pid = k, plan.UnitID(u), int32(variant&3)
					m.Step(1, ev)
					if why := m.CheckJobs(false); why != "" {
						t.Fatalf("%s %s, event %d: %s", p.Units[u].Name, s, k, why)
					}
					m.now += int64(20 * plan.Second)
					m.Step(m.now, Event{Kind: EvTick})
					cells++
				}
			}
		}
	}
	t.Logf("%d cells", cells)
}

// forceState puts u where no event brought it.
func (m *Machine) forceState(u plan.UnitID, s State, variant int) {
	m.units[u].state = s
	switch m.plan.Units[u].Kind {
	case plan.KindService:
		v := m.svc(u)
		v.s.flags = serviceFlags(variant*1237) & (mainKnown | mainAlien | groupGone | busGood | findingMain | spawning | spawningMain)
		v.s.mainPid, v.s.ctrlPid = int32(variant&1), int32(variant&2)
		v.s.command, v.s.mainCommand = uint16(variant%len(v.p.Commands)), v.first(plan.ExecStart)
	case plan.KindSocket:
		v := m.sock(u)
		v.s.pid, v.s.command, v.s.open = int32(variant&1), uint16(variant&3), variant&2 != 0
	}
}

func soak(t *testing.T, seed uint64, steps int) {
	r := rand.New(rand.NewPCG(seed, 3))
	p := cellPlan()
	m := New(p, allParts...)
	now := int64(1)
	m.Step(now, Event{Kind: EvBoot})
	for range steps {
		now += r.Int64N(int64(plan.Second))
		m.Step(now, someEvent(r, len(p.Units)))
		if why := m.CheckJobs(false); why != "" && m.ending < killing {
			t.Fatalf("seed %d: %s", seed, why)
		}
	}
}

// TestNonsense sends events that no driver would.
func TestNonsense(t *testing.T) {
	for seed := range uint64(200) {
		soak(t, seed, 500)
	}
}

// FuzzEvents is the same, steered by the fuzzer: five bytes an event.
func FuzzEvents(f *testing.F) {
	f.Add([]byte{2, 0, 1, 0, 0, 3, 0, 1, 1, 1})
	p := cellPlan()
	f.Fuzz(func(t *testing.T, b []byte) {
		m := New(p, allParts...)
		now := int64(1)
		m.Step(now, Event{Kind: EvBoot})
		for ; len(b) >= 5; b = b[5:] {
			now += int64(b[4]>>2) * int64(plan.Second)
			n := &Notify{Fields: NotifyFields(b[2]) | NotifyFields(b[3])<<8, MainPID: int32(b[3] & 3)}
			m.Step(now, Event{Kind: EventKind(b[0]), Unit: plan.UnitID(b[1] & 15), Pid: int32(b[2] & 7),
				Status: int32(int8(b[3])), Code: ExitCode(b[4] & 3), Command: uint16(b[3] & 15), Verb: Verb(b[3]), Notify: n})
			if why := m.CheckJobs(false); why != "" && m.ending < killing {
				t.Fatal(why)
			}
		}
	})
}
