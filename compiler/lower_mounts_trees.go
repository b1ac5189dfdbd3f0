package compiler

import (
	"cmp"
	"slices"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// trees is how many trees an entry has that are taken off before anything
// changes. What hides something is at hand, unless the root changes.
func (b *execBuilder) trees(e *mountEntry) uint64 {
	switch e.view {
	case viewProc:
		if e.fresh {
			return 0
		}
		return 1
	case viewKeep, viewBind, viewPrivate, viewDevices, viewGroups:
		return 1
	case viewHidden:
		if b.otherRoot {
			return 2
		}
	}
	return 0
}

// takeTrees takes off the trees that are put in place later.
func (b *execBuilder) takeTrees(entries []mountEntry) {
	tree := uint64(plan.FirstTree)
	for i := range entries {
		e := &entries[i]
		e.tree = tree
		tree += b.trees(e)
		switch e.view {
		case viewKeep:
			b.takeTree(e, cmp.Or(e.source, e.path), plan.SlotData, e.missing(), e.tree)
		case viewBind:
			b.takeTree(e, e.source, plan.SlotData, e.missing(), e.tree)
		case viewProc:
			if b.trees(e) > 0 {
				b.takeTree(e, "/proc", plan.SlotData, plan.TolerateENOENT, e.tree)
			}
		case viewGroups:
			b.groupsSource(e)
		case viewPrivate:
			b.privateSource(e)
		case viewHidden:
			if b.trees(e) > 0 {
				b.takeTree(e, hiddenFolder, plan.SlotData, 0, e.tree)
				b.takeTree(e, e.hiddenFile(), plan.SlotData, 0, e.tree+1)
			}
		case viewDevices:
			b.deviceSource(e.at)
			b.takeTree(e, stageFolder, plan.SlotData, 0, e.tree)
			b.leaveStage(e.at)
		}
	}
}

// groupsSource mounts the tree of cgroups aside: over the one that is there the
// kernel mounts no other. Who may not keeps that one.
func (b *execBuilder) groupsSource(e *mountEntry) {
	b.managed(e.at, managerFolder, 0o755)
	b.managed(e.at, stageFolder, 0o755)
	b.mountNew(&mountEntry{path: stageFolder, at: e.at}, "cgroup2", msNOSUID|msNODEV|msNOEXEC, plan.TolerateEPERM|plan.TolerateENOSYS)
	b.out.Calls[len(b.out.Calls)-1].Keep = true
	b.whenKept(e.at, func() {
		b.takeTree(e, stageFolder, plan.SlotData, 0, e.tree)
		b.leaveStage(e.at)
	})
}

// leaveStage unmounts what was put together, when its tree has been taken.
func (b *execBuilder) leaveStage(at grammar.Pos) {
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysUmount2, Slot: [6]plan.Slot{plan.SlotData},
		Arg: [6]uint64{1: mntDETACH}, Data: stageFolder + "\x00"})
}

// takeTree makes a copy of the mounts at source.
func (b *execBuilder) takeTree(e *mountEntry, source string, slot plan.Slot, may plan.Tolerate, tree uint64) {
	flags := uint64(openTreeClone | oCLOEXEC)
	if !e.flat {
		flags |= atRECURSIVE
	}
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysOpenTree, Keep: true, Tolerate: may,
		Slot: [6]plan.Slot{1: slot}, Arg: [6]uint64{atFDCWD, 0, flags}, Data: source + "\x00"})
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysDup3,
		Slot: [6]plan.Slot{plan.SlotKept}, Arg: [6]uint64{1: tree, 2: oCLOEXEC}})
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny,
		Slot: [6]plan.Slot{plan.SlotKept}})
}

// putTree puts a tree in place.
func (b *execBuilder) putTree(e *mountEntry) {
	b.ifTree(e, func() {
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysMoveMount, Slot: [6]plan.Slot{1: plan.SlotData, 3: plan.SlotData},
			Arg:  [6]uint64{e.tree, uint64(len(e.path) + 1), atFDCWD, 0, moveMountFromEmpty | moveMountToLinks},
			Data: e.path + "\x00\x00"})
	})
}

