package report

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"rustysd/compiler/diag"
)

// SVG draws the graph, the unit that the image boots on the left. Arrows of
// order that others imply are left out: that a comes after c is not drawn where a
// comes after b and b after c.
func (g *Graph) SVG() string {
	g = g.reduced()
	l := newLayout(g)
	s := &svg{l: l, kinds: g.kinds()}
	s.countFans()
	s.head()
	s.arcs()
	for i := range l.cells {
		if c := &l.cells[i]; c.node >= 0 {
			s.box(c)
		}
	}
	s.legend()
	s.b.WriteString("</svg>\n")
	return s.b.String()
}

type svg struct {
	l     *layout
	b     strings.Builder
	kinds []ArcKind // of the arrows, sorted
	// leave and arrive are how many arrows begin and end at each cell.
	leave, arrive []int
}

// legendHeight is the room for the legend below the picture.
const legendHeight = 40

// svgStyle follows the reader's light or dark theme.
const svgStyle = `<style>
  text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #1f2328 }
  .box { fill: #fff; stroke-width: 1.4 }
  .target { stroke-width: 2.6 }
  .legend { font-size: 11px; fill: #6b7178 }
  .page { fill: #fbfbfa }
  path.arc { fill: none; stroke-width: 1.3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e8ea } .box { fill: #22262b } .legend { fill: #9aa1a9 } .page { fill: #16191d }
  }
</style>
`

func (s *svg) head() {
	w, h := s.size()
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n", w, h, w, h)
	fmt.Fprintf(&s.b, "<title>%s</title>\n%s<defs>\n", text(s.l.g.Title), svgStyle)
	for _, a := range arcStyles {
		fmt.Fprintf(&s.b, `<marker id="%s" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L8 4L0 7.5z" fill="%s"/></marker>`+"\n", a.class, a.colour)
		fmt.Fprintf(&s.b, `<marker id="%s-open" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0.7 1L7.3 4L0.7 7" fill="none" stroke="%s"/></marker>`+"\n", a.class, a.colour)
	}
	fmt.Fprintf(&s.b, "</defs>\n"+`<rect class="page" width="%.0f" height="%.0f"/>`+"\n", w, h)
}

func (s *svg) size() (w, h float64) {
	w, h = s.l.size()
	return max(w, s.legendWidth()), h + legendHeight
}

// arcs draws the arrows, the weak ones first, so that the strong lie on them.
func (s *svg) arcs() {
	order := make([]int, len(s.l.g.Arcs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(s.l.g.Arcs[b].Kind) - int(s.l.g.Arcs[a].Kind) })
	for _, i := range order {
		s.arc(i)
	}
}

func (s *svg) arc(i int) {
	a := s.l.g.Arcs[i]
	style := arcStyles[a.Kind]
	marker, dash := style.class, ""
	if !a.Ordered {
		marker += "-open"
	}
	if style.dash != "" && len(s.kinds) > 1 { // alone, a kind needs no mark
		dash = ` stroke-dasharray="` + style.dash + `"`
	}
	end := "end"
	if s.l.backward[i] {
		end = "start"
		marker += "-back"
		s.backMarker(marker, style, a.Ordered)
	}
	fmt.Fprintf(&s.b, `<path class="arc" d="%s" stroke="%s"%s marker-%s="url(#%s)"><title>%s</title></path>`+"\n",
		s.curve(i), style.colour, dash, end, marker,
		text(s.l.g.Nodes[a.From].Name+" "+arcWord(a)+" "+s.l.g.Nodes[a.To].Name))
}

// backMarker is an arrow head at the start of a line.
func (s *svg) backMarker(id string, a arcStyle, filled bool) {
	if strings.Contains(s.b.String(), `id="`+id+`"`) {
		return
	}
	shape := fmt.Sprintf(`<path d="M8 0.5L0 4L8 7.5z" fill="%s"/>`, a.colour)
	if !filled {
		shape = fmt.Sprintf(`<path d="M7.3 1L0.7 4L7.3 7" fill="none" stroke="%s"/>`, a.colour)
	}
	fmt.Fprintf(&s.b, `<marker id="%s" viewBox="0 0 8 8" refX="0.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">%s</marker>`+"\n", id, shape)
}

func (s *svg) box(c *cell) {
	n := &s.l.g.Nodes[c.node]
	class, radius := "box", 5.0
	switch n.Type {
	case "target":
		radius = boxHeight / 2
	case "socket":
		radius = 0
	}
	if n.Target {
		class += " target"
	}
	fmt.Fprintf(&s.b, `<g><title>%s</title><rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.0f" rx="%.0f" stroke="%s"/>`,
		text(strings.TrimSpace(n.Name+"\n"+n.Description)), class, c.x-c.w/2, c.y-c.h/2, c.w, c.h, radius, nodeColour(n.Type))
	fmt.Fprintf(&s.b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text></g>`+"\n", c.x, c.y+4.2, text(shortName(n.Name)))
}

// text is a text of the document.
func text(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = html.EscapeString(diag.Printable(lines[i]))
	}
	return strings.Join(lines, "\n")
}
