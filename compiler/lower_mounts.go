package compiler

import (
	"encoding/binary"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Numbers of the kernel's interface.
const (
	cloneNewNS         = 0x00020000
	msRDONLY           = 0x1
	msNOSUID           = 0x2
	msNODEV            = 0x4
	msNOEXEC           = 0x8
	msSYNCHRONOUS      = 0x10
	msDIRSYNC          = 0x80
	msNOATIME          = 0x400
	msNODIRATIME       = 0x800
	msBIND             = 0x1000
	msMOVE             = 0x2000
	msREC              = 0x4000
	msSILENT           = 0x8000
	msPRIVATE          = 0x40000
	msSLAVE            = 0x80000
	msSHARED           = 0x100000
	msRELATIME         = 0x200000
	msSTRICTATIME      = 0x1000000
	msLAZYTIME         = 0x2000000
	mntDETACH          = 0x2
	atEmptyPath        = 0x1000
	atRECURSIVE        = 0x8000
	openTreeClone      = 0x1
	moveMountFromEmpty = 0x4
	moveMountToLinks   = 0x10
	attrRDONLY         = 0x1
	attrNOSUID         = 0x2
	attrNODEV          = 0x4
	attrNOEXEC         = 0x8
	oPATH              = 0x200000
	oCREAT             = 0x40
	sIFCHR             = 0x2000
	sIFREG             = 0x8000
)

// pathView is what becomes of a path and all below it.
type pathView uint8

const (
	viewKeep     pathView = iota // as it is outside
	viewReadOnly                 // not to be written
	viewHidden                   // not to be looked into
	viewEmpty                    // an empty folder, by tmpfs(5)
	viewNoExec                   // no program in it may be executed
	viewExec
	viewPrivate  // a folder of the unit's own
	viewNoDevice // a device that cannot be opened
	viewBind     // what is somewhere else
	viewDevices  // a /dev with nothing but what all may use
	viewProc     // a /proc of its own
	viewQueues   // the message queues of an IPC namespace of its own
	viewGroups   // the cgroups of a namespace of its own
	viewImplied  // as viewKeep, but the weakest word
	viewSelf     // what is there by now, for what is above it not to change
)

// mountEntry is one path of a service's view.
type mountEntry struct {
	path string
	view pathView
	may  bool // the path may be missing
	at   grammar.Pos
	// replaced is set for what lies in something that is mounted, over is the
	// path of that.
	replaced bool
	over     string
	// tree is the first descriptor of what is taken off before anything changes.
	tree uint64
	// readOnly goes with a view that replaces what was there.
	readOnly bool
	source   string // of viewBind; of viewKeep when it lies in one
	flat     bool   // without what is mounted below source
	fresh    bool   // of viewProc: the one that is there is not what is asked for
	own      bool   // a directory of the unit's: it is shown whatever replaces what it lies in
	options  string // of the file system of viewEmpty and viewProc
	flags    uint64 // of viewEmpty, for mount(2)
}

// ownMounts gives the service a view of its own of the file system. Where the
// init may not make one, systemd goes on without unless that would show the
// service something else than it asked for, and so does the image
// (systemd.exec(5), "SANDBOXING").
//
// What is put somewhere, or stays as it is under something that changes, is
// taken off as a tree before anything changes, and is put in place in its
// turn: so what the host has read-only stays that, and nothing can hide what
// is to be shown. What is mounted anew becomes read-only last of all, since
// what is put into it needs its place made.
func (b *execBuilder) ownMounts(how privilege) {
	entries := b.mountEntries(how)
	b.otherRoot = b.e.view.ownRoot() || newRoot(entries) != nil
	at, any := b.mountsAt(entries)
	if !any {
		b.changeRoot()
		return
	}
	unshare := plan.Call{Sys: plan.SysUnshare, Keep: true, Arg: [6]uint64{cloneNewNS}}
	if who, must := b.insists(entries); must {
		at = who
	} else {
		unshare.Tolerate = plan.TolerateEPERM | plan.TolerateENOSYS
	}
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysUmask})
	b.call(plan.StepNamespace, at, unshare)
	skip := len(b.out.Calls)
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysSkip})
	b.propagation(at, msSLAVE)
	b.hiddenSource(entries)
	b.takeTrees(entries)
	b.enterRoot(entries)
	b.mountPoints(entries, "")
	for i := range entries {
		e := &entries[i]
		if !e.isRoot() { // that has been entered
			b.mountEntry(e)
		}
		if replaces(e.view) {
			b.mountPoints(entries, e.path)
		}
		b.sealTree(e)
	}
	for i := range entries {
		b.becomeReadOnly(&entries[i])
	}
	b.becomeNoSuid(entries, how)
	if flags := b.e.view.mountFlags.or(msSHARED); flags != msSLAVE {
		b.propagation(at, flags)
	}
	b.out.Calls[skip].Arg[0] = uint64(len(b.out.Calls) - skip - 1)
}

