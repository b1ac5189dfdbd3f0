package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// The errors: JSON-RPC 2.0's own, and ours.
const (
	errParse     = -32700
	errRequest   = -32600
	errNoMethod  = -32601
	errParams    = -32602
	errNoUnit    = 1
	errDenied    = 2
	errRefused   = 3 // RefuseManualStart= and kin, AllowIsolate=
	errNoReload  = 4
	errConflict  = 5 // with another job
	errEnding    = 6
	errNoProcess = 7
	errNotNow    = 8 // the unit is not active, or what it takes contradicts itself
)

// request is one line, understood.
type request struct {
	s      *session
	slot   int32
	method *method
	id     jsonText // nil: no reply is wanted
	params jsonText
}

// method is something to ask for.
type method struct {
	name   string
	change bool // not for everybody
	verb   machine.Verb
	call   func(*Init, *request)
}

// methods are all of them. control.md describes them.
var methods = [...]method{
	{"start", true, machine.VerbStart, (*Init).askJob},
	{"stop", true, machine.VerbStop, (*Init).askJob},
	{"restart", true, machine.VerbRestart, (*Init).askJob},
	{"try-restart", true, machine.VerbTryRestart, (*Init).askJob},
	{"reload", true, machine.VerbReload, (*Init).askJob},
	{"reload-or-restart", true, machine.VerbReloadOrRestart, (*Init).askJob},
	{"try-reload-or-restart", true, machine.VerbTryReloadOrRestart, (*Init).askJob},
	{"reset-failed", true, machine.VerbResetFailed, (*Init).askReset},
	{"cancel", true, machine.VerbCancel, (*Init).askJob},
	{"isolate", true, machine.VerbStart, (*Init).askJob},
	{"kill", true, 0, (*Init).askKill},
	{"poweroff", true, machine.Verb(plan.ActionPoweroff), (*Init).askEnd},
	{"reboot", true, machine.Verb(plan.ActionReboot), (*Init).askEnd},
	{"halt", true, machine.Verb(plan.ActionHalt), (*Init).askEnd},
	{"exit", true, machine.Verb(plan.ActionExit), (*Init).askEnd},
	{"daemon-reexec", true, 0, (*Init).askReexec},
	{"show", false, 0, (*Init).askShow},
	{"cat", false, 0, (*Init).askCat},
	{"processes", false, 0, (*Init).askProcesses},
	{"list-units", false, 0, (*Init).askUnits},
	{"list-jobs", false, 0, (*Init).askJobs},
	{"list-dependencies", false, 0, (*Init).askDependencies},
}

// answerLine answers the first line that is whole; false when there is none.
func (i *Init) answerLine(slot int32) bool {
	s := i.control.sessions[slot]
	end := s.line()
	switch {
	case end < 0 && (s.skipping || len(s.in) >= maxLine):
		if !s.skipping {
			(&request{s: s, id: jsonNull}).fail(errParse, "the line is longer than 64 KiB", "")
		}
		s.skipping, s.in = true, s.in[:0]
		return false
	case end < 0:
		return false
	case s.skipping:
		s.skipping = false
	case skipBlanks(s.in, 0) < end:
		i.control.answering = slot + 1
		i.answer(slot, s.in[:end])
		i.control.answering = 0
	}
	s.takeOff(end + 1)
	return true
}

var jsonNull = jsonText("null")

// answer does what one line asks for.
func (i *Init) answer(slot int32, line []byte) {
	q := request{s: i.control.sessions[slot], slot: slot, id: jsonNull}
	v, ok := validJSON(line)
	if !ok {
		q.fail(errParse, "not JSON", "")
		return
	}
	id, name := v.member("id"), v.member("method")
	q.params = v.member("params")
	switch {
	case v.kind() != '{' || !v.member("jsonrpc").is("2.0") || name.kind() != '"',
		len(id) > maxID || id.kind() == '{' || id.kind() == '[' || id.kind() == 't' || id.kind() == 'f',
		q.params != nil && q.params.kind() != '{':
		q.fail(errRequest, "not a JSON-RPC 2.0 request with named parameters", "")
		return
	}
	q.id = id
	for n := range methods {
		if !name.is(methods[n].name) {
			continue
		}
		q.method = &methods[n]
		if methods[n].change && !q.s.mayChange {
			q.fail(errDenied, "only root and the init's own user may do that", "")
			return
		}
		methods[n].call(i, &q)
		return
	}
	if faultAsked(i, &q, name) {
		return
	}
	q.fail(errNoMethod, "no such method", "")
}

