package runtime

import (
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Namespaces is the feature of units whose commands share namespaces. The init
// makes them when the first command is started, beside the loop, because the
// kernel may take its time, and holds them by descriptors, which the children
// enter by setns(2), until the unit has stopped (systemd.exec(5),
// "PrivateNetwork=", "PrivateIPC=", "PrivateUsers="). Units that JoinsNamespaceOf=
// joins share them, but for those of users, which are one user's.
//
// An init without CAP_SYS_ADMIN may make namespaces of users alone, and others in
// those: they are made together, by the helper (namespace_users.go).
func Namespaces(i *Init) {
	n := &namespaces{plan: i.plan, held: make([][numSpaces]*space, len(i.plan.Units))}
	i.spaceFDs = make([][numSpaces]int32, len(i.plan.Units))
	n.fds = i.spaceFDs
	i.started = append(i.started, func(i *Init) {
		n.bounded = !mayAdminister()
		n.takeOver()
		s := i.spawner
		s.claim, s.spaces, s.letGo = n.claim, n.make, n.letGo
		s.makers = append(s.makers, n.join)
	})
	i.closing = append(i.closing, n.leave)
}

// The kinds of namespaces that a unit's commands share; the values are the
// arguments of SlotSpace.
const (
	spaceNetwork = iota
	spaceIPC
	spaceUsers
	numSpaces
)

// spaceFlags are what unshare(2) and clone(2) call them.
var spaceFlags = [numSpaces]uintptr{syscall.CLONE_NEWNET, syscall.CLONE_NEWIPC, syscall.CLONE_NEWUSER}

type namespaces struct {
	plan *plan.Plan
	// bounded: the init lacks CAP_SYS_ADMIN.
	bounded bool
	// held are those of each unit; units that share one have the same.
	held [][numSpaces]*space
	// fds are their descriptors, for a program after this one; 0 is none.
	fds [][numSpaces]int32
}

// takeOver makes what the program before this one had.
func (n *namespaces) takeOver() {
	known := map[int32]*space{}
	for id := range n.fds {
		for kind, fd := range n.fds[id] {
			if fd == 0 {
				continue
			}
			if known[fd] == nil {
				known[fd] = &space{fd: fd, beside: noFD}
				known[fd].tried.Store(true)
			}
			n.held[id][kind] = known[fd]
		}
	}
}

// space is one namespace. The loop makes it, a start beside the loop fills it
// in; starts of units that share it wait for each other.
//
// The loop has a table of descriptors of its own (see apart), so it opens what
// the other threads have open once more, by its path in /proc.
type space struct {
	mu     sync.Mutex
	tried  atomic.Bool
	errno  syscall.Errno
	beside int32 // the descriptor of the other threads; noFD: the unit does without
	fd     int32 // the loop's own, or noFD
}

// try fills the space in, once.
func (s *space) try(make func() (int32, syscall.Errno)) {
	s.mu.Lock()
	if !s.tried.Load() {
		s.beside, s.errno = make()
		s.tried.Store(true)
	}
	s.mu.Unlock()
}

// take makes the descriptor the loop's, which calls it, and at least low.
func (s *space) take(low int32) int32 {
	if s.fd == noFD && s.beside != noFD {
		if fd, e := openOther(s.beside); e == 0 {
			s.fd = fd
		} else {
			s.errno = e
		}
		go closeFD(s.beside)
		s.beside = noFD
	}
	if s.fd != noFD {
		s.fd = raise(s.fd, low)
	}
	return s.fd
}

// openOther opens once more, for the loop, what the other threads have as n.
// Any of them may end at any time, but not all.
func openOther(n int32) (int32, errno) {
	const tasks = "/proc/self/task"
	dir, e := open(tasks, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if e != 0 {
		return noFD, e
	}
	defer closeFD(dir)
	own := itoa(int64(syscall.Getpid())) // the loop's thread
	var buf [1024]byte
	e = syscall.ENOENT
	for {
		have, err := getdents(dir, buf[:])
		if err != 0 || have <= 0 {
			return noFD, e
		}
		for b := buf[:have]; len(b) > 0; {
			var name string
			name, _, b = nextEntry(b)
			if name[0] == '.' || name == own {
				continue
			}
			var fd int32
			if fd, e = open(tasks+"/"+name+"/fd/"+itoa(int64(n)), syscall.O_RDONLY, 0); e == 0 {
				return fd, 0
			}
		}
	}
}

// claim finds the namespaces of a request, and says whether one of them is
// still to be made. It runs in the loop. What others have made in users of their
// own, nobody can join from his.
func (n *namespaces) claim(r *spawnRequest) (missing bool) {
	for kind := range r.spaces {
		r.spaces[kind] = nil
		if r.exec.Shares&(1<<kind) == 0 {
			continue
		}
		s := n.held[r.unit][kind]
		if s == nil && kind != spaceUsers && !(n.bounded && r.exec.Shares&plan.ShareUsers != 0) {
			s = n.joined(r.unit, kind)
		}
		if s == nil {
			s = &space{fd: noFD, beside: noFD}
		}
		n.held[r.unit][kind], r.spaces[kind] = s, s
		missing = missing || !s.tried.Load()
	}
	return missing
}

// joined is what a unit that this one joins has already.
func (n *namespaces) joined(id plan.UnitID, kind int) *space {
	for _, d := range n.plan.Units[id].Deps {
		if s := n.held[d.Unit][kind]; s != nil && d.Rel&plan.JoinsNamespaceOf != 0 {
			return s
		}
	}
	return nil
}

// make makes what a request needs and is not there. It runs beside the loop.
func (n *namespaces) make(r *spawnRequest) {
	var h *helper
	if users := r.spaces[spaceUsers]; users != nil {
		users.try(func() (fd int32, errno syscall.Errno) {
			h, fd, errno = makeUsers(r, n.inUsers(r))
			return fd, errno
		})
		defer h.end()
	}
	for kind, s := range r.spaces[:spaceUsers] {
		if s != nil && !n.waitsForUsers(r, kind) {
			s.try(func() (int32, syscall.Errno) { return n.makeOne(kind, r, h) })
		}
	}
}

// waitsForUsers says whether a namespace is left to a command in the unit's
// users, because this one, with the prefix "+", is in those of the init, which
// may make none.
func (n *namespaces) waitsForUsers(r *spawnRequest, kind int) bool {
	own := contextOf(&n.plan.Units[r.unit])
	return n.bounded && r.spaces[spaceUsers] == nil && own.Shares&plan.ShareUsers != 0 && spacePath(r, kind) == ""
}

// inUsers are the namespaces to make in those of users, as flags of clone(2).
func (n *namespaces) inUsers(r *spawnRequest) (flags uint64) {
	for kind, s := range r.spaces[:spaceUsers] {
		if n.bounded && s != nil && spacePath(r, kind) == "" {
			flags |= uint64(spaceFlags[kind])
		}
	}
	return flags
}

// makeOne makes a namespace, or takes what a helper has of it. Where that is not
// permitted, or there are no such namespaces, a unit does without a network and
// an IPC of its own, as it does under systemd, but not without its users.
func (n *namespaces) makeOne(kind int, r *spawnRequest, h *helper) (int32, syscall.Errno) {
	if path := spacePath(r, kind); path != "" {
		return openBeside(path)
	}
	if n.bounded && h != nil {
		return h.open(spaceNames[kind])
	}
	made := make(chan struct{})
	var fd int32
	var errno syscall.Errno
	go func() { // its thread may end with it
		fd, errno = makeSpace(kind)
		close(made)
	}()
	switch <-made; errno {
	case syscall.EPERM, syscall.EACCES, syscall.ENOSYS, syscall.EINVAL, syscall.EOPNOTSUPP:
		return noFD, 0
	}
	return fd, errno
}

// spacePath is the namespace that a request's call names, or "".
func spacePath(r *spawnRequest, kind int) string {
	for n := range r.exec.Calls {
		if c := &r.exec.Calls[n]; c.Slot[0] == plan.SlotSpace && c.Arg[0] == uint64(kind) {
			return strings.TrimSuffix(c.Data, "\x00")
		}
	}
	return ""
}

// spaceNames are their names in a folder of proc(5).
var spaceNames = [numSpaces]string{"ns/net", "ns/ipc", "ns/user"}

// makeSpace enters a new namespace, opens it, and goes back. In a user namespace
// it may not, when the old one is not of that: then the thread is not used for
// anything else.
func makeSpace(kind int) (int32, syscall.Errno) {
	goruntime.LockOSThread()
	own := "/proc/thread-self/" + spaceNames[kind]
	old, errno := openBeside(own)
	if errno != 0 {
		return noFD, errno
	}
	defer closeFD(old)
	if _, _, errno = syscall.Syscall(syscall.SYS_UNSHARE, spaceFlags[kind], 0, 0); errno != 0 {
		goruntime.UnlockOSThread()
		return noFD, errno
	}
	fd, errno := openBeside(own)
	if kind == spaceNetwork {
		raiseLoopback()
	}
	if _, _, e := syscall.Syscall(uintptr(sysno[plan.SysSetns]), uintptr(old), spaceFlags[kind], 0); e == 0 {
		goruntime.UnlockOSThread() // else the thread ends with the goroutine
	}
	return fd, errno
}

// loopbackUp is the kernel's struct ifreq for siocSIFFLAGS.
var loopbackUp = struct {
	name  [16]byte
	flags uint16
	_     [22]byte
}{[16]byte{'l', 'o'}, iffUp, [22]byte{}}

const siocSIFFLAGS, iffUp = 0x8914, 1

// raiseLoopback brings the loopback device of the thread's network up; systemd
// does not look whether it can either.
func raiseLoopback() {
	fd, _, errno := syscall.Syscall(syscall.SYS_SOCKET, syscall.AF_INET, syscall.SOCK_DGRAM|oCloexec, 0)
	if errno != 0 {
		return
	}
	syscall.Syscall(syscall.SYS_IOCTL, fd, siocSIFFLAGS, uintptr(unsafe.Pointer(&loopbackUp)))
	closeFD(int32(fd))
}

// openBeside opens a file for reading; unlike open it may be called beside the
// loop.
func openBeside(path string) (int32, syscall.Errno) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|oCloexec, 0)
	if err != nil {
		errno, _ := err.(syscall.Errno)
		return noFD, errno
	}
	return int32(fd), 0
}

