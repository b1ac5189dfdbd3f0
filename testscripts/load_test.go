package testscripts

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// Whatever its services do, the init answers who asks, and does not grow. The
// times are printed and not judged: they are the machine's as much as the
// init's. So those of a program that does nothing but answer, and that is asked
// in turns with the init, stand beside them. Who asks comes before all others on
// the processors, or its own waiting for one would be most of what is measured.

// load is what services do to the init.
type load struct {
	name  string
	units map[string]string
	// ended is what the log says when it is over.
	ended string
	// stop is a unit that has to be stopped then, with all that it started.
	stop string
	// lines that the log must have at least.
	lines int64
	// cgroup: with a tree of cgroups too.
	cgroup bool
}

// loadMemory bounds the init's resident memory in KiB, whatever the load.
const loadMemory = 24 << 10

func loads() []load {
	crash := map[string]string{
		"crash@.service": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=10ms\nStandardOutput=null\nStandardError=null\nExecStart=/bin/false\n",
		"clock.service":  "[Service]\nType=oneshot\nStandardOutput=journal\nExecStart=/bin/sh -c 'sleep 1; echo the load is over'\n",
	}
	wants := "clock.service"
	for n := range 1000 {
		wants += fmt.Sprintf(" crash@%d.service", n)
	}
	crash["default.target"] = "[Unit]\nWants=" + wants + "\n"
	one := func(exec string) map[string]string {
		return map[string]string{
			"default.target": "[Unit]\nWants=load.service\n",
			"load.service":   "[Service]\nType=oneshot\nNotifyAccess=all\nExecStart=" + exec + "\nExecStart=/bin/sh -c 'echo the load is over'\n",
		}
	}
	bomb := map[string]string{
		"default.target": "[Unit]\nWants=bomb.service clock.service\n",
		"bomb.service":   "[Service]\nUser=61234\nLimitNPROC=200\nTasksMax=200\nTimeoutStopSec=2s\nStandardError=null\nExecStart=@BIN@/actor bomb:\n",
		"clock.service":  crash["clock.service"],
	}
	both := one("@BIN@/orphans 3000")
	both["default.target"] = "[Unit]\nWants=load.service flood.service\n"
	both["flood.service"] = "[Service]\nNotifyAccess=all\nExecStart=@BIN@/actor flood:1000000000\n"
	return []load{
		{name: "1,000 services that crash and restart", units: crash, ended: "the load is over"},
		{name: "100 MB of lines", units: one("/bin/sh -c 'yes 0123456789012345678901234567890123456789012345678 | head -c 100000000'"), ended: "the load is over", lines: 2_000_000},
		{name: "100,000 notifications", units: one("@BIN@/actor flood:100000"), ended: "the load is over"},
		{name: "10,000 orphans", units: one("@BIN@/orphans 10000"), ended: "the load is over"},
		{name: "notifications and orphans", units: both, ended: "the load is over"},
		{name: "a fork bomb", units: bomb, ended: "the load is over", stop: "bomb.service", cgroup: true},
	}
}

func TestLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("short: makes load")
	}
	means.Root(t)
	for _, l := range loads() {
		dir := faultFolder(t, l.units)
		l.run(t, dir, false)
		if l.cgroup {
			l.run(t, dir, true)
		}
	}
}

// counter counts the lines of a log, keeps its start, and looks for a text.
type counter struct {
	lines atomic.Int64
	over  atomic.Bool
	ended string
	kept  lockedBuffer
	size  int
}

func (c *counter) Write(p []byte) (int, error) {
	c.lines.Add(int64(bytes.Count(p, []byte("\n"))))
	if bytes.Contains(p, []byte(c.ended)) {
		c.over.Store(true)
	}
	if c.size += len(p); c.size < 64<<10 {
		_, _ = c.kept.Write(p)
	}
	return len(p), nil
}

func (l *load) run(t *testing.T, dir string, cgroup bool) {
	name := l.name
	o := sandbox.Options{Init: filepath.Join(dir, "init"), Keep: []string{dir, binDir}, Env: []string{"PATH=" + os.Getenv("PATH")}}
	if cgroup {
		name += ", a cgroup each"
		group, err := sandbox.NewCgroup()
		if err != nil {
			means.Missing(t, "a writable tree of cgroups: "+err.Error())
		}
		defer func() { _ = removeSoon(group) }()
		o.Cgroup = group
	}
	goruntime.LockOSThread() // the init dies with the thread that started it
	defer goruntime.UnlockOSThread()
	cmd, err := sandbox.Command(o)
	if err != nil {
		t.Fatal(err)
	}
	log := &counter{ended: l.ended}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	begin := time.Now()
	times, bare, memory := l.probe(t, cmd.Process.Pid, log)
	took := time.Since(begin)
	end := stopInit(cmd, ended)
	if end != nil {
		t.Errorf("%s: the init: %v\n%.4000s", name, end, log.kept.String())
	}
	if len(times) == 0 {
		t.Fatalf("%s: no answer\n%.4000s", name, log.kept.String())
	}
	t.Logf("load: %s: %d answers in %s, %s (%s); memory %d KiB, %d lines", name, len(times), took.Round(time.Millisecond),
		figures(times), figures(bare), memory, log.lines.Load())
	if memory > loadMemory {
		t.Errorf("%s: the init grew to %d KiB", name, memory)
	}
	if log.lines.Load() < l.lines {
		t.Errorf("%s: %d of %d lines", name, log.lines.Load(), l.lines)
	}
}

