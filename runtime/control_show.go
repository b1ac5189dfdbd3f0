package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// The properties of systemctl(1) show. Numbers of microseconds have names that
// end in USec, points in time (since 1970) in Timestamp; null is never, and for
// a span infinity.

// relations are the properties that list units.
var relations = [...]struct {
	name string
	rel  plan.Rel
}{
	{"Requires", plan.Requires}, {"Requisite", plan.Requisite}, {"Wants", plan.Wants}, {"BindsTo", plan.BindsTo},
	{"PartOf", plan.PartOf}, {"Upholds", plan.Upholds}, {"RequiredBy", plan.RequiredBy}, {"RequisiteOf", plan.RequisiteOf},
	{"WantedBy", plan.WantedBy}, {"BoundBy", plan.BoundBy}, {"ConsistsOf", plan.ConsistsOf}, {"UpheldBy", plan.UpheldBy},
	{"Conflicts", plan.Conflicts}, {"ConflictedBy", plan.ConflictedBy}, {"Before", plan.Before}, {"After", plan.After},
	{"OnSuccess", plan.OnSuccess}, {"OnSuccessOf", plan.OnSuccessOf}, {"OnFailure", plan.OnFailure},
	{"OnFailureOf", plan.OnFailureOf}, {"Triggers", plan.Triggers}, {"TriggeredBy", plan.TriggeredBy},
	{"PropagatesReloadTo", plan.PropagatesReloadTo}, {"ReloadPropagatedFrom", plan.ReloadPropagatedFrom},
	{"PropagatesStopTo", plan.PropagatesStopTo}, {"StopPropagatedFrom", plan.StopPropagatedFrom},
	{"JoinsNamespaceOf", plan.JoinsNamespaceOf},
}

// unitProperties are those of every unit.
var unitProperties = [...]string{
	"Id", "Names", "Description", "LoadState", "ActiveState", "SubState", "FragmentPath", "UnitFileState",
	"StateChangeTimestamp", "StateChangeTimestampMonotonic", "InactiveExitTimestamp", "InactiveExitTimestampMonotonic",
	"ActiveEnterTimestamp", "ActiveEnterTimestampMonotonic", "ActiveExitTimestamp", "ActiveExitTimestampMonotonic",
	"InactiveEnterTimestamp", "InactiveEnterTimestampMonotonic", "CanStart", "CanStop", "CanReload", "CanIsolate", "JobType",
	"StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "AllowIsolate", "DefaultDependencies",
	"IgnoreOnIsolate", "NeedDaemonReload", "StartLimitIntervalUSec", "StartLimitBurst", "InvocationID",
	"ControlGroup", "Result", "ControlPID", "FailureAction", "SuccessAction", "StartLimitAction", "OnFailureJobMode",
	"OnSuccessJobMode", "JobTimeoutUSec", "JobRunningTimeoutUSec", "Transient", "Perpetual", "CollectMode", "SourcePath", "LoadError",
	"CleanResult",
}

// putSetting writes a property of [Unit] that few units set.
func (i *Init) putSetting(w *jsonWriter, id plan.UnitID, name string) {
	a := i.plan.Units[id].Actions
	if a == nil {
		a = &plan.Actions{SuccessMode: plan.ModeFail, JobTimeout: plan.Infinity, JobRunningTimeout: plan.Infinity}
	}
	switch name {
	case "FailureAction":
		w.text(actionText(a.Failure))
	case "SuccessAction":
		w.text(actionText(a.Success))
	case "StartLimitAction":
		w.text(actionText(a.StartLimit))
	case "OnFailureJobMode":
		w.text(modeNames[a.FailureMode])
	case "OnSuccessJobMode":
		w.text(modeNames[a.SuccessMode])
	case "JobTimeoutUSec":
		w.span(a.JobTimeout)
	case "JobRunningTimeoutUSec":
		w.span(a.JobRunningTimeout)
	case "Transient", "Perpetual": // no unit of an image is
		w.boolean(false)
	case "CollectMode":
		w.text("inactive")
	case "CleanResult":
		w.text("success")
	default:
		w.text("")
	}
}

