package testscripts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// controlUnits are the units that the calls below are about.
var controlUnits = map[string]string{
	"default.target": "[Unit]\nDescription=All of it\nWants=web.service bad.service once.service reloader.service one.socket session.service\n" +
		"OnFailure=app.service broken.service needs-broken.service shy.service slow.service after-slow.service slow-stop.service masked.service\n",
	"web.service":          "[Unit]\nDescription=The web server\nDefaultDependencies=no\nRequires=hidden.service\nAfter=hidden.service\n[Service]\nRestart=on-failure\nRestartSec=1500ms\nTimeoutStopSec=125\nExecStart=/bin/sleep 1000\n",
	"hidden.service":       "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/sleep 1000\n",
	"bad.service":          "[Unit]\nDescription=Always fails\n[Service]\nExecStart=/bin/sh -c 'exit 3'\n",
	"once.service":         "[Service]\nType=oneshot\nExecStart=/bin/true\n",
	"reloader.service":     "[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/true\n",
	"app.service":          "[Unit]\nPartOf=web.service\nAfter=web.service\n[Service]\nExecStart=/bin/sleep 1000\n",
	"broken.service":       "[Service]\nType=oneshot\nExecStart=/bin/false\n",
	"needs-broken.service": "[Unit]\nRequires=broken.service\nAfter=broken.service\n[Service]\nExecStart=/bin/sleep 1000\n",
	"shy.service":          "[Unit]\nRefuseManualStart=yes\n[Service]\nExecStart=/bin/sleep 1000\n",
	"slow.service":         "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n",
	"after-slow.service":   "[Unit]\nRequires=slow.service\nAfter=slow.service\n[Service]\nExecStart=/bin/sleep 1000\n",
	"slow-stop.service":    "[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/sleep 1000\n",
	"one.socket":           "[Socket]\nListenStream=/run/one-socket\nService=once.service\n",
	"session.service":      "[Unit]\nAfter=web.service bad.service once.service reloader.service\n[Service]\nType=simple\nExecStart=/bin/sh @DIR@/session\n",
}

