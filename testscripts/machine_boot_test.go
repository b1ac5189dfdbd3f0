package testscripts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bootedUnits are a boot of a machine that has nothing but the init and one
// program; the end of it is ACTION.
var bootedUnits = map[string]string{
	"default.target": "[Unit]\nWants=plain.service confined.service profile.service noprofile.service unconfined.service answers.socket end.service\n",
	"plain.service": "[Unit]\nAfter=confined.service\n[Service]\nType=oneshot\nExecStart=/bin/look machine mounted:/proc mounted:/sys mounted:/dev mounted:/run mounted:/sys/fs/cgroup mounted:/dev/pts mounted:/dev/shm " +
		"mounted:/dev/mqueue mounted:/sys/kernel/security host read:/etc/machine-id link:/dev/stdin up:lo shared:/ env:LANG env:LC_TIME status:Seccomp status:CapEff make:/var/plain mount:/var syslog:heard\n",
	"confined.service": `[Service]
Type=oneshot
User=65534
Group=65534
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
PrivateTmp=yes
ProtectKernelTunables=yes
RuntimeDirectory=confined
SystemCallFilter=~@mount
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictNamespaces=yes
ExecStart=/bin/look status:Seccomp status:NoNewPrivs status:CapEff status:Uid make:/var/confined make:/tmp/confined make:/run/confined/file make:/proc/sys/kernel/domainname mount:/var
`,
	// Debian's kernel has AppArmor, and no profile is loaded.
	"profile.service":    "[Service]\nType=oneshot\nAppArmorProfile=no-such-profile\nExecStart=/bin/look status:Seccomp\n",
	"noprofile.service":  "[Service]\nType=oneshot\nAppArmorProfile=-no-such-profile\nExecStart=/bin/look profile\n",
	"unconfined.service": "[Service]\nType=oneshot\nAppArmorProfile=unconfined\nExecStart=/bin/look profile\n",
	"answers.socket":     "[Socket]\nListenStream=/run/answers\n",
	"answers.service":    "[Service]\nExecStart=/bin/look\n",
	"end.service":        "[Unit]\nAfter=plain.service confined.service profile.service noprofile.service unconfined.service\nSuccessAction=ACTION\nFailureAction=ACTION\n[Service]\nType=oneshot\nExecStart=/bin/look list:/tmp\n",
}

// TestMachineBoots boots a kernel whose process 1 is the init: its own mounts,
// a confined service, and the end by reboot(2), which the kernel tells of.
// Machines of arm64 take a package that is not everywhere, and are booted when
// RUSTYSD_ARM64 is set ("make test-real").
func TestMachineBoots(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots virtual machines")
	}
	bootAndEnd(t, amd64, "x86_64", "poweroff", "reboot: Power down")
	bootAndEnd(t, amd64, "x86_64", "reboot", "reboot: Restarting system")
	if os.Getenv("RUSTYSD_ARM64") != "" {
		bootAndEnd(t, arm64, "aarch64", "poweroff", "reboot: Power down")
	}
}

func bootAndEnd(t *testing.T, arch *machineArch, uname, action, said string) {
	t.Helper()
	units := map[string]string{}
	for name, text := range bootedUnits {
		units[name] = strings.ReplaceAll(text, "ACTION", action)
	}
	m := bareMachine(t, arch, units)
	m.files["etc"] = machineFile{mode: os.ModeDir | 0o755}
	m.files["etc/hostname"] = machineFile{0o644, []byte("# its name\na-machine\n")}
	m.files["etc/locale.conf"] = machineFile{0o644, []byte("LC_TIME=es_ES\n")} // the kernel's command line outdoes it
	m.files["var/tmp"] = machineFile{mode: os.ModeDir | os.ModeSticky | 0o777}
	m.add(t, "bin/look", buildLook(t, arch.name))
	from := time.Now()
	log := m.boot(t)
	t.Logf("%s, %s: %v", arch.name, action, time.Since(from).Round(10*time.Millisecond))
	for _, want := range []string{
		"machine " + uname + "\n", "mounted:/proc proc\n", "mounted:/sys sysfs\n", "mounted:/dev devtmpfs\n", "mounted:/run tmpfs\n",
		"mounted:/sys/fs/cgroup cgroup2\n",
		"mounted:/dev/pts devpts\n", "mounted:/dev/shm tmpfs\n", "mounted:/dev/mqueue mqueue\n", "mounted:/sys/kernel/security securityfs\n",
		"host a-machine\n", "link:/dev/stdin /proc/self/fd/0\n", "up:lo true\n", "shared:/ true\n", "env:LANG eo\n", "env:LC_TIME \n", "]: status:Seccomp 0\n", "make:/var/plain done\n", "mount:/var done\n",
		"syslog:heard done\n", "look[", "]: heard\n",
		"status:Seccomp 2\n", "status:NoNewPrivs 1\n", "status:CapEff 0000000000000000\n", "status:Uid 65534\n",
		"make:/var/confined open /var/confined: read-only file system\n", "make:/tmp/confined done\n", "make:/run/confined/file done\n",
		"mount:/var operation not permitted\n", "init: answers.socket: stopped\n", said,
		"profile.service: process ended (exit-code, status 231/APPARMOR)\n", "noprofile.service: finished\n", "unconfined.service: finished\n",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("%s: it did not print %q", arch.name, want)
		}
	}
	if id := regexp.MustCompile(`read:/etc/machine-id [0-9a-f]{12}4[0-9a-f]{19}\n`); !id.MatchString(log) {
		t.Errorf("%s: no machine-id of random numbers", arch.name)
	}
	if t.Failed() || testing.Verbose() {
		t.Log(log)
	}
}

// buildLook builds the program of internal/look for an architecture.
func buildLook(t *testing.T, arch string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "look")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "rustysd/testscripts/internal/look")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch, "GOFLAGS=")
	build.Dir = moduleDir
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("%w\n%s", err, text))
	}
	return out
}
