package testscripts

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func sortedNames[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// onDisk begins a unit that says something of the disk.
const onDisk = "[Unit]\nRequires=disk.service\nAfter=disk.service\n[Service]\nType=oneshot\n"

// groupUnits print what the kernel says of their groups.
var groupUnits = map[string]string{
	"default.target": "[Unit]\nWants=a.service b.service c.service e.service f.service g.service h.service i.service j.service l.service r.service t.service keeps.service u.service z.service zz.service end.service\n",
	"a.service": `[Service]
Type=oneshot
MemoryMax=50M
MemoryHigh=25%
MemoryLow=1G
CPUQuota=20%
CPUQuotaPeriodSec=10ms
CPUWeight=50
StartupCPUWeight=200
TasksMax=33%
AllowedCPUs=0
OOMPolicy=kill
ExecStart=/bin/sh -c 'read x </proc/self/cgroup; echo "a in $$x"; cd /sys/fs/cgroup/system.slice/a.service; for f in memory.max memory.high memory.low memory.oom.group cpu.max cpu.weight pids.max cpuset.cpus; do echo "a $$f" $$(cat $$f); done; read x total y </proc/meminfo; echo "a total $$total"; echo "a most $$(cat /proc/sys/kernel/threads-max)"'
`,
	"b.service": `[Service]
Type=oneshot
Slice=web-front.slice
ExecStart=/bin/sh -c 'read x </proc/self/cgroup; echo "b in $$x"; echo "b pids $$(cat /sys/fs/cgroup/web.slice/web-front.slice/b.service/pids.max) slice $$(cat /sys/fs/cgroup/web.slice/memory.max)"'
`,
	"web.slice": "[Slice]\nMemoryMax=100M\n",
	// The rest, and what takes limits back.
	"e.service": `[Service]
Type=oneshot
MemoryMin=10M
MemorySwapMax=20M
StartupMemoryHigh=30M
MemoryHigh=40M
AllowedMemoryNodes=0
CPUWeight=idle
IOWeight=50
TasksMax=infinity
ExecStart=/bin/sh -c 'cd /sys/fs/cgroup/system.slice/e.service; for f in memory.min memory.swap.max memory.high cpuset.mems cpu.idle io.weight io.bfq.weight pids.max; do [ -e $f ] && echo "e $f" $$(cat $$f); done; echo e end'
`,
	"f.service": `[Service]
Type=oneshot
CPUShares=512
MemoryLimit=60M
CPUQuota=150%
MemoryMax=infinity
TasksMax=20
TasksMax=
MemoryPressureWatch=yes
ExecStart=/bin/sh -c 'cd /sys/fs/cgroup/system.slice/f.service; for f in memory.max cpu.max cpu.weight; do echo "f $$f" $$(cat $$f); done; echo "f watch $MEMORY_PRESSURE_WATCH"; [ $$(cat pids.max) -gt 20 ] && echo f tasks usual; [ -e memory.current ] && echo f counted'
`,
	"disk.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/look " + loadDisk + "\n",
	// What is said of a disk is said by its number.
	"g.service": onDisk + `IOReadBandwidthMax=/dev/vda 5M
IOWriteBandwidthMax=/dev/vda 6M
IOReadIOPSMax=/dev/vda 100
IOWriteIOPSMax=/dev/vda 1K
ExecStart=/bin/sh -c 'cd /sys/fs/cgroup/system.slice/g.service; echo g io.max $$(cat io.max)'
`,
	// The kernel has neither, nor what would weigh a single disk, and what would be
	// written is said.
	"z.service": onDisk + `IODeviceLatencyTargetSec=/dev/vda 25ms
MemoryZSwapMax=10M
ExecStart=/bin/sh -c 'echo z end'
`,
	"zz.service": `[Service]
Type=oneshot
StartupMemoryZSwapMax=12M
MemoryZSwapWriteback=no
ExecStart=/bin/sh -c 'echo zz end'
`,
	"i.service": onDisk + `IODeviceWeight=/dev/vda 77
IOWeight=40
StartupIOWeight=60
CPUShares=512
StartupCPUShares=2048
ExecStart=/bin/sh -c 'cd /sys/fs/cgroup/system.slice/i.service; for f in io.weight cpu.weight; do echo "i $f" $$(cat $f); done; echo i end'
`,
	"j.service": onDisk + `BlockIODeviceWeight=/dev/vda 300
BlockIOWeight=500
StartupBlockIOWeight=800
BlockIOWriteBandwidth=/dev/vda 4M
ExecStart=/bin/sh -c 'cd /sys/fs/cgroup/system.slice/j.service; for f in io.weight io.max; do echo "j $f" $$(cat $f); done'
`,
	"l.service": `[Service]
Type=oneshot
Delegate=yes
DelegateSubgroup=below
ExecStart=/bin/sh -c 'read x </proc/self/cgroup; echo "l in $$x"'
`,
	"h.service": onDisk + `BlockIOReadBandwidth=/dev/vda 3M
StartupMemoryMax=70M
MemoryMax=60M
StartupMemoryLow=1M
StartupMemorySwapMax=2M
StartupAllowedCPUs=0
StartupAllowedMemoryNodes=0
ExecStart=/bin/sh -c 'cd /sys/fs/cgroup/system.slice/h.service; for f in io.max memory.max memory.low memory.swap.max cpuset.cpus cpuset.mems; do echo "h $f" $$(cat $f); done; echo h end'
`,
	// Root of a machine may raise what root of a container may not.
	"r.service": `[Service]
Type=oneshot
LimitNICE=+5:30
LimitRTPRIO=20:40
Nice=-5
OOMScoreAdjust=-500
ExecStart=/bin/sh -c 'while read line; do echo "r $line"; done </proc/self/limits; echo "r score $$(cat /proc/self/oom_score_adj)"; read line </proc/self/stat; set -- $line; echo "r nice $${19}"'
`,
	// A terminal that is given up is gone from /dev (TTYVTDisallocate=), the other
	// stays.
	"t.service":     "[Service]\nType=oneshot\nTTYPath=/dev/tty9\nStandardInput=tty-force\nTTYVTDisallocate=yes\nExecStart=/bin/sh -c 'test -e /dev/vcs9 && echo t has it'\nStandardOutput=journal\n",
	"keeps.service": "[Service]\nType=oneshot\nTTYPath=/dev/tty8\nStandardInput=tty-force\nExecStart=/bin/sh -c 'test -e /dev/vcs8 && echo k has it'\nStandardOutput=journal\n",
	"u.service":     "[Unit]\nAfter=t.service keeps.service\n[Service]\nType=oneshot\nExecStart=/bin/sh -c '[ -e /dev/vcs9 ] || echo t is gone; [ -e /dev/vcs8 ] && echo k stays'\n",
	// The fourth process is one too many, and the shell says so.
	"c.service": `[Service]
Type=oneshot
TasksMax=3
ExecStart=/bin/sh -c 'echo c pids $$(cat /sys/fs/cgroup/system.slice/c.service/pids.max); sleep 1 & sleep 1 & sleep 1 & wait'
`,
	// After the boot, the values for the start are taken back; it has not ended
	// while a command before the main one runs.
	"d.service": `[Service]
StartupCPUWeight=300
Delegate=yes
ExecStartPre=/bin/sh -c 'echo d first $$(cat /sys/fs/cgroup/system.slice/d.service/cpu.weight)'
ExecStart=/bin/sh -c 'g=/sys/fs/cgroup/system.slice/d.service; while [ $$(cat $$g/cpu.weight) = 300 ]; do sleep 0.1; done; echo d then $$(cat $$g/cpu.weight); echo "d controllers $$(cat $$g/cgroup.controllers)"; : >/run/d; sleep 1000'
ExecReload=/bin/sh -c 'read x </proc/self/cgroup; echo "d reload in $$x"'
`,
	"end.service": `[Unit]
Wants=d.service
After=a.service b.service c.service e.service f.service g.service h.service i.service j.service l.service r.service u.service z.service zz.service
SuccessAction=poweroff
FailureAction=poweroff
[Service]
ExecStart=/bin/sh -c 'until [ -e /run/d ]; do sleep 0.1; done'
`,
}

// TestControls boots a kernel that has the controllers of cgroups.
func TestControls(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots a virtual machine")
	}
	m := newMachine(t, groupUnits)
	m.addDisk(t)
	log := m.boot(t)
	for _, want := range []string{
		"a in 0::/system.slice/a.service\n", "a memory.max 52428800\n", "a memory.low 1073741824\n", "a memory.oom.group 1\n",
		"a cpu.max 2000 10000\n", "a cpu.weight 200\n", "a cpuset.cpus 0\n",
		"b in 0::/web.slice/web-front.slice/b.service\n", "slice 104857600\n",
		"e memory.min 10485760\n", "e memory.swap.max 20971520\n", "e memory.high 31457280\n", "e cpuset.mems 0\n", "e cpu.idle 1\n", "e pids.max max\n", "e io.weight default 50\n", "e end\n",
		"f memory.max max\n", "f cpu.max 150000 100000\n", "f cpu.weight 50\n", "f watch /sys/fs/cgroup/system.slice/f.service/memory.pressure\n",
		"f tasks usual\n", "f counted\n",
		"g io.max 254:0 rbps=5000000 wbps=6000000 riops=100 wiops=1000\n",
		"z.service: cannot write 254:0 target=25000 to io.latency: no such file", "z.service: cannot write 10485760 to memory.zswap.max: no such file", "z end\n",
		"zz.service: cannot write 12582912 to memory.zswap.max: no such file", "zz.service: cannot write 0 to memory.zswap.writeback: no such file", "zz end\n",
		"i io.weight default 60\n", "i.service: cannot write 254:0 77 to io.weight: operation not supported", "i cpu.weight 200\n", "i end\n",
		"j io.weight default 160\n", "j.service: cannot write 254:0 60 to io.weight: operation not supported", "j io.max 254:0 rbps=max wbps=4000000 riops=max wiops=max\n",
		"l in 0::/system.slice/l.service/below\n",
		"h io.max 254:0 rbps=3000000 wbps=max riops=max wiops=max\n", "h memory.max 73400320\n", "h memory.low 1048576\n", "h memory.swap.max 2097152\n",
		"h cpuset.cpus 0\n", "h cpuset.mems 0\n", "h end\n",
		"r Max nice priority         15                   30", "r Max realtime priority     20                   40", "r score -500\n", "r nice -5\n",
		"t has it\n", "k has it\n", "t is gone\n", "k stays\n",
		"c pids 3\n", "annot fork", "d first 300\n", "d then 100\n", "d controllers cpuset cpu io memory pids\n",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("it did not print %q", want)
		}
	}
	if strings.Contains(log, "without effect") || strings.Count(log, "cannot write") != 6 {
		t.Error("a control had no effect")
	}
	if t.Failed() {
		t.Log(log)
	}
}
