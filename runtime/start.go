package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// spawn is ActSpawn. A command waits here until there is a place for its
// child: what it needs takes descriptors, which are few, and which each child
// must copy and close again. One more than there are places is handed over:
// the spawner makes room when it has waited for long.
func (i *Init) spawn(a *machine.Action) {
	if i.waiting.size > 0 || i.holding || !i.spawner.hasPlace(len(i.flying)) {
		i.wait(a)
		return
	}
	i.spawnNow(a)
}

// wait has a start wait for a place.
//
//go:noinline
func (i *Init) wait(a *machine.Action) { i.waiting.push(*a) }

// spawnWaiting starts what there is a place for now.
func (i *Init) spawnWaiting() {
	for i.waiting.size > 0 && !i.holding && i.spawner.hasPlace(len(i.flying)) {
		if a := i.waiting.pop(); a.Unit != plan.NoUnit { // else called off
			i.spawnNow(&a)
		}
	}
}

// spawnNow makes the descriptors and variables of a command and hands it to
// the spawner. What the child does with them is in the plan.
func (i *Init) spawnNow(a *machine.Action) {
	u := &i.plan.Units[a.Unit]
	cmd, exec := commandOf(u, a.Command)
	if cmd == nil {
		i.post(machine.Event{Kind: machine.EvSpawned, Unit: a.Unit, Command: a.Command, Status: int32(syscall.EINVAL), Step: plan.StepExec})
		return
	}
	faultDue("spawn")
	i.killBefore(a.Unit)
	r := i.request()
	r.unit, r.command, r.cmd, r.exec = a.Unit, a.Command, cmd, exec
	if step, e := i.equip(r, a, u); e != 0 {
		i.release(r)
		i.noChild(a.Unit, a.Command, step, e)
		return
	}
	r.began, r.action = nanotime(), *a
	i.flying = append(i.flying, r)
	i.spawner.submit(r)
	i.takeAnswers()
}

// commandOf finds a command and its context.
func commandOf(u *plan.Unit, n uint16) (*plan.Command, *plan.Exec) {
	var cmds []plan.Command
	var shared *plan.Exec
	switch {
	case u.Service != nil:
		cmds, shared = u.Service.Commands, u.Service.Exec
	case u.Socket != nil:
		cmds, shared = u.Socket.Commands, u.Socket.Exec
	}
	if int(n) >= len(cmds) {
		return nil, nil
	}
	if cmds[n].Exec != nil {
		shared = cmds[n].Exec
	}
	if shared == nil {
		shared = &noExec
	}
	return &cmds[n], shared
}

// contextOf is the context that a unit's commands share.
func contextOf(u *plan.Unit) *plan.Exec {
	switch {
	case u.Service != nil:
		return u.Service.Exec
	case u.Socket != nil:
		return u.Socket.Exec
	}
	return nil
}

// owner is who a context's programs are run as: uid and gid, but for what the
// build did not know.
func (i *Init) owner(x *plan.Exec, uid, gid uint32) (u, g uint32, known bool) {
	if x == nil || i.spawner.users == nil || x.User == "" && x.Group == "" {
		return uid, gid, true
	}
	r := spawnRequest{exec: x}
	i.spawner.users(&r)
	if x.User != "" {
		uid, gid = r.login.uid, r.login.gid
	}
	if x.Group != "" {
		gid = r.login.gid
	}
	return uid, gid, r.login.step == 0
}

// noExec is the context of a unit that names none.
var noExec plan.Exec

// request answers a request from the pool.
func (i *Init) request() *spawnRequest {
	if n := len(i.requests); n > 0 {
		r := i.requests[n-1]
		i.requests = i.requests[:n-1]
		return r
	}
	return &spawnRequest{}
}

// release gives a request back, with the descriptors that were made for it.
func (i *Init) release(r *spawnRequest) {
	i.closeStreams(r)
	dropFD(r.cgroup)
	r.fds, r.vars, r.exec, r.cmd = r.fds[:0], r.vars[:0], nil, nil
	r.listenPID, r.watchdogPID, r.stored, r.fdNames = false, false, 0, ""
	r.state = startWanted
	i.requests = append(i.requests, r)
}

// closeStreams closes the write end of the pipe to the log, the only stream
// that was made for this command alone.
func (i *Init) closeStreams(r *spawnRequest) {
	if r.exec == nil {
		return
	}
	if out := r.exec.Stdout.Kind == plan.StreamJournal; out || r.exec.Stderr.Kind == plan.StreamJournal {
		fd := r.stderr
		if out {
			fd = r.stdout
		}
		if fd > 2 && fd != i.null {
			closeFD(fd)
		}
	}
}

