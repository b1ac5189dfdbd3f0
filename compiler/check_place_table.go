package compiler

import (
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// placeRow is what some places cannot do.
type placeRow struct {
	// names are the directives that ask for it, separated by blanks.
	names    string
	where    placeSet
	severity diag.Severity
	// asks says whether a value asks for it; nil: every value that is not a
	// boolean's no.
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
	"BindPaths BindReadOnlyPaths MountFlags AmbientCapabilities LimitNOFILE LimitMEMLOCK LimitMSGQUEUE LimitRTPRIO LimitNICE "

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

const (
	noSysAdmin = "take it out in a drop-in, or run the container with --cap-add SYS_ADMIN and without --profile"
	noNetRaw   = "take it out in a drop-in, or run the container with --cap-add NET_RAW and without --profile"
	noRaise    = "only CAP_SYS_RESOURCE raises a hard limit, and the service would get what there is"
	noGroups   = "its cgroups are read-only"
	noMounts   = "a mount namespace takes CAP_SYS_ADMIN"
	noRoot     = "the init is not root there, so the folder above it must be writable for the pod's user"
)

const (
	fewerCapabilities = "a container has fewer capabilities to give"
	addCapability     = "run it with --cap-add and without --profile, or take it out"
	emptyVolume       = "mount an emptyDir volume there, with the pod's fsGroup"
)

// cgroupNames are the directives that are written to a unit's cgroup.
const cgroupNames = "MemoryMax MemoryHigh MemoryLow MemoryMin MemorySwapMax MemoryZSwapMax MemoryZSwapWriteback MemoryLimit " +
	"StartupMemoryMax StartupMemoryHigh StartupMemoryLow StartupMemorySwapMax StartupMemoryZSwapMax TasksMax " +
	"CPUQuota CPUWeight CPUShares StartupCPUWeight StartupCPUShares AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes StartupAllowedMemoryNodes " +
	"IOWeight StartupIOWeight IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec " +
	"BlockIOWeight StartupBlockIOWeight BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth"

// placeTable is what unprivileged places refuse: by the capabilities that
// Docker, Podman and the restricted standard leave (capabilities(7)), their
// system call filters, and their read-only cgroups. An error is what fails the
// unit each time, or would confine it and does not, or is a limit that cannot be
// raised, a warning what else it does not get, a note what the init does without,
// as systemd does.
var placeTable = [...]placeRow{
	{"PrivateTmp PrivateDevices PrivateMounts ProtectSystem ProtectHome ProtectKernelTunables ProtectKernelModules " +
		"ProtectKernelLogs ProtectControlGroups ReadOnlyPaths ReadOnlyDirectories InaccessiblePaths InaccessibleDirectories " +
		"NoExecPaths BindPaths BindReadOnlyPaths TemporaryFileSystem MountImages ExtensionImages ExtensionDirectories " +
		"RootImage PrivateBPF", containers, diag.Error, nil,
		noMounts, noSysAdmin},
	{"MountFlags", containers, diag.Error, unlessWord("shared"),
		noMounts, noSysAdmin},
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

	{"User Group", restricted, diag.Error, anyValue,
		"all programs run as the pod's user, and only CAP_SETUID and CAP_SETGID can change that",
		"take it out, and set runAsUser and runAsGroup of the pod"},
	{"SupplementaryGroups", restricted, diag.Error, anyValue,
		"setgroups(2) takes CAP_SETGID", "take it out, and set supplementalGroups of the pod"},
	{"DynamicUser", restricted, diag.Error, nil,
		"all programs run as the pod's user", "take it out, and set runAsUser of the pod"},
	{"SocketUser SocketGroup", restricted, diag.Error, anyValue,
		"chown(2) takes CAP_CHOWN", "take it out: the socket belongs to the pod's user"},
	{"RuntimeDirectory StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory ListenFIFO", restricted, diag.Warning, anyValue,
		noRoot, emptyVolume},
	{"ListenStream ListenDatagram ListenSequentialPacket", restricted, diag.Warning, startsWith("/"),
		noRoot, emptyVolume},
	{"StandardOutput StandardError", restricted, diag.Warning, startsWith("file:", "append:", "truncate:"),
		"the init is not root there, so the file must be writable for the pod's user", "print to the log, or mount a volume there, with the pod's fsGroup"},
	{"SetCredential LoadCredential ImportCredential", restricted, diag.Warning, anyValue,
		"the init is not root there, and hands them over in /run/credentials", "mount an emptyDir volume at /run, with the pod's fsGroup"},
	{"AmbientCapabilities", docker, diag.Error, beyond("chown dac_override fowner fsetid kill setgid setuid setpcap " +
		"net_bind_service net_raw sys_chroot mknod audit_write setfcap"),
		fewerCapabilities, addCapability},
	{"AmbientCapabilities", podman, diag.Error, beyond("chown dac_override fowner fsetid kill setgid setuid setpcap " +
		"net_bind_service sys_chroot setfcap"),
		fewerCapabilities, addCapability},
	{"AmbientCapabilities", restricted, diag.Error, anyValue,
		"a pod's user gets none, not even CAP_NET_BIND_SERVICE: Kubernetes adds only to the bounding set",
		"take it out; for a low port, have the Service map it, or set the sysctl net.ipv4.ip_unprivileged_port_start of the pod"},
	{"SecureBits", restricted, diag.Error, nil,
		"they take CAP_SETPCAP", "take it out"},
	{"ListenStream ListenDatagram", restricted, diag.Warning, lowPort,
		"a port below 1024 takes CAP_NET_BIND_SERVICE, or the sysctl net.ipv4.ip_unprivileged_port_start",
		"listen on a port above 1023, and have the Service map it"},

	{"LimitNOFILE", docker | restricted, diag.Error, limitAbove(1 << 19),
		"only CAP_SYS_RESOURCE raises a hard limit, which since containerd 2 is 524288, and the service would get what there is",
		"set --ulimit nofile= of the container"},
	{"LimitNOFILE", podman, diag.Error, limitAbove(1 << 20),
		noRaise, "set --ulimit nofile= of the container"},
	{"LimitMEMLOCK", containers, diag.Error, limitAbove(8 << 20),
		noRaise, "set --ulimit memlock= of the container"},
	{"LimitMSGQUEUE", containers, diag.Error, limitAbove(819200),
		noRaise, "set --ulimit msgqueue= of the container"},
	{"LimitNICE", containers, diag.Error, niceLimit,
		noRaise, "set --ulimit nice= of the container"},
	{"LimitRTPRIO", containers, diag.Error, limitAbove(0),
		noRaise, "set --ulimit rtprio= of the container"},
	{"OOMScoreAdjust", docker | podman, diag.Note, negative,
		"only CAP_SYS_RESOURCE lowers the score, and the service keeps the container's", ""},
	{"OOMScoreAdjust", restricted, diag.Note, unlessWord("1000"),
		"the kubelet sets the score by the pod's class, and only CAP_SYS_RESOURCE lowers it", ""},
	{"Nice", containers, diag.Note, negative,
		"only CAP_SYS_NICE raises the priority, and the service keeps the container's", ""},
	{"CPUSchedulingPolicy", containers, diag.Error, ifWord("fifo", "1", "rr", "2"),
		"real-time scheduling takes CAP_SYS_NICE", "take it out, or run the container with --cap-add SYS_NICE and without --profile"},
	{"IOSchedulingClass", containers, diag.Error, ifWord("realtime", "1"),
		"it takes CAP_SYS_NICE", "use best-effort"},
	{"NUMAPolicy", docker | restricted, diag.Error, unlessWord("default"),
		"the system call filter refuses set_mempolicy(2) without CAP_SYS_NICE", "set --cpuset-mems of the container"},
	{cgroupNames, docker | restricted, diag.Warning, unlessWord("infinity"),
		noGroups, "limit the container as a whole"},
	{cgroupNames, podman, diag.Warning, unlessWord("infinity"),
		noGroups, "limit the container as a whole, or run it with --systemd=always and without --profile"},
	{"OOMPolicy", containers, diag.Warning, ifWord("kill"),
		noGroups, "limit the container as a whole"},
	{"DevicePolicy DeviceAllow IPAddressDeny SocketBindDeny RestrictNetworkInterfaces", containers, diag.Warning, unlessWord("auto"),
		"a filter takes CAP_BPF or CAP_SYS_ADMIN, and a cgroup that can be written", "let the engine limit the container as a whole"},
	{"Delegate", docker | restricted, diag.Warning, nil,
		noGroups, "run it with --cgroupns=private and a writable /sys/fs/cgroup, and without --profile"},
	{"Delegate", podman, diag.Warning, nil,
		noGroups, "run it with --systemd=always and without --profile"},
	{"StandardOutput StandardError", containers, diag.Note, ifWord("kmsg", "kmsg+console"),
		"it has no /dev/kmsg, and the lines are in the init's log alone", ""},
	{"StandardOutput StandardError", restricted, diag.Note, ifWord("journal+console", "syslog+console"),
		"it has no /dev/console, and the lines are in the init's log alone", ""},
	{"StandardInput StandardOutput StandardError", containers, diag.Warning, console,
		"it has /dev/console only if it has a terminal", "run the container with --tty, or a pod with tty: true"},
	{"AppArmorProfile", containers, diag.Warning, anyValue,
		"where the kernel has AppArmor, the engine's own profile allows no other", "take it out, and give the container a profile"},
	{"Mark Transparent", podman | restricted, diag.Warning, nil,
		"the option takes CAP_NET_RAW or CAP_NET_ADMIN, and the socket is opened without it", noNetRaw},
	{"Priority", podman | restricted, diag.Warning, limitAbove(6),
		"a priority above 6 takes CAP_NET_RAW or CAP_NET_ADMIN, and the socket is opened without it", noNetRaw},
	{"ReceiveBuffer SendBuffer", containers, diag.Warning, limitAbove(212992),
		"only CAP_NET_ADMIN exceeds net.core.rmem_max and net.core.wmem_max, by default 212992", "raise them on the host"},
	{"TTYPath", containers, diag.Warning, virtualTerminal,
		"it has no virtual terminals", "use /dev/console, and run the container with --tty"},
}

// ifWord makes a rule for values that are one of some words.
func ifWord(words ...string) func(*unit, string) bool {
	return func(_ *unit, text string) bool { return slices.Contains(words, text) }
}

func anyValue(*unit, string) bool { return true }

// startsWith makes a rule for values with one of some beginnings.
func startsWith(beginnings ...string) func(*unit, string) bool {
	return func(_ *unit, text string) bool {
		return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(text, b) })
	}
}

