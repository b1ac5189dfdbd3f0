package testscripts

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The same scenarios live under systemd and in a compiled image, all in one
// boot of each, and the states that both end in are compared, with the order of
// what happened and with the processes that are left.

// stateScenario is some units, what is done to them, and what is remarkable.
type stateScenario struct {
	name string
	// units by what follows the scenario's name in theirs, services unless that has
	// a type; "%S" stands for the scenario, "RUN WORDS" for a script: see
	// stateScript, and ACTOR for an actor.
	units map[string]string
	// do is what a shell does when all have started.
	do string
	// differs says why a property is not as systemd's, by "UNIT PROPERTY".
	differs map[string]string
}

// stateProperties are what is compared.
const stateProperties = "ActiveState,SubState,Result,NRestarts,ExecMainStatus,ExecMainCode"

// stateScript is what services run: words that are done one after the other.
const stateScript = `
log=DIR/log/$1; name=$2; shift 2
for word; do
	case $word in
	up) echo $name up >>$log ;;
	env) echo $name ${SERVICE_RESULT:-none} ${EXIT_CODE:-none} ${EXIT_STATUS:-none} >>$log ;;
	monitor) echo $name ${MONITOR_UNIT:-none} ${MONITOR_SERVICE_RESULT:-none} ${MONITOR_EXIT_STATUS:-none} >>$log ;;
	deaf) trap '' TERM ;;
	child=*) sleep ${word#*=} & ;;
	session=*) setsid sleep ${word#*=} & ;;
	sleep=*) sleep ${word#*=} ;;
	first) if [ -e DIR/log/.$name ]; then exit 0; fi; : >DIR/log/.$name ;;
	pid) echo $! >/run/$name.pid ;;
	exit=*) exit ${word#*=} ;;
	die=*) kill -${word#*=} $$; sleep 10 ;;
	wait) trap 'echo $name down >>$log; exit 0' TERM; while :; do sleep 1000 & wait $!; done ;;
	forever) while :; do sleep 1000; done ;;
	esac
done
`

// service is a unit of these scenarios; more are lines of [Unit] and [Service],
// which begin with "U:" or not.
func stateService(words string, more ...string) string {
	unit, service := "", ""
	for _, line := range more {
		if rest, ok := strings.CutPrefix(line, "U:"); ok {
			unit += rest + "\n"
		} else {
			service += line + "\n"
		}
	}
	if words == "up wait" { // its ExecStart= would be done before it has written
		service, words = "ExecStartPre=RUN up\n"+service, "wait"
	}
	if words != "" {
		service = "ExecStart=RUN " + words + "\n" + service
	}
	return "[Unit]\n" + unit + "[Service]\nTimeoutStopSec=600ms\nRestartSec=30ms\n" + service
}

// stateScenarios are all of them.
func stateScenarios() []stateScenario {
	return slices.Concat(restartScenarios(), dependencyScenarios(), killScenarios(), endScenarios(),
		socketScenarios(), forkingScenarios(), reloadingScenarios())
}

// restartScenarios are the table of systemd.service(5), "Restart=".
func restartScenarios() (all []stateScenario) {
	causes := map[string]string{"clean": "exit=0", "code": "exit=3", "signal": "die=USR1", "term": "die=TERM", "timeout": "forever"}
	for _, restart := range []string{"no", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog", "always"} {
		for _, cause := range slices.Sorted(maps.Keys(causes)) {
			more := []string{"Restart=" + restart, "U:StartLimitBurst=3", "U:StartLimitIntervalSec=60"}
			if cause == "timeout" {
				more = append(more, "Type=notify", "TimeoutStartSec=200ms")
			}
			all = append(all, stateScenario{name: "restart-" + restart + "-" + cause, units: map[string]string{"": stateService(causes[cause], more...)}})
		}
	}
	one := func(name, words string, more ...string) {
		more = append(more, "U:StartLimitBurst=3", "U:StartLimitIntervalSec=60")
		all = append(all, stateScenario{name: name, units: map[string]string{"": stateService(words, more...)}})
	}
	one("prevent", "exit=3", "Restart=always", "RestartPreventExitStatus=3")
	one("prevent-signal", "die=USR1", "Restart=always", "RestartPreventExitStatus=SIGUSR1")
	one("force", "exit=3", "Restart=no", "RestartForceExitStatus=3")
	one("success-status", "exit=3", "Restart=on-failure", "SuccessExitStatus=3")
	one("success-signal", "die=USR1", "Restart=on-failure", "SuccessExitStatus=SIGUSR1")
	one("once", "up first exit=1", "Restart=on-failure")
	one("oneshot-restart", "exit=1", "Type=oneshot", "Restart=on-failure")
	one("runtime-max", "wait", "RuntimeMaxSec=200ms", "Restart=no")
	one("runtime-max-restart", "forever", "RuntimeMaxSec=100ms", "Restart=on-failure")
	one("watchdog", "forever", "WatchdogSec=100ms", "NotifyAccess=all", "Restart=on-watchdog")
	return all
}

