package testscripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// confinedUnits are services that say what they are let do, "DIRECTIVES:
// WORDS of probe"; systemd's must say the same.
var confinedUnits = map[string]string{
	"list":       "SystemCallFilter=@system-service|SystemCallErrorNumber=EACCES: status:NoNewPrivs status:Seccomp call:mount,0,0,0,0,0 call:socket,2,1,0 call:600 call:452,0,0,0,0 call:0x40000001 call:swapoff,0",
	"listuser":   "User=nobody|SystemCallFilter=@system-service|SystemCallErrorNumber=EPERM: status:NoNewPrivs status:CapEff call:mount,0,0,0,0,0",
	"deny":       "SystemCallFilter=~@mount:ENOMEDIUM @swap|SystemCallErrorNumber=EPERM: status:NoNewPrivs call:mount,0,0,0,0,0 call:swapoff,0 call:600",
	"merge":      "SystemCallFilter=@system-service|SystemCallFilter=~getpgid @privileged|SystemCallFilter=swapoff|SystemCallErrorNumber=EPERM: call:getpgid,0 call:swapoff,0 call:socket,2,1,0",
	"families":   "RestrictAddressFamilies=AF_UNIX AF_NETLINK: call:socket,1,1,0 call:socket,2,1,0 call:socket,17,3,0 call:socket,0,1,0 call:socket,99,1,0",
	"nofamily":   "RestrictAddressFamilies=none: call:socket,1,1,0 call:socket,0,1,0",
	"butpacket":  "RestrictAddressFamilies=~AF_PACKET AF_INET: call:socket,17,3,0 call:socket,2,1,0 call:socket,1,1,0",
	"namespaces": "RestrictNamespaces=ipc: call:unshare,0x04000000 call:unshare,0x08000000 call:clone3,0,0 call:setns,0,0 call:setns,0,0x08000000",
	"nons":       "RestrictNamespaces=yes: call:unshare,0x08000000 call:setns,0,0x08000000 call:clone3,0,0 call:unshare,0",
	"realtime":   "RestrictRealtime=yes: call:sched_setscheduler,0,1,0 call:sched_setscheduler,0,3,0 call:sched_setscheduler,0,6,0",
	"memory":     "MemoryDenyWriteExecute=yes: call:mmap,0,4096,6,0x22,0xffffffff,0 call:mmap,0,4096,2,0x22,0xffffffff,0",
	"setid":      "RestrictSUIDSGID=yes: call:fchmodat,0,0,0o4755 call:fchmodat,0,0,0o755 call:openat2,0,0,0,0",
	"locked":     "LockPersonality=yes: call:personality,0 call:personality,8 call:personality,0xffffffff",
	"hostname":   "ProtectHostname=yes: call:sethostname,0,0",
	"clock":      "ProtectClock=yes: call:settimeofday,0,0 status:CapBnd",
	"native":     "SystemCallArchitectures=native: status:Seccomp status:NoNewPrivs",
	"bounded":    "CapabilityBoundingSet=CAP_KILL|CapabilityBoundingSet=CAP_CHOWN: status:CapBnd status:CapPrm status:CapEff status:CapInh",
	"without":    "CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_KILL|RestrictRealtime=yes: status:CapBnd status:NoNewPrivs status:Seccomp",
	"none":       "CapabilityBoundingSet=: status:CapBnd status:CapEff",
	"ambient":    "User=nobody|AmbientCapabilities=CAP_NET_RAW: status:CapInh status:CapPrm status:CapEff status:CapBnd status:CapAmb status:Uid",
	"narrow":     "User=nobody|AmbientCapabilities=CAP_KILL|CapabilityBoundingSet=CAP_KILL|NoNewPrivileges=yes: status:CapInh status:CapPrm status:CapEff status:CapBnd status:CapAmb status:NoNewPrivs",
	"rootamb":    "AmbientCapabilities=CAP_NET_RAW: status:CapInh status:CapAmb",
	"bits":       "SecureBits=noroot noroot-locked: status:CapEff status:CapPrm",
	"place":      "CPUAffinity=0|CoredumpFilter=private-anonymous elf-headers|Personality=x86-64|NUMAPolicy=local: status:Cpus_allowed_list file:/proc/self/coredump_filter",
	"network":    "PrivateNetwork=yes: file:/proc/self/net/if_inet6 status:NoNewPrivs",
	"netpath":    "NetworkNamespacePath=/proc/1/ns/net|PrivateNetwork=yes: lines:/proc/self/net/dev",
	"netgone":    "NetworkNamespacePath=/no/such: status:Uid",
	"nettwice":   "PrivateNetwork=yes|ExecStart=/bin/sh -c 'readlink /proc/self/ns/net >/run/rustysd-net'|ExecStart=/bin/sh -c '[ $$(readlink /proc/self/ns/net) = $$(cat /run/rustysd-net) ] && echo same': lines:/proc/self/net/dev",
	"ipctwice":   "PrivateIPC=yes|ExecStart=/bin/sh -c 'ipcmk -Q >/dev/null'|ExecStart=/bin/sh -c 'wc -l </proc/sysvipc/msg': mount:/dev/mqueue lines:/proc/sysvipc/msg",
	"ipcpath":    "IPCNamespacePath=/proc/1/ns/ipc: lines:/proc/sysvipc/shm",
	"users":      "PrivateUsers=yes|User=nobody: text:/proc/self/uid_map text:/proc/self/gid_map text:/proc/self/setgroups status:CapEff status:CapBnd status:Uid status:Gid status:Groups open:/etc/shadow",
	"usersroot":  "PrivateUsers=yes: text:/proc/self/uid_map text:/proc/self/gid_map status:CapEff status:Groups call:settimeofday,0,0 open:/etc/shadow",
	"usersfull":  "PrivateUsers=yes|User=daemon|Group=mail|AmbientCapabilities=CAP_NET_RAW|CapabilityBoundingSet=CAP_NET_RAW CAP_SYS_ADMIN|NoNewPrivileges=yes|SystemCallFilter=@system-service|ProtectSystem=strict|PrivateTmp=no: text:/proc/self/uid_map text:/proc/self/gid_map status:CapEff status:CapBnd status:CapAmb status:Seccomp write:/etc/x",
	"userstwice": "PrivateUsers=yes|User=daemon|ExecStart=/bin/sh -c 'cat /proc/self/uid_map': status:Uid",
	"plain":      "UMask=0027: status:CapEff status:CapBnd status:Seccomp status:NoNewPrivs status:Umask",
}