// putUnit writes one of them.
func (i *Init) putUnit(w *jsonWriter, id plan.UnitID, name string) {
	name, monotonic := strings.CutSuffix(name, "Monotonic")
	switch name {
	case "Id":
		w.text(i.plan.Units[id].Name)
	case "Names":
		i.putNames(w, id)
	case "Description":
		w.text(description(&i.plan.Units[id]))
	case "LoadState":
		w.text("loaded")
	case "ActiveState":
		w.text(i.machine.Active(id).String())
	case "SubState":
		w.text(i.machine.State(id).String())
	case "FragmentPath":
		w.text(i.plan.Units[id].Source)
	case "UnitFileState":
		w.text(fileState(i.plan, &i.plan.Units[id]))
	case "StateChangeTimestamp":
		w.when(i.machine.Since(id), monotonic)
	case "InactiveExitTimestamp":
		i.turned(w, id, machine.Activating, machine.Activating, monotonic)
	case "ActiveEnterTimestamp":
		i.turned(w, id, machine.ActiveUp, machine.Reloading, monotonic)
	case "ActiveExitTimestamp":
		i.turned(w, id, machine.Deactivating, machine.Deactivating, monotonic)
	case "InactiveEnterTimestamp":
		i.turned(w, id, machine.Inactive, machine.Failed, monotonic)
	case "CanStart":
		w.boolean(!i.unitHas(id, plan.RefuseManualStart))
	case "CanStop":
		w.boolean(!i.unitHas(id, plan.RefuseManualStop))
	case "CanReload":
		w.boolean(i.machine.CanReload(id))
	case "CanIsolate":
		w.boolean(i.unitHas(id, plan.AllowIsolate))
	case "JobType":
		job, _ := i.machine.Job(id)
		w.text(job.String())
	case "StopWhenUnneeded":
		w.boolean(i.unitHas(id, plan.StopWhenUnneeded))
	case "RefuseManualStart":
		w.boolean(i.unitHas(id, plan.RefuseManualStart))
	case "RefuseManualStop":
		w.boolean(i.unitHas(id, plan.RefuseManualStop))
	case "AllowIsolate":
		w.boolean(i.unitHas(id, plan.AllowIsolate))
	case "DefaultDependencies":
		w.boolean(i.unitHas(id, plan.DefaultDependencies))
	case "IgnoreOnIsolate":
		w.boolean(i.unitHas(id, plan.IgnoreOnIsolate))
	case "NeedDaemonReload":
		w.boolean(false)
	case "StartLimitIntervalUSec":
		w.span(i.plan.Units[id].StartLimitInterval)
	case "StartLimitBurst":
		w.number(int64(i.plan.Units[id].StartLimitBurst))
	case "InvocationID":
		w.text(i.invocation(id))
	case "ControlGroup":
		w.text(i.controlGroup(id))
	case "Result":
		w.text(i.machine.Result(id).String())
	case "ControlPID":
		w.number(int64(i.machine.ControlPID(id)))
	default:
		i.putSetting(w, id, name)
	}
}

// putNames lists a unit's name and its aliases.
func (i *Init) putNames(w *jsonWriter, id plan.UnitID) {
	w.open('[')
	w.text(i.plan.Units[id].Name)
	for n := range i.plan.Aliases {
		if a := &i.plan.Aliases[n]; a.Unit == id {
			w.text(a.Name)
		}
	}
	w.close(']')
}

