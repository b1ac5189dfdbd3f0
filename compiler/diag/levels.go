package diag

import "strings"

// Levels are what the user wants of single codes (-W): to be told, not to be
// told, or to be stopped by them.
type Levels struct {
	rules map[Code]level
	lints []Code
}

// level is what becomes of a code's warnings and notes.
type level uint8

const (
	asItIs level = iota
	hidden
	stops
)

// Set takes one "CODE", "no-CODE" or "error=CODE"; later ones win. It answers
// the code that is named, and whether it is known.
func (v *Levels) Set(text string, known func(Code) bool) (Code, bool) {
	what, name := asItIs, text
	if rest, ok := strings.CutPrefix(text, "error="); ok {
		what, name = stops, rest
	} else if rest, ok := strings.CutPrefix(text, "no-"); ok && !known(Code(text)) {
		what, name = hidden, rest // some codes begin with "no-" themselves
	}
	code := Code(name)
	if !known(code) {
		return code, false
	}
	if v.rules == nil {
		v.rules = map[Code]level{}
	}
	v.rules[code] = what
	if what != hidden {
		v.lints = append(v.lints, code)
	}
	return code, true
}

// Wanted are the codes that were asked for by name.
func (v *Levels) Wanted() []Code { return v.lints }

// Apply answers l with the levels in force. An error stays one: what an image
// cannot do does not become possible by not being told.
func (v *Levels) Apply(l List) List {
	out := l[:0]
	for _, d := range l {
		switch {
		case d.Severity == Error:
		case v.rules[d.Code] == hidden:
			continue
		case v.rules[d.Code] == stops:
			d.Severity = Error
		}
		out = append(out, d)
	}
	return out
}
