package compiler

import (
	"encoding/binary"
	"slices"
	"strconv"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// login is who a unit's commands run as.
type login struct {
	// user and group are names to look up when the image boots; "" when the
	// numbers are known or nothing changes.
	user, group string
	// runtime is set when the user's account is known at run time only.
	runtime bool
	// hasUser and hasGroup say whether the ids are to be changed.
	hasUser, hasGroup bool
	uid, gid          uint32
	name, home, shell string
	// groups is the list for setgroups(2), nil to leave it; late are names to
	// look up at run time.
	groups    []uint32
	setGroups bool
	late      []string
}

// resolve finds the users and groups of a unit: in the root's files when they
// are known, else numbers and root's and nobody's names only, and the others
// when the image boots. It says what is wrong when say is set.
func (lo *lowering) resolve(u *unit, say bool) login {
	e := u.exec()
	var in login
	in.home = "/root"
	if !lo.resolveDynamic(&in, u) {
		if e.user.set {
			lo.resolveUser(&in, u, say)
		}
		if e.group.set {
			lo.resolveGroup(&in, u, say)
		}
	}
	if in.hasUser && in.group != "" && !in.runtime { // then the groups that list the user, too
		in.runtime, in.user = true, e.user.v
	}
	// systemd.exec(5), "SupplementaryGroups=": they come on top of the user's
	// own groups. Group 0 has no list of its own.
	if in.hasUser && in.hasGroup && in.gid != 0 && !in.runtime && in.group == "" && !in.setGroups {
		in.groups, in.setGroups = lo.users.groupList(in.name, in.gid), true
	}
	in.setGroups = in.setGroups || in.runtime || in.hasUser && in.group != ""
	for _, g := range e.supplementary {
		lo.supplementary(&in, u, g, say)
	}
	return in
}

// resolveUser is User=.
func (lo *lowering) resolveUser(in *login, u *unit, say bool) {
	o := u.exec().user
	in.hasUser, in.hasGroup = true, true
	if hasMark(o.v) {
		in.runtime, in.user = true, o.v
		return
	}
	if a, ok := lo.users.user(o.v); ok {
		in.uid, in.gid, in.name, in.home, in.shell = a.uid, a.gid, a.name, a.home, a.shell
		return
	}
	if id, ok := parseID(o.v); ok {
		// Diverges: systemd refuses a number without an account. Images often
		// have no passwd(5) at all; the group is then the one of that number.
		in.uid, in.gid, in.name, in.home = id, id, o.v, "/"
		if !lo.users.known { // the boot may find its line
			in.runtime, in.user = true, o.v
		}
		return
	}
	if !lo.users.known {
		in.runtime, in.user = true, o.v
		return
	}
	if say {
		lo.unknownName(o.at, o.v, "unknown-user", "user", "/etc/passwd", lo.users.names())
	}
}

// resolveGroup is Group=.
func (lo *lowering) resolveGroup(in *login, u *unit, say bool) {
	o := u.exec().group
	in.hasGroup = true
	if gid, ok := lo.users.group(o.v); ok {
		in.gid, in.group = gid, ""
		if in.runtime {
			in.group = strconv.FormatUint(uint64(gid), 10)
		}
		return
	}
	if !lo.users.known || hasMark(o.v) {
		in.group = o.v
		return
	}
	if say {
		lo.unknownName(o.at, o.v, "unknown-group", "group", "/etc/group", lo.users.groupNames())
	}
}

// supplementary is one group of SupplementaryGroups=.
func (lo *lowering) supplementary(in *login, u *unit, g item[string], say bool) {
	in.setGroups = true
	gid, ok := lo.users.group(g.v)
	switch {
	case ok && !slices.Contains(in.groups, gid):
		in.groups = append(in.groups, gid)
	case !ok && (!lo.users.known || hasMark(g.v)):
		in.late = append(in.late, g.v)
	case !ok && say:
		lo.unknownName(g.at, g.v, "unknown-group", "group", "/etc/group", lo.users.groupNames())
	}
}

// unknownName says that the root has no such user or group.
func (lo *lowering) unknownName(at grammar.Pos, name string, code diag.Code, what, file string, names []string) {
	d := diag.Diagnostic{Pos: at, Severity: diag.Error, Code: code,
		Msg:  what + " \"" + name + "\" is not in the root's " + file,
		Hint: "add it to the root, as a package's sysusers.d file or its installation script does"}
	if best := suggest(name, names); best != "" {
		d.Hint = "did you mean \"" + best + "\"?"
	}
	if line := lo.s.sysusersLine(what, name); line != nil {
		d.Hint = "run systemd-sysusers --root=DIR, or add it by hand: a package has a line for it"
		d.Related = []diag.Related{{Pos: line.at, Msg: line.text}}
	}
	lo.l.Add(d)
}

// operand is an id in a call: a number, or what the boot looks up.
type operand struct {
	slot plan.Slot
	id   uint64
}

// leaveID is the number that leaves an id as it is.
const leaveID = 1<<32 - 1

// given says whether there is an id.
func (o operand) given() bool { return o.slot != plan.SlotConst || o.id != leaveID }

// owner is the user and the group of what is the unit's.
func (b *execBuilder) owner() (uid, gid operand) {
	in := &b.login
	uid.id, gid.id = leaveID, leaveID
	switch {
	case in.runtime:
		uid = operand{slot: plan.SlotUID}
	case in.hasUser:
		uid.id = uint64(in.uid)
	}
	switch {
	case in.runtime || in.group != "":
		gid = operand{slot: plan.SlotGID}
	case in.hasGroup:
		gid.id = uint64(in.gid)
	}
	return uid, gid
}

// changeGroups drops to the unit's groups, while the user still may
// (systemd.exec(5): 216/GROUP, and later 217/USER).
func (b *execBuilder) changeGroups() {
	if b.e.confine.privateUsers.v == usersNo {
		b.groups()
	}
	if in := &b.login; in.hasGroup {
		b.ids(plan.SysSetresgid, plan.StepGroup, b.groupAt(), plan.SlotGID, in.gid, in.group != "" || in.runtime)
	}
}

// groupAt is the directive that says which group.
func (b *execBuilder) groupAt() grammar.Pos {
	if b.e.group.set {
		return b.e.group.at
	}
	return b.e.user.at
}

// groups is setgroups(2), with a constant list or with one made at run time. In
// users of its own, nobody may call it (user_namespaces(7)).
func (b *execBuilder) groups() {
	in := &b.login
	if !in.setGroups {
		return
	}
	at := b.groupAt()
	if len(b.e.supplementary) > 0 {
		at = b.e.supplementary[0].at
	}
	if in.runtime || in.group != "" || len(in.late) > 0 {
		for _, g := range b.login.groups {
			b.out.Supplementary = append(b.out.Supplementary, strconv.FormatUint(uint64(g), 10))
		}
		b.out.Supplementary = append(b.out.Supplementary, b.login.late...)
		b.call(plan.StepGroup, at, plan.Call{Sys: plan.SysSetgroups,
			Slot: [6]plan.Slot{plan.SlotNGroups, plan.SlotGroups}})
		return
	}
	data := make([]byte, 0, 4*len(b.login.groups))
	for _, g := range b.login.groups {
		data = binary.LittleEndian.AppendUint32(data, g)
	}
	b.call(plan.StepGroup, at, plan.Call{Sys: plan.SysSetgroups, Slot: [6]plan.Slot{1: plan.SlotData},
		Arg: [6]uint64{uint64(len(b.login.groups))}, Data: string(data)})
}

// ids is setresgid(2) or setresuid(2): all three, so that nothing can go back.
func (b *execBuilder) ids(sys plan.Sys, step plan.Step, at grammar.Pos, slot plan.Slot, id uint32, late bool) {
	c := plan.Call{Sys: sys}
	for i := range 3 {
		c.Arg[i] = uint64(id)
		if late {
			c.Slot[i], c.Arg[i] = slot, 0
		}
	}
	b.call(step, at, c)
}