// letGo closes what a child does not need of the descriptors above low and
// below those of its namespaces, of which it returns the last.
func (n *namespaces) letGo(b *builder, low uint64) uint64 {
	var fds [numSpaces]uint64
	count := 0
	for kind, s := range b.req.spaces {
		if s == nil {
			continue
		}
		if fd := s.take(int32(low) + 1); fd > int32(low) {
			if n.fds[b.req.unit][kind] != fd {
				n.note(s, kind, fd)
			}
			at := count
			for ; at > 0 && fds[at-1] > uint64(fd); at-- {
				fds[at] = fds[at-1]
			}
			fds[at] = uint64(fd)
			count++
		}
	}
	for _, fd := range fds[:count] {
		if fd > low+1 {
			b.call(sysCloseRange, plan.StepFDs, low+1, fd-1).tolerate = tolerateAll
		}
		low = fd
	}
	return low
}

// join makes the call by which a child enters a namespace, and leaves it out
// when there is none.
func (n *namespaces) join(b *builder, c *plan.Call) bool {
	if c.Slot[0] != plan.SlotSpace {
		return false
	}
	kind := c.Arg[0]
	switch s := b.req.spaces[kind]; {
	case s == nil, kind == spaceUsers && n.bounded != (c.Arg[5] == plan.UsersFirst):
	case s.errno != 0:
		b.call(pseudoFail, c.Step, uint64(s.errno))
	case s.fd != noFD:
		b.note(c)
		b.call(uintptr(sysno[c.Sys]), c.Step, uint64(s.fd), uint64(spaceFlags[kind])).tolerate = tolerated(c.Tolerate)
		if kind == spaceNetwork && n.bounded {
			b.raiseLoopback(c.Step)
		}
	}
	return true
}

