package compiler

import (
	"fmt"
	"strings"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// TestStopBound stops images whose programs do what they can to last, in the
// machine itself and in virtual time: the bound must be reached, and not be
// passed. It is no script because it takes minutes of virtual time.
func TestStopBound(t *testing.T) {
	const a = "ExecStart=/bin/a\nTimeoutStopSec=10\n"
	const sock = "[Socket]\nListenStream=/run/a\nTimeoutSec=10\n"
	for _, units := range [][]unitFile{
		{{"a.service", "[Service]\n" + a}},
		{{"a.service", "[Service]\n" + a + "ExecStop=/bin/s\n"}},
		{{"a.service", "[Service]\n" + a + "ExecStop=/bin/s\nExecStop=/bin/s\nExecStopPost=/bin/p\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "ExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "KillMode=process\n"}},
		{{"a.service", "[Service]\n" + a + "KillMode=process\nSendSIGKILL=no\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "KillMode=mixed\nSendSIGKILL=no\n"}},
		{{"a.service", "[Service]\n" + a + "KillMode=none\n"}},
		{{"a.service", "[Service]\n" + a + "KillMode=none\nExecStop=/bin/s\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "TimeoutStopFailureMode=abort\nTimeoutAbortSec=4\n"}},
		{{"a.service", "[Service]\n" + a + "TimeoutStopFailureMode=abort\nTimeoutAbortSec=20\nExecStop=/bin/s\n"}},
		{{"a.service", "[Service]\n" + a + "TimeoutStopFailureMode=abort\nTimeoutAbortSec=4\nExecStop=/bin/s\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "TimeoutStopFailureMode=abort\nTimeoutAbortSec=4\nSendSIGKILL=no\n"}},
		{{"a.service", "[Service]\n" + a + "TimeoutStopFailureMode=kill\n"}},
		{{"a.service", "[Service]\n" + a + "TimeoutStopFailureMode=kill\nExecStop=/bin/s\nExecStop=/bin/s\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "SendSIGKILL=no\n"}},
		{{"a.service", "[Service]\n" + a + "SendSIGKILL=no\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/once\nExecStop=/bin/s\nTimeoutStopSec=10\n"}},
		{{"a.service", "[Service]\nType=oneshot\nExecStart=/bin/once\nTimeoutStopSec=10\n"}},
		{{"a.service", "[Service]\n" + a}, {"b.service", "[Service]\nExecStart=/bin/b\nTimeoutStopSec=7\n"}},
		// Commands that do not end at all.
		{{"a.service", "[Service]\n" + a + "ExecStop=/bin/hang\n"}},
		{{"a.service", "[Service]\n" + a + "ExecStopPost=/bin/hang\nKillMode=process\n"}},
		{{"a.service", "[Service]\n" + a + "ExecStopPost=/bin/hang\nKillMode=mixed\n"}},
		{{"a.service", "[Service]\n" + a + "ExecStopPost=/bin/hang\nKillMode=process\nTimeoutStopFailureMode=kill\n"}},
		{{"a.service", "[Service]\n" + a + "ExecStopPost=/bin/hang\nKillMode=process\nTimeoutStopFailureMode=abort\nTimeoutAbortSec=4\n"}},
		{{"a.service", "[Service]\n" + a + "ExecStop=/bin/s\nExecStopPost=/bin/hang\nKillMode=none\n"}},
		{{"a.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/once\nExecStop=/bin/s\nExecStop=/bin/hang\nTimeoutStopSec=10\nKillMode=process\n"}},
		{{"a.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/once\nExecStopPost=/bin/hang\nTimeoutStopSec=10\nKillMode=mixed\n"}},
		// A last signal that is not SIGKILL.
		{{"a.service", "[Service]\n" + a + "FinalKillSignal=SIGQUIT\n"}},
		{{"a.service", "[Service]\n" + a + "FinalKillSignal=SIGQUIT\nExecStop=/bin/s\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "FinalKillSignal=SIGQUIT\nKillMode=mixed\n"}},
		{{"a.service", "[Service]\n" + a + "FinalKillSignal=SIGQUIT\nKillMode=process\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\n" + a + "FinalKillSignal=SIGQUIT\nSendSIGKILL=no\n"}},
		{{"a.service", "[Service]\n" + a + "FinalKillSignal=SIGQUIT\nTimeoutStopFailureMode=kill\n"}},
		{{"a.service", "[Service]\n" + a + "FinalKillSignal=SIGQUIT\nTimeoutStopFailureMode=abort\nTimeoutAbortSec=4\nExecStopPost=/bin/p\n"}},
		{{"a.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/once\nExecStop=/bin/s\nTimeoutStopSec=10\nFinalKillSignal=SIGQUIT\n"}},
		// Sockets have commands of their own.
		{{"a.service", "[Service]\nExecStart=/bin/a\nTimeoutStopSec=2\n"}, {"a.socket", sock}},
		{{"a.service", "[Service]\nExecStart=/bin/a\nTimeoutStopSec=2\n"}, {"a.socket", sock + "ExecStopPre=/bin/s\nExecStopPre=/bin/hang\nExecStopPost=/bin/hang\n"}},
		{{"a.service", "[Service]\nExecStart=/bin/a\nTimeoutStopSec=2\n"}, {"a.socket", sock + "ExecStopPre=/bin/hang\nKillMode=none\n"}},
		{{"a.service", "[Service]\nExecStart=/bin/a\nTimeoutStopSec=2\n"}, {"a.socket", sock + "ExecStopPost=/bin/hang\nSendSIGKILL=no\n"}},
		{{"a.service", "[Service]\nExecStart=/bin/a\nTimeoutStopSec=2\n"}, {"a.socket", sock + "ExecStopPre=/bin/hang\nSendSIGKILL=no\n"}},
		{{"a.service", "[Service]\nExecStart=/bin/a\nTimeoutStopSec=2\n"}, {"a.socket", sock + "ExecStopPre=/bin/hang\nExecStopPost=/bin/hang\nFinalKillSignal=SIGQUIT\n"}},
	} {
		var text []string
		for _, u := range units {
			text = append(text, strings.TrimPrefix(u.text, "[Service]\n"))
		}
		t.Run(strings.ReplaceAll(strings.Join(text, "+"), "\n", ","), func(t *testing.T) { stopBoundCase(t, units) })
	}
}

func stopBoundCase(t *testing.T, units []unitFile) {
	s, l := testSet(t, Options{}, units...)
	p, _ := s.lower(&l)
	p.StopTimeout = plan.Infinity
	// Each unit is after the one before, and the last is the target.
	for i := range p.Units[1:] {
		p.Units[i].Deps = append(p.Units[i].Deps, plan.Dep{Unit: plan.UnitID(i + 1), Rel: plan.Before | plan.WantedBy})
		p.Units[i+1].Deps = append(p.Units[i+1].Deps, plan.Dep{Unit: plan.UnitID(i), Rel: plan.After | plan.Wants})
	}
	p.Target = plan.UnitID(len(p.Units) - 1)
	var bound plan.Duration
	for i := range p.Units {
		bound = addSpans(bound, stopBound(&p.Units[i]))
	}
	w := sim.New(p)
	w.Program = stubborn(p)
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	began := w.Now
	took := plan.Infinity
	w.Seen = func(_ machine.Event, actions []machine.Action) {
		for _, a := range actions {
			if a.Kind == machine.ActKillAll { // all units have stopped
				took = plan.Duration(w.Now - began)
			}
		}
	}
	w.Do(machine.Event{Kind: machine.EvShutdown})
	w.Run(1000 * plan.Minute)
	if !w.Exited || took > bound || took < bound-plan.Second {
		t.Errorf("the stop took %s, and the bound is %s, ended %v", spanText(took), spanText(bound), w.Exited)
	}
}

func spanText(d plan.Duration) string { return fmt.Sprintf("%.3f s", float64(d)/float64(plan.Second)) }

// stubborn makes main processes deaf to all but SIGKILL, and commands end at
// the last moment, each leaving a deaf process behind, or hang.
func stubborn(p *plan.Plan) func(plan.UnitID, uint16) sim.Program {
	return func(u plan.UnitID, c uint16) sim.Program {
		var commands []plan.Command
		if s := p.Units[u].Service; s != nil {
			commands = s.Commands
		} else {
			commands = p.Units[u].Socket.Commands
		}
		cmd := &commands[c]
		switch {
		case cmd.Path == "/bin/hang":
			return sim.Program{Deaf: true}
		case cmd.Path == "/bin/once":
			return sim.Program{Now: true}
		case cmd.Role == plan.ExecStop || cmd.Role == plan.ExecStopPost:
			return sim.Program{Life: 10*plan.Second - plan.Millisecond, Deaf: true, Leaves: &sim.Program{Deaf: true}}
		}
		return sim.Program{Deaf: true}
	}
}
