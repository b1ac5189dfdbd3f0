package compiler

import (
	"slices"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// context is what the commands of a unit run in.
type context struct {
	exec *plan.Exec
	// steps say where the directive behind each step was written.
	steps []plan.Origin
	// variants are for commands that have less of it, made when first needed.
	variants map[variant]*plan.Exec
}

// execBuilder lowers one execution context.
type execBuilder struct {
	lo    *lowering
	u     *unit
	e     *execSettings
	out   plan.Exec
	steps []plan.Origin
	login login
	made  map[string]bool // the directories that calls make already
	// otherRoot says whether the view has another root than the init's.
	otherRoot bool
}

// privilege says how much of a context a command's prefix leaves
// (systemd.service(5), "Special executable prefixes").
type privilege uint8

const (
	ordinary privilege = iota
	noUser             // "!": neither user nor groups are changed
	full               // "+": no confinement, no limits on privileges either
)

// context lowers a unit's execution context.
func (lo *lowering) context(u *unit) *context {
	b := lo.build(u, variant{}, true)
	c := &context{exec: lo.share(&b.out), steps: b.steps}
	lo.noteExec(u)
	return c
}

// variant is what a command has of its unit's context.
type variant struct {
	how privilege
	// outside is set for a command that stays out of the unit's root.
	outside bool
}

// variantOf is that of a command line (systemd.service(5), "Special executable
// prefixes", "RootDirectoryStartOnly="). "!!" is nothing where the kernel has
// ambient capabilities, and every kernel that an image runs on has.
func (u *unit) variantOf(line *commandLine) variant {
	v := variant{outside: u.startsOutside(line.role)}
	switch {
	case line.prefix.Has(grammar.PrefixFull):
		v.how = full
	case line.prefix.Has(grammar.PrefixUser):
		v.how = noUser
	case u.service != nil && u.service.permissionsStartOnly.v && line.role != plan.ExecStart:
		v.how = full
	}
	return v
}

// startsOutside says whether commands of a role stay out of the unit's own root.
func (u *unit) startsOutside(role plan.Role) bool {
	return u.service != nil && u.service.rootDirectoryStartOnly.v && role != plan.ExecStart && u.exec().view.ownRoot()
}

// with is the context of a command; nil for the unit's own.
func (lo *lowering) with(u *unit, c *context, v variant) *plan.Exec {
	if v == (variant{}) {
		return nil
	}
	if c.variants[v] == nil {
		if c.variants == nil {
			c.variants = map[variant]*plan.Exec{}
		}
		c.variants[v] = lo.share(&lo.build(u, v, false).out)
	}
	if c.variants[v] == c.exec {
		return nil
	}
	return c.variants[v]
}

// build makes the calls of a child in systemd's order (systemd.exec(5); the
// exit statuses tell the steps apart). Diagnostics come from the first build
// of a unit only.
func (lo *lowering) build(u *unit, v variant, say bool) *execBuilder {
	e, how := u.exec(), v.how
	if v.outside {
		inside := *e
		inside.view.root = opt[string]{}
		e = &inside
	}
	b := &execBuilder{lo: lo, u: u, e: e}
	b.login = lo.resolve(u, say)
	// The directories are the user's whatever the prefix leaves of the rest.
	b.out.User, b.out.Group = b.login.user, b.login.group
	b.streams()
	b.environment(how)
	b.scheduling()
	b.placement()
	b.directories()
	b.sessionKeyring()
	if how == ordinary && b.e.confine.privateUsers.v != usersNo {
		b.groups()
	}
	if how != full {
		b.ownPIDs()
		b.ownUsers(plan.UsersFirst)
	}
	b.ownNetwork() // also with "+": these two take no rights away
	b.ownIPC()
	if how != full {
		b.ownGroups()
	}
	b.ownMounts(how) // before a limit could be too low for its descriptors
	b.mask()
	if how != full {
		b.limits()
		b.ownHostname()
	}
	if how == ordinary {
		b.changeGroups()
	}
	if how != full {
		b.ownUsers(plan.UsersLast)
		b.capabilities()
	}
	if how == ordinary {
		b.changeUser()
	}
	b.ownKeyring()
	b.workingDirectory()
	if how != full {
		b.confine(how, say)
	}
	b.out.IgnoreSIGPIPE = e.ignoreSIGPIPE.or(true)
	b.out.SyslogIdentifier = e.identifier.v
	b.out.Log = e.log.rules()
	b.copies()
	b.removeIPC()
	b.terminal()
	b.utmp()
	return b
}

// call adds a step; at is the directive behind it.
func (b *execBuilder) call(step plan.Step, at grammar.Pos, c plan.Call) {
	c.Step = step
	markPaths(&c)
	b.out.Calls = append(b.out.Calls, c)
	b.origin(step, at)
}

// origin remembers the first directive of each step; of the view of the file
// system, which many have a part in, each.
func (b *execBuilder) origin(step plan.Step, at grammar.Pos) {
	if at.Line == 0 {
		return
	}
	o := plan.Origin{Step: step, At: place(at)}
	for _, old := range slices.Backward(b.steps) {
		if old.Step == step && (step != plan.StepNamespace || old.At == o.At) {
			return
		}
		if old.Step == step {
			o.Call = uint16(len(b.out.Calls) - 1)
			break
		}
	}
	b.steps = append(b.steps, o)
}

// Numbers of the kernel's interface.
const (
	atFDCWD         = 1<<64 - 100
	oWRONLY         = 0x1
	oCLOEXEC        = 0x80000
	prSetTimerSlack = 29
	prSetNoNewPrivs = 38
	prioProcess     = 0
	ioprioProcess   = 1
	ioprioShift     = 13
	schedResetFork  = 0x40000000
)

// writeFile opens a file of the child's own, writes a number into it, and
// closes it.
func (b *execBuilder) writeFile(step plan.Step, at grammar.Pos, path, text string, may plan.Tolerate) {
	b.call(step, at, plan.Call{Sys: plan.SysOpenat, Tolerate: may, Keep: true,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{atFDCWD, 0, oWRONLY | oCLOEXEC}, Data: path + "\x00"})
	b.call(step, at, plan.Call{Sys: plan.SysWrite, Tolerate: may,
		Slot: [6]plan.Slot{plan.SlotKept, plan.SlotData}, Arg: [6]uint64{2: uint64(len(text))}, Data: text})
	b.call(step, at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny,
		Slot: [6]plan.Slot{plan.SlotKept}})
}

