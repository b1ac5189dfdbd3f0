package machine

import "rustysd/runtime/plan"

// queue is a ring of units, first in, first out. Each user keeps a unit in it
// at most once, so it never grows.
type queue struct {
	buf  []plan.UnitID
	head int
	n    int
}

func newQueue(n int) queue { return queue{buf: make([]plan.UnitID, n+1)} }

//go:noinline
func (q *queue) push(u plan.UnitID) {
	i := q.head + q.n
	if i >= len(q.buf) {
		i -= len(q.buf)
	}
	q.buf[i] = u
	q.n++
}

//go:noinline
func (q *queue) pop() plan.UnitID {
	u := q.buf[q.head]
	q.head++
	if q.head == len(q.buf) {
		q.head = 0
	}
	q.n--
	return u
}
