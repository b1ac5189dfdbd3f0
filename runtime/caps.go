package runtime

import (
	"math/bits"
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// Capabilities is for plans with calls that depend on what the init itself may
// do: only what it has can be taken away, or handed on.
func Capabilities(i *Init) {
	i.started = append(i.started, func(i *Init) {
		i.spawner.makers = append(i.spawner.makers, (&capabilities{init: i}).call)
		// For each capability there are three calls at most: of the bounding
		// set, and twice of the ambient one.
		i.spawner.mayMake += 3 * maxCaps
	})
}

// capabilities is what the init has; a child has the same until its program
// changes it. It never changes, so it is asked for once.
type capabilities struct {
	init                *Init
	known               bool
	saidNice            bool
	effective           uint64
	permitted, bounding uint64
	all                 uint64 // that the kernel has
}

// maxCaps is more than there are; the others are two of them (capabilities(7)).
const (
	maxCaps     = 64
	capSysAdmin = 21
	capSysNice  = 23
)

// capHeader is the kernel's structure for the version with two words a set.
type capHeader struct {
	version uint32
	pid     int32
}

const capVersion3 = 0x20080522

// ask asks the kernel, once.
func (c *capabilities) ask() {
	if c.known {
		return
	}
	c.known = true
	var data [6]uint32
	head := capHeader{version: capVersion3}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&data)), 0); errno == 0 {
		c.effective = uint64(data[0]) | uint64(data[3])<<32
		c.permitted = uint64(data[1]) | uint64(data[4])<<32
	}
	for n := uintptr(0); n < maxCaps; n++ {
		has, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_CAPBSET_READ, n, 0)
		if errno != 0 {
			break // the kernel has no more
		}
		c.bounding |= uint64(has) << n
		c.all |= 1 << n
	}
}

// mayAdminister says whether the init has CAP_SYS_ADMIN.
func mayAdminister() bool {
	var c capabilities
	c.ask()
	return c.effective&(1<<capSysAdmin) != 0
}

// call makes a call that is made several times, or perhaps not at all, or with
// sets of capabilities.
func (c *capabilities) call(b *builder, call *plan.Call) bool {
	for n, slot := range call.Slot {
		switch slot {
		case plan.SlotEachCap:
			c.ask()
			c.each(b, call, n)
			return true
		case plan.SlotCaps:
			c.ask()
			b.credentials = true
			r := b.add(uintptr(sysno[call.Sys]), uint8(call.Step))
			r.arg[0], r.arg[1] = b.argument(call, call.Slot[0], call.Arg[0]), c.sets(b, call.Arg[n])
			return true
		case plan.SlotUnprivileged:
			c.ask()
			// systemd does without no_new_privs where it has the right.
			uid := b.argument(call, plan.SlotUID, call.Arg[n])
			return uid == 0 && c.of(b, c.effective)&(1<<capSysAdmin) != 0
		case plan.SlotNice:
			c.nice(b, call)
		}
	}
	return false
}

// nice goes before the call that sets a level below 0, and sets the closest that
// the limit allows in any case: whether the capability counts, only the kernel
// knows (systemd.exec(5), "Nice=", "LimitNICE=").
func (c *capabilities) nice(b *builder, call *plan.Call) {
	const rlimitNice = 13
	var limit rlimit
	syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, rlimitNice, 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	raw, _, _ := syscall.RawSyscall(syscall.SYS_GETPRIORITY, uintptr(call.Arg[0]), 0, 0)
	want, own := int64(call.Arg[2]), niceZero-int64(raw)
	best := closestNice(want, limit.soft)
	if best < own {
		b.call(syscall.SYS_SETPRIORITY, call.Step, call.Arg[0], 0, uint64(best)).tolerate = tolerateAll
	}
	if c.ask(); c.effective&(1<<capSysNice) == 0 && best > want && !c.saidNice {
		c.saidNice = true
		c.init.sayUnit(b.req.unit, "no nice level below ", itoa(min(best, own)), ": that takes CAP_SYS_NICE, or a limit that allows it")
	}
}

// niceZero is how the kernel counts level 0, of limits and of what there is;
// lower levels are more (getrlimit(2), "RLIMIT_NICE").
const niceZero = 20

// closestNice is the level closest to want that a limit allows; it may be none.
func closestNice(want int64, limit uint64) int64 {
	return max(want, niceZero-int64(min(limit, 2*niceZero)))
}

// of is what a child has where the init has a set: in a user namespace of its
// own it has all (user_namespaces(7)).
func (c *capabilities) of(b *builder, set uint64) uint64 {
	if b.req.exec.Shares&plan.ShareUsers != 0 {
		return c.all
	}
	return set
}

// each makes a call for each capability in argument n that the init has.
func (c *capabilities) each(b *builder, call *plan.Call, n int) {
	for left := call.Arg[n] & c.of(b, c.bounding); left != 0; left &= left - 1 {
		r := b.add(uintptr(sysno[call.Sys]), uint8(call.Step))
		r.arg = call.Arg
		r.arg[n] = uint64(bits.TrailingZeros64(left))
		r.tolerate = tolerated(call.Tolerate)
	}
}

// sets puts the data of capset(2) into the arena, effective, permitted and
// inheritable: first their low halves, then the high ones.
func (c *capabilities) sets(b *builder, inheritable uint64) uint64 {
	inheritable &= c.of(b, c.bounding)
	p := c.of(b, c.permitted)
	return b.put(p&0xFFFFFFFF|p<<32, inheritable&0xFFFFFFFF|p>>32<<32, p>>32|inheritable>>32<<32)
}
