package testscripts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// Each system call that the init makes can fail. One boot under strace(1) says
// which it makes, from its first to its last; then each of them fails in a boot
// of its own, with one of the errors that the manual gives it in turn, and the
// first, a middle and the last call of each kind with all of these. The init must
// live, start what can be started, say what could not be, and end in order in a
// bounded time.
//
// Not asked for: calls that have no such error (getpid(2), umask(2),
// rt_sigaction(2), rt_sigprocmask(2), exit_group(2)), and those that Go's own
// runtime makes: it gives up where it can have no memory and no thread.

// faultErrors has the errors of each call, of those that stand for a shortage
// (ENOMEM, EMFILE, EAGAIN), a refusal (EPERM) and an interruption (EINTR).
var faultErrors = map[string]string{
	"accept4":           "EAGAIN EINTR EMFILE ENOMEM EPERM",
	"bind":              "EPERM ENOMEM",
	"capget":            "EPERM",
	"clone3":            "EAGAIN ENOMEM EPERM",
	"close_range":       "ENOMEM EPERM",
	"connect":           "EAGAIN EINTR EPERM",
	"epoll_create1":     "EMFILE ENOMEM",
	"epoll_ctl":         "ENOMEM ENOSPC",
	"epoll_pwait":       "EINTR",
	"eventfd2":          "EMFILE ENOMEM",
	"faccessat":         "ENOMEM EPERM",
	"fchmodat":          "ENOMEM EPERM",
	"fchownat":          "ENOMEM EPERM",
	"fcntl":             "EMFILE EPERM",
	"fstat":             "ENOMEM",
	"getdents64":        "ENOMEM EPERM",
	"getrandom":         "EAGAIN EINTR",
	"getsid":            "EPERM",
	"getsockopt":        "ENOMEM EPERM",
	"inotify_add_watch": "ENOMEM EPERM",
	"inotify_init1":     "EMFILE ENOMEM",
	"inotify_rm_watch":  "EPERM",
	"kill":              "EPERM",
	"listen":            "EPERM",
	"mkdirat":           "ENOMEM EPERM",
	"mknodat":           "ENOMEM EPERM",
	"mmap":              "EAGAIN ENOMEM",
	"mount_setattr":     "ENOMEM EPERM",
	"move_mount":        "ENOMEM EPERM",
	"newfstatat":        "ENOMEM",
	"open_tree":         "EMFILE ENOMEM EPERM",
	"openat":            "EINTR EMFILE ENOMEM EPERM",
	"pidfd_open":        "EMFILE ENOMEM",
	"pipe2":             "EMFILE ENOMEM",
	"prctl":             "EPERM",
	"pread64":           "EINTR",
	"read":              "EAGAIN EINTR ENOMEM",
	"readlinkat":        "ENOMEM EPERM",
	"recvmsg":           "EAGAIN EINTR ENOMEM",
	"renameat":          "ENOMEM EPERM",
	"sched_getattr":     "EPERM",
	"sched_setattr":     "EPERM",
	"sendto":            "EAGAIN EINTR ENOMEM",
	"setsockopt":        "ENOMEM EPERM",
	"socket":            "EMFILE ENOMEM EPERM",
	"statfs":            "EINTR ENOMEM",
	"symlinkat":         "ENOMEM EPERM",
	"timerfd_create":    "EMFILE ENOMEM",
	"timerfd_settime":   "EPERM",
	"umount2":           "ENOMEM EPERM",
	"unlinkat":          "ENOMEM EPERM",
	"unshare":           "ENOMEM EPERM",
	"waitid":            "EINTR",
	"write":             "EAGAIN EINTR EPERM",
}

// faultless are the calls that have none of these errors, or are Go's.
var faultless = map[string]string{
	"geteuid": "cannot fail", "arch_prctl": "Go", "clone": "Go: a thread", "close": "closes whatever it says, but not under strace", "execve": "before the init", "exit_group": "cannot fail", "futex": "Go",
	"getpid": "cannot fail", "gettid": "Go", "madvise": "Go: advice", "munmap": "cannot fail here", "rt_sigaction": "cannot fail",
	"rt_sigprocmask": "cannot fail", "rt_sigreturn": "cannot fail", "sigaltstack": "Go", "sched_getaffinity": "Go", "umask": "cannot fail",
	"sched_yield": "Go", "nanosleep": "Go", "tgkill": "Go", "restart_syscall": "the kernel's", "prlimit64": "Go", "mprotect": "Go",
}

