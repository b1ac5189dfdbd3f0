package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// proc is a process that the init knows. As long as a child of the init is in
// the table it was not waited for, so its pid cannot be another's.
type proc struct {
	pid  int32
	unit plan.UnitID
	kind procKind
}

type procKind uint8

const (
	// procWatched is a main or control process: EvExited is wanted.
	procWatched procKind = 1 << iota
	// procChild was started by the init or was re-parented to it: only
	// waitAny ends its life.
	procChild
	// procLeader was started by the init and leads its own session.
	procLeader
	// procSignalled has got the SIGKILL of its group.
	procSignalled
	// procBlank is an orphan whose environment was empty when it was looked at:
	// for a moment of execve(2) it is, or it has none. The two bits count the
	// looks that are left.
	procBlank
	procBlankTwice
)

const procLooks = procBlank | procBlankTwice

// procTable maps pids to processes: open addressing, linear probing, deletion
// by moving back, so that it never needs to be rebuilt but to grow.
type procTable struct {
	slots []proc // pid 0 is free
	used  int
}

func (t *procTable) init(units int) {
	size := 64
	for size < 2*units {
		size *= 2
	}
	t.slots = make([]proc, size)
}

func (t *procTable) home(pid int32) int {
	return int(uint32(pid)*0x9E3779B1>>7) & (len(t.slots) - 1)
}

// find is the entry of a pid, or nil.
//
//go:noinline
func (t *procTable) find(pid int32) *proc {
	for n := t.home(pid); t.slots[n].pid != 0; n = (n + 1) & (len(t.slots) - 1) {
		if t.slots[n].pid == pid {
			return &t.slots[n]
		}
	}
	return nil
}

// add enters a process, or changes what is known of it.
func (t *procTable) add(p proc) {
	if known := t.find(p.pid); known != nil {
		*known = p
		return
	}
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	n := t.home(p.pid)
	for t.slots[n].pid != 0 {
		n = (n + 1) & (len(t.slots) - 1)
	}
	t.slots[n] = p
	t.used++
}

func (t *procTable) grow() {
	old := t.slots
	t.slots, t.used = make([]proc, 2*len(old)), 0
	for _, p := range old {
		if p.pid != 0 {
			t.add(p)
		}
	}
}

func (t *procTable) remove(pid int32) {
	mask := len(t.slots) - 1
	hole := t.home(pid)
	for t.slots[hole].pid != pid {
		if t.slots[hole].pid == 0 {
			return
		}
		hole = (hole + 1) & mask
	}
	t.used--
	for n := (hole + 1) & mask; t.slots[n].pid != 0; n = (n + 1) & mask {
		// An entry may move back to the hole if its home is not between.
		if (n-t.home(t.slots[n].pid))&mask >= (n-hole)&mask {
			t.slots[hole] = t.slots[n]
			hole = n
		}
	}
	t.slots[hole] = proc{}
}

// earlyExit is an exit that was seen before the spawner told whose it was.
type earlyExit struct {
	pid, status int32
	code        machine.ExitCode
}

// enter adds a process of a unit to the table.
func (i *Init) enter(p proc) {
	old := i.procs.find(p.pid)
	if old != nil && old.unit != plan.NoUnit {
		i.units[old.unit].children--
	}
	i.procs.add(p)
	if p.unit != plan.NoUnit {
		i.units[p.unit].children++
	}
}

// leave takes a process out of the table.
func (i *Init) leave(p proc) {
	i.procs.remove(p.pid)
	if p.unit != plan.NoUnit {
		i.units[p.unit].children--
	}
}

// reapTurn is how long, in nanoseconds, reap goes on before others have a turn.
const reapTurn = int64(5 * plan.Millisecond)

// reap waits for every child that has ended, orphans included. Nothing else
// in the init waits for anything. When children end faster than that, the rest
// waits for the next turn of the loop. In the end, the last one was the last
// process of all.
func (i *Init) reap() {
	var info siginfo
	end := nanotime() + reapTurn
	if i.pipes != nil && seeAny(&info) {
		// What it wrote stands in the log before what becomes of it.
		i.on[watchPipes](i, 0, 0)
	}
	for {
		if i.inbox() != nil && seeAny(&info) {
			// What it said last was sent before it ended, and as long as it
			// was not waited for, the sender can be looked up.
			i.on[watchNotify](i, 0, 0)
		}
		e := waitAny(&info)
		if e == syscall.EINTR {
			continue
		}
		if e == syscall.ECHILD && i.ending.killing {
			i.allGone()
		}
		if e != 0 || info.pid == 0 {
			return
		}
		i.reaped(earlyExit{info.pid, info.status, machine.ExitCode(info.code)})
		if nanotime() > end {
			kill(i.pid, uint8(syscall.SIGCHLD))
			return
		}
	}
}

