package compiler

import (
	"strings"

	"rustysd/compiler/diag"
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
	name := u.name
	if u.template {
		if name = ""; in.defaultInstance.v != "" {
			name = instanceOf(u.name, in.defaultInstance.v)
			s.find(name)
		}
	}
	for _, list := range lists {
		for _, n := range list.names {
			s.installEdge(u, name, list.rel, list.key, n, l)
		}
	}
}

// installEdge adds one edge; name is the unit or the instance that is enabled,
// "" for a template without DefaultInstance=.
func (s *unitSet) installEdge(u *unit, name string, rel plan.Rel, key string, n item[string], l *diag.List) {
	end := n.at
	end.Col += len(n.v)
	end.Offset += len(n.v)
	by := s.find(n.v)
	switch {
	case by == nil:
		l.Add(diag.Diagnostic{Pos: n.at, End: end, Severity: diag.Warning, Code: "never-started",
			Msg:  key + "= names \"" + n.v + "\", and there is no such unit: nothing starts \"" + u.name + "\" by it",
			Hint: s.didYouMean(n.v)})
	case name == "":
		l.Add(diag.Diagnostic{Pos: n.at, End: end, Severity: diag.Warning, Code: "never-started",
			Msg:  key + "= of a template starts no instance of \"" + u.name + "\"",
			Hint: "set DefaultInstance=, or name an instance in Wants= of \"" + n.v + "\""})
	default:
		by.link(rel, name, cause{pos: n.at, end: end, because: key + "="})
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
