package sim

import (
	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// maxSteps bounds a Run, for worlds that go round in circles.
const maxSteps = 1 << 20

// Never is a delay that does not end.
const Never plan.Duration = -1

// Program is what a command does once it is spawned. The zero value starts at
// once, runs for ever, and dies at once of any signal.
type Program struct {
	// Spawn is the time to fork and exec; Never hangs there, until SIGKILL.
	Spawn plan.Duration
	// Slow: it is not even forked before that time.
	Slow bool
	// NoChild: the fork fails. Step: a step between fork and exec fails.
	NoChild bool
	Step    plan.Step
	// Life is how long it runs; 0 is for ever, and Now is no time at all.
	Life   plan.Duration
	Now    bool
	Code   machine.ExitCode // 0 is machine.Exited
	Status int32
	OOM    bool // the kernel ends it for want of memory, and says so
	// Ready is when it says READY=1 (or takes its bus name); Never does not.
	Ready plan.Duration
	// Dies is how long it takes to die of a signal. Deaf: only SIGKILL counts.
	Dies plan.Duration
	Deaf bool
	// Stuck is how long it takes to die of SIGKILL, as a process does that waits
	// for a disk; Never does not.
	Stuck plan.Duration
	// Leaves a process behind, with these habits. Hands: it says with READY=1 that
	// this is the main process (MAINPID=).
	Leaves *Program
	Hands  bool
	// Reloads: it takes ReloadSignal= for one, and says RELOADING=1 and then READY=1
	// in the two halves of Reload.
	Reloads bool
	Reload  plan.Duration
	// Stale: what it says of an earlier reload comes first.
	Stale bool
}

// Process is one process as who looks from outside sees it.
type Process struct {
	Pid   int32
	Habit Program
	// Spawned: the machine started it. Signalled: it was sent a signal; Killed:
	// SIGKILL. Unborn: it does not run its program yet. Owned: the machine waits for
	// its end.
	Spawned, Signalled, Killed, Unborn, Owned bool
	// Dying: a signal ends it.
	Dying bool
}

// World is a machine and what it believes to be a kernel.
type World struct {
	Machine *machine.Machine
	Plan    *plan.Plan
	Now     int64
	Steps   int
	// Program says what a command does when it is spawned.
	Program func(u plan.UnitID, c uint16) Program
	// Sockets answers ActOpenSockets with an errno; nil is success.
	Sockets func(u plan.UnitID) int32
	// Check answers ActCheck; nil is that everything holds.
	Check func(u plan.UnitID) int32
	// MainPID answers ActFindMain with what a PID file names, 0 for none; nil is
	// that the one process of the unit is found.
	MainPID func(u plan.UnitID) int32
	// Seen is called after each step with its event and actions; nil for none.
	Seen func(ev machine.Event, actions []machine.Action)
	// Exited is set by ActExit, with its status.
	Exited bool
	Status int64

	news  []news
	seq   uint64
	procs map[int32]*proc
	live  []int // processes of each unit
	last  int32
}

// proc is one process.
type proc struct {
	unit   plan.UnitID
	habit  Program
	born   int64 // nothing happens to it before
	dying  bool
	owned  bool // the machine spawned it and waits for it
	unborn bool // EvSpawned is still to come
	spawn  machine.Event
	left   int32 // the process that it left behind
	// what Process tells
	spawned, signalled, killed bool
}

// news is an event to come. do runs before it, and may take it back; late makes
// the event when its time has come.
type news struct {
	at   int64
	seq  uint64
	ev   machine.Event
	do   func() bool
	late func() (machine.Event, bool)
}

// New makes a world for p. All parts are in its machine.
func New(p *plan.Plan) *World {
	return &World{
		Machine: newMachine(p),
		Plan:    p,
		Now:     1,
		Program: func(plan.UnitID, uint16) Program { return Program{} },
		procs:   map[int32]*proc{},
		live:    make([]int, len(p.Units)),
		last:    1,
	}
}

func newMachine(p *plan.Plan) *machine.Machine {
	return machine.New(p, machine.Services, machine.Sockets, machine.Notifying, machine.Bus, machine.Forking, machine.Conditions, machine.Requests)
}

// HandOver puts another machine in the place of the one that there is, with what
// that has saved, as an init does that executes itself anew. It is false when it
// does not take it.
func (w *World) HandOver() bool {
	next := newMachine(w.Plan)
	ok := next.Restore(w.Machine.Save(nil))
	w.Machine = next
	return ok
}

// Live is the number of processes of u, and All of all units.
func (w *World) Live(u plan.UnitID) int { return w.live[u] }

// All is the number of processes in the world.
func (w *World) All() int { return len(w.procs) }

// Of are the processes of u, the oldest first.
func (w *World) Of(u plan.UnitID) (all []Process) {
	for pid := int32(2); pid <= w.last && len(all) < w.live[u]; pid++ {
		if p := w.procs[pid]; p != nil && p.unit == u {
			all = append(all, Process{Pid: pid, Habit: p.habit, Spawned: p.spawned, Signalled: p.signalled, Killed: p.killed, Unborn: p.unborn, Owned: p.owned, Dying: p.dying})
		}
	}
	return all
}

// End ends pid now, as if by itself.
func (w *World) End(pid int32, code machine.ExitCode, status int32) {
	if w.procs[pid] != nil {
		w.dies(pid, 0, machine.Event{Code: code, Status: status})
	}
}

// Own has the machine hear of the end of pid.
func (w *World) Own(pid int32) {
	if p := w.procs[pid]; p != nil {
		p.owned = true
	}
}

// Has tells if pid is alive.
func (w *World) Has(pid int32) bool { return w.procs[pid] != nil }

// After brings an event in d from now.
func (w *World) After(d plan.Duration, ev machine.Event) { w.later(d, ev, nil) }

// Later brings in d from now what make answers then, if it does.
func (w *World) Later(d plan.Duration, make func() (machine.Event, bool)) {
	w.seq++
	w.push(news{at: w.Now + int64(d), seq: w.seq, late: make})
}

func (w *World) later(d plan.Duration, ev machine.Event, do func() bool) {
	w.seq++
	w.push(news{at: w.Now + int64(d), seq: w.seq, ev: ev, do: do})
}

// Do steps the machine with ev now.
func (w *World) Do(ev machine.Event) {
	w.Steps++
	actions := w.Machine.Step(w.Now, ev)
	for _, a := range actions {
		w.carryOut(a)
	}
	if w.Seen != nil {
		w.Seen(ev, actions)
	}
}

// Jump advances the clock while nothing happens, as when a virtual machine was
// stopped: deadlines pass, and no process had its time.
func (w *World) Jump(d plan.Duration) {
	w.Now += int64(d)
	for n := range w.news {
		w.news[n].at += int64(d)
	}
	for _, p := range w.procs {
		if p.born > w.Now-int64(d) {
			p.born += int64(d)
		}
	}
}

// Run lets time pass until nothing more will happen, the init exits, or the
// time limit is reached. It tells if the world came to rest.
func (w *World) Run(limit plan.Duration) bool {
	end := w.Now + int64(limit)
	for began := w.Steps; !w.Exited && w.Steps < began+maxSteps; {
		at := w.Machine.Deadline()
		tick := true
		if len(w.news) > 0 && w.news[0].at < at {
			at, tick = w.news[0].at, false
		}
		if at == int64(plan.Infinity) {
			return true
		}
		if at > end {
			w.Now = max(w.Now, end)
			return false
		}
		w.Now = max(w.Now, at)
		if tick {
			w.Do(machine.Event{Kind: machine.EvTick})
			continue
		}
		n := w.pop()
		ok := n.do == nil || n.do()
		if n.late != nil {
			n.ev, ok = n.late()
		}
		if ok {
			w.Do(n.ev)
		}
	}
	return true
}

func (w *World) carryOut(a machine.Action) {
	switch a.Kind {
	case machine.ActSpawn:
		w.spawn(a)
	case machine.ActKill:
		if a.Pid == 0 {
			w.killUnborn(a.Unit, a.Signal, true)
			return
		}
		w.signal(a.Pid, a.Signal)
	case machine.ActKillGroup:
		w.killGroup(a)
	case machine.ActFindMain:
		w.findMain(a.Unit)
	case machine.ActUnwatch:
		if a.Pid == 0 {
			w.killUnborn(a.Unit, a.Signal, false)
			return
		}
		if p := w.procs[a.Pid]; p != nil {
			p.owned = false
		}
	case machine.ActWatch:
		if p := w.procs[a.Pid]; p != nil {
			p.owned = true
		}
	case machine.ActOpenSockets:
		ev := machine.Event{Kind: machine.EvSockets, Unit: a.Unit}
		if w.Sockets != nil {
			ev.Status = w.Sockets(a.Unit)
		}
		w.After(0, ev)
	case machine.ActCheck:
		ev := machine.Event{Kind: machine.EvChecked, Unit: a.Unit}
		if w.Check != nil {
			ev.Status = w.Check(a.Unit)
		}
		w.After(0, ev)
	case machine.ActKillAll:
		for pid := int32(2); pid <= w.last; pid++ {
			if p := w.procs[pid]; p != nil && p.unborn {
				p.born, p.habit.Leaves = w.Now, nil // it does not live to run its program
			}
			w.signal(pid, 9)
		}
		w.After(plan.Duration(a.Value), machine.Event{Kind: machine.EvAllGone})
	case machine.ActExit:
		w.Exited, w.Status = true, a.Value
	}
}

func (w *World) spawn(a machine.Action) {
	h := w.Program(a.Unit, a.Command)
	ev := machine.Event{Kind: machine.EvSpawned, Unit: a.Unit, Command: a.Command}
	if h.NoChild {
		ev.Status = 11
		w.later(h.Spawn, ev, nil)
		return
	}
	if h.Step != 0 {
		ev.Step, ev.Status = h.Step, 2
		h.Now, h.Code, h.Status, h.Ready = true, machine.Exited, int32(h.Step), Never
	}
	pid := w.birth(a.Unit, h)
	ev.Pid = pid
	p := w.procs[pid]
	p.owned, p.unborn, p.spawned, p.spawn = true, true, true, ev
	p.born = w.Now + int64(h.Spawn)
	if h.Spawn == Never {
		p.born = int64(plan.Infinity)
		return
	}
	w.later(h.Spawn, ev, func() bool { return w.comesToLife(pid) })
}

// comesToLife: the program of a process runs now. It tells if the machine is to
// hear of it.
func (w *World) comesToLife(pid int32) bool {
	p := w.procs[pid]
	if p == nil || !p.unborn {
		return false
	}
	p.unborn = false
	w.lives(pid)
	return p.owned
}

// killUnborn signals what a unit is starting; answer says that the machine wants
// to hear what becomes of it.
func (w *World) killUnborn(u plan.UnitID, sig uint8, answer bool) {
	for pid := int32(2); pid <= w.last; pid++ {
		p := w.procs[pid]
		if p == nil || p.unit != u || !p.unborn || !p.owned {
			continue
		}
		p.owned = answer
		switch {
		case p.habit.Slow && sig != 0: // there is no child yet, and will be none
			ev := p.spawn
			ev.Pid, ev.Status, ev.Step = 0, 125, 0
			w.bury(pid)
			if answer {
				w.After(0, ev)
			}
		case sig == 9:
			p.born, p.habit.Leaves, p.habit.Life, p.habit.Now = w.Now, nil, 0, false
			w.later(0, p.spawn, func() bool { return w.comesToLife(pid) })
			w.signal(pid, 9)
		}
	}
}

func (w *World) birth(u plan.UnitID, h Program) int32 {
	w.last++
	w.procs[w.last] = &proc{unit: u, habit: h}
	w.live[u]++
	return w.last
}

// lives schedules what a process does of its own accord.
func (w *World) lives(pid int32) {
	p := w.procs[pid]
	if p == nil {
		return
	}
	h, u := p.habit, p.unit
	if h.Leaves != nil {
		p.left = w.birth(u, *h.Leaves)
		w.lives(p.left)
	}
	if h.Ready != Never && p.owned && h.Step == 0 {
		w.ready(pid, h.Ready)
	}
	if (h.Life > 0 || h.Now) && h.OOM {
		w.later(h.Life, machine.Event{Kind: machine.EvOOM, Unit: u}, func() bool { return w.procs[pid] != nil })
	}
	if h.Life > 0 || h.Now {
		w.dies(pid, h.Life, machine.Event{Code: max(h.Code, machine.Exited), Status: h.Status})
	}
}

func (w *World) ready(pid int32, d plan.Duration) {
	u := w.procs[pid].unit
	s := w.Plan.Units[u].Service
	if s == nil {
		return
	}
	alive := func() bool { return w.procs[pid] != nil && !w.procs[pid].dying }
	switch s.Type {
	case plan.TypeNotify, plan.TypeNotifyReload:
		n := &machine.Notify{Fields: machine.NotifyReady}
		w.later(d, machine.Event{Kind: machine.EvNotify, Unit: u, Pid: pid, Notify: n}, func() bool {
			if p := w.procs[pid]; p != nil && p.habit.Hands && w.Has(p.left) {
				n.Fields, n.MainPID = machine.NotifyReady|machine.NotifyMainPID, p.left
			}
			return alive()
		})
	case plan.TypeDBus:
		w.later(d, machine.Event{Kind: machine.EvBusName, Unit: u, Status: 1}, alive)
	}
}

// reloads has a process tell of a reload.
func (w *World) reloads(pid int32) {
	u, d := w.procs[pid].unit, w.procs[pid].habit.Reload
	alive := func() bool { return w.procs[pid] != nil && !w.procs[pid].dying }
	say := func(d plan.Duration, n *machine.Notify) {
		w.later(d, machine.Event{Kind: machine.EvNotify, Unit: u, Pid: pid, Notify: n}, alive)
	}
	const reloading = machine.NotifyReloading | machine.NotifyMonotonic
	if w.procs[pid].habit.Stale {
		say(0, &machine.Notify{Fields: reloading, Monotonic: plan.Duration(w.Now - 1)})
		say(0, &machine.Notify{Fields: machine.NotifyReady})
	}
	say(d/2, &machine.Notify{Fields: reloading, Monotonic: plan.Duration(w.Now + int64(d/2))})
	say(d, &machine.Notify{Fields: machine.NotifyReady})
}

// dies ends a process in d, unless something else does first.
func (w *World) dies(pid int32, d plan.Duration, how machine.Event) {
	how.Kind, how.Pid, how.Unit = machine.EvExited, pid, w.procs[pid].unit
	d = max(d, plan.Duration(w.procs[pid].born-w.Now))
	w.later(d, how, func() bool { return w.bury(pid) })
}

// bury reaps pid; it tells if the machine is to hear of it.
func (w *World) bury(pid int32) bool {
	p := w.procs[pid]
	if p == nil {
		return false
	}
	delete(w.procs, pid)
	w.live[p.unit]--
	if w.live[p.unit] == 0 {
		u := p.unit
		w.later(0, machine.Event{Kind: machine.EvGroupEmpty, Unit: u}, func() bool { return w.live[u] == 0 })
	}
	return p.owned
}

// signal has pid die of sig, if it cares.
func (w *World) signal(pid int32, sig uint8) {
	p := w.procs[pid]
	if p == nil || sig == 0 {
		return
	}
	if s := w.Plan.Units[p.unit].Service; p.habit.Reloads && s != nil && sig == s.ReloadSignal && !p.dying {
		w.reloads(pid)
		return
	}
	p.signalled, p.killed = true, p.killed || sig == 9
	if p.habit.Deaf && sig != 9 {
		return
	}
	if p.unborn && p.habit.Spawn == Never {
		if sig != 9 {
			return // it waits for a program that never runs
		}
		p.born = w.Now
	}
	d := p.habit.Dies
	if sig == 9 {
		d = p.habit.Stuck
	} else if p.dying {
		return
	}
	p.dying = true
	if d == Never {
		return
	}
	w.dies(pid, d, machine.Event{Unit: p.unit, Code: machine.Killed, Status: int32(sig)})
}

func (w *World) killGroup(a machine.Action) {
	n := int32(0)
	for pid := int32(2); pid <= w.last && w.live[a.Unit] > 0; pid++ {
		if p := w.procs[pid]; p != nil && p.unit == a.Unit && pid != a.Pid {
			n++
			w.signal(pid, a.Signal)
		}
	}
	w.After(0, machine.Event{Kind: machine.EvSignalled, Unit: a.Unit, Status: n})
}

// findMain answers with the one process of the unit.
func (w *World) findMain(u plan.UnitID) {
	ev := machine.Event{Kind: machine.EvMainPID, Unit: u, Status: 2}
	if w.MainPID != nil {
		if ev.Pid = w.MainPID(u); ev.Pid > 0 {
			ev.Status = 0
			w.Own(ev.Pid)
		}
		w.After(0, ev)
		return
	}
	for pid := int32(2); pid <= w.last; pid++ {
		if p := w.procs[pid]; p != nil && p.unit == u && !p.dying && !p.unborn {
			ev.Pid, ev.Status = pid, 0
			p.owned = true
			break
		}
	}
	w.After(0, ev)
}

// The news are a heap by time, then by age.

func (w *World) less(i, j int) bool {
	a, b := &w.news[i], &w.news[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (w *World) push(n news) {
	w.news = append(w.news, n)
	for i := len(w.news) - 1; i > 0 && w.less(i, (i-1)/2); i = (i - 1) / 2 {
		w.news[i], w.news[(i-1)/2] = w.news[(i-1)/2], w.news[i]
	}
}

func (w *World) pop() news {
	n := w.news[0]
	last := len(w.news) - 1
	w.news[0] = w.news[last]
	w.news[last] = news{}
	w.news = w.news[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			return n
		}
		if c+1 < last && w.less(c+1, c) {
			c++
		}
		if !w.less(c, i) {
			return n
		}
		w.news[i], w.news[c] = w.news[c], w.news[i]
		i = c
	}
}