// serviceProperties are those of services. The number of a main process that
// has ended is not kept, nor when it began.
var serviceProperties = [...]string{
	"Type", "Restart", "PIDFile", "BusName", "NotifyAccess", "RestartUSec", "TimeoutStartUSec",
	"TimeoutStopUSec", "TimeoutAbortUSec", "RuntimeMaxUSec", "WatchdogUSec", "RemainAfterExit", "GuessMainPID",
	"SendSIGKILL", "SendSIGHUP", "KillMode", "KillSignal", "RestartKillSignal", "FinalKillSignal",
	"WatchdogSignal", "FileDescriptorStoreMax", "FileDescriptorStorePreserve", "NFileDescriptorStore", "MainPID", "NRestarts", "ExecMainCode", "ExecMainStatus",
	"OOMPolicy", "ExitType", "TimeoutStartFailureMode", "TimeoutStopFailureMode", "RuntimeRandomizedExtraUSec",
	"StatusText", "StatusErrno", "StatusBusError",
}

// putService writes one of them.
func (i *Init) putService(w *jsonWriter, id plan.UnitID, s *plan.Service, name string) {
	switch name {
	case "Type":
		w.text(typeNames[s.Type])
	case "Restart":
		w.text(restartNames[s.Restart])
	case "PIDFile":
		w.text(s.PIDFile)
	case "BusName":
		w.text(s.BusName)
	case "NotifyAccess":
		w.text(accessNames[s.NotifyAccess])
	case "RestartUSec":
		w.span(s.RestartSec)
	case "TimeoutStartUSec":
		w.span(s.TimeoutStart)
	case "TimeoutStopUSec":
		w.span(s.TimeoutStop)
	case "TimeoutAbortUSec":
		w.span(s.TimeoutAbort)
	case "RuntimeMaxUSec":
		w.span(s.RuntimeMax)
	case "WatchdogUSec":
		w.span(s.Watchdog)
	case "RemainAfterExit":
		w.boolean(s.Flags&plan.RemainAfterExit != 0)
	case "GuessMainPID":
		w.boolean(s.Flags&plan.GuessMainPID != 0)
	case "SendSIGKILL":
		w.boolean(s.Flags&plan.SendSIGKILL != 0)
	case "SendSIGHUP":
		w.boolean(s.Flags&plan.SendSIGHUP != 0)
	case "KillMode":
		w.text(killNames[s.KillMode])
	case "KillSignal":
		w.number(int64(s.KillSignal))
	case "RestartKillSignal":
		w.number(int64(s.RestartKillSignal))
	case "FinalKillSignal":
		w.number(int64(s.FinalKillSignal))
	case "WatchdogSignal":
		w.number(int64(s.WatchdogSignal))
	case "FileDescriptorStoreMax":
		w.number(int64(s.FDStoreMax))
	case "FileDescriptorStorePreserve":
		w.text(preserveNames[(s.Flags/plan.FDStorePreserve)&3])
	case "NFileDescriptorStore":
		n := 0
		if i.store() != nil {
			n = len(i.store().of[id])
		}
		w.number(int64(n))
	case "MainPID":
		w.number(int64(i.machine.MainPID(id)))
	case "NRestarts":
		w.number(int64(i.machine.NRestarts(id)))
	case "ExecMainCode":
		code, _ := i.machine.MainExit(id)
		w.number(int64(code))
	case "ExecMainStatus":
		_, status := i.machine.MainExit(id)
		w.number(int64(status))
	case "OOMPolicy":
		w.text(oomNames[s.OOMPolicy])
	case "ExitType":
		w.text(exitTypeNames[s.ExitType])
	case "TimeoutStartFailureMode":
		w.text(timeoutNames[s.TimeoutStartMode])
	case "TimeoutStopFailureMode":
		w.text(timeoutNames[s.TimeoutStopMode])
	case "RuntimeRandomizedExtraUSec":
		w.span(s.RuntimeRandomizedExtra)
	case "StatusText":
		w.text(i.lastStatus(id))
	case "StatusErrno":
		w.number(int64(i.status(id).errno))
	case "StatusBusError":
		w.text(string(i.status(id).busError))
	}
}