// confinedFolder writes the units into a new folder.
func confinedFolder(t *testing.T) string { return probesFolder(t, confinedUnits) }

// probesFolder is confinedFolder for any units, in which @ROOT@ stands for a
// folder for RootDirectory=, with the probe and little else.
func probesFolder(t *testing.T, units map[string]string) string {
	dir, err := os.MkdirTemp("/var/tmp", "rustysd-oracle-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	all := ""
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "units", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"", "units", "log"} {
		_ = os.Mkdir(filepath.Join(dir, d), 0o777)
		if err := os.Chmod(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(filepath.Join(binDir, "probe"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "probe"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range units {
		directives, words, _ := strings.Cut(text, ": ")
		program := dir + "/probe"
		if strings.Contains(directives, "RootDirectory=") {
			program = "/probe"
			otherRoot(t, filepath.Join(dir, "root-"+name))
			directives = strings.ReplaceAll(directives, "@ROOT@", filepath.Join(dir, "root-"+name))
		}
		directives = strings.ReplaceAll(directives, "@PROBE@", dir+"/probe")
		write(name+".service", "[Service]\nType=oneshot\nStandardOutput=append:"+dir+"/log/"+name+"\n"+
			strings.ReplaceAll(directives, "|", "\n")+"\nExecStart="+program+" "+words+"\n")
		all += " " + name + ".service"
	}
	write("default.target", "[Unit]\nWants=stopper.service"+all+"\n")
	write("stopper.service", "[Unit]\nAfter="+all+"\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo end >"+dir+"/log/stopper.service'\n")
	return dir
}

// otherRoot makes a root that holds the probe.
func otherRoot(t *testing.T, root string) {
	t.Helper()
	for _, d := range []string{"", "usr", "etc", "tmp", "home", "root", "var", "var/lib", "dev", "proc", "run", "sys"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(binDir, "probe")
	copyInto(t, program, filepath.Join(root, "probe"))
	copyLibraries(t, program, root)
}

// copyInto copies a program or library, or links it.
func copyInto(t *testing.T, from, to string) {
	t.Helper()
	real, err := filepath.EvalSymlinks(from)
	if err == nil && os.Link(real, to) == nil {
		return
	}
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copyLibraries copies what a program is linked with into a root.
func copyLibraries(t *testing.T, program, root string) {
	t.Helper()
	out, _ := exec.Command("ldd", program).Output() // it fails for a static program, which needs nothing
	for _, word := range strings.Fields(string(out)) {
		if !strings.HasPrefix(word, "/") {
			continue
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(word)), 0o755); err != nil {
			t.Fatal(err)
		}
		copyInto(t, word, filepath.Join(root, word))
	}
}

// TestConfinedLikeSystemd compares what confined services see and may do.
func TestConfinedLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, confinedFolder)
	for name := range confinedUnits {
		if theirs[name] != mine[name] || theirs[name] == "" && name != "netgone" {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
			continue
		}
		if testing.Verbose() {
			t.Logf("%s: both said\n%s", name, theirs[name])
		}
	}
}
