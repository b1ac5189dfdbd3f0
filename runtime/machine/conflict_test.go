package machine_test

import (
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// systemd.unit(5), "Conflicts=": of units that one transaction starts, the one
// that conflicts wins. A letter is a unit that is up in the end, a dot one that
// is not.
func TestConflictsAtBoot(t *testing.T) {
	type rel struct {
		a, b plan.UnitID
		rel  plan.Rel
	}
	const all = 5 // the target
	for _, c := range []struct {
		name string
		rels []rel
		want string
	}{
		{"two", []rel{{0, 1, plan.Conflicts}}, "a.cde"},
		{"two, the other way", []rel{{1, 0, plan.Conflicts}}, ".bcde"},
		{"a chain", []rel{{0, 1, plan.Conflicts}, {1, 2, plan.Conflicts}}, "a.cde"},
		{"a chain, the other way", []rel{{2, 1, plan.Conflicts}, {1, 0, plan.Conflicts}}, "a.cde"},
		{"a chain of five", []rel{{0, 1, plan.Conflicts}, {1, 2, plan.Conflicts}, {2, 3, plan.Conflicts}, {3, 4, plan.Conflicts}}, "a.c.e"},
		{"each other", []rel{{0, 1, plan.Conflicts}, {1, 0, plan.Conflicts}}, "a.cde"},
		{"a circle", []rel{{0, 1, plan.Conflicts}, {1, 2, plan.Conflicts}, {2, 0, plan.Conflicts}}, "a..de"},
		{"one that is required", []rel{{0, 1, plan.Conflicts}, {2, 1, plan.Requires}}, "a..de"},
		{"one that alone wants another", []rel{{0, 1, plan.Conflicts}, {1, 2, plan.Wants}, {all, 2, 0}}, "a..de"},
		{"one whose rival cannot start", []rel{{0, 1, plan.Conflicts}, {1, 2, plan.Conflicts}, {3, 1, plan.Requires}, {3, 4, plan.Conflicts}}, "a.c.e"},
		{"one that the boot requires", []rel{{0, 1, plan.Conflicts}, {all, 1, plan.Requires}}, ".bcde"},
		{"both", []rel{{0, 1, plan.Conflicts}, {all, 0, plan.Requires}, {all, 1, plan.Requires}}, "a.cde"},
	} {
		p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
		for _, r := range c.rels {
			if r.rel == 0 {
				p.Units[r.a].Deps = without(p.Units[r.a].Deps, r.b)
				p.Units[r.b].Deps = without(p.Units[r.b].Deps, r.a)
			}
			relate(p, r.a, r.b, r.rel)
		}
		w := sim.New(p)
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(plan.Second)
		got := []byte(".....")
		for u := range got {
			if w.Machine.State(plan.UnitID(u)) == machine.StateRunning {
				got[u] = 'a' + byte(u)
			}
		}
		if string(got) != c.want || w.Machine.Active(all) != machine.ActiveUp {
			t.Errorf("%s: %s are up, want %s; the target is %s", c.name, got, c.want, w.Machine.State(all))
		}
	}
}

func without(deps []plan.Dep, u plan.UnitID) (left []plan.Dep) {
	for _, d := range deps {
		if d.Unit != u {
			left = append(left, d)
		}
	}
	return left
}

// systemd.unit(5), "Conflicts=": starting the one stops the other and vice versa;
// of two that a transaction is about, the one that it does not require is left
// out, and it fails when it requires both.
func TestConflictWithWhatIsUp(t *testing.T) {
	for _, c := range []struct {
		pulls plan.Rel // how unit 0 pulls in 2, which conflicts with 1
		needs plan.Rel // and how it needs 1, which is up
		want  string
		reply machine.Msg
	}{
		{plan.Wants, plan.Requires, "01.", machine.MsgReplyDone},
		{plan.Wants, plan.Requisite, "01.", machine.MsgReplyDone},
		{plan.Requires, plan.Requires, ".1.", machine.MsgReplyContradict},
		{plan.Wants, 0, "0.2", machine.MsgReplyDone},
	} {
		p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
		p.Units[3].Deps = without(without(p.Units[3].Deps, 0), 2)
		relate(p, 0, 2, c.pulls)
		relate(p, 0, 1, c.needs)
		relate(p, 1, 2, plan.Conflicts)
		w := live(p, nil)
		w.Run(plan.Second)
		reply := machine.MsgNone
		w.Seen = func(_ machine.Event, actions []machine.Action) { reply = max(reply, replied(actions)) }
		if ask(w, 0, machine.VerbStart, plan.ModeReplace); reply != c.reply {
			t.Errorf("%+v: answered with %q", c, reply)
		}
		got := []byte("...")
		for u := range got {
			if w.Machine.Active(plan.UnitID(u)) == machine.ActiveUp {
				got[u] = '0' + byte(u)
			}
		}
		if string(got) != c.want {
			t.Errorf("%+v: %s are up", c, got)
		}
	}
}

// systemd.unit(5), "Conflicts=": a unit that has still to start is stopped as one
// that is up is, though a Requisite= asks for it beside what it conflicts with.
func TestConflictWithWhatWaits(t *testing.T) {
	const waits, other, needs, both = 0, 1, 2, 3
	p := image(newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeOneshot))
	for u := range p.Units { // the target wants nobody but who waits, for ever
		p.Units[u].Deps = nil
	}
	relate(p, 5, waits, plan.Wants)
	relate(p, 5, 4, plan.Wants)
	relate(p, waits, 4, plan.After)
	relate(p, waits, other, plan.Conflicts)
	relate(p, needs, waits, plan.Requisite)
	relate(p, both, other, plan.Wants)
	relate(p, both, needs, plan.Wants)
	w := live(p, nil)
	w.Run(plan.Second)
	ask(w, both, machine.VerbStart, plan.ModeReplace)
	if job, _ := w.Machine.Job(waits); job != machine.JobNone || w.Machine.Active(other) != machine.ActiveUp {
		t.Errorf("the one has job %q beside the other, which is %s", job, w.Machine.State(other))
	}
}
