package runtime

import (
	"math/bits"
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// capabilities is what the init has; a child has the same until its program
// changes it. It never changes, so it is asked for once.
type capabilities struct {
	known               bool
	effective           uint64
	permitted, bounding uint64
}

// maxCaps is more than there are; capSysAdmin is one (capabilities(7)).
const (
	maxCaps     = 64
	capSysAdmin = 21
)

// capHeader is the kernel's structure for the version with two words a set.
type capHeader struct {
	version uint32
	pid     int32
}

const capVersion3 = 0x20080522

// capabilities asks the kernel, once.
func (s *spawner) capabilities() *capabilities {
	c := &s.caps
	if c.known {
		return c
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
	}
	return c
}

// capSlot is the slot of a call that has to do with capabilities, or
// SlotConst.
func capSlot(c *plan.Call) plan.Slot {
	for _, slot := range c.Slot {
		if slot == plan.SlotEachCap || slot == plan.SlotUnprivileged {
			return slot
		}
	}
	return plan.SlotConst
}

// capabilities takes a call over that is made several times, or not at all.
func (b *builder) capabilities(c *plan.Call) bool {
	switch capSlot(c) {
	case plan.SlotEachCap:
		b.eachCap(c)
		return true
	case plan.SlotUnprivileged:
		return b.privileged(c)
	}
	return false
}

// eachCap makes a call for each capability that it is for.
func (b *builder) eachCap(c *plan.Call) {
	for n, slot := range c.Slot {
		if slot != plan.SlotEachCap {
			continue
		}
		for left := c.Arg[n] & b.spawner.capabilities().bounding; left != 0; left &= left - 1 {
			r := b.add(uintptr(sysno[c.Sys]), uint8(c.Step))
			r.arg = c.Arg
			r.arg[n] = uint64(bits.TrailingZeros64(left))
			r.tolerate = tolerated(c.Tolerate)
		}
	}
}

// privileged says whether the child has CAP_SYS_ADMIN after it has changed to
// the user of a SlotUnprivileged.
func (b *builder) privileged(c *plan.Call) bool {
	for n, slot := range c.Slot {
		if slot == plan.SlotUnprivileged {
			uid := b.argument(c, plan.SlotUID, c.Arg[n])
			return uid == 0 && b.spawner.capabilities().effective&(1<<capSysAdmin) != 0
		}
	}
	return false
}

// capSets puts the data of capset(2) into the arena, effective, permitted and
// inheritable: first their low halves, then the high ones.
func (b *builder) capSets(inheritable uint64) uint64 {
	c := b.spawner.capabilities()
	inheritable &= c.bounding
	p := c.permitted
	return b.put(p&0xFFFFFFFF|p<<32, inheritable&0xFFFFFFFF|p>>32<<32, p>>32|inheritable>>32<<32)
}
