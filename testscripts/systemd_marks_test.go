package testscripts

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// markedServices have specifiers that only the boot knows where a program sees
// what became of them; its output goes to a file of the service's. What they look
// at is there after make.service.
var markedServices = map[string]string{
	"root": "RootDirectory=/srv/root-%v|BindReadOnlyPaths=/bin /usr /lib -/lib64|ExecStart=/bin/cat /file",
	"text": `StandardInputText=kernel %v\tof\x20%o 100%%|StandardInputText=%n \\x|StandardInputData=AAECAEg=|StandardInputText=%v|ExecStart=/usr/bin/od -An -tx1 -w200`,
	"cpus": "CPUAffinity=0,%w|ExecStart=/bin/grep Cpus_allowed_list /proc/self/status",
	// What is no list then is as if it had not been written.
	"no-cpus":   "CPUAffinity=0|CPUAffinity=%o|ExecStart=/bin/grep Cpus_allowed_list /proc/self/status",
	"all-cpus":  "CPUAffinity=%o|ExecStart=/bin/grep Cpus_allowed_list /proc/self/status",
	"unset":     "Environment=A%w=1 B=%w C%w=2|UnsetEnvironment=A%w B=%w C=%w|ExecStart=/bin/sh -c 'env >/srv/env; sort -o /srv/env /srv/env; grep ^[A-C] /srv/env'",
	"program":   "ExecStart=/srv/bin-%v/say path %v $$HOME $HOME",
	"shell":     "ExecStart=%s -c 'echo $$0 by %s'",
	"arg0":      "ExecStart=@/srv/bin-%v/show-%o first",
	"search":    "ExecSearchPath=/srv/bin-%v|ExecStart=show-%o|ExecStart=say $PATH",
	"user":      "User=%o|ExecStart=/bin/sh -c 'id -un; id -Gn; echo $$HOME $$USER $$LOGNAME'",
	"group":     "Group=%o|ExecStart=/usr/bin/id -gn",
	"more":      "User=nobody|SupplementaryGroups=%o|ExecStart=/usr/bin/id -Gn",
	"name":      "ProtectHostname=no|SyslogIdentifier=%H|ExecStart=/bin/echo %H %l",
	"condition": "ExecStart=/bin/echo ran",
	"version":   "ExecStart=/bin/echo ran",
	"release":   "ExecStart=/bin/echo ran",
	"no-user":   "User=no-%o|ExecStart=/bin/echo ran|ExecStopPost=/bin/echo ran",
}

// markedConditions are the [Unit] sections of some of them.
var markedConditions = map[string]string{
	"condition": "ConditionPathExists=/srv/root-%v|ConditionHost=%H|ConditionKernelVersion==%v|ConditionOSRelease=ID=%o VERSION_ID=%w",
	"version":   "ConditionKernelVersion=>%v",
	"release":   "ConditionOSRelease=ID!=%o",
}

// TestMarksLikeSystemd: what only the boot knows has in each place the effect that
// it has with systemd.
func TestMarksLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	units := map[string]string{
		"make.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c '" +
			"mkdir -p /srv/root-%v /srv/bin-%v; echo inside >/srv/root-%v/file; cp /bin/echo /srv/bin-%v/say; " +
			"echo \"#!/bin/sh\" >/srv/bin-%v/show-%o; echo \"echo shown\" >>/srv/bin-%v/show-%o; chmod +x /srv/bin-%v/show-%o; " +
			"echo %o:x:4242: >>/etc/group; echo %o:x:4242:4242::/:/bin/sh >>/etc/passwd'\n",
	}
	all, collect := "", ""
	for _, name := range slices.Sorted(maps.Keys(markedServices)) {
		all += " " + name + ".service"
		collect += "ExecStart=log " + name + " $$(cat /srv/" + name + ".out)\n"
		units[name+".service"] = "[Unit]\nAfter=make.service\n" + strings.ReplaceAll(markedConditions[name], "|", "\n") +
			"\n[Service]\nType=oneshot\nStandardOutput=append:/srv/" + name + ".out\n" + strings.ReplaceAll(markedServices[name], "|", "\n") + "\n"
	}
	units["default.target"] = "[Unit]\nWants=make.service stopper.service collect.service" + all + "\n"
	units["collect.service"] = "[Unit]\nAfter=" + all + "\n[Service]\nType=oneshot\n" + collect
	units["stopper.service"] = "[Unit]\nAfter=collect.service\n[Service]\nType=oneshot\nExecStart=log done\n"
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return oracleFolderOf(t, units) })
	a, b := strings.Split(theirs["collect.service"], "\n"), strings.Split(mine["collect.service"], "\n")
	if len(a) != len(b) || len(a) != len(markedServices)+1 {
		t.Fatalf("systemd left\n%sand we\n%s", theirs["collect.service"], mine["collect.service"])
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("systemd left\n%s\nand we\n%s", a[i], b[i])
		}
		t.Log(a[i])
	}
}
