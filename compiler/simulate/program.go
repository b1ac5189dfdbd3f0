package simulate

import (
	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// What is taken where no time is given.
const (
	DefaultSpawn   = 1 * plan.Millisecond   // fork and exec
	DefaultReady   = 100 * plan.Millisecond // READY=1, a bus name, a fork that is done
	DefaultOneshot = 100 * plan.Millisecond // a command of a oneshot service
	DefaultControl = 10 * plan.Millisecond  // ExecStartPre= and kin
	DefaultStop    = 10 * plan.Millisecond  // from the signal to the end
)

// program is what a command does: what is usual for its role, in the times
// given, or what goes wrong with it.
func (r *run) program(u plan.UnitID, c uint16) sim.Program {
	s := r.p.Units[u].Service
	h := sim.Program{Spawn: DefaultSpawn, Ready: DefaultReady, Dies: r.stopTime(u), Deaf: r.deaf}
	if s == nil || s.Commands[c].Role != plan.ExecStart {
		h.Life, h.Now = DefaultControl, true
		if r.given(u) {
			h.Spawn, h.Life = 0, 0
		}
		if f, bad := r.failures[u]; bad && s != nil && f.Cause == "exec-condition" && s.Commands[c].Role == plan.ExecCondition {
			h.Code, h.Status = machine.Exited, 1
		}
		return h
	}
	r.mainProgram(u, s, c, &h)
	if f, bad := r.failures[u]; bad {
		f.spoil(s, &h)
	}
	return h
}

func (r *run) given(u plan.UnitID) bool {
	t, ok := r.o.Times[r.p.Units[u].Name]
	return ok && t.Start != plan.Infinity
}

// mainProgram is a command of ExecStart=. Of the commands of a oneshot the
// first takes the time that was given.
func (r *run) mainProgram(u plan.UnitID, s *plan.Service, c uint16, h *sim.Program) {
	whole := r.o.Times[r.p.Units[u].Name].Start
	given := r.given(u)
	first := c == 0 || s.Commands[c-1].Role != plan.ExecStart
	switch s.Type {
	case plan.TypeOneshot:
		h.Life, h.Now = DefaultOneshot, true
		if given {
			h.Spawn, h.Life = 0, 0
			if first {
				h.Life = whole
			}
		}
	case plan.TypeForking:
		h.Life, h.Now = DefaultReady, true
		h.Leaves = &sim.Program{Dies: h.Dies, Deaf: r.deaf, Ready: sim.Never}
		if given {
			h.Spawn, h.Life = 0, whole
		}
	case plan.TypeNotify, plan.TypeNotifyReload, plan.TypeDBus:
		if given {
			h.Spawn, h.Ready = 0, whole
		}
	default: // up once its program runs
		if given {
			h.Spawn = whole
		}
	}
}

func (r *run) stopTime(u plan.UnitID) plan.Duration {
	if t, ok := r.o.Times[r.p.Units[u].Name]; ok && t.Stop != plan.Infinity {
		return t.Stop
	}
	return DefaultStop
}

// sockets answers the opening of sockets: with EADDRINUSE where they fail.
func (r *run) sockets(u plan.UnitID) int32 {
	if _, bad := r.failures[u]; bad {
		return 98
	}
	return 0
}

// spoil makes a main process fail.
func (f Failure) spoil(s *plan.Service, h *sim.Program) {
	if f.Cause == "watchdog" || f.Cause == "exec-condition" {
		return // it never says that it lives, or is never asked to
	}
	if f.Cause == "timeout" {
		h.Ready, h.Leaves = sim.Never, nil
		if h.Life, h.Now = 0, false; f.After > 0 {
			h.Life = f.After
		}
		return
	}
	h.Leaves, h.Now = nil, true
	if f.After == 0 {
		h.Ready = sim.Never
	}
	h.Life = f.After
	h.Code, h.Status = machine.Exited, 1
	switch f.Cause {
	case "signal":
		h.Code, h.Status = machine.Killed, 11
	case "oom-kill":
		h.Code, h.Status, h.OOM = machine.Killed, 9, true
	case "core-dump":
		h.Code, h.Status = machine.Dumped, 11
	case "protocol":
		h.Status = 0
	case "start-limit-hit":
		if s.Restart == plan.RestartOnSuccess {
			h.Status = 0
		}
	case "resources":
		h.NoChild = true
	}
}
