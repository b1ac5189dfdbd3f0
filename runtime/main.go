package runtime

import (
	goruntime "runtime"
	"strings"
	"syscall"
	"unsafe" // also for go:linkname

	"rustysd/runtime/early"
	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Init is the driver: what the kernel knows of the image, and the tables by
// which features hook themselves in.
type Init struct {
	plan    *plan.Plan
	machine *machine.Machine
	spawner *spawner

	// parts are what the features add to the machine.
	parts []machine.Part
	// do has for each action who carries it out; what no unit of the image
	// can ask for stays nil, and is not linked.
	do [machine.NumActions]func(*Init, *machine.Action)
	// on has for each kind of descriptor who hears that something happened.
	on [numWatches]func(i *Init, id int32, events uint32)
	// started runs before the first event, settled each time that no event
	// is left, before the loop sleeps.
	started, settled []func(*Init)
	// closing ends what a unit holds when its processes have gone.
	closing []func(*Init, *machine.Action)
	// streams makes the descriptors of a command's journal streams.
	journal func(*Init, *spawnRequest, plan.UnitID) errno
	// guard is begin for an init that outlives its own faults, and does not
	// return either; reexec asks it to execute itself anew for a request.
	guard  func(*Init)
	reexec func(*Init, uint32)
	// lastWords reads what services wrote last, before the init ends; it tells
	// if there is more.
	lastWords func(*Init) bool
	// sockets and stored add to the descriptors that a command gets.
	sockets, stored func(*Init, *spawnRequest, plan.UnitID)
	notifyPath      string
	// terminal makes the terminal of a command ready.
	terminal func(*plan.Exec)
	// began and ended hear of each program that runs, and of its end.
	began func(*Init, *spawnRequest)
	ended func(*Init, plan.UnitID, earlyExit)
	// exiting looks at a unit before the end of one of its processes is told.
	exiting func(*Init, plan.UnitID)
	// conditionText logs which condition keeps a unit from starting.
	conditionText func(i *Init, id plan.UnitID, text string, at int64)
	// spawnedAt tells the feature that owns it that a pid is known now.
	spawned func(*Init, *spawnRequest)
	// nap sleeps while a start is silent, and answers takes what the spawner has
	// to say: an init that runs no program has neither, nor a spawner.
	nap     func(*Init) (n int, e errno, napped bool)
	answers func(*Init)

	epoll, wake, null int32
	bell              int32 // of threads beside the loop
	events            [64]syscall.EpollEvent
	// queue holds what happened until the machine hears of it: carrying out
	// actions makes new events, and the actions of a step end with the next.
	queue queue[machine.Event]
	// waiting are the starts that there was no place for.
	waiting   queue[machine.Action]
	units     []unitState
	procs     procTable
	early     []earlyExit
	strangers []stranger
	flying    []*spawnRequest // handed to the spawner, and not answered
	hungAt    int64           // when the next of them is taken for hung, 0 none; see hung.go
	failedAt  []failedPath    // of starts whose failure is still to be logged
	requests  []*spawnRequest // not in use
	log       logger
	groups    groups
	scan      procScan
	pid       int32
	quieted   bool
	forgot    bool // see forgetBoot
	ending    ending
	// waitingGroups counts the units that wait for EvGroupEmpty, sweeps those
	// whose signal is still to be sent.
	waitingGroups, sweeps int
	// late are the ActKillGroup whose cgroups are still to be read.
	late []machine.Action
	// toContinue are the processes to which continueStopped is to send.
	toContinue []proc
	// holding: no start is handed to the spawner.
	holding bool
	// sweepAt is when sweepGroups is to run, 0 when it is not.
	sweepAt int64
	deaf    bool // SIGCHLD does not come, see deafen

	// asClient is the command line of a client: nothing is booted.
	asClient []string

	// What features keep.
	control  *control
	pipes    *pipes
	pidFiles pidFiles
	bus      *bus
	// Go links what describes a type with each type that can be reached from
	// here, so these do without: see [Init.inbox] and [Init.store].
	inboxState, storeState unsafe.Pointer
	private                []string // see PrivateTmp
	// logWindows are the counts of the units' lines, for those that bound them.
	logWindows []rateWindow
	// spaceFDs are the namespaces of the units, by descriptors; 0 is none.
	spaceFDs [][numSpaces]int32
	// remove hands over a directory, to be removed beside the loop; removing
	// are those that are still there.
	remove   func(path string)
	removing func() []string
	// outerFD leads to the service manager above, 0 when there is none, and
	// outerRest are the messages that it had no room for, each with a NUL
	// behind it (outer.go).
	outerFD   int32
	outerRest []byte
	// socketFDs are the open sockets of each socket unit.
	socketFDs [][]int32
	// real is set for PID 1 of a machine, where the end is a reboot(2), before
	// which detach makes the file systems whole.
	real   bool
	detach func(*Init)
	// onCommandLine is a variable of the kernel's command line, for an image
	// that has a kernel.
	onCommandLine func(name string) string
	// files is the limit of descriptors that the init was started with.
	files [2]uint64 // soft and hard
	// adopted: the state is that of a program before this one.
	adopted bool
}

// unitState is what the driver keeps for a unit.
type unitState struct {
	invocation [32]byte // hex, of the current or last run
	// leaders are the last processes that the init started for the unit:
	// their sessions may outlive them.
	leaders [4]int32
	nextOf  uint8
	// children counts the unit's processes in the table.
	children int32
	// sweep: signals that wait for the next look at the processes.
	sweep sweep
	// sent is the last of them, until another process joins the unit.
	sent struct{ signal, flags uint8 }
	// awaiting is set while EvGroupEmpty is wanted.
	awaiting bool
	killing  bool // the last group signal was SIGKILL
	hasGroup bool // its cgroup was made
	// killed: cgroup.kill was written in its cgroup. A child that is born into
	// such a group may be killed at birth (Linux 6.18 compares the count of kills
	// with that of its parent's group), so that it has to enter by itself.
	killed  bool
	hasID   bool
	badCall int32 // the call of the plan that failed last
	polled  bool  // its sockets are watched
	watched int32 // inotify descriptor of its cgroup.events, 0 none
}

// Feature adds to an init what only some images need. The generated main names
// the features that its plan uses, so that the linker leaves out the others.
type Feature func(*Init)

func init() {
	// The loop stays on the thread that the kernel calls the process: orphans
	// become that thread's children, and prctl(2) settings are its own.
	goruntime.LockOSThread()
	if _, handed := syscall.Getenv(handoverEnv); handed {
		// From here on no signal is lost; the bell comes later.
		catchSignals(noFD)
	}
}

// Main boots p and does not return.
func Main(p *plan.Plan, features ...Feature) {
	i := &Init{plan: p, pid: getpid(), asClient: clientArgs()}
	if i.asClient != nil {
		restoreSignals(0) // Ctrl-C ends it
	} else {
		if status := answerArguments(p); status >= 0 {
			exitNow(status)
		}
		i.prepare()
	}
	for _, add := range features {
		add(i)
	}
	if i.asClient != nil {
		printLine("this image was compiled without a control socket")
		exitNow(1)
	}
	i.machine = machine.New(p, i.parts...)
	if i.guard != nil {
		i.guard(i)
	}
	i.begin()
}

// begin starts what the features have to start, and the loop.
func (i *Init) begin() {
	for _, start := range i.started {
		start(i)
	}
	i.openPrepared()
	i.run()
}

// prepare makes what every image needs. What fails here is tried again: an
// init cannot do without an epoll, and must not end for want of one.
func (i *Init) prepare() {
	i.units = make([]unitState, len(i.plan.Units))
	i.procs.init(len(i.plan.Units))
	hideInheritedFDs()
	if i.pid == 1 {
		i.prepareMachine()
	} else {
		prctl(prSetChildSubreap, 1)
	}
	i.null = parkLowFDs(i.plan.LowFDs)
	i.wake = raise(insist(eventfd), i.plan.LowFDs)
	i.bell = raise(insist(eventfd), i.plan.LowFDs)
	ownFDs()
	i.epoll = insist(newEpoll)
	for epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, i.wake, epollIn|epollET, watchWake, 0) != 0 {
		pause(100)
	}
	i.on[watchWake] = (*Init).wokenUp
	i.log.open(i)
	catchSignals(i.wake)
	restoreSignals(0) // see package early
	i.groups.find()
	i.core()
}

