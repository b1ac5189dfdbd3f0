package report

import (
	"fmt"
	"reflect"

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

// defaults are the directives that Effective shows when a unit leaves them
// open. The values are the plan's own, so that they cannot be out of date.
var defaults = [...]defaultOf{
	{"Unit", "DefaultDependencies", func(u *plan.Unit) (string, bool) { return yes(u.Flags&plan.DefaultDependencies != 0), true }},
	{"Unit", "StartLimitIntervalSec", ofService(func(s *plan.Service, u *plan.Unit) any { return u.StartLimitInterval })},
	{"Unit", "StartLimitBurst", ofService(func(s *plan.Service, u *plan.Unit) any { return u.StartLimitBurst })},
	{"Service", "Type", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Type })},
	{"Service", "ExitType", ofService(func(s *plan.Service, u *plan.Unit) any { return s.ExitType })},
	{"Service", "NotifyAccess", ofService(func(s *plan.Service, u *plan.Unit) any { return s.NotifyAccess })},
	{"Service", "RemainAfterExit", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Flags&plan.RemainAfterExit != 0 })},
	{"Service", "Restart", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Restart })},
	{"Service", "RestartSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.RestartSec })},
	{"Service", "TimeoutStartSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.TimeoutStart })},
	{"Service", "TimeoutStopSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.TimeoutStop })},
	{"Service", "WatchdogSec", ofService(func(s *plan.Service, u *plan.Unit) any { return s.Watchdog })},
	{"Service", "KillMode", ofService(func(s *plan.Service, u *plan.Unit) any { return s.KillMode })},
	{"Service", "KillSignal", ofService(func(s *plan.Service, u *plan.Unit) any { return signal(s.KillSignal) })},
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
	{"Socket", "TriggerLimitIntervalSec", ofSocket(func(s *plan.Socket) any { return s.TriggerLimitInterval })},
	{"Socket", "TriggerLimitBurst", ofSocket(func(s *plan.Socket) any { return s.TriggerLimitBurst })},
}

// signal and octal are numbers that are written otherwise.
type (
	signal uint8
	octal  uint32
)

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
