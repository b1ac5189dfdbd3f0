package compiler

import (
	"reflect"

	"rustysd/runtime/plan"
)

// enumWords are the words of the plan's enumerations, in the order of their
// values: those that unit files have for them, and of what has none such others.
var enumWords = map[reflect.Type][]string{
	reflect.TypeFor[plan.Kind]():         {"target", "service", "socket"},
	reflect.TypeFor[plan.Role]():         {"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"},
	reflect.TypeFor[plan.ServiceType]():  {"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"},
	reflect.TypeFor[plan.ExitType]():     {"main", "cgroup"},
	reflect.TypeFor[plan.Restart]():      {"no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"},
	reflect.TypeFor[plan.RestartMode]():  {"normal", "direct", "debug"},
	reflect.TypeFor[plan.NotifyAccess](): {"none", "all", "exec", "main"},
	reflect.TypeFor[plan.KillMode]():     {"control-group", "mixed", "process", "none"},
	reflect.TypeFor[plan.OOMPolicy]():    {"stop", "continue", "kill"},
	reflect.TypeFor[plan.TimeoutMode]():  {"terminate", "abort", "kill"},
	reflect.TypeFor[plan.UtmpMode]():     {"init", "login", "user"},
	reflect.TypeFor[plan.JobMode](): {"replace", "fail", "isolate", "flush", "ignore-requirements", "ignore-dependencies", "replace-irreversibly",
		"triggering", "restart-dependencies"},
	reflect.TypeFor[plan.Action](): {"none", "reboot", "reboot-force", "reboot-immediate", "poweroff", "poweroff-force",
		"poweroff-immediate", "halt", "halt-force", "halt-immediate", "exit", "exit-force"},
	reflect.TypeFor[plan.StreamKind](): {"null", "inherit", "journal", "socket", "file", "append", "truncate", "tty", "fd"},
	reflect.TypeFor[plan.GroupTotal](): {"none", "memory", "tasks"},
	reflect.TypeFor[plan.GroupPhase](): {"always", "startup", "up"},
	reflect.TypeFor[plan.FilterHook](): {"device", "ingress", "egress", "bind-inet", "bind-inet6"},
	reflect.TypeFor[plan.BootKind](): {"folder", "file", "truncate", "write", "append", "link", "force-link", "fifo", "adjust", "adjust-folder",
		"copy", "char", "block", "xattr", "attributes", "acl", "remove", "remove-tree", "empty"},
}

// setWords are the words of the plan's sets, by bit.
var setWords = map[reflect.Type][]string{
	reflect.TypeFor[plan.UnitFlags](): {"StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "AllowIsolate",
		"IgnoreOnIsolate", "DefaultDependencies"},
	reflect.TypeFor[plan.ServiceFlags](): {"RemainAfterExit", "GuessMainPID", "SendSIGHUP", "SendSIGKILL",
		"RootDirectoryStartOnly", "NonBlocking", "FileDescriptorStorePreserve", "FileDescriptorStorePreserve=restart",
		"RuntimeDirectoryPreserve", "RuntimeDirectoryPreserve=restart"},
	reflect.TypeFor[plan.SocketFlags]():   {"RemoveOnStop", "Writable", "FlushPending", "SendSIGHUP", "SendSIGKILL=no"},
	reflect.TypeFor[plan.OpenFlags]():     {"read-only", "append", "truncate", "graceful"},
	reflect.TypeFor[plan.TerminalFlags](): {"TTYReset", "TTYVHangup", "TTYVTDisallocate"},
	reflect.TypeFor[plan.LogCopy]():       {"kmsg", "console"},
	reflect.TypeFor[plan.Spaces]():        {"network", "ipc", "users"},
	reflect.TypeFor[plan.BootFlags](): {"glob", "tree", "force", "replace", "if-there", "mask", "mode-new", "uid-new", "gid-new",
		"credential", "default", "marked"},
	reflect.TypeFor[plan.Features](): {"services", "sockets", "notify", "bus", "forking", "journal", "expand", "env-files", "users", "directories",
		"conditions", "boot-marks", "tmpfiles", "control", "capabilities", "private-tmp", "fd-store", "controls", "oom", "handover",
		"filters", "namespaces", "credentials", "terminals", "log-rules", "remove-ipc", "views", "own-kernel", "trees", "open-files",
		"rights", "utmp", "log-copies", "nodes", "locale", "pids", "journal-sockets"},
}

// EnumWords are the words of an enumeration of the plan, by value; nil for any
// other type.
func EnumWords(t reflect.Type) []string { return enumWords[t] }

// SetWords are the words of a set of the plan, by bit; nil for any other type.
func SetWords(t reflect.Type) []string { return setWords[t] }

// wordOf is the word of a value.
func wordOf[T ~uint8](v T) string { return enumWords[reflect.TypeFor[T]()][v] }

// wordIn reads a word of an enumeration.
func wordIn[T ~uint8]() parseFunc[T] { return oneOf[T](enumWords[reflect.TypeFor[T]()]...) }
