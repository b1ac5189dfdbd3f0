package machine_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// maxLives bounds the search for less.
const maxLives = 20000

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
		b.WriteString(unitText(s.plan, u))
	}
	for _, t := range s.troubles {
		fmt.Fprintf(&b, "\nfrom outside at %.3f s: %s", float64(t.at)/1e9, s.eventText(t.ev))
		if t.ev.Kind == machine.EvNotify {
			fmt.Fprintf(&b, ", by %s", senderNames[t.who])
		}
	}
	fmt.Fprintf(&b, "\nall is stopped at %.3f s\n%s", float64(s.life)/1e9, strings.Join(out.script, "\n"))
	return b.String()
}

// smaller are the scenarios with one thing less, the largest things first.
func (s *scenario) smaller() (all []*scenario) {
	add := func(change func(*scenario)) {
		c := *s
		p := *s.plan
		p.Units = slices.Clone(p.Units)
		c.plan, c.troubles, c.calm, c.tame = &p, slices.Clone(s.troubles), slices.Clone(s.calm), slices.Clone(s.tame)
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
		for n := range habits {
			if s.tame[i]>>n&1 == 0 && !s.calm[i] {
				add(func(c *scenario) { c.tame[i] |= 1 << n })
			}
		}
		for _, u := range plainer(&s.plan.Units[i]) {
			add(func(c *scenario) { c.plan.Units[i] = u })
		}
	}
	for i := range s.troubles {
		if t := s.troubles[i]; t.ev.Mode != plan.ModeReplace {
			add(func(c *scenario) { c.troubles[i].ev.Mode = plan.ModeReplace })
		}
	}
	if s.life > plan.Second {
		add(func(c *scenario) { c.life /= 2 })
	}
	return all
}

// plainer are a unit with one setting less each, or one command.
func plainer(u *plan.Unit) (all []plan.Unit) {
	less(&all, *u, plan.Unit{StartLimitBurst: 5, StartLimitInterval: 10 * plan.Second}, func(c *plan.Unit) *plan.Unit { return c }, "Flags", "Actions", "Conditions", "StartLimitBurst", "StartLimitInterval")
	if u.Actions != nil {
		less(&all, *u, noActions, func(c *plan.Unit) *plan.Actions {
			a := *c.Actions
			c.Actions = &a
			return c.Actions
		}, "Success", "Failure", "StartLimit", "SuccessExitStatus", "FailureExitStatus", "JobTimeout", "JobRunningTimeout", "JobTimeoutAction", "SuccessMode", "FailureMode")
	}
	if u.Service == nil {
		return all
	}
	own := func(c *plan.Unit) *plan.Service {
		s := *c.Service
		c.Service = &s
		return c.Service
	}
	less(&all, *u, *newService(u.Service.Type), own, serviceSettings...)
	for n := range u.Service.Commands {
		c := *u
		s := own(&c)
		s.Commands = slices.Delete(slices.Clone(s.Commands), n, n+1)
		if len(s.Commands) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// less appends u with one field each of a part of it as it is by default.
func less[T any](all *[]plan.Unit, u plan.Unit, plain T, part func(*plan.Unit) *T, fields ...string) {
	for _, name := range fields {
		c := u
		had, want := reflect.ValueOf(part(&c)).Elem().FieldByName(name), reflect.ValueOf(plain).FieldByName(name)
		if !reflect.DeepEqual(had.Interface(), want.Interface()) {
			had.Set(want)
			*all = append(*all, c)
		}
	}
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
