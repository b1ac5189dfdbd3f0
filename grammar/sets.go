package grammar

import (
	"net/netip"
	"strconv"
	"strings"
)

// Set is a list that may say "all but these": a "~" before the first word.
type Set struct {
	Invert bool
	Words  []Word
}

// ParseSet reads a list of names with an optional "~" before it, such as that
// of RestrictAddressFamilies=.
func ParseSet(s string) (Set, *Error) {
	body, invert := strings.CutPrefix(s, "~")
	words, err := ParseItems(body)
	if err != nil {
		return Set{}, err.shift(len(s) - len(body))
	}
	for i := range words {
		words[i].Offset += len(s) - len(body)
		words[i].End += len(s) - len(body)
	}
	return Set{invert, words}, nil
}

// capabilityNames are those of capabilities(7), by number.
var capabilityNames = [...]string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
	"SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
	"IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
	"SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
	"LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
	"WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
}

// capabilityMax is the last number that systemd takes.
const capabilityMax = 62

// CapabilityName is the name of capability n, or its number.
func CapabilityName(n int) string {
	if n >= 0 && n < len(capabilityNames) {
		return "CAP_" + capabilityNames[n]
	}
	return strconv.Itoa(n)
}

// ParseCapability reads one capability: a name in any case, or a number.
func ParseCapability(s string) (int, *Error) {
	if n, err := ParseUint(s); err == nil && n <= capabilityMax {
		return int(n), nil
	}
	if len(s) > 4 && strings.EqualFold(s[:4], "CAP_") {
		for n, name := range capabilityNames {
			if strings.EqualFold(s[4:], name) {
				return n, nil
			}
		}
	}
	return 0, wrong(s, "unknown capability "+quoted(s), "write a name of capabilities(7), like CAP_NET_BIND_SERVICE")
}

// CapabilitySet is a set of capabilities, as a mask.
type CapabilitySet struct {
	Invert bool   // all but Caps
	Caps   uint64 // bit n is capability n
}

// ParseCapabilities reads a list like that of CapabilityBoundingSet=.
func ParseCapabilities(s string) (CapabilitySet, *Error) {
	list, err := ParseSet(s)
	if err != nil {
		return CapabilitySet{}, err
	}
	set := CapabilitySet{Invert: list.Invert}
	for _, w := range list.Words {
		n, err := ParseCapability(w.Text)
		if err != nil {
			return CapabilitySet{}, &Error{w.Offset, w.End, err.Msg, err.Hint}
		}
		set.Caps |= 1 << n
	}
	return set, nil
}

// Syscall is one item of a list of system calls.
type Syscall struct {
	Name        string // without the "@" of a group
	Group       bool
	Action      string // after ":": the name or number of an error, or "kill"; "" for the default
	Offset, End int
}

// SyscallList is a list like that of SystemCallFilter=.
type SyscallList struct {
	Invert bool
	Calls  []Syscall
}

// ParseSyscalls reads a list like that of SystemCallFilter=. Which calls and
// groups there are is not looked at.
func ParseSyscalls(s string) (SyscallList, *Error) {
	set, err := ParseSet(s)
	if err != nil {
		return SyscallList{}, err
	}
	list := SyscallList{Invert: set.Invert}
	for _, w := range set.Words {
		c := Syscall{Offset: w.Offset, End: w.End}
		var acts bool
		c.Name, c.Action, acts = strings.Cut(w.Text, ":")
		c.Name, c.Group = strings.CutPrefix(c.Name, "@")
		if !isSyscallName(c.Name, c.Group) {
			return SyscallList{}, &Error{w.Offset, w.End, "expected a system call or a group, not " + quoted(w.Text),
				"write names like read or @system-service, with \"~\" only before the first"}
		}
		if acts && !isAction(c.Action) {
			return SyscallList{}, &Error{w.End - len(c.Action), w.End, "expected an error after \":\", not " + quoted(c.Action),
				"write a name of errno(3) like EPERM, a number, or kill"}
		}
		list.Calls = append(list.Calls, c)
	}
	return list, nil
}

// isSyscallName says whether s looks like a system call or a group.
func isSyscallName(s string, group bool) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z') && !isDigit(c) && c != '_' && !(group && c == '-') {
			return false
		}
	}
	return s != ""
}

// isAction says whether s may be what happens to a system call: the largest
// error that the kernel can report is 4095.
func isAction(s string) bool {
	if s == "kill" {
		return true
	}
	if n, err := ParseUint(s); err == nil {
		return n <= 4095
	}
	for i := range len(s) {
		if c := s[i]; !(c >= 'A' && c <= 'Z') && !isDigit(c) {
			return false
		}
	}
	return len(s) > 1 && s[0] == 'E'
}

// CPURange is the CPUs from First to Last.
type CPURange struct{ First, Last int }

// cpuMax is the last CPU that the kernel's masks have room for.
const cpuMax = 8191

// ParseCPUs reads a list like that of CPUAffinity=: numbers and ranges, with
// blanks or commas between them.
func ParseCPUs(s string) ([]CPURange, *Error) {
	var list []CPURange
	words, err := ParseItems(strings.ReplaceAll(s, ",", " "))
	if err != nil {
		return nil, err
	}
	for _, w := range words {
		from, to, found := strings.Cut(w.Text, "-")
		if !found {
			to = from
		}
		first, err1 := ParseUint(from)
		last, err2 := ParseUint(to)
		if err1 != nil || err2 != nil || first > last || last > cpuMax {
			return nil, &Error{w.Offset, w.End, "expected a CPU or a range of CPUs, not " + quoted(w.Text), "write them like 0-3 or 0 2 4"}
		}
		list = append(list, CPURange{int(first), int(last)})
	}
	return list, nil
}

// prefixNames are the words of systemd.resource-control(5), table "Special
// address/network names".
var prefixNames = map[string][]netip.Prefix{
	"any":        prefixes("0.0.0.0/0", "::/0"),
	"localhost":  prefixes("127.0.0.0/8", "::1/128"),
	"link-local": prefixes("169.254.0.0/16", "fe80::/64"),
	"multicast":  prefixes("224.0.0.0/4", "ff00::/8"),
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		list[i] = netip.MustParsePrefix(s)
	}
	return list
}

// ParsePrefixes reads a list like that of IPAddressAllow=. An address without
// a length is that address alone.
func ParsePrefixes(s string) ([]netip.Prefix, *Error) {
	list := []netip.Prefix{}
	for _, w := range ParseList(s) {
		if named, ok := prefixNames[w.Text]; ok {
			list = append(list, named...)
			continue
		}
		p, err := netip.ParsePrefix(w.Text)
		if err != nil {
			var ip netip.Addr
			if ip, err = netip.ParseAddr(w.Text); err == nil && ip.Zone() == "" {
				p = netip.PrefixFrom(ip, ip.BitLen())
			}
		}
		if !p.IsValid() {
			return nil, &Error{w.Offset, w.End, "expected an IP address or network, not " + quoted(w.Text),
				"write it like 10.0.0.0/8 or ::1, or one of any, localhost, link-local, multicast"}
		}
		list = append(list, p.Masked())
	}
	return list, nil
}
