package machine_test

import (
	"testing"

	"rustysd/runtime/machine"
)

// TestExploreHandOver lives lives in which the machine is saved and restored at
// random steps: each goes on as the same life does without.
func TestExploreHandOver(t *testing.T) {
	want, steps, restores := 100_000, 0, 0
	for seed := uint64(0); steps < want; seed++ {
		plain := newScenario(seed).live(false, nil)
		other := newScenario(seed).live(false, func(e *explorer, _ machine.Event, _ []machine.Action) {
			if (e.hash^seed)%5 != 0 {
				return
			}
			if restores++; !e.w.HandOver() {
				e.broke("is restored", "it refuses what it saved")
			}
		})
		if other.rule != "" || other.hash != plain.hash || other.steps != plain.steps {
			t.Fatalf("seed %d: %s: %d steps, without a restore %d", seed, other.text, other.steps, plain.steps)
		}
		steps += plain.steps
	}
	t.Logf("%d restores in %d steps", restores, steps)
}
