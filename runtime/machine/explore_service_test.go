package machine_test

import (
	"rustysd/runtime/plan"
)

func (e *maker) service() *plan.Service {
	t := plan.ServiceType(e.r.IntN(int(plan.TypeIdle) + 1))
	var roles []plan.Role
	for r := plan.ExecCondition; r < plan.NumRoles; r++ {
		for range e.r.IntN(3) {
			if r == plan.ExecStart && t != plan.TypeOneshot {
				break
			}
			if e.r.IntN(3) == 0 {
				roles = append(roles, r)
			}
		}
		if r == plan.ExecStart && (t != plan.TypeOneshot || e.r.IntN(5) > 0) {
			roles = append(roles, r)
		}
	}
	s := newService(t, roles...)
	if len(roles) == 0 {
		s.Flags |= plan.RemainAfterExit
	}
	for i := range s.Commands {
		if e.r.IntN(6) == 0 {
			s.Commands[i].Flags = plan.IgnoreFailure
		}
	}
	s.Restart = plan.Restart(e.r.IntN(int(plan.RestartAlways) + 1))
	s.RestartMode = plan.RestartMode(e.r.IntN(int(plan.RestartDebug) + 1))
	if e.r.IntN(4) == 0 {
		s.RestartSec = some(e.r, 4)
		s.RestartSteps, s.RestartMaxDelay = uint16(e.r.IntN(5)), e.oneIn(4, plan.Infinity, some(e.r, 9))
	}
	s.TimeoutStart = e.oneIn(40, plan.Infinity, e.seconds(20))
	s.TimeoutStop = e.seconds(10)
	s.TimeoutStartMode = plan.TimeoutMode(e.r.IntN(3))
	s.TimeoutStopMode = plan.TimeoutMode(e.r.IntN(3))
	s.OOMPolicy = plan.OOMPolicy(e.r.IntN(3))
	if e.r.IntN(4) == 0 {
		s.Flags |= plan.RemainAfterExit
	}
	if e.r.IntN(8) == 0 {
		s.RuntimeMax, s.RuntimeRandomizedExtra = e.seconds(8), e.oneIn(2, e.seconds(4), 0)
	}
	if e.r.IntN(4) == 0 {
		s.NotifyAccess = plan.NotifyAccess(e.r.IntN(int(plan.NotifyMain) + 1))
	}
	if e.r.IntN(8) == 0 && s.NotifyAccess != 0 {
		s.Watchdog = 3 * plan.Second
	}
	s.TimeoutAbort = e.seconds(10)
	if t == plan.TypeForking && e.r.IntN(2) == 0 {
		s.PIDFile = "/run/x.pid"
	}
	if e.r.IntN(6) == 0 {
		s.ExitType = plan.ExitCgroup
	}
	s.FDStoreMax = uint16(e.r.IntN(2))
	s.Flags |= [...]plan.ServiceFlags{0, plan.FDStorePreserve, plan.FDStorePreserveOnRestart}[e.r.IntN(3)]
	s.Success, s.Prevent, s.Force = e.exitSet(), e.exitSet(), e.exitSet()
	e.kills(s)
	return s
}

// exitSet is nothing, as a rule; else what programs are drawn to end with is in
// it, half of it.
func (e *maker) exitSet() *plan.ExitSet {
	if e.r.IntN(5) > 0 {
		return nil
	}
	return &plan.ExitSet{Status: [4]uint64{e.r.Uint64() &^ 1, e.r.Uint64(), e.r.Uint64(), e.r.Uint64()}, Signals: [2]uint64{e.r.Uint64() &^ 1, 0}}
}

// kills draws what systemd.kill(5) has. Half of the services have the defaults.
func (e *maker) kills(s *plan.Service) {
	if e.r.IntN(2) == 0 {
		return
	}
	s.KillMode = []plan.KillMode{plan.KillControlGroup, plan.KillControlGroup, plan.KillMixed, plan.KillMixed, plan.KillProcess, plan.KillNone}[e.r.IntN(6)]
	for _, flag := range [...]plan.ServiceFlags{plan.SendSIGKILL, plan.SendSIGHUP, plan.GuessMainPID} {
		if e.r.IntN(5) == 0 {
			s.Flags ^= flag
		}
	}
	s.RestartKillSignal = uint8(10 * e.r.IntN(2))
	if e.r.IntN(8) == 0 {
		s.FinalKillSignal = 3
	}
}
