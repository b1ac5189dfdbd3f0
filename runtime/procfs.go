package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// process is what /proc tells of one process.
type process struct {
	pid, parent, group, session int32
	state                       byte
	known                       bool // unit was found out
	unit                        plan.UnitID
}

// procScan is one look at all processes. The memory is kept for the next.
type procScan struct {
	list     []process // by pid, as /proc lists them
	children int32     // the open list of the init's children, or 0
	names    [8192]byte
	text     [32768]byte
	// blank: the environment that was read last is empty. unsure: so was that
	// of an orphan, which may be executing a program just now. counts: of such
	// a look one is left less, which is so once in sweepDelay, as from countAt.
	blank, unsure, counts bool
	countAt               int64
}

// nextEntry takes one struct linux_dirent64 off b. The name is valid as long
// as b's array is not written to.
func nextEntry(b []byte) (name string, kind uint8, rest []byte) {
	size := int(b[16]) | int(b[17])<<8
	if size < 20 || size > len(b) {
		return "", 0, nil
	}
	end := 19
	for end < size && b[end] != 0 {
		end++
	}
	return unsafe.String(&b[19], end-19), b[18], b[size:]
}

// look reads /proc anew.
func (s *procScan) look() {
	s.list = s.list[:0]
	dir, e := open("/proc", syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if e != 0 {
		return
	}
	for {
		n, e := getdents(dir, s.names[:])
		if e != 0 || n == 0 {
			break
		}
		for b := s.names[:n]; len(b) > 0; {
			var name string
			name, _, b = nextEntry(b)
			if pid, ok := atoi(name); ok {
				s.add(dir, name, int32(pid))
			}
		}
	}
	closeFD(dir)
}

func (s *procScan) add(dir int32, name string, pid int32) {
	fd, e := openat(dir, name+"/stat", syscall.O_RDONLY, 0)
	if e != 0 {
		return
	}
	n, e := read(fd, s.text[:512])
	closeFD(fd)
	if e != 0 {
		return
	}
	if p, ok := parseStat(s.text[:n]); ok {
		p.pid = pid
		s.list = append(s.list, p)
	}
}

// parseStat reads /proc/PID/stat. The name in it may hold anything, so the
// last parenthesis ends it.
func parseStat(b []byte) (p process, ok bool) {
	at := len(b) - 1
	for at >= 0 && b[at] != ')' {
		at--
	}
	if at < 0 || at+2 >= len(b) {
		return p, false
	}
	p.state = b[at+2]
	var field [3]int32
	b = b[min(at+4, len(b)):]
	for n := range field {
		end := 0
		for end < len(b) && b[end] != ' ' {
			end++
		}
		v, ok := atoi(b[:end])
		if !ok {
			return p, false
		}
		field[n] = int32(v)
		b = b[min(end+1, len(b)):]
	}
	p.parent, p.group, p.session = field[0], field[1], field[2]
	return p, true
}

// find looks a process up in the last scan.
func (s *procScan) find(pid int32) *process {
	lo, hi := 0, len(s.list)
	for lo < hi {
		if mid := (lo + hi) / 2; s.list[mid].pid < pid {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(s.list) && s.list[lo].pid == pid {
		return &s.list[lo]
	}
	return nil
}

// stat asks for one process.
func (s *procScan) stat(pid int32) (process, bool) {
	b, e := readFile("/proc/"+itoa(int64(pid))+"/stat", s.text[:512])
	if e != 0 {
		return process{}, false
	}
	p, ok := parseStat(b)
	p.pid = pid
	return p, ok
}

// unitOf finds the unit of a process of the last scan.
func (i *Init) unitOf(p *process) plan.UnitID {
	if !p.known {
		p.known, p.unit = true, plan.NoUnit // also ends a circle of parents
		p.unit = i.findUnit(p)
	}
	return p.unit
}

// findUnit: a process belongs to a unit when the init started it for that
// unit, when it is in a session that such a process leads, when its parent
// does, or when it is an orphan with the unit's invocation id.
func (i *Init) findUnit(p *process) plan.UnitID {
	if known := i.procs.find(p.pid); known != nil {
		return known.unit
	}
	if leader := i.procs.find(p.session); leader != nil && leader.kind&procLeader != 0 {
		return leader.unit
	}
	if p.parent == i.pid {
		if unit, starting := i.unitOfStart(p.pid); starting {
			return unit
		}
		unit := i.unitOfOrphan(p)
		if p.state != 'Z' && (unit != plan.NoUnit || !i.scan.blank) {
			i.enter(proc{pid: p.pid, unit: unit, kind: procChild})
		}
		return unit
	}
	if parent := i.scan.find(p.parent); parent != nil && p.parent != p.pid {
		return i.unitOf(parent)
	}
	return plan.NoUnit
}

// unitOfStart is the unit of a child whose start is not answered. It must not
// enter the table as an orphan: its end would be nobody's.
func (i *Init) unitOfStart(pid int32) (plan.UnitID, bool) {
	if len(i.flying) == 0 {
		return plan.NoUnit, false
	}
	return i.spawner.unitOf(pid)
}

// unitOfOrphan goes by $INVOCATION_ID, and where the environment cannot be
// read or was overwritten, by a session that outlived its leader.
func (i *Init) unitOfOrphan(p *process) plan.UnitID {
	if unit := i.unitByEnviron(p.pid); unit != plan.NoUnit {
		return unit
	}
	unit := i.unitBySession(p)
	if unit == plan.NoUnit && i.scan.blank && p.state != 'Z' {
		i.scan.unsure = true
	}
	return unit
}

// unitBySession goes by a session whose leader has ended.
func (i *Init) unitBySession(p *process) plan.UnitID {
	if p.session == p.pid || i.procs.find(p.session) != nil {
		return plan.NoUnit
	}
	for id := range i.units {
		for _, leader := range i.units[id].leaders {
			if leader == p.session && leader != 0 && !i.exists(leader) {
				return plan.UnitID(id)
			}
		}
	}
	return plan.NoUnit
}

// exists tells whether some process has pid now: then it is not the leader of
// old, who was waited for.
func (i *Init) exists(pid int32) bool { return kill(pid, 0) != syscall.ESRCH }

// unitByEnviron looks for INVOCATION_ID in a process's environment.
func (i *Init) unitByEnviron(pid int32) plan.UnitID {
	env, e := readFile("/proc/"+itoa(int64(pid))+"/environ", i.scan.text[:])
	i.scan.blank = len(env) == 0
	if e != 0 {
		return plan.NoUnit
	}
	const key = "INVOCATION_ID="
	for at := 0; at+len(key)+32 <= len(env); {
		if string(env[at:at+len(key)]) == key {
			return i.unitByInvocation(env[at+len(key) : at+len(key)+32])
		}
		for at < len(env) && env[at] != 0 {
			at++
		}
		at++
	}
	return plan.NoUnit
}

func (i *Init) unitByInvocation(id []byte) plan.UnitID {
	for n := range i.units {
		if i.units[n].hasID && string(i.units[n].invocation[:]) == string(id) {
			return plan.UnitID(n)
		}
	}
	return plan.NoUnit
}

// adoptOrphans enters the processes that were re-parented to the init into the
// table, with their unit. The kernel keeps the list of children for each
// thread; the loop's has all of them.
//
// It answers false when it cannot be sure to have all: then it wants to be asked
// again. One that has ended may have left a child which was not in the list yet,
// so the list is read until no more have ended meanwhile: those of a unit that
// forks all the time do.
func (i *Init) adoptOrphans() bool {
	s := &i.scan
	if s.children == 0 {
		name := itoa(int64(i.pid))
		fd, e := open("/proc/self/task/"+name+"/children", syscall.O_RDONLY, 0)
		if e != 0 {
			fd = noFD
		}
		s.children = fd
	}
	if s.children < 0 {
		s.look()
		for n := range s.list {
			i.unitOf(&s.list[n])
		}
		return true
	}
	s.unsure = false
	now := nanotime()
	if s.counts = now >= s.countAt; s.counts {
		s.countAt = now + sweepDelay
	}
	before := 0
	for range adoptPasses {
		ended := i.adoptAll()
		s.counts = false
		if ended == before {
			return !s.unsure
		}
		before = ended
	}
	return false
}

// adoptPasses is how often the list is read before others have a turn.
const adoptPasses = 16

// adoptAll reads the list of children once, and counts those that have ended
// and are in no table.
func (i *Init) adoptAll() (ended int) {
	s := &i.scan
	for off := int64(0); ; {
		n, e := pread(s.children, s.names[:], off)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 || n <= 0 {
			return ended
		}
		used, dead := i.adoptList(s.names[:n])
		if used == 0 {
			return ended
		}
		off += int64(used)
		ended += dead
	}
}

// adoptList takes the pids of a list, each followed by a blank, and answers
// how many bytes were whole, and how many of them have ended.
func (i *Init) adoptList(b []byte) (used, ended int) {
	for n := range b {
		if b[n] != ' ' {
			continue
		}
		pid, ok := atoi(b[used:n])
		used = n + 1
		if !ok {
			continue
		}
		switch p := i.procs.find(int32(pid)); {
		case p == nil:
			if !i.adopt(int32(pid)) {
				ended++
			}
		case p.kind&procLooks != 0 && p.unit == plan.NoUnit:
			i.lookAgain(*p)
		default:
			p.kind |= procChild
		}
	}
	return used, ended
}

// adopt answers false for a process that has ended.
func (i *Init) adopt(pid int32) bool {
	if len(i.flying) > 0 {
		i.takeSpawned()
		if i.procs.find(pid) != nil {
			return true
		}
		if _, starting := i.unitOfStart(pid); starting {
			return true
		}
	}
	p, ok := i.scan.stat(pid)
	if !ok || p.state == 'Z' {
		return false
	}
	q := proc{pid: pid, unit: i.unitOfOrphan(&p), kind: procChild}
	if q.unit == plan.NoUnit && i.scan.blank {
		q.kind |= procLooks
	}
	i.enter(q)
	return true
}

// lookAgain looks for the unit of an orphan that had no environment. A signal for
// the unit's processes has missed it.
func (i *Init) lookAgain(p proc) {
	if p.unit = i.unitByEnviron(p.pid); p.unit != plan.NoUnit {
		if st := &i.units[p.unit]; st.awaiting && st.sent.signal != 0 {
			sendSignals(st.sent.signal, st.sent.flags, func(sig uint8) { kill(p.pid, sig) })
		}
	} else {
		if i.scan.counts && !i.between(p.pid) {
			p.kind -= procBlank
		}
		i.scan.unsure = i.scan.unsure || p.kind&procLooks != 0
	}
	i.enter(p)
}

// between tells a process that is executing a program, or ending, and waits for a
// processor meanwhile, however long: it has no command line either, and does not
// sleep. Whose it is, or whose children it will leave, cannot be told yet.
func (i *Init) between(pid int32) bool {
	var some [64]byte
	line, e := readFile("/proc/"+itoa(int64(pid))+"/cmdline", some[:])
	if e != 0 || len(line) > 0 {
		return false
	}
	p, ok := i.scan.stat(pid)
	return ok && (p.state == 'R' || p.state == 'D')
}

// indexByte is the place of c in s, or -1.
func indexByte(s string, c byte) int {
	for n := range len(s) {
		if s[n] == c {
			return n
		}
	}
	return -1
}
