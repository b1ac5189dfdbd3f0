package machine

import "rustysd/runtime/plan"

// State is what u is doing.
func (m *Machine) State(u plan.UnitID) State { return m.units[u].state }

// Active is what that amounts to.
func (m *Machine) Active(u plan.UnitID) Active { return m.units[u].state.Active() }

// Since is the time at which u entered its state.
func (m *Machine) Since(u plan.UnitID) int64 { return m.units[u].since }

// Passed is the time of the last passage of u, 0 when there was none.
func (m *Machine) Passed(u plan.UnitID, p Passage) int64 { return m.units[u].passed[p] }

// CanReload tells if u has a way to reload.
func (m *Machine) CanReload(u plan.UnitID) bool { return m.canReload(u) }

// Result is why u ended as it did last, or Success.
func (m *Machine) Result(u plan.UnitID) Result { return m.units[u].result }

// Job is u's job, JobNone if it has none, and if it runs.
func (m *Machine) Job(u plan.UnitID) (JobType, bool) {
	return m.units[u].job, m.units[u].phase == phaseRunning
}

// Undecided tells of a service that has ended if a job of its own, or Restart=,
// may still start it again (systemd.service(5), "FileDescriptorStorePreserve=").
func (m *Machine) Undecided(u plan.UnitID) bool {
	x := &m.units[u]
	a := x.state.Active()
	return x.job != JobNone || a == Activating || a == Deactivating
}

// Met tells if the conditions of u held when it was to start last, and if its
// assertions did.
func (m *Machine) Met(u plan.UnitID) (conditions, assertions bool) {
	f := m.units[u].flags
	return f&met != 0, f&asserted != 0
}

// Cause is the unit that u was last started or stopped for, or plan.NoUnit.
func (m *Machine) Cause(u plan.UnitID) plan.UnitID { return m.units[u].cause }

// Jobs is the number of jobs that are left.
func (m *Machine) Jobs() int { return int(m.jobs) }

// FailedUnits is the number of units in state failed.
func (m *Machine) FailedUnits() int { return int(m.failed) }

// Booting tells if the target's first start job is not yet done.
func (m *Machine) Booting() bool { return m.booting }

// BootedAt is when the target's start was asked for.
func (m *Machine) BootedAt() int64 { return m.bootAt }

// Ending tells if the init is shutting down.
func (m *Machine) Ending() bool { return m.ending != notEnding }

// RebootArgument is what the unit that asked for the end has for reboot(2)
// (systemd.unit(5), "RebootArgument=").
func (m *Machine) RebootArgument() string {
	if m.endBy == plan.NoUnit || m.plan.Units[m.endBy].Actions == nil {
		return ""
	}
	a := m.plan.Units[m.endBy].Actions
	if m.endLate {
		return a.JobTimeoutRebootArgument
	}
	return a.RebootArgument
}

// EndsWith is the action at the end of the shutdown.
func (m *Machine) EndsWith() plan.Action { return m.endWith }

// service is the state of a service unit, nil for others.
func (m *Machine) service(u plan.UnitID) *service {
	if m.plan.Units[u].Kind != plan.KindService || int(m.units[u].slot) >= len(m.services) {
		return nil
	}
	return &m.services[m.units[u].slot]
}

// MainPID is the main process of u, or 0.
func (m *Machine) MainPID(u plan.UnitID) int32 {
	if s := m.service(u); s != nil {
		return s.mainPid
	}
	return 0
}

// ControlPID is the process of u that runs a command other than ExecStart=, or
// 0.
func (m *Machine) ControlPID(u plan.UnitID) int32 {
	if s := m.service(u); s != nil {
		return s.ctrlPid
	}
	if m.plan.Units[u].Kind == plan.KindSocket && len(m.sockets) > 0 {
		return m.sockets[m.units[u].slot].pid
	}
	return 0
}

// MainExit is how the main process of u ended last; the code is 0 if it did
// not.
func (m *Machine) MainExit(u plan.UnitID) (ExitCode, int32) {
	if s := m.service(u); s != nil {
		return s.code, s.status
	}
	return 0, 0
}

// LastMain is the number of the last main process of u, with the times at which
// it began and ended: 0 for none, and when it runs.
func (m *Machine) LastMain(u plan.UnitID) (pid int32, began, ended int64) {
	if s := m.service(u); s != nil {
		return s.lastPid, s.began, s.ended
	}
	return 0, 0, 0
}

// NRestarts is how often u was restarted by Restart= since it was last started
// otherwise.
func (m *Machine) NRestarts(u plan.UnitID) int {
	if s := m.service(u); s != nil {
		return int(s.restarts)
	}
	return 0
}
