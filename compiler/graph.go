package compiler

import (
	"slices"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// graph adds the dependencies that nobody writes down, and finds the unit that
// each edge leads to.
//
// Default dependencies come from the DEFAULT DEPENDENCIES sections of
// systemd.service(5), systemd.socket(5) and systemd.target(5), the others from
// their IMPLICIT DEPENDENCIES; graph_foreign.go has those of the types that are
// not built. Those on shutdown.target are not added: no
// image has it (see isShutdown).
func (s *unitSet) graph(l *diag.List) {
	s.hasMounts = slices.ContainsFunc(s.units, func(u *unit) bool { return u.foreign == "mount" })
	for _, u := range s.units {
		if u.foreign != "" {
			s.foreignEdges(u)
		}
		if u.idle() {
			continue
		}
		switch u.kind {
		case plan.KindService:
			s.serviceEdges(u)
		case plan.KindSocket:
			s.socketEdges(u)
		}
		s.mountEdges(u)
	}
	s.resolve()
	s.targetOrder()
}

// idle says that a unit takes no part in the graph: there is nothing to start.
func (u *unit) idle() bool {
	return u.masked || u.broken || u.template || u.foreign != "" || u.plumbing != nil
}

// serviceEdges adds what systemd.service(5) says.
func (s *unitSet) serviceEdges(u *unit) {
	if u.flags&plan.DefaultDependencies != 0 {
		u.imply(plan.Requires|plan.After, "sysinit.target", "default dependency")
		u.imply(plan.After, "basic.target", "default dependency")
	}
	if t := u.service.typ; t.v == plan.TypeDBus {
		u.state(plan.Requires|plan.After, "dbus.socket", "Type=dbus", t.at)
	}
	for _, sock := range u.service.sockets {
		u.state(plan.Wants|plan.After|plan.TriggeredBy, sock.v, "Sockets=", sock.at)
	}
}

// socketEdges adds what systemd.socket(5) says, and joins the socket with its
// service.
func (s *unitSet) socketEdges(u *unit) {
	if u.flags&plan.DefaultDependencies != 0 {
		u.imply(plan.Requires|plan.After, "sysinit.target", "default dependency")
		u.imply(plan.Before, "sockets.target", "default dependency")
	}
	name, pos := s.serviceOf(u)
	u.state(plan.Before|plan.Triggers, name, "its service", pos)
	if service := s.find(name); service != nil && s.ownSocket(u, service) {
		service.imply(plan.Wants|plan.After, u.name, "its socket")
	}
}

// serviceOf is the unit that a socket activates, and where that is written.
func (s *unitSet) serviceOf(u *unit) (string, grammar.Pos) {
	if set := u.socket.service; set.set {
		return set.v, set.at
	}
	n := splitName(u.name)
	name := u.name[:len(u.name)-len(n.suffix)] + "service"
	return name, grammar.Pos{}
}

// ownSocket says whether a service that is started brings the socket with it.
//
// Diverges: systemd starts a socket only when something pulls it in. In the
// user's own folders a socket unit beside its service is meant to be used,
// enabled or not. In a root, a socket that is not enabled stays off: Debian
// ships ssh.socket beside ssh.service, and they exclude each other.
func (s *unitSet) ownSocket(socket, service *unit) bool {
	if !s.installCounts() || service.idle() || socket.socket.accept.v {
		return false
	}
	return !excludes(socket, service) && !excludes(service, socket)
}

// excludes says whether a names b in Conflicts=.
func excludes(a, b *unit) bool {
	for i := range a.edges {
		if e := &a.edges[i]; e.rel&plan.Conflicts != 0 && e.to.name == b.name {
			return true
		}
	}
	return false
}

// resolve finds the unit behind each edge.
func (s *unitSet) resolve() {
	s.sort()
	for i, u := range s.units {
		u.id = plan.UnitID(i)
		for j := range u.edges {
			if to := u.edges[j].to; !to.resolved {
				to.unit, to.resolved = s.byName[to.name], true
			}
		}
	}
}

// pull are the requirement dependencies that bring a unit in.
const pull = plan.Requires | plan.Wants | plan.BindsTo | plan.Upholds

// targetOrder gives each target After= on what it pulls in, unless one of the
// two has DefaultDependencies=no or the other way round is asked for
// (systemd.target(5), "Default Dependencies"). Of two targets that pull each
// other in only one can wait: the one with the stronger dependency, else the
// first by name. In systemd it depends on which has been loaded first.
func (s *unitSet) targetOrder() {
	before := s.targetsBefore()
	for _, rel := range [...]plan.Rel{plan.Requires | plan.BindsTo | plan.Requisite, pull} {
		for _, t := range s.units {
			if t.kind == plan.KindTarget && t.ordersByDefault() {
				t.waitFor(rel, before)
			}
		}
	}
}

// ordersByDefault says whether default dependencies reach the unit.
func (u *unit) ordersByDefault() bool { return !u.idle() && u.flags&plan.DefaultDependencies != 0 }

// waitFor orders a target after those that it has one of the relations to.
func (t *unit) waitFor(rel plan.Rel, before map[pair]bool) {
	for j := range t.edges {
		e := &t.edges[j]
		v := e.to.unit
		if e.rel&rel == 0 || v == nil || v == t || !v.ordersByDefault() || before[pair{t.id, v.id}] {
			continue
		}
		e.rel |= plan.After
		if v.kind == plan.KindTarget {
			before[pair{v.id, t.id}] = true
		}
	}
}

// pair is two units by their place in the set.
type pair [2]plan.UnitID

// targetsBefore are the pairs of a target and a unit that is ordered after it.
func (s *unitSet) targetsBefore() map[pair]bool {
	before := map[pair]bool{}
	for _, u := range s.units {
		for j := range u.edges {
			e := &u.edges[j]
			if e.to.unit == nil {
				continue
			}
			if e.rel&plan.After != 0 && e.to.unit.kind == plan.KindTarget {
				before[pair{e.to.unit.id, u.id}] = true
			}
			if e.rel&plan.Before != 0 && u.kind == plan.KindTarget {
				before[pair{u.id, e.to.unit.id}] = true
			}
		}
	}
	return before
}
