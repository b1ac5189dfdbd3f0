package security

import (
	"net/netip"
	"slices"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/seccomp"
)

// isRoot says whether a service runs with root's rights.
func isRoot(c *compiler.Confinement) bool {
	u := c.Word("User")
	return !c.On("DynamicUser") && (u == "" || u == "root" || u == "0")
}

func user(c *compiler.Confinement) (int, string) {
	switch u := c.Word("User"); {
	case c.On("DynamicUser"):
		return 0, "runs as a user that is made for it"
	case isRoot(c):
		return 10, "runs as root"
	case u == "nobody":
		return 9, "runs as nobody, who is for files without an owner"
	}
	return 0, "runs as a user that is not root"
}

func groups(c *compiler.Confinement) (int, string) {
	if isRoot(c) {
		return notApplicable, "does not matter, for it runs as root"
	}
	return either(len(c.Words("SupplementaryGroups")) == 0, "is in no further groups", "is in further groups")
}

func removeIPC(c *compiler.Confinement) (int, string) {
	if isRoot(c) {
		return notApplicable, "does not apply, for it runs as root"
	}
	return either(c.On("RemoveIPC") || c.On("DynamicUser"), "its IPC objects go with it", "its IPC objects may stay behind")
}

func home(c *compiler.Confinement) (int, string) {
	w := c.Word("ProtectHome")
	switch {
	case c.On("ProtectHome"):
		return 0, "cannot reach home folders"
	case w == "tmpfs":
		return 1, "sees home folders that are empty"
	case w == "read-only", c.On("DynamicUser"):
		return 5, "can read home folders"
	}
	return 10, "can read and change home folders"
}

func system(c *compiler.Confinement) (int, string) {
	w := c.Word("ProtectSystem")
	switch {
	case w == "strict", c.On("DynamicUser"):
		return 0, "can only read the file system"
	case w == "full":
		return 3, "can change the file system but for programs and settings"
	case c.On("ProtectSystem"):
		return 5, "can change the file system but for programs"
	}
	return 10, "can change the whole file system"
}

func root(c *compiler.Confinement) (int, string) {
	dir := c.Word("RootDirectory")
	return either(dir != "" && dir != "/" || c.Word("RootImage") != "", "has a root of its own", "has the machine's root")
}

func umask(c *compiler.Confinement) (int, string) {
	for _, m := range []struct {
		bit  uint32
		bad  int
		text string
	}{
		{0o002, 10, "everybody can write to its files"}, {0o004, 5, "everybody can read its files"},
		{0o020, 2, "its group can write to its files"}, {0o040, 1, "its group can read its files"},
	} {
		if c.Umask&m.bit == 0 {
			return m.bad, m.text
		}
	}
	return 0, "its files are its own"
}

func processes(c *compiler.Confinement) (int, string) {
	switch c.Word("ProtectProc") {
	case "invisible", "ptraceable":
		return 0, "does not see the processes of others"
	case "noaccess":
		return 1, "sees that there are processes of others"
	}
	return 3, "sees all processes"
}

// addresses is IPAddressDeny=: everything must be denied before what is allowed
// means something.
func addresses(c *compiler.Confinement) (int, string) {
	if c.Word("IPIngressFilterPath") != "" || c.Word("IPEgressFilterPath") != "" {
		return 0, "has packet filters of its own"
	}
	denied := c.Words("IPAddressDeny")
	if !slices.Contains(denied, "any") && !(slices.Contains(denied, "0.0.0.0/0") && slices.Contains(denied, "::/0")) {
		return 10, "may talk to every address"
	}
	allowed := c.Words("IPAddressAllow")
	switch {
	case len(allowed) == 0:
		return 0, "may talk to no address"
	case slices.ContainsFunc(allowed, func(w string) bool { return !isLoopback(w) }):
		return 5, "may talk to some addresses"
	}
	return 2, "may talk to this machine"
}

// isLoopback says whether a word of IPAddressAllow= is for this machine alone.
func isLoopback(word string) bool {
	if word == "localhost" {
		return true
	}
	if addr, err := netip.ParseAddr(word); err == nil {
		return addr.IsLoopback()
	}
	p, err := netip.ParsePrefix(word)
	return err == nil && p.Addr().IsLoopback() && (p.Bits() >= 8 && p.Addr().Is4() || p.Bits() == 128)
}

// devices is DevicePolicy=, which PrivateDevices= sets where it is left open.
func devices(c *compiler.Confinement) (int, string) {
	policy := c.Word("DevicePolicy")
	closed := policy == "closed" || policy == "strict"
	if (policy == "" || policy == "auto") && compiler.Honoured("DevicePolicy") {
		closed = c.On("PrivateDevices")
	}
	switch {
	case !closed:
		return 10, "may open every device"
	case len(c.Words("DeviceAllow")) > 0, c.On("ProtectClock"): // which allows reading the clock's
		return 5, "may open some devices"
	}
	return 0, "may open hardly any device"
}

func architectures(c *compiler.Confinement) (int, string) {
	switch {
	case len(c.Architectures) == 0:
		return 10, "may make the calls of every architecture"
	case slices.ContainsFunc(c.Architectures, func(w string) bool { return w != "native" }):
		return 8, "may make the calls of several architectures"
	}
	return 0, "can make the machine's own calls only"
}

// Address families of socket(2).
const (
	local   = 1
	inet    = 2
	inet6   = 10
	netlink = 16
	packet  = 17
)

// refusesFamily says whether sockets of the families cannot be opened, or where
// members is nil, those of the families that have no row of their own.
func refusesFamily(c *compiler.Confinement, members []int) bool {
	listed := slices.ContainsFunc(c.Families, func(f int) bool {
		if members == nil {
			return f != local && f != inet && f != inet6 && f != netlink && f != packet
		}
		return slices.Contains(members, f)
	})
	return listed != c.AllowsFamilies
}

// calls is how much of a group of system calls is left.
func calls(c *compiler.Confinement, group string) (int, string) {
	if !c.FiltersCalls {
		return 10, "may make every system call"
	}
	members, _ := seccomp.Group(group)
	slices.Sort(members)
	for _, call := range members {
		if _, ok := seccomp.Number(c.Arch, call); ok && c.Calls[call] == c.AllowsCalls {
			if c.AllowsCalls {
				return 9, "may make calls of " + group + ", like " + call
			}
			return 10, "may make calls of " + group + ", like " + call
		}
	}
	return 0, "cannot make calls of " + strings.TrimSpace(group)
}
