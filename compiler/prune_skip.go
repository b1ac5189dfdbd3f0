package compiler

import (
	"slices"

	"rustysd/runtime/plan"
)

// A unit with a condition that holds in no boot is skipped, and to systemd that
// is not the same as if it were not there (systemd.unit(5), "Conditions and
// Asserts"): what it pulls in is started all the same, for conditions are asked
// when its turn comes, and it has a place in the order. So it stays in the image
// as long as others can tell the difference, but as a hollow unit: there is
// nothing in it to run.

// skipUnmet makes hollow units of those that are reached and that every boot
// skips, and leaves out those that nobody would miss.
func (s *unitSet) skipUnmet() {
	for _, u := range s.reached {
		if u.unmet != nil {
			u.kept = s.missed(u)
		}
	}
	s.reached = slices.DeleteFunc(s.reached, func(u *unit) bool { return !u.kept })
	for _, u := range s.reached {
		if u.unmet != nil {
			u.kind, u.service, u.socket = plan.KindTarget, nil, nil
			u.common.unhonoured, u.common.asserts, u.refused = nil, nil, nil
			never := *u.unmet
			never.Kind, never.Flags = plan.ConditionNever, 0
			u.common.conditions = []condition{never}
		}
	}
}

// missed says whether others start otherwise without a unit that is skipped.
func (s *unitSet) missed(u *unit) bool {
	if u == s.target || slices.Contains(s.keep, u) {
		return true
	}
	var order plan.Rel // both: somebody is ordered after somebody by it
	for i := range u.edges {
		if e := &u.edges[i]; e.isWritten() && e.to.unit != nil && e.to.unit.kept {
			if e.rel&(pull|plan.Conflicts) != 0 {
				return true
			}
			order |= e.rel
		}
	}
	for _, v := range s.reached {
		for i := range v.edges {
			e := &v.edges[i]
			switch {
			case e.to.unit != u || !e.isWritten():
			case e.rel&(plan.BindsTo|plan.Requisite) != 0:
				return true // they need it active
			case e.rel&pull == 0: // a target's order after what it wants goes without saying
				order |= inverse(e.rel)
			}
		}
	}
	return order&plan.After != 0 && order&plan.Before != 0
}
