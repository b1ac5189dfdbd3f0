package machine

// State is what a unit is doing, in its type's own words: systemd's
// "SubState". Unit types share the names that they have in common.
type State uint8

// The states. A unit begins in StateDead.
const (
	StateDead State = iota
	StateFailed
	StateActive // targets
	StateCondition
	StateStartPre
	StateStart
	StateStartPost
	StateRunning
	StateExited
	StateReload
	StateReloadSignal
	StateReloadNotify
	StateStop
	StateStopWatchdog
	StateStopSigterm
	StateStopSigkill
	StateStopPost
	StateFinalWatchdog
	StateFinalSigterm
	StateFinalSigkill
	StateAutoRestart
	StateStartChown // sockets, from here on
	StateListening
	StateStopPre
	StateStopPreSigterm
	StateStopPreSigkill
	NumStates
)

// Active is the state in the words that all unit types share: systemd's
// "ActiveState".
type Active uint8

// The active states.
const (
	Inactive Active = iota
	Failed
	Activating
	ActiveUp
	Reloading
	Deactivating
)

// states gives each state its name and what it amounts to.
var states = [NumStates]struct {
	name   string
	active Active
}{
	StateDead:           {"dead", Inactive},
	StateFailed:         {"failed", Failed},
	StateActive:         {"active", ActiveUp},
	StateCondition:      {"condition", Activating},
	StateStartPre:       {"start-pre", Activating},
	StateStart:          {"start", Activating},
	StateStartPost:      {"start-post", Activating},
	StateRunning:        {"running", ActiveUp},
	StateExited:         {"exited", ActiveUp},
	StateReload:         {"reload", Reloading},
	StateReloadSignal:   {"reload-signal", Reloading},
	StateReloadNotify:   {"reload-notify", Reloading},
	StateStop:           {"stop", Deactivating},
	StateStopWatchdog:   {"stop-watchdog", Deactivating},
	StateStopSigterm:    {"stop-sigterm", Deactivating},
	StateStopSigkill:    {"stop-sigkill", Deactivating},
	StateStopPost:       {"stop-post", Deactivating},
	StateFinalWatchdog:  {"final-watchdog", Deactivating},
	StateFinalSigterm:   {"final-sigterm", Deactivating},
	StateFinalSigkill:   {"final-sigkill", Deactivating},
	StateAutoRestart:    {"auto-restart", Activating},
	StateStartChown:     {"start-chown", Activating},
	StateListening:      {"listening", ActiveUp},
	StateStopPre:        {"stop-pre", Deactivating},
	StateStopPreSigterm: {"stop-pre-sigterm", Deactivating},
	StateStopPreSigkill: {"stop-pre-sigkill", Deactivating},
}

var activeNames = [...]string{
	"inactive", "failed", "activating", "active", "reloading", "deactivating",
}

// String is systemd's name of the state.
func (s State) String() string {
	if s < NumStates {
		return states[s].name
	}
	return "unknown"
}

// Active is what the state amounts to.
func (s State) Active() Active { return states[s].active }

// String is systemd's name of the active state.
func (a Active) String() string { return activeNames[a] }

// down: nothing runs and nothing is about to.
func (a Active) down() bool { return a == Inactive || a == Failed }

// up: the unit does its work.
func (a Active) up() bool { return a == ActiveUp || a == Reloading }

// rising: the unit is up or on its way there.
func (a Active) rising() bool { return a.up() || a == Activating }

// Result is why a unit ended as it did ("Result" in systemd's properties,
// $SERVICE_RESULT in systemd.exec(5)).
type Result uint8

// The results.
const (
	Success Result = iota
	ResultResources
	ResultProtocol
	ResultTimeout
	ResultExitCode
	ResultSignal
	ResultCoreDump
	ResultWatchdog
	ResultStartLimitHit
	ResultOOMKill
	ResultExecCondition
	ResultServiceStartLimitHit // sockets
	ResultTriggerLimitHit      // sockets
	NumResults
)

var resultNames = [NumResults]string{
	"success", "resources", "protocol", "timeout", "exit-code", "signal",
	"core-dump", "watchdog", "start-limit-hit", "oom-kill", "exec-condition",
	"service-start-limit-hit", "trigger-limit-hit",
}

// String is systemd's name of the result.
func (r Result) String() string {
	if r < NumResults {
		return resultNames[r]
	}
	return "unknown"
}
