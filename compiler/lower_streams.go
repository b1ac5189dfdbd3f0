package compiler

import (
	"cmp"
	"encoding/base64"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// standardStream makes the decoder of a standard stream: beside what parse
// reads, fd:NAME, the descriptor of a socket with that name, which is the
// stream's own when it is left out.
func standardStream(n int, parse parseFunc[plan.Stream], field func(u *unit) *opt[plan.Stream]) decodeFunc {
	plain := scalar(parse, field)
	return func(x *reading) {
		e := x.u.exec()
		name, named := strings.CutPrefix(x.text, "fd:")
		if x.text == "fd" {
			name, named = [...]string{"stdin", "stdout", "stderr"}[n], true
		}
		if n == 0 {
			e.dataInput = x.text == "data"
		}
		e.copies[n] = copies[x.text]
		if e.fdNames[n] = ""; !named {
			plain(x)
			return
		}
		if expanded, _, ok := x.expandBoot(name); ok {
			e.fdNames[n] = expanded
			*field(x.u) = opt[plan.Stream]{plan.Stream{Kind: plan.StreamNamed}, true, x.set.pos}
		}
	}
}

// copies are where lines go beside the log (systemd.exec(5), "StandardOutput=").
var copies = map[string]plan.LogCopy{
	"kmsg": plan.CopyKmsg, "kmsg+console": plan.CopyKmsg | plan.CopyConsole,
	"journal+console": plan.CopyConsole, "syslog+console": plan.CopyConsole,
}

// copies lowers them. Diverges: the two outputs of a program that lead to the log
// are one stream, whose lines go wherever those of either are to go.
func (b *execBuilder) copies() {
	log := &b.out.Log
	if log.Copy = b.e.copies[1] | b.e.copies[2]; log.Copy&plan.CopyKmsg != 0 {
		log.Level = b.e.log.level.or(levelInfo)
	}
}

// namedDescriptors finds the descriptors that fd: names, and makes sure that
// "socket" can be one only.
func (b *execBuilder) namedDescriptors() {
	for n, s := range [...]*opt[plan.Stream]{&b.e.stdin, &b.e.stdout, &b.e.stderr} {
		if b.u.service == nil {
			continue
		}
		index, found := 0, false
		for _, id := range b.lo.serviceSockets(b.u) {
			socket := b.lo.s.image[id]
			if socket.socket.fdName.or(socket.name) == b.e.fdNames[n] {
				found = true
				break
			}
			index += len(socket.socket.listen)
		}
		switch {
		case s.v.Kind == plan.StreamSocket && index != 1:
			b.socketStream(s.at, index)
			*s = opt[plan.Stream]{} // said once
		case b.e.fdNames[n] == "":
		case !found:
			b.lo.l.Add(diag.Diagnostic{Pos: s.at, Severity: diag.Error, Code: "invalid-value",
				Msg:  "no socket of " + b.u.name + " has the name \"" + b.e.fdNames[n] + "\"",
				Hint: "give one FileDescriptorName=" + b.e.fdNames[n] + ", and name it in Sockets="})
			b.e.fdNames[n] = "" // said once
		default:
			s.v.Index = uint16(index)
		}
	}
}

// socketStream says why a standard stream cannot be the socket of a service that
// has n of them: systemd does not start it either.
func (b *execBuilder) socketStream(at grammar.Pos, n int) {
	d := diag.Diagnostic{Pos: at, Severity: diag.Error, Code: "invalid-value",
		Msg: b.u.name + " has no socket to use as a standard stream", Hint: "add a socket unit that starts it"}
	if n > 1 {
		d.Msg, d.Hint = b.u.name+" has "+strconv.Itoa(n)+" sockets, of which a standard stream can be only one", "name it by fd:NAME, after FileDescriptorName="
	}
	b.lo.l.Add(d)
}

// inputText is StandardInputText=: a line of what the service reads.
func inputText(x *reading) {
	list := &x.u.exec().input
	if x.text == "" {
		*list = nil
		return
	}
	line, err := grammar.UnescapeText(x.text)
	if err != nil {
		x.bad(err, 0)
		return
	}
	if line, boot, ok := x.expandBoot(line); ok {
		*list = append(*list, item[inputPart]{inputPart{line + "\n", boot}, x.set.pos})
	}
}

// inputData is StandardInputData=: bytes of what the service reads.
func inputData(x *reading) {
	list := &x.u.exec().input
	if x.text == "" {
		*list = nil
		return
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(x.text), ""))
	if err != nil {
		x.bad(wrong(x.text, "this is no Base64", "write what base64(1) prints"), 0)
		return
	}
	*list = append(*list, item[inputPart]{inputPart{string(data), false}, x.set.pos})
}

