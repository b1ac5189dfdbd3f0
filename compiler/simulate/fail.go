package simulate

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Failure makes a unit fail whenever it is started.
type Failure struct {
	Unit  plan.UnitID
	Cause string
	// After is how long its main process lives before; 0 is that it fails at
	// once.
	After plan.Duration
}

// causes are systemd's words for results that a program can bring about.
var causes = [...]string{"exit-code", "signal", "core-dump", "timeout", "watchdog", "oom-kill", "resources", "protocol", "start-limit-hit", "exec-condition"}

// Causes are the names that [ParseFailure] knows.
func Causes() []string { return causes[:] }

// ParseFailure reads UNIT[:CAUSE][@TIME]. The error says what is wrong.
func ParseFailure(p *plan.Plan, text string) (Failure, error) {
	f := Failure{Cause: "exit-code"}
	if head, after, ok := strings.Cut(text, "@"); ok && strings.LastIndexByte(text, '@') > strings.LastIndexByte(text, '.') {
		if i := strings.LastIndexByte(text, '@'); i >= 0 {
			head, after = text[:i], text[i+1:]
		}
		ns, err := grammar.ParseTimespan(after)
		if err != nil {
			return f, fmt.Errorf("%q is no span of time", after)
		}
		text, f.After = head, plan.Duration(ns)
	}
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		text, f.Cause = text[:i], text[i+1:]
	}
	id, ok := Find(p, text)
	if !ok {
		return f, &UnknownUnit{text}
	}
	f.Unit = id
	return f, f.check(p)
}

// check tells what cannot happen to the unit.
func (f Failure) check(p *plan.Plan) error {
	u := &p.Units[f.Unit]
	switch {
	case !slices.Contains(causes[:], f.Cause):
		return fmt.Errorf("%q is no cause: there are %s", f.Cause, strings.Join(causes[:], ", "))
	case u.Kind == plan.KindTarget:
		return fmt.Errorf("%s is a target, which has no process that could fail", u.Name)
	case u.Socket != nil && f.Cause != "exit-code" && f.Cause != "resources":
		return fmt.Errorf("%s is a socket, which fails by resources: it cannot be opened", u.Name)
	case f.After > 0 && f.Cause == "start-limit-hit":
		return fmt.Errorf("%s hits its start limit by failing at once each time: leave out the @TIME", u.Name)
	case f.Cause == "start-limit-hit":
		return hitsLimit(u)
	case f.Cause == "exec-condition" && !hasCondition(u.Service):
		return fmt.Errorf("%s has no ExecCondition= that could fail", u.Name)
	case f.After > 0 && f.Cause == "exec-condition":
		return fmt.Errorf("%s has its condition asked before it starts: leave out the @TIME", u.Name)
	case f.Cause == "watchdog" && (u.Service == nil || u.Service.Watchdog == 0):
		return fmt.Errorf("%s has no WatchdogSec=, so its watchdog never bites", u.Name)
	case f.Cause == "protocol" && (u.Service == nil || !tells(u.Service)):
		return fmt.Errorf("%s has nothing to be told when it is up (Type=), so there is no protocol to break", u.Name)
	case f.Cause == "protocol" && f.After > 0:
		return fmt.Errorf("%s breaks the protocol before it is up: leave out the @TIME", u.Name)
	case f.Cause == "timeout" && u.Service != nil && !timesOut(u.Service):
		return fmt.Errorf("%s has no timeout that could pass (Type=, TimeoutStartSec=, RuntimeMaxSec=)", u.Name)
	}
	return nil
}

// hasCondition: there is a command that can keep the service from starting.
func hasCondition(s *plan.Service) bool {
	return s != nil && slices.ContainsFunc(s.Commands, func(c plan.Command) bool { return c.Role == plan.ExecCondition })
}

// hitsLimit says why a service that ends at once each time is not started too
// often.
func hitsLimit(u *plan.Unit) error {
	s := u.Service
	switch {
	case s.Restart == plan.RestartNo || s.Restart == plan.RestartOnAbnormal || s.Restart == plan.RestartOnWatchdog || s.Restart == plan.RestartOnAbort:
		return fmt.Errorf("%s is not started again when it exits (Restart=), so it never hits its start limit", u.Name)
	case u.StartLimitInterval == 0 || u.StartLimitBurst == 0:
		return fmt.Errorf("%s has no start limit (StartLimitIntervalSec=, StartLimitBurst=)", u.Name)
	case s.RestartSec > u.StartLimitInterval/plan.Duration(u.StartLimitBurst):
		return fmt.Errorf("%s is started too seldom to hit its start limit (RestartSec=, StartLimitIntervalSec=, StartLimitBurst=)", u.Name)
	}
	return nil
}

// tells: the service says when it is up, and must. A forking one without a PID
// file may end as it likes, and one without its bus name may end well.
func tells(s *plan.Service) bool {
	switch s.Type {
	case plan.TypeNotify, plan.TypeNotifyReload:
		return true
	}
	return s.Type == plan.TypeForking && s.PIDFile != ""
}

// timesOut: its start takes a time, of which there is a limit, or its life does.
func timesOut(s *plan.Service) bool {
	if tells(s) || s.Type == plan.TypeForking || s.Type == plan.TypeOneshot || s.Type == plan.TypeDBus {
		return s.TimeoutStart != plan.Infinity
	}
	return s.RuntimeMax != plan.Infinity
}

// UnknownUnit is a name that no unit of the image has.
type UnknownUnit struct{ Name string }

func (e *UnknownUnit) Error() string { return fmt.Sprintf("no unit %q in the image", e.Name) }

// Find looks a unit up by name; a service's may lack its type.
func Find(p *plan.Plan, name string) (plan.UnitID, bool) {
	for _, n := range [...]string{name, name + ".service"} {
		if i, ok := slices.BinarySearchFunc(p.Units, n, func(u plan.Unit, n string) int { return strings.Compare(u.Name, n) }); ok {
			return plan.UnitID(i), true
		}
	}
	return 0, false
}

// ParseTimes reads UNIT=START[/STOP] into o.
func (o *Options) ParseTimes(p *plan.Plan, text string) error {
	i := strings.LastIndexByte(text, '=')
	if i < 0 {
		return fmt.Errorf("%q is not like UNIT=TIME or UNIT=TIME/TIME", text)
	}
	name, value := text[:i], text[i+1:]
	id, ok := Find(p, name)
	if !ok {
		return &UnknownUnit{name}
	}
	t := Times{Start: plan.Infinity, Stop: plan.Infinity}
	start, stop, both := strings.Cut(value, "/")
	if err := parseTime(start, &t.Start); err != nil {
		return err
	}
	if both {
		if err := parseTime(stop, &t.Stop); err != nil {
			return err
		}
	}
	if o.Times == nil {
		o.Times = map[string]Times{}
	}
	o.Times[p.Units[id].Name] = t
	return nil
}

func parseTime(text string, to *plan.Duration) error {
	ns, err := grammar.ParseTimespan(text)
	if err != nil || plan.Duration(ns) == plan.Infinity {
		return fmt.Errorf("%q is no span of time", text)
	}
	*to = plan.Duration(ns)
	return nil
}