// scheduling is what the kernel weighs the process by.
func (b *execBuilder) scheduling() {
	e := b.e
	if e.oomScore.set { // systemd goes on without CAP_SYS_RESOURCE
		b.writeFile(plan.StepOOMAdjust, e.oomScore.at, "/proc/self/oom_score_adj", itoa(int64(e.oomScore.v)), plan.TolerateEPERM)
	}
	if e.nice.set { // systemd takes the closest level that it may
		c := plan.Call{Sys: plan.SysSetpriority, Tolerate: plan.TolerateEPERM, Arg: [6]uint64{prioProcess, 0, uint64(int64(e.nice.v))}}
		if e.nice.v < 0 {
			c.Slot[2] = plan.SlotNice
		}
		b.call(plan.StepNice, e.nice.at, c)
	}
	if p := e.cpuPolicy; p.set {
		b.cpuPolicy()
	}
	if e.ioClass.set || e.ioPriority.set {
		b.ioPriority()
	}
	if e.timerSlack.set {
		b.call(plan.StepTimerSlack, e.timerSlack.at, plan.Call{Sys: plan.SysPrctl,
			Arg: [6]uint64{prSetTimerSlack, e.timerSlack.v}})
	}
}

// cpuPolicy is sched_setscheduler(2); only the real-time policies have a
// priority, of at least 1.
func (b *execBuilder) cpuPolicy() {
	e := b.e
	policy, priority := uint64(e.cpuPolicy.v), byte(0)
	if policy == 1 || policy == 2 {
		priority = byte(max(e.cpuPriority.v, 1))
	}
	if e.cpuResetOnFork.v {
		policy |= schedResetFork
	}
	b.call(plan.StepSetScheduler, e.cpuPolicy.at, plan.Call{Sys: plan.SysSchedSetscheduler,
		Slot: [6]plan.Slot{2: plan.SlotData}, Arg: [6]uint64{0, policy}, Data: string([]byte{priority, 0, 0, 0})})
}

