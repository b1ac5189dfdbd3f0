package seccomp

import "sort"

// Action is what becomes of a system call: a value of seccomp(2).
type Action uint32

// The actions.
const (
	KillProcess Action = 0x80000000
	KillThread  Action = 0x00000000
	Log         Action = 0x7FFC0000
	Allow       Action = 0x7FFF0000
	errno       Action = 0x00050000
)

// Errno fails a call with an error.
func Errno(n uint16) Action { return errno | Action(n) }

// strictness orders actions as the kernel does: the lower one wins.
func (a Action) strictness() int32 { return int32(a & 0xFFFF0000) }

// span is a range of numbers, both ends included.
type span struct{ first, last uint32 }

// everything is all numbers.
const everything = 0xFFFFFFFF

// test is a condition on the low half of an argument: that it, masked, is in
// one of the spans, which are sorted. Everything that is looked at here is an
// int or a set of low bits to the kernel too, which drops the high half; so
// nothing hides there.
type test struct {
	arg  int
	mask uint32
	in   []span
}

// has tests for all bits of a set.
func has(arg int, bits uint32) test { return test{arg, bits, []span{{bits, bits}}} }

// is tests for a value.
func is(arg int, value uint32) test { return test{arg, everything, []span{{value, value}}} }

// outside tests for all values but some.
func outside(arg int, values ...uint32) test {
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	t := test{arg: arg, mask: everything}
	next := uint64(0)
	for _, v := range values {
		if uint64(v) > next {
			t.in = append(t.in, span{uint32(next), v - 1})
		}
		next = uint64(v) + 1
	}
	if next <= everything {
		t.in = append(t.in, span{uint32(next), everything})
	}
	return t
}

// holds says whether the test is true of the arguments.
func (t *test) holds(args *[6]uint64) bool {
	v := uint32(args[t.arg]) & t.mask
	for _, s := range t.in {
		if v >= s.first && v <= s.last {
			return true
		}
	}
	return false
}

// rule is an action for a call, if all tests hold.
type rule struct {
	call  string
	act   Action
	tests []test
	// on are the ABIs that the rule is for; nil for all.
	on []abi
}

// filter is what systemd installs for one directive.
type filter struct {
	otherwise Action
	rules     []rule
}

// Policy is what a service may call. Its methods add what one directive asks
// for; when two filters fail a call with different errors, the later one's
// counts, so they are to be called in systemd's order: the order of the
// methods in restrict.go, and [Policy.List] last.
type Policy struct {
	machine machine
	filters []filter
	// only are the ABIs that may be used, when restricted is set.
	only       map[abi]bool
	restricted bool
}

// New makes a policy that allows everything, for an architecture by Go's name.
func New(arch string) *Policy { return &Policy{machine: machines[arch]} }

// Empty says whether everything is allowed.
func (p *Policy) Empty() bool { return len(p.filters) == 0 && !p.restricted }

func (p *Policy) add(otherwise Action, rules ...rule) {
	p.filters = append(p.filters, filter{otherwise, rules})
}

// deny adds a filter that gives one action to some calls.
func (p *Policy) deny(act Action, calls ...string) {
	var rules []rule
	for _, c := range calls {
		rules = append(rules, rule{call: c, act: act})
	}
	p.add(Allow, rules...)
}

// List is SystemCallFilter= or SystemCallLog=: an action for each call that is
// named, and another for all others.
func (p *Policy) List(otherwise Action, calls map[string]Action) {
	names := make([]string, 0, len(calls))
	for n := range calls {
		names = append(names, n)
	}
	sort.Strings(names)
	var rules []rule
	for _, n := range names {
		rules = append(rules, rule{call: n, act: calls[n]})
	}
	p.add(otherwise, rules...)
}

// Architectures is SystemCallArchitectures=: the native ABI and those that are
// named, and nothing else. A thread that makes another's calls is killed.
func (p *Policy) Architectures(names []string) {
	p.restricted, p.only = true, map[abi]bool{p.machine.abis[0]: true}
	for _, n := range names {
		if a, ok := abiNames[n]; ok {
			p.only[a] = true
		}
	}
	if p.only[x32] {
		p.only[amd64] = true
	}
}

// Kills says whether the machine's own call of that name, without arguments
// that matter, ends the process.
func (p *Policy) Kills(call string) bool {
	a := p.machine.abis[0]
	byNumber, other := p.verdicts(a)
	v := other
	if n := numbers[call][a]; byNumber[uint32(n)] != nil {
		v = byNumber[uint32(n)]
	}
	act := v.decide(&[6]uint64{})
	return act == KillProcess || act == KillThread
}
