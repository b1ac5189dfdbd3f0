package machine

import "rustysd/runtime/plan"

// socket is what the machine knows of a socket unit beyond [unit].
type socket struct {
	triggers rate
	pid      int32
	command  uint16
	spawning bool
	killDue  bool
	polling  bool
	open     bool   // or about to be
	opening  uint16 // how many ActOpenSockets are not answered
}

// Sockets makes a machine run socket units.
func Sockets(m *Machine) {
	n := 0
	for i := range m.plan.Units {
		if m.plan.Units[i].Kind == plan.KindSocket {
			m.units[i].slot = uint16(n)
			n++
		}
	}
	m.sockets, m.socks = make([]socket, n), make([]sock, 0, n)
	for i := range m.plan.Units {
		if p := &m.plan.Units[i]; p.Kind == plan.KindSocket {
			m.socks = append(m.socks, sock{m, &m.sockets[len(m.socks)], &m.units[i], p.Socket, plan.UnitID(i)})
		}
	}
	m.types[plan.KindSocket] = unitType{
		start:     func(m *Machine, u plan.UnitID) { m.sock(u).start() },
		stop:      func(m *Machine, u plan.UnitID) { m.sock(u).stop() },
		limit:     func(m *Machine, u plan.UnitID) { m.sock(u).enterDead(ResultStartLimitHit) },
		timeout:   func(m *Machine, u plan.UnitID) { m.sock(u).timeout() },
		triggered: func(m *Machine, u plan.UnitID) { m.sock(u).triggered() },
	}
	on := &m.on[plan.KindSocket]
	on[EvSpawned] = func(m *Machine, ev *Event) { m.sock(ev.Unit).spawned(ev) }
	on[EvExited] = func(m *Machine, ev *Event) { m.sock(ev.Unit).exited(ev) }
	on[EvSockets] = func(m *Machine, ev *Event) { m.sock(ev.Unit).opened(ev) }
	on[EvTraffic] = func(m *Machine, ev *Event) { m.sock(ev.Unit).traffic() }
	on[EvSignalled] = func(*Machine, *Event) {}
	on[EvGroupEmpty] = func(*Machine, *Event) {}
}

// sock is a socket unit with all that its methods need: a view like svc.
type sock struct {
	m *Machine
	s *socket
	x *unit
	p *plan.Socket
	u plan.UnitID
}

func (m *Machine) sock(u plan.UnitID) *sock { return &m.socks[m.units[u].slot] }

func (v *sock) fail(r Result) {
	if v.x.result == Success {
		v.x.result = r
	}
}

func (v *sock) do(k ActionKind, value int64) {
	v.m.do(Action{Kind: k, Unit: v.u, Other: plan.NoUnit, Value: value})
}

func (v *sock) enter(s State) {
	v.arm(s)
	v.poll(s == StateListening)
	v.m.change(v.u, s)
}

// arm gives a state its time, and again each of its commands.
func (v *sock) arm(s State) {
	d := v.p.TimeoutSec
	if d <= 0 || s.Active() == ActiveUp || s.Active().down() {
		d = plan.Infinity // systemd.socket(5), "TimeoutSec=": 0 disables it
	}
	v.m.arm(v.u, timerState, d)
}

func (v *sock) poll(on bool) {
	if v.s.polling == on {
		return
	}
	v.s.polling = on
	value := int64(0)
	if on {
		value = 1
	}
	v.do(ActPoll, value)
}

// role runs the commands of a role in a state; false if there are none.
func (v *sock) role(s State, r plan.Role) bool {
	for i := range v.p.Commands {
		if v.p.Commands[i].Role == r {
			v.spawn(uint16(i))
			v.enter(s)
			return true
		}
	}
	return false
}

func (v *sock) spawn(c uint16) {
	v.s.command, v.s.spawning = c, true
	v.m.do(Action{Kind: ActSpawn, Unit: v.u, Other: plan.NoUnit, Command: c})
}

