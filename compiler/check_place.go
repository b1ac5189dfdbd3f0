package compiler

import (
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// placeSet is a set of places.
type placeSet uint8

const (
	docker placeSet = 1 << iota
	podman
	restricted // Kubernetes' Pod Security Standard "restricted"
	vm
	board

	containers = docker | podman | restricted
)

// venue is where an image runs (--profile).
type venue struct {
	name  string
	set   placeSet
	grace plan.Duration // from SIGTERM to SIGKILL
	words string
}

// places are all of them. A virtual machine and a board are the init's own:
// what the kernel can do, it may ask for, and nobody stops it from outside.
var places = [...]venue{
	{"docker", docker, 10 * plan.Second, "a Docker container"},
	{"podman", podman, 10 * plan.Second, "a Podman container"},
	{"kubernetes-restricted", restricted, 30 * plan.Second, "a restricted pod"},
	{"vm", vm, plan.Infinity, "a virtual machine"},
	{"board", board, plan.Infinity, "a board"},
}

// Places are the names that Options.Place may have.
func Places() []string {
	var out []string
	for i := range places {
		out = append(out, places[i].name)
	}
	return out
}

// ownsKernel says whether the image has a kernel to itself, which nobody outside
// has set up.
func (s *unitSet) ownsKernel() bool {
	v := placeOf(s.opt.Place)
	return v != nil && v.set&containers == 0
}

func placeOf(name string) *venue {
	for i := range places {
		if places[i].name == name {
			return &places[i]
		}
	}
	return nil
}

// placeRow is what some places cannot do.
type placeRow struct {
	// names are the directives that ask for it, separated by blanks.
	names    string
	where    placeSet
	severity diag.Severity
	// asks says whether a value asks for it; nil: every value that is not no.
	asks func(u *unit, text string) bool
	// reason ends the sentence "NAME= cannot be had in a container: …".
	reason, hint string
}

// runsWithout are the directives without which a unit starts all the same when
// the kernel refuses what they take, as under systemd: --allow-unsupported can
// agree to that.
const runsWithout = " PrivateTmp PrivateDevices PrivateMounts ProtectSystem ProtectHome ProtectKernelTunables ProtectKernelModules " +
	"ProtectKernelLogs ProtectControlGroups ReadOnlyPaths ReadOnlyDirectories InaccessiblePaths InaccessibleDirectories " +
	"NoExecPaths ProtectProc ProcSubset PrivateNetwork NetworkNamespacePath PrivateIPC IPCNamespacePath ProtectHostname DynamicUser " +
	"BindPaths BindReadOnlyPaths LimitNOFILE LimitMEMLOCK LimitRTPRIO LimitNICE "

// insists says whether a unit does not start without what runsWithout has,
// because it would see other files than it names.
func (u *unit) insists(set *setting) bool {
	switch set.key {
	case "DynamicUser":
		_, private := u.exec().privateDirectory()
		return private
	case "BindPaths", "BindReadOnlyPaths":
		for _, w := range strings.Fields(set.value.Text()) {
			if b, err := bindWord(w); err != nil || b.source != b.path {
				return true
			}
		}
	}
	return false
}

const noSysAdmin = "take it out in a drop-in, or run the container with --cap-add SYS_ADMIN and without --profile"

// placeTable is what unprivileged places refuse: by the capabilities that
// Docker, Podman and the restricted standard leave (capabilities(7)), their
// system call filters, and their read-only cgroups. An error is what fails the
// unit each time, or would confine it and does not, or is a limit that cannot be
// raised, a warning what else it does
// not get, a note what the init does without, as systemd does.
var placeTable = [...]placeRow{
	{"PrivateTmp PrivateDevices PrivateMounts ProtectSystem ProtectHome ProtectKernelTunables ProtectKernelModules " +
		"ProtectKernelLogs ProtectControlGroups ReadOnlyPaths ReadOnlyDirectories InaccessiblePaths InaccessibleDirectories " +
		"NoExecPaths BindPaths BindReadOnlyPaths TemporaryFileSystem MountImages ExtensionImages ExtensionDirectories " +
		"RootImage MountAPIVFS PrivateBPF", containers, diag.Error, nil,
		"a mount namespace takes CAP_SYS_ADMIN", noSysAdmin},
	{"DynamicUser", docker | podman, diag.Error, nil,
		"ProtectSystem=strict and PrivateTmp=yes, which it implies, take CAP_SYS_ADMIN", noSysAdmin},
	{"ProtectProc ProcSubset", containers, diag.Error, unlessWord("default", "all"),
		"a /proc of its own takes CAP_SYS_ADMIN", noSysAdmin},
	{"RootDirectory", docker | podman, diag.Error, apiInRoot,
		"the /proc, /sys and /dev that are mounted in it take CAP_SYS_ADMIN", "set MountAPIVFS=no as well, or make it the image's root"},
	{"PrivateNetwork NetworkNamespacePath", containers, diag.Error, nil,
		"a network namespace takes CAP_SYS_ADMIN", noSysAdmin},
	{"PrivateIPC IPCNamespacePath PrivatePIDs ProtectHostname", containers, diag.Error, nil,
		"a namespace takes CAP_SYS_ADMIN", noSysAdmin},
	{"PrivateUsers UserNamespacePath", docker | restricted, diag.Error, nil,
		"the system call filter refuses user namespaces", noSysAdmin},
	{"RootDirectory", restricted, diag.Error, unlessWord("/"),
		"chroot(2) takes CAP_SYS_CHROOT", "take it out, and make it the image's root"},

	{"User Group", restricted, diag.Error, nil,
		"all programs run as the pod's user, and only CAP_SETUID and CAP_SETGID can change that",
		"take it out, and set runAsUser and runAsGroup of the pod"},
	{"SupplementaryGroups", restricted, diag.Error, nil,
		"setgroups(2) takes CAP_SETGID", "take it out, and set supplementalGroups of the pod"},
	{"DynamicUser", restricted, diag.Error, nil,
		"all programs run as the pod's user", "take it out, and set runAsUser of the pod"},
	{"SocketUser SocketGroup", restricted, diag.Error, nil,
		"chown(2) takes CAP_CHOWN", "take it out: the socket belongs to the pod's user"},
	{"RuntimeDirectory StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory", restricted, diag.Warning, nil,
		"the init is not root there, so the folder above it must be writable for the pod's user",
		"mount an emptyDir volume there, with the pod's fsGroup"},
	{"AmbientCapabilities", docker, diag.Error, beyond("chown dac_override fowner fsetid kill setgid setuid setpcap " +
		"net_bind_service net_raw sys_chroot mknod audit_write setfcap"),
		"a container has fewer capabilities to give", "run it with --cap-add and without --profile, or take it out"},
	{"AmbientCapabilities", podman, diag.Error, beyond("chown dac_override fowner fsetid kill setgid setuid setpcap " +
		"net_bind_service sys_chroot setfcap"),
		"a container has fewer capabilities to give", "run it with --cap-add and without --profile, or take it out"},
	{"AmbientCapabilities", restricted, diag.Error, beyond("net_bind_service"),
		"a restricted pod may have CAP_NET_BIND_SERVICE and no other", "take it out"},
	{"ListenStream ListenDatagram", restricted, diag.Warning, lowPort,
		"a port below 1024 takes CAP_NET_BIND_SERVICE, or the sysctl net.ipv4.ip_unprivileged_port_start",
		"listen on a port above 1023, and have the Service map it"},

	{"LimitNOFILE", containers, diag.Error, limitAbove(1 << 20),
		"only CAP_SYS_RESOURCE raises a hard limit, and the service would get what there is", "set --ulimit nofile= of the container"},
	{"LimitMEMLOCK", containers, diag.Error, limitAbove(8 << 20),
		"only CAP_SYS_RESOURCE raises a hard limit, and the service would get what there is", "set --ulimit memlock= of the container"},
	{"LimitRTPRIO LimitNICE", containers, diag.Error, limitAbove(0),
		"only CAP_SYS_RESOURCE raises a hard limit, and the service would get what there is", "set --ulimit rtprio= of the container"},
	{"OOMScoreAdjust", containers, diag.Note, negative,
		"only CAP_SYS_RESOURCE lowers the score, and the service keeps the container's", ""},
	{"Nice", containers, diag.Note, negative,
		"only CAP_SYS_NICE raises the priority, and the service keeps the container's", ""},
	{"CPUSchedulingPolicy", containers, diag.Error, ifWord("fifo", "rr"),
		"real-time scheduling takes CAP_SYS_NICE", "take it out, or run the container with --cap-add SYS_NICE and without --profile"},
	{"IOSchedulingClass", containers, diag.Error, ifWord("realtime", "1"),
		"it takes CAP_SYS_NICE", "use best-effort"},
	{"NUMAPolicy", containers, diag.Error, unlessWord("default"),
		"the system call filter refuses set_mempolicy(2) without CAP_SYS_NICE", "set --cpuset-mems of the container"},
	{"MemoryMax MemoryHigh MemoryLow MemoryMin MemorySwapMax MemoryZSwapMax MemoryLimit StartupMemoryMax StartupMemoryHigh " +
		"StartupMemoryLow TasksMax CPUQuota CPUWeight StartupCPUWeight CPUShares AllowedCPUs AllowedMemoryNodes IOWeight IODeviceWeight " +
		"IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec BlockIOWeight " +
		"BlockIOReadBandwidth BlockIOWriteBandwidth", docker | restricted, diag.Warning, unlessWord("infinity"),
		"its cgroups are read-only", "limit the container as a whole"},
	{"DevicePolicy DeviceAllow IPAddressDeny SocketBindDeny RestrictNetworkInterfaces", containers, diag.Warning, unlessWord("auto"),
		"a filter takes CAP_BPF or CAP_SYS_ADMIN, and a cgroup that can be written", "let the engine limit the container as a whole"},
	{"Delegate", docker | restricted, diag.Warning, nil,
		"its cgroups are read-only", "run it with --cgroupns=private and a writable /sys/fs/cgroup, and without --profile"},
	{"StandardOutput StandardError", containers, diag.Note, ifWord("kmsg", "kmsg+console"),
		"it has no /dev/kmsg, and the lines are in the init's log alone", ""},
	{"StandardOutput StandardError", restricted, diag.Note, ifWord("journal+console", "syslog+console"),
		"it has no /dev/console, and the lines are in the init's log alone", ""},
	{"TTYPath", containers, diag.Warning, virtualTerminal,
		"it has no virtual terminals", "use /dev/console, and run the container with --tty"},
}

// placeRows finds the rows about a directive.
var placeRows = makePlaceRows()

func makePlaceRows() map[string][]*placeRow {
	rows := map[string][]*placeRow{}
	for i := range placeTable {
		for _, name := range strings.Fields(placeTable[i].names) {
			rows[name] = append(rows[name], &placeTable[i])
		}
	}
	return rows
}

// checkPlace reports what units of the image ask for and the place cannot do.
func (s *unitSet) checkPlace(l *diag.List) {
	p := placeOf(s.opt.Place)
	if p == nil {
		return
	}
	s.checkPlaceUnits(p, l)
	if p.set == restricted && len(s.plan.Boot) > 0 {
		l.Add(diag.Diagnostic{Pos: grammar.Pos{File: s.opt.Root}, Severity: diag.Warning, Code: "profile-refuses",
			Msg:  "the folders that tmpfiles.d has made at boot belong to the pod's user in a restricted pod, and what is above them must be writable",
			Hint: "mount an emptyDir volume at /run, with the pod's fsGroup"})
	}
}

// checkPlaceUnits is checkPlace for what stands in units.
func (s *unitSet) checkPlaceUnits(p *venue, l *diag.List) {
	for _, u := range s.image {
		for i := range u.settings {
			set := &u.settings[i]
			for _, row := range placeRows[set.key] {
				if row.where&p.set != 0 && u.asksFor(row, set) {
					l.Add(s.refusal(p, row, u, set))
				}
			}
		}
		if p.set == restricted {
			fullPrivilege(u, l)
		}
	}
}

// asksFor says whether an assignment counts: a later one of a single value
// replaces it, and what the image does not honour has been reported.
func (u *unit) asksFor(row *placeRow, set *setting) bool {
	text := set.value.Text()
	if text == "" || u.overridden(set) {
		return false
	}
	if h, ok := u.common.unhonoured[set.key]; ok && h.d.level != honoured {
		return false
	}
	if on, err := grammar.ParseBool(text); err == nil && !on {
		return false
	}
	return row.asks == nil || row.asks(u, text)
}

// overridden says whether a later assignment takes one back: an empty one, or,
// for a directive with one value, any.
func (u *unit) overridden(set *setting) bool {
	past := false
	for i := range u.settings {
		other := &u.settings[i]
		if past && other.key == set.key && (other.value.Text() == "" || !placeList(set.key)) && !(other.value.Text() == "" && ignoredWhenEmpty(other)) {
			return true
		}
		past = past || other == set
	}
	return false
}

// placeList says whether assignments to a directive add up.
func placeList(key string) bool {
	return strings.HasSuffix(key, "Paths") || strings.HasPrefix(key, "Listen") || strings.HasSuffix(key, "Directory") ||
		strings.HasSuffix(key, "Directories") || strings.HasSuffix(key, "Images") ||
		slices.Contains([]string{"TemporaryFileSystem", "AmbientCapabilities", "SupplementaryGroups"}, key)
}

func (s *unitSet) refusal(p *venue, row *placeRow, u *unit, set *setting) diag.Diagnostic {
	d := diag.Diagnostic{Pos: set.pos, End: set.end, Severity: row.severity, Code: "profile-refuses", Hint: row.hint,
		Msg: set.key + "=" + set.value.Text() + " cannot be had in " + p.words + ": " + row.reason}
	switch {
	case row.where == restricted || !strings.Contains(runsWithout, " "+set.key+" "), u.insists(set):
	case slices.Contains(s.opt.AllowUnsupported, set.key):
		d.Severity, d.Hint = diag.Note, ""
	default:
		d.Hint += "; with --allow-unsupported " + set.key + " the service runs all the same"
	}
	return d
}

// apiInRoot says whether a root of the unit's own has file systems of the
// kernel's mounted in it, as is the default (systemd.exec(5), "MountAPIVFS=").
func apiInRoot(u *unit, text string) bool {
	on, err := grammar.ParseBool(u.lastText("MountAPIVFS"))
	return cleanPath(text) != "/" && (err != nil || on)
}

// fullPrivilege reports the prefixes "+" and "!" where no program is root.
func fullPrivilege(u *unit, l *diag.List) {
	for i := range u.common.commands {
		if c := &u.common.commands[i]; c.prefix.Has(grammar.PrefixFull) {
			l.Add(diag.Diagnostic{Pos: c.at, End: c.end, Severity: diag.Warning, Code: "profile-refuses",
				Msg:  "the prefix \"+\" gives no privileges in a restricted pod: the init has none itself",
				Hint: "take it out, or do what the command does when the image is built"})
		}
	}
}

// ifWord makes a rule for values that are one of some words.
func ifWord(words ...string) func(*unit, string) bool {
	return func(_ *unit, text string) bool { return slices.Contains(words, text) }
}

// unlessWord makes a rule for values other than some words.
func unlessWord(words ...string) func(*unit, string) bool {
	return func(_ *unit, text string) bool { return !slices.Contains(words, text) }
}

func negative(_ *unit, text string) bool { return strings.HasPrefix(text, "-") }

func virtualTerminal(_ *unit, text string) bool {
	n, ok := strings.CutPrefix(text, "/dev/tty")
	return ok && n != "" && allDigits(n)
}

// beyond makes a rule for sets of capabilities that hold others than those.
func beyond(names string) func(*unit, string) bool {
	allowed := strings.Fields(names)
	return func(_ *unit, text string) bool {
		if strings.HasPrefix(text, "~") {
			return true
		}
		for _, w := range strings.Fields(text) {
			if !slices.Contains(allowed, strings.ToLower(strings.TrimPrefix(strings.ToUpper(w), "CAP_"))) {
				return true
			}
		}
		return false
	}
}

// limitAbove makes a rule for limits whose hard part is above n.
func limitAbove(n uint64) func(*unit, string) bool {
	return func(_ *unit, text string) bool {
		_, hard, both := strings.Cut(text, ":")
		if !both {
			hard = text
		}
		if hard == "infinity" {
			return true
		}
		v, err := grammar.ParseSize(hard)
		return err == nil && v > n
	}
}

// lowPort says whether an address has a port that only root may bind.
func lowPort(_ *unit, text string) bool {
	port := text[strings.LastIndexByte(text, ':')+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && n < 1024 && text[0] != '/' && text[0] != '@' && !strings.HasPrefix(text, "vsock")
}