// dependencyScenarios are pairs of units, b of which something happens to.
func dependencyScenarios() (all []stateScenario) {
	ends := map[string]string{"fails": "exit=1", "ends": "exit=0"}
	for _, rel := range []string{"Requires", "Wants", "BindsTo", "Requisite"} {
		all = append(all, stateScenario{name: "start-" + strings.ToLower(rel), units: map[string]string{
			"-a": stateService("up wait", "U:"+rel+"=%S-b.service", "U:After=%S-b.service"),
			"-b": stateService("exit=1", "Type=oneshot"),
		}})
		all = append(all, stateScenario{name: "stop-" + strings.ToLower(rel), do: "systemctl stop %S-b.service", units: map[string]string{
			"-a": stateService("up wait", "U:"+rel+"=%S-b.service", "U:After=%S-b.service"),
			"-b": stateService("up wait"),
		}})
		for end, words := range ends {
			s := stateScenario{name: end + "-" + strings.ToLower(rel), units: map[string]string{
				"-a": stateService("wait", "U:"+rel+"=%S-b.service", "U:After=%S-b.service"),
				"-b": stateService("sleep=1 " + words),
			}}
			if rel == "Requires" && end == "fails" {
				why := "who requires a unit that fails for good is stopped, as the original rustysd does"
				s.differs = map[string]string{"-a ActiveState": why, "-a SubState": why, "-a ExecMainCode": why, "log": why}
			}
			all = append(all, s)
		}
	}
	two := func(name, do, a, b string) {
		all = append(all, stateScenario{name: name, do: do, units: map[string]string{"-a": a, "-b": b}})
	}
	up := stateService("up wait")
	two("partof-stop", "systemctl stop %S-b.service", stateService("up wait", "U:PartOf=%S-b.service", "U:After=%S-b.service"), up)
	two("partof-restart", "systemctl restart %S-b.service", stateService("up wait", "U:PartOf=%S-b.service", "U:After=%S-b.service"), up)
	two("requires-restart", "systemctl restart %S-b.service", stateService("up wait", "U:Requires=%S-b.service", "U:After=%S-b.service"), up)
	two("upholds", "", stateService("wait", "U:Upholds=%S-b.service"), stateService("up first sleep=0.3 exit=0", "U:StartLimitIntervalSec=infinity"))
	two("upholds-stop", "systemctl stop %S-b.service", stateService("wait", "U:Upholds=%S-b.service"), up)
	two("conflicts", "systemctl start %S-a.service", "MANUAL "+stateService("up wait", "U:Description=KEEP", "U:Conflicts=%S-b.service", "U:After=%S-b.service"), up)
	const kept = "a unit that is up, and that the transaction needs, is not joined by what it conflicts with"
	all = append(all, stateScenario{name: "conflicts-up", do: "systemctl start %S-a.service", differs: map[string]string{"-c ActiveState": kept, "-c SubState": kept, "log": kept},
		units: map[string]string{
			"-a": "MANUAL " + stateService("up wait", "U:Description=KEEP", "U:Wants=%S-c.service", "U:Requisite=%S-b.service", "U:After=%S-b.service"),
			"-b": stateService("up wait", "U:Conflicts=%S-c.service", "U:Before=%S-c.service"), "-c": "MANUAL " + stateService("up wait")}})
	two("onfailure", "", stateService("exit=4", "U:OnFailure=%S-b.service"), "MANUAL "+stateService("monitor", "Type=oneshot"))
	two("onsuccess", "", stateService("exit=0", "U:OnSuccess=%S-b.service"), "MANUAL "+stateService("monitor", "Type=oneshot"))
	two("onfailure-not", "", stateService("exit=0", "U:OnFailure=%S-b.service"), "MANUAL "+stateService("monitor", "Type=oneshot"))
	two("propagates-stop", "systemctl stop %S-a.service", stateService("up wait", "U:PropagatesStopTo=%S-b.service", "U:After=%S-b.service"), up)
	two("after-failed", "", stateService("up wait", "U:After=%S-b.service"), stateService("sleep=0.2 exit=1", "Type=oneshot"))
	two("unneeded", "systemctl stop %S-a.service", stateService("up wait", "U:Wants=%S-b.service", "U:After=%S-b.service"), "MANUAL "+stateService("up wait", "U:StopWhenUnneeded=yes"))
	two("order-stop", "systemctl stop %S-a.service %S-b.service", stateService("up wait", "U:After=%S-b.service"), up)
	return all
}

