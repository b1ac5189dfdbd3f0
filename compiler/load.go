package compiler

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// maxUnits bounds a unit set; a [plan.UnitID] has room for a little more.
const (
	maxUnits  = 65_000
	unitLimit = "65000 units"
)

// load finds the units of the search path, and those that are built in, with
// their drop-ins and the dependencies that folders give.
func (s *unitSet) load(l *diag.List) {
	s.files = files{root: s.opt.Root}
	s.byName = map[string]*unit{}
	s.sources = map[string]*source{}
	s.scan(s.searchPath(l), l)
	for _, name := range s.index.names {
		if len(s.units) >= maxUnits {
			s.tooMany = unitLimit
			return
		}
		if e := s.index.units[name]; !s.isAlias(e) {
			s.add(s.newUnit(name, e))
		}
	}
	s.readPresets(l)
	s.addAliases(l)
	s.enable(l)
	s.addInstallAliases(l)
	s.addBuiltins()
	for _, u := range s.units {
		s.finish(u)
	}
	s.loaded = true
	s.checkFolders(l)
	s.sort()
}

// sort orders the units by name.
func (s *unitSet) sort() {
	slices.SortFunc(s.units, func(a, b *unit) int { return strings.Compare(a.name, b.name) })
}

// add puts a new unit into the set.
func (s *unitSet) add(u *unit) {
	s.units = append(s.units, u)
	s.byName[u.name] = u
}

// find is the unit of that name or alias, made from its template when there is
// no file for the instance; nil when there is none.
func (s *unitSet) find(name string) *unit {
	if u := s.byName[name]; u != nil {
		return u
	}
	return s.instantiate(name)
}

// instantiate makes an instance of a template (systemd.unit(5): the literal
// name is searched for first).
func (s *unitSet) instantiate(name string) *unit {
	n := splitName(name)
	if n.instance == "" {
		return nil
	}
	t := s.byName[n.prefix+"@."+n.suffix]
	if t == nil || !t.template || !isUnitName(name) {
		return nil
	}
	if len(s.units) >= maxUnits {
		s.tooMany = unitLimit
		return nil
	}
	real := instanceOf(t.name, n.instance)
	u := s.byName[real]
	if u == nil {
		u = s.newInstance(real, t)
		s.add(u)
		for _, a := range t.aliases {
			s.alias(instanceOf(a, n.instance), u)
		}
		if s.loaded {
			s.finish(u)
		}
		if s.decoding {
			s.decodeUnit(u)
		}
		s.addTemplateEdges(u)
	}
	return u
}

// newInstance makes the unit name from the template t.
func (s *unitSet) newInstance(name string, t *unit) *unit {
	if !t.builtin {
		return s.newUnit(name, t.entry)
	}
	u := &unit{name: name, builtin: true, settings: t.settings}
	s.classify(u)
	return u
}

// instanceOf is the name of a template's instance.
func instanceOf(template, instance string) string {
	return strings.Replace(template, "@.", "@"+instance+".", 1)
}

// isTemplate says whether a name is that of a template.
func isTemplate(name string) bool {
	return strings.Contains(name, "@.") && splitName(name).instance == ""
}

// meant is the unit that is asked for where u names a template: the instance that is
// called as u's, or, where u is none, as what stands before its type.
func (u *unit) meant(name string) string {
	if u.template || !isTemplate(name) {
		return name
	}
	own := splitName(u.name)
	return instanceOf(name, cmp.Or(own.instance, own.prefix))
}

// alias gives u another name, unless the name is taken.
func (s *unitSet) alias(name string, u *unit) bool {
	if other := s.byName[name]; other != nil {
		return other == u
	}
	s.byName[name] = u
	u.aliases = append(u.aliases, name) // finish sorts them
	return true
}

// isAlias says whether an entry is only another name. A link to a name that
// the search path does not hold stands for the file that it leads to.
func (s *unitSet) isAlias(e *entry) bool {
	if e.alias == "" {
		return false
	}
	if s.index.units[e.alias] != nil {
		return true
	}
	n := splitName(e.alias)
	if n.instance != "" && s.index.units[n.prefix+"@."+n.suffix] != nil {
		return true
	}
	return builtinTargets.has(e.alias)
}

// addAliases gives units the other names that links have for them.
func (s *unitSet) addAliases(l *diag.List) {
	var instances []*entry
	for _, name := range s.index.names {
		e := s.index.units[name]
		if !s.isAlias(e) {
			continue
		}
		to := s.aliasEnd(e)
		switch {
		case to != "" && s.presetOff(e.dir, to):
		case to == "":
			l.Add(diag.Diagnostic{Pos: e.pos(), Severity: diag.Warning, Code: "link-loop",
				Msg: "the links that begin at \"" + name + "\" lead back to it, so the unit does not exist"})
		case s.byName[to] != nil && !(s.byName[to].template && splitName(name).instance != ""):
			s.alias(name, s.byName[to])
		default:
			instances = append(instances, e)
		}
	}
	for _, e := range instances {
		to := s.aliasEnd(e)
		if n := splitName(e.name); strings.HasSuffix(to, "@."+n.suffix) {
			to = instanceOf(to, n.instance)
		}
		if u := s.instantiate(to); u != nil {
			s.alias(e.name, u)
		} else {
			s.builtinAliases = append(s.builtinAliases, [2]string{e.name, to})
		}
	}
}

