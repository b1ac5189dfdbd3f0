package runtime

import (
	goruntime "runtime"
	"syscall"
	_ "unsafe" // for go:linkname

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Faults of the init itself
//
// A panic in the loop, and what the processor raises there (a nil pointer, an
// index), is caught, told with its place, and followed by a handover: the next
// program has a memory of its own again, and begins with what was known. So that
// as much of that as possible is whole, a fault of one action is caught there:
// the machine hears that the action failed, the others of its step are carried
// out. A step of the machine that broke off gives what it had said until then.
//
// A goroutine beside the loop catches its own faults.
//
// When faults come again and again, or the state cannot be read, lastResort is
// what is left.

const (
	// More than maxFaults within faultTime are too many.
	maxFaults = 5
	faultTime = int64(10 * plan.Second)
)

// outlive is the life of an init that outlives its faults.
func (h *handover) outlive(i *Init) {
	h.guardActions(i)
	makeWill(i.pid)
	setPanicOnFault(true) // a bad address is caught, whatever it is
	setMaxStack(maxStack)
	h.try(i, func(i *Init) {
		if !h.takeOver(i) {
			lastResort(i)
		}
		i.begin()
	})
	for {
		h.try(i, (*Init).run)
	}
}

// maxStack is far above what an init needs: Go's own limit is a gigabyte, which
// an endless recursion takes seconds to fill, if there is so much.
const maxStack = 16 << 20

//go:linkname setMaxStack runtime/debug.setMaxStack
func setMaxStack(int) int

//go:linkname setPanicOnFault runtime/debug.setPanicOnFault
func setPanicOnFault(bool) bool

// try runs f, and returns when f had a fault.
func (h *handover) try(i *Init, f func(*Init)) {
	defer func() {
		if r := recover(); r != nil {
			h.fault(i, r)
		}
	}()
	f(i)
}

// fault follows a fault. It returns when the init cannot be executed anew: then
// the loop goes on as it is.
func (h *handover) fault(i *Init, r any) {
	defer func() {
		if r := recover(); r != nil {
			h.note(i, r)
		}
	}()
	h.note(i, r)
	if k := i.control; k != nil && k.answering != 0 {
		// Who asked for what cannot be answered is hung up on.
		s := k.sessions[k.answering-1]
		s.in, s.ended, k.answering = s.in[:0], true, 0
	}
	actions := machine.Unfinished(i.machine)
	for n := range actions {
		if do := i.do[actions[n].Kind]; do != nil {
			do(i, &actions[n])
		}
	}
	i.holding = false
	e := h.handOver(i)
	i.say("", "goes on as it is: ", e.Error())
}

// note tells of a fault and counts it.
func (h *handover) note(i *Init, r any) {
	i.say("", "BUG: ", faultText(r), faultPlace())
	i.log.flush(i)
	if h.lost {
		lastResort(i)
	}
	now, oldest := nanotime(), h.faults[0]
	copy(h.faults[:], h.faults[1:])
	h.faults[maxFaults-1] = now
	if oldest != 0 && now-oldest < faultTime {
		lastResort(i)
	}
}

// faultText is what a panic says.
func faultText(r any) string {
	switch v := r.(type) {
	case error:
		return v.Error()
	case string:
		return v
	}
	return "panic"
}

// faultPlace is where a panic that is being recovered comes from: addresses in
// the program, for "go tool addr2line" and a build with --symbols.
func faultPlace() string {
	const skip = 4
	var pcs [8]uintptr
	text := " at"
	for _, pc := range pcs[:goruntime.Callers(skip, pcs[:])] {
		text += " " + itoa(int64(pc))
	}
	return text
}

// guardActions catches the faults of actions.
func (h *handover) guardActions(i *Init) {
	for kind := range i.do {
		do := i.do[kind]
		if do == nil {
			continue
		}
		i.do[kind] = func(i *Init, a *machine.Action) {
			defer h.failed(i, a)
			if a.Kind == machine.ActLog {
				faultDue("log")
			}
			do(i, a)
		}
	}
}

// failed failures for an action that had a fault; it is deferred.
func (h *handover) failed(i *Init, a *machine.Action) {
	r := recover()
	if r == nil {
		return
	}
	h.note(i, r)
	h.asked = true
	if a.Kind == machine.ActExit {
		exitNow(int(a.Value))
	}
	ev := machine.Event{Kind: failures[a.Kind], Unit: a.Unit, Command: a.Command, Step: plan.StepExec, Status: int32(syscall.EFAULT)}
	if a.Kind == machine.ActKillGroup {
		ev.Status = 0
	}
	i.post(ev)
}

// failures are the events that the machine waits for after an action; the others
// are answered by EvBoot, which means nothing any more.
var failures = [machine.NumActions]machine.EventKind{
	machine.ActSpawn:       machine.EvSpawned,
	machine.ActKillGroup:   machine.EvSignalled,
	machine.ActFindMain:    machine.EvMainPID,
	machine.ActOpenSockets: machine.EvSockets,
	machine.ActCheck:       machine.EvChecked,
}
