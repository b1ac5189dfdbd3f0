package machine

import "rustysd/runtime/plan"

// ending is how far the end is.
type ending uint8

const (
	notEnding ending = iota
	stopping         // units stop in order
	killing          // the rest is killed
	gone             // the driver was told to exit
)

// lastGrace is what processes that no unit owns get between SIGTERM and
// SIGKILL, and what the killing may take after that. A container's manager
// rarely waits longer than 10 s.
const lastGrace = 5 * plan.Second

// Shutdown stops every unit in order and ends with action and status.
// A second call changes nothing.
func (m *Machine) Shutdown(action plan.Action, status int32) {
	if m.ending != notEnding {
		return
	}
	m.endWith, m.status, m.booting = action, status, false
	m.do(Action{Kind: ActLog, Unit: plan.NoUnit, Other: plan.NoUnit, Msg: MsgShutdown, Value: int64(action)})
	switch action {
	case plan.ActionRebootForce, plan.ActionPoweroffForce, plan.ActionHaltForce, plan.ActionExitForce:
		m.killAll()
	case plan.ActionRebootImmediate, plan.ActionPoweroffImmediate, plan.ActionHaltImmediate:
		m.exit()
	default:
		m.ending = stopping
		m.stopAll()
		m.arm(m.own(), timerStop, m.plan.StopTimeout)
	}
}

func (m *Machine) own() plan.UnitID { return plan.UnitID(len(m.plan.Units)) }

// stopAll replaces every job by a stop job for what is not down.
func (m *Machine) stopAll() {
	for i := range m.plan.Units {
		if t := m.units[i].job; t != JobNone && t != JobStop {
			m.cancel(plan.UnitID(i))
		}
	}
	for i := range m.plan.Units {
		x := &m.units[i]
		if x.job == JobNone && !x.state.Active().down() {
			m.install(plan.UnitID(i), JobStop)
		}
	}
	for i := len(m.plan.Units) - 1; i >= 0; i-- {
		m.enqueue(plan.UnitID(i))
	}
}

// killAll ends what is left once the units have stopped, or have had their
// time.
func (m *Machine) killAll() {
	m.ending = killing
	m.do(Action{Kind: ActKillAll, Unit: plan.NoUnit, Other: plan.NoUnit, Value: int64(lastGrace)})
	m.arm(m.own(), timerStop, 2*lastGrace)
}

func (m *Machine) stopOverdue() {
	switch m.ending {
	case stopping:
		m.do(Action{Kind: ActLog, Unit: plan.NoUnit, Other: plan.NoUnit, Msg: MsgStopOverdue, Value: int64(m.jobs)})
		m.killAll()
	case killing:
		m.exit()
	}
}

// allGone answers ActKillAll.
func (m *Machine) allGone() {
	if m.ending == killing {
		m.exit()
	}
}

func (m *Machine) exit() {
	m.ending = gone
	m.disarm(m.own(), timerStop)
	m.do(Action{Kind: ActExit, Unit: plan.NoUnit, Other: plan.NoUnit, Command: uint16(m.endWith), Value: int64(m.status)})
}

// act does the action that a unit asks for, unless the end has begun. own is
// its exit status, -1 for the main process's.
func (m *Machine) act(u plan.UnitID, a plan.Action, own int16) {
	if a == plan.ActionNone || m.ending != notEnding || m.wantEnd {
		return
	}
	m.wantEnd, m.endWith, m.status, m.endBy = true, a, int32(own), u
	if own < 0 {
		m.status = m.ownStatus(u)
	}
	m.log(u, MsgAction, int64(a))
}

// ownStatus is the exit status of u's main process as a shell has it.
//
// Diverges: a signal n is 128+n, and a unit that failed without an exit status
// of its own gives 1, because whoever runs the container must see the failure.
func (m *Machine) ownStatus(u plan.UnitID) int32 {
	code, status := m.MainExit(u)
	switch {
	case code == Killed || code == Dumped:
		return 128 + status
	case code == Exited && status != 0:
		return status
	case m.units[u].result != Success && m.units[u].result != ResultExecCondition:
		return 1
	}
	return 0
}
