package plan

// Socket is a socket unit (systemd.socket(5)).
type Socket struct {
	Listen []Listen
	// Options are set on each socket of Listen before it is bound.
	Options []SocketOption
	// Symlinks are links to the unit's one file system socket or FIFO.
	Symlinks []string
	// Commands are ExecStartPre=, ExecStartPost=, ExecStopPre= (with the role
	// ExecStop) and ExecStopPost=.
	Commands []Command
	Exec     *Exec // for Commands; nil when there are none
	// FDName is FileDescriptorName=, the unit's name by default.
	FDName string
	// User and Group own the sockets in the file system: a name, or a number.
	// "" is the init's.
	User, Group string
	// Service is the unit that traffic starts.
	Service UnitID
	Flags   SocketFlags
	// SocketMode and DirectoryMode are permission bits.
	SocketMode, DirectoryMode uint32
	Backlog                   uint32
	PipeSize                  uint32 // bytes, 0 for the kernel's own
	TriggerLimitInterval      Duration
	TriggerLimitBurst         uint16
	TimeoutSec                Duration
	// KillMode and the signals end the commands; a signal of 0 is the default.
	KillMode                    KillMode
	KillSignal, FinalKillSignal uint8
}

// SocketFlags are a socket unit's yes-or-no settings.
type SocketFlags uint16

// Settings of [Socket], named after their directives.
const (
	RemoveOnStop SocketFlags = 1 << iota
	Writable
	FlushPending
	// SocketHangUp is SendSIGHUP=yes, SocketSpares SendSIGKILL=no.
	SocketHangUp
	SocketSpares
)

// Listen is one address to listen on.
type Listen struct {
	// Address is the address as it was written, for messages and for FIFOs
	// and paths.
	Address string
	// Raw is the struct sockaddr as bytes for the kernel; "" when Domain is 0.
	// The part for a path has its final NUL.
	Raw string
	// Domain, Type and Protocol are the arguments of socket(2); Domain 0 is a
	// FIFO (mkfifo(3)) and Domain -1 a file that is opened (ListenSpecial=).
	Domain, Type, Protocol int32
	// Origin is the "file:line" of the directive.
	Origin string
	// BarePort is set when the address is a port alone: it is for IPv6's any
	// address, or for IPv4's where the kernel has no IPv6
	// (systemd.socket(5), "ListenStream=").
	BarePort bool
	// Path is set when Address is a path in the file system.
	Path bool
}

// SocketOption is one setsockopt(2), with an integer as its value or with text.
type SocketOption struct {
	Level, Name, Value int32
	// Text is the value where it is not "".
	Text string
	// Optional: the init logs a failure and goes on, as systemd does with most.
	Optional bool
	// Domain limits the option to sockets of that domain; 0 is all.
	Domain int32
}
