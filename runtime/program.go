package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// builder turns a request into the table of one child. The order is that of
// systemd.exec(5), as far as one can see it from outside: the cgroup, the
// signals, the session, the streams, the passed descriptors, then the plan's
// own calls, and last the mask and the program.
type builder struct {
	*arena
	spawner *spawner
	req     *spawnRequest
	pipe    int32 // the end that the child holds
	// enterCgroup: the child has to enter its cgroup by itself.
	enterCgroup bool
	// ownMemory and credentials come out of it; see child.go.
	ownMemory, credentials bool
	// spaces are namespaces that the child begins in, as flags of clone(2).
	spaces uint64
	// unmasked: signals are let through, because a filter may forbid it later.
	unmasked bool
}

// build fills the arena, which grows until everything fits.
func (b *builder) build() syscall.Errno {
	for {
		b.reset(b.atMost())
		b.table()
		if !b.full {
			return 0
		}
		if errno := b.grow(); errno != 0 {
			return errno
		}
	}
}

// atMost is how many calls the table can have: so strings follow closely, and
// the whole is seldom more than a page.
func (b *builder) atMost() uint64 {
	const own = 49 // what the driver adds, with a search path and every stream
	n := own + 3*uint64(len(b.req.fds)) + b.spawner.mayMake
	for i := range b.req.exec.Calls {
		n += 2 + keptSlots(&b.req.exec.Calls[i])
	}
	return n
}

// keptSlots counts the arguments that want the kept result.
func keptSlots(c *plan.Call) (n uint64) {
	for _, slot := range c.Slot {
		if slot == plan.SlotKept {
			n++
		}
	}
	return n
}

func (b *builder) table() {
	b.unmasked, b.ownMemory, b.spaces = false, b.req.exec.OwnMemory, 0
	env := b.spawner.environment(b.req)
	if b.enterCgroup {
		b.cgroup()
	}
	b.signals()
	if l := &b.req.login; l.step != 0 {
		b.call(pseudoFail, l.step, uint64(l.errno))
		return
	}
	b.call(syscall.SYS_SETSID, plan.StepSetsid)
	b.descriptors()
	if b.spawner.first != nil { // not before: there may be more than it leaves room for
		b.spawner.first(b)
	}
	b.lowerAll(b.req.exec.Calls)
	envp := b.environ(env)
	b.unmask()
	b.program(env, envp)
}

// unmask lets signals through, last of all but the filters of system calls.
func (b *builder) unmask() {
	if !b.unmasked {
		b.unmasked = true
		b.call(syscall.SYS_RT_SIGPROCMASK, plan.StepSignalMask, sigSetmask, b.put(0), 0, 8)
	}
}

// call appends a system call.
//
//go:noinline
func (b *builder) call(nr uintptr, step plan.Step, arg ...uint64) *rawCall {
	r := b.add(nr, uint8(step))
	copy(r.arg[:], arg)
	return r
}

// useKept makes argument n of the call that follows skip pseudo calls further
// on be the kept result. When that is an error, the call is left out.
func (b *builder) useKept(step plan.Step, n int, skip uint64) {
	next := b.base() + answerSize + (b.n+skip)*uint64(unsafe.Sizeof(rawCall{}))
	b.call(pseudoMove, step, b.keptAddr(), next+uint64(unsafe.Offsetof(rawCall{}.arg))+uint64(n)*8, skip)
}

// cgroup writes the child into cgroup.procs; "0" is who writes.
func (b *builder) cgroup() {
	r := b.call(syscall.SYS_OPENAT, plan.StepCgroup, uint64(b.req.cgroup), b.cstring("cgroup.procs"),
		syscall.O_WRONLY|oCloexec)
	r.save = b.keptAddr()
	b.useKept(plan.StepCgroup, 0, 1)
	b.call(syscall.SYS_WRITE, plan.StepCgroup, 0, b.cstring("0"), 1)
}

// signals resets the dispositions. clone3 has done it where it could, but for
// what is ignored. SIGPIPE is always among that in the init.
func (b *builder) signals() {
	if !b.spawner.cloner.clearsSignals() {
		b.call(pseudoReset, plan.StepSignalMask, b.put(0, 0, 0, 0))
	}
	for _, sig := range b.spawner.ignored {
		b.disposition(sig, sigDefault)
	}
	if b.req.exec.IgnoreSIGPIPE {
		b.disposition(uint8(syscall.SIGPIPE), sigIgnore)
	} else {
		b.disposition(uint8(syscall.SIGPIPE), sigDefault)
	}
}

