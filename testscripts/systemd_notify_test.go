package testscripts

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// showFolder writes units, "DIRECTIVE|DIRECTIVE…" of [Service] by the unit's
// name without its type, into a new folder. @ACTOR@ is the program actor. After
// a while a script makes calls of systemctl, and asks it for properties of each unit, in the order of
// their names; the answer is the file all.
func showFolder(t *testing.T, units map[string]string, properties, after string, calls ...string) string {
	dir := probesFolder(t, map[string]string{})
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(binDir + "/actor")
	if err != nil {
		t.Fatal(err)
	}
	write("actor", string(program))
	names := slices.Sorted(maps.Keys(units))
	script := "sleep " + after + "\nctl=systemctl\nif [ -e " + dir + "/init ]; then ln -s init " + dir + "/systemctl; ctl=" + dir + "/systemctl; fi\n"
	for _, call := range calls {
		script += "$ctl " + call + " >/dev/null 2>&1\n"
	}
	all := ""
	for _, name := range names {
		text := strings.NewReplacer("|", "\n", "@ACTOR@", dir+"/actor", "@DIR@", dir, "@NAME@", name).Replace(units[name])
		write("units/"+name+".service", "[Service]\n"+text+"\n")
		all += " " + name + ".service"
	}
	write("session", script+"$ctl show -p "+properties+" "+strings.Join(names, " ")+" >"+dir+"/log/all\necho end >"+dir+"/log/stopper.service\n")
	write("units/session.service", "[Service]\nExecStart=/bin/sh "+dir+"/session\n")
	write("units/default.target", "[Unit]\nWants=session.service"+all+"\n")
	return dir
}

// compareShown has both inits run the units and compares what systemctl says.
func compareShown(t *testing.T, units map[string]string, properties, after string, calls ...string) {
	t.Helper()
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return showFolder(t, units, properties, after, calls...) })
	a, b := strings.Split(theirs["all"], "\n\n"), strings.Split(mine["all"], "\n\n")
	if len(a) != len(units) || len(b) != len(units) {
		t.Fatalf("of %d units systemd tells of %d and we of %d:\n%s", len(units), len(a), len(b), mine["all"])
	}
	for n, name := range slices.Sorted(maps.Keys(units)) {
		if a, b := sortedLines(a[n]), sortedLines(b[n]); a != b {
			t.Errorf("%s (%s): systemd says\n%s\nand we\n%s\n%s", name, units[name], a, b, consoleOf(mine, name))
		}
		if theirs[name] != mine[name] {
			t.Errorf("%s (%s): systemd's did\n%sand ours\n%s%s", name, units[name], theirs[name], mine[name], consoleOf(mine, name))
		}
	}
}

