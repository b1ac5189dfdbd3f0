package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Starts that hang
//
// What a start needs before its program runs may take for ever: a FIFO that is
// opened as a standard stream and has no other end, a dead file system. The loop
// waits for none of them, and the machine's timeouts hold: its signals reach a
// child that has not executed its program yet, and a start without a child is
// called off.
//
// Type=simple has no timeout for its start, because systemd takes such a service
// for started once its process is there (systemd.service(5), "Type="). So is
// one here whose child takes longer than a program takes to be executed.

// startState is what becomes of a request when the spawner answers it.
type startState uint8

const (
	// startWanted: the machine waits for EvSpawned.
	startWanted startState = iota
	// startTold: it has got it, before the program was executed.
	startTold
	// startLeft: it does not want it any more, and the child is in the table.
	startLeft
	// startCalledOff: no child is to be made.
	startCalledOff
)

// hungAfter is how long the child of a simple service may take, in nanoseconds.
const hungAfter = int64(plan.Second)

// startOf is the start of a unit that the machine waits for, or nil.
func (i *Init) startOf(unit plan.UnitID) *spawnRequest {
	for _, r := range i.flying {
		if r.unit == unit && r.state == startWanted {
			return r
		}
	}
	return nil
}

// killStart is ActKill of what is being started.
func (i *Init) killStart(a *machine.Action) {
	r := i.startOf(a.Unit)
	switch {
	case r == nil:
		i.callOffWaiting(a.Unit, true)
	case r.pid > 0:
		i.signalStart(r, a.Signal)
	default:
		r.state = startCalledOff
		i.noChild(r.unit, r.command, 0, syscall.ECANCELED)
	}
}

// letGo is ActUnwatch of what is being started.
func (i *Init) letGo(a *machine.Action) {
	r := i.startOf(a.Unit)
	switch {
	case r == nil:
		i.callOffWaiting(a.Unit, false)
	case r.pid > 0:
		if a.Signal != 0 {
			i.signalStart(r, a.Signal)
		}
		r.state = startLeft
		i.enterStart(r, 0)
		i.matchEarly(r.pid)
	default:
		r.state = startCalledOff
	}
}

// signalStart signals a child that has not executed its program, unless it was
// reaped already.
func (i *Init) signalStart(r *spawnRequest, sig uint8) {
	for n := range i.early {
		if i.early[n].pid == r.pid {
			return
		}
	}
	kill(r.pid, sig)
}

// callOffWaiting calls off the start of a unit that waits for a place.
func (i *Init) callOffWaiting(unit plan.UnitID, answer bool) {
	for n := range i.waiting.buf {
		a := &i.waiting.buf[n]
		if a.Unit == unit && (n-i.waiting.head+len(i.waiting.buf))%len(i.waiting.buf) < i.waiting.size {
			if answer {
				i.noChild(unit, a.Command, 0, syscall.ECANCELED)
			}
			a.Unit = plan.NoUnit // see spawnWaiting
		}
	}
}

// spawnedLate is for the answer to a start of which the machine has heard, or
// does not want to hear.
func (i *Init) spawnedLate(r *spawnRequest) {
	if r.state == startTold && r.step != 0 {
		i.units[r.unit].badCall = r.call
		if r.path != "" {
			i.failedAt = append(i.failedAt, failedPath{r.unit, r.path})
		}
		i.tellFailure(r.unit, r.command, r.step, errno(r.errno))
	}
	i.release(r)
}

// tellHung tells of the children of simple services that take long.
func (i *Init) tellHung() {
	i.hungAt = 0
	for _, r := range i.flying {
		s := i.plan.Units[r.unit].Service
		if r.state != startWanted || r.pid <= 0 || s == nil || r.cmd.Role != plan.ExecStart ||
			s.Type != plan.TypeSimple && s.Type != plan.TypeIdle {
			continue
		}
		if at := r.began + hungAfter; at > nanotime() {
			if i.hungAt == 0 || at < i.hungAt {
				i.hungAt = at
			}
			continue
		}
		r.state = startTold
		i.tellSpawned(r)
		i.matchEarly(r.pid)
	}
}

// allTold: the machine waits for no start. What is left of those that hang needs
// nothing of this program.
func (i *Init) allTold() bool {
	for _, r := range i.flying {
		if r.state == startWanted {
			return false
		}
	}
	return true
}

// takeBack takes back the starts that have no child yet, to be begun anew.
func (i *Init) takeBack() {
	i.takeAnswers()
	for _, r := range i.flying {
		if r.state == startWanted && r.pid <= 0 {
			r.state = startCalledOff
			i.wait(&r.action)
		}
	}
}

// room tells whether n processes more can be had at this moment, at most
// maxChildren: it makes that many, which end at once.
func (s *spawner) room(n int) syscall.Errno {
	sl, e := s.takeSlot()
	if e != 0 {
		return e
	}
	sl.arena.reset(1)
	sl.arena.add(syscall.SYS_EXIT_GROUP, 0)
	var pids [maxChildren]int32
	for k := 0; k < n && (e == 0 || e == retryClone); {
		if pids[k], e = s.cloner.clone(&sl.arena, -1, false, 0); e == 0 {
			k++
		}
	}
	for _, pid := range pids {
		if pid > 0 {
			awaitChild(pid)
		}
	}
	s.giveSlot(sl)
	return e
}
