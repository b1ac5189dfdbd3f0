package runtime

import (
	"syscall"
	"unsafe"
)

// What may happen in the child
//
// Between clone and execve the child runs the table of rawCalls in assembly
// (child_amd64.s, child_arm64.s) and nothing else. It usually shares the
// init's memory, while the init goes on: so there is no Go code in it (no
// stack to grow, no goroutine, no collector that knows it), no function call,
// and no write except to its own arena. All signals are blocked until the last
// call before execve, by when the dispositions are the default ones.
//
// Why CLONE_VM without CLONE_VFORK: the init does not wait until the program
// is executed. Its loop goes on at once, whatever file system the program is
// on, and the children of a boot use all processors without a thread that
// spawns. That is what threads that wait in vfork would be for; measured
// against a loop of posix_spawn in C on two cores, such threads make 0.53 of
// its time in a row of 1,000 and 1.1 in a chain (two hand-overs each); this
// makes 0.5 and 0.8. The end of the exec shows as the end of file of a pipe
// whose other end only the child holds.
//
// Two things differ when memory is shared, and such children get a copy of it
// (a plain fork) instead: the kernel sets an OOM score for all processes that
// share a memory except vfork's, so the init's too (and the other way round
// it would undo it only with CAP_SYS_RESOURCE); and a user namespace cannot be
// unshared there.
//
// A third one is mended: a change of user clears the dumpable flag of the
// memory, which is the init's; see [spawner.mend].
//
// User-mode emulation of another architecture refuses CLONE_VM without
// CLONE_THREAD: there every child is a plain fork, and tests under it show the
// assembly at work, but neither shared memory nor clone3.

// rawCall is one step of the child, as the assembly reads it.
type rawCall struct {
	nr  int64 // a system call, or one of the pseudo calls below
	arg [6]uint64
	// tolerate has a bit for each error that is no failure: bit n is errno n,
	// bit 0 EOPNOTSUPP, bit 63 any above 63.
	tolerate uint64
	save     uint64 // address for the result, or 0
	step     int32
	index    int32 // its own, and from markShift on that of the plan's call
}

// The pseudo calls. They are negative, so that no kernel has them.
const (
	// pseudoDecimal writes the number at the address arg[0] to arg[1], in
	// decimal with a final NUL.
	pseudoDecimal = ^uintptr(0) // -1
	// pseudoMove copies the word at arg[0] to arg[1]. If it is an error, the
	// next arg[2] calls are left out: they need what there is not.
	pseudoMove = ^uintptr(1) // -2
	// pseudoReset sets the disposition of signals 1 to 64 to the structure at
	// arg[0].
	pseudoReset = ^uintptr(2) // -3
	// pseudoFail fails with errno arg[0].
	pseudoFail = ^uintptr(3) // -4
)

// tolerateAll overlooks any error.
const tolerateAll = ^uint64(0)

// Flags of clone3(2) that package syscall does not have on each architecture.
const (
	cloneClearSighand = 0x100000000
	cloneIntoCgroup   = 0x200000000
	sysClone3         = 435
)

// cloneArgs is the kernel's struct clone_args.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal uint64
	stack, stackSize, tls                         uint64
	setTID, setTIDSize, cgroup                    uint64
}

const (
	cloneArgsV0 = 64 // up to tls
	cloneArgsV2 = 88 // up to cgroup
)

// childClone is clone(2) and childClone3 is clone3(2). The parent gets the
// result, a pid or a negative errno; the child runs the table that follows
// the answer at arena, and never returns.
//
//go:noescape
func childClone(flags, stack, parentTID, arena uint64) int64

//go:noescape
func childClone3(args *cloneArgs, size, arena uint64) int64

// cloner knows which ways to make a child the kernel has.
type cloner struct {
	noClone3 bool // not there, or a filter forbids it
	noShared bool // clone with CLONE_VM alone is refused (user-mode emulators)
}

// clearsSignals says that the child begins with default dispositions.
func (c *cloner) clearsSignals() bool { return !c.noClone3 }

// retry is an errno by which clone says that the table must be made anew,
// because a way was found missing.
const retryClone = syscall.Errno(0xFFFF)

// clone makes the child of an arena. cgroup is -1 when there is none or when
// the table enters it; spaces are the namespaces to begin in.
func (c *cloner) clone(a *arena, cgroup int32, ownMemory bool, spaces uint64) (int32, syscall.Errno) {
	old := blockSignals()
	var pid int64
	if c.noClone3 {
		pid = c.oldClone(a, ownMemory, spaces)
	} else {
		pid = c.clone3(a, cgroup, ownMemory, spaces)
	}
	restoreSignals(old)
	if pid > 0 {
		return int32(pid), 0
	}
	errno := syscall.Errno(-pid)
	if !c.noClone3 && !isShortage(errno) && cgroup < 0 {
		c.noClone3 = true
		return 0, retryClone
	}
	return 0, errno
}

// isShortage tells the errors of clone(2) that say nothing of what the kernel
// has.
func isShortage(errno syscall.Errno) bool {
	switch errno {
	case syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.EINTR, syscall.ENOSPC:
		return true
	}
	return false
}

func (c *cloner) clone3(a *arena, cgroup int32, ownMemory bool, spaces uint64) int64 {
	args := cloneArgs{
		flags:      cloneClearSighand | spaces,
		exitSignal: uint64(syscall.SIGCHLD),
		stack:      a.stackTop() - stackSize,
		stackSize:  stackSize,
	}
	size := uint64(cloneArgsV0)
	if !ownMemory {
		args.flags |= syscall.CLONE_VM | syscall.CLONE_CHILD_CLEARTID
		args.childTID = a.base() + uint64(unsafe.Offsetof(answer{}.living))
	}
	if cgroup >= 0 {
		args.flags |= cloneIntoCgroup
		args.cgroup, size = uint64(cgroup), cloneArgsV2
	}
	return childClone3(&args, size, a.base())
}

func (c *cloner) oldClone(a *arena, ownMemory bool, spaces uint64) int64 {
	for {
		flags := uint64(syscall.SIGCHLD) | spaces
		if !ownMemory && !c.noShared {
			flags |= syscall.CLONE_VM
		}
		pid := childClone(flags, a.stackTop(), 0, a.base())
		if pid > 0 || isShortage(syscall.Errno(-pid)) || flags&syscall.CLONE_VM == 0 {
			return pid
		}
		c.noShared = true
	}
}

// blockSignals blocks every signal in this thread, also those of the Go
// runtime, and returns the mask that was. The child starts with all blocked.
func blockSignals() (old uint64) {
	all := ^uint64(0)
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetmask,
		uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	return old
}

func restoreSignals(old uint64) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetmask,
		uintptr(unsafe.Pointer(&old)), 0, 8, 0, 0)
}

const sigSetmask = 2
