package machine_test

import (
	"fmt"
	"reflect"
	"strings"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// A script is read by somebody who looks for a fault: units are written as in
// their files, settings that are as by default not at all, and what happens in
// words.

// relNames are the relations that a file can have.
var relNames = []struct {
	rel  plan.Rel
	name string
}{
	{plan.After, "After"}, {plan.Requires, "Requires"}, {plan.Requisite, "Requisite"}, {plan.Wants, "Wants"},
	{plan.BindsTo, "BindsTo"}, {plan.PartOf, "PartOf"}, {plan.Upholds, "Upholds"}, {plan.Conflicts, "Conflicts"},
	{plan.OnSuccess, "OnSuccess"}, {plan.OnFailure, "OnFailure"}, {plan.PropagatesReloadTo, "PropagatesReloadTo"},
	{plan.PropagatesStopTo, "PropagatesStopTo"}, {plan.Triggers, "Triggers"},
}

var flagNames = []string{"StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "AllowIsolate", "IgnoreOnIsolate"}

var roleNames = [plan.NumRoles]string{"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"}

var verbNames = [...]string{"start", "stop", "restart", "try-restart", "reload", "reload-or-restart", "try-reload-or-restart", "reset-failed", "cancel"}

var modeNames = [plan.NumModes]string{"replace", "fail", "isolate", "flush", "ignore-requirements", "ignore-dependencies", "replace-irreversibly", "triggering", "restart-dependencies"}

var senderNames = [numSenders]string{"the main process", "the control process", "the newest process", "a stranger"}

// serviceSettings are the fields of a service that are drawn, and by which values
// they are called.
var (
	serviceSettings = []string{"ExitType", "Restart", "RestartMode", "RestartSec", "RestartSteps", "RestartMaxDelay", "TimeoutStart", "TimeoutStop", "TimeoutAbort",
		"TimeoutStartMode", "TimeoutStopMode", "RuntimeMax", "RuntimeRandomizedExtra", "Watchdog", "NotifyAccess", "KillMode", "OOMPolicy", "Flags",
		"KillSignal", "RestartKillSignal", "FinalKillSignal", "FDStoreMax", "PIDFile", "Success", "Prevent", "Force"}
	valueNames = map[string][]string{
		"ExitType": {"main", "cgroup"}, "Restart": {"no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"},
		"RestartMode": {"normal", "direct", "debug"}, "TimeoutStartMode": {"terminate", "abort", "kill"}, "TimeoutStopMode": {"terminate", "abort", "kill"},
		"NotifyAccess": {"none", "all", "exec", "main"}, "KillMode": {"control-group", "mixed", "process", "none"}, "OOMPolicy": {"stop", "continue", "kill"},
	}
	typeNames = []string{"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"}
)

// noActions are the settings of a unit whose file has none of them.
var noActions = plan.Actions{SuccessExitStatus: -1, FailureExitStatus: -1, JobTimeout: plan.Infinity, JobRunningTimeout: plan.Infinity, SuccessMode: plan.ModeFail}

// unitText is a unit as its file would have it.
func unitText(p *plan.Plan, u *plan.Unit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n-- %s, a %s --", u.Name, [...]string{"target", "service", "socket"}[u.Kind])
	for _, r := range relNames {
		for _, d := range u.Deps {
			if d.Rel&r.rel != 0 {
				fmt.Fprintf(&b, "\n%s=%s", r.name, p.Units[d.Unit].Name)
			}
		}
	}
	for n, name := range flagNames {
		if u.Flags>>n&1 != 0 {
			fmt.Fprintf(&b, "\n%s=yes", name)
		}
	}
	if len(u.Conditions) > 0 {
		b.WriteString("\nConditionPathExists=…")
	}
	if u.StartLimitBurst != 0 && u.Kind != plan.KindTarget {
		fmt.Fprintf(&b, "\nStartLimitBurst=%d", u.StartLimitBurst)
	}
	if u.Actions != nil {
		settings(&b, *u.Actions, noActions, "Success", "Failure", "StartLimit", "SuccessExitStatus", "FailureExitStatus", "JobTimeout", "JobRunningTimeout", "JobTimeoutAction", "SuccessMode", "FailureMode")
	}
	if s := u.Service; s != nil {
		fmt.Fprintf(&b, "\nType=%s", typeNames[s.Type])
		settings(&b, *s, *newService(s.Type), serviceSettings...)
		for _, c := range s.Commands {
			dash := ""
			if c.Flags&plan.IgnoreFailure != 0 {
				dash = "-"
			}
			fmt.Fprintf(&b, "\n%s=%s…", roleNames[c.Role], dash)
		}
	}
	return b.String()
}

// settings writes the fields that are not as by default.
func settings[T any](b *strings.Builder, has, plain T, names ...string) {
	for _, name := range names {
		v, d := reflect.ValueOf(has).FieldByName(name), reflect.ValueOf(plain).FieldByName(name)
		switch {
		case reflect.DeepEqual(v.Interface(), d.Interface()):
		case v.Type() == reflect.TypeFor[plan.Duration]():
			fmt.Fprintf(b, "\n%s=%s", name, span(plan.Duration(v.Int())))
		case valueNames[name] != nil:
			fmt.Fprintf(b, "\n%s=%s", name, valueNames[name][v.Uint()])
		case v.Type() == reflect.TypeFor[plan.ServiceFlags]():
			for bit, flag := range []string{"RemainAfterExit", "GuessMainPID", "SendSIGHUP", "SendSIGKILL", "RootDirectoryStartOnly", "NonBlocking", "FileDescriptorStorePreserve", "FileDescriptorStorePreserve=restart, "} {
				if had := v.Uint() >> bit & 1; had != d.Uint()>>bit&1 {
					fmt.Fprintf(b, "\n%s=%s", flag, [...]string{"no", "yes"}[had])
				}
			}
		case v.Type() == reflect.TypeFor[*plan.ExitSet]():
			set := v.Interface().(*plan.ExitSet)
			fmt.Fprintf(b, "\n%sExitStatus=%x, signals %x", name, set.Status, set.Signals)
		default:
			fmt.Fprintf(b, "\n%s=%v", name, v.Interface())
		}
	}
}

func span(d plan.Duration) string {
	switch d {
	case plan.Infinity:
		return "infinity"
	case sim.Never:
		return "never"
	}
	return fmt.Sprintf("%.3fs", float64(d)/1e9)
}

// programText is what a program does.
func programText(p sim.Program) string {
	var b strings.Builder
	switch {
	case p.NoChild:
		return "cannot be forked"
	case p.Step != 0:
		return "cannot be executed"
	case p.Now && p.Life == 0:
		fmt.Fprintf(&b, "ends at once with %s", endText(p.Code, p.Status))
	case p.Now, p.Life > 0:
		fmt.Fprintf(&b, "ends after %s with %s", span(p.Life), endText(p.Code, p.Status))
	default:
		b.WriteString("runs for ever")
	}
	add := func(is bool, format string, args ...any) {
		if is {
			fmt.Fprintf(&b, ", "+format, args...)
		}
	}
	add(p.Spawn != 0, "executed after %s", span(p.Spawn))
	add(p.Slow, "not forked before")
	add(p.OOM, "for want of memory")
	add(p.Ready != 0, "ready %s", span(p.Ready))
	add(p.Dies != 0, "dies of a signal within %s", span(p.Dies))
	add(p.Deaf, "deaf")
	add(p.Reloads, "reloads %s", span(p.Reload))
	add(p.Stuck != 0, "dies of SIGKILL %s", span(p.Stuck))
	if p.Leaves != nil {
		fmt.Fprintf(&b, ", leaves behind one that %s", programText(*p.Leaves))
		add(p.Hands, "and names it with MAINPID=")
	}
	return b.String()
}

func endText(code machine.ExitCode, status int32) string {
	switch code {
	case machine.Killed:
		return fmt.Sprintf("signal %d", status)
	case machine.Dumped:
		return fmt.Sprintf("signal %d and a core", status)
	}
	return fmt.Sprintf("status %d", status)
}

var fieldNames = []string{"READY", "RELOADING", "STOPPING", "STATUS", "MAINPID", "ERRNO", "EXIT_STATUS", "WATCHDOG=1", "WATCHDOG=trigger", "WATCHDOG_USEC",
	"EXTEND_TIMEOUT_USEC", "MONOTONIC_USEC", "NOTIFYACCESS", "FDSTORE", "FDSTOREREMOVE", "BUSERROR"}

// eventText is an event in words.
func (s *scenario) eventText(ev machine.Event) string {
	u := s.name(ev.Unit)
	switch ev.Kind {
	case machine.EvBoot:
		return "boot"
	case machine.EvTick:
		if ev.Status > 0 {
			return fmt.Sprintf("the clock jumps by %d s", ev.Status)
		}
		return "a time is over"
	case machine.EvShutdown:
		return "shut down"
	case machine.EvAllGone:
		return "all are gone"
	case machine.EvRequest:
		return fmt.Sprintf("%s %s, job mode %s", verbNames[ev.Verb], u, modeNames[ev.Mode])
	case machine.EvExited:
		return fmt.Sprintf("%s: pid %d ends with %s", u, ev.Pid, endText(ev.Code, ev.Status))
	case machine.EvSpawned:
		if ev.Pid == 0 || ev.Step != 0 {
			return fmt.Sprintf("%s: command %d does not run: pid %d, step %d, error %d", u, ev.Command, ev.Pid, ev.Step, ev.Status)
		}
		return fmt.Sprintf("%s: command %d runs as pid %d", u, ev.Command, ev.Pid)
	case machine.EvSignalled:
		return fmt.Sprintf("%s: %d were signalled", u, ev.Status)
	case machine.EvNotify:
		text := fmt.Sprintf("%s: pid %d says", u, ev.Pid)
		for n, name := range fieldNames {
			if ev.Notify.Fields>>n&1 != 0 {
				text += " " + name
			}
		}
		if ev.Notify.Fields&machine.NotifyMainPID != 0 {
			text += fmt.Sprintf(" (pid %d)", ev.Notify.MainPID)
		}
		return text
	}
	return fmt.Sprintf("%s: %s: pid %d, status %d", u, eventNames[ev.Kind], ev.Pid, ev.Status)
}

var actionNames = [machine.NumActions]string{"run", "kill", "kill group", "find main process", "forget main process", "unwatch", "watch", "open sockets", "poll",
	"close sockets", "flush sockets", "watch bus", "clean up", "log", "reply", "kill all", "status", "exit", "store descriptors", "check conditions"}

// actionText is an action in words.
func (s *scenario) actionText(a *machine.Action) string {
	u := s.name(a.Unit)
	switch a.Kind {
	case machine.ActLog:
		other := ""
		if a.Other != plan.NoUnit {
			other = " " + s.name(a.Other)
		}
		return fmt.Sprintf("%s: %q%s %d", u, a.Msg, other, a.Value)
	case machine.ActReply:
		return fmt.Sprintf("%s: answers %q", u, a.Msg)
	case machine.ActSpawn:
		role := "command"
		if p := s.plan.Units[a.Unit].Service; p != nil {
			role = roleNames[p.Commands[a.Command].Role]
		}
		return fmt.Sprintf("%s: run %s= (command %d)", u, role, a.Command)
	case machine.ActKill:
		return fmt.Sprintf("%s: signal %d to pid %d", u, a.Signal, a.Pid)
	case machine.ActKillGroup:
		return fmt.Sprintf("%s: signal %d to all but pid %d", u, a.Signal, a.Pid)
	}
	return fmt.Sprintf("%s: %s, pid %d, signal %d, value %d", u, actionNames[a.Kind], a.Pid, a.Signal, a.Value)
}