// faultUnits are a service, one that says when it is ready, a list of commands,
// and a socket with its service. Each leaves a file when it runs.
var faultUnits = map[string]string{
	"default.target": "[Unit]\nWants=plain.service ready.service once.service daemon.service talk.socket\n",
	"plain.service":  "[Service]\nRuntimeDirectory=plain\nTimeoutStopSec=500ms\nExecStart=/bin/sh -c 'echo plain runs; : >/run/plain.ran; exec sleep 1000'\n",
	"ready.service": "[Unit]\nAfter=plain.service\n[Service]\nType=notify\nTimeoutStartSec=4s\nTimeoutStopSec=500ms\n" +
		"ExecStart=@BIN@/actor file:/run/ready.ran notify:READY=1|STATUS=up wait:ready\n",
	"once.service": "[Service]\nType=oneshot\nTimeoutStartSec=4s\nExecStart=/bin/true\nExecStart=/bin/sh -c 'echo once runs; : >/run/once.ran'\n",
	"daemon.service": "[Service]\nType=forking\nPIDFile=/run/daemon.pid\nTimeoutStartSec=4s\nTimeoutStopSec=500ms\n" +
		"ExecStart=/bin/sh -c 'setsid sleep 1000 & (sleep 0.02; echo $$! >/run/daemon.pid; : >/run/daemon.ran) & exit 0'\n",
	"talk.socket":  "[Socket]\nListenStream=/run/talk.sock\nSocketUser=nobody\nSocketMode=0600\n",
	"talk.service": "[Service]\nTimeoutStopSec=500ms\nExecStart=/bin/sh -c ': >/run/talk.ran; exec sleep 1000'\n",
}

// richUnits have what those do not: files that are read before a start, a view
// of the file system, credentials, stored descriptors, a watchdog, conditions, a
// service that crashes once, a main process that is guessed, sockets of the
// network, a FIFO among them, and programs that speak to the journal.
var richUnits = map[string]string{
	"default.target": "[Unit]\nWants=plain.service ready.service once.service daemon.service talk.socket again.service\n",
	"plain.service": "[Service]\nEnvironmentFile=-/nonexistent\nEnvironmentFile=@DIR@/environment\nLoadCredential=one:@DIR@/environment\nSetCredential=two:text\n" +
		"PrivateTmp=yes\nProtectSystem=full\nProtectHome=yes\nRuntimeDirectory=plain\nStandardOutput=append:/run/plain.out\nTimeoutStopSec=500ms\n" +
		"ExecStartPre=/bin/true\nExecStart=/bin/sh -c ': >/run/plain.ran; exec sleep 1000'\nExecStop=/bin/true\n",
	"ready.service": "[Unit]\nAfter=plain.service\n[Service]\nType=notify\nFileDescriptorStoreMax=4\nWatchdogSec=10\nTimeoutStartSec=4s\nTimeoutStopSec=500ms\n" +
		"ExecStart=@BIN@/actor file:/run/ready.ran fds:open:FDSTORE=1|FDNAME=one notify:READY=1|STATUS=up wait:ready\n",
	"once.service": "[Unit]\nConditionPathExists=/proc/self\nConditionDirectoryNotEmpty=/dev\n[Service]\nType=oneshot\nRemainAfterExit=yes\nDynamicUser=yes\n" +
		"TimeoutStartSec=4s\nExecStart=-/usr/bin/logger -u /run/systemd/journal/dev-log hears\nExecStart=-/usr/bin/systemd-cat /bin/echo a line\n" +
		"ExecStart=-/bin/sh -c 'echo MESSAGE=x | logger --journald'\nExecStartPost=+/bin/sh -c ': >/run/once.ran'\nExecStopPost=/bin/true\n",
	"daemon.service": "[Service]\nType=forking\nTimeoutStartSec=4s\nTimeoutStopSec=500ms\nExecStart=/bin/sh -c 'setsid sleep 1000 & : >/run/daemon.ran; exit 0'\n",
	"again.service": "[Service]\nRestart=on-failure\nRestartSec=10ms\nTimeoutStopSec=500ms\n" +
		"ExecStart=/bin/sh -c '[ -e /run/again.first ] || { : >/run/again.first; exit 1; }; exec sleep 1000'\n",
	"talk.socket":  "[Socket]\nListenStream=/run/talk.sock\nListenStream=127.0.0.1:8399\nListenDatagram=[::1]:8399\nListenFIFO=/run/talk.fifo\nListenSequentialPacket=@talk\nPassCredentials=yes\n",
	"talk.service": "[Service]\nTimeoutStopSec=500ms\nExecStart=/bin/sh -c ': >/run/talk.ran; exec sleep 1000'\n",
}

