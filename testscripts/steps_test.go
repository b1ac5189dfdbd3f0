package testscripts

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// failingStep is a unit whose child fails before its program begins.
type failingStep struct {
	// status is the exit status of systemd.exec(5), "Process Exit Codes".
	status int
	name   string
	// settings are those of [Service], separated by "|"; the step's own is the
	// last one, or the command where it is "".
	settings string
	// call is the system call of the child that strace makes fail; "" where the
	// setting fails by itself.
	call string
	// path is how what it was about begins, which the log has before the error.
	path string
	// newer is set where the systemd that is asked does not know the setting.
	newer bool
}

var failingSteps = []failingStep{
	{200, "CHDIR", "WorkingDirectory=/no/such", "", "/no/such", false},
	{201, "NICE", "Nice=5", "setpriority", "", false},
	{202, "FDS", "OpenFile=/no/such/file", "", "bad file descriptor", true},
	{203, "EXEC", "ExecStart=|ExecStart=/etc/passwd", "", "/etc/passwd", false},
	{203, "EXEC", "ExecStart=|ExecStart=/no/such/program", "", "/no/such/program", false},
	{205, "LIMITS", "CoredumpFilter=private-anonymous", "openat", "/proc/self/coredump_filter", false},
	{206, "OOM_ADJUST", "OOMScoreAdjust=100", "openat", "/proc/self/oom_score_adj", false},
	{208, "STDIN", "StandardInput=file:/no/such", "", "/no/such", false},
	{209, "STDOUT", "StandardOutput=file:/no/such/out", "", "/no/such/out", false},
	{210, "CHROOT", "MountAPIVFS=no|RootDirectory=/no/such/root", "", "/no/such/root", false},
	{226, "NAMESPACE", "RootDirectory=/no/such/root", "", "/no/such/root", false},
	{211, "IOPRIO", "IOSchedulingClass=idle", "ioprio_set", "", false},
	{212, "TIMERSLACK", "TimerSlackNSec=1ms", "prctl", "", false},
	{213, "SECUREBITS", "SecureBits=noroot", "prctl", "", false},
	{214, "SETSCHEDULER", "CPUSchedulingPolicy=batch", "sched_setscheduler", "", false},
	{215, "CPUAFFINITY", "CPUAffinity=1000", "", "", false},
	{215, "CPUAFFINITY", "NUMAMask=63|CPUAffinity=numa", "", "no such file or directory", false},
	{216, "GROUP", "Group=no-such-group", "", "", false},
	{216, "GROUP", "SupplementaryGroups=no-such-group", "", "", false},
	{217, "USER", "User=no-such-user", "", "", false},
	{218, "CAPABILITIES", "CapabilityBoundingSet=CAP_KILL", "prctl", "", false},
	{220, "SETSID", "", "setsid", "", false},
	{222, "STDERR", "StandardError=file:/no/such/err", "", "/no/such/err", false},
	{225, "NETWORK", "PrivateNetwork=yes", "unshare", "", false},
	{226, "NAMESPACE", "ReadOnlyPaths=/no/such/path", "", "/no/such/path", false},
	{226, "NAMESPACE", "ProtectSystem=strict", "unshare", "", false},
	{227, "NO_NEW_PRIVILEGES", "NoNewPrivileges=yes", "prctl", "", false},
	{228, "SECCOMP", "SystemCallFilter=~@swap", "seccomp", "", false},
	{230, "PERSONALITY", "Personality=x86-64", "personality", "", false},
	{232, "ADDRESS_FAMILIES", "RestrictAddressFamilies=AF_UNIX", "seccomp", "", false},
	{233, "RUNTIME_DIRECTORY", "RuntimeDirectory=rustysd-steps", "mkdirat", "/run", false},
	{238, "STATE_DIRECTORY", "StateDirectory=rustysd-steps", "mkdirat", "/var", false},
	{239, "CACHE_DIRECTORY", "CacheDirectory=rustysd-steps", "mkdirat", "/var", false},
	{240, "LOGS_DIRECTORY", "LogsDirectory=rustysd-steps", "mkdirat", "/var", false},
	{241, "CONFIGURATION_DIRECTORY", "ConfigurationDirectory=rustysd-steps", "mkdirat", "/etc", false},
	{243, "CREDENTIALS", "LoadCredential=x:/no/such/credential", "", "", false},
	{242, "NUMA_POLICY", "NUMAPolicy=bind|NUMAMask=63", "", "", false},
}

// text is the unit, and the line that the failure is to be put down to.
func (f *failingStep) text(head string) (text string, line int) {
	text = "[Unit]\n" + head + "StartLimitIntervalSec=0\n[Service]\nType=oneshot\nExecStart=/bin/true\n"
	line = strings.Count(text, "\n")
	for s := range strings.SplitSeq(f.settings, "|") {
		if s != "" {
			text += s + "\n"
			line++
		}
	}
	if strings.Contains(f.settings, "NUMAPolicy") {
		line-- // it is the policy that fails, whatever its mask
	}
	return text, line
}

