package testscripts

import (
	"testing"

	"rustysd/testscripts/internal/means"
)

// viewUnits are services that say what they see of the file system, as
// confinedUnits.
var viewUnits = map[string]string{
	"sysyes":     "ProtectSystem=yes: make:/usr/rustysd-x make:/usr/lib/rustysd-x make:/run/rustysd-x",
	"sysfull":    "ProtectSystem=full: make:/usr/rustysd-x make:/etc/rustysd-x make:/run/rustysd-x",
	"strict":     "ProtectSystem=strict: make:/usr/rustysd-x make:/etc/rustysd-x make:/rustysd-x make:/run/rustysd-x make:/tmp/rustysd-x make:/dev/rustysd-x open:/proc/self/status make:/dev/shm/rustysd-x",
	"rwpaths":    "ProtectSystem=strict|ReadWritePaths=/tmp -/no/such/path|ReadOnlyPaths=/tmp/.: make:/tmp/rustysd-x make:/run/rustysd-x",
	"state":      "ProtectSystem=strict|RuntimeDirectory=rustysd-view: make:/run/rustysd-view/x make:/var/lib/rustysd-x",
	"homeyes":    "ProtectHome=yes: list:/home list:/root make:/root/x",
	"homero":     "ProtectHome=read-only: make:/root/x make:/home/x",
	"homestrict": "ProtectHome=yes|ProtectSystem=strict: list:/home make:/root/x make:/etc/x",
	"readonly":   "ReadOnlyPaths=/dev|ReadWritePaths=/dev/shm: make:/dev/rustysd-x make:/dev/shm/rustysd-x make:/tmp/rustysd-x",
	"hidden":     "InaccessiblePaths=/var/lib /etc/passwd -/no/such: list:/var/lib open:/etc/passwd make:/var/lib/x open:/etc/group",
	"noexec":     "NoExecPaths=/usr/sbin|ExecPaths=/usr/bin: run:/usr/bin/true run:/usr/sbin/nologin",
	"tunables":   "ProtectKernelTunables=yes: write:/proc/sys/kernel/domainname make:/sys/x open:/proc/kallsyms open:/proc/kcore open:/sys/kernel",
	"modules":    "ProtectKernelModules=yes: list:/usr/lib/modules list:/lib/modules",
	"logs":       "ProtectKernelLogs=yes: open:/dev/kmsg open:/proc/kmsg",
	"groups":     "ProtectControlGroups=yes: make:/sys/fs/cgroup/rustysd-x",
	"mounts":     "PrivateMounts=yes: call:mount,0,0,0,0,0 make:/run/rustysd-x",
	"afterwards": "ProtectSystem=strict|User=nobody|CapabilityBoundingSet=|NoNewPrivileges=yes: status:CapEff status:Uid make:/tmp/rustysd-x",
	// The probe is not seen there, so these say all by the shell, in two
	// commands that share the folders.
	"tmp":        "PrivateTmp=yes|ExecStart=/bin/sh -c 'ls -A /tmp /var/tmp; stat -c %%a /tmp; touch /tmp/shared'|ExecStart=/bin/sh -c 'ls -A /tmp': ",
	"tmpstrict":  "PrivateTmp=yes|ProtectSystem=strict|ProtectHome=yes|User=nobody|ExecStart=/bin/sh -c 'ls -A /tmp; touch /tmp/mine && echo made; touch /run/x; echo $$?'|ExecStart=/bin/sh -c 'ls -A /tmp': ",
	"devices":    "PrivateDevices=yes: names:/dev names:/dev/char mount:/dev mount:/dev/pts mount:/dev/shm make:/dev/x make:/dev/shm/rustysd-x open:/dev/null open:/dev/zero open:/dev/full open:/dev/urandom open:/dev/ptmx open:/dev/kmsg status:CapBnd call:iopl,3 run:/usr/bin/true",
	"devuser":    "PrivateDevices=yes|User=nobody|ProtectSystem=strict|ProtectHome=yes|UMask=0077: names:/dev make:/dev/x open:/dev/null open:/dev/ptmx status:CapBnd",
	"proc":       "ProtectProc=invisible|User=nobody: mount:/proc open:/proc/1/status open:/proc/self/status open:/proc/meminfo",
	"procno":     "ProtectProc=noaccess|User=nobody: mount:/proc open:/proc/1/status",
	"procptr":    "ProtectProc=ptraceable|ProtectKernelTunables=yes|User=nobody: mount:/proc open:/proc/1/status write:/proc/sys/kernel/domainname",
	"procpid":    "ProcSubset=pid: mount:/proc open:/proc/meminfo open:/proc/self/status",
	"procboth":   "ProcSubset=pid|ProtectProc=invisible|ProtectSystem=strict: mount:/proc open:/proc/meminfo open:/proc/self/status",
	"proctune":   "ProcSubset=pid|ProtectKernelTunables=yes: mount:/proc open:/proc/meminfo",
	"procoff":    "ProtectProc=default|ProcSubset=all: open:/proc/meminfo",
	"bind":       "BindPaths=/usr/share:/media /etc/hostname:/run/rustysd-name -/no/such:/mnt: open:/media/doc open:/run/rustysd-name open:/mnt mount:/run/rustysd-name make:/media/rustysd-x",
	"bindro":     "BindReadOnlyPaths=/run:/mnt /dev /etc/hostname:/run/rustysd-a/b/c: make:/mnt/rustysd-x make:/dev/rustysd-x open:/run/rustysd-a/b/c make:/dev/shm/rustysd-x",
	"bindflat":   "BindReadOnlyPaths=/dev:/mnt:norbind|BindPaths=/dev:/media:rbind: make:/mnt/rustysd-x mount:/mnt/shm mount:/media/shm",
	"bindreset":  "BindPaths=/usr:/mnt|BindReadOnlyPaths=|BindReadOnlyPaths=/etc:/media: list:/mnt open:/media/passwd",
	"bindstrict": "ProtectSystem=strict|BindPaths=/tmp:/mnt|ReadWritePaths=/run: make:/mnt/rustysd-x make:/run/rustysd-x make:/rustysd-x",
	"bindhome":   "ProtectHome=tmpfs|BindPaths=/usr/share:/home/a/share|BindReadOnlyPaths=/etc/hostname:/root/name: open:/home/a/share/doc open:/root/name make:/root/x make:/home/a/x list:/home/a",
	"bindgone":   "BindPaths=/no/such:/mnt: open:/etc/passwd",
	"bindtwice":  "BindPaths=/usr:/mnt|ReadOnlyPaths=/mnt: make:/mnt/rustysd-x",
	"hometmp":    "ProtectHome=tmpfs: names:/home names:/root mount:/root mount:/home make:/root/x mount:/run/user",
	"tmpfs":      "TemporaryFileSystem=/usr/share /opt:ro,mode=0700,size=1M,nosuid /mnt:noexec,uid=65534 /rustysd-new/folder: names:/usr/share mount:/usr/share make:/usr/share/x mount:/opt make:/opt/x mount:/mnt mount:/rustysd-new/folder run:/usr/bin/true",
	"tmpfsro":    "TemporaryFileSystem=/usr/share:ro|BindReadOnlyPaths=/usr/share/doc/adduser|BindPaths=/tmp:/usr/share/a/b: names:/usr/share names:/usr/share/doc make:/usr/share/x make:/usr/share/a/b/rustysd-x make:/usr/share/doc/adduser/x",
	"tmpfsmay":   "TemporaryFileSystem=/usr/share|ReadOnlyPaths=-/usr/share/doc: names:/usr/share",
	"tmpfsgone":  "TemporaryFileSystem=/usr/share|ReadOnlyPaths=/usr/share/doc: names:/usr/share",
	"self":       "TemporaryFileSystem=/usr/share|ReadWritePaths=-/usr/share/doc|ReadOnlyPaths=/usr: names:/usr/share make:/usr/share/x",
	"var":        "ReadWritePaths=/var/run|ProtectSystem=strict: make:/run/rustysd-x make:/usr/rustysd-x",
	"root":       "RootDirectory=@ROOT@: names:/ names:/etc mount:/proc list:/sys open:/dev/null open:/proc/self/status list:/usr make:/usr/x status:CapEff",
	"rootwork":   "RootDirectory=@ROOT@|WorkingDirectory=/etc|ProtectProc=invisible: open:../probe mount:/proc",
	"rootfull":   "RootDirectory=@ROOT@|ProtectSystem=strict|ProtectHome=yes|PrivateTmp=yes|PrivateDevices=yes|ProtectKernelTunables=yes|ProtectControlGroups=yes|User=nobody: names:/ names:/dev list:/home make:/usr/x make:/tmp/x write:/proc/sys/kernel/domainname names:/tmp mount:/sys/fs/cgroup",
	"rootpaths":  "RootDirectory=@ROOT@|ReadOnlyPaths=/etc +/usr @ROOT@/home|InaccessiblePaths=-+/no -/no +/var: make:/etc/x make:/usr/x make:/home/x list:/var",
	"rootbinds":  "RootDirectory=@ROOT@|BindPaths=/usr/share:/usr|BindReadOnlyPaths=/etc/hostname:/etc/name|TemporaryFileSystem=/new|StateDirectory=rustysd-view|RuntimeDirectory=rustysd-view2: names:/etc open:/etc/name open:/usr/doc mount:/new make:/var/lib/rustysd-view/x make:/run/rustysd-view2/x make:/run/y",
	"rootplus":   "RootDirectory=@ROOT@|ProtectSystem=strict|ExecStart=+/probe names:/ make:/usr/x: make:/usr/x",
	"rootgone":   "RootDirectory=/no/such: names:/",
	"rwtmp":      "PrivateTmp=yes|ReadWritePaths=-/tmp/.|ExecStart=/bin/sh -c 'ls -A /tmp; echo done': ",
	"nested":     "BindPaths=/usr:/mnt|ReadOnlyPaths=/mnt/share|InaccessiblePaths=/mnt/bin|ReadWritePaths=/mnt/share/doc: make:/mnt/x make:/mnt/share/x make:/mnt/share/doc/x list:/mnt/bin",
	"execbind":   "NoExecPaths=/usr|ExecPaths=/usr/bin /usr/lib /lib|BindPaths=/usr/sbin:/mnt: run:/usr/bin/true run:/mnt/nologin run:/usr/sbin/nologin",
	"devbind":    "PrivateDevices=yes|BindPaths=/dev/shm:/dev/mem2 /dev/kmsg: names:/dev make:/dev/mem2/rustysd-x make:/dev/x",
	"missing":    "ReadOnlyPaths=/no/such/path: make:/run/rustysd-x",
}