// The values of the settings, by systemd's names.
var (
	typeNames     = [...]string{"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"}
	restartNames  = [...]string{"no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"}
	accessNames   = [...]string{"none", "all", "exec", "main"}
	oomNames      = [...]string{"stop", "continue", "kill"}
	exitTypeNames = [...]string{"main", "cgroup"}
	timeoutNames  = [...]string{"terminate", "abort", "kill"}
	// preserveNames go by plan.FDStorePreserve and FDStorePreserveOnRestart.
	preserveNames = [4]string{"no", "yes", "restart", "yes"}
	killNames     = [...]string{"control-group", "mixed", "process", "none"}
)

// span writes a duration in microseconds.
func (w *jsonWriter) span(d plan.Duration) {
	if d == plan.Infinity {
		w.raw("null")
		return
	}
	w.number(int64(d / plan.Microsecond))
}

// when writes a moment of the loop's clock, or the time that the clock on the
// wall had then.
func (w *jsonWriter) when(at int64, monotonic bool) {
	if monotonic {
		w.number(at / 1000)
		return
	}
	if at == 0 {
		w.raw("null")
		return
	}
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 0, uintptr(unsafe.Pointer(&now)), 0)
	w.number((now.Nano() - nanotime() + at) / 1000)
}

// turned tells when the unit came to be in the active state a or b, if it is.
func (i *Init) turned(w *jsonWriter, id plan.UnitID, a, b machine.Active, monotonic bool) {
	at := int64(0)
	if now := i.machine.Active(id); now == a || now == b {
		at = i.machine.Turned(id)
	}
	w.when(at, monotonic)
}

func (i *Init) unitHas(id plan.UnitID, f plan.UnitFlags) bool { return i.plan.Units[id].Flags&f != 0 }

func (i *Init) invocation(id plan.UnitID) string {
	if !i.units[id].hasID {
		return ""
	}
	return string(i.units[id].invocation[:])
}

func (i *Init) controlGroup(id plan.UnitID) string {
	if !i.groups.usable || !i.units[id].hasGroup {
		return ""
	}
	return i.groupPath(id)[len(i.groups.base())-1:]
}

// wants tells if a property is asked for: without a list, all are.
func (q *request) wants(name string) bool {
	list := q.params.member("properties")
	if list.kind() != '[' {
		return true
	}
	for rest := list; ; {
		var e jsonText
		if e, rest = rest.next(); e == nil {
			return false
		}
		if e.is(name) {
			return true
		}
	}
}

// askShow tells the properties of a unit, or of the init itself.
func (i *Init) askShow(q *request) {
	if q.params.member("unit") == nil {
		i.showSelf(q)
		return
	}
	id, ok := i.unit(q)
	if !ok {
		return
	}
	w := q.begin("result")
	w.open('{')
	for _, name := range unitProperties {
		if q.wants(name) {
			w.key(name)
			i.putUnit(&w, id, name)
		}
	}
	i.showRelations(q, &w, id)
	u := &i.plan.Units[id]
	for _, name := range serviceProperties {
		if u.Service != nil && q.wants(name) {
			w.key(name)
			i.putService(&w, id, u.Service, name)
		}
	}
	i.showCommands(q, &w, id)
	if u.Socket != nil && q.wants("Listen") {
		w.key("Listen")
		w.open('[')
		for n := range u.Socket.Listen {
			w.text(u.Socket.Listen[n].Address)
		}
		w.close(']')
	}
	w.close('}')
	q.finish(&w)
}

// showCommands tells the command lines by their roles, with what is known of
// the main process. When each began and ended is not kept.
func (i *Init) showCommands(q *request, w *jsonWriter, id plan.UnitID) {
	if i.plan.Units[id].Service == nil {
		return
	}
	commands := i.plan.Units[id].Service.Commands
	for n := range commands {
		name := roleNames[commands[n].Role]
		if !q.wants(name) {
			continue
		}
		if n == 0 || commands[n-1].Role != commands[n].Role {
			w.key(name)
			w.open('[')
		}
		w.text(i.commandText(id, &commands[n]))
		if n+1 == len(commands) || commands[n+1].Role != commands[n].Role {
			w.close(']')
		}
	}
}

