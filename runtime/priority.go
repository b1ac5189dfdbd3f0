package runtime

import (
	"syscall"
	"unsafe"
)

// schedAttr is the kernel's struct sched_attr as it was first (sched_setattr(2)).
type schedAttr struct {
	size, policy              uint32
	flags                     uint64
	nice                      int32
	priority                  uint32
	runtime, deadline, period uint64
}

const (
	schedOther       = 0
	schedResetOnFork = 1
	highest          = -20 // of sched(7), "The nice value"
)

// goFirst puts the loop before what it starts: beside two hundred processes that
// fork without rest it would get a hundredth of a processor, and a client wait
// for a quarter of a second. Who has set a priority for the init keeps it. What
// the init forks begins with the usual one, which the kernel sees to, at no cost.
//
// Where it may not (CAP_SYS_NICE, which containers do not have by default), it
// does without.
func (i *Init) goFirst() {
	a := schedAttr{size: uint32(unsafe.Sizeof(schedAttr{}))}
	_, _, e := syscall.RawSyscall6(sysSchedGetattr, 0, uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a), 0, 0, 0)
	if e != 0 || a.policy != schedOther || a.nice != 0 {
		return
	}
	a.flags, a.nice, a.runtime = schedResetOnFork, highest, 0
	if _, _, e = syscall.RawSyscall(sysSchedSetattr, 0, uintptr(unsafe.Pointer(&a)), 0); e != 0 {
		return
	}
	// With autogroups (sched(7)) it would come first in its session alone, which
	// is its own in a container; each service is one more.
	if sid, _, _ := syscall.RawSyscall(syscall.SYS_GETSID, 0, 0, 0); int32(sid) == i.pid {
		writeFile("/proc/self/autogroup", "-20")
	}
}
