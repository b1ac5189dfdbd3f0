package runtime

import "rustysd/runtime/plan"

// stepNames are systemd.exec(5)'s names of the exit statuses from 200 on.
var stepNames = [...]string{
	"CHDIR", "NICE", "FDS", "EXEC", "MEMORY", "LIMITS", "OOM_ADJUST", "SIGNAL_MASK", "STDIN", "STDOUT",
	"CHROOT", "IOPRIO", "TIMERSLACK", "SECUREBITS", "SETSCHEDULER", "CPUAFFINITY", "GROUP", "USER",
	"CAPABILITIES", "CGROUP", "SETSID", "CONFIRM", "STDERR", "", "PAM", "NETWORK", "NAMESPACE",
	"NO_NEW_PRIVILEGES", "SECCOMP", "SELINUX_CONTEXT", "PERSONALITY", "APPARMOR", "ADDRESS_FAMILIES",
	"RUNTIME_DIRECTORY", "", "CHOWN", "SMACK_PROCESS_LABEL", "KEYRING", "STATE_DIRECTORY",
	"CACHE_DIRECTORY", "LOGS_DIRECTORY", "CONFIGURATION_DIRECTORY", "NUMA_POLICY", "CREDENTIALS",
}

// stepName is a step's name, as systemd prints it.
func stepName(s plan.Step) string {
	if s < 200 || int(s-200) >= len(stepNames) || stepNames[s-200] == "" {
		return itoa(int64(s))
	}
	return stepNames[s-200]
}
