package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Which processes are a unit's
//
// With cgroups the kernel knows. Without them the init started some of them,
// each as the leader of a session of its own; others are in such a session, or
// are children of one that is; and an orphan, whose parent is the init,
// carries the unit's INVOCATION_ID in its environment. A child that was not
// waited for keeps its pid, so a kill(2) of it, or of the process group that
// it leads, cannot hit another. All others are signalled through a pidfd, after
// a second look at what it refers to.

// sweep is a signal that is still to be sent to what the process table does
// not know.
type sweep struct {
	wanted bool
	// answers is how many EvSignalled are wanted: a unit can be signalled
	// again, for its next stage, before the first sweep.
	answers uint8
	signal  uint8
	flags   uint8
	except  int32
	count   int32
}

// killProcess is ActKill.
func (i *Init) kill(a *machine.Action) {
	if a.Pid == 0 {
		i.killStart(a)
		return
	}
	p := i.procs.find(a.Pid)
	if p == nil || p.unit != a.Unit {
		return // it was waited for, EvExited is on its way
	}
	flags := uint8(0)
	if a.Value == 1 {
		flags = machine.KillCont
	}
	if p.kind&procChild != 0 {
		i.deafen()
		kill(a.Pid, a.Signal)
		if flags != 0 && a.Signal != uint8(syscall.SIGKILL) {
			i.toContinue = append(i.toContinue, proc{pid: a.Pid, unit: a.Unit})
			i.sweepWithin(sweepDelay)
		}
		return
	}
	i.signalOther(a.Pid, a.Unit, a.Signal, flags)
}

// deafen stops the signal of children that end, from the first kill of a turn
// of the loop until listen. In the stop of a thousand services, nearly each
// that ends would interrupt the kill of the next; their delivery was a quarter
// of what the init itself spent, as much as the kills.
// With the default disposition no signal is sent, and the dead wait to be
// reaped all the same.
func (i *Init) deafen() {
	if !i.deaf {
		i.deaf = true
		rtSigaction(uint8(syscall.SIGCHLD), &kernelAction{})
	}
}

// listen ends deafen, and hears what was missed.
func (i *Init) listen() {
	if i.deaf {
		i.deaf = false
		act := handlerAction()
		rtSigaction(uint8(syscall.SIGCHLD), &act)
		i.reap()
	}
}

// continueStopped sends the SIGCONT that follows a signal which ends services
// (systemd.kill(5), "KillSignal="): only a stopped process waits for it, the
// others have ended meanwhile.
func (i *Init) continueStopped() {
	for _, to := range i.toContinue {
		if p := i.procs.find(to.pid); p != nil && p.kind&procChild != 0 && p.unit == to.unit {
			kill(to.pid, uint8(syscall.SIGCONT))
		}
	}
	i.toContinue = i.toContinue[:0]
}

// sendSignals sends a signal and what goes with it.
func sendSignals(sig, flags uint8, send func(uint8)) {
	send(sig)
	if flags&machine.KillCont != 0 && sig != uint8(syscall.SIGKILL) {
		send(uint8(syscall.SIGCONT))
	}
	if flags&machine.KillHUP != 0 {
		send(uint8(syscall.SIGHUP))
	}
}

// signalOther signals a process that is no child of the init, if it is the
// unit's: the pidfd pins it, then it is looked at.
func (i *Init) signalOther(pid int32, unit plan.UnitID, sig, flags uint8) bool {
	fd, e := pidfdOpen(pid)
	if e != 0 {
		return false
	}
	ok := i.belongs(pid, unit)
	if ok {
		sendSignals(sig, flags, func(sig uint8) { pidfdSignal(fd, sig) })
	}
	closeFD(fd)
	return ok
}

// belongs looks up afresh whether a process is the unit's.
func (i *Init) belongs(pid int32, unit plan.UnitID) bool {
	if i.groups.usable && i.units[unit].hasGroup {
		return i.groupOf(pid) == unit
	}
	for depth := 0; depth < 64; depth++ {
		p, ok := i.scan.stat(pid)
		if !ok {
			return false
		}
		if known := i.procs.find(pid); known != nil {
			return known.unit == unit
		}
		if leader := i.procs.find(p.session); leader != nil && leader.kind&procLeader != 0 {
			return leader.unit == unit
		}
		if p.parent == i.pid {
			return i.unitOfOrphan(&p) == unit
		}
		if p.parent <= 1 {
			return false
		}
		pid = p.parent
	}
	return false
}