// controlCalls are made one after the other; "-" stands before those whose
// exit status alone is compared.
var controlCalls = []string{
	"is-active web", "is-active bad once nowhere", "is-active bad web", "--quiet is-active once", "is-failed bad", "is-failed web bad", "is-failed web",
	"-status web", "-status bad", "-status once", "-status nowhere", "-status web bad", "-is-enabled nowhere", "-cat nowhere", "-cat web",
	"show -p Id,LoadState,ActiveState,SubState web", "show -p Restart -p NRestarts web", "show -P RestartUSec web", "show -P TimeoutStopUSec web",
	"show -p TimeoutStartUSec,RuntimeMaxUSec --value web", "show -P RequiredBy hidden", "show -p LoadState,ActiveState nowhere", "show -P ExecMainStatus bad",
	"show -P ExecMainCode bad", "show -P Result bad", "show -P CanReload web reloader", "show -P RefuseManualStart shy", "show -P Description web",
	"show -P KillMode web", "show -P KillSignal web", "show -P Type once",
	"list-units --plain --no-legend web* bad* once.service", "list-units --plain --no-legend --failed --type=service", "list-dependencies --plain --reverse hidden", "-list-dependencies web",
	"-list-jobs --no-legend", "start app", "is-active app", "stop web", "is-active web hidden", "start web app", "restart web", "is-active web",
	"try-restart slow", "is-active slow", "-reload app", "reload reloader", "reload-or-restart app reloader", "try-reload-or-restart slow", "is-active slow",
	"-start broken", "-start needs-broken", "-start nowhere", "-stop nowhere", "-restart nowhere", "-start shy", "-isolate app", "-start", "-frobnicate", "-start --frobnicate web",
	"--no-block start slow", "-is-active slow", "-stop --job-mode=fail slow", "-start --job-mode=odd web", "stop slow", "is-active slow", "reset-failed slow", "is-active slow",
	"is-failed broken", "reset-failed broken", "is-failed broken", "-reset-failed nowhere", "-kill nowhere", "-kill -s NOPE web", "-kill --kill-who=control web",
	"kill -s CONT web", "-kill -s 0x web", "start web.service hidden", "-daemon-reload", "reset-failed", "is-failed bad", "-show-environment-x",
	// What is on its way is no exception.
	"--no-block start slow", "--no-block try-restart slow", "--no-block try-reload-or-restart slow", "-is-active slow", "stop slow", "--fail start app", "--irreversible stop app",
	"start --job-mode=ignore-dependencies app", "stop --job-mode=triggering app", "-start --job-mode=triggering app", "--ignore-dependencies start app",
	// Jobs are taken away, and what they have begun goes on.
	"--no-block start slow", "-cancel 4000000", "cancel", "list-jobs", "-is-active slow", "show -P ActiveState slow", "cancel", "stop slow", "show -P ActiveState slow",
	// Who needs a start that is called off does not start; "@CTL@" is systemctl.
	"--no-block start after-slow", "cancel $(@CTL@ show -P Job slow)", "list-jobs", "show -P ActiveState after-slow", "stop slow",
	// Ansible's module systemd, and its service_facts.
	"-daemon-reload", "-show web.service", "show -P LoadState web.service", "show -P NeedDaemonReload web", "show -P CanStart web", "show -P CanStop web",
	"show -P Transient web", "show -P Perpetual web", "show -P CollectMode web", "show -P OOMPolicy web", "show -P FailureAction web", "show -P SuccessAction web",
	"show -P StartLimitAction web", "show -P OnFailureJobMode web", "show -P OnSuccessJobMode web", "show -P JobTimeoutUSec web", "show -P SourcePath web", "show -P StartLimitBurst web",
	"show -P TimeoutStartFailureMode web", "show -P TimeoutStopFailureMode web", "show -P RuntimeRandomizedExtraUSec web", "show -P CleanResult web", "show -P NFileDescriptorStore web", "show -P StatusErrno web", "show -P ExitType web", "show -P LoadError web",
	"is-active web.service", "-list-unit-files web.service", "list-units --no-pager --type service --plain --no-legend web.service", "-is-enabled nowhere.service",
	"list-unit-files nowhere.service", "-list-unit-files web.service", "list-unit-files nowhere*", "list-units --plain --no-legend -t loaded web.service", "-list-units -t odd", "list-dependencies --plain --all --reverse hidden",
	"list-units --plain --no-legend -t socket,service web* bad*", "show -p ExecReload reloader", "show -P ExecStop web", "show -p ExecReload --value reloader",
	"-reload default.target", "-kill default.target", "show -P CanReload default.target", "reload-or-restart once", "-reload once", "stop reloader", "-reload reloader", "start reloader",
	// Puppet's provider.
	"is-active -- web", "show --property=NeedDaemonReload -- web", "restart -- app", "stop -- app", "-is-enabled -- nowhere", "start -- app", "-cat -- web",
	// Salt's and Chef's.
	"-status web.service -n 0", "show -p ActiveState -p LoadState --value app", "--quiet is-active app", "--system is-active app", "-n 0 is-active app", "-l is-active app",
	"show nowhere -p LoadState", "-show nowhere", "--no-ask-password restart app", "reset-failed app", "-start --root=/nowhere web",
	// Scripts'.
	// Those that ask in passing: the exit status is that of the first unit which is not up, and no unit that
	// is on its way up is.
	"-status web bad nowhere", "-status nowhere web", "--no-block start slow", "-status slow", "stop slow", "reset-failed slow", "-status masked.service web",
	"start slow-stop", "is-active slow-stop", "--no-block stop slow-stop", "-status slow-stop", "is-active slow-stop", "-status --failed",
	// Masked units, which a script leaves alone.
	"is-enabled masked", "is-enabled masked hidden", "show -p LoadState,ActiveState,LoadError,UnitFileState masked", "-start masked", "-stop masked", "-restart masked",
	"-try-restart masked", "-reload masked", "cat masked", "status masked", "list-unit-files masked.service", "is-active masked", "-enable masked",
	// Names that are no units, and those that stand for one.
	"-start x@", "-is-active x@", "-show x@.service", "-status x@", "-start web x@.service", "is-enabled hidden nowhere hidden", "is-enabled nowhere hidden",
	"is-enabled also", "-list-unit-files also.service", "unmask hidden", "unmask -- hidden", "-disable hidden", "show -P LoadError nowhere",
	"list-unit-files hidden.service", "list-unit-files hidden", "-list-unit-files --state=linked", "list-units web", "list-units web.service", "list-units nowhere.service", "--failed", "--failed --quiet", "list-units --quiet --plain web.service",
	"list-dependencies nowhere", "list-dependencies --plain --reverse hidden nowhere", "show web | grep -e =~ -e ActionExitStatus", "show -p SuccessActionExitStatus web",
	"-list-timers", "list-timers --no-legend", "list-automounts --no-legend", "list-sockets", "list-sockets one", "-show -p UserspaceTimestampMonotonic", "show-environment",
	// Programs that read JSON, and people who do not write options out.
	"list-units -o json web.service", "list-units --output=json nowhere.service", "list-unit-files -o json hidden.service", "list-timers -o json", "--val show -p Id web", "--no-l list-units web.service", "-start --s web",
	"show -P MainPID bad", "-kill -s HUP --kill-whom=main nowhere", "kill --signal=SIGCONT --kill-whom=main app", "-list-dependencies --after web", "-list-sockets",
	"-is-system-running",
}

