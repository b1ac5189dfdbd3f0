package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// spawnRequest is one program to run. The loop fills it in, submits it and
// gets it back from next with the answer; it and all that it refers to stay
// unchanged, and its descriptors open, until then.
type spawnRequest struct {
	unit    plan.UnitID
	command uint16
	cmd     *plan.Command
	exec    *plan.Exec
	// stdin, stdout and stderr are descriptors, or -1 when the child opens the
	// stream itself, or has it from the stream before (StreamInherit).
	stdin, stdout, stderr int32
	fds                   []int32 // to be 3, 4, …
	stored                int     // how many of fds, at their end, are from the store
	fdNames               string  // $LISTEN_FDNAMES
	nonBlocking           bool    // NonBlocking=: set O_NONBLOCK on fds that are not stored
	cgroup                int32   // the unit's cgroup directory, or -1
	// vars are the variables of this start, "NAME=value".
	vars []string
	// listenPID and watchdogPID ask for $LISTEN_PID and $WATCHDOG_PID.
	listenPID, watchdogPID bool
	soonHeard              bool // see spawn_silent.go
	walksIn                bool // into cgroup by itself, not born there
	state                  startState
	began                  int64 // when it was handed over
	action                 machine.Action

	// The answer. pid is 0 when there is no child: errno says why. Else step
	// is 0 when the program was executed, or the step that failed with errno;
	// the child exits with the step's status then. pidfd is -1: the loop is
	// the only one who waits, so a pid stays its own without one.
	pid, pidfd int32
	step       plan.Step
	errno      syscall.Errno
	call       int32  // the call of the plan that failed
	path       string // what the step that failed was about, "" when it is no file

	// What the features find out before the child is made.
	fileEnv []string
	badFile *plan.EnvFile // the one that errno is about
	login   login

	// spaces are the namespaces that the feature Namespaces has for it.
	spaces [numSpaces]*space

	next *spawnRequest
}

// login is a user that was looked up.
type login struct {
	uid, gid uint32
	groups   []uint32
	home     string
	env      []string // $USER and its kin
	step     plan.Step
	errno    syscall.Errno // with step: who was looked up is not there
}

// spawner executes programs for the loop. Its methods never wait for a file
// system or for a child, and are called from one locked thread only.
//
// The loop watches fd; when it is readable, poll collects what has finished.
// After submit and poll, next is to be called until it returns nil.
type spawner struct {
	fd      int32 // an epoll of its own
	plan    *plan.Plan
	environ []string // the init's own, for PassEnvironment=
	// ignored are the signals that the init was started with ignored, by
	// nohup(1) for example: CLONE_CLEAR_SIGHAND leaves those as they are.
	ignored []uint8

	// first adds what stands before the plan's calls, as far as there is any.
	first func(*builder)
	// The hooks of the features, nil when nothing needs them. The first two
	// run beside the loop, because they read files.
	envFiles func(*spawnRequest) syscall.Errno
	users    func(*spawnRequest)
	// credentials makes those of a unit, also beside the loop.
	credentials func(*spawnRequest)
	// trees takes over directories that are there already, beside the loop; with
	// do false it only says whether there are any.
	trees func(r *spawnRequest, do bool) bool
	// expand replaces variables in the words of a command.
	expand func(argv []string, env *environment) []string
	// expandEnv replaces what only the boot knows in Exec.Env, where
	// Exec.EnvMarks says that there is any.
	expandEnv func(string) string

	// private is the string that a SlotPrivate argument points to.
	private func(unit plan.UnitID, text string) string

	// claim finds the namespaces that a request shares, and says whether spaces,
	// which runs beside the loop, is to make any; letGo closes what lies above a
	// descriptor and below the last of theirs, which it returns.
	letGo  func(b *builder, low uint64) uint64
	claim  func(*spawnRequest) bool
	spaces func(*spawnRequest)

	// seize makes a terminal the one of the child's session: call number open
	// opens it, and puts its descriptor at cell.
	seize func(b *builder, s *plan.Stream, open, cell uint64)

	// makers make the calls that depend on what only the boot knows: the kernel,
	// the init's capabilities, the namespaces. Each says whether it has made this
	// one.
	makers []func(b *builder, c *plan.Call) bool
	// mayMake is how many calls more than the plan's they make at most.
	mayMake uint64

	cloner   cloner
	env      environment
	prepared preparedList
	idle     []*slot
	slots    []*slot
	ready    requestList // to be run when there is a slot
	unread   requestList // to be read for when there is a reader
	reading  int         // goroutines that read
	readers  int         // how many there may be
	held     int         // requests that are unread or being read for
	stuck    int         // of these, those that have been so for too long
	crowded  bool        // the loop waits for a place
	watching bool        // the timer is armed
	moved    bool        // something was finished since
	done     requestList
	busy     int
	allowed  int   // how many slots may be busy
	timer    int32 // fires when slots are held too long; -1: not yet needed
	noCgroup bool  // CLONE_INTO_CGROUP does not work here
	dumpable bool  // the init was dumpable
	tainted  int   // children in our memory that change their credentials
	silent   *slot // the child without a pipe, see spawn_silent.go
	nextNap  int   // milliseconds
	events   [maxChildren]syscall.EpollEvent
}

