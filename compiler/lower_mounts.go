package compiler

import (
	"encoding/binary"
	"path"
	"slices"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Numbers of the kernel's interface.
const (
	cloneNewNS         = 0x00020000
	msRDONLY           = 0x1
	msNOSUID           = 0x2
	msNODEV            = 0x4
	msBIND             = 0x1000
	msREC              = 0x4000
	msPRIVATE          = 0x40000
	msSLAVE            = 0x80000
	msSHARED           = 0x100000
	atRECURSIVE        = 0x8000
	openTreeClone      = 0x1
	moveMountFromEmpty = 0x4
	attrRDONLY         = 0x1
	attrNOSUID         = 0x2
	attrNODEV          = 0x4
	attrNOEXEC         = 0x8
	// firstTree is where the descriptors of kept trees begin: above what a
	// service gets, and below the limit that a container usually has.
	firstTree = 512
)

// pathView is what becomes of a path and all below it.
type pathView uint8

const (
	viewKeep     pathView = iota // as it is outside
	viewReadOnly                 // not to be written
	viewHidden                   // not to be looked into
	viewEmpty                    // an empty folder that is read-only
	viewNoExec                   // no program in it may be executed
	viewExec
	viewPrivate  // a folder of the unit's own
	viewNoDevice // a device that cannot be opened
)

// mountEntry is one path of a service's view.
type mountEntry struct {
	path string
	view pathView
	may  bool   // the path may be missing
	tree uint64 // the descriptor that keeps what is there, for viewKeep
	at   grammar.Pos
}

// ownMounts gives the service a view of its own of the file system. Where the
// init may not make one, systemd goes on without, and so does the image
// (systemd.exec(5), "SANDBOXING").
//
// The trees that stay as they are under one that changes are taken off before
// anything changes, and are put over it after: so what the host has read-only
// stays that.
func (b *execBuilder) ownMounts() {
	entries := b.mountEntries()
	at, any := b.mountsAt(entries)
	if !any {
		return
	}
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysUnshare, Keep: true,
		Tolerate: plan.TolerateEPERM | plan.TolerateENOSYS, Arg: [6]uint64{cloneNewNS}})
	skip := len(b.out.Calls)
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysSkip})
	b.propagation(at, msSLAVE)
	b.keepTrees(entries)
	b.hiddenSource(entries)
	b.privateSource(entries)
	for i := range entries {
		b.mountEntry(&entries[i])
	}
	if flags := b.e.view.mountFlags.or(msSHARED); flags != msSLAVE {
		b.propagation(at, flags)
	}
	b.out.Calls[skip].Arg[0] = uint64(len(b.out.Calls) - skip - 1)
}

// mountsAt is the directive that asks for a namespace, if one does.
func (b *execBuilder) mountsAt(entries []mountEntry) (grammar.Pos, bool) {
	v := &b.e.view
	switch {
	case len(entries) > 0:
		return entries[0].at, true
	case v.privateMounts.v:
		return v.privateMounts.at, true
	case v.mountFlags.set && v.mountFlags.v != msSHARED:
		return v.mountFlags.at, true
	}
	return grammar.Pos{}, false
}

// propagation says whether mounts are seen on the other side.
func (b *execBuilder) propagation(at grammar.Pos, flags uint64) {
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMount,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{3: flags | msREC}, Data: "/\x00"})
}

// keepTrees takes off the trees that stay as they are.
func (b *execBuilder) keepTrees(entries []mountEntry) {
	next := uint64(firstTree)
	for i := range entries {
		e := &entries[i]
		if e.view != viewKeep {
			continue
		}
		e.tree = next
		next++
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysOpenTree, Keep: true, Tolerate: e.missing(),
			Slot: [6]plan.Slot{1: plan.SlotData},
			Arg:  [6]uint64{atFDCWD, 0, openTreeClone | oCLOEXEC | atRECURSIVE}, Data: e.path + "\x00"})
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysDup3,
			Slot: [6]plan.Slot{plan.SlotKept}, Arg: [6]uint64{1: e.tree, 2: oCLOEXEC}})
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny,
			Slot: [6]plan.Slot{plan.SlotKept}})
	}
}