// controlScript is a shell script that makes the calls.
func controlScript(dir, systemctl string) string {
	var b strings.Builder
	b.WriteString("sleep 0.3\n")
	for _, call := range controlCalls {
		out := dir + "/log/session"
		args, statusOnly := strings.CutPrefix(call, "-")
		if statusOnly = statusOnly && !strings.HasPrefix(call, "--"); !statusOnly {
			args = call
		}
		b.WriteString("echo '$ " + args + "' >>" + out + "\nset -f; " + systemctl + " --no-pager " + strings.ReplaceAll(args, "@CTL@", systemctl))
		if statusOnly {
			b.WriteString(" >/dev/null")
		} else {
			b.WriteString(" >>" + out)
		}
		b.WriteString(" 2>>" + dir + "/log/stderr; echo status $? >>" + out + "\n")
	}
	b.WriteString("echo end >" + dir + "/log/stopper.service\n")
	return b.String()
}

func controlFolder(t *testing.T, systemctl func(dir string) string) string {
	dir, err := os.MkdirTemp("/var/tmp", "rustysd-oracle-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	files := map[string]string{"session": controlScript(dir, systemctl(dir)), "log/session": ""}
	for name, text := range controlUnits {
		files["units/"+name] = strings.ReplaceAll(text, "@DIR@", dir)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"masked.service": "/dev/null", "also.service": "hidden.service"} {
		if err := os.Symlink(to, filepath.Join(dir, "units", name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// prose is what lists explain, in sentences: systemd's are its own. That they are
// there is compared, since scripts count lines.
var prose = regexp.MustCompile(`(?m)^(LOAD|ACTIVE|SUB)( +=) .*$|(?:Pass|Those) .*--all.*$|^(?:To show|Their files) .*list-unit-files.*$`)

func withoutProse(text string) string { return prose.ReplaceAllString(text, "$1$2 …") }

// TestSystemctlLikeSystemd has scripts call systemctl in an image and under
// systemd, with the same units: what they print and their exit statuses are
// the same. Not compared: what tells of slices, which images do not have.
func TestSystemctlLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath)
	dir := controlFolder(t, func(string) string { return "systemctl" })
	theirs := systemdRun(t, dir, "mount --bind "+dir+" "+dir+" && mount -o remount,bind,ro / && ", "", nil)

	ours := controlFolder(t, func(dir string) string { return dir + "/systemctl" })
	compileUnits(t, ours)
	if err := os.Symlink("init", filepath.Join(ours, "systemctl")); err != nil {
		t.Fatal(err)
	}
	mine := oracleRun(t, ours, sandbox.Options{Init: filepath.Join(ours, "init"), Env: []string{oraclePath}})
	a, b := strings.Split(withoutProse(theirs["session"]), "$ "), strings.Split(withoutProse(mine["session"]), "$ ")
	for n := range a {
		if n >= len(b) {
			t.Fatalf("systemd has %d answers, we %d:\n%s", len(a), len(b), mine["stderr"])
		}
		if a[n] != b[n] {
			t.Errorf("systemd:\n%sand we:\n%s", a[n], b[n])
		}
	}
	if testing.Verbose() {
		t.Logf("systemd said:\n%s\nand we:\n%s", theirs["stderr"], mine["stderr"])
	}
}
