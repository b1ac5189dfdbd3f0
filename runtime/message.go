package runtime

import (
	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// doLog is ActLog: the machine's message, with what its Value and Other say.
func (i *Init) doLog(a *machine.Action) {
	other := ""
	if int(a.Other) < len(i.plan.Units) {
		other = i.plan.Units[a.Other].Name
	}
	text := a.Msg.String()
	switch a.Msg {
	case machine.MsgExecFailed:
		step, command, e := machine.ExecStep(a.Value)
		i.tellFailure(a.Unit, command, plan.Step(step), errno(e))
		return
	case machine.MsgSpawnFailed, machine.MsgSocketFailed:
		i.sayUnit(a.Unit, text, ": ", errno(a.Value).Error())
	case machine.MsgFailed, machine.MsgExited:
		i.sayFailure(a, text)
	case machine.MsgRestarting, machine.MsgWatchdog, machine.MsgBootDone, machine.MsgBootFailed:
		i.sayUnit(a.Unit, text, " ", itoa(a.Value/int64(plan.Millisecond)), " ms")
	case machine.MsgConditionSkips, machine.MsgAssert:
		if i.conditionText != nil {
			i.conditionText(i, a.Unit, text, a.Value)
		}
	case machine.MsgSkipped:
		i.sayUnit(a.Unit, text, ": status ", itoa(a.Value))
	case machine.MsgNotifyRefused:
		i.sayUnit(a.Unit, text, ": pid ", itoa(int64(a.Pid)))
	case machine.MsgTimeout:
		i.sayUnit(a.Unit, text, " ", machine.State(a.Value).String())
	case machine.MsgAction:
		i.sayUnit(a.Unit, text, " ", actionText(plan.Action(a.Value)))
	case machine.MsgIgnored, machine.MsgStopOverdue:
		i.sayUnit(a.Unit, text, " ", itoa(a.Value))
	default:
		if other != "" {
			other = " " + other
		}
		i.sayUnit(a.Unit, text, other)
	}
}

// sayFailure tells how a process ended.
func (i *Init) sayFailure(a *machine.Action, text string) {
	result, code, status := machine.Failure(a.Value)
	how := " (" + result.String()
	switch code {
	case machine.Exited:
		how += ", status " + itoa(int64(status))
		if status >= 200 && stepName(plan.Step(status)) != itoa(int64(status)) {
			how += "/" + stepName(plan.Step(status))
		}
	case machine.Killed:
		how += ", signal " + itoa(int64(status))
	case machine.Dumped:
		how += ", signal " + itoa(int64(status)) + ", core dumped"
	}
	how += ")"
	if a.Msg == machine.MsgFailed {
		if last := i.lastStatus(a.Unit); last != "" {
			how += ", its last status: " + last
		}
	}
	i.sayUnit(a.Unit, text, how)
}

// lastStatus is what a unit said of itself last, since it was started.
func (i *Init) lastStatus(id plan.UnitID) string {
	return string(i.status(id).text)
}

// status is empty for a unit that has said nothing.
func (i *Init) status(id plan.UnitID) *unitStatus {
	if b := i.inbox(); b != nil && b.statuses != nil {
		return &b.statuses[id]
	}
	return &unitStatus{}
}

// at is an origin as messages end with it.
//
//go:noinline
func at(origin string) string {
	if origin == "" {
		return ""
	}
	return " (" + origin + ")"
}
