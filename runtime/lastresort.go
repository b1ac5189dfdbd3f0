package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// lastResort is the init without its machine, when that cannot be trusted: it
// starts and restarts nothing. It reaps, passes on what the services write, and
// on a signal that stops the image it ends all processes, and itself. It
// allocates nothing and reads no table that others write, so that it has no
// reason to fail.
func lastResort(i *Init) {
	r := resort{init: i, log: i.log.fd, epoll: noFD}
	r.say("init: BUG: the units are given up: services run on, none is started; SIGTERM ends all\n")
	takeSignalsBack()
	r.listen()
	for {
		left := r.reap()
		r.hear(takeSignals())
		if r.sig != 0 && (!left || nanotime() > r.deadline) {
			r.press(left)
		}
		r.wait()
	}
}

// resort is what lastResort knows.
type resort struct {
	init       *Init
	log, epoll int32
	sig        uint8 // by which the end was asked for, 0 not yet
	round      int   // of SIGKILL
	deadline   int64
	events     [16]syscall.EpollEvent
	chunk      [4096]byte
}

// resortTime is what processes have to end by themselves.
const resortTime = int64(10 * plan.Second)

func (r *resort) say(s string) { _, _ = write(r.log, bytesOf(s)) }

// listen watches the bell of the signals, and what services write to. Sockets
// on which nobody will answer are closed, so that nobody waits; those that
// services listen on stay.
func (r *resort) listen() {
	if fd, e := newEpoll(); e == 0 {
		r.epoll = fd
	}
	epollCtl(r.epoll, syscall.EPOLL_CTL_ADD, r.init.wake, epollIn|epollET, watchWake, 0)
	const most = 1 << 16
	for fd := int32(3); fd < most; fd++ {
		var st syscall.Stat_t
		flags, e := fcntl(fd, syscall.F_GETFL, 0)
		if e != 0 || fstat(fd, &st) != 0 {
			continue
		}
		switch {
		case st.Mode&syscall.S_IFMT == syscall.S_IFSOCK && !r.serves(fd):
			closeFD(fd)
		case st.Mode&syscall.S_IFMT == syscall.S_IFIFO && flags&syscall.O_ACCMODE == syscall.O_RDONLY:
			_, _ = fcntl(fd, syscall.F_SETFL, flags|syscall.O_NONBLOCK)
			epollCtl(r.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchPipe, fd)
		}
	}
}

// serves tells the sockets that services may listen on: all that listen but the
// control socket.
func (r *resort) serves(fd int32) bool {
	listens, size := int32(0), uint32(4)
	p, n := unsafe.Pointer(&listens), uintptr(unsafe.Pointer(&size))
	syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN, uintptr(p), n, 0)
	size = uint32(len(r.chunk))
	clear(r.chunk[:128])
	syscall.RawSyscall(syscall.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&r.chunk)), n)
	// A path begins at 2, an abstract name at 3.
	name := r.chunk[2:128]
	return listens != 0 && string(name[:len(controlPath)]) != controlPath && string(name[1:len(ownPrefix)]) != ownPrefix[1:]
}

// reap takes what has ended; false when no child is left.
func (r *resort) reap() bool {
	var info siginfo
	for {
		switch e := waitAny(&info); {
		case e == syscall.EINTR:
		case e != 0:
			return false
		case info.pid == 0:
			return true
		}
	}
}

// hear begins the end when a signal asks for it.
func (r *resort) hear(set uint64) {
	for _, sig := range handled {
		if !has(set, sig) || r.sig != 0 || r.init.actionOf(sig) == plan.ActionNone {
			continue
		}
		r.sig = sig
		r.say("init: ends all processes\n")
		r.signal(uint8(syscall.SIGTERM))
		r.signal(uint8(syscall.SIGCONT))
		r.deadline = nanotime() + resortTime
	}
}

// signal goes to all processes; an init that is not the first has only its own
// descendants to signal, and must look for them.
func (r *resort) signal(sig uint8) {
	if r.init.pid == 1 {
		kill(-1, sig)
		return
	}
	defer func() { _ = recover() }()
	r.init.signalAll(sig)
}

// press goes on with the end: with SIGKILL, and without those that are left.
func (r *resort) press(left bool) {
	if r.round++; left && r.round <= lastRounds {
		r.signal(uint8(syscall.SIGKILL))
		r.deadline = nanotime() + int64(plan.Second)
		return
	}
	r.lastWords()
	if r.init.real {
		syscall.RawSyscall(syscall.SYS_SYNC, 0, 0, 0)
		reboot(rebootCommand(r.init.actionOf(r.sig)))
	}
	exitNow(1)
}

// wait sleeps until there is something to do.
func (r *resort) wait() {
	ms := -1
	if r.sig != 0 {
		ms = int(max(r.deadline-nanotime(), 0)/1e6) + 1
	}
	r.poll(ms)
}

// poll waits that many milliseconds for news, and passes on what is written. It
// answers false when there is none.
func (r *resort) poll(ms int) bool {
	n, _, e := syscall.Syscall6(syscall.SYS_EPOLL_PWAIT, uintptr(r.epoll), uintptr(unsafe.Pointer(&r.events)), uintptr(len(r.events)), uintptr(ms), 0, 0)
	switch {
	case e == syscall.EINTR:
		return true
	case e != 0:
		pause(100)
		return false
	}
	for k := range r.events[:n] {
		if ev := &r.events[k]; watchKind(ev.Pad) == watchPipe {
			r.pass(ev.Fd)
		}
	}
	return n > 0
}

// lastWords passes on what is left in the pipes: bounded, for somebody else may
// hold one and write on.
func (r *resort) lastWords() {
	for range 1000 {
		if !r.poll(0) {
			return
		}
	}
}

// pass writes what a service has written; what has no room is lost.
func (r *resort) pass(fd int32) {
	n, e := read(fd, r.chunk[:])
	switch {
	case e == syscall.EAGAIN || e == syscall.EINTR:
	case e != 0 || n == 0:
		epollCtl(r.epoll, syscall.EPOLL_CTL_DEL, fd, 0, 0, 0)
		closeFD(fd)
	default:
		_, _ = write(r.log, r.chunk[:n])
	}
}