// aliasEnd is the name at the end of a chain of links; "" for a loop.
func (s *unitSet) aliasEnd(e *entry) string {
	for range maxHops {
		next := s.index.units[e.alias]
		if next == nil || !s.isAlias(next) {
			return e.alias
		}
		e = next
	}
	return ""
}

// addInstallAliases gives units the names of their Alias= lines. It reads
// them before decode does, because drop-ins of an alias count for its unit.
func (s *unitSet) addInstallAliases(l *diag.List) {
	given := map[string]bool{} // by an Alias=
	for _, u := range slices.Clone(s.units) {
		if !s.installs(u) || s.byName[u.name] != u {
			continue
		}
		for _, set := range s.installSettings(u, "Alias") {
			s.addInstallAlias(u, set, given, l)
		}
	}
}

// addInstallAlias reads one Alias=. A template as the alias of an instance means
// the instance.
func (s *unitSet) addInstallAlias(u *unit, set *setting, given map[string]bool, l *diag.List) {
	var mute diag.List // decode reads the line again, and complains
	x := &reading{s: s, u: u, set: set, text: set.value.Text(), l: &mute}
	for _, w := range fields(x.text) {
		name, why, ok := x.aliasName(w.text)
		if !ok {
			continue
		}
		d := diag.Diagnostic{Pos: set.value.PosAt(w.at), End: set.value.PosAt(w.at + len(w.text)),
			Severity: diag.Warning, Code: "bad-alias"}
		if u.asked { // systemctl refuses it
			d.Severity = diag.Error
		}
		if why != "" {
			d.Msg = "\"" + name + "\" cannot be an alias of \"" + u.name + "\": " + why
			l.Add(d)
			continue
		}
		if old := s.byName[name]; old != nil && old != u && !given[name] && s.linkHides(name, u) {
			d.Severity, d.Related = diag.Note, []diag.Related{{Pos: old.pos, Msg: "it is here"}}
			d.Msg = "the alias \"" + name + "\" hides the unit of that name in a folder of lower precedence"
			l.Add(d)
			s.hide(name, old, u)
		} else if !s.alias(name, u) && s.byName[name].name != u.name {
			d.Msg = "the alias \"" + name + "\" has no effect: there is another unit of that name"
			d.Related = []diag.Related{{Pos: s.byName[name].pos, Msg: "it is here"}}
			l.Add(d)
		}
		given[name] = true
	}
}

// aliasName is a word of Alias=, and why it cannot be one; false for what is said
// elsewhere, and for a link in a folder, which installUnit makes.
func (x *reading) aliasName(word string) (name, why string, ok bool) {
	if text, ok := x.expand(word, whyUnit); ok && strings.Contains(text, "/") {
		_, why = x.u.aliasLink(text)
		return text, why, why != ""
	}
	name, err := unitName(x, word)
	if err != nil {
		return "", "", false
	}
	if splitName(x.u.name).instance != "" {
		name = x.u.meant(name)
	}
	return name, aliasProblem(name, x.u.name), true
}

// linkHides says whether a link that is made when a unit is enabled hides what
// has its name. In a root systemctl makes links in /etc/systemd/system; with
// UNITDIRs one stands beside the unit.
func (s *unitSet) linkHides(name string, u *unit) bool {
	e := s.index.units[name]
	switch {
	case e == nil || u.entry == nil:
		return false
	case s.installCounts():
		return e.dir.order > u.entry.dir.order
	}
	return e.dir.order >= s.behindEtc
}

// hide lets u have the name instead of old. If that is old's own, and not one of
// its aliases, old is no more, and its other names go with it.
func (s *unitSet) hide(name string, old, u *unit) {
	names := []string{name}
	if old.name == name {
		names = append(names, old.aliases...)
		old.aliases = nil
		s.units = slices.DeleteFunc(s.units, func(v *unit) bool { return v == old })
	}
	for _, n := range names {
		s.byName[n] = u
		old.aliases = slices.DeleteFunc(old.aliases, func(a string) bool { return a == n })
	}
	u.aliases = append(u.aliases, names...)
}

// sortedKeys are the keys of a map, in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// kindOf is the plan's kind of a unit type; false for those that a plan cannot
// hold yet.
func kindOf(suffix string) (plan.Kind, bool) {
	switch suffix {
	case "service":
		return plan.KindService, true
	case "socket":
		return plan.KindSocket, true
	case "target":
		return plan.KindTarget, true
	}
	return plan.KindTarget, false
}
