package compiler

import (
	"encoding/binary"

	"rustysd/compiler/diag"
	"rustysd/compiler/seccomp"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Numbers of the kernel's interface.
const (
	prCapbsetDrop    = 24
	prSetSecureBits  = 28
	prCapAmbient     = 47
	capAmbientRaise  = 2
	capVersion3      = 0x20080522
	cloneNewUTS      = 0x04000000
	secureKeepCaps   = 1 << 4
	keyctlJoin       = 1
	keyctlSetPerm    = 5
	keyctlLink       = 8
	keyUser          = 1<<64 - 4
	keySession       = 1<<64 - 3
	setModeFilter    = 1
	rlimitRTPrio     = 14
	capSysModule     = 1 << 16
	capSysRawIO      = 1 << 17
	capSysTime       = 1 << 25
	capMknod         = 1 << 27
	capSyslog        = 1 << 34
	capWakeAlarm     = 1 << 35
	defaultKillCalls = seccomp.KillProcess
)

// dependsOnRights says whether a call is made of what the init may do.
func dependsOnRights(e *plan.Exec) bool {
	for i := range e.Calls {
		for _, slot := range e.Calls[i].Slot {
			switch slot {
			case plan.SlotEachCap, plan.SlotCaps, plan.SlotUnprivileged, plan.SlotNice:
				return true
			}
		}
	}
	return false
}

// placement is where and how the kernel runs the process, and what of it
// would be written to a core file.
func (b *execBuilder) placement() {
	c := &b.e.confine
	if c.coredumpFilter.set { // it belongs to the memory
		b.out.OwnMemory = true
		b.writeFile(plan.StepLimits, c.coredumpFilter.at, "/proc/self/coredump_filter",
			itoa(int64(c.coredumpFilter.v)), plan.TolerateEPERM)
	}
	b.processors()
	if c.numaPolicy.set {
		b.memoryPolicy(c.numaPolicy, c.numaMask.v.bits)
	}
	if c.personality.set {
		b.call(plan.StepPersonality, c.personality.at, plan.Call{Sys: plan.SysPersonality, Arg: [6]uint64{uint64(c.personality.v)}})
	}
}

// processors is CPUAffinity=. Those of the nodes of NUMAMask= are known at the
// start; without a mask, systemd ignores them. Of a mask of all nodes, only those
// count that are there.
func (b *execBuilder) processors() {
	c := &b.e.confine
	if !c.cpus.set {
		return
	}
	bits, late := string(c.cpus.v.bits), c.cpus.v.late
	call := plan.Call{Sys: plan.SysSchedSetaffinity, Slot: [6]plan.Slot{2: plan.SlotData}, Arg: [6]uint64{0, uint64(len(bits))}, Data: bits}
	switch {
	case c.cpus.v.nodes && !c.numaMask.set:
		return
	case c.cpus.v.nodes:
		call.Slot[2], call.Data = plan.SlotNodes, string(c.numaMask.v.bits)
		if len(call.Data) == len(allNodes) {
			call.Tolerate = plan.TolerateENOENT
		}
	case late != "":
		call.Slot[2], call.Arg[2], call.Data = plan.SlotMarkedCPUs, uint64(len(bits))|uint64(len(late))<<32, bits+late
	}
	b.call(plan.StepCPUAffinity, c.cpus.at, call)
}

// memoryPolicy is NUMAPolicy=, which counts for nothing where the kernel has
// none, as with systemd. A mask of all nodes may be longer than the kernel has
// it: each next length that the kernel takes is nearer to all.
func (b *execBuilder) memoryPolicy(policy opt[uint8], mask bitmap) {
	const usual = 0 // MPOL_DEFAULT
	b.call(plan.StepNUMAPolicy, policy.at, plan.Call{Sys: plan.SysSetMempolicy, Keep: true, Tolerate: plan.TolerateENOSYS, Arg: [6]uint64{usual}})
	if policy.v == usual {
		return
	}
	set := func(bits int, may plan.Tolerate) {
		c := plan.Call{Sys: plan.SysSetMempolicy, Tolerate: may, Arg: [6]uint64{uint64(policy.v)}}
		if bits > 0 {
			c.Slot[1], c.Data, c.Arg[2] = plan.SlotData, string(mask), uint64(bits)+1
		}
		b.call(plan.StepNUMAPolicy, policy.at, c)
	}
	b.whenKept(policy.at, func() {
		if len(mask) < len(allNodes) {
			set(8*len(mask), 0)
			return
		}
		set(2, 0)
		for _, bits := range [...]int{16, 64, 8 * len(allNodes)} {
			set(bits, plan.TolerateENOSYS)
		}
	})
}

// ownHostname gives the service a host name of its own to see; where that is
// not allowed, the filter is all (systemd.exec(5), "ProtectHostname=").
func (b *execBuilder) ownHostname() {
	h, name := b.e.confine.ownHostname, b.e.confine.hostnameText
	if !h.v {
		return
	}
	b.call(plan.StepNamespace, h.at, plan.Call{Sys: plan.SysUnshare, Keep: true,
		Tolerate: plan.TolerateEPERM | plan.TolerateENOSYS, Arg: [6]uint64{cloneNewUTS}})
	if name.set {
		b.whenKept(h.at, func() {
			b.call(plan.StepNamespace, name.at, textCall(plan.Call{Sys: plan.SysSethostname}, 0, name.v, hasMark(name.v)))
		})
	}
}

// bounding is the bounding set, less what directives imply that take rights
// away (systemd.exec(5), "ProtectKernelModules=" and its kin).
func (c *confineSettings) boundingSet() (set uint64, at grammar.Pos) {
	set, at = c.bounding.or(allCaps), c.bounding.at
	for _, d := range [...]struct {
		o    opt[bool]
		caps uint64
	}{
		{c.kernelModules, capSysModule}, {c.kernelLogs, capSyslog},
		{c.clock, capSysTime | capWakeAlarm}, {c.privateDevices, capMknod | capSysRawIO},
	} {
		if d.o.v {
			set &^= d.caps
			if at.Line == 0 {
				at = d.o.at
			}
		}
	}
	return set, at
}

// capabilities narrows the bounding set, and makes inheritable what is to
// become ambient; the process itself keeps all until its program begins.
func (b *execBuilder) capabilities() {
	c := &b.e.confine
	if c.realtime.v && !b.e.limits[rlimitRTPrio].set {
		n := uint64(len(b.out.Limits))
		b.out.Limits = append(b.out.Limits, plan.Limit{Resource: rlimitRTPrio})
		b.call(plan.StepLimits, c.realtime.at, plan.Call{Sys: plan.SysPrlimit64,
			Slot: [6]plan.Slot{2: plan.SlotLimit}, Arg: [6]uint64{0, rlimitRTPrio, n}})
	}
	set, at := c.boundingSet()
	if set != allCaps {
		b.call(plan.StepCapabilities, at, plan.Call{Sys: plan.SysPrctl,
			Slot: [6]plan.Slot{1: plan.SlotEachCap}, Arg: [6]uint64{prCapbsetDrop, allCaps &^ set}})
	}
	switch {
	case b.ambient() != 0:
		b.setCaps(c.ambient.at)
		b.raiseAmbient()
	case set != allCaps:
		// What a container's engine makes inheritable would outlast the bounding
		// set (capabilities(7), "Transformation of capabilities during execve").
		b.setCaps(at)
	}
}

// ambient are the ambient capabilities; none can be outside the bounding set.
func (b *execBuilder) ambient() uint64 {
	set, _ := b.e.confine.boundingSet()
	return b.e.confine.ambient.v & set
}

// setCaps makes all permitted capabilities effective, and the ambient ones
// inheritable.
func (b *execBuilder) setCaps(at grammar.Pos) {
	head := binary.LittleEndian.AppendUint64(nil, capVersion3)
	b.call(plan.StepCapabilities, at, plan.Call{Sys: plan.SysCapset,
		Slot: [6]plan.Slot{plan.SlotData, plan.SlotCaps}, Arg: [6]uint64{1: b.ambient()}, Data: string(head)})
}

func (b *execBuilder) raiseAmbient() {
	b.call(plan.StepCapabilities, b.e.confine.ambient.at, plan.Call{Sys: plan.SysPrctl,
		Slot: [6]plan.Slot{2: plan.SlotEachCap}, Arg: [6]uint64{prCapAmbient, capAmbientRaise, b.ambient()}})
}

// changeUser is setresuid(2). It clears the ambient set, and without keep-caps
// everything else too; so who wants either back must ask before and after.
func (b *execBuilder) changeUser() {
	if !b.login.hasUser {
		return
	}
	c := &b.e.confine
	keep := (b.ambient() != 0 || c.secureBits.v != 0) && (b.login.uid != 0 || b.login.runtime)
	if keep {
		at := c.ambient.at
		if c.secureBits.set {
			at = c.secureBits.at
		}
		b.call(plan.StepUser, at, plan.Call{Sys: plan.SysPrctl, Arg: [6]uint64{prSetSecureBits, uint64(c.secureBits.v | secureKeepCaps)}})
	}
	b.ids(plan.SysSetresuid, plan.StepUser, b.e.user.at, plan.SlotUID, b.login.uid, b.login.runtime)
	if keep && b.ambient() != 0 {
		b.raiseAmbient()
	}
}

// privileges are the secure bits and no_new_privs, the last before the
// filters.
func (b *execBuilder) privileges(how privilege, filtered bool) {
	c := &b.e.confine
	if c.secureBits.v != 0 && (how != ordinary || !b.login.hasUser || c.secureBits.v&secureKeepCaps == 0) {
		if how == ordinary && b.login.hasUser { // setting them takes a right that the change of user has made dormant
			b.setCaps(c.secureBits.at)
		}
		bits := c.secureBits.v
		if b.ambient() != 0 {
			bits |= secureKeepCaps
		}
		b.call(plan.StepSecureBits, c.secureBits.at, plan.Call{Sys: plan.SysPrctl, Arg: [6]uint64{prSetSecureBits, uint64(bits)}})
	}
	call := plan.Call{Sys: plan.SysPrctl, Arg: [6]uint64{prSetNoNewPrivs, 1}}
	changes := how == ordinary && b.login.hasUser
	switch {
	case b.e.noNewPrivs.v:
		b.call(plan.StepNoNewPrivileges, b.e.noNewPrivs.at, call)
	case filtered && changes && b.login.uid != 0 && !b.login.runtime:
		b.call(plan.StepNoNewPrivileges, b.e.user.at, call)
	case filtered: // a filter takes CAP_SYS_ADMIN or no_new_privs (seccomp(2))
		call.Slot[1], call.Arg[1] = plan.SlotUnprivileged, 0
		b.call(plan.StepNoNewPrivileges, grammar.Pos{}, call)
	}
}

// confine takes the last rights away, the system calls last of all.
func (b *execBuilder) confine(how privilege, say bool) {
	b.appArmor()
	p := b.policy()
	b.privileges(how, p != nil)
	if p != nil {
		b.filters(p, say)
	}
}

// appArmor asks for the profile that holds from the program on. It has no
// effect where the kernel has no AppArmor (systemd.exec(5),
// "AppArmorProfile="): there is no such file, or writing to it is EINVAL.
func (b *execBuilder) appArmor() {
	p := b.e.confine.profile
	if !p.set {
		return
	}
	without, invalid := plan.TolerateENOENT, plan.TolerateENOSYS
	if p.v.optional {
		without, invalid = plan.TolerateAny, plan.TolerateAny
	}
	b.call(plan.StepAppArmor, p.at, plan.Call{Sys: plan.SysOpenat, Tolerate: without, Keep: true,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{atFDCWD, 0, oWRONLY | oCLOEXEC}, Data: "/proc/self/attr/apparmor/exec\x00"})
	b.call(plan.StepAppArmor, p.at, textCall(plan.Call{Sys: plan.SysWrite, Tolerate: invalid, Slot: [6]plan.Slot{plan.SlotKept}},
		1, "exec "+p.v.name, hasMark(p.v.name)))
	b.call(plan.StepAppArmor, p.at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny, Slot: [6]plan.Slot{plan.SlotKept}})
}

