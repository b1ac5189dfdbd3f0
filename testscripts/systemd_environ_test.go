package testscripts

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// environUnits are services whose commands print their environments: the
// variables of systemd.exec(5), "Environment Variables Set or Propagated by the
// Service Manager", each where it is there and where it is not.
var environUnits = map[string]string{
	"plain":     "ExecStart=/usr/bin/env",
	"user":      "User=nobody|ExecStart=/usr/bin/env",
	"daemon":    "User=daemon|ExecStart=/usr/bin/env|ExecStart=+/usr/bin/env|ExecStart=!/usr/bin/env",
	"searched":  "ExecSearchPath=/usr/bin:/bin|ExecStart=/usr/bin/env",
	"overrides": "User=nobody|Environment=HOME=/x PATH=/y USER=z EMPTY=|ExecStart=/usr/bin/env",
	"unset":     "Environment=A=1 B=2 C=3|UnsetEnvironment=A B=2 C=4 PATH|ExecStart=/usr/bin/env",
	"passed":    "PassEnvironment=NO_SUCH|ExecStart=/usr/bin/env",
	"dirs":      "RuntimeDirectory=environ-a environ-b/c|ExecStart=/usr/bin/env",
	"post":      "ExecStart=/bin/true|ExecStartPost=/usr/bin/env|ExecStop=/usr/bin/env|ExecStopPost=/usr/bin/env",
	"failed":    "ExecStart=/bin/false|ExecStopPost=/usr/bin/env",
	"signalled": "ExecStart=/bin/sh -c 'kill -9 $$$$$$$$'|ExecStopPost=/usr/bin/env",
	"pidfile":   "PIDFile=/run/environ.pid|ExecStart=/usr/bin/env",
	"notified":  "NotifyAccess=all|ExecStart=/usr/bin/env",
	"watched":   "WatchdogSec=30|ExecStart=/usr/bin/env|ExecStartPost=/usr/bin/env",
	"stored":    "FileDescriptorStoreMax=4|ExecStart=/usr/bin/env",
	"identity":  "SyslogIdentifier=x|ExecStart=/usr/bin/env",
	"terminal":  "TTYPath=/dev/null|ExecStart=/usr/bin/env",
	"condition": "ExecCondition=/usr/bin/env|ExecStartPre=/usr/bin/env|ExecStart=/bin/true",
}

// changing are values that differ from run to run; that they are there, and
// how they look, is compared.
var changing = regexp.MustCompile(`^(INVOCATION_ID|SYSTEMD_EXEC_PID|MAINPID|WATCHDOG_PID|LISTEN_PID)=([0-9a-f]+)$`)

// TestEnvironmentLikeSystemd compares the environments of commands.
func TestEnvironmentLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	units := map[string]string{}
	for name, text := range environUnits {
		units["env-"+name] = text + ": "
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return probesFolder(t, units) })
	for name := range units {
		a, b := sortedEnvironment(theirs[name]), sortedEnvironment(mine[name])
		if a != b || a == "" {
			t.Errorf("%s: systemd's had\n%sand ours\n%s", name, a, b)
		}
	}
}

// sortedEnvironment is what the commands of a unit printed, sorted.
func sortedEnvironment(log string) string {
	var out []string
	for line := range strings.Lines(log) {
		line = changing.ReplaceAllString(strings.TrimSuffix(line, "\n"), "$1=changes")
		// FDSTORE= is newer than the systemd that is asked.
		if !strings.HasPrefix(line, "FDSTORE=") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n") + "\n"
}