// equip fills in what depends on the moment.
func (i *Init) equip(r *spawnRequest, a *machine.Action, u *plan.Unit) (plan.Step, errno) {
	r.stdin, r.stdout, r.stderr, r.cgroup = noFD, noFD, noFD, noFD
	st := &i.units[a.Unit]
	if a.Value == 1 || !st.hasID {
		newInvocation(&st.invocation)
		st.hasID = true
		i.status(a.Unit).forget()
	}
	r.vars = append(r.vars, "INVOCATION_ID="+string(st.invocation[:]))
	i.addVars(r, a, u)
	if a.Env&machine.EnvSockets != 0 {
		i.passFDs(r, a.Unit)
	}
	r.soonHeard = soonHeard(u, r.cmd)
	r.nonBlocking = u.Service != nil && u.Service.Flags&plan.NonBlocking != 0
	if i.terminal != nil {
		i.terminal(r.exec)
	}
	if e := i.standardStreams(r); e != 0 {
		return plan.StepStdout, e
	}
	if socketStream(r.exec) {
		r.fds = r.fds[:0]
	}
	if i.groups.usable {
		fd, e := i.makeGroup(a.Unit, r.cmd.Role)
		if e != 0 {
			return plan.StepCgroup, e
		}
		r.cgroup, r.walksIn = fd, st.killed
	}
	if u.Group != nil && u.Group.Pressure != "" && i.groups.pressure != nil {
		i.groups.pressure(i, r, u.Group)
	}
	return 0, 0
}

// passFDs gives a command the descriptors of sd_listen_fds(3): those of sockets
// first, then those that the service has stored.
func (i *Init) passFDs(r *spawnRequest, id plan.UnitID) {
	if i.sockets != nil {
		i.sockets(i, r, id)
	}
	if i.stored != nil {
		i.stored(i, r, id)
	}
	if len(r.fds) > 0 && !socketStream(r.exec) {
		r.vars = append(r.vars, "LISTEN_FDS="+itoa(int64(len(r.fds))), "LISTEN_FDNAMES="+r.fdNames)
		r.listenPID = true
	}
}

// socketStream says whether a standard stream is the service's socket, as
// inetd(8) has it: then it is passed as nothing else.
func socketStream(x *plan.Exec) bool {
	return x.Stdin.Kind == plan.StreamSocket || x.Stdout.Kind == plan.StreamSocket || x.Stderr.Kind == plan.StreamSocket
}

// pass adds one descriptor.
//
//go:noinline
func (r *spawnRequest) pass(fd int32, name string) {
	if len(r.fds) > 0 {
		r.fdNames += ":"
	}
	r.fds = append(r.fds, fd)
	r.fdNames += name
}

// standardStreams finds the descriptors for streams 0 to 2; what the child
// opens by itself stays -1.
func (i *Init) standardStreams(r *spawnRequest) errno {
	x := r.exec
	if x.Stdout.Kind == plan.StreamJournal || x.Stderr.Kind == plan.StreamJournal {
		fd, e := noFD, errno(0)
		if i.journal != nil {
			fd, e = i.newStream(r)
		}
		if e != 0 {
			return e
		}
		if x.Stdout.Kind == plan.StreamJournal {
			r.stdout = fd
		}
		if x.Stderr.Kind == plan.StreamJournal {
			r.stderr = fd
		}
	}
	r.stdin = i.ownStream(r, x.Stdin, 0, r.stdin)
	r.stdout = i.ownStream(r, x.Stdout, 1, r.stdout)
	if x.Stderr.Kind == plan.StreamInherit && x.Stdout.Kind != plan.StreamInherit {
		r.stderr = r.stdout
		return 0
	}
	r.stderr = i.ownStream(r, x.Stderr, 2, r.stderr)
	return 0
}

// newStream makes the pipe to the log; the feature Journal has put it there.
func (i *Init) newStream(r *spawnRequest) (int32, errno) {
	e := i.journal(i, r, r.unit)
	fd := r.stdout
	r.stdout = noFD // which of the streams it is for is not said yet
	return fd, e
}

// ownStream is the descriptor for a stream that the init has already.
func (i *Init) ownStream(r *spawnRequest, s plan.Stream, inherited, made int32) int32 {
	switch s.Kind {
	case plan.StreamNull:
		return i.null
	case plan.StreamInherit:
		if inherited == 0 {
			return i.null // as a service's input under systemd: nothing to read
		}
		return inherited
	case plan.StreamSocket, plan.StreamNamed:
		if int(s.Index) < len(r.fds) {
			return r.fds[s.Index]
		}
	}
	return made
}