// ownKeyring is the session keyring of a service that does not say
// (systemd.exec(5), "KeyringMode="), made by the user whose it is. What the
// kernel refuses is let be, as by systemd. Diverges: the invocation id is not in
// it, since another key takes a budget's worth of a boot.
func (b *execBuilder) ownKeyring() {
	if b.u.service != nil && !b.e.confine.keyring.set {
		b.call(plan.StepKeyring, grammar.Pos{}, plan.Call{Sys: plan.SysKeyctl, Tolerate: plan.TolerateAny, Arg: [6]uint64{keyctlJoin}})
	}
}

// sessionKeyring is KeyringMode= other than inherit. The keyring, and the one of
// the user that is linked into it, are those of the real user, who is the unit's
// for as long; the invocation id in it is root's, so that the unit cannot change
// it.
func (b *execBuilder) sessionKeyring() {
	k := b.e.confine.keyring
	if k.v == keyringInherit {
		return
	}
	call := func(c plan.Call) {
		c.Tolerate = plan.TolerateAny
		b.call(plan.StepKeyring, k.at, c)
	}
	uid, gid := b.owner()
	real := func(sys plan.Sys, slot plan.Slot, id uint64) {
		if slot != plan.SlotConst || id != leaveID {
			b.call(plan.StepKeyring, k.at, plan.Call{Sys: sys, Slot: [6]plan.Slot{slot}, Arg: [6]uint64{id, leaveID, leaveID}})
		}
	}
	real(plan.SysSetresgid, gid.slot, gid.id)
	real(plan.SysSetresuid, uid.slot, uid.id)
	call(plan.Call{Sys: plan.SysKeyctl, Arg: [6]uint64{keyctlJoin}})
	if k.v == keyringShared {
		call(plan.Call{Sys: plan.SysKeyctl, Arg: [6]uint64{keyctlLink, keyUser, keySession}})
	}
	if uid.given() {
		real(plan.SysSetresuid, plan.SlotConst, 0)
	}
	if gid.given() {
		real(plan.SysSetresgid, plan.SlotConst, 0)
	}
	const name, viewReadSearch = "user\x00invocation_id\x00", 0x0b0b0000
	call(plan.Call{Sys: plan.SysAddKey, Keep: true, Slot: [6]plan.Slot{plan.SlotData, plan.SlotData, plan.SlotInvocation},
		Arg: [6]uint64{0, 5, 0, 16, keySession}, Data: name})
	call(plan.Call{Sys: plan.SysKeyctl, Slot: [6]plan.Slot{1: plan.SlotKept}, Arg: [6]uint64{keyctlSetPerm, 0, viewReadSearch}})
}

