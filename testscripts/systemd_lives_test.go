package testscripts

import (
	"maps"
	"testing"
)

// ends are ways for a service to end, for each value of Restart=.
var ends = map[string]string{
	"well":      "ExecStart=/bin/true",
	"status":    "ExecStart=/bin/sh -c 'exit 3'",
	"term":      "ExecStart=/bin/sh -c 'kill -TERM $$$$'",
	"hup":       "ExecStart=/bin/sh -c 'kill -HUP $$$$'",
	"pipe":      "IgnoreSIGPIPE=no|ExecStart=/bin/sh -c 'kill -PIPE $$$$'",
	"segv":      "LimitCORE=0|ExecStart=/bin/sh -c 'kill -SEGV $$$$'",
	"kill":      "ExecStart=/bin/sh -c 'kill -KILL $$$$'",
	"runtime":   "RuntimeMaxSec=100ms|ExecStart=/bin/sleep 30",
	"slow":      "Type=notify|TimeoutStartSec=1s|ExecStart=/bin/sleep 30",
	"watchdog":  "Type=notify|NotifyAccess=main|WatchdogSec=100ms|WatchdogSignal=KILL|ExecStart=@ACTOR@ notify:READY=1 sleep:30s",
	"silent":    "Type=notify|ExecStart=/bin/true",
	"noexec":    "ExecStart=/no/such/program",
	"spared":    "ExecStart=-/bin/false",
	"nodir":     "WorkingDirectory=/no/such/folder|ExecStart=/bin/true",
	"pre":       "ExecStartPre=/bin/false|ExecStart=/bin/sleep 30",
	"post":      "ExecStart=/bin/sleep 30|ExecStartPost=/bin/false",
	"skips":     "ExecCondition=/bin/false|ExecStart=/bin/sleep 30",
	"condfails": "ExecCondition=/bin/sh -c 'exit 255'|ExecStart=/bin/sleep 30",
	"good7":     "SuccessExitStatus=7 USR1|ExecStart=/bin/sh -c 'exit 7'",
	"goodusr1":  "SuccessExitStatus=7 SIGUSR1|ExecStart=/bin/sh -c 'kill -USR1 $$$$'",
	"goodname":  "SuccessExitStatus=TEMPFAIL|ExecStart=/bin/sh -c 'exit 75'",
	"prevent":   "RestartPreventExitStatus=3 SIGSEGV|ExecStart=/bin/sh -c 'exit 3'",
	"preventk":  "RestartPreventExitStatus=SIGKILL|ExecStart=/bin/sh -c 'kill -KILL $$$$'",
	"force":     "RestartForceExitStatus=0|ExecStart=/bin/true",
	"forcek":    "RestartForceExitStatus=SIGKILL 4|ExecStart=/bin/sh -c 'kill -KILL $$$$'",
	"both":      "RestartForceExitStatus=3|RestartPreventExitStatus=3|ExecStart=/bin/sh -c 'exit 3'",
}

// TestRestartLikeSystemd compares systemd.service(5)'s table of Restart=, with
// its exceptions, cell by cell.
func TestRestartLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	units := map[string]string{}
	for _, restart := range []string{"no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"} {
		for name, text := range ends {
			units[name+"-"+restart] = "Restart=" + restart + "|RestartSec=30|" + text
		}
	}
	compareShown(t, units, "ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts", "2.5")
}

const (
	stubborn = "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.02; done'|RuntimeMaxSec=200ms|TimeoutStopSec=300ms|LimitCORE=0"
	deaf     = "ExecStart=/bin/sh -c 'trap \"\" TERM ABRT; while :; do sleep 0.02; done'|RuntimeMaxSec=200ms|TimeoutStopSec=300ms"
	says     = "ExecStop=/bin/sh -c 'echo stops >>@DIR@/log/@NAME@'|ExecStopPost=/bin/sh -c 'echo ended $$SERVICE_RESULT >>@DIR@/log/@NAME@'"
	unready  = "Type=notify|TimeoutStartSec=200ms|LimitCORE=0|ExecStart=/bin/sleep 30"
)

