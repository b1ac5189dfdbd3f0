package machine

import "rustysd/runtime/plan"

// service is what the machine knows of a service unit beyond [unit].
type service struct {
	watchdog     plan.Duration // WATCHDOG_USEC= of the service, or WatchdogSec=
	reloadBegan  int64
	began, ended int64 // of the last main process
	lastPid      int32 // and its number
	mainPid      int32
	ctrlPid      int32
	status       int32 // how the main process ended
	restarts     uint32
	command      uint16 // the one that is spawned or runs as control process
	mainCommand  uint16 // likewise as main process
	flags        serviceFlags
	signals      uint8 // ActKillGroup that are not answered
	code         ExitCode
	notifyAccess plan.NotifyAccess
}

// serviceFlags are facts about a running service.
type serviceFlags uint16

const (
	spawning      serviceFlags = 1 << iota // ActSpawn is not answered
	spawningMain                           // and it is for the main process
	killDue                                // signals wait for that answer
	mainKnown                              // mainPid is right, even if 0
	mainAlien                              // the main process is not of our making
	groupGone                              // no process is left but mainPid and ctrlPid
	forbidRestart                          // it was stopped by a job
	viaRestart                             // the start at hand is an automatic one
	busGood                                // the bus name has an owner
	toldReloading
	toldStopping
	findingMain // ActFindMain is not answered
	fresh       // the next spawn begins a new invocation
	ranBefore   // a command ran before ExecStart=
	rereading   // the PID file is looked at again: is there another main process?
	counting    // are processes left that keep it from starting?
)

// noCommand is no index into Commands.
const noCommand = 0xFFFF

// Services makes a machine run service units.
func Services(m *Machine) {
	n := 0
	for i := range m.plan.Units {
		if m.plan.Units[i].Kind == plan.KindService {
			m.units[i].slot = uint16(n)
			n++
		}
	}
	m.services, m.svcs = make([]service, n), make([]svc, 0, n)
	for i := range m.plan.Units {
		if p := &m.plan.Units[i]; p.Kind == plan.KindService {
			s := &m.services[len(m.svcs)]
			s.flags, s.command, s.mainCommand = groupGone, noCommand, noCommand
			m.svcs = append(m.svcs, svc{m, s, &m.units[i], p.Service, plan.UnitID(i)})
		}
	}
	m.idle = newQueue(n)
	m.types[plan.KindService] = unitType{
		start:     func(m *Machine, u plan.UnitID) { m.svc(u).start() },
		stop:      func(m *Machine, u plan.UnitID) { m.svc(u).stop() },
		reload:    func(m *Machine, u plan.UnitID) { m.svc(u).reload() },
		canReload: func(m *Machine, u plan.UnitID) bool { return m.svc(u).canReload() },
		limit:     func(m *Machine, u plan.UnitID) { m.svc(u).enterDead(ResultStartLimitHit, false) },
		timeout:   func(m *Machine, u plan.UnitID) { m.svc(u).timeout() },
		direct:    func(m *Machine, u plan.UnitID) bool { return m.svc(u).direct() },
	}
	on := &m.on[plan.KindService]
	on[EvSpawned] = func(m *Machine, ev *Event) { m.svc(ev.Unit).spawned(ev) }
	on[EvExited] = func(m *Machine, ev *Event) { m.svc(ev.Unit).exited(ev) }
	on[EvSignalled] = func(m *Machine, ev *Event) { m.svc(ev.Unit).signalled(ev.Status) }
	on[EvGroupEmpty] = func(m *Machine, ev *Event) { m.svc(ev.Unit).groupEmpty() }
	on[EvOOM] = func(m *Machine, ev *Event) { m.svc(ev.Unit).oom() }
}

// svc is a service with all that its methods need: a view, not a copy. The views
// are made once: handed from method to method by value, they would make an image
// larger by several kB.
type svc struct {
	m *Machine
	s *service
	x *unit
	p *plan.Service
	u plan.UnitID
}

func (m *Machine) svc(u plan.UnitID) *svc { return &m.svcs[m.units[u].slot] }

func (v *svc) is(f serviceFlags) bool { return v.s.flags&f != 0 }
func (v *svc) set(f serviceFlags)     { v.s.flags |= f }
func (v *svc) clear(f serviceFlags)   { v.s.flags &^= f }

// mainBusy and ctrlBusy: the process is there, or about to be.
//
//go:noinline
func (v *svc) mainBusy() bool { return v.s.mainPid > 0 || v.is(spawning) && v.is(spawningMain) }

//go:noinline
func (v *svc) ctrlBusy() bool { return v.s.ctrlPid > 0 || v.is(spawning) && !v.is(spawningMain) }

// fail records the first result that is not success.
//
//go:noinline
func (v *svc) fail(r Result) {
	if v.x.result == Success {
		v.x.result = r
	}
}

func (v *svc) arm(d plan.Duration) { v.m.arm(v.u, timerState, d) }
func (v *svc) disarm()             { v.m.disarm(v.u, timerState) }

// enter puts the service into a state, with the time that it may take there.
func (v *svc) enter(s State, d plan.Duration) {
	v.arm(d)
	switch s {
	case StateStartPost, StateRunning, StateReload, StateReloadSignal, StateReloadNotify:
	default:
		v.m.disarm(v.u, timerWatchdog)
	}
	v.m.change(v.u, s)
}

