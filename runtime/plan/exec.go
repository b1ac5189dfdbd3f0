package plan

// Exec is an execution context (systemd.exec(5)), lowered to what the child
// does between fork and exec. Units with the same context share one.
type Exec struct {
	// Calls run in the child, in order, after setsid(2) and the standard
	// streams and before the signal mask and execve(2), which the driver
	// supplies. A call that fails ends the child with its step's exit status.
	Calls []Call
	// Env is Environment= and what follows from User= and the directories,
	// "NAME=value"; it overrides Plan.Environment. Later entries win.
	Env []string
	// EnvMarks is set when an entry of Env holds a BootMark.
	EnvMarks bool
	// LoginEnv asks for $HOME, $LOGNAME, $USER and $SHELL of the user that was
	// looked up at run time; Env overrides them. It goes with User only.
	LoginEnv bool
	// EnvFiles are read at each start; they override Env.
	EnvFiles []EnvFile
	// PassEnv are names that are taken from the init's own environment; Env
	// overrides them.
	PassEnv []string
	// UnsetEnv are "NAME" or "NAME=value", taken out last.
	UnsetEnv []string
	// SearchPath is where a command with [SearchPath] is looked for, each folder
	// with its final slash; nil is the usual places.
	SearchPath []string
	// User and Group are looked up at run time for SlotUID and SlotGID when
	// they are not "", because the root was not known at build time.
	// Supplementary are further groups for SlotGroups.
	User, Group   string
	Supplementary []string
	// Limits are what SlotLimit arguments refer to; the driver clamps each to
	// what the kernel allows.
	Limits []Limit
	// Remove are directories and links to them, absolute, that go when the
	// service stops.
	Remove []string
	// Shares are the namespaces that all commands of a unit share.
	Shares                Spaces
	Stdin, Stdout, Stderr Stream
	// SyslogIdentifier replaces the program's name in a log prefix.
	SyslogIdentifier string
	Log              LogRules
	Terminal         Terminal
	Utmp             Utmp
	IgnoreSIGPIPE    bool
	// IPCPeers are the units of one user, this one among them, whose IPC objects
	// go when none of them runs any more. The user is IPCUser, or that of User.
	IPCUser  uint32
	IPCPeers []UnitID
	// Credentials are made before the first command of a start, in this order;
	// they belong to CredentialsUID, or to User.
	Credentials    []Credential
	CredentialsUID uint32
	// OwnMemory is set when a call changes something of the memory, or may end
	// the child by a signal that dumps it: the child then gets a copy.
	OwnMemory bool
}

// BootMark stands, with a letter after it, for a specifier that only the boot
// knows: "\x00H" is %H. It can be in the words of a command with [Expand], in
// Exec.Env when Exec.EnvMarks is set, in the other texts of [Unit], [Service],
// [Socket], Exec and [Group], but for names of units, and in the data of calls,
// where [SlotMarked] and its kin find it. The letters, with what they become
// (systemd.unit(5), "Specifiers"): H the host name, l the host name up to its
// first dot, q the pretty host name, v the kernel release, b the boot id, m the
// machine id; A, B, M, o, w and W the image version, build, image, name,
// version and variant of os-release(5). What cannot be found out is empty. No
// word can hold a NUL of its own.
const BootMark = 0

// Credential is one LoadCredential=, ImportCredential= or SetCredential=.
type Credential struct {
	// ID is its name.
	ID string
	// Source is an absolute path, or a name to be looked for where the system's
	// credentials are; "" stands for Data.
	Source, Data string
	// Import is set when Source is a pattern of such names.
	Import bool
	// Rename replaces Source, or what stands before its "*", in the name of what
	// is imported; "" leaves it.
	Rename string
	// HasDefault is set when there is a Data for the same ID.
	HasDefault bool
	Origin     string
}

// EnvFile is one EnvironmentFile=: a path or a glob.
type EnvFile struct {
	Path     string
	Optional bool // the prefix "-"
	Origin   string
}

// Limit is one setrlimit(2).
type Limit struct {
	Resource   uint8  // the kernel's number, RLIMIT_NOFILE is 7
	Soft, Hard uint64 // 1<<64-1 is infinity
}

// Terminal is made ready before each command and after the last one.
type Terminal struct {
	Path          string // "" for none
	Rows, Columns uint16 // 0 leaves it
	Flags         TerminalFlags
}

// Utmp is how a unit's programs are entered in the list of who is logged in
// (systemd.exec(5), "UtmpIdentifier=").
type Utmp struct {
	ID   string // at most 4 bytes; "" for none
	Line string // the terminal without "/dev/"
	User string // with UtmpUser
	Mode UtmpMode
}

// UtmpMode is UtmpMode=: which records are written, each after the one before.
type UtmpMode uint8

