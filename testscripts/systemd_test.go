package testscripts

import (
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// What systemd itself does with the same units is the last word, where this
// project does not differ on purpose. Each command of these units adds a line
// to the file of its unit; both inits must leave the same files.
//
// Left out, because they differ on purpose (the design's section 8): a unit
// that requires one which fails after it was up, and SIGTERM to the init.

// oracleUnits are the units; "log WORDS" adds a line to log/UNIT, and "chain
// WORDS" to a file of all.
var oracleUnits = map[string]string{
	"default.target": "[Unit]\nWants=nobody.service a.service b.service c.service roles.service fails.service prefails.service cond.service twice.service limit.service " +
		"after-fails.service wants-fails.service guess.service remains.service env.service killed.service clean.service end.service\n",
	"a.service":     "[Unit]\nAfter=b.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=chain a up\nExecStop=chain a down\n",
	"b.service":     "[Unit]\nAfter=c.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=chain b up\nExecStop=chain b down\n",
	"c.service":     "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=chain c up\nExecStop=chain c down\n",
	"roles.service": "[Service]\nExecStartPre=log pre 1\nExecStartPre=-log pre 2; false\nExecStart=/bin/sleep 1000\nExecStartPost=log post pid $${MAINPID:+known}\nExecStop=log stop pid $${MAINPID:+known}\nExecStopPost=log stop-post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS pid $${MAINPID:-none}\n",
	"fails.service": "[Service]\nType=oneshot\nExecStart=log one; exit 3\nExecStart=log two\nExecStartPost=log post\nExecStop=log stop\nExecStopPost=log stop-post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS\n",
	"prefails.service": "[Service]\nExecStartPre=log pre; exit 4\nExecStart=/bin/sleep 1000\nExecStop=log stop\n" +
		"ExecStopPost=log stop-post $$SERVICE_RESULT $${EXIT_CODE:-none} $${EXIT_STATUS:-none}\n",
	"cond.service":        "[Service]\nType=oneshot\nExecCondition=log condition; exit 1\nExecStart=log start\nExecStopPost=log stop-post $$SERVICE_RESULT\n",
	"twice.service":       "[Service]\nRestart=on-failure\nRestartSec=50ms\nExecStart=log start $${RESTARTS}; [ $$(wc -l <log/twice.service) -gt 1 ] || exit 1\nExecStopPost=/bin/true\n",
	"limit.service":       "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\nOnFailure=handler.service\n[Service]\nRestart=always\nRestartSec=20ms\nExecStart=log start; exit 1\n",
	"handler.service":     "[Service]\nType=oneshot\nExecStart=log handles $$MONITOR_UNIT $$MONITOR_SERVICE_RESULT $$MONITOR_EXIT_STATUS\n",
	"after-fails.service": "[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nType=oneshot\nExecStart=log ran\n",
	"wants-fails.service": "[Unit]\nWants=fails.service\nAfter=fails.service\n[Service]\nType=oneshot\nExecStart=log ran\n",
	"guess.service":       "[Service]\nType=forking\nExecStart=/bin/sh -c 'sleep 1000 & exit 0'\nExecStartPost=log post pid $${MAINPID:+known}\nExecStop=log stop pid $${MAINPID:+known}\nExecStopPost=log stop-post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS\n",
	"nobody.service":      "[Service]\nType=forking\nExecStart=log start\nExecStop=log stop pid $${MAINPID:-none}\nExecStopPost=log stop-post $$SERVICE_RESULT $${EXIT_CODE:-none}\n",
	"remains.service":     "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=log start\nExecStop=log stop\nExecStopPost=log stop-post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS\n",
	"env.service":         "[Service]\nType=oneshot\nUser=nobody\nEnvironment=A=1 \"B=two words\"\nUMask=0027\nExecStart=log $$A $$B $$(umask) $${HOME:-no home} $$USER $$LOGNAME $${SHELL:-no shell} $$PATH $$(pwd)\n",
	"killed.service":      "[Service]\nExecStart=/bin/sh -c 'kill -SEGV $$$$'\nExecStopPost=log stop-post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS\n",
	"clean.service":       "[Service]\nRestart=on-failure\nExecStart=/bin/sh -c 'kill -TERM $$$$'\nExecStop=log stop\nExecStopPost=log stop-post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS\n",
	"end.service": "[Unit]\nAfter=nobody.service a.service roles.service fails.service prefails.service cond.service guess.service remains.service env.service\n" +
		"OnSuccess=stopper.service\n[Service]\nType=oneshot\nExecStart=/bin/sleep 0.8\nExecStart=log reached\n",
	"stopper.service": "[Unit]\nConflicts=a.service b.service c.service roles.service guess.service remains.service\n" +
		"After=a.service b.service c.service roles.service guess.service remains.service\n[Service]\nType=oneshot\nExecStart=log all stopped\n",
}

// oracleTargets are those of systemd that the default dependencies name.
var oracleTargets = []string{"sysinit.target", "basic.target", "shutdown.target", "sockets.target", "timers.target", "paths.target",
	"slices.target"}

const oraclePath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const systemdPath = "/usr/lib/systemd/systemd"

// oracleFolder makes a folder with oracleUnits.
func oracleFolder(t *testing.T) string { return oracleFolderOf(t, oracleUnits) }

// oracleFolderOf makes a folder with units, whose commands write into it.
func oracleFolderOf(t *testing.T, units map[string]string) string {
	dir, err := os.MkdirTemp("/var/tmp", "rustysd-oracle-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, sub := range []string{"units", "log"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{dir, filepath.Join(dir, "log")} {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range units {
		var out strings.Builder
		for line := range strings.Lines(text) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			value = strings.ReplaceAll(oracleCommand(dir, name, value), "<log/", "<"+dir+"/log/")
			if strings.HasPrefix(key, "Exec") {
				line = key + "=" + value + "\n"
			}
			out.WriteString(line)
		}
		if err := os.WriteFile(filepath.Join(dir, "units", name), []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// oracleCommand writes "log" and "chain" out.
func oracleCommand(dir, unit, value string) string {
	dash := ""
	if rest, ok := strings.CutPrefix(value, "-"); ok {
		dash, value = "-", rest
	}
	verb, words, _ := strings.Cut(value, " ")
	file := map[string]string{"log": unit, "chain": "chain"}[verb]
	if file == "" {
		return dash + value
	}
	words, then, _ := strings.Cut(words, ";")
	return dash + "/bin/sh -c 'echo " + words + " >>" + dir + "/log/" + file + ";" + then + "'"
}

// oracleRun boots an init, waits until stopper.service has stopped the others,
// and kills it: systemd halts differently in each kind of container.
func oracleRun(t *testing.T, dir string, o sandbox.Options) map[string]string {
	group, err := sandbox.NewCgroup()
	if err != nil {
		means.Missing(t, "a writable tree of cgroups: "+err.Error())
	}
	defer func() { _ = removeSoon(group) }()
	o.Cgroup, o.Net, o.Keep = group, true, []string{dir}
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	cmd, err := sandbox.Command(o)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	for range 1900 { // a little less than patience
		time.Sleep(10 * time.Millisecond)
		// A shell makes the file before it writes the line.
		if text, err := os.ReadFile(filepath.Join(dir, "log", "stopper.service")); err == nil && len(text) > 0 {
			break
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	files := map[string]string{}
	names, _ := filepath.Glob(filepath.Join(dir, "log", "*"))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	if files["stopper.service"] == "" {
		said := files["session"]
		t.Fatalf("%s did not come to its end:\n%s%s", o.Init, log.String(), said[max(0, len(said)-200):])
	}
	files[console] = log.String()
	return files
}

// console is where oracleRun's answer has what the init itself printed.
const console = "/dev/console"

// consoleOf is what the init printed of a unit, to be shown when a test fails.
func consoleOf(logs map[string]string, unit string) string {
	var b strings.Builder
	for line := range strings.Lines(logs[console]) {
		if strings.Contains(line, unit) {
			b.WriteString("on its console: " + line)
		}
	}
	return b.String()
}

// oracleBoth boots the units of a folder that make writes, under systemd and
// compiled, and returns what each left in the folder's log.
func oracleBoth(t *testing.T, make func(*testing.T) string) (theirs, mine map[string]string) {
	t.Helper()
	means.Root(t)
	means.Files(t, systemdPath)
	theirs = oracleSystemd(t, make(t), "", nil)
	return theirs, oracleOurs(t, make, "")
}

// oracleSystemd boots the units of a folder under systemd, which has env beside
// its own environment.
func oracleSystemd(t *testing.T, dir, by string, env []string) map[string]string {
	t.Helper()
	goes := overlay(dir)
	if by != "" { // it makes this one itself, if it may
		goes += "mkdir -p /run/lock; mount -t tmpfs tmpfs /run/lock; "
	}
	return systemdRun(t, dir, goes, by, env)
}

// systemdRun boots systemd after what a script does first, with targets of its
// own beside the units; by is a command such as strace.
func systemdRun(t *testing.T, dir, first, by string, env []string) map[string]string {
	t.Helper()
	for _, name := range oracleTargets {
		text, err := os.ReadFile(filepath.Join("/usr/lib/systemd/system", name))
		if err != nil {
			means.Missing(t, err.Error())
		}
		_ = os.MkdirAll(filepath.Join(dir, "systemd"), 0o755)
		if err := os.WriteFile(filepath.Join(dir, "systemd", name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return oracleRun(t, dir, sandbox.Options{Init: "/bin/sh", Args: []string{"-c",
		first + "exec " + by + " " + systemdPath + " --unit=default.target --log-target=console --show-status=no"},
		Env: append([]string{oraclePath, "container=docker", "HOME=/root", "SYSTEMD_UNIT_PATH=" + dir + "/units:" + dir + "/systemd",
			"SYSTEMD_GENERATOR_PATH=", "SYSTEMD_ENVIRONMENT_GENERATOR_PATH="}, env...)})
}

// oracleOurs boots the units of a folder that make writes, compiled, by a
// command such as strace.
func oracleOurs(t *testing.T, make func(*testing.T) string, by string) map[string]string {
	t.Helper()
	ours := make(t)
	compileUnits(t, ours)
	return oracleRun(t, ours, sandbox.Options{Init: "/bin/sh", Args: []string{"-c", overlay(ours) + "exec " + by + " " + ours + "/init"}, Env: []string{oraclePath}})
}

// overlay is a script that puts a layer over the root of the host, so that
// nothing which an init or its services do to it lasts, but for one folder.
func overlay(dir string) string {
	layer := dir + "/layer"
	return "set -e; mkdir " + layer + "; mount -t tmpfs tmpfs " + layer + "; cd " + layer + "; mkdir up work root; " +
		"mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root; " +
		"for d in proc sys dev run tmp; do mount --rbind /$d root/$d; done; mount --bind " + dir + " root" + dir + "; " +
		"mount -t tmpfs -o mode=700 tmpfs root/root; touch root/root/file; " + // what others do at home changes from one boot to the next
		"cd root; pivot_root . .; umount -l .; cd /; "
}

func TestLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, oracleFolder)
	for name := range oracleUnits {
		if theirs[name] != mine[name] {
			t.Errorf("%s: systemd left\n%sand we\n%s", name, theirs[name], mine[name])
		}
	}
	if theirs["chain"] != mine["chain"] {
		t.Errorf("order: systemd left\n%sand we\n%s", theirs["chain"], mine["chain"])
	}
}