// begin writes a reply up to what is under key.
func (q *request) begin(key string) jsonWriter {
	w := jsonWriter{b: q.s.out}
	w.open('{')
	w.pair("jsonrpc", "2.0")
	w.key("id")
	w.comma()
	w.b = append(w.b, q.id...)
	w.more = true
	w.key(key)
	return w
}

// finish ends a reply, and forgets it when none is wanted.
func (q *request) finish(w *jsonWriter) {
	w.close('}')
	if q.id != nil {
		q.s.out = append(w.b, '\n')
	}
}

// fail answers with an error, which may be about a unit.
func (q *request) fail(code int64, message, unit string) {
	w := q.begin("error")
	w.open('{')
	w.key("code")
	w.number(code)
	w.pair("message", message)
	if unit != "" {
		w.pair("data", unit)
	}
	w.close('}')
	q.finish(&w)
}

// word answers with {"unit": …, "result": …}.
func (q *request) word(unit, result string) {
	w := q.begin("result")
	w.open('{')
	if unit != "" {
		w.pair("unit", unit)
	}
	w.pair("result", result)
	w.close('}')
	q.finish(&w)
}

// unit finds the unit that a request is about; it fails when there is none.
func (i *Init) unit(q *request) (plan.UnitID, bool) {
	p := q.params.member("unit")
	if p.kind() != '"' {
		q.fail(errParams, "\"unit\" is missing", "")
		return plan.NoUnit, false
	}
	i.control.name = p.appendTo(i.control.name[:0])
	name := text(i.control.name)
	id := i.unitNamed(name)
	if id == plan.NoUnit {
		q.fail(errNoUnit, "no such unit in this image", name)
		return id, false
	}
	return id, true
}

// unitNamed finds a unit by its name or by an alias.
func (i *Init) unitNamed(name string) plan.UnitID {
	id := i.unitByName(name)
	for n := range i.plan.Aliases {
		if a := &i.plan.Aliases[n]; a.Name == name {
			id = a.Unit
		}
	}
	return id
}

// modeNames are the job modes (systemctl(1), "--job-mode=").
var modeNames = [plan.NumModes]string{
	"replace", "fail", "isolate", "flush", "ignore-requirements", "ignore-dependencies",
	"replace-irreversibly", "triggering", "restart-dependencies",
}

func (q *request) mode() (machine.JobMode, bool) {
	p := q.params.member("mode")
	if q.method.name == "isolate" {
		return plan.ModeIsolate, p == nil
	}
	if p == nil {
		return plan.ModeReplace, true
	}
	for n, name := range modeNames {
		if p.is(name) {
			return machine.JobMode(n), true
		}
	}
	return 0, false
}

// askJob asks the machine for a job. The reply comes when the job has ended, or
// at once with "no-block".
func (i *Init) askJob(q *request) {
	id, ok := i.unit(q)
	if !ok {
		return
	}
	mode, ok := q.mode()
	if !ok {
		q.fail(errParams, "no such job mode", "")
		return
	}
	request := i.owe(q)
	i.post(machine.Event{Kind: machine.EvRequest, Unit: id, Verb: q.method.verb, Mode: mode, Request: request})
	i.drain()
	if q.id != nil && q.params.member("no-block").kind() != 't' {
		return
	}
	if w := i.control.waitFor(request); w != nil {
		i.machine.Forget(request)
		i.control.forget(w)
		q.s.waits--
		q.word(i.plan.Units[id].Name, "queued")
	}
}

// owe remembers who is to be answered.
//
//go:noinline
func (i *Init) owe(q *request) uint32 {
	c := i.control
	c.requests++
	w := wait{request: c.requests, slot: q.slot, silent: q.id == nil}
	w.idSize = uint8(copy(w.id[:], q.id))
	q.s.waits++
	c.waits = append(c.waits, w)
	return c.requests
}

