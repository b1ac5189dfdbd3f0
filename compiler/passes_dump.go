package compiler

import (
	"fmt"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// DumpAfter is the state after a pass as text, for people who debug units or the
// compiler: each unit with what it is and its dependencies, sorted. Built-in
// targets in which nothing is are left out. The names
// of the passes are those of [Passes].
func DumpAfter(o Options, after string) (string, diag.List) {
	s, l := compileTo(o, after)
	var b strings.Builder
	if s.image != nil {
		for _, u := range s.image {
			s.dumpKept(&b, u)
		}
		return b.String(), l
	}
	for _, u := range s.units {
		if !u.builtin || s.used(u.name) {
			s.dumpUnit(&b, u)
		}
	}
	return b.String(), l
}

// Passes are the names of the phases, in order.
func Passes() []string {
	var names []string
	for i := range passes {
		names = append(names, passes[i].name)
	}
	return names
}

// dumpKept writes a unit of the image: why it is there, and its relations as
// they stand in the plan. Inverse relations are left out, for they stand with
// the other unit.
func (s *unitSet) dumpKept(b *strings.Builder, u *unit) {
	fmt.Fprintf(b, "%s%s\n", u.name, u.traits())
	switch {
	case u.byKeep:
		fmt.Fprintf(b, "\t%s\n", byKeep)
	case u.keeper != nil:
		fmt.Fprintf(b, "\tkept: %s %s it%s\n", u.keeper.name, verb(u.why.rel), u.why.origin(s))
	}
	for _, d := range u.deps {
		if r := d.Rel &^ pairsHigh; r != 0 {
			fmt.Fprintf(b, "\t%s %s\n", relNames(r), s.image[d.Unit].name)
		}
	}
}

// dumpUnit writes a unit before there is an image, with its edges.
func (s *unitSet) dumpUnit(b *strings.Builder, u *unit) {
	fmt.Fprintf(b, "%s%s\n", u.name, u.traits())
	for i := range u.settings {
		set := &u.settings[i]
		if set.pos.Line > 0 {
			fmt.Fprintf(b, "\t[%s] %s=%s (%s:%d)\n", set.section, set.key, set.value.Text(), s.inRoot(set.pos.File), set.pos.Line)
		}
	}
	for i := range u.edges {
		e := &u.edges[i]
		fmt.Fprintf(b, "\t%s %s%s\n", relNames(e.rel), e.to.name, e.origin(s))
	}
}

// traits are what a unit's line says beside its name.
func (u *unit) traits() string {
	var b strings.Builder
	for _, a := range u.aliases {
		b.WriteString(" = " + a)
	}
	for _, t := range [...]struct {
		on   bool
		name string
	}{
		{u.builtin, "built in"}, {u.masked, "masked"}, {u.template, "template"}, {u.broken, "broken"},
		{u.plumbing != nil, "systemd's own"}, {u.foreign != "", "not built"},
	} {
		if t.on {
			b.WriteString(", " + t.name)
		}
	}
	return b.String()
}

// origin says where an edge comes from.
func (e *edge) origin(s *unitSet) string {
	switch {
	case e.pos().Line > 0:
		return fmt.Sprintf(" (%s:%d)", s.inRoot(e.pos().File), e.pos().Line)
	case e.isWritten():
		return " (" + s.inRoot(e.pos().File) + ")"
	case e.from.because != "":
		return " (" + e.from.because + ")"
	}
	return ""
}

// relWords are the relations by bit, as plan names them.
var relWords = [...]string{"After", "Before", "Requires", "RequiredBy", "Requisite", "RequisiteOf", "Wants",
	"WantedBy", "BindsTo", "BoundBy", "PartOf", "ConsistsOf", "Upholds", "UpheldBy", "Conflicts", "ConflictedBy",
	"OnSuccess", "OnSuccessOf", "OnFailure", "OnFailureOf", "PropagatesReloadTo", "ReloadPropagatedFrom",
	"PropagatesStopTo", "StopPropagatedFrom", "JoinsNamespaceOf", "Triggers", "TriggeredBy", "KeepsOnFailure"}

// relNames are the names of a set of relations.
func relNames(r plan.Rel) string {
	var names []string
	for i, w := range relWords {
		if r&(1<<i) != 0 {
			names = append(names, w)
		}
	}
	return strings.Join(names, "+")
}