// lives are services that end in other ways than by themselves. Not here, since
// they differ: Type=idle, whose wait systemd has in the child, and
// RestartForceExitStatus= of a oneshot, which systemd takes since 256.
var lives = map[string]string{
	"start-terminate":  unready + "|TimeoutStartFailureMode=terminate",
	"start-abort":      unready + "|TimeoutStartFailureMode=abort",
	"start-kill":       unready + "|TimeoutStartFailureMode=kill",
	"start-killsig":    unready + "|KillSignal=SIGUSR1|FinalKillSignal=SIGUSR2|TimeoutStartFailureMode=kill",
	"start-infinite":   "Type=notify|TimeoutStartSec=infinity|ExecStart=/bin/sleep 30",
	"start-zero":       "Type=notify|TimeoutStartSec=0|ExecStart=/bin/sleep 30",
	"stop-terminate":   stubborn,
	"stop-abort":       stubborn + "|TimeoutStopFailureMode=abort",
	"stop-kill":        stubborn + "|TimeoutStopFailureMode=kill",
	"stop-final":       stubborn + "|FinalKillSignal=SIGUSR1",
	"stop-nokill":      stubborn + "|SendSIGKILL=no",
	"stop-infinite":    stubborn + "|TimeoutStopSec=infinity",
	"stop-zero":        stubborn + "|TimeoutStopSec=0",
	"abort-deaf":       deaf + "|TimeoutStopFailureMode=abort|TimeoutAbortSec=200ms",
	"abort-infinite":   deaf + "|TimeoutStopFailureMode=abort|TimeoutAbortSec=infinity",
	"abort-watchdog":   deaf + "|TimeoutStopFailureMode=abort|WatchdogSignal=SIGUSR2",
	"killsignal":       "KillSignal=SIGINT|RuntimeMaxSec=200ms|ExecStart=/bin/sleep 30",
	"killmode-process": "KillMode=process|RuntimeMaxSec=200ms|ExecStart=/bin/sh -c 'sleep 30 & exec sleep 31'",
	"killmode-mixed":   "KillMode=mixed|RuntimeMaxSec=200ms|ExecStart=/bin/sh -c 'sleep 30 & exec sleep 31'",
	"killmode-none":    "KillMode=none|RuntimeMaxSec=200ms|ExecStart=/bin/sleep 30",
	"sighup":           "SendSIGHUP=yes|KillSignal=SIGCONT|RuntimeMaxSec=200ms|ExecStart=/bin/sleep 30",
	"runtime-infinite": "RuntimeMaxSec=infinity|ExecStart=/bin/sleep 30",
	"runtime-zero":     "RuntimeMaxSec=0|ExecStart=/bin/sleep 30",
	"runtime-extra":    "RuntimeMaxSec=200ms|RuntimeRandomizedExtraSec=300ms|ExecStart=/bin/sleep 30",
	"runtime-oneshot":  "Type=oneshot|RuntimeMaxSec=200ms|RemainAfterExit=yes|ExecStart=/bin/true",
	"watchdog-never":   "Type=notify|WatchdogSec=infinity|ExecStart=@ACTOR@ notify:READY=1 wait:x",
	"watchdog-zero":    "Type=notify|WatchdogSec=0|ExecStart=@ACTOR@ notify:READY=1 wait:x",
	"pre-times-out":    "TimeoutStartSec=200ms|ExecStartPre=/bin/sleep 30|ExecStart=/bin/sleep 30",
	"post-times-out":   "TimeoutStartSec=200ms|ExecStart=/bin/sleep 30|ExecStartPost=/bin/sleep 30",
	"stop-times-out":   "RuntimeMaxSec=200ms|TimeoutStopSec=200ms|ExecStart=/bin/sleep 30|ExecStop=/bin/sleep 30",
	"stoppost-out":     "RuntimeMaxSec=200ms|TimeoutStopSec=200ms|ExecStart=/bin/sleep 30|ExecStopPost=/bin/sleep 30",
	"stop-fails":       "RuntimeMaxSec=200ms|ExecStart=/bin/sleep 30|ExecStop=/bin/false",
	"stoppost-fails":   "ExecStart=/bin/true|ExecStopPost=/bin/false",
	"limit":            "Restart=always|RestartSec=20ms|ExecStart=/bin/sh -c 'exit 2'|[Unit]|StartLimitBurst=3|StartLimitIntervalSec=30",
	"limit-well":       "Restart=always|RestartSec=20ms|ExecStart=/bin/true|[Unit]|StartLimitBurst=2|StartLimitIntervalSec=infinity",
	"limit-off":        "Restart=always|RestartSec=600ms|ExecStart=/bin/sleep 30|[Unit]|StartLimitIntervalSec=0",
	"job-timeout":      "Type=oneshot|ExecStart=/bin/sleep 30|[Unit]|JobTimeoutSec=300ms",
	"job-running":      "Type=oneshot|ExecStart=/bin/sleep 30|[Unit]|JobRunningTimeoutSec=300ms",
	"job-infinite":     "Type=oneshot|ExecStart=/bin/sleep 30|[Unit]|JobTimeoutSec=infinity|JobRunningTimeoutSec=infinity",
	"job-zero":         "Type=oneshot|ExecStart=/bin/sleep 30|[Unit]|JobTimeoutSec=0|JobRunningTimeoutSec=0",
	"exittype":         "ExitType=cgroup|ExecStart=/bin/sh -c 'sleep 30 & exit 0'",
	"exittype-bad":     "ExitType=cgroup|ExecStart=/bin/sh -c 'sleep 0.3 & exit 3'",
	"exittype-well":    "ExitType=cgroup|ExecStart=/bin/sh -c 'setsid sleep 0.3 & exit 0'",
	"exittype-notify":  "Type=notify|NotifyAccess=all|ExitType=cgroup|ExecStart=@ACTOR@ child:sleep:200ms,notify:READY=1,sleep:100ms exit:0",
	"exittype-worse":   "ExitType=cgroup|ExecStart=/bin/sh -c 'sleep 30 & exit 3'",
	"dumps":            "SuccessExitStatus=SIGABRT|LimitCORE=infinity|WorkingDirectory=/tmp|ExecStart=/bin/sh -c 'kill -ABRT $$$$'",
	"exittype-main":    "ExecStart=/bin/sh -c 'sleep 30 & exit 0'",
	"remains":          "RemainAfterExit=yes|ExecStart=/bin/true",
	"remains-not":      "RemainAfterExit=yes|ExecStart=/bin/false",
	"shots":            "Type=oneshot|RemainAfterExit=yes|ExecStart=/bin/true|ExecStart=-/bin/false|ExecStart=/bin/true",
	"shots-fail":       "Type=oneshot|RemainAfterExit=yes|ExecStart=/bin/true|ExecStart=/bin/false|ExecStart=/bin/true",
	"shot-again":       "Type=oneshot|Restart=on-failure|RestartSec=30|ExecStart=/bin/false",
	"shot-slow":        "Type=oneshot|TimeoutStartSec=200ms|ExecStart=/bin/sleep 30",
	"shot-infinite":    "Type=oneshot|ExecStart=/bin/sleep 30",
	"exec-missing":     "Type=exec|ExecStart=/no/such/program",
	"exec-user":        "Type=exec|User=nosuchuser|ExecStart=/bin/true",
	"simple-missing":   "ExecStart=/no/such/program",
	"forking-slow":     "Type=forking|TimeoutStartSec=200ms|ExecStart=/bin/sleep 30",
	"forking-fails":    "Type=forking|ExecStart=/bin/false",
	"forking-pidfile":  "Type=forking|TimeoutStartSec=300ms|PIDFile=/run/never.pid|ExecStart=/bin/sh -c 'sleep 30 &'",
	"forking-term":     "Type=forking|ExecStart=/bin/sh -c 'sleep 30 & kill -TERM $$$$'",
	"forking-latepid":  "Type=forking|PIDFile=/run/late.pid|ExecStart=/bin/sh -c 'sleep 30 & echo $! >/run/tmp.pid'|ExecStartPost=/bin/sh -c 'sleep 0.1; mv /run/tmp.pid /run/late.pid'",
	"forking-nopid":    "Type=forking|PIDFile=/run/nopid.pid|TimeoutStartSec=500ms|ExecStart=/bin/sh -c 'sleep 30 & exit 0'|ExecStartPost=/bin/sleep 0.1",
	"forking-newpid":   "Type=forking|PIDFile=/run/new.pid|ExecStart=/bin/sh -c 'sh -c \"sleep 0.5; sleep 30 & echo \\$! >/run/new.pid; exit 0\" & echo $! >/run/new.pid'",
	"forking-oldpid":   "Type=forking|PIDFile=/run/old.pid|ExecStart=/bin/sh -c 'sh -c \"sleep 0.5; exit 3\" & echo $! >/run/old.pid'",
	"timeoutsec":       "Type=notify|TimeoutSec=200ms|ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.02; done'",
	"exits-badly":      "ExecStart=/bin/sh -c 'sleep 0.2; exit 3'|" + says,
	"exits-well":       "ExecStart=/bin/sh -c 'sleep 0.2; exit 0'|" + says,
	"exits-killed":     "ExecStart=/bin/sh -c 'sleep 0.2; kill -KILL $$$$'|" + says,
	"exits-late":       "RuntimeMaxSec=200ms|ExecStart=/bin/sleep 30|" + says,
	"exits-silent":     "Type=notify|NotifyAccess=main|WatchdogSec=200ms|WatchdogSignal=SIGTERM|ExecStart=@ACTOR@ notify:READY=1 sleep:30s|" + says,
	"stoponly":         "ExecStop=/bin/true|RemainAfterExit=yes",
	"stoponly-not":     "ExecStop=/bin/true|RemainAfterExit=yes|ExecStartPre=/bin/false",
}

// TestLivesLikeSystemd compares what becomes of services that outlive their
// times, and what systemctl says of the times.
func TestLivesLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	compareShown(t, maps.Clone(lives), "ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts,TimeoutStartUSec,TimeoutStopUSec,TimeoutAbortUSec,"+
		"RuntimeMaxUSec,RuntimeRandomizedExtraUSec,RestartUSec,KillSignal,RestartKillSignal,FinalKillSignal,WatchdogSignal,TimeoutStartFailureMode,TimeoutStopFailureMode,"+
		"JobTimeoutUSec,JobRunningTimeoutUSec,StartLimitIntervalUSec,StartLimitBurst,ExitType,RemainAfterExit,Type", "2.5")
}
