package runtime

import (
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

// Thousands of children at once while the collector runs hard: none may be
// lost, answered twice or mixed up, and no descriptor may stay.
func TestSpawnManyWhileCollecting(t *testing.T) {
	count := 10_000
	if testing.Short() {
		count = 1_000
	}
	k := newKid(t, plain)
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	var stop atomic.Bool
	defer stop.Store(true)
	go func() {
		var garbage [][]byte
		for !stop.Load() {
			garbage = append(garbage, make([]byte, 1000))
			if len(garbage) > 1000 {
				garbage = nil
				time.Sleep(time.Millisecond)
			}
		}
	}()
	k.watchStuck() // makes its one descriptor
	before := openFDs(t)
	good, bad := buildStatic(t), command("/nonexistent")
	seen := make(map[int32]bool)
	requests := make([]spawnRequest, 100)
	for n := range requests {
		r := &requests[n]
		r.unit, r.stdin, r.stdout, r.stderr, r.cgroup = plan.UnitID(n), k.null, k.null, k.null, -1
		r.exec, r.cmd = &plan.Exec{}, good
		if n%10 == 3 {
			r.cmd = bad
		}
		k.submit(r)
	}
	for done, started := 0, len(requests); done < count; done++ {
		r := k.wait()
		if (r.unit%10 == 3) != (r.step == plan.StepExec && r.errno == syscall.ENOENT) || r.pid <= 0 || r.errno != 0 && r.cmd == good {
			t.Fatalf("unit %d: pid %d step %d errno %v", r.unit, r.pid, r.step, r.errno)
		}
		var ws syscall.WaitStatus
		if pid, err := syscall.Wait4(int(r.pid), &ws, 0, nil); err != nil || pid != int(r.pid) {
			t.Fatalf("wait of %d: %v", r.pid, err)
		}
		if want := map[bool]int{true: 0, false: 203}[r.cmd == good]; ws.ExitStatus() != want {
			t.Fatalf("unit %d ended with %d, want %d", r.unit, ws.ExitStatus(), want)
		}
		seen[r.pid] = true
		if started < count {
			started++
			k.submit(r)
		}
	}
	if len(seen) < count/2 {
		t.Errorf("only %d pids", len(seen))
	}
	// Fewer may be left: an earlier test's files close when they like.
	if after := openFDs(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	// More than maxChildren may be in flight on a machine that is busy.
	if len(k.slots) >= len(requests) {
		t.Errorf("%d slots", len(k.slots))
	}
}

// openFDs counts what each start opens and must close: its pipe and files. The
// spawner's own epoll, eventfd and timer are made when they are first needed,
// and stay.
func openFDs(t *testing.T) int {
	const dir = "/proc/self/fd/"
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		if to, err := os.Readlink(dir + name.Name()); err == nil && !strings.HasPrefix(to, "anon_inode:") {
			n++
		}
	}
	return n
}

// A program that hangs in its start (here in opening a FIFO) holds up nobody.
func TestSpawnPastHangingChildren(t *testing.T) {
	fifo := t.TempDir() + "/fifo"
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	k := newKid(t, plain)
	hang := &plan.Exec{Stdin: plan.Stream{Kind: plan.StreamFile, Path: fifo}}
	hanging := make([]spawnRequest, maxChildren+3)
	for n := range hanging {
		hanging[n] = spawnRequest{cmd: command("/bin/true"), exec: hang, stdin: -1, stdout: k.null, stderr: k.null, cgroup: -1}
		k.submit(&hanging[n])
	}
	killAll := func() {
		for n := range hanging {
			if hanging[n].pid > 0 {
				syscall.Kill(int(hanging[n].pid), syscall.SIGKILL)
			}
		}
	}
	t.Cleanup(killAll)
	r := k.run(&spawnRequest{cmd: command("/bin/echo", "alive")})
	r.ok(t)
	if r.out != "alive\n" {
		t.Errorf("%q", r.out)
	}
	killAll()
	for range hanging {
		r := k.wait()
		var ws syscall.WaitStatus
		syscall.Wait4(int(r.pid), &ws, 0, nil)
		if !ws.Signaled() || r.step != 0 {
			t.Errorf("pid %d: status %#x step %d", r.pid, int(ws), r.step)
		}
	}
}

func TestSpawnOutOfDescriptors(t *testing.T) {
	k := newKid(t, plain)
	var old, none syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old)
	none = old
	none.Cur = 1
	r := &spawnRequest{cmd: command("/bin/true"), exec: &plan.Exec{}, stdin: k.null, stdout: k.null, stderr: k.null, cgroup: -1}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none)
	k.submit(r)
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)
	if got := k.next(); got != r || r.pid != 0 || r.errno != syscall.EMFILE {
		t.Errorf("pid %d errno %v", r.pid, r.errno)
	}
	k.run(&spawnRequest{cmd: command("/bin/true")}).ok(t)
}

func TestSpawnIntoCgroup(t *testing.T) {
	dir := cgroupDir()
	if dir == "" {
		means.Missing(t, "a writable tree of cgroups")
	}
	defer syscall.Rmdir(dir)
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	name := dir[strings.LastIndexByte(dir, '/'):]
	for _, c := range []struct {
		cloner cloner
		none   bool
	}{{}, {none: true}, {cloner: cloner{noClone3: true}}} {
		k := newKid(t, plain)
		k.cloner, k.noCgroup = c.cloner, c.none
		r := k.run(&spawnRequest{cmd: command("/bin/cat", "/proc/self/cgroup"), cgroup: int32(fd)})
		r.ok(t)
		if !strings.Contains(r.out, "0::"+name) && !strings.Contains(r.out, name+"\n") {
			t.Errorf("%+v: %s", c, r.out)
		}
	}
	k := newKid(t, plain)
	k.run(&spawnRequest{cmd: command("/bin/true"), cgroup: k.null}).fails(t, plan.StepCgroup, syscall.ENOTDIR)
}

// cgroupDir makes a cgroup for the test, "" when it cannot.
func cgroupDir() string {
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st syscall.Statfs_t
		dir := root + "/spawn-test-" + itoa(int64(os.Getpid()))
		if syscall.Statfs(root, &st) == nil && st.Type == cgroup2Magic && syscall.Mkdir(dir, 0o755) == nil {
			return dir
		}
	}
	return ""
}
