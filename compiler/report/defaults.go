package report

import (
	"fmt"
	"reflect"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// defaultOf is a directive whose value the plan holds also when the unit does not
// say it.
type defaultOf struct {
	section, key string
	// value is the plan's; false when the unit has no such thing.
	value func(u *plan.Unit) (string, bool)
}

// followed are the directives whose default is what another one says, the first
// that is given.
var followed = map[string][]string{
	"Service TimeoutStartSec":    {"Service TimeoutSec"},
	"Service TimeoutStopSec":     {"Service TimeoutSec"},
	"Service TimeoutAbortSec":    {"Service TimeoutStopSec", "Service TimeoutSec"},
	"Service RestartKillSignal":  {"Service KillSignal"},
	"Service StandardError":      {"Service StandardOutput"},
	"Unit StartLimitIntervalSec": {"Unit StartLimitInterval", "Service StartLimitInterval"},
	"Unit StartLimitBurst":       {"Service StartLimitBurst"},
}

// reason is the remark behind a directive that a unit leaves open.
func reason(name string, given map[string]bool) string {
	for _, other := range followed[name] {
		if given[other] {
			_, key, _ := strings.Cut(other, " ")
			return "by " + key + "="
		}
	}
	return "default"
}

// defaults are the directives that Effective shows when a unit leaves them
// open. The values are the plan's own, so that they cannot be out of date.
var defaults = [...]defaultOf{
	{"Unit", "DefaultDependencies", func(u *plan.Unit) (string, bool) { return yes(u.Flags&plan.DefaultDependencies != 0), true }},
	{"Unit", "StopWhenUnneeded", ofUnit(plan.StopWhenUnneeded)},
	{"Unit", "RefuseManualStart", ofUnit(plan.RefuseManualStart)},
	{"Unit", "RefuseManualStop", ofUnit(plan.RefuseManualStop)},
	{"Unit", "AllowIsolate", ofUnit(plan.AllowIsolate)},
	{"Unit", "IgnoreOnIsolate", ofUnit(plan.IgnoreOnIsolate)},
	{"Unit", "StartLimitIntervalSec", ofService(func(s *plan.Service, u *plan.Unit) any { return u.StartLimitInterval })},
	{"Unit", "StartLimitBurst", ofService(func(s *plan.Service, u *plan.Unit) any { return u.StartLimitBurst })},
	{"Service", "Type", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Type })},
	{"Service", "ExitType", ofService(func(s *plan.Service, u *plan.Unit) any { return s.ExitType })},
	{"Service", "NotifyAccess", ofService(func(s *plan.Service, u *plan.Unit) any { return s.NotifyAccess })},
	{"Service", "RemainAfterExit", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Flags&plan.RemainAfterExit != 0 })},
	{"Service", "Restart", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Restart })},
	{"Service", "RestartSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.RestartSec })},
	{"Service", "RestartMode", ofService(func(s *plan.Service, u *plan.Unit) any { return s.RestartMode })},
	{"Service", "TimeoutStartSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.TimeoutStart })},
	{"Service", "TimeoutStopSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.TimeoutStop })},
	{"Service", "TimeoutAbortSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.TimeoutAbort })},
	{"Service", "TimeoutStartFailureMode", ofService(func(s *plan.Service, u *plan.Unit) any { return s.TimeoutStartMode })},
	{"Service", "TimeoutStopFailureMode", ofService(func(s *plan.Service, u *plan.Unit) any { return s.TimeoutStopMode })},
	{"Service", "RuntimeMaxSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.RuntimeMax })},
	{"Service", "WatchdogSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Watchdog })},
	{"Service", "GuessMainPID", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Flags&plan.GuessMainPID != 0 })},
	{"Service", "NonBlocking", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Flags&plan.NonBlocking != 0 })},
	{"Service", "FileDescriptorStoreMax", ofService(func(s *plan.Service, u *plan.Unit) any { return s.FDStoreMax })},
	{"Service", "OOMPolicy", ofService(func(s *plan.Service, u *plan.Unit) any { return s.OOMPolicy })},
	{"Service", "KillMode", ofService(func(s *plan.Service, u *plan.Unit) any { return s.KillMode })},
	{"Service", "KillSignal", ofService(func(s *plan.Service, u *plan.Unit) any { return signal(s.KillSignal) })},
	{"Service", "RestartKillSignal", ofService(func(s *plan.Service, u *plan.Unit) any { return signal(s.RestartKillSignal) })},
	{"Service", "WatchdogSignal", ofService(func(s *plan.Service, u *plan.Unit) any { return signal(s.WatchdogSignal) })},
	{"Service", "FinalKillSignal", ofService(func(s *plan.Service, u *plan.Unit) any { return signal(s.FinalKillSignal) })},
	{"Service", "SendSIGHUP", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Flags&plan.SendSIGHUP != 0 })},
	{"Service", "SendSIGKILL", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Flags&plan.SendSIGKILL != 0 })},
	{"Service", "StandardInput", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Exec.Stdin })},
	{"Service", "StandardOutput", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Exec.Stdout })},
	{"Service", "StandardError", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Exec.Stderr })},
	{"Service", "IgnoreSIGPIPE", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Exec.IgnoreSIGPIPE })},
	{"Socket", "SocketMode", ofSocket(func(s *plan.Socket) any { return octal(s.SocketMode) })},
	{"Socket", "DirectoryMode", ofSocket(func(s *plan.Socket) any { return octal(s.DirectoryMode) })},
	{"Socket", "Backlog", ofSocket(func(s *plan.Socket) any { return s.Backlog })},
	{"Socket", "FileDescriptorName", ofSocket(func(s *plan.Socket) any { return s.FDName })},
	{"Socket", "RemoveOnStop", ofSocket(func(s *plan.Socket) any { return s.Flags&plan.RemoveOnStop != 0 })},
	{"Socket", "Writable", ofSocket(func(s *plan.Socket) any { return s.Flags&plan.Writable != 0 })},
	{"Socket", "FlushPending", ofSocket(func(s *plan.Socket) any { return s.Flags&plan.FlushPending != 0 })},
	{"Socket", "TimeoutSec", ofSocket(func(s *plan.Socket) any { return s.TimeoutSec })},
	{"Socket", "TriggerLimitIntervalSec", ofSocket(func(s *plan.Socket) any { return s.TriggerLimitInterval })},
	{"Socket", "TriggerLimitBurst", ofSocket(func(s *plan.Socket) any { return s.TriggerLimitBurst })},
}

// signal and octal are numbers that are written otherwise.
type (
	signal uint8
	octal  uint32
)

func ofUnit(flag plan.UnitFlags) func(*plan.Unit) (string, bool) {
	return func(u *plan.Unit) (string, bool) { return yes(u.Flags&flag != 0), true }
}

func ofService(field func(*plan.Service, *plan.Unit) any) func(*plan.Unit) (string, bool) {
	return func(u *plan.Unit) (string, bool) {
		if u.Service == nil || u.Service.Exec == nil {
			return "", false
		}
		return word(field(u.Service, u)), true
	}
}

func ofSocket(field func(*plan.Socket) any) func(*plan.Unit) (string, bool) {
	return func(u *plan.Unit) (string, bool) {
		if u.Socket == nil {
			return "", false
		}
		return word(field(u.Socket)), true
	}
}

// word is a value as a unit file would say it.
func word(v any) string {
	switch x := v.(type) {
	case bool:
		return yes(x)
	case signal:
		return grammar.SignalName(int(x))
	case octal:
		return fmt.Sprintf("%04o", uint32(x))
	case plan.Duration:
		return durationText(x)
	}
	text, _ := valueText(nil, reflect.ValueOf(v))
	return text
}

func yes(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}
