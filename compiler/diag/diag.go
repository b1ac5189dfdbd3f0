// Package diag is what the compiler has to say about the user's files.
//
// A [Diagnostic] is data: where, how bad, which code, what, and what to do.
// Rendering stands apart: render.go (text), json.go and sarif.go write to what they
// are given, and decide nothing about terminals.
package diag

import (
	"cmp"
	"slices"

	"rustysd/grammar"
)

// Severity says whether a diagnostic stops the build.
type Severity uint8

// The severities.
const (
	Note Severity = iota
	Warning
	Error
)

func (s Severity) String() string { return [...]string{"note", "warning", "error"}[s] }

// Code names a kind of diagnostic: kebab-case, stable, never used again for
// something else.
type Code string

// Diagnostic is one message about a place.
type Diagnostic struct {
	Pos      grammar.Pos
	End      grammar.Pos // exclusive; zero: a point
	Severity Severity
	Code     Code
	Msg      string // one line, lower case, no full stop, names quoted
	Hint     string // what to do, imperative; may be ""
	Related  []Related
}

// Related is another place that explains a diagnostic.
type Related struct {
	Pos grammar.Pos
	Msg string // "first set here"
}

// List collects diagnostics.
type List []Diagnostic

// Add appends d.
func (l *List) Add(d Diagnostic) { *l = append(*l, d) }

// Count is the number of diagnostics of severity s.
func (l List) Count(s Severity) int {
	n := 0
	for i := range l {
		if l[i].Severity == s {
			n++
		}
	}
	return n
}

// Sort orders by file, line and column; diagnostics of one place keep their
// order.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
}
