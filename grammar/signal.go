package grammar

import (
	"strconv"
	"strings"
)

// signalNames are the names of signal(7), by number. They are those of all
// architectures that the init is built for.
var signalNames = [...]string{
	1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE",
	9: "KILL", 10: "USR1", 11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 16: "STKFLT",
	17: "CHLD", 18: "CONT", 19: "STOP", 20: "TSTP", 21: "TTIN", 22: "TTOU", 23: "URG", 24: "XCPU",
	25: "XFSZ", 26: "VTALRM", 27: "PROF", 28: "WINCH", 29: "IO", 30: "PWR", 31: "SYS",
}

// The range of real-time signals as the C library has it, which keeps two for
// itself. A unit means these numbers.
const (
	sigRTMin = 34
	sigRTMax = 64
)

// ParseSignal reads a signal: "SIGTERM", "TERM", "15", "RTMIN+3", "RTMAX-1".
func ParseSignal(s string) (int, *Error) {
	const hint = "write a name of signal(7) like SIGTERM or SIGRTMIN+3, or its number"
	if n, err := ParseInt(s); err == nil {
		if n < 1 || n > sigRTMax {
			return 0, wrong(s, "a signal's number that is not from 1 to 64", hint)
		}
		return int(n), nil
	}
	name := strings.TrimPrefix(s, "SIG")
	for n, known := range signalNames {
		if n > 0 && known == name {
			return n, nil
		}
	}
	if n, ok := realTime(name); ok {
		return n, nil
	}
	if up := strings.ToUpper(s); up != s {
		if n, err := ParseSignal(up); err == nil {
			return 0, wrong(s, "unknown signal "+quoted(s), "write it in capitals: "+SignalName(n))
		}
	}
	return 0, wrong(s, "unknown signal "+quoted(s), hint)
}

// realTime reads RTMIN, RTMIN+n, RTMAX and RTMAX-n.
func realTime(s string) (int, bool) {
	n, base, sign := uint64(0), sigRTMin, 1
	rest, found := strings.CutPrefix(s, "RTMIN")
	mark := "+"
	if !found {
		base, sign, mark = sigRTMax, -1, "-"
		if rest, found = strings.CutPrefix(s, "RTMAX"); !found {
			return 0, false
		}
	}
	if rest != "" {
		digits, found := strings.CutPrefix(rest, mark)
		var err *Error
		if n, err = ParseUint(digits); !found || err != nil || n > sigRTMax-sigRTMin {
			return 0, false
		}
	}
	return base + sign*int(n), true
}

// SignalName is the name of signal n: "SIGTERM", "SIGRTMIN+3". What is none is
// its number.
func SignalName(n int) string {
	switch {
	case n > 0 && n < len(signalNames):
		return "SIG" + signalNames[n]
	case n == sigRTMin:
		return "SIGRTMIN"
	case n > sigRTMin && n <= sigRTMax:
		return "SIGRTMIN+" + strconv.Itoa(n-sigRTMin)
	}
	return strconv.Itoa(n)
}
