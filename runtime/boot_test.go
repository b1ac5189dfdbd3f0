package runtime

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rustysd/internal/means"
)

// These tests boot hand-written plans: each is a main package that is built
// with the runtime's own source, as an image is, and run as a subreaper.

// preamble begins each main package of a test.
const preamble = `package main

import (
	"rustysd/runtime"
	"rustysd/runtime/plan"
)

var journal = plan.Exec{Stdout: plan.Stream{Kind: plan.StreamJournal}, Stderr: plan.Stream{Kind: plan.StreamJournal}}

// svc is a service with systemd's defaults.
func svc(t plan.ServiceType, cmds ...plan.Command) *plan.Service {
	return &plan.Service{Type: t, Commands: cmds, Exec: &journal,
		TimeoutStart: 20 * plan.Second, TimeoutStop: 3 * plan.Second, TimeoutAbort: 3 * plan.Second,
		RestartSec: 100 * plan.Millisecond, RestartMaxDelay: plan.Infinity, RuntimeMax: plan.Infinity,
		KillSignal: 15, RestartKillSignal: 15, FinalKillSignal: 9, WatchdogSignal: 6, ReloadSignal: 1,
		Flags: plan.SendSIGKILL | plan.GuessMainPID}
}

func run(r plan.Role, argv ...string) plan.Command {
	return plan.Command{Role: r, Path: argv[0], Argv: argv, Origin: "units/x.service:3"}
}

func sh(script string) plan.Command { return run(plan.ExecStart, "/bin/sh", "-c", script) }

// image is a plan of services that its target wants.
func image(units ...plan.Unit) *plan.Plan {
	target := plan.UnitID(len(units))
	all := plan.Unit{Name: "zz.target"}
	for n := range units {
		all.Deps = append(all.Deps, plan.Dep{Unit: plan.UnitID(n), Rel: plan.Wants | plan.After})
		units[n].Deps = append(units[n].Deps, plan.Dep{Unit: target, Rel: plan.WantedBy | plan.Before})
	}
	return &plan.Plan{Name: all.Name, Digest: "d1", Target: target, Units: append(units, all), LowFDs: 10,
		StopTimeout: 20 * plan.Second, Environment: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}}
}

func unit(name string, s *plan.Service) plan.Unit {
	return plan.Unit{Name: name, Kind: plan.KindService, Service: s}
}
`

// build makes an init of a test's main function.
func build(t *testing.T, main string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("short: builds a program")
	}
	dir := t.TempDir()
	files := Source()
	files["go.mod"] = []byte("module rustysd\n\ngo 1.26.0\n")
	files["main.go"] = []byte(preamble + main)
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(dir, "init")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", bin, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// initRun is an init that runs, and what it has said.
type initRun struct {
	t     *testing.T
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []string
	more  chan struct{}
	ended chan struct{}
}

func start(t *testing.T, bin string) *initRun {
	t.Helper()
	return startIn(t, bin, "", 0)
}

// startIn runs an init in new namespaces, after a shell script there.
func startIn(t *testing.T, bin, script string, flags uintptr) *initRun {
	t.Helper()
	r := &initRun{t: t, cmd: exec.Command(bin), more: make(chan struct{}, 1), ended: make(chan struct{})}
	if flags != 0 {
		r.cmd = exec.Command("/bin/sh", "-ec", script+"; exec "+bin)
	}
	r.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DBUS_SYSTEM_BUS_ADDRESS=" + os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Cloneflags: flags}
	if flags != 0 && os.Geteuid() != 0 {
		r.cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		r.cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		r.cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stdout, r.cmd.Stderr = w, w
	if err := r.cmd.Start(); err != nil {
		if flags != 0 {
			means.Missing(t, "namespaces: "+err.Error())
		}
		t.Fatal(err)
	}
	_ = w.Close()
	go r.read(pipe)
	t.Cleanup(r.end)
	return r
}

func (r *initRun) read(pipe *os.File) {
	defer close(r.ended)
	s := bufio.NewScanner(pipe)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		r.mu.Lock()
		r.lines = append(r.lines, s.Text())
		r.mu.Unlock()
		select {
		case r.more <- struct{}{}:
		default:
		}
	}
}

func (r *initRun) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

