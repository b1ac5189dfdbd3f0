package compiler

import (
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// reading is one assignment while it is read into its unit.
type reading struct {
	s    *unitSet
	u    *unit
	d    *directive
	set  *setting
	text string
	l    *diag.List
}

// decode reads the unit's assignments into its settings: a later assignment
// replaces an earlier one, lists grow, and an empty value resets
// (systemd.unit(5), "drop-in"; systemd.syntax(7)).
func (s *unitSet) decode(u *unit, l *diag.List) {
	switch {
	case u.kind == plan.KindService:
		u.service = &serviceSettings{}
	case u.kind == plan.KindSocket:
		u.socket = &socketSettings{}
	case u.foreign != "":
		u.service = &serviceSettings{} // what the settings of its processes are read into
		defer func() { u.service = nil }()
	}
	told := map[string]bool{}
	for i := range u.settings {
		s.decodeSetting(u, &u.settings[i], told, l)
	}
	if v := u.service; v != nil && !v.typ.set && v.busName.set {
		// systemd.service(5), "Type=": a bus name makes it dbus, with what follows
		// for the dependencies.
		v.typ = opt[plan.ServiceType]{plan.TypeDBus, true, v.busName.at}
	}
	u.description = u.common.description.or("")
	u.flags = u.common.flags()
}

// decodeSetting reads one assignment. Sections in told have been complained
// about already.
func (s *unitSet) decodeSetting(u *unit, set *setting, told map[string]bool, l *diag.List) {
	if strings.HasPrefix(set.section, "X-") || strings.HasPrefix(set.key, "X-") {
		return // systemd.unit(5): private to other programs
	}
	rows := u.sectionRows(set.section)
	if rows == nil {
		if !told[set.section] {
			told[set.section] = true
			l.Add(unknownSection(u, set))
		}
		return
	}
	d := rows[set.key]
	if d == nil {
		l.Add(unknownDirective(u, set))
		return
	}
	x := &reading{s: s, u: u, d: d, set: set, text: set.value.Text(), l: l}
	if i := strings.IndexByte(x.text, 0); i >= 0 { // no path, word or variable can hold one
		x.report(diag.Error, "invalid-value", i, i+1, set.key+"=: a NUL character", "take it out")
		return
	}
	if x.text == "" && d.value.keeps {
		x.emptyValue()
		return
	}
	if d.level >= harmless {
		u.common.leave(d, set)
	}
	if d.decode != nil {
		d.decode(x)
	}
}

// emptyValue says that an empty value of this directive takes nothing back:
// systemd does not understand it, and goes on with what was set before.
func (x *reading) emptyValue() {
	msg, hint := x.set.key+"= without a value changes nothing", "take it out"
	for i := range x.u.settings {
		switch set := &x.u.settings[i]; {
		case set == x.set:
			x.report(diag.Warning, "empty-value", 0, 0, msg, hint)
			return
		case set.section == x.set.section && set.key == x.set.key && set.value.Text() != "":
			msg = x.set.key + "= without a value takes nothing back: \"" + set.value.Text() + "\" of " + place(set.pos) + " stays"
			hint = "write the value that is wanted"
		}
	}
}

// sectionRows are the directives that a section of this unit may have, or nil.
func (u *unit) sectionRows(section string) map[string]*directive {
	switch section {
	case "Unit", "Install":
		return table[section]
	case u.section():
		return table[section]
	}
	return nil
}

// kindSections are the sections of their own that the unit types have.
var kindSections = [plan.NumKinds]string{"Target", "Service", "Socket"}

// leave notes an assignment that the image does not act on; lower says so if
// the unit is kept and the value asks for something.
func (c *unitSettings) leave(d *directive, set *setting) {
	if c.unhonoured == nil {
		c.unhonoured = map[string]unhonoured{}
	}
	if _, ok := c.unhonoured[d.name]; ok && set.value.Text() == "~" {
		return // a list that takes nothing away leaves what was there
	}
	c.unhonoured[d.name] = unhonoured{d, set}
}

// flags are the yes-or-no settings of [Unit] as the plan has them.
func (c *unitSettings) flags() plan.UnitFlags {
	var f plan.UnitFlags
	for _, b := range [...]struct {
		on   bool
		flag plan.UnitFlags
	}{
		{c.stopWhenUnneeded.v, plan.StopWhenUnneeded},
		{c.refuseManualStart.v, plan.RefuseManualStart},
		{c.refuseManualStop.v, plan.RefuseManualStop},
		{c.allowIsolate.v, plan.AllowIsolate},
		{c.ignoreOnIsolate.v, plan.IgnoreOnIsolate},
		{c.defaultDependencies.or(true), plan.DefaultDependencies},
	} {
		if b.on {
			f |= b.flag
		}
	}
	return f
}

// bad reports an error in the value; base is where the parsed text begins in
// it, or -1 when offsets no longer fit because specifiers were replaced.
func (x *reading) bad(err *grammar.Error, base int) {
	if err == errReported {
		return
	}
	from, to := 0, len(x.text)
	if base >= 0 {
		from, to = base+err.Offset, base+err.End
	}
	x.report(diag.Error, "invalid-value", from, to, x.set.key+"=: "+err.Msg, err.Hint)
}

// report adds a diagnostic about the bytes from..to of the value.
func (x *reading) report(sev diag.Severity, code diag.Code, from, to int, msg, hint string) {
	x.l.Add(diag.Diagnostic{Pos: x.set.value.PosAt(from), End: x.set.value.PosAt(to),
		Severity: sev, Code: code, Msg: asWritten(msg), Hint: hint})
}

// wrong is an error about the whole of a text.
func wrong(text, msg, hint string) *grammar.Error {
	return &grammar.Error{End: len(text), Msg: msg, Hint: hint}
}
