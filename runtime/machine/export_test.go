package machine

import (
	"unsafe"

	"rustysd/runtime/plan"
)

// CheckJobs recounts what the machine counts as it goes; "" is well. lawless says
// that a job may have been asked for that waits for no other.
func (m *Machine) CheckJobs(lawless bool) string {
	var jobs, running, held int32
	for i := range m.plan.Units {
		x := &m.units[i]
		if x.tx|x.txMust|x.txTodo|x.txBan != 0 {
			return m.plan.Units[i].Name + ": left in a transaction"
		}
		if x.job == JobNone {
			if x.phase != phaseNone {
				return m.plan.Units[i].Name + ": phase without a job"
			}
			continue
		}
		jobs++
		switch x.phase {
		case phaseRunning:
			running++
			continue
		case phaseHeld:
			held++
		case phaseWaiting:
		default:
			return m.plan.Units[i].Name + ": job in no phase"
		}
		waits := int32(0)
		for _, d := range m.plan.Units[i].Deps {
			if o := &m.units[d.Unit]; o.job != JobNone && d.Rel&ordering != 0 && follows(d.Rel, x.job, o.job) {
				waits++
			}
		}
		if waits != x.waits && !lawless {
			return m.plan.Units[i].Name + ": miscounted waits"
		}
	}
	if jobs != m.jobs || running != m.running || held != m.held {
		return "miscounted jobs"
	}
	for i, r := range m.heap {
		if *m.timerPos(r) != int32(i)+1 || i > 0 && m.before(i, (i-1)/2) {
			return "timer heap out of order"
		}
	}
	return ""
}

// UnitBytes is what a service takes: its states, the view of them, its deadlines
// in the heap, its places in the queues.
const UnitBytes = unsafe.Sizeof(unit{}) + unsafe.Sizeof(service{}) + unsafe.Sizeof(svc{}) + numTimers*unsafe.Sizeof(timerRef(0)) +
	6*unsafe.Sizeof(plan.NoUnit)

// Starts tells a job that ends with the unit up.
func (t JobType) Starts() bool { return t == JobStart || t == JobRestart }

// Rising tells a unit that is up or on its way there.
func (a Active) Rising() bool { return a.rising() }
