package testscripts

import (
	"maps"
	"testing"
)

const (
	thrice = "Restart=on-failure|RestartSec=50ms|ExecStart=/bin/sh -c 'echo runs >>@DIR@/log/@NAME@; if [ $$(wc -l <@DIR@/log/@NAME@) -lt 4 ]; then exit 1; fi; exec sleep 1000'|[Unit]|StartLimitBurst=9"
	spared = "SendSIGKILL=no|TimeoutStopSec=300ms|ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.05; done'"
	slow   = "ExecStartPre=/bin/sleep 0.9|ExecStart=/bin/sleep 1000|ExecStop=/bin/sleep 0.9|[Unit]|"
	// leaves leaves a process behind, and living counts all that are left.
	leaves = "/bin/sh -c 'sleep 1000 & echo $! >>@DIR@/@NAME@.left'"
	living = "/bin/sh -c 'n=0; while read p; do if kill -0 $$p; then n=$$((n+1)); fi; done <@DIR@/@NAME@.left; echo $$n >>@DIR@/log/@NAME@'"
	logs   = "Type=oneshot|ExecStart=/bin/sh -c 'echo runs >>@DIR@/log/@NAME@'|[Unit]|"
)

// requested are services that a client asks something of. Not here, since it
// differs: what ExecStartPre= leaves behind, which systemd does not kill,
// though systemd.service(5) says so.
var requested = map[string]string{
	// reset-failed forgets the restarts and the result, whatever the state
	// (systemctl(1)).
	"reset-count":  thrice,
	"reset-result": "ExecCondition=/bin/false|ExecStart=/bin/sleep 1000",
	"reset-wait":   "Restart=on-failure|RestartSec=30|ExecStart=/bin/false",
	// What a service leaves behind by its KillMode= is there after a restart.
	"left-process":     "KillMode=process|ExecStartPre=/bin/true|Type=forking|GuessMainPID=no|ExecStart=" + leaves + "|ExecStartPost=" + living,
	"left-none":        "KillMode=none|ExecStartPre=/bin/true|Type=forking|ExecStart=" + leaves + "|ExecStartPost=" + living,
	"left-pre-process": "KillMode=process|ExecStartPre=" + leaves + "|ExecStart=/bin/sleep 1000|ExecStartPost=" + living,
	// A service that may not be killed does not start beside what is left of it.
	"left-spared":     spared,
	"left-spared-pre": "ExecStartPre=/bin/sh -c 'echo pre >>@DIR@/log/@NAME@'|" + spared,
	// A restart has one time for both of its halves (systemd.unit(5), "JobTimeoutSec=").
	"late":         slow + "JobTimeoutSec=1.3|OnFailure=late-logs.service",
	"late-running": slow + "JobRunningTimeoutSec=1.3|OnFailure=late-running-logs.service",
	"late-logs":    logs, "late-running-logs": logs,
	// What would restart is refused even where there is nothing to restart.
	"shy":             "Type=oneshot|ExecStart=/bin/true|[Unit]|RefuseManualStop=yes",
	"shy-try-restart": logs, "shy-reload-or-restart": logs, "shy-try-reload-or-restart": logs, "shy-start": logs,
}

// TestRequestsLikeSystemd compares what becomes of them.
func TestRequestsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	calls := []string{"reset-failed reset-count reset-result reset-wait", "restart left-process", "restart left-process",
		"restart left-none", "restart left-pre-process", "restart left-spared", "restart left-spared-pre", "restart late", "restart late-running"}
	for _, verb := range []string{"try-restart", "reload-or-restart", "try-reload-or-restart", "start"} {
		calls = append(calls, verb+" shy || $ctl start shy-"+verb)
	}
	calls = append(calls, "is-system-running; sleep 2")
	compareShown(t, maps.Clone(requested), "ActiveState,SubState,Result,ExecMainStatus,NRestarts", "2", calls...)
}

// TestIsolateLikeSystemd compares which units isolating a target leaves up, and
// which of those that wait for their start. Not
// here: gone.service, which systemd keeps if it comes upon it after gone.socket.
func TestIsolateLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	const asked = "plain.service kept.socket kept.service gone.socket spared.service spared.socket by-spared.service needs-gone.service wanted.service"
	theirs, mine := oracleBoth(t, func(t *testing.T) string {
		units := map[string]string{
			"default.target":     "[Unit]\nAllowIsolate=yes\nOnFailure=two.target\nWants=driver.service gone.service slow.service waits.service dropped.service " + asked + "\n",
			"two.target":         "[Unit]\nAllowIsolate=yes\nWants=kept.socket wanted.service\n",
			"kept.socket":        "[Socket]\nListenStream=/run/kept\n",
			"gone.socket":        "[Socket]\nListenStream=/run/gone\n",
			"spared.socket":      "[Unit]\nIgnoreOnIsolate=yes\n[Socket]\nListenStream=/run/spared\nService=by-spared.service\n",
			"spared.service":     "[Unit]\nIgnoreOnIsolate=yes\n[Service]\nExecStart=/bin/sleep 1000\n",
			"needs-gone.service": "[Unit]\nIgnoreOnIsolate=yes\nRequires=plain.service\n[Service]\nExecStart=/bin/sleep 1000\n",
			"waits.service":      "[Unit]\nIgnoreOnIsolate=yes\nAfter=slow.service\n[Service]\nExecStart=/bin/sleep 1000\n",
			"dropped.service":    "[Unit]\nAfter=slow.service\n[Service]\nExecStart=/bin/sleep 1000\n",
			"stopper.service":    "[Service]\nExecStart=/bin/sleep 1000\n",
			"driver.service":     "[Unit]\nIgnoreOnIsolate=yes\nAfter=" + asked + "\n[Service]\nExecStart=/bin/sleep 1000\n",
		}
		for _, name := range []string{"plain", "kept", "gone", "by-spared", "wanted"} {
			units[name+".service"] = "[Service]\nExecStart=/bin/sleep 1000\n"
		}
		dir := oracleFolderOf(t, units)
		write(t, dir+"/units/driver.service", "[Unit]\nIgnoreOnIsolate=yes\nAfter="+asked+"\n[Service]\nExecStart=/bin/sh "+dir+"/driver\n")
		write(t, dir+"/units/slow.service", "[Unit]\nIgnoreOnIsolate=yes\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'until [ -e "+dir+"/gate ]; do sleep 0.05; done'\n")
		write(t, dir+"/driver", "c=systemctl; if [ -e "+dir+"/init ]; then ln -s init "+dir+"/systemctl; c="+dir+"/systemctl; fi\n"+
			"$c isolate two.target\nfor u in "+asked+"; do while [ $($c is-active $u) = deactivating ]; do sleep 0.02; done; echo $u $($c is-active $u); done >"+dir+"/log/all\n"+
			"touch "+dir+"/gate; while [ $($c is-active slow) = activating ]; do sleep 0.02; done; sleep 0.5\n"+
			"for u in slow waits dropped; do echo $u $($c is-active $u); done >>"+dir+"/log/all\n"+
			"echo x >"+dir+"/log/stopper.service\n")
		return dir
	})
	if theirs["all"] != mine["all"] {
		t.Errorf("systemd has\n%sand we\n%s", theirs["all"], mine["all"])
	}
}
