package compiler

import (
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// checkCycles refuses an image whose ordering dependencies form a cycle.
//
// Diverges: systemd breaks a cycle at boot by leaving a unit out, and says so
// in its log only. Here nothing of the kind is left to chance.
//
// Each knot of units that wait for each other (a strongly connected component
// of After=) is reported once, by a shortest cycle in it.
func (s *unitSet) checkCycles(l *diag.List) {
	for _, knot := range s.knots() {
		if cycle := s.shortestCycle(knot); cycle != nil {
			l.Add(s.cycleError(cycle))
		}
	}
}

// knots are the strongly connected components of more than one unit, by
// Tarjan's algorithm with a stack of its own: a chain of ten thousand units
// must not become as deep a recursion.
func (s *unitSet) knots() [][]plan.UnitID {
	t := &tarjan{s: s, number: make([]int32, len(s.image)), low: make([]int32, len(s.image)),
		open: make([]bool, len(s.image))}
	for i := range s.image {
		if t.number[i] == 0 {
			t.visit(plan.UnitID(i))
		}
	}
	return t.knots
}

// tarjan is the state of the search for knots.
type tarjan struct {
	s           *unitSet
	number, low []int32 // from 1, in the order of the visit
	open        []bool  // on the stack
	stack       []plan.UnitID
	calls       []tarjanCall
	count       int32
	knots       [][]plan.UnitID
}

// tarjanCall is a unit whose edges are being followed, and how many were.
type tarjanCall struct {
	unit plan.UnitID
	next int
}

func (t *tarjan) visit(root plan.UnitID) {
	t.enter(root)
	for len(t.calls) > 0 {
		c := &t.calls[len(t.calls)-1]
		deps := t.s.image[c.unit].deps
		if c.next == len(deps) {
			t.leave(c.unit)
			continue
		}
		d := deps[c.next]
		c.next++
		switch {
		case d.Rel&plan.After == 0:
		case t.number[d.Unit] == 0:
			t.enter(d.Unit)
		case t.open[d.Unit]:
			t.low[c.unit] = min(t.low[c.unit], t.number[d.Unit])
		}
	}
}

func (t *tarjan) enter(u plan.UnitID) {
	t.count++
	t.number[u], t.low[u] = t.count, t.count
	t.stack, t.open[u] = append(t.stack, u), true
	t.calls = append(t.calls, tarjanCall{unit: u})
}

func (t *tarjan) leave(u plan.UnitID) {
	t.calls = t.calls[:len(t.calls)-1]
	if n := len(t.calls); n > 0 {
		up := t.calls[n-1].unit
		t.low[up] = min(t.low[up], t.low[u])
	}
	if t.low[u] != t.number[u] {
		return
	}
	end := len(t.stack)
	for {
		top := t.stack[len(t.stack)-1]
		t.stack, t.open[top] = t.stack[:len(t.stack)-1], false
		if top == u {
			break
		}
	}
	if members := t.stack[len(t.stack):end]; len(members) > 1 {
		t.knots = append(t.knots, append([]plan.UnitID(nil), members...))
	}
}

// maxSteps bounds the search for a shortest cycle: in a very large knot the
// shortest one that was found until then is good enough.
const maxSteps = 20_000_000

// shortestCycle finds a shortest cycle among the units of a knot, by a breadth
// first search from each that stops at the best length so far. The units are
// in the order "is after".
func (s *unitSet) shortestCycle(knot []plan.UnitID) []plan.UnitID {
	for _, u := range knot {
		for _, d := range s.image[u].deps {
			if d.Rel&plan.After != 0 && d.Rel&plan.Before != 0 {
				return []plan.UnitID{min(u, d.Unit), max(u, d.Unit)}
			}
		}
	}
	c := &cycleSearch{s: s, from: make([]plan.UnitID, len(s.image)), depth: make([]int32, len(s.image)),
		in: make([]bool, len(s.image)), steps: maxSteps}
	for _, u := range knot {
		c.in[u] = true
	}
	for _, u := range knot {
		c.search(u)
		if len(c.best) == 3 || c.steps < 0 {
			break // two were looked for above
		}
	}
	return c.best
}

// cycleSearch is the state of the search for a shortest cycle.
type cycleSearch struct {
	s     *unitSet
	in    []bool // part of the knot
	from  []plan.UnitID
	depth []int32 // of this search, 0 for not seen
	queue []plan.UnitID
	best  []plan.UnitID
	steps int
}

// search looks for a cycle through root that is shorter than the best.
func (c *cycleSearch) search(root plan.UnitID) {
	defer func() {
		for _, u := range c.queue {
			c.depth[u] = 0
		}
	}()
	c.queue = append(c.queue[:0], root)
	c.depth[root] = 1
	for i := 0; i < len(c.queue); i++ {
		u := c.queue[i]
		if c.best != nil && int(c.depth[u]) >= len(c.best) {
			return
		}
		for _, d := range c.s.image[u].deps {
			if c.steps--; d.Rel&plan.After == 0 || !c.in[d.Unit] {
				continue
			}
			if d.Unit == root {
				c.keep(root, u)
				return
			}
			if c.depth[d.Unit] == 0 {
				c.depth[d.Unit], c.from[d.Unit] = c.depth[u]+1, u
				c.queue = append(c.queue, d.Unit)
			}
		}
		if c.steps < 0 {
			return
		}
	}
}

// keep makes the way from root to last the best cycle, beginning with the unit
// whose name comes first.
func (c *cycleSearch) keep(root, last plan.UnitID) {
	cycle := []plan.UnitID{last}
	for u := last; u != root; {
		u = c.from[u]
		cycle = append(cycle, u)
	}
	first := 0
	for i := range cycle {
		if cycle[i] < cycle[first] {
			first = i
		}
	}
	out := make([]plan.UnitID, 0, len(cycle))
	for i := range cycle { // backwards: it was collected from the end
		out = append(out, cycle[(first+len(cycle)-i)%len(cycle)])
	}
	c.best = out
}

// cycleError is the diagnostic for a cycle.
func (s *unitSet) cycleError(cycle []plan.UnitID) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: "ordering-cycle",
		Hint: "take out one of these After= or Before="}
	for i, id := range cycle {
		u, v := s.image[id], s.image[cycle[(i+1)%len(cycle)]]
		pos, because := orderedBy(u, v)
		d.Related = append(d.Related, diag.Related{Pos: pos, Msg: "\"" + u.name + "\" is after \"" + v.name + "\"" + because})
		if d.Pos.File == "" && pos.Line > 0 {
			d.Pos = pos
		}
	}
	if d.Pos.File == "" {
		d.Pos = s.image[cycle[0]].place()
	}
	d.Msg = "units wait for each other in a cycle: " + s.chain(cycle)
	return d
}

