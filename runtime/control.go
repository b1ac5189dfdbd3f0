package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Control is the feature of the control socket, and of the client that talks to
// it when the same file is called as systemctl: see control.md.
//
// The loop serves it like anything else: it reads what is there, answers what
// is whole, and writes what the peer takes. Nothing waits for a client, and no
// client makes the init grow: each has one line to read, one buffer to write,
// and what is longer is made piece by piece while the peer reads.
func Control(i *Init) {
	if i.asClient != nil {
		exitNow(runClient(i.plan, i.asClient))
	}
	i.parts = append(i.parts, machine.Requests)
	i.on[watchControl] = (*Init).controlReady
	i.do[machine.ActReply] = (*Init).replied
	i.started = append(i.started, (*Init).openControl)
}

const (
	// maxSessions is how many clients can be connected, of which those that
	// may only look have maxLookers at most.
	maxSessions = 64
	maxLookers  = 48
	// backlog is how many more can stand in the kernel's queue.
	backlog = 256
	// maxLine bounds a request.
	maxLine = 64 << 10
	// enoughOut is how much waits to be read by a client before it is asked
	// nothing more.
	enoughOut = 16 << 10
	// maxWaits is how many replies a client can be owed.
	maxWaits = 64
	// linesPerTurn is what one client can ask for before others have a turn.
	linesPerTurn = 8
)

// controlPath is where PID 1 listens.
const controlPath = "/run/rustysd/control.sock"

// control is what the feature keeps.
type control struct {
	fd int32
	// spare is given up for a moment when there is no other descriptor for a
	// client, who is then sent away: a listening socket with somebody in the
	// queue would wake the loop for ever.
	spare    int32
	sessions []*session // a slot that is free has no descriptor
	waits    []wait
	requests uint32
	// answering is the session whose line is being answered, plus one; else 0.
	answering int32
	born      int32  // sessions that there were
	name      []byte // of the unit that is asked for
	pids      []int32
}

// wait is a reply that the machine owes.
type wait struct {
	request uint32
	slot    int32
	unit    plan.UnitID
	msg     machine.Msg // the answer, when it cannot be said yet
	verb    uint8       // index into methods
	idSize  uint8
	silent  bool // it was a notification
	id      [maxID]byte
}

// maxID bounds the id of a request.
const maxID = 64

// session is one client.
type session struct {
	fd int32
	sessionFacts
	in, out []byte
}

// sessionFacts are what can be handed on as it is.
type sessionFacts struct {
	id        int32
	mayChange bool
	skipping  bool // what comes up to the next newline
	ended     bool // the peer will ask for nothing more
	watched   uint32
	waits     int
	used      int64 // when it was heard last
	sent      int   // of out
	listing   listing
}

// openControl listens. Only PID 1 takes the path that clients look at first.
func (i *Init) openControl() {
	if i.control != nil {
		return // handed on
	}
	fd, e := socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if e == 0 {
		if e = i.bindControl(fd); e == 0 {
			e = listen(fd, backlog)
		}
		if e != 0 {
			closeFD(fd)
		}
	}
	if e != 0 {
		i.say("", "no control socket: ", e.Error())
		return
	}
	i.control = &control{fd: fd, spare: i.moreNull()}
	for epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchControl, listener) != 0 {
		pause(100)
	}
}

func (i *Init) bindControl(fd int32) errno {
	path := ownControl(i.pid)
	if i.pid == 1 {
		mkdir("/run/rustysd", 0o755)
		unlink(controlPath)
		e := bind(fd, unixAddress(controlPath))
		if e == 0 {
			return chmod(controlPath, 0o666) // who may do what is asked of the kernel
		}
		i.say("", "no control socket at ", controlPath, ": ", e.Error())
	}
	e := bind(fd, unixAddress(path))
	if e == syscall.EADDRINUSE && path[0] != '@' && !listens(path) {
		unlink(path)
		e = bind(fd, unixAddress(path))
	}
	if path[0] != '@' && e == 0 {
		e = chmod(path, 0o666)
	}
	return e
}

// listens tells whether somebody takes connections at a path.
func listens(path string) bool {
	fd, e := socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if e != 0 {
		return true
	}
	e = connect(fd, unixAddress(path))
	closeFD(fd)
	return e == 0 || e == syscall.EAGAIN
}

// ownControl is where an init listens that is not PID 1, or that cannot write
// to /run: $RUSTYSD_CONTROL, or an abstract name.
func ownControl(pid int32) string {
	if path, ok := syscall.Getenv(controlEnv); ok && path != "" {
		return path
	}
	return ownPrefix + itoa(int64(pid))
}

// ownPrefix begins the abstract name.
const ownPrefix = "@rustysd/control/"

// controlEnv names the socket to the init, and to its client.
const controlEnv = "RUSTYSD_CONTROL"

// listener is the id of the socket that listens.
const listener = -1

// controlReady hears of the socket that listens, or of a session: its slot,
// and which of those that had the slot. News may be of one that has gone.
func (i *Init) controlReady(id int32, events uint32) {
	if id == listener {
		for range 16 {
			if !i.acceptControl() {
				return
			}
		}
		return
	}
	slot := id % maxSessions
	if s := i.control.sessions[slot]; s.fd >= 0 && s.id == id {
		i.serve(slot, events)
	}
}

