package compiler

import (
	"io/fs"
	"os"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// linkFolders are the folders whose entries are dependencies of the unit.
var linkFolders = [...]struct {
	suffix string
	rel    plan.Rel
}{
	{".wants", plan.Wants},
	{".requires", plan.Requires},
	{".upholds", plan.Upholds},
}

// addLinks adds an edge for each entry of the unit's .wants, .requires and
// .upholds folders. The name of the entry counts, not where it leads to; a
// link to /dev/null in a folder with higher precedence takes an entry away.
func (s *unitSet) addLinks(u *unit) {
	for _, f := range linkFolders {
		seen := map[string]bool{}
		for _, d := range s.foldersOf(u, f.suffix) {
			for _, e := range s.entries(d) {
				if !seen[e.Name()] {
					seen[e.Name()] = true
					s.addLink(u, f.rel, d, e)
				}
			}
		}
	}
}

// addLink adds one entry as an edge.
func (s *unitSet) addLink(u *unit, rel plan.Rel, d *folder, e fs.DirEntry) {
	name := e.Name()
	pos := grammar.Pos{File: d.shown + "/" + name}
	if !isUnitName(name) {
		if !quietName(name) {
			u.diags.Add(diag.Diagnostic{Pos: pos, Severity: diag.Warning, Code: "ignored-file",
				Msg: "not a unit name, so it adds no dependency to \"" + u.name + "\""})
		}
		return
	}
	if s.files.isNullEntry(d, e) {
		return
	}
	name = u.meant(name)
	if s.presetOff(d, name) {
		return
	}
	u.link(rel, name, cause{pos: pos})
}

// entries are the contents of a folder that belongs to units, read once.
func (s *unitSet) entries(d *folder) []fs.DirEntry {
	list, ok := s.index.lists[d.shown]
	if !ok {
		list, _ = s.files.list(d) // checkFolders reports what cannot be read
		s.index.lists[d.shown] = list
	}
	return list
}

// isNullEntry says whether an entry masks: an empty file or /dev/null, or a link
// to one.
func (f *files) isNullEntry(d *folder, e fs.DirEntry) bool {
	switch {
	case e.Type()&fs.ModeSymlink != 0:
		return f.isNull(d, e.Name()) || f.leadsToNothing(d, e.Name())
	case e.Type().IsRegular():
		info, err := e.Info()
		return err == nil && info.Size() == 0
	}
	return false
}

// leadsToNothing says whether a link leads to an empty file.
func (f *files) leadsToNothing(d *folder, name string) bool {
	p, err := f.follow(d, name)
	if err != nil {
		return false
	}
	info, err := os.Stat(p.real)
	return err == nil && info.Mode().IsRegular() && info.Size() == 0
}

// checkFolders reports folders that belong to no unit, and those that cannot
// be read. In a root only the packages can be to blame, and nobody asked for
// the unit.
func (s *unitSet) checkFolders(l *diag.List) {
	for _, name := range sortedKeys(s.index.folders) {
		for _, d := range s.index.folders[name] {
			if _, err := s.files.list(d); err != nil {
				l.Add(unreadable(d.shown, err))
			}
			base := name[:strings.LastIndexByte(name, '.')]
			if s.installCounts() && isUnitName(base) && !isUnitPrefix(base) && !s.exists(base) {
				l.Add(s.orphanFolder(d, base))
			}
		}
	}
}

// orphanFolder says that no unit has the folder.
func (s *unitSet) orphanFolder(d *folder, base string) diag.Diagnostic {
	return diag.Diagnostic{Pos: grammar.Pos{File: d.shown}, Severity: diag.Warning, Code: "never-started",
		Msg:  "the folder has no effect: there is no unit \"" + base + "\"",
		Hint: s.didYouMean(base)}
}

// exists says whether there is a unit of that name, or a template for it.
func (s *unitSet) exists(name string) bool {
	n := splitName(name)
	return s.byName[name] != nil || n.instance != "" && s.byName[n.prefix+"@."+n.suffix] != nil
}
