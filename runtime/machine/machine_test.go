package machine

import (
	"testing"

	"rustysd/runtime/plan"
)

func TestQuick(t *testing.T) {
	p := &plan.Plan{Target: 1, StopTimeout: 60 * plan.Second, Units: []plan.Unit{
		{Name: "a.service", Kind: plan.KindService, Deps: []plan.Dep{{Unit: 1, Rel: plan.Before | plan.WantedBy}}, Service: &plan.Service{
			Type: plan.TypeSimple, TimeoutStart: plan.Infinity, TimeoutStop: 90 * plan.Second, KillSignal: 15, FinalKillSignal: 9, Flags: plan.SendSIGKILL,
			Commands: []plan.Command{{Role: plan.ExecStart}}}},
		{Name: "t.target", Deps: []plan.Dep{{Unit: 0, Rel: plan.After | plan.Wants}}},
	}}
	m := New(p, Services, Sockets, Notifying, Bus, Forking)
	show := func(as []Action) {
		for _, a := range as {
			t.Logf("%+v %s", a, a.Msg)
		}
		t.Log("--", m.State(0), m.State(1))
	}
	show(m.Step(1, Event{Kind: EvBoot}))
	show(m.Step(2, Event{Kind: EvSpawned, Unit: 0, Pid: 10}))
	show(m.Step(3, Event{Kind: EvShutdown}))
	show(m.Step(4, Event{Kind: EvSignalled, Unit: 0}))
	show(m.Step(4, Event{Kind: EvExited, Unit: 0, Pid: 10, Code: Killed, Status: 15}))
	show(m.Step(4, Event{Kind: EvSignalled, Unit: 0}))
	show(m.Step(5, Event{Kind: EvAllGone}))
}