// maxChain is how many names of a cycle stand in one line.
const maxChain = 12

// chain is a cycle in one line; all edges of a long one stand below it.
func (s *unitSet) chain(cycle []plan.UnitID) string {
	var b strings.Builder
	for i, id := range cycle {
		if left := len(cycle) - i; i >= maxChain-1 && left > 1 {
			b.WriteString(itoa(int64(left)) + " more → ")
			break
		}
		b.WriteString(s.image[id].name + " → ")
	}
	return b.String() + s.image[cycle[0]].name
}

// orderedBy is where it is written that u is after v, and why if nowhere.
func orderedBy(u, v *unit) (grammar.Pos, string) {
	var implicit *edge
	look := func(from, to *unit, rel plan.Rel) (grammar.Pos, bool) {
		for j := range from.edges {
			e := &from.edges[j]
			if e.to.unit != to || e.rel&rel == 0 {
				continue
			}
			if e.isWritten() {
				return e.pos(), true
			}
			implicit = e
		}
		return grammar.Pos{}, false
	}
	if pos, ok := look(u, v, plan.After); ok {
		return pos, ""
	}
	if pos, ok := look(v, u, plan.Before); ok {
		return pos, ""
	}
	if implicit != nil && implicit.from.because != "" {
		return u.place(), " (" + implicit.from.because + ")"
	}
	return u.place(), ""
}