// maxChildren is how many children are between clone and execve at a time.
// More do not make a boot any faster; children that hang in execve do not
// count for ever, see [spawner.relax].
const maxChildren = 16

// slot is the place of one child until it has executed its program.
type slot struct {
	arena arena
	req   *spawnRequest
	pipe  int32 // ends when the child has let go of its end
	index int32
	taint bool
}

type requestList struct{ first, last *spawnRequest }

//go:noinline
func (l *requestList) push(r *spawnRequest) {
	r.next = nil
	if l.last == nil {
		l.first = r
	} else {
		l.last.next = r
	}
	l.last = r
}

func (l *requestList) pop() *spawnRequest {
	r := l.first
	if r != nil {
		if l.first = r.next; l.first == nil {
			l.last = nil
		}
		r.next = nil
	}
	return r
}

// newSpawner makes a spawner for a plan; environ is the init's own environment.
func newSpawner(p *plan.Plan, environ []string) (*spawner, syscall.Errno) {
	fd, errno := epollCreate(p.LowFDs)
	if errno != 0 {
		return nil, errno
	}
	dumpable, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	return &spawner{
		fd: fd, plan: p, environ: environ,
		allowed: maxChildren, readers: maxChildren, timer: -1, dumpable: dumpable == 1,
		ignored: ignoredSignals(), nextNap: firstNap,
	}, 0
}

// submit takes a request over. It is answered at once, in next, when it could
// not be started.
func (s *spawner) submit(r *spawnRequest) {
	r.pid, r.pidfd, r.step, r.errno, r.path = 0, -1, 0, 0, ""
	r.fileEnv, r.badFile, r.login = r.fileEnv[:0], nil, login{groups: r.login.groups[:0], env: r.login.env[:0]}
	if s.needsFiles(r) {
		s.prepare(r)
		return
	}
	s.enqueue(r)
}

func (s *spawner) enqueue(r *spawnRequest) {
	if s.ready.first != nil || s.busy >= s.allowed {
		s.ready.push(r)
		s.watchStuck()
		return
	}
	s.launch(r)
}

// next returns a request that is finished, or nil.
func (s *spawner) next() *spawnRequest { return s.done.pop() }

// poll collects the children that have executed their programs, or failed, and
// starts what waited for that.
func (s *spawner) poll() {
	s.pollSilent()
	n := epollPoll(s.fd, s.events[:])
	for i := range s.events[:n] {
		switch id := s.events[i].Fd; id {
		case eventPrepared:
			s.collectPrepared()
		case eventTimer:
			s.relax()
		default:
			s.finish(s.slots[id])
		}
	}
	for s.ready.first != nil && s.busy < s.allowed {
		s.launch(s.ready.pop())
	}
}

// The data of events that are not a slot's index.
const (
	eventPrepared = -1
	eventTimer    = -2
)

