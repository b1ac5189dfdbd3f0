package machine

import "rustysd/runtime/plan"

// Requests makes a machine hear clients.
func Requests(m *Machine) { m.asked = (*Machine).request }

// client is somebody who waits for the end of a unit's job.
type client struct {
	request uint32
	unit    plan.UnitID
}

// maxClients is how many requests can wait; more are answered with
// MsgReplyQueued.
const maxClients = 256

// request does what a client asks for. The answer comes when the job ends, or
// at once if there is none.
func (m *Machine) request(ev *Event) {
	u := ev.Unit
	if int(u) >= len(m.plan.Units) {
		m.reply(ev.Request, plan.NoUnit, MsgNoUnit)
		return
	}
	if ev.Verb == VerbResetFailed {
		m.resetFailed(u)
		m.reply(ev.Request, u, MsgReplyDone)
		return
	}
	if ev.Verb == VerbCancel && m.ending == notEnding {
		m.finish(u, JobCanceled)
		m.reply(ev.Request, u, MsgReplyDone)
		return
	}
	t, refused := m.jobFor(u, ev.Verb)
	if refused == MsgNone && t != JobNone {
		refused = m.refuseMode(u, t, ev.Mode)
	}
	if refused == MsgNone && t != JobNone {
		refused = m.transactAs(u, t, ev.Mode)
	}
	switch {
	case refused != MsgNone:
		m.reply(ev.Request, u, refused)
	case t == JobNone:
		m.reply(ev.Request, u, MsgReplyDone)
	case m.units[u].job == JobNone:
		m.reply(ev.Request, u, MsgReplyDone)
	case len(m.clients) == cap(m.clients):
		m.reply(ev.Request, u, MsgReplyQueued)
	default:
		m.clients = append(m.clients, client{ev.Request, u})
	}
}

// jobFor is the job that a verb means in u's present state, JobNone if there is
// nothing to do, or why it is refused (systemctl(1)).
func (m *Machine) jobFor(u plan.UnitID, v Verb) (JobType, Msg) {
	a, flags := m.units[u].state.Active(), m.plan.Units[u].Flags
	if m.ending != notEnding {
		return JobNone, MsgReplyEnding
	}
	switch v {
	case VerbStart:
		if flags&plan.RefuseManualStart != 0 {
			return JobNone, MsgReplyRefused
		}
		return JobStart, MsgNone
	case VerbStop:
		if flags&plan.RefuseManualStop != 0 {
			return JobNone, MsgReplyRefused
		}
		return JobStop, MsgNone
	case VerbRestart, VerbTryRestart:
		return m.restartFor(u, v)
	case VerbReload:
		switch {
		case !m.canReload(u):
			return JobNone, MsgReplyNoReload
		case !a.up() && m.units[u].job != JobStart:
			return JobNone, MsgReplyNotUp
		}
		return JobReload, MsgNone
	case VerbReloadOrRestart, VerbTryReloadOrRestart:
		return m.reloadOrRestart(u, v)
	}
	return JobNone, MsgReplyRefused
}

// reloadOrRestart starts what is neither up nor on its way, unless it is only tried; what cannot
// reload is restarted.
func (m *Machine) reloadOrRestart(u plan.UnitID, v Verb) (JobType, Msg) {
	switch up, try := m.units[u].state.Active().rising(), v == VerbTryReloadOrRestart; {
	case !m.canReload(u) && try:
		return m.restartFor(u, VerbTryRestart)
	case !m.canReload(u):
		return m.restartFor(u, VerbRestart)
	case up:
		return JobReload, MsgNone
	case try:
		return JobNone, MsgNone
	}
	return m.jobFor(u, VerbStart)
}

// refuseMode: systemd.unit(5), "AllowIsolate="; isolating and
// restart-dependencies are for starts, triggering is for stops.
func (m *Machine) refuseMode(u plan.UnitID, t JobType, mode JobMode) Msg {
	switch {
	case mode == plan.ModeIsolate && (t != JobStart || m.plan.Units[u].Flags&plan.AllowIsolate == 0):
		return MsgReplyNoIsolate
	case mode == plan.ModeTriggering && t != JobStop, mode == plan.ModeRestartDependencies && t != JobStart:
		return MsgReplyMode
	}
	return MsgNone
}

func (m *Machine) restartFor(u plan.UnitID, v Verb) (JobType, Msg) {
	switch {
	case m.plan.Units[u].Flags&(plan.RefuseManualStart|plan.RefuseManualStop) != 0:
		return JobNone, MsgReplyRefused
	case v == VerbTryRestart && !m.units[u].state.Active().rising():
		return JobNone, MsgNone
	}
	return JobRestart, MsgNone
}

func (m *Machine) canReload(u plan.UnitID) bool {
	t := &m.types[m.plan.Units[u].Kind]
	return t.reload != nil && (t.canReload == nil || t.canReload(m, u))
}

// resetFailed forgets a failure, whatever the state, and the starts and restarts
// that were counted (systemctl(1), "reset-failed").
func (m *Machine) resetFailed(u plan.UnitID) {
	x := &m.units[u]
	x.starts.reset()
	x.flags &^= limited
	x.result = Success
	if s := m.service(u); s != nil {
		s.restarts = 0
	}
	if x.state == StateFailed {
		x.flags |= quietChange
		m.change(u, StateDead)
		x.flags &^= quietChange
	}
}

//go:noinline
func (m *Machine) reply(request uint32, u plan.UnitID, msg Msg) {
	m.do(Action{Kind: ActReply, Unit: u, Other: plan.NoUnit, Msg: msg, Value: int64(request)})
}

// Forget says that nobody waits for the answer to a request any more.
func (m *Machine) Forget(request uint32) {
	for n := range m.clients {
		if m.clients[n].request == request {
			m.clients = append(m.clients[:n], m.clients[n+1:]...)
			return
		}
	}
}

var replies = [NumJobResults]Msg{
	JobDone: MsgReplyDone, JobCanceled: MsgReplyCanceled, JobTimeout: MsgReplyTimeout,
	JobFailed: MsgReplyFailed, JobDependency: MsgReplyDependency, JobSkipped: MsgReplySkipped,
}

// replyAll answers those who waited for the job of u.
func (m *Machine) replyAll(u plan.UnitID, r JobResult) {
	kept := m.clients[:0]
	for _, c := range m.clients {
		if c.unit == u {
			m.reply(c.request, u, replies[r])
		} else {
			kept = append(kept, c)
		}
	}
	m.clients = kept
}
