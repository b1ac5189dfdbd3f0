package testscripts

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// rightsUnits are services that ask for what an init may not be let do, as
// confinedUnits. Some are run without it, and some are not run.
var rightsUnits = map[string]string{
	"sys":       "ProtectSystem=strict: make:/run/x status:Uid",
	"home":      "ProtectHome=yes: open:/root/.",
	"hometmp":   "ProtectHome=tmpfs: open:/root/. mount:/root",
	"tmp":       "PrivateTmp=yes: status:Uid",
	"devs":      "PrivateDevices=yes: status:CapBnd status:Seccomp open:/dev/kmsg",
	"ro":        "ReadOnlyPaths=/run: make:/run/x",
	"in":        "InaccessiblePaths=/usr/share: open:/usr/share/doc",
	"noex":      "NoExecPaths=/usr/sbin: run:/usr/sbin/nologin",
	"bind":      "BindPaths=/usr/share:/mnt: open:/mnt/doc",
	"bindself":  "BindReadOnlyPaths=/usr: status:Uid",
	"bindmay":   "BindPaths=-/nope:/mnt: status:Uid",
	"tmpfs":     "TemporaryFileSystem=/opt: status:Uid",
	"tmpfsprot": "TemporaryFileSystem=/opt|ProtectSystem=yes: status:Uid",
	"proc":      "ProtectProc=invisible: status:Uid",
	"procs":     "ProcSubset=pid: open:/proc/meminfo",
	"tun":       "ProtectKernelTunables=yes: status:Seccomp write:/proc/sys/kernel/domainname",
	"mod":       "ProtectKernelModules=yes: status:Seccomp status:CapBnd",
	"logs":      "ProtectKernelLogs=yes: status:Seccomp",
	"cg":        "ProtectControlGroups=yes: make:/sys/fs/cgroup/rx",
	"clock":     "ProtectClock=yes: status:Seccomp status:CapBnd",
	"host":      "ProtectHostname=yes: call:sethostname,0,0",
	"pm":        "PrivateMounts=yes: status:Uid",
	"flags":     "MountFlags=slave: status:Uid",
	"api":       "MountAPIVFS=yes: status:Uid",
	"root":      "RootDirectory=@ROOT@: names:/",
	"net":       "PrivateNetwork=yes: lines:/proc/self/net/dev",
	"netpath":   "NetworkNamespacePath=/proc/self/ns/net: status:Uid",
	"ipc":       "PrivateIPC=yes: status:Uid",
	"ipcpath":   "IPCNamespacePath=/proc/self/ns/ipc: status:Uid",
	"users":     "PrivateUsers=yes: text:/proc/self/uid_map status:CapEff",
	"usersu":    "PrivateUsers=yes|User=nobody: text:/proc/self/uid_map status:CapEff",
	"filter":    "SystemCallFilter=@system-service|SystemCallErrorNumber=EPERM: status:Seccomp status:NoNewPrivs",
	"filteru":   "SystemCallFilter=@system-service|SystemCallErrorNumber=EPERM|User=nobody: status:Seccomp status:NoNewPrivs",
	"fam":       "RestrictAddressFamilies=AF_UNIX: status:Seccomp status:NoNewPrivs",
	"amb":       "AmbientCapabilities=CAP_SYS_ADMIN|User=nobody: status:CapAmb status:CapEff",
	"ambok":     "AmbientCapabilities=CAP_NET_RAW|User=nobody: status:CapAmb status:CapEff",
	"bnd":       "CapabilityBoundingSet=CAP_SYS_ADMIN CAP_KILL: status:CapBnd status:CapEff",
	"bits":      "SecureBits=noroot: status:CapEff",
	"keyring":   "KeyringMode=private: status:Uid",
	"nice":      "Nice=-5|OOMScoreAdjust=-500: file:/proc/self/oom_score_adj",
	"rt":        "CPUSchedulingPolicy=rr: call:145,0",
	"io":        "IOSchedulingClass=realtime: status:Uid",
	"numa":      "NUMAPolicy=local: status:Uid",
	"dyn":       "RuntimeDirectory=rustysd-dyn|ProtectSystem=full|User=nobody|PrivateDevices=yes: status:Uid make:/run/rustysd-dyn/x",
	"dev":       "DevicePolicy=closed: open:/dev/kmsg open:/dev/null",
	"ip":        "IPAddressDeny=any: send:127.0.0.1:9",
	"mem":       "MemoryMax=1G|TasksMax=5: status:Uid",
	"limits":    "LimitNOFILE=infinity|LimitMEMLOCK=infinity|LimitNICE=40|LimitRTPRIO=99: status:Uid",
}