func (v *sock) start() {
	v.x.result = Success
	*v.s = socket{triggers: v.s.triggers, opening: v.s.opening}
	if by := v.p.Service; int(by) < len(v.m.plan.Units) && v.serviceRuns() {
		// It has opened its sockets by itself.
		v.m.logOther(v.u, MsgSocketBusy, by)
		v.m.finish(v.u, JobFailed)
		return
	}
	if !v.role(StateStartPre, plan.ExecStartPre) {
		v.open()
	}
}

// serviceRuns: the service is neither down nor waiting for its restart.
func (v *sock) serviceRuns() bool {
	s := v.m.units[v.p.Service].state
	return !s.Active().down() && s != StateAutoRestart
}

func (v *sock) open() {
	v.s.open = true
	v.s.opening++
	v.do(ActOpenSockets, 0)
	v.enter(StateStartChown)
}

func (v *sock) opened(ev *Event) {
	if v.s.opening == 0 {
		if v.x.state == StateListening && ev.Status != 0 {
			v.enterStopPre(ResultResources) // traffic would not be heard of
			return
		}
		v.m.ignore(ev)
		return
	}
	v.s.opening--
	switch {
	case v.x.state != StateStartChown || v.s.opening > 0:
		// A stop came in between, and has closed what was opened.
	case ev.Status != 0:
		v.s.open = false
		v.m.log(v.u, MsgSocketFailed, int64(ev.Status))
		v.enterStopPost(ResultResources)
	case v.role(StateStartPost, plan.ExecStartPost):
	default:
		v.listen(Success)
	}
}

// listen waits for traffic.
func (v *sock) listen(r Result) {
	v.fail(r)
	if v.x.result != Success {
		v.enterStopPre(v.x.result)
		return
	}
	if v.p.Flags&plan.FlushPending != 0 && v.x.state == StateRunning {
		v.do(ActFlushSockets, 0)
	}
	v.enter(StateListening)
}

// traffic starts the service, unless it comes too often.
func (v *sock) traffic() {
	if v.x.state != StateListening || v.m.ending != notEnding || v.x.job == JobStop {
		return
	}
	if !v.s.triggers.allow(v.m.now, v.p.TriggerLimitInterval, v.p.TriggerLimitBurst) {
		v.m.log(v.u, MsgTriggerLimit, 0)
		v.enterStopPre(ResultTriggerLimitHit)
		return
	}
	v.enter(StateRunning)
	by := v.p.Service
	if int(by) >= len(v.m.plan.Units) {
		return
	}
	if o := &v.m.units[by]; !o.state.Active().rising() && !(o.job == JobStart || o.job == JobRestart) {
		v.m.logOther(v.u, MsgTriggered, by)
		v.m.wish(by, wishStart, v.u)
	}
}

// triggered looks at the service after something happened to it: its end makes
// the socket listen again, its start makes it stop that.
func (v *sock) triggered() {
	if v.x.state != StateRunning && v.x.state != StateListening || int(v.p.Service) >= len(v.m.plan.Units) {
		return
	}
	o := &v.m.units[v.p.Service]
	switch {
	case o.flags&limited != 0:
		// Listening on would start it for ever. Its result may be an older one.
		v.enterStopPre(ResultServiceStartLimitHit)
	case o.job != JobNone || o.wishes&wishStart != 0:
	case o.state.Active().down() || o.state == StateAutoRestart:
		if v.x.state == StateRunning {
			v.listen(Success)
		}
	case o.state == StateRunning && v.x.state == StateListening:
		v.enter(StateRunning)
	}
}

func (v *sock) stop() {
	switch v.x.state {
	case StateStartPre, StateStartPost:
		v.enterSignal(StateStopPreSigterm, Success)
	case StateStartChown:
		v.enterStopPost(Success)
	case StateListening, StateRunning:
		v.enterStopPre(Success)
	}
}

// Socket units have ExecStopPre= where services have ExecStop=; a plan says
// ExecStop for both.

func (v *sock) enterStopPre(r Result) {
	v.fail(r)
	if !v.role(StateStopPre, plan.ExecStop) {
		v.enterStopPost(Success)
	}
}

