package runtime

import (
	"syscall"
	"unsafe"
)

// courier goes over the state of the init, into a file or out of it: what writes
// a part is what reads it. It is the same program on both sides (handover.go), so
// what has no pointers goes as the memory that it is, and what has a length goes
// behind it.
//
// Once something is bad, nothing more is believed: reading goes on without
// effect, and the whole is refused.
//
// Its methods stand for themselves: within each value that is gone over they
// would make an image 50 kB larger.
type courier struct {
	file int32
	into bool // reads
	bad  bool
	// fds go along: they are to be close-on-exec no more (write).
	fds []int32
}

// maxList bounds the length of what is read, in bytes. It is far above what an
// init has.
const maxList = 64 << 20

// bytes goes over n bytes of memory without pointers.
//
//go:noinline
func (c *courier) bytes(p unsafe.Pointer, n uintptr) {
	call := uintptr(syscall.SYS_WRITE)
	if c.into {
		call = syscall.SYS_READ
	}
	if n == 0 || c.bad {
		return
	}
	got, _, e := syscall.RawSyscall(call, uintptr(c.file), uintptr(p), n)
	c.bad = e != 0 || got != n
}

// sliceHead is what a slice is in memory.
type sliceHead struct {
	data     unsafe.Pointer
	len, cap int
}

// list goes over the slice at p, whose entries have size bytes and no pointers.
//
//go:noinline
func (c *courier) list(p unsafe.Pointer, size uintptr) {
	s := (*sliceHead)(p)
	n := c.count(s.len, size)
	if c.into {
		words := make([]uint64, (uintptr(n)*size+7)/8) // aligned for any type
		*s = sliceHead{unsafe.Pointer(unsafe.SliceData(words)), n, n}
	}
	c.bytes(s.data, uintptr(n)*size)
}

// count goes over the length of a list whose entries take size bytes.
//
//go:noinline
func (c *courier) count(n int, size uintptr) int {
	c.bytes(unsafe.Pointer(&n), unsafe.Sizeof(n))
	if c.bad || uintptr(n) > maxList/size {
		c.bad = true
		return 0
	}
	return n
}

// text goes over bytes.
//
//go:noinline
func (c *courier) text(b *[]byte) { c.list(unsafe.Pointer(b), 1) }

// string goes over a string.
//
//go:noinline
func (c *courier) string(s *string) {
	b := bytesOf(*s)
	c.text(&b)
	*s = text(b)
}

// agree demands that both sides have the same text here.
//
//go:noinline
func (c *courier) agree(s string) {
	got := s
	c.string(&got)
	c.bad = c.bad || got != s
}

// fd goes over a descriptor, which may be none: it keeps its number.
//
//go:noinline
func (c *courier) fd(fd *int32) {
	c.bytes(unsafe.Pointer(fd), 4)
	if *fd >= 0 && !c.into {
		c.fds = append(c.fds, *fd)
	}
}
