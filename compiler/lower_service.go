package compiler

import (
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// The signals that a unit gets when it is silent (systemd.kill(5)).
const (
	sigHUP  = 1
	sigABRT = 6
	sigKILL = 9
	sigTERM = 15
)

// service lowers [Service].
func (lo *lowering) service(u *unit) *plan.Service {
	s, k := u.service, &u.service.kill
	out := &plan.Service{
		PIDFile: s.pidFile.v, BusName: s.busName.v,
		Sockets: lo.serviceSockets(u),
		Success: exitSet(s.success), Prevent: exitSet(s.prevent), Force: exitSet(s.force),
		Type: s.serviceType(u), ExitType: s.exitType.v,
		Restart: s.restart.v, RestartMode: s.restartMode.v, RestartSteps: s.restartSteps.v,
		NotifyAccess: s.access(u), OOMPolicy: s.oomPolicy.v,
		KillMode: k.mode.v, KillSignal: k.signal.or(sigTERM),
		RestartKillSignal: k.restart.or(k.signal.or(sigTERM)),
		FinalKillSignal:   k.final.or(sigKILL), WatchdogSignal: k.watchdog.or(sigABRT),
		ReloadSignal:     s.reloadSignal.or(sigHUP),
		TimeoutStartMode: s.timeoutStartMode.v, TimeoutStopMode: s.timeoutStopMode.v,
		FDStoreMax: s.fdStoreMax.v, Flags: s.flags(),
	}
	for _, f := range s.opened {
		f.v.Origin = place(f.at)
		out.OpenFiles = append(out.OpenFiles, f.v)
	}
	s.times(out)
	lo.noteService(u)
	context := lo.context(u)
	out.Exec = context.exec
	out.Commands = lo.commands(u, context)
	out.Origins = context.steps
	if len(s.opened) > 0 {
		out.Origins = append(out.Origins, plan.Origin{Step: plan.StepFDs, At: out.OpenFiles[0].Origin})
	}
	return out
}

// times fills in the spans of time, with systemd's defaults.
func (s *serviceSettings) times(out *plan.Service) {
	// systemd.service(5), "TimeoutStartSec=": a oneshot may take its time.
	start := defaultTimeout
	if out.Type == plan.TypeOneshot {
		start = plan.Infinity
	}
	out.TimeoutStart = s.timeoutStart.or(start)
	out.TimeoutStop = s.timeoutStop.or(defaultTimeout)
	out.TimeoutAbort = s.timeoutAbort.or(out.TimeoutStop)
	out.RestartSec = s.restartSec.or(defaultRestartSec)
	out.RestartMaxDelay = s.restartMaxDelay.or(plan.Infinity)
	out.RuntimeMax = s.runtimeMax.or(plan.Infinity)
	if s.runtimeMax.set && out.RuntimeMax == 0 {
		out.RuntimeMax = plan.Nanosecond // over at once, as with systemd; only infinity is for ever
	}
	out.RuntimeRandomizedExtra = s.runtimeRandomizedExtra.v
	out.Watchdog = s.watchdog.v
	if out.Watchdog == plan.Infinity {
		out.Watchdog = 0
	}
}

// serviceType is Type=, or what the rest of the unit says (systemd.service(5),
// "Type=").
func (s *serviceSettings) serviceType(u *unit) plan.ServiceType {
	switch {
	case s.typ.set:
		return s.typ.v
	case u.has(plan.ExecStart):
		return plan.TypeSimple
	}
	return plan.TypeOneshot
}

// access is NotifyAccess=; what listens for notifications by its nature needs
// at least the main process (systemd.service(5), "NotifyAccess=").
func (s *serviceSettings) access(u *unit) plan.NotifyAccess {
	t := s.serviceType(u)
	needs := t == plan.TypeNotify || t == plan.TypeNotifyReload || s.watchdog.v != 0 || s.fdStoreMax.v > 0
	if s.notifyAccess.v == plan.NotifyNone && needs {
		return plan.NotifyMain
	}
	return s.notifyAccess.v
}

// has says whether the unit has a command of that role.
func (u *unit) has(role plan.Role) bool { return u.count(role) > 0 }

// count is the number of the unit's commands of that role.
func (u *unit) count(role plan.Role) int {
	n := 0
	for i := range u.common.commands {
		if u.common.commands[i].role == role {
			n++
		}
	}
	return n
}

// flags are the yes-or-no settings; those that default to yes are on unless
// the unit turns them off.
func (s *serviceSettings) flags() plan.ServiceFlags {
	var f plan.ServiceFlags
	for _, b := range [...]struct {
		on   bool
		flag plan.ServiceFlags
	}{
		{s.remainAfterExit.v, plan.RemainAfterExit},
		{s.guessMainPID.or(true), plan.GuessMainPID},
		{s.kill.sendSIGHUP.v, plan.SendSIGHUP},
		{s.kill.sendSIGKILL.or(true), plan.SendSIGKILL},
		{s.rootDirectoryStartOnly.v, plan.RootDirectoryStartOnly},
		{s.nonBlocking.v, plan.NonBlocking},
		{s.fdStorePreserve.v == preserveYes, plan.FDStorePreserve},
		{s.fdStorePreserve.or(preserveRestart) == preserveRestart, plan.FDStorePreserveOnRestart},
		{s.exec.preserve.v == preserveYes, plan.RuntimeDirectoryPreserve},
		{s.exec.preserve.v == preserveRestart, plan.RuntimeDirectoryPreserveOnRestart},
	} {
		if b.on {
			f |= b.flag
		}
	}
	return f
}

// serviceSockets are the sockets that the service gets: those of Sockets= in
// their order, then the others that trigger it, by name.
func (lo *lowering) serviceSockets(u *unit) []plan.UnitID {
	var out []plan.UnitID
	triggers := map[plan.UnitID]bool{}
	for _, d := range u.deps {
		if d.Rel&plan.TriggeredBy != 0 {
			triggers[d.Unit] = true
		}
	}
	for _, name := range u.service.sockets {
		if s := lo.s.byName[name.v]; s != nil && s.kept && triggers[s.id] {
			out = append(out, s.id)
			triggers[s.id] = false
		}
	}
	for _, d := range u.deps {
		if triggers[d.Unit] && lo.s.image[d.Unit].kind == plan.KindSocket {
			out = append(out, d.Unit)
		}
	}
	return out
}

// exitSet joins what several assignments give; nil when there is none.
func exitSet(list []item[grammar.ExitStatuses]) *plan.ExitSet {
	if len(list) == 0 {
		return nil
	}
	set := &plan.ExitSet{}
	for _, e := range list {
		for i, bits := range e.v.Status {
			set.Status[i] |= bits
		}
		set.Signals[0] |= e.v.Signals[0]
		set.Signals[1] |= e.v.Signals[1]
	}
	return set
}

// noteService says where the fields of plan.Service were written.
func (lo *lowering) noteService(u *unit) {
	s, k := u.service, &u.service.kill
	note(lo, u, "Service.PIDFile", s.pidFile)
	note(lo, u, "Service.BusName", s.busName)
	note(lo, u, "Service.Type", s.typ)
	note(lo, u, "Service.ExitType", s.exitType)
	note(lo, u, "Service.Restart", s.restart)
	note(lo, u, "Service.RestartMode", s.restartMode)
	note(lo, u, "Service.RestartSteps", s.restartSteps)
	note(lo, u, "Service.NotifyAccess", s.notifyAccess)
	note(lo, u, "Service.OOMPolicy", s.oomPolicy)
	note(lo, u, "Service.KillMode", k.mode)
	note(lo, u, "Service.KillSignal", k.signal)
	note(lo, u, "Service.RestartKillSignal", k.restart)
	note(lo, u, "Service.FinalKillSignal", k.final)
	note(lo, u, "Service.WatchdogSignal", k.watchdog)
	note(lo, u, "Service.ReloadSignal", s.reloadSignal)
	note(lo, u, "Service.TimeoutStart", s.timeoutStart)
	note(lo, u, "Service.TimeoutStop", s.timeoutStop)
	note(lo, u, "Service.TimeoutAbort", s.timeoutAbort)
	note(lo, u, "Service.TimeoutStartMode", s.timeoutStartMode)
	note(lo, u, "Service.TimeoutStopMode", s.timeoutStopMode)
	note(lo, u, "Service.RestartSec", s.restartSec)
	note(lo, u, "Service.RestartMaxDelay", s.restartMaxDelay)
	note(lo, u, "Service.RuntimeMax", s.runtimeMax)
	note(lo, u, "Service.RuntimeRandomizedExtra", s.runtimeRandomizedExtra)
	note(lo, u, "Service.Watchdog", s.watchdog)
	note(lo, u, "Service.FDStoreMax", s.fdStoreMax)
	lo.noteExits(u, "Service.Success", s.success)
	lo.noteExits(u, "Service.Prevent", s.prevent)
	lo.noteExits(u, "Service.Force", s.force)
}

func (lo *lowering) noteExits(u *unit, field string, list []item[grammar.ExitStatuses]) {
	if len(list) > 0 {
		lo.noteAt(u, field, list[len(list)-1].at)
	}
}
