package testscripts

import "testing"

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
	"tunables":   "ProtectKernelTunables=yes: make:/proc/sys/kernel/domainname make:/sys/x open:/proc/kallsyms open:/proc/kcore open:/sys/kernel",
	"modules":    "ProtectKernelModules=yes: list:/usr/lib/modules list:/lib/modules",
	"logs":       "ProtectKernelLogs=yes: open:/dev/kmsg open:/proc/kmsg",
	"groups":     "ProtectControlGroups=yes: make:/sys/fs/cgroup/rustysd-x",
	"mounts":     "PrivateMounts=yes: call:mount,0,0,0,0,0 make:/run/rustysd-x",
	"afterwards": "ProtectSystem=strict|User=nobody|CapabilityBoundingSet=|NoNewPrivileges=yes: status:CapEff status:Uid make:/tmp/rustysd-x",
	// The probe is not seen there, so these say all by the shell, in two
	// commands that share the folders.
	"tmp":       "PrivateTmp=yes|ExecStart=/bin/sh -c 'ls -A /tmp /var/tmp; stat -c %%a /tmp; touch /tmp/shared'|ExecStart=/bin/sh -c 'ls -A /tmp': ",
	"tmpstrict": "PrivateTmp=yes|ProtectSystem=strict|ProtectHome=yes|User=nobody|ExecStart=/bin/sh -c 'ls -A /tmp; touch /tmp/mine && echo made; touch /run/x; echo $$?'|ExecStart=/bin/sh -c 'ls -A /tmp': ",
	"missing":   "ReadOnlyPaths=/no/such/path: make:/run/rustysd-x",
}

// TestViewLikeSystemd compares what services see of the file system.
func TestViewLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return probesFolder(t, viewUnits) })
	for name := range viewUnits {
		if theirs[name] != mine[name] || theirs[name] == "" && name != "missing" {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
		}
	}
}
