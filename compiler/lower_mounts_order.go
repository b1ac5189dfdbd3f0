package compiler

import (
	"path"
	"slices"
	"strings"
)

// mountEntries are the paths of the service's view, parents first, of each the
// strongest word, and none that changes nothing.
func (b *execBuilder) mountEntries() []mountEntry {
	v := &b.e.view
	entries := v.entries(&b.e.confine)
	if len(entries) == 0 && !v.ownRoot() {
		return nil
	}
	entries = append(entries, b.directoryEntries()...)
	if v.ownRoot() {
		for i := range entries {
			if e := &entries[i]; e.view == viewKeep || e.view == viewImplied {
				e.source = cleanPath(v.root.v + e.path)
			}
		}
		entries = append(entries, b.rootEntries()...)
	} else {
		b.resolveEntries(entries)
	}
	return pruneEntries(entries)
}

// directoryEntries are RuntimeDirectory= and its kin: they stay writable, and
// are seen in a root of its own (systemd.exec(5), "RuntimeDirectory=").
func (b *execBuilder) directoryEntries() []mountEntry {
	var out []mountEntry
	for kind := range b.e.dirs {
		if kind == dirConfiguration && !b.e.view.ownRoot() {
			continue
		}
		for _, p := range b.e.dirs[kind].paths {
			e := mountEntry{path: directoryKinds[kind].base + "/" + p.v.path, view: viewKeep, may: true, at: p.at}
			if b.e.view.ownRoot() {
				e.view, e.source = viewBind, b.e.directoryPath(kind, p.v.path)
			} else if b.e.private(kind) {
				continue
			}
			out = append(out, e)
		}
	}
	return append(out, b.privateEntries()...)
}

// resolveEntries follows the links of the root, where it is known: so entries
// are sorted by where they are, and the same one is not there twice.
func (b *execBuilder) resolveEntries(entries []mountEntry) {
	if b.lo.s.opt.Root == "" {
		return
	}
	for i := range entries {
		e := &entries[i]
		if real, err := b.lo.s.files.resolve(e.path); err == nil && strings.HasPrefix(real, "/") {
			e.path = real
		}
	}
}

// pruneEntries sorts and drops: the same path twice, a path under one that
// cannot be looked into, and one that is already as it shall be.
func pruneEntries(entries []mountEntry) []mountEntry {
	slices.SortStableFunc(entries, func(a, b mountEntry) int {
		if a.path != b.path {
			return comparePaths(a.path, b.path)
		}
		return strength[a.view] - strength[b.view]
	})
	var unique []mountEntry
	for _, e := range entries {
		if last := len(unique) - 1; last >= 0 && unique[last].path == e.path && absorbs(&unique[last], &e) {
			continue
		}
		unique = append(unique, e)
	}
	var out []mountEntry
	above := map[string][]mountEntry{} // those in out, by path
	for _, e := range unique {
		if needed(above, &e) {
			out = append(out, e)
			above[e.path] = append(above[e.path], e)
		}
	}
	return out
}

// comparePaths orders paths so that each folder is followed by what is in it.
func comparePaths(a, b string) int {
	return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
}

// absorbs drops e when the stronger entry of the same path says it all.
func absorbs(stronger, e *mountEntry) bool {
	if orthogonal(stronger.view, e.view) && stronger.view != viewHidden {
		return false
	}
	if e.view == viewReadOnly && replaces(stronger.view) {
		stronger.readOnly = true
	}
	return true
}

// needed says whether an entry changes anything, given those of the folders
// above it.
func needed(above map[string][]mountEntry, e *mountEntry) bool {
	over, found := viewKeep, false
	if isExec(e.view) {
		over = viewExec
	}
	for dir := e.path; len(dir) > 1 && dir[0] == '/' && !e.replaced; { // also of a unit that is refused for its path
		dir = path.Dir(dir)
		for _, p := range slices.Backward(above[dir]) {
			switch {
			case p.view == viewHidden:
				return false
			case replaces(p.view):
				e.replaced = true
				if p.view == viewBind && e.view == viewKeep {
					e.source = cleanPath(p.source + "/" + strings.TrimPrefix(e.path, p.path))
				}
			}
			if !found && (replaces(p.view) || !orthogonal(p.view, e.view)) {
				over, found = p.view, true
			}
		}
	}
	if e.view == viewImplied {
		e.view = viewKeep
	}
	if e.view == viewKeep && e.replaced && e.source == "" { // what was there is not seen any more
		e.view = viewSelf
	}
	return replaces(e.view) || e.view != over
}

// strength orders what is said of one path: the first holds (systemd's order:
// what hides most, then what is mounted, then what lets least be written).
var strength = [...]int{viewHidden: 0, viewNoDevice: 0, viewBind: 1, viewPrivate: 2, viewDevices: 3, viewProc: 4,
	viewQueues: 9, viewReadOnly: 5, viewKeep: 6, viewNoExec: 7, viewExec: 8, viewEmpty: 9, viewImplied: 10, viewSelf: 6}

// replaces says whether nothing of what was at the path is seen any more.
func replaces(v pathView) bool {
	switch v {
	case viewBind, viewPrivate, viewDevices, viewProc, viewQueues, viewEmpty:
		return true
	}
	return false
}

// orthogonal says whether two views are about different things.
func orthogonal(a, b pathView) bool { return isExec(a) != isExec(b) }

func isExec(v pathView) bool { return v == viewExec || v == viewNoExec }

// strictlyUnder says whether path lies below dir.
func strictlyUnder(path, dir string) bool {
	return path != dir && (dir == "/" || strings.HasPrefix(path, dir+"/"))
}
