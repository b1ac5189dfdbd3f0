package compiler

import (
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// unitSet is what the phases work on; it becomes the plan at the end.
type unitSet struct {
	opt    Options
	units  []*unit          // sorted by name from load on
	byName map[string]*unit // by name and by alias
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
	// links are the dependencies that .wants/, .requires/ and .upholds/
	// folders give, and [Install] sections of others.
	edges []edge

	// decode
	description string
	flags       plan.UnitFlags
	service     *serviceSettings // for KindService
	socket      *socketSettings  // for KindSocket
	install     installSettings

	// prune
	kept bool
	why  edge // the edge that keeps it, or for a dropped one the reason in words
	id   plan.UnitID
}

// setting is one assignment.
type setting struct {
	section string
	key     string
	value   grammar.Value
	pos     grammar.Pos // of the key
	end     grammar.Pos
}

// edge is one dependency on another unit, which may not exist.
type edge struct {
	rel plan.Rel
	to  string
	pos grammar.Pos // zero when implicit
	// because says in words why an implicit edge is there: "default
	// dependency", "by its socket".
	because string
}