// launch makes the child of a request.
func (s *spawner) launch(r *spawnRequest) {
	if r.state == startCalledOff {
		s.refuse(r, syscall.ECANCELED)
		return
	}
	sl, errno := s.takeSlot()
	if errno != 0 {
		s.refuse(r, errno)
		return
	}
	write := noFD
	if !s.mayBeSilent(r) {
		if write, errno = s.openPipe(sl, 3+int32(len(r.fds))); errno != 0 {
			s.giveSlot(sl)
			s.refuse(r, errno)
			return
		}
	}
	r.setBlocking()
	errno = s.start(sl, r, write)
	dropFD(write) // the child has the only one now
	if errno != 0 {
		s.closePipe(sl)
		s.giveSlot(sl)
		if errno == retryClone {
			r.soonHeard = false // it has to have a pipe
			s.launch(r)
			return
		}
		s.refuse(r, errno)
		return
	}
	s.busy++
	sl.req = r
	if write == noFD {
		s.silent = sl
	}
	if sl.taint {
		s.tainted++
	}
}

// start writes the table and makes the child, and does both again when a way
// to make it turns out to be missing.
func (s *spawner) start(sl *slot, r *spawnRequest, pipe int32) syscall.Errno {
	into := r.cgroup
	if r.walksIn || s.noCgroup || s.cloner.noClone3 {
		into = -1
	}
	for {
		b := builder{spawner: s, req: r, arena: &sl.arena, pipe: pipe, enterCgroup: r.cgroup >= 0 && into < 0}
		errno := b.build()
		if errno != 0 {
			return errno
		}
		if pipe == noFD && (b.ownMemory || b.credentials) {
			return retryClone
		}
		r.pid, errno = s.cloner.clone(&sl.arena, into, b.ownMemory, b.spaces)
		switch {
		case errno == 0:
			sl.taint = b.credentials && !b.ownMemory
			return 0
		case into >= 0 && !isShortage(errno):
			// The table enters the cgroup instead, and reports what fails.
			s.noCgroup = s.noCgroup || errno != syscall.EACCES && errno != syscall.EBUSY
			into = -1
		case errno != retryClone || pipe == noFD:
			return errno
		}
	}
}

func (s *spawner) refuse(r *spawnRequest, errno syscall.Errno) {
	r.pid, r.errno = 0, errno
	s.done.push(r)
}

// finish answers the request of a child that has let go of its pipe: it has
// executed its program, or ended.
func (s *spawner) finish(sl *slot) {
	r, a := sl.req, sl.arena.answer()
	if r == nil {
		return
	}
	s.closePipe(sl)
	r.step, r.errno = plan.Step(a.step), syscall.Errno(a.errno)
	if r.step != 0 {
		r.call = a.index >> markShift
		r.path = r.pathOf(&sl.arena, a.index&(1<<markShift-1))
	}
	if r.step == plan.StepExec && r.cmd.Flags&plan.SearchPath != 0 {
		r.errno = searchError(&sl.arena, r.errno)
	}
	s.done.push(r)
	sl.req = nil
	s.busy--
	s.moved = true
	if s.busy < maxChildren {
		s.allowed = maxChildren
	}
	if sl.taint {
		s.tainted--
		s.mend()
	}
	s.giveSlot(sl)
}

// unitOf is the unit of a child that has not executed its program yet.
func (s *spawner) unitOf(pid int32) (plan.UnitID, bool) {
	for _, sl := range s.slots {
		if sl.req != nil && sl.req.pid == pid {
			return sl.req.unit, true
		}
	}
	return plan.NoUnit, false
}

// starting tells if a unit has such a child.
func (s *spawner) starting(unit plan.UnitID) bool {
	for _, sl := range s.slots {
		if sl.req != nil && sl.req.unit == unit && sl.req.state == startWanted {
			return true
		}
	}
	return false
}

