package plan

// Service is a service unit (systemd.service(5), systemd.kill(5)).
type Service struct {
	// Commands are sorted by role, and within a role in the order of the file.
	Commands []Command
	// Exec is the execution context that the commands share; a command with
	// another one (because of its prefix) says so.
	Exec *Exec
	// Sockets are the sockets whose descriptors the service gets, in the
	// order in which it gets them.
	Sockets []UnitID
	// OpenFiles are opened for the service, which gets them after those.
	OpenFiles []OpenFile
	PIDFile   string // absolute, "" for none
	BusName   string
	// Success, Prevent and Force are SuccessExitStatus=,
	// RestartPreventExitStatus= and RestartForceExitStatus=; nil for none.
	Success, Prevent, Force *ExitSet
	// Origins says where the steps of the exec programs were written.
	Origins []Origin

	TimeoutStart Duration
	TimeoutStop  Duration
	// TimeoutAbort is TimeoutStop unless the unit sets it.
	TimeoutAbort           Duration
	RestartSec             Duration
	RestartMaxDelay        Duration // Infinity: no growth
	RuntimeMax             Duration
	RuntimeRandomizedExtra Duration
	Watchdog               Duration // 0: none
	RestartSteps           uint16

	Type         ServiceType
	ExitType     ExitType
	Restart      Restart
	RestartMode  RestartMode
	NotifyAccess NotifyAccess
	KillMode     KillMode
	OOMPolicy    OOMPolicy
	Flags        ServiceFlags
	// Signal numbers, as the kernel counts them.
	KillSignal, RestartKillSignal, FinalKillSignal, WatchdogSignal, ReloadSignal uint8
	TimeoutStartMode, TimeoutStopMode                                            TimeoutMode
	FDStoreMax                                                                   uint16
}

// OpenFile is one OpenFile=.
type OpenFile struct {
	Path   string
	Name   string // in $LISTEN_FDNAMES
	Flags  OpenFlags
	Origin string
}

// OpenFlags say how a file is opened: for reading and writing when there is none.
type OpenFlags uint8

// The options of OpenFile=.
const (
	OpenReadOnly OpenFlags = 1 << iota
	OpenAppend
	OpenTruncate
	OpenGraceful // do without it when it cannot be opened
)

// ServiceFlags are a service's yes-or-no settings.
type ServiceFlags uint16

// Settings of [Service], named after their directives; those that default to
// yes are present when they are on.
const (
	RemainAfterExit ServiceFlags = 1 << iota
	GuessMainPID
	SendSIGHUP
	SendSIGKILL
	RootDirectoryStartOnly
	NonBlocking
	FDStorePreserve
	FDStorePreserveOnRestart
	// RuntimeDirectoryPreserve keeps the runtime directories when the service
	// stops; ...OnRestart only over a restart.
	RuntimeDirectoryPreserve
	RuntimeDirectoryPreserveOnRestart
)

// ServiceType is Type=.
type ServiceType uint8

// The types of systemd.service(5).
const (
	TypeSimple ServiceType = iota
	TypeExec
	TypeForking
	TypeOneshot
	TypeDBus
	TypeNotify
	TypeNotifyReload
	TypeIdle
)

// ExitType is ExitType=.
type ExitType uint8

// When a service counts as ended.
const (
	ExitMain ExitType = iota
	ExitCgroup
)

// Restart is Restart=.
type Restart uint8

// The values of Restart=.
const (
	RestartNo Restart = iota
	RestartOnSuccess
	RestartOnFailure
	RestartOnAbnormal
	RestartOnWatchdog
	RestartOnAbort
	RestartAlways
)

// RestartMode is RestartMode=.
type RestartMode uint8

// Whether dependents see the unit fail between two attempts.
const (
	RestartNormal RestartMode = iota
	RestartDirect
	RestartDebug
)

// NotifyAccess is NotifyAccess=: whose notifications count.
type NotifyAccess uint8

// The values of NotifyAccess=.
const (
	NotifyNone NotifyAccess = iota
	NotifyAll
	NotifyExec
	NotifyMain
)

// KillMode is KillMode=.
type KillMode uint8

// The values of KillMode=.
const (
	KillControlGroup KillMode = iota
	KillMixed
	KillProcess
	KillNone
)

// OOMPolicy is OOMPolicy=.
type OOMPolicy uint8

// The values of OOMPolicy=.
const (
	OOMStop OOMPolicy = iota
	OOMContinue
	OOMKill
)

// TimeoutMode is TimeoutStartFailureMode= and TimeoutStopFailureMode=.
type TimeoutMode uint8

// How a service that overruns its time is ended.
const (
	TimeoutTerminate TimeoutMode = iota
	TimeoutAbortMode
	TimeoutKill
)

// ExitSet is a set of exit statuses and of signals.
type ExitSet struct {
	Status  [4]uint64 // bit n of the 256 is exit status n
	Signals [2]uint64 // bit n of the 128 is signal n: there is a signal 64
}

// Role is the place of a command in its unit's life: ExecStartPre= and so on.
type Role uint8

// The roles, in the order of a unit's life.
const (
	ExecCondition Role = iota
	ExecStartPre
	ExecStart
	ExecStartPost
	ExecReload
	ExecStop
	ExecStopPost
	NumRoles
)

// Command is one program to run (systemd.service(5), "COMMAND LINES").
type Command struct {
	Role  Role
	Flags CommandFlags
	// Path is the program: absolute, or, with SearchPath, a name to be looked
	// for in the fixed search path at run time.
	Path string
	// Argv is what the program gets, Argv[0] included. With Expand its words
	// hold $NAME and ${NAME}, and "$$" for a dollar, and may hold a BootMark.
	Argv []string
	// Exec is nil when the command runs in the unit's own context.
	Exec *Exec
	// Origin is the "file:line" that the command was written in.
	Origin string
}

// CommandFlags say how a command line is read and what its failure means.
type CommandFlags uint8

// Settings of [Command].
const (
	// IgnoreFailure is the prefix "-".
	IgnoreFailure CommandFlags = 1 << iota
	// Expand is set when there is a variable left to replace at run time.
	Expand
	// SearchPath is set when Path is a bare name.
	SearchPath
	// Privileged, NoSetUID, Ambient and NoExpand are the prefixes "+", "!", "!!" and
	// ":". What they do is in Exec and Argv; systemctl show tells of them.
	Privileged
	NoSetUID
	Ambient
	NoExpand
)

// Origin is where the directive behind a step was written, "file:line". Of
// several for one step, each is for the calls from Call on.
type Origin struct {
	Step Step
	Call uint16 // index in Exec.Calls
	At   string
}
