package machine_test

import (
	"strings"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// stops asks for a stop of unit 0 in virtual time.
func stops(w *sim.World) {
	w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbStop, Unit: 0})
}

func reloads(w *sim.World) {
	w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbReload, Unit: 0})
}

// A life of a service: what its programs do, what happens a second after the
// boot, and the states that it goes through (systemd.service(5),
// systemd.kill(5)), with its result.
func TestLives(t *testing.T) {
	deaf := sim.Program{Deaf: true}
	brief := sim.Program{Life: 10 * plan.Millisecond}
	never := sim.Program{Ready: sim.Never}
	for _, c := range []struct {
		name  string
		typ   plan.ServiceType
		progs map[plan.Role]sim.Program
		tune  func(*plan.Service)
		then  func(*sim.World)
		want  string
	}{
		{"start-pre takes too long", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStartPre: {}}, nil, nil,
			"start-pre stop-sigterm final-sigterm failed: timeout"},
		{"start-pre takes too long and is deaf", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStartPre: deaf}, nil, nil,
			"start-pre stop-sigterm stop-sigkill final-sigterm failed: timeout"},
		{"start-pre is aborted", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStartPre: deaf},
			func(s *plan.Service) { s.TimeoutStartMode = plan.TimeoutAbortMode }, nil,
			"start-pre stop-watchdog stop-sigkill final-sigterm failed: timeout"},
		{"start-pre is killed", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStartPre: deaf},
			func(s *plan.Service) { s.TimeoutStartMode = plan.TimeoutKill }, nil,
			"start-pre stop-sigkill final-sigterm failed: timeout"},
		{"never ready", plan.TypeNotify, map[plan.Role]sim.Program{plan.ExecStart: never}, nil, nil,
			"start stop-sigterm final-sigterm failed: timeout"},
		{"no name on the bus", plan.TypeDBus, map[plan.Role]sim.Program{plan.ExecStart: never}, nil, nil,
			"start stop-sigterm final-sigterm failed: timeout"},
		{"ends before it is ready", plan.TypeNotify, map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Millisecond, Ready: sim.Never}}, nil, nil,
			"start stop-sigterm failed: protocol"},
		{"start-post fails", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}, plan.ExecStartPost: {Now: true, Status: 1}}, nil, nil,
			"start start-post stop-sigterm final-sigterm failed: exit-code"},
		{"stop takes too long", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}, plan.ExecStop: {}}, nil, stops,
			"start running stop stop-sigterm final-sigterm failed: timeout"},
		{"deaf to the signal", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: deaf}, nil, stops,
			"start running stop-sigterm stop-sigkill final-sigterm failed: timeout"},
		{"deaf, and SendSIGKILL=no", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: deaf},
			func(s *plan.Service) { s.Flags &^= plan.SendSIGKILL }, stops,
			"start running stop-sigterm final-sigterm failed: timeout"},
		{"stop-post takes too long", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}, plan.ExecStopPost: {}}, nil, stops,
			"start running stop-sigterm stop-post final-sigterm failed: timeout"},
		{"stop-post is deaf", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}, plan.ExecStopPost: deaf}, nil, stops,
			"start running stop-sigterm stop-post final-sigterm final-sigkill failed: timeout"},
		{"out of memory", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}},
			func(s *plan.Service) { s.OOMPolicy = plan.OOMStop },
			func(w *sim.World) { w.Do(machine.Event{Kind: machine.EvOOM, Unit: 0}) },
			"start running stop-sigterm final-sigterm failed: oom-kill"},
		{"out of memory, go on", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}},
			func(s *plan.Service) { s.OOMPolicy = plan.OOMContinue },
			func(w *sim.World) { w.Do(machine.Event{Kind: machine.EvOOM, Unit: 0}) },
			"start running: success"},
		{"out of memory, kill", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: deaf},
			func(s *plan.Service) { s.OOMPolicy = plan.OOMKill },
			func(w *sim.World) { w.Do(machine.Event{Kind: machine.EvOOM, Unit: 0}) },
			"start running stop-sigkill final-sigterm failed: oom-kill"},
		{"reload", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}, plan.ExecReload: brief}, nil, reloads,
			"start running reload running: success"},
		{"reload takes too long", plan.TypeSimple, map[plan.Role]sim.Program{plan.ExecStart: {}, plan.ExecReload: {}}, nil, reloads,
			"start running reload running: success"},
		{"notify-reload without an answer", plan.TypeNotifyReload, map[plan.Role]sim.Program{plan.ExecStart: deaf}, nil, reloads,
			"start running reload-signal running: success"},
		{"forks", plan.TypeForking, map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Millisecond, Leaves: &sim.Program{}}}, nil, stops,
			"start running stop-sigterm final-sigterm dead: success"},
		{"forks nobody", plan.TypeForking, map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Millisecond}}, nil, nil,
			"start dead: success"},
	} {
		s := newService(c.typ, roles(c.progs)...)
		s.TimeoutStart, s.TimeoutStop, s.TimeoutAbort = 5*plan.Second, 5*plan.Second, 5*plan.Second
		if c.typ == plan.TypeNotify || c.typ == plan.TypeNotifyReload {
			s.NotifyAccess = plan.NotifyMain
		}
		if c.tune != nil {
			c.tune(s)
		}
		w := sim.New(image(s))
		w.Program = func(_ plan.UnitID, n uint16) sim.Program { return c.progs[s.Commands[n].Role] }
		var path []string
		w.Seen = func(machine.Event, []machine.Action) {
			if now := w.Machine.State(0).String(); (len(path) > 0 || now != "dead") && (len(path) == 0 || path[len(path)-1] != now) {
				path = append(path, now)
			}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(plan.Second)
		if c.then != nil {
			c.then(w)
		}
		w.Run(plan.Minute)
		if got := strings.Join(path, " ") + ": " + w.Machine.Result(0).String(); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// roles are those that programs are given for, in the order of a life.
func roles(progs map[plan.Role]sim.Program) (list []plan.Role) {
	for r := plan.ExecCondition; r < plan.NumRoles; r++ {
		if _, ok := progs[r]; ok || r == plan.ExecStart {
			list = append(list, r)
		}
	}
	return list
}

// What one unit's fate does to the other: unit 1 has the relation to unit 0,
// which something happens to (systemd.unit(5)).
func TestRelations(t *testing.T) {
	ends := sim.Program{Life: 2 * plan.Second}
	fails := sim.Program{Life: 2 * plan.Second, Status: 1}
	for _, c := range []struct {
		name  string
		rel   plan.Rel
		first sim.Program
		then  func(*sim.World)
		want  string // of both
	}{
		{"PartOf=, stop", plan.PartOf, sim.Program{}, stops, "dead dead"},
		{"PartOf=, end", plan.PartOf, ends, nil, "dead running"},
		{"BindsTo=, end", plan.BindsTo | plan.After, ends, nil, "dead dead"},
		{"Requires=, end", plan.Requires | plan.After, ends, nil, "dead running"},
		{"Requires=, stop", plan.Requires | plan.After, sim.Program{}, stops, "dead dead"},
		{"Requires=, failure", plan.Requires | plan.After, fails, nil, "failed dead"},
		{"Wants=, failure", plan.Wants | plan.After, fails, nil, "failed running"},
		{"PropagatesStopTo=", plan.PropagatesStopTo, sim.Program{}, stops, "dead dead"},
		{"Upholds=", plan.Upholds, ends, func(w *sim.World) { w.Run(1500 * plan.Millisecond) }, "running running"},
	} {
		p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
		if c.rel == plan.PropagatesStopTo { // what the first says of the second
			relate(p, 0, 1, c.rel)
		} else {
			relate(p, 1, 0, c.rel)
		}
		w := sim.New(p)
		w.Program = func(u plan.UnitID, _ uint16) sim.Program {
			if u == 0 {
				return c.first
			}
			return sim.Program{}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(plan.Second)
		if c.then != nil {
			c.then(w)
		}
		w.Run(1500 * plan.Millisecond)
		if got := w.Machine.State(0).String() + " " + w.Machine.State(1).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// StopWhenUnneeded= stops a unit when the last that wants it has gone, and
// JobTimeoutSec= a job that waits for another too long.
func TestUnneededAndJobTimeout(t *testing.T) {
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
	p.Units[1].Flags |= plan.StopWhenUnneeded
	p.Units[2].Deps = nil
	p.Units[1].Deps = nil
	relate(p, 2, 0, plan.Wants|plan.After)
	relate(p, 0, 1, plan.Wants|plan.After)
	w := live(p, nil)
	w.Run(plan.Second)
	if w.Machine.State(1) != machine.StateRunning {
		t.Fatal("not started:", w.Machine.State(1))
	}
	stops(w)
	w.Run(plan.Second)
	if w.Machine.State(1) != machine.StateDead {
		t.Error("StopWhenUnneeded= left it", w.Machine.State(1))
	}

	p = image(newService(plan.TypeOneshot), newService(plan.TypeSimple))
	relate(p, 1, 0, plan.Wants|plan.After)
	p.Units[0].Service.TimeoutStart = plan.Infinity
	p.Units[1].Actions = &plan.Actions{JobTimeout: 2 * plan.Second, JobRunningTimeout: plan.Infinity}
	w = live(p, nil)
	w.Run(plan.Second)
	if job, running := w.Machine.Job(1); job == machine.JobNone || running {
		t.Fatal("does not wait")
	}
	w.Run(2 * plan.Second)
	if job, _ := w.Machine.Job(1); job != machine.JobNone || w.Machine.State(1) != machine.StateDead {
		t.Error("JobTimeoutSec= left", job, w.Machine.State(1))
	}
}