func (i *Init) commandText(id plan.UnitID, c *plan.Command) string {
	ignored, how, end := "no", "(null)", "/0 }"
	if c.Flags&plan.IgnoreFailure != 0 {
		ignored = "yes"
	}
	pid, code, status := int32(0), machine.ExitCode(0), int32(0)
	if c.Role == plan.ExecStart {
		pid = i.machine.MainPID(id)
		code, status = i.machine.MainExit(id)
	}
	switch code {
	case machine.Exited:
		how, end = "exited", " }"
	case machine.Killed, machine.Dumped:
		how = "killed"
	}
	return strings.Join([]string{"{ path=", c.Path, " ; argv[]=", strings.Join(c.Argv, " "), " ; ignore_errors=", ignored,
		" ; start_time=[n/a] ; stop_time=[n/a] ; pid=", itoa(int64(pid)), " ; code=", how, " ; status=", itoa(int64(status)), end}, "")
}

func (i *Init) showRelations(q *request, w *jsonWriter, id plan.UnitID) {
	for n := range relations {
		r := &relations[n]
		if !q.wants(r.name) {
			continue
		}
		w.key(r.name)
		w.open('[')
		for _, d := range i.plan.Units[id].Deps {
			if d.Rel&r.rel != 0 {
				w.text(i.plan.Units[d.Unit].Name)
			}
		}
		w.close(']')
	}
}

// showSelf tells of the init.
func (i *Init) showSelf(q *request) {
	w := q.begin("result")
	w.open('{')
	w.pair("Version", "rustysd")
	w.pair("Target", i.plan.Name)
	w.pair("Digest", i.plan.Digest)
	w.pair("SystemState", i.systemState())
	w.key("NNames")
	w.number(int64(len(i.plan.Units)))
	w.key("NFailedUnits")
	w.number(int64(i.machine.FailedUnits()))
	w.key("NJobs")
	w.number(int64(i.machine.Jobs()))
	w.close('}')
	q.finish(&w)
}

// systemState is the word of is-system-running (systemctl(1)).
func (i *Init) systemState() string {
	switch {
	case i.machine.Ending():
		return "stopping"
	case i.machine.Booting():
		return "starting"
	case i.machine.FailedUnits() > 0:
		return "degraded"
	}
	return "running"
}

// askCat tells where a unit was written and what was made of its commands.
func (i *Init) askCat(q *request) {
	id, ok := i.unit(q)
	if !ok {
		return
	}
	u := &i.plan.Units[id]
	var commands []plan.Command
	switch {
	case u.Service != nil:
		commands = u.Service.Commands
	case u.Socket != nil:
		commands = u.Socket.Commands
	}
	w := q.begin("result")
	w.open('{')
	w.pair("unit", u.Name)
	w.pair("source", u.Source)
	w.pair("description", description(u))
	w.key("commands")
	w.open('[')
	for n := range commands {
		tellCommand(&w, &commands[n])
	}
	w.close(']')
	w.close('}')
	q.finish(&w)
}

func tellCommand(w *jsonWriter, c *plan.Command) {
	w.open('{')
	w.pair("role", roleNames[c.Role])
	w.pair("path", c.Path)
	w.key("argv")
	w.open('[')
	for _, word := range c.Argv {
		w.text(word)
	}
	w.close(']')
	w.pair("origin", c.Origin)
	w.close('}')
}

// actionText is systemd's name of an action: plan has the kinds in turn, each
// with its degrees.
func actionText(a plan.Action) string {
	if a == plan.ActionNone {
		return "none"
	}
	a--
	return [...]string{"reboot", "poweroff", "halt", "exit"}[a/3] + [...]string{"", "-force", "-immediate"}[a%3]
}
