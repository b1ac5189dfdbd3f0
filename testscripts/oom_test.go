package testscripts

import (
	"strings"
	"testing"
)

// hungryUnits lose a process to the kernel. The hungry one reads zeroes that
// never end into its memory. The last one waits for the end of each.
var hungryUnits = map[string]string{
	"default.target": "[Unit]\nWants=stop.service continue.service kill.service main.service again.service end.service\n",
	"stop.service": `[Service]
MemoryMax=20M
ExecStart=/bin/sh -c 'tail /dev/zero; sleep 30; echo stop goes on'
ExecStop=/bin/sh -c 'echo stop stops'
ExecStopPost=/bin/sh -c 'echo stop ended by $$SERVICE_RESULT'
`,
	"continue.service": `[Service]
MemoryMax=20M
OOMPolicy=continue
ExecStart=/bin/sh -c 'tail /dev/zero; echo continue goes on; exit 4'
ExecStopPost=/bin/sh -c 'echo continue ended by $$SERVICE_RESULT $$EXIT_STATUS'
`,
	"kill.service": `[Service]
MemoryMax=20M
OOMPolicy=kill
ExecStart=/bin/sh -c 'tail /dev/zero; echo kill goes on; sleep 1000'
ExecStop=/bin/sh -c 'echo kill stops'
ExecStopPost=/bin/sh -c 'echo kill ended by $$SERVICE_RESULT'
`,
	"main.service": `[Service]
MemoryMax=20M
ExecStart=/bin/tail /dev/zero
ExecStopPost=/bin/sh -c 'echo main ended by $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS'
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
ExecStart=/bin/sh -c 'for unit in stop continue kill main; do until /bin/systemctl --quiet is-failed $$unit; do sleep 0.1; done; done; until [ -e /run/again ]; do sleep 0.1; done'
`,
}

// TestOOMPolicy boots a kernel that counts memory by group.
func TestOOMPolicy(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots a virtual machine")
	}
	m := newMachine(t, hungryUnits)
	m.add(t, "bin/tail", "/usr/bin/tail")
	m.files["bin/systemctl"] = m.files["init"]
	log := m.boot(t)
	for _, want := range []string{
		"stop stops\n", "stop ended by oom-kill\n", "continue goes on\n", "continue ended by exit-code 4\n",
		"kill ended by oom-kill\n", "init: kill.service: failed (oom-kill, signal 9)\n", "main ended by oom-kill killed KILL\n",
	} {
		unit := strings.Fields(want)[0]
		// Before all of the first one's memory is free, the kernel may take another
		// process as well, or have no room to execute it, which ends it by SIGKILL.
		taken := strings.Count(log, "init: "+unit+".service: process killed") > 1 || strings.Contains(log, "init: "+unit+".service: process ended (signal, signal 9)")
		if !strings.Contains(log, want) && !taken {
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