// raiseLoopback is for a network that its helper has left as it was.
func (b *builder) raiseLoopback(step plan.Step) {
	b.call(syscall.SYS_SOCKET, step, syscall.AF_INET, syscall.SOCK_DGRAM).save = b.keptAddr()
	b.useKept(step, 0, 1)
	words := *(*[5]uint64)(unsafe.Pointer(&loopbackUp))
	b.call(syscall.SYS_IOCTL, step, 0, siocSIFFLAGS, b.put(words[:]...)).tolerate = tolerateAll
	b.useKept(step, 0, 1)
	b.call(syscall.SYS_CLOSE, step).tolerate = tolerateAll
}

// note notes the descriptor of a space for those that hold it.
func (n *namespaces) note(s *space, kind int, fd int32) {
	for id := range n.held {
		if n.held[id][kind] == s {
			n.fds[id][kind] = fd
		}
	}
}

// leave lets go of what a unit that has stopped had.
func (n *namespaces) leave(_ *Init, a *machine.Action) {
	for kind, s := range n.held[a.Unit] {
		n.held[a.Unit][kind], n.fds[a.Unit][kind] = nil, 0
		if s != nil && !n.isHeld(s, kind) {
			dropFD(s.take(0))
		}
	}
}

// isHeld says whether a unit holds a space.
func (n *namespaces) isHeld(s *space, kind int) bool {
	for id := range n.held {
		if n.held[id][kind] == s {
			return true
		}
	}
	return false
}
