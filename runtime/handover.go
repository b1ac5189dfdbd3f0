package runtime

import (
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"rustysd/runtime/early"
	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// The init outlives itself
//
// On "systemctl daemon-reexec", and when a fault of its own was caught, the init
// executes its own program anew, in the same process: services run on as its
// children, and nothing that is known of them is lost. That takes five steps.
//
//  1. Quiet: no start is handed to the spawner (Init.holding; what waits for its
//     place goes along as it is, and so does what has no child yet), children
//     that are to execute their programs are waited for, signals that are owed
//     to groups are sent, and the machine hears all that has happened. Then
//     nothing is in flight: no action is open.
//  2. The signals that the loop hears are blocked, which lasts over execve(2);
//     one that another thread gets is sent on to this one, where it waits.
//  3. The state goes into a memfd, part by part, which is sealed.
//  4. The descriptors of all parts lose their close-on-exec flag, the memfd
//     too, whose number is in an environment variable that no service sees.
//  5. execve of /proc/self/exe: the file that runs, deleted or replaced though it
//     may be. So both sides are the same program, and values go as they are in
//     memory; a version, the plan's digest and the layout of the machine's tables
//     are compared all the same.
//
// When one of these fails the init goes on as it was, and says so. On the other
// side everything begins as at a boot, with all descriptors close-on-exec again
// first of all. What was handed on is in its place before the features start;
// what they find there they do not make. Then the signals come, and the loop
// looks at everything anew: readiness is a state, not news, and children that
// ended meanwhile wait to be reaped.
//
// What is handed on is the table of parts below: a new kind of descriptor is a
// line there, and a function that goes over it.
//
// Made anew are: the epolls, eventfds, timers and inotifies, /dev/null, and the
// log, which is opened anew behind descriptor 1. Attributes of the process last
// over execve: its number and children, its being a subreaper, limits, cgroup,
// working directory. Times are those of CLOCK_MONOTONIC, and go on.
//
// Faults: see outlive.go.

// parts are what is handed on, in the order in which it is put in its place
// again. What writes a part is what reads it (courier.go); when it reads, it
// also makes good what the reading alone does not: entries in the epoll, and
// what is made anew. It is for features that the image may not have, so it calls
// none of their code but through the tables of [Init].
var parts = [...]func(*Init, *courier){
	carryUnits,     //
	carryGroups,    //
	carryStrangers, // pidfds of watched processes that others wait for
	carryLog,       //
	carryOuter,     // the socket to the manager above
	carrySockets,   // those of socket units
	carryNotify,    // the notify socket
	carryStore,     // what services have stored
	carryBus,       // the connection to the bus
	carryStreams,   // read ends of the services' pipes
	carryPIDFiles,  //
	carryPrivate,   //
	carrySpaces,    // namespaces that the commands of a unit share
	carryRemovals,  //
	carryControl,   // the control socket and its clients
}

// Handover is the feature of an init that has programs to lose.
func Handover(i *Init) {
	h := &handover{}
	i.guard = h.outlive
	i.reexec = h.ask
	i.settled = append(i.settled, h.comply)
	h.receive()
}

// handover is what the feature keeps.
type handover struct {
	handed
	asked bool
	// state is a file with what was handed to this program, 0 when there is none.
	state int32
	// lost: what was handed to it cannot be read.
	lost bool
}

// handed is what it hands on of itself.
type handed struct {
	// request is the client's who asked, 0 when none did.
	request uint32
	// name is that of the process, which execve(2) takes from the path.
	name [16]byte
	// pending are the signals that the loop has not heard yet.
	pending uint64
	// faults are the times of the last ones.
	faults [maxFaults]int64
}

const (
	// magic changes with the meaning of what is handed on.
	magic = "rustysd handover 3 "
	// handoverEnv names the memfd to the next program.
	handoverEnv = "RUSTYSD_HANDOVER"
	// startThreads is at least as many threads as Go's runtime starts before the
	// init can do anything: it ends the process when it gets none, as under a fork
	// bomb in a container with a limit. Those of this program make room, too.
	startThreads = 4
	// quietTime is how long starts under way are waited for.
	quietTime = int64(2 * plan.Second)
)

// ask is for a client, who is answered by the program that comes, or by this one
// if none does.
func (h *handover) ask(_ *Init, request uint32) { h.asked, h.request = true, request }

// comply runs when the machine has heard everything.
func (h *handover) comply(i *Init) {
	faultDue("settled")
	willStop(i)
	if !h.asked || i.holding {
		return
	}
	h.asked = false
	e := h.handOver(i)
	i.say("", "cannot execute itself anew: ", e.Error())
	h.answer(i, machine.MsgReplyFailed)
	i.spawnWaiting()
}

// answer answers who asked.
func (h *handover) answer(i *Init, msg machine.Msg) {
	a := machine.Action{Unit: plan.NoUnit, Value: int64(h.request), Msg: msg}
	h.request = 0
	if reply := i.do[machine.ActReply]; reply != nil && a.Value != 0 {
		reply(i, &a)
	}
}

// handOver executes the program anew. It returns only when that is not
// possible.
func (h *handover) handOver(i *Init) errno {
	defer goOn(i) // after a fault, too
	if e := becomeQuiet(i); e != 0 {
		return e
	}
	if e := i.spawner.room(startThreads); e != 0 {
		return e
	}
	i.log.flush(i)
	passSignalsOn()
	processName(16, &h.name)
	h.pending = atomic.LoadUint64(&pendingSignals)
	return h.execute(i)
}

// goOn has the loop go on as it was.
func goOn(i *Init) {
	takeSignalsBack()
	i.holding = false
}

// becomeQuiet waits until nothing is in flight, but not for long: a start may
// hang, as from a dead file system.
func becomeQuiet(i *Init) errno {
	i.holding = true
	i.takeBack()
	for limit := nanotime() + quietTime; nanotime() < limit; {
		if i.sweepAt != 0 {
			i.sweepGroups()
		}
		i.drain()
		for _, f := range i.settled {
			f(i)
		}
		switch {
		case !i.allTold():
			_, _ = epollShort(i.spawner.fd, i.spawner.events[:], 1)
			i.takeSpawned()
		case i.queue.size == 0 && !owesSignals(i):
			return 0
		}
	}
	return syscall.ETIMEDOUT
}

// owesSignals: an action is not answered yet. What checkGroups wants it will
// want again.
func owesSignals(i *Init) bool {
	for id := range i.units {
		if i.units[id].sweep.answers > 0 {
			return true
		}
	}
	return len(i.late) > 0 || len(i.toContinue) > 0
}

// goOver writes all the parts, or reads them.
func (h *handover) goOver(i *Init, c *courier) {
	c.agree(magic)
	c.agree(i.plan.Digest)
	c.bytes(unsafe.Pointer(&h.handed), unsafe.Sizeof(h.handed))
	faultDue(way(c.into))
	for _, part := range parts {
		if c.bad {
			return
		}
		part(i, c)
	}
	c.agree(magic)
}

// way is the point of a fault (panic_on.go).
func way(into bool) string {
	if into {
		return "read"
	}
	return "write"
}

// execute does steps 3 to 5.
func (h *handover) execute(i *Init) errno {
	fd, e := memfd()
	if e != 0 {
		return e
	}
	defer closeFD(fd)
	c := courier{file: fd, fds: []int32{fd}}
	h.goOver(i, &c)
	if _, e = fcntl(fd, addSeals, allSeals); e == 0 && !c.bad {
		argv, envp := cstrings(processArgs()), cstrings(append(syscall.Environ(), handoverEnv+"="+itoa(int64(fd))))
		path := cstrings([]string{"/proc/self/exe"})
		closeOnExec(c.fds, 0)
		if e = syscall.EINTR; early.Held == 1 || !askedToEnd() {
			_, _, e = syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path[0])),
				uintptr(unsafe.Pointer(unsafe.SliceData(argv))), uintptr(unsafe.Pointer(unsafe.SliceData(envp))))
		}
		closeOnExec(c.fds, syscall.FD_CLOEXEC)
	} else if e == 0 {
		e = syscall.ENOMEM
	}
	return e
}

