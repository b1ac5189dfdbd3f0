package report

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/compiler/diag"
)

// Diff says what two plans differ in, by meaning: units that came or went,
// settings with their values, relations. Where a unit was written, and in which
// order its files lie, makes no difference. It is "" for equal plans.
func Diff(old, new *Document) string {
	var d differ
	if old.Name != new.Name {
		d.changed("", "target", old.Name, new.Name)
	}
	d.settings("", old.Settings, new.Settings)
	before, after := byName(old), byName(new)
	for _, name := range allNames(before, after) {
		switch a, b := before[name], after[name]; {
		case a == nil:
			d.line("+ " + name)
		case b == nil:
			d.line("- " + name)
		default:
			d.unit(a, b)
		}
	}
	return d.b.String()
}

func byName(d *Document) map[string]*Unit {
	m := map[string]*Unit{}
	for i := range d.Units {
		m[d.Units[i].Name] = &d.Units[i]
	}
	return m
}

// allNames are the keys of both maps, sorted.
func allNames[V any](a, b map[string]V) []string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

type differ struct{ b strings.Builder }

func (d *differ) line(text string) { d.b.WriteString(diag.Printable(text) + "\n") }

// unit writes a unit's changes under its name.
func (d *differ) unit(a, b *Unit) {
	var inner differ
	inner.settings("    ", a.Settings, b.Settings)
	inner.relations(a, b)
	if inner.b.Len() > 0 {
		d.line("~ " + a.Name)
		d.b.WriteString(inner.b.String())
	}
}

// follows says whether a setting says nothing of its own: it is a place, or
// follows from the others.
func follows(name string) bool { return name == "Source" || name == "Features" || name == "LowFDs" }

func (d *differ) settings(indent string, a, b []Setting) {
	old, new := settingsByName(a), settingsByName(b)
	for _, name := range allNames(old, new) {
		x, y := old[name], new[name]
		switch {
		case slices.Equal(x.Values, y.Values) || follows(name):
		case len(x.Values) < 2 && len(y.Values) < 2:
			d.changed(indent, name, one(x.Values), one(y.Values))
		default:
			d.list(indent, name, x.Values, y.Values)
		}
	}
}

func settingsByName(list []Setting) map[string]Setting {
	m := map[string]Setting{}
	for _, s := range list {
		m[s.Name] = s
	}
	return m
}

func one(values []string) string {
	if len(values) == 0 {
		return "(none)"
	}
	return values[0]
}

func (d *differ) changed(indent, name, old, new string) {
	d.b.WriteString(indent + diag.Printable(fmt.Sprintf("%s: %s → %s", name, old, new)) + "\n")
}

// list writes which values of a list came and went, or that only their order is
// another one.
func (d *differ) list(indent, name string, old, new []string) {
	gone, came := without(old, new), without(new, old)
	if len(gone)+len(came) == 0 {
		d.b.WriteString(indent + diag.Printable(name) + ": in another order: " + diag.Printable(strings.Join(new, ", ")) + "\n")
		return
	}
	d.b.WriteString(indent + diag.Printable(name) + ":\n")
	for _, v := range gone {
		d.b.WriteString(indent + "  - " + diag.Printable(v) + "\n")
	}
	for _, v := range came {
		d.b.WriteString(indent + "  + " + diag.Printable(v) + "\n")
	}
}

// without are the values of a that are not in b, as often as they are more.
func without(a, b []string) []string {
	left := map[string]int{}
	for _, v := range b {
		left[v]++
	}
	var out []string
	for _, v := range a {
		if left[v]--; left[v] < 0 {
			out = append(out, v)
		}
	}
	return out
}

func (d *differ) relations(a, b *Unit) {
	text := func(u *Unit) (out []string) {
		for _, r := range u.Relations {
			out = append(out, r.Relation+"="+r.Unit)
		}
		slices.Sort(out)
		return out
	}
	old, new := text(a), text(b)
	for _, v := range without(old, new) {
		d.line("    - " + v)
	}
	for _, v := range without(new, old) {
		d.line("    + " + v)
	}
}
