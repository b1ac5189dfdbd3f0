//go:build rustysd_panic

package runtime

import (
	goruntime "runtime"
	"sync"
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
)

// This file is for tests alone: with its build tag the control socket has a
// method "panic", by which the init has a fault at a point of the client's
// choice.

// dueFault is the point at which the next fault is due.
var dueFault string

// faultEnv is the one of the next program.
const faultEnv = "RUSTYSD_FAULT"

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
	case "stack":
		overflow(0)
	case "map":
		raceMap()
	case "memory":
		exhaust()
	case "deadlock":
		goruntime.Goexit()
	case "readonly":
		*unsafe.StringData("written to") = 1
	case "threads":
		moreThreads()
	case "step":
		machine.PanicAtExit(i.machine)
	case "read", "prepare": // by the next program
		_ = syscall.Setenv(faultEnv, at)
		i.reexec(i, 0)
	default: // spawn, log, settled, write, and the kinds of watched descriptors
		dueFault = at
	}
	q.word("", "done")
	return true
}

// overflow has no end.
func overflow(n int) int { return overflow(n+1) + 1 }

// raceMap writes to a map from two goroutines.
func raceMap() {
	m := map[int]int{}
	for range 4 {
		go func() {
			for n := 0; ; n++ {
				m[n&1023] = n
			}
		}()
	}
	for n := 0; ; n++ {
		m[n&1023] = n
	}
}

// exhaust takes memory until there is none.
func exhaust() {
	limit := [2]uint64{1 << 30, 1 << 30}
	const rlimitAS = 9
	syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, rlimitAS, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	for {
		hoard = append(hoard, make([]byte, 64<<20))
	}
}

var hoard [][]byte

// moreThreads needs more threads than there may be.
func moreThreads() {
	for range 10000 {
		go func() { goruntime.LockOSThread(); select {} }()
	}
	pause(1000)
}

// faultDue has the fault of a point, if it is due.
func faultDue(at string) {
	if due, _ := syscall.Getenv(faultEnv); due == at || dueFault == at {
		dueFault = ""
		_ = syscall.Unsetenv(faultEnv)
		panic("as asked for at " + at)
	}
}

// watchPoints are the descriptors whose handlers can have a fault.
var watchPoints = [numWatches]string{
	watchWake: "wake", watchPipes: "pipes", watchPipe: "pipe", watchSpawn: "spawned", watchGroups: "groups",
	watchNotify: "notify", watchSocket: "traffic", watchBus: "bus", watchPIDFile: "pidfile",
	watchStranger: "stranger", watchControl: "control", watchOuter: "outer", watchStored: "stored", watchOOM: "oom",
}

// faultAt has the fault of a handler, if it is due.
func faultAt(kind watchKind) {
	if dueFault != "" && dueFault == watchPoints[kind] {
		faultDue(dueFault)
	}
}
