package real

import (
	"bytes"
	"errors"
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
	"rustysd/internal/means"
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

// boot starts the init as process 1.
func (im *image) boot(t *testing.T, dir, init string) *machine {
	t.Helper()
	m := &machine{t: t, done: make(chan struct{})}
	started := make(chan error)
	bind := [][2]string{{"/dev", devices(t, dir)}}
	bind = append(bind, [2]string{"/var/log", emptyFolders(t, dir, "/var/log")}, [2]string{"/etc", im.etc(t, dir)})
	for _, d := range im.daemons {
		for _, path := range d.state {
			bind = append(bind, [2]string{path, copyFolder(t, dir, path)})
		}
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

// etc makes the /etc of an image: a copy, with the daemons' settings.
func (im *image) etc(t *testing.T, dir string) string {
	t.Helper()
	etc := copyFolder(t, dir, "/etc")
	for _, d := range im.daemons {
		if d.prepare == "" {
			continue
		}
		cmd := exec.Command("sh", "-euc", d.prepare)
		cmd.Env = append(os.Environ(), "ETC="+etc)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", d.prepare, err, out)
		}
	}
	return etc
}

// copyFolder makes a copy of a folder, which is to stand in for it.
func copyFolder(t *testing.T, dir, path string) string {
	t.Helper()
	to := filepath.Join(dir, "fresh", path)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	means.Run(t, "cp", "-a", path, to)
	return to
}

// emptyFolders makes a folder with the folders of path, their owners and
// modes, and no file.
func emptyFolders(t *testing.T, dir, path string) string {
	t.Helper()
	to := filepath.Join(dir, "fresh", path)
	err := filepath.WalkDir(path, func(name string, e os.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		var st unix.Stat_t
		made := filepath.Join(dir, "fresh", name)
		return errors.Join(unix.Stat(name, &st), os.MkdirAll(made, 0o755),
			os.Lchown(made, int(st.Uid), int(st.Gid)), unix.Chmod(made, st.Mode&0o7777))
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
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
