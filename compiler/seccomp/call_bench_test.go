package seccomp

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// unknownCall is a number that no kernel has: every list refuses it, and a
// linear one has asked for all of its numbers by then.
const unknownCall = 600

// BenchmarkCall measures in the kernel what a system call costs under
// SystemCallFilter=@system-service: without a filter, with the program of
// [Policy.Compile], and with a linear list of the same calls.
//
// Since Linux 5.11 the kernel remembers which calls a filter always allows and
// does not run it for them; "allowed" shows that, "refused" runs the program.
func BenchmarkCall(b *testing.B) {
	if !Supported(runtime.GOARCH) {
		b.Skip("no filters for ", runtime.GOARCH)
	}
	search := serviceFilter(b)
	calls := [...]struct {
		name   string
		number uintptr
	}{{"allowed", unix.SYS_GETPPID}, {"refused", unknownCall}}
	for _, filter := range [...]struct {
		name string
		prog []Insn
	}{{"none", nil}, {"search", search}, {"list", linear(b, search)}} {
		for _, call := range calls {
			b.Run(filter.name+"/"+call.name, func(b *testing.B) {
				confine(b, filter.prog)
				for b.Loop() {
					_, _, _ = syscall.RawSyscall(call.number, 0, 0, 0)
				}
				b.ReportMetric(float64(len(filter.prog)), "instructions")
				b.ReportMetric(float64(stepsOf(b, filter.prog, uint32(call.number))), "steps")
				checkRefusal(b, filter.prog != nil)
			})
		}
	}
}

// TestLinear holds the list of the benchmark against the search it is compared
// with: both are to give the same answers.
func TestLinear(t *testing.T) {
	search := serviceFilter(t)
	list := linear(t, search)
	for n := range uint32(unknownCall + 1) {
		want, _ := run(t, search, nativeAudit(), n, &[6]uint64{})
		if got, _ := run(t, list, nativeAudit(), n, &[6]uint64{}); got != want {
			t.Errorf("call %d: the list says %#x, the search %#x", n, got, want)
		}
	}
	if len(list) < unknownCall/3 || len(search) > len(list) {
		t.Errorf("a list of %d instructions, a search of %d", len(list), len(search))
	}
}

// serviceFilter is the program of SystemCallFilter=@system-service and
// SystemCallArchitectures=native.
func serviceFilter(t testing.TB) []Insn {
	p := New(runtime.GOARCH)
	list(p, Errno(uint16(unix.EPERM)), Allow, "@default", "@system-service")
	p.Architectures([]string{"native"})
	prog, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

func nativeAudit() uint32 { return machines[runtime.GOARCH].audit[0] }

// linear asks for one number after the other what a search allows.
func linear(t testing.TB, search []Insn) []Insn {
	prog := []Insn{
		{Code: opLoad, K: offArch}, {Code: opJEq, K: nativeAudit(), JT: 1}, {Code: opRet, K: uint32(KillThread)},
		{Code: opLoad, K: offNumber},
	}
	for n := range uint32(unknownCall) {
		if act, _ := run(t, search, nativeAudit(), n, &[6]uint64{}); act == Allow {
			prog = append(prog, Insn{Code: opJEq, K: n, JF: 1}, Insn{Code: opRet, K: uint32(Allow)})
		}
	}
	return append(prog, Insn{Code: opRet, K: uint32(Errno(uint16(unix.EPERM)))})
}

// stepsOf is how many instructions a call runs.
func stepsOf(t testing.TB, prog []Insn, number uint32) (steps int) {
	if prog != nil {
		_, steps = run(t, prog, nativeAudit(), number, &[6]uint64{})
	}
	return steps
}

// confine installs a program on the calling goroutine's thread only, which
// ends with the goroutine.
func confine(b *testing.B, prog []Insn) {
	runtime.LockOSThread()
	if prog == nil {
		return
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		b.Fatal(err)
	}
	bytes := []byte(Bytes(prog))
	f := unix.SockFprog{Len: uint16(len(prog)), Filter: (*unix.SockFilter)(unsafe.Pointer(&bytes[0]))}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&f)), 0, 0); err != nil {
		b.Fatal("the kernel refuses the filter: ", err)
	}
	runtime.KeepAlive(bytes)
}

// checkRefusal sees that the filter was at work.
func checkRefusal(b *testing.B, confined bool) {
	want := unix.ENOSYS
	if confined {
		want = unix.EPERM
	}
	if _, _, err := syscall.RawSyscall(unknownCall, 0, 0, 0); err != want {
		b.Errorf("call %d gives %v instead of %v", unknownCall, err, want)
	}
}