// addVars adds the variables of systemd.exec(5), "Environment Variables Set or
// Propagated by the Service Manager", that depend on the moment.
func (i *Init) addVars(r *spawnRequest, a *machine.Action, u *plan.Unit) {
	if a.Env&machine.EnvMainPID != 0 && a.Pid != 0 {
		r.vars = append(r.vars, "MAINPID="+itoa(int64(a.Pid)))
	}
	if a.Env&machine.EnvNotify != 0 && i.notifyPath != "" {
		r.vars = append(r.vars, "NOTIFY_SOCKET="+i.notifyPath)
		if u.Service != nil && u.Service.FDStoreMax > 0 {
			r.vars = append(r.vars, "FDSTORE="+itoa(int64(u.Service.FDStoreMax)))
		}
	}
	if a.Env&machine.EnvWatchdog != 0 && u.Service != nil {
		r.vars = append(r.vars, "WATCHDOG_USEC="+itoa(int64(u.Service.Watchdog/plan.Microsecond)))
		r.watchdogPID = true
	}
	i.resultVars(r, a)
}

// noChild answers a command that was never started.
func (i *Init) noChild(id plan.UnitID, command uint16, step plan.Step, e errno) {
	i.post(machine.Event{Kind: machine.EvSpawned, Unit: id, Command: command, Step: step, Status: int32(e)})
}

// startSpawner makes the spawner and listens to it.
func (i *Init) startSpawner() {
	for {
		s, e := newSpawner(i.plan, syscall.Environ())
		if e == 0 {
			i.spawner, s.first = s, lowerFiles(i)
			break
		}
		pause(100)
	}
	i.on[watchSpawn] = func(i *Init, _ int32, _ uint32) {
		i.spawner.poll() // its timer may be due when no start is under way
		i.takeAnswers()
	}
	i.mustWatch(i.spawner.fd, epollIn, watchSpawn)
	i.settled = append(i.settled, (*Init).tellHung)
}

// openPrepared has the spawner hear its other threads, where it has any.
func (i *Init) openPrepared() {
	s := i.spawner
	if s == nil || s.envFiles == nil && s.users == nil && s.claim == nil && s.credentials == nil && s.trees == nil {
		return
	}
	for s.hearBy(i.bell) != 0 {
		pause(100)
	}
}

// napSilent is a sleep that is cut short while a start is silent
// (spawn_silent.go), and hides from Go's scheduler: it is over before that could
// do better.
func (i *Init) napSilent() (int, errno, bool) {
	s := i.spawner
	if s.silent == nil {
		return 0, 0, false
	}
	n, e := epollShort(i.epoll, i.events[:], s.nap(i.patience()))
	s.pollSilent()
	i.takeAnswers()
	return n, e, true
}

// takeSpawned asks the spawner what is done, and takes the answers.
func (i *Init) takeSpawned() {
	if len(i.flying) > 0 {
		i.spawner.poll()
		i.takeAnswers()
	}
}

func (i *Init) takeAnswers() {
	for {
		r := i.spawner.next()
		if r == nil {
			return
		}
		for n := range i.flying {
			if i.flying[n] == r {
				last := len(i.flying) - 1
				i.flying[n], i.flying[last] = i.flying[last], nil
				i.flying = i.flying[:last]
				break
			}
		}
		i.spawnedOne(r)
		if len(i.flying) == 0 && len(i.early) > 0 {
			i.early = i.early[:0]
		}
	}
}

func (i *Init) spawnedOne(r *spawnRequest) {
	// The pidfd is not kept: the pid of a child that was not waited for is
	// its own, and the loop is the only one who waits. A thousand services
	// would need a thousand descriptors more.
	dropFD(r.pidfd)
	if r.state != startWanted {
		i.spawnedLate(r)
		return
	}
	if r.pid <= 0 {
		if f := r.badFile; f != nil {
			i.sayUnit(r.unit, "cannot read ", f.Path, ": ", errno(r.errno).Error(), at(f.Origin))
		}
		unit, command, step, e := r.unit, r.command, r.step, errno(r.errno)
		i.release(r)
		i.noChild(unit, command, step, e)
		return
	}
	i.tellSpawned(r)
	if r.path != "" {
		i.failedAt = append(i.failedAt, failedPath{r.unit, r.path})
	}
	pid := r.pid
	i.release(r)
	i.matchEarly(pid)
}

