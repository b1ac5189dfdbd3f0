package simulate

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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
	well := start(p, o, false).b
	var units []plan.UnitID
	for i := range p.Units {
		if p.Units[i].Kind != plan.KindTarget {
			units = append(units, plan.UnitID(i))
		}
	}
	all := make([]Damage, len(units))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) { // the worlds have nothing in common
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(units)); i = next.Add(1) - 1 {
				bad := o
				bad.Failures = append(slices.Clone(o.Failures), Failure{Unit: units[i], Cause: "exit-code"})
				all[i] = Compare(well, start(p, bad, false).b, p.Units[units[i]].Name)
			}
		})
	}
	workers.Wait()
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