// dockerCaps are what Docker leaves a container.
const dockerCaps = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw," +
	"+sys_chroot,+mknod,+audit_write,+setfcap"

// TestRightsLikeSystemd compares what services of an init without rights are let
// do and see. Old engines make all capabilities inheritable that they leave.
func TestRightsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath, "/usr/bin/setpriv")
	folder := func(t *testing.T) string { return probesFolder(t, rightsUnits) }
	for name, caps := range map[string]string{"sys_admin": "-sys_admin", "docker": dockerCaps, "devices": "-mknod,-net_admin,-sys_rawio,-setpcap"} {
		t.Run(name, func(t *testing.T) {
			by := "/usr/bin/setpriv --bounding-set=" + caps + " --inh-caps=" + caps
			theirs, mine := oracleSystemd(t, folder(t), by, nil), oracleOurs(t, folder, by)
			for name := range rightsUnits {
				if theirs[name] != mine[name] {
					t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
				}
			}
		})
	}
}

// inUserNamespace is a script that, as process 1, enters a user namespace with
// users enough, and all other namespaces below it.
const inUserNamespace = `#!/bin/sh
if [ "$1" = in ]; then
	shift
	while ! grep -q 65536 /proc/self/gid_map; do :; done
	exec unshare --mount --ipc --net --cgroup "$@"
fi
mine=$(readlink /proc/self/ns/user)
(while [ "$(readlink /proc/1/ns/user)" = "$mine" ]; do :; done; echo 0 0 65536 >/proc/1/uid_map; echo 0 0 65536 >/proc/1/gid_map) &
exec unshare --user "$0" in "$@"
`

// usersOther are the units that see something else in a user namespace than
// under systemd: a /dev/ptmx that can be opened, and a loopback device that
// nobody has raised.
var usersOther = map[string]bool{"devices": true, "devbind": true, "devrw": true, "devuser": true, "rootfull": true, "newrootall": true, "ip": true}

// TestUsersLikeSystemd compares what services see and may do whose init is root
// of a user namespace only, as in a container without root.
func TestUsersLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath)
	dir, err := os.MkdirTemp("/var/tmp", "rustysd-users-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	by := filepath.Join(dir, "by")
	if err := os.WriteFile(by, []byte(inUserNamespace), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(viewUnits)
	maps.Copy(all, rightsUnits)
	folder := func(t *testing.T) string { return probesFolder(t, all) }
	theirs, mine := oracleSystemd(t, folder(t), by, nil), oracleOurs(t, folder, by)
	for name := range all {
		if theirs[name] != mine[name] && !usersOther[name] {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
		}
	}
}

// firstOther are the units that see something else, in users that they enter
// first, than under systemd: those of usersOther, and those to which systemd
// gives less. Its second command is in other users than its first, so it cannot
// enter the namespaces of that; it sets no further groups in there; a command
// with the prefix "+" has its root without a view, too.
var firstOther = map[string]bool{"ipctwice": true, "nettwice": true, "joinsecond": true, "jointmponly": true, "joinuser": true,
	"usersgroup": true, "plusroot": true, "rootplus": true}

// TestUsersFirstLikeSystemd compares what services with users of their own see
// and may do whose init has not the right to any other namespaces.
func TestUsersFirstLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath, "/usr/bin/setpriv")
	all := maps.Clone(viewUnits)
	maps.Copy(all, rightsUnits)
	maps.Copy(all, confinedUnits)
	for name, text := range all {
		if !strings.Contains(text, "PrivateUsers=") {
			all[name] = "PrivateUsers=yes|" + text
		}
	}
	folder := func(t *testing.T) string { return probesFolder(t, all) }
	by := "/usr/bin/setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin"
	theirs, mine := oracleSystemd(t, folder(t), by, nil), oracleOurs(t, folder, by)
	for name := range all {
		if theirs[name] != mine[name] && !usersOther[name] && !firstOther[name] {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
		}
	}
}