func (b *builder) disposition(sig uint8, handler uint64) {
	b.call(syscall.SYS_RT_SIGACTION, plan.StepSignalMask, uint64(sig), b.put(handler, 0, 0, 0), 0, 8)
}

// lowerAll turns calls of the plan into raw ones. How many raw calls those
// become that may be left out is known only after them.
func (b *builder) lowerAll(calls []plan.Call) {
	for n := 0; n < len(calls); n++ {
		c := &calls[n]
		if c.Sys != plan.SysSkip {
			b.lower(c)
			b.mark++
			continue
		}
		b.mark++
		skip := b.call(pseudoMove, c.Step, b.keptAddr(), b.keptAddr())
		first, end := b.n, n+1+int(c.Arg[0])
		b.lowerAll(calls[n+1 : end])
		skip.arg[2] = b.n - first
		n = end - 1
	}
}

// lower turns a call of the plan into raw ones.
func (b *builder) lower(c *plan.Call) {
	b.note(c)
	for _, make := range b.spawner.makers {
		if make(b, c) {
			return
		}
	}
	b.clamp(c)
	kept := keptSlots(c)
	for n, slot := range c.Slot {
		if slot == plan.SlotKept {
			b.useKept(c.Step, n, kept)
			kept--
		}
	}
	r := b.add(uintptr(sysno[c.Sys]), uint8(c.Step))
	for n, slot := range c.Slot {
		r.arg[n] = b.argument(c, slot, c.Arg[n])
	}
	r.tolerate = tolerated(c.Tolerate)
	if setsLimit(c) {
		r.tolerate = tolerateAll
	}
	if c.Keep {
		r.save = b.keptAddr()
	}
}

// note finds out what kind of child the call needs.
func (b *builder) note(c *plan.Call) {
	t := traitsOf(c)
	b.ownMemory = b.ownMemory || t.ownMemory
	b.credentials = b.credentials || t.credentials
	if t.filter {
		b.unmask()
	}
}

// traits are what a call means for the way the child is made.
type traits struct{ ownMemory, credentials, filter bool }

func traitsOf(c *plan.Call) (t traits) {
	const cloneNewUser = 0x10000000
	switch {
	case c.Step == plan.StepOOMAdjust,
		c.Sys == plan.SysUnshare && c.Arg[0]&cloneNewUser != 0:
		t.ownMemory = true
	case c.Sys == plan.SysSeccomp:
		t.filter = true
	case c.Sys == plan.SysSetns && c.Arg[1]&cloneNewUser != 0,
		c.Sys == plan.SysSetresuid, c.Sys == plan.SysSetresgid, c.Sys == plan.SysCapset:
		t.credentials = true
	}
	return t
}

func (b *builder) argument(c *plan.Call, slot plan.Slot, arg uint64) uint64 {
	login, e := &b.req.login, b.req.exec
	switch slot {
	case plan.SlotData:
		return dataAddr(c.Data, arg)
	case plan.SlotUID:
		if e.User != "" {
			return uint64(login.uid)
		}
	case plan.SlotGID:
		if e.User != "" || e.Group != "" {
			return uint64(login.gid)
		}
	case plan.SlotGroups:
		return b.groups()
	case plan.SlotNGroups:
		return uint64(len(login.groups))
	case plan.SlotHome:
		if login.home == "" {
			return b.cstring("/")
		}
		return b.cstring(login.home)
	case plan.SlotLimit:
		return b.limit(&e.Limits[arg], false)
	case plan.SlotUnprivileged:
		return 1
	case plan.SlotPrivate:
		if b.spawner.private != nil {
			return b.cstring(b.spawner.private(b.req.unit, c.Data[arg:]))
		}
	case plan.SlotInvocation:
		return b.invocation()
	case plan.SlotFprog:
		return b.put((uint64(len(c.Data))-arg)/8, dataAddr(c.Data, arg))
	}
	return arg
}

// invocation puts the unit's invocation id into the arena; what the request has
// is its hexadecimal form.
func (b *builder) invocation() uint64 {
	var raw [16]byte
	for _, v := range b.req.vars {
		if text, ok := strings.CutPrefix(v, "INVOCATION_ID="); ok && len(text) == 2*len(raw) {
			for n := range raw {
				raw[n] = hexDigit(text[2*n])<<4 | hexDigit(text[2*n+1])
			}
		}
	}
	words := *(*[2]uint64)(unsafe.Pointer(&raw))
	return b.put(words[0], words[1])
}