func (v *sock) enterStopPost(r Result) {
	v.fail(r)
	v.close()
	if v.s.spawning || v.s.pid > 0 || !v.role(StateStopPost, plan.ExecStopPost) {
		v.enterSignal(StateFinalSigterm, Success)
	}
}

func (v *sock) close() {
	v.poll(false)
	if v.s.open {
		v.s.open = false
		v.do(ActCloseSockets, 0)
	}
}

// enterSignal ends the control process, if there is one, and what else the
// commands have left in the unit (systemd.kill(5), "KillMode=").
//
// Diverges: what they have left is not waited for, and gets one signal.
func (v *sock) enterSignal(s State, r Result) {
	v.fail(r)
	if !v.s.spawning && v.s.pid == 0 {
		if len(v.p.Commands) > 0 && s == StateFinalSigterm {
			v.killGroup(v.signal(s))
		}
		v.ctrlGone(s, Success)
		return
	}
	v.enter(s)
	v.s.killDue = true
	v.sendDue()
}

func (v *sock) sendDue() {
	if v.s.killDue && v.s.spawning && v.p.KillMode != plan.KillNone {
		// It may hang before its program runs.
		sig, _ := v.signal(v.x.state)
		v.m.do(Action{Kind: ActKill, Unit: v.u, Other: plan.NoUnit, Signal: sig})
	}
	if !v.s.killDue || v.s.pid == 0 {
		return
	}
	v.s.killDue = false
	if v.p.KillMode == plan.KillNone {
		v.abandon()
		v.ctrlGone(v.x.state, Success)
		return
	}
	sig, final := v.signal(v.x.state)
	cont := int64(1)
	if final {
		cont = 0
	}
	v.m.do(Action{Kind: ActKill, Unit: v.u, Other: plan.NoUnit, Pid: v.s.pid, Signal: sig, Value: cont})
	if !final && v.p.Flags&plan.SocketHangUp != 0 {
		v.m.do(Action{Kind: ActKill, Unit: v.u, Other: plan.NoUnit, Pid: v.s.pid, Signal: sigHup})
	}
	v.killGroup(sig, final)
}

// signal is the one of a state, and if it is the final one.
func (v *sock) signal(s State) (sig uint8, final bool) {
	sig = sigTerm
	if final = s == StateStopPreSigkill || s == StateFinalSigkill; final {
		sig = sigKill
		if v.p.FinalKillSignal != 0 {
			sig = v.p.FinalKillSignal
		}
	} else if v.p.KillSignal != 0 {
		sig = v.p.KillSignal
	}
	return sig, final
}

// killGroup signals the unit's processes but the control process, if the mode
// says so.
func (v *sock) killGroup(sig uint8, final bool) {
	flags := int64(0)
	switch {
	case v.p.KillMode == plan.KillMixed && final:
	case v.p.KillMode != plan.KillControlGroup:
		return
	case !final:
		flags = KillCont
		if v.p.Flags&plan.SocketHangUp != 0 {
			flags |= KillHUP
		}
	}
	v.m.do(Action{Kind: ActKillGroup, Unit: v.u, Other: plan.NoUnit, Pid: v.s.pid, Signal: sig, Value: flags})
}

func (v *sock) spawned(ev *Event) {
	if !v.s.spawning || ev.Command != v.s.command {
		v.m.ignore(ev)
		return
	}
	v.s.spawning = false
	if ev.Pid <= 0 {
		r := Success
		if !v.s.killDue {
			r = ResultResources
			v.m.log(v.u, MsgSpawnFailed, int64(ev.Status))
		}
		v.s.killDue = false
		v.ctrlGone(v.x.state, r)
		return
	}
	if ev.Step != 0 {
		v.m.log(v.u, MsgExecFailed, packStep(ev))
	}
	v.s.pid = ev.Pid
	v.sendDue()
}