func (i *Init) reaped(x earlyExit) {
	p := i.procs.find(x.pid)
	if p == nil && len(i.flying) > 0 {
		i.answers(i)
		p = i.procs.find(x.pid)
	}
	if p == nil {
		if len(i.flying) > 0 {
			i.early = append(i.early, x)
		}
		return
	}
	gone := *p
	i.leave(gone)
	if gone.kind&procChild == 0 {
		i.forgetStranger(x.pid)
	}
	if gone.unit == plan.NoUnit {
		return
	}
	if i.exiting != nil {
		i.exiting(i, gone.unit)
	}
	if i.ended != nil {
		i.ended(i, gone.unit, x)
	}
	if gone.kind&procWatched != 0 {
		i.post(machine.Event{Kind: machine.EvExited, Unit: gone.unit, Pid: x.pid, Status: x.status, Code: x.code})
	}
}

// matchEarly finds the exit of a process that was reaped before it was known.
// The exit may be that of an orphan whose number the process has got; then the
// process itself is still there to be waited for.
func (i *Init) matchEarly(pid int32) {
	for n := range i.early {
		if i.early[n].pid != pid {
			continue
		}
		x := i.early[n]
		i.early = append(i.early[:n], i.early[n+1:]...)
		if !isChild(pid) {
			i.reaped(x)
		}
		return
	}
}

// watchPID is ActWatch: a notification named a process.
func (i *Init) watchPID(a *machine.Action) { i.watchProcess(a.Pid, a.Unit) }

// watchProcess makes a process one that EvExited is wanted for. One that is
// no child of the init is waited for by its parent; its pidfd tells when it
// has ended, though not how.
func (i *Init) watchProcess(pid int32, unit plan.UnitID) {
	p := proc{pid: pid, unit: unit, kind: procWatched}
	if known := i.procs.find(pid); known != nil {
		if known.unit == unit && known.kind&procWatched != 0 {
			return // a PID file that still names the same one
		}
		p.kind |= known.kind
	}
	if isChild(pid) {
		p.kind |= procChild
	}
	i.enter(p)
	if p.kind&procChild != 0 {
		return
	}
	fd, e := pidfdOpen(pid)
	if e != 0 {
		i.leave(p)
		i.post(machine.Event{Kind: machine.EvExited, Unit: unit, Pid: pid, Code: machine.Exited})
		return
	}
	i.strangers = append(i.strangers, stranger{pid, fd})
	i.watchStranger(i.strangers[len(i.strangers)-1])
}

// watchStranger hears of the end of a process that is in the list.
//
//go:noinline
func (i *Init) watchStranger(s stranger) {
	i.on[watchStranger] = (*Init).strangerEnded
	epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, s.fd, epollIn|epollOneshot, watchStranger, s.pid)
}

// stranger is a watched process that is no child of the init.
type stranger struct{ pid, fd int32 }

// strangerEnded: unless it was re-parented meanwhile, its status is its
// parent's to know, and 0 is assumed, as systemd does.
func (i *Init) strangerEnded(pid int32, _ uint32) {
	i.forgetStranger(pid)
	p := i.procs.find(pid)
	if p == nil || p.kind&procChild != 0 || isChild(pid) {
		return
	}
	gone := *p
	i.leave(gone)
	i.post(machine.Event{Kind: machine.EvExited, Unit: gone.unit, Pid: pid, Code: machine.Exited})
}

func (i *Init) forgetStranger(pid int32) {
	for n := range i.strangers {
		if i.strangers[n].pid == pid {
			i.closeWatched(i.strangers[n].fd)
			i.strangers = append(i.strangers[:n], i.strangers[n+1:]...)
			return
		}
	}
}

// unwatchPID is ActUnwatch. A child stays in the table, as a process of the
// unit that nobody waits for; one that is not will never be reaped here.
func (i *Init) unwatchPID(a *machine.Action) {
	if a.Pid == 0 {
		i.letGo(a)
		return
	}
	p := i.procs.find(a.Pid)
	if p == nil {
		return
	}
	i.forgetStranger(a.Pid)
	if p.kind&procChild == 0 {
		i.leave(*p)
		return
	}
	p.kind &^= procWatched
}
