package report

import (
	"fmt"
	"strings"

	"rustysd/compiler/diag"
)

// arcStyle is how an arrow is drawn.
type arcStyle struct{ class, colour, dash string }

// arcStyles are the styles by kind; the colours can be read on white and on
// black.
var arcStyles = [...]arcStyle{
	ArcRequires:  {"requires", "#5b7fb5", ""},
	ArcWants:     {"wants", "#93a5bd", ""},
	ArcTriggers:  {"activates", "#2f9e8f", ""},
	ArcOnResult:  {"result", "#c9822b", "6 3"},
	ArcConflicts: {"conflicts", "#c8545a", "2 3"},
	ArcOrder:     {"after", "#8c8c8c", "3 4"},
}

// nodeColours are the colours of the unit types; others are grey.
func nodeColour(typ string) string {
	switch typ {
	case "service":
		return "#4c78b5"
	case "socket":
		return "#2f9e8f"
	case "target":
		return "#8a6fb0"
	case "timer":
		return "#b5892f"
	case "path":
		return "#6d9440"
	case "mount", "automount", "swap":
		return "#a8606f"
	}
	return "#7f7f7f"
}

// Dot writes the graph in Graphviz's language.
func (g *Graph) Dot() string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n\trankdir=LR;\n", dotString(g.Title))
	b.WriteString("\tnode [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11, height=0.3];\n\tedge [arrowsize=0.7];\n")
	for i := range g.Nodes {
		n := &g.Nodes[i]
		extra := ""
		if n.Target {
			extra = ", penwidth=2"
		}
		fmt.Fprintf(&b, "\t%s [color=%q%s];\n", dotString(n.Name), nodeColour(n.Type), extra)
	}
	for _, a := range g.Arcs {
		s := arcStyles[a.Kind]
		fmt.Fprintf(&b, "\t%s -> %s [color=%q%s];\n", dotString(g.Nodes[a.From].Name), dotString(g.Nodes[a.To].Name), s.colour, dotExtra(a, s))
	}
	b.WriteString("}\n")
	return b.String()
}

func dotExtra(a Arc, s arcStyle) string {
	extra := ""
	if s.dash != "" {
		extra += ", style=dashed"
	}
	if !a.Ordered {
		extra += ", arrowhead=empty"
	}
	return extra
}

// dotString is a quoted string of the language: a backslash of a unit's name
// must stay one.
func dotString(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(diag.Printable(s))
	return `"` + s + `"`
}
