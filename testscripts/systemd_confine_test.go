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
	"list":        "SystemCallFilter=@system-service|SystemCallErrorNumber=EACCES: status:NoNewPrivs status:Seccomp call:mount,0,0,0,0,0 call:socket,2,1,0 call:600 call:452,0,0,0,0 call:0x40000001 call:swapoff,0",
	"listuser":    "User=nobody|SystemCallFilter=@system-service|SystemCallErrorNumber=EPERM: status:NoNewPrivs status:CapEff call:mount,0,0,0,0,0",
	"deny":        "SystemCallFilter=~@mount:ENOMEDIUM @swap|SystemCallErrorNumber=EPERM: status:NoNewPrivs call:mount,0,0,0,0,0 call:swapoff,0 call:600",
	"merge":       "SystemCallFilter=@system-service|SystemCallFilter=~getpgid @privileged|SystemCallFilter=swapoff|SystemCallErrorNumber=EPERM: call:getpgid,0 call:swapoff,0 call:socket,2,1,0",
	"families":    "RestrictAddressFamilies=AF_UNIX AF_NETLINK: call:socket,1,1,0 call:socket,2,1,0 call:socket,17,3,0 call:socket,0,1,0 call:socket,99,1,0",
	"nofamily":    "RestrictAddressFamilies=none: call:socket,1,1,0 call:socket,0,1,0",
	"butpacket":   "RestrictAddressFamilies=~AF_PACKET AF_INET: call:socket,17,3,0 call:socket,2,1,0 call:socket,1,1,0",
	"namespaces":  "RestrictNamespaces=ipc: call:unshare,0x04000000 call:unshare,0x08000000 call:clone3,0,0 call:setns,0,0 call:setns,0,0x08000000",
	"nons":        "RestrictNamespaces=yes: call:unshare,0x08000000 call:setns,0,0x08000000 call:clone3,0,0 call:unshare,0",
	"nsfew":       "RestrictNamespaces=ipc uts|RestrictNamespaces=~uts: call:unshare,0x08000000 call:unshare,0x04000000 call:unshare,0x40000000",
	"nsnot":       "RestrictNamespaces=~ipc net: call:unshare,0x08000000 call:unshare,0x40000000 call:unshare,0x04000000 call:setns,0,0",
	"nstime":      "RestrictNamespaces=yes: call:unshare,0x80 call:unshare,0x02000000 call:unshare,0x20000000 call:56,0x04000011,0,0,0,0",
	"nsall":       "RestrictNamespaces=cgroup ipc net mnt pid time user uts: status:Seccomp call:unshare,0x04000000 call:clone3,0,0",
	"allowerr":    "SystemCallFilter=@system-service|SystemCallFilter=~setuid:EDOM swapoff:255|SystemCallErrorNumber=EPERM: call:105,0 call:106,0 call:swapoff,0 call:mount,0,0,0,0,0",
	"allowerrs":   "SystemCallFilter=@system-service|SystemCallFilter=~@setuid:EDOM|SystemCallFilter=~setgid|SystemCallFilter=setuid|SystemCallErrorNumber=EACCES|User=nobody: call:105,65534 call:106,0 call:117,0,0,0",
	"denyerr":     "SystemCallFilter=~@setuid:EDOM setuid:EACCES|SystemCallFilter=setgid|SystemCallErrorNumber=EPERM: call:105,0 call:106,0 call:117,0,0,0",
	"denynum":     "SystemCallFilter=~getpgid:5 @swap:255|SystemCallErrorNumber=13: call:getpgid,0 call:swapoff,0",
	"denytwice":   "SystemCallFilter=~@mount @swap|SystemCallFilter=@mount|SystemCallErrorNumber=EPERM: call:mount,0,0,0,0,0 call:swapoff,0",
	"callsreset":  "SystemCallFilter=~@mount|SystemCallFilter=|SystemCallFilter=~@swap|SystemCallErrorNumber=EPERM|SystemCallErrorNumber=|SystemCallErrorNumber=EDOM: call:mount,0,0,0,0,0 call:swapoff,0",
	"killword":    "SystemCallFilter=~@swap:EDOM|SystemCallErrorNumber=kill: call:swapoff,0 call:mount,0,0,0,0,0",
	"logs":        "SystemCallLog=@swap|SystemCallFilter=~@mount|SystemCallErrorNumber=EPERM: call:swapoff,0 call:mount,0,0,0,0,0 status:Seccomp status:NoNewPrivs",
	"lognot":      "SystemCallLog=~@swap|User=nobody: call:swapoff,0 status:Seccomp status:NoNewPrivs",
	"known":       "SystemCallFilter=@known|SystemCallErrorNumber=EPERM: call:600 call:mount,0,0,0,0,0 call:452,0,0,0,0",
	"manygroups":  "SystemCallFilter=@basic-io @file-system @io-event @process @signal @network-io @sync @timer @default @ipc|SystemCallErrorNumber=EPERM: call:swapoff,0 call:getpgid,0 call:socket,2,1,0 call:keyctl,0",
	"notmany":     "SystemCallFilter=~@privileged @resources @obsolete @debug @cpu-emulation @module @reboot @keyring @pkey @raw-io @clock|SystemCallErrorNumber=EPERM: call:ptrace,0 call:personality,0xffffffff call:keyctl,0 call:329,0 call:156 call:iopl,0 call:169,0 call:317,0 call:init_module,0 call:settimeofday,0,0",
	"bothabis":    "SystemCallArchitectures=native x32|SystemCallFilter=~getpgid|SystemCallErrorNumber=EPERM: call:0x40000079,0 call:getpgid,0 status:Seccomp",
	"abireset":    "SystemCallArchitectures=native|SystemCallArchitectures=: call:0x40000027 status:Seccomp",
	"famtwo":      "RestrictAddressFamilies=AF_UNIX AF_INET|RestrictAddressFamilies=~AF_INET|RestrictAddressFamilies=AF_NETLINK: call:socket,1,1,0 call:socket,2,1,0 call:socket,16,3,0 call:53,2,1,0,0",
	"famnot":      "RestrictAddressFamilies=~AF_INET AF_INET6|RestrictAddressFamilies=~AF_PACKET|RestrictAddressFamilies=AF_INET: call:socket,1,1,0 call:socket,2,1,0 call:socket,10,1,0 call:socket,17,3,0",
	"famnone":     "RestrictAddressFamilies=none|RestrictAddressFamilies=AF_UNIX|User=nobody: call:socket,1,1,0 call:socket,2,1,0 status:NoNewPrivs",
	"famreset":    "RestrictAddressFamilies=AF_UNIX|RestrictAddressFamilies=: call:socket,2,1,0 status:Seccomp",
	"famhigh":     "RestrictAddressFamilies=AF_VSOCK AF_XDP AF_ALG: call:socket,40,1,0 call:socket,44,3,0 call:socket,38,5,0 call:socket,2,1,0 call:socket,45,1,0 call:socket,46,1,0",
	"setidmore":   "RestrictSUIDSGID=yes: call:90,0,0o4755 call:91,0,0o2755 call:133,0,0o104755,0 call:83,0,0o2755 call:258,0,0,0o1755 call:259,0,0,0o4755,0 call:2,0,0o100,0o4755 call:2,0,0,0o4755 call:257,0,0,0o100,0o2755 call:85,0,0o4755",
	"memmore":     "MemoryDenyWriteExecute=yes: call:mmap,0,4096,7,0x22,0xffffffff,0 call:mmap,0,4096,4,0x22,0xffffffff,0 call:10,0,0,4 call:10,0,0,6 call:10,0,0,3 call:329,0,0,4,0 call:30,0,0,0o100000 call:319,0,0 call:0x40000009,0,4096,7,0x22,0xffffffff,0",
	"lockother":   "LockPersonality=yes|Personality=x86: call:personality,0xffffffff call:personality,8 call:personality,0",
	"rtpolicy":    "RestrictRealtime=yes|CPUSchedulingPolicy=batch: call:sched_setscheduler,0,2,0 call:145,0 call:sched_setscheduler,0,5,0 call:sched_setscheduler,0,0x40000001,0 call:314,0,0,0",
	"kernel":      "ProtectKernelModules=yes|ProtectKernelTunables=yes|ProtectClock=yes|ProtectHostname=yes|User=nobody: call:init_module,0,0,0 call:313,0,0,0 call:176,0,0 call:156,0 call:227,0,0 call:159,0 call:305,0,0 call:171,0,0 status:NoNewPrivs status:CapBnd",
	"nopriv1":     "ProtectSystem=full|PrivateMounts=yes|User=nobody: status:NoNewPrivs status:Seccomp",
	"nopriv2":     "SystemCallArchitectures=native|User=nobody: status:NoNewPrivs status:Seccomp",
	"nopriv3":     "RestrictNamespaces=yes|User=nobody|AmbientCapabilities=CAP_SYS_ADMIN: status:NoNewPrivs status:Seccomp status:CapEff",
	"nopriv4":     "SystemCallFilter=@system-service|CapabilityBoundingSet=CAP_CHOWN: status:NoNewPrivs status:Seccomp",
	"nopriv5":     "LockPersonality=yes|MemoryDenyWriteExecute=yes|RestrictSUIDSGID=yes|User=nobody: status:NoNewPrivs status:Seccomp",
	"nopriv6":     "ProtectKernelLogs=yes|PrivateDevices=yes|User=nobody: status:NoNewPrivs status:Seccomp call:syslog,3,0,0",
	"usersgroup":  "PrivateUsers=yes|User=65534|Group=0|SupplementaryGroups=adm tty: text:/proc/self/uid_map text:/proc/self/gid_map status:Groups status:Gid",
	"usersnet":    "PrivateUsers=yes|PrivateNetwork=yes|User=nobody|AmbientCapabilities=CAP_NET_ADMIN: lines:/proc/self/net/dev status:CapEff call:socket,17,3,0",
	"usersmore":   "PrivateUsers=yes|User=daemon|CapabilityBoundingSet=CAP_CHOWN|SystemCallFilter=@system-service: status:NoNewPrivs status:Seccomp status:CapBnd",
	"everything":  "PrivateNetwork=yes|PrivateIPC=yes|PrivateUsers=yes|PrivateTmp=yes|PrivateDevices=yes|ProtectHostname=yes|ProtectSystem=strict|ProtectHome=yes|ProtectProc=invisible|ProtectKernelTunables=yes|ProtectKernelModules=yes|ProtectKernelLogs=yes|ProtectControlGroups=yes|ProtectClock=yes|LockPersonality=yes|MemoryDenyWriteExecute=yes|RestrictRealtime=yes|RestrictSUIDSGID=yes|RestrictNamespaces=yes|RestrictAddressFamilies=AF_UNIX|SystemCallFilter=@system-service|SystemCallArchitectures=native|CapabilityBoundingSet=|NoNewPrivileges=yes|UMask=0077|RemoveIPC=yes|User=daemon|DevicePolicy=closed|IPAddressDeny=any|ExecStart=/bin/sh -c 'grep -e ^Cap -e ^Seccomp.$ -e ^NoNew -e ^Uid -e ^Gid -e ^Groups /proc/self/status; ls -A /tmp /home; ls /dev; id; cat /proc/self/uid_map; umask': ",
	"realtime":    "RestrictRealtime=yes: call:sched_setscheduler,0,1,0 call:sched_setscheduler,0,3,0 call:sched_setscheduler,0,6,0",
	"memory":      "MemoryDenyWriteExecute=yes: call:mmap,0,4096,6,0x22,0xffffffff,0 call:mmap,0,4096,2,0x22,0xffffffff,0",
	"setid":       "RestrictSUIDSGID=yes: call:fchmodat,0,0,0o4755 call:fchmodat,0,0,0o755 call:openat2,0,0,0,0",
	"locked":      "LockPersonality=yes: call:personality,0 call:personality,8 call:personality,0xffffffff",
	"hostname":    "ProtectHostname=yes: call:sethostname,0,0",
	"clock":       "ProtectClock=yes: call:settimeofday,0,0 status:CapBnd",
	"native":      "SystemCallArchitectures=native: status:Seccomp status:NoNewPrivs",
	"bounded":     "CapabilityBoundingSet=CAP_KILL|CapabilityBoundingSet=CAP_CHOWN: status:CapBnd status:CapPrm status:CapEff status:CapInh",
	"without":     "CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_KILL|RestrictRealtime=yes: status:CapBnd status:NoNewPrivs status:Seccomp",
	"none":        "CapabilityBoundingSet=: status:CapBnd status:CapEff",
	"ambient":     "User=nobody|AmbientCapabilities=CAP_NET_RAW: status:CapInh status:CapPrm status:CapEff status:CapBnd status:CapAmb status:Uid",
	"narrow":      "User=nobody|AmbientCapabilities=CAP_KILL|CapabilityBoundingSet=CAP_KILL|NoNewPrivileges=yes: status:CapInh status:CapPrm status:CapEff status:CapBnd status:CapAmb status:NoNewPrivs",
	"rootamb":     "AmbientCapabilities=CAP_NET_RAW: status:CapInh status:CapAmb",
	"bits":        "SecureBits=noroot noroot-locked: status:CapEff status:CapPrm",
	"place":       "CPUAffinity=0|CoredumpFilter=private-anonymous elf-headers|Personality=x86-64|NUMAPolicy=local: status:Cpus_allowed_list file:/proc/self/coredump_filter",
	"network":     "PrivateNetwork=yes: file:/proc/self/net/if_inet6 status:NoNewPrivs",
	"netpath":     "NetworkNamespacePath=/proc/1/ns/net|PrivateNetwork=yes: lines:/proc/self/net/dev",
	"netgone":     "NetworkNamespacePath=/no/such: status:Uid",
	"nettwice":    "PrivateNetwork=yes|ExecStart=/bin/sh -c 'readlink /proc/self/ns/net >/run/rustysd-net'|ExecStart=/bin/sh -c '[ $$(readlink /proc/self/ns/net) = $$(cat /run/rustysd-net) ] && echo same': lines:/proc/self/net/dev",
	"ipctwice":    "PrivateIPC=yes|ExecStart=/bin/sh -c 'ipcmk -Q >/dev/null'|ExecStart=/bin/sh -c 'wc -l </proc/sysvipc/msg': mount:/dev/mqueue lines:/proc/sysvipc/msg",
	"ipcpath":     "IPCNamespacePath=/proc/1/ns/ipc: lines:/proc/sysvipc/shm",
	"users":       "PrivateUsers=yes|User=nobody: text:/proc/self/uid_map text:/proc/self/gid_map text:/proc/self/setgroups status:CapEff status:CapBnd status:Uid status:Gid status:Groups open:/etc/shadow",
	"usersroot":   "PrivateUsers=yes: text:/proc/self/uid_map text:/proc/self/gid_map status:CapEff status:Groups call:settimeofday,0,0 open:/etc/shadow",
	"usersfull":   "PrivateUsers=yes|User=daemon|Group=mail|AmbientCapabilities=CAP_NET_RAW|CapabilityBoundingSet=CAP_NET_RAW CAP_SYS_ADMIN|NoNewPrivileges=yes|SystemCallFilter=@system-service|ProtectSystem=strict|PrivateTmp=no: text:/proc/self/uid_map text:/proc/self/gid_map status:CapEff status:CapBnd status:CapAmb status:Seccomp write:/etc/x",
	"userstwice":  "PrivateUsers=yes|User=daemon|ExecStart=/bin/sh -c 'cat /proc/self/uid_map': status:Uid",
	"joinfirst":   "RemainAfterExit=yes|SuccessExitStatus=203|PrivateTmp=yes|PrivateNetwork=yes|PrivateIPC=yes|ExecStart=/bin/sh -c 'touch /tmp/left /var/tmp/left; readlink /proc/self/ns/net >/run/rustysd-joinnet; readlink /proc/self/ns/ipc >/run/rustysd-joinipc; echo first; ipcmk -Q >/run/rustysd-joinq'|ExecStart=/bin/true: ",
	"joinsecond":  "PrivateTmp=yes|PrivateNetwork=yes|PrivateIPC=yes|ExecStart=/bin/sh -c 'ls /tmp /var/tmp; if [ $$(readlink /proc/self/ns/net) = $$(cat /run/rustysd-joinnet) ]; then echo net; fi; if [ $$(readlink /proc/self/ns/ipc) = $$(cat /run/rustysd-joinipc) ]; then echo ipc; fi'|[Unit]|JoinsNamespaceOf=joinfirst.service|After=joinfirst.service|[Service]|ExecStart=/bin/true: ",
	"joinnot":     "PrivateTmp=yes|ExecStart=/bin/sh -c 'ls /tmp; echo end'|[Unit]|After=joinfirst.service|[Service]|ExecStart=/bin/true: ",
	"joinnothing": "ExecStart=/bin/sh -c 'if [ $$(readlink /proc/self/ns/net) = $$(cat /run/rustysd-joinnet) ]; then echo net; else echo other; fi; ls -d /tmp/left'|[Unit]|JoinsNamespaceOf=joinfirst.service|After=joinfirst.service|[Service]|ExecStart=/bin/true: ",
	"jointmponly": "PrivateTmp=yes|ExecStart=/bin/sh -c 'ls /tmp; if [ $$(readlink /proc/self/ns/net) = $$(cat /run/rustysd-joinnet) ]; then echo net; else echo other; fi'|[Unit]|JoinsNamespaceOf=joinfirst.service|After=joinfirst.service|[Service]|ExecStart=/bin/true: ",
	"joinuser":    "PrivateTmp=yes|User=nobody|ExecStart=/bin/sh -c 'ls /tmp; touch /tmp/n && ls /tmp'|[Unit]|JoinsNamespaceOf=joinfirst.service|After=joinfirst.service joinsecond.service jointmponly.service|[Service]|ExecStart=/bin/true: ",
	// -3 is the keyring of the session.
	"keyring":        "UMask=0022: keyring:-3",
	"keyringuser":    "User=nobody|Group=daemon|NoNewPrivileges=yes: keyring:-3",
	"keyringusers":   "User=nobody|PrivateUsers=yes|SystemCallFilter=~@mount|SystemCallErrorNumber=EPERM: keyring:-3 status:Uid",
	"keyringinherit": "KeyringMode=inherit: keyring:-3",
	"keyringprivate": "KeyringMode=private|User=nobody: keyring:-3",
	"keyringshared":  "KeyringMode=shared: keyring:-3",
	"plain":          "UMask=0027: status:CapEff status:CapBnd status:Seccomp status:NoNewPrivs status:Umask",
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
