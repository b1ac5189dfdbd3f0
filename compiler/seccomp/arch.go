package seccomp

import "sync"

// abi is a way of making system calls.
type abi int

// The ABIs, in the order of the columns of the table.
const (
	amd64 abi = iota
	x32
	i386
	arm64
	arm
	numABIs
)

// The kernel's numbers of the architectures, AUDIT_ARCH_… of linux/audit.h.
const (
	auditX8664   = 0xC000003E
	auditI386    = 0x40000003
	auditAArch64 = 0xC00000B7
	auditARM     = 0x40000028
)

// x32Bit is in every number of an x32 call: x32 has no architecture of its own.
const x32Bit = 0x40000000

// machine is one architecture of an image: the ABIs that a process on it can
// use, its own first.
type machine struct {
	abis  []abi
	audit []uint32 // of each ABI that has one of its own
}

// machines are by Go's names of architectures.
var machines = map[string]machine{
	"amd64": {[]abi{amd64, i386, x32}, []uint32{auditX8664, auditI386}},
	"arm64": {[]abi{arm64, arm}, []uint32{auditAArch64, auditARM}},
}

// abiNames are the words of SystemCallArchitectures=; "native" is the image's.
var abiNames = map[string]abi{
	"x86-64": amd64, "x32": x32, "x86": i386, "arm64": arm64, "arm": arm,
}

// otherArchitectures are words of SystemCallArchitectures= that no image is
// built for: to allow them allows nothing.
var otherArchitectures = map[string]bool{
	"alpha": true, "arc": true, "arc-be": true, "arm-be": true, "arm64-be": true, "cris": true, "ia64": true,
	"loongarch64": true, "m68k": true, "mips": true, "mips-le": true, "mips64": true, "mips64-le": true,
	"nios2": true, "parisc": true, "parisc64": true, "ppc": true, "ppc-le": true, "ppc64": true,
	"ppc64-le": true, "riscv32": true, "riscv64": true, "s390": true, "s390x": true, "sh": true, "sh64": true,
	"sparc": true, "sparc64": true, "tilegx": true,
}

// KnownArchitecture says whether SystemCallArchitectures= may name it.
func KnownArchitecture(name string) bool {
	_, ok := abiNames[name]
	return ok || name == "native" || otherArchitectures[name]
}

// Supported says whether filters can be made for an architecture, by Go's name
// of it.
func Supported(arch string) bool { return machines[arch].abis != nil }

// KnownCall says whether there is a system call of that name on any
// architecture.
func KnownCall(name string) bool {
	_, ok := numbers[name]
	return ok
}

// Number is a system call's number among the machine's own calls, for an
// architecture by Go's name.
func Number(arch, name string) (number uint32, ok bool) {
	n, ok := numbers[name]
	m := machines[arch]
	if !ok || len(m.abis) == 0 || n[m.abis[0]] < 0 {
		return 0, false
	}
	return uint32(n[m.abis[0]]), true
}

// Group is what a group holds, with the groups in it taken apart; ok says
// whether there is one of that name ("@basic-io").
//
// The list is shared: it must not be changed.
func Group(name string) (calls []string, ok bool) {
	calls, ok = flatGroups()[name]
	return calls, ok
}

// flatGroups are the groups with those in them taken apart.
var flatGroups = sync.OnceValue(func() map[string][]string {
	flat := map[string][]string{}
	for name := range groups {
		flat[name] = flatten(nil, name)
	}
	return flat
})

func flatten(calls []string, group string) []string {
	for _, m := range groups[group] {
		if m[0] == '@' {
			calls = flatten(calls, m)
		} else {
			calls = append(calls, m)
		}
	}
	return calls
}

// Names are all names that a list of system calls may hold.
func Names() []string {
	var out []string
	for n := range numbers {
		out = append(out, n)
	}
	for n := range groups {
		out = append(out, n)
	}
	return out
}
