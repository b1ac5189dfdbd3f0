package seccomp

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// What is written about a program must be what it does: each line of a span is
// read back, and its ends are run.
func TestDisassemble(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		p := New(arch)
		p.NamespacesBut(0)
		p.Architectures([]string{"native"})
		calls := map[string]Action{"read": Allow, "write": Allow, "exit_group": Allow, "mount": Errno(123), "unshare": Allow}
		p.List(Errno(1), calls)
		prog, err := p.Compile()
		if err != nil {
			t.Fatal(err)
		}
		text, err := Disassemble(Bytes(prog))
		if err != nil {
			t.Fatal(err)
		}
		var a abi
		spans := 0
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if found, ok := abiNames[line]; ok {
				a = found
				continue
			}
			var first, last uint32
			if !strings.HasPrefix(line, "  ") || line[2] == ' ' || strings.Contains(line[:6], ":") {
				continue
			}
			switch n, _ := fmt.Sscanf(line, "  %d-%d", &first, &last); {
			case strings.Contains(line, " and up"):
				last = everything
			case n == 1:
				last = first
			}
			spans++
			for _, n := range []uint32{first, last, first + uint32(rand.Uint64N(uint64(last-first)+1))} {
				checkLine(t, p, prog, a, n, line)
			}
		}
		if spans < 10 || !strings.Contains(text, "load architecture\n   1: if = ") || !strings.Contains(text, "fail with ENOMEDIUM  mount") {
			t.Errorf("%s: %d spans in\n%s", arch, spans, text)
		}
	}
}

// checkLine runs a call of the span that a line is about.
func checkLine(t *testing.T, p *Policy, prog []Insn, a abi, n uint32, line string) {
	t.Helper()
	audit := uint32(auditX8664)
	for i, b := range p.machine.abis {
		if a == b && i < len(p.machine.audit) {
			audit = p.machine.audit[i]
		}
	}
	if a == x32 && n < x32Bit {
		n += x32Bit
	}
	if a == amd64 && n >= x32Bit {
		n = x32Bit - 1
	}
	act, _ := run(t, prog, audit, n, &[6]uint64{})
	if !strings.Contains(line, "  "+act.String()) && !strings.Contains(line, "  go on at ") {
		t.Errorf("%s %d: %v, but the listing says %q", a, n, act, line)
	}
}

func TestDisassembleRefuses(t *testing.T) {
	for _, text := range []string{"", "1234567", Bytes([]Insn{{Code: opJump, K: 5}}), Bytes([]Insn{{Code: 0x99}}), Bytes([]Insn{{Code: opLoad}})} {
		if out, err := Disassemble(text); err == nil {
			t.Errorf("%q: %s", text, out)
		}
	}
}
