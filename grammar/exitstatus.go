package grammar

import "strconv"

// exitNames are systemd's names of exit statuses: systemd.exec(5), "PROCESS
// EXIT CODES". 223 and 234 are not used.
var exitNames = [256]string{
	0: "SUCCESS", 1: "FAILURE", 2: "INVALIDARGUMENT", 3: "NOTIMPLEMENTED", 4: "NOPERMISSION",
	5: "NOTINSTALLED", 6: "NOTCONFIGURED", 7: "NOTRUNNING",

	64: "USAGE", 65: "DATAERR", 66: "NOINPUT", 67: "NOUSER", 68: "NOHOST", 69: "UNAVAILABLE",
	70: "SOFTWARE", 71: "OSERR", 72: "OSFILE", 73: "CANTCREAT", 74: "IOERR", 75: "TEMPFAIL",
	76: "PROTOCOL", 77: "NOPERM", 78: "CONFIG",

	200: "CHDIR", 201: "NICE", 202: "FDS", 203: "EXEC", 204: "MEMORY", 205: "LIMITS",
	206: "OOM_ADJUST", 207: "SIGNAL_MASK", 208: "STDIN", 209: "STDOUT", 210: "CHROOT",
	211: "IOPRIO", 212: "TIMERSLACK", 213: "SECUREBITS", 214: "SETSCHEDULER", 215: "CPUAFFINITY",
	216: "GROUP", 217: "USER", 218: "CAPABILITIES", 219: "CGROUP", 220: "SETSID", 221: "CONFIRM",
	222: "STDERR", 224: "PAM", 225: "NETWORK", 226: "NAMESPACE", 227: "NO_NEW_PRIVILEGES",
	228: "SECCOMP", 229: "SELINUX_CONTEXT", 230: "PERSONALITY", 231: "APPARMOR",
	232: "ADDRESS_FAMILIES", 233: "RUNTIME_DIRECTORY", 235: "CHOWN", 236: "SMACK_PROCESS_LABEL",
	237: "KEYRING", 238: "STATE_DIRECTORY", 239: "CACHE_DIRECTORY", 240: "LOGS_DIRECTORY",
	241: "CONFIGURATION_DIRECTORY", 242: "NUMA_POLICY", 243: "CREDENTIALS", 244: "BPF",
	255: "EXCEPTION",
}

// ExitStatusName is systemd's name of an exit status, or its number.
func ExitStatusName(n int) string {
	if n >= 0 && n < len(exitNames) && exitNames[n] != "" {
		return exitNames[n]
	}
	return strconv.Itoa(n)
}

// ParseExitStatus reads one exit status: a name or a number from 0 to 255.
func ParseExitStatus(s string) (int, *Error) {
	for n, name := range exitNames {
		if name == s && s != "" {
			return n, nil
		}
	}
	n, err := ParseUint(s)
	if err != nil || n > 255 {
		return 0, wrong(s, "expected an exit status, not "+quoted(s),
			"write a number from 0 to 255 or a name that systemd-analyze exit-status lists, like TEMPFAIL")
	}
	return int(n), nil
}

// ExitStatuses is a set of exit statuses and of signals.
type ExitStatuses struct {
	Status  [4]uint64 // bit n of the 256 is exit status n
	Signals [2]uint64 // bit n of the 128 is signal n
}

// HasStatus says whether exit status n is in the set.
func (e *ExitStatuses) HasStatus(n int) bool { return e.Status[n/64]>>(n%64)&1 != 0 }

// HasSignal says whether signal n is in the set.
func (e *ExitStatuses) HasSignal(n int) bool { return e.Signals[n/64]>>(n%64)&1 != 0 }

// ParseExitStatuses reads a list like that of SuccessExitStatus=. Numbers are
// exit statuses; signals are named.
func ParseExitStatuses(s string) (ExitStatuses, *Error) {
	var set ExitStatuses
	for _, w := range ParseList(s) {
		if n, err := ParseExitStatus(w.Text); err == nil {
			set.Status[n/64] |= 1 << (n % 64)
			continue
		}
		n, err := ParseSignal(w.Text)
		if _, number := ParseInt(w.Text); err != nil || number == nil {
			return ExitStatuses{}, &Error{w.Offset, w.End, "expected an exit status or a signal, not " + quoted(w.Text),
				"write a number from 0 to 255, a name that systemd-analyze exit-status lists, or a signal like SIGTERM"}
		}
		set.Signals[n/64] |= 1 << (n % 64)
	}
	return set, nil
}
