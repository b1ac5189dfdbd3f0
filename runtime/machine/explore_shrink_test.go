package machine_test

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// maxLives bounds the search for less.
const maxLives = 5000

// shrink takes away from a scenario whatever the broken rule does not need, and
// is what is left in words: the units, the troubles, and what happened.
func (s *scenario) shrink(rule string, own func(*explorer, machine.Event, []machine.Action)) string {
	lives := 0
	for again := true; again && lives < maxLives; {
		again = false
		for _, smaller := range s.smaller() {
			if lives++; smaller.live(false, own).rule == rule {
				*s, again = *smaller, true
				break
			}
		}
	}
	out := s.live(true, own)
	var b strings.Builder
	fmt.Fprintf(&b, "the least that breaks it: %s", out.text)
	for i := range s.plan.Units {
		u := &s.plan.Units[i]
		if len(u.Deps) == 0 && u.Kind == plan.KindTarget && i != int(s.plan.Target) {
			continue // taken away
		}
		fmt.Fprintf(&b, "\nunit %s%s%s", u.Name, depText(s.plan, u), kindText(u))
		if s.calm[i] {
			b.WriteString(", calm")
		}
	}
	for _, t := range s.troubles {
		fmt.Fprintf(&b, "\ntrouble %.3f s: %s %s verb %d mode %d status %d %+v", float64(t.at)/1e9, eventNames[t.ev.Kind], s.name(t.ev.Unit), t.ev.Verb, t.ev.Mode, t.ev.Status, t.ev.Notify)
	}
	fmt.Fprintf(&b, "\nstopped after %.3f s\n%s", float64(s.life)/1e9, strings.Join(out.script, "\n"))
	return b.String()
}

// smaller are the scenarios with one thing less, the largest things first.
func (s *scenario) smaller() (all []*scenario) {
	add := func(change func(*scenario)) {
		c := *s
		p := *s.plan
		p.Units = slices.Clone(p.Units)
		c.plan, c.troubles, c.calm = &p, slices.Clone(s.troubles), slices.Clone(s.calm)
		change(&c)
		all = append(all, &c)
	}
	for n := len(s.troubles); n > 0; n /= 2 {
		for at := 0; at < len(s.troubles); at += n {
			add(func(c *scenario) { c.troubles = slices.Delete(c.troubles, at, min(at+n, len(c.troubles))) })
		}
	}
	for i := range s.plan.Units {
		u := &s.plan.Units[i]
		if i != int(s.plan.Target) && (u.Kind != plan.KindTarget || len(u.Deps) > 0) {
			add(func(c *scenario) { c.takeAway(plan.UnitID(i)) })
		}
	}
	for i := range s.plan.Units {
		for _, d := range s.plan.Units[i].Deps {
			const tied = plan.Triggers | plan.TriggeredBy // a socket and its service
			if d.Unit < plan.UnitID(i) && d.Rel&tied == 0 {
				add(func(c *scenario) { c.unrelate(plan.UnitID(i), d.Unit) })
			}
		}
		if !s.calm[i] {
			add(func(c *scenario) { c.calm[i] = true })
		}
	}
	if s.life > plan.Second {
		add(func(c *scenario) { c.life /= 2 })
	}
	return all
}

// takeAway makes of a unit one that has nothing to do with the others.
func (s *scenario) takeAway(u plan.UnitID) {
	for _, d := range s.plan.Units[u].Deps {
		s.drop(d.Unit, u)
	}
	for i := range s.plan.Units {
		p := &s.plan.Units[i]
		if p.Socket != nil && p.Socket.Service == u {
			c := *p.Socket
			c.Service = plan.NoUnit
			p.Socket = &c
		}
		if p.Service != nil && slices.Contains(p.Service.Sockets, u) {
			c := *p.Service
			c.Sockets = nil
			p.Service = &c
		}
	}
	s.plan.Units[u] = plan.Unit{Name: s.plan.Units[u].Name, Kind: plan.KindTarget}
}

// unrelate takes the relations between two units away.
func (s *scenario) unrelate(a, b plan.UnitID) {
	s.drop(a, b)
	s.drop(b, a)
}

// drop takes b out of the dependencies of a.
func (s *scenario) drop(a, b plan.UnitID) {
	s.plan.Units[a].Deps = slices.DeleteFunc(slices.Clone(s.plan.Units[a].Deps), func(d plan.Dep) bool { return d.Unit == b })
}

// relNames are the relations that a file can have.
var relNames = []struct {
	rel  plan.Rel
	name string
}{
	{plan.After, "After"}, {plan.Requires, "Requires"}, {plan.Requisite, "Requisite"}, {plan.Wants, "Wants"},
	{plan.BindsTo, "BindsTo"}, {plan.PartOf, "PartOf"}, {plan.Upholds, "Upholds"}, {plan.Conflicts, "Conflicts"},
	{plan.OnSuccess, "OnSuccess"}, {plan.OnFailure, "OnFailure"}, {plan.PropagatesReloadTo, "PropagatesReloadTo"},
	{plan.PropagatesStopTo, "PropagatesStopTo"}, {plan.Triggers, "Triggers"},
}

func depText(p *plan.Plan, u *plan.Unit) string {
	var b strings.Builder
	for _, r := range relNames {
		for _, d := range u.Deps {
			if d.Rel&r.rel != 0 {
				fmt.Fprintf(&b, " %s=%s", r.name, p.Units[d.Unit].Name)
			}
		}
	}
	return b.String()
}

func kindText(u *plan.Unit) string {
	s := u.Service
	if s == nil {
		return fmt.Sprintf(", kind %d", u.Kind)
	}
	return fmt.Sprintf(", service of type %d, commands %d, restart %d, kill mode %d, flags %d, timeouts %d s and %d s",
		s.Type, len(s.Commands), s.Restart, s.KillMode, s.Flags, s.TimeoutStart/plan.Second, s.TimeoutStop/plan.Second)
}