// sealTree makes a tree read-only that was put in place, once what is mounted
// in it has its place there. What is mounted anew waits for the end.
func (b *execBuilder) sealTree(e *mountEntry) {
	if e.readOnly && b.trees(e) == 1 && e.view != viewDevices && e.view != viewProc && e.view != viewGroups {
		b.ifTree(e, func() { b.attributes(e, 0, atRECURSIVE, attrRDONLY, 0) })
	}
}

// ifTree does something if the tree is there: when it may be missing, its
// descriptor is tried first.
func (b *execBuilder) ifTree(e *mountEntry, do func()) {
	if !e.may {
		do()
		return
	}
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysDup3, Keep: true, Tolerate: plan.TolerateAny,
		Arg: [6]uint64{e.tree, plan.FirstTree - 1, oCLOEXEC}})
	b.whenKept(e.at, do)
}

// hideByTrees puts the folder or the file in place that nothing can be seen in.
func (b *execBuilder) hideByTrees(e *mountEntry) {
	const all = attrRDONLY | attrNOSUID | attrNODEV | attrNOEXEC
	for n := range uint64(2) {
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysMoveMount, Keep: true,
			Tolerate: e.missing() | plan.TolerateENOTDIR | plan.TolerateENOSYS, // EINVAL: the other one is of its kind
			Slot:     [6]plan.Slot{1: plan.SlotData, 3: plan.SlotData},
			Arg:      [6]uint64{e.tree + n, uint64(len(e.path) + 1), atFDCWD, 0, moveMountFromEmpty | moveMountToLinks},
			Data:     e.path + "\x00\x00"})
		b.whenKept(e.at, func() { b.attributes(e, 0, atRECURSIVE, all, 0) })
	}
}

// mountPoints makes what the entries are mounted on that lie in what is mounted
// at over, or for "" in what is there from the start.
func (b *execBuilder) mountPoints(entries []mountEntry, over string) {
	for i := range entries {
		if e := &entries[i]; e.over == over {
			b.mountPoint(e)
		}
	}
}

// mountPoint makes what an entry is mounted on, if it is not there: a folder,
// or for a file a file (systemd.exec(5), "BindPaths="). What cannot be made
// shows when it is needed.
func (b *execBuilder) mountPoint(e *mountEntry) {
	switch {
	case !replaces(e.view), e.isRoot():
		return
	case e.view == viewGroups && !b.otherRoot: // nor is a tree made where there is none
		return
	case e.view == viewPrivate && !b.otherRoot: // its source lies in it
		return
	}
	for i := 1; i < len(e.path); i++ {
		if e.path[i] == '/' {
			b.makeMountPoint(e.at, e.path[:i])
		}
	}
	if e.view != viewBind {
		b.makeMountPoint(e.at, e.path)
		return
	}
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysOpenat, Keep: true, Tolerate: plan.TolerateAny,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{e.tree, 0, oPATH | oCLOEXEC}, Data: ".\x00"})
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysSkip, Arg: [6]uint64{2}})
	b.makeMountPoint(e.at, e.path)
	b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny, Slot: [6]plan.Slot{plan.SlotKept}})
	b.ifTree(e, func() { b.emptyFile(e.at, e.path, plan.TolerateAny) }) // else there is nothing to mount
}

func (b *execBuilder) makeMountPoint(at grammar.Pos, path string) {
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMkdirat, Tolerate: plan.TolerateAny,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{0: atFDCWD, 2: 0o755}, Data: path + "\x00"})
}

// emptyFile makes a file to mount over.
func (b *execBuilder) emptyFile(at grammar.Pos, path string, may plan.Tolerate) {
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMknodat, Tolerate: may,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{0: atFDCWD, 2: sIFREG | 0o644}, Data: path + "\x00"})
}

