package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Notify is the feature of sd_notify(3): a datagram socket on which the kernel
// vouches for the sender.
func Notify(i *Init) {
	i.parts = append(i.parts, machine.Notifying)
	i.on[watchNotify] = (*Init).notified
	i.do[machine.ActStatus] = (*Init).keepStatus
	i.started = append(i.started, (*Init).openNotify)
	i.settled = append(i.settled, (*Init).hearHeld)
}

// notifyMax is how long a message may be, as with systemd.
const notifyMax = 4096

// inbox is where one datagram is received.
type inbox struct {
	fd      int32
	text    [notifyMax]byte
	control [1280]byte // credentials and up to 253 descriptors (SCM_MAX_FD)
	parsed  machine.Notify
	more    notifyWords
	fds     []int32 // of the message that is being heard; what is kept becomes -1
	held    []heldNote
	// statuses are nil until a unit says something.
	statuses []unitStatus
}

// inbox is nil in an image that listens to nobody.
func (i *Init) inbox() *inbox { return (*inbox)(i.inboxState) }

// unitStatus is what a unit has said of itself since it was started.
type unitStatus struct {
	text, busError []byte // STATUS= and BUSERROR=
	errno          int32  // ERRNO=
}

func (s *unitStatus) forget() {
	s.text, s.busError, s.errno = s.text[:0], s.busError[:0], 0
}

// keepStatus is ActStatus. Few units say anything, so the first that does pays
// for the list.
func (i *Init) keepStatus(a *machine.Action) {
	b := i.inbox()
	if b.statuses == nil {
		b.statuses = make([]unitStatus, len(i.plan.Units))
	}
	s, n := &b.statuses[a.Unit], &b.parsed
	if n.Fields&machine.NotifyStatus != 0 {
		s.text = printable(s.text[:0], n.Status)
	}
	if n.Fields&machine.NotifyErrno != 0 {
		s.errno = n.Errno
	}
	if n.Fields&machine.NotifyBusError != 0 {
		s.busError = printable(s.busError[:0], b.more.busError)
	}
}

// printable copies a text that goes to the log, and perhaps to a terminal.
func printable(to, text []byte) []byte {
	to = append(to, text...)
	for n, c := range to {
		if c < ' ' || c == 0x7F {
			to[n] = '?'
		}
	}
	return to
}

// heldMax is more than the starts that are under way at one time.
const heldMax = 256

// heldFDs is how many descriptors may come with those messages, which are held
// before anybody asked if the sender is to be heard.
const heldFDs = 2 * 253

// holds tells if one more can be held, with that many descriptors.
func (b *inbox) holds(fds int) bool {
	for n := range b.held {
		fds += len(b.held[n].fds)
	}
	return len(b.held) < heldMax && fds <= heldFDs
}

// heldNote is a message for a unit that has a start under way: a program may
// speak before the machine has heard that it was executed.
type heldNote struct {
	unit plan.UnitID
	pid  int32
	uid  uint32
	text []byte
	fds  []int32
}

// openNotify binds the socket at the first address that can be had. Only PID 1
// takes the path of systemd's own: another process may run beside a systemd.
func (i *Init) openNotify() {
	if i.inboxState != nil {
		return // handed on
	}
	fd, e := socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if e != 0 {
		i.say("", "no notify socket: ", e.Error())
		return
	}
	setsockopt(fd, syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1)
	setsockopt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<20) // clamped by the kernel
	path, e := i.bindNotify(fd)
	if e != 0 {
		i.say("", "no notify socket: ", e.Error())
		closeFD(fd)
		return
	}
	i.notifyPath, i.inboxState = path, unsafe.Pointer(&inbox{fd: fd})
	i.mustWatch(fd, epollIn, watchNotify)
}

func (i *Init) bindNotify(fd int32) (string, errno) {
	const path = "/run/systemd/notify"
	if i.pid == 1 {
		mkdir("/run/systemd", 0o755)
		if !answers(path) {
			unlink(path)
			if bind(fd, unixAddress(path)) == 0 {
				chmod(path, 0o777)
				return path, 0
			}
		}
	}
	var id [32]byte
	newInvocation(&id)
	abstract := "@rustysd/notify/" + string(id[:])
	return abstract, bind(fd, unixAddress(abstract))
}

// notified reads the datagrams that are there, at most a round's worth: a
// service that never stops sending must not hold up the others.
func (i *Init) notified(int32, uint32) {
	// The sender may be a process whose start the machine has not heard of.
	i.takeSpawned()
	i.drain()
	i.hearHeld()
	for range 64 {
		if !i.receiveNotify() {
			return
		}
	}
}

// receiveNotify takes one datagram; false when there is none.
func (i *Init) receiveNotify() bool {
	b := i.inbox()
	m, e := receive(b.fd, b.text[:], b.control[:])
	if e == syscall.EINTR {
		return true
	}
	if e != 0 {
		return false
	}
	unit := i.unitOfSender(m.pid)
	if !m.cut && b.holds(len(m.fds)) && i.mustHold(unit) {
		b.held = append(b.held, heldNote{unit, m.pid, m.uid, append([]byte(nil), b.text[:m.size]...), append([]int32(nil), m.fds...)})
		return true
	}
	// A barrier (sd_notify_barrier(3)) is a descriptor that is closed when all
	// before it was heard, so the descriptors go last.
	switch {
	case m.pid <= 0:
	case m.cut:
		i.say("", "notification of pid ", itoa(int64(m.pid)), " ignored: too long")
	default:
		i.hear(b.text[:m.size], m.fds, m.pid, m.uid, unit)
	}
	for _, fd := range m.fds {
		dropFD(fd)
	}
	return true
}

// mustHold tells a unit whose start is not answered, or that has said
// something before which is held.
func (i *Init) mustHold(unit plan.UnitID) bool {
	if unit == plan.NoUnit {
		return false
	}
	for n := range i.inbox().held {
		if i.inbox().held[n].unit == unit {
			return true
		}
	}
	return len(i.flying) > 0 && i.spawner.starting(unit)
}

// hearHeld hears the messages for units whose start has been answered.
func (i *Init) hearHeld() {
	if i.inbox() == nil || len(i.inbox().held) == 0 {
		return
	}
	held := i.inbox().held
	i.inbox().held = nil
	for _, h := range held {
		if i.mustHold(h.unit) {
			i.inbox().held = append(i.inbox().held, h)
			continue
		}
		i.hear(h.text, h.fds, h.pid, h.uid, h.unit)
		for _, fd := range h.fds {
			dropFD(fd)
		}
	}
}

// hear passes a message to the machine at once: the text is only lent, and so
// are the descriptors, of which those that are kept become -1.
func (i *Init) hear(text []byte, fds []int32, pid int32, uid uint32, unit plan.UnitID) {
	n, more := &i.inbox().parsed, &i.inbox().more
	if !parseNotify(text, n, more) {
		i.say("", "notification of pid ", itoa(int64(pid)), " ignored: it holds a NUL")
		return
	}
	if more.barrier {
		if more.lines != 1 || len(fds) != 1 {
			i.say("", "notification of pid ", itoa(int64(pid)), " ignored: BARRIER=1 goes alone, with one descriptor")
		}
		return
	}
	if unit == plan.NoUnit {
		i.say("", "notification of pid ", itoa(int64(pid)), " ignored: not a process of any unit")
		return
	}
	i.inbox().fds = fds
	i.findMainPID(n, more, unit, uid)
	if n.Fields != 0 {
		i.post(machine.Event{Kind: machine.EvNotify, Unit: unit, Pid: pid, Notify: n})
		i.drain()
	}
	i.inbox().fds = nil
}
