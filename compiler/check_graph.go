package compiler

import (
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// checkGraph reports what the units of the image ask for and do not get.
func (s *unitSet) checkGraph(l *diag.List) {
	s.told = map[string]bool{}
	var plumbed []string
	for _, u := range s.reached {
		for j := range u.edges {
			if e := &u.edges[j]; e.rel&(pulls|plan.Requisite) != 0 {
				if s.isPlumbing(u, e) {
					s.once(e.to.name, func() { plumbed = append(plumbed, e.to.name) })
					continue
				}
				s.checkEdge(u, e, l)
			}
		}
	}
	s.plumbingSummary(plumbed, l)
	s.checkConflicts(l)
}

// isPlumbing says whether an edge leads from a target of a root to one of
// systemd's own units. A root has dozens of them, which nobody has asked for.
func (s *unitSet) isPlumbing(u *unit, e *edge) bool {
	return !s.installCounts() && u.kind == plan.KindTarget && s.leftOut(e) &&
		(e.to.unit == nil || !e.to.unit.kept && !e.to.unit.masked)
}

// plumbingSummary says in one note what becomes of them.
func (s *unitSet) plumbingSummary(names []string, l *diag.List) {
	const most = 4
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	list := slices.Clone(names)
	if len(list) > most+1 {
		list = append(list[:most], itoa(int64(len(names)-most))+" more")
	}
	verb := " are"
	if len(names) == 1 {
		verb = " is"
	}
	l.Add(diag.Diagnostic{Pos: grammar.Pos{File: s.opt.Root}, Severity: diag.Note, Code: "systemd-plumbing",
		Msg: "what systemd runs for itself is left out or replaced: " + join(list) + verb + " not in the image"})
}

// checkEdge reports an edge that leads to no unit of the image. What is said
// once for each unit, and not for each that asks for it, is in told.
func (s *unitSet) checkEdge(u *unit, e *edge, l *diag.List) {
	v := e.to.unit
	suffix := splitName(e.to.name).suffix
	_, known := kindOf(suffix)
	switch {
	case v != nil && v.unmet != nil:
		s.once(e.to.name, func() { s.unmetNote(u, e, l) })
	case v != nil && v.kept:
	case v != nil && v.masked:
		s.masked(u, e, l)
	case s.leftOut(e):
		s.once(e.to.name, func() { s.plumbingNote(u, e, l) })
	case isShutdown(e.to.name):
		s.shutdownWarning(u, e, l)
	case !known && (v != nil || hostUnit(suffix)):
		s.once(e.to.name, func() { s.foreignUnit(u, e, suffix, l) })
	case v == nil || v.template:
		s.missing(u, e, l)
	case e.rel&pulls == 0 && !v.kept && !v.builtin:
		l.Add(u.about(e, diag.Warning, "requisite-not-started",
			verb(e.rel)+" \""+e.to.name+"\" to be active already, and nothing in the image starts it", "use Requires= if it should be started"))
	}
}

// unmetNote says that a unit is left out or skipped because of a condition. Who
// asks for it goes on without (systemd.unit(5), "Conditions and Asserts").
func (s *unitSet) unmetNote(u *unit, e *edge, l *diag.List) {
	c, fate := e.to.unit.unmet, "left out"
	if e.to.unit.kept {
		fate = "skipped by every boot"
	}
	d := u.about(e, diag.Note, "dropped-unit", verb(e.rel)+" \""+e.to.name+"\", which is "+fate+": "+c.Text+" does not hold in the image", "")
	d.Related = append(d.Related, diag.Related{Pos: c.set.pos, Msg: "it is here"})
	l.Add(d)
}

// once calls f the first time that name turns up.
func (s *unitSet) once(name string, f func()) {
	if !s.told[name] {
		s.told[name] = true
		f()
	}
}

// about is a diagnostic about an edge of u; rest follows the unit's name.
func (u *unit) about(e *edge, sev diag.Severity, code diag.Code, rest, hint string) diag.Diagnostic {
	d := diag.Diagnostic{Pos: e.pos(), End: e.end(), Severity: sev, Code: code, Hint: hint,
		Msg: "\"" + u.name + "\" " + rest}
	if !e.isWritten() {
		d.Pos, d.End = u.place(), grammar.Pos{}
		d.Msg += " (" + e.from.because + ")"
	}
	if sev > diag.Note && u.keeper != nil && u.why.isWritten() {
		d.Related = []diag.Related{{Pos: u.why.pos(), Msg: "\"" + u.name + "\" is in the image because \"" +
			u.keeper.name + "\" " + verb(u.why.rel) + " it"}}
	}
	return d
}

// place is the unit's file.
func (u *unit) place() grammar.Pos {
	if u.entry == nil {
		return grammar.Pos{}
	}
	return grammar.Pos{File: u.fragment}
}

// verbs are the relations as a sentence says them, the strongest first.
var verbs = [...]struct {
	rel  plan.Rel
	verb string
}{
	{plan.BindsTo, "is bound to"},
	{plan.Requires, "requires"},
	{plan.Requisite, "requires"},
	{plan.Upholds, "upholds"},
	{plan.Wants, "wants"},
	{plan.Triggers, "activates"},
	{plan.OnFailure, "on failure starts"},
	{plan.OnSuccess, "on success starts"},
}

// verb says a relation in words.
func verb(rel plan.Rel) string {
	for _, v := range verbs {
		if rel&v.rel != 0 {
			return v.verb
		}
	}
	return "relates to"
}

// must says whether the edge is a requirement that fails a unit.
func (e *edge) must() bool {
	return e.rel&(plan.Requires|plan.BindsTo|plan.Requisite|plan.Triggers) != 0
}

// missing reports an edge to a unit that does not exist. systemd ignores it
// for Wants=, so it counts only where the user wrote it.
func (s *unitSet) missing(u *unit, e *edge, l *diag.List) {
	d := u.about(e, diag.Note, "missing-unit", verb(e.rel)+" \""+e.to.name+"\", and there is no such unit", s.didYouMean(e.to.name))
	switch {
	case e.rel&plan.Triggers != 0:
		d.Severity = diag.Error
		if d.Hint == "" {
			d.Hint = "add the service, or name it with Service="
		}
	case e.must():
		d.Severity = diag.Error
	case s.installCounts() && e.isWritten():
		d.Severity = diag.Warning
	}
	if e.to.unit != nil {
		d.Msg = "\"" + u.name + "\" " + verb(e.rel) + " \"" + e.to.name + "\", which is a template"
		d.Hint = "name an instance of it, like \"" + instanceOf(e.to.name, "NAME") + "\""
	}
	l.Add(d)
}

// masked reports an edge to a masked unit, which systemd refuses to start.
func (s *unitSet) masked(u *unit, e *edge, l *diag.List) {
	d := u.about(e, diag.Note, "masked-unit", verb(e.rel)+" \""+e.to.name+"\", which is masked", "")
	if e.must() {
		d.Severity = diag.Error
		d.Hint = "remove the mask, or the requirement"
	}
	d.Related = append(d.Related, diag.Related{Pos: e.to.unit.place(), Msg: "masked here"})
	l.Add(d)
}

// leftOut says whether an edge leads to one of systemd's own units, which is
// not in the image.
func (s *unitSet) leftOut(e *edge) bool {
	return s.plumbingOf(e.to.name) != nil || e.to.unit != nil && e.to.unit.plumbing != nil
}

// plumbingNote says what becomes of one of systemd's own units.
func (s *unitSet) plumbingNote(u *unit, e *edge, l *diag.List) {
	row := plumbingOf(e.to.name)
	if v := e.to.unit; v != nil && v.plumbing != nil {
		row = v.plumbing
	}
	l.Add(u.about(e, diag.Note, "systemd-plumbing",
		verb(e.rel)+" \""+e.to.name+"\", which is "+row.fate.String()+": "+row.why, ""))
}

// shutdownWarning says that a target of systemd's shutdown cannot be started.
func (s *unitSet) shutdownWarning(u *unit, e *edge, l *diag.List) {
	hint := "use SuccessAction= or FailureAction= in \"" + u.name + "\""
	if e.rel&(plan.OnFailure|plan.OnSuccess) == 0 {
		hint = "remove it: the init stops all units in order by itself"
	}
	l.Add(u.about(e, diag.Warning, "shutdown-target",
		verb(e.rel)+" \""+e.to.name+"\", which is not part of an image", hint))
}

// hostUnit says whether units of a type come from the machine and not from a
// file: mounts out of fstab, devices out of udev, the slices that always are.
func hostUnit(suffix string) bool {
	return slices.Contains([]string{"mount", "automount", "swap", "device", "slice", "scope"}, suffix)
}

// foreignUnit says what becomes of a unit of a type that an image cannot hold.
func (s *unitSet) foreignUnit(u *unit, e *edge, suffix string, l *diag.List) {
	d := u.about(e, diag.Note, "unsupported-unit-type", "", "")
	does := verb(e.rel) + " \"" + e.to.name + "\""
	switch suffix {
	case "slice", "scope":
		does += ", which is left out: " + suffix + "s do not start anything"
	case "device":
		does += ", which is taken as plugged in"
	case "timer", "path":
		d.Severity = diag.Warning
		does += ", and " + suffix + " units cannot be built into an image yet: it starts nothing"
	default:
		does += ", which is taken as there: " + suffix + " units are not built into an image"
		if e.to.unit != nil {
			d.Severity = diag.Warning
			d.Hint = "mount it before the init starts"
		}
	}
	d.Msg = strings.Replace(d.Msg, "\" ", "\" "+does, 1)
	l.Add(d)
}

// checkConflicts reports units that are started together and exclude each
// other. What only runs when another one fails does not count.
func (s *unitSet) checkConflicts(l *diag.List) {
	if s.target == nil {
		return
	}
	boot := map[*unit]bool{s.target: true}
	for queue := []*unit{s.target}; len(queue) > 0; queue = queue[1:] {
		for j := range queue[0].edges {
			if e := &queue[0].edges[j]; e.rel&pull != 0 && e.to.unit != nil && e.to.unit.kept && !boot[e.to.unit] {
				boot[e.to.unit] = true
				queue = append(queue, e.to.unit)
			}
		}
	}
	for _, u := range s.image {
		for j := range u.edges {
			if e := &u.edges[j]; e.rel&plan.Conflicts != 0 && boot[u] && e.to.unit != u && boot[e.to.unit] {
				l.Add(u.about(e, diag.Warning, "conflicting-units",
					"and \""+e.to.unit.name+"\" exclude each other, and both are started at boot", "leave one of them out"))
			}
		}
	}
}
