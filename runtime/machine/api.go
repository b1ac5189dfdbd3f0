package machine

import "rustysd/runtime/plan"

// Event is one thing that happened. Which fields mean something is said at
// each kind.
type Event struct {
	Kind EventKind
	Unit plan.UnitID
	Pid  int32
	// Status is an exit status, or a signal number, or an errno.
	Status int32
	Code   ExitCode
	// Command is an index into the unit's Commands.
	Command uint16
	Step    plan.Step
	Notify  *Notify // for EvNotify, valid during the step
	Verb    Verb    // for EvRequest
	Mode    JobMode // for EvRequest
	Request uint32  // for EvRequest: handed back in ActReply
}

// EventKind is what happened.
type EventKind uint8

// The events.
const (
	// EvBoot: start the target. The first event.
	EvBoot EventKind = iota
	// EvTick: the time of Machine.Deadline has come.
	EvTick
	// EvSpawned answers ActSpawn: Pid runs Command. Step and Status are 0 when
	// its program was executed, or the step that failed and its errno; the
	// child then exits with the step's status and EvExited follows. Pid is 0
	// when there is no child at all (Status is the errno).
	EvSpawned
	// EvExited: Pid of Unit, a main or control process, was reaped.
	// Code and Status say how it ended.
	EvExited
	// EvSignalled answers ActKillGroup: Status processes were signalled.
	EvSignalled
	// EvGroupEmpty: the last process of Unit has gone.
	EvGroupEmpty
	// EvMainPID answers ActFindMain, or tells that a PID file has appeared:
	// Pid is the main process; 0 is none, with an errno in Status.
	EvMainPID
	// EvSockets answers ActOpenSockets: Status is 0 or an errno. Later it says
	// with an errno that ActPoll had no effect.
	EvSockets
	// EvTraffic: something came in on a socket of Unit that is watched.
	EvTraffic
	// EvNotify: a notification from Pid of Unit, which may be any process.
	EvNotify
	// EvBusName: the bus name of Unit got an owner (Status 1) or lost it
	// (Status 0); Status < 0 is an errno: the bus is not there.
	EvBusName
	// EvOOM: the kernel killed a process of Unit for want of memory.
	EvOOM
	// EvShutdown: stop everything and end; Status is the plan.Action, Command
	// the exit status.
	EvShutdown
	// EvRequest: a client asks for Verb on Unit.
	EvRequest
	// EvAllGone answers ActKillAll: no process but the init is left.
	EvAllGone
	// EvChecked answers ActCheck: Status is CheckHolds, CheckSkips or
	// CheckRefuses; Command is the index of the condition that does not hold.
	EvChecked
	NumEvents
)

// ExitCode is how a process ended, as waitid(2) has it in si_code.
type ExitCode uint8

// The ways to end.
const (
	Exited ExitCode = 1 // CLD_EXITED: Status is the exit status
	Killed ExitCode = 2 // CLD_KILLED: Status is the signal
	Dumped ExitCode = 3 // CLD_DUMPED: Status is the signal
)

// Notify is one sd_notify(3) message, parsed.
type Notify struct {
	Fields NotifyFields
	// MainPID is the value of MAINPID=; the driver has checked that it is a
	// process of the unit, or that the sender is privileged.
	MainPID int32
	// Errno is the value of ERRNO=, ExitStatus of EXIT_STATUS=.
	Errno, ExitStatus int32
	// Monotonic is MONOTONIC_USEC=, Extend EXTEND_TIMEOUT_USEC= and Watchdog
	// WATCHDOG_USEC=, in nanoseconds.
	Monotonic, Extend, Watchdog plan.Duration
	// Access is the value of NOTIFYACCESS=.
	Access plan.NotifyAccess
	// Status is the text of STATUS=. The driver owns the bytes; who wants them
	// copies them.
	Status []byte
}

// NotifyFields are the assignments that a message has.
type NotifyFields uint16

// The assignments.
const (
	NotifyReady NotifyFields = 1 << iota
	NotifyReloading
	NotifyStopping
	NotifyStatus
	NotifyMainPID
	NotifyErrno
	NotifyExitStatus
	NotifyWatchdog        // WATCHDOG=1
	NotifyWatchdogTrigger // WATCHDOG=trigger
	NotifyWatchdogUsec
	NotifyExtend
	NotifyMonotonic
	NotifyAccessSet
	NotifyStoreFDs  // FDSTORE=1
	NotifyRemoveFDs // FDSTOREREMOVE=1
	NotifyBusError
)

// Verb is what a client asks for.
type Verb uint8

