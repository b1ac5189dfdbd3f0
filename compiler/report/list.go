package report

import (
	"fmt"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// List has a line for each unit of the image: its name, its type and what keeps
// it.
func List(m *compiler.Image) string {
	var rows [][]string
	for _, u := range m.Units() {
		if u.Kept {
			rows = append(rows, []string{u.Name, u.Type, keeps(&u) + skips(&u)})
		}
	}
	return columns(rows)
}

// Dropped has a line for each unit that the image leaves out, with the reason.
func Dropped(m *compiler.Image) string {
	var rows [][]string
	for _, u := range m.Units() {
		if !u.Kept {
			rows = append(rows, []string{u.Name, u.Type, u.Dropped})
		}
	}
	return columns(rows)
}

// keeps says in a few words what keeps a unit.
func keeps(u *compiler.UnitInfo) string {
	switch {
	case u.Keeper == "" && u.Why.Because != "":
		return u.Why.Because
	case u.Keeper == "":
		return "the unit that the image boots"
	}
	return u.Keeper + " " + u.Why.Verb + " it" + origin(&u.Why)
}

// skips says that no boot starts a unit.
func skips(u *compiler.UnitInfo) string {
	if u.Skipped == "" {
		return ""
	}
	return "; every boot skips it: " + u.Skipped
}

// origin is where an edge is written, in brackets.
func origin(e *compiler.EdgeInfo) string {
	place := Place(e.Pos)
	switch {
	case place != "" && e.Because != "":
		return " (" + e.Because + ", " + place + ")"
	case place != "":
		return " (" + place + ")"
	case e.Because != "":
		return " (" + e.Because + ")"
	}
	return ""
}

// Place is "file:line", as far as it is known.
func Place(p grammar.Pos) string {
	if p.File != "" && p.Line > 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return p.File
}

// columns writes rows with their columns one under the other.
func columns(rows [][]string) string {
	width := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", width[i]-len([]rune(cell))+2)
		}
		b.WriteString(diag.Printable(strings.TrimRight(line, " ")) + "\n")
	}
	return b.String()
}

// Why is the way on which the target keeps a unit, from the target on with the
// place of each edge; or why the unit is left out, and who asks for it.
func Why(m *compiler.Image, name string) (string, bool) {
	u, ok := m.Unit(name)
	if !ok {
		return "", false
	}
	if !u.Kept {
		return diag.Printable(leftOut(&u)) + "\n", true
	}
	var b strings.Builder
	for depth, step := range chain(m, u) {
		if depth == 0 {
			b.WriteString(diag.Printable(step.Name+origin(&step.Why)+skips(&step)) + "\n")
			continue
		}
		line := step.Why.Verb + " " + step.Name + origin(&step.Why) + skips(&step)
		b.WriteString(strings.Repeat("  ", min(depth, maxDepth/4)) + diag.Printable(line) + "\n")
	}
	return b.String(), true
}

// chain is the way from the target to a unit.
func chain(m *compiler.Image, u compiler.UnitInfo) []compiler.UnitInfo {
	list := []compiler.UnitInfo{u}
	for u.Keeper != "" {
		u, _ = m.Unit(u.Keeper)
		list = append([]compiler.UnitInfo{u}, list...)
	}
	return list
}

// leftOut says why a unit is not in the image.
func leftOut(u *compiler.UnitInfo) string {
	why := u.Dropped
	if why == "" {
		why = "there is no target to reach it from"
	}
	return u.Name + " is not in the image: " + why
}
