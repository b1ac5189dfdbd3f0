package machine

import "rustysd/runtime/plan"

// Machine is the state of every unit and job of an image.
type Machine struct {
	plan *plan.Plan
}

// Part adds to a machine what only some images need, so that the linker can
// leave it out of the others: Services, Sockets, Notify, Bus.
type Part func(*Machine)

// New makes the machine of p with the parts that p's units need. It allocates
// all that it will ever need.
func New(p *plan.Plan, parts ...Part) *Machine {
	m := &Machine{plan: p}
	for _, part := range parts {
		part(m)
	}
	return m
}

// Step takes an event at the time now, in nanoseconds of a clock that does not
// go back, and answers what to do, in order. The actions are valid until the
// next Step.
func (m *Machine) Step(now int64, ev Event) []Action { return nil }

// Deadline is the time of the next EvTick, or plan.Infinity.
func (m *Machine) Deadline() int64 { return int64(plan.Infinity) }
