package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rustysd/internal/means"
)

// confinedServices are oneshots that say what they see (look/main.go).
var confinedServices = map[string]string{
	"view":   "ProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nExecStart=/bin/look make:/x make:/tmp/x",
	"kernel": "PrivateDevices=yes\nProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectKernelLogs=yes\nProtectControlGroups=yes\nProtectClock=yes\nProtectHostname=yes\nProtectProc=invisible\nExecStart=/bin/look status:Seccomp make:/dev/x",
	"net":    "PrivateNetwork=yes\nPrivateIPC=yes\nExecStart=/bin/look up:lo",
	"bind":   "BindReadOnlyPaths=/bin:/usr/bin\nExecStart=/bin/look list:/usr/bin make:/usr/bin/x",
	"root":   "TemporaryFileSystem=/:ro\nBindReadOnlyPaths=/bin\nMountAPIVFS=yes\nExecStart=/bin/look list:/ make:/x",
	"filter": "User=nobody\nSystemCallFilter=@system-service\nSystemCallErrorNumber=EPERM\nSystemCallArchitectures=native\nRestrictNamespaces=yes\nLockPersonality=yes\nMemoryDenyWriteExecute=yes\nRestrictSUIDSGID=yes\nRestrictRealtime=yes\nRestrictAddressFamilies=AF_UNIX\nCapabilityBoundingSet=\nExecStart=/bin/look status:Seccomp status:NoNewPrivs status:CapBnd mount:/tmp",
	"group":  "MemoryMax=100M\nDevicePolicy=closed\nIPAddressDeny=any\nExecStart=/bin/look status:Uid",
	"limits": "LimitNOFILE=1000000\nOOMScoreAdjust=-500\nNice=-5\nExecStart=/bin/look status:Uid",
	"own":    "User=nobody\nRuntimeDirectory=own\nLogsDirectory=own\nExecStart=/bin/look make:/run/own/x make:/var/log/own/x",
}

// confinedRoot makes the file system of a container with some oneshots. Beside it
// are the units and the compiler.
func confinedRoot(t *testing.T, services map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rustysd-root-") // not t.TempDir, which nobody else may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	root, units := filepath.Join(dir, "root"), filepath.Join(dir, "units")
	for _, d := range strings.Fields("units root root/bin root/dev root/etc root/home root/proc root/root root/run root/sys root/tmp root/usr root/var root/var/tmp root/mnt root/srv root/srv/root root/srv/root/bin") {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("root/etc/passwd", "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
	write("root/etc/group", "root:x:0:\nnogroup:x:65534:\n")
	names := ""
	for name, text := range services {
		write("units/"+name+".service", "[Service]\nType=oneshot\n"+text+"\n")
		names += " " + name + ".service"
	}
	write("units/end.service", "[Unit]\nSuccessAction=exit\nAfter="+names+"\n[Service]\nType=oneshot\nExecStart=/bin/look host\n")
	write("units/default.target", "[Unit]\nWants=end.service"+names+"\n")
	means.Build(t, dir, "rustysd-compile")
	for _, cmd := range [][]string{{"go", "build", "-o", filepath.Join(root, "bin", "look"), "rustysd/testscripts/internal/look"},
		{filepath.Join(dir, "rustysd-compile"), "--root", root, units, "-o", filepath.Join(root, "init")}} {
		run := exec.Command(cmd[0], cmd[1:]...)
		run.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", cmd, err, out)
		}
	}
	if err := os.Link(filepath.Join(root, "bin", "look"), filepath.Join(root, "srv", "root", "bin", "look")); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestConfined: with what an engine allows by default, what is not allowed is
// said in a line a kind, and who only loses some confinement runs; with
// CAP_SYS_ADMIN all of it is had, and without any capability what takes none.
func TestConfined(t *testing.T) {
	e := newEngine(t)
	root := confinedRoot(t, confinedServices)
	const cgroups = `init: resource controls without effect: memory: the tree of cgroups cannot be written \(.*group.service:3\)`
	for _, c := range []struct {
		flags      string
		want, lack []string
	}{
		{"", []string{
			`init: views of the file system, networks, IPC, host names without effect: that takes CAP_SYS_ADMIN \(.*kernel.service:3, .*net.service:3, .*view.service:3\)`,
			cgroups, `init: filters of devices and addresses without effect: .*group.service:4, .*group.service:5`,
			`view\[\d+\]: make:/x done`, `kernel\[\d+\]: status:Seccomp 2`, `net\[\d+\]: up:lo`,
			`bind.service: failed at step NAMESPACE: operation not permitted .*bind.service:3`, `root.service: failed at step NAMESPACE`,
			`filter\[\d+\]: status:Seccomp 2`, `filter\[\d+\]: status:NoNewPrivs 1`, `filter\[\d+\]: status:CapBnd 0+\n`, `filter\[\d+\]: mount:/tmp operation not permitted`,
			`group\[\d+\]: status:Uid 0`, `limits\[\d+\]: status:Uid 0`, `own\[\d+\]: make:/run/own/x done`, `own\[\d+\]: make:/var/log/own/x done`,
		}, nil},
		{"--cap-add SYS_ADMIN", []string{
			cgroups, `view\[\d+\]: make:/x .*read-only file system`, `view\[\d+\]: make:/tmp/x done`, `kernel\[\d+\]: make:/dev/x .*read-only file system`,
			`bind\[\d+\]: make:/usr/bin/x .*read-only file system`, `root\[\d+\]: make:/x .*read-only file system`, `filter\[\d+\]: status:Seccomp 2`,
		}, []string{"views of the file system", "failed"}},
		{"--cap-drop ALL", []string{
			`that takes CAP_SYS_ADMIN`, `view\[\d+\]: make:/x done`, `kernel\[\d+\]: status:Seccomp 2`, `limits\[\d+\]: status:Uid 0`,
			`filter.service: failed at step GROUP: operation not permitted`, `own.service: failed at step RUNTIME_DIRECTORY`,
		}, nil},
	} {
		t.Run("podman"+c.flags, func(t *testing.T) {
			args := strings.Fields(c.flags)
			out, err := e.boot(root, args...)
			if err != nil {
				t.Errorf("podman %q: %v", args, err)
			}
			for _, want := range c.want {
				if !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("no %s in\n%s", want, out)
				}
			}
			for _, lack := range c.lack {
				if strings.Contains(out, lack) {
					t.Errorf("%q in\n%s", lack, out)
				}
			}
		})
	}
}

// boot runs the init of a file system until it ends, and is its output.
func (e *engine) boot(root string, flags ...string) (string, error) {
	args := append([]string{"run", "--rm", "--network=none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"}, flags...)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-done:
		case <-time.After(60 * time.Second):
			e.try("kill", "--all")
		}
	}()
	return e.try(append(args, "--rootfs", root, "/init")...)
}
