package testscripts

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// showUnits are units that say as much as they can of what systemctl show tells.
var showUnits = map[string]string{
	"default.target":  "[Unit]\nDescription=All\nAllowIsolate=yes\nWants=plain.service rich.service forks.service one.socket two.socket fails.service skipped.service refused.service session.service\n",
	"plain.service":   "[Service]\nExecStart=/bin/sleep 1000\n",
	"skipped.service": "[Unit]\nConditionPathExists=/no/such\n[Service]\nExecStart=/bin/true\n",
	"refused.service": "[Unit]\nAssertPathExists=/no/such\n[Service]\nExecStart=/bin/true\n",
	"fails.service":   "[Service]\nExecStart=/bin/sh -c 'exit 3'\n",
	"forks.service": "[Unit]\nDescription=Forks\nDocumentation=man:foo(1) https://example.org/x\nStartLimitIntervalSec=1min 10s\nStartLimitBurst=7\nFailureAction=none\n" +
		"JobTimeoutSec=5min\nOnFailureJobMode=fail\nStopWhenUnneeded=yes\nRefuseManualStop=yes\n" +
		"[Service]\nType=notify\nNotifyAccess=all\nRestart=on-abnormal\nRestartSec=1.5s\nTimeoutStartSec=3min\nTimeoutStopSec=1h 2s\nTimeoutAbortSec=7\nRuntimeMaxSec=2d\n" +
		"RuntimeRandomizedExtraSec=90\nWatchdogSec=1w\nTimeoutStartFailureMode=kill\nTimeoutStopFailureMode=abort\nRemainAfterExit=yes\nGuessMainPID=no\nExitType=main\n" +
		"RestartPreventExitStatus=4 SIGUSR1\nRestartForceExitStatus=1 5\nSuccessExitStatus=3 SIGUSR1 SIGUSR2\nOOMPolicy=continue\nFileDescriptorStoreMax=5\n" +
		"KillMode=mixed\nKillSignal=SIGINT\nRestartKillSignal=SIGHUP\nFinalKillSignal=SIGQUIT\nSendSIGHUP=yes\nSendSIGKILL=no\nWatchdogSignal=SIGTERM\nNonBlocking=yes\n" +
		"ExecCondition=/bin/true c\nExecStartPre=-/bin/true a b\nExecStartPre=+-/bin/true\nExecStart=@ACTOR@ notify:READY=1 wait:x\nExecStartPost=!/bin/true\nExecStartPost=!!-/bin/true\nExecReload=/bin/kill $MAINPID\nExecReload=:/bin/echo x$MAINPID\nExecStop=-:+/bin/true\nExecStopPost=/bin/true\n",
	"rich.service": "[Unit]\nDescription=Rich %n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nUser=nobody\nGroup=daemon\n" +
		"Environment=A=1 \"B=two words\" C=x\\\"y D=$z\nEnvironment=E='q' N=%n\nEnvironmentFile=-/etc/default/rich\nEnvironmentFile=/etc/environment\nPassEnvironment=HOME PATH\n" +
		"UnsetEnvironment=Q R=1\nWorkingDirectory=-/tmp\nUMask=027\nNice=5\nLimitNOFILE=512:1024\nLimitCORE=0\nLimitNPROC=infinity\nSupplementaryGroups=adm tty\nStandardInput=null\n" +
		"StandardOutput=journal\nStandardError=inherit\nNoNewPrivileges=yes\nPrivateTmp=yes\nProtectSystem=full\nProtectHome=read-only\nProtectKernelModules=yes\nLockPersonality=yes\n" +
		"RestrictRealtime=yes\nMemoryDenyWriteExecute=yes\nReadWritePaths=/tmp -/var\nCapabilityBoundingSet=CAP_CHOWN CAP_KILL\nAmbientCapabilities=CAP_KILL\nProtectProc=invisible\n" +
		"RuntimeDirectory=rich:lnk a/b\nRuntimeDirectoryMode=0750\nRuntimeDirectoryPreserve=yes\nStateDirectory=rich:link\nSyslogIdentifier=%p\nOOMScoreAdjust=5\n" +
		"IOSchedulingClass=idle\nCPUSchedulingPolicy=batch\nLogLevelMax=info\nSyslogLevel=debug\nSecureBits=keep-caps\nTimerSlackNSec=1ms\nUtmpIdentifier=x\nIgnoreSIGPIPE=no\n" +
		"MemoryMax=100M\nMemoryHigh=50M\nTasksMax=77\nCPUWeight=200\nCPUQuota=20%\nSlice=foo.slice\nKeyringMode=shared\nSystemCallArchitectures=native\nExecStart=/bin/true\nExecStart=-/bin/echo \"a b\" c\n",
	"one.socket":        "[Socket]\nListenStream=/run/one\nListenDatagram=127.0.0.1:99\nListenFIFO=/run/fifo\nSocketUser=nobody\nSocketMode=0660\nBacklog=7\nKeepAlive=yes\nFileDescriptorName=odd\nRemoveOnStop=yes\nTimeoutSec=5\nService=plain.service\n",
	"two.socket":        "[Socket]\nListenStream=/run/two\nSymlinks=/run/two.link\nService=plain.service\n",
	"rich.service.d/50": "[Service]\nEnvironment=Z=last\n",
	"session.service":   "[Unit]\nAfter=plain.service rich.service forks.service one.socket fails.service skipped.service refused.service\n[Service]\nExecStart=/bin/sh @DIR@/session\n",
}

