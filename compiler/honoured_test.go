package compiler

import (
	"testing"
)

// anyValues are values of which each directive takes one at least.
var anyValues = [...]string{"yes", "no", "7", "3", "0", "7s", "1h", "/x", "/x/y:/z", "-/x", "/x:rw", "x", "x.service", "x.socket", "x.target",
	"SIGHUP", "SIGUSR1", "A=b", "A", "CAP_CHOWN", "~CAP_CHOWN", "@system-service", "native", "AF_INET", "full", "strict", "none", "always", "on-failure",
	"oneshot", "notify", "dbus", "forking", "idle", "exec", "main", "all", "cgroup", "mixed", "process", "null", "journal", "kmsg", "socket", "file:/x",
	"batch", "fifo", "best-effort", "idle", "reboot", "exit", "restart", "inherit", "private", "invisible", "pid", "mount", "net",
	"0600", "1000", "root", "nobody", "0-1", "%n", "80", "@x", "16", "64K", "1G", "infinity", "1:2", "EPERM", "kill", "slave", "shared",
	"keep-caps", "noroot-locked", "x86", "default", "both", "ipv6-only", "cubic", "low-delay", "us", "off", "on", "debug", "notice", "daemon",
	"x86-64", "abort", "terminate", "continue", "stop", "direct", "replace", "local", "interleave", "0", "utmp", "login", "tmpfs", "yes:x", "/x:yes",
	"/dev/null 5M", "/dev/null 50", "/dev/null rw", "50%", "10.0.0.0/8", "x.slice", "y.slice", "y.service", "org.example.X", "audit 1", "sctp", "selinux", "avx", "uefi", "/etc"}

// needs is what a unit must have beside a directive for it to say something.
var needs = map[string]string{
	"SocketProtocol": "ListenStream=80", "ExecStart": "Type=oneshot",
	"CPUQuotaPeriodSec": "CPUQuota=50%", "CPUSchedulingPriority": "CPUSchedulingPolicy=fifo", "CPUSchedulingResetOnFork": "CPUSchedulingPolicy=fifo",
	"CacheDirectoryMode": "CacheDirectory=x", "ConfigurationDirectoryMode": "ConfigurationDirectory=x", "LogsDirectoryMode": "LogsDirectory=x",
	"RuntimeDirectoryMode": "RuntimeDirectory=x", "StateDirectoryMode": "StateDirectory=x", "RuntimeDirectoryPreserve": "RuntimeDirectory=x",
	"DelegateSubgroup": "Delegate=yes", "ExecPaths": "NoExecPaths=/", "IPAddressAllow": "IPAddressDeny=any", "MountAPIVFS": "RootDirectory=/r",
	"NUMAMask": "NUMAPolicy=bind", "ReadWriteDirectories": "ProtectSystem=strict", "ReadWritePaths": "ProtectSystem=strict",
	"SocketBindAllow": "SocketBindDeny=any", "SystemCallErrorNumber": "SystemCallFilter=~@mount", "TTYPath": "StandardInput=tty",
	"TTYReset": "StandardInput=tty", "TTYVHangup": "StandardInput=tty", "TTYVTDisallocate": "StandardInput=tty\nTTYPath=/dev/tty1",
	"TTYColumns": "StandardInput=tty", "TTYRows": "StandardInput=tty", "RemoveIPC": "User=nobody", "SyslogLevel": "LogLevelMax=notice",
	"UtmpMode":                   "UtmpIdentifier=x",
	"MemoryPressureThresholdSec": "MemoryPressureWatch=yes",
	"PermissionsStartOnly":       "User=nobody\nExecStartPre=/bin/pre",
}

// effectless are honoured without a trace in the plan, for a reason.
var effectless = map[string]string{
	"Socket Accept":             "another value than its default is an error",
	"Socket PrivatePIDs":        "it is refused there, as by systemd",
	"Install Also":              "it is for --enable",
	"Install DefaultInstance":   "it is for templates",
	"Slice Slice":               "the name of a slice says where it is",
	"Slice Delegate":            "systemd ignores it there",
	"Slice DelegateSubgroup":    "systemd ignores it there",
	"Slice MemoryPressureWatch": "no program runs in a slice itself", "Slice MemoryPressureThresholdSec": "likewise",
	// Diverges: what a slice says of its services' interfaces is not carried out.
	"Slice RestrictNetworkInterfaces": "missing",
}

// TestHonouredHasEffect holds every row that says "honoured" to it: some value
// of the directive makes another plan.
func TestHonouredHasEffect(t *testing.T) {
	if testing.Short() {
		t.Skip("short: thousands of compilations")
	}
	dir := hostileDir{t, t.TempDir()}
	dir.write("t.target", "[Unit]\nWants=u.service u.socket other.service\n")
	for _, name := range []string{"x.service", "other.service", "dbus.service"} {
		dir.write(name, "[Service]\nExecStart=/bin/other\n")
	}
	dir.write("dbus.socket", "[Socket]\nListenStream=/run/bus\n")
	dir.write("x.target", "[Unit]\n")
	dir.write("x.socket", "[Socket]\nListenStream=/run/other\nService=other.service\n")
	bases := map[string]string{} // by section and context
	for _, section := range sortedKeys(table) {
		for _, name := range directiveNames[section] {
			key := section + " " + name
			if table[section][name].level == honoured && effectless[key] == "" && !hasEffect(dir, bases, section, needs[name], name) {
				t.Errorf("%s is honoured, and no value of it makes another plan", key)
			}
		}
	}
}

// hasEffect tries values of a directive, in a unit with more lines.
func hasEffect(dir hostileDir, bases map[string]string, section, context, name string) bool {
	base := bases[section+context]
	if base == "" {
		base = planWith(dir, section, context)
		bases[section+context] = base
	}
	for _, v := range anyValues {
		if text := planWith(dir, section, context+"\n"+name+"="+v); text != "" && text != base {
			return true
		}
	}
	return false
}

// planWith is the plan of an image in which a section of a unit has more
// lines; "" when there is none, or a value is not understood.
func planWith(dir hostileDir, section, lines string) string {
	texts := map[string]string{"Service": "ExecStart=/bin/x $A\nRestart=on-failure\nSlice=x.slice\n", "Socket": "ListenStream=/run/x\nExecStartPre=/bin/pre $A\n"}
	texts[section] += lines + "\n"
	dir.write("u.service", "[Unit]\n"+texts["Unit"]+"[Service]\n"+texts["Service"]+"[Install]\n"+texts["Install"])
	dir.write("x.slice", "[Slice]\n"+texts["Slice"])
	dir.write("u.socket", "[Socket]\n"+texts["Socket"])
	res, l, _ := Compile(Options{UnitDirs: []string{dir.dir}, Target: "t.target", Arch: "amd64"})
	if res.Plan == nil || hasCode(l, "unsupported-value") || hasCode(l, "unknown-directive") {
		return ""
	}
	return Dump(res.Plan)
}
