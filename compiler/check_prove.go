package compiler

import (
	"slices"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// prove holds the plan against the world that it was made for: the root, and
// the place that it will run in.
func (s *unitSet) prove(l *diag.List) {
	if s.plan == nil {
		return
	}
	s.checkRoot(l)
	s.checkGenerated(l)
	s.checkPlace(l)
	s.checkStopTime(l)
	s.lintOrder(l)
}

// Lints are the codes of diagnostics that are right in some images only, and
// so are given when they are asked for.
var Lints = [...]diag.Code{"unordered-requirement"}

// lints says whether a code of Lints was asked for.
func (s *unitSet) lints(code diag.Code) bool { return slices.Contains(s.opt.Lints, code) }

// lintOrder reports requirements without an order: both units then start at
// the same moment (systemd.unit(5), "Requires="), and whether the one finds the
// other ready is a race.
func (s *unitSet) lintOrder(l *diag.List) {
	if !s.lints("unordered-requirement") {
		return
	}
	for _, u := range s.image {
		for j := range u.edges {
			e := &u.edges[j]
			if e.rel&(plan.Requires|plan.BindsTo|plan.Requisite) == 0 || e.pos().Line == 0 || e.to.unit == nil || !e.to.unit.kept ||
				u.kind == plan.KindTarget || s.ordered(u, e.to.unit) {
				continue
			}
			l.Add(u.about(e, diag.Warning, "unordered-requirement",
				verb(e.rel)+" \""+e.to.name+"\" without waiting for it: both start at the same moment",
				"add After="+e.to.name+" if it must be ready first"))
		}
	}
}

// ordered says whether one of two units waits for the other.
func (s *unitSet) ordered(u, v *unit) bool {
	for _, d := range u.deps {
		if d.Unit == v.id {
			return d.Rel&(plan.After|plan.Before) != 0
		}
	}
	return false
}
