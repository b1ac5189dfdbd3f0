package machine

// Msg is something to tell the person who reads the log, or a client.
//
// The driver renders it with [Msg.String] and the action's Unit, Other and
// Value; what these hold is said at each message. Other is plan.NoUnit unless
// it is named.
type Msg uint8

// The messages.
const (
	MsgNone Msg = iota
	// MsgStarting: the unit begins to start, which will take a while.
	MsgStarting
	// MsgStarted: the start job is done and the unit is up; a target is
	// reached. Value: nanoseconds in the present state.
	MsgStarted
	// MsgFinished: the start job is done and the unit is down again, as a
	// oneshot without RemainAfterExit= is.
	MsgFinished
	// MsgBootDone: the image's target is reached. Value: nanoseconds since
	// EvBoot.
	MsgBootDone
	// MsgBootFailed: the image's target was not reached. Value: as above.
	MsgBootFailed
	// MsgStopping: the unit begins to stop.
	MsgStopping
	// MsgStopped: the stop job is done.
	MsgStopped
	// MsgDeactivated: the unit ended well and nobody asked it to.
	MsgDeactivated
	// MsgFailed: the unit failed. Value: a Result, an ExitCode and a status,
	// to be taken apart with [Failure].
	MsgFailed
	// MsgSkipped: ExecCondition= said no. Value: its exit status.
	MsgSkipped
	// MsgConditionSkips: a condition does not hold, so the unit is not started.
	// MsgAssert: an assertion does not hold. Value: its index.
	MsgConditionSkips
	MsgAssert
	// MsgDependency: the start job failed because of Other.
	MsgDependency
	// MsgConflict: a job (Value: the JobType) was dropped from a transaction
	// because of Conflicts=, or the whole transaction was.
	MsgConflict
	// MsgCycle: jobs wait for each other; the unit's runs all the same.
	MsgCycle
	// MsgStopBecause: the unit is stopped because Other failed or has gone.
	MsgStopBecause
	// MsgUnneeded: the unit is stopped because nobody needs it.
	MsgUnneeded
	// MsgRestarting: a restart in Value nanoseconds, the
	// Machine.NRestarts(unit)+1-th.
	MsgRestarting
	// MsgStartLimitHit: started too often, not again.
	MsgStartLimitHit
	// MsgJobTimeout: JobTimeoutSec= is over. Value: the JobType.
	MsgJobTimeout
	// MsgTimeout: the unit's state took too long. Value: the State.
	MsgTimeout
	// MsgStillThere: processes are left after FinalKillSignal=, which the
	// unit gives up on.
	MsgStillThere
	// MsgRuntimeMax: RuntimeMaxSec= is over.
	MsgRuntimeMax
	// MsgWatchdog: no sign of life within Value nanoseconds.
	MsgWatchdog
	// MsgSpawnFailed: no child could be made. Value: the errno.
	MsgSpawnFailed
	// MsgExecFailed: a step between fork and exec failed. Value: the
	// plan.Step, the errno and the command, to be taken apart with [ExecStep].
	MsgExecFailed
	// MsgExited: a main or control process (in the action's Pid) ended badly.
	// Value: as MsgFailed.
	MsgExited
	// MsgReloading, MsgReloaded, MsgReloadFailed: the unit reloads.
	MsgReloading
	MsgReloaded
	MsgReloadFailed
	// MsgNoMainPID: the main process of a forking service is not known.
	MsgNoMainPID
	// MsgPIDFile: the PID file is not there yet; the unit waits for it.
	MsgPIDFile
	// MsgBusName: the bus name was lost. Value: the errno if the bus is not
	// there.
	MsgBusName
	// MsgNotifyRefused: Pid may not notify for this unit (NotifyAccess=).
	MsgNotifyRefused
	// MsgOOM: the kernel killed a process for want of memory.
	MsgOOM
	// MsgListening: the sockets are open.
	MsgListening
	// MsgTriggered: traffic starts Other.
	MsgTriggered
	// MsgTriggerLimit: too much traffic starts the service too often.
	MsgTriggerLimit
	// MsgSocketFailed: the sockets could not be opened. Value: the errno.
	MsgSocketFailed
	// MsgSocketBusy: the service Other already runs without the socket.
	MsgSocketBusy
	// MsgAction: FailureAction= or its kin asks for the end. Value: the
	// plan.Action.
	MsgAction
	// MsgShutdown: everything stops. Value: the plan.Action.
	MsgShutdown
	// MsgStopOverdue: the ordered stop took too long; Value jobs were left.
	MsgStopOverdue
	// MsgIgnored: an event (Value: the EventKind) that makes no sense here.
	// After 100 of them they are not said any more.
	MsgIgnored

	// The answers to requests.

	MsgReplyDone
	MsgReplyFailed
	MsgReplyDependency
	MsgReplyCanceled
	MsgReplyTimeout
	MsgReplySkipped
	MsgReplyConflict   // a job that is there contradicts the new ones
	MsgReplyContradict // the new ones contradict each other
	MsgReplyRefused    // RefuseManualStart=, RefuseManualStop=
	MsgReplyNoReload
	MsgReplyNotUp // so it cannot reload now
	MsgReplyNoIsolate
	MsgReplyMode   // the job mode is not for that job
	MsgReplyEnding // the init is about to end
	MsgReplyQueued // too many wait; the job is installed
	MsgNoUnit
	NumMsgs
)