// killScenarios are KillMode= with main processes and children that do not
// want to go.
func killScenarios() (all []stateScenario) {
	n := 7000
	for _, mode := range []string{"control-group", "mixed", "process", "none"} {
		for _, who := range []string{"wait", "deaf child=%d forever", "child=%d wait", "session=%d wait"} {
			n++
			words := strings.ReplaceAll(who, "%d", fmt.Sprint(n))
			verb, _, _ := strings.Cut(who, "=")
			all = append(all, stateScenario{name: "kill-" + mode + "-" + strings.ReplaceAll(verb, " ", "-"), do: "systemctl stop %S.service",
				units: map[string]string{"": stateService(words, "KillMode="+mode)}})
		}
	}
	return all
}

// endScenarios are the other ways to start and to end.
func endScenarios() (all []stateScenario) {
	one := func(name, do string, text string) {
		all = append(all, stateScenario{name: name, do: do, units: map[string]string{"": text}})
	}
	for _, status := range []string{"exit=0", "exit=1", "exit=254", "exit=255", "die=USR1"} {
		one("condition-"+strings.ReplaceAll(status, "=", "-"), "", stateService("up exit=0", "Type=oneshot", "ExecCondition=RUN "+status, "ExecStopPost=RUN env"))
	}
	for _, words := range []string{"exit=0", "exit=5", "die=USR1", "die=TERM"} {
		one("post-"+strings.ReplaceAll(words, "=", "-"), "", stateService(words, "ExecStopPost=RUN env"))
	}
	one("post-stopped", "systemctl stop %S.service", stateService("wait", "ExecStop=RUN env", "ExecStopPost=RUN env"))
	one("post-timeout", "", stateService("forever", "Type=notify", "TimeoutStartSec=200ms", "ExecStopPost=RUN env"))
	one("post-killed", "systemctl stop %S.service", stateService("deaf forever", "ExecStopPost=RUN env"))
	one("post-fails", "systemctl stop %S.service", stateService("wait", "ExecStopPost=RUN exit=7"))
	one("stop-fails", "systemctl stop %S.service", stateService("wait", "ExecStop=RUN exit=7", "ExecStopPost=RUN env"))
	one("pre-fails", "", stateService("up", "ExecStartPre=RUN exit=6", "ExecStopPost=RUN env"))
	one("pre-timeout", "", stateService("up", "ExecStartPre=RUN forever", "TimeoutStartSec=200ms", "ExecStopPost=RUN env"))
	one("startpost-fails", "", stateService("wait", "ExecStartPost=RUN exit=6", "ExecStopPost=RUN env"))
	one("minus", "", stateService("", "Type=oneshot", "ExecStart=-RUN exit=6", "ExecStart=RUN up", "ExecStopPost=RUN env"))
	one("list", "", stateService("", "Type=oneshot", "ExecStart=RUN up", "ExecStart=RUN exit=6", "ExecStart=RUN up", "ExecStopPost=RUN env"))
	one("remains", "", stateService("exit=0", "Type=oneshot", "RemainAfterExit=yes"))
	one("remains-fails", "", stateService("exit=1", "Type=oneshot", "RemainAfterExit=yes"))
	one("remains-simple", "", stateService("exit=0", "RemainAfterExit=yes"))
	one("remains-stopped", "systemctl stop %S.service", stateService("exit=0", "Type=oneshot", "RemainAfterExit=yes", "ExecStop=RUN up"))
	one("no-program", "", stateService("", "ExecStart=/no/such/program"))
	one("exec-no-program", "", stateService("", "Type=exec", "ExecStart=/no/such/program"))
	one("no-directory", "", stateService("wait", "WorkingDirectory=/no/such/folder"))
	one("abort", "", stateService("forever", "Type=notify", "TimeoutStartSec=200ms", "TimeoutStartFailureMode=abort"))
	one("kill", "", stateService("forever", "Type=notify", "TimeoutStartSec=200ms", "TimeoutStartFailureMode=kill"))
	one("notify-ends", "", stateService("exit=0", "Type=notify"))
	one("forking", "systemctl stop %S.service", stateService("session=7100 sleep=0.1 exit=0", "Type=forking"))
	one("forking-fails", "", stateService("session=7101 exit=3", "Type=forking"))
	one("reload", "systemctl reload %S.service", stateService("wait", "ExecReload=RUN up"))
	one("reload-fails", "systemctl reload %S.service", stateService("wait", "ExecReload=RUN exit=2"))
	one("start-limit", "systemctl start %S.service; systemctl start %S.service; systemctl start %S.service", stateService("exit=0", "Type=oneshot", "U:StartLimitBurst=2", "U:StartLimitIntervalSec=60"))
	one("reset-failed", "systemctl reset-failed %S.service", stateService("exit=1"))
	return all
}