// filters adds the one program that says which system calls there are.
func (b *execBuilder) filters(p *seccomp.Policy, say bool) {
	prog, err := p.Compile()
	at := b.e.confine.where()
	if err != nil {
		if say {
			b.lo.l.Add(diag.Diagnostic{Pos: at, Severity: diag.Error, Code: "invalid-value",
				Msg: "the system call filter of " + b.u.name + " cannot be made: " + err.Error(), Hint: "use groups, and one error for all"})
		}
		return
	}
	step := plan.StepSeccomp
	if b.e.confine.families.set && b.e.confine.onlyFamilies() {
		step = plan.StepAddressFamilies
	}
	if p.Kills("execve") || p.Kills("exit_group") {
		b.out.OwnMemory = true
	}
	b.call(step, at, plan.Call{Sys: plan.SysSeccomp, Tolerate: plan.TolerateENOSYS,
		Slot: [6]plan.Slot{2: plan.SlotFprog}, Arg: [6]uint64{setModeFilter}, Data: seccomp.Bytes(prog)})
}

// policy collects the filters in systemd's order; nil when there are none.
func (b *execBuilder) policy() *seccomp.Policy {
	c := &b.e.confine
	p := seccomp.New(b.lo.s.arch())
	when := func(o opt[bool], add func()) {
		if o.v {
			add()
		}
	}
	when(c.hostname, p.Hostname)
	if c.families.set && (c.families.allow || len(c.families.list) > 0) {
		p.AddressFamilies(c.families.allow, c.families.list)
	}
	when(c.writeExecute, p.WriteExecute)
	when(c.realtime, p.Realtime)
	when(c.setIDs, p.SetIDs)
	if c.namespaces.set && c.namespaces.v != seccomp.AllNamespaces {
		p.NamespacesBut(c.namespaces.v)
	}
	when(c.tunables, p.Tunables)
	when(c.kernelModules, func() { p.Refuse("@module") })
	when(c.kernelLogs, p.KernelLogs)
	when(c.clock, func() { p.Refuse("@clock") })
	when(c.privateDevices, func() { p.Refuse("@raw-io") })
	if len(c.architectures) > 0 {
		p.Architectures(values(c.architectures))
	}
	when(c.lockPersonality, func() { p.Personality(c.personality.v) })
	c.lists(p)
	if p.Empty() {
		return nil
	}
	return p
}

