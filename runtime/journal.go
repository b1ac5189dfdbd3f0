package runtime

import (
	"syscall"

	"rustysd/runtime/plan"
)

// Journal is the feature of services whose output goes to the init's log.
//
// Each command gets a pipe of its own, so that a line can say which process it
// comes from and lines of different services are never mixed. The pipes stand
// in an epoll of their own, inside that of the loop: when the log is full, one
// call takes all of them out of sight, and the services wait in write(2).
func Journal(i *Init) {
	ep := insist(newEpoll)
	i.pipes = &pipes{epoll: ep, out: i}
	// A client, which runs through here too, has no epoll to watch it with.
	i.started = append(i.started, func(i *Init) {
		i.mustWatch(ep, epollIn, watchPipes)
		if i.pipes.paused {
			i.pipes.pause(i.pipes.stalled - 1) // as it was handed on
		}
	})
	i.on[watchPipes] = (*Init).pipesReady
	i.journal = (*Init).openStream
	i.spawned = (*Init).nameStream
	i.lastWords = (*Init).drainPipes
	i.settled = append(i.settled, (*Init).resumePipes)
}

const (
	// lineMax is journald.conf(5), "LineMax=": a longer line is split.
	lineMax = 48 << 10
	// keepTail is how much memory a stream that ended leaves for the next.
	keepTail = 4 << 10
)

// stream is the read end of a pipe, with the start of a line, or a socket of
// [JournalSockets].
type stream struct {
	tail []byte
	fd   int32
	name string // in the prefix
	streamFacts
}

// streamFacts are whose lines they are. level and keep are for those of a
// socket: what [plan.LogRules] says of a pipe's.
type streamFacts struct {
	pid   int32
	unit  plan.UnitID
	kind  streamKind
	level uint8
	keep  bool
}

// streamKind is what comes out of a stream's descriptor.
type streamKind uint8

const (
	fromPipe     streamKind = iota // lines
	fromSyslog                     // datagrams of syslog(3)
	fromNative                     // datagrams of sd_journal_sendv(3)
	fromListener                   // connections of sd_journal_stream_fd(3)
	fromNewcomer                   // the lines by which one begins
	fromClient                     // its lines
)

type pipes struct {
	epoll   int32
	paused  bool
	out     *Init
	streams []stream
	free    []int32
	// rules hears of each line for which there is room, in its two parts, and
	// says whether it is left out; nil when no unit has a rule.
	rules func(i *Init, s *stream, r *plan.LogRules, a, b []byte) bool
	rule  plan.LogRules // for this line
	// receive reads what is not lines, and ended hears that a stream has: of
	// [JournalSockets].
	receive func(p *pipes, id int32) bool
	ended   func(p *pipes)
	entry   []byte // where it is received
	muted   int32  // the listener that is not watched, plus one
	// stalled is the stream whose lines did not fit, plus one.
	stalled int32
	// writers has the stream of each write end that is open, by descriptor.
	writers []int32
	chunk   [16 << 10]byte
	events  [32]syscall.EpollEvent
}

// openStream makes a pipe for a command; the write end is its stdout.
func (i *Init) openStream(q *spawnRequest, unit plan.UnitID) errno {
	r, w, e := pipe2(0)
	if e != 0 {
		return e
	}
	// Only the init's end: O_NONBLOCK belongs to the open file, and each end
	// is one.
	_, _ = fcntl(r, syscall.F_SETFL, syscall.O_NONBLOCK)
	p := i.pipes
	n := p.place()
	if e := epollCtl(p.epoll, syscall.EPOLL_CTL_ADD, r, epollIn, watchPipe, n); e != 0 {
		closeFD(r)
		closeFD(w)
		p.free = append(p.free, n)
		return e
	}
	s := &p.streams[n]
	s.fd, s.tail, s.streamFacts = r, s.tail[:0], streamFacts{unit: unit}
	s.name = streamName(&i.plan.Units[unit], q.exec)
	q.stdout = w
	p.note(w, n)
	return 0
}

// place is a stream that is free.
//
//go:noinline
func (p *pipes) place() int32 {
	if n := len(p.free); n > 0 {
		k := p.free[n-1]
		p.free = p.free[:n-1]
		return k
	}
	p.streams = append(p.streams, stream{fd: noFD})
	return int32(len(p.streams) - 1)
}

// streamName is what stands before the pid in the log.
func streamName(u *plan.Unit, x *plan.Exec) string {
	if x.SyslogIdentifier != "" {
		return x.SyslogIdentifier
	}
	const suffix = ".service"
	if n := len(u.Name) - len(suffix); n > 0 && u.Name[n:] == suffix {
		return u.Name[:n]
	}
	return u.Name
}

// nameStream puts the pid of a command into the stream that it has got.
func (i *Init) nameStream(r *spawnRequest) {
	fd := r.stdout
	if r.exec.Stdout.Kind != plan.StreamJournal {
		fd = r.stderr
	}
	if r.exec.Stdout.Kind == plan.StreamJournal || r.exec.Stderr.Kind == plan.StreamJournal {
		i.pipes.streams[i.pipes.writers[fd]].pid = r.pid
	}
}

// note remembers the stream of a write end.
func (p *pipes) note(w, id int32) {
	for int(w) >= len(p.writers) {
		p.writers = append(p.writers, 0)
	}
	p.writers[w] = id
}

// pipesReady reads what the services wrote.
func (i *Init) pipesReady(int32, uint32) {
	// A process may write before the loop knows its pid.
	i.takeSpawned()
	p := i.pipes
	n, e := epollNow(p.epoll, p.events[:])
	if e != 0 {
		return
	}
	for k := range n {
		if p.paused {
			return
		}
		p.readStream(p.events[k].Fd)
	}
}

