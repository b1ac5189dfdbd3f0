package report

import (
	"fmt"
	"math/bits"
	"reflect"
	"strconv"
	"strings"

	"rustysd/runtime/plan"
)

// enums are the words of the plan's enumerations, in the order of their values
// and as the manual writes them. A value without a word is a number.
var enums = map[reflect.Type][]string{
	reflect.TypeFor[plan.ServiceType]():  {"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"},
	reflect.TypeFor[plan.ExitType]():     {"main", "cgroup"},
	reflect.TypeFor[plan.Restart]():      {"no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"},
	reflect.TypeFor[plan.RestartMode]():  {"normal", "direct", "debug"},
	reflect.TypeFor[plan.NotifyAccess](): {"none", "all", "exec", "main"},
	reflect.TypeFor[plan.KillMode]():     {"control-group", "mixed", "process", "none"},
	reflect.TypeFor[plan.OOMPolicy]():    {"stop", "continue", "kill"},
	reflect.TypeFor[plan.TimeoutMode]():  {"terminate", "abort", "kill"},
	reflect.TypeFor[plan.Kind]():         {"target", "service", "socket"},
	reflect.TypeFor[plan.Role]():         {"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"},
	reflect.TypeFor[plan.StreamKind]():   {"null", "inherit", "journal", "socket", "file", "append", "truncate", "tty"},
	reflect.TypeFor[plan.GroupTotal]():   {"none", "memory", "tasks"},
	reflect.TypeFor[plan.FilterHook]():   {"device", "ingress", "egress", "bind-inet", "bind-inet6"},
	reflect.TypeFor[plan.GroupPhase]():   {"always", "startup", "up"},
	reflect.TypeFor[plan.JobMode](): {"replace", "fail", "isolate", "flush", "ignore-requirements", "ignore-dependencies", "replace-irreversibly",
		"triggering", "restart-dependencies"},
	reflect.TypeFor[plan.Action](): {"none", "reboot", "reboot-force", "reboot-immediate", "poweroff", "poweroff-force",
		"poweroff-immediate", "halt", "halt-force", "halt-immediate", "exit", "exit-force"},
}

// flagSets are the words of the plan's sets, by bit.
var flagSets = map[reflect.Type][]string{
	reflect.TypeFor[plan.UnitFlags](): {"StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "AllowIsolate",
		"IgnoreOnIsolate", "DefaultDependencies"},
	reflect.TypeFor[plan.ServiceFlags](): {"RemainAfterExit", "GuessMainPID", "SendSIGHUP", "SendSIGKILL",
		"RootDirectoryStartOnly", "NonBlocking", "FileDescriptorStorePreserve", "FileDescriptorStorePreserve=restart",
		"RuntimeDirectoryPreserve", "RuntimeDirectoryPreserve=restart"},
	reflect.TypeFor[plan.TerminalFlags](): {"TTYReset", "TTYVHangup", "TTYVTDisallocate"},
	reflect.TypeFor[plan.SocketFlags]():   {"RemoveOnStop", "Writable", "FlushPending"},
	reflect.TypeFor[plan.Features](): {"services", "sockets", "notify", "bus", "forking", "journal", "expand", "env-files", "users", "directories", "conditions", "boot-marks",
		"tmpfiles", "control", "capabilities", "private-tmp", "fd-store", "controls", "oom", "handover", "filters", "namespaces", "credentials", "terminals", "log-rules", "remove-ipc", "views"},
}

// enumText is a value by its word, or as Go prints it.
func enumText(v reflect.Value) string {
	if words := enums[v.Type()]; words != nil && v.CanUint() && v.Uint() < uint64(len(words)) {
		return words[v.Uint()]
	}
	return fmt.Sprint(v.Interface())
}

// flagTexts are the members of a set by their words.
func flagTexts(v reflect.Value) ([]string, bool) {
	words, ok := flagSets[v.Type()]
	if !ok {
		return nil, false
	}
	var out []string
	for set := v.Uint(); set != 0; set &= set - 1 {
		bit := bits.TrailingZeros64(set)
		if bit < len(words) {
			out = append(out, words[bit])
		} else {
			out = append(out, "bit "+strconv.Itoa(bit))
		}
	}
	return out, true
}

// relations are those that a unit states itself, as systemd.unit(5) names them;
// their inverses stand with the other unit.
var relations = [...]struct {
	rel  plan.Rel
	name string
}{
	{plan.Requires, "Requires"}, {plan.Requisite, "Requisite"}, {plan.BindsTo, "BindsTo"}, {plan.Wants, "Wants"},
	{plan.Upholds, "Upholds"}, {plan.After, "After"}, {plan.Conflicts, "Conflicts"}, {plan.PartOf, "PartOf"},
	{plan.OnSuccess, "OnSuccess"}, {plan.OnFailure, "OnFailure"}, {plan.Triggers, "Triggers"},
	{plan.PropagatesReloadTo, "PropagatesReloadTo"}, {plan.PropagatesStopTo, "PropagatesStopTo"},
	{plan.JoinsNamespaceOf, "JoinsNamespaceOf"}, {plan.KeepsOnFailure, "KeepsOnFailure"},
}

func relationNames(r plan.Rel) []string {
	var out []string
	for _, x := range relations {
		if r&x.rel != 0 {
			out = append(out, x.name)
		}
	}
	return out
}

// TypeOf is a unit's type: the part of its name after the last dot.
func TypeOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
