package runtime

import (
	"syscall"
	"unsafe"
)

// Sizes of an arena. It is mapped once per slot and grows only for a program
// with a very large command line or environment.
const (
	arenaSize = 64 << 10
	arenaMax  = 8 << 20 // more than any argument list that the kernel takes
	stackSize = 512     // the child calls nothing; see child.go
)

// arena is the scratch memory of one child: its answer, its table of calls,
// then strings, pointers and structures, and its stack at the end.
//
// The memory is mapped and shared, not the collector's: it neither moves nor
// goes away, and a child with a memory of its own still answers through it.
// Only the pages that are touched cost anything.
type arena struct {
	mem   []byte
	calls uint64 // how many rawCalls fit
	n     uint64 // how many are there
	free  uint64 // offset of the first free byte
	full  bool   // something did not fit
	mark  int32  // the index in the plan of the calls that are added
}

// answer is what a child says; it stands at the start of the arena, where the
// assembly knows it to be.
type answer struct {
	step, errno, index int32
	_                  int32
	pid                uint64 // the child's own number for itself
	kept               int64  // for SlotKept
	living             uint32 // the kernel clears it, see spawn_silent.go
}

const answerSize = 64

func newArena(size uint64) (arena, syscall.Errno) {
	addr, _, errno := syscall.RawSyscall6(syscall.SYS_MMAP, 0, uintptr(size),
		syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON, ^uintptr(0), 0)
	if errno != 0 {
		return arena{}, errno
	}
	return arena{mem: unsafe.Slice((*byte)(addressed(uint64(addr))), size)}, 0
}

// addressed is the pointer to memory that the collector does not own.
func addressed(addr uint64) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&addr))
}

func (a *arena) unmap() {
	syscall.RawSyscall(syscall.SYS_MUNMAP, uintptr(a.base()), uintptr(len(a.mem)), 0)
	a.mem = nil
}

// grow doubles the arena; what was in it is lost.
func (a *arena) grow() syscall.Errno {
	size := uint64(len(a.mem)) * 2
	if size > arenaMax {
		return syscall.E2BIG
	}
	bigger, errno := newArena(size)
	if errno != 0 {
		return errno
	}
	a.unmap()
	*a = bigger
	return 0
}

// reset empties the arena for the next program, of that many calls at most.
func (a *arena) reset(calls uint64) {
	a.calls = calls
	a.n, a.mark = 0, 0
	a.free = answerSize + a.calls*uint64(unsafe.Sizeof(rawCall{}))
	a.full = a.free > a.limit()
	if a.full {
		a.calls, a.free = 0, a.limit()
	}
	*a.answer() = answer{living: 1}
}

func (a *arena) base() uint64     { return uint64(uintptr(unsafe.Pointer(&a.mem[0]))) }
func (a *arena) answer() *answer  { return (*answer)(unsafe.Pointer(&a.mem[0])) }
func (a *arena) stackTop() uint64 { return a.base() + uint64(len(a.mem)) }
func (a *arena) limit() uint64    { return uint64(len(a.mem)) - stackSize }

func (a *arena) pidAddr() uint64  { return a.base() + uint64(unsafe.Offsetof(answer{}.pid)) }
func (a *arena) keptAddr() uint64 { return a.base() + uint64(unsafe.Offsetof(answer{}.kept)) }

// spare takes the place of what does not fit; who fills it sees full later.
var spare rawCall

// markShift is where the index of the plan's call begins in that of a raw one.
const markShift = 16

// add appends a call to the table and returns it to be filled in. It and its kin
// stand for themselves: in each place that calls them they would make an image
// 15 kB larger.
//
//go:noinline
func (a *arena) add(nr uintptr, step uint8) *rawCall {
	if a.n == a.calls {
		a.full = true
		return &spare
	}
	off := answerSize + a.n*uint64(unsafe.Sizeof(rawCall{}))
	r := (*rawCall)(unsafe.Pointer(&a.mem[off]))
	*r = rawCall{nr: int64(nr), step: int32(step), index: int32(a.n) | a.mark<<markShift}
	a.n++
	return r
}

// call is one of those that were added, or nil.
func (a *arena) call(index int32) *rawCall {
	if uint64(index) >= a.n {
		return nil
	}
	return (*rawCall)(unsafe.Pointer(&a.mem[answerSize+uint64(index)*uint64(unsafe.Sizeof(rawCall{}))]))
}

// text is what stands at an address of the arena, "" when it is none.
func (a *arena) text(addr uint64) string {
	from := addr - a.base() // far beyond the end when it lies before
	end := from
	for end < a.limit() && a.mem[end] != 0 {
		end++
	}
	if end == from {
		return ""
	}
	return string(a.mem[from:end])
}

// alloc returns the address of n bytes, aligned for words.
func (a *arena) alloc(n uint64) uint64 {
	at := (a.free + 7) &^ 7
	if at+n > a.limit() || n > a.limit() {
		a.full = true
		return 0
	}
	a.free = at + n
	return a.base() + at
}

// cstring copies s and its NUL into the arena.
//
//go:noinline
func (a *arena) cstring(s string) uint64 {
	at, n := a.free, uint64(len(s))
	if at+n+1 > a.limit() {
		a.full = true
		return 0
	}
	copy(a.mem[at:], s)
	a.mem[at+n] = 0
	a.free = at + n + 1
	return a.base() + at
}

// vector makes room for n pointers and a final NULL.
func (a *arena) vector(n int) (addr uint64, words []uint64) {
	addr = a.alloc(uint64(n+1) * 8)
	if addr == 0 {
		return 0, nil
	}
	words = unsafe.Slice((*uint64)(addressed(addr)), n+1)
	words[n] = 0
	return addr, words
}

// put copies the words of a structure into the arena.
func (a *arena) put(words ...uint64) uint64 {
	addr := a.alloc(uint64(len(words)) * 8)
	if addr != 0 {
		copy(unsafe.Slice((*uint64)(addressed(addr)), len(words)), words)
	}
	return addr
}
