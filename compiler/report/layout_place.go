package report

// place gives each cell its coordinates: columns are as wide as their widest
// box, and in a column cells are moved towards their neighbours as far as their
// order and the gaps let them.
func (l *layout) place() {
	x := float64(margin)
	for _, col := range l.cols {
		width := 0.0
		for _, id := range col {
			width = max(width, l.cells[id].w)
		}
		l.widths = append(l.widths, width)
		y := float64(margin)
		for _, id := range col {
			c := &l.cells[id]
			c.x, c.y = x+width/2, y
			if c.node < 0 {
				c.w = 0
			}
			y += boxHeight + boxGap
		}
		x += width + columnGap
	}
	for round := range 24 {
		l.pull(round%2 == 0)
	}
	l.shift()
}

// gap is the least distance of the centres of two cells, one over the other.
func (l *layout) gap(a, b int) float64 {
	if l.cells[a].node < 0 || l.cells[b].node < 0 {
		return (l.cells[a].h+l.cells[b].h)/2 + bendGap
	}
	return boxHeight + boxGap
}

// pull moves the cells of each column towards the middle of their neighbours.
// Cells that would overlap form a block, which moves as one (the method of
// pooled neighbours for isotonic regression).
func (l *layout) pull(rightwards bool) {
	left, right := l.neighbours(true), l.neighbours(false)
	for i := range l.cols {
		col := l.cols[i]
		if !rightwards {
			col = l.cols[len(l.cols)-1-i]
		}
		wish := make([]float64, len(col))
		offset := 0.0
		offsets := make([]float64, len(col))
		for k, id := range col {
			if k > 0 {
				offset += l.gap(col[k-1], id)
			}
			offsets[k] = offset
			near := left[id]
			if !rightwards && len(right[id]) > 0 || len(near) == 0 {
				near = right[id]
			}
			wish[k] = middle(near, func(n int) float64 { return l.cells[n].y }, l.cells[id].y) - offset
		}
		for k, y := range isotonic(wish) {
			l.cells[col[k]].y = y + offsets[k]
		}
	}
}

// isotonic is the sequence without a descent that is nearest to wish.
func isotonic(wish []float64) []float64 {
	type block struct {
		sum float64
		n   int
	}
	var blocks []block
	for _, w := range wish {
		blocks = append(blocks, block{w, 1})
		for k := len(blocks) - 1; k > 0 && blocks[k-1].sum/float64(blocks[k-1].n) > blocks[k].sum/float64(blocks[k].n); k-- {
			blocks[k-1].sum += blocks[k].sum
			blocks[k-1].n += blocks[k].n
			blocks = blocks[:k]
		}
	}
	var out []float64
	for _, b := range blocks {
		for range b.n {
			out = append(out, b.sum/float64(b.n))
		}
	}
	return out
}

// shift moves the picture to the margin.
func (l *layout) shift() {
	top := 1e9
	for i := range l.cells {
		top = min(top, l.cells[i].y-l.cells[i].h/2)
	}
	for i := range l.cells {
		l.cells[i].y += margin - top
	}
}

// size is the size of the picture.
func (l *layout) size() (w, h float64) {
	for i := range l.cells {
		c := &l.cells[i]
		w, h = max(w, c.x+c.w/2), max(h, c.y+c.h/2)
	}
	return w + margin, h + margin
}