func (v *sock) exited(ev *Event) {
	if ev.Pid <= 0 || ev.Pid != v.s.pid {
		v.m.ignore(ev)
		return
	}
	v.s.pid = 0
	c, r := v.s.command, Success
	switch {
	case v.p.Commands[c].Flags&plan.IgnoreFailure != 0:
	case ev.Code == Dumped:
		r = ResultCoreDump
	case ev.Code != Exited:
		r = ResultSignal
	case ev.Status != 0:
		r = ResultExitCode
	}
	next := int(c) + 1
	if r == Success && next < len(v.p.Commands) && v.p.Commands[next].Role == v.p.Commands[c].Role && !v.signalling() {
		v.spawn(uint16(next))
		v.arm(v.x.state)
		return
	}
	v.ctrlGone(v.x.state, r)
}

func (v *sock) signalling() bool {
	switch v.x.state {
	case StateStopPreSigterm, StateStopPreSigkill, StateFinalSigterm, StateFinalSigkill:
		return true
	}
	return false
}

// ctrlGone goes on from state s when its commands have ended.
func (v *sock) ctrlGone(s State, r Result) {
	switch s {
	case StateStartPre:
		if r == Success {
			v.open()
		} else {
			v.enterSignal(StateFinalSigterm, r) // there is nothing to take back
		}
	case StateStartPost:
		if r == Success {
			v.listen(Success)
		} else {
			v.enterStopPre(r)
		}
	case StateStopPre, StateStopPreSigterm, StateStopPreSigkill:
		v.enterStopPost(r)
	case StateStopPost, StateFinalSigterm, StateFinalSigkill:
		v.enterDead(r)
	}
}

func (v *sock) enterDead(r Result) {
	v.fail(r)
	v.abandon()
	v.close()
	v.do(ActCleanUp, 0)
	if v.x.result == Success {
		v.enter(StateDead)
		return
	}
	v.m.log(v.u, MsgFailed, packFailure(v.x.result, 0, 0))
	v.enter(StateFailed)
}

// abandon forgets the control process; its end is of no interest.
func (v *sock) abandon() {
	if v.s.pid > 0 || v.s.spawning {
		a := Action{Kind: ActUnwatch, Unit: v.u, Other: plan.NoUnit, Pid: v.s.pid}
		if v.s.spawning && v.p.KillMode != plan.KillNone {
			a.Signal = sigKill
		}
		v.m.do(a)
		v.s.pid, v.s.spawning, v.s.killDue = 0, false, false
	}
}

// giveUp ends a command that another one is to follow.
func (v *sock) giveUp() {
	if v.s.pid > 0 && v.p.KillMode != plan.KillNone {
		s := StateFinalSigkill
		if v.p.Flags&plan.SocketSpares != 0 {
			s = StateFinalSigterm
		}
		sig, _ := v.signal(s)
		v.m.do(Action{Kind: ActKill, Unit: v.u, Other: plan.NoUnit, Pid: v.s.pid, Signal: sig})
	}
	v.abandon()
}

func (v *sock) timeout() {
	v.m.log(v.u, MsgTimeout, int64(v.x.state))
	switch v.x.state {
	case StateStartPre:
		v.enterSignal(StateFinalSigterm, ResultTimeout)
	case StateStartPost:
		v.giveUp()
		v.enterStopPre(ResultTimeout)
	case StateStopPre:
		v.enterSignal(StateStopPreSigterm, ResultTimeout)
	case StateStartChown:
		v.enterStopPost(ResultTimeout)
	case StateStopPreSigterm:
		if v.p.Flags&plan.SocketSpares != 0 {
			v.enterStopPost(ResultTimeout)
			return
		}
		v.enterSignal(StateStopPreSigkill, ResultTimeout)
	case StateStopPreSigkill:
		v.enterStopPost(ResultTimeout)
	case StateStopPost:
		v.enterSignal(StateFinalSigterm, ResultTimeout)
	case StateFinalSigterm:
		if v.p.Flags&plan.SocketSpares != 0 {
			v.enterDead(ResultTimeout)
			return
		}
		v.enterSignal(StateFinalSigkill, ResultTimeout)
	case StateFinalSigkill:
		v.enterDead(ResultTimeout)
	}
}
