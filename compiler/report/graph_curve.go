package report

import (
	"fmt"
	"math"
	"strings"
)

// curve leads from the right edge of the first box through the bends to the
// left edge of the last one: level in each column, bent between them.
func (s *svg) curve(i int) string {
	route := s.l.routes[i]
	first := &s.l.cells[route[0]]
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.1f", first.x+first.w/2, first.y)
	_, x := s.columnEdges(first)
	if first.x+first.w/2 < x { // out of the column before it bends
		fmt.Fprintf(&b, "H%.1f", x)
	}
	for n, id := range route[1:] {
		from, c := &s.l.cells[route[n]], &s.l.cells[id]
		left, right := s.columnEdges(c)
		trunk := 0.0
		switch {
		case n == 0 && s.leave[route[0]] >= fan:
			trunk = x + (left-x)*0.3
		case n == len(route)-2 && s.arrive[id] >= fan:
			trunk = left - (left-x)*0.3
		}
		step(&b, x, from.y, left, c.y, trunk)
		end := right
		if c.node >= 0 {
			end = c.x - c.w/2
		}
		if end > left {
			fmt.Fprintf(&b, "H%.1f", end)
		}
		x = right
	}
	return b.String()
}

// fan is how many arrows of one box share a trunk: as bends of their own they
// would be a blot.
const fan = 8

// countFans counts the arrows at each cell.
func (s *svg) countFans() {
	s.leave, s.arrive = make([]int, len(s.l.cells)), make([]int, len(s.l.cells))
	for _, route := range s.l.routes {
		s.leave[route[0]]++
		s.arrive[route[len(route)-1]]++
	}
}

// step leads from one column to the next: in a bend, or up or down a trunk where
// there is one.
func step(b *strings.Builder, x, y, toX, toY, trunk float64) {
	if trunk == 0 || math.Abs(toY-y) < 1 {
		mid := (x + toX) / 2
		fmt.Fprintf(b, "C%.1f %.1f %.1f %.1f %.1f %.1f", mid, y, mid, toY, toX, toY)
		return
	}
	const corner = 8
	r := min(corner, math.Abs(toY-y)/2)
	turn := math.Copysign(r, toY-y)
	fmt.Fprintf(b, "H%.1fQ%.1f %.1f %.1f %.1fV%.1fQ%.1f %.1f %.1f %.1fH%.1f", trunk-r, trunk, y, trunk, y+turn, toY-turn, trunk, toY, trunk+r, toY, toX)
}

// columnEdges are the left and the right edge of a cell's column.
func (s *svg) columnEdges(c *cell) (left, right float64) {
	width := s.l.widths[c.col]
	return c.x - width/2, c.x + width/2
}
