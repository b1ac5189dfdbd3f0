package security

import (
	"fmt"

	"rustysd/compiler"
	"rustysd/compiler/diag"
)

// Rating is what there is to say about one service.
type Rating struct {
	Unit string `json:"unit"`
	// Exposure is from 0 to 100, in tenths of what is printed; Level is its
	// word.
	Exposure int    `json:"-"`
	Printed  string `json:"exposure"`
	Level    string `json:"level"`
	Rows     []Row  `json:"rows"`
}

// Row is one thing that a unit can give up.
type Row struct {
	// Name is the directive as people write it, Field the same for programs.
	Name  string `json:"name"`
	Field string `json:"field"`
	// Set says whether it is given up; nil where the row does not apply.
	Set *bool `json:"set"`
	// Badness is from 0, nothing is left, to Range; Weight is how much of the
	// whole the row is.
	Badness int `json:"badness"`
	Range   int `json:"range"`
	Weight  int `json:"weight"`
	// Exposure is the row's part of the whole, in tenths; Printed is "" for 0.
	Exposure    int    `json:"-"`
	Printed     string `json:"exposure"`
	Description string `json:"description"`
	// Unhonoured is a directive of the unit's that would have made the row
	// better and that the image does not act on; Origin is where it is written.
	Unhonoured string `json:"unhonoured,omitempty"`
	Origin     string `json:"origin,omitempty"`
}

// notApplicable is the badness of a row that does not count.
const notApplicable = -1

// Rate rates a service.
func Rate(c *compiler.Confinement) *Rating {
	r := &Rating{Unit: c.Name}
	sum, weights := 0, 0
	for i := range rows {
		row := rows[i].rate(c)
		if row.Set != nil {
			sum += roundUp(row.Badness*row.Weight, row.Range)
			weights += row.Weight
		}
		r.Rows = append(r.Rows, row)
	}
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Set != nil {
			row.Exposure = roundUp(roundUp(row.Badness*row.Weight*100, row.Range), weights)
		}
		r.Rows[i].Printed = tenths(r.Rows[i].Exposure)
	}
	r.Exposure = roundUp(sum*100, weights)
	r.Printed = tenths(r.Exposure)
	r.Level = level(r.Exposure)
	return r
}

func roundUp(a, b int) int { return (a + b - 1) / b }

func tenths(n int) string { return fmt.Sprintf("%d.%d", n/10, n%10) }

// levels are the words of systemd-analyze(1) with the lowest exposure of each.
var levels = [...]struct {
	from int
	word string
}{{100, "DANGEROUS"}, {90, "UNSAFE"}, {75, "EXPOSED"}, {50, "MEDIUM"}, {10, "OK"}, {1, "SAFE"}, {0, "PERFECT"}}

func level(exposure int) string {
	for _, l := range levels {
		if exposure >= l.from {
			return l.word
		}
	}
	return ""
}

// rate asks one row.
func (r *row) rate(c *compiler.Confinement) Row {
	out := Row{Name: r.name, Field: r.field, Range: max(r.span, 1), Weight: r.weight}
	if r.late && !c.DefaultDependencies {
		out.Description = "does not apply to a service of the early boot"
		return out
	}
	out.Badness, out.Description = r.ask(c)
	good := out.Badness == 0
	if out.Badness == notApplicable {
		out.Badness = 0
	} else {
		out.Set = &good
	}
	for _, key := range r.keys {
		if at, asks := c.Asks(key); asks && !good && !compiler.Honoured(key) {
			out.Unhonoured, out.Origin = key, fmt.Sprintf("%s:%d", diag.Printable(at.File), at.Line)
			out.Description += "; " + key + "= is asked for and not honoured"
			break
		}
	}
	return out
}
