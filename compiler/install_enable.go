package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// installs says whether the [Install] section of a unit counts: in the user's own
// folders unless the presets say disable, in a root if --enable or --preset asks
// for the unit.
func (s *unitSet) installs(u *unit) bool {
	if u.enabled || !s.installCounts() || !s.opt.Preset {
		return u.enabled || s.installCounts()
	}
	verb, _ := s.preset(u.name)
	return verb == "ignore"
}

// enable marks the units that count as enabled beyond the links of the root:
// those of --enable, those that the presets enable, and what Also= of any of
// them names (systemd.unit(5), "Also=").
func (s *unitSet) enable(l *diag.List) {
	var work []*unit
	mark := func(name string) *unit {
		u := s.find(name)
		if u != nil && !u.enabled {
			u.enabled = true
			work = append(work, u)
		}
		return u
	}
	for _, name := range s.opt.Enable {
		s.enableNamed(name, mark, l)
	}
	for _, u := range work {
		u.asked = true
	}
	if s.opt.Preset {
		for _, name := range s.presetNames() {
			mark(name)
		}
	}
	for _, u := range s.units {
		if s.installs(u) {
			work = append(work, u)
		}
	}
	for len(work) > 0 {
		u := work[len(work)-1]
		work = work[:len(work)-1]
		for _, name := range s.also(u) {
			if other := mark(name); other != nil {
				other.asked = other.asked || u.asked
			}
		}
	}
}

// enableNamed is one --enable.
func (s *unitSet) enableNamed(name string, mark func(string) *unit, l *diag.List) {
	name = fullName(name)
	d := diag.Diagnostic{Pos: s.somewhere(), Severity: diag.Error, Code: "cannot-enable"}
	u := mark(name)
	switch {
	case u == nil && !isUnitName(name):
		d.Msg = "--enable: \"" + name + "\" is no unit name"
	case u == nil:
		d.Msg = "--enable names \"" + name + "\", and there is no such unit"
		d.Hint = s.didYouMean(name)
	case u.masked:
		d.Pos, d.Msg = u.place(), "--enable names \""+name+"\", which is masked"
	case u.plumbing != nil:
		d.Pos, d.Severity = u.place(), diag.Note
		d.Msg = "--enable names \"" + name + "\", which is " + u.plumbing.fate.String() + ": " + u.plumbing.why
	case len(s.installSettings(u, "")) == 0:
		d.Pos, d.Severity = u.place(), diag.Warning
		d.Msg = "--enable \"" + name + "\" changes nothing: it has no [Install] section"
		d.Hint = "name it in Wants= of a unit, or with --target"
	default:
		return
	}
	l.Add(d)
}

// also are the names of a unit's Also= lines. They are read before decode does,
// which complains about bad ones.
func (s *unitSet) also(u *unit) (names []string) {
	var mute diag.List
	for _, set := range s.installSettings(u, "Also") {
		x := &reading{s: s, u: u, set: set, text: set.value.Text(), l: &mute}
		for _, w := range grammar.ParseList(x.text) {
			if name, err := unitName(x, w.Text); err == nil {
				names = append(names, name)
			}
		}
	}
	return names
}