// The modes.
const (
	UtmpInit UtmpMode = iota
	UtmpLogin
	UtmpUser
)

// TerminalFlags say what is done to a terminal.
type TerminalFlags uint8

// The settings, named after TTYReset= and its kin.
const (
	TerminalReset TerminalFlags = 1 << iota
	TerminalHangup
	TerminalDisallocate
)

// LogRules say which lines of a stream to the log are logged; the zero value
// is all of them.
type LogRules struct {
	// Burst lines are logged in each Interval; 0 is no limit.
	Interval Duration
	Burst    uint32
	// Level is that of lines without the prefix of sd-daemon(3); lines whose
	// level is MaxLevel or higher are dropped, unless that is 0.
	Level, MaxLevel uint8
	// KeepPrefix leaves that prefix as it is.
	KeepPrefix bool
	// Copy is where the lines go beside the log.
	Copy LogCopy
}

// LogCopy says where lines go beside the init's log.
type LogCopy uint8

// The places, named after the values of StandardOutput=.
const (
	CopyKmsg    LogCopy = 1 << iota // the kernel's log
	CopyConsole                     // the system console
)

// Stream is where a standard stream leads.
type Stream struct {
	Kind StreamKind
	// Index is which of the service's descriptors StreamNamed is.
	Index uint16
	// Steal takes a StreamTTY from the session that has it; Wait waits until
	// none has it.
	Steal, Wait bool
	// Path is the file of StreamFile, StreamAppend and StreamTruncate.
	Path string
}

// StreamKind is a value of StandardInput=, StandardOutput= or StandardError=.
type StreamKind uint8

// The kinds of stream.
const (
	StreamNull    StreamKind = iota
	StreamInherit            // the init's own, or for stderr what stdout is
	StreamJournal            // the init's log: a pipe to it
	StreamSocket             // the one socket of the service, which gets it in no other way then
	StreamFile               // opened for reading, or for writing without truncation
	StreamAppend
	StreamTruncate
	StreamTTY   // Path is the terminal
	StreamNamed // one of the descriptors that the service gets
)

// Call is one system call of a child.
//
// Argument i is made from Arg[i] as Slot[i] says. The order is the kernel's.
type Call struct {
	Sys  Sys
	Step Step
	// Tolerate are errors that do not count as a failure.
	Tolerate Tolerate
	// Keep puts the result where SlotKept finds it.
	Keep bool
	Slot [6]Slot
	Arg  [6]uint64
	// Data holds the bytes that SlotData arguments point to, strings with
	// their final NUL.
	Data string
}

// Slot says what an argument of a [Call] is.
type Slot uint8

// The kinds of argument.
const (
	SlotConst   Slot = iota // the number in Arg
	SlotData                // the address of Data[Arg:]
	SlotKept                // the result that was kept last
	SlotUID                 // the user that was looked up, or Arg when Exec.User is ""
	SlotGID                 // the group, likewise
	SlotGroups              // the address of the list of supplementary groups
	SlotNGroups             // its length
	SlotLimit               // the address of the clamped Exec.Limits[Arg]
	SlotFprog               // the address of a struct sock_fprog whose filter is Data[Arg:]
	SlotHome                // the address of the home directory of the user that was looked up
	// SlotEachCap makes one call for each capability of the mask in Arg that
	// the init's bounding set has, with the capability's number.
	SlotEachCap
	// SlotCaps is the address of the sets for capset(2): the init's permitted
	// ones, all effective, and inheritable those of the mask in Arg that the
	// init's bounding set has.
	SlotCaps
	// SlotUnprivileged is 1; the call is left out for a child that has
	// CAP_SYS_ADMIN, which is one whose user, the one that was looked up or
	// Arg, is root and whose init has it.
	SlotUnprivileged
	// SlotPrivate is the address of the string Data[Arg:], in which PrivateMark
	// stands for a name, new at each start of the unit, that nobody can guess,
	// with the unit's. Units that join each other have the same.
	SlotPrivate
	// SlotSpace is the descriptor of a namespace of Exec.Shares, by its number
	// in Arg: 0 is the network's, 1 that of IPC, 2 that of users. The call, a
	// setns(2), is left out where the init may not make the namespace. Data is
	// the path of the one to take, if the unit does not want a new one. Of users,
	// the arguments which the kernel does not look at are the user and the group
	// to map beside root, how many more, and UsersFirst or UsersLast.
	SlotSpace
	// SlotInvocation is the address of the 16 bytes of the unit's invocation id.
	SlotInvocation
	// SlotMarked is the address of a path with a BootMark in it: Arg is where it
	// starts in Data and, shifted by 32, how long it is. The boot makes it a
	// SlotData once, before the first start.
	SlotMarked
	// SlotMarkedText is the address of a text with a BootMark in it, as SlotMarked;
	// the argument after it becomes its length.
	SlotMarkedText
	// SlotMarkedCPUs is the address of a set of CPUs, as sched_setaffinity(2) has
	// it, of which Arg is the length; after it, as long as Arg shifted by 32, stands
	// a list with a BootMark in it. The boot adds that to the set, whose length is
	// the argument before.
	SlotMarkedCPUs
	// SlotNice is the nice level in Arg, below 0; before the call comes another,
	// with the closest level that the init's limit allows.
	SlotNice
	// SlotNodes is the address of the set of processors of the memory nodes whose
	// set is in Data; the argument before it is the length.
	SlotNodes
)

