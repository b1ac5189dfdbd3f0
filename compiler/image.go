package compiler

import (
	"slices"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Image is a compiled image with the units behind it, for the verbs that show
// them: also those that were left out, and also when errors leave no plan.
type Image struct {
	*Result
	// Draft is the plan as far as it could be made, to be looked at: with errors
	// it cannot boot. Nil when the errors left no target.
	Draft *plan.Plan
}

// Load is [Compile] with the units to look at.
func Load(o Options) (*Image, diag.List, error) {
	s, l := compileTo(o, "")
	res := s.result(l)
	return &Image{res, s.plan}, l, nil
}

// Written are the assignments in a unit's files that count, in their order.
func (r *Result) Written(name string) []SettingInfo {
	u := r.set.byName[name]
	if u == nil || u.builtin {
		return nil
	}
	return slices.DeleteFunc(effective(u.settings), func(i SettingInfo) bool { return !i.Effective })
}

// UnitInfo is one unit as it was loaded.
type UnitInfo struct {
	Name    string
	Aliases []string // sorted
	// Type is the suffix of the name: "service".
	Type        string
	Description string
	// Kept says whether the image has the unit. Keeper is the unit whose edge
	// Why keeps it; "" for the target, and for what --keep names, as Why.Because
	// says then. Dropped is why it is left out.
	Kept    bool
	Keeper  string
	Why     EdgeInfo
	Dropped string
	// Skipped is the condition because of which every boot skips a unit that is
	// kept; "" for none.
	Skipped string
	// Builtin is set when no file defines it.
	Builtin  bool
	Settings []SettingInfo
	Edges    []EdgeInfo
}

// SettingInfo is one assignment.
type SettingInfo struct {
	Section, Key, Value string
	Pos                 grammar.Pos
	// Level is what is done about the directive, as [DirectiveInfo.Level] says; ""
	// when it is unknown.
	Level string
	// Effective is set when no later assignment takes it back.
	Effective bool
}

// EdgeInfo is one dependency of a unit.
type EdgeInfo struct {
	Rel plan.Rel
	To  string
	Pos grammar.Pos // zero when nobody wrote it
	// Because says in words why an implicit one is there.
	Because string
	// Verb is the relation in words: "requires".
	Verb string
	// Exists is set when there is such a unit, Kept when the image has it.
	Exists, Kept bool
}

// Target is the name of the unit that the image boots; "" when none was found.
func (m *Image) Target() string {
	if m.set.target == nil {
		return ""
	}
	return m.set.target.name
}

// Units are all units, sorted by name: those with a file, and of the built-in
// targets those that the image has.
func (m *Image) Units() []UnitInfo {
	var out []UnitInfo
	for _, u := range m.set.units {
		if !u.builtin || u.kept {
			out = append(out, m.set.info(u))
		}
	}
	return out
}

// Unit is the unit of that name or alias, and whether there is one; a service's
// name may lack its type.
func (m *Image) Unit(name string) (UnitInfo, bool) {
	u := m.set.byName[name]
	if u == nil {
		u = m.set.byName[fullName(name)]
	}
	if u == nil {
		return UnitInfo{}, false
	}
	return m.set.info(u), true
}

// Names are the names that [Image.Unit] finds, sorted; of the built-in targets
// those that are used.
func (m *Image) Names() []string {
	var names []string
	for _, name := range sortedKeys(m.set.byName) {
		if u := m.set.byName[name]; !u.builtin || u.kept {
			names = append(names, name)
		}
	}
	return names
}

// info describes a unit.
func (s *unitSet) info(u *unit) UnitInfo {
	i := UnitInfo{Name: u.name, Aliases: u.aliases, Type: splitName(u.name).suffix, Description: asWritten(u.description),
		Kept: u.kept, Builtin: u.builtin, Settings: effective(u.settings)}
	switch {
	case !u.kept:
		i.Dropped = s.whyDropped(u)
	case u.keeper != nil:
		i.Keeper, i.Why = u.keeper.name, u.why.info()
		i.Why.To = u.name
	case u.byKeep:
		i.Why.Because = byKeep
	}
	if u.kept && u.unmet != nil {
		i.Skipped = u.unmet.Text
	}
	for j := range u.edges {
		i.Edges = append(i.Edges, u.edges[j].info())
	}
	return i
}

func (e *edge) info() EdgeInfo {
	return EdgeInfo{Rel: e.rel, To: e.to.name, Pos: e.pos(), Because: e.from.because, Verb: verb(e.rel),
		Exists: e.to.unit != nil, Kept: e.to.unit != nil && e.to.unit.kept}
}

// File is a unit file as it is.
type File struct {
	Path string // as diagnostics name it
	Text string
}

// Files are the files of a unit: its fragment and then its drop-ins, in the
// order in which they apply. What cannot be read is a diagnostic of the image
// already, and is left out.
func (m *Image) Files(name string) []File {
	u := m.set.byName[name]
	if u == nil || u.entry == nil {
		return nil
	}
	var places []located
	if p, err := m.set.files.follow(u.entry.dir, u.entry.name); err == nil {
		places = append(places, p)
	}
	if !u.masked {
		places = append(places, m.set.dropIns(u)...)
	}
	var out []File
	for _, p := range places {
		if text, err := m.set.files.read(p.real); err == nil {
			out = append(out, File{p.shown, text})
		}
	}
	return out
}