// mend makes the init dumpable again after a child has changed its user.
//
// The kernel keeps that flag with the memory, and clears it when a process
// that uses the memory changes its credentials. Without it, the init's files
// in /proc belong to root, which an init without root could no longer write
// to. It has to wait for the last such child: until its execve, the flag keeps
// others of its user from tracing it, and with it the init's memory.
func (s *spawner) mend() {
	if s.tainted == 0 && s.dumpable {
		syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 1, 0)
	}
}

func (s *spawner) takeSlot() (*slot, syscall.Errno) {
	if n := len(s.idle); n > 0 {
		sl := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return sl, 0
	}
	a, errno := newArena(arenaSize)
	if errno != 0 {
		return nil, errno
	}
	sl := &slot{arena: a, index: int32(len(s.slots)), pipe: -1}
	s.slots = append(s.slots, sl)
	return sl, 0
}

func (s *spawner) giveSlot(sl *slot) { s.idle = append(s.idle, sl) }

// openPipe opens the pipe of a slot, and returns the end that the child holds:
// at low or above, as what is below becomes the program's. More than LowFDs are
// there when descriptors were stored.
func (s *spawner) openPipe(sl *slot, low int32) (int32, syscall.Errno) {
	read, write, errno := pipeAbove(max(s.plan.LowFDs, low))
	if errno != 0 {
		return -1, errno
	}
	if write < low {
		closeFD(read)
		closeFD(write)
		return -1, syscall.EMFILE
	}
	sl.pipe = read
	if errno = s.watch(read, sl.index); errno != 0 {
		closeFD(read)
		closeFD(write)
		return -1, errno
	}
	return write, 0
}

// closePipe also takes the pipe out of the epoll: closing alone does not,
// while another child still holds a copy of it.
func (s *spawner) closePipe(sl *slot) {
	if sl.pipe < 0 {
		return
	}
	s.unwatch(sl.pipe)
	closeFD(sl.pipe)
	sl.pipe = -1
}

// hasPlace tells if one more start than the flying may be handed over.
func (s *spawner) hasPlace(flying int) bool {
	s.crowded = flying-s.stuck > s.allowed
	if s.crowded {
		s.watchStuck()
	}
	return !s.crowded
}

// watchStuck arms the timer that ends the wait for a slot.
func (s *spawner) watchStuck() {
	if s.watching {
		return
	}
	s.moved = false
	if s.timer < 0 {
		fd, _, errno := syscall.RawSyscall(sysTimerfdCreate, clockMonotonic, oCloexec|syscall.O_NONBLOCK, 0)
		if errno != 0 {
			return
		}
		s.timer = raise(int32(fd), s.plan.LowFDs)
		s.watch(s.timer, eventTimer)
	}
	s.watching = true
	setTimer(s.timer, stuckAfter)
}

// stuckAfter is how long all slots may be held before more are made.
const stuckAfter = 200 * plan.Millisecond

// relax allows for more children, and readers, when those that there are hang,
// as on a dead network file system. Each reader is a thread, for want of which
// Go would end the process.
func (s *spawner) relax() {
	var count [8]byte
	syscall.RawSyscall(syscall.SYS_READ, uintptr(s.timer), uintptr(unsafe.Pointer(&count)), 8)
	s.watching = false
	if s.ready.first == nil && s.unread.first == nil && !s.crowded {
		return
	}
	if !s.moved {
		s.allowed, s.stuck = s.busy+maxChildren, s.held
		if s.unread.first != nil && s.room(maxChildren) == 0 {
			s.readers = s.reading + maxChildren
			s.readMore()
		}
	}
	s.watchStuck()
}

// setBlocking does what NonBlocking= asks for, also when that is no: the flag
// belongs to the open file, which the init and an earlier program have too.
func (r *spawnRequest) setBlocking() {
	want := uintptr(0)
	if r.nonBlocking {
		want = syscall.O_NONBLOCK
	}
	for _, fd := range r.fds[:len(r.fds)-r.stored] {
		flags, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		if errno == 0 && flags&syscall.O_NONBLOCK != want {
			syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFL, flags&^syscall.O_NONBLOCK|want)
		}
	}
}
