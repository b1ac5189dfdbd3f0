package seccomp

import (
	"encoding/binary"
	"slices"
)

// choice is what one filter says of one call: the first case whose tests hold,
// else the last action.
type choice struct {
	cases     []branch
	otherwise Action
	settled   bool // a rule without tests has said it
}

// branch is one case of a choice.
type branch struct {
	tests []test
	act   Action
}

// verdict is what all filters come to for one call: an action, or a question
// whose answer leads to others.
type verdict struct {
	act   Action // when tests is empty
	tests []test // all must hold for yes
	yes   *verdict
	no    *verdict
	key   string // the same for verdicts that say the same
}

// merger makes verdicts of what each filter says, in the order in which they
// are installed.
type merger struct {
	each []choice
	memo map[mergeKey]*verdict
}

type mergeKey struct {
	filter int
	best   Action
}

// merge asks the filters as the kernel does: the last installed first, and a
// later answer counts only if it is stricter (seccomp(2),
// "SECCOMP_SET_MODE_FILTER").
func merge(each []choice) *verdict {
	m := merger{each, map[mergeKey]*verdict{}}
	return m.from(len(each)-1, Allow)
}

// from is the verdict of filter i and those before it, after the others have
// come to best.
func (m *merger) from(i int, best Action) *verdict {
	if i < 0 {
		return leaf(best)
	}
	k := mergeKey{i, best}
	if m.memo[k] == nil {
		m.memo[k] = m.cases(i, 0, best)
	}
	return m.memo[k]
}

// cases is the verdict from case n of filter i on.
func (m *merger) cases(i, n int, best Action) *verdict {
	c := &m.each[i]
	if n == len(c.cases) {
		return m.from(i-1, stricter(best, c.otherwise))
	}
	yes := m.from(i-1, stricter(best, c.cases[n].act))
	no := m.cases(i, n+1, best)
	if yes.key == no.key {
		return no
	}
	return question(c.cases[n].tests, yes, no)
}

func stricter(best, next Action) Action {
	if next.strictness() < best.strictness() {
		return next
	}
	return best
}

func leaf(a Action) *verdict {
	return &verdict{act: a, key: string(binary.BigEndian.AppendUint32([]byte{'a'}, uint32(a)))}
}

func question(tests []test, yes, no *verdict) *verdict {
	b := []byte{'q', byte(len(tests))}
	for _, t := range tests {
		b = append(b, byte(t.arg), byte(len(t.in)))
		b = binary.BigEndian.AppendUint32(b, t.mask)
		for _, s := range t.in {
			b = binary.BigEndian.AppendUint32(b, s.first)
			b = binary.BigEndian.AppendUint32(b, s.last)
		}
	}
	b = append(append(b, yes.key...), no.key...)
	return &verdict{tests: tests, yes: yes, no: no, key: string(b)}
}

// decide is what a call comes to, by the meaning of the lists and not by the
// program that is made of them.
func (v *verdict) decide(args *[6]uint64) Action {
	for len(v.tests) > 0 {
		if slices.ContainsFunc(v.tests, func(t test) bool { return !t.holds(args) }) {
			v = v.no
		} else {
			v = v.yes
		}
	}
	return v.act
}

// verdicts are those of an ABI by number, and the one of all other numbers.
func (p *Policy) verdicts(a abi) (byNumber map[uint32]*verdict, other *verdict) {
	var none []choice
	for _, f := range p.filters {
		none = append(none, choice{otherwise: f.otherwise})
	}
	each := map[uint32][]choice{}
	for i := range p.filters {
		for j := range p.filters[i].rules {
			r := &p.filters[i].rules[j]
			apply(each, none, i, a, r)
			if m, ok := throughMultiplexer(r); ok && a == i386 {
				apply(each, none, i, a, &m)
			}
		}
	}
	byNumber = map[uint32]*verdict{}
	for n, c := range each {
		byNumber[n] = merge(c)
	}
	return byNumber, merge(none)
}

// apply adds a rule of filter i to what is said of its call. One without tests
// makes those with tests moot.
func apply(each map[uint32][]choice, none []choice, i int, a abi, r *rule) {
	number, ok := numbers[r.call]
	if !ok || number[a] < 0 || r.on != nil && !slices.Contains(r.on, a) {
		return
	}
	n := uint32(number[a])
	if each[n] == nil {
		each[n] = slices.Clone(none)
	}
	c := &each[n][i]
	switch {
	case c.settled:
	case len(r.tests) == 0:
		*c = choice{otherwise: r.act, settled: true}
	default:
		c.cases = append(slices.Clip(c.cases), branch{r.tests, r.act})
	}
}