// faultFiles are what the services leave.
var faultFiles = []string{"plain.ran", "ready.ran", "once.ran", "daemon.ran", "talk.ran"}

// fault is one call that fails. The zero value is a boot without.
type fault struct {
	call, err string
	when      int
}

func (f fault) String() string { return fmt.Sprintf("%s=%s:when=%d", f.call, f.err, f.when) }

// faultRun is what became of a boot.
type faultRun struct {
	log, trace string
	missing    []string // of faultFiles
	silent     bool     // the control socket did not answer
	end        error
	took       time.Duration
}

func TestFaults(t *testing.T) { injectInto(t, faultUnits, true, false) }

// TestFaultsOfMore does so for the calls that the other units have made necessary.
func TestFaultsOfMore(t *testing.T) { injectInto(t, richUnits, true) }

// injectInto boots units with each fault, with a tree of cgroups and without.
func injectInto(t *testing.T, units map[string]string, cgroups ...bool) {
	if testing.Short() {
		t.Skip("short: boots some hundred times")
	}
	t.Parallel() // it waits more than it works
	means.Root(t)
	means.Programs(t, "strace")
	dir := faultFolder(t, units)
	for _, cgroup := range cgroups {
		injectAll(t, dir, cgroup, faultsOf(t, faultBase(t, dir, cgroup)))
	}
}

// faultBase is the trace of a boot without a fault.
func faultBase(t *testing.T, dir string, cgroup bool) string {
	t.Helper()
	base := faultBoot(t, dir, cgroup, fault{})
	if why := base.died(); why != "" || len(base.missing) > 0 || base.silent {
		t.Fatalf("without a fault: %s, missing %q, silent %v\n%s", why, base.missing, base.silent, base.log)
	}
	return base.trace
}