// wait waits for a line that has want in it, and answers the line.
func (r *initRun) wait(want string) string {
	r.t.Helper()
	deadline := time.After(15 * time.Second)
	for {
		for line := range strings.SplitSeq(r.text(), "\n") {
			if strings.Contains(line, want) {
				return line
			}
		}
		select {
		case <-r.more:
		case <-r.ended:
			if !strings.Contains(r.text(), want) {
				r.t.Fatalf("the init ended without %q:\n%s", want, r.text())
			}
		case <-deadline:
			r.t.Fatalf("no %q:\n%s", want, r.text())
		}
	}
}

// stop ends the init with a signal and answers its exit status.
func (r *initRun) stop(sig syscall.Signal) int {
	r.t.Helper()
	_ = r.cmd.Process.Signal(sig)
	done := make(chan struct{})
	go func() { _ = r.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		r.t.Fatalf("does not stop:\n%s", r.text())
	}
	return r.cmd.ProcessState.ExitCode()
}

// end leaves nothing behind when a test has failed.
func (r *initRun) end() {
	if r.cmd.ProcessState != nil {
		return
	}
	groups := map[string]bool{}
	_ = r.cmd.Process.Signal(syscall.SIGSTOP) // it would start them again
	for _, pid := range descendants(r.cmd.Process.Pid) {
		groups[groupFolder(pid)] = true
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	time.Sleep(50 * time.Millisecond) // until the kernel has taken them out
	delete(groups, "")
	for path := range groups {
		_ = os.Remove(path)
		_ = os.Remove(filepath.Dir(path))
	}
}

// groupFolder is the cgroup that an init made for a process, or "".
func groupFolder(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	_, path, ok := strings.Cut("\n"+string(text), "\n0::")
	path, _, _ = strings.Cut(path, "\n")
	if !ok || !strings.Contains(path, ".slice/") {
		return ""
	}
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(root + path + "/cgroup.procs"); err == nil {
			return root + path
		}
	}
	return ""
}

func descendants(pid int) (all []int) {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for f := range strings.FieldsSeq(string(list)) {
		if child, err := strconv.Atoi(f); err == nil {
			all = append(append(all, child), descendants(child)...)
		}
	}
	return all
}

// withEnv finds the live processes that have a variable.
func withEnv(t *testing.T, variable string) (pids []int) {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		env, _ := os.ReadFile(path)
		if bytes.Contains(env, []byte(variable+"\x00")) {
			pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestBootStopAndFailures(t *testing.T) {
	bin := build(t, `
func main() {
	runtime.Main(image(
		unit("a.service", svc(plan.TypeSimple, sh("echo out; echo '<3>err' >&2; printf last; exec sleep 1000"))),
		unit("b.service", svc(plan.TypeExec, run(plan.ExecStart, "/nonexistent"))),
		unit("c.service", svc(plan.TypeOneshot, sh("exit 3"))),
		unit("d.service", svc(plan.TypeOneshot, sh("kill -9 $$"))),
		unit("e.service", svc(plan.TypeOneshot, sh("i=0; while [ $i -lt 200 ]; do true & i=$((i+1)); done; wait; echo counted"))),
	), runtime.Services, runtime.Journal)
}`)
	r := start(t, bin)
	r.wait("zz.target: reached")
	for _, want := range []string{"]: out", "]: err", "e[", "]: counted",
		"b.service: failed at step EXEC: /nonexistent: no such file or directory (units/x.service:3)",
		"c.service: failed (exit-code, status 3)", "d.service: failed (signal, signal 9)"} {
		r.wait(want)
	}
	if strings.Contains(r.text(), "<3>") {
		t.Error("the level prefix was not taken off")
	}
	if status := r.stop(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d", status)
	}
	r.wait("]: last")
}

// A daemon that forks twice, leaves its session and hides behind a shell that
// waits must go with its unit, and nothing else may.
func TestKillsWholeGroup(t *testing.T) {
	main := `
func main() {
	a := svc(plan.TypeSimple, sh("(setsid sleep 1001 &); (setsid sh -c 'trap \"\" TERM; while :; do sleep 1002; done' &); setsid sleep 1003 & echo up; wait"))
	e := journal
	e.Env = []string{"RUSTYSD_TEST=KILLGROUP"}
	a.Exec = &e
	a.TimeoutStop = 1 * plan.Second
	runtime.Main(image(unit("a.service", a)), runtime.Services, runtime.Journal)
}`
	bin := build(t, strings.Replace(main, "KILLGROUP", fmt.Sprint("kill", os.Getpid()), 1))
	variable := fmt.Sprint("RUSTYSD_TEST=kill", os.Getpid())
	bystander := exec.Command("sleep", "1004")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bystander.Process.Kill(); _ = bystander.Wait() }()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			r := startIn(t, bin, way.script, way.flags)
			r.wait("]: up")
			n := 0
			for tries := 0; n < 5 && tries < 1000; tries++ { // they are there when they are
				time.Sleep(10 * time.Millisecond)
				n = len(withEnv(t, variable))
			}
			if n < 5 {
				t.Fatalf("only %d processes:\n%s", n, r.text())
			}
			if status := r.stop(syscall.SIGTERM); status != 0 {
				t.Errorf("exit status %d", status)
			}
			if left := withEnv(t, variable); len(left) > 0 {
				t.Errorf("left: %v\n%s", left, r.text())
			}
			if strings.Contains(r.text(), "giving up") {
				t.Error(r.text())
			}
			if bystander.Process.Signal(syscall.Signal(0)) != nil {
				t.Error("a process of nobody's was killed")
			}
		})
	}
}

