package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// The properties of systemctl(1) show. Points in time (microseconds since 1970)
// have names that end in Timestamp; null is never.

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

// unitProperties are those of every unit that are not settings: those are the
// lines of Settings, as systemctl prints them (plan.ShownUnit).
var unitProperties = [...]string{
	"Id", "Names", "Description", "LoadState", "ActiveState", "SubState", "FragmentPath", "UnitFileState",
	"StateChangeTimestamp", "StateChangeTimestampMonotonic", "InactiveExitTimestamp", "InactiveExitTimestampMonotonic",
	"ActiveEnterTimestamp", "ActiveEnterTimestampMonotonic", "ActiveExitTimestamp", "ActiveExitTimestampMonotonic",
	"InactiveEnterTimestamp", "InactiveEnterTimestampMonotonic", "CanReload", "JobType", "Job", "InvocationID",
	"ControlGroup", "MemoryCurrent", "CPUUsageNSec", "TasksCurrent", "Result", "ControlPID", "ConditionResult", "AssertResult",
	"ConditionTimestamp", "ConditionTimestampMonotonic", "AssertTimestamp", "AssertTimestampMonotonic", "Settings",
}

// putUnit writes one of them.
func (i *Init) putUnit(w *jsonWriter, id plan.UnitID, name string) {
	u := &i.plan.Units[id]
	name, monotonic := strings.CutSuffix(name, "Monotonic")
	switch name {
	case "Id":
		w.text(u.Name)
	case "Names":
		i.putNames(w, id)
	case "Description":
		w.text(description(u))
	case "LoadState":
		w.text("loaded")
	case "ActiveState":
		w.text(i.machine.Active(id).String())
	case "SubState":
		w.text(i.machine.State(id).String())
	case "FragmentPath":
		w.text(u.Source)
	case "UnitFileState":
		w.text(fileState(i.plan, u))
	case "StateChangeTimestamp":
		w.when(i.machine.Since(id), monotonic)
	case "InactiveExitTimestamp":
		w.when(i.machine.Passed(id, machine.InactiveExit), monotonic)
	case "ActiveEnterTimestamp":
		w.when(i.machine.Passed(id, machine.ActiveEnter), monotonic)
	case "ActiveExitTimestamp":
		w.when(i.machine.Passed(id, machine.ActiveExit), monotonic)
	case "InactiveEnterTimestamp":
		w.when(i.machine.Passed(id, machine.InactiveEnter), monotonic)
	case "ConditionTimestamp":
		w.when(i.machine.Passed(id, machine.ConditionTest), monotonic)
	case "AssertTimestamp":
		at := i.machine.Passed(id, machine.ConditionTest)
		if met, _ := i.machine.Met(id); !met { // then nobody looked at the assertions
			at = 0
		}
		w.when(at, monotonic)
	case "CanReload":
		w.boolean(i.machine.CanReload(id))
	case "JobType":
		job, _ := i.machine.Job(id)
		w.text(job.String())
	case "Job":
		if job, _ := i.machine.Job(id); job != machine.JobNone {
			w.number(int64(id) + 1)
		} else {
			w.raw("null")
		}
	case "InvocationID":
		w.text(i.invocation(id))
	case "ControlGroup":
		w.text(i.controlGroup(id))
	case "MemoryCurrent":
		w.text(i.groupAmount(id, "/memory.current"))
	case "CPUUsageNSec":
		w.text(i.groupTime(id))
	case "TasksCurrent":
		w.text(i.groupAmount(id, "/pids.current"))
	case "Result":
		w.text(i.machine.Result(id).String())
	case "ControlPID":
		w.number(int64(i.machine.ControlPID(id)))
	case "ConditionResult":
		met, _ := i.machine.Met(id)
		w.boolean(met)
	case "AssertResult":
		_, met := i.machine.Met(id)
		w.boolean(met)
	case "Settings":
		w.text(u.Shown)
	}
}

