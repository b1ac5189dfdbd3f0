package testscripts

import (
	"strings"
	"testing"
)

// hungryUnits lose a process to the kernel. The hungry one reads zeroes that
// never end into its memory. The last one waits for what each of them leaves.
var hungryUnits = map[string]string{
	"default.target": "[Unit]\nWants=stop.service continue.service kill.service main.service again.service end.service\n",
	"stop.service": `[Service]
MemoryMax=20M
ExecStart=/bin/sh -c 'tail /dev/zero; sleep 3; echo stop goes on'
ExecStop=/bin/sh -c 'echo stop stops'
ExecStopPost=/bin/sh -c 'echo stop ended by $$SERVICE_RESULT; : >/run/stop'
`,
	"continue.service": `[Service]
MemoryMax=20M
OOMPolicy=continue
ExecStart=/bin/sh -c 'tail /dev/zero; echo continue goes on; exit 4'
ExecStopPost=/bin/sh -c 'echo continue ended by $$SERVICE_RESULT $$EXIT_STATUS; : >/run/continue'
`,
	"kill.service": `[Service]
MemoryMax=20M
OOMPolicy=kill
ExecStart=/bin/sh -c 'tail /dev/zero; echo kill goes on; sleep 1000'
ExecStop=/bin/sh -c 'echo kill stops'
ExecStopPost=/bin/sh -c 'echo kill ended by $$SERVICE_RESULT; : >/run/kill'
`,
	"main.service": `[Service]
MemoryMax=20M
ExecStart=/bin/tail /dev/zero
ExecStopPost=/bin/sh -c 'echo main ended by $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS; : >/run/main'
`,
	"again.service": `[Service]
MemoryMax=20M
Restart=on-abnormal
RestartSec=100ms
ExecStart=/bin/sh -c 'echo again begins; [ -e /run/once ] && : >/run/again && sleep 1000; : >/run/once; tail /dev/zero; sleep 1000'
`,
	"end.service": `[Unit]
SuccessAction=poweroff
[Service]
ExecStart=/bin/sh -c 'for unit in stop continue kill main again; do until [ -e /run/$$unit ]; do sleep 0.1; done; done'
`,
}

// TestOOMPolicy boots a kernel that counts memory by group.
func TestOOMPolicy(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots a virtual machine")
	}
	m := newMachine(t, hungryUnits)
	m.add(t, "bin/tail", "/usr/bin/tail")
	log := m.boot(t)
	// The kernel may take ExecStop= as well, before all of the first one's memory
	// is free.
	if !strings.Contains(log, "stop stops\n") && strings.Count(log, "init: stop.service: process killed") < 2 {
		t.Error("stop.service was not stopped by its command")
	}
	for _, want := range []string{
		"stop ended by oom-kill\n", "continue goes on\n", "continue ended by exit-code 4\n",
		"init: kill.service: failed (oom-kill, signal 9)\n", "main ended by oom-kill killed KILL\n",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("it did not print %q", want)
		}
	}
	for _, never := range []string{"stop goes on\n", "kill goes on\n", "kill stops\n"} {
		if strings.Contains(log, never) {
			t.Errorf("it printed %q", never)
		}
	}
	if n := strings.Count(log, "again begins\n"); n != 2 {
		t.Errorf("again.service began %d times", n)
	}
	if t.Failed() {
		t.Log(log)
	}
}