// missing are the errors that a path may have.
func (e *mountEntry) missing() plan.Tolerate {
	if e.may {
		return plan.TolerateENOENT | plan.TolerateENOTDIR
	}
	return 0
}

// The folder and the file that stand where nothing may be looked into, where
// systemd has them too.
const (
	hiddenParent = "/run/systemd"
	hiddenBase   = "/run/systemd/inaccessible"
	hiddenFolder = hiddenBase + "/dir"
	hiddenFile   = hiddenBase + "/reg"
)

// hiddenSource makes them.
func (b *execBuilder) hiddenSource(entries []mountEntry) {
	i := slices.IndexFunc(entries, func(e mountEntry) bool { return e.view == viewHidden })
	if i < 0 {
		return
	}
	at := entries[i].at
	for _, d := range [...]struct {
		path string
		mode uint64
	}{{hiddenParent, 0o755}, {hiddenBase, 0o755}, {hiddenFolder, 0}} {
		b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMkdirat, Tolerate: plan.TolerateEEXIST,
			Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{0: atFDCWD, 2: d.mode}, Data: d.path + "\x00"})
	}
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysOpenat, Keep: true, Slot: [6]plan.Slot{1: plan.SlotData},
		Arg: [6]uint64{atFDCWD, 0, oCREAT | oCLOEXEC, 0}, Data: hiddenFile + "\x00"})
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysClose, Slot: [6]plan.Slot{plan.SlotKept}})
}

const oCREAT = 0x40

// privateFolder is the folder of the unit in a folder of all.
func (b *execBuilder) privateFolder(base string) string {
	return base + "/systemd-private-" + string(rune(plan.PrivateMark)) + "-" + b.u.name
}

// privateSource makes the unit's own folders, for each command anew: the first
// one is who makes them. Only the inner ones are for everyone.
func (b *execBuilder) privateSource(entries []mountEntry) {
	for i := range entries {
		e := &entries[i]
		if e.view != viewPrivate {
			continue
		}
		for _, d := range [...]struct {
			path string
			mode uint64
		}{{b.privateFolder(e.path), 0o700}, {b.privateFolder(e.path) + "/tmp", 0o1777}} {
			c := plan.Call{Sys: plan.SysMkdirat, Tolerate: plan.TolerateEEXIST,
				Slot: [6]plan.Slot{1: plan.SlotPrivate}, Arg: [6]uint64{0: atFDCWD, 2: d.mode}, Data: d.path + "\x00"}
			b.call(plan.StepNamespace, e.at, c)
			c.Sys, c.Tolerate = plan.SysFchmodat, 0 // whatever the mask is
			b.call(plan.StepNamespace, e.at, c)
		}
	}
}

// mountEntry carries out one entry.
func (b *execBuilder) mountEntry(e *mountEntry) {
	switch e.view {
	case viewKeep:
		c := plan.Call{Sys: plan.SysMoveMount, Slot: [6]plan.Slot{1: plan.SlotData, 3: plan.SlotData},
			Arg: [6]uint64{e.tree, uint64(len(e.path) + 1), atFDCWD, 0, moveMountFromEmpty}, Data: e.path + "\x00\x00"}
		if e.may { // then there is no such descriptor
			c.Tolerate = plan.TolerateAny
		}
		b.call(plan.StepNamespace, e.at, c)
	case viewReadOnly:
		b.bound(e, e.path, e.missing(), attrRDONLY, 0)
	case viewNoExec:
		b.bound(e, e.path, e.missing(), attrNOEXEC, 0)
	case viewPrivate: // what it lies in may have become read-only
		n := len(b.out.Calls)
		b.bound(e, b.privateFolder(e.path)+"/tmp", 0, 0, attrRDONLY)
		b.out.Calls[n].Slot[0] = plan.SlotPrivate
	case viewNoDevice:
		b.bound(e, e.path, e.missing(), attrRDONLY|attrNOSUID|attrNODEV|attrNOEXEC, 0)
	case viewExec:
		b.bound(e, e.path, e.missing(), 0, attrNOEXEC)
	case viewHidden:
		const all = attrRDONLY | attrNOSUID | attrNODEV | attrNOEXEC
		b.bound(e, hiddenFolder, e.missing()|plan.TolerateENOTDIR, all, 0)
		b.bound(e, hiddenFile, e.missing()|plan.TolerateENOTDIR, all, 0)
	case viewEmpty:
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysMount, Tolerate: e.missing(),
			Slot: [6]plan.Slot{plan.SlotData, plan.SlotData, plan.SlotData, 0, plan.SlotData},
			Arg:  [6]uint64{0, 6, 0, msNODEV | msNOSUID | msRDONLY, uint64(7 + len(e.path))},
			Data: "tmpfs\x00" + e.path + "\x00mode=0755,nr_inodes=1k\x00"})
	}
}

