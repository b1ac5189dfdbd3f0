package security

import (
	"slices"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/seccomp"
	"rustysd/runtime/plan"
)

// row is one row of the table. The weights and ranges are systemd's.
type row struct {
	name, field  string
	weight, span int // span 0 stands for 1
	// late is set when the row has no meaning for a service without default
	// dependencies: the rest of the file system is not there yet.
	late bool
	// keys are the directives that make the row better, other than those that
	// ask looks at through other fields.
	keys []string
	// ask yields how bad it is, from 0 to span, and says so.
	ask func(c *compiler.Confinement) (int, string)
}

// rows is the whole table, by subject.
var rows = append(append(append(plainRows(), capabilityRows()...), namespaceRows()...), callRows()...)

// yes is a row of a directive that is a boolean.
func yes(key string, weight int, good, bad string) row {
	return row{name: key + "=", field: key, weight: weight, keys: []string{key},
		ask: func(c *compiler.Confinement) (int, string) { return either(c.On(key), good, bad) }}
}

// orWord is a row of a boolean that has more words for yes.
func orWord(key string, weight int, good, bad string, words ...string) row {
	r := yes(key, weight, good, bad)
	r.ask = func(c *compiler.Confinement) (int, string) {
		return either(c.On(key) || slices.Contains(words, c.Word(key)), good, bad)
	}
	return r
}

// either is the answer of a row with two.
func either(good bool, yes, no string) (int, string) {
	if good {
		return 0, yes
	}
	return 1, no
}

// notEarly marks a row.
func notEarly(r row) row { r.late = true; return r }

// orDynamic is a row of a boolean that DynamicUser= turns on too.
func orDynamic(r row) row {
	key := r.field
	ask := r.ask
	r.keys = append(r.keys, "DynamicUser")
	r.ask = func(c *compiler.Confinement) (int, string) {
		bad, text := ask(c)
		if bad == 1 && c.On("DynamicUser") {
			return 0, "DynamicUser= implies " + key + "="
		}
		return bad, text
	}
	return r
}

func plainRows() []row {
	return []row{
		{name: "User=/DynamicUser=", field: "UserOrDynamicUser", weight: 2000, span: 10, keys: []string{"DynamicUser"}, ask: user},
		{name: "SupplementaryGroups=", field: "SupplementaryGroups", weight: 200, keys: []string{"DynamicUser"}, ask: groups},
		yes("PrivateDevices", 1000, "sees no devices but harmless ones", "may see devices of the machine"),
		yes("PrivateMounts", 1000, "its mounts stay its own", "mounts that it makes may be seen by others"),
		yes("PrivateNetwork", 2500, "has no network but a loopback of its own", "is on the machine's network"),
		notEarly(orDynamic(yes("PrivateTmp", 1000, "has temporary folders of its own", "shares temporary folders with other programs"))),
		orWord("PrivateUsers", 1000, "sees no users but its own and root", "sees the machine's users", "self", "identity", "full"),
		orWord("ProtectControlGroups", 1000, "can only read the cgroup tree", "may write to the cgroup tree", "private", "strict"),
		yes("ProtectKernelModules", 1000, "cannot load or read modules of the kernel", "may load modules of the kernel, and read them"),
		yes("ProtectKernelTunables", 1000, "can only read the settings of the kernel", "may write to the settings of the kernel"),
		yes("ProtectKernelLogs", 1000, "is cut off from the kernel's log", "may read and fill the kernel's log"),
		yes("ProtectClock", 1000, "cannot set a clock", "may set the clocks of the machine"),
		{name: "ProtectHome=", field: "ProtectHome", weight: 1000, span: 10, late: true, keys: []string{"ProtectHome", "DynamicUser"}, ask: home},
		yes("ProtectHostname", 50, "cannot rename the machine", "may rename the machine"),
		{name: "ProtectSystem=", field: "ProtectSystem", weight: 1000, span: 10, late: true, keys: []string{"ProtectSystem", "DynamicUser"}, ask: system},
		{name: "RootDirectory=/RootImage=", field: "RootDirectoryOrRootImage", weight: 200, late: true, keys: []string{"RootDirectory", "RootImage"}, ask: root},
		yes("LockPersonality", 100, "keeps its execution domain", "may change its execution domain"),
		yes("MemoryDenyWriteExecute", 100, "cannot have memory that is writable and executable", "may write memory and execute it"),
		orDynamic(yes("NoNewPrivileges", 1000, "gains no rights by what it executes", "may gain rights by what it executes")),
		{name: "UMask=", field: "UMask", weight: 100, span: 10, ask: umask},
		{name: "KeyringMode=", field: "KeyringMode", weight: 1000, keys: []string{"KeyringMode"}, ask: func(c *compiler.Confinement) (int, string) {
			w := c.Word("KeyringMode")
			return either(w == "" || w == "private", "has a session keyring of its own", "shares the session keyring")
		}},
		{name: "ProtectProc=", field: "ProtectProc", weight: 1000, span: 3, keys: []string{"ProtectProc"}, ask: processes},
		{name: "ProcSubset=", field: "ProcSubset", weight: 10, keys: []string{"ProcSubset"}, ask: func(c *compiler.Confinement) (int, string) {
			return either(c.Word("ProcSubset") == "pid", "sees in /proc processes only", "sees all that /proc says about the machine")
		}},
		{name: "NotifyAccess=", field: "NotifyAccess", weight: 1000, ask: func(c *compiler.Confinement) (int, string) {
			return either(c.Notify != plan.NotifyAll, "its children cannot speak for it", "its children may speak for it")
		}},
		{name: "RemoveIPC=", field: "RemoveIPC", weight: 100, keys: []string{"RemoveIPC", "DynamicUser"}, ask: removeIPC},
		{name: "Delegate=", field: "Delegate", weight: 100, ask: func(c *compiler.Confinement) (int, string) {
			w := c.Word("Delegate")
			return either(w == "" || isNo(w), "manages no cgroups", "manages cgroups of its own")
		}},
		yes("RestrictRealtime", 500, "cannot run in real time", "may run in real time and starve others"),
		orDynamic(yes("RestrictSUIDSGID", 1000, "cannot make set-user-id files", "may make set-user-id files")),
		{name: "IPAddressDeny=", field: "IPAddressDeny", weight: 1000, span: 10,
			keys: []string{"IPAddressDeny", "IPIngressFilterPath", "IPEgressFilterPath"}, ask: addresses},
		{name: "DeviceAllow=", field: "DeviceAllow", weight: 1000, span: 10, keys: []string{"DevicePolicy", "DeviceAllow"}, ask: devices},
		{name: "AmbientCapabilities=", field: "AmbientCapabilities", weight: 500, ask: func(c *compiler.Confinement) (int, string) {
			return either(c.Ambient == 0, "is given no capabilities", "is given capabilities")
		}},
	}
}

