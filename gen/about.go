package gen

import (
	"reflect"
	"strconv"
	"strings"

	"rustysd/runtime/plan"
)

// This file has what the comments behind fields say: what a number means, and
// where the field was written.

// about is the comment behind a field: its meaning, then its origin.
func (p *printer) about(f reflect.Value, of reflect.Type, name, path string) string {
	return joinAbout(p.meaning(f, name), p.origin(f, of, path))
}

func joinAbout(parts ...string) string {
	var kept []string
	for _, s := range parts {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, ", ")
}

// meaning says in words what a number stands for.
func (p *printer) meaning(f reflect.Value, name string) string {
	switch {
	case f.Type() == unitIDType:
		return p.unitName(f)
	case f.Kind() == reflect.Uint8 && strings.HasSuffix(name, "Signal"):
		return signalName(f.Uint())
	case f.Kind() == reflect.Pointer && f.Type().Elem() == exitSetType:
		return exitSetText(f.Interface().(*plan.ExitSet))
	}
	return ""
}

// origin says where a field was written. A setting that nobody wrote has its
// default.
func (p *printer) origin(f reflect.Value, of reflect.Type, path string) string {
	if p.in.Origins == nil || p.unit == "" {
		return ""
	}
	if at := p.in.Origins[p.unit+" "+path]; at != "" {
		return at
	}
	if isSetting(f, of) {
		return "default"
	}
	return ""
}

// isSetting: the field is a directive's value, so that it has a default.
func isSetting(f reflect.Value, of reflect.Type) bool {
	if of != reflect.TypeFor[plan.Service]() && of != reflect.TypeFor[plan.Socket]() {
		return false
	}
	switch f.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.String, reflect.Struct:
		return false
	}
	return f.Type() != unitIDType
}

// hasOrigins: origins are kept for the fields of the value at path.
func hasOrigins(path string) bool { return path == "Actions" }

// aboutElement is the comment behind an element of a list.
func (p *printer) aboutElement(v reflect.Value) string {
	var names []string
	for i := range v.NumField() {
		if v.Field(i).Type() == unitIDType {
			names = append(names, p.unitName(v.Field(i)))
		}
	}
	return strings.Join(names, ", ")
}

// unitName is the name of the unit with the number in v.
func (p *printer) unitName(v reflect.Value) string {
	id := plan.UnitID(v.Uint())
	if int(id) >= len(p.in.Plan.Units) {
		return ""
	}
	return p.in.Plan.Units[id].Name
}

// signals are the names that signal(7) gives, by Linux's numbers, which are the
// same on every architecture that the runtime knows.
var signals = [...]string{
	1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
	8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE",
	14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT", 17: "SIGCHLD", 18: "SIGCONT", 19: "SIGSTOP",
	20: "SIGTSTP", 21: "SIGTTIN", 22: "SIGTTOU", 23: "SIGURG", 24: "SIGXCPU", 25: "SIGXFSZ",
	26: "SIGVTALRM", 27: "SIGPROF", 28: "SIGWINCH", 29: "SIGIO", 30: "SIGPWR", 31: "SIGSYS",
}

// sigRTMin is the first real-time signal as programs see it; the C library
// keeps two for itself.
const sigRTMin = 34

func signalName(n uint64) string {
	switch {
	case n < uint64(len(signals)):
		return signals[n]
	case n == sigRTMin:
		return "SIGRTMIN"
	case n > sigRTMin && n <= 64:
		return "SIGRTMIN+" + strconv.FormatUint(n-sigRTMin, 10)
	}
	return ""
}

// exitSetText is a set of exit statuses and signals in words.
func exitSetText(s *plan.ExitSet) string {
	var words []string
	for n := range uint64(256) {
		if s.Status[n/64]&(1<<(n%64)) != 0 {
			words = append(words, strconv.FormatUint(n, 10))
		}
	}
	for n := range uint64(128) {
		if s.Signals[n/64]&(1<<(n%64)) != 0 {
			words = append(words, signalName(n))
		}
	}
	return strings.Join(words, " ")
}
