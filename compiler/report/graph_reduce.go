package report

// maxReduce is up to how many nodes implied arrows are looked for: it takes time
// with the square of their number.
const maxReduce = 3000

// reduced is the graph without the arrows of mere order that a way over other
// ordered arrows implies, and without those from a service to the sockets that
// activate it.
func (g *Graph) reduced() *Graph {
	g = g.withoutTwins()
	if len(g.Nodes) > maxReduce {
		return g
	}
	r := reducer{out: make([][]int, len(g.Nodes)), seen: make([]int, len(g.Nodes))}
	for _, a := range g.Arcs {
		if a.Ordered {
			r.out[a.From] = append(r.out[a.From], a.To)
		}
	}
	out := &Graph{Title: g.Title, Nodes: g.Nodes}
	for _, a := range g.Arcs {
		if a.Kind != ArcOrder || !r.implied(a.From, a.To) {
			out.Arcs = append(out.Arcs, a)
		}
	}
	return out
}

// withoutTwins leaves of a socket and its service one arrow.
func (g *Graph) withoutTwins() *Graph {
	activates := map[[2]int]bool{}
	for _, a := range g.Arcs {
		if a.Kind == ArcTriggers {
			activates[[2]int{a.From, a.To}] = true
		}
	}
	out := &Graph{Title: g.Title, Nodes: g.Nodes}
	for _, a := range g.Arcs {
		if !activates[[2]int{a.To, a.From}] {
			out.Arcs = append(out.Arcs, a)
		}
	}
	return out
}

// reducer looks for ways over ordered arrows.
type reducer struct {
	out   [][]int
	seen  []int // the search that saw the node
	round int
}

// implied says whether there is a way of two arrows or more. An image has no
// cycle of order, so the arrow itself is on none of them.
func (r *reducer) implied(from, to int) bool {
	r.round++
	var work []int
	visit := func(n int) {
		if r.seen[n] != r.round {
			r.seen[n] = r.round
			work = append(work, n)
		}
	}
	for _, n := range r.out[from] {
		if n != to {
			visit(n)
		}
	}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		for _, next := range r.out[n] {
			if next == to {
				return true
			}
			visit(next)
		}
	}
	return false
}