// ioPriority is ioprio_set(2); a priority alone is best-effort's
// (systemd.exec(5), "IOSchedulingClass=").
func (b *execBuilder) ioPriority() {
	e := b.e
	class := e.ioClass.or(ioBestEffort)
	level := e.ioPriority.or(4)
	switch class {
	case 0: // what it means to the kernel when a process has said nothing
		class, level = ioBestEffort, 4
	case ioIdle:
		level = 0
	}
	at := e.ioClass.at
	if !e.ioClass.set {
		at = e.ioPriority.at
	}
	b.call(plan.StepIOPrio, at, plan.Call{Sys: plan.SysIoprioSet,
		Arg: [6]uint64{ioprioProcess, 0, uint64(class)<<ioprioShift | uint64(level)}})
}

// defaultUmask is the mode of files that is held back when the unit says
// nothing (systemd.exec(5), "UMask=").
const defaultUmask = 0o022

// mask is the umask, which every child gets.
func (b *execBuilder) mask() {
	b.call(plan.StepChdir, grammar.Pos{}, plan.Call{Sys: plan.SysUmask,
		Arg: [6]uint64{uint64(b.e.umask.or(defaultUmask))}})
}

// limits are Limit…=; the driver clamps each.
func (b *execBuilder) limits() {
	for i := range b.e.limits {
		o := b.e.limits[i]
		if !o.set {
			continue
		}
		n := uint64(len(b.out.Limits))
		b.out.Limits = append(b.out.Limits, o.v)
		b.call(plan.StepLimits, o.at, plan.Call{Sys: plan.SysPrlimit64,
			Slot: [6]plan.Slot{2: plan.SlotLimit}, Arg: [6]uint64{0, uint64(i), n}})
	}
}

// workingDirectory comes after the change of user, who alone may see it
// (systemd.exec(5), "WorkingDirectory=").
func (b *execBuilder) workingDirectory() {
	w := b.e.workDir
	call := plan.Call{Sys: plan.SysChdir, Slot: [6]plan.Slot{plan.SlotData}, Data: "/\x00"}
	switch {
	case w.v == "~" && b.login.runtime:
		call.Slot[0], call.Data = plan.SlotHome, ""
	case w.v == "~":
		call.Data = b.login.home + "\x00"
	case w.set:
		call.Data = w.v + "\x00"
	}
	if b.e.workDirMay { // then it stays in the root, wherever the init is
		b.call(plan.StepChdir, w.at, plan.Call{Sys: plan.SysChdir, Slot: [6]plan.Slot{plan.SlotData}, Data: "/\x00"})
		call.Tolerate = plan.TolerateAny
	}
	b.call(plan.StepChdir, w.at, call)
}

// noteExec says where the fields of plan.Exec were written.
func (lo *lowering) noteExec(u *unit) {
	e := u.exec()
	field := kindSections[u.kind] + ".Exec."
	note(lo, u, field+"Stdin", e.stdin)
	note(lo, u, field+"Stdout", e.stdout)
	note(lo, u, field+"Stderr", e.stderr)
	note(lo, u, field+"User", e.user)
	note(lo, u, field+"Group", e.group)
	note(lo, u, field+"SyslogIdentifier", e.identifier)
	note(lo, u, field+"IgnoreSIGPIPE", e.ignoreSIGPIPE)
	noteList(lo, u, field+"Env", e.environment)
	noteList(lo, u, field+"EnvFiles", e.envFiles)
	noteList(lo, u, field+"PassEnv", e.passEnv)
	noteList(lo, u, field+"UnsetEnv", e.unsetEnv)
	noteList(lo, u, field+"Supplementary", e.supplementary)
	noteList(lo, u, field+"Remove", e.dirs[dirRuntime].paths)
}

// noteList remembers where a list of the plan was begun.
func noteList[T any](lo *lowering, u *unit, field string, list []item[T]) {
	if len(list) > 0 {
		lo.noteAt(u, field, list[0].at)
	}
}
