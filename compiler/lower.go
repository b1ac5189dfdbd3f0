package compiler

import (
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// DefaultPath is the fixed search path of a program that is named without a
// path, and the services' $PATH (systemd.exec(5), "ExecSearchPath=").
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// What systemd takes when a unit is silent (systemd-system.conf(5)).
const (
	defaultTimeout            = 90 * plan.Second
	defaultRestartSec         = 100 * plan.Millisecond
	defaultStartLimitInterval = 10 * plan.Second
	defaultStartLimitBurst    = 5
	defaultStopTimeout        = 30 * plan.Minute
)

// lowering is a plan in the making.
type lowering struct {
	s       *unitSet
	l       *diag.List
	p       *plan.Plan
	origins map[string]string
	users   *users
	// dynamicIDs are the users of DynamicUser=, when one was asked for.
	dynamicIDs map[string]uint32
	// unitsByUser are the services of each user, when that was asked for.
	unitsByUser map[ipcUser][]plan.UnitID
	// execs has each execution context once, by its text.
	execs map[string]*plan.Exec
}

// lower makes the plan of the units that are kept, and says where each field
// of it was written. A setting that the image cannot honour is said here, so
// that it is said of units that matter only.
func (s *unitSet) lower(l *diag.List) (*plan.Plan, map[string]string) {
	lo := &lowering{
		s: s, l: l, origins: map[string]string{}, execs: map[string]*plan.Exec{},
		users: s.readUsers(l),
		p: &plan.Plan{
			Environment:     s.commonEnv(),
			PassEnvironment: s.opt.PassEnvironment,
			PlainLog:        s.opt.PlainLog,
			StopTimeout:     defaultStopTimeout,
		},
	}
	lo.p.Units = make([]plan.Unit, len(s.image))
	for _, u := range s.image {
		lo.unit(u, &lo.p.Units[u.id])
	}
	if !s.opt.NoControl {
		lo.p.Aliases = s.aliases()
	}
	if !s.opt.NoControl && !s.opt.NoSettings {
		for _, u := range s.image {
			lo.p.Units[u.id].Shown = lo.shown(u, &lo.p.Units[u.id])
		}
	}
	lo.makeTmpfiles()
	lo.p.LowFDs = lowFDs(lo.p)
	lo.p.Features = features(lo.p)
	if s.ownsKernel() {
		lo.p.Features |= plan.FeatureOwnKernel
	}
	if (s.ownsKernel() || s.opt.Root == "") && lo.p.Features&plan.FeatureServices != 0 {
		lo.p.Features |= plan.FeatureLocale
	}
	if !s.opt.NoControl {
		lo.p.Features |= plan.FeatureControl
	}
	return lo.p, lo.origins
}

// aliases are the other names of the units that are kept.
func (s *unitSet) aliases() (all []plan.Alias) {
	for _, u := range s.image {
		for _, name := range u.aliases {
			all = append(all, plan.Alias{Name: name, Unit: u.id})
		}
	}
	for _, u := range s.units {
		if u.masked {
			all = append(all, plan.Alias{Name: u.name, Unit: plan.NoUnit})
		}
	}
	slices.SortFunc(all, func(a, b plan.Alias) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// unit lowers what every unit has, and then its own kind.
func (lo *lowering) unit(u *unit, out *plan.Unit) {
	lo.unhonoured(u)
	u.implyDynamic()
	u.sortDirectories()
	c := &u.common
	*out = plan.Unit{
		Name: u.name, Description: u.description, Source: u.fragment, Kind: u.kind, Flags: u.flags,
		Deps:               u.deps,
		Conditions:         lo.conditions(u),
		StartLimitBurst:    c.startLimitBurst.or(defaultStartLimitBurst),
		StartLimitInterval: c.startLimitInterval.or(defaultStartLimitInterval),
		Actions:            lo.actions(u),
		Group:              lo.group(u),
	}
	note(lo, u, "Description", c.description)
	note(lo, u, "StartLimitBurst", c.startLimitBurst)
	note(lo, u, "StartLimitInterval", c.startLimitInterval)
	switch u.kind {
	case plan.KindService:
		out.Service = lo.service(u)
	case plan.KindSocket:
		out.Socket = lo.socket(u)
	}
}

// actions are the settings that few units have; nil when the unit has none.
// --main makes the image end with the unit, as it ended.
func (lo *lowering) actions(u *unit) *plan.Actions {
	c := &u.common
	a := plan.Actions{
		Success: c.successAction.v, Failure: c.failureAction.v, StartLimit: c.startLimitAction.v,
		SuccessExitStatus: c.successStatus.or(-1), FailureExitStatus: c.failureStatus.or(-1),
		JobTimeout: c.jobTimeout.or(plan.Infinity), JobRunningTimeout: c.jobRunning.or(c.jobTimeout.or(plan.Infinity)),
		JobTimeoutAction: c.jobTimeoutAction.v,
		RebootArgument:   c.rebootArgument.v, JobTimeoutRebootArgument: c.jobRebootArgument.v,
		SuccessMode: c.successMode.or(plan.ModeFail), FailureMode: c.failureMode.v,
	}
	if lo.s.opt.Main != "" && lo.s.byName[lo.s.opt.Main] == u {
		a.Success, a.Failure = plan.ActionExit, plan.ActionExit
	}
	if a == NoActions {
		return nil
	}
	note(lo, u, "Actions.Success", c.successAction)
	note(lo, u, "Actions.Failure", c.failureAction)
	note(lo, u, "Actions.StartLimit", c.startLimitAction)
	note(lo, u, "Actions.SuccessExitStatus", c.successStatus)
	note(lo, u, "Actions.FailureExitStatus", c.failureStatus)
	note(lo, u, "Actions.JobTimeout", c.jobTimeout)
	note(lo, u, "Actions.JobRunningTimeout", c.jobRunning)
	note(lo, u, "Actions.JobTimeoutAction", c.jobTimeoutAction)
	note(lo, u, "Actions.SuccessMode", c.successMode)
	note(lo, u, "Actions.FailureMode", c.failureMode)
	return &a
}

// NoActions are what a nil plan.Actions stands for.
var NoActions = plan.Actions{
	SuccessExitStatus: -1, FailureExitStatus: -1,
	JobTimeout: plan.Infinity, JobRunningTimeout: plan.Infinity,
	SuccessMode: plan.ModeFail,
}

// note remembers where a field of the plan was written.
func note[T any](lo *lowering, u *unit, field string, o opt[T]) {
	if o.set {
		lo.noteAt(u, field, o.at)
	}
}

func (lo *lowering) noteAt(u *unit, field string, at grammar.Pos) {
	if at.Line > 0 {
		lo.origins[u.name+" "+field] = place(at)
	}
}

// place is a position as origins have it.
func place(p grammar.Pos) string { return p.File + ":" + strconv.Itoa(p.Line) }

// unhonoured says which settings of a kept unit the image does not act on.
func (lo *lowering) unhonoured(u *unit) {
	*lo.l = append(*lo.l, u.common.later...)
	for _, h := range sortedUnhonoured(u) {
		if h.asksNothing() {
			continue
		}
		d := diag.Diagnostic{Pos: h.set.pos, End: h.set.end}
		switch {
		case h.d.level == harmless:
			d.Severity, d.Code = diag.Note, "ignored-directive"
			d.Msg = h.d.name + "= has no effect in an image: " + h.d.note
		case h.d.level == restricting && !slices.Contains(lo.s.opt.AllowUnsupported, h.d.name):
			d.Severity, d.Code = diag.Error, "unsupported-directive"
			d.Msg = h.d.name + "= is not supported yet: " + h.d.note
			d.Hint = "take it out, or pass --allow-unsupported " + h.d.name + " to run without it"
		default:
			d.Severity, d.Code = diag.Warning, "unsupported-directive"
			d.Msg = h.d.name + "= is not supported yet: " + h.d.note
			if slices.Contains(lo.s.opt.AllowUnsupported, h.d.name) {
				d.Severity = diag.Note
			}
		}
		lo.l.Add(d)
	}
}

// sortedUnhonoured are a unit's unhonoured settings in the order of the files.
func sortedUnhonoured(u *unit) []unhonoured {
	var out []unhonoured
	for i := range u.settings {
		set := &u.settings[i]
		if h := u.common.unhonoured[set.key]; h.set == set {
			out = append(out, h)
		}
	}
	return out
}

// asksNothing says whether the value turns the directive off.
func (h unhonoured) asksNothing() bool {
	text := h.set.value.Text()
	if text == "" {
		return true
	}
	if on, err := grammar.ParseBool(text); err == nil && !on {
		return true
	}
	return slices.Contains(strings.Fields(h.d.off), text)
}

// lowFDs is one more than the highest descriptor that a service is handed:
// its sockets follow the standard three.
func lowFDs(p *plan.Plan) int32 {
	most := 0
	for i := range p.Units {
		if s := p.Units[i].Service; s != nil {
			n := 0
			for _, id := range s.Sockets {
				n += len(p.Units[id].Socket.Listen)
			}
			most = max(most, n+len(s.OpenFiles))
		}
	}
	return int32(3 + most)
}

// features are what the plan's units need of the runtime.
func features(p *plan.Plan) plan.Features {
	var f plan.Features
	for i := range p.Boot {
		f |= plan.FeatureTmpfiles
		if p.Boot[i].Flags&plan.BootMarked != 0 {
			f |= plan.FeatureBootMarks
		}
	}
	if len(p.Slices) > 0 {
		f |= plan.FeatureControls
	}
	for i := range p.Slices {
		f |= memoryFeature(p.Slices[i].Writes)
		if slices.ContainsFunc(p.Slices[i].Writes, markedWrite) {
			f |= plan.FeatureBootMarks
		}
	}
	for i := range p.Units {
		u := &p.Units[i]
		f |= groupFeatures(u.Group)
		if len(u.Conditions) > 0 {
			f |= plan.FeatureConditions
		}
		if markedUnit(u) {
			f |= plan.FeatureBootMarks
		}
		if s := u.Service; s != nil {
			f |= serviceFeatures(s)
		}
		if s := u.Socket; s != nil {
			f |= plan.FeatureSockets | commandFeatures(s.Commands, s.Exec)
			if lookedUp(s.User) || lookedUp(s.Group) {
				f |= plan.FeatureUsers
			}
		}
	}
	return f
}

// memoryFeature says whether the kernel is asked to kill for want of memory.
func memoryFeature(writes []plan.GroupWrite) plan.Features {
	if slices.ContainsFunc(writes, func(w plan.GroupWrite) bool { return strings.HasPrefix(w.File, "memory.") }) {
		return plan.FeatureOOM
	}
	return 0
}

func serviceFeatures(s *plan.Service) plan.Features {
	f := plan.FeatureServices | plan.FeatureHandover | plan.FeatureJournal | plan.FeatureJournalSockets | commandFeatures(s.Commands, s.Exec)
	if s.NotifyAccess != plan.NotifyNone {
		f |= plan.FeatureNotify
	}
	if s.BusName != "" {
		f |= plan.FeatureBus
	}
	if s.Type == plan.TypeForking || s.PIDFile != "" {
		f |= plan.FeatureForking
	}
	if s.FDStoreMax > 0 {
		f |= plan.FeatureFDStore
	}
	if len(s.OpenFiles) > 0 {
		f |= plan.FeatureOpenFiles
	}
	return f
}

func commandFeatures(commands []plan.Command, shared *plan.Exec) plan.Features {
	f := execFeatures(shared)
	for i := range commands {
		if commands[i].Flags&plan.Expand != 0 {
			f |= plan.FeatureExpand
		}
		f |= execFeatures(commands[i].Exec)
	}
	return f
}

func execFeatures(e *plan.Exec) plan.Features {
	var f plan.Features
	if e == nil {
		return f
	}
	for _, s := range [...]plan.Stream{e.Stdin, e.Stdout, e.Stderr} {
		if s.Kind == plan.StreamJournal {
			f |= plan.FeatureJournal
		}
	}
	if len(e.EnvFiles) > 0 {
		f |= plan.FeatureEnvFiles
	}
	if e.User != "" || e.Group != "" || len(e.Supplementary) > 0 {
		f |= plan.FeatureUsers
	}
	if len(e.IPCPeers) > 0 {
		f |= plan.FeatureRemoveIPC
	}
	if e.Terminal.Path != "" || e.Stdin.Kind == plan.StreamTTY {
		f |= plan.FeatureTerminals
	}
	if e.Utmp.ID != "" {
		f |= plan.FeatureUtmp
	}
	if e.Log.Burst > 0 || e.Log.MaxLevel > 0 {
		f |= plan.FeatureLogRules
	}
	if e.Log.Copy != 0 {
		f |= plan.FeatureLogCopies
	}
	if len(e.Credentials) > 0 {
		f |= plan.FeatureCredentials
	}
	if len(e.Remove) > 0 {
		f |= plan.FeatureDirectories
	}
	if slices.ContainsFunc(e.Calls, func(c plan.Call) bool { return slices.Contains(c.Slot[:], plan.SlotPrivate) }) {
		f |= plan.FeaturePrivateTmp
	}
	if slices.ContainsFunc(e.Calls, func(c plan.Call) bool { return c.Sys == plan.SysUnshare && c.Arg[0] == cloneNewNS }) {
		f |= plan.FeatureViews
	}
	if slices.ContainsFunc(e.Calls, func(c plan.Call) bool { return c.Sys == plan.SysFchownat && c.Step != plan.StepStdin }) {
		f |= plan.FeatureTrees
	}
	if slices.ContainsFunc(e.Calls, func(c plan.Call) bool { return c.Sys == plan.SysUnshare && c.Arg[0] == cloneNewPID }) {
		f |= plan.FeaturePIDs
	}
	if slices.ContainsFunc(e.Calls, func(c plan.Call) bool { return c.Slot[2] == plan.SlotNodes }) {
		f |= plan.FeatureNodes
	}
	if e.Shares != 0 {
		f |= plan.FeatureNamespaces
	}
	if slices.ContainsFunc(e.Calls, func(c plan.Call) bool { return c.Sys == plan.SysUnshare || c.Sys == plan.SysSetns }) {
		f |= plan.FeatureRights
	}
	if dependsOnRights(e) {
		f |= plan.FeatureCapabilities
	}
	return f
}

// lookedUp says whether a user or group is a name for the boot to look up.
func lookedUp(name string) bool { return name != "" && !allDigits(name) }
