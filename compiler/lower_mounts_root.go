package compiler

import (
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// rootEntries are the file systems of the kernel, which another root gets
// unless MountAPIVFS= says no (systemd.exec(5), "MountAPIVFS=").
func (b *execBuilder) rootEntries() []mountEntry {
	v := &b.e.view
	at := v.root.at
	if v.apiVFS.set {
		at = v.apiVFS.at
	}
	out := []mountEntry{
		{path: "/proc", view: viewProc, at: at},
		{path: "/sys", view: viewBind, source: "/sys", at: at},
		// It is for everyone, as systemd's: no other than the service sees it.
		{path: "/run", view: viewEmpty, at: at, options: "size=20%,nr_inodes=800k", flags: msNOSUID | msNODEV | msSTRICTATIME},
	}
	if !b.e.confine.privateDevices.v {
		out = append(out, mountEntry{path: "/dev", view: viewBind, source: "/dev", at: at})
	}
	return out
}

// notifyEntry is the socket for notifications, which RootDirectory= gets.
func (b *execBuilder) notifyEntry() (out []mountEntry) {
	if s := b.u.service; s != nil && s.access(b.u) != plan.NotifyNone {
		out = append(out, mountEntry{path: notifyPath, view: viewBind, source: notifyPath, may: true, readOnly: true, at: b.e.view.root.at})
	}
	return out
}

// newRoot is the entry that replaces the root itself, if one does.
func newRoot(entries []mountEntry) *mountEntry {
	for i := range entries {
		if e := &entries[i]; e.isRoot() {
			return e
		}
	}
	return nil
}

func (e *mountEntry) isRoot() bool { return e.path == "/" && replaces(e.view) }

// notifyPath is where the init hears notifications.
const notifyPath = "/run/systemd/notify"

// enterRoot makes the service's root the root of the namespace. The root of an
// initramfs cannot be taken away (pivot_root(2)): there the new one is moved on
// top of it, which changes nothing after pivot_root.
func (b *execBuilder) enterRoot(entries []mountEntry) {
	if !b.otherRoot {
		return
	}
	at, root := b.e.view.root.at, b.e.view.root.v
	if e := newRoot(entries); e != nil {
		at, root = e.at, stageFolder
		b.stageRoot(*e)
	} else {
		b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMount, Slot: [6]plan.Slot{plan.SlotData, plan.SlotData},
			Arg: [6]uint64{3: msBIND | msREC}, Data: root + "\x00"})
	}
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysChdir, Slot: [6]plan.Slot{plan.SlotData}, Data: root + "\x00"})
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysPivotRoot, Keep: true, Tolerate: plan.TolerateENOSYS,
		Slot: [6]plan.Slot{plan.SlotData, plan.SlotData}, Data: ".\x00"})
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMount, Tolerate: plan.TolerateAny,
		Slot: [6]plan.Slot{plan.SlotData, plan.SlotData}, Arg: [6]uint64{1: 2, 3: msMOVE}, Data: ".\x00/\x00"})
	b.whenKept(at, func() { // the old root lies on top of the new one
		b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysUmount2, Slot: [6]plan.Slot{plan.SlotData},
			Arg: [6]uint64{1: mntDETACH}, Data: "/\x00"})
	})
	b.chroot(plan.StepNamespace, at, ".")
}

// stageRoot mounts what replaces the root where it can be entered: a mount over
// the root itself is not seen by who is in it.
func (b *execBuilder) stageRoot(e mountEntry) {
	b.managed(e.at, managerFolder, 0o755)
	b.managed(e.at, stageFolder, 0o755)
	e.path = stageFolder
	b.mountEntry(&e)
}

// changeRoot is RootDirectory= without a namespace.
func (b *execBuilder) changeRoot() {
	if v := &b.e.view; v.ownRoot() {
		b.chroot(plan.StepChroot, v.root.at, v.root.v)
	}
}

func (b *execBuilder) chroot(step plan.Step, at grammar.Pos, path string) {
	b.call(step, at, plan.Call{Sys: plan.SysChroot, Slot: [6]plan.Slot{plan.SlotData}, Data: path + "\x00"})
}