func (c *control) waitFor(request uint32) *wait {
	for n := range c.waits {
		if c.waits[n].request == request {
			return &c.waits[n]
		}
	}
	return nil
}

// forget takes a wait off the list; the machine's answer finds nobody.
func (c *control) forget(w *wait) {
	last := len(c.waits) - 1
	*w = c.waits[last]
	c.waits = c.waits[:last]
}

// replied is ActReply.
func (i *Init) replied(a *machine.Action) {
	c := i.control
	if c == nil {
		return
	}
	p := c.waitFor(uint32(a.Value))
	if p == nil {
		return
	}
	p.unit, p.msg = a.Unit, a.Msg
	s := c.sessions[p.slot]
	if !s.listing.active { // else when that is told
		i.reply(s, p)
		s.push() // a peer that has gone is heard of by the epoll
		i.watchSession(s.id % maxSessions)
	}
}

// reply says what the machine answered, and forgets the wait.
func (i *Init) reply(s *session, w *wait) {
	q := request{s: s, id: w.id[:w.idSize]}
	if w.silent {
		q.id = nil
	}
	q.sayReply(w.unit, w.msg, i.plan)
	s.waits--
	i.control.forget(w)
}

// replyLate says what was answered while a listing was told.
func (i *Init) replyLate(s *session) {
	c := i.control
	for n := len(c.waits) - 1; n >= 0; n-- { // forget moves the last one here
		if w := &c.waits[n]; w.slot == s.id%maxSessions && w.msg != machine.MsgNone {
			i.reply(s, w)
		}
	}
}

// replyCodes are the messages of the machine that are errors.
var replyCodes = [...]struct {
	msg  machine.Msg
	code int64
}{
	{machine.MsgReplyConflict, errConflict}, {machine.MsgReplyRefused, errRefused}, {machine.MsgReplyNoIsolate, errRefused}, {machine.MsgReplyMode, errParams},
	{machine.MsgReplyContradict, errNotNow}, {machine.MsgReplyNotUp, errNotNow}, {machine.MsgReplyNoReload, errNoReload}, {machine.MsgReplyEnding, errEnding}, {machine.MsgNoUnit, errNoUnit},
}

var replyWords = [...]struct {
	msg  machine.Msg
	word string
}{
	{machine.MsgReplyDone, "done"}, {machine.MsgReplyFailed, "failed"}, {machine.MsgReplyDependency, "dependency"},
	{machine.MsgReplyCanceled, "canceled"}, {machine.MsgReplyTimeout, "timeout"}, {machine.MsgReplySkipped, "skipped"},
	{machine.MsgReplyQueued, "queued"},
}

func (q *request) sayReply(unit plan.UnitID, msg machine.Msg, p *plan.Plan) {
	name := ""
	if int(unit) < len(p.Units) {
		name = p.Units[unit].Name
	}
	for _, r := range replyCodes {
		if r.msg == msg {
			q.fail(r.code, msg.String(), name)
			return
		}
	}
	for _, r := range replyWords {
		if r.msg == msg {
			q.word(name, r.word)
			return
		}
	}
}

// askReset forgets the failures of one unit, or of all.
func (i *Init) askReset(q *request) {
	if q.params.member("unit") != nil {
		i.askJob(q)
		return
	}
	for id := range i.plan.Units {
		i.post(machine.Event{Kind: machine.EvRequest, Unit: plan.UnitID(id), Verb: machine.VerbResetFailed})
	}
	i.drain()
	q.word("", "done")
}

// askEnd stops everything. With "force" 1 units are not stopped in order, with
// 2 not at all.
func (i *Init) askEnd(q *request) {
	force, _ := q.params.member("force").number()
	status, _ := q.params.member("status").number()
	action := plan.Action(q.method.verb)
	if action != plan.ActionExit {
		action += plan.Action(min(max(force, 0), 2))
	} else if force > 0 {
		action = plan.ActionExitForce
	}
	q.word("", "queued")
	q.s.push() // there may be no later
	i.post(machine.Event{Kind: machine.EvShutdown, Status: int32(i.orExit(action)), Command: uint16(uint8(status))})
	i.drain()
}