// lists are SystemCallLog= and SystemCallFilter=.
func (c *confineSettings) lists(p *seccomp.Policy) {
	add := func(s *callSet, listed, others seccomp.Action) {
		calls := map[string]seccomp.Action{}
		for name, act := range s.calls {
			if act == inherit {
				act = listed
			}
			calls[name] = act
		}
		p.List(others, calls)
	}
	switch {
	case !c.logged.set:
	case c.logged.allow:
		add(&c.logged, seccomp.Log, seccomp.Allow)
	default:
		add(&c.logged, seccomp.Allow, seccomp.Log)
	}
	refused := c.callError.or(defaultKillCalls)
	switch {
	case !c.calls.set:
	case c.calls.allow:
		add(&c.calls, seccomp.Allow, refused)
	case len(c.calls.calls) > 0:
		add(&c.calls, refused, seccomp.Allow)
	}
}

// onlyFamilies says whether the address families are all that is filtered, so
// that a failure is theirs.
func (c *confineSettings) onlyFamilies() bool {
	only := *c
	only.families = familySet{}
	return only.where().Line == 0
}

// where is the first directive behind the filter.
func (c *confineSettings) where() grammar.Pos {
	for _, at := range [...]grammar.Pos{c.calls.at, c.families.at, c.namespaces.at, c.hostname.at, c.writeExecute.at,
		c.realtime.at, c.setIDs.at, c.lockPersonality.at, c.clock.at, c.kernelModules.at, c.kernelLogs.at,
		c.tunables.at, c.privateDevices.at, c.logged.at} {
		if at.Line > 0 {
			return at
		}
	}
	if len(c.architectures) > 0 {
		return c.architectures[0].at
	}
	return grammar.Pos{}
}
