//go:build rustysd_panic

package runtime

import (
	"sync"

	"rustysd/runtime/machine"
)

// This file is for tests alone: with its build tag the control socket has a
// method "panic", by which the init has a fault at a point of the client's
// choice.

// dueFault is the point at which the next fault is due.
var dueFault string

// faultAsked has a fault, or will have one.
func faultAsked(i *Init, q *request, name jsonText) bool {
	if !name.is("panic") {
		return false
	}
	switch at := q.params.member("at").text(); at {
	case "handler":
		panic("as asked for in a handler")
	case "nil":
		var nobody *session
		nobody.sent = 1
	case "goroutine":
		go panic("as asked for beside the loop")
	case "throw":
		var mu sync.Mutex
		mu.Unlock()
	case "step":
		machine.PanicAtExit(i.machine)
	default: // spawn, log, settled
		dueFault = at
	}
	q.word("", "done")
	return true
}

// faultDue has the fault of a point, if it is due.
func faultDue(at string) {
	if dueFault == at {
		dueFault = ""
		panic("as asked for at " + at)
	}
}