// killGroup is ActKillGroup.
func (i *Init) killGroup(a *machine.Action) {
	st := &i.units[a.Unit]
	st.killing = a.Signal == uint8(syscall.SIGKILL)
	if i.groups.usable && st.hasGroup {
		// Others' main processes come first: reading a group takes longer
		// than a kill(2), and a stop of everything has many of both.
		i.late = append(i.late, *a)
		i.sweepWithin(delayOf(a.Signal))
		return
	}
	for _, pid := range st.leaders {
		p := i.procs.find(pid)
		if pid != 0 && pid != a.Pid && p != nil && p.unit == a.Unit && p.kind&procLeader != 0 {
			sendSignals(a.Signal, uint8(a.Value), func(sig uint8) { kill(-pid, sig) })
		}
	}
	i.wantSweep(a.Unit, a.Signal, uint8(a.Value), a.Pid, true)
}

// signalledGroup answers ActKillGroup.
func (i *Init) signalledGroup(id plan.UnitID, n int32) {
	if n > 0 {
		i.await(&i.units[id])
	}
	i.post(machine.Event{Kind: machine.EvSignalled, Unit: id, Status: n})
}

// wantSweep asks for a signal to all processes of a unit that are not in the
// process group of one that the init started.
func (i *Init) wantSweep(id plan.UnitID, sig, flags uint8, except int32, answer bool) {
	st := &i.units[id]
	if !st.sweep.wanted {
		i.sweeps++
	}
	answers := st.sweep.answers
	if answer {
		answers++
	}
	st.sweep = sweep{wanted: true, answers: answers, signal: sig, flags: flags, except: except}
	st.sent.signal, st.sent.flags = sig, flags
	i.sweepWithin(delayOf(sig))
}

// sweepDelay is how long, in nanoseconds, what the init did not start waits for
// a signal that the unit's own processes have already got. Most units end from
// that, and a look at all processes beside a thousand services that end takes
// as much time as their ends.
const sweepDelay = int64(20 * plan.Millisecond)

// delayOf is the delay for a signal: none for one that cannot be answered.
func delayOf(sig uint8) int64 {
	if sig == uint8(syscall.SIGKILL) {
		return 0
	}
	return sweepDelay
}

// sweepWithin makes sure that sweepGroups runs in that many nanoseconds.
func (i *Init) sweepWithin(ns int64) {
	if at := nanotime() + ns; i.sweepAt == 0 || at < i.sweepAt {
		i.sweepAt = at
	}
}

// sweepDue tells if sweepGroups is to run: the time has come, or there is
// nothing left to wait for.
func (i *Init) sweepDue() bool {
	if i.sweepAt == 0 {
		return false
	}
	if nanotime() >= i.sweepAt {
		return true
	}
	for n := range i.late {
		if i.units[i.late[n].Unit].children > 0 {
			return false
		}
	}
	for _, to := range i.toContinue {
		if i.procs.find(to.pid) != nil {
			return false
		}
	}
	if i.sweeps > 0 {
		for id := range i.units {
			if st := &i.units[id]; st.sweep.wanted && st.children > 0 {
				return false
			}
		}
	}
	return true
}

// signalRest does what is left of the turn's signals.
func (i *Init) signalRest() {
	i.listen()
	if i.sweepDue() {
		i.sweepGroups()
	}
}

// killBefore sends the signals that wait for a unit, before a process that
// they are not meant for joins it. What was to be killed is killed then: an
// orphan that turns up later may come from the newcomer.
func (i *Init) killBefore(unit plan.UnitID) {
	st := &i.units[unit]
	waits := st.sweep.wanted
	for n := range i.late {
		waits = waits || i.late[n].Unit == unit
	}
	if waits {
		i.sweepGroups()
	}
	st.killing, st.sent.signal = false, 0
}

// sweepGroups looks at all processes once, for all units whose groups were
// signalled since it ran last.
func (i *Init) sweepGroups() {
	i.sweepAt = 0
	i.continueStopped()
	for n := range i.late {
		i.signalledGroup(i.late[n].Unit, i.killCgroup(&i.late[n]))
	}
	i.late = i.late[:0]
	if i.sweeps == 0 {
		return
	}
	i.sweeps = 0
	i.scan.unsure = false
	i.scan.look()
	for n := range i.scan.list {
		p := &i.scan.list[n]
		if p.pid == i.pid || p.state == 'Z' {
			continue
		}
		if unit := i.unitOf(p); unit != plan.NoUnit && i.units[unit].sweep.wanted {
			i.sweepOne(p, unit, &i.units[unit].sweep)
		}
	}
	for id := range i.units {
		if s := i.units[id].sweep; s.wanted {
			i.units[id].sweep = sweep{}
			if i.scan.unsure {
				s.count++ // somebody may be the unit's: checkGroups finds out
			}
			for range s.answers {
				i.signalledGroup(plan.UnitID(id), s.count)
			}
		}
	}
}