// showDiffers are properties that are not as systemd's, with the reason.
var showDiffers = map[string]string{
	"skipped.service WatchdogUSec": neverBegan, "refused.service WatchdogUSec": neverBegan,
	"MainPID": ofItsBoot, "ExecMainPID": ofItsBoot, "InvocationID": ofItsBoot,
	"FragmentPath": "it is as the compiler was given it", "DropInPaths": "the folders differ",
	"CPUAccounting": accounts, "MemoryAccounting": accounts, "TasksAccounting": accounts, "CPUUsageNSec": accounts,
	"LimitNOFILE": "systemd tells what it asked for, we what there is",
	"TasksMax":    "systemd has a default of its own", "CanFreeze": "nothing is frozen", "CanClean": "nothing is cleaned", "LoadError": "there is one reason",
	"UnitFileState": "an image has no [Install]", "StatusBusError": "it is of systemd 254", "FileDescriptorStorePreserve": "it is of systemd 254", "ControlGroup": "an empty group may still be there",
	"Requires": others, "Wants": others, "WantedBy": others, "Before": others, "After": others, "Conflicts": others, "RequiresMountsFor": others,
	"TriggeredBy": others,
}

// withoutRecord takes out of the commands what is of its boot, and of those that
// are no main process all of the record: when each began and ended is not kept.
func withoutRecord(unit, shown string) string {
	var b strings.Builder
	for line := range strings.Lines(oracleDir.ReplaceAllString(shown, "@DIR@")) {
		command, record, found := strings.Cut(line, " ; start_time=")
		if main := strings.HasPrefix(line, "ExecStart=") || strings.HasPrefix(line, "ExecStartEx="); found && main && unit != "rich.service" {
			_, record, _ = strings.Cut(record, " ; code=")
			command += " ; code=" + strings.TrimSuffix(record, "\n")
		}
		b.WriteString(strings.TrimSuffix(command, "\n") + "\n")
	}
	return b.String()
}

var oracleDir = regexp.MustCompile(`/var/tmp/rustysd-oracle-[0-9]+`)

// isNever tells if a time is that of what has not been.
func isNever(line string) bool { return strings.HasSuffix(line, "=") || strings.HasSuffix(line, "=0") }

