package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// Views is the feature of units with a view of their own of the file system.
// What the plan says of it are calls of Linux 5.12; where they are missing,
// others do the same, see views_classic.go.
func Views(i *Init) { i.started = append(i.started, lookAtViews) }

// lookAtViews finds out what the kernel has.
func lookAtViews(i *Init) {
	if lacks(plan.SysMountSetattr) || lacks(plan.SysOpenTree) || lacks(plan.SysMoveMount) {
		v := &classicViews{}
		i.spawner.makers = append(i.spawner.makers, v.call)
		i.spawner.mayMake += maxClassic
	}
}

// lacks says whether the kernel has no such call, or a filter forbids it: one
// that has it says that there are no such flags, or, to an init that may mount
// nothing where its children have users of their own, that it may not.
func lacks(sys plan.Sys) bool {
	empty, all := [1]byte{}, ^uintptr(0)
	p := uintptr(unsafe.Pointer(&empty))
	_, _, e := syscall.RawSyscall6(uintptr(sysno[sys]), all, p, all, p, all, 0)
	return e != syscall.EINVAL && (e != syscall.EPERM || mayAdminister())
}
