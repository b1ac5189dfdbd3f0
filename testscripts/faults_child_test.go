package testscripts

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// Between clone and execve a child makes the calls of its unit's table. When
// one fails the unit fails with the exit status that systemd.exec(5), "Process
// Exit Codes", has for the step; a few may fail, and the program runs.

// victimUnits have one unit whose child does most of what a child can do.
var victimUnits = map[string]string{
	"default.target": "[Unit]\nOnFailure=victim.service bare.service\n",
	"bare.service":   "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nUser=nobody\nExecStart=/bin/true\n",
	"victim.service": `[Unit]
StartLimitIntervalSec=0
[Service]
Type=oneshot
ExecStart=/bin/true
User=nobody
SupplementaryGroups=daemon
WorkingDirectory=/tmp
StandardOutput=file:/run/out
StandardError=file:/run/err
Nice=5
OOMScoreAdjust=100
CPUSchedulingPolicy=batch
CPUAffinity=0
IOSchedulingClass=idle
TimerSlackNSec=1ms
LimitNOFILE=100
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_CHOWN
Personality=x86-64
SystemCallFilter=@system-service
ProtectSystem=strict
RuntimeDirectory=victim
KeyringMode=private
`,
}

// childStatus has, for the first call of each kind, the exit statuses of a
// child in which it fails with ENOMEM and with EPERM. 0 is that the program runs:
// a confinement that a container refuses is left out, as systemd does.
var childStatus = map[string][2]int{
	"setsid": {220, 220}, "dup3": {208, 208}, "openat": {209, 209}, "setpriority": {201, 0}, "sched_setscheduler": {214, 214},
	"ioprio_set": {211, 211}, "prctl PR_SET_TIMERSLACK": {212, 212}, "sched_setaffinity": {215, 215}, "personality": {230, 230},
	"mkdirat": {233, 233}, "fchmodat": {233, 233}, "fchownat": {233, 233}, "prlimit64": {0, 0}, // tried again, within the hard limit
	"unshare CLONE_NEWNS": {226, 0}, "mount": {226, 226}, "open_tree": {226, 226}, "mount_setattr": {226, 226}, "move_mount": {226, 226},
	"setgroups": {216, 216}, "setresgid": {216, 216}, "setresuid": {217, 217}, "prctl PR_CAPBSET_DROP": {218, 218},
	"chdir": {200, 200}, "prctl PR_SET_NO_NEW_PRIVS": {227, 227}, "seccomp": {228, 228}, "execve": {203, 203},
	"keyctl":      {0, 0}, // a keyring of its own is no confinement
	"add_key":     {0, 0},
	"capset":      {218, 218},
	"close_range": {0, 0}, // every descriptor is close-on-exec
}

// childCall is a call of a child: which of its kind it is.
type childCall struct {
	name, arg string
	when      int
}

func (c childCall) String() string { return strings.TrimSpace(c.name + " " + c.arg) }

// unit is whose child makes the call. A filter sees a call that strace makes
// fail as one that does not exist, and kills, so the last one has none.
func (c childCall) unit() string {
	if c.name == "execve" {
		return "bare.service"
	}
	return "victim.service"
}

func TestFaultsOfChildren(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds and boots")
	}
	means.Root(t)
	means.Programs(t, "strace")
	dir := faultFolder(t, victimUnits, "--root", "/")
	pid, log := bootVictim(t, dir)
	calls := callsOfChild(t, victimTrace(t, pid, "victim.service", ""))
	injected, survived := 0, 0
	for _, c := range calls {
		want, known := childStatus[c.String()]
		if (c.name == "setresgid" || c.name == "setresuid") && c.when <= 2 {
			want = [2]int{237, 237} // the keyring is the user's: there, and back
		}
		if !known {
			t.Errorf("the child calls %s: say in childStatus what a failure means", c)
		}
		for n, e := range [...]string{"ENOMEM", "EPERM"} {
			injected++
			trace := victimTrace(t, pid, c.unit(), fmt.Sprintf("inject=%s:error=%s:when=%d", c.name, e, c.when))
			status, result := victimResult(t, pid, c.unit())
			ok := status == want[n] && (result == "success") == (status == 0) && strings.Contains(trace, "INJECTED")
			if !ok {
				t.Errorf("%s fails with %s: status %d, result %s, want status %d\n%s", c, e, status, result, want[n], trace)
				continue
			}
			survived++
		}
	}
	t.Logf("faults: injected %d, survived %d (in children)", injected, survived)
	if t.Failed() {
		t.Log(log.String())
	}
}