// askedFor are some that scripts ask for, and that are not settings of the unit.
var askedFor = []string{"ConditionResult", "AssertResult", "LimitNOFILE", "LimitNOFILESoft", "LimitCORE", "LimitNPROC", "CPUUsageNSec", "MemoryCurrent", "TasksCurrent", "NRestarts", "MainPID", "InvocationID",
	"ConditionTimestamp", "ConditionTimestampMonotonic", "AssertTimestamp", "AssertTimestampMonotonic",
	"ExecConditionEx", "ExecStartPreEx", "ExecStartEx", "ExecStartPostEx", "ExecReloadEx", "ExecStopEx", "ExecStopPostEx"}

const (
	ofItsBoot  = "it is of its boot"
	neverBegan = "systemd knows it when the service begins"
	accounts   = "the kernel counts, or it does not"
	others     = "slices, mounts and shutdown.target are no units of an image, and the order is that of a hash table"
)

// TestShowLikeSystemd compares all properties that systemctl show tells here with
// those of systemd, in its order.
func TestShowLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath)
	shown := []string{"plain.service", "fails.service", "forks.service", "rich.service", "one.socket", "two.socket", "default.target", "skipped.service", "refused.service", "nowhere.service"}
	folder := func(t *testing.T) string {
		dir := oracleFolderOf(t, nil)
		program, err := os.ReadFile(binDir + "/actor")
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir+"/actor", string(program))
		if err := os.Chmod(dir+"/actor", 0o755); err != nil {
			t.Fatal(err)
		}
		of := strings.NewReplacer("@DIR@", dir, "@ACTOR@", dir+"/actor")
		for name, text := range showUnits {
			if unit, dropIn, ok := strings.Cut(name, "/"); ok {
				name = unit + "/" + dropIn + ".conf"
			}
			write(t, dir+"/units/"+name, of.Replace(text))
		}
		write(t, dir+"/session", "ctl=systemctl\n[ ! -e "+dir+"/init ] || { ln -s init "+dir+"/systemctl; ctl="+dir+"/systemctl; }\n"+
			"while $ctl is-active rich.service forks.service fails.service | grep -v -e '^active' -e failed; do sleep 0.1; done\n"+
			"for u in "+strings.Join(shown, " ")+"; do $ctl show --all $u >"+dir+"/log/$u; done\necho end >"+dir+"/log/stopper.service\n")
		return dir
	}
	theirs := oracleSystemd(t, folder(t), "", nil)
	ours := folder(t)
	compileUnits(t, ours)
	mine := oracleRun(t, ours, sandbox.Options{Init: "/bin/sh", Args: []string{"-c", overlay(ours) + "exec " + ours + "/init"}, Env: []string{oraclePath}})
	same := 0
	for _, name := range shown {
		theirs[name], mine[name] = withoutRecord(name, theirs[name]), withoutRecord(name, mine[name])
		a := strings.Split(strings.TrimSpace(theirs[name]), "\n")
		for _, property := range askedFor {
			if told := strings.Contains(mine[name], property+"="); !told && strings.Contains(theirs[name], property+"=") && name != "nowhere.service" {
				t.Errorf("%s: we do not tell %s", name, property)
			}
		}
		for line := range strings.Lines(mine[name]) {
			line = strings.TrimSuffix(line, "\n")
			property, _, _ := strings.Cut(line, "=")
			n := 0
			for n < len(a) && !strings.HasPrefix(a[n], property+"=") {
				n++
			}
			switch {
			case n == len(a) && showDiffers[property] != "":
				continue
			case n == len(a):
				t.Errorf("%s: systemd does not tell, or earlier: %s", name, line)
				continue
			case a[n] == line:
				same++
			case strings.Contains(property, "Timestamp") && isNever(a[n]) == isNever(line):
				same++
			case showDiffers[property] != "", showDiffers[name+" "+property] != "":
			default:
				t.Errorf("%s: systemd says %s and we %s", name, a[n], line)
			}
			a = a[n+1:]
		}
	}
	t.Logf("properties: %d are the same", same)
}