// faultFolder compiles units.
func faultFolder(t *testing.T, units map[string]string, flags ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp(rootDir, "faults-")
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Mkdir(filepath.Join(dir, "units"), 0o755)
	_ = os.Chmod(dir, 0o755)
	_ = os.WriteFile(filepath.Join(dir, "environment"), []byte("A=1\n"), 0o644)
	for name, text := range units {
		text = strings.NewReplacer("@BIN@", binDir, "@DIR@", dir).Replace(text)
		if err := os.WriteFile(filepath.Join(dir, "units", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compileUnits(t, dir, flags...)
	return dir
}

// injectAll boots once for each fault, some at a time.
func injectAll(t *testing.T, dir string, cgroup bool, faults []fault) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	injected, survived, missed, repeated := 0, 0, 0, 0
	next := make(chan fault)
	for range faultWorkers {
		wg.Go(func() {
			for f := range next {
				run := faultBoot(t, dir, cgroup, f)
				hit, why := run.judge(f)
				// No two boots make just as many calls: one that came too late
				// is tried again a little earlier.
				for try := 1; !hit && try < 4; try++ {
					f.when = max(1, run.calls(f.call)-try)
					run = faultBoot(t, dir, cgroup, f)
					hit, why = run.judge(f)
				}
				// A busy machine may take longer than a boot may; what a fault
				// does, it does again.
				twice := hit && why != "" && !strings.Contains(run.log, "BUG")
				if twice {
					run = faultBoot(t, dir, cgroup, f)
					hit, why = run.judge(f)
				}
				mu.Lock()
				if twice {
					repeated++
				}
				switch {
				case !hit:
					missed++
				case why == "":
					injected, survived = injected+1, survived+1
				default:
					injected++
					t.Errorf("%s (cgroups: %v), after %s: %s\n%s%s", f, cgroup, run.took.Round(time.Millisecond), why, run.trace, run.log)
				}
				mu.Unlock()
			}
		})
	}
	for _, f := range faults {
		next <- f
	}
	close(next)
	wg.Wait()
	t.Logf("faults: injected %d, survived %d (cgroups: %v; %d hit nothing, %d were repeated)", injected, survived, cgroup, missed, repeated)
	if missed*20 > len(faults) {
		t.Errorf("%d of %d faults hit nothing", missed, len(faults))
	}
}

// calls counts how often the trace has a call.
func (run *faultRun) calls(call string) (n int) {
	for line := range strings.Lines(run.trace) {
		if strings.HasPrefix(line, call+"(") {
			n++
		}
	}
	return n
}

// faultWorkers boots run at a time: each waits more than it works.
const faultWorkers = 4

// traced is a line of strace: a call and its arguments.
var traced = regexp.MustCompile(`^(\w+)\((.*)`)

// faultsOf reads the trace of a boot. The init's own calls begin with its
// close_range(2); what comes before is Go's, and the shell's.
func faultsOf(t *testing.T, trace string) (faults []fault) {
	count := map[string]int{}
	own := map[string][]int{}
	var order []string
	begun := false
	for line := range strings.Lines(trace) {
		m := traced.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		call, args := m[1], m[2]
		count[call]++
		begun = begun || call == "close_range"
		if !begun || faultless[call] != "" || goCall(call, args) {
			continue
		}
		if faultErrors[call] == "" {
			t.Errorf("the init makes %s: say in faultErrors what it can fail with", call)
		}
		if own[call] == nil {
			order = append(order, call)
		}
		own[call] = append(own[call], count[call])
	}
	for _, call := range order {
		n, errs := len(own[call]), strings.Fields(faultErrors[call])
		for k, when := range own[call] {
			for number, e := range errs {
				if k == 0 || k == n/2 || k == n-1 || k%len(errs) == number {
					faults = append(faults, fault{call, e, when})
				}
			}
		}
	}
	return faults
}

// goCall tells the calls of which the init makes others too: the memory of Go's
// runtime is private, the init's is shared with a child.
func goCall(call, args string) bool {
	switch call {
	case "mmap":
		return !strings.Contains(args, "MAP_SHARED")
	case "prctl":
		return strings.Contains(args, "PR_SET_VMA")
	case "write":
		return strings.Contains(args, bellRings)
	}
	return false
}

// bellRings is what the handler of signals writes to its eventfd. That fails
// only when the counter is full (eventfd(2)), and then the bell has rung.
const bellRings = `, "\1\0\0\0\0\0\0\0", 8)`

// faultBoot boots the init of a folder with a fault, uses it, and stops it.
func faultBoot(t *testing.T, dir string, cgroup bool, f fault) (run faultRun) {
	o := sandbox.Options{Init: "/bin/sh", Args: []string{"-c", "echo here; read go; exec " + filepath.Join(dir, "init")},
		Keep: []string{dir, binDir}, Net: true, Env: []string{"PATH=" + os.Getenv("PATH")}}
	if cgroup {
		group, err := sandbox.NewCgroup()
		if err != nil {
			t.Error(err)
			return run
		}
		defer func() { _ = removeSoon(group) }()
		o.Cgroup = group
	}
	goruntime.LockOSThread() // the init dies with the thread that started it
	defer goruntime.UnlockOSThread()
	cmd, err := sandbox.Command(o)
	if err != nil {
		t.Error(err)
		return run
	}
	var log lockedBuffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &log, &log, time.Second
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return run
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	begin := time.Now()
	strace, trace := attach(t, cmd.Process.Pid, &log, f)
	_, _ = stdin.Write([]byte("go\n"))
	run.use(cmd.Process.Pid, &log)
	run.end = stopInit(cmd, ended)
	run.took = time.Since(begin)
	if strace != nil {
		_ = strace.Wait() // it ends with the process
	}
	text, _ := os.ReadFile(trace)
	_ = os.Remove(trace)
	run.trace, run.log = string(text), log.String()
	return run
}

// attach has strace follow the process that will be the init, once that has
// said that it is there and waits for the word to go on.
func attach(t *testing.T, pid int, log *lockedBuffer, f fault) (*exec.Cmd, string) {
	soon(func() bool { return log.String() != "" && sleeps(pid) })
	file, err := os.CreateTemp(rootDir, "trace-")
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	file.Close()
	args := []string{"-o", file.Name(), "-p", strconv.Itoa(pid)}
	if f.call != "" {
		args = append(args, "-e", "trace="+f.call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", f.call, f.err, f.when))
	}
	strace := exec.Command("strace", args...)
	var said lockedBuffer
	strace.Stderr = &said
	if err := strace.Start(); err != nil {
		t.Error(err)
		return nil, file.Name()
	}
	if !soon(func() bool { return strings.Contains(said.String(), "attached") }) {
		t.Error("strace does not attach: ", said.String())
	}
	return strace, file.Name()
}

// soon waits for something that is to happen at once.
func soon(done func() bool) bool {
	for begin := time.Now(); time.Since(begin) < 5*time.Second; time.Sleep(2 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return false
}

// sleeps tells a process that waits.
func sleeps(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && bytes.Contains(stat, []byte(") S "))
}

// use asks for everything that the image does.
func (run *faultRun) use(pid int, log *lockedBuffer) {
	root := fmt.Sprintf("/proc/%d/root/run/", pid)
	bootEnds := func() bool { return strings.Contains(log.String(), "default.target: ") || !exists(root) }
	soon(bootEnds)
	run.silent = !answersControl(root)
	if conn, err := net.DialTimeout("unix", root+"talk.sock", time.Second); err == nil {
		_, _ = conn.Write([]byte("x"))
		defer conn.Close()
	}
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(2 * time.Millisecond) {
		run.missing = nil
		for _, name := range faultFiles {
			if !exists(root + name) {
				run.missing = append(run.missing, name)
			}
		}
		// One may have failed; the others come, however slow the machine is.
		if n := len(run.missing); n == 0 || n == 1 && strings.Contains(log.String(), "failed") && time.Since(begin) > 300*time.Millisecond {
			return
		}
	}
}

// answersControl asks the control socket as a client does, that tries again.
func answersControl(root string) bool {
	for range 3 {
		if answer, err := callControl(root+"rustysd/control.sock", goodCall); err == nil && strings.Contains(answer, "default.target") {
			return true
		}
	}
	return false
}

// callControl sends a request, and is the line of the answer, which takes a
// second at most.
func callControl(path, request string) (string, error) {
	return callControlFor(time.Second, path, request)
}

func callControlFor(wait time.Duration, path, request string) (string, error) {
	conn, err := net.DialTimeout("unix", path, wait)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(wait))
	if _, err := conn.Write([]byte(request)); err != nil {
		return "", err
	}
	var raw json.RawMessage
	err = json.NewDecoder(conn).Decode(&raw)
	return string(raw), err
}

// stopInit sends SIGTERM, and is how the init ended; one that does not end in
// time is killed.
func stopInit(cmd *exec.Cmd, ended chan error) error {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-time.After(faultStop):
		_ = cmd.Process.Signal(syscall.SIGQUIT) // Go says where it is
		time.Sleep(500 * time.Millisecond)
		_ = cmd.Process.Kill()
		<-ended
		return fmt.Errorf("does not end within %s", faultStop)
	}
}

// faultStop is more than all the timeouts of the units together.
const faultStop = 8 * time.Second

// died says how an init ended that should have ended in order.
func (run *faultRun) died() string {
	switch {
	case run.end != nil:
		return run.end.Error()
	case strings.Contains(run.log, "panic") || strings.Contains(run.log, "goroutine "):
		return "panics"
	}
	return ""
}

// judge tells if the fault hit, and what is wrong then.
func (run *faultRun) judge(f fault) (hit bool, why string) {
	line := ""
	for l := range strings.Lines(run.trace) {
		if strings.Contains(l, "(INJECTED)") {
			line = l
		}
	}
	if m := traced.FindStringSubmatch(line); m == nil || goCall(m[1], m[2]) {
		return false, ""
	}
	if why := run.died(); why != "" {
		return true, why
	}
	said := strings.Contains(run.log, "failed") || strings.Contains(run.log, "no control socket") ||
		strings.Contains(run.log, errorText(f.err)) || f.call == "write"
	switch {
	case strings.Contains(run.log, "BUG"):
		return true, "the init has a fault of its own"
	case run.outOfOrder():
		return true, "plain.service stops before ready.service, which is after it"
	case len(run.missing) > 1:
		return true, fmt.Sprintf("these did not run: %q", run.missing)
	case len(run.missing) > 0 && !said:
		return true, fmt.Sprintf("%q did not run, and nothing is said", run.missing)
	case run.silent && !said:
		return true, "the control socket does not answer, and nothing is said"
	}
	return true, ""
}

// outOfOrder looks at the order of the stop.
func (run *faultRun) outOfOrder() bool {
	later := strings.Index(run.log, "ready.service: stopped")
	earlier := strings.Index(run.log, "plain.service: stopping")
	return later >= 0 && earlier >= 0 && earlier < later
}

// errorText is what an error is called in the log.
func errorText(name string) string {
	return map[string]string{"EAGAIN": syscall.EAGAIN.Error(), "EINTR": syscall.EINTR.Error(), "EMFILE": syscall.EMFILE.Error(), "ENOSPC": syscall.ENOSPC.Error(),
		"ENOMEM": syscall.ENOMEM.Error(), "EPERM": syscall.EPERM.Error()}[name]
}

// lockedBuffer is written by a copying goroutine and read meanwhile.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
