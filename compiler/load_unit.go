package compiler

import (
	"path"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// source is a file that was read: a fragment or a drop-in. Several units may
// share it.
type source struct {
	settings []setting
	empty    bool // of size 0, which masks
	broken   bool // it cannot be read, or systemd refuses it
	diags    diag.List
}

// source reads a file, once.
func (s *unitSet) source(p located) *source {
	if f := s.sources[p.shown]; f != nil {
		return f
	}
	f := &source{}
	s.sources[p.shown] = f
	text, err := s.files.read(p.real)
	switch {
	case err != nil:
		f.broken = true
		f.diags.Add(unreadable(p.shown, err))
	case text == "":
		f.empty = true
	default:
		f.parse(p.shown, text)
	}
	return f
}

// parse fills f from the text of a file.
func (f *source) parse(name, text string) {
	tree := grammar.ParseFile(name, text)
	for _, b := range tree.Bad {
		f.diags.Add(badLine(b))
	}
	if f.broken = tree.Fatal() != nil; f.broken {
		return
	}
	n := 0
	for _, sec := range tree.Sections {
		n += len(sec.Assignments)
	}
	f.settings = make([]setting, 0, n)
	for _, sec := range tree.Sections {
		if sec.Bad != nil {
			continue
		}
		for _, a := range sec.Assignments {
			f.settings = append(f.settings, setting{sec.Name, a.Key, a.Value, a.Pos, a.KeyEnd, sec})
		}
	}
}

// badLine is the diagnostic for a line that is no syntax.
func badLine(b *grammar.BadLine) diag.Diagnostic {
	d := diag.Diagnostic{Pos: b.Pos, End: b.End, Severity: diag.Warning, Code: "syntax",
		Msg: b.Message(), Hint: b.Kind.Hint()}
	if b.Kind.Fatal() {
		d.Severity = diag.Error
	}
	return d
}

// newUnit makes a unit from the entry that defines it, which for an instance
// may be its template's. Drop-ins and links follow in finish.
func (s *unitSet) newUnit(name string, e *entry) *unit {
	u := &unit{name: name, entry: e, pos: e.pos(), fragment: e.pos().File, masked: e.mask}
	s.classify(u)
	if hid := e.hid; hid != nil {
		u.diags.Add(diag.Diagnostic{Pos: grammar.Pos{File: hid.pos().File}, Severity: diag.Warning, Code: "ignored-file",
			Msg: hid.bad + ", so it does not hide \"" + u.fragment + "\""})
	}
	if u.masked || u.plumbing != nil {
		return u
	}
	if e.bad != "" {
		u.broken = true
		u.diags.Add(diag.Diagnostic{Pos: grammar.Pos{File: u.fragment}, Severity: diag.Error,
			Code: "unreadable-file", Msg: "cannot read it: " + e.bad})
		return u
	}
	p, err := s.files.follow(e.dir, e.name)
	if err != nil {
		u.broken = true
		u.diags.Add(unreadable(p.shown, err))
		return u
	}
	f := s.source(p)
	u.masked = f.empty
	u.use(f)
	if row := s.lackingProgram(u); row != nil {
		u.plumbing = row
	}
	return u
}

// classify sets what a unit's name says about it.
func (s *unitSet) classify(u *unit) {
	n := splitName(u.name)
	kind, ok := kindOf(n.suffix)
	u.kind = kind
	if !ok {
		u.foreign = n.suffix
	}
	u.template = n.instance == "" && strings.HasSuffix(u.name, "@."+n.suffix)
	u.plumbing = s.plumbingOf(u.name)
}

// use appends the settings of a file.
func (u *unit) use(f *source) {
	u.sources = append(u.sources, f)
	u.broken = u.broken || f.broken
	if u.settings == nil {
		u.settings = slices.Clip(f.settings)
	} else {
		u.settings = append(u.settings, f.settings...)
	}
}

// finish adds what folders say about a unit: drop-ins and links. A masked unit
// has neither.
func (s *unitSet) finish(u *unit) {
	slices.Sort(u.aliases)
	if u.masked || u.plumbing != nil || len(s.index.folders) == 0 {
		return
	}
	list := s.dropIns(u)
	u.diags = append(u.diags, u.dropIns.diags...)
	for _, p := range list {
		f := s.source(p)
		if !installsBy(u, p) {
			f = f.withoutInstall(u)
		}
		u.use(f)
	}
	if !u.template {
		s.addLinks(u)
	}
}

// installsBy says whether the [Install] section of a drop-in counts: systemctl
// looks into the folders of the unit and of its template, and not into those of
// aliases, prefixes and types.
func installsBy(u *unit, p located) bool {
	n := splitName(u.name)
	folder := path.Base(path.Dir(p.shown))
	return folder == u.name+".d" || n.instance != "" && folder == n.prefix+"@."+n.suffix+".d"
}

// withoutInstall is a drop-in of which [Install] does not count, as u is told.
func (f *source) withoutInstall(u *unit) *source {
	install := func(s setting) bool { return s.section == "Install" }
	i := slices.IndexFunc(f.settings, install)
	if i < 0 {
		return f
	}
	u.diags.Add(diag.Diagnostic{Pos: f.settings[i].pos, End: f.settings[i].end, Severity: diag.Warning, Code: "ignored-directive",
		Msg:  "[Install] has no effect in a drop-in of an alias, a prefix or a type: \"" + u.name + "\" is enabled without it",
		Hint: "write it into the unit, or into a file in " + u.name + ".d"})
	other := *f
	other.settings = slices.DeleteFunc(slices.Clone(f.settings), install)
	return &other
}

// installSettings are the assignments to a directive of [Install] that count when
// a unit is enabled, drop-ins included, which finish adds only when the names
// of all units are known. An empty one takes back those before it.
func (s *unitSet) installSettings(u *unit, key string) (out []*setting) {
	sources := []*source{{settings: u.settings}}
	if !u.masked && u.plumbing == nil && len(s.index.folders) > 0 {
		for _, p := range s.dropIns(u) {
			if installsBy(u, p) {
				sources = append(sources, s.source(p))
			}
		}
	}
	for _, f := range sources {
		for i := range f.settings {
			switch set := &f.settings[i]; {
			case set.section != "Install" || key != "" && set.key != key:
			case set.value.Text() == "" && key != "":
				out = nil
			default:
				out = append(out, set)
			}
		}
	}
	return out
}

// dropIns are the *.conf files that apply to a unit, in the order in which
// they apply: by file name over all folders, and of one name only the file in
// the folder with the highest precedence (systemd.unit(5)). They are looked for
// anew when the unit has got further names.
func (s *unitSet) dropIns(u *unit) []located {
	if c := &u.dropIns; c.found && c.aliases == len(u.aliases) {
		return c.list
	}
	u.dropIns = dropInList{found: true, aliases: len(u.aliases)}
	found := map[string]located{}
	for _, d := range s.foldersOf(u, ".d") {
		for _, e := range s.entries(d) {
			if _, hidden := found[e.Name()]; hidden || e.Name()[0] == '.' || !strings.HasSuffix(e.Name(), ".conf") {
				continue
			}
			p, err := s.files.follow(d, e.Name())
			if err != nil {
				u.dropIns.diags.Add(unreadable(p.shown, err))
				continue
			}
			if s.files.isNullEntry(d, e) {
				p = located{}
			}
			found[e.Name()] = p
		}
	}
	for _, name := range sortedKeys(found) {
		if p := found[name]; p.real != "" {
			u.dropIns.list = append(u.dropIns.list, p)
		}
	}
	return u.dropIns.list
}

// dropInList are the drop-ins of a unit with so many aliases, and what is wrong
// with others.
type dropInList struct {
	found   bool
	aliases int
	list    []located
	diags   diag.List
}

// foldersOf are the folders with a suffix that belong to a unit, the one with
// the highest precedence first: those of its name, of its aliases and of its
// type; for each the search path decides, and in one folder of the path the
// more specific name.
func (s *unitSet) foldersOf(u *unit, suffix string) []*folder {
	var out []*folder
	for _, name := range append([]string{u.name}, u.aliases...) {
		out = append(out, s.foldersNamed(nameChain(name), suffix)...)
	}
	return append(out, s.index.folders[splitName(u.name).suffix+suffix]...)
}

// foldersNamed are the folders of a chain of names.
func (s *unitSet) foldersNamed(chain []string, suffix string) []*folder {
	var out []*folder
	for _, name := range chain {
		out = append(out, s.index.folders[name+suffix]...)
	}
	slices.SortStableFunc(out, func(a, b *folder) int { return a.order - b.order })
	return out
}

// nameChain is a unit's name and the less specific ones that also have
// folders, each before those that it hides: "a-b@i.service" has
// "a-b@.service", "a-.service", "a-@i.service" and "a-@.service". That a
// template's prefix is a plain name is systemd's rule, too.
func nameChain(name string) []string { return chainOn(nil, name) }

func chainOn(chain []string, name string) []string {
	if slices.Contains(chain, name) {
		return chain // come to from an instance and from its template
	}
	chain = append(chain, name)
	n := splitName(name)
	if n.instance != "" {
		chain = chainOn(chain, n.prefix+"@."+n.suffix)
	}
	prefix := shortPrefix(n.prefix)
	switch {
	case prefix == "":
		return chain
	case n.instance != "":
		return chainOn(chain, prefix+"@"+n.instance+"."+n.suffix)
	}
	return chainOn(chain, prefix+"."+n.suffix)
}

// shortPrefix is a prefix up to the last dash but those at its end, of which
// systemd takes off one; "" where there is none.
func shortPrefix(prefix string) string {
	dash := strings.LastIndexByte(prefix, '-')
	if dash == len(prefix)-1 && dash > 0 {
		dash = strings.LastIndexByte(prefix[:dash], '-')
	}
	if dash <= 0 {
		return ""
	}
	return prefix[:dash+1]
}
