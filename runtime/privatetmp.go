package runtime

import (
	"strings"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// PrivateTmp is the feature of units with a /tmp and /var/tmp of their own.
// Their folders lie in the ones of all, under a name that nobody can guess
// beforehand: so no user can be there first. All commands of a unit share them,
// with the units that it joins, and they go when the last of those stops
// (systemd.exec(5), "PrivateTmp="; systemd.unit(5), "JoinsNamespaceOf=").
func PrivateTmp(i *Init) {
	startRemovals(i)
	i.private = make([]string, len(i.plan.Units))
	i.started = append(i.started, func(i *Init) {
		i.spawner.private = func(unit plan.UnitID, text string) string { return privateText(i, unit, text) }
	})
	i.closing = append(i.closing, removePrivate)
}

// privateText replaces the mark in a text up to its NUL.
func privateText(i *Init, unit plan.UnitID, text string) string {
	if end := strings.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	at := strings.IndexByte(text, plan.PrivateMark)
	if at < 0 {
		return text
	}
	if i.private[unit] == "" {
		i.private[unit] = privateName(i, unit)
	}
	return text[:at] + i.private[unit] + text[at+1:]
}

// privateName is the name that a unit which this one joins has already, or a
// new one.
func privateName(i *Init, unit plan.UnitID) string {
	for _, d := range i.plan.Units[unit].Deps {
		if name := i.private[d.Unit]; name != "" && d.Rel&plan.JoinsNamespaceOf != 0 {
			return name
		}
	}
	var id [32]byte
	newInvocation(&id)
	return string(id[:]) + "-" + i.plan.Units[unit].Name
}

// removePrivate removes what a unit that has stopped had, if no other has it.
func removePrivate(i *Init, a *machine.Action) {
	name := i.private[a.Unit]
	i.private[a.Unit] = ""
	for _, other := range i.private {
		if name == other { // also when it had none
			return
		}
	}
	for _, base := range [...]string{"/tmp", "/var/tmp"} {
		i.removeDirectory(base + "/systemd-private-" + name)
	}
}