// drainPipes reads what is left when the last process has gone: the loop may
// have heard of its end before it read what it said. It tells if the log was
// too full for all of it.
func (i *Init) drainPipes() (more bool) {
	i.resumePipes()
	p := i.pipes
	for id := range p.streams {
		whole := 4 // reads of a chunk: what a pipe holds (pipe(7))
		if p.streams[id].kind != fromPipe {
			whole = 512 // entries: more than stand in a queue (unix(7))
		}
		for n := 0; n <= whole && !p.paused && p.readStream(int32(id)); n++ {
		}
	}
	return p.paused
}

// readStream reads once, so that no service keeps the loop for itself. It
// tells if there was something.
func (p *pipes) readStream(id int32) bool {
	s := &p.streams[id]
	if s.fd == noFD {
		return false
	}
	if s.kind != fromPipe && s.kind != fromClient {
		return p.receive(p, id)
	}
	n, e := read(s.fd, p.chunk[:])
	if e == syscall.EAGAIN || e == syscall.EINTR {
		return false
	}
	if e != 0 || n == 0 {
		p.end(id)
		return false
	}
	p.take(id, p.chunk[:n])
	return true
}

// take logs what has come; what there is no room for is kept.
//
//go:noinline
func (p *pipes) take(id int32, b []byte) {
	s := &p.streams[id]
	if !p.paused {
		b = p.lines(s, b)
	}
	if b != nil {
		s.tail = append(s.tail, b...)
		p.pause(id)
	}
}

// end closes a stream; a last line without a newline gets one.
func (p *pipes) end(id int32) {
	s := &p.streams[id]
	if len(s.tail) > 0 && !p.line(s, s.tail, nil) {
		p.pause(id)
		return
	}
	// A child that is about to execute its program has a copy of the pipe, and
	// as long as that is open, closing alone leaves it in the epoll.
	epollCtl(p.epoll, syscall.EPOLL_CTL_DEL, s.fd, 0, 0, 0)
	closeFD(s.fd)
	if cap(s.tail) > keepTail {
		s.tail = nil
	}
	s.tail, s.fd, s.name, s.kind = s.tail[:0], noFD, "", fromPipe
	p.free = append(p.free, id)
	if p.ended != nil {
		p.ended(p)
	}
}

// lines writes the whole lines of b, the first of which begins in the tail,
// and keeps the rest there. It answers what is left, beginning with a whole
// line, when the log is full; else nil.
func (p *pipes) lines(s *stream, b []byte) []byte {
	for len(b) > 0 {
		end := indexNewline(b)
		cut := min(end, lineMax-len(s.tail))
		if end < 0 {
			cut = min(len(b), lineMax-len(s.tail))
			if len(s.tail)+len(b) < lineMax {
				s.tail = append(s.tail, b...)
				return nil
			}
		}
		if !p.line(s, s.tail, b[:cut]) {
			return b
		}
		s.tail = s.tail[:0]
		if cut == end {
			cut++
		}
		b = b[cut:]
	}
	return nil
}

func indexNewline(b []byte) int {
	for n, c := range b {
		if c == '\n' {
			return n
		}
	}
	return -1
}

// line writes one line, of two parts, if it fits.
func (p *pipes) line(s *stream, a, b []byte) bool {
	l := &p.out.log
	need := len(s.name) + 16 + len(a) + len(b) + logReserve
	if l.room() < need {
		l.flush(p.out)
		if l.room() < need {
			return false
		}
	}
	p.rule = p.rulesOf(s)
	r := &p.rule
	if p.rules != nil && p.rules(p.out, s, r, a, b) {
		return true
	}
	if !p.out.plan.PlainLog {
		l.add(s.name)
		l.add("[")
		l.addInt(int64(s.pid))
		l.add("]: ")
	}
	switch {
	case r.KeepPrefix:
	case len(a) == 0:
		b = stripLevel(b)
	default:
		a = stripLevel(a)
	}
	l.addBytes(a)
	l.addBytes(b)
	l.add("\n")
	return true
}

// rulesOf is what holds for the lines of a stream.
//
//go:noinline
func (p *pipes) rulesOf(s *stream) (r plan.LogRules) {
	if int(s.unit) < len(p.out.plan.Units) {
		if x := contextOf(&p.out.plan.Units[s.unit]); x != nil {
			r = x.Log
		}
	}
	if s.kind != fromPipe { // StandardOutput= and its kin are not about these
		r.Level, r.KeepPrefix, r.Copy = s.level, s.keep, 0
	}
	return r
}

// first is how a line of two parts begins.
func first(a, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	return a
}

// stripLevel takes off sd-daemon(3)'s prefix "<N>".
func stripLevel(b []byte) []byte {
	if len(b) >= 3 && b[0] == '<' && b[2] == '>' && b[1] >= '0' && b[1] <= '7' {
		return b[3:]
	}
	return b
}

// pause leaves the pipes unread; stream id goes on first.
func (p *pipes) pause(id int32) {
	p.stalled, p.paused = id+1, true
	epollCtl(p.out.epoll, syscall.EPOLL_CTL_MOD, p.epoll, 0, watchPipes, 0)
}

// resumePipes reads on when the log has room.
func (i *Init) resumePipes() {
	p := i.pipes
	if !p.paused || i.log.room() < logSize/2 {
		return
	}
	s := &p.streams[p.stalled-1]
	if len(s.tail) > 0 {
		whole := s.tail
		s.tail = nil
		if rest := p.lines(s, whole); rest != nil {
			s.tail = rest
			return
		}
	}
	p.stalled, p.paused = 0, false
	epollCtl(i.epoll, syscall.EPOLL_CTL_MOD, p.epoll, epollIn, watchPipes, 0)
}
