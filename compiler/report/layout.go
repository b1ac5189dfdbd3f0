package report

import (
	"slices"
	"unicode/utf8"
)

// layout places the nodes of a graph in columns, so that arrows lead to the
// right: each node one column behind the furthest that leads to it. Arrows over
// several columns go through bends, one in each column, which take part in the
// order like nodes; so arrows do not run through boxes.
type layout struct {
	g     *Graph
	cells []cell
	links []link // between neighbouring columns
	// cols has the cells of each column from top to bottom.
	cols   [][]int
	widths []float64 // of the columns
	// routes are the cells of each arc of the graph, from its From to its To.
	routes [][]int
	// backward marks the arcs that lead to the left because of a cycle.
	backward []bool
}

// cell is a node or a bend.
type cell struct {
	node int // -1 for a bend
	col  int
	x, y float64 // the centre
	w, h float64
}

type link struct{ from, to int } // cells

// Measures in pixels.
const (
	boxHeight = 26
	boxGap    = 12
	bendGap   = 7
	columnGap = 70
	margin    = 24
	charWidth = 7.0 // of a 12 pixel sans-serif, on average
)

func newLayout(g *Graph) *layout {
	l := &layout{g: g, backward: make([]bool, len(g.Arcs))}
	l.findBackward()
	l.assignColumns()
	l.addBends()
	for range 12 {
		l.sweep(true)
		l.sweep(false)
	}
	l.place()
	return l
}

// head is where an arc leads to when backward ones are turned round; tail where
// it begins.
func (l *layout) ends(i int) (tail, head int) {
	a := l.g.Arcs[i]
	if l.backward[i] {
		return a.To, a.From
	}
	return a.From, a.To
}

// findBackward marks the arcs to turn round: those from a socket to its service,
// which stands left of it as it stands left of all that it comes after, and those
// that close a cycle, found by a depth-first walk with a stack of its own.
func (l *layout) findBackward() {
	arcs := make([][]int, len(l.g.Nodes))
	for i, a := range l.g.Arcs {
		l.backward[i] = a.Kind == ArcTriggers
		tail, _ := l.ends(i)
		arcs[tail] = append(arcs[tail], i)
	}
	const open, done = 1, 2
	state := make([]uint8, len(l.g.Nodes))
	next := make([]int, len(l.g.Nodes))
	for _, root := range l.g.roots() {
		if state[root] != 0 {
			continue
		}
		state[root] = open
		for stack := []int{root}; len(stack) > 0; {
			n := stack[len(stack)-1]
			if next[n] == len(arcs[n]) {
				state[n] = done
				stack = stack[:len(stack)-1]
				continue
			}
			i := arcs[n][next[n]]
			next[n]++
			switch _, to := l.ends(i); state[to] {
			case 0:
				state[to] = open
				stack = append(stack, to)
			case open:
				l.backward[i] = !l.backward[i]
			}
		}
	}
}

// assignColumns gives each node the column behind the furthest that leads to
// it, in topological order; then nodes without an arrow to them move right, next
// to what they lead to.
func (l *layout) assignColumns() {
	n := len(l.g.Nodes)
	waiting, heads := make([]int, n), make([][]int, n)
	for i := range l.g.Arcs {
		tail, head := l.ends(i)
		waiting[head]++
		heads[tail] = append(heads[tail], head)
	}
	cols := make([]int, n)
	var ready []int
	entered := slices.Clone(waiting)
	for i := range n {
		if waiting[i] == 0 {
			ready = append(ready, i)
		}
	}
	for k := 0; k < len(ready); k++ {
		for _, h := range heads[ready[k]] {
			cols[h] = max(cols[h], cols[ready[k]]+1)
			if waiting[h]--; waiting[h] == 0 {
				ready = append(ready, h)
			}
		}
	}
	for i := range n {
		if entered[i] == 0 && !l.g.Nodes[i].Target && len(heads[i]) > 0 {
			nearest := cols[heads[i][0]]
			for _, h := range heads[i] {
				nearest = min(nearest, cols[h])
			}
			cols[i] = nearest - 1
		}
	}
	l.makeCells(cols)
}

func (l *layout) makeCells(cols []int) {
	for i, c := range cols {
		l.addCell(cell{node: i, col: c, w: boxWidth(l.g.Nodes[i].Name), h: boxHeight})
	}
}

func (l *layout) addCell(c cell) int {
	for len(l.cols) <= c.col {
		l.cols = append(l.cols, nil)
	}
	l.cells = append(l.cells, c)
	id := len(l.cells) - 1
	l.cols[c.col] = append(l.cols[c.col], id)
	return id
}

func boxWidth(name string) float64 {
	return float64(utf8.RuneCountInString(shortName(name)))*charWidth + 22
}

// shortName cuts what is too long for a box.
func shortName(name string) string {
	const most = 44
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// addBends leads each arc over the columns between its ends. Arcs from one tail
// to several far heads share their bends as long as they can.
func (l *layout) addBends() {
	l.routes = make([][]int, len(l.g.Arcs))
	type key struct{ head, col int }
	bends := map[key]int{}
	joined := map[link]bool{}
	for i := range l.g.Arcs {
		tail, head := l.ends(i)
		route := []int{tail}
		for c := l.cells[tail].col + 1; c < l.cells[head].col; c++ {
			k := key{head, c}
			bend, known := bends[k]
			if !known {
				bend = l.addCell(cell{node: -1, col: c})
				bends[k] = bend
			}
			route = append(route, bend)
		}
		route = append(route, head)
		for j := 1; j < len(route); j++ {
			if k := (link{route[j-1], route[j]}); !joined[k] {
				joined[k] = true
				l.links = append(l.links, k)
			}
		}
		l.routes[i] = route
	}
}

// sweep orders each column by the middle of what its cells are linked to in the
// column before, or after.
func (l *layout) sweep(rightwards bool) {
	rank := make([]int, len(l.cells))
	for _, col := range l.cols {
		for k, id := range col {
			rank[id] = k
		}
	}
	near := l.neighbours(rightwards)
	for i := range l.cols {
		col := l.cols[i]
		if !rightwards {
			col = l.cols[len(l.cols)-1-i]
		}
		weight := map[int]float64{}
		for k, id := range col {
			weight[id] = middle(near[id], func(n int) float64 { return float64(rank[n]) }, float64(k))
		}
		slices.SortStableFunc(col, func(a, b int) int {
			switch d := weight[a] - weight[b]; {
			case d < 0:
				return -1
			case d > 0:
				return 1
			}
			return 0
		})
		for k, id := range col {
			rank[id] = k
		}
	}
}

// neighbours are the cells that each is linked to on its left, or on its right.
func (l *layout) neighbours(left bool) [][]int {
	near := make([][]int, len(l.cells))
	for _, k := range l.links {
		if left {
			near[k.to] = append(near[k.to], k.from)
		} else {
			near[k.from] = append(near[k.from], k.to)
		}
	}
	return near
}

// middle is the mean of the neighbours' places, or where the cell is now.
func middle(near []int, at func(int) float64, now float64) float64 {
	if len(near) == 0 {
		return now
	}
	sum := 0.0
	for _, n := range near {
		sum += at(n)
	}
	return sum / float64(len(near))
}
