package compiler

import (
	"cmp"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// unknownSection says that a section has no meaning in a unit.
func unknownSection(u *unit, set *setting) diag.Diagnostic {
	d := diag.Diagnostic{Pos: set.header.Pos, End: set.header.End, Severity: diag.Warning, Code: "unknown-section",
		Msg: "unknown section [" + set.section + "]"}
	if table[set.section] != nil {
		d.Msg = "section [" + set.section + "] does not belong in a " + u.typeWord() + " unit"
		return d
	}
	names := []string{"Unit", "Install", u.section()}
	if best := suggest(set.section, names); best != "" {
		d.Hint = "did you mean [" + best + "]?"
	} else {
		d.Hint = "start the name with \"X-\" if the section is for another program"
	}
	return d
}

var kindWords = [plan.NumKinds]string{"target", "service", "socket"}

// typeWord is the unit's type as it stands behind the dot of its name.
func (u *unit) typeWord() string {
	if u.foreign != "" {
		return u.foreign
	}
	return kindWords[u.kind]
}

// section is the section that the unit's type has for itself; a device has
// none.
func (u *unit) section() string {
	if u.foreign == "" {
		return kindSections[u.kind]
	}
	if name := strings.ToUpper(u.foreign[:1]) + u.foreign[1:]; table[name] != nil {
		return name
	}
	return ""
}

// unknownDirective says that a section has no such directive: it stands in the
// wrong section, or it is a slip of the keyboard.
func unknownDirective(u *unit, set *setting) diag.Diagnostic {
	d := diag.Diagnostic{Pos: set.pos, End: set.end, Severity: diag.Warning, Code: "unknown-directive",
		Msg: "unknown directive \"" + set.key + "\" in [" + set.section + "]"}
	if homes := sectionsWith(set.key); len(homes) > 0 {
		d.Code = "wrong-section"
		d.Msg = "\"" + set.key + "\" has no meaning in [" + set.section + "]"
		if own := u.section(); slices.Contains(homes, own) {
			homes = []string{own}
		}
		d.Hint = "move it to [" + strings.Join(homes, "] or [") + "]"
		return d
	}
	if best := suggest(set.key, directiveNames[set.section]); best != "" {
		d.Hint = "did you mean \"" + best + "\"?"
	}
	return d
}

// suggest is the name that is one slip away from what was written: a character
// more, less, other, or two swapped, or another case; "" when there is none.
// Words below four letters fit too much to be worth it.
func suggest(wrote string, names []string) string {
	if len(wrote) < 4 {
		return ""
	}
	for _, n := range names {
		if strings.EqualFold(wrote, n) {
			return n
		}
	}
	for _, n := range names {
		if oneSlip(wrote, n) {
			return n
		}
	}
	return ""
}

// oneSlip says whether a and b differ by one slip.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) || a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// compareFirst compares pairs of strings in turn.
func compareFirst(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if c := cmp.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}