// socketScenarios are FIFOs, which a shell can write into. What is written stays
// there, so that a service that ends is started again.
func socketScenarios() (all []stateScenario) {
	const (
		writes = "timeout 1 sh -c 'echo x >/run/%S.fifo'"
		served = writes + "; until systemctl is-active %S.service; do sleep 0.1; done; "
	)
	one := func(name, do, socket, service string) {
		all = append(all, stateScenario{name: "socket-" + name, do: do, units: map[string]string{
			".socket": "[Unit]\nStartLimitIntervalSec=60\n[Socket]\nListenFIFO=/run/%S.fifo\n" + socket, "": "MANUAL " + service}})
	}
	const brought = "a socket in the folder of its service is started with it"
	serves, limit := stateService("up wait"), []string{"U:StartLimitBurst=3", "U:StartLimitIntervalSec=60"}
	one("waits", "", "", serves)
	one("serves", writes, "", serves)
	one("stops", "systemctl stop %S.socket; "+writes, "", serves)
	one("stops-serving", served+"systemctl stop %S.socket", "", serves)
	one("removed", "systemctl stop %S.socket; test ! -e /run/%S.fifo && systemctl start %S.service", "RemoveOnStop=yes\n", serves)
	one("again", served+"systemctl stop %S.service; until [ $(wc -l <DIR/log/socket-again) = 2 ]; do sleep 0.1; done", "", stateService("forever", "ExecStartPre=RUN up"))
	one("by-hand", "systemctl start %S.service", "", serves)
	one("late", "systemctl stop %S.socket %S.service; systemctl start %S.service; systemctl restart %S.socket", "", serves)
	one("flushes", writes, "FlushPending=yes\n", stateService("up exit=0"))
	one("limit", writes, "", stateService("up exit=0", limit...))
	one("limit-fails", writes, "", stateService("up exit=1", append(limit, "Restart=on-failure")...))
	one("limit-trigger", writes, "TriggerLimitIntervalSec=60\nTriggerLimitBurst=2\n", stateService("up exit=0", "U:StartLimitIntervalSec=0"))
	one("condition", writes, "TriggerLimitIntervalSec=60\nTriggerLimitBurst=4\n", stateService("up wait", append(limit, "ExecCondition=RUN exit=1")...))
	one("commands", "systemctl stop %S.socket", "ExecStartPre=RUN up\nExecStartPost=RUN up\nExecStopPre=RUN up\nExecStopPost=RUN up\n", serves)
	one("pre-fails", "", "ExecStartPre=RUN exit=6\nExecStopPost=RUN up\n", serves)
	one("post-fails", "", "ExecStartPost=RUN exit=6\nExecStopPre=RUN up\nExecStopPost=RUN up\n", serves)
	one("stop-fails", "systemctl stop %S.socket", "ExecStopPre=RUN exit=6\nExecStopPost=RUN up\n", serves)
	one("pre-hangs", "", "TimeoutSec=200ms\nExecStartPre=RUN forever\nExecStopPost=RUN up\n", serves)
	one("post-hangs", "", "TimeoutSec=1s\nExecStartPost=RUN forever\nExecStopPre=RUN up\nExecStopPost=RUN up\n", serves)
	one("stop-hangs", "systemctl stop %S.socket", "TimeoutSec=1s\nExecStopPre=RUN forever\nExecStopPost=RUN up\n", serves)
	one("minus", "", "ExecStartPre=-RUN exit=6\n", serves)
	for n := range all {
		if all[n].name == "socket-removed" {
			all[n].differs = map[string]string{".socket ActiveState": brought, ".socket SubState": brought}
		}
	}
	return all
}

