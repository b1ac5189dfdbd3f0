package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// pulls are the relations that keep a unit in the image. After= alone keeps
// nothing, and neither does Requisite=, which starts nothing.
const pulls = pull | plan.OnSuccess | plan.OnFailure | plan.Triggers

// prune keeps what the target reaches. Each unit remembers the edge that keeps
// it; breadth first, so that this is a shortest way.
func (s *unitSet) prune(l *diag.List) {
	if s.target == nil {
		return
	}
	s.reach(s.target)
	for _, u := range s.keep { // then, so that the target's own reason counts
		if !u.kept {
			u.byKeep = true
			s.reach(u)
		}
	}
	s.skipUnmet()
	s.keepBarrier()
	s.dropEmptyTargets()
	for _, u := range s.units { // sorted by name
		if u.kept {
			u.id = plan.UnitID(len(s.image))
			s.image = append(s.image, u)
		}
	}
}

// byKeep is why a unit is kept that only --keep names.
const byKeep = "kept by --keep"

// reach keeps a unit and all that it needs.
func (s *unitSet) reach(from *unit) {
	from.kept = true
	s.reached = append(s.reached, from)
	for i := len(s.reached) - 1; i < len(s.reached); i++ {
		u := s.reached[i]
		follow := plan.Rel(pulls)
		if u.unmet != nil { // it fails nowhere, and listens to nothing
			follow = pull
		}
		for j := range u.edges {
			e := &u.edges[j]
			if v := e.to.unit; e.rel&follow != 0 && v != nil && !v.kept && v.mayBeKept() {
				v.kept, v.keeper, v.why = true, u, *e
				s.reached = append(s.reached, v)
			}
		}
	}
}

// keepBarrier keeps basic.target and sockets.target for the order that they
// give, sockets before services, where the target does not reach them: a
// target of one's own seldom says Requires=basic.target. What is installed in
// them stays out.
//
// Diverges: in systemd that order is lost without basic.target, and a service
// may then start before the socket that it connects to.
func (s *unitSet) keepBarrier() {
	basic, sockets := s.byName["basic.target"], s.byName["sockets.target"]
	if basic.kept || sockets.kept || !basic.builtin || !sockets.builtin || !s.hasSocketsToWaitFor() {
		return
	}
	why := s.target.link(plan.Wants, basic.name, cause{because: "sockets come before services"})
	why.to.unit = basic
	basic.kept, basic.keeper, basic.why = true, s.target, *why
	sockets.kept, sockets.keeper, sockets.why = true, basic, edge{rel: plan.Wants, to: &named{name: sockets.name, unit: sockets}, from: &cause{because: "built in"}}
	s.reached = append(s.reached, basic, sockets)
}

// hasSocketsToWaitFor says whether a socket of the image has its default
// place in the order.
func (s *unitSet) hasSocketsToWaitFor() bool {
	for _, u := range s.reached {
		if u.kind == plan.KindSocket && u.flags&plan.DefaultDependencies != 0 {
			return true
		}
	}
	return false
}

// mayBeKept says whether an image can hold the unit. A broken one is kept, so
// that its error counts.
func (u *unit) mayBeKept() bool {
	return !u.masked && !u.template && u.foreign == "" && u.plumbing == nil && !isShutdown(u.name)
}

// dropEmptyTargets takes built-in targets out again that order nothing: those
// to which no kept unit is added or ordered before, and for which no file asks
// by name. So an image of three services has no basic.target for nothing.
func (s *unitSet) dropEmptyTargets() {
	needed := map[*unit]bool{}
	work := append([]*unit{s.target}, s.keep...)
	for _, u := range work {
		needed[u] = true
	}
	holds := map[*unit][]*unit{} // by a built-in target: those that it keeps from being empty
	support := func(by, t *unit) {
		switch {
		case needed[t]:
		case by.builtin && !needed[by]:
			holds[by] = append(holds[by], t)
		default:
			needed[t] = true
			work = append(work, t)
		}
	}
	for _, u := range s.reached {
		u.supports(support)
	}
	for len(work) > 0 {
		t := work[len(work)-1]
		work = work[:len(work)-1]
		for _, held := range holds[t] {
			support(t, held)
		}
	}
	for _, u := range s.reached {
		u.kept = !u.builtin || needed[u]
	}
}

// supports tells which built-in targets cannot be empty because of the edges
// of u: f gets a unit and the target that is needed because of it.
func (u *unit) supports(f func(by, t *unit)) {
	for j := range u.edges {
		e := &u.edges[j]
		v := e.to.unit
		if v == nil || !v.kept {
			continue
		}
		if u.builtin && e.rel&(pulls|plan.After) != 0 {
			f(v, u)
		}
		if v.builtin && (e.rel&plan.Before != 0 || !u.builtin && e.isWritten() && e.rel&pulls != 0) {
			f(u, v)
		}
	}
}