// core fills in what every image has.
func (i *Init) core() {
	i.do[machine.ActLog] = (*Init).doLog
	i.do[machine.ActKillAll] = (*Init).killAll
	i.do[machine.ActExit] = (*Init).exit
	i.settled = append(i.settled, (*Init).pressOn)
}

// Services is the feature of service units: programs that run.
func Services(i *Init) {
	i.parts = append(i.parts, machine.Services)
	i.started = append(i.started, (*Init).startSpawner)
	i.nap, i.answers = (*Init).napSilent, (*Init).takeSpawned
	i.do[machine.ActSpawn] = (*Init).spawn
	i.do[machine.ActKill] = (*Init).kill
	i.do[machine.ActKillGroup] = (*Init).killGroup
	i.do[machine.ActWatch] = (*Init).watchPID
	i.do[machine.ActUnwatch] = (*Init).unwatchPID
	i.do[machine.ActCleanUp] = (*Init).cleanUp
	i.files = early.Files
	i.findOuter() // here, since an image without programs has nobody to wait for it
	i.settled = append(i.settled, (*Init).spawnWaiting, (*Init).signalRest, (*Init).checkGroups)
}

// ownFDs gives the loop's thread a table of descriptors of its own. When a
// table that threads share must grow, the kernel waits until no processor can
// still be looking at the old one, 10 to 25 ms each time, and a boot makes it
// grow several times. What was open before is in both tables; that is the bell
// of the signals, which come to any thread.
//
// A program that was handed descriptors keeps one table: in the other one they
// would stay open for ever. It has grown already.
func ownFDs() {
	if _, handed := syscall.Getenv(handoverEnv); handed {
		return
	}
	syscall.RawSyscall(syscall.SYS_UNSHARE, syscall.CLONE_FILES, 0, 0)
}