// ways are the surroundings in which an init may find itself.
var ways = map[string]struct {
	script string
	flags  uintptr
}{
	"subreaper": {},
	"no cgroup": {"mount --make-rprivate /; mount -t tmpfs none /sys/fs/cgroup", syscall.CLONE_NEWNS},
	"pid 1, no cgroup": {"mount --make-rprivate /; mount -t proc proc /proc; mount -t tmpfs none /sys/fs/cgroup; mount -t tmpfs none /run",
		syscall.CLONE_NEWNS | syscall.CLONE_NEWPID},
	"pid 1, cgroup": {"mount --make-rprivate /; mount -t proc proc /proc; mount -t cgroup2 none /sys/fs/cgroup; mount -t tmpfs none /run",
		syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | 0x02000000},
}

func TestIdleMakesNoSystemCall(t *testing.T) {
	bin := build(t, `
func main() {
	runtime.Main(image(unit("a.service", svc(plan.TypeSimple, sh("echo up; exec sleep 1000")))), runtime.Services, runtime.Journal, runtime.Notify)
}`)
	r := start(t, bin)
	r.wait("]: up")
	time.Sleep(500 * time.Millisecond)
	before := switches(t, r.cmd.Process.Pid)
	time.Sleep(3 * time.Second)
	if after := switches(t, r.cmd.Process.Pid); after != before {
		t.Errorf("woke up: %d context switches, then %d", before, after)
	}
	r.stop(syscall.SIGTERM)
}

// switches counts how often a thread of a process has gone to sleep.
func switches(t *testing.T, pid int) (n int) {
	t.Helper()
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if len(paths) == 0 {
		t.Fatal("no threads")
	}
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		for line := range strings.SplitSeq(string(text), "\n") {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.HasSuffix(k, "voluntary_ctxt_switches") {
				c, _ := strconv.Atoi(strings.TrimSpace(v))
				n += c
			}
		}
	}
	return n
}

