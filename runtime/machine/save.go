package machine

import (
	"unsafe"

	"rustysd/runtime/plan"
)

// A machine is carried into another process of the same program as the memory
// of its tables. They hold no pointers, so a field that is added to a unit, a
// service or a socket is carried without a word here; what stands in Machine
// itself is listed in carry.

// saveLayout names the memory layout of what is carried. It changes whenever a
// field does, so that a program that lays the same plan out otherwise refuses.
const saveLayout = 0xd645697dd1c18afb

// carrier goes over a machine's state, out of it or into it.
type carrier struct {
	buf  []byte // appended to, or what is left to read
	into bool
	bad  bool // what is read cannot be a machine of this plan
}

// bytes carries n bytes of memory without pointers. It stands for itself: within
// each field that is carried it would make an image 10 kB larger.
//
//go:noinline
func (c *carrier) bytes(p unsafe.Pointer, n uintptr) {
	if n == 0 || c.bad {
		return
	}
	mem := unsafe.Slice((*byte)(p), n)
	if !c.into {
		c.buf = append(c.buf, mem...)
		return
	}
	if uintptr(len(c.buf)) < n {
		c.bad = true
		return
	}
	copy(mem, c.buf)
	c.buf = c.buf[n:]
}

func one[T any](c *carrier, v *T) { c.bytes(unsafe.Pointer(v), unsafe.Sizeof(*v)) }

// table carries a slice whose length the plan gives.
func table[T any](c *carrier, s []T) {
	c.bytes(unsafe.Pointer(unsafe.SliceData(s)), uintptr(len(s))*unsafe.Sizeof(*new(T)))
}

// list carries a slice whose length varies, within the capacity it was made with.
func list[T any](c *carrier, s *[]T) {
	n := uint32(len(*s))
	one(c, &n)
	if c.bad || uint64(n) > uint64(cap(*s)) {
		c.bad = true
		return
	}
	*s = (*s)[:n]
	table(c, *s)
}

// ring carries a queue.
//
//go:noinline
func (c *carrier) ring(q *queue, units int) {
	one(c, &q.head)
	one(c, &q.n)
	table(c, q.buf)
	if len(q.buf) == 0 {
		c.bad = c.bad || q.n != 0
		return
	}
	c.bad = c.bad || uint(q.head) >= uint(len(q.buf)) || uint(q.n) > uint(len(q.buf))
	for k := 0; !c.bad && k < q.n; k++ {
		c.bad = int(q.buf[(q.head+k)%len(q.buf)]) >= units
	}
}

// carry goes over everything that New does not make from the plan. The event
// and the actions of the last step are not kept: they end with it.
func (m *Machine) carry(c *carrier) {
	units := len(m.plan.Units)
	table(c, m.units)
	table(c, m.services)
	table(c, m.sockets)
	list(c, &m.heap)
	c.ring(&m.wishes, units)
	c.ring(&m.runs, units)
	c.ring(&m.idle, units)
	c.ring(&m.todo, units)
	list(c, &m.touched)
	list(c, &m.failing)
	list(c, &m.clients)
	one(c, &m.now)
	one(c, &m.bootAt)
	one(c, &m.mode)
	m.carryCounts(c)
}

func (m *Machine) carryCounts(c *carrier) {
	one(c, &m.jobs)
	one(c, &m.running)
	one(c, &m.idling)
	one(c, &m.held)
	one(c, &m.failed)
	one(c, &m.ignored)
	one(c, &m.idleOver)
	one(c, &m.booting)
	one(c, &m.more)
	one(c, &m.wantEnd)
	one(c, &m.ending)
	one(c, &m.endWith)
	one(c, &m.status)
	one(c, &m.endBy)
	one(c, &m.endLate)
}

// head is what both sides must agree on before a byte is believed.
func (c *carrier) head(p *plan.Plan, parts [3]int) {
	layout, digest := uint64(saveLayout), uint32(len(p.Digest))
	got := parts
	one(c, &layout)
	one(c, &got)
	one(c, &digest)
	if c.bad || layout != saveLayout || got != parts || int(digest) != len(p.Digest) {
		c.bad = true
		return
	}
	if !c.into {
		c.buf = append(c.buf, p.Digest...)
		return
	}
	if len(c.buf) < len(p.Digest) || string(c.buf[:len(p.Digest)]) != p.Digest {
		c.bad = true
		return
	}
	c.buf = c.buf[len(p.Digest):]
}

func (m *Machine) tables() [3]int { return [3]int{len(m.units), len(m.services), len(m.sockets)} }

// Save appends the state to b and answers it. It belongs between two steps,
// when the actions of the last one are carried out. Times are those of Step's
// clock, which the restored machine must go on with.
func (m *Machine) Save(b []byte) []byte {
	c := carrier{buf: b}
	c.head(m.plan, m.tables())
	m.carry(&c)
	return c.buf
}

// Restore takes over what Save gave, into a machine that [New] has just made
// with the same parts. It is false when b is of another plan or another
// program, or is damaged; the machine must then not be used.
func (m *Machine) Restore(b []byte) bool {
	c := carrier{buf: b, into: true}
	c.head(m.plan, m.tables())
	if c.bad {
		return false
	}
	m.carry(&c)
	return !c.bad && len(c.buf) == 0 && m.indicesHold()
}

// indicesHold tells if what is used as an index is within its table.
func (m *Machine) indicesHold() bool {
	for i, r := range m.heap {
		if int(r>>2) >= len(m.units) || r&3 >= numTimers || *m.timerPos(r) != int32(i)+1 {
			return false
		}
	}
	for i := range m.units {
		for k, pos := range m.units[i].timerPos {
			if pos < 0 || int(pos) > len(m.heap) || pos > 0 && m.heap[pos-1] != timerRef(i)<<2|timerRef(k) {
				return false
			}
		}
	}
	for i := range m.plan.Units {
		x := &m.units[i]
		if !m.slotHolds(i, int(x.slot)) ||
			x.state >= NumStates || x.job >= NumJobs || x.cause != plan.NoUnit && int(x.cause) >= len(m.plan.Units) {
			return false
		}
	}
	return m.ending <= gone
}

func (m *Machine) slotHolds(i, slot int) bool {
	switch m.plan.Units[i].Kind {
	case plan.KindService:
		return slot < len(m.services)
	case plan.KindSocket:
		return slot < len(m.sockets)
	}
	return true
}
