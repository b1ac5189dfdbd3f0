package report

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/compiler/diag"
)

// Tree writes the graph as an indented list, from the unit that the image boots
// on: below each unit what its arrows lead to. A unit that has been shown with
// all that is below it is not shown so again.
func (g *Graph) Tree() string {
	t := tree{g: g, out: g.out(), shown: make([]bool, len(g.Nodes))}
	for _, root := range g.roots() {
		if t.shown[root] {
			continue
		}
		t.b.WriteString(t.label(root))
		t.below(root, "")
	}
	return t.b.String()
}

// roots are the target, then the units that no arrow leads to, then all others,
// which are reached from those unless they form a ring.
func (g *Graph) roots() []int {
	entered := make([]bool, len(g.Nodes))
	for _, a := range g.Arcs {
		entered[a.To] = true
	}
	rank := func(i int) int {
		switch {
		case g.Nodes[i].Target:
			return 0
		case !entered[i]:
			return 1
		}
		return 2
	}
	var roots []int
	for i := range g.Nodes {
		roots = append(roots, i)
	}
	slices.SortStableFunc(roots, func(a, b int) int { return rank(a) - rank(b) })
	return roots
}

type tree struct {
	g     *Graph
	out   [][]Arc
	shown []bool
	b     strings.Builder
}

// label is a unit's line without its arrow.
func (t *tree) label(i int) string {
	n := &t.g.Nodes[i]
	text := n.Name
	if n.Description != "" && n.Description != n.Name {
		text += "  " + n.Description
	}
	t.shown[i] = true
	return diag.Printable(text) + "\n"
}

// maxDepth bounds the indentation: a chain of ten thousand units has no tree
// that anybody could read.
const maxDepth = 100

// below writes what the arrows of a unit lead to.
func (t *tree) below(i int, indent string) {
	arcs := t.out[i]
	for k, a := range arcs {
		branch, next := "├─", "│  "
		if k == len(arcs)-1 {
			branch, next = "└─", "   "
		}
		fmt.Fprintf(&t.b, "%s%s %s ", indent, branch, arcWord(a))
		switch {
		case t.shown[a.To] && len(t.out[a.To]) > 0:
			t.b.WriteString(diag.Printable(t.g.Nodes[a.To].Name) + " (above)\n")
		case len(indent) > maxDepth*len(next):
			t.b.WriteString(diag.Printable(t.g.Nodes[a.To].Name) + " …\n")
		default:
			t.b.WriteString(t.label(a.To))
			t.below(a.To, indent+next)
		}
	}
}

// arcWord says an arrow in words.
func arcWord(a Arc) string {
	if a.Ordered && a.Kind != ArcOrder {
		return a.Kind.String() + ", after"
	}
	return a.Kind.String()
}
