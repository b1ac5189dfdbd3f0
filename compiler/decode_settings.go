package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// opt is a setting that a unit may leave to its default.
type opt[T any] struct {
	v   T
	set bool
	at  grammar.Pos // of the assignment that won
}

// or is the setting, or def when the unit leaves it open.
func (o opt[T]) or(def T) T {
	if o.set {
		return o.v
	}
	return def
}

// item is one element of a setting that is a list.
type item[T any] struct {
	v  T
	at grammar.Pos
}

// values are the elements without their places.
func values[T any](list []item[T]) []T {
	var out []T
	for _, e := range list {
		out = append(out, e.v)
	}
	return out
}

// unitSettings are the settings of [Unit] that become fields of the plan; the
// dependencies become edges, and the yes-or-no ones unit.flags.
type unitSettings struct {
	description         opt[string]
	stopWhenUnneeded    opt[bool]
	refuseManualStart   opt[bool]
	refuseManualStop    opt[bool]
	allowIsolate        opt[bool]
	ignoreOnIsolate     opt[bool]
	defaultDependencies opt[bool]

	successAction, failureAction opt[plan.Action]
	// rebootArgument is RebootArgument=, jobRebootArgument that of JobTimeoutAction=.
	rebootArgument, jobRebootArgument opt[string]
	startLimitAction                  opt[plan.Action]
	jobTimeoutAction                  opt[plan.Action]
	successStatus, failureStatus      opt[int16]
	successMode, failureMode          opt[plan.JobMode]
	jobTimeout, jobRunning            opt[plan.Duration]
	startLimitInterval                opt[plan.Duration]
	startLimitBurst                   opt[uint16]

	// group is what becomes of the unit's cgroup.
	group  groupSettings
	filter filterSettings
	// commands are the command lines of every role, in the order of the files.
	commands []commandLine
	// conditions and asserts are Condition…= and Assert…=.
	conditions, asserts []condition
	// mounts are the paths of RequiresMountsFor= and WantsMountsFor=.
	mounts []mountNeed
	// later are diagnostics that matter only if the image keeps the unit.
	later diag.List
	// unhonoured are the assignments that the image does not act on, by name
	// of the directive; the last one of each counts.
	unhonoured map[string]unhonoured
}

// unhonoured is an assignment without effect in the image.
type unhonoured struct {
	d   *directive
	set *setting
}

// serviceSettings are the settings of [Service].
type serviceSettings struct {
	exec execSettings
	kill killSettings

	typ              opt[plan.ServiceType]
	exitType         opt[plan.ExitType]
	restart          opt[plan.Restart]
	restartMode      opt[plan.RestartMode]
	notifyAccess     opt[plan.NotifyAccess]
	oomPolicy        opt[plan.OOMPolicy]
	timeoutStartMode opt[plan.TimeoutMode]
	timeoutStopMode  opt[plan.TimeoutMode]

	pidFile opt[string]
	busName opt[string]
	// sockets are the units that Sockets= names.
	sockets []item[string]
	opened  []item[plan.OpenFile]

	success, prevent, force []item[grammar.ExitStatuses]

	timeoutStart, timeoutStop, timeoutAbort    opt[plan.Duration]
	restartSec, restartMaxDelay                opt[plan.Duration]
	runtimeMax, runtimeRandomizedExtra         opt[plan.Duration]
	watchdog                                   opt[plan.Duration]
	restartSteps, fdStoreMax                   opt[uint16]
	remainAfterExit, guessMainPID, nonBlocking opt[bool]
	rootDirectoryStartOnly                     opt[bool]
	permissionsStartOnly                       opt[bool]
	fdStorePreserve                            opt[preserve]
	reloadSignal                               opt[uint8]
}

// killSettings are those of systemd.kill(5).
type killSettings struct {
	mode                    opt[plan.KillMode]
	signal, restart         opt[uint8]
	final, watchdog         opt[uint8]
	sendSIGHUP, sendSIGKILL opt[bool]
}

// preserve is yes, no, or only over a restart.
type preserve uint8

const (
	preserveNo preserve = iota
	preserveYes
	preserveRestart
)