// groupTime is the time that the processes of a unit's cgroup have had.
func (i *Init) groupTime(id plan.UnitID) string {
	var buf [64]byte
	const first = "usage_usec " // of cpu.stat
	if i.controlGroup(id) != "" {
		if b, e := readFile(i.groupPath(id)+"/cpu.stat", buf[:]); e == 0 {
			line, _, _ := strings.Cut(string(b), "\n")
			if usec, ok := strings.CutPrefix(line, first); ok {
				return usec + "000"
			}
		}
	}
	return notSet
}

// groupAmount is what the kernel counts of a unit's cgroup, where it does.
func (i *Init) groupAmount(id plan.UnitID, file string) string {
	var buf [32]byte
	if i.controlGroup(id) != "" {
		if b, e := readFile(i.groupPath(id)+file, buf[:]); e == 0 && len(b) > 1 {
			return string(b[:len(b)-1])
		}
	}
	return notSet
}

const notSet = "[not set]"

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

// serviceProperties are those of services.
var serviceProperties = [...]string{
	"NFileDescriptorStore", "MainPID", "NRestarts", "ExecMainPID", "ExecMainCode", "ExecMainStatus",
	"ExecMainStartTimestamp", "ExecMainStartTimestampMonotonic", "ExecMainExitTimestamp", "ExecMainExitTimestampMonotonic",
	"StatusText", "StatusErrno", "StatusBusError",
}

// putService writes one of them.
func (i *Init) putService(w *jsonWriter, id plan.UnitID, name string) {
	name, monotonic := strings.CutSuffix(name, "Monotonic")
	code, status := i.machine.MainExit(id)
	last, began, ended := i.machine.LastMain(id)
	switch name {
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
	case "ExecMainPID":
		w.number(int64(last))
	case "ExecMainCode":
		w.number(int64(code))
	case "ExecMainStatus":
		w.number(int64(status))
	case "ExecMainStartTimestamp":
		w.when(began, monotonic)
	case "ExecMainExitTimestamp":
		w.when(ended, monotonic)
	case "StatusText":
		w.text(i.lastStatus(id))
	case "StatusErrno":
		w.number(int64(i.status(id).errno))
	case "StatusBusError":
		w.text(string(i.status(id).busError))
	}
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
	w.number(onWall(at))
}

// onWall is what the clock on the wall said at a moment of the loop's.
//
//go:noinline
func onWall(at int64) int64 { return now() - (nanotime()-at)/1000 }