// askedToEnd looks for signals that Go's runtime, when it begins, lets come before
// there is a handler for them, unless package early begins before it; those are
// lost, or end it.
func askedToEnd() bool {
	var set uint64
	syscall.RawSyscall(syscall.SYS_RT_SIGPENDING, uintptr(unsafe.Pointer(&set)), 8, 0)
	return has(set, uint8(syscall.SIGTERM)) || has(set, uint8(syscall.SIGINT)) || has(set, uint8(syscall.SIGHUP))
}

// closeOnExec sets or clears the flag.
func closeOnExec(fds []int32, flag int) {
	for _, fd := range fds {
		_, _ = fcntl(fd, syscall.F_SETFD, flag)
	}
}

// cstrings is a vector of strings that end in NUL, with a nil behind it.
//
//go:noinline
func cstrings(list []string) []*byte {
	v := make([]*byte, len(list)+1)
	for n, s := range list {
		b := make([]byte, len(s)+1)
		copy(b, s)
		v[n] = &b[0]
	}
	return v
}

// The seals of fcntl(2): no more of them, no change of the size, no writing.
const (
	addSeals, getSeals = 1033, 1034
	allSeals           = 1 | 2 | 4 | 8
)

// memfd is a file that has no name, and can be sealed.
func memfd() (int32, errno) {
	const closeOnExec, allowSealing = 1, 2
	name := [...]byte{'h', 'a', 'n', 'd', 'o', 'v', 'e', 'r', 0}
	fd, _, e := syscall.RawSyscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name)), closeOnExec|allowSealing, 0)
	return int32(fd), e
}

