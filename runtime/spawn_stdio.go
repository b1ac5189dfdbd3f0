package runtime

import (
	"rustysd/runtime/plan"
	"syscall"
	"unsafe"
)

// streamSteps are the exit statuses of the three standard streams.
var streamSteps = [3]plan.Step{plan.StepStdin, plan.StepStdout, plan.StepStderr}

const (
	atCwd   = ^uint64(99) // AT_FDCWD, -100
	oNoctty = syscall.O_NOCTTY
)

// descriptors makes 0, 1, 2 and what the service is passed out of what the
// init has for it, and lets go of all else before anything can take its time:
// a child that hangs must hold no end of another service's pipe. Then come the
// streams that the child opens by itself.
func (b *builder) descriptors() {
	given := [3]int32{b.req.stdin, b.req.stdout, b.req.stderr}
	b.given(given)
	b.passed()
	b.letGo()
	for n, fd := range given {
		if fd < 0 {
			b.open(n)
		}
	}
}

// given places the streams that the init has made.
func (b *builder) given(fds [3]int32) {
	// One that another would overwrite moves out of the way.
	moved := [3]uint64{}
	for n, fd := range fds {
		if fd >= 0 && fd < b.firstFree() && fd != int32(n) {
			moved[n] = b.moveUp(fd, streamSteps[n])
		}
	}
	for n, fd := range fds {
		switch {
		case fd < 0:
		case moved[n] != 0:
			b.fromSaved(moved[n], uint64(n), streamSteps[n])
		default:
			b.place(uint64(fd), uint64(n), streamSteps[n])
		}
	}
}

// firstFree is the first descriptor that the service does not get.
func (b *builder) firstFree() int32 { return int32(3 + len(b.req.fds)) }

// letGo closes all descriptors but those of the service and the end of the
// pipe by which the init sees how far the child is.
func (b *builder) letGo() {
	low := uint64(max(b.spawner.plan.LowFDs, b.firstFree()))
	switch {
	case b.pipe < 0:
		low--
	case uint64(b.pipe) != low:
		b.call(syscall.SYS_DUP3, plan.StepFDs, uint64(b.pipe), low, oCloexec)
	}
	if b.spawner.letGo != nil {
		low = b.spawner.letGo(b, low)
	}
	// Kernels before 5.9 do not have it: there execve does the closing.
	b.call(sysCloseRange, plan.StepFDs, low+1, 1<<32-1).tolerate = tolerateAll
}

// passed gives the service its descriptors from 3 on.
func (b *builder) passed() {
	fds := b.req.fds
	low := true
	for _, fd := range fds {
		low = low && fd >= b.firstFree()
	}
	if low { // the rule: the init keeps its own above all of these
		for n, fd := range fds {
			b.place(uint64(fd), uint64(3+n), plan.StepFDs)
		}
		return
	}
	cells := b.alloc(uint64(len(fds)+1) * 8)
	for n, fd := range fds {
		b.dupHigh(fd, plan.StepFDs).save = cells + uint64(n)*8
	}
	for n := range fds {
		b.fromSaved(cells+uint64(n)*8, uint64(3+n), plan.StepFDs)
	}
}

// place makes descriptor fd be descriptor to, open over the exec.
func (b *builder) place(fd, to uint64, step plan.Step) {
	if fd == to {
		b.call(syscall.SYS_FCNTL, step, fd, syscall.F_SETFD, 0)
		return
	}
	b.call(syscall.SYS_DUP3, step, fd, to, 0)
}

// moveUp copies a descriptor to above all that the service gets, and returns
// the address where its number will be.
func (b *builder) moveUp(fd int32, step plan.Step) uint64 {
	cell := b.put(0)
	b.dupHigh(fd, step).save = cell
	return cell
}

func (b *builder) dupHigh(fd int32, step plan.Step) *rawCall {
	low := uint64(max(b.spawner.plan.LowFDs, b.firstFree()))
	return b.call(syscall.SYS_FCNTL, step, uint64(fd), syscall.F_DUPFD_CLOEXEC, low)
}

// fromSaved is place for a descriptor whose number is at cell.
func (b *builder) fromSaved(cell, to uint64, step plan.Step) {
	b.useAt(step, cell)
	b.call(syscall.SYS_DUP3, step, 0, to, 0)
}

// useAt makes the first argument of the call that follows what is at cell; when
// that is an error, the call is left out.
func (b *builder) useAt(step plan.Step, cell uint64) {
	next := b.base() + answerSize + (b.n+1)*uint64(unsafe.Sizeof(rawCall{}))
	b.call(pseudoMove, step, cell, next+uint64(unsafe.Offsetof(rawCall{}.arg)), 1)
}

// open makes a stream that the init has no descriptor for.
func (b *builder) open(n int) {
	x := b.req.exec
	kinds := [3]*plan.Stream{&x.Stdin, &x.Stdout, &x.Stderr}
	kind := kinds[n].Kind
	// systemd.exec(5), "StandardOutput=": inherit duplicates the stream
	// before; so does a file or terminal that is the same as there.
	if n > 0 && (kind == plan.StreamInherit || sharesFile(kinds[n-1], kinds[n])) {
		b.call(syscall.SYS_DUP3, streamSteps[n], uint64(n-1), uint64(n), 0)
		return
	}
	flags, path := b.openFlags(n, kinds), kinds[n].Path
	if kind < plan.StreamFile {
		flags, path = syscall.O_RDWR, "/dev/null"
	}
	cell, first := b.put(0), b.n
	open := b.call(syscall.SYS_OPENAT, streamSteps[n], atCwd, b.cstring(path),
		uint64(flags|oCloexec|oNoctty), 0o666&^b.umask())
	open.save = cell
	b.fromSaved(cell, uint64(n), streamSteps[n])
	if kind == plan.StreamTTY && n == 0 && b.spawner.seize != nil {
		b.spawner.seize(b, kinds[0], first, cell)
	}
}

// sharesFile says that two streams are one open file.
func sharesFile(a, b *plan.Stream) bool {
	if a.Kind == plan.StreamTTY || a.Kind == plan.StreamFile || a.Kind == plan.StreamTruncate || a.Kind == plan.StreamAppend {
		return a.Kind == b.Kind && a.Path == b.Path
	}
	return false
}

func (b *builder) openFlags(n int, kinds [3]*plan.Stream) int {
	switch s := kinds[n]; s.Kind {
	case plan.StreamTTY:
		return syscall.O_RDWR
	case plan.StreamAppend:
		return syscall.O_WRONLY | syscall.O_CREAT | syscall.O_APPEND
	case plan.StreamTruncate:
		return syscall.O_WRONLY | syscall.O_CREAT | syscall.O_TRUNC
	}
	switch {
	case n == 0 && sharesFile(kinds[0], kinds[1]):
		return syscall.O_RDWR | syscall.O_CREAT
	case n == 0:
		return syscall.O_RDONLY
	}
	return syscall.O_WRONLY | syscall.O_CREAT
}

// umask is the one that the unit's calls will set: the files of its streams
// are made with it already.
func (b *builder) umask() uint64 {
	for n := range b.req.exec.Calls {
		if c := &b.req.exec.Calls[n]; c.Sys == plan.SysUmask {
			return c.Arg[0]
		}
	}
	return 0
}
