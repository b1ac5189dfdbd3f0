package compiler

import "rustysd/compiler/diag"

// pass is one phase of the compiler, from a unit set to the same, richer.
type pass struct {
	name  string
	run   func(s *unitSet, l *diag.List)
	holds string // what is true afterwards
}

// passes are the phases in the order in which they run.
var passes = [...]pass{
	{"load", (*unitSet).load, "every unit of the search path is there once, by all its names, with its assignments in the order in which they apply"},
	{"decode", (*unitSet).decodeAll, "assignments have become settings and edges; instances that units ask for exist"},
	{"install", (*unitSet).installEdges, "[Install] sections that count have become edges of the units that they name"},
	{"conditions", (*unitSet).decideConditions, "units with a condition that holds in no boot of the image are known"},
	{"target", (*unitSet).chooseTarget, "the unit to boot is known, or there is an error"},
	{"graph", (*unitSet).graph, "implicit and default dependencies are edges, and each edge knows its unit"},
	{"prune", (*unitSet).prune, "what the target reaches is kept and has an id; each kept unit knows why"},
	{"relate", (*unitSet).relate, "each kept unit has its relations to kept units, in both directions"},
	{"check", (*unitSet).checkImage, "no kept unit lacks what it requires, and no order is a cycle"},
	{"lower", (*unitSet).makePlan, "the plan holds everything that the init needs, and nothing of the files"},
	{"prove", (*unitSet).prove, "the root has what the units name, and the place that the image is for can do it"},
}

// order is a rule about two passes.
type order struct{ before, after, because string }

// orders are the rules that passes follows.
var orders = [...]order{
	{"load", "decode", "drop-ins must be merged before a later assignment can replace an earlier one"},
	{"decode", "install", "the names in [Install] have specifiers"},
	{"install", "conditions", "all units are there, instances included"},
	{"conditions", "prune", "a unit that can never start keeps nothing"},
	{"install", "target", "a target that no file defines is there because units are installed in it"},
	{"target", "graph", "the target may get members that need their default order"},
	{"install", "graph", "a target is ordered after its members, those by WantedBy= included"},
	{"graph", "prune", "implicit dependencies keep units, too"},
	{"prune", "relate", "relations are between ids, and only kept units have one"},
	{"relate", "check", "cycles are looked for among the relations of kept units: an edge to a pruned unit closes none"},
	{"check", "lower", "what is refused need not become a plan"},
	{"lower", "prove", "users and times are those of the plan"},
}
