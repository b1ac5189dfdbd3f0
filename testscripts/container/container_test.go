// Package container runs the demo's image, which is FROM scratch, as process 1
// of a real container. It is Go and no script because it measures how long the
// container takes to stop.
package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rustysd/internal/means"
)

// engine is podman with storage of its own, so that nothing is left behind and
// no image of the machine is touched.
type engine struct {
	t   *testing.T
	env []string
	// global are the flags before the verb.
	global []string
}

// newEngine needs root, podman and runc. The vfs driver works on every file
// system.
func newEngine(t *testing.T) *engine {
	means.Root(t)
	means.Programs(t, "podman", "runc")
	// Not t.TempDir, which fails where podman has left a mount.
	dir, err := os.MkdirTemp("", "rustysd-podman-")
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "storage.conf")
	text := "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + dir + "/graph\"\nrunroot = \"" + dir + "/run\"\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	e := &engine{t: t, env: append(os.Environ(), "CONTAINERS_STORAGE_CONF="+conf),
		global: []string{"--runtime", "runc", "--tmpdir", filepath.Join(dir, "tmp"), "--cgroup-manager", "cgroupfs"}}
	t.Cleanup(func() {
		e.try("rm", "--all", "--force", "--time", "0")
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return e
}

// try runs podman and is its output.
func (e *engine) try(args ...string) (string, error) {
	cmd := exec.Command("podman", append(e.global, args...)...)
	cmd.Env = e.env
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// must runs podman, which must succeed.
func (e *engine) must(args ...string) string {
	e.t.Helper()
	out, err := e.try(args...)
	if err != nil {
		e.t.Fatalf("podman %q: %v\n%s", args, err, out)
	}
	return out
}

// image builds the image that `make docker` builds, with more flags for the
// compiler and more units.
func (e *engine) image(name string, units map[string]string, flags ...string) {
	e.t.Helper()
	dir := e.t.TempDir()
	root := filepath.Join(dir, "bin", "image")
	if err := os.MkdirAll(filepath.Join(root, "bin"), 0o755); err != nil {
		e.t.Fatal(err)
	}
	means.Build(e.t, dir, "rustysd-compile")
	means.Build(e.t, filepath.Join(root, "bin"), "testservice")
	if err := os.Symlink("testservice", filepath.Join(root, "bin", "testserviceclient")); err != nil {
		e.t.Fatal(err)
	}
	more := filepath.Join(dir, "units")
	if err := os.MkdirAll(more, 0o755); err != nil {
		e.t.Fatal(err)
	}
	for name, text := range units {
		if err := os.WriteFile(filepath.Join(more, name), []byte(text), 0o644); err != nil {
			e.t.Fatal(err)
		}
	}
	args := append(flags, "--root", root, more, means.Units(e.t), "-o", filepath.Join(root, "init"))
	if out, err := exec.Command(filepath.Join(dir, "rustysd-compile"), args...).CombinedOutput(); err != nil {
		e.t.Fatalf("rustysd-compile %q: %v\n%s", args, err, out)
	}
	e.must("build", "--isolation=chroot", "--tag", name, "--build-context", "build="+filepath.Join(dir, "bin"), "--file", "../../Dockerfile", dir)
}

// run starts a container as the project's machines need it: runc may not raise
// limits there.
func (e *engine) run(name, image string) {
	e.t.Helper()
	e.must("run", "--detach", "--name", name, "--network=none",
		"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", image)
}

// await waits until the container's output holds a line.
func (e *engine) await(name, line string) string {
	e.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out := e.must("logs", name)
		if strings.Contains(out, line) {
			return out
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("no %q in the output of %s:\n%s", line, name, out)
		}
	}
}

// exitCode waits for the container's end.
func (e *engine) exitCode(name string) string {
	e.t.Helper()
	timer := time.AfterFunc(60*time.Second, func() { e.try("kill", name) })
	defer timer.Stop()
	return e.must("wait", name)
}

// TestStop: text comes through each kind of socket, and a stop ends the units
// in the reverse of their order, by themselves, with status 0.
func TestStop(t *testing.T) {
	e := newEngine(t)
	e.image("demo", nil)
	e.run("demo", "demo")
	up := e.await("demo", "testserviceclient: testservice heard all 4")
	for _, kind := range []string{"stream", "datagram", "seqpacket", "fifo"} {
		if !strings.Contains(up, "testservice: "+kind+": hello through the "+kind) {
			t.Errorf("no text through the %s in\n%s", kind, up)
		}
	}
	from := time.Now()
	e.must("stop", "--time", "10", "demo")
	took := time.Since(from)
	if code := e.must("inspect", "--format", "{{.State.ExitCode}}", "demo"); code != "0" {
		t.Errorf("exit status %s; 137 is the SIGKILL of the stop's timeout", code)
	}
	out := e.must("logs", "demo")
	inOrder(t, out, "say: ready.service has stopped", "say: the image goes down")
	inOrder(t, out, "say: testservice.service has stopped", "say: the image goes down")
	t.Logf("podman stop took %v, podman's own time included", took.Round(time.Millisecond))
	t.Logf("the image has %s bytes", e.must("image", "inspect", "--format", "{{.Size}}", "demo"))
	t.Logf("the container printed:\n%s", out)
}

// inOrder demands both lines, the first one first.
func inOrder(t *testing.T, out, first, second string) {
	t.Helper()
	i, j := strings.Index(out, first), strings.Index(out, second)
	if i < 0 || j < i {
		t.Errorf("want %q and then %q in\n%s", first, second, out)
	}
}

// TestMainUnit: the container ends with its main unit, and with its status.
func TestMainUnit(t *testing.T) {
	e := newEngine(t)
	job := "[Unit]\nRequires=ready.service\nAfter=ready.service\n[Service]\nExecStart=/bin/testserviceclient exit 7\n"
	target := "[Unit]\nWants=job.service\n"
	e.image("main", map[string]string{"job.service": job, "default.target": target}, "--main", "job.service")
	e.run("main", "main")
	if code := e.exitCode("main"); code != "7" {
		t.Errorf("exit status %s, want 7\n%s", code, e.must("logs", "main"))
	}
	inOrder(t, e.must("logs", "main"), "say: ready.service has stopped", "say: the image goes down")
}
