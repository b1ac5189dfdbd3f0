package runtime

import (
	"unicode/utf8"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// notifyWords is what a message says to the driver alone. The texts are lent.
type notifyWords struct {
	lines   int  // assignments and whatever else stands on a line of its own
	barrier bool // BARRIER=1
	noPoll  bool // FDPOLL=0
	named   bool // FDNAME= is there
	pidFD   bool // MAINPIDFD=1
	hasID   bool // MAINPIDFDID= is there
	fdName  []byte
	pidID   uint64
	// busError is BUSERROR=.
	busError []byte
}

// parseNotify reads sd_notify(3)'s assignments, one a line. What it does not
// know is not there. Of two values for one name the first counts, as systemd
// has it, but of READY=, RELOADING= and STOPPING= the last. False: the text has
// a NUL that does not end it, and nothing of it counts.
func parseNotify(text []byte, n *machine.Notify, more *notifyWords) bool {
	*n, *more = machine.Notify{}, notifyWords{}
	if end := len(text) - 1; end > 0 && text[end] == 0 {
		text = text[:end]
	}
	p := notifyParser{n: n, more: more}
	for at := 0; at < len(text); {
		end := at
		for end < len(text) && text[end] != '\n' && text[end] != '\r' {
			if text[end] == 0 {
				*n, *more = machine.Notify{}, notifyWords{}
				return false
			}
			end++
		}
		if end > at {
			more.lines++
			p.line(text[at:end])
		}
		at = end + 1
	}
	return true
}

// notifyParser is the reading of one message. had are the fields that an
// assignment was seen for, good or bad.
type notifyParser struct {
	n    *machine.Notify
	more *notifyWords
	had  machine.NotifyFields
}

func (p *notifyParser) line(line []byte) {
	for at, c := range line {
		if c == '=' {
			p.assign(line[:at], line[at+1:])
			return
		}
	}
}

func (p *notifyParser) assign(key, value []byte) {
	n, more := p.n, p.more
	switch string(key) {
	case "READY":
		p.turn(value, machine.NotifyReady)
	case "RELOADING":
		p.turn(value, machine.NotifyReloading)
	case "STOPPING":
		p.turn(value, machine.NotifyStopping)
	case "STATUS":
		if p.first(machine.NotifyStatus, utf8.Valid(value)) {
			n.Status = value
		}
	case "MAINPID":
		p.number(value, 1, 1<<30-1, machine.NotifyMainPID, &n.MainPID)
	case "ERRNO":
		p.number(value, 0, 4095, machine.NotifyErrno, &n.Errno)
	case "EXIT_STATUS":
		p.number(value, 0, 255, machine.NotifyExitStatus, &n.ExitStatus)
	case "WATCHDOG":
		p.watchdog(value)
	case "WATCHDOG_USEC":
		p.span(value, machine.NotifyWatchdogUsec, &n.Watchdog)
	case "EXTEND_TIMEOUT_USEC":
		p.span(value, machine.NotifyExtend, &n.Extend)
	case "MONOTONIC_USEC":
		p.span(value, machine.NotifyMonotonic, &n.Monotonic)
	case "NOTIFYACCESS":
		access, ok := accessOf(value)
		if p.first(machine.NotifyAccessSet, ok) {
			n.Access = access
		}
	case "FDSTORE":
		if string(value) == "1" {
			n.Fields |= machine.NotifyStoreFDs
		}
	case "FDSTOREREMOVE":
		if string(value) == "1" {
			n.Fields |= machine.NotifyRemoveFDs
		}
	case "FDNAME":
		if !more.named {
			more.named, more.fdName = true, value
		}
	case "FDPOLL":
		more.noPoll = more.noPoll || string(value) == "0"
	case "BARRIER":
		more.barrier = more.barrier || string(value) == "1"
	case "MAINPIDFD":
		more.pidFD = more.pidFD || string(value) == "1"
	case "MAINPIDFDID":
		if id, ok := atoi(value); ok && !more.hasID {
			more.hasID, more.pidID = true, uint64(id)
		}
	case "BUSERROR":
		if p.first(machine.NotifyBusError, true) {
			more.busError = value
		}
	}
}

// turn is one of the three that take each other's place, but that RELOADING=1
// before READY=1 is told, too.
func (p *notifyParser) turn(value []byte, f machine.NotifyFields) {
	if string(value) != "1" {
		return
	}
	over := machine.NotifyReady | machine.NotifyReloading | machine.NotifyStopping
	if f == machine.NotifyReady {
		over = machine.NotifyStopping
	}
	p.n.Fields = p.n.Fields&^over | f
}

func (p *notifyParser) watchdog(value []byte) {
	const both = machine.NotifyWatchdog | machine.NotifyWatchdogTrigger
	f := machine.NotifyFields(0)
	switch string(value) {
	case "1":
		f = machine.NotifyWatchdog
	case "trigger":
		f = machine.NotifyWatchdogTrigger
	}
	if p.had&both == 0 {
		p.n.Fields |= f
	}
	p.had |= both
}

// first notes that a field is said, and tells if this one is to count.
func (p *notifyParser) first(f machine.NotifyFields, ok bool) bool {
	ok = ok && p.had&f == 0
	p.had |= f
	if ok {
		p.n.Fields |= f
	}
	return ok
}

func (p *notifyParser) number(value []byte, least, most int64, f machine.NotifyFields, to *int32) {
	v, ok := atoi(value)
	if p.first(f, ok && v >= least && v <= most) {
		*to = int32(v)
	}
}

func (p *notifyParser) span(value []byte, f machine.NotifyFields, to *plan.Duration) {
	v, ok := atoi(value)
	if p.first(f, ok) {
		*to = plan.Duration(min(v, int64(plan.Infinity)/1000)) * plan.Microsecond
	}
}

func accessOf(b []byte) (plan.NotifyAccess, bool) {
	switch string(b) {
	case "none":
		return plan.NotifyNone, true
	case "main":
		return plan.NotifyMain, true
	case "exec":
		return plan.NotifyExec, true
	case "all":
		return plan.NotifyAll, true
	}
	return 0, false
}
