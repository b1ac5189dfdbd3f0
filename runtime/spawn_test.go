package runtime

import (
	"os"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"syscall"
	"testing"

	"rustysd/runtime/plan"
)

// kid is a harness around a spawner: it runs one command and waits for it.
type kid struct {
	*spawner
	t    testing.TB
	null int32
}

func newKid(t testing.TB, p *plan.Plan) *kid {
	t.Helper()
	hideInheritedFDs()
	goruntime.LockOSThread()
	t.Cleanup(goruntime.UnlockOSThread)
	s, errno := newSpawner(p, os.Environ())
	if errno != 0 {
		t.Fatal(errno)
	}
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	bell := raise(insist(eventfd), p.LowFDs)
	if errno := s.hearBy(bell); errno != 0 {
		t.Fatal(errno)
	}
	t.Cleanup(func() {
		closeFD(s.fd)
		closeFD(bell)
		syscall.Close(null)
		for _, sl := range s.slots {
			sl.arena.unmap()
		}
	})
	return &kid{spawner: s, t: t, null: int32(null)}
}

// result is how a child went.
type result struct {
	*spawnRequest
	out    string
	status syscall.WaitStatus
}

// wait blocks until the spawner has an answer.
func (k *kid) wait() *spawnRequest {
	var events [4]syscall.EpollEvent
	for start := nanotime(); ; {
		if r := k.next(); r != nil {
			return r
		}
		wait := 20_000
		if k.silent != nil {
			wait = k.nap(wait)
		}
		epollWait(k.fd, events[:], wait)
		if nanotime()-start > int64(20*plan.Second) {
			k.t.Fatal("no answer in 20 s")
		}
		k.poll()
	}
}

// run runs a command with its output in a pipe.
func (k *kid) run(r *spawnRequest) result {
	k.t.Helper()
	read, write, errno := pipe2(0)
	if errno != 0 {
		k.t.Fatal(errno)
	}
	defer closeFD(read)
	if r.exec == nil {
		r.exec = new(plan.Exec)
	}
	// No test passes a descriptor from below what the init keeps free.
	if r.stdin == 0 {
		r.stdin = k.null
	}
	if r.stdout == 0 {
		r.stdout = raise(write, 20)
	} else {
		closeFD(write)
	}
	if r.stderr == 0 {
		r.stderr = k.null
	}
	if r.cgroup == 0 {
		r.cgroup = -1
	}
	own := r.stdout
	k.submit(r)
	res := result{spawnRequest: k.wait()}
	if res.spawnRequest != r {
		k.t.Fatal("another request came back")
	}
	if own > 2 {
		closeFD(own)
	}
	res.out = slurp(k.t, read)
	if r.pid > 0 {
		if _, err := syscall.Wait4(int(r.pid), &res.status, 0, nil); err != nil {
			k.t.Fatal(err)
		}
	}
	return res
}

func slurp(t testing.TB, fd int32) string {
	var all []byte
	buf := make([]byte, 4096)
	for {
		if !readable(fd) {
			t.Fatalf("no end of output in 20 s, after %q", all)
		}
		n, err := syscall.Read(int(fd), buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return string(all)
		}
		all = append(all, buf[:n]...)
	}
}

// readable waits for input or its end, so that no test can hang.
func readable(fd int32) bool {
	ep, errno := newEpoll()
	if errno != 0 {
		return false
	}
	defer closeFD(ep)
	epollCtl(ep, syscall.EPOLL_CTL_ADD, fd, epollIn, 0, 0)
	var events [1]syscall.EpollEvent
	for range 20 {
		if n, _ := epollWait(ep, events[:], 1000); n > 0 {
			return true
		}
	}
	return false
}

func command(argv ...string) *plan.Command {
	return &plan.Command{Path: argv[0], Argv: argv}
}

func shell(script string) *plan.Command {
	return &plan.Command{Path: "/bin/sh", Argv: []string{"sh", "-c", script}}
}

func (r result) ok(t testing.TB) {
	t.Helper()
	if r.pid <= 0 || r.step != 0 || r.errno != 0 || r.status != 0 {
		t.Fatalf("pid %d step %d errno %v status %#x out %q", r.pid, r.step, r.errno, int(r.status), r.out)
	}
}

func (r result) fails(t testing.TB, step plan.Step, errno syscall.Errno) {
	t.Helper()
	if r.pid <= 0 || r.step != step || r.errno != errno || !r.status.Exited() || r.status.ExitStatus() != int(step) {
		t.Fatalf("step %d errno %v status %#x; want step %d errno %v", r.step, r.errno, int(r.status), step, errno)
	}
}

var plain = &plan.Plan{LowFDs: 20}

