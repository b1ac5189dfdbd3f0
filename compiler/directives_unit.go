package compiler

import (
	"slices"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

var unitDirectives = []directive{
	{name: "Description", decode: scalar(text, func(u *unit) *opt[string] { return &u.common.description })},
	{name: "Documentation", level: checked, decode: validWords(url), note: "shown by tools only"},
	{name: "SourcePath", level: checked, decode: valid(absolute), note: "for generated units"},

	{name: "Requires", decode: depends(plan.Requires)},
	{name: "RequiresOverridable", decode: depends(plan.Requires)},
	{name: "Requisite", decode: depends(plan.Requisite)},
	{name: "RequisiteOverridable", decode: depends(plan.Requisite)},
	{name: "Wants", decode: depends(plan.Wants)},
	{name: "BindsTo", decode: depends(plan.BindsTo)},
	{name: "BindTo", decode: depends(plan.BindsTo)},
	{name: "Upholds", decode: depends(plan.Upholds)},
	{name: "Conflicts", decode: depends(plan.Conflicts)},
	{name: "Before", decode: depends(plan.Before)},
	{name: "After", decode: depends(plan.After)},
	{name: "OnSuccess", decode: depends(plan.OnSuccess)},
	{name: "OnFailure", decode: depends(plan.OnFailure)},
	{name: "PropagatesReloadTo", decode: depends(plan.PropagatesReloadTo)},
	{name: "PropagateReloadTo", decode: depends(plan.PropagatesReloadTo)},
	{name: "ReloadPropagatedFrom", decode: depends(plan.ReloadPropagatedFrom)},
	{name: "PropagateReloadFrom", decode: depends(plan.ReloadPropagatedFrom)},
	{name: "PropagatesStopTo", decode: depends(plan.PropagatesStopTo)},
	{name: "StopPropagatedFrom", decode: depends(plan.StopPropagatedFrom)},
	{name: "PartOf", decode: depends(plan.PartOf)},
	{name: "JoinsNamespaceOf", decode: depends(plan.JoinsNamespaceOf)},
	{name: "RequiresMountsFor", level: checked, note: "file systems are mounted before the init starts", decode: mountsFor(plan.Requires)},
	{name: "WantsMountsFor", level: checked, note: "file systems are mounted before the init starts", decode: mountsFor(plan.Wants)},

	{name: "StopWhenUnneeded", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.common.stopWhenUnneeded })},
	{name: "RefuseManualStart", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.common.refuseManualStart })},
	{name: "RefuseManualStop", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.common.refuseManualStop })},
	{name: "AllowIsolate", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.common.allowIsolate })},
	{name: "IgnoreOnIsolate", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.common.ignoreOnIsolate })},
	{name: "DefaultDependencies", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.common.defaultDependencies })},
	{name: "IgnoreOnSnapshot", level: harmless, decode: anything, note: "systemd ignores it too"},
	{name: "SurviveFinalKillSignal", level: unsupported, decode: valid(boolean), note: "the final kill spares no process"},
	{name: "OnSuccessJobMode", decode: scalar(jobMode, func(u *unit) *opt[plan.JobMode] { return &u.common.successMode })},
	{name: "OnFailureJobMode", decode: scalar(jobMode, func(u *unit) *opt[plan.JobMode] { return &u.common.failureMode })},
	{name: "OnFailureIsolate", decode: scalar(isolates, func(u *unit) *opt[plan.JobMode] { return &u.common.failureMode })},
	{name: "CollectMode", level: harmless, decode: valid(among("inactive", "inactive-or-failed")), note: "units of an image are never unloaded"},

	{name: "JobTimeoutSec", decode: scalar(timeout, func(u *unit) *opt[plan.Duration] { return &u.common.jobTimeout })},
	{name: "JobRunningTimeoutSec", decode: scalar(timeout, func(u *unit) *opt[plan.Duration] { return &u.common.jobRunning })},
	{name: "JobTimeoutAction", decode: scalar(action, func(u *unit) *opt[plan.Action] { return &u.common.jobTimeoutAction })},
	{name: "JobTimeoutRebootArgument", decode: scalar(text, func(u *unit) *opt[string] { return &u.common.jobRebootArgument })},
	{name: "StartLimitIntervalSec", decode: startLimitInterval},
	{name: "StartLimitInterval", decode: startLimitInterval},
	{name: "StartLimitBurst", decode: startLimitBurst},
	{name: "StartLimitAction", decode: startLimitAction},
	{name: "FailureAction", decode: failureAction},
	{name: "SuccessAction", decode: scalar(action, func(u *unit) *opt[plan.Action] { return &u.common.successAction })},
	{name: "FailureActionExitStatus", decode: scalar(integer[int16](0, 255), func(u *unit) *opt[int16] { return &u.common.failureStatus })},
	{name: "SuccessActionExitStatus", decode: scalar(integer[int16](0, 255), func(u *unit) *opt[int16] { return &u.common.successStatus })},
	{name: "RebootArgument", decode: rebootArgument},
}

