package simulate

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// Measures of the picture.
const (
	rowHeight  = 22
	chartWidth = 640.0
	headHeight = 54
)

const style = `<style>
  text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #1f2328 }
  .page { fill: #fbfbfa } .bold { font-weight: bold } .small { font-size: 10.5px; fill: #6b7178 }
  .grid { stroke: #dcdfe3; stroke-width: 1 }
  .start { fill: #9db7d9 } .critical { fill: #d9622b } .up { fill: #cfe3d2 } .bad { fill: #b3282d } .end { fill: #c9c4b4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e8ea } .page { fill: #16191d } .bold { font-weight: bold } .small { fill: #9aa1a9 } .grid { stroke: #30353b } .up { fill: #2c4a34 }
  }
</style>
`

// SVG draws the boot as bars over time.
func (b *Boot) SVG() string {
	var s strings.Builder
	rows := b.byBegin()
	left := 60.0
	for _, i := range rows {
		left = max(left, 24+7.4*float64(len([]rune(b.Units[i].Name))))
	}
	w, h := left+chartWidth+90, float64(headHeight+rowHeight*len(rows)+34)
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n%s", w, h, w, h, style)
	fmt.Fprintf(&s, `<rect class="page" width="%.0f" height="%.0f"/>`+"\n", w, h)
	fmt.Fprintf(&s, `<text x="12" y="20" class="bold">%s %s after %s</text>`+"\n", label(b.Target), b.verdict(), seconds(b.Took))
	b.grid(&s, left, h-30)
	for n, i := range rows {
		b.bars(&s, &b.Units[i], left, float64(headHeight+n*rowHeight))
	}
	legend(&s, h-12)
	s.WriteString("</svg>\n")
	return s.String()
}

func label(t string) string { return html.EscapeString(diag.Printable(t)) }

func (b *Boot) x(t plan.Duration) float64 {
	if b.End == 0 {
		return 0
	}
	return float64(min(t, b.End)) / float64(b.End) * chartWidth
}

// grid draws lines at round times.
func (b *Boot) grid(s *strings.Builder, left, bottom float64) {
	step := roundStep(b.End)
	for t := plan.Duration(0); t <= b.End; t += step {
		x := left + b.x(t)
		fmt.Fprintf(s, `<path class="grid" d="M%.1f %dV%.0f"/><text class="small" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, headHeight-8, bottom, x, headHeight-13, strconv.FormatFloat(float64(t)/float64(plan.Second), 'f', -1, 64)+"s")
	}
}

// roundStep is 1, 2 or 5 times a power of ten, so that there are between five
// and ten of it.
func roundStep(whole plan.Duration) plan.Duration {
	step := plan.Microsecond
	for i := 0; whole/step > 10; i++ {
		step = step * [...]plan.Duration{2, 5, 2}[i%3] / [...]plan.Duration{1, 2, 1}[i%3]
	}
	return step
}

func (b *Boot) bars(s *strings.Builder, u *Unit, left, y float64) {
	weight := ""
	if u.Critical {
		weight = ` class="bold"`
	}
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="end"%s>%s</text>`, left-8, y+13, weight, label(u.Name))
	for _, p := range u.Spans {
		class, ok := barClass(p.Looks(), u.Critical)
		if !ok || p.From > b.End {
			continue
		}
		from, to := b.x(p.From), b.x(p.To)
		fmt.Fprintf(s, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%d" rx="2"><title>%s %s from %s</title></rect>`,
			class, left+from, y+2, max(to-from, 1.5), rowHeight-7, label(u.Name), p.State, seconds(p.From))
	}
	if u.Up != plan.Infinity {
		fmt.Fprintf(s, `<text class="small" x="%.1f" y="%.1f">%s</text>`, left+chartWidth+8, y+13, seconds(u.Up-u.Began))
	}
	s.WriteString("\n")
}

func barClass(active string, critical bool) (string, bool) {
	switch active {
	case "activating":
		if critical {
			return "critical", true
		}
		return "start", true
	case "active", "reloading":
		return "up", true
	case "failed":
		return "bad", true
	case "deactivating":
		return "end", true
	}
	return "", false
}

func legend(s *strings.Builder, y float64) {
	x := 12.0
	for _, e := range [][2]string{{"critical", "starting, on the critical path"}, {"start", "starting"}, {"up", "up"}, {"bad", "failed"}, {"end", "stopping"}} {
		fmt.Fprintf(s, `<rect class="%s" x="%.1f" y="%.1f" width="12" height="10" rx="2"/><text class="small" x="%.1f" y="%.1f">%s</text>`, e[0], x, y-9, x+17, y, e[1])
		x += 34 + 6.2*float64(len(e[1]))
	}
	s.WriteString("\n")
}