// hexDigit is the value of one of newInvocation's digits.
func hexDigit(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// pathOf is the last path among the arguments of a call, which is what it was to
// find or to change; "" when it has none.
func (r *spawnRequest) pathOf(a *arena, index int32) (path string) {
	raw := a.call(index)
	if raw == nil {
		return ""
	}
	for _, arg := range raw.arg {
		text := a.text(arg)
		for n := range r.exec.Calls {
			data := r.exec.Calls[n].Data
			if at := arg - dataAddr(data, 0); at < uint64(len(data)) {
				text = data[at:]
			}
		}
		if end := strings.IndexByte(text, 0); end >= 0 {
			text = text[:end]
		}
		if text != "" && text[0] == '/' {
			path = text
		}
	}
	return path
}

// dataAddr is the address of data[at:], which lies in the init's image.
func dataAddr(data string, at uint64) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.StringData(data)))) + at
}

// groups puts the list of supplementary groups into the arena.
func (b *builder) groups() uint64 {
	list := b.req.login.groups
	addr := b.alloc(uint64(len(list)+1) * 4)
	if addr != 0 {
		copy(unsafe.Slice((*uint32)(addressed(addr)), len(list)), list)
	}
	return addr
}

// tolerated is the set of errno that a plan overlooks, as the assembly has it.
func tolerated(t plan.Tolerate) (set uint64) {
	if t&plan.TolerateAny != 0 {
		return tolerateAll
	}
	if t&plan.TolerateEPERM != 0 {
		set |= 1<<syscall.EPERM | 1<<syscall.EACCES
	}
	if t&plan.TolerateENOENT != 0 {
		set |= 1 << syscall.ENOENT
	}
	if t&plan.TolerateEEXIST != 0 {
		set |= 1 << syscall.EEXIST
	}
	if t&plan.TolerateENOTDIR != 0 {
		set |= 1 << syscall.ENOTDIR
	}
	if t&plan.TolerateENOSYS != 0 {
		const eopnotsupp = 1 // bit 0: its number does not fit
		set |= 1<<syscall.ENOSYS | 1<<syscall.EINVAL | eopnotsupp
	}
	return set
}

// searchPath is where a program without a path is looked for: systemd's own
// fixed list, not $PATH (systemd.service(5), "COMMAND LINES").
var searchPath = [...]string{
	"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/",
}

// program appends the execve, or one for each place to look at.
func (b *builder) program(env *environment, envp uint64) {
	cmd := b.req.cmd
	argv := cmd.Argv
	if cmd.Flags&plan.Expand != 0 && b.spawner.expand != nil {
		argv = b.spawner.expand(argv, env)
	}
	argp := b.argv(argv)
	if cmd.Flags&plan.SearchPath == 0 {
		b.call(syscall.SYS_EXECVE, plan.StepExec, b.cstring(cmd.Path), argp, envp)
		return
	}
	dirs := b.req.exec.SearchPath
	if dirs == nil {
		dirs = searchPath[:]
	}
	for n, dir := range dirs {
		r := b.call(syscall.SYS_EXECVE, plan.StepExec, b.join(dir, cmd.Path), argp, envp)
		if n < len(dirs)-1 {
			r.tolerate = 1<<syscall.ENOENT | 1<<syscall.EACCES | 1<<syscall.ENOTDIR
			r.save = b.put(0)
		}
	}
}

// searchError is the error of a search: as execvp(3) has it, a program that
// was there but may not be executed outdoes the places where none was.
func searchError(a *arena, last syscall.Errno) syscall.Errno {
	calls := unsafe.Slice((*rawCall)(unsafe.Pointer(&a.mem[answerSize])), a.n)
	for n := range calls {
		c := &calls[n]
		if c.nr != syscall.SYS_EXECVE || c.save == 0 || last != syscall.ENOENT {
			continue
		}
		if *(*int64)(addressed(c.save)) == -int64(syscall.EACCES) {
			return syscall.EACCES
		}
	}
	return last
}

func (b *builder) argv(argv []string) uint64 {
	addr, words := b.vector(len(argv))
	for n := range words[:min(len(argv), len(words))] {
		words[n] = b.cstring(argv[n])
	}
	return addr
}

// join puts a directory and a name next to each other.
func (b *builder) join(dir, name string) uint64 {
	addr := b.cstring(dir)
	if addr != 0 && !b.full {
		b.free-- // the NUL
		b.cstring(name)
	}
	return addr
}