// The folders of the manager: where what is mounted is put together, what
// stands where nothing may be looked into, and what stands for a folder that
// cannot be made. systemd has them in the same places.
const (
	managerFolder = "/run/systemd"
	stageFolder   = managerFolder + "/unit-root"
	emptyFolder   = managerFolder + "/empty"
	hiddenBase    = managerFolder + "/inaccessible"
	hiddenFolder  = hiddenBase + "/dir"
	hiddenFile    = hiddenBase + "/reg"
	hiddenDevice  = hiddenBase + "/chr"
)

// hiddenFile is what stands for a file that may not be looked into. Root may
// open any file, but no device on a mount without devices.
func (e *mountEntry) hiddenFile() string {
	if strictlyUnder(e.path, "/dev") {
		return hiddenDevice
	}
	return hiddenFile
}

// managed makes a folder of the manager, once.
func (b *execBuilder) managed(at grammar.Pos, path string, mode uint64) {
	if b.made[path] {
		return
	}
	if b.made == nil {
		b.made = map[string]bool{}
	}
	b.made[path] = true
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMkdirat, Tolerate: plan.TolerateEEXIST,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{0: atFDCWD, 2: mode}, Data: path + "\x00"})
}

// hiddenSource makes what nothing may be looked into.
func (b *execBuilder) hiddenSource(entries []mountEntry) {
	i := slices.IndexFunc(entries, func(e mountEntry) bool { return e.view == viewHidden })
	if i < 0 {
		return
	}
	at := entries[i].at
	b.managed(at, managerFolder, 0o755)
	b.managed(at, hiddenBase, 0o755)
	b.managed(at, hiddenFolder, 0)
	b.hiddenNode(at, hiddenFile, sIFREG, plan.TolerateEEXIST)
	if slices.ContainsFunc(entries, func(e mountEntry) bool { return e.view == viewHidden && e.hiddenFile() == hiddenDevice }) {
		b.hiddenNode(at, hiddenDevice, sIFCHR, plan.TolerateEEXIST|plan.TolerateEPERM)
		b.hiddenNode(at, hiddenDevice, sIFREG, plan.TolerateEEXIST) // who may make no device
	}
}

func (b *execBuilder) hiddenNode(at grammar.Pos, path string, kind uint64, may plan.Tolerate) {
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMknodat, Tolerate: may,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{0: atFDCWD, 2: kind}, Data: path + "\x00"})
}

// privateFolder is the folder of the unit in a folder of all.
func (b *execBuilder) privateFolder(base string) string {
	return base + "/systemd-private-" + string(rune(plan.PrivateMark))
}

// privateSource makes the unit's own folder, for each command anew: the first
// one is who makes it. Only the inner one is for everyone. Where none can be
// made, as on a read-only /var/tmp, an empty folder that is read-only stands
// for it, if that can be made: not by an init that may not write to /run.
func (b *execBuilder) privateSource(e *mountEntry) {
	may := *e
	may.may = true
	b.makeMountPoint(e.at, managerFolder)
	b.makeMountPoint(e.at, emptyFolder)
	b.takeTree(e, emptyFolder, plan.SlotData, may.missing(), e.tree)
	b.ifTree(&may, func() { b.setAttributes(e.at, 0, e.tree, "", atEmptyPath, attrRDONLY, 0) })
	for _, d := range [...]struct {
		path string
		mode uint64
	}{{b.privateFolder(e.path), 0o700}, {b.privateFolder(e.path) + "/tmp", 0o1777}} {
		b.call(plan.StepNamespace, e.at, plan.Call{Sys: plan.SysMkdirat, Tolerate: plan.TolerateAny,
			Slot: [6]plan.Slot{1: plan.SlotPrivate}, Arg: [6]uint64{0: atFDCWD, 2: d.mode}, Data: d.path + "\x00"})
	}
	b.takeTree(e, b.privateFolder(e.path)+"/tmp", plan.SlotPrivate, plan.TolerateENOENT, e.tree)
}