// The verbs.
const (
	VerbStart Verb = iota
	VerbStop
	VerbRestart
	VerbTryRestart
	VerbReload
	VerbReloadOrRestart
	VerbTryReloadOrRestart
	VerbResetFailed
	// VerbCancel takes the unit's job away; what it has begun goes on (systemctl(1),
	// "cancel").
	VerbCancel
)

// JobMode is plan's, for requests.
type JobMode = plan.JobMode

// Action is one thing for the driver to do, in the order given.
type Action struct {
	Kind ActionKind
	Unit plan.UnitID
	// Other is the unit that caused it, or plan.NoUnit.
	Other   plan.UnitID
	Pid     int32
	Signal  uint8
	Command uint16
	// Env says which variables, beyond those of the plan, ActSpawn adds.
	Env SpawnEnv
	Msg Msg
	// Value is what Msg or Kind says.
	Value int64
}

// ActionKind is what to do.
type ActionKind uint8

// The actions.
const (
	// ActSpawn runs Command of Unit. Pid is the main process for $MAINPID, or
	// 0; Env says what else. EvSpawned answers. Value 1 asks for a new
	// invocation id first.
	ActSpawn ActionKind = iota
	// ActKill sends Signal to Pid, a process of Unit that is not yet reaped.
	// Value 1 sends SIGCONT after it. Pid 0 is what ActSpawn has begun and
	// EvSpawned has not answered; when there is no child yet, none is made, and
	// EvSpawned says so.
	ActKill
	// ActKillGroup sends Signal to every process of Unit but the one in Pid (0
	// for none); Value is a set of KillFlags. EvSignalled answers, and when
	// that was not 0, EvGroupEmpty comes in the end.
	ActKillGroup
	// ActFindMain looks for the main process of a forking service: in its PID
	// file if it has one (and watches for the file when it is not there yet,
	// until ActForgetMain), else the only process of the group that fits.
	ActFindMain
	ActForgetMain
	// ActUnwatch: Pid is no longer a process that EvExited is wanted for. Pid 0
	// is what ActSpawn has begun: nor is EvSpawned, and Signal, when it is not 0,
	// ends it.
	ActUnwatch
	// ActWatch: EvExited is wanted for Pid, which a notification named.
	ActWatch
	// ActOpenSockets opens and binds; EvSockets answers.
	ActOpenSockets
	// ActPoll watches the sockets of Unit for traffic (Value 1) or not (0).
	ActPoll
	// ActCloseSockets closes them, and removes them from the file system when
	// the unit asks for that.
	ActCloseSockets
	// ActFlushSockets throws away what waits on them.
	ActFlushSockets
	// ActWatchBus watches BusName of Unit (Value 1) or no more (0).
	ActWatchBus
	// ActCleanUp: Unit has stopped for good. Its runtime directories, its PID
	// file and its group are removed. Value 1: it is about to restart, by
	// itself or because a client asks for it.
	ActCleanUp
	// ActLog says Msg about Unit.
	ActLog
	// ActReply answers Request (in Value) with Msg.
	ActReply
	// ActKillAll ends every process that is left, orphans included; EvAllGone
	// answers. Value is the time to wait between SIGTERM and SIGKILL.
	ActKillAll
	// ActStatus: STATUS=, ERRNO= or BUSERROR= of the notification just given is
	// what Unit says of itself; the driver keeps a copy.
	ActStatus
	// ActExit ends the init with status Value, or does the plan.Action in
	// Command when it is PID 1 of a machine.
	ActExit
	// ActStoreFDs: the descriptors of the notification just given are to be
	// stored for Unit, or stored ones of its FDNAME= are to go.
	ActStoreFDs
	// ActCheck looks whether the conditions of Unit hold; EvChecked answers.
	ActCheck
	NumActions
)

// KillFlags qualify ActKillGroup.
const (
	// KillCont sends SIGCONT after Signal.
	KillCont = 1 << iota
	// KillHUP sends SIGHUP after it (SendSIGHUP=).
	KillHUP
)

// SpawnEnv says which variables a command gets because of where it stands in
// its unit's life (systemd.exec(5)).
type SpawnEnv uint8

// The variables.
const (
	// EnvMainPID is $MAINPID.
	EnvMainPID SpawnEnv = 1 << iota
	// EnvSockets is $LISTEN_FDS and kin, with the descriptors.
	EnvSockets
	// EnvNotify is $NOTIFY_SOCKET.
	EnvNotify
	// EnvResult is $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS: see
	// Machine.Result.
	EnvResult
	// EnvWatchdog is $WATCHDOG_PID and $WATCHDOG_USEC.
	EnvWatchdog
	// EnvMonitor is $MONITOR_SERVICE_RESULT and kin, of the unit in Other.
	EnvMonitor
)
