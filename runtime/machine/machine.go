package machine

import "rustysd/runtime/plan"

// Machine is the state of every unit and job of an image.
type Machine struct {
	plan     *plan.Plan
	units    []unit // the last one is the machine's own, for its timers
	services []service
	svcs     []svc // of the services
	sockets  []socket
	socks    []sock // of the sockets
	types    [plan.NumKinds]unitType
	on       [plan.NumKinds][NumEvents]func(*Machine, *Event)

	now      int64
	bootAt   int64
	ev       Event
	actions  []Action
	stepping bool // within a step
	burst    int  // how many actions of a step are enough
	heap     []timerRef

	wishes  queue // units with something in unit.wishes
	runs    queue // units whose job may be ready to run
	idle    queue // Type=idle services that wait for quiet
	touched []plan.UnitID
	todo    queue
	failing []plan.UnitID
	clients []client
	mode    JobMode // of the transaction at hand

	jobs    int32 // installed
	running int32 // that run
	idling  int32 // of these, those of Type=idle services
	held    int32 // that wait for their own unit
	failed  int32 // units in state failed
	ignored int32

	// asked does what a client asks for.
	asked func(*Machine, *Event)
	// check asks for the conditions of a unit that is to be started; false
	// when it has none.
	check         func(*Machine, plan.UnitID) bool
	watchdogStart func(*Machine, plan.UnitID)
	watchdogDue   func(*Machine, plan.UnitID)

	idleOver bool
	booting  bool
	more     bool
	wantEnd  bool
	ending   ending
	endWith  plan.Action
	status   int32
	// endBy is the unit that asked for the end, endLate says that its job's
	// timeout did.
	endBy   plan.UnitID
	endLate bool
}

// unit is what the machine knows of each unit, whatever its type.
type unit struct {
	timerAt  [numTimers]int64
	since    int64 // when state was entered
	passed   [numPassages]int64
	starts   rate
	timerPos [numTimers]int32
	rels     plan.Rel // all relations that the unit has to any other
	waits    int32    // jobs that this unit's job waits for
	slot     uint16   // index into Machine.services or sockets
	cause    plan.UnitID
	wishes   wish
	state    State
	result   Result
	job      JobType
	phase    phase
	flags    unitFlags
	tx       txSet // see transaction.go
	txMust   txSet
	txTodo   txSet
	txBan    txSet
}

// unitFlags are facts about a unit.
type unitFlags uint16

const (
	inRuns unitFlags = 1 << iota
	inIdle
	idleDone    // has waited for quiet, or need not
	willRestart // the change of state at hand is not the end
	quietChange // nor is it one for OnSuccess= and its kin
	reloadFailed
	cannotStart // its restart job must not become a start: a dependency failed
	checking    // its start waits for, or ends because of, its conditions
	firm        // its job is irreversible
	limited     // it was started too often, and not since
	met         // its conditions held when it was to start last
	asserted    // and its assertions
)

// unitType is what a unit type does; every function may be nil.
type unitType struct {
	// start begins what ends in an active state, or in one that is down.
	start func(*Machine, plan.UnitID)
	// stop begins what ends in a state that is down.
	stop      func(*Machine, plan.UnitID)
	reload    func(*Machine, plan.UnitID)
	canReload func(*Machine, plan.UnitID) bool
	// limit: the unit was started too often.
	limit func(*Machine, plan.UnitID)
	// timeout: timerState is over.
	timeout func(*Machine, plan.UnitID)
	// direct: the unit is about to restart, and nobody is to see it end.
	direct func(*Machine, plan.UnitID) bool
	// triggered: something changed about a unit that this one triggers.
	triggered func(m *Machine, u plan.UnitID)
}

// Part adds to a machine what only some images need, so that the linker can
// leave it out of the others: [Services], [Sockets],
// [Notifying], [Bus], [Forking], [Conditions], [Requests].
// Services comes first.
type Part func(*Machine)

// New makes the machine of p with the parts that p's units need. It allocates
// all that it will ever need.
func New(p *plan.Plan, parts ...Part) *Machine {
	n := len(p.Units)
	m := &Machine{
		plan:    p,
		units:   make([]unit, n+1),
		wishes:  newQueue(n),
		runs:    newQueue(n),
		todo:    newQueue(n),
		touched: make([]plan.UnitID, 0, n),
		failing: make([]plan.UnitID, 0, n),
		heap:    make([]timerRef, 0, numTimers*(n+1)),
		clients: make([]client, 0, maxClients),
		burst:   min(1024, 4*n+64),
		endBy:   plan.NoUnit,
	}
	m.actions = make([]Action, 0, m.burst+n+64)
	for i := range p.Units {
		m.units[i].cause = plan.NoUnit
		for _, d := range p.Units[i].Deps {
			m.units[i].rels |= d.Rel
		}
	}
	for k := range m.types {
		m.types[k] = unitType{start: targetStart, stop: targetStop}
	}
	for _, part := range parts {
		part(m)
	}
	return m
}

