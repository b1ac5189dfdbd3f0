package simulate

import (
	"slices"
	"strings"

	"rustysd/runtime/plan"
)

// Damage is what one failure does, beside the unit itself.
type Damage struct {
	Unit    string   // or units, with commas between
	Never   []string // were up without it, and never are
	Stopped []string // were up for a time
	Again   []string // were stopped, and are up again
	// Restarts are how often units were restarted.
	Restarts int
	Reached  bool
}

// Compare says what b has lost against a boot in which all is well.
func Compare(well, b *Boot, failed ...string) Damage {
	d := Damage{Unit: strings.Join(failed, ", "), Never: []string{}, Stopped: []string{}, Again: []string{}, Reached: b.Reached}
	for i := range b.Units {
		u := &b.Units[i]
		d.Restarts += u.Restarts
		switch {
		case slices.Contains(failed, u.Name) || !well.Units[i].Well:
		case u.Well:
			if u.bounced() && !well.Units[i].bounced() {
				d.Again = append(d.Again, u.Name)
			}
		case u.Up == plan.Infinity:
			d.Never = append(d.Never, u.Name)
		default:
			d.Stopped = append(d.Stopped, u.Name)
		}
	}
	return d
}

// bounced says whether the unit was up, went down, and was started again.
func (u *Unit) bounced() bool {
	down := u.down()
	return slices.ContainsFunc(u.Spans, func(s Span) bool {
		return s.From > down && s.Active == "activating" || s.From > down && s.Active == "active"
	})
}

// Each fails every service and socket, one at a time, and gives the worst
// first.
func Each(p *plan.Plan, o Options) []Damage {
	well := boot(p, o, false)
	var all []Damage
	for i := range p.Units {
		if p.Units[i].Kind == plan.KindTarget {
			continue
		}
		bad := o
		bad.Failures = append(slices.Clone(o.Failures), Failure{Unit: plan.UnitID(i), Cause: "exit-code"})
		all = append(all, Compare(well, boot(p, bad, false), p.Units[i].Name))
	}
	slices.SortStableFunc(all, func(a, b Damage) int { return b.size() - a.size() })
	return all
}

func (d *Damage) size() int {
	n := 2 * (len(d.Never) + len(d.Stopped))
	if !d.Reached {
		n++
	}
	return n
}