// sortedLines are the lines in one, sorted: systemd's order is that of its own
// interfaces.
func sortedLines(text string) string {
	// Since systemd 253 the state that a service announces has a name.
	text = strings.ReplaceAll(text, "SubState=reload-notify", "SubState=reload")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

const notifies = "Type=notify|TimeoutStartSec=30|ExecStart=@ACTOR@ "

// telling are services that tell the manager something. A "/" in the words of
// actor is a newline in the message.
var telling = map[string]string{
	"ready":         notifies + "notify:READY=1 wait:x",
	"never":         notifies + "notify:READY=0 wait:x",
	"newline":       notifies + "notify:READY=1/STATUS=ends/ wait:x",
	"lines":         notifies + "notify:X_A=1//STATUS=a=b/words/=/READY=1/=1 wait:x",
	"returns":       notifies + "notify:STATUS=cr$CR/READY=1$CR/ wait:x",
	"twice":         notifies + "notify:STATUS=one/STATUS=two/READY=1/READY=1 wait:x",
	"emptied":       notifies + "notify:STATUS=one/READY=1 sleep:100ms notify:STATUS= wait:x",
	"full":          notifies + "notify:READY=1/X_FILL=$FULL wait:x",
	"toolong":       notifies + "notify:READY=1/X_FILL=$FULLX wait:x",
	"nul":           notifies + "notify:READY=1$NUL/STATUS=x wait:x",
	"lastnul":       notifies + "notify:READY=1$NUL wait:x",
	"empty":         notifies + "notify:/ notify:= notify:READY=1 wait:x",
	"noteighty":     notifies + "notify:STATUS=$BYTES/READY=1 wait:x",
	"tolderrno":     notifies + "notify:READY=1/ERRNO=13/STATUS=denied wait:x",
	"baderrno":      notifies + "notify:READY=1/ERRNO=x wait:x",
	"negative":      notifies + "notify:READY=1/ERRNO=-5 wait:x",
	"buserror":      notifies + "notify:BUSERROR=org.example.Error/READY=1 wait:x",
	"exitstatus":    notifies + "notify:EXIT_STATUS=3/READY=1 wait:x",
	"ended":         notifies + "notify:STATUS=bye exit:0",
	"failed":        notifies + "notify:READY=1/STATUS=failing sleep:50ms exit:7",
	"early":         notifies + "exit:7",
	"stopping":      notifies + "notify:READY=1 sleep:50ms notify:STOPPING=1/STATUS=stopping sleep:30s",
	"stopped":       notifies + "notify:READY=1 sleep:50ms notify:STOPPING=1 sleep:50ms exit:0",
	"stoppedbad":    notifies + "notify:READY=1 sleep:50ms notify:STOPPING=1 sleep:50ms exit:3",
	"stopsfirst":    notifies + "notify:STOPPING=1 sleep:50ms notify:READY=1 wait:x",
	"stopandready":  notifies + "notify:STOPPING=1/READY=1 wait:x",
	"readyandstop":  notifies + "notify:READY=1/STOPPING=1 sleep:50ms notify:READY=1 wait:x",
	"reloading":     notifies + "notify:READY=1 sleep:50ms notify:RELOADING=1 wait:x",
	"reloaded":      notifies + "notify:READY=1 sleep:50ms notify:RELOADING=1 sleep:50ms notify:READY=1 wait:x",
	"reloadsfirst":  notifies + "notify:RELOADING=1 sleep:50ms notify:READY=1 wait:x",
	"reloadready":   notifies + "notify:RELOADING=1/READY=1 wait:x",
	"readyreload":   notifies + "notify:READY=1/RELOADING=1 sleep:50ms notify:READY=1 wait:x",
	"reloadends":    notifies + "notify:READY=1 sleep:50ms notify:RELOADING=1 sleep:50ms exit:3",
	"reloadstops":   notifies + "notify:READY=1 sleep:50ms notify:RELOADING=1 sleep:50ms notify:STOPPING=1 sleep:30s",
	"reloadtells":   notifies + "notify:READY=1 sleep:50ms notify:RELOADING=1 sleep:50ms notify:READY=1 wait:x|[Unit]|PropagatesReloadTo=reloadtold.service|After=reloadtold.service",
	"reloadtold":    "ExecStart=/bin/sleep 30|ExecReload=/bin/sh -c 'echo reloads >>@DIR@/log/@NAME@'",
	"simple":        "NotifyAccess=main|ExecStart=@ACTOR@ notify:STATUS=simple sleep:50ms notify:RELOADING=1 sleep:50ms notify:READY=1 wait:x",
	"simplestops":   "NotifyAccess=main|ExecStart=@ACTOR@ sleep:50ms notify:STOPPING=1 sleep:30s",
	"oneshot":       "Type=oneshot|NotifyAccess=main|RemainAfterExit=yes|ExecStart=@ACTOR@ notify:READY=1/STATUS=shot sleep:50ms",
	"pre":           "Type=notify|TimeoutStartSec=30|NotifyAccess=all|ExecStartPre=@ACTOR@ notify:READY=1/STATUS=pre sleep:50ms|ExecStart=@ACTOR@ wait:x",
	"post":          "Type=notify|NotifyAccess=exec|ExecStart=@ACTOR@ notify:READY=1 wait:x|ExecStartPost=@ACTOR@ notify:STATUS=post sleep:50ms",
	"postmain":      "Type=notify|NotifyAccess=main|ExecStart=@ACTOR@ notify:READY=1/STATUS=main wait:x|ExecStartPost=-@ACTOR@ notify:STATUS=post",
	"watchdog":      notifies + "notify:READY=1 sleep:50ms notify:WATCHDOG=trigger sleep:30s|WatchdogSec=20|WatchdogSignal=SIGTERM",
	"nowatchdog":    notifies + "notify:READY=1 sleep:50ms notify:WATCHDOG=trigger sleep:30s|WatchdogSignal=SIGTERM",
	"watchfirst":    notifies + "notify:WATCHDOG=trigger sleep:30s|WatchdogSignal=SIGTERM",
	"watchusec":     notifies + "notify:READY=1/WATCHDOG_USEC=100000 sleep:30s|WatchdogSec=20|WatchdogSignal=SIGTERM",
	"watchset":      notifies + "notify:WATCHDOG_USEC=100000/READY=1 sleep:30s|WatchdogSignal=SIGTERM",
	"watchstart":    notifies + "notify:WATCHDOG_USEC=100000 sleep:30s|WatchdogSignal=SIGTERM",
	"watchlater":    notifies + "notify:WATCHDOG=1 sleep:1500ms notify:READY=1 alive:100ms|WatchdogSec=300ms",
	"watchkept":     notifies + "notify:READY=1/WATCHDOG_USEC=1500000 alive:100ms|WatchdogSec=20",
	"watchoff":      notifies + "notify:READY=1/WATCHDOG_USEC=0 wait:x|WatchdogSec=300ms",
	"watchsilent":   notifies + "notify:READY=1 sleep:30s|WatchdogSec=200ms|WatchdogSignal=SIGKILL",
	"watchodd":      notifies + "notify:READY=1/WATCHDOG=2/WATCHDOG=trigger wait:x|WatchdogSec=20",
	"extended":      "Type=notify|TimeoutStartSec=1s|ExecStart=@ACTOR@ notify:EXTEND_TIMEOUT_USEC=5000000 sleep:1500ms notify:READY=1 wait:x",
	"shortened":     "Type=notify|TimeoutStartSec=2s|ExecStart=@ACTOR@ notify:EXTEND_TIMEOUT_USEC=100000 sleep:400ms notify:READY=1 wait:x",
	"overdue":       "Type=notify|TimeoutStartSec=200ms|ExecStart=@ACTOR@ notify:EXTEND_TIMEOUT_USEC=200000 sleep:30s",
	"extendsrun":    notifies + "notify:READY=1 sleep:100ms notify:EXTEND_TIMEOUT_USEC=5000000 sleep:500ms sleep:30s|RuntimeMaxSec=1s",
	"extendsstop":   notifies + "notify:READY=1 sleep:50ms notify:STOPPING=1/EXTEND_TIMEOUT_USEC=5000000 sleep:30s|TimeoutStopSec=200ms",
	"othermain":     notifies + "child:sleep:30s notify:MAINPID=$CHILD/READY=1 exit:3|NotifyAccess=all",
	"mainpid1":      notifies + "notify:READY=1/MAINPID=1 wait:x",
	"nomain":        notifies + "notify:READY=1/MAINPID=999999 wait:x",
	"badmain":       notifies + "notify:READY=1/MAINPID=x wait:x",
	"mainself":      notifies + "notify:READY=1/MAINPID=$PID wait:x",
	"mainaccess":    notifies + "child:notify:READY=1,sleep:30s wait:x|NotifyAccess=main",
	"execaccess":    notifies + "child:notify:READY=1,sleep:30s wait:x|NotifyAccess=exec",
	"allaccess":     notifies + "child:notify:READY=1,sleep:30s wait:x|NotifyAccess=all",
	"noneaccess":    notifies + "notify:READY=1 wait:x|NotifyAccess=none",
	"nonesimple":    "ExecStart=-@ACTOR@ notify:STATUS=x wait:x|NotifyAccess=none",
	"fork":          "Type=forking|NotifyAccess=all|ExecStart=@ACTOR@ notify:STATUS=parent daemon:notify:STATUS=child,sleep:30s",
	"remains":       notifies + "notify:READY=1 sleep:50ms exit:0|RemainAfterExit=yes",
	"remainsearly":  notifies + "notify:STATUS=x exit:0|RemainAfterExit=yes",
	"remainsall":    notifies + "child:sleep:200ms,notify:READY=1,sleep:30s exit:0|RemainAfterExit=yes|NotifyAccess=all",
	"restarted":     notifies + "notify:READY=1/STATUS=first sleep:50ms exit:1|Restart=on-failure|RestartSec=30",
	"barrier":       notifies + "fds:barrier:BARRIER=1 fds:barrier:BARRIER=1|READY=1 wait:x",
	"barrierafter":  notifies + "notify:READY=1 fds:barrier:BARRIER=1 wait:x",
	"unwantedfds":   notifies + "fds:=1+open:READY=1 wait:x",
	"environ":       "NotifyAccess=main|WatchdogSec=30|ExecStart=/bin/sh -c '[ \"$$WATCHDOG_USEC\" = 30000000 ] && [ \"$$WATCHDOG_PID\" = $$$$ ] && [ -n \"$$NOTIFY_SOCKET\" ] && exec sleep 30'",
	"environ-none":  "ExecStart=/bin/sh -c '[ -z \"$$WATCHDOG_USEC$$WATCHDOG_PID$$NOTIFY_SOCKET\" ] && exec sleep 30'",
	"environ-pre":   "NotifyAccess=main|WatchdogSec=30|ExecStartPre=/bin/sh -c '[ -z \"$$WATCHDOG_USEC$$WATCHDOG_PID$$NOTIFY_SOCKET\" ]'|ExecStart=/bin/sleep 30",
	"environ-exec":  "NotifyAccess=exec|WatchdogSec=30|ExecStartPre=/bin/sh -c '[ -z \"$$WATCHDOG_USEC$$WATCHDOG_PID\" ] && [ -n \"$$NOTIFY_SOCKET\" ]'|ExecStart=/bin/sleep 30",
	"environ-store": "FileDescriptorStoreMax=4|ExecStart=/bin/sh -c '[ -n \"$$NOTIFY_SOCKET\" ] && [ -z \"$$LISTEN_FDS\" ] && exec sleep 30'",
}

// TestNotifyLikeSystemd compares what becomes of services that say all that
// sd_notify(3) knows of, and what it does not.
func TestNotifyLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	units := maps.Clone(telling)
	for name, text := range units {
		words := strings.Split(text, " ")
		for n, w := range words {
			if strings.Contains(w, "notify:") {
				words[n] = strings.ReplaceAll(w, "/", "!")
			}
		}
		units[name] = strings.ReplaceAll(strings.Join(words, " "), "@ACTOR@", "@DIR@/actor")
	}
	compareShown(t, units, "ActiveState,SubState,Result,StatusText,StatusErrno,ExecMainCode,ExecMainStatus,NRestarts", "2.5")
}
