package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// conditions lowers what the boot must ask for: conditions, then assertions.
func (lo *lowering) conditions(u *unit) []plan.Condition {
	if c := u.refused; c != nil {
		lo.l.Add(diag.Diagnostic{Pos: c.set.pos, End: c.set.end, Severity: diag.Error, Code: "failed-assert",
			Msg:  "\"" + u.name + "\" can never start: " + c.Text + " does not hold in the image",
			Hint: "make it hold, or leave the unit out"})
		return nil
	}
	n := len(u.common.conditions) + len(u.common.asserts)
	if n == 0 {
		return nil
	}
	out := make([]plan.Condition, 0, n)
	for _, c := range u.common.conditions {
		out = append(out, c.Condition)
	}
	for _, c := range u.common.asserts {
		out = append(out, c.Condition)
	}
	return out
}