// receive finds what was handed to this program, if something was.
func (h *handover) receive() {
	value, ok := syscall.Getenv(handoverEnv)
	if !ok {
		return
	}
	syscall.Unsetenv(handoverEnv)
	if digits, lost := strings.CutPrefix(value, lostState); lost {
		takeBits(digits)
		if getpid() == 1 {
			kill(-1, uint8(syscall.SIGCONT)) // see executeWill
		}
	}
	fd, _ := atoi(bytesOf(value))
	seals, e := fcntl(int32(fd), getSeals, 0)
	if e == 0 && seals&allSeals == allSeals {
		h.state = int32(fd)
		syscall.RawSyscall(syscall.SYS_LSEEK, uintptr(fd), 0, 0)
	}
	// Without a state, and with children, the services of a program before this
	// one run on, and nothing is known of them. Without children this is the
	// first program, whoever set the variable.
	var info siginfo
	h.lost = h.state == 0 && waitAny(&info) != syscall.ECHILD
}

// takeOver takes over what was handed to this program; false when that cannot
// be read, and nothing is known of the services that run.
func (h *handover) takeOver(i *Init) bool {
	if h.state == 0 {
		return !h.lost
	}
	c := courier{file: h.state, into: true}
	h.lost = true // until it is not
	h.goOver(i, &c)
	closeFD(h.state)
	h.lost, i.adopted = c.bad, true
	if c.bad {
		return false
	}
	processName(15, &h.name)
	h.answer(i, machine.MsgReplyDone)
	// What came meanwhile, and which children ended, is to be looked at.
	missExits(i)
	atomic.OrUint64(&pendingSignals, h.pending|1<<(syscall.SIGCHLD-1))
	one := [8]byte{1}
	_, _ = write(i.wake, one[:])
	return true
}

// missExits posts the exits that a fault has swallowed: the machine waits for
// no process that the table does not have.
func missExits(i *Init) {
	for id := range i.plan.Units {
		unit := plan.UnitID(id)
		for _, pid := range [...]int32{i.machine.MainPID(unit), i.machine.ControlPID(unit)} {
			if pid != 0 && i.procs.find(pid) == nil {
				i.post(machine.Event{Kind: machine.EvExited, Unit: unit, Pid: pid, Code: machine.Exited, Status: 255})
			}
		}
	}
}

// passSignalsOn blocks the loop's signals. Other threads, which end with execve,
// send on what they get: a signal waits for its thread over an execve. They are
// blocked first: this thread would send one on to itself for ever.
func passSignalsOn() {
	block := uint64(0)
	for _, sig := range handled {
		block |= 1 << (sig - 1)
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 0, uintptr(unsafe.Pointer(&block)), 0, 8, 0, 0)
	act := handlerAction()
	act.handler, act.mask = passOnAddress(), ^uint64(0)
	for _, sig := range handled {
		rtSigaction(sig, &act)
	}
}

// takeSignalsBack undoes passSignalsOn.
func takeSignalsBack() {
	act := handlerAction()
	for _, sig := range handled {
		rtSigaction(sig, &act)
	}
	restoreSignals(0)
}

// processName gets (16) or sets (15) the name of the process (prctl(2)).
func processName(option uintptr, name *[16]byte) {
	syscall.RawSyscall6(syscall.SYS_PRCTL, option, uintptr(unsafe.Pointer(name)), 0, 0, 0, 0)
}

// signalPassOn is in passon_$ARCH.s, an address for the kernel as signalHandler.
func signalPassOn()

// passOnAddress gives the address of the code itself.
func passOnAddress() uintptr
