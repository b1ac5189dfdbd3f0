package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// The init's log is its standard output: its own messages, and the lines of
// services whose streams lead to the journal. A reader that stops reading must
// not stop the init, so nothing here waits: what cannot be written now stands
// in a bounded buffer. When that is full, the pipes of services are not read,
// which makes them wait, as they would under any container engine; the init's
// own messages are counted instead, and the count is told.

const (
	logSize = 128 << 10
	// logReserve is what lines of services leave to the init's messages.
	logReserve = 8 << 10
)

type logger struct {
	buf        [logSize]byte
	start, end int
	lost       int
	fd         int32
	sock       bool
	waiting    bool // for the descriptor to be writable
	broken     bool // nobody will ever read it
	pollable   bool
}

// open makes a descriptor of the log's own: O_NONBLOCK belongs to the open
// file, which other processes share.
func (l *logger) open(i *Init) {
	l.fd = 1
	i.on[watchLog] = (*Init).logWritable
	var st syscall.Stat_t
	if fstat(1, &st) != 0 {
		l.broken = true
		return
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFSOCK:
		l.sock, l.pollable = true, true
		return
	case syscall.S_IFREG:
		return // never blocks for long, and must keep its offset
	}
	fd, e := open("/proc/self/fd/1", syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_APPEND, 0)
	if e == 0 {
		l.fd, l.pollable = fd, true
		return
	}
	// Another user's terminal cannot be opened again: the flag is shared then.
	if flags, e := fcntl(1, syscall.F_GETFL, 0); e == 0 {
		_, _ = fcntl(1, syscall.F_SETFL, flags|syscall.O_NONBLOCK)
		l.pollable = true
	}
}

// room is how many bytes still fit, after moving what stands there to the
// start.
func (l *logger) room() int {
	if l.start > 0 && l.end > logSize/2 {
		l.end = copy(l.buf[:], l.buf[l.start:l.end])
		l.start = 0
	}
	return logSize - l.end
}

// add appends; the caller has asked for room.
func (l *logger) add(s string) { l.end += copy(l.buf[l.end:], s) }

func (l *logger) addBytes(b []byte) { l.end += copy(l.buf[l.end:], b) }

func (l *logger) addInt(n int64) {
	var b [20]byte
	l.addBytes(appendInt(b[:0], n))
}

// flush writes what it can.
func (l *logger) flush(i *Init) {
	for l.start < l.end && !l.waiting {
		n, e := l.put(l.buf[l.start:l.end])
		switch e {
		case 0:
			l.start += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			if !l.wait(i) {
				return
			}
		default:
			// EPIPE, EIO of a terminal that hung up, ENOSPC: it is lost.
			l.start = l.end
		}
	}
	if l.start == l.end {
		l.start, l.end = 0, 0
	}
	if l.lost > 0 && l.room() > 64 {
		n := l.lost
		l.lost = 0
		i.say("", itoa(int64(n)), " messages lost")
	}
}

func (l *logger) put(b []byte) (int, errno) {
	if l.broken {
		return len(b), 0
	}
	if l.sock {
		return send(l.fd, b, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	}
	return write(l.fd, b)
}

// wait asks to be told when the log can be written.
func (l *logger) wait(i *Init) bool {
	if !l.pollable {
		return false
	}
	e := epollCtl(i.epoll, syscall.EPOLL_CTL_MOD, l.fd, epollOut|epollOneshot, watchLog, 0)
	if e == syscall.ENOENT {
		e = epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, l.fd, epollOut|epollOneshot, watchLog, 0)
	}
	l.waiting = e == 0
	return false
}

func (i *Init) logWritable(int32, uint32) {
	i.log.waiting = false
	i.log.flush(i)
}

// say writes a message of the init, about a unit if name is not "".
func (i *Init) say(name string, parts ...string) {
	n := len("init: : \n") + len(name)
	for _, s := range parts {
		n += len(s)
	}
	l := &i.log
	if l.room() < n {
		l.flush(i)
		if l.room() < n {
			l.lost++
			return
		}
	}
	l.add("init: ")
	if name != "" {
		l.add(name)
		l.add(": ")
	}
	for _, s := range parts {
		l.add(s)
	}
	l.add("\n")
}

// sayUnit writes a message about a unit.
func (i *Init) sayUnit(id plan.UnitID, parts ...string) {
	if int(id) < len(i.plan.Units) {
		i.say(i.plan.Units[id].Name, parts...)
		return
	}
	i.say("", parts...)
}

// anyIs says whether a list has s.
//
//go:noinline
func anyIs(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// text is b as a string, for as long as b stays as it is.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is s as bytes that must not be written to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