// messages are the texts. A driver puts the unit's name before them and what
// Other and Value say after them.
var messages = [NumMsgs]string{
	MsgStarting:        "starting",
	MsgStarted:         "started",
	MsgFinished:        "finished",
	MsgBootDone:        "reached",
	MsgBootFailed:      "not reached",
	MsgStopping:        "stopping",
	MsgStopped:         "stopped",
	MsgDeactivated:     "ended",
	MsgFailed:          "failed",
	MsgSkipped:         "skipped by ExecCondition=",
	MsgConditionSkips:  "skipped, a condition does not hold",
	MsgAssert:          "not started, an assertion does not hold",
	MsgDependency:      "dependency failed",
	MsgConflict:        "job dropped because of Conflicts=",
	MsgCycle:           "ordering cycle: does not wait any longer",
	MsgStopBecause:     "stopping because of",
	MsgUnneeded:        "stopping, no longer needed",
	MsgRestarting:      "restarting in",
	MsgStartLimitHit:   "start limit hit",
	MsgJobTimeout:      "job timed out",
	MsgTimeout:         "timed out in state",
	MsgStillThere:      "processes still there after the final signal, giving up on them",
	MsgRuntimeMax:      "RuntimeMaxSec= is over",
	MsgWatchdog:        "watchdog: no sign of life within",
	MsgSpawnFailed:     "cannot spawn",
	MsgExecFailed:      "failed at step",
	MsgExited:          "process ended",
	MsgReloading:       "reloading",
	MsgReloaded:        "reloaded",
	MsgReloadFailed:    "reload failed",
	MsgNoMainPID:       "main process not known",
	MsgPIDFile:         "PID file not there yet, waiting",
	MsgBusName:         "bus name lost",
	MsgNotifyRefused:   "notification refused (NotifyAccess=)",
	MsgOOM:             "process killed for want of memory",
	MsgListening:       "listening",
	MsgTriggered:       "traffic starts",
	MsgTriggerLimit:    "trigger limit hit",
	MsgSocketFailed:    "cannot open sockets",
	MsgSocketBusy:      "refused, its service already runs:",
	MsgAction:          "action",
	MsgShutdown:        "shutting down",
	MsgStopOverdue:     "ordered stop took too long, killing the rest; jobs left",
	MsgIgnored:         "unexpected event",
	MsgReplyDone:       "done",
	MsgReplyFailed:     "failed",
	MsgReplyDependency: "a dependency failed",
	MsgReplyCanceled:   "canceled",
	MsgReplyTimeout:    "timed out",
	MsgReplySkipped:    "skipped",
	MsgReplyConflict:   "a job that is there contradicts it",
	MsgReplyContradict: "the transaction contradicts itself",
	MsgReplyNotUp:      "the unit is not active",
	MsgReplyRefused:    "the unit refuses that by hand",
	MsgReplyNoReload:   "the unit cannot reload",
	MsgReplyNoIsolate:  "the unit may not be isolated",
	MsgReplyMode:       "the job mode is not for that job",
	MsgReplyEnding:     "the system is shutting down",
	MsgReplyQueued:     "queued",
	MsgNoUnit:          "no such unit",
}

// String is the text without the unit's name.
func (m Msg) String() string {
	if m < NumMsgs {
		return messages[m]
	}
	return ""
}

// packFailure makes the Value of MsgFailed and MsgExited.
func packFailure(r Result, code ExitCode, status int32) int64 {
	return int64(r) | int64(code)<<8 | int64(uint32(status))<<16
}

// Failure takes the Value of MsgFailed and MsgExited apart.
func Failure(value int64) (Result, ExitCode, int32) {
	return Result(value), ExitCode(value >> 8), int32(value >> 16)
}

// packStep makes the Value of MsgExecFailed.
func packStep(ev *Event) int64 {
	return int64(ev.Step) | int64(ev.Command)<<8 | int64(uint32(ev.Status))<<24
}

// ExecStep takes the Value of MsgExecFailed apart: the step as a
// plan.Step, the command and the errno.
func ExecStep(value int64) (step uint8, command uint16, errno int32) {
	return uint8(value), uint16(value >> 8), int32(value >> 24)
}
