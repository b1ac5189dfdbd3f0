package compiler

import (
	"slices"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// collect adds to l what is to be said about single units.
//
// About units of the image everything is said. Of the others in the user's
// own folders the errors are warnings, for they stop nothing, unless the file
// cannot be read at all: then nobody knows what would have kept the unit. That
// a unit is left out is a note. In a root only the image counts: it holds units
// of many packages that nobody means to build.
func (s *unitSet) collect(l *diag.List) {
	for _, u := range s.units {
		if u.builtin {
			continue
		}
		list := u.said()
		if !u.kept {
			if !s.installCounts() {
				continue
			}
			if !u.broken {
				soften(list)
			}
			if why := s.whyDropped(u); why != "" && s.target != nil && !s.told[u.name] && !s.hasInstance(u) {
				list.Add(diag.Diagnostic{Pos: u.place(), Severity: diag.Note, Code: "dropped-unit",
					Msg: "\"" + u.name + "\" is not in the image: " + why})
			}
		}
		*l = append(*l, list...)
	}
}

// said is all that there is to say about a unit and its files.
func (u *unit) said() diag.List {
	var list diag.List
	for _, f := range u.sources {
		list = append(list, f.diags...)
	}
	if u.template && !u.broken { // its values make sense in an instance only
		return list
	}
	return append(list, u.diags...)
}

// soften makes errors warnings.
func soften(list diag.List) {
	for i := range list {
		if list[i].Severity == diag.Error {
			list[i].Severity = diag.Warning
		}
	}
}

// hasInstance says whether an instance of the template u is in the image.
func (s *unitSet) hasInstance(u *unit) bool {
	if !u.template {
		return false
	}
	if s.instances == nil {
		s.instances = map[*entry]bool{}
		for _, v := range s.image {
			s.instances[v.entry] = true
		}
	}
	return s.instances[u.entry]
}

// whyDropped says why a unit is not in the image.
func (s *unitSet) whyDropped(u *unit) string {
	switch {
	case u.plumbing != nil:
		return "it is " + u.plumbing.fate.String() + ", because " + u.plumbing.why
	case u.masked && u.pos.File != "":
		return "it is masked by " + u.pos.File
	case u.masked:
		return "it is masked"
	case u.foreign == "slice" && s.usesSlice(u):
		return "" // as a folder of groups it is
	case u.foreign == "slice":
		return "no unit of the image is in it"
	case u.foreign != "":
		return u.foreign + " units cannot be built into an image yet"
	case isShutdown(u.name):
		return "the init stops all units in order itself"
	case u.unmet != nil:
		return u.unmet.Text + " does not hold in the image"
	case u.template:
		return "it is a template, and nothing asks for an instance"
	case s.target == nil:
		return ""
	case u.builtin && slices.Contains(s.reached, u):
		return "it is built in, and nothing in it would start"
	}
	if by := s.asker(u); by != "" {
		if v := s.byName[by]; v.foreign != "" {
			return "\"" + by + "\" starts it, and " + v.foreign + " units cannot be built into an image yet"
		}
		return "\"" + by + "\" asks for it, and \"" + s.target.name + "\" does not reach that"
	}
	return "nothing that \"" + s.target.name + "\" reaches asks for it"
}

// asker is the name of a unit that asks for u in so many words, or "".
func (s *unitSet) asker(u *unit) string {
	if s.askers == nil {
		s.askers = map[*unit]string{}
		for _, by := range s.units { // sorted: the first name wins
			for j := range by.edges {
				e := &by.edges[j]
				asks := e.isWritten() && e.rel&pulls != 0 || by.foreign != "" && e.rel&plan.Triggers != 0
				if v := e.to.unit; v != nil && v != by && asks && (s.askers[v] == "" || by.foreign == "" && s.byName[s.askers[v]].foreign != "") {
					s.askers[v] = by.name
				}
			}
		}
	}
	return s.askers[u]
}

// dropped is the reason for each unit with a file that is not in the image.
func (s *unitSet) dropped() map[string]string {
	out := map[string]string{}
	for _, u := range s.units {
		if !u.kept && !u.builtin {
			out[u.name] = s.whyDropped(u)
		}
	}
	return out
}

// reasons is the reason for each unit of the image.
func (s *unitSet) reasons() map[string]Reason {
	out := map[string]Reason{}
	for _, u := range s.image {
		switch {
		case u.byKeep:
			out[u.name] = Reason{Verb: byKeep}
		case u.keeper == nil:
			out[u.name] = Reason{}
		default:
			out[u.name] = Reason{By: u.keeper.name, Verb: verb(u.why.rel), Pos: u.why.pos()}
		}
	}
	return out
}

// unique takes out diagnostics that say the same about the same place, as
// those about the file of several instances do. The list is sorted.
func unique(l diag.List) diag.List {
	type key struct {
		pos  grammar.Pos
		code diag.Code
		msg  string
	}
	seen := map[key]bool{}
	out := l[:0]
	for _, d := range l {
		if k := (key{d.Pos, d.Code, d.Msg}); !seen[k] || d.Pos.File == "" {
			seen[k] = true
			out = append(out, d)
		}
	}
	return out
}
