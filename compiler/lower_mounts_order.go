package compiler

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// mountEntries are the paths of the service's view, parents first, of each the
// strongest word, and none that changes nothing.
//
// The prefix "+" leaves what puts something in place, and nothing that takes
// something away (systemd.service(5), "Special executable prefixes").
func (b *execBuilder) mountEntries(how privilege) []mountEntry {
	v := &b.e.view
	entries := v.entries(&b.e.confine, how)
	_, any := b.mountsAt(entries)
	if !any && (how == full || !v.ownRoot()) {
		return nil
	}
	if how != full {
		v.protectHostname(&b.e.confine, &entries)
	}
	api := how != full && v.apiVFS.or(v.ownRoot() || b.e.confine.privatePIDs.v) && (v.ownRoot() || newRoot(entries) != nil)
	entries = append(entries, b.directoryEntries()...)
	if v.ownRoot() {
		for i := range entries {
			if e := &entries[i]; e.view == viewKeep || e.view == viewImplied {
				e.source = cleanPath(v.root.v + e.path)
			}
		}
		entries = append(entries, b.notifyEntry()...)
	} else {
		b.resolveEntries(entries)
	}
	if api {
		entries = append(entries, b.rootEntries()...)
	}
	return pruneEntries(entries)
}

// directoryEntries are RuntimeDirectory= and its kin: they stay writable, and
// are seen in a root of its own and in what else replaces what they lie in.
func (b *execBuilder) directoryEntries() []mountEntry {
	var out []mountEntry
	for kind := range b.e.dirs {
		for _, p := range b.e.dirs[kind].paths {
			e := mountEntry{path: directoryKinds[kind].base + "/" + p.v.path, view: viewKeep, own: true, may: true, at: p.at}
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
// are sorted by where they are, and the same one is not there twice. What
// replaces a folder replaces its links too.
func (b *execBuilder) resolveEntries(entries []mountEntry) {
	if b.lo.s.opt.Root == "" {
		return
	}
	written := slices.Clone(entries)
	for i := range entries {
		e := &entries[i]
		if slices.ContainsFunc(written, func(w mountEntry) bool { return replaces(w.view) && strictlyUnder(e.path, w.path) }) {
			continue
		}
		if real, err := b.lo.s.files.resolve(e.path); err == nil && strings.HasPrefix(real, "/") {
			e.path = real
		}
	}
}

// pruneEntries sorts and drops: the same path twice, a path under one that
// cannot be looked into, and one of which the one above says the same. What stays
// as it is has a mount of its own, too: it must be there, and is seen among the
// mounts.
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
	for dir := e.path; len(dir) > 1 && dir[0] == '/' && !e.replaced; { // also of a unit that is refused for its path
		dir = path.Dir(dir)
		for _, p := range slices.Backward(above[dir]) {
			switch {
			case p.view == viewHidden:
				return false
			case replaces(p.view):
				e.replaced, e.over = true, dir
				if p.view == viewBind && e.view == viewKeep && !e.own {
					e.source = cleanPath(p.source + "/" + strings.TrimPrefix(e.path, p.path))
				}
			}
			if !found && (replaces(p.view) || !orthogonal(p.view, e.view)) {
				over, found = p.view, true
				if over == viewSelf {
					over = viewKeep
				}
			}
		}
	}
	if e.view == viewImplied {
		e.view = viewKeep
	}
	if e.own && e.replaced && e.view == viewKeep {
		e.view, e.source = viewBind, cmp.Or(e.source, e.path)
	}
	if !found && e.view == viewKeep || e.view == viewKeep && e.replaced && e.source == "" { // what was there is not seen any more
		e.view = viewSelf
	}
	return replaces(e.view) || e.view != over || !found
}

// strength orders what is said of one path: the first holds (systemd's order:
// what hides most, then what is mounted, then what lets least be written).
var strength = [...]int{viewHidden: 0, viewNoDevice: 0, viewBind: 1, viewPrivate: 2, viewDevices: 3, viewProc: 4,
	viewGroups: 4, viewQueues: 9, viewReadOnly: 5, viewKeep: 6, viewNoExec: 7, viewExec: 8, viewEmpty: 9, viewImplied: 10, viewSelf: 6}

// replaces says whether nothing of what was at the path is seen any more.
func replaces(v pathView) bool {
	switch v {
	case viewBind, viewPrivate, viewDevices, viewProc, viewGroups, viewQueues, viewEmpty:
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