func TestForking(t *testing.T) {
	dir := t.TempDir()
	bin := build(t, strings.ReplaceAll(`
func main() {
	file := svc(plan.TypeForking, sh("(sleep 1005 & sleep 0.2; echo $! > DIR/run.pid) & exit 0"))
	file.PIDFile = "DIR/run.pid"
	wrong := svc(plan.TypeForking, sh("echo $PPID > DIR/wrong.pid"))
	wrong.PIDFile, wrong.TimeoutStart = "DIR/wrong.pid", 1*plan.Second
	runtime.Main(image(
		unit("file.service", file),
		unit("guess.service", svc(plan.TypeForking, sh("(setsid sh -c 'sleep 0.5; exit 7' &) ; exit 0"))),
		unit("wrong.service", wrong),
	), runtime.Services, runtime.Journal, runtime.Forking)
}`, "DIR", dir))
	r := start(t, bin)
	r.wait("file.service: started")
	r.wait("guess.service: started")
	r.wait("guess.service: failed (exit-code, status 7)") // its end was noticed
	r.wait("which is not a process of the unit")
	r.wait("wrong.service: failed (protocol)") // nobody is left who could write the file
	if n := strings.Count(r.text(), "which is not a process"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if status := r.stop(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d\n%s", status, r.text())
	}
	if _, err := os.Stat(dir + "/run.pid"); err == nil {
		t.Error("the PID file is still there")
	}
}

// An orphan is not left out of the guess because its environment is blank for a
// moment, as it is while execve(2) is at work.
func TestForkingBlank(t *testing.T) {
	// Its environment is blank until its parent was waited for, and its session,
	// which is its own, does not tell either.
	orphan := filepath.Join(t.TempDir(), "orphan")
	err := os.WriteFile(orphan, []byte(`
while kill -0 $1; do :; done 2>/dev/null
INVOCATION_ID=$2 exec /bin/sh -c "sleep 0.5; exit 7"
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	bin := build(t, strings.ReplaceAll(`
func main() {
	runtime.Main(image(unit("guess.service", svc(plan.TypeForking, sh("(setsid env -i /bin/sh ORPHAN $$ $INVOCATION_ID &); sleep 0.1")))),
		runtime.Services, runtime.Journal, runtime.Forking)
}`, "ORPHAN", orphan))
	r := start(t, bin)
	r.wait("guess.service: failed (exit-code, status 7)")
	r.stop(syscall.SIGTERM)
}

func TestNotify(t *testing.T) {
	means.Programs(t, "python3")
	script := filepath.Join(t.TempDir(), "send.py")
	err := os.WriteFile(script, []byte(`
import os, socket, sys, time, array
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
s.send(b"READY=1" + b"X" * 5000)  # too long
time.sleep(0.2)
r, w = os.pipe()
s.sendmsg([b"STATUS=almost\nBARRIER=1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [w]))])
os.close(w)
assert os.read(r, 1) == b""  # the barrier
s.send(b"READY=1\nSTATUS=fine")
time.sleep(1000)
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	bin := build(t, strings.ReplaceAll(`
func main() {
	good := svc(plan.TypeNotify, run(plan.ExecStart, "/usr/bin/env", "python3", "SCRIPT"))
	good.NotifyAccess = plan.NotifyMain
	bad := svc(plan.TypeNotify, sh("python3 SCRIPT & wait"))
	bad.NotifyAccess, bad.TimeoutStart = plan.NotifyMain, 2*plan.Second
	runtime.Main(image(unit("bad.service", bad), unit("good.service", good)), runtime.Services, runtime.Journal, runtime.Notify)
}`, "SCRIPT", script))
	r := start(t, bin)
	r.wait("good.service: started")
	r.wait("too long")
	if text := r.text(); strings.Index(text, "too long") > strings.Index(text, "good.service: started") {
		t.Errorf("ready before it said so:\n%s", text)
	}
	r.wait("bad.service: notification refused")
	r.wait("bad.service: failed (timeout")
	if status := r.stop(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d\n%s", status, r.text())
	}
}

// A reader that stops must not stop the init, and must lose no line of a
// service.
func TestLogBackpressure(t *testing.T) {
	bin := build(t, `
func main() {
	runtime.Main(image(unit("a.service", svc(plan.TypeOneshot, sh("i=0; while [ $i -lt 30000 ]; do echo line $i of many that fill the pipe; i=$((i+1)); done")))),
		runtime.Services, runtime.Journal)
}`)
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin)
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	time.Sleep(time.Second) // nobody reads
	before := cpuTime(t, cmd.Process.Pid)
	time.Sleep(500 * time.Millisecond)
	if used := cpuTime(t, cmd.Process.Pid) - before; used > 5 {
		t.Errorf("spins while the log is full: %d ticks", used)
	}
	next := 0
	s := bufio.NewScanner(pipe)
	for s.Scan() {
		if _, line, ok := strings.Cut(s.Text(), "]: line "); ok {
			if want := fmt.Sprint(next, " of many that fill the pipe"); line != want {
				t.Fatalf("line %q, want %q", line, want)
			}
			next++
		}
		if strings.Contains(s.Text(), "zz.target: reached") {
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	if next != 30000 {
		t.Errorf("%d lines", next)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func cpuTime(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return user + system
}
