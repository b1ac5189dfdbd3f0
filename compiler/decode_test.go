package compiler

import (
	"slices"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// unitFile is a unit of a test: drop-ins follow the fragment in one text.
type unitFile struct{ name, text string }

// testSet makes a set of units without loading or resolving anything: these
// tests are about the values of single units, where a script would need a
// whole image.
func testSet(t testing.TB, o Options, files ...unitFile) (*unitSet, diag.List) {
	t.Helper()
	s := &unitSet{opt: o, byName: map[string]*unit{}}
	s.files.root = o.Root
	var l diag.List
	for _, f := range files {
		u := &unit{name: f.name, fragment: f.name, pos: grammar.Pos{File: f.name, Line: 1, Col: 1},
			template: strings.Contains(f.name, "@.")}
		switch {
		case strings.HasSuffix(f.name, ".service"):
			u.kind = plan.KindService
		case strings.HasSuffix(f.name, ".socket"):
			u.kind = plan.KindSocket
		case strings.HasSuffix(f.name, ".slice"):
			u.foreign = "slice"
		}
		for _, sec := range grammar.ParseFile(f.name, f.text).Sections {
			for _, a := range sec.Assignments {
				u.settings = append(u.settings, setting{sec.Name, a.Key, a.Value, a.Pos, a.KeyEnd, sec})
			}
		}
		s.units = append(s.units, u)
		s.byName[u.name] = u
	}
	slices.SortFunc(s.units, func(a, b *unit) int { return strings.Compare(a.name, b.name) })
	for i, u := range s.units {
		u.kept, u.id = true, plan.UnitID(i)
		s.image = append(s.image, u)
	}
	for _, u := range s.units {
		s.decode(u, &l)
		s.checkUnit(u, &l)
	}
	return s, l
}

// lowerText compiles one unit and gives it with all diagnostics.
func lowerText(t testing.TB, o Options, name, text string) (*plan.Unit, diag.List, map[string]string) {
	t.Helper()
	s, l := testSet(t, o, unitFile{name, text})
	p, origins := s.lower(&l)
	l.Sort()
	return &p.Units[0], l, origins
}

// diagText is a list of diagnostics, one a line.
func diagText(l diag.List) string {
	var b strings.Builder
	for _, d := range l {
		b.WriteString(d.Pos.File + ":" + itoa(int64(d.Pos.Line)) + ":" + itoa(int64(d.Pos.Col)) + ": " +
			d.Severity.String() + ": " + d.Msg + " [" + string(d.Code) + "]\n")
	}
	return b.String()
}