// askReexec lets the init execute itself anew.
func (i *Init) askReexec(q *request) {
	if i.reexec == nil {
		q.fail(errConflict, "an image without services has nothing to hand on", "")
		return
	}
	i.reexec(i, i.owe(q))
}

// askKill signals processes of a unit.
func (i *Init) askKill(q *request) {
	id, ok := i.unit(q)
	if !ok {
		return
	}
	sig, ok := q.params.member("signal").number()
	if q.params.member("signal") == nil {
		sig, ok = int64(syscall.SIGTERM), true
	}
	if !ok || sig < 1 || sig > 64 {
		q.fail(errParams, "no such signal", "")
		return
	}
	whom, n := q.params.member("whom"), 0
	switch {
	case i.plan.Units[id].Kind == plan.KindTarget:
		q.fail(errNoProcess, "a target has no processes", i.plan.Units[id].Name)
		return
	case whom == nil || whom.is("all"):
		n = i.signalUnit(id, uint8(sig))
	case whom.is("main"):
		n = i.signalOne(id, i.machine.MainPID(id), uint8(sig))
	case whom.is("control"):
		n = i.signalOne(id, i.machine.ControlPID(id), uint8(sig))
	default:
		q.fail(errParams, "\"whom\" is none of all, main, control", "")
		return
	}
	if n == 0 && !(whom == nil || whom.is("all")) {
		q.fail(errNoProcess, "the unit has no such process", i.plan.Units[id].Name)
		return
	}
	q.word(i.plan.Units[id].Name, "done")
}

// signalOne signals a process that the machine knows.
func (i *Init) signalOne(id plan.UnitID, pid int32, sig uint8) int {
	if pid <= 0 {
		return 0
	}
	i.kill(&machine.Action{Unit: id, Pid: pid, Signal: sig})
	return 1
}

// signalUnit signals all processes of a unit.
func (i *Init) signalUnit(id plan.UnitID, sig uint8) (n int) {
	if i.groups.usable && i.units[id].hasGroup {
		return int(i.killCgroup(&machine.Action{Unit: id, Signal: sig}))
	}
	i.unitProcesses(id)
	for _, pid := range i.control.pids {
		if p := i.procs.find(pid); p != nil && p.unit == id && p.kind&procChild != 0 {
			kill(pid, sig)
			n++
		} else if i.signalOther(pid, id, sig, 0) {
			n++
		}
	}
	return n
}

// maxPids is how many processes of a unit are told.
const maxPids = 1024

// unitProcesses fills control.pids.
func (i *Init) unitProcesses(id plan.UnitID) {
	pids := i.control.pids[:0]
	defer func() { i.control.pids = pids }()
	if i.groups.usable && i.units[id].hasGroup {
		pids = appendPids(pids, procsOf(i.groupPath(id), i.scan.text[:]))
		return
	}
	i.takeSpawned()
	i.scan.look()
	for n := range i.scan.list {
		p := &i.scan.list[n]
		if p.pid != i.pid && p.state != 'Z' && len(pids) < maxPids && i.unitOf(p) == id {
			pids = append(pids, p.pid)
		}
	}
}

// appendPids reads a list of numbers, one a line.
func appendPids(pids []int32, b []byte) []int32 {
	for len(b) > 0 && len(pids) < maxPids {
		end := indexNewline(b)
		if end < 0 {
			break
		}
		if pid, ok := atoi(b[:end]); ok && pid > 0 {
			pids = append(pids, int32(pid))
		}
		b = b[end+1:]
	}
	return pids
}

// askProcesses lists the processes of a unit.
func (i *Init) askProcesses(q *request) {
	id, ok := i.unit(q)
	if !ok {
		return
	}
	i.unitProcesses(id)
	w := q.begin("result")
	w.open('[')
	for _, pid := range i.control.pids {
		w.number(int64(pid))
	}
	w.close(']')
	q.finish(&w)
}
