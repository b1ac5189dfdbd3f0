package compiler

import (
	"slices"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Numbers of the kernel's interface.
const (
	cloneNewCgroup = 0x02000000
	cloneNewIPC    = 0x08000000
	cloneNewUser   = 0x10000000
	cloneNewPID    = 0x20000000
	cloneNewNet    = 0x40000000
)

// Namespaces of which all commands of a unit are in the same one are made by
// the init, at the first command; the children enter them.

// ownNetwork gives the service a network with nothing but a loopback device,
// or the one at a path (systemd.exec(5), "PrivateNetwork=",
// "NetworkNamespacePath=").
func (b *execBuilder) ownNetwork() {
	c := &b.e.confine
	switch {
	case c.networkPath.set:
		b.enterPath(plan.StepNetwork, c.networkPath, 0, plan.ShareNetwork, cloneNewNet)
	case c.privateNetwork.v:
		b.enterShared(plan.StepNetwork, c.privateNetwork.at, 0, plan.ShareNetwork, cloneNewNet)
	}
}

// ownIPC gives the service System V IPC objects and message queues of its own,
// or those at a path (systemd.exec(5), "PrivateIPC=", "IPCNamespacePath=").
func (b *execBuilder) ownIPC() {
	c := &b.e.confine
	switch {
	case c.ipcPath.set:
		b.enterPath(plan.StepNamespace, c.ipcPath, 1, plan.ShareIPC, cloneNewIPC)
	case c.privateIPC.v:
		b.enterShared(plan.StepNamespace, c.privateIPC.at, 1, plan.ShareIPC, cloneNewIPC)
	}
}

// ownGroups gives the service a tree of cgroups that begins at its own group
// (systemd.exec(5), "ProtectControlGroups="). Where there are none, it sees that
// of all.
func (b *execBuilder) ownGroups() {
	if g := b.e.view.controlGroups; g.v >= groupsPrivate {
		b.call(plan.StepNamespace, g.at, plan.Call{Sys: plan.SysUnshare,
			Tolerate: plan.TolerateEPERM | plan.TolerateENOSYS, Arg: [6]uint64{cloneNewCgroup}})
	}
}

// ownIPCMount says whether the service has message queues of its own to see.
func (c *confineSettings) ownIPCMount() (grammar.Pos, bool) {
	switch {
	case c.ipcPath.set:
		return c.ipcPath.at, true
	case c.privateIPC.v:
		return c.privateIPC.at, true
	}
	return grammar.Pos{}, false
}

// ownPIDs makes each process that is executed the first of its own
// (systemd.exec(5), "PrivatePIDs="). A kernel that has no such namespaces does
// without.
func (b *execBuilder) ownPIDs() {
	if p := b.e.confine.privatePIDs; p.v {
		b.call(plan.StepNamespace, p.at, plan.Call{Sys: plan.SysUnshare, Tolerate: plan.TolerateENOSYS, Arg: [6]uint64{cloneNewPID}})
	}
}

// ownUsers gives the service users of its own (systemd.exec(5),
// "PrivateUsers="). It keeps all capabilities, but only over what is its own. An
// init without CAP_SYS_ADMIN enters them before all other namespaces, which it
// can make in there alone; any other does so last, since what it makes before
// is less bounded.
func (b *execBuilder) ownUsers(when uint64) {
	p := b.e.confine.privateUsers
	if p.v == usersNo {
		return
	}
	b.enterShared(plan.StepUser, p.at, 2, plan.ShareUsers, cloneNewUser)
	c, in := &b.out.Calls[len(b.out.Calls)-1], &b.login
	c.Arg[2], c.Arg[3] = uint64(in.uid), uint64(in.gid)
	c.Arg[4], c.Arg[5] = uint64(p.v-usersSelf), when
	if in.runtime {
		c.Slot[2] = plan.SlotUID
	}
	if in.runtime || in.group != "" {
		c.Slot[3] = plan.SlotGID
	}
}

// enterShared enters a namespace that all commands of the unit share.
func (b *execBuilder) enterShared(step plan.Step, at grammar.Pos, number uint64, share plan.Spaces, flag uint64) {
	b.out.Shares |= share
	c := plan.Call{Sys: plan.SysSetns, Slot: [6]plan.Slot{plan.SlotSpace}, Arg: [6]uint64{number, flag}}
	if share != plan.ShareUsers { // another's may be in users of its own
		c.Tolerate = plan.TolerateEPERM
	}
	b.call(step, at, c)
}

// enterPath enters the namespace of a file. Where that is not permitted, the
// unit does without, as it does without one of its own. Of units that join each
// other it is the first one's (systemd.exec(5), "NetworkNamespacePath=").
func (b *execBuilder) enterPath(step plan.Step, path opt[string], number uint64, share plan.Spaces, flag uint64) {
	if slices.ContainsFunc(b.u.deps, func(d plan.Dep) bool { return d.Rel&plan.JoinsNamespaceOf != 0 }) {
		b.enterShared(step, path.at, number, share, flag)
		b.out.Calls[len(b.out.Calls)-1].Data = path.v + "\x00"
		return
	}
	var may plan.Tolerate
	if b.e.confine.privateUsers.v != usersNo { // from in there, it may not even be looked at
		may = plan.TolerateEPERM
	}
	b.call(step, path.at, plan.Call{Sys: plan.SysOpenat, Keep: true, Tolerate: may,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{atFDCWD, 0, oCLOEXEC}, Data: path.v + "\x00"})
	b.call(step, path.at, plan.Call{Sys: plan.SysSetns, Tolerate: plan.TolerateEPERM, Slot: [6]plan.Slot{plan.SlotKept}, Arg: [6]uint64{1: flag}})
	b.call(step, path.at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny, Slot: [6]plan.Slot{plan.SlotKept}})
}
