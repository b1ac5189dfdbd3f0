package report

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// Diff says what two plans differ in, by meaning: units that came or went,
// settings with their values, relations. Where a unit was written, and in which
// order its files lie, makes no difference. It is "" for equal plans. What was
// worked out, like the system calls that confine a program, is told by the
// directives that it follows from; all shows it, too.
func Diff(old, new *Document, all bool) string {
	d := differ{all: all}
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

type differ struct {
	b   strings.Builder
	all bool
}

func (d *differ) line(text string) { d.b.WriteString(diag.Printable(text) + "\n") }

// unit writes a unit's changes under its name.
func (d *differ) unit(a, b *Unit) {
	inner := differ{all: d.all}
	inner.unitSettings(a, b)
	inner.relations(a, b)
	if inner.b.Len() > 0 {
		d.line("~ " + a.Name)
		d.b.WriteString(inner.b.String())
	}
}

// unitSettings writes the settings that say something themselves, under their
// directives, and instead of what was worked out the directives that differ
// and were not told yet.
func (d *differ) unitSettings(a, b *Unit) {
	plain, worked := [2][]Setting{}, [2][]Setting{}
	names := map[string]string{}
	directiveNames(a, names)
	directiveNames(b, names)
	several := map[string]bool{}
	severalValues(a, names, several)
	severalValues(b, names, several)
	for i, u := range [...]*Unit{a, b} {
		for _, s := range u.Settings {
			if workedOut(s.Name) {
				worked[i] = append(worked[i], s)
			} else {
				if name := names[s.Name]; name != "" && !several[name] {
					s.Name = name
				}
				plain[i] = append(plain[i], s)
			}
		}
	}
	d.settings("    ", plain[0], plain[1])
	var follow differ
	follow.settings("    ", worked[0], worked[1])
	if follow.b.Len() == 0 {
		return
	}
	before := d.b.Len()
	d.settings("    ", directives(a.Written, plain), directives(b.Written, plain))
	if d.all || d.b.Len() == before { // it follows from something else, like a user's number
		d.b.WriteString(follow.b.String())
	}
}

// workedOut says whether a setting is not what a directive says, but what is
// done about several.
func workedOut(name string) bool {
	return strings.HasPrefix(name, "Group.") || strings.Contains(name+".", ".Calls.") || strings.Contains(name+".", ".Limits.") ||
		strings.HasSuffix(name, ".OwnMemory") || strings.HasSuffix(name, ".Shares")
}

// directiveNames notes the names of the directives that settings come from:
// where both are written in one place.
func directiveNames(u *Unit, names map[string]string) {
	at := map[string]string{}
	for _, w := range u.Written {
		at[w.Origin] = w.Name
	}
	for _, s := range u.Settings {
		if name := at[s.Origin]; name != "" && s.Origin != "" && names[s.Name] == "" && s.Name != "Conditions" {
			names[s.Name] = name
		}
	}
}

// severalValues notes the directives that have given a unit settings of different
// values, as BusName= gives it a type, too: those have names of their own.
func severalValues(u *Unit, names map[string]string, several map[string]bool) {
	first := map[string][]string{}
	for _, s := range u.Settings {
		name := names[s.Name]
		if name == "" || workedOut(s.Name) {
			continue
		}
		if values, known := first[name]; known && !slices.Equal(values, s.Values) {
			several[name] = true
		}
		first[name] = s.Values
	}
}

// directives are those of a unit that can make a difference to what was worked
// out: not those that stand among the plain settings themselves.
func directives(written []Setting, plain [2][]Setting) []Setting {
	var out []Setting
	for _, w := range written {
		section, _, _ := strings.Cut(w.Name, ".")
		known := func(s Setting) bool { return s.Name == w.Name }
		if section == "Unit" || section == "Install" || slices.ContainsFunc(plain[0], known) || slices.ContainsFunc(plain[1], known) {
			continue
		}
		out = append(out, w)
	}
	return out
}

// follows says whether a setting says nothing of its own: it is a place, or
// follows from the others.
func follows(name string) bool {
	return name == "Source" || name == "Features" || name == "LowFDs" || name == "Shown" || strings.HasSuffix(name, ".EnvMarks")
}

func (d *differ) settings(indent string, a, b []Setting) {
	old, new := settingsByName(a), settingsByName(b)
	for _, name := range allNames(old, new) {
		x, y := old[name], new[name]
		switch {
		case slices.EqualFunc(x.Values, y.Values, sameValue) || follows(name):
		case len(x.Values) < 2 && len(y.Values) < 2:
			d.changed(indent, name, one(x.Values), one(y.Values))
		default:
			d.list(indent, name, x.Values, y.Values)
		}
	}
}

// sameValue says whether two values mean the same: a boolean has several words.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := grammar.ParseBool(a)
	y, errY := grammar.ParseBool(b)
	return errX == nil && errY == nil && x == y
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