// viewFails are those that say nothing, because they fail.
var viewFails = map[string]bool{"missing": true, "bindgone": true, "tmpfsgone": true, "rootgone": true}

// TestViewLikeSystemd compares what services see of the file system.
func TestViewLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return probesFolder(t, viewUnits) })
	for name := range viewUnits {
		if theirs[name] != mine[name] || theirs[name] == "" && !viewFails[name] {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
			continue
		}
		if testing.Verbose() {
			t.Logf("%s: both said\n%s", name, theirs[name])
		}
	}
}

// TestViewOfOldKernels compares what services see with the calls of Linux 5.12
// and without them.
func TestViewOfOldKernels(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots")
	}
	means.Root(t)
	means.Files(t, "/usr/bin/strace")
	folder := func(t *testing.T) string { return probesFolder(t, viewUnits) }
	modern := oracleOurs(t, folder, "")
	classic := oracleOurs(t, folder, "/usr/bin/strace -f -o /dev/null -e trace=mount_setattr,open_tree,move_mount "+
		"-e inject=mount_setattr,open_tree,move_mount:error=ENOSYS")
	for name := range viewUnits {
		if classic[name] != modern[name] {
			t.Errorf("%s: with the calls it said\n%sand without them\n%s", name, modern[name], classic[name])
		}
	}
}
