package compiler

import (
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// installEdges turns [Install] sections into dependencies, as systemctl enable
// would with links, when they count (see the package documentation).
func (s *unitSet) installEdges(l *diag.List) {
	for i := 0; i < len(s.units); i++ { // grows with default instances
		u := s.units[i]
		if !s.installs(u) || u.masked || u.plumbing != nil || u.builtin {
			continue
		}
		if n := splitName(u.name); n.instance != "" && s.byName[n.prefix+"@."+n.suffix] != nil && u.entry.name != u.name && !u.enabled {
			continue // its template has been enabled, not the instance
		}
		if u.template {
			s.installUnit(u, l) // what else is said of templates is not shown
		} else {
			s.installUnit(u, &u.diags)
		}
	}
}

// installUnit adds the edges that one [Install] section asks for.
func (s *unitSet) installUnit(u *unit, l *diag.List) {
	in := &u.install
	lists := [...]struct {
		rel   plan.Rel
		key   string
		names []item[string]
	}{
		{plan.Wants, "WantedBy", in.wantedBy},
		{plan.Requires, "RequiredBy", in.requiredBy},
		{plan.Upholds, "UpheldBy", in.upheldBy},
	}
	for _, link := range in.links {
		s.installEdge(u, installEdge{link.v.name, link.v.by, link.v.rel, "Alias", link.at}, l)
	}
	name := u.name
	if u.template && in.defaultInstance.v != "" {
		name = instanceOf(u.name, in.defaultInstance.v)
		if i := s.find(name); i != nil && i.entry == u.entry { // specifiers are the instance's
			lists[0].names, lists[1].names, lists[2].names = i.install.wantedBy, i.install.requiredBy, i.install.upheldBy
		}
	}
	for _, list := range lists {
		for _, n := range list.names {
			s.installEdge(u, installEdge{name, n.v, list.rel, list.key, n.at}, l)
		}
	}
}

// installLink is a link that Alias= asks for in a folder of a unit, as
// "multi-user.target.wants/web.service", the way of old.
type installLink struct {
	by, name string
	rel      plan.Rel
}

// installAliases is Alias=: names, and links in folders.
func installAliases(x *reading) {
	in := &x.u.install
	if x.text == "" {
		in.alias, in.links = nil, nil
		return
	}
	for _, w := range fields(x.text) {
		at := x.set.value.PosAt(w.at)
		if !strings.Contains(w.text, "/") {
			if name, err := unitName(x, w.text); err == nil {
				in.alias = append(in.alias, item[string]{name, at})
			} else {
				x.bad(err, w.at)
			}
		} else if text, ok := x.expand(w.text, whyUnit); ok {
			switch link, why := x.u.aliasLink(text); {
			case why == "":
				in.links = append(in.links, item[installLink]{link, at})
			case !x.s.installs(x.u): // else addInstallAlias has told
				x.bad(wrong(w.text, why, "use WantedBy= or RequiredBy="), w.at)
			}
		}
	}
}

// aliasLink reads a link in the folder of a unit, or says why it is none to u.
func (u *unit) aliasLink(text string) (link installLink, why string) {
	folder, name, _ := strings.Cut(text, "/")
	link.name = name
	for _, f := range linkFolders {
		if by, found := strings.CutSuffix(folder, f.suffix); found {
			link.by, link.rel = by, f.rel
		}
	}
	n := splitName(name)
	switch {
	case !isUnitName(link.by):
		return link, "links are in the folders .wants, .requires and .upholds of units"
	case !isUnitName(name), name != u.name && !(u.template && u.name == n.prefix+"@."+n.suffix):
		return link, "a link in such a folder has the name of its unit"
	}
	return link, ""
}

// installEdge is an edge that [Install] asks for: to the unit, the instance or
// the template name, from the unit by.
type installEdge struct {
	name, by string
	rel      plan.Rel
	key      string
	at       grammar.Pos
}

// end is where the name of the asking unit ends.
func (e *installEdge) end() grammar.Pos {
	end := e.at
	end.Col += len(e.by)
	end.Offset += len(e.by)
	return end
}

// installEdge adds one. A template is asked for by instances only; what the
// template of others asks for, all its instances do.
func (s *unitSet) installEdge(u *unit, e installEdge, l *diag.List) {
	d := diag.Diagnostic{Pos: e.at, End: e.end(), Severity: diag.Warning, Code: "never-started"}
	by := s.find(e.by)
	switch {
	case by == nil:
		d.Msg = e.key + "= names \"" + e.by + "\", and there is no such unit: nothing starts \"" + u.name + "\" by it"
		d.Hint = s.didYouMean(e.by)
	case isTemplate(e.name) && !by.template && splitName(by.name).instance == "":
		d.Msg = e.key + "= of a template starts no instance of \"" + u.name + "\""
		d.Hint = "set DefaultInstance=, or name an instance in Wants= of \"" + e.by + "\""
		if u.asked { // systemctl refuses it
			d.Severity, d.Code, d.Msg = diag.Error, "cannot-enable", "--enable leads to the template \""+u.name+"\", and "+d.Msg
			d.Hint = "pass --enable " + instanceOf(u.name, "NAME") + ", or set DefaultInstance="
		}
	case by.template:
		s.addTemplateEdge(by, e)
		return
	default:
		s.addInstallEdge(by, e)
		return
	}
	l.Add(d)
}

func (s *unitSet) addInstallEdge(by *unit, e installEdge) {
	name := by.meant(e.name)
	if s.find(name) == by {
		return
	}
	by.link(e.rel, name, cause{pos: e.at, end: e.end(), because: e.key + "="})
}

// instances are those of one template, and the edges that all of them have.
type instances struct {
	units []*unit
	edges []installEdge
}

// addTemplateEdge adds an edge to all instances of a template, those that are
// made later included.
func (s *unitSet) addTemplateEdge(template *unit, e installEdge) {
	if s.instancesOf == nil {
		s.instancesOf = map[string]*instances{}
		for _, u := range s.units {
			s.noteInstance(u)
		}
	}
	of := s.ofTemplate(template.name)
	of.edges = append(of.edges, e)
	for _, u := range slices.Clone(of.units) {
		s.addInstallEdge(u, e)
	}
}

// ofTemplate finds them, or begins with none.
func (s *unitSet) ofTemplate(template string) *instances {
	of := s.instancesOf[template]
	if of == nil {
		of = &instances{}
		s.instancesOf[template] = of
	}
	return of
}

// noteInstance has u found by its template.
func (s *unitSet) noteInstance(u *unit) *instances {
	n := splitName(u.name)
	if n.instance == "" {
		return nil
	}
	of := s.ofTemplate(n.prefix + "@." + n.suffix)
	of.units = append(of.units, u)
	return of
}

// addTemplateEdges adds to a new unit the edges that it has as an instance.
func (s *unitSet) addTemplateEdges(u *unit) {
	if s.instancesOf == nil {
		return
	}
	if of := s.noteInstance(u); of != nil {
		for _, e := range of.edges {
			s.addInstallEdge(u, e)
		}
	}
}

// installed says whether the unit has an [Install] section that asks to be
// started by something.
func (u *unit) installed() bool {
	return len(u.install.wantedBy)+len(u.install.requiredBy)+len(u.install.upheldBy) > 0
}

// maxHints bounds how often all names are searched for a likely one: a folder
// with ten thousand slips needs no ten thousand hints.
const maxHints = 100

// didYouMean is a hint that names the unit which is one slip away, or "".
func (s *unitSet) didYouMean(name string) string {
	if s.hints++; s.hints > maxHints {
		return ""
	}
	if len(s.allNames) != len(s.byName) {
		s.allNames = sortedKeys(s.byName)
	}
	suffix := "." + splitName(name).suffix
	var names []string
	for _, n := range s.allNames {
		if strings.HasSuffix(n, suffix) && !s.byName[n].template {
			names = append(names, strings.TrimSuffix(n, suffix))
		}
	}
	if best := suggest(strings.TrimSuffix(name, suffix), names); best != "" {
		return "did you mean \"" + best + suffix + "\"?"
	}
	return ""
}