// What [Service] had before [Unit] got it.
var (
	startLimitInterval = scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.common.startLimitInterval })
	startLimitBurst    = scalar(count, func(u *unit) *opt[uint16] { return &u.common.startLimitBurst })
	startLimitAction   = scalar(action, func(u *unit) *opt[plan.Action] { return &u.common.startLimitAction })
	rebootArgument     = scalar(text, func(u *unit) *opt[string] { return &u.common.rebootArgument })
	failureAction      = scalar(action, func(u *unit) *opt[plan.Action] { return &u.common.failureAction })
)

var installDirectives = []directive{
	{name: "Alias", decode: installAliases},
	{name: "WantedBy", decode: list(unitName, func(u *unit) *[]item[string] { return &u.install.wantedBy })},
	{name: "RequiredBy", decode: list(unitName, func(u *unit) *[]item[string] { return &u.install.requiredBy })},
	{name: "UpheldBy", decode: list(unitName, func(u *unit) *[]item[string] { return &u.install.upheldBy })},
	{name: "Also", decode: list(unitName, func(u *unit) *[]item[string] { return &u.install.also })},
	{name: "DefaultInstance", decode: scalar(instanceName, func(u *unit) *opt[string] { return &u.install.defaultInstance })},
}

// depends adds an edge for each unit that the value names. An empty value does
// not take any back (systemd.unit(5), "Wants=": "cannot be reset").
func depends(rel plan.Rel) decodeFunc {
	return func(x *reading) {
		from := &cause{value: x.set.value}
		x.u.edges = slices.Grow(x.u.edges, len(x.text)/16+1) // as long as names are, with a blank
		for w := range grammar.Fields(x.text) {
			to := x.s.names[w.Text] // valid, and without specifiers
			if to == nil || isTemplate(to.name) {
				name, err := unitName(x, w.Text)
				if err != nil {
					x.bad(err, w.Offset)
					continue
				}
				to = x.s.called(x.u.meant(name))
			}
			if to.name == x.u.name {
				x.report(diag.Warning, "ignored-directive", w.Offset, w.Offset+len(w.Text),
					x.set.key+"= names the unit itself, which has no effect", "name the other unit, or take it out")
				continue
			}
			x.u.edges = append(x.u.edges, edge{to, from, rel, uint32(w.Offset)})
		}
	}
}

// jobMode is a mode that a unit can ask for (systemd.unit(5),
// "OnFailureJobMode=").
func jobMode(x *reading, text string) (plan.JobMode, *grammar.Error) {
	return wordIn[plan.JobMode]()(x, text)
}

// isolates is OnFailureIsolate=, the old way to say OnFailureJobMode=isolate.
func isolates(x *reading, text string) (plan.JobMode, *grammar.Error) {
	yes, err := boolean(x, text)
	if yes {
		return plan.ModeIsolate, err
	}
	return plan.ModeReplace, err
}

// action is what to do when a unit ends (systemd.unit(5), "FailureAction=").
func action(x *reading, text string) (plan.Action, *grammar.Error) {
	switch text {
	case "soft-reboot", "soft-reboot-force", "kexec", "kexec-force":
		return 0, x.unsupportedValue(text, "an image has no other system to go to", "use reboot")
	}
	return wordIn[plan.Action]()(x, text)
}