func isNo(word string) bool { return strings.Contains(" no n false f off 0 ", " "+word+" ") }

// namespaceRows are those of RestrictNamespaces= and RestrictAddressFamilies=.
func namespaceRows() (out []row) {
	for _, n := range []struct {
		word   string
		weight int
		what   string
	}{
		{"user", 1500, "users"}, {"mnt", 500, "mounts"}, {"ipc", 500, "IPC objects"}, {"pid", 500, "processes"},
		{"cgroup", 500, "cgroups"}, {"net", 500, "networks"}, {"uts", 100, "host names"},
	} {
		flag := seccomp.Namespaces[n.word]
		out = append(out, row{name: "RestrictNamespaces=~" + n.word, field: "RestrictNamespaces_" + n.word, weight: n.weight,
			ask: func(c *compiler.Confinement) (int, string) {
				return either(c.Namespaces&flag == 0, "cannot make namespaces of "+n.what, "may make namespaces of "+n.what)
			}})
	}
	for _, f := range []struct {
		name, field string
		weight      int
		members     []int // nil: all that no other row has
		what        string
	}{
		{"AF_(INET|INET6)", "AF_INET_INET6", 1500, []int{inet, inet6}, "Internet sockets"},
		{"AF_UNIX", "AF_UNIX", 25, []int{local}, "local sockets"},
		{"AF_NETLINK", "AF_NETLINK", 200, []int{netlink}, "netlink sockets"},
		{"AF_PACKET", "AF_PACKET", 1000, []int{packet}, "packet sockets"},
		{"…", "OTHER", 1250, nil, "sockets of other families"},
	} {
		out = append(out, row{name: "RestrictAddressFamilies=~" + f.name, field: "RestrictAddressFamilies_" + f.field, weight: f.weight,
			ask: func(c *compiler.Confinement) (int, string) {
				return either(refusesFamily(c, f.members), "cannot open "+f.what, "may open "+f.what)
			}})
	}
	return out
}

// callRows are those of SystemCallArchitectures= and SystemCallFilter=.
func callRows() []row {
	out := []row{{name: "SystemCallArchitectures=", field: "SystemCallArchitectures", weight: 1000, span: 10, ask: architectures}}
	for _, g := range []struct {
		name   string
		weight int
	}{
		{"swap", 1000}, {"obsolete", 250}, {"clock", 1000}, {"cpu-emulation", 250}, {"debug", 1000}, {"mount", 1000},
		{"module", 1000}, {"raw-io", 1000}, {"reboot", 1000}, {"privileged", 700}, {"resources", 700},
	} {
		out = append(out, row{name: "SystemCallFilter=~@" + g.name, field: "SystemCallFilter_" + strings.ReplaceAll(g.name, "-", "_"),
			weight: g.weight, span: 10, ask: func(c *compiler.Confinement) (int, string) { return calls(c, "@"+g.name) }})
	}
	return out
}
