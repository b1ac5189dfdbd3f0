package report

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// Cat is the files of a unit, each under its name, as systemctl cat shows them.
func Cat(m *compiler.Image, name string) (string, bool) {
	u, ok := m.Unit(name)
	if !ok {
		return "", false
	}
	files := m.Files(u.Name)
	if len(files) == 0 {
		return "# " + diag.Printable(u.Name) + ": built in, no file\n" + settings(u, nil), true
	}
	var b strings.Builder
	for i, f := range files {
		if i > 0 {
			b.WriteByte('\n')
		}
		text := printableLines(f.Text)
		fmt.Fprintf(&b, "# %s\n%s", diag.Printable(f.Path), text)
		if text != "" && !strings.HasSuffix(text, "\n") {
			b.WriteByte('\n')
		}
	}
	return b.String(), true
}

// printableLines keeps lines and tabs, and shows what else would steer a
// terminal.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		parts := strings.Split(line, "\t")
		for j := range parts {
			parts[j] = diag.Printable(parts[j])
		}
		lines[i] = strings.Join(parts, "\t")
	}
	return strings.Join(lines, "\n")
}

// Effective is a unit as it counts: the assignments that no later one takes
// back, each with its place; what the unit leaves to its default, marked; the
// dependencies that nobody wrote; and the filter of its system calls, as the
// kernel will run it.
func Effective(m *compiler.Image, name string) (string, bool) {
	u, ok := m.Unit(name)
	if !ok {
		return "", false
	}
	head := "# " + diag.Printable(u.Name)
	for _, a := range u.Aliases {
		head += " = " + diag.Printable(a)
	}
	p := unitOf(m, u.Name)
	return head + "\n" + settings(u, p) + filters(p), true
}

// unitOf is the unit in the plan, as far as there is one; nil when it is not
// there.
func unitOf(m *compiler.Image, name string) *plan.Unit {
	if m.Draft == nil {
		return nil
	}
	for i := range m.Draft.Units {
		if m.Draft.Units[i].Name == name {
			return &m.Draft.Units[i]
		}
	}
	return nil
}

// line is a setting with the remark behind it.
type line struct{ text, remark string }

// settings writes the sections of a unit.
func settings(u compiler.UnitInfo, p *plan.Unit) string {
	sections := map[string][]line{}
	order := []string{"Unit"}
	given := map[string]bool{}
	for _, s := range u.Settings {
		if !s.Effective {
			continue
		}
		if !slices.Contains(order, s.Section) {
			order = append(order, s.Section)
		}
		given[s.Section+" "+s.Key] = true
		sections[s.Section] = append(sections[s.Section], line{s.Key + "=" + s.Value, remark(&s)})
	}
	for _, e := range u.Edges {
		if e.Because != "" && e.Exists {
			sections["Unit"] = append(sections["Unit"], implied(&e)...)
		}
	}
	if p != nil {
		order = addDefaults(sections, order, given, p)
	}
	return writeSections(order, sections)
}

// remark is where a setting is written, and that it does nothing if so.
func remark(s *compiler.SettingInfo) string {
	switch {
	case s.Pos.File == "":
		return "built in"
	case s.Level == "harmless":
		return Place(s.Pos) + ", no effect here"
	case s.Level == "unsupported", s.Level == "restricting":
		return Place(s.Pos) + ", not honoured"
	case s.Level == "" && !strings.HasPrefix(s.Key, "X-") && !strings.HasPrefix(s.Section, "X-"):
		return Place(s.Pos) + ", unknown"
	}
	return Place(s.Pos)
}

// implied are the dependencies of an edge that no directive names.
func implied(e *compiler.EdgeInfo) []line {
	remark := e.Because
	if place := Place(e.Pos); place != "" {
		remark += ", " + place
	}
	var out []line
	for _, name := range append(relationNames(e.Rel), beforeName(e.Rel)...) {
		if name != "Triggers" {
			out = append(out, line{name + "=" + e.To, remark})
		}
	}
	return out
}

func beforeName(r plan.Rel) []string {
	if r&plan.Before != 0 {
		return []string{"Before"}
	}
	return nil
}

// addDefaults adds what a unit leaves open, behind what it says.
func addDefaults(sections map[string][]line, order []string, given map[string]bool, p *plan.Unit) []string {
	for _, d := range defaults {
		value, ok := d.value(p)
		if !ok || given[d.section+" "+d.key] {
			continue
		}
		if !slices.Contains(order, d.section) {
			order = append(order, d.section)
		}
		sections[d.section] = append(sections[d.section], line{d.key + "=" + value, reason(d.section+" "+d.key, given)})
	}
	return order
}

// writeSections writes them with the remarks in one column.
func writeSections(order []string, sections map[string][]line) string {
	const furthest = 60
	column := 0
	for _, lines := range sections {
		for _, l := range lines {
			if n := len([]rune(l.text)); n <= furthest {
				column = max(column, n)
			}
		}
	}
	var b strings.Builder
	for _, name := range order {
		if len(sections[name]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n[%s]\n", diag.Printable(name))
		for _, l := range sections[name] {
			fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%-*s  # %s", column, diag.Printable(l.text), diag.Printable(l.remark)), " #"))
		}
	}
	return b.String()
}
