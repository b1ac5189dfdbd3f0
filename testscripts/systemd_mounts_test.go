package testscripts

import (
	"testing"

	"rustysd/internal/means"
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
	"tmpstrict":  "PrivateTmp=yes|ProtectSystem=strict|ProtectHome=yes|User=nobody|ExecStart=/bin/sh -c 'ls -A /tmp; touch /tmp/mine && echo made; touch /run/x; echo $$?'|ExecStart=/bin/sh -c 'ls -A /tmp; echo end': ",
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
	"homemode":   "ProtectHome=tmpfs: list:/home list:/root mount:/home make:/root/x",
	"homerw":     "ProtectHome=yes|ReadWritePaths=/root: open:/root/file make:/root/x",
	"homerorw":   "ProtectHome=read-only|ReadWritePaths=/root: open:/root/file make:/root/x make:/home/x",
	"hometmprw":  "ProtectHome=tmpfs|ReadWritePaths=/root: list:/root make:/root/x make:/home/x",
	"sysyesrw":   "ProtectSystem=yes|ReadWritePaths=/usr/local: make:/usr/x make:/usr/local/rustysd-x make:/boot/x",
	"sysfullrw":  "ProtectSystem=full|ReadWritePaths=/etc/default -/etc/nope: make:/usr/x make:/etc/default/rustysd-x make:/etc/x",
	"strictro":   "ProtectSystem=strict|ReadOnlyPaths=/dev/shm|ReadWritePaths=/run /var/tmp: make:/dev/shm/x make:/run/rustysd-x make:/var/tmp/rustysd-x make:/var/x mount:/",
	"strictgone": "ProtectSystem=strict|ReadWritePaths=/nope: status:Uid",
	"sysno":      "ProtectSystem=no|ProtectHome=no: make:/usr/rustysd-x open:/root/.",
	"alldirs":    "ProtectSystem=strict|LogsDirectory=rustysd-l|CacheDirectory=rustysd-c/d|StateDirectory=rustysd-s|ConfigurationDirectory=rustysd-e|RuntimeDirectory=rustysd-r: make:/var/log/rustysd-l/x make:/var/cache/rustysd-c/d/x make:/var/cache/rustysd-c/x make:/var/lib/rustysd-s/x make:/etc/rustysd-e/x make:/run/rustysd-r/x",
	"dirsunder":  "TemporaryFileSystem=/var:ro|BindPaths=/var/tmp|StateDirectory=rustysd-u|LogsDirectory=rustysd-u: names:/var names:/var/lib make:/var/lib/rustysd-u/x make:/var/log/rustysd-u/x make:/var/x",
	"dirsbind":   "BindReadOnlyPaths=/usr/share:/var/lib|StateDirectory=rustysd-v: open:/var/lib/doc make:/var/lib/rustysd-v/x",
	"tmpmode":    "PrivateTmp=yes|ExecStart=/bin/sh -c 'while read a b c d e f g; do case $$e in /tmp) echo $$e $$f;; /var/tmp) echo $$e $$f;; esac; done </proc/self/mountinfo; stat -c \"%%a %%U\" /tmp /var/tmp': ",
	"tmpbind":    "PrivateTmp=yes|BindPaths=/usr/share:/tmp/share|ReadWritePaths=/var/tmp|ExecStart=/bin/sh -c 'ls /tmp; ls -d /tmp/share/doc; touch /var/tmp/x && echo made': ",
	"tmpempty":   "PrivateTmp=yes|TemporaryFileSystem=/tmp:mode=0700|ExecStart=/bin/sh -c 'ls -A /tmp; stat -c %%a /tmp': ",
	"tmpro":      "PrivateTmp=yes|ReadOnlyPaths=/tmp|ExecStart=/bin/sh -c 'touch /tmp/x; touch /var/tmp/x && echo made': ",
	"tmphidden":  "PrivateTmp=yes|InaccessiblePaths=/tmp|ExecStart=/bin/sh -c 'ls -A /tmp; stat -c %%a /tmp': ",
	"grouptun":   "ProtectControlGroups=yes|ProtectKernelTunables=yes: mount:/sys/fs/cgroup make:/sys/fs/cgroup/x make:/sys/x",
	"tunuser":    "ProtectKernelTunables=yes|User=nobody: write:/proc/sysrq-trigger open:/proc/kallsyms list:/proc/acpi mount:/proc/kallsyms mount:/proc/sys mount:/proc/bus mount:/proc/fs",
	"devhidden":  "InaccessiblePaths=/dev/null -/dev/tty -/dev/shm -/dev/nope: open:/dev/null write:/dev/null mount:/dev/null open:/dev/tty list:/dev/shm",
	"devlogs":    "PrivateDevices=yes|ProtectKernelLogs=yes|InaccessiblePaths=-/dev/shm: list:/dev/shm open:/dev/kmsg",
	"devexec":    "PrivateDevices=yes|ProtectSystem=strict|NoExecPaths=/|ExecPaths=/usr /var/tmp /tmp /lib /lib64: mount:/dev run:/usr/bin/true mount:/dev/shm",
	"devrw":      "PrivateDevices=yes|ReadWritePaths=/dev|BindPaths=/dev/loop-control: names:/dev make:/dev/x",
	"procptpid":  "ProtectProc=ptraceable|ProcSubset=pid: mount:/proc open:/proc/1/status open:/proc/sys/kernel/ostype",
	"procdef":    "ProtectProc=default|ProcSubset=pid: mount:/proc",
	"procro":     "ProtectProc=invisible|ReadOnlyPaths=/proc: mount:/proc open:/proc/self/status write:/proc/self/comm",
	"prockernel": "ProtectProc=invisible|ProtectKernelTunables=yes|ProtectKernelLogs=yes: mount:/proc mount:/proc/sys open:/proc/kmsg write:/proc/sys/kernel/domainname",
	"procmuch":   "ProcSubset=pid|ProtectKernelTunables=yes|ProtectKernelLogs=yes|ProtectSystem=strict|InaccessiblePaths=-/proc/meminfo: mount:/proc open:/proc/kmsg open:/proc/self/status",
	"prefixes":   "ReadOnlyPaths=-/no/such +/etc -+/nope: make:/etc/x make:/rustysd-x",
	"hiddens":    "InaccessiblePaths=/etc /usr/share/doc -/nope|ReadWritePaths=/etc/default|BindReadOnlyPaths=/etc/passwd: list:/etc open:/etc/passwd list:/usr/share/doc list:/etc/default mount:/etc",
	"hiddenuser": "InaccessiblePaths=/etc/passwd|User=nobody: open:/etc/passwd open:/etc/group",
	"links":      "ReadOnlyPaths=/bin /var/run: make:/usr/bin/x make:/run/rustysd-x mount:/usr/bin",
	"execroot":   "NoExecPaths=/|ExecPaths=/usr /lib /lib64 /var/tmp: run:/usr/bin/true mount:/ mount:/usr mount:/var/tmp",
	"noexecone":  "NoExecPaths=/usr/sbin/nologin: run:/usr/sbin/nologin run:/usr/bin/true mount:/usr/sbin/nologin",
	"noexecro":   "NoExecPaths=/usr/sbin|ReadOnlyPaths=/usr/sbin: mount:/usr/sbin make:/usr/sbin/x",
	"onefile":    "ReadOnlyPaths=/etc|ReadWritePaths=/etc/hostname: write:/etc/hostname mount:/etc/hostname write:/etc/passwd",
	"oldnames":   "ReadOnlyDirectories=/etc|ReadWriteDirectories=/etc/default|InaccessibleDirectories=/usr/share: make:/etc/x make:/etc/default/rustysd-x list:/usr/share",
	"resets":     "ReadOnlyPaths=/etc|ReadOnlyPaths=|InaccessiblePaths=/usr/share|InaccessiblePaths=|NoExecPaths=/usr/bin|NoExecPaths=|TemporaryFileSystem=/etc|TemporaryFileSystem=: make:/etc/rustysd-x open:/usr/share/doc run:/usr/bin/true",
	"specifiers": "ReadOnlyPaths=%E|ReadWritePaths=\"%E/default\": make:/etc/x make:/etc/default/rustysd-x",
	"slashes":    "ReadOnlyPaths=//etc///default/: make:/etc/default/x make:/etc/rustysd-x",
	"bindcolon":  "BindPaths=/usr/share:/run/a\\:b: open:/run/a:b/doc",
	"bindfile":   "BindReadOnlyPaths=/etc/passwd:/etc/hostname: file:/etc/hostname write:/etc/hostname",
	"bindself":   "BindPaths=/etc|ReadOnlyPaths=/etc: make:/etc/x",
	"bindrorw":   "BindReadOnlyPaths=/etc|ReadWritePaths=/etc/default: make:/etc/x make:/etc/default/rustysd-x",
	"bindbind":   "BindPaths=/usr/share:/mnt/default|BindPaths=/etc:/mnt: open:/mnt/passwd open:/mnt/default/doc",
	"bindfirst":  "BindPaths=/usr/share:/mnt|BindPaths=/etc:/mnt: open:/mnt/passwd open:/mnt/doc",
	"bindlinks":  "BindPaths=/usr/share:/var/run/rustysd-y /var/run:/mnt: open:/run/rustysd-y/doc make:/mnt/rustysd-x",
	"tmpfsopts":  "TemporaryFileSystem=/mnt:size=50%,nr_inodes=10,mode=0711,uid=65534,gid=65534 /media:noexec,nodev,nosuid,noatime,ro: list:/mnt mount:/mnt mount:/media make:/media/x",
	"tmpfstwice": "TemporaryFileSystem=/mnt:mode=0700|TemporaryFileSystem=/mnt:mode=0711: list:/mnt mount:/mnt",
	"tmpfshid":   "TemporaryFileSystem=/etc|InaccessiblePaths=/etc: list:/etc",
	"newroot":    "TemporaryFileSystem=/:ro|BindReadOnlyPaths=/usr /var/tmp /lib /lib64 /proc /bin|StateDirectory=rustysd-n: make:/x make:/usr/x open:/etc/passwd open:/usr/bin/env open:/bin/env make:/var/lib/rustysd-n/x mount:/var/tmp list:/home",
	"newrootapi": "TemporaryFileSystem=/:mode=0711|BindReadOnlyPaths=/usr /var/tmp /lib /lib64|MountAPIVFS=yes|PrivateTmp=no: list:/ make:/x open:/dev/null open:/etc/passwd open:/sys/kernel list:/home mount:/",
	"newrootall": "TemporaryFileSystem=/:ro|BindReadOnlyPaths=/usr /var/tmp /lib /lib64 /proc /sys /dev|ProtectHome=yes|PrivateDevices=yes|ProtectKernelTunables=yes|InaccessiblePaths=-/usr/share|User=nobody: list:/usr/share names:/dev make:/x write:/proc/sys/kernel/domainname list:/home",
	"flags":      "MountFlags=slave|ExecStart=/bin/sh -c 'grep -c shared /proc/self/mountinfo; grep -c master /proc/self/mountinfo': ",
	"flagspriv":  "MountFlags=private|ExecStart=/bin/sh -c 'grep -c shared /proc/self/mountinfo; grep -c master /proc/self/mountinfo': ",
	"apivfs":     "MountAPIVFS=yes: mount:/proc mount:/sys mount:/dev open:/proc/1/status",
	"rootro":     "RootDirectory=@ROOT@|ReadOnlyPaths=+/etc|ReadWritePaths=+/etc: make:/etc/x",
	"rootexec":   "RootDirectory=@ROOT@|NoExecPaths=+/usr|ExecPaths=+/probe: mount:/usr",
	"roothide":   "RootDirectory=@ROOT@|InaccessiblePaths=+/etc -+/nope -+/dev/tty: list:/etc open:/dev/tty",
	"rootbind":   "RootDirectory=@ROOT@|BindReadOnlyPaths=/etc:/usr/etc -/nope:/x /usr/share: open:/usr/etc/passwd open:/usr/share/doc names:/usr",
	"roottmp":    "RootDirectory=@ROOT@|PrivateTmp=yes|ProtectSystem=full|ProtectHome=tmpfs: list:/tmp make:/tmp/x make:/etc/x list:/home list:/root make:/root/x",
	"rootuser":   "RootDirectory=@ROOT@|User=65534|WorkingDirectory=/usr|PrivateUsers=yes: status:Uid open:../probe list:/root",
	// The prefix "+" keeps what is put in place, and leaves what takes away.
	"plusnet":     "PrivateNetwork=yes|ExecStart=+/bin/sh -c 'if [ $$(readlink /proc/self/ns/net) = $$(readlink /proc/1/ns/net) ]; then echo same; else echo differs; fi': status:Uid",
	"plusipc":     "PrivateIPC=yes|ExecStart=+/bin/sh -c 'if [ $$(readlink /proc/self/ns/ipc) = $$(readlink /proc/1/ns/ipc) ]; then echo same; else echo differs; fi': status:Uid",
	"plususers":   "PrivateUsers=yes|ProtectHostname=yes|User=nobody|ExecStart=+/bin/sh -c 'if [ $$(readlink /proc/self/ns/user) = $$(readlink /proc/1/ns/user) ]; then echo same; else echo differs; fi; if [ $$(readlink /proc/self/ns/uts) = $$(readlink /proc/1/ns/uts) ]; then echo same; else echo differs; fi': status:Uid",
	"plustmp":     "PrivateTmp=yes|ExecStart=+/bin/touch /tmp/rustysd-plus|ExecStart=/bin/sh -c 'ls -A /tmp; echo end': ",
	"plusbind":    "BindPaths=/usr/share:/mnt|StateDirectory=rustysd-p|TemporaryFileSystem=/usr/share|ProtectSystem=strict|PrivateDevices=yes|ExecStart=+@PROBE@ open:/mnt/doc make:/run/rustysd-x make:/dev/rustysd-x mount:/dev list:/usr/share make:/var/lib/rustysd-p/x: list:/usr/share",
	"plusprot":    "ProtectSystem=strict|ReadOnlyPaths=/run|InaccessiblePaths=/usr/share|NoExecPaths=/usr/sbin|ProtectHome=yes|ProtectProc=invisible|ExecStart=+@PROBE@ make:/run/x make:/usr/rustysd-x open:/root/. mount:/proc: make:/run/x",
	"plusroot":    "RootDirectory=@ROOT@|ExecStart=+/probe names:/ open:/proc/self/status: status:Uid",
	"plusrootb":   "RootDirectory=@ROOT@|BindPaths=/usr/share:/usr|TemporaryFileSystem=/home|ExecStart=+/probe open:/usr/doc/adduser list:/home open:/proc/self/status: status:Uid",
	"plusnew":     "TemporaryFileSystem=/|BindReadOnlyPaths=/usr /var/tmp /lib /lib64|ExecStart=+@PROBE@ list:/home open:/usr/share make:/x: list:/home",
	"plusmounts":  "PrivateMounts=yes|ExecStart=+/bin/mount --bind /usr/share /mnt|ExecStart=/bin/ls -A /mnt: status:Uid",
	"bindmayfile": "BindPaths=-/etc/passwd:/run/rustysd-new/file: open:/run/rustysd-new/file",
	"bindmaynew":  "TemporaryFileSystem=/opt|BindReadOnlyPaths=-/etc/passwd:/opt/a/passwd -/nope:/opt/b -/usr/share:/opt/c: open:/opt/a/passwd names:/opt open:/opt/c/doc",
	"rootmayfile": "RootDirectory=@ROOT@|BindReadOnlyPaths=-/etc/passwd:/run/x/passwd: open:/run/x/passwd",
	"hostalone":   "ProtectHostname=yes: write:/proc/sys/kernel/hostname mount:/proc/sys/kernel/domainname call:sethostname,0,0 call:171,0,0",
	"hostview":    "ProtectHostname=yes|PrivateTmp=no|PrivateMounts=yes: write:/proc/sys/kernel/hostname write:/proc/sys/kernel/domainname mount:/proc/sys/kernel/hostname",
	"hostflags":   "ProtectHostname=yes|MountFlags=slave: mount:/proc/sys/kernel/domainname",
	"hosttun":     "ProtectHostname=yes|ProtectKernelTunables=yes: mount:/proc/sys/kernel/hostname mount:/proc/sys write:/proc/sys/kernel/hostname",
	"hostproc":    "ProtectHostname=yes|ProtectProc=invisible: mount:/proc/sys/kernel/hostname write:/proc/sys/kernel/hostname",
	"hostsubset":  "ProtectHostname=yes|ProtectSystem=full|ProcSubset=pid: mount:/proc/sys/kernel/hostname write:/proc/sys/kernel/hostname",
	"hostroot":    "ProtectHostname=yes|RootDirectory=@ROOT@: mount:/proc/sys/kernel/hostname write:/proc/sys/kernel/domainname",
	"hostrw":      "ProtectHostname=yes|ReadWritePaths=/proc/sys/kernel/hostname: mount:/proc/sys/kernel/hostname write:/proc/sys/kernel/hostname",
	"hosthidden":  "ProtectHostname=yes|InaccessiblePaths=/proc/sys: write:/proc/sys/kernel/hostname",
	"hostuser":    "ProtectHostname=yes|ProtectHome=yes|User=nobody: mount:/proc/sys/kernel/hostname write:/proc/sys/kernel/domainname",
	"hostgone":    "ProtectHostname=yes|TemporaryFileSystem=/:ro|BindReadOnlyPaths=/usr /var/tmp /lib /lib64: status:Uid",
	"plushost":    "ProtectHostname=yes|ProtectSystem=yes|ExecStart=+@PROBE@ write:/proc/sys/kernel/hostname mount:/proc/sys/kernel/hostname: status:Uid",
	// no_new_privs puts nosuid on what there is a mount for, and on nothing else.
	"nosuid":       "NoNewPrivileges=yes|ProtectSystem=full: mount:/usr mount:/etc mount:/ mount:/run",
	"nosuidstrict": "NoNewPrivileges=yes|ProtectSystem=strict|ReadWritePaths=/tmp: mount:/ mount:/tmp mount:/proc mount:/dev mount:/dev/shm mount:/root mount:/sys",
	"nosuidopen":   "NoNewPrivileges=yes|ReadWritePaths=/var /run|ExecPaths=/usr: mount:/var mount:/run mount:/usr mount:/",
	"nosuidkeep":   "NoNewPrivileges=yes|ReadWritePaths=/var -/nope|NoExecPaths=/opt|ReadOnlyPaths=/etc|InaccessiblePaths=/media: mount:/var mount:/opt mount:/etc mount:/media mount:/",
	"nosuidtmp":    "NoNewPrivileges=yes|PrivateTmp=yes|BindReadOnlyPaths=@PROBE@|ProtectHome=tmpfs: mount:/tmp mount:/var/tmp mount:/root mount:/usr",
	"nosuiddev":    "NoNewPrivileges=yes|PrivateDevices=yes: mount:/dev mount:/dev/pts mount:/dev/shm",
	"nosuidnew":    "NoNewPrivileges=yes|TemporaryFileSystem=/opt|BindPaths=/dev:/opt/dev|BindReadOnlyPaths=/usr/share:/mnt: mount:/opt mount:/opt/dev mount:/opt/dev/shm mount:/mnt mount:/dev",
	"nosuidproc":   "NoNewPrivileges=yes|ProtectKernelTunables=yes|ProtectControlGroups=yes|ProtectProc=invisible|PrivateIPC=yes: mount:/proc mount:/proc/sys mount:/dev/mqueue mount:/sys/fs/cgroup",
	"nosuidroot":   "NoNewPrivileges=yes|RootDirectory=@ROOT@|BindPaths=/usr/share:/usr|ProtectSystem=yes: mount:/ mount:/usr mount:/dev mount:/dev/pts",
	"nosuidstate":  "NoNewPrivileges=yes|StateDirectory=rustysd-ns|RuntimeDirectory=rustysd-ns|ProtectSystem=strict: mount:/var/lib/rustysd-ns mount:/run/rustysd-ns mount:/run",
	"nosuidalone":  "NoNewPrivileges=yes|StateDirectory=rustysd-na|PrivateMounts=yes: mount:/var/lib/rustysd-na mount:/usr mount:/run",
	"nosuiddyn":    "DynamicUser=yes|BindReadOnlyPaths=@PROBE@|StateDirectory=rustysd-nd: mount:/ mount:/tmp mount:/root mount:/run mount:/var/lib/private/rustysd-nd",
	"nosuidmay":    "NoNewPrivileges=yes|BindPaths=-/nope:/mnt|ReadOnlyPaths=-/nope -/etc: mount:/etc",
	"nosuidall":    "NoNewPrivileges=yes|TemporaryFileSystem=/|MountAPIVFS=yes|BindReadOnlyPaths=/usr /var/tmp /lib /lib64: mount:/ mount:/usr mount:/dev mount:/dev/pts",
	"execself":     "ExecPaths=/sys|ReadOnlyPaths=/etc: mount:/sys",
	"execalone":    "ExecPaths=/sys: mount:/sys",
	"rwgone":       "ReadWritePaths=/no/such: status:Uid",
	"nosuidgone":   "NoNewPrivileges=yes|ReadWritePaths=/no/such: status:Uid",
	"execslash":    "ExecPaths=/: mount:/proc mount:/sys mount:/run",
	"rwunder":      "ReadWritePaths=/var /var/lib|ReadOnlyPaths=/etc: mount:/var mount:/var/lib",
	"statealone":   "StateDirectory=rustysd-sa|PrivateMounts=yes: mount:/var/lib/rustysd-sa make:/var/lib/rustysd-sa/x",
	"statenot":     "StateDirectory=rustysd-so: mount:/var/lib/rustysd-so",
	"stateplus":    "StateDirectory=rustysd-sp|PrivateMounts=yes|ExecStart=+@PROBE@ mount:/var/lib/rustysd-sp: status:Uid",
	"sysfulldir":   "ProtectSystem=full|StateDirectory=rustysd-sf: mount:/var/lib/rustysd-sf",
	// A mount keeps its other flags, also when it is named by a link.
	"linkro":     "ReadOnlyPaths=/var/run: mount:/run make:/run/rustysd-x",
	"linkbind":   "BindReadOnlyPaths=/var/run:/mnt: mount:/mnt make:/mnt/rustysd-x",
	"linknot":    "TemporaryFileSystem=/opt /var|BindPaths=/dev/shm:/var/run /var/tmp|BindReadOnlyPaths=/var/run:/opt/a|ReadOnlyPaths=/var/run: mount:/var/run mount:/opt/a mount:/run make:/run/rustysd-x make:/var/run/rustysd-x",
	"linknosuid": "NoNewPrivileges=yes|ReadOnlyPaths=/var/run: mount:/run",
	"nosuidplus": "NoNewPrivileges=yes|ProtectSystem=full|BindPaths=/usr/share:/mnt|ExecStart=+@PROBE@ mount:/usr mount:/mnt: mount:/mnt",
	"nosuidnot":  "User=nobody|SystemCallFilter=@system-service|SystemCallErrorNumber=EPERM|ProtectSystem=full: status:NoNewPrivs mount:/usr",
	"missing":    "ReadOnlyPaths=/no/such/path: make:/run/rustysd-x",
}

// viewFails are those that say nothing, because they fail.
var viewFails = map[string]bool{"missing": true, "bindgone": true, "tmpfsgone": true, "rootgone": true, "strictgone": true, "hostgone": true,
	"rwgone": true, "nosuidgone": true}

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
