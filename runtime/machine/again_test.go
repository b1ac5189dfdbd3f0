package machine_test

import (
	"slices"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// systemd.service(5), "RestartSteps=, RestartMaxDelaySec=": the delay grows by
// the same factor each time, and then no more.
func TestRestartSteps(t *testing.T) {
	for _, c := range []struct {
		sec, most plan.Duration // milliseconds
		steps     uint16
		want      []int64
	}{
		{1000, 8000, 3, []int64{1000, 2000, 4000, 8000, 8000, 8000}},
		{1000, 16000, 2, []int64{1000, 4000, 16000, 16000}},
		{1000, 8000, 1, []int64{1000, 8000, 8000}},
		{1000, 8000, 0, []int64{1000, 1000, 1000}},
		{8000, 1000, 3, []int64{8000, 8000}},
		{0, 8000, 3, []int64{0, 0}},
	} {
		service := newService(plan.TypeSimple)
		service.Restart, service.RestartSteps = plan.RestartAlways, c.steps
		service.RestartSec, service.RestartMaxDelay = c.sec*plan.Millisecond, c.most*plan.Millisecond
		p := image(service)
		p.Units[0].StartLimitBurst = 0
		w := sim.New(p)
		w.Program = func(plan.UnitID, uint16) sim.Program { return sim.Program{Life: plan.Second, Status: 1} }
		var got []int64
		w.Seen = func(_ machine.Event, actions []machine.Action) {
			for _, a := range actions {
				if a.Msg == machine.MsgRestarting && len(got) < len(c.want) {
					got = append(got, (a.Value+500_000)/1_000_000)
				}
			}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(2 * plan.Minute)
		if !slices.Equal(got, c.want) {
			t.Errorf("from %d to %d ms in %d steps: %d, want %d", c.sec, c.most, c.steps, got, c.want)
		}
	}
}

// systemd.service(5), "RestartMode=": with direct, who is bound to the unit does
// not see it fail between two attempts. OnFailure= hears of the last one alone,
// in both modes.
func TestRestartModes(t *testing.T) {
	for mode, want := range map[plan.RestartMode]machine.State{
		plan.RestartNormal: machine.StateDead, plan.RestartDirect: machine.StateRunning, plan.RestartDebug: machine.StateDead,
	} {
		s := newService(plan.TypeSimple)
		s.Restart, s.RestartMode, s.RestartSec = plan.RestartOnFailure, mode, 10*plan.Second
		p := image(s, newService(plan.TypeSimple), newService(plan.TypeSimple))
		for n := range p.Units {
			p.Units[n].Deps = nil
		}
		relate(p, 3, 0, plan.Wants|plan.After)
		relate(p, 3, 1, plan.Wants|plan.After)
		relate(p, 1, 0, plan.BindsTo|plan.After)
		relate(p, 0, 2, plan.OnFailure)
		p.Units[0].StartLimitBurst, p.Units[0].StartLimitInterval = 2, plan.Minute
		w := sim.New(p)
		w.Program = func(u plan.UnitID, _ uint16) sim.Program {
			if u == 0 {
				return sim.Program{Life: 5 * plan.Second, Status: 1}
			}
			return sim.Program{}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(7 * plan.Second)
		if now := w.Machine.State(0); now != machine.StateAutoRestart || w.Machine.State(1) != want || w.Machine.State(2) != machine.StateDead {
			t.Errorf("mode %d, between two attempts: %s, bound %s, handler %s", mode, now, w.Machine.State(1), w.Machine.State(2))
		}
		if down := w.Machine.Passed(0, machine.InactiveEnter) != 0; down != (mode != plan.RestartDirect) {
			t.Errorf("mode %d, between two attempts: it was down: %t", mode, down)
		}
		w.Run(plan.Minute)
		if now := w.Machine.State(0); now != machine.StateFailed || w.Machine.State(1) != machine.StateDead || w.Machine.State(2) != machine.StateRunning {
			t.Errorf("mode %d, after the last: %s, bound %s, handler %s", mode, now, w.Machine.State(1), w.Machine.State(2))
		}
	}
}

// systemd.unit(5), "FailureAction=, SuccessAction=", "StartLimitAction=",
// "JobTimeoutAction=": which end each asks for, with which status, and if the
// other units are stopped in order before.
func TestActions(t *testing.T) {
	fails, ends := sim.Program{Life: plan.Second, Status: 3}, sim.Program{Life: plan.Second}
	always := func(s *plan.Service) { s.Restart = plan.RestartAlways }
	for _, c := range []struct {
		name    string
		prog    sim.Program
		tune    func(*plan.Service)
		actions plan.Actions
		want    plan.Action
		status  int64
		ordered bool
	}{
		{"failure", fails, nil, plan.Actions{Failure: plan.ActionReboot, Success: plan.ActionHalt, RebootArgument: "failure"}, plan.ActionReboot, 3, true},
		{"failure, with a status", fails, nil, plan.Actions{Failure: plan.ActionExit, FailureExitStatus: 9}, plan.ActionExit, 9, true},
		{"failure, by force", fails, nil, plan.Actions{Failure: plan.ActionRebootForce}, plan.ActionRebootForce, 3, false},
		{"failure, at once", fails, nil, plan.Actions{Failure: plan.ActionPoweroffImmediate}, plan.ActionPoweroffImmediate, 3, false},
		{"success", ends, nil, plan.Actions{Failure: plan.ActionReboot, Success: plan.ActionHalt}, plan.ActionHalt, 0, true},
		{"success, with a status", ends, nil, plan.Actions{Success: plan.ActionExitForce, SuccessExitStatus: 4}, plan.ActionExitForce, 4, false},
		{"no action", fails, nil, plan.Actions{Success: plan.ActionHalt}, plan.ActionNone, 0, false},
		{"restarts meanwhile", fails, func(s *plan.Service) { s.Restart, s.RestartSec = plan.RestartAlways, plan.Minute },
			plan.Actions{Failure: plan.ActionReboot}, plan.ActionNone, 0, false},
		{"started too often", fails, always, plan.Actions{StartLimit: plan.ActionPoweroff}, plan.ActionPoweroff, 3, true},
		{"job takes too long", sim.Program{Ready: sim.Never}, func(s *plan.Service) { s.Type, s.NotifyAccess = plan.TypeNotify, plan.NotifyMain },
			plan.Actions{JobTimeout: 2 * plan.Second, JobTimeoutAction: plan.ActionReboot, JobTimeoutRebootArgument: "job takes too long", RebootArgument: "x"},
			plan.ActionReboot, 1, true},
		{"job runs too long", sim.Program{Ready: sim.Never}, func(s *plan.Service) { s.Type, s.NotifyAccess = plan.TypeNotify, plan.NotifyMain },
			plan.Actions{JobRunningTimeout: 2 * plan.Second, JobTimeoutAction: plan.ActionHaltForce}, plan.ActionHaltForce, 1, false},
	} {
		s, other := newService(plan.TypeSimple), newService(plan.TypeSimple, plan.ExecStart, plan.ExecStop)
		if c.tune != nil {
			c.tune(s)
		}
		a := c.actions
		for _, d := range []*plan.Duration{&a.JobTimeout, &a.JobRunningTimeout} {
			if *d == 0 {
				*d = plan.Infinity
			}
		}
		for _, st := range []*int16{&a.SuccessExitStatus, &a.FailureExitStatus} {
			if *st == 0 {
				*st = -1
			}
		}
		p := image(s, other)
		p.Units[0].Actions = &a
		w := sim.New(p)
		w.Program = func(u plan.UnitID, n uint16) sim.Program {
			switch {
			case u == 0:
				return c.prog
			case n == 1:
				return done(machine.Exited, 0)
			}
			return sim.Program{}
		}
		got, ordered, arg := plan.ActionNone, false, ""
		w.Seen = func(_ machine.Event, actions []machine.Action) {
			for _, x := range actions {
				switch {
				case x.Kind == machine.ActExit:
					got, arg = plan.Action(x.Command), w.Machine.RebootArgument()
				case x.Kind == machine.ActSpawn && x.Unit == 1 && x.Command == 1:
					ordered = true
				}
			}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(30 * plan.Second)
		if got != c.want || w.Status != c.status || ordered != c.ordered || w.Exited != (c.want != plan.ActionNone) {
			t.Errorf("%s: action %d with status %d, stops in order %t; want %d, %d, %t", c.name, got, w.Status, ordered, c.want, c.status, c.ordered)
		}
		if arg != "" && arg != c.name || arg == "" && (a.RebootArgument != "" || a.JobTimeoutRebootArgument != "") {
			t.Errorf("%s: reboots with %q", c.name, arg)
		}
	}
}
