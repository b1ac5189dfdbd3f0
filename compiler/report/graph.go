package report

import (
	"path"
	"slices"

	"rustysd/runtime/plan"
)

// Graph is a plan's units and what they have to do with each other, to be
// drawn. An arrow leads from a unit to what it pulls in, activates or comes
// after.
type Graph struct {
	Title string
	Nodes []Node
	Arcs  []Arc
}

// Node is a unit.
type Node struct {
	Name, Type, Description string
	Target                  bool // the unit that the image boots
}

// Arc is an arrow between two nodes, by their index; there is one for each pair
// and direction.
type Arc struct {
	From, To int
	Kind     ArcKind
	// Ordered is set when From also waits for To.
	Ordered bool
}

// ArcKind is the strongest relation of an arc.
type ArcKind uint8

// The kinds, the strongest first.
const (
	ArcRequires  ArcKind = iota // Requires=, BindsTo=, Requisite=
	ArcWants                    // Wants=, Upholds=
	ArcTriggers                 // a socket and its service
	ArcOnResult                 // OnFailure=, OnSuccess=
	ArcConflicts                // Conflicts=
	ArcOrder                    // After= alone
)

func (k ArcKind) String() string {
	return [...]string{"requires", "wants", "activates", "on failure or success", "conflicts", "after"}[k]
}

// Select says which part of a plan a graph shows.
type Select struct {
	// Order and Require choose ordering and requirement; neither is both.
	Order, Require bool
	// Pattern keeps the units whose name matches, and their neighbours; "" is
	// all (systemd-analyze(1), "dot").
	Pattern string
}

// arcKinds are the relations that make an arc.
var arcKinds = [...]struct {
	rel  plan.Rel
	kind ArcKind
}{
	{plan.Requires | plan.BindsTo | plan.Requisite, ArcRequires},
	{plan.Wants | plan.Upholds, ArcWants},
	{plan.Triggers, ArcTriggers},
	{plan.OnFailure | plan.OnSuccess, ArcOnResult},
	{plan.Conflicts, ArcConflicts},
}

// NewGraph makes the graph of a plan. The error is about the pattern.
func NewGraph(p *plan.Plan, s Select) (*Graph, error) {
	if s.Order == s.Require {
		s.Order, s.Require = true, true
	}
	g := &Graph{Title: p.Name}
	for i := range p.Units {
		u := &p.Units[i]
		g.Nodes = append(g.Nodes, Node{u.Name, TypeOf(u.Name), u.Description, plan.UnitID(i) == p.Target})
		for _, d := range u.Deps {
			if a, ok := s.arc(i, d); ok {
				g.Arcs = append(g.Arcs, a)
			}
		}
	}
	if s.Pattern == "" {
		return g, nil
	}
	return g.match(s.Pattern)
}

// arc makes the arrow of one relation, if it is shown.
func (s Select) arc(from int, d plan.Dep) (Arc, bool) {
	a := Arc{From: from, To: int(d.Unit), Kind: ArcOrder, Ordered: s.Order && d.Rel&plan.After != 0}
	if s.Require {
		for _, k := range arcKinds {
			if d.Rel&k.rel != 0 {
				a.Kind = k.kind
				return a, true
			}
		}
	}
	return a, a.Ordered
}

// match keeps the nodes that match and those that an arc joins to them.
func (g *Graph) match(pattern string) (*Graph, error) {
	hit := make([]bool, len(g.Nodes))
	for i := range g.Nodes {
		ok, err := path.Match(pattern, g.Nodes[i].Name)
		if err != nil {
			return nil, err
		}
		hit[i] = ok
	}
	keep := slices.Clone(hit)
	var arcs []Arc
	for _, a := range g.Arcs {
		if hit[a.From] || hit[a.To] {
			keep[a.From], keep[a.To] = true, true
			arcs = append(arcs, a)
		}
	}
	return g.only(keep, arcs), nil
}

// only is the graph of the nodes to keep, with arcs between them.
func (g *Graph) only(keep []bool, arcs []Arc) *Graph {
	out := &Graph{Title: g.Title}
	place := make([]int, len(g.Nodes))
	for i := range g.Nodes {
		if keep[i] {
			place[i] = len(out.Nodes)
			out.Nodes = append(out.Nodes, g.Nodes[i])
		}
	}
	for _, a := range arcs {
		a.From, a.To = place[a.From], place[a.To]
		out.Arcs = append(out.Arcs, a)
	}
	return out
}

// out are the arcs that leave each node.
func (g *Graph) out() [][]Arc {
	list := make([][]Arc, len(g.Nodes))
	for _, a := range g.Arcs {
		list[a.From] = append(list[a.From], a)
	}
	return list
}
