package seccomp

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Insn is one instruction of classic BPF, the kernel's struct sock_filter.
type Insn struct {
	Code   uint16
	JT, JF uint8
	K      uint32
}

// The instructions that a filter needs (linux/bpf_common.h).
const (
	opLoad = 0x20 // A = word at k
	opAnd  = 0x54 // A &= k
	opJump = 0x05 // skip k
	opJEq  = 0x15 // A == k
	opJGE  = 0x35 // A >= k
	opRet  = 0x06
)

// Offsets in the kernel's struct seccomp_data. Both architectures are
// little-endian, so the low half of an argument comes first.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// MaxLen is how long a program may be (BPF_MAXINSNS).
const MaxLen = 4096

// maxJump is how far a conditional jump reaches.
const maxJump = 255

// ErrTooLong says that the lists cannot be put into one program.
var ErrTooLong = errors.New("the filter is longer than the kernel takes")

// assembler writes a program from its end to its start, so that the targets of
// jumps, which only lead forward, are known.
type assembler struct {
	back []Insn         // in reverse
	made map[string]int // where a verdict begins, as a place in back
}

// emit puts an instruction in front of all others and returns its place.
func (s *assembler) emit(i Insn) int {
	s.back = append(s.back, i)
	return len(s.back) - 1
}

// distance is how many instructions lie between the next one to be put in
// front and a place.
func (s *assembler) distance(place int) int { return len(s.back) - 1 - place }

// near is a place that a conditional jump reaches even if some more
// instructions come between: the place itself, or a long jump to it.
func (s *assembler) near(place int) int {
	if s.distance(place) < maxJump {
		return place
	}
	return s.emit(Insn{Code: opJump, K: uint32(s.distance(place))})
}

// fallInto makes what is put in front next run on into a place.
func (s *assembler) fallInto(place int) {
	if s.distance(place) > 0 {
		s.emit(Insn{Code: opJump, K: uint32(s.distance(place))})
	}
}

// branch puts a conditional jump in front.
func (s *assembler) branch(op uint16, k uint32, yes, no int) int {
	yes = s.near(yes)
	no = s.near(no)
	yes = s.near(yes) // the last one may have put it out of reach
	return s.emit(Insn{op, uint8(s.distance(yes)), uint8(s.distance(no)), k})
}

// verdict writes what answers a call, or finds where it stands already.
func (s *assembler) verdict(v *verdict) int {
	if place, ok := s.made[v.key]; ok && (len(v.tests) > 0 || s.distance(place) < maxJump) {
		return place
	}
	place := 0
	if len(v.tests) == 0 {
		place = s.emit(Insn{Code: opRet, K: uint32(v.act)})
	} else {
		place = s.question(v)
	}
	s.made[v.key] = place
	return place
}

func (s *assembler) question(v *verdict) int {
	no := s.verdict(v.no)
	yes := s.verdict(v.yes)
	for _, t := range slices.Backward(v.tests) {
		yes = s.test(&t, yes, no)
	}
	return yes
}

// test loads an argument and leads to yes or no.
func (s *assembler) test(t *test, yes, no int) int {
	if len(t.in) == 1 && t.in[0].first == t.in[0].last {
		s.fallInto(s.branch(opJEq, t.in[0].first, yes, no))
	} else {
		s.fallInto(s.search(t.spans(yes, no)))
	}
	if t.mask != everything {
		s.emit(Insn{Code: opAnd, K: t.mask})
	}
	return s.emit(Insn{Code: opLoad, K: offArgs + 8*uint32(t.arg)})
}

// spans are the places to go to from each value on.
func (t *test) spans(yes, no int) []section {
	var out []section
	next := uint64(0)
	for _, in := range t.in {
		if uint64(in.first) > next {
			out = append(out, section{uint32(next), func() int { return no }})
		}
		out = append(out, section{in.first, func() int { return yes }})
		next = uint64(in.last) + 1
	}
	if next <= everything {
		out = append(out, section{uint32(next), func() int { return no }})
	}
	return out
}

// section is a span of values up to the next one's; its function writes what
// follows, or says where it is.
type section struct {
	first uint32
	write func() int
}

// search writes a balanced search for the section of A.
func (s *assembler) search(list []section) int {
	if len(list) == 1 {
		return list[0].write()
	}
	half := len(list) / 2
	above := s.search(list[half:])
	below := s.search(list[:half])
	return s.branch(opJGE, list[half].first, above, below)
}

// sections are the spans of numbers of an architecture with one verdict each.
// x32's numbers lie above those of x86-64.
func (p *Policy) sections(s *assembler, a abi) []section {
	byNumber, other := p.verdicts(a)
	if p.restricted && !p.only[a] {
		byNumber, other = nil, leaf(KillThread)
	}
	from := uint32(0)
	if a == x32 {
		from = x32Bit
	}
	keys := make([]uint32, 0, len(byNumber))
	for n := range byNumber {
		keys = append(keys, n)
	}
	slices.Sort(keys)
	var out []section
	last := ""
	put := func(first uint32, v *verdict) {
		if v.key != last {
			out = append(out, section{first, func() int { return s.verdict(v) }})
			last = v.key
		}
	}
	next := from
	for _, n := range keys {
		if n > next {
			put(next, other)
		}
		put(n, byNumber[n])
		next = n + 1
	}
	put(next, other)
	return out
}

// Compile makes the program.
func (p *Policy) Compile() ([]Insn, error) {
	s := &assembler{made: map[string]int{}}
	foreign := Allow
	if p.restricted {
		foreign = KillThread
	}
	entry := s.verdict(leaf(foreign))
	for i := range slices.Backward(p.machine.audit) {
		a := p.machine.abis[i]
		list := p.sections(s, a)
		if a == amd64 {
			list = append(list, p.sections(s, x32)...)
		}
		s.fallInto(s.search(list))
		load := s.emit(Insn{Code: opLoad, K: offNumber})
		entry = s.branch(opJEq, p.machine.audit[i], load, entry)
	}
	s.emit(Insn{Code: opLoad, K: offArch})
	if len(s.back) > MaxLen {
		return nil, ErrTooLong
	}
	slices.Reverse(s.back)
	return s.back, nil
}

// Bytes is a program as the kernel reads it.
func Bytes(prog []Insn) string {
	var b []byte
	for _, i := range prog {
		b = binary.LittleEndian.AppendUint16(b, i.Code)
		b = append(b, i.JT, i.JF)
		b = binary.LittleEndian.AppendUint32(b, i.K)
	}
	return string(b)
}
