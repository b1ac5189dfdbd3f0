package plan

// Plan is one image: the units that its target reaches, each with all that the
// init needs to run it.
type Plan struct {
	// Name is the unit that the image boots, "multi-user.target".
	Name string
	// Digest identifies the plan: hex SHA-256 of its canonical text. It is the
	// same for the same input on every machine.
	Digest string
	// Target is the anchor: the boot is one start job for this unit.
	Target UnitID
	// Units are sorted by name; a UnitID is an index into them.
	Units []Unit
	// Aliases are the other names of units, sorted; those who ask the control
	// socket may use them. Of NoUnit are the names that are masked.
	Aliases []Alias
	// Environment is what every service gets first, "NAME=value"
	// (systemd.exec(5), "Environment Variables Set or Propagated by the
	// Service Manager"): PATH and the like.
	Environment []string
	// PassEnvironment hands the init's own environment to every service.
	PassEnvironment bool
	// Boot is what the init makes once, before the first unit.
	Boot []BootStep
	// Slices are the folders of groups that units are in, parents first.
	Slices []Slice
	// LowFDs is one more than the highest descriptor that any service is
	// handed (3 when there is none beyond the standard three). The init keeps
	// its own descriptors at or above it.
	LowFDs int32
	// StopTimeout bounds an ordered stop of the whole image; when it is over,
	// what is left is killed. systemd.special(7) gives its poweroff.target
	// 30 minutes.
	StopTimeout Duration
	// Features are what the units need.
	Features Features
	// PlainLog leaves out the "unit[pid]: " prefix of journal output.
	PlainLog bool
}

// LocaleKeys are the variables that locale.conf(5) may set, in its order.
var LocaleKeys = [...]string{"LANG", "LANGUAGE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES",
	"LC_PAPER", "LC_NAME", "LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION"}

// LocaleFiles may have them: the first that is there counts. The second is
// Debian's.
var LocaleFiles = [...]string{"/etc/locale.conf", "/etc/default/locale"}

// UnitID is a unit's index in [Plan.Units].
type UnitID uint16

// Alias is another name of a unit.
type Alias struct {
	Name string
	Unit UnitID
}

// NoUnit is no unit.
const NoUnit UnitID = 0xFFFF

// Duration is a span of time in nanoseconds.
type Duration int64

// Spans to write durations with.
const (
	Nanosecond  Duration = 1
	Microsecond          = 1000 * Nanosecond
	Millisecond          = 1000 * Microsecond
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	// Infinity never ends (systemd.time(7), "infinity").
	Infinity Duration = 1<<63 - 1
)

// Kind is a unit's type.
type Kind uint8

// The unit types that a plan can hold.
const (
	KindTarget Kind = iota
	KindService
	KindSocket
	NumKinds
)

// Unit is what units of every type have (systemd.unit(5)).
type Unit struct {
	Name        string // "redis.service"
	Description string
	Source      string // the fragment's path as it was given; "" when built in
	// Deps has each unit that this one relates to once, in order of UnitID,
	// with every relation in both directions: a unit with Before on its
	// neighbour has After on it there. Only kept units are in it.
	Deps []Dep
	// Service is set for KindService, Socket for KindSocket.
	Service *Service
	Socket  *Socket
	// Group is nil for a group without controls.
	Group *Group
	// Actions is nil when the unit has the default of each of its fields.
	Actions *Actions
	// Conditions are asked at each start; conditions first, then assertions.
	Conditions []Condition
	// Shown are the settings that systemctl(1) show tells and that are not as in
	// ShownUnit and its kin, "Name=value" a line each; "" without a control socket.
	Shown string
	Kind  Kind
	Flags UnitFlags
	// StartLimitBurst starts within StartLimitInterval are allowed; 0 of
	// either turns the limit off.
	StartLimitBurst    uint16
	StartLimitInterval Duration
}

// UnitFlags are a unit's yes-or-no settings.
type UnitFlags uint16

// Settings of [Unit]; each is named after its directive in systemd.unit(5).
const (
	StopWhenUnneeded UnitFlags = 1 << iota
	RefuseManualStart
	RefuseManualStop
	AllowIsolate
	IgnoreOnIsolate
	// DefaultDependencies is set when the unit has them: the compiler added
	// the edges, the machine only reports it.
	DefaultDependencies
)

// Dep is all that one unit has to do with another.
type Dep struct {
	Unit UnitID
	Rel  Rel
}

// Rel is a set of relations to another unit. "x has Requires on y" is said in
// x's Deps as Requires and in y's Deps as RequiredBy.
type Rel uint32

// The relations of systemd.unit(5), each followed by its inverse.
const (
	After Rel = 1 << iota
	Before
	Requires
	RequiredBy
	Requisite
	RequisiteOf
	Wants
	WantedBy
	BindsTo
	BoundBy
	PartOf
	ConsistsOf
	Upholds
	UpheldBy
	Conflicts
	ConflictedBy
	OnSuccess
	OnSuccessOf
	OnFailure
	OnFailureOf
	PropagatesReloadTo
	ReloadPropagatedFrom
	PropagatesStopTo
	StopPropagatedFrom
	JoinsNamespaceOf
	// Triggers: the unit activates the other (a socket its service).
	Triggers
	TriggeredBy
	// KeepsOnFailure marks a Requires that does not stop this unit when the
	// other one fails for good (--on-dependency-failure=keep).
	KeepsOnFailure
)

// Actions are the settings of systemd.unit(5) that few units change. A nil
// *Actions stands for: no action, exit status -1, infinite timeouts.
type Actions struct {
	Success, Failure, StartLimit Action
	// SuccessExitStatus and FailureExitStatus are 0-255, or -1: the main
	// process's own.
	SuccessExitStatus, FailureExitStatus int16
	JobTimeout                           Duration
	JobRunningTimeout                    Duration
	JobTimeoutAction                     Action
	// RebootArgument and JobTimeoutRebootArgument are for reboot(2), with an
	// action that reboots.
	RebootArgument, JobTimeoutRebootArgument string
	// SuccessMode and FailureMode are OnSuccessJobMode= and OnFailureJobMode=;
	// without *Actions they are ModeFail and ModeReplace.
	SuccessMode, FailureMode JobMode
}

// JobMode is how new jobs go with those that are there (systemctl(1),
// "--job-mode=").
type JobMode uint8

// The modes.
const (
	// ModeReplace takes away what contradicts the new job.
	ModeReplace JobMode = iota
	// ModeFail refuses the new job when it contradicts another one.
	ModeFail
	// ModeIsolate stops every unit that the new job does not need.
	ModeIsolate
	// ModeFlush takes away all other jobs first.
	ModeFlush
	// ModeIgnoreRequirements pulls in nothing; ordering counts.
	ModeIgnoreRequirements
	// ModeIgnoreDependencies pulls in nothing and waits for nothing.
	ModeIgnoreDependencies
	// ModeReplaceIrreversibly is ModeReplace for jobs that none can replace.
	ModeReplaceIrreversibly
	// ModeTriggering stops what triggers the unit, too; for stops.
	ModeTriggering
	// ModeRestartDependencies restarts what depends on the unit; for starts.
	ModeRestartDependencies
	NumModes
)

// Action is what SuccessAction= and its kin ask for (systemd.unit(5),
// "FailureAction=").
type Action uint8

// The actions.
const (
	ActionNone Action = iota
	ActionReboot
	ActionRebootForce
	ActionRebootImmediate
	ActionPoweroff
	ActionPoweroffForce
	ActionPoweroffImmediate
	ActionHalt
	ActionHaltForce
	ActionHaltImmediate
	ActionExit
	ActionExitForce
)
