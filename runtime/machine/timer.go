package machine

import "rustysd/runtime/plan"

// The timers of a unit. The machine itself has a set too, under the index
// after the last unit.
const (
	timerState    = iota // how long the present state may last
	timerWatchdog        // the next sign of life is due
	timerJob             // JobTimeoutSec= and JobRunningTimeoutSec=
	numTimers

	timerIdle = timerState // the machine's own: Type=idle has waited enough
	timerStop = timerJob   // the machine's own: the ordered stop takes too long
)

// timerRef names a timer: unit<<2 | kind.
type timerRef uint32

// timerAt is when a timer is due, timerPos its place in the heap plus one: 0 when
// it is not armed. They stand apart in a unit, where together they would take a
// third more.
func (m *Machine) timerAt(r timerRef) *int64  { return &m.units[r>>2].timerAt[r&3] }
func (m *Machine) timerPos(r timerRef) *int32 { return &m.units[r>>2].timerPos[r&3] }

// arm sets the timer to go off after d; Infinity disarms it.
func (m *Machine) arm(u plan.UnitID, kind int, d plan.Duration) {
	if d >= plan.Infinity-plan.Duration(m.now) {
		m.disarm(u, kind)
		return
	}
	m.armAt(u, kind, m.now+int64(d))
}

func (m *Machine) armAt(u plan.UnitID, kind int, at int64) {
	r := timerRef(u)<<2 | timerRef(kind)
	*m.timerAt(r) = at
	pos := m.timerPos(r)
	if *pos == 0 {
		m.heap = append(m.heap, r)
		*pos = int32(len(m.heap))
	}
	m.sift(int(*pos) - 1)
}

func (m *Machine) disarm(u plan.UnitID, kind int) {
	pos := &m.units[u].timerPos[kind]
	if *pos == 0 {
		return
	}
	i, last := int(*pos)-1, len(m.heap)-1
	*pos = 0
	r := m.heap[last]
	m.heap = m.heap[:last]
	if i != last {
		m.heap[i] = r
		*m.timerPos(r) = int32(i) + 1
		m.sift(i)
	}
}

func (m *Machine) armed(u plan.UnitID, kind int) bool { return m.units[u].timerPos[kind] != 0 }

// before orders the heap; equal times go by name, so that the order does not
// depend on history.
func (m *Machine) before(i, j int) bool {
	a, b := m.heap[i], m.heap[j]
	x, y := *m.timerAt(a), *m.timerAt(b)
	return x < y || x == y && a < b
}

// sift moves entry i to where it belongs, up or down.
func (m *Machine) sift(i int) {
	for i > 0 && m.before(i, (i-1)/2) {
		m.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	for {
		c := 2*i + 1
		if c >= len(m.heap) {
			return
		}
		if c+1 < len(m.heap) && m.before(c+1, c) {
			c++
		}
		if !m.before(c, i) {
			return
		}
		m.swap(i, c)
		i = c
	}
}

func (m *Machine) swap(i, j int) {
	h := m.heap
	h[i], h[j] = h[j], h[i]
	*m.timerPos(h[i]) = int32(i) + 1
	*m.timerPos(h[j]) = int32(j) + 1
}

// tick fires what is due. A unit's handler may arm timers again, but never
// for a time that has passed, so this ends.
func (m *Machine) tick() {
	for n := len(m.heap); n > 0 && len(m.heap) > 0; n-- {
		r := m.heap[0]
		if *m.timerAt(r) > m.now || m.full() {
			return
		}
		u, kind := plan.UnitID(r>>2), int(r&3)
		m.disarm(u, kind)
		m.fire(u, kind)
	}
}

func (m *Machine) fire(u plan.UnitID, kind int) {
	if int(u) == len(m.plan.Units) {
		m.fireOwn(kind)
		return
	}
	if m.ending >= killing {
		return // as in dispatch
	}
	switch kind {
	case timerJob:
		m.jobTimeout(u)
	case timerWatchdog:
		if m.watchdogDue != nil {
			m.watchdogDue(m, u)
		}
	case timerState:
		if f := m.types[m.plan.Units[u].Kind].timeout; f != nil {
			f(m, u)
		}
	}
}

func (m *Machine) fireOwn(kind int) {
	switch kind {
	case timerIdle:
		m.idleOver = true
	case timerStop:
		m.stopOverdue()
	}
}
