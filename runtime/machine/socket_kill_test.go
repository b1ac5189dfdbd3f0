package machine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// TestSocketKill: systemd.kill(5) about a command of a socket that takes too
// long: which signals it and what it has left get, and the state in the end.
func TestSocketKill(t *testing.T) {
	for _, c := range []struct {
		name string
		s    plan.Socket
		want string
	}{
		{"defaults", plan.Socket{}, "15 group15 9 group9 failed"},
		{"signals", plan.Socket{KillSignal: 2, FinalKillSignal: 3}, "2 group2 3 group3 failed"},
		{"SIGHUP", plan.Socket{Flags: plan.SocketHangUp}, "15 1 group15 9 group9 failed"},
		{"no SIGKILL", plan.Socket{Flags: plan.SocketSpares}, "15 group15 failed"},
		{"mixed", plan.Socket{KillMode: plan.KillMixed}, "15 9 group9 failed"},
		{"process", plan.Socket{KillMode: plan.KillProcess}, "15 9 failed"},
		{"none", plan.Socket{KillMode: plan.KillNone}, "failed"},
	} {
		s := c.s
		s.Service, s.TimeoutSec = plan.NoUnit, plan.Second
		s.Commands = []plan.Command{{Role: plan.ExecStartPre, Path: "/bin/pre", Argv: []string{"pre"}}}
		w := sim.New(socketImage(&s))
		w.Program = func(plan.UnitID, uint16) sim.Program { return sim.Program{Deaf: true} }
		var got []string
		w.Seen = func(_ machine.Event, as []machine.Action) {
			for _, a := range as {
				switch a.Kind {
				case machine.ActKill:
					got = append(got, fmt.Sprint(a.Signal))
				case machine.ActKillGroup:
					got = append(got, fmt.Sprint("group", a.Signal))
				}
			}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(plan.Minute)
		got = append(got, fmt.Sprint(w.Machine.State(1)))
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}

// socketImage is a target that wants a socket, unit 1, for nobody.
func socketImage(s *plan.Socket) *plan.Plan {
	p := image(newService(plan.TypeSimple))
	p.Units = append(p.Units[:1:1], plan.Unit{Name: "u0.socket", Kind: plan.KindSocket, Socket: s}, plan.Unit{Name: "all.target"})
	p.Units[0].Deps, p.Target = nil, 2
	relate(p, 2, 1, plan.Wants|plan.After)
	return p
}

// systemd.socket(5), "TimeoutSec=": it is the time of a command, and not of all
// of them.
func TestSocketCommandTime(t *testing.T) {
	s := plan.Socket{Service: plan.NoUnit, TimeoutSec: 10 * plan.Second}
	for range 3 {
		s.Commands = append(s.Commands, plan.Command{Role: plan.ExecStartPre, Path: "/bin/pre", Argv: []string{"pre"}})
	}
	w := sim.New(socketImage(&s))
	w.Program = func(plan.UnitID, uint16) sim.Program { return sim.Program{Life: 9 * plan.Second} }
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	if got := w.Machine.State(1); got != machine.StateListening {
		t.Errorf("three commands of 9 s each leave it in %s", got)
	}
}

// Which commands of a socket run when one fails or hangs, as with systemd: before
// it is open there is nothing for the others to undo.
func TestSocketCommandsAfterTrouble(t *testing.T) {
	all := []plan.Role{plan.ExecStartPre, plan.ExecStartPost, plan.ExecStop, plan.ExecStopPost}
	for _, c := range []struct {
		bad  plan.Role
		want string
	}{
		{plan.ExecStartPre, "ExecStartPre"},
		{plan.ExecStartPost, "ExecStartPre ExecStartPost ExecStop ExecStopPost"},
		{plan.ExecStop, "ExecStartPre ExecStartPost ExecStop ExecStopPost"},
		{plan.ExecStopPost, "ExecStartPre ExecStartPost ExecStop ExecStopPost"},
	} {
		for _, bad := range []sim.Program{{}, done(machine.Exited, 3)} {
			s := &plan.Socket{Service: plan.NoUnit, TimeoutSec: plan.Second}
			for _, r := range all {
				s.Commands = append(s.Commands, plan.Command{Role: r})
			}
			var ran []string
			w := sim.New(socketImage(s))
			w.Program = func(_ plan.UnitID, n uint16) sim.Program {
				if ran = append(ran, roleNames[all[n]]); all[n] == c.bad {
					return bad
				}
				return done(machine.Exited, 0)
			}
			w.Do(machine.Event{Kind: machine.EvBoot})
			w.Run(plan.Minute)
			ask(w, 1, machine.VerbStop, plan.ModeReplace)
			w.Run(plan.Minute)
			if got := strings.Join(ran, " "); got != c.want || w.Machine.State(1) != machine.StateFailed || w.All() > 0 {
				t.Errorf("%s, %+v: %s has run, and it is %s with %d processes left", roleNames[c.bad], bad, got, w.Machine.State(1), w.All())
			}
		}
	}
}

// A socket that cannot be watched fails, and closes: nobody would hear of its
// traffic. An old answer about it means nothing.
func TestSocketNotWatched(t *testing.T) {
	s := plan.Socket{Service: plan.NoUnit}
	w := sim.New(socketImage(&s))
	closed := 0
	w.Seen = func(_ machine.Event, as []machine.Action) {
		for _, a := range as {
			if a.Kind == machine.ActCloseSockets {
				closed++
			}
		}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Second)
	w.Do(machine.Event{Kind: machine.EvSockets, Unit: 1})
	if got := w.Machine.State(1); got != machine.StateListening {
		t.Fatal(got)
	}
	for range 2 {
		w.Do(machine.Event{Kind: machine.EvSockets, Unit: 1, Status: 12})
	}
	w.Run(plan.Second)
	if got, r := w.Machine.State(1), w.Machine.Result(1); got != machine.StateFailed || r != machine.ResultResources || closed != 1 {
		t.Errorf("%v, %v, closed %d times", got, r, closed)
	}
}

// A stop before the sockets are said to be open closes them, so that the next start
// opens them anew; the answers to both come later, in order.
func TestSocketStopsWhileItOpens(t *testing.T) {
	for _, last := range []int32{0, 98} {
		m := machine.New(socketImage(&plan.Socket{Service: plan.NoUnit}), machine.Services, machine.Sockets, machine.Requests)
		asks := func(v machine.Verb, want machine.ActionKind) {
			t.Helper()
			as := m.Step(1, machine.Event{Kind: machine.EvRequest, Unit: 1, Verb: v})
			if !slices.ContainsFunc(as, func(a machine.Action) bool { return a.Kind == want }) {
				t.Errorf("verb %d: action %d does not come", v, want)
			}
		}
		asks(machine.VerbStart, machine.ActOpenSockets)
		asks(machine.VerbStop, machine.ActCloseSockets)
		asks(machine.VerbStart, machine.ActOpenSockets)
		m.Step(1, machine.Event{Kind: machine.EvSockets, Unit: 1})
		if got := m.State(1); got != machine.StateStartChown {
			t.Errorf("after the answer to the first start it is %s", got)
		}
		m.Step(1, machine.Event{Kind: machine.EvSockets, Unit: 1, Status: last})
		if got := m.State(1); (got == machine.StateListening) != (last == 0) {
			t.Errorf("after the answer %d it is %s", last, got)
		}
	}
}

// Who stops a socket is who it is said to be, whatever its service does meanwhile.
func TestSocketStopsBecause(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
	p.Units[2].Kind, p.Units[2].Service, p.Units[2].Socket = plan.KindSocket, nil, &plan.Socket{Service: 1}
	relate(p, 2, 1, plan.Triggers)
	relate(p, 1, 2, plan.After)
	relate(p, 0, 2, plan.PropagatesStopTo)
	p.Units[0].Service.RuntimeMax, p.Units[1].Service.RuntimeMax = 2*plan.Second, 2*plan.Second
	w := live(p, nil)
	because := plan.NoUnit
	w.Seen = func(_ machine.Event, as []machine.Action) {
		for _, a := range as {
			if a.Unit == 2 && a.Msg == machine.MsgStopBecause {
				because = a.Other
			}
		}
	}
	w.Run(plan.Minute)
	if because != 0 {
		t.Errorf("it stops because of unit %d", because)
	}
}
