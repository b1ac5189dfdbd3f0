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
	p := &privateTmp{names: map[plan.UnitID]string{}}
	i.started = append(i.started, func(i *Init) { i.spawner.private = p.text })
	i.closing = append(i.closing, p.remove)
}

// privateTmp has the names of the units that run.
type privateTmp struct{ names map[plan.UnitID]string }

// text replaces the mark in a text up to its NUL.
func (p *privateTmp) text(unit plan.UnitID, text string) string {
	if end := strings.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	at := strings.IndexByte(text, plan.PrivateMark)
	if at < 0 {
		return text
	}
	name := p.names[unit]
	if name == "" {
		var id [32]byte
		newInvocation(&id)
		name = string(id[:])
		p.names[unit] = name
	}
	return text[:at] + name + text[at+1:]
}

// remove removes what a unit that has stopped had.
func (p *privateTmp) remove(i *Init, a *machine.Action) {
	name := p.names[a.Unit]
	if name == "" {
		return
	}
	delete(p.names, a.Unit)
	for _, base := range [...]string{"/tmp", "/var/tmp"} {
		i.removeDirectory(base + "/systemd-private-" + name + "-" + i.plan.Units[a.Unit].Name)
	}
}