// TestFailingSteps: the log names the step that failed as systemd does, and the
// line of the unit that asked for it.
func TestFailingSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds and boots")
	}
	means.Root(t)
	means.Programs(t, "strace")
	units := map[string]string{"default.target": ""}
	wants := "[Unit]\nOnFailure="
	for i := range failingSteps {
		name := fmt.Sprintf("step%d.service", i)
		units[name], _ = failingSteps[i].text("")
		wants += " " + name
	}
	units["default.target"] = wants + "\n"
	dir := faultFolder(t, units)
	pid, log := bootVictim(t, dir)
	for i := range failingSteps {
		f := &failingSteps[i]
		name := fmt.Sprintf("step%d.service", i)
		startUnit(t, pid, name)
		if f.call != "" { // which is all that can go wrong, and is done once by the init itself
			if status, result := victimResult(t, pid, name); status != 0 || result != "success" {
				t.Errorf("%s: status %d, result %s, without a fault", f.settings, status, result)
			}
			victimTrace(t, pid, name, "inject="+f.call+":error=ENOSPC:when=1")
		}
		status, result := victimResult(t, pid, name)
		if status != f.status || result != "exit-code" {
			t.Errorf("%s: status %d, result %s, want %d", f.settings, status, result, f.status)
		}
		_, line := f.text("")
		for _, want := range []string{
			fmt.Sprintf("%s: failed at step %s: %s", name, f.name, f.path),
			fmt.Sprintf("/%s:%d)\n", name, line),
			fmt.Sprintf("%s: process ended (exit-code, status %d/%s)\n", name, f.status, f.name),
		} {
			if !soon(func() bool { return strings.Contains(log.String(), want) }) {
				t.Errorf("%q (%s): the log has no %q:\n%s", f.settings, f.call, want, linesAbout(log.String(), name))
			}
		}
	}
}

// tolerated are steps that the compiler makes and that no failure of fails the
// unit, or that take a kernel that TestMachineBoots has.
var tolerated = []string{"Keyring", "AppArmor"}

// TestEveryStepFails: no step that the compiler makes is missing in the table.
func TestEveryStepFails(t *testing.T) {
	if testing.Short() {
		t.Skip("short: goes with TestFailingSteps")
	}
	sources, _ := filepath.Glob(filepath.Join(moduleDir, "compiler", "*.go"))
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range stepNames.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(tolerated, m[1]) && !slices.ContainsFunc(failingSteps, func(f failingStep) bool {
				return strings.EqualFold(strings.ReplaceAll(f.name, "_", ""), m[1])
			}) {
				t.Errorf("%s makes plan.Step%s: failingSteps must have a unit that fails there", filepath.Base(source), m[1])
			}
		}
	}
}

var stepNames = regexp.MustCompile(`plan\.Step([A-Z]\w+)`)

// startUnit asks the init for a start and waits for its end.
func startUnit(t *testing.T, pid int, unit string) {
	t.Helper()
	_, err := callControl(victimSocket(pid), `{"jsonrpc":"2.0","id":1,"method":"start","params":{"unit":"`+unit+`"}}`+"\n")
	if err != nil && err != io.EOF {
		t.Errorf("start %s: %v", unit, err)
	}
}

// linesAbout are the lines of a log about a unit.
func linesAbout(log, unit string) (out string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, unit) {
			out += line
		}
	}
	return out
}

// TestStepsLikeSystemd: what fails by itself fails in systemd with the same
// status.
func TestStepsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	var names []string
	folder := func(t *testing.T) string {
		dir, err := os.MkdirTemp("/var/tmp", "rustysd-oracle-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		names = nil
		for i := range failingSteps {
			if failingSteps[i].call == "" && !failingSteps[i].newer {
				name := fmt.Sprintf("step%d", i)
				text, _ := failingSteps[i].text("OnFailure=note@" + name + ".service\n")
				write(t, filepath.Join(dir, "units", name+".service"), text)
				names = append(names, name)
			}
		}
		write(t, filepath.Join(dir, "units", "note@.service"), "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\n"+
			"ExecStart=/bin/sh -c 'echo $MONITOR_SERVICE_RESULT $MONITOR_EXIT_CODE $MONITOR_EXIT_STATUS >"+dir+"/log/%i'\n")
		write(t, filepath.Join(dir, "units", "default.target"), "[Unit]\nWants=stopper.service "+strings.Join(names, ".service ")+".service\n")
		write(t, filepath.Join(dir, "units", "stopper.service"), fmt.Sprintf("[Service]\nType=oneshot\n"+
			"ExecStart=/bin/sh -c 'for n in $(seq 200); do set -- %[1]s/log/*; test $# -ge %[2]d && break; sleep 0.05; done; echo end >%[1]s/log/stopper.service'\n", dir, len(names)))
		for _, d := range []string{dir, filepath.Join(dir, "log")} {
			_ = os.MkdirAll(d, 0o777)
			if err := os.Chmod(d, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	theirs, mine := oracleBoth(t, folder)
	for i := range failingSteps {
		f := &failingSteps[i]
		name := fmt.Sprintf("step%d", i)
		want := fmt.Sprintf("exit-code exited %d\n", f.status)
		if f.call == "" && !f.newer && (theirs[name] != want || mine[name] != want) {
			t.Errorf("%s: systemd says %q, we %q, the table %q", f.settings, theirs[name], mine[name], want)
		}
	}
}