// insists finds the directive without which the service would see something
// else than it asked for, and not only more.
func (b *execBuilder) insists(entries []mountEntry) (grammar.Pos, bool) {
	v := &b.e.view
	switch {
	case len(v.empty) > 0:
		return v.empty[0].at, true
	case v.ownRoot():
		return v.root.at, true
	}
	for i := range entries {
		if e := &entries[i]; e.view == viewBind && e.source != e.path {
			return e.at, true
		}
	}
	// Diverges: systemd refuses each DynamicUser=. Its users come and go, and the
	// next may get what this one has left; an image's are fixed.
	return b.e.privateDirectory()
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

// missing are the errors that a path may have.
func (e *mountEntry) missing() plan.Tolerate {
	if e.may {
		return plan.TolerateENOENT | plan.TolerateENOTDIR
	}
	return 0
}

// mountEntry carries out one entry.
func (b *execBuilder) mountEntry(e *mountEntry) {
	const all = attrRDONLY | attrNOSUID | attrNODEV | attrNOEXEC
	switch e.view {
	case viewKeep, viewDevices, viewPrivate, viewBind, viewGroups:
		b.putTree(e)
	case viewReadOnly:
		b.bound(e, e.path, e.missing(), attrRDONLY, 0)
	case viewNoExec:
		b.bound(e, e.path, e.missing(), attrNOEXEC, 0)
	case viewNoDevice:
		b.bound(e, e.path, e.missing(), all, 0)
	case viewExec:
		b.bound(e, e.path, e.missing(), 0, attrNOEXEC)
	case viewSelf:
		b.bound(e, e.path, e.missing(), 0, 0)
	case viewHidden:
		if b.trees(e) > 0 {
			b.hideByTrees(e)
			return
		}
		b.bound(e, hiddenFolder, e.missing()|plan.TolerateENOTDIR, all, 0)
		b.bound(e, e.hiddenFile(), e.missing()|plan.TolerateENOTDIR, all, 0)
	case viewProc:
		b.mountProc(e)
	case viewQueues:
		b.mountNew(e, "mqueue", msNOSUID|msNODEV|msNOEXEC|msRELATIME, 0)
	case viewEmpty:
		b.mountNew(e, "tmpfs", e.flags, e.missing())
	}
}

// mountProc mounts a /proc of the service's own. Who may not, as in a user
// namespace whose /proc is covered in part, or has no such options, puts the one
// that is there in its place: the tree is closed when it is not needed.
func (b *execBuilder) mountProc(e *mountEntry) {
	if e.fresh {
		b.mountNew(e, "proc", msNOSUID|msNOEXEC|msNODEV, 0)
		return
	}
	b.mountNew(e, "proc", msNOSUID|msNOEXEC|msNODEV, plan.TolerateEPERM|plan.TolerateENOSYS)
	b.out.Calls[len(b.out.Calls)-1].Keep = true
	b.whenKept(e.at, func() {
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny, Arg: [6]uint64{e.tree}})
	})
	may := *e
	may.may = true
	b.putTree(&may)
}

// mountNew mounts a new file system.
func (b *execBuilder) mountNew(e *mountEntry, kind string, flags uint64, may plan.Tolerate) {
	path := uint64(len(kind) + 1)
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysMount, Tolerate: may,
		Slot: [6]plan.Slot{plan.SlotData, plan.SlotData, plan.SlotData, 0, plan.SlotData},
		Arg:  [6]uint64{0, path, 0, flags, path + uint64(len(e.path)+1)},
		Data: kind + "\x00" + e.path + "\x00" + e.options + "\x00"})
}

// becomeReadOnly is for what was mounted anew or put in place.
func (b *execBuilder) becomeReadOnly(e *mountEntry) {
	switch {
	case e.view == viewDevices, e.readOnly && (e.view == viewEmpty || e.view == viewProc || e.view == viewQueues || e.view == viewGroups):
		b.attributes(e, e.missing(), 0, attrRDONLY, 0)
	}
}

// noSuid says whether the mounts of the view let no program gain rights: with
// NoNewPrivileges= none would, and so it is seen, as under systemd.
func (b *execBuilder) noSuid(how privilege) bool { return how != full && b.e.noNewPrivs.v }

// becomeNoSuid is for what there is a mount for, and all below it; what is
// mounted anew has but itself.
func (b *execBuilder) becomeNoSuid(entries []mountEntry, how privilege) {
	if !b.noSuid(how) {
		return
	}
	done := "" // what is below it is done too, as entries are sorted
	for i := range entries {
		e := &entries[i]
		switch {
		case done != "" && (e.path == done || strictlyUnder(e.path, done)):
		case e.view == viewHidden, e.view == viewNoDevice, e.view == viewProc, e.view == viewQueues, e.view == viewGroups: // from the start
		case e.view == viewEmpty:
			b.attributes(e, e.missing(), 0, attrNOSUID, 0)
		default:
			do := func() { b.attributes(e, e.missing(), atRECURSIVE, attrNOSUID, 0) }
			if b.trees(e) > 0 {
				b.ifTree(e, do)
			} else {
				do()
			}
			if !e.may {
				done = e.path
			}
		}
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
	}
	if set|clear == 0 {
		return
	}
	if e.path != "/" {
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysSkip, Arg: [6]uint64{1}})
	}
	stays := plan.Tolerate(0)
	if clear != 0 { // what a container's host said stays (mount_setattr(2), "EPERM")
		stays = plan.TolerateEPERM
	}
	b.attributes(e, stays, atRECURSIVE, set, clear)
}

// attributes changes those of the mount at the entry's path, and with
// AT_RECURSIVE of all below.
func (b *execBuilder) attributes(e *mountEntry, may plan.Tolerate, flags, set, clear uint64) {
	b.setAttributes(e.at, may, atFDCWD, e.path, flags, set, clear)
}

// setAttributes is mount_setattr(2).
func (b *execBuilder) setAttributes(at grammar.Pos, may plan.Tolerate, dir uint64, path string, flags, set, clear uint64) {
	attr := binary.LittleEndian.AppendUint64(nil, set)
	attr = binary.LittleEndian.AppendUint64(attr, clear)
	attr = append(attr, make([]byte, 16)...)
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMountSetattr, Tolerate: may,
		Slot: [6]plan.Slot{1: plan.SlotData, 3: plan.SlotData},
		Arg:  [6]uint64{dir, uint64(len(attr)), flags, 0, uint64(len(attr))},
		Data: string(attr) + path + "\x00"})
}
