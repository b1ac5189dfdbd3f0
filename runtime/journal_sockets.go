package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// JournalSockets is the feature of the sockets at which programs expect a
// journal, after [Journal]: that of syslog(3) with /dev/log, that of
// sd_journal_print(3), and that of sd_journal_stream_fd(3). What comes in is
// logged as the lines of pipes are.
//
// The kernel vouches for the sender's pid; the name is the one that a program
// gives itself, as in the lines that journalctl(1) prints. While the log is full
// nothing is received, and the senders wait.
func JournalSockets(i *Init) {
	i.started = append(i.started, (*Init).openJournal)
	i.pipes.receive = (*pipes).receiveEntries
	i.pipes.ended = func(p *pipes) {
		if p.muted > 0 {
			p.listen(p.muted-1, epollIn)
			p.muted = 0
		}
	}
}

const (
	journalFolder = "/run/systemd/journal"
	devLog        = "/dev/log"
	// entryMax is how much of an entry is looked at.
	entryMax = 64 << 10
	// identMax is more than any program calls itself.
	identMax = 128
	// maxClients is how many connections there may be.
	maxClients = 256
	// infoLevel is that of who says none, as under systemd.
	infoLevel = 6
)

// openJournal makes the sockets, unless somebody answers there: only PID 1 does,
// another process may run beside a systemd.
func (i *Init) openJournal() {
	p := i.pipes
	if i.pid != 1 || p.handedOn() || answers(journalFolder+"/socket") {
		return
	}
	mkdir("/run/systemd", 0o755)
	mkdir(journalFolder, 0o755)
	for _, s := range [...]struct {
		kind streamKind
		name string
		typ  int32
	}{{fromSyslog, "/dev-log", syscall.SOCK_DGRAM}, {fromNative, "/socket", syscall.SOCK_DGRAM}, {fromListener, "/stdout", syscall.SOCK_STREAM}} {
		if e := p.serve(s.kind, journalFolder+s.name, s.typ); e != 0 {
			i.say("", "programs have no journal: ", e.Error())
			return
		}
	}
	if !answers(devLog) {
		unlink(devLog)
		symlink(journalFolder+"/dev-log", devLog)
	}
}

// handedOn says whether the sockets are there already.
func (p *pipes) handedOn() bool {
	for n := range p.streams {
		if p.streams[n].kind != fromPipe {
			return true
		}
	}
	return false
}

// serve makes one of the sockets, which everybody may write to.
func (p *pipes) serve(kind streamKind, path string, typ int32) errno {
	fd, e := socket(syscall.AF_UNIX, typ, 0)
	if e != 0 {
		return e
	}
	setsockopt(fd, syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1)
	setsockopt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<20) // clamped by the kernel
	unlink(path)
	if e = bind(fd, unixAddress(path)); e == 0 && kind == fromListener {
		e = listen(fd, maxClients)
	}
	if e == 0 {
		chmod(path, 0o666)
		e = p.add(fd, kind, 0)
	}
	if e != 0 {
		closeFD(fd)
	}
	return e
}

// add watches a descriptor as a stream from a process, 0 for any.
func (p *pipes) add(fd int32, kind streamKind, pid int32) errno {
	n := p.place()
	if e := epollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchPipe, n); e != 0 {
		p.free = append(p.free, n)
		return e
	}
	s := &p.streams[n]
	s.fd, s.tail, s.name = fd, s.tail[:0], ""
	s.streamFacts = streamFacts{pid: pid, unit: p.senderUnit(pid), kind: kind}
	return 0
}

// receiveEntries reads a stream that is not lines from the first byte on; false
// when there is nothing more to read.
func (p *pipes) receiveEntries(id int32) bool {
	switch p.streams[id].kind {
	case fromListener:
		return p.accept(id)
	case fromNewcomer:
		return p.greet(id)
	}
	return p.receiveEntry(id)
}

// receiveEntry takes one datagram.
func (p *pipes) receiveEntry(id int32) bool {
	s := &p.streams[id]
	if p.entry == nil {
		p.entry = make([]byte, entryMax+1) // with room for a newline
	}
	var control [256]byte
	m, e := receive(s.fd, p.entry[:entryMax], control[:])
	if e != 0 {
		return e == syscall.EINTR
	}
	if len(m.fds) == 1 && m.size == 0 && s.kind == fromNative {
		m.size = readSealed(m.fds[0], p.entry[:entryMax])
	}
	for _, fd := range m.fds {
		closeFD(fd)
	}
	s.pid, s.unit = m.pid, p.senderUnit(m.pid)
	for b := p.entry[:m.size]; len(b) > 0; {
		var text []byte
		s.name, s.level, s.keep = "", infoLevel, true
		if s.kind == fromSyslog {
			text, b = s.syslogText(b), nil
		} else {
			text, b = s.nativeText(b)
		}
		if len(text) > 0 {
			p.tell(id, text)
		}
	}
	return true
}

// tell logs the lines of an entry.
func (p *pipes) tell(id int32, text []byte) {
	s := &p.streams[id]
	if s.name == "" {
		s.name = programName(s.pid)
	}
	p.take(id, append(text, '\n'))
}