// input makes the data of StandardInput=data the standard input: a file of
// memory, which holds more than a pipe, and which no one has to write beside
// the service. Text alone asks for it, too.
func (b *execBuilder) input() {
	e := b.e
	if len(e.input) == 0 || e.stdin.set && !e.dataInput {
		return
	}
	at := e.input[0].at
	const memfdCloexec = 1
	kept := [6]plan.Slot{plan.SlotKept}
	b.call(plan.StepStdin, at, plan.Call{Sys: plan.SysMemfdCreate, Keep: true, Slot: [6]plan.Slot{plan.SlotData},
		Arg: [6]uint64{0, memfdCloexec}, Data: "input\x00"})
	for _, part := range joinParts(values(e.input)) {
		b.call(plan.StepStdin, at, textCall(plan.Call{Sys: plan.SysWrite, Slot: [6]plan.Slot{plan.SlotKept}}, 1, part.text, part.marked))
	}
	for _, c := range [...]plan.Call{{Sys: plan.SysLseek, Slot: kept}, {Sys: plan.SysDup3, Slot: kept}, {Sys: plan.SysClose, Slot: kept}} {
		b.call(plan.StepStdin, at, c)
	}
}

// inputPart is a part of what a service reads. Only one that is marked holds what
// the boot replaces: data may have any bytes.
type inputPart struct {
	text   string
	marked bool
}

// joinParts makes one of those that follow each other and are written alike.
func joinParts(parts []inputPart) (out []inputPart) {
	for _, p := range parts {
		if n := len(out) - 1; n >= 0 && out[n].marked == p.marked {
			out[n].text += p.text
		} else {
			out = append(out, p)
		}
	}
	return out
}

// terminal is what becomes of the terminal of a unit.
func (b *execBuilder) terminal() {
	e := b.e
	t := plan.Terminal{Rows: e.ttyRows.v, Columns: e.ttyColumns.v}
	for n, flag := range [...]plan.TerminalFlags{plan.TerminalReset, plan.TerminalHangup, plan.TerminalDisallocate} {
		if e.ttyFlags[n].v {
			t.Flags |= flag
		}
	}
	used := e.ttyPath.set
	for _, s := range [...]opt[plan.Stream]{e.stdin, e.stdout, e.stderr} {
		used = used || s.v.Kind == plan.StreamTTY
	}
	if t != (plan.Terminal{}) && used {
		t.Path = e.ttyPath.or("/dev/console")
		b.out.Terminal = t
	}
}

// utmp is how the programs stand in the list of who is logged in. Of a long
// identifier the end counts, as with systemd.
func (b *execBuilder) utmp() {
	e := b.e
	id := e.utmpID.v
	if id == "" {
		return
	}
	u := plan.Utmp{ID: id, Mode: e.utmpMode.v}
	if !hasMark(id) {
		u.ID = id[max(0, len(id)-4):]
	}
	if e.ttyPath.set {
		u.Line = strings.TrimPrefix(e.ttyPath.v, "/dev/")
		if !hasMark(u.Line) {
			u.Line = u.Line[:min(len(u.Line), 31)]
		}
	}
	if u.Mode == plan.UtmpUser {
		u.User = cmp.Or(b.login.name, b.login.user, "root")
	}
	b.out.Utmp = u
}

// levelNames are the levels of syslog(3).
var levelNames = [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// levelInfo is what a line is that does not say.
const levelInfo = 6

// logLevel is a level of syslog(3), by name or number.
func logLevel(x *reading, s string) (uint8, *grammar.Error) {
	for n, name := range levelNames {
		if s == name || s == strconv.Itoa(n) {
			return uint8(n), nil
		}
	}
	return 0, wrong(s, "\""+s+"\" is no level", "use one of "+strings.Join(levelNames[:], ", "))
}

// rules are what is logged of a unit's lines. journald.conf(5) has the defaults
// of a limit of which one half is set.
func (l *logSettings) rules() plan.LogRules {
	r := plan.LogRules{KeepPrefix: !l.prefix.or(true)}
	if l.maxLevel.set && l.maxLevel.v < 7 {
		r.MaxLevel, r.Level = l.maxLevel.v+1, l.level.or(levelInfo)
	}
	if l.interval.set || l.burst.set {
		r.Interval, r.Burst = l.interval.or(30*plan.Second), l.burst.or(10000)
	}
	if r.Interval == 0 || r.Burst == 0 {
		r.Interval, r.Burst = 0, 0
	}
	return r
}