// Spaces is a set of namespaces.
type Spaces uint8

// The namespaces.
const (
	ShareNetwork Spaces = 1 << iota
	ShareIPC
	ShareUsers
)

// A child enters its users by the first of two calls if the init lacks
// CAP_SYS_ADMIN, and by the last if it has it.
const (
	UsersFirst = 1
	UsersLast  = 2
)

// FirstTree is where a child has the descriptors of trees: above what a service
// gets, and below the limit that a container usually has. The one before it is
// for trying whether there is one.
const FirstTree = 512

// PrivateMark is what SlotPrivate replaces.
const PrivateMark = 1

// Tolerate is a set of errors to overlook.
type Tolerate uint8

// The errors.
const (
	TolerateEPERM Tolerate = 1 << iota // EPERM and EACCES
	TolerateENOENT
	TolerateEEXIST
	TolerateENOSYS // ENOSYS, EINVAL and EOPNOTSUPP: the kernel does not have it
	TolerateAny
	TolerateENOTDIR
)

// Sys names a system call; the runtime has each architecture's number.
type Sys uint8

// The system calls that a program can make.
const (
	SysNone Sys = iota
	SysSetsid
	SysUmask
	SysMkdirat
	SysFchmodat
	SysFchownat
	SysSymlinkat
	SysUnlinkat
	SysOpenat
	SysClose
	SysDup3
	SysChdir
	SysChroot
	SysSetgroups
	SysSetresgid
	SysSetresuid
	SysSetpriority
	SysPrlimit64
	SysPrctl
	SysWrite
	SysIoctl
	SysSchedSetscheduler
	SysSchedSetaffinity
	SysIoprioSet
	SysPersonality
	SysCapset
	SysUnshare
	SysSetns
	SysMount
	SysUmount2
	SysPivotRoot
	SysMountSetattr
	SysOpenTree
	SysMoveMount
	SysSeccomp
	SysSethostname
	SysKeyctl
	SysSetMempolicy
	SysSocket
	SysMknodat
	SysRenameat2
	SysMemfdCreate
	SysLseek
	SysOpenat2
	SysAddKey
	// SysSkip is no call of the kernel: when the result that was kept last is an
	// error, the next Arg[0] calls of the plan are left out.
	SysSkip
	NumSys
)

// Step is what a call does for the unit. The child's exit status when it fails
// is the one that systemd.exec(5), "Process Exit Codes", gives.
type Step uint8

// The steps; the value is the exit status.
const (
	StepChdir                  Step = 200
	StepNice                   Step = 201
	StepFDs                    Step = 202
	StepExec                   Step = 203
	StepMemory                 Step = 204
	StepLimits                 Step = 205
	StepOOMAdjust              Step = 206
	StepSignalMask             Step = 207
	StepStdin                  Step = 208
	StepStdout                 Step = 209
	StepChroot                 Step = 210
	StepIOPrio                 Step = 211
	StepTimerSlack             Step = 212
	StepSecureBits             Step = 213
	StepSetScheduler           Step = 214
	StepCPUAffinity            Step = 215
	StepGroup                  Step = 216
	StepUser                   Step = 217
	StepCapabilities           Step = 218
	StepCgroup                 Step = 219
	StepSetsid                 Step = 220
	StepConfirm                Step = 221
	StepStderr                 Step = 222
	StepPAM                    Step = 224
	StepNetwork                Step = 225
	StepNamespace              Step = 226
	StepNoNewPrivileges        Step = 227
	StepSeccomp                Step = 228
	StepPersonality            Step = 230
	StepAppArmor               Step = 231
	StepAddressFamilies        Step = 232
	StepRuntimeDirectory       Step = 233
	StepChown                  Step = 235
	StepSmackProcessLabel      Step = 236
	StepKeyring                Step = 237
	StepStateDirectory         Step = 238
	StepCacheDirectory         Step = 239
	StepLogsDirectory          Step = 240
	StepConfigurationDirectory Step = 241
	StepNUMAPolicy             Step = 242
	StepCredentials            Step = 243
)