// accept takes a connection; one too many is closed at once.
func (p *pipes) accept(id int32) bool {
	fd, e := accept(p.streams[id].fd)
	if e != 0 {
		if e != syscall.EAGAIN && e != syscall.EINTR {
			p.listen(id, 0) // until a stream has ended
			p.muted = id + 1
		}
		return false
	}
	clients := 0
	for n := range p.streams {
		if p.streams[n].kind >= fromNewcomer {
			clients++
		}
	}
	peer, ok := peerCred(fd)
	if !ok || clients >= maxClients || p.add(fd, fromNewcomer, peer.Pid) != 0 {
		closeFD(fd)
	}
	return true
}

// listen says what the listener is watched for.
func (p *pipes) listen(id int32, events uint32) {
	epollCtl(p.epoll, syscall.EPOLL_CTL_MOD, p.streams[id].fd, events, watchPipe, id)
}

// greet reads how a connection begins: the name, the unit, the level, if lines
// may say their own, and where else they are to go, each in a line.
func (p *pipes) greet(id int32) bool {
	s := &p.streams[id]
	n, e := read(s.fd, p.chunk[:])
	if e == syscall.EAGAIN || e == syscall.EINTR {
		return false
	}
	if e != 0 {
		n = 0
	}
	s.tail = append(s.tail, p.chunk[:n]...)
	rest := s.tail
	for k := range 7 {
		end := indexNewline(rest)
		if end < 0 {
			if n == 0 || len(rest) > lineMax {
				s.tail = s.tail[:0]
				p.end(id)
			}
			return n > 0
		}
		line := rest[:end]
		rest = rest[end+1:]
		switch k {
		case 0:
			s.name = ident(line)
		case 2:
			level, _ := atoi(line)
			s.level = uint8(level & 7)
		case 3:
			s.keep = end != 1 || line[0] != '1'
		}
	}
	if s.name == "" {
		s.name = programName(s.pid)
	}
	s.kind, s.tail = fromClient, nil
	p.take(id, rest)
	return true
}

// senderUnit is the unit of a sender, if there is one which cares.
func (p *pipes) senderUnit(pid int32) plan.UnitID {
	if p.rules == nil || pid <= 0 {
		return plan.NoUnit
	}
	return p.out.unitOfSender(pid)
}

// programName is what a process is called.
func programName(pid int32) string {
	var buf [32]byte
	name, _ := readFile("/proc/"+itoa(int64(pid))+"/comm", buf[:])
	if end := indexNewline(name); end > 0 {
		if name := ident(name[:end]); name != "" {
			return name
		}
	}
	return "unknown"
}

// syslogText takes the priority, the date and the sender's name off a message
// of syslog(3) (RFC 3164, section 4.1, without the host).
func (s *stream) syslogText(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] <= ' ' {
		b = b[:len(b)-1]
	}
	if end := strings.IndexByte(text(b[:min(len(b), 5)]), '>'); end > 1 && b[0] == '<' {
		if n, ok := atoi(b[1:end]); ok {
			s.level, b = uint8(n&7), b[end+1:]
		}
	}
	const date = "Nov 30 15:34:25 "
	if len(b) >= len(date) && b[3] == ' ' && b[6] == ' ' && b[9] == ':' && b[12] == ':' && b[15] == ' ' {
		b = b[len(date):]
	}
	end := strings.IndexByte(text(b), ' ')
	if end < 0 {
		end = len(b)
	}
	if end < 2 || b[end-1] != ':' {
		return b
	}
	name := b[:end-1]
	if at := strings.IndexByte(text(name), '['); at > 0 && name[len(name)-1] == ']' {
		name = name[:at]
	}
	s.name = ident(name)
	return b[min(end+1, len(b)):]
}

// nativeText finds the message, the priority and the sender's name in the first
// entry of b, and what is after it: lines "FIELD=text", or "FIELD" with a
// length in eight bytes, little endian, before bytes of any kind; an empty line
// ends an entry (systemd's JOURNAL_NATIVE_PROTOCOL).
func (s *stream) nativeText(b []byte) (message, rest []byte) {
	for len(b) > 0 {
		end := indexNewline(b)
		if end == 0 {
			return message, b[1:]
		}
		if end < 0 {
			end = len(b)
		}
		line := b[:end]
		b = b[min(end+1, len(b)):]
		field, value, ok := strings.Cut(text(line), "=")
		if !ok {
			if len(b) < 8 {
				return message, nil
			}
			size := *(*uint64)(unsafe.Pointer(&b[0]))
			b = b[8:]
			value = text(b[:min(size, uint64(len(b)))])
			b = b[min(len(value)+1, len(b)):]
		}
		switch {
		case field == "MESSAGE":
			message = bytesOf(value)
		case field == "SYSLOG_IDENTIFIER":
			s.name = ident(bytesOf(value))
		case field == "PRIORITY" && len(value) == 1:
			s.level = value[0] & 7
		}
	}
	return message, nil
}

// ident is the name that a program gives itself, "" when it is none: a line of
// the log begins with it.
//
//go:noinline
func ident(b []byte) string {
	for _, c := range b {
		if c < ' ' || c == 0x7F || len(b) > identMax {
			return ""
		}
	}
	return string(b)
}

// readSealed reads the start of an entry that was too long for a datagram. Only
// a file in memory can have been sealed against writes, and nobody waits for one.
func readSealed(fd int32, b []byte) int {
	const getSeals, sealWrite = 1034, 8
	if seals, e := fcntl(fd, getSeals, 0); e != 0 || seals&sealWrite == 0 {
		return 0
	}
	n, e := pread(fd, b, 0)
	if e != 0 {
		return 0
	}
	return n
}
