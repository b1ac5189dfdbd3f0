package compiler

import (
	"slices"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// chooseTarget decides which unit the image boots: what the user says, else
// default.target, else multi-user.target, else all that can be installed.
func (s *unitSet) chooseTarget(l *diag.List) {
	s.linkDefault()
	switch name := s.opt.Target; {
	case name != "":
		s.target = s.wanted(name, "--target", l)
	case s.used("default.target"):
		s.target = s.byName["default.target"]
	case s.used("multi-user.target"):
		s.target = s.byName["multi-user.target"]
	default:
		s.target = s.everything(l)
	}
	s.chooseKept(l)
	if s.opt.Main != "" && s.target != nil {
		if main := s.wanted(s.opt.Main, "--main", l); main != nil {
			s.target.imply(plan.Wants|plan.After, main.name, "--main")
		}
	}
}

// chooseKept finds the units of --keep.
func (s *unitSet) chooseKept(l *diag.List) {
	for _, name := range s.opt.Keep {
		if u := s.wanted(fullName(name), "--keep", l); u != nil {
			s.keep = append(s.keep, u)
		}
	}
}

// linkDefault lets a default.target that only [Install] sections or links
// mention lead on to multi-user.target, as the one of most systems does.
func (s *unitSet) linkDefault() {
	u := s.byName["default.target"]
	if u.builtin && s.used("default.target") && s.used("multi-user.target") {
		u.imply(plan.Requires|plan.After, "multi-user.target", "built in")
	}
}

// used says whether a well-known target has a file, or something that asks to
// be in it.
func (s *unitSet) used(name string) bool {
	u := s.byName[name]
	if u == nil || !u.builtin {
		return u != nil && !u.idle()
	}
	for i := range u.edges {
		if u.edges[i].isWritten() {
			return true
		}
	}
	return false
}

// wanted is the unit that an option names.
func (s *unitSet) wanted(name, option string, l *diag.List) *unit {
	u := s.find(name)
	d := diag.Diagnostic{Severity: diag.Error, Code: "no-target"}
	switch {
	case u == nil:
		d.Msg = option + " names \"" + name + "\", and there is no such unit"
		d.Hint = s.didYouMean(name)
		if d.Hint == "" && splitName(name).suffix == "" {
			d.Hint = "write the unit's full name, with its type: \"" + name + ".service\" or \"" + name + ".target\""
		}
	case u.masked:
		d.Pos = u.pos
		d.Msg = option + " names \"" + name + "\", which is masked"
	case u.plumbing != nil || isShutdown(u.name) || u.foreign != "":
		d.Pos = u.pos
		d.Msg = option + " names \"" + name + "\", which no image can hold"
	case u.template:
		d.Pos = u.pos
		d.Msg = option + " names the template \"" + name + "\""
		d.Hint = "name an instance of it"
	default:
		return u // a broken one has its own error
	}
	l.Add(d)
	return nil
}

// everything makes a target out of all units with an [Install] section.
func (s *unitSet) everything(l *diag.List) *unit {
	t := s.byName["default.target"]
	n := 0
	for _, u := range s.units {
		if s.installs(u) && u.installed() && !u.masked && !u.template && u.plumbing == nil && !u.builtin && u != t {
			t.imply(plan.Wants|plan.After, u.name, "it has an [Install] section")
			n++
		}
	}
	switch {
	case n > 0:
		l.Add(diag.Diagnostic{Pos: s.somewhere(), Severity: diag.Note, Code: "default-target",
			Msg: "there is no default.target and nothing is wanted by multi-user.target: " +
				"the image boots every unit with an [Install] section",
			Hint: "choose with --target"})
	case s.opt.Main != "" || len(s.opt.Keep) > 0:
	case !s.anyFile():
		l.Add(diag.Diagnostic{Pos: s.somewhere(), Severity: diag.Error, Code: "no-target",
			Msg:  "nothing to boot: no unit file was found",
			Hint: "name the folder that holds the files themselves, like web.service"})
	default:
		l.Add(diag.Diagnostic{Pos: s.somewhere(), Severity: diag.Error, Code: "no-target",
			Msg:  "nothing to boot: no default.target, nothing wanted by multi-user.target, no unit with an [Install] section",
			Hint: "add [Install] with WantedBy=multi-user.target to a unit, or name one with --target"})
	}
	return t
}

// anyFile says whether any unit has a file.
func (s *unitSet) anyFile() bool {
	return slices.ContainsFunc(s.units, func(u *unit) bool { return !u.builtin })
}

// somewhere is the place of a diagnostic about the whole input.
func (s *unitSet) somewhere() grammar.Pos {
	if len(s.opt.UnitDirs) > 0 {
		return grammar.Pos{File: s.opt.UnitDirs[0]}
	}
	return grammar.Pos{File: s.opt.Root}
}
