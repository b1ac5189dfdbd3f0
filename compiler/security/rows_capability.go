package security

import (
	"strings"

	"rustysd/compiler"
	"rustysd/grammar"
)

// capabilityRows are those of CapabilityBoundingSet=.
func capabilityRows() (out []row) {
	for _, r := range []struct {
		name, field, caps string
		weight            int
		what              string
	}{
		{"CAP_SYS_ADMIN", "CAP_SYS_ADMIN", "SYS_ADMIN", 1500, "administer the machine"},
		{"CAP_SET(UID|GID|PCAP)", "CAP_SET_UID_GID_PCAP", "SETUID SETGID SETPCAP", 1500, "become other users"},
		{"CAP_SYS_PTRACE", "CAP_SYS_PTRACE", "SYS_PTRACE", 1500, "look into other processes"},
		{"CAP_SYS_TIME", "CAP_SYS_TIME", "SYS_TIME", 1000, "set the time"},
		{"CAP_NET_ADMIN", "CAP_NET_ADMIN", "NET_ADMIN", 1000, "configure networks"},
		{"CAP_SYS_RAWIO", "CAP_SYS_RAWIO", "SYS_RAWIO", 1000, "talk to hardware"},
		{"CAP_SYS_MODULE", "CAP_SYS_MODULE", "SYS_MODULE", 1000, "extend the kernel by modules"},
		{"CAP_AUDIT_*", "CAP_AUDIT", "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE", 500, "take part in the kernel's audit"},
		{"CAP_SYSLOG", "CAP_SYSLOG", "SYSLOG", 500, "use the kernel's log"},
		{"CAP_SYS_(NICE|RESOURCE)", "CAP_SYS_NICE_RESOURCE", "SYS_NICE SYS_RESOURCE", 500, "take more than its share"},
		{"CAP_MKNOD", "CAP_MKNOD", "MKNOD", 500, "make device nodes"},
		{"CAP_(CHOWN|FSETID|SETFCAP)", "CAP_CHOWN_FSETID_SETFCAP", "CHOWN FSETID SETFCAP", 1000, "give files away, or rights to files"},
		{"CAP_(DAC_*|FOWNER|IPC_OWNER)", "CAP_DAC_FOWNER_IPC_OWNER", "DAC_OVERRIDE DAC_READ_SEARCH FOWNER IPC_OWNER", 1000, "pass over the modes of files"},
		{"CAP_KILL", "CAP_KILL", "KILL", 500, "signal any process"},
		{"CAP_NET_(BIND_SERVICE|BROADCAST|RAW)", "CAP_NET_BIND_SERVICE_BROADCAST_RAW)", "NET_BIND_SERVICE NET_BROADCAST NET_RAW", 500, "use low ports and raw sockets"},
		{"CAP_SYS_BOOT", "CAP_SYS_BOOT", "SYS_BOOT", 100, "restart the machine"},
		{"CAP_MAC_*", "CAP_MAC", "MAC_ADMIN MAC_OVERRIDE", 100, "change mandatory access control"},
		{"CAP_LINUX_IMMUTABLE", "CAP_LINUX_IMMUTABLE", "LINUX_IMMUTABLE", 75, "make files immutable"},
		{"CAP_IPC_LOCK", "CAP_IPC_LOCK", "IPC_LOCK", 50, "keep memory from being swapped"},
		{"CAP_SYS_CHROOT", "CAP_SYS_CHROOT", "SYS_CHROOT", 50, "change its root"},
		{"CAP_BLOCK_SUSPEND", "CAP_BLOCK_SUSPEND", "BLOCK_SUSPEND", 25, "keep the machine awake"},
		{"CAP_WAKE_ALARM", "CAP_WAKE_ALARM", "WAKE_ALARM", 25, "wake the machine up"},
		{"CAP_LEASE", "CAP_LEASE", "LEASE", 25, "take leases on files"},
		{"CAP_SYS_TTY_CONFIG", "CAP_SYS_TTY_CONFIG", "SYS_TTY_CONFIG", 25, "hang terminals up"},
		{"CAP_SYS_PACCT", "CAP_SYS_PACCT", "SYS_PACCT", 25, "account for processes"},
		{"CAP_BPF", "CAP_BPF", "BPF", 25, "load BPF programs"},
	} {
		set, err := grammar.ParseCapabilities("CAP_" + strings.ReplaceAll(r.caps, " ", " CAP_"))
		if err != nil {
			panic("BUG: " + err.Msg)
		}
		out = append(out, row{name: "CapabilityBoundingSet=~" + r.name, field: "CapabilityBoundingSet_" + r.field, weight: r.weight,
			ask: func(c *compiler.Confinement) (int, string) {
				return either(c.Bounding&set.Caps == 0, "cannot "+r.what, "may "+r.what)
			}})
	}
	return out
}