// forkingScenarios are services of Type=forking.
func forkingScenarios() (all []stateScenario) {
	one := func(name, do, words string, more ...string) {
		all = append(all, stateScenario{name: "fork-" + name, do: do, units: map[string]string{"": stateService(words, append(more, "Type=forking", "ExecStopPost=RUN env")...)}})
	}
	const (
		file = "PIDFile=/run/%S.pid"
		up   = "until systemctl is-active %S.service; do sleep 0.1; done; "
		kill = up + "systemctl kill -s KILL --kill-who=main %S.service"
		end  = up + "systemctl kill -s TERM --kill-who=main %S.service"
	)
	one("file", "", "child=7120 pid exit=0", file)
	one("file-stop", "systemctl stop %S.service", "child=7121 pid exit=0", file)
	one("file-kill", kill, "child=7122 pid exit=0", file)
	one("file-restart", kill, "child=7136 pid exit=0", file, "Restart=on-failure")
	one("file-success", end, "child=7138 pid exit=0", file, "Restart=on-failure")
	one("file-two", end, "child=7123 child=7124 pid exit=0", file)
	one("file-remains", end, "child=7139 pid exit=0", file, "RemainAfterExit=yes")
	one("file-fails", "", "child=7125 pid exit=3", file)
	one("file-reload", "systemctl reload %S.service", "child=7126 pid exit=0", file, "ExecReload=RUN up")
	one("guess", "", "child=7127 exit=0")
	one("guess-two", "", "child=7128 child=7129 exit=0")
	one("guess-kill", kill, "child=7130 exit=0")
	one("no-guess", "", "child=7131 exit=0", "GuessMainPID=no")
	one("no-guess-ends", up+"systemctl kill -s KILL %S.service", "child=7137 exit=0", "GuessMainPID=no")
	one("nobody", "", "exit=0")
	one("mixed", "systemctl stop %S.service", "child=7132 child=7133 pid exit=0", file, "KillMode=mixed")
	one("post", "", "child=7134 pid exit=0", file, "ExecStartPost=RUN up")
	one("post-fails", "", "child=7135 pid exit=0", file, "ExecStartPost=RUN exit=6")
	return all
}

// reloadingScenarios are services that say of themselves that they reload.
func reloadingScenarios() (all []stateScenario) {
	one := func(name, words string, more ...string) {
		all = append(all, stateScenario{name: "reloading-" + name, units: map[string]string{"": stateService("", append(more, "Type=notify", "ExecStart=ACTOR notify:READY=1 sleep:200ms "+words, "ExecStopPost=RUN env")...)}})
	}
	one("done", "notify:RELOADING=1 sleep:100ms notify:READY=1 forever:")
	one("late", "notify:RELOADING=1 forever:", "TimeoutStartSec=1500ms")
	one("twice", "notify:RELOADING=1 notify:RELOADING=1 notify:READY=1 forever:")
	one("ends", "notify:RELOADING=1 exit:0")
	one("fails", "notify:RELOADING=1 exit:3")
	one("crashes", "notify:RELOADING=1 exit:KILL", "Restart=on-abnormal", "U:StartLimitBurst=2", "U:StartLimitIntervalSec=60")
	one("remains", "notify:RELOADING=1 exit:0", "RemainAfterExit=yes")
	one("stops", "notify:STOPPING=1 exit:0")
	one("stops-late", "notify:STOPPING=1 forever:")
	one("stops-deaf", "deaf: notify:STOPPING=1 forever:")
	one("both", "notify:RELOADING=1|READY=1 forever:")
	all = append(all,
		stateScenario{name: "reloading-along", units: map[string]string{
			"-a": stateService("", "U:PropagatesReloadTo=%S-b.service", "U:After=%S-b.service", "Type=notify", "ExecStart=ACTOR notify:READY=1 sleep:300ms notify:RELOADING=1 sleep:50ms notify:READY=1 forever:"),
			"-b": stateService("wait", "ExecReload=RUN up")}},
		stateScenario{name: "reloading-asked", do: "systemctl reload %S.service", units: map[string]string{
			"": stateService("", "Type=notify", "ExecStart=ACTOR notify:READY=1 forever:", "ExecReload=RUN up")}},
		stateScenario{name: "reloading-asked-along", do: "systemctl reload %S-a.service", units: map[string]string{
			"-a": stateService("wait", "U:PropagatesReloadTo=%S-b.service", "U:After=%S-b.service", "ExecReload=RUN up"), "-b": stateService("wait", "ExecReload=RUN up")}},
		stateScenario{name: "reloading-asked-late", do: "systemctl reload %S.service", units: map[string]string{
			"": stateService("wait", "TimeoutStartSec=300ms", "ExecReload=RUN forever")}})
	return all
}

