package real

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rustysd/cmd/sandbox"
)

// stage is the first process of the namespaces.
func stage() { sandbox.Stage() }

// machine is a running init.
type machine struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{} // closed when the init has ended
	out  lockedBuffer
}

// lockedBuffer is a buffer that is read while the init writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write takes what the init prints.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// output is what the init and its services have printed.
func (m *machine) output() string {
	m.out.mu.Lock()
	defer m.out.mu.Unlock()
	return m.out.buf.String()
}

// fresh are folders that the daemons write to and their owners; each is
// replaced for the run.
var fresh = [...]struct{ path, owner string }{
	{"/var/log", "root:adm"},
	{"/var/log/nginx", "www-data:adm"},
	{"/var/log/redis", "redis:adm"},
	{"/var/lib/redis", "redis:redis"},
	{"/var/lib/nginx", "root:root"},
	{"/var/spool/rsyslog", "root:adm"},
}

// boot starts the init as process 1.
func boot(t *testing.T, dir, init string) *machine {
	t.Helper()
	m := &machine{t: t, done: make(chan struct{})}
	started := make(chan error)
	bind := [][2]string{{"/dev", devices(t, dir)}}
	for _, f := range fresh {
		bind = append(bind, freshFolder(t, dir, f.path, f.owner))
	}
	go func() {
		runtime.LockOSThread() // the init dies with the thread that started it
		defer close(m.done)
		var err error
		m.cmd, err = sandbox.Command(sandbox.Options{Init: init, Net: true, Bind: bind, Env: []string{"container=test"}})
		if err == nil {
			m.cmd.Stdout, m.cmd.Stderr = &m.out, &m.out
			err = m.cmd.Start()
		}
		started <- err
		if err == nil {
			_ = m.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.kill() })
	return m
}

// kill ends what is left, and with the init everything in its namespace.
func (m *machine) kill() {
	_ = m.cmd.Process.Kill()
	<-m.done
}

// stop asks the init to stop, as a container's engine does.
func (m *machine) stop() *os.ProcessState {
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(60*time.Second, func() {
		m.t.Error("the init did not stop in 60 seconds")
		_ = m.cmd.Process.Kill()
	})
	defer timer.Stop()
	<-m.done
	return m.cmd.ProcessState
}

// freshFolder makes the replacement of a folder. One that lies in another that
// is replaced is made there.
func freshFolder(t *testing.T, dir, path, owner string) [2]string {
	t.Helper()
	to := filepath.Join(dir, "fresh", path)
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chown", owner, to).CombinedOutput(); err != nil {
		t.Fatalf("chown %s: %v\n%s", to, err, out)
	}
	return [2]string{path, to}
}

// devices makes a /dev as a container has it: the machine's own stays as it is,
// although rsyslog makes /dev/log.
func devices(t *testing.T, dir string) string {
	t.Helper()
	dev := filepath.Join(dir, "dev")
	if err := os.Mkdir(dev, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		path := filepath.Join(dev, name)
		if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		if err := os.Symlink(target, filepath.Join(dev, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dev
}
