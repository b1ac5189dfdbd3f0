package runtime

import "rustysd/runtime/machine"

// resultVars adds $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS, or the
// $MONITOR_ variables of the unit that caused this one (systemd.exec(5)).
func (i *Init) resultVars(r *spawnRequest, a *machine.Action) {
	if a.Env&machine.EnvResult != 0 {
		r.vars = append(r.vars, "SERVICE_RESULT="+i.machine.Result(a.Unit).String())
		code, status := i.machine.MainExit(a.Unit)
		r.vars = appendExit(r.vars, "", code, status)
	}
	if a.Env&machine.EnvMonitor != 0 && int(a.Other) < len(i.plan.Units) {
		r.vars = append(r.vars, "MONITOR_SERVICE_RESULT="+i.machine.Result(a.Other).String(),
			"MONITOR_UNIT="+i.plan.Units[a.Other].Name)
		if other := &i.units[a.Other]; other.hasID { // else it has never run
			r.vars = append(r.vars, "MONITOR_INVOCATION_ID="+string(other.invocation[:]))
		}
		code, status := i.machine.MainExit(a.Other)
		r.vars = appendExit(r.vars, "MONITOR_", code, status)
	}
}

func appendExit(vars []string, prefix string, code machine.ExitCode, status int32) []string {
	switch code {
	case machine.Exited:
		return append(vars, prefix+"EXIT_CODE=exited", prefix+"EXIT_STATUS="+itoa(int64(status)))
	case machine.Killed:
		return append(vars, prefix+"EXIT_CODE=killed", prefix+"EXIT_STATUS="+signalName(status))
	case machine.Dumped:
		return append(vars, prefix+"EXIT_CODE=dumped", prefix+"EXIT_STATUS="+signalName(status))
	}
	return vars
}

var signalNames = [...]string{
	"", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
	"TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
	"WINCH", "IO", "PWR", "SYS",
}

// signalName is a signal's name without "SIG".
func signalName(sig int32) string {
	if sig > 0 && int(sig) < len(signalNames) {
		return signalNames[sig]
	}
	if sig >= sigRTMin {
		return "RTMIN+" + itoa(int64(sig-sigRTMin))
	}
	return itoa(int64(sig))
}