// probe asks the control socket until the load is over, and at least 50 times.
func (l *load) probe(t *testing.T, pid int, log *counter) (times, bare []time.Duration, memory int) {
	beside, err := startEcho(t)
	if err != nil {
		t.Fatal(err)
	}
	socket := fmt.Sprintf("/proc/%d/root/run/rustysd/control.sock", pid)
	soon(func() bool { // until it has its own root, the path leads to the host's
		_, err := callControl(socket, goodCall)
		return err == nil
	})
	defer comeFirst(t)()
	failed := 0
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		over := log.over.Load()
		if over && len(times) >= 50 || time.Since(begin) > 40*time.Second {
			if !over {
				t.Errorf("%s: does not come to its end\n%.4000s", l.name, log.kept.String())
			}
			break
		}
		asked := time.Now()
		answer, err := askNow(socket, goodCall)
		if err != nil || !strings.Contains(answer, "default.target") {
			if failed++; failed > 3 {
				t.Errorf("%s: answer %d: %q, %v\n%.4000s", l.name, len(times), answer, err, log.kept.String())
				break
			}
			continue
		}
		times = append(times, time.Since(asked))
		asked = time.Now()
		if _, err := askNow(beside, "{}\n"); err != nil {
			t.Errorf("%s: the bare program: %v", l.name, err)
		}
		bare = append(bare, time.Since(asked))
		memory = max(memory, residentOf(pid))
	}
	if l.stop != "" {
		asked := time.Now()
		answer, err := callControlFor(30*time.Second, socket, `{"jsonrpc":"2.0","id":1,"method":"stop","params":{"unit":"`+l.stop+`"}}`+"\n")
		t.Logf("load: %s: stopped in %s", l.name, time.Since(asked).Round(time.Millisecond))
		// Who has left the cgroup, and runs no more, may still be on its way out.
		gone := soon(func() bool { return processesOf(61234) == 0 })
		if err != nil || !strings.Contains(answer, "done") || !gone {
			t.Errorf("%s: stop answers %q, %v; %d processes are left", l.name, answer, err, processesOf(61234))
		}
	}
	return times, bare, memory
}

// comeFirst gives the calling thread, which is a locked one, the lowest of the
// real-time priorities (sched(7)), and answers what takes it back.
func comeFirst(t *testing.T) func() {
	set := func(policy, priority uint32) error {
		return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: priority, Flags: unix.SCHED_FLAG_RESET_ON_FORK}, 0)
	}
	if err := set(unix.SCHED_RR, 1); err != nil {
		t.Logf("load: the times hold the client's own waiting for a processor: %v", err)
	}
	return func() { _ = set(unix.SCHED_NORMAL, 0) }
}

// askNow is callControl without Go's scheduler: it blocks its thread.
func askNow(path, request string) (string, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &unix.Timeval{Sec: 5})
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return "", err
	}
	if _, err := unix.Write(fd, []byte(request)); err != nil {
		return "", err
	}
	answer := make([]byte, 4096)
	n, err := unix.Read(fd, answer)
	return string(answer[:max(0, n)]), err
}

// figures are the median and the maximum.
func figures(times []time.Duration) string {
	slices.Sort(times)
	return fmt.Sprintf("median %s, slowest %s", times[len(times)/2].Round(10*time.Microsecond), times[len(times)-1].Round(10*time.Microsecond))
}

// startEcho runs a program that answers each line with itself, until the test
// ends.
func startEcho(t *testing.T) (string, error) {
	path := filepath.Join(t.TempDir(), "echo")
	cmd := exec.Command(filepath.Join(binDir, "actor"), "echo:"+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	// The socket is there before it listens.
	soon(func() bool {
		_, err := callControlFor(5*time.Second, path, "{}\n")
		return err == nil
	})
	return path, nil
}

// residentOf is a process's resident memory in KiB.
func residentOf(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// processesOf counts the processes of a user that are no zombies.
func processesOf(uid int) (n int) {
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, f := range files {
		text, _ := os.ReadFile(f)
		if strings.Contains(string(text), fmt.Sprintf("\nUid:\t%d\t", uid)) && !strings.Contains(string(text), "State:\tZ") {
			n++
		}
	}
	return n
}
