package machine_test

import (
	"math/rand/v2"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// TestConflictsAtRandom: of units that a target wants and that exclude each
// other, no two are up that do, and none is down that nothing keeps down.
func TestConflictsAtRandom(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 2 + r.IntN(10)
		services := make([]*plan.Service, n)
		for i := range services {
			services[i] = newService(plan.TypeSimple)
		}
		p := image(services...)
		calm := seed%2 == 0 // no circles, nor any that fall with others
		for range r.IntN(2 * n) {
			a, b := plan.UnitID(r.IntN(n)), plan.UnitID(r.IntN(n))
			if a < b || a > b && !calm {
				relate(p, a, b, plan.Conflicts)
			}
		}
		for range r.IntN(n) {
			// What is required has a higher number: no circles.
			if a, b := plan.UnitID(r.IntN(n)), plan.UnitID(r.IntN(n)); a < b && !calm {
				relate(p, a, b, plan.Requires)
			}
		}
		w := sim.New(p)
		w.Do(machine.Event{Kind: machine.EvBoot})
		check := func(when string) {
			w.Run(plan.Minute)
			if why := w.Machine.CheckJobs(false); why != "" {
				t.Fatalf("seed %d, %s: %s", seed, when, why)
			}
			up := func(u plan.UnitID) bool { return w.Machine.Active(u) == machine.ActiveUp }
			for u := range plan.UnitID(n) {
				kept := false
				for _, d := range p.Units[u].Deps {
					switch {
					case d.Rel&(plan.Conflicts|plan.ConflictedBy) != 0 && up(d.Unit):
						kept = true
						if up(u) {
							t.Fatalf("seed %d, %s: %d and %d are up", seed, when, u, d.Unit)
						}
					case d.Rel&plan.Requires != 0 && !up(d.Unit):
						kept = true
						if up(u) {
							t.Fatalf("seed %d, %s: %d is up without %d", seed, when, u, d.Unit)
						}
					}
				}
				if !kept && !up(u) && calm && when == "boot" {
					t.Errorf("seed %d, %s: %d is %s and nothing keeps it down", seed, when, u, w.Machine.State(u))
				}
			}
		}
		check("boot")
		for k := range 6 {
			v := [...]machine.Verb{machine.VerbStart, machine.VerbRestart, machine.VerbStop}[r.IntN(3)]
			mode := [...]machine.JobMode{plan.ModeReplace, plan.ModeFail, plan.ModeReplaceIrreversibly, plan.ModeFlush}[r.IntN(4)]
			w.Do(machine.Event{Kind: machine.EvRequest, Unit: plan.UnitID(r.IntN(n + 1)), Verb: v, Mode: mode, Request: 1})
			check([...]string{"1", "2", "3", "4", "5", "6"}[k])
		}
	}
}