// bound mounts source over the entry's path, which may be the same, and
// changes the attributes of what is there then. The root needs no mount: the
// namespace's is its own.
func (b *execBuilder) bound(e *mountEntry, source string, may plan.Tolerate, set, clear uint64) {
	if e.path != "/" {
		flags := uint64(msBIND)
		if source == e.path {
			flags |= msREC
		}
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysMount, Keep: true, Tolerate: may,
			Slot: [6]plan.Slot{plan.SlotData, plan.SlotData},
			Arg:  [6]uint64{0, uint64(len(source) + 1), 0, flags}, Data: source + "\x00" + e.path + "\x00"})

		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysSkip, Arg: [6]uint64{1}})
	}
	attr := binary.LittleEndian.AppendUint64(nil, set)
	attr = binary.LittleEndian.AppendUint64(attr, clear)
	attr = append(attr, make([]byte, 16)...)
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysMountSetattr,
		Slot: [6]plan.Slot{1: plan.SlotData, 3: plan.SlotData},
		Arg:  [6]uint64{atFDCWD, uint64(len(attr)), atRECURSIVE, 0, uint64(len(attr))},
		Data: string(attr) + e.path + "\x00"})
}

// mountEntries are the paths of the service's view, parents first, of each the
// strongest word, and none that changes nothing.
func (b *execBuilder) mountEntries() []mountEntry {
	entries := b.e.view.entries(&b.e.confine)
	if len(entries) == 0 {
		return nil
	}
	for kind := range b.e.dirs { // they stay writable (systemd.exec(5), "ReadWritePaths=")
		if kind == dirConfiguration {
			continue
		}
		for _, p := range b.e.dirs[kind].paths {
			entries = append(entries, mountEntry{path: directoryKinds[kind].base + "/" + p.v.path, view: viewKeep, may: true, at: p.at})
		}
	}
	return pruneEntries(entries)
}

// pruneEntries sorts and drops: the same path twice, a path under one that
// cannot be looked into or is empty, and one that is already as it shall be.
func pruneEntries(entries []mountEntry) []mountEntry {
	slices.SortStableFunc(entries, func(a, b mountEntry) int {
		if a.path != b.path {
			return strings.Compare(a.path, b.path)
		}
		return strength[a.view] - strength[b.view]
	})
	var out []mountEntry
	var last mountEntry
	views := map[string][]pathView{} // of the paths in out
	for _, e := range entries {
		if last.path == e.path && !orthogonal(last.view, e.view) {
			continue
		}
		last = e
		over := viewOver(views, e)
		if over != viewHidden && over != viewEmpty && over != e.view {
			out = append(out, e)
			views[e.path] = append(views[e.path], e.view)
		}
	}
	return out
}

// strength orders what is said of one path: the first holds (systemd's order:
// what hides most, then what lets least be written).
var strength = [...]int{viewHidden: 0, viewEmpty: 1, viewReadOnly: 2, viewKeep: 3, viewNoExec: 4, viewExec: 5, viewPrivate: 1, viewNoDevice: 0}

// orthogonal says whether two views are about different things.
func orthogonal(a, b pathView) bool { return isExec(a) != isExec(b) }

func isExec(v pathView) bool { return v == viewExec || v == viewNoExec }

// viewOver is the view that the nearest entry above e leaves it with.
func viewOver(views map[string][]pathView, e mountEntry) pathView {
	for dir := e.path; dir != "/"; {
		dir = path.Dir(dir)
		for _, v := range slices.Backward(views[dir]) {
			if !orthogonal(v, e.view) || v == viewHidden || v == viewEmpty {
				return v
			}
		}
	}
	if isExec(e.view) {
		return viewExec
	}
	return viewKeep
}