// console says whether a stream is /dev/console, as it is unless TTYPath= says
// otherwise.
func console(u *unit, text string) bool {
	path := u.lastText("TTYPath")
	return strings.HasPrefix(text, "tty") && (path == "" || path == "/dev/console")
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

// hardPart is the hard limit of a value of Limit…=, "SOFT:HARD" or both in one.
func hardPart(text string) string { return text[strings.IndexByte(text, ':')+1:] }

// limitAbove makes a rule for limits whose hard part is above n.
func limitAbove(n uint64) func(*unit, string) bool {
	return func(_ *unit, text string) bool {
		hard := hardPart(text)
		if hard == "infinity" {
			return true
		}
		v, err := grammar.ParseSize(hard)
		return err == nil && v > n
	}
}

// niceLimit says whether a limit is above 0, which is less than any level.
func niceLimit(u *unit, text string) bool {
	hard := hardPart(text)
	return strings.HasPrefix(hard, "+") || strings.HasPrefix(hard, "-") || limitAbove(0)(u, hard)
}

// lowPort says whether an address has a port that only root may bind.
func lowPort(_ *unit, text string) bool {
	port := text[strings.LastIndexByte(text, ':')+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && n < 1024 && text[0] != '/' && text[0] != '@' && !strings.HasPrefix(text, "vsock")
}