// insist repeats what must succeed until it does.
func insist(get func() (int32, errno)) int32 {
	for {
		fd, e := get()
		if e == 0 {
			return fd
		}
		pause(100)
	}
}

// mustWatch repeats a watch that a feature cannot do without until there is
// memory for it.
func (i *Init) mustWatch(fd int32, events uint32, kind watchKind) {
	for epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, events, kind, 0) != 0 {
		pause(100)
	}
}

// pause sleeps; only where nothing else can be done.
func pause(ms int) {
	t := syscall.NsecToTimespec(int64(ms) * 1e6)
	_ = syscall.Nanosleep(&t, nil)
}

// hideInheritedFDs makes sure that what the init was started with reaches no
// service.
func hideInheritedFDs() {
	const sysCloseRange, closeRangeCloexec = 436, 4
	_, _, e := syscall.RawSyscall(sysCloseRange, 3, 0x7FFFFFFF, closeRangeCloexec)
	if e == 0 {
		return
	}
	for fd := int32(3); fd < 256; fd++ {
		_, _ = fcntl(fd, syscall.F_SETFD, syscall.FD_CLOEXEC)
	}
}

// parkLowFDs takes the descriptors below low, which programs are handed, and
// answers an open /dev/null at or above it.
func parkLowFDs(low int32) int32 {
	for {
		fd, e := open("/dev/null", syscall.O_RDWR, 0)
		if e != 0 {
			if fd, e = open("/", oPath, 0); e != 0 {
				return noFD
			}
		}
		if fd >= low {
			return fd
		}
	}
}

// moreNull is one more descriptor of /dev/null.
func (i *Init) moreNull() int32 {
	fd, e := fcntl(i.null, syscall.F_DUPFD_CLOEXEC, int(i.plan.LowFDs))
	if e != 0 {
		return noFD
	}
	return int32(fd)
}

// answerArguments does what the command line asks for, and answers the exit
// status; -1 is to boot. PID 1 listens to --version alone: kernels pass it their
// own words. Another process does not boot by mistake.
func answerArguments(p *plan.Plan) int {
	args := processArgs()
	switch first := getpid() == 1; {
	case len(args) == 2 && args[1] == "--version":
		printLine(p.Name + " " + p.Digest)
	case len(args) < 2 || first:
		return -1
	case len(args) == 2 && args[1] == "--plan":
		printPlan(p)
	default:
		printLine("usage: init [--plan | --version | ctl VERB]; without arguments it boots " + p.Name)
		return 2
	}
	return 0
}

// clientArgs is the command line of a client, with its name first; nil when it
// is not one.
func clientArgs() []string {
	args := processArgs()
	if len(args) == 0 {
		return nil
	}
	switch name := args[0][strings.LastIndexByte(args[0], '/')+1:]; name {
	case "systemctl", "journalctl", "poweroff", "reboot", "halt", "shutdown", "telinit", "runlevel":
		return append([]string{name}, args[1:]...)
	}
	switch {
	case len(args) < 2 || getpid() == 1:
	case args[1] == "ctl":
		return append([]string{"systemctl"}, args[2:]...)
	case len(args[1]) == 1: // "init 0"
		return append([]string{"telinit"}, args[1:]...)
	}
	return nil
}

// printPlan lists the units and their commands.
func printPlan(p *plan.Plan) {
	printLine("# " + p.Name + " " + p.Digest)
	for n := range p.Units {
		u := &p.Units[n]
		printLine(u.Name + "\t" + u.Source)
		if u.Service == nil {
			continue
		}
		for c := range u.Service.Commands {
			cmd := &u.Service.Commands[c]
			line := "\t" + roleNames[cmd.Role] + "="
			for w, word := range cmd.Argv {
				if w > 0 {
					line += " "
				}
				line += word
			}
			printLine(line + "\t" + cmd.Origin)
		}
	}
}

var roleNames = [plan.NumRoles]string{
	"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost",
}

func printLine(s string) {
	b := append([]byte(s), '\n')
	for n, c := range b { // what the boot replaces, as it was written
		if c == plan.BootMark {
			b[n] = '%'
		}
	}
	for len(b) > 0 {
		n, e := write(1, b)
		if e != 0 {
			return
		}
		b = b[n:]
	}
}

//go:linkname processArgs os.runtime_args
func processArgs() []string
