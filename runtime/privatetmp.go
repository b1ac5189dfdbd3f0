package runtime

import (
	"strings"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// PrivateTmp is the feature of units with a /tmp and /var/tmp of their own.
// Their folders lie in the ones of all, under a name that nobody can guess
// beforehand: so no user can be there first. All commands of a unit share them,
// and they go when the unit stops (systemd.exec(5), "PrivateTmp=").
func PrivateTmp(i *Init) {
	startRemovals(i)
	i.private = make([]string, len(i.plan.Units))
	i.started = append(i.started, func(i *Init) {
		i.spawner.private = func(unit plan.UnitID, text string) string { return privateText(i.private, unit, text) }
	})
	i.closing = append(i.closing, removePrivate)
}

// privateText replaces the mark in a text up to its NUL. names are those of the
// units that run.
func privateText(names []string, unit plan.UnitID, text string) string {
	if end := strings.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	at := strings.IndexByte(text, plan.PrivateMark)
	if at < 0 {
		return text
	}
	name := names[unit]
	if name == "" {
		var id [32]byte
		newInvocation(&id)
		name = string(id[:])
		names[unit] = name
	}
	return text[:at] + name + text[at+1:]
}

// removePrivate removes what a unit that has stopped had.
func removePrivate(i *Init, a *machine.Action) {
	name := i.private[a.Unit]
	if name == "" {
		return
	}
	i.private[a.Unit] = ""
	for _, base := range [...]string{"/tmp", "/var/tmp"} {
		i.removeDirectory(base + "/systemd-private-" + name + "-" + i.plan.Units[a.Unit].Name)
	}
}
