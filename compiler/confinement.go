package compiler

import (
	"strings"

	"rustysd/compiler/seccomp"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Confinement is what a service says about its rights, as the image acts on it.
type Confinement struct {
	// Name is the unit's, Arch what the image is built for.
	Name, Arch string
	// DefaultDependencies says whether the service waits for the boot's basics.
	DefaultDependencies bool
	// Bounding and Ambient are sets of capabilities, with what other directives
	// take from the first; all bits are set where nothing is taken.
	Bounding, Ambient uint64
	// Calls are the system calls that are listed, FiltersCalls that there is
	// such a list, and AllowsCalls that they are those which are allowed.
	Calls                     map[string]bool
	FiltersCalls, AllowsCalls bool
	// Families are the address families that are listed, likewise.
	Families       []int
	AllowsFamilies bool
	// Namespaces are those that may be made, as flags of clone(2).
	Namespaces uint32
	// Umask is the mode of files that is held back.
	Umask uint32
	// Notify says whose messages count.
	Notify plan.NotifyAccess
	// Architectures are the words of SystemCallArchitectures=.
	Architectures []string

	settings map[string][]SettingInfo // of [Service], those that count
}

// Confinement is that of the service of that name; ok says whether there is
// one.
func (m *Image) Confinement(name string) (c *Confinement, ok bool) {
	u := m.set.byName[name]
	if u == nil || u.service == nil {
		return nil, false
	}
	e := &u.service.exec
	f := &e.confine
	c = &Confinement{Name: u.name, Arch: m.set.arch(), DefaultDependencies: u.common.defaultDependencies.or(true),
		Ambient: f.ambient.v, Calls: map[string]bool{}, Namespaces: f.namespaces.or(seccomp.AllNamespaces),
		FiltersCalls: f.calls.set && (f.calls.allow || len(f.calls.calls) > 0), AllowsCalls: f.calls.allow,
		AllowsFamilies: f.families.set && f.families.allow, Families: f.families.list,
		Umask: e.umask.or(defaultUmask), Notify: u.service.notifyAccess.v, Architectures: values(f.architectures),
		settings: map[string][]SettingInfo{}}
	c.Bounding, _ = f.boundingSet()
	for call, act := range f.calls.calls {
		if !f.calls.allow || act == inherit {
			c.Calls[call] = true
		}
	}
	for _, s := range effective(u.settings) {
		if s.Effective && s.Section == "Service" {
			c.settings[s.Key] = append(c.settings[s.Key], s)
		}
	}
	return c, true
}

// Honoured says whether the image acts on a directive of [Service].
func Honoured(key string) bool {
	d := table["Service"][key]
	return d != nil && d.level < unsupported
}

// Asks says whether the unit has the directive, and where.
func (c *Confinement) Asks(key string) (at grammar.Pos, ok bool) {
	if all := c.settings[key]; len(all) > 0 {
		return all[len(all)-1].Pos, true
	}
	return grammar.Pos{}, false
}

// Word is the value of a directive that the image acts on; "" when the unit
// does not have it.
func (c *Confinement) Word(key string) string {
	if all := c.settings[key]; len(all) > 0 && Honoured(key) {
		return all[len(all)-1].Value
	}
	return ""
}

// On says whether a directive that the image acts on says yes.
func (c *Confinement) On(key string) bool {
	on, err := grammar.ParseBool(c.Word(key))
	return err == nil && on
}

// Words are the words of a list that the image acts on.
func (c *Confinement) Words(key string) (out []string) {
	if !Honoured(key) {
		return nil
	}
	for _, s := range c.settings[key] {
		out = append(out, strings.Fields(s.Value)...)
	}
	return out
}
