package report

import (
	"fmt"
	"slices"
)

// legendText is what an entry of the legend says.
func legendText(k ArcKind) string { return k.String() }

// kinds are the kinds of arrow that the graph has, sorted.
func (g *Graph) kinds() []ArcKind {
	var kinds []ArcKind
	for _, a := range g.Arcs {
		if !slices.Contains(kinds, a.Kind) {
			kinds = append(kinds, a.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// unordered says whether the legend must tell the two heads of arrows apart.
func (s *svg) unordered() bool {
	return slices.ContainsFunc(s.l.g.Arcs, func(a Arc) bool { return !a.Ordered })
}

const legendLine = 34

func legendEntryWidth(text string) float64 { return legendLine + 8 + float64(len(text))*6.4 + 20 }

const openHead = "open head: without order"

func (s *svg) legendWidth() float64 {
	w := 2.0 * margin
	for _, k := range s.kinds {
		w += legendEntryWidth(legendText(k))
	}
	if s.unordered() {
		w += legendEntryWidth(openHead)
	}
	return w
}

// legend explains the arrows below the picture.
func (s *svg) legend() {
	_, h := s.size()
	x, y := float64(margin), h-18
	for _, k := range s.kinds {
		style := arcStyles[k]
		s.legendEntry(x, y, style, style.class, legendText(k))
		x += legendEntryWidth(legendText(k))
	}
	if s.unordered() {
		plain := arcStyles[ArcOrder]
		plain.dash = "" // the line says the kind, and any has this head
		s.legendEntry(x, y, plain, plain.class+"-open", openHead)
	}
}

func (s *svg) legendEntry(x, y float64, style arcStyle, marker, words string) {
	dash := ""
	if style.dash != "" && len(s.kinds) > 1 {
		dash = ` stroke-dasharray="` + style.dash + `"`
	}
	fmt.Fprintf(&s.b, `<path class="arc" d="M%.1f %.1fH%.1f" stroke="%s"%s marker-end="url(#%s)"/>`, x, y, x+legendLine, style.colour, dash, marker)
	fmt.Fprintf(&s.b, `<text class="legend" x="%.1f" y="%.1f">%s</text>`+"\n", x+legendLine+8, y+4, words)
}