// stateName is the name of a scenario's unit.
func stateName(scenario, suffix string) string {
	if strings.Contains(suffix, ".") {
		return scenario + suffix
	}
	return scenario + suffix + ".service"
}

// stateFolder writes the scenarios of a boot.
func stateFolder(t *testing.T, all []stateScenario) string {
	units, wants, names, do := map[string]string{}, "stopper.service", "", ""
	for _, s := range all {
		for suffix, text := range s.units {
			name := stateName(s.name, suffix)
			text, manual := strings.CutPrefix(text, "MANUAL ")
			text = strings.ReplaceAll(text, "%S", s.name)
			text = strings.ReplaceAll(text, "RUN ", "/bin/sh DIR/run.sh "+s.name+" "+s.name+suffix+" ")
			text = strings.ReplaceAll(text, "ACTOR ", binDir+"/actor ")
			if units[name] = text; !manual {
				wants += " " + name
			}
			names += " " + name
		}
		if s.do != "" {
			do += "( " + strings.ReplaceAll(s.do, "%S", s.name) + " ) &\n"
		}
	}
	order := strings.Fields(names)
	slices.Sort(order)
	units["default.target"] = "[Unit]\nWants=" + wants + "\n"
	units["stopper.service"] = "[Unit]\nDescription=ends it\nOnFailure=" + onFailure(units) + "\n[Service]\nType=oneshot\nExecStart=/bin/sh DIR/driver.sh\n"
	dir := oracleFolderOf(t, units)
	driver := "if [ -e DIR/init ]; then ln -s init DIR/systemctl; else ln -s /usr/bin/systemctl DIR/systemctl; fi\nsleep 3.5\nsystemctl() { DIR/systemctl \"$@\" >/dev/null 2>&1; }\n" + do + "wait\nsleep 1\n" +
		"DIR/systemctl show -p Id," + stateProperties + " " + strings.Join(order, " ") + " >DIR/log/states\n" +
		"ps -e -o args= | grep -E '^sleep 7[01]' | sort >DIR/log/left\necho done >DIR/log/stopper.service\n"
	for name, text := range map[string]string{"run.sh": stateScript, "driver.sh": driver} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "DIR", dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range units {
		if err := os.WriteFile(filepath.Join(dir, "units", name), []byte(strings.ReplaceAll(text, "DIR", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// onFailure names the units that are started by hand alone: a compiler that
// prunes keeps only what something leads to.
func onFailure(units map[string]string) (names string) {
	for _, name := range slices.Sorted(maps.Keys(units)) {
		if strings.HasSuffix(name, ".service") && strings.Contains(units[name], "KEEP") {
			names += " " + name
		}
	}
	return names
}

// readStates reads what "systemctl show" printed.
func readStates(text string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		unit := map[string]string{}
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			unit[key] = value
		}
		all[unit["Id"]] = unit
	}
	return all
}

func TestStatesLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	all := stateScenarios()
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return stateFolder(t, all) })
	ours, other := readStates(mine["states"]), readStates(theirs["states"])
	same, differences := 0, 0
	for _, s := range all {
		differ := map[string]string{} // by what differs
		for suffix := range s.units {
			name := stateName(s.name, suffix)
			for _, p := range strings.Split(stateProperties, ",") {
				if a, b := other[name][p], ours[name][p]; a != b || other[name] == nil {
					differ[strings.TrimSpace(suffix+" "+p)] = fmt.Sprintf("systemd has %q, we %q", a, b)
				}
			}
		}
		if a, b := theirs[s.name], mine[s.name]; a != b {
			differ["log"] = fmt.Sprintf("systemd's says %q, ours %q", a, b)
		}
		if len(differ) == 0 {
			same++
		}
		for _, what := range slices.Sorted(maps.Keys(differ)) {
			if why := s.differs[what]; why != "" {
				differences++
				t.Logf("differs: %s: %s: %s: %s", s.name, what, differ[what], why)
			} else {
				t.Errorf("%s: %s: %s", s.name, what, differ[what])
			}
		}
	}
	if theirs["left"] != mine["left"] {
		t.Errorf("processes that are left: systemd has\n%sand we\n%s", theirs["left"], mine["left"])
	}
	t.Logf("scenarios: %d, of which %d end alike, with %d differences on purpose", len(all), same, differences)
}
