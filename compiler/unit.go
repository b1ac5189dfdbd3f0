package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// unitSet is what the phases work on; it becomes the plan at the end.
type unitSet struct {
	opt    Options
	units  []*unit          // sorted by name from load on
	byName map[string]*unit // by name and by alias; also templates

	// load
	files files
	index index
	// behindEtc is the place in the path behind /etc/systemd/system, where
	// systemctl makes links.
	behindEtc int
	sources   map[string]*source // by the path that diagnostics name
	presets   []presetRule       // of --preset, in the order in which they are tried
	loaded    bool               // instances that are made from here on load themselves
	tooMany   string             // what there is too much of: a limit, in words
	// builtinAliases are links that lead to units without a file: name, target.
	builtinAliases [][2]string

	decoding bool // instances that are made from here on are decoded at once

	// instancesOf are the instances of templates that [Install] sections give
	// edges to; nil as long as none does.
	instancesOf map[string]*instances

	// names are what edges lead to, by name. All are valid names of units.
	names map[string]*named

	// release is the root's os-release(5), when a specifier has asked for it.
	release map[string]string

	hasMounts bool // there are mount units

	hints    int      // how many were given
	allNames []string // of byName, sorted: for hints
	// told are units about which a kept one has been told that they are left
	// out.
	told map[string]bool

	// prune
	target  *unit
	keep    []*unit // those of --keep
	reached []*unit // what the target reaches, in the order in which it was found
	image   []*unit // the kept units; a unit's id is its place

	// lower
	plan    *plan.Plan
	origins map[string]string
	users   *users

	owners *packages // of the root's files, when they were asked for

	// askers are who asks for each unit in so many words; instances
	// are the templates that the image has instances of.
	askers    map[*unit]string
	instances map[*entry]bool
}

// unit is one unit while it is being compiled. The field groups are filled by
// the phase that is named.
type unit struct {
	// load
	name     string
	aliases  []string // other names, sorted
	fragment string   // path as the user gave it; "" when built in
	pos      grammar.Pos
	kind     plan.Kind
	// settings are the assignments of the fragment and then of its drop-ins,
	// in the order in which they apply.
	settings []setting
	dropIns  dropInList
	// links are the dependencies that .wants/, .requires/ and .upholds/
	// folders give, and [Install] sections of others.
	edges []edge
	// entry is where the search path has it, or its template; nil when built
	// in.
	entry   *entry
	sources []*source
	// foreign is the type of a unit that a plan cannot hold yet ("timer"); its
	// kind is that of a target, and only [Unit] and [Install] are read.
	foreign  string
	template bool
	builtin  bool // a row of builtinTargets and no file
	masked   bool
	enabled  bool // its [Install] counts because of --enable, --preset or Also=
	asked    bool // it is enabled because of --enable: what systemctl refuses is an error
	decoded  bool
	broken   bool      // its file cannot be read, or systemd refuses it
	plumbing *plumbing // set for systemd's own units; nothing of them is read
	// diags are about this unit. What becomes of them depends on whether it
	// is kept.
	diags diag.List

	// decode; it also appends to edges what [Unit] says (After=, Requires=,
	// OnFailure= and so on), specifiers replaced. Service=, Sockets= and the
	// names of [Install] stay in the settings.
	description string
	flags       plan.UnitFlags
	common      unitSettings
	service     *serviceSettings // for KindService
	socket      *socketSettings  // for KindSocket
	install     installSettings

	// conditions: unmet is the condition that holds in no boot of the image, and
	// refused the assertion.
	unmet, refused *condition

	// prune
	kept   bool
	why    edge  // the edge that keeps it
	keeper *unit // the unit that has that edge; nil for the target
	byKeep bool  // only --keep keeps it
	id     plan.UnitID
	// deps are the relations to other kept units, for the plan.
	deps []plan.Dep
}

// setting is one assignment.
type setting struct {
	section string
	key     string
	value   grammar.Value
	pos     grammar.Pos // of the key
	end     grammar.Pos
	header  *grammar.Section // whose Pos and End are those of the header; nil when built in
}