func (i *Init) sweepOne(p *process, unit plan.UnitID, s *sweep) {
	if p.pid == s.except {
		return
	}
	leader := i.procs.find(p.group)
	if leader != nil && leader.kind&procLeader != 0 && leader.unit == unit && p.group != s.except && s.answers > 0 {
		s.count++ // has got it with its process group
		return
	}
	known := i.procs.find(p.pid)
	if known != nil && known.kind&procChild != 0 {
		if s.answers == 0 && known.kind&procSignalled != 0 {
			return
		}
		if s.signal == uint8(syscall.SIGKILL) {
			known.kind |= procSignalled
		}
		sendSignals(s.signal, s.flags, func(sig uint8) { kill(p.pid, sig) })
		s.count++
		return
	}
	if i.signalOther(p.pid, unit, s.signal, s.flags) {
		s.count++
	}
}

// killCgroup signals the processes of a unit's cgroup, and of those below it.
func (i *Init) killCgroup(a *machine.Action) int32 {
	path := i.groupPath(a.Unit)
	if a.Signal == uint8(syscall.SIGKILL) && a.Pid == 0 {
		if !populated(path) {
			return 0
		}
		if writeFile(path+"/cgroup.kill", "1") == 0 {
			i.units[a.Unit].killed = true
			return 1 // also those that are forking right now
		}
	}
	return i.killProcs(path, a, maxGroupDepth)
}

// maxGroupDepth is how many groups below each other are looked at.
const maxGroupDepth = 8

// killProcs signals the processes of one group and of those below it.
func (i *Init) killProcs(path string, a *machine.Action, depth int) (count int32) {
	var buf [16384]byte
	for b := procsOf(path, buf[:]); len(b) > 0; {
		end := 0
		for end < len(b) && b[end] != '\n' {
			end++
		}
		pid, ok := atoi(b[:end])
		b = b[min(end+1, len(b)):]
		if ok && pid > 0 && int32(pid) != a.Pid && i.signalMember(int32(pid), a) {
			count++
		}
	}
	var st syscall.Stat_t
	if lstat(path, &st) != 0 || st.Nlink <= 2 || depth == 0 {
		return count // the kernel counts folders so
	}
	eachGroup(path, func(sub string) { count += i.killProcs(sub, a, depth-1) })
	return count
}

// signalMember signals a process that was in the unit's cgroup a moment ago.
func (i *Init) signalMember(pid int32, a *machine.Action) bool {
	if p := i.procs.find(pid); p != nil && p.kind&procChild != 0 {
		sendSignals(a.Signal, uint8(a.Value), func(sig uint8) { kill(pid, sig) })
		return true
	}
	return i.signalOther(pid, a.Unit, a.Signal, uint8(a.Value))
}

// groupOf is the unit of the cgroup that a process is in.
func (i *Init) groupOf(pid int32) plan.UnitID {
	var buf [4096]byte
	b, e := readFile("/proc/"+itoa(int64(pid))+"/cgroup", buf[:])
	if e != 0 {
		return plan.NoUnit
	}
	path, ok := unifiedPath(string(b))
	if !ok {
		return plan.NoUnit
	}
	own := i.groups.own
	if len(path) <= len(own) || path[:len(own)] != own {
		return plan.NoUnit
	}
	for path = path[len(own):]; path != ""; { // the first part that is no slice
		path = path[1:]
		part := path
		if end := indexByte(path, '/'); end >= 0 {
			part = path[:end]
		}
		if path = path[len(part):]; !strings.HasSuffix(part, ".slice") {
			return i.unitByName(part)
		}
	}
	return plan.NoUnit
}

// unitByName finds a unit; they are sorted.
func (i *Init) unitByName(name string) plan.UnitID {
	lo, hi := 0, len(i.plan.Units)
	for lo < hi {
		if mid := (lo + hi) / 2; i.plan.Units[mid].Name < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(i.plan.Units) && i.plan.Units[lo].Name == name {
		return plan.UnitID(lo)
	}
	return plan.NoUnit
}

// cleanUp is ActCleanUp.
func (i *Init) cleanUp(a *machine.Action) {
	u, st := &i.plan.Units[a.Unit], &i.units[a.Unit]
	if u.Service != nil && u.Service.PIDFile != "" {
		unlink(u.Service.PIDFile)
	}
	if st.hasGroup && st.children == 0 {
		i.removeGroup(a.Unit)
	}
	for _, f := range i.closing {
		f(i, a)
	}
}
