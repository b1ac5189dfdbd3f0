package seccomp

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Disassemble writes a program, as [Bytes] has it, for people: its
// instructions with the places that they lead to, and below them, for each way
// of making system calls, the spans of numbers with the calls in each and what
// becomes of them. It fails on what [Policy.Compile] does not make.
func Disassemble(text string) (string, error) {
	prog, err := parse(text)
	if err != nil {
		return "", err
	}
	d := &listing{prog: prog, about: make([]ground, len(prog)), needs: make([]int, len(prog))}
	d.explore()
	fmt.Fprintf(&d.b, "%d instructions, at most %d for a call\n", len(prog), d.needs[0])
	for pc := range prog {
		fmt.Fprintf(&d.b, "%4d: %s\n", pc, d.instruction(pc))
	}
	for _, pc := range d.arches {
		d.answers(pc)
	}
	return d.b.String(), nil
}

// parse reads a program back, and refuses what the kernel's checker would.
func parse(text string) ([]Insn, error) {
	var prog []Insn
	for b := []byte(text); len(b) >= 8; b = b[8:] {
		prog = append(prog, Insn{binary.LittleEndian.Uint16(b), b[2], b[3], binary.LittleEndian.Uint32(b[4:])})
	}
	for pc, i := range prog {
		ok := slices.Contains([]uint16{opLoad, opAnd, opJump, opJEq, opJGE, opRet}, i.Code)
		for _, next := range follow(pc, i) {
			ok = ok && next < len(prog)
		}
		if !ok {
			return nil, fmt.Errorf("instruction %d of the filter is none that is made here", pc)
		}
	}
	if len(prog) == 0 || len(text)%8 != 0 {
		return nil, fmt.Errorf("%d bytes are no filter", len(text))
	}
	return prog, nil
}

// follow are the places where a program goes on after an instruction.
func follow(pc int, i Insn) []int {
	switch i.Code {
	case opRet:
		return nil
	case opJump:
		return []int{pc + 1 + int(i.K)}
	case opJEq, opJGE:
		return []int{pc + 1 + int(i.JT), pc + 1 + int(i.JF)}
	}
	return []int{pc + 1}
}

// ground is what the accumulator holds at an instruction.
type ground struct {
	from uint32 // the offset in struct seccomp_data that was loaded
	abi  abi    // whose numbers are compared, where numbers are
	arch bool   // abi is known
}

// listing is a program that is being written down.
type listing struct {
	prog   []Insn
	about  []ground
	needs  []int // instructions from here to the farthest answer
	arches []int // where an architecture is asked for
	b      strings.Builder
}

// explore fills about in the order of the program and needs from its end:
// jumps lead forward only.
func (d *listing) explore() {
	for pc, i := range d.prog {
		g := d.about[pc]
		if i.Code == opLoad {
			g.from = i.K
		}
		for n, next := range follow(pc, i) {
			to := g
			if a, ok := abiByAudit(i.K); i.Code == opJEq && g.from == offArch && ok && n == 0 {
				to.abi, to.arch = a, true
				d.arches = append(d.arches, pc)
			}
			d.about[next] = to
		}
	}
	for pc, i := range slices.Backward(d.prog) {
		for _, next := range follow(pc, i) {
			d.needs[pc] = max(d.needs[pc], d.needs[next])
		}
		d.needs[pc]++
	}
}

func abiByAudit(audit uint32) (abi, bool) {
	for _, m := range machines {
		if i := slices.Index(m.audit, audit); i >= 0 {
			return m.abis[i], true
		}
	}
	return 0, false
}

// String is the word of SystemCallArchitectures= for an ABI.
func (a abi) String() string {
	for name, b := range abiNames {
		if a == b {
			return name
		}
	}
	return "other"
}

// instruction is one line; what is compared is what was loaded last.
func (d *listing) instruction(pc int) string {
	i, g := d.prog[pc], d.about[pc]
	switch i.Code {
	case opLoad:
		return "load " + source(i.K)
	case opAnd:
		return fmt.Sprintf("and %#x", i.K)
	case opRet:
		return Action(i.K).String()
	case opJump:
		return fmt.Sprintf("go to %d", pc+1+int(i.K))
	}
	sign := map[uint16]string{opJEq: "=", opJGE: "≥"}[i.Code]
	what := fmt.Sprintf("%#x", i.K)
	switch g.from {
	case offArch:
		if a, ok := abiByAudit(i.K); ok {
			what = a.String()
		}
	case offNumber:
		what = g.number(i.K)
	}
	to := follow(pc, i)
	return fmt.Sprintf("if %s %s: %d, else %d", sign, what, to[0], to[1])
}

