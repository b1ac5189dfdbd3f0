package plan

// Group is what becomes of a unit's cgroup (systemd.resource-control(5)). A
// unit without one has a group in system.slice.
type Group struct {
	// Slice is the folder that the group lies in, below the init's own group,
	// "a.slice/a-b.slice"; "" is system.slice.
	Slice string
	// Writes are made when the group has been made, in order, before any
	// process is in it.
	Writes []GroupWrite
	// Filters are asked about what the unit's processes do.
	Filters []GroupFilter
	// Delegate hands the group over: it belongs to UID and GID, or to User and
	// Group of the unit's context where it has them, and the unit's
	// commands beside the main one run in a group of their own below it, since
	// a group with others below it may hold no process.
	Delegate bool
	UID, GID uint32
	// Pressure is what the service is to write to memory.pressure of its group,
	// in Base64 ($MEMORY_PRESSURE_WRITE); "" when it is told of no pressure. The
	// file belongs to UID and GID then, as a delegated group does.
	Pressure string
	// Controllers are those that the group is to have although nothing is
	// written for them, between blanks: a delegated one's own, or what counts
	// for OOMPolicy=.
	Controllers string
	Subgroup    string // where the main process of a delegated group runs; "" is the group itself
}

// Slice is a folder of groups that limits what is in it as a whole.
type Slice struct {
	// Path is as in [Group.Slice]; "system.slice" is the folder of the others.
	Path   string
	Writes []GroupWrite
}

// GroupWrite is one file of a cgroup and what is written to it.
type GroupWrite struct {
	// File is its name, "memory.max"; the controller stands before the dot.
	File string
	// Value is what is written when Of is TotalNone.
	Value string
	// Share is what is written else, in parts of ten thousand of Of.
	Share uint32
	Of    GroupTotal
	// Device is a path: the numbers of its disk and a blank stand before the
	// value.
	Device string
	Phase  GroupPhase
	// Optional is set when the kernel may lack the file.
	Optional bool
	Origin   string // "file:line"
}

// GroupTotal is what a share is of; only the boot knows it.
type GroupTotal uint8

// The totals.
const (
	TotalNone   GroupTotal = iota
	TotalMemory            // the machine's memory, or what the init's own group may use of it
	TotalTasks             // the processes and threads that there may be
)

// GroupPhase says when a value holds (systemd.resource-control(5),
// "StartupCPUWeight=").
type GroupPhase uint8

// The phases.
const (
	PhaseAlways  GroupPhase = iota
	PhaseStartup            // until the target is reached, and from the stop on
	PhaseUp                 // in between
)

// GroupFilter is a program that the kernel asks about what the processes of a
// group do (bpf(2), BPF_PROG_ATTACH): Head, the Rules, Tail. It is in the
// kernel's instructions of eight bytes, and no jump leaves its part forward by
// more than that part.
type GroupFilter struct {
	Hook   FilterHook
	Head   string
	Rules  []FilterRule
	Tail   string
	Origin string // "file:line"; "" when another directive implies it
}

// FilterRule is a part of a filter about a thing whose numbers only the boot
// knows. It is there once for each that has the name, and left out when none
// has.
type FilterRule struct {
	Code string
	// Match is the path of a device, "char-" or "block-" and a name of
	// /proc/devices, which may be a pattern, or the name of a network interface.
	Match string
	// Kind, Major and Minor are the instructions, counted from 1, whose
	// constant becomes the device's kind (1 block, 2 character) and numbers, or
	// Major the number of the interface; 0 is none.
	Kind, Major, Minor uint8
}

// FilterHook is what a filter is asked about.
type FilterHook uint8

// The hooks.
const (
	FilterDevice    FilterHook = iota // opening and making of devices
	FilterIngress                     // packets that come in
	FilterEgress                      // packets that go out
	FilterBindInet                    // bind(2) to IPv4 addresses
	FilterBindInet6                   // bind(2) to IPv6 addresses
)
