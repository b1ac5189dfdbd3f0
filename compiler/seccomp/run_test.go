package seccomp

import (
	"debug/elf"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// run interprets a program as the kernel does. It fails on what the kernel's
// checker refuses: a jump out of the program, an unknown instruction.
func run(t testing.TB, prog []Insn, audit, number uint32, args *[6]uint64) (act Action, steps int) {
	var a uint32
	for pc := 0; ; pc++ {
		if pc >= len(prog) {
			t.Fatalf("the program runs off its end")
		}
		steps++
		switch i := prog[pc]; i.Code {
		case opLoad:
			a = load(t, i.K, audit, number, args)
		case opAnd:
			a &= i.K
		case opJump:
			pc += int(i.K)
		case opJEq:
			pc += jump(a == i.K, i)
		case opJGE:
			pc += jump(a >= i.K, i)
		case opRet:
			return Action(i.K), steps
		default:
			t.Fatalf("instruction %#x", i.Code)
		}
	}
}

func jump(taken bool, i Insn) int {
	if taken {
		return int(i.JT)
	}
	return int(i.JF)
}

func load(t testing.TB, at, audit, number uint32, args *[6]uint64) uint32 {
	switch {
	case at == offNumber:
		return number
	case at == offArch:
		return audit
	case at >= offArgs && at < offArgs+48 && at%4 == 0:
		return uint32(args[(at-offArgs)/8] >> (at % 8 * 8))
	}
	t.Fatalf("load from %d", at)
	return 0
}

// abiOf is the ABI of a call, as the kernel tells them apart.
func abiOf(p *Policy, audit, number uint32) (abi, bool) {
	for i, n := range p.machine.audit {
		if n == audit {
			if audit == auditX8664 && number >= x32Bit {
				return x32, true
			}
			return p.machine.abis[i], true
		}
	}
	return 0, false
}

// meaning is what the filters of a policy come to for one call, rule by rule:
// it shares no code with what makes the program.
func meaning(p *Policy, audit, number uint32, args *[6]uint64) Action {
	a, known := abiOf(p, audit, number)
	best := Allow
	if p.restricted && (!known || !p.only[a]) {
		return KillThread
	}
	if !known {
		return Allow
	}
	for i := range slices.Backward(p.filters) {
		if act := one(&p.filters[i], a, number, args); int32(act&0xFFFF0000) < int32(best&0xFFFF0000) {
			best = act
		}
	}
	return best
}

// one is what a filter says: a rule without tests before those with tests.
func one(f *filter, a abi, number uint32, args *[6]uint64) Action {
	for pass := range 2 {
		for i := range f.rules {
			r := f.rules[i]
			tests, ok := r.tests, matches(r.call, a, number)
			if m, mux := multiplexed[r.call]; !ok && mux && a == i386 && len(r.tests) == 0 && matches(m.call, a, number) {
				mask := uint32(everything)
				if m.call == "ipc" {
					mask = 0xFFFF
				}
				ok, tests = true, []test{{0, mask, []span{{m.number, m.number}}}}
			}
			if !ok || r.on != nil && !slices.Contains(r.on, a) || (len(tests) == 0) != (pass == 0) {
				continue
			}
			if !slices.ContainsFunc(tests, func(t test) bool { return !t.holds(args) }) {
				return r.act
			}
		}
	}
	return f.otherwise
}

func matches(call string, a abi, number uint32) bool {
	n, ok := numbers[call]
	return ok && n[a] >= 0 && uint32(n[a]) == number
}

// verify runs a policy's program over all numbers that there are, and around
// them, with arguments at every edge of a test.
func verify(t *testing.T, p *Policy) {
	t.Helper()
	prog, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	edges := [6][]uint64{}
	for i := range edges {
		edges[i] = []uint64{0, 1 << 32}
	}
	for _, f := range p.filters {
		for _, r := range f.rules {
			for _, c := range r.tests {
				for _, s := range c.in {
					edges[c.arg] = append(edges[c.arg], uint64(s.first), uint64(s.last), uint64(s.first)-1, uint64(s.last)+1,
						uint64(s.first)|1<<40, uint64(s.first)|0x10)
				}
			}
		}
	}
	for i := range edges {
		edges[i] = append(edges[i], 1, 2, 3, 102, 0x10001, 0xFFFFFFFF)
		slices.Sort(edges[i])
		edges[i] = slices.Compact(edges[i])
	}
	for _, audit := range append([]uint32{0xC0000016}, p.machine.audit...) {
		for _, n := range numbersAround() {
			check := func(args *[6]uint64) {
				want := meaning(p, audit, n, args)
				if got, _ := run(t, prog, audit, n, args); got != want {
					t.Fatalf("arch %#x call %d args %#x: %#x, want %#x", audit, n, *args, got, want)
				}
			}
			check(&[6]uint64{})
			if !looksAtArguments(p, audit, n) {
				check(&[6]uint64{1, 2, 3, 4, 5, 6})
				continue
			}
			for i := range edges {
				for _, v := range edges[i] {
					args := [6]uint64{}
					args[i] = v
					check(&args)
					if i < 3 { // open(2) and its kin look at two
						for _, w := range [...]uint64{0o4000, 0o2000, 0o755, 6} {
							args[i+1] = w
							check(&args)
						}
					}
				}
			}
		}
	}
}

// looksAtArguments says whether any rule on a call has tests.
func looksAtArguments(p *Policy, audit, number uint32) bool {
	a, _ := abiOf(p, audit, number)
	if a == i386 && (matches("socketcall", a, number) || matches("ipc", a, number)) {
		return true
	}
	for _, f := range p.filters {
		for _, r := range f.rules {
			if len(r.tests) > 0 && matches(r.call, a, number) {
				return true
			}
		}
	}
	return false
}

// numbersAround are the numbers of all calls on all ABIs, with their
// neighbours, and odd ones.
func numbersAround() []uint32 {
	set := []uint32{0xFFFFFFFF, x32Bit, x32Bit - 1, 5000, 1 << 31}
	for _, row := range numbers {
		for _, n := range row {
			if n >= 0 {
				set = append(set, uint32(n), uint32(n)+1, max(uint32(n), 1)-1)
			}
		}
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// list is a policy for a list of groups and calls.
func list(p *Policy, otherwise, act Action, names ...string) {
	calls := map[string]Action{}
	for _, n := range names {
		members, ok := Group(n)
		if !ok {
			members = []string{n}
		}
		for _, m := range members {
			calls[m] = act
		}
	}
	p.List(otherwise, calls)
}

// TestPrograms verifies what each directive and usual sets of them give.
func TestPrograms(t *testing.T) {
	for name, fill := range map[string]func(p *Policy){
		"nothing":     func(p *Policy) {},
		"hostname":    (*Policy).Hostname,
		"families":    func(p *Policy) { p.AddressFamilies(true, []int{1, 2, 10, 16}) },
		"no families": func(p *Policy) { p.AddressFamilies(true, nil) },
		"but packet":  func(p *Policy) { p.AddressFamilies(false, []int{17, 5}) },
		"memory":      (*Policy).WriteExecute,
		"realtime":    (*Policy).Realtime,
		"set-id":      (*Policy).SetIDs,
		"namespaces":  func(p *Policy) { p.NamespacesBut(0) },
		"some":        func(p *Policy) { p.NamespacesBut(Namespaces["net"] | Namespaces["mnt"]) },
		"modules":     func(p *Policy) { p.Refuse("@module") },
		"personality": func(p *Policy) { p.Personality(8) },
		"native":      func(p *Policy) { p.Architectures([]string{"native"}) },
		"x32":         func(p *Policy) { p.Architectures([]string{"x32", "arm"}) },
		"log":         func(p *Policy) { list(p, Allow, Log, "@network-io", "ptrace") },
		"service":     func(p *Policy) { list(p, Errno(1), Allow, "@default", "@system-service") },
		"sockets":     func(p *Policy) { list(p, KillProcess, Allow, "@default", "connect", "semop", "sendto") },
		"deny":        func(p *Policy) { list(p, Allow, Errno(38), "@mount", "accept", "shmget") },
		"all": func(p *Policy) {
			p.Hostname()
			p.AddressFamilies(true, []int{1, 2, 10})
			p.WriteExecute()
			p.Realtime()
			p.SetIDs()
			p.NamespacesBut(0)
			p.Tunables()
			p.Refuse("@module")
			p.KernelLogs()
			p.Refuse("@clock")
			p.Refuse("@raw-io")
			p.Architectures([]string{"native"})
			p.Personality(0)
			list(p, Log, Allow, "@system-service", "connect")
			list(p, KillProcess, Allow, "@default", "@system-service", "bind")
		},
	} {
		for _, arch := range []string{"amd64", "arm64"} {
			t.Run(name+"/"+arch, func(t *testing.T) {
				p := New(arch)
				fill(p)
				verify(t, p)
			})
		}
	}
}

// TestScattered gives every second call another answer, so that nothing
// merges and jumps are at their longest.
func TestScattered(t *testing.T) {
	var names []string
	for n := range numbers {
		names = append(names, n)
	}
	slices.Sort(names)
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		calls := map[string]Action{}
		for _, n := range names {
			if k := rnd.IntN(300); k > 0 {
				calls[n] = Errno(uint16(k))
			}
		}
		p := New("amd64")
		p.NamespacesBut(0)
		p.WriteExecute()
		p.SetIDs()
		p.List(Allow, calls)
		verify(t, p)
		prog, _ := p.Compile()
		t.Logf("%d instructions", len(prog))
	}
}

// TestSearch bounds what a call costs: about the logarithm of the spans.
func TestSearch(t *testing.T) {
	p := New("amd64")
	list(p, Errno(1), Allow, "@default", "@system-service")
	prog, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for n := range uint32(500) {
		_, steps := run(t, prog, auditX8664, n, &[6]uint64{})
		most = max(most, steps)
	}
	t.Logf("%d instructions, at most %d for a call", len(prog), most)
	if most > 16 {
		t.Errorf("%d steps", most)
	}
}

// after252 is what the groups of systemd 257, of which the table is made, hold
// beyond those of 252.
var after252 = map[string]string{
	"@default":  "@sandbox lsm_get_self_attr lsm_list_modules mseal",
	"@basic-io": "llseek",
	"@file-system": "file_getattr file_setattr fstatat getxattrat listmount listxattrat newfstat removexattrat setxattrat " +
		"statmount",
	"@sandbox": "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp",
	"@known": "breakpoint cachestat file_getattr file_setattr get_tls getxattrat listmount listxattrat llseek " +
		"lsm_get_self_attr lsm_list_modules lsm_set_self_attr mseal removexattrat set_tls setxattrat statmount uretprobe usr26 usr32",
}

// TestGroups holds the table against the groups of the systemd that is
// installed, if it is one of the versions that the table is known to be like.
func TestGroups(t *testing.T) {
	version, err := exec.Command("systemd-analyze", "--version").Output()
	old := strings.HasPrefix(string(version), "systemd 252 ")
	if err != nil || !old && !strings.HasPrefix(string(version), "systemd 257 ") {
		means.Missing(t, "systemd-analyze of systemd 252 or 257")
	}
	out, err := exec.Command("systemd-analyze", "--no-pager", "syscall-filter").Output()
	if err != nil {
		means.Missing(t, "a systemd-analyze that answers: "+err.Error())
	}
	theirs, group := map[string][]string{}, ""
	for line := range strings.Lines(string(out)) {
		switch name := strings.TrimSpace(line); {
		case strings.HasPrefix(line, "@"):
			group = name
		case line[0] == ' ' && name != "" && name[0] != '#':
			theirs[group] = append(theirs[group], name)
		}
	}
	if old {
		for g, more := range after252 {
			theirs[g] = append(theirs[g], strings.Fields(more)...)
		}
	}
	for g := range theirs {
		if groups[g] == nil {
			t.Errorf("there is no %s", g)
		}
	}
	for g, ours := range groups {
		ours = slices.Sorted(slices.Values(ours))
		if want := slices.Sorted(slices.Values(theirs[g])); !slices.Equal(ours, want) {
			t.Errorf("%s is\n%v, and to systemd\n%v", g, ours, want)
		}
		for _, name := range ours {
			if name[0] != '@' && !KnownCall(name) {
				t.Errorf("%s is not known", name)
			}
		}
	}
}

// TestAuditArchitecture: the kernel's number of an architecture is its number
// in ELF files with a bit for little-endian and one for 64-bit (linux/audit.h).
func TestAuditArchitecture(t *testing.T) {
	const little, wide = 0x40000000, 0x80000000
	for arch, want := range map[string][]uint32{
		"amd64": {uint32(elf.EM_X86_64) | little | wide, uint32(elf.EM_386) | little},
		"arm64": {uint32(elf.EM_AARCH64) | little | wide, uint32(elf.EM_ARM) | little},
	} {
		if !slices.Equal(machines[arch].audit, want) {
			t.Errorf("%s: %#x, want %#x", arch, machines[arch].audit, want)
		}
	}
}