// shownTime is a moment in the words of a command's record.
func shownTime(at int64) string {
	if at == 0 {
		return "[n/a]"
	}
	return "[" + timestamp(onWall(at)) + "]"
}

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
	i.showLimits(q, &w, id)
	i.showRelations(q, &w, id)
	u := &i.plan.Units[id]
	for _, name := range serviceProperties {
		if u.Service != nil && q.wants(name) {
			w.key(name)
			i.putService(&w, id, name)
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

// resources are the limits of setrlimit(2) in the order in which they are shown.
const resources = "\x00\x01\x02\x03\x04\x05\x07\x09\x06\x08\x0a\x0b\x0c\x0d\x0e\x0f"

// showLimits tells the limits of the init, which are those of a unit that sets none:
// what it sets is in its Settings.
func (i *Init) showLimits(q *request, w *jsonWriter, id plan.UnitID) {
	if i.plan.Units[id].Kind == plan.KindTarget {
		return
	}
	name, rest := "", plan.ShownContext[strings.Index(plan.ShownContext, "LimitCPU\n"):]
	for n := range 2 * len(resources) {
		name, rest, _ = strings.Cut(rest, "\n")
		if !q.wants(name) {
			continue
		}
		w.key(name)
		own := ownLimit(resources[n/2])
		limit := own.hard
		if n%2 == 1 {
			if limit = own.soft; resources[n/2] == syscall.RLIMIT_NOFILE {
				limit, _ = defaultFiles(i.files)
			}
		}
		text := "infinity"
		if limit != ^uint64(0) {
			text = itoa(int64(limit))
		}
		w.text(text)
	}
}

// showCommands tells the command lines by their roles, with what is known of
// the main process.
func (i *Init) showCommands(q *request, w *jsonWriter, id plan.UnitID) {
	if i.plan.Units[id].Service == nil {
		return
	}
	rest := i.plan.Units[id].Service.Commands // sorted by role
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && rest[n].Role == rest[0].Role {
			n++
		}
		for _, suffix := range [...]string{"", "Ex"} {
			name := roleNames[rest[0].Role] + suffix
			if !q.wants(name) {
				continue
			}
			w.key(name)
			w.open('[')
			for k := range n {
				w.text(i.commandText(id, &rest[k], suffix != ""))
			}
			w.close(']')
		}
		rest = rest[n:]
	}
}

// commandFlags are systemd's words for the prefixes of a command, in its order.
var commandFlags = [...]struct {
	flag plan.CommandFlags
	word string
}{
	{plan.IgnoreFailure, "ignore-failure"}, {plan.Privileged, "privileged"}, {plan.NoSetUID, "no-setuid"},
	{plan.Ambient, "ambient"}, {plan.NoExpand, "no-env-expand"},
}

// commandText is a command line and its record: of the properties that end in Ex
// with all prefixes.
func (i *Init) commandText(id plan.UnitID, c *plan.Command, all bool) string {
	flags, how, end := " ; ignore_errors=no", "(null)", "/0 }"
	switch {
	case all:
		blank := ""
		flags = " ; flags="
		for _, f := range commandFlags {
			if c.Flags&f.flag != 0 {
				flags += blank + f.word
				blank = " "
			}
		}
	case c.Flags&plan.IgnoreFailure != 0:
		flags = " ; ignore_errors=yes"
	}
	pid, code, status, began, ended := int32(0), machine.ExitCode(0), int32(0), int64(0), int64(0)
	if c.Role == plan.ExecStart && i.onlyStart(id) {
		pid, began, ended = i.machine.LastMain(id)
		code, status = i.machine.MainExit(id)
	}
	switch code {
	case machine.Exited:
		how, end = "exited", " }"
	case machine.Killed, machine.Dumped:
		how = "killed"
	}
	return strings.Join([]string{"{ path=", c.Path, " ; argv[]=", strings.Join(c.Argv, " "), flags,
		" ; start_time=", shownTime(began), " ; stop_time=", shownTime(ended), " ; pid=", itoa(int64(pid)), " ; code=", how, " ; status=", itoa(int64(status)), end}, "")
}

// onlyStart tells if a unit has one ExecStart= and no more: which of several the
// main process was is not kept.
func (i *Init) onlyStart(id plan.UnitID) bool {
	n := 0
	for _, c := range i.plan.Units[id].Service.Commands {
		if c.Role == plan.ExecStart {
			n++
		}
	}
	return n == 1
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
	w.pair("Version", systemdVersion+" (rustysd-compile)")
	w.pair("Target", i.plan.Name)
	w.pair("Digest", i.plan.Digest)
	w.pair("SystemState", i.systemState())
	began, ended := i.machine.BootedAt(), int64(0)
	if int(i.plan.Target) < len(i.plan.Units) {
		ended = i.machine.Passed(i.plan.Target, machine.ActiveEnter)
	}
	w.key("UserspaceTimestamp")
	w.when(began, false)
	w.key("UserspaceTimestampMonotonic")
	w.when(began, true)
	w.key("FinishTimestamp")
	w.when(ended, false)
	w.key("FinishTimestampMonotonic")
	w.when(ended, true)
	w.key("NNames")
	w.number(int64(len(i.plan.Units)))
	w.key("NFailedUnits")
	w.number(int64(i.machine.FailedUnits()))
	w.key("NJobs")
	w.number(int64(i.machine.Jobs()))
	w.key("Environment")
	w.open('[')
	for _, v := range i.plan.Environment {
		w.text(v)
	}
	w.close(']')
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
