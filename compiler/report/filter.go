package report

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"rustysd/compiler/seccomp"
	"rustysd/runtime/plan"
)

// filters are the system call filters of a unit's programs, each once, under
// the commands that it is for.
func filters(p *plan.Unit) string {
	if p == nil || p.Service == nil {
		return ""
	}
	var order []string
	roles := map[string][]string{}
	for i := range p.Service.Commands {
		c := &p.Service.Commands[i]
		e := c.Exec
		if e == nil {
			e = p.Service.Exec
		}
		for _, f := range execFilters(e) {
			if !slices.Contains(order, f) {
				order = append(order, f)
			}
			if role := enumText(reflect.ValueOf(c.Role)) + "="; !slices.Contains(roles[f], role) {
				roles[f] = append(roles[f], role)
			}
		}
	}
	var b strings.Builder
	for _, f := range order {
		text, err := seccomp.Disassemble(f)
		if err != nil {
			text = err.Error() + "\n"
		}
		fmt.Fprintf(&b, "\n[system calls of %s]\n%s", strings.Join(roles[f], " "), text)
	}
	return b.String()
}

// execFilters are the programs that an execution context hands to seccomp(2).
func execFilters(e *plan.Exec) (out []string) {
	if e == nil {
		return nil
	}
	for i := range e.Calls {
		c := &e.Calls[i]
		if n := slices.Index(c.Slot[:], plan.SlotFprog); n >= 0 {
			out = append(out, c.Data[c.Arg[n]:])
		}
	}
	return out
}