func TestSpawnArgvAndEnviron(t *testing.T) {
	k := newKid(t, &plan.Plan{LowFDs: 20, Environment: []string{"PATH=/usr/bin:/bin", "A=plan"}})
	r := k.run(&spawnRequest{
		cmd:       &plan.Command{Path: "/usr/bin/env", Argv: []string{"odd name", "-0"}},
		exec:      &plan.Exec{Env: []string{"A=exec", "B=two words"}},
		vars:      []string{"C=var"},
		listenPID: true,
	})
	r.ok(t)
	pid := itoa(int64(r.pid))
	want := "PATH=/usr/bin:/bin\x00A=exec\x00C=var\x00SYSTEMD_EXEC_PID=" + pid + "\x00LISTEN_PID=" + pid + "\x00B=two words\x00"
	if r.out != want {
		t.Errorf("environment %q\nwant %q", r.out, want)
	}
	r = k.run(&spawnRequest{cmd: command("/bin/cat", "/proc/self/cmdline", "", "x y")})
	if r.out != "/bin/cat\x00/proc/self/cmdline\x00\x00x y\x00" {
		t.Errorf("argv %q", r.out)
	}
}

func TestSpawnSessionAndSignals(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		k := newKid(t, plain)
		r := k.run(&spawnRequest{cmd: command("/bin/cat", "/proc/self/status", "/proc/self/stat"),
			exec: &plan.Exec{IgnoreSIGPIPE: ignore}})
		r.ok(t)
		ignored := "0000000000000000"
		if ignore {
			ignored = "0000000000001000"
		}
		for _, line := range []string{"SigPnd:\t0000000000000000", "SigBlk:\t0000000000000000", "SigIgn:\t" + ignored, "SigCgt:\t0000000000000000"} {
			if !strings.Contains(r.out, line) {
				t.Errorf("no %q in\n%s", line, r.out)
			}
		}
		pid := itoa(int64(r.pid))
		// pid (comm) state ppid pgrp session tty
		if !strings.Contains(r.out, pid+" (cat) R "+itoa(int64(os.Getpid()))+" "+pid+" "+pid+" 0 ") {
			t.Errorf("not the leader of a session: %s", r.out)
		}
	}
}

// What the init ignores, or was started with ignored, its services do not.
func TestSpawnResetsIgnored(t *testing.T) {
	signal.Ignore(syscall.SIGUSR2, syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGUSR2, syscall.SIGPIPE)
	k := newKid(t, plain)
	r := k.run(&spawnRequest{cmd: command("/bin/cat", "/proc/self/status")})
	r.ok(t)
	if !strings.Contains(r.out, "SigIgn:\t0000000000000000") {
		t.Errorf("something is ignored:\n%s", r.out)
	}
}

func TestSpawnPassesDescriptors(t *testing.T) {
	for _, p := range []*plan.Plan{plain, {LowFDs: 3}} {
		k := newKid(t, p)
		dir := t.TempDir()
		var fds []int32
		for _, name := range []string{"first", "second", "third"} {
			f, err := os.Create(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			fds = append(fds, int32(f.Fd()))
		}
		fds[0], fds[2] = fds[2], fds[0] // so that low ones cross
		r := k.run(&spawnRequest{fds: fds, nonBlocking: true, cmd: shell("ls -l /proc/self/fd; cat /proc/self/fdinfo/4")})
		r.ok(t)
		for n, name := range []string{"third", "second", "first"} {
			if !strings.Contains(r.out, itoa(int64(3+n))+" -> "+filepath.Join(dir, name)+"\n") {
				t.Errorf("no %s at %d:\n%s", name, 3+n, r.out)
			}
		}
		// 0 1 2, the three, and ls's own on the folder; nothing else.
		if n := strings.Count(r.out, " -> "); n != 7 {
			t.Errorf("%d descriptors:\n%s", n, r.out)
		}
		if !strings.Contains(r.out, "flags:\t0104002") {
			t.Errorf("not O_NONBLOCK: %s", r.out)
		}
		r = k.run(&spawnRequest{fds: fds, cmd: shell("cat /proc/self/fdinfo/4")})
		r.ok(t)
		if !strings.Contains(r.out, "flags:\t0100002") {
			t.Errorf("still O_NONBLOCK: %s", r.out)
		}
	}
}

func TestSpawnSearchPath(t *testing.T) {
	k := newKid(t, plain)
	search := func(name string) result {
		return k.run(&spawnRequest{cmd: &plan.Command{Path: name, Argv: []string{name, "hello"}, Flags: plan.SearchPath}})
	}
	r := search("echo")
	r.ok(t)
	if r.out != "hello\n" {
		t.Errorf("%q", r.out)
	}
	search("no-such-program-anywhere").fails(t, plan.StepExec, syscall.ENOENT)
	// As execvp(3): what is there, but may not be executed, is what counts.
	old := searchPath
	defer func() { searchPath = old }()
	dir := t.TempDir() + "/"
	if err := os.WriteFile(dir+"locked", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	searchPath[2] = dir
	search("locked").fails(t, plan.StepExec, syscall.EACCES)
}

func TestSpawnNeedsNoShellForText(t *testing.T) {
	k := newKid(t, plain)
	script := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(script, []byte("echo hello\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	k.run(&spawnRequest{cmd: command(script)}).fails(t, plan.StepExec, syscall.ENOEXEC)
	k.run(&spawnRequest{cmd: command("/nonexistent")}).fails(t, plan.StepExec, syscall.ENOENT)
	k.run(&spawnRequest{cmd: command("/etc/passwd")}).fails(t, plan.StepExec, syscall.EACCES)
}