func source(at uint32) string {
	switch at {
	case offNumber:
		return "number"
	case offArch:
		return "architecture"
	}
	return fmt.Sprintf("argument %d", (at-offArgs)/8)
}

// String is what becomes of a call, in words.
func (a Action) String() string {
	switch a {
	case Allow:
		return "allow"
	case Log:
		return "allow and log"
	case KillProcess:
		return "kill the process"
	case KillThread:
		return "kill the thread"
	}
	if a&0xFFFF0000 != errno {
		return fmt.Sprintf("action %#x", uint32(a))
	}
	return "fail with " + errorName(uint16(a))
}

// errorName is the shortest name of an error; several have two.
func errorName(n uint16) string {
	best := fmt.Sprintf("error %d", n)
	for name, m := range errorNumbers {
		if m == n && (best[0] != 'E' || len(name) < len(best)) {
			best = name
		}
	}
	return best
}

// number is a system call's number with its name, if it has one.
func (g ground) number(n uint32) string {
	if g.abi == amd64 && n >= x32Bit {
		g.abi = x32
	}
	names := called(g.abi, n, n)
	if g.abi == x32 {
		n -= x32Bit
	}
	text := fmt.Sprint(n)
	if g.abi == x32 {
		text = "x32 " + text
	}
	if len(names) > 0 {
		text += " " + names[0]
	}
	return text
}

// called are the names of the calls with numbers from first to last, in their
// order.
func called(a abi, first, last uint32) []string {
	var found []string
	for name, n := range numbers {
		if n[a] >= 0 && uint32(n[a]) >= first && uint32(n[a]) <= last {
			found = append(found, name)
		}
	}
	slices.SortFunc(found, func(x, y string) int {
		return cmp.Or(cmp.Compare(numbers[x][a], numbers[y][a]), cmp.Compare(x, y))
	})
	return found
}

// answers writes what the numbers of the architecture asked for at pc lead to.
func (d *listing) answers(pc int) {
	a, _ := abiByAudit(d.prog[pc].K)
	start := pc + 1 + int(d.prog[pc].JT)
	edges := []uint32{0, x32Bit}
	for _, i := range d.prog {
		if (i.Code == opJEq || i.Code == opJGE) && i.K < everything {
			edges = append(edges, i.K, i.K+1)
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	fmt.Fprintf(&d.b, "%s\n", a)
	from, end := uint32(0), d.lead(start, 0)
	for _, e := range edges[1:] {
		next := d.lead(start, e)
		x := a == amd64 && e == x32Bit
		if next == end && !x {
			continue
		}
		d.span(a, from, e-1, end)
		from, end = e, next
		if x {
			a = x32
			fmt.Fprintf(&d.b, "%s\n", a)
		}
	}
	d.span(a, from, everything, end)
}

// lead is where a number ends: at an answer, or where an argument is asked for.
func (d *listing) lead(pc int, number uint32) int {
	for {
		i := d.prog[pc]
		to := follow(pc, i)
		switch {
		case i.Code == opRet, i.Code == opLoad && i.K >= offArgs:
			return pc
		case i.Code == opJEq && number != i.K, i.Code == opJGE && number < i.K:
			pc = to[1]
		default:
			pc = to[0]
		}
	}
}

// maxNames is how many calls of one span are named; of more, the first and the
// last one.
const maxNames = 8

// span writes a line about the numbers from first to last.
func (d *listing) span(a abi, first, last uint32, end int) {
	names := called(a, first, last)
	if len(names) > maxNames {
		names = []string{names[0], "…", names[len(names)-1]}
	}
	if a == x32 {
		first -= x32Bit
		if last < everything {
			last -= x32Bit
		}
	}
	numbers := fmt.Sprintf("%d-%d", first, last)
	switch {
	case first == last:
		numbers = fmt.Sprint(first)
	case last == everything, a == amd64 && last == x32Bit-1:
		numbers = fmt.Sprintf("%d and up", first)
	}
	what := fmt.Sprintf("go on at %d", end)
	if d.prog[end].Code == opRet {
		what = Action(d.prog[end].K).String()
	}
	fmt.Fprintln(&d.b, strings.TrimRight(fmt.Sprintf("  %-10s  %-16s  %s", numbers, what, strings.Join(names, " ")), " "))
}
