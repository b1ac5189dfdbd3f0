package runtime

import (
	"rustysd/runtime/plan"
	"syscall"
	"unsafe"
)

// rlimit is the kernel's struct rlimit64.
type rlimit struct{ soft, hard uint64 }

// limit puts a limit into the arena; clamped to the hard limit that the init,
// and so the child, has now.
func (b *builder) limit(l *plan.Limit, clamped bool) uint64 {
	want := rlimit{l.Soft, l.Hard}
	if clamped {
		hard := hardLimit(l.Resource)
		want.hard = min(want.hard, hard)
	}
	want.soft = min(want.soft, want.hard)
	return b.put(want.soft, want.hard)
}

// clamp goes before a call that sets a limit above the init's own. Only the
// kernel knows whether this is allowed (the capability counts in the first
// user namespace only, and LimitNOFILE= has a ceiling of its own), so the
// child sets what is allowed in any case, and then tries the whole. As in
// systemd, a limit is never why a service does not start.
func (b *builder) clamp(c *plan.Call) {
	for n, slot := range c.Slot {
		if slot != plan.SlotLimit {
			continue
		}
		l := &b.req.exec.Limits[c.Arg[n]]
		r := b.call(uintptr(sysno[c.Sys]), c.Step, c.Arg[:]...)
		r.arg[n] = b.limit(l, true)
		r.tolerate = tolerateAll
	}
}

// What systemd makes of the limit of descriptors (systemd-system.conf(5),
// "DefaultLimitNOFILE="): a soft one that select(2) can do with, and a hard one
// that is enough for everybody who asks for more.
const (
	usualFiles = 1024
	manyFiles  = 512 << 10
)

// defaultFiles is the limit of services that say nothing of it. The init raises
// its own, which they inherit, as far as it may.
func defaultFiles(given [2]uint64) (soft, hard uint64) {
	soft, hard = min(given[0], usualFiles), given[1]
	if hard < manyFiles {
		more := rlimit{manyFiles, manyFiles}
		if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&more)), 0, 0, 0); e == 0 {
			hard = manyFiles
		}
	}
	return soft, hard
}

// lowerFiles gives services that limit. The init's own is the hard one, as that
// of systemd, which Go's package syscall has seen to: each socket and each
// service costs some.
func lowerFiles(i *Init) func(*builder) {
	soft, hard := defaultFiles(i.files)
	return func(b *builder) {
		if soft < hard {
			b.call(syscall.SYS_PRLIMIT64, plan.StepLimits, 0, syscall.RLIMIT_NOFILE, b.put(soft, hard)).tolerate = tolerateAll
		}
	}
}

// ownLimit is the init's own, infinity when it cannot be read.
func ownLimit(resource uint8) rlimit {
	now := rlimit{^uint64(0), ^uint64(0)}
	syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, uintptr(resource), 0, uintptr(unsafe.Pointer(&now)), 0, 0)
	return now
}

func hardLimit(resource uint8) uint64 { return ownLimit(resource).hard }

func setsLimit(c *plan.Call) bool {
	for _, slot := range c.Slot {
		if slot == plan.SlotLimit {
			return true
		}
	}
	return false
}