// socketSettings are the settings of [Socket].
type socketSettings struct {
	exec execSettings
	kill killSettings

	listen   []listenLine
	symlinks []item[string]
	// service is Service=.
	service     opt[string]
	user, group opt[string]
	fdName      opt[string]

	socketMode, directoryMode     opt[uint32]
	backlog                       opt[uint32]
	pipeSize                      opt[uint64]
	bindIPv6Only                  opt[int32] // 0 for both, 1 for ipv6-only; not set: the kernel's default
	accept                        opt[bool]
	protocol                      opt[int32]
	removeOnStop, writable        opt[bool]
	flushPending                  opt[bool]
	freeBind, transparent         opt[bool]
	timeout, triggerLimitInterval opt[plan.Duration]
	triggerLimitBurst             opt[uint16]
	// options are the settings that are one setsockopt(2), in the order of
	// socketOptions.
	options                  [numSocketOptions]opt[int32]
	bindToDevice, congestion opt[string]
}

// listenLine is one address of a socket unit.
type listenLine struct {
	typ  listenType
	addr grammar.Address
	text string
	at   grammar.Pos
}

// installSettings are the settings of [Install], with specifiers replaced.
type installSettings struct {
	wantedBy, requiredBy, upheldBy []item[string]
	also, alias                    []item[string]
	// links are those names of Alias= that are links in the folder of a unit.
	links           []item[installLink]
	defaultInstance opt[string]
}

// commandLine is one command of a unit, with specifiers replaced.
type commandLine struct {
	role   plan.Role
	prefix grammar.Prefix
	path   string
	argv   []string // argv[0] included
	// boot is set when a word holds a specifier that only the boot knows.
	boot bool
	at   grammar.Pos
	end  grammar.Pos // after the path
}

// execSettings are the settings of systemd.exec(5).
type execSettings struct {
	user, group   opt[string]
	supplementary []item[string]
	workDir       opt[string] // absolute, or "~"
	workDirMay    bool        // the prefix "-"

	environment []item[string]
	envFiles    []item[string]
	passEnv     []item[string]
	unsetEnv    []item[string]
	searchPath  []item[string]
	loginEnv    opt[bool]
	dynamicUser opt[bool]
	removeIPC   opt[bool]
	credentials [numCredentialKinds][]item[plan.Credential]

	nice           opt[int32]
	oomScore       opt[int32]
	umask          opt[uint32]
	limits         [numLimits]opt[plan.Limit]
	ignoreSIGPIPE  opt[bool]
	noNewPrivs     opt[bool]
	timerSlack     opt[uint64]
	ioClass        opt[int32]
	ioPriority     opt[int32]
	cpuPolicy      opt[int32]
	cpuPriority    opt[int32]
	cpuResetOnFork opt[bool]

	confine confineSettings
	view    viewSettings

	stdin, stdout, stderr opt[plan.Stream]
	ttyPath, utmpID       opt[string]
	utmpMode              opt[plan.UtmpMode]
	ttyFlags              [3]opt[bool] // TTYReset=, TTYVHangup=, TTYVTDisallocate=
	ttyRows, ttyColumns   opt[uint16]
	// input is StandardInputText= and StandardInputData=.
	input     []item[inputPart]
	dataInput bool // StandardInput=data
	// fdNames are the descriptors that fd: of each standard stream names.
	fdNames    [3]string
	copies     [3]plan.LogCopy // where else lines go
	log        logSettings
	identifier opt[string]

	dirs     [numDirectories]directorySetting
	preserve opt[preserve]
}

// logSettings are those of systemd.exec(5) about the lines of a unit.
type logSettings struct {
	level, maxLevel opt[uint8]
	prefix          opt[bool]
	interval        opt[plan.Duration]
	burst           opt[uint32]
}

// directorySetting is RuntimeDirectory= or one of its kin, with its mode.
type directorySetting struct {
	paths []item[directory]
	mode  opt[uint32]
}

// directory is one element of RuntimeDirectory= and kin: the path below the
// base, and symlinks to it.
type directory struct {
	path  string
	links []string
}

// exec is the unit's execution context.
func (u *unit) exec() *execSettings {
	if u.socket != nil {
		return &u.socket.exec
	}
	return &u.service.exec
}

// kill is how the unit's processes are ended.
func (u *unit) kill() *killSettings {
	if u.socket != nil {
		return &u.socket.kill
	}
	return &u.service.kill
}