// bootVictim boots without a tree of cgroups: then the init makes few calls of
// the kinds that its child makes.
func bootVictim(t *testing.T, dir string) (int, *lockedBuffer) {
	goruntime.LockOSThread() // the init dies with the thread that started it
	t.Cleanup(goruntime.UnlockOSThread)
	cmd, err := sandbox.Command(sandbox.Options{Init: filepath.Join(dir, "init"), Keep: []string{dir, binDir}, Env: []string{"PATH=" + os.Getenv("PATH")}})
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := stopInit(cmd, ended); err != nil {
			t.Errorf("the init: %v\n%s", err, log.String())
		}
	})
	if !soon(func() bool { return strings.Contains(log.String(), "reached") }) {
		t.Fatal(log.String())
	}
	return cmd.Process.Pid, log
}

// victimTrace starts the unit under strace.
func victimTrace(t *testing.T, pid int, unit, inject string) string {
	file := filepath.Join(t.TempDir(), "trace")
	args := []string{"-f", "-o", file, "-p", strconv.Itoa(pid)}
	if inject != "" {
		args = append(args, "-e", inject)
	}
	strace := exec.Command("strace", args...)
	var said lockedBuffer
	strace.Stderr = &said
	if err := strace.Start(); err != nil {
		t.Fatal(err)
	}
	soon(func() bool { return strings.Contains(said.String(), "attached") })
	_, err := callControl(victimSocket(pid), `{"jsonrpc":"2.0","id":1,"method":"start","params":{"unit":"`+unit+`"}}`+"\n")
	_ = strace.Process.Signal(os.Interrupt) // it lets go
	_ = strace.Wait()
	if err != nil && err != io.EOF {
		t.Errorf("%s: %v", inject, err)
	}
	trace, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(trace)
}

func victimSocket(pid int) string { return fmt.Sprintf("/proc/%d/root/run/rustysd/control.sock", pid) }

var statusOf = regexp.MustCompile(`"ExecMainStatus":"?(\d+)"?`)
var resultOf = regexp.MustCompile(`"Result":"([a-z-]+)"`)

func victimResult(t *testing.T, pid int, unit string) (int, string) {
	answer, err := callControl(victimSocket(pid), `{"jsonrpc":"2.0","id":1,"method":"show","params":{"unit":"`+unit+`","properties":["ExecMainStatus","Result"]}}`+"\n")
	s, r := statusOf.FindStringSubmatch(answer), resultOf.FindStringSubmatch(answer)
	if err != nil || s == nil || r == nil {
		t.Fatalf("the init answers %q, %v", answer, err)
	}
	status, _ := strconv.Atoi(s[1])
	return status, r[1]
}

// notInjected are calls that the init makes too, at the same time, and that
// strace does not make fail as the kernel would: a close(2) lets go of its
// descriptor whatever it answers, and the bell of the signals cannot fail.
var notInjected = []string{"close", "write"}

// callsOfChild reads which calls the child made up to its program: the first
// of each kind.
func callsOfChild(t *testing.T, trace string) (calls []childCall) {
	child := regexp.MustCompile(`(?m)^(\d+) +setsid\(`).FindStringSubmatch(trace)
	if child == nil {
		t.Fatal("no child in\n", trace)
	}
	call := regexp.MustCompile(`^` + child[1] + ` +(\w+)\((PR_\w+|CLONE_\w+)?`)
	count := map[string]int{}
	for line := range strings.Lines(trace) {
		m := call.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		count[m[1]]++
		if _, can := childStatus[m[1]]; !can && faultless[m[1]] != "" || slices.Contains(notInjected, m[1]) {
			continue
		}
		c := childCall{m[1], m[2], count[m[1]]}
		if !slices.ContainsFunc(calls, func(d childCall) bool { return c.name == d.name && c.arg == d.arg }) {
			calls = append(calls, c)
		}
		if m[1] == "execve" {
			return calls
		}
	}
	t.Fatal("no program is executed in\n", trace)
	return nil
}
