package runtime

import "syscall"

// forgetBoot gives back the pages of code and constants that the boot has
// touched, once, when the target is reached and nothing is left to do. They are
// unchanged copies of the file, so the kernel has them still, or reads them
// again (madvise(2), MADV_DONTNEED); the few that an idle init needs come back
// with its next event. Of an init with a hundred services that is two thirds
// of its memory.
func (i *Init) forgetBoot() {
	if i.forgot || i.machine.Booting() {
		return
	}
	i.forgot = true
	from, to := constantPages()
	const page = 1 << 16 // the largest there is, on arm64
	from, to = (from+page-1)&^(page-1), to&^(page-1)
	if from < to {
		syscall.RawSyscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
	}
}

// constantPages are the bounds of what the linker has laid out read-only: the
// code, the constants, and the tables of the Go runtime behind them.
func constantPages() (from, to uintptr)