// acceptControl takes one client; false when there is none.
func (i *Init) acceptControl() bool {
	c := i.control
	fd, e := accept(c.fd)
	switch e {
	case 0:
	case syscall.EINTR, syscall.ECONNABORTED:
		return true
	case syscall.EMFILE:
		return i.sendAway()
	case syscall.EAGAIN:
		return false
	default: // no memory: the client stays in the queue
		pause(10)
		return false
	}
	uid := peerUID(fd)
	own, _, _ := syscall.RawSyscall(syscall.SYS_GETEUID, 0, 0, 0)
	slot := c.slotFor(uid == 0 || uid == int64(own))
	if slot < 0 {
		closeFD(fd)
		return true
	}
	if c.sessions[slot].fd >= 0 {
		i.hangUp(slot)
	}
	s := c.sessions[slot]
	c.born = (c.born + 1) & 0xFFFFFF
	s.id = c.born*maxSessions + slot
	s.fd, s.mayChange, s.used, s.watched = fd, uid == 0 || uid == int64(own), nanotime(), epollIn
	if epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchControl, s.id) != 0 {
		i.hangUp(slot)
	}
	return true
}

// sendAway takes a client off the queue although no descriptor is free.
func (i *Init) sendAway() bool {
	c := i.control
	if c.spare < 0 {
		pause(10)
		return false
	}
	closeFD(c.spare)
	fd, e := accept(c.fd)
	if e == 0 {
		closeFD(fd)
	}
	c.spare = i.moreNull()
	return e == 0
}

// slotFor finds a place for a client, which may be that of another: of the one
// that was silent longest, first among those that may only look, and never one
// who waits for a job. -1 when there is none.
func (c *control) slotFor(mayChange bool) int32 {
	free, victim, lookers := int32(-1), int32(-1), 0
	for n, s := range c.sessions {
		switch {
		case s.fd < 0:
			if free < 0 {
				free = int32(n)
			}
			continue
		case !s.mayChange:
			lookers++
		case !mayChange:
			continue
		}
		if s.waits == 0 && (victim < 0 || s.before(c.sessions[victim])) {
			victim = int32(n)
		}
	}
	switch {
	case !mayChange && lookers >= maxLookers:
		return victim
	case free >= 0:
		return free
	case len(c.sessions) < maxSessions:
		c.sessions = append(c.sessions, &session{fd: noFD})
		return int32(len(c.sessions) - 1)
	}
	return victim
}

// before: who has to go first.
func (s *session) before(t *session) bool {
	if s.mayChange != t.mayChange {
		return t.mayChange
	}
	return s.used < t.used
}

// hangUp ends a session. Its buffers stay for the next one in the slot.
func (i *Init) hangUp(slot int32) {
	c := i.control
	s := c.sessions[slot]
	closeFD(s.fd)
	*s = session{fd: noFD, in: s.in[:0], out: s.out[:0]}
	if cap(s.out) > 4*enoughOut {
		s.out = nil
	}
	for n := len(c.waits) - 1; n >= 0; n-- { // forget moves the last one here
		if c.waits[n].slot == slot {
			i.machine.Forget(c.waits[n].request)
			c.forget(&c.waits[n])
		}
	}
}

// serve reads, answers and writes as far as that goes without waiting.
func (i *Init) serve(slot int32, events uint32) {
	s := i.control.sessions[slot]
	s.used = nanotime()
	gone := events&(epollHup|epollErr) != 0
	if (gone || events&epollIn != 0) && !s.ended && !s.busy() && s.line() < 0 && !s.fill() {
		s.ended = true // what it asked for before counts all the same
	}
	for range linesPerTurn {
		i.tellMore(s)
		if !s.push() {
			gone = true
		}
		if s.busy() || !i.answerLine(slot) {
			break
		}
	}
	if !s.push() || gone || s.ended && s.idle() {
		i.hangUp(slot)
		return
	}
	i.watchSession(slot)
}

// idle: nothing is owed to it.
func (s *session) idle() bool {
	return s.waits == 0 && len(s.out) == 0 && !s.listing.active && s.line() < 0
}

// watchSession asks to hear of what a session can go on with.
func (i *Init) watchSession(slot int32) {
	s := i.control.sessions[slot]
	events := uint32(0)
	if !s.ended && !s.busy() {
		events = epollIn
	}
	if len(s.out) > 0 || s.listing.active || !s.busy() && s.line() >= 0 {
		events |= epollOut
	}
	if events != s.watched {
		s.watched = events
		epollCtl(i.epoll, syscall.EPOLL_CTL_MOD, s.fd, events, watchControl, s.id)
	}
}

// busy: it is asked nothing more until the client has read, or its jobs are
// done.
func (s *session) busy() bool {
	return len(s.out)-s.sent >= enoughOut || s.listing.active || s.waits >= maxWaits
}

// fill reads what has come; false when nothing more will.
func (s *session) fill() bool {
	const chunk = 4 << 10
	if cap(s.in)-len(s.in) < chunk {
		s.in = append(make([]byte, 0, max(chunk, min(2*cap(s.in), maxLine)+chunk)), s.in...)
	}
	n, e := read(s.fd, s.in[len(s.in):cap(s.in)])
	if e == syscall.EAGAIN || e == syscall.EINTR {
		return true
	}
	if e != 0 || n == 0 {
		return false
	}
	s.in = s.in[:len(s.in)+n]
	return true
}

// line is the length of the first line that is whole, -1 when none is.
func (s *session) line() int {
	return strings.IndexByte(text(s.in), '\n')
}

// takeOff drops the start of what has come.
func (s *session) takeOff(n int) { s.in = s.in[:copy(s.in, s.in[n:])] }

// push writes what the peer takes; false when there is no peer.
func (s *session) push() bool {
	for s.sent < len(s.out) {
		n, e := send(s.fd, s.out[s.sent:], syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
		switch e {
		case 0:
			s.sent += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return true
		default:
			return false
		}
	}
	s.out, s.sent = s.out[:0], 0
	return true
}

// peerUID is the user who connected, -1 when that cannot be found out.
func peerUID(fd int32) int64 {
	c, ok := peerCred(fd)
	if !ok {
		return -1
	}
	return int64(c.Uid)
}