// tellSpawned tells of a child.
func (i *Init) tellSpawned(r *spawnRequest) {
	i.enterStart(r, procWatched)
	st := &i.units[r.unit]
	if s := i.plan.Units[r.unit].Service; s != nil && (s.Type == plan.TypeForking || s.ExitType == plan.ExitCgroup) {
		i.await(st) // its main process may stay unknown, or there is none, or others outlive it
	}
	if i.spawned != nil {
		i.spawned(i, r)
	}
	if i.began != nil {
		i.began(i, r)
	}
	st.badCall = r.call
	i.post(machine.Event{Kind: machine.EvSpawned, Unit: r.unit, Command: r.command, Pid: r.pid, Step: r.step, Status: int32(r.errno)})
}

// enterStart enters a child in the table.
func (i *Init) enterStart(r *spawnRequest, kind procKind) {
	i.enter(proc{pid: r.pid, unit: r.unit, kind: kind | procChild | procLeader})
	st := &i.units[r.unit]
	st.leaders[st.nextOf&3] = r.pid
	st.nextOf++
}

// tellFailure logs a step that failed, with the place where it was written.
func (i *Init) tellFailure(id plan.UnitID, command uint16, step plan.Step, e errno) {
	u := &i.plan.Units[id]
	cmd, exec := commandOf(u, command)
	origin, why := "", e.Error()
	if cmd != nil {
		origin = cmd.Origin
		why = cause(cmd, exec, step, e, i.takePath(id))
	}
	if o := stepOrigin(u, step, i.units[id].badCall); o != "" {
		origin = o
	}
	i.sayUnit(id, "failed at step ", stepName(step), ": ", why, at(origin))
}

// stepOrigin is where the directive behind a call was written, or "".
func stepOrigin(u *plan.Unit, step plan.Step, call int32) (at string) {
	if u.Service == nil {
		return ""
	}
	for n := range u.Service.Origins {
		if o := &u.Service.Origins[n]; o.Step == step && int32(o.Call) <= call {
			at = o.At
		}
	}
	return at
}

// failedPath is what the step that failed was about.
type failedPath struct {
	unit plan.UnitID
	path string
}

// takePath is the path that the failure of a unit was about, once.
func (i *Init) takePath(id plan.UnitID) (path string) {
	for n := range i.failedAt {
		if i.failedAt[n].unit == id {
			path = i.failedAt[n].path
			i.failedAt = append(i.failedAt[:n], i.failedAt[n+1:]...)
			break
		}
	}
	return path
}

// cause says what an error of a step is about, as far as the plan tells, or
// the call that failed.
func cause(cmd *plan.Command, x *plan.Exec, step plan.Step, e errno, what string) string {
	switch step {
	case plan.StepExec:
		what = cmd.Path
	case plan.StepStdin:
		what = x.Stdin.Path
	case plan.StepStdout:
		what = x.Stdout.Path
	case plan.StepStderr:
		what = x.Stderr.Path
	case plan.StepUser:
		if e == syscall.ESRCH {
			return "unknown user \"" + x.User + "\""
		}
	case plan.StepGroup:
		if e == syscall.ESRCH {
			return "unknown group" + groupNames(x)
		}
	}
	if what != "" {
		what += ": "
	}
	return what + e.Error()
}

// groupNames are the groups of a context, of which one is not there.
func groupNames(x *plan.Exec) string {
	names := ""
	if x.Group != "" {
		names = " \"" + x.Group + "\""
	}
	for _, g := range x.Supplementary {
		if names != "" {
			names += " or"
		}
		names += " \"" + g + "\""
	}
	return names
}

// newInvocation makes an invocation id: in hex, a random UUID of version 4 (RFC
// 9562) without its dashes, as sd_id128_randomize(3) does.
func newInvocation(id *[32]byte) {
	var raw [16]byte
	const insecure, nonblock = 4, 1 // GRND_INSECURE is of Linux 5.6; neither waits
	_, _, e := syscall.RawSyscall(sysGetrandom, uintptr(unsafe.Pointer(&raw)), 16, insecure)
	if e == syscall.EINVAL {
		_, _, e = syscall.RawSyscall(sysGetrandom, uintptr(unsafe.Pointer(&raw)), 16, nonblock)
	}
	if e != 0 {
		// Early in a machine's life there is no randomness yet; it only has
		// to differ from the others.
		t := nanotime()
		for n := range 8 {
			raw[n] = byte(t >> (8 * n))
		}
	}
	raw[6], raw[8] = raw[6]&0x0F|0x40, raw[8]&0x3F|0x80
	const hex = "0123456789abcdef"
	for n, b := range raw {
		id[2*n], id[2*n+1] = hex[b>>4], hex[b&15]
	}
}