// first is the first command of a role, noCommand if there is none.
//
//go:noinline
func (v *svc) first(r plan.Role) uint16 {
	for i := range v.p.Commands {
		if v.p.Commands[i].Role == r {
			return uint16(i)
		}
	}
	return noCommand
}

// next is the command of the same role after c.
//
//go:noinline
func (v *svc) next(c uint16) uint16 {
	if n := int(c) + 1; c != noCommand && n < len(v.p.Commands) && v.p.Commands[n].Role == v.p.Commands[c].Role {
		return uint16(n)
	}
	return noCommand
}

// spawn has a command run, as main or as control process.
func (v *svc) spawn(c uint16, asMain bool) {
	env, pid, first := v.env(c, asMain), int32(0), int64(0)
	if env&EnvMainPID != 0 {
		pid = v.s.mainPid
	}
	if v.is(fresh) {
		first = 1
	}
	other := plan.NoUnit
	if env&EnvMonitor != 0 {
		other = v.monitored()
	}
	v.clear(spawningMain | groupGone | fresh)
	v.set(spawning)
	if asMain {
		v.set(spawningMain)
		v.s.mainCommand = c
	} else {
		v.s.command = c
	}
	v.m.do(Action{Kind: ActSpawn, Unit: v.u, Other: other, Pid: pid, Command: c, Env: env, Value: first})
}

// env is what a command gets besides the plan's variables.
func (v *svc) env(c uint16, asMain bool) SpawnEnv {
	var e SpawnEnv
	role := v.p.Commands[c].Role
	if v.s.mainPid > 0 {
		e |= EnvMainPID
	}
	switch v.s.notifyAccess {
	case plan.NotifyAll, plan.NotifyExec:
		e |= EnvNotify
	case plan.NotifyMain:
		if asMain {
			e |= EnvNotify
		}
	}
	if role == plan.ExecStart {
		if len(v.p.Sockets) > 0 || v.p.FDStoreMax > 0 || len(v.p.OpenFiles) > 0 {
			e |= EnvSockets
		}
		if v.s.watchdog > 0 {
			e |= EnvWatchdog
		}
	}
	if role == plan.ExecStop || role == plan.ExecStopPost {
		e |= EnvResult
	}
	if (role == plan.ExecStartPre || role == plan.ExecStart) && v.monitored() != plan.NoUnit {
		e |= EnvMonitor
	}
	return e
}

// monitored is the unit that v is the handler of. One that could have two
// reasons to start is told of none (systemd.exec(5), "$MONITOR_SERVICE_RESULT").
func (v *svc) monitored() plan.UnitID {
	found := plan.NoUnit
	for _, rel := range [...]plan.Rel{plan.OnFailureOf, plan.OnSuccessOf} {
		for _, d := range v.m.deps(v.u, rel) {
			if d.Rel&rel == 0 {
				continue
			}
			if found != plan.NoUnit {
				return plan.NoUnit
			}
			found = d.Unit
		}
	}
	return found
}

// spawned answers spawn.
func (v *svc) spawned(ev *Event) {
	c := v.s.command
	asMain := v.is(spawningMain)
	if asMain {
		c = v.s.mainCommand
	}
	if !v.is(spawning) || ev.Command != c {
		v.m.ignore(ev)
		return
	}
	due := v.is(killDue)
	v.clear(spawning | spawningMain | killDue)
	if ev.Pid <= 0 {
		if !due {
			v.m.log(v.u, MsgSpawnFailed, int64(ev.Status))
		}
		v.notSpawned(due)
		return
	}
	if ev.Step != 0 {
		v.m.log(v.u, MsgExecFailed, packStep(ev))
	}
	v.took(ev.Pid, asMain)
	switch {
	case due:
		v.sendSignals()
	case asMain && v.x.state == StateStart:
		v.mainSpawned(ev.Step != 0)
	}
}

// took records the process that runs now.
func (v *svc) took(pid int32, asMain bool) {
	if !asMain {
		v.s.ctrlPid = pid
		return
	}
	v.s.mainPid, v.s.code, v.s.status = pid, 0, 0
	v.s.lastPid, v.s.began, v.s.ended = pid, v.m.now, 0
	v.set(mainKnown)
	v.clear(mainAlien)
}

// mainSpawned goes on where the type takes a running program for a started
// service (systemd.service(5), "Type=").
func (v *svc) mainSpawned(failed bool) {
	switch v.p.Type {
	case plan.TypeSimple, plan.TypeIdle:
		v.enterStartPost()
	case plan.TypeExec:
		if !failed {
			v.enterStartPost()
		}
	}
}

// notSpawned goes on when there is no child at all.
func (v *svc) notSpawned(due bool) {
	if due {
		v.sendSignals()
		return
	}
	switch v.x.state {
	case StateCondition, StateStartPre, StateStart, StateStartPost:
		v.enterSignal(StateStopSigterm, ResultResources)
	case StateReload:
		v.reloaded(ResultResources)
	case StateStop:
		v.enterSignal(StateStopSigterm, ResultResources)
	case StateStopPost:
		v.enterSignal(StateFinalSigterm, ResultResources)
	}
}

// good tells if the service does its work: systemd.service(5), "Type=dbus",
// "GuessMainPID=".
func (v *svc) good() bool {
	if v.p.Type == plan.TypeDBus && !v.is(busGood) {
		return false
	}
	if v.mainBusy() {
		return true
	}
	if v.is(mainKnown) && v.p.ExitType == plan.ExitMain {
		return false
	}
	return !v.is(groupGone)
}