// Step takes an event at the time now, in nanoseconds of a clock that does not
// go back, and answers what to do, in order. The actions are valid until the
// next Step. An event that makes no sense is ignored.
func (m *Machine) Step(now int64, ev Event) []Action {
	m.now = max(now, m.now)
	m.actions = m.actions[:0]
	m.ev = ev
	m.stepping = true
	m.dispatch(&m.ev)
	m.settle()
	m.stepping = false
	return m.actions
}

// Unfinished answers what the last step has said to do, if it was broken off by
// a fault, and forgets that it was.
func Unfinished(m *Machine) []Action {
	if m == nil || !m.stepping {
		return nil
	}
	m.stepping = false
	return m.actions
}

func (m *Machine) dispatch(ev *Event) {
	switch ev.Kind {
	case EvBoot:
		m.boot()
	case EvTick:
		m.tick()
	case EvShutdown:
		m.Shutdown(plan.Action(ev.Status), int32(ev.Command))
	case EvAllGone:
		m.allGone()
	case EvRequest:
		if m.asked != nil {
			m.asked(m, ev)
		}
	default:
		if m.ending >= killing {
			return // nothing is begun any more, not even an ExecStop=
		}
		if int(ev.Unit) >= len(m.plan.Units) || ev.Kind >= NumEvents {
			m.ignore(ev)
			return
		}
		f := m.on[m.plan.Units[ev.Unit].Kind][ev.Kind]
		if f == nil {
			m.ignore(ev)
			return
		}
		f(m, ev)
	}
}

// settle does what the event set off, until nothing is left or there is enough
// for the driver to do meanwhile; then Deadline is now, and an EvTick goes on.
func (m *Machine) settle() {
	m.more = false
	for !m.full() {
		switch {
		case m.ending >= killing:
			return
		case m.wantEnd:
			m.wantEnd = false
			m.Shutdown(m.endWith, m.status)
		case m.wishes.n > 0:
			m.grant(m.wishes.pop())
		case m.runs.n > 0:
			m.runNext()
		case m.idle.n > 0 && (m.running == m.idling || m.idleOver):
			m.releaseIdle()
		case m.ending == stopping && m.jobs == 0:
			m.killAll()
		case m.jobs > 0 && m.running == 0 && m.held == 0 && m.idle.n == 0:
			m.breakCycle()
		default:
			return
		}
	}
	m.more = true
}

func (m *Machine) full() bool { return len(m.actions) >= m.burst }

// Deadline is the time of the next EvTick, or plan.Infinity. It may be a time
// that has passed: then EvTick is due at once.
func (m *Machine) Deadline() int64 {
	if m.more {
		return m.now
	}
	if len(m.heap) == 0 {
		return int64(plan.Infinity)
	}
	return *m.timerAt(m.heap[0])
}

// boot starts the target.
func (m *Machine) boot() {
	if m.bootAt != 0 || int(m.plan.Target) >= len(m.plan.Units) || m.ending != 0 {
		return
	}
	m.bootAt, m.booting = max(m.now, 1), true
	m.transact(m.plan.Target, JobStart)
}

// do gives an action. It stands for itself: in each place that does something, it
// would make an image larger by 10 kB.
//
//go:noinline
func (m *Machine) do(a Action) { m.actions = append(m.actions, a) }

//go:noinline
func (m *Machine) log(u plan.UnitID, msg Msg, value int64) {
	m.do(Action{Kind: ActLog, Unit: u, Other: plan.NoUnit, Msg: msg, Value: value})
}

//go:noinline
func (m *Machine) logOther(u plan.UnitID, msg Msg, other plan.UnitID) {
	m.do(Action{Kind: ActLog, Unit: u, Other: other, Msg: msg})
}

// maxIgnored bounds what a broken driver or a hostile process can write to the
// log.
const maxIgnored = 100

// ignore notes an event that has no meaning where it came.
func (m *Machine) ignore(ev *Event) {
	if m.ignored >= maxIgnored {
		return
	}
	m.ignored++
	m.do(Action{Kind: ActLog, Unit: ev.Unit, Other: plan.NoUnit, Pid: ev.Pid,
		Msg: MsgIgnored, Value: int64(ev.Kind)})
}

// targets have nothing to do: systemd.target(5).

func targetStart(m *Machine, u plan.UnitID) { m.change(u, StateActive) }
func targetStop(m *Machine, u plan.UnitID)  { m.change(u, StateDead) }
