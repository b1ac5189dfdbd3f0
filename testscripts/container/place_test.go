package container

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// placeSettings are settings that a place may refuse, a unit for each. What only
// sets less without a failure, as a limit does, is not among them.
var placeSettings = strings.Split(`Nice=5
OOMScoreAdjust=1000
CPUSchedulingPolicy=fifo
CPUSchedulingPolicy=2
CPUSchedulingPolicy=idle
CPUSchedulingResetOnFork=yes
IOSchedulingClass=realtime
IOSchedulingClass=idle
CPUAffinity=0
KeyringMode=private
LockPersonality=yes
CapabilityBoundingSet=CAP_CHOWN
SecureBits=noroot
User=nobody
User=0
SupplementaryGroups=nogroup
RuntimeDirectory=x
SetCredential=a:b
RootDirectory=/srv/root
RootDirectory=/srv/root;MountAPIVFS=no
MountAPIVFS=yes
MountFlags=slave
PrivateTmp=yes
PrivateTmp=disconnected
PrivateDevices=yes
PrivateMounts=yes
ProtectSystem=strict
ProtectHome=tmpfs
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid
PrivateNetwork=yes
PrivateIPC=yes
PrivatePIDs=yes
ReadOnlyPaths=-/etc
ReadWritePaths=/etc
InaccessiblePaths=/srv
NoExecPaths=/srv
ExecPaths=/bin
BindPaths=/bin:/mnt
BindPaths=-/none:/mnt
BindReadOnlyPaths=/bin
TemporaryFileSystem=/mnt
DynamicUser=yes
MemoryMax=100M
MemorySwapMax=0
TasksMax=100
AllowedCPUs=0
CPUWeight=idle
DevicePolicy=closed
IPAddressDeny=any
IPAddressAllow=localhost
SystemCallFilter=@system-service
RestrictNamespaces=yes
NoNewPrivileges=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX
CoredumpFilter=all
UMask=0077
TTYPath=/dev/tty1;StandardInput=tty
StandardInput=tty
StandardOutput=file:/srv/x
StandardOutput=kmsg`, "\n")

// refused is what check says of one unit in a place.
type refused struct{ error, runs, any bool }

// TestPlaces: what --profile says of a place is what happens there. What is
// refused for good fails; what a service is said to run without, it runs without;
// and where nothing is said, it runs, and the init has nothing to say either.
func TestPlaces(t *testing.T) {
	e := newEngine(t)
	services := map[string]string{}
	for i, text := range placeSettings {
		services["p"+string(rune('a'+i/26))+string(rune('a'+i%26))] = strings.ReplaceAll(text, ";", "\n") + "\nExecStart=/bin/look machine"
	}
	root := confinedRoot(t, services)
	for place, flags := range map[string]string{
		"podman":                "",
		"kubernetes-restricted": "--user 1000:1000 --cap-drop ALL --security-opt no-new-privileges",
	} {
		t.Run(place, func(t *testing.T) {
			said := saidOf(t, place, root)
			out, err := e.boot(root, strings.Fields(flags)...)
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			for name, text := range services {
				text = strings.TrimSuffix(text, "\nExecStart=/bin/look machine")
				// What goes to a file or the kernel's log is not in the output.
				ran := regexp.MustCompile(`\b`+name+`(\[\d+\]: machine|\.service: finished)`).MatchString(out) && !strings.Contains(out, name+".service: failed")
				complains := regexp.MustCompile(`(?m)^init: .*(without effect|cannot).*\b` + name + `\.service`).MatchString(out)
				switch s := said[name+".service"]; {
				case s.error && !s.runs && ran:
					t.Errorf("%q is refused, and runs", text)
				case s.error && s.runs && !ran:
					t.Errorf("%q is said to run all the same, and does not", text)
				case !s.any && (!ran || complains):
					t.Errorf("nothing is said of %q: ran %v, complaint %v", text, ran, complains)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// saidOf is what the compiler says of the units beside a root.
func saidOf(t *testing.T, place, root string) map[string]refused {
	t.Helper()
	dir := filepath.Dir(root)
	out, _ := exec.Command(filepath.Join(dir, "rustysd-compile"), "check", "--json", "--profile", place, "--grace", "infinity",
		"--root", root, filepath.Join(dir, "units")).Output()
	said := map[string]refused{}
	for line := range strings.Lines(string(out)) {
		var d struct{ File, Code, Severity, Hint string }
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err, line)
		}
		if d.Code == "profile-refuses" {
			s := said[filepath.Base(d.File)]
			s.any = true
			s.error = s.error || d.Severity == "error"
			s.runs = s.runs || strings.Contains(d.Hint, "the service runs all the same")
			said[filepath.Base(d.File)] = s
		}
	}
	if len(said) == 0 {
		t.Fatalf("nothing is said of %s: %s", place, out)
	}
	return said
}
