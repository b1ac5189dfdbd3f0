package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Terminals is the feature of terminals that are made ready for each command, or
// that a program has as its own, and again when the unit has stopped (systemd.exec(5), "TTYReset="). What a
// terminal cannot do is let be, as by systemd.
func Terminals(i *Init) {
	i.terminal = func(x *plan.Exec) {
		if t := x.Terminal; t.Path != "" {
			readyTerminal(&t)
		}
	}
	i.started = append(i.started, func(i *Init) {
		i.spawner.seize = seizeTerminal
		i.spawner.mayMake += 7
	})
	i.closing = append(i.closing, func(i *Init, a *machine.Action) {
		if x := contextOf(&i.plan.Units[a.Unit]); x != nil && x.Terminal.Path != "" {
			readyTerminal(&x.Terminal)
		}
	})
}

// seizeTerminal makes the terminal that is a child's input the one of its session
// (systemd.exec(5), "StandardInput="). To wait
// until nobody else has it is to try again, since what the last process of a
// session closes is closed before the session lets go. The terminal is opened
// anew each time, as it may have been hung up; and while the child sleeps, it can
// be stopped.
func seizeTerminal(b *builder, s *plan.Stream, open, cell uint64) {
	const pause = 100e6 // nanoseconds
	steal := uint64(0)
	if s.Steal {
		steal = 1
	}
	take := b.call(syscall.SYS_IOCTL, plan.StepStdin, 0, syscall.TIOCSCTTY, steal)
	if !s.Wait {
		return
	}
	take.save, take.tolerate = b.put(0), 1<<syscall.EPERM
	no, sink := b.put(^uint64(0)), b.put(0)
	b.call(pseudoMove, plan.StepStdin, take.save, sink, 1) // over the next call, if it is not taken
	b.call(pseudoMove, plan.StepStdin, no, sink, 5)
	b.useAt(plan.StepStdin, cell)
	b.call(syscall.SYS_CLOSE, plan.StepStdin)
	timeout := b.put(0, 0) // which ppoll(2) counts down
	b.call(pseudoMove, plan.StepStdin, b.put(pause), timeout+8)
	b.call(syscall.SYS_PPOLL, plan.StepStdin, 0, 0, timeout, b.put(0), 8).tolerate = tolerateAll
	b.call(pseudoMove, plan.StepStdin, no, sink, open-b.n-1)
}

// Requests of ioctl(2): tty_ioctl(4), ioctl_console(2).
const (
	tiocNXCL      = 0x540D
	tiocVHANGUP   = 0x5437
	kdSetMode     = 0x4B3A
	kdSetKeyboard = 0x4B45
	vtDisallocate = 0x5608
	keysUnicode   = 3
)

// readyTerminal hangs a terminal up, resets it, and gives it a size. It is
// opened so that nothing here waits, and that it does not become the init's.
func readyTerminal(t *plan.Terminal) {
	fd, e := openTerminal(t.Path)
	if e != 0 {
		return
	}
	if t.Flags&plan.TerminalHangup != 0 {
		ioctl(fd, tiocVHANGUP, 0)
		closeFD(fd) // it is hung up as well
		if fd, e = openTerminal(t.Path); e != 0 {
			return
		}
	}
	if t.Flags&plan.TerminalReset != 0 {
		resetTerminal(fd)
	}
	if t.Rows|t.Columns != 0 {
		size := [4]uint16{}
		ioctl(fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
		if t.Rows != 0 {
			size[0] = t.Rows
		}
		if t.Columns != 0 {
			size[1] = t.Columns
		}
		ioctl(fd, syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size)))
	}
	closeFD(fd)
	if t.Flags&plan.TerminalDisallocate != 0 {
		disallocate(t.Path)
	}
}

func openTerminal(path string) (int32, errno) {
	return open(path, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
}

func ioctl(fd int32, request, arg uintptr) errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), request, arg)
	return e
}

// resetTerminal gives a terminal the settings that a login expects; its speed
// stays.
func resetTerminal(fd int32) {
	ioctl(fd, tiocNXCL, 0)
	ioctl(fd, kdSetMode, 0) // text
	ioctl(fd, kdSetKeyboard, keysUnicode)
	var t syscall.Termios
	if ioctl(fd, syscall.TCGETS, uintptr(unsafe.Pointer(&t))) != 0 {
		return
	}
	const imaxbel, iutf8, echoctl, echoke = 0x2000, 0x4000, 0x200, 0x800
	t.Iflag &^= syscall.IGNBRK | syscall.BRKINT | syscall.ISTRIP | syscall.INLCR | syscall.IGNCR | syscall.IUCLC
	t.Iflag |= syscall.ICRNL | imaxbel | iutf8
	t.Oflag |= syscall.ONLCR | syscall.OPOST
	t.Cflag |= syscall.CREAD
	t.Lflag = syscall.ISIG | syscall.ICANON | syscall.IEXTEN | syscall.ECHO | syscall.ECHOE | syscall.ECHOK | echoctl | echoke
	copy(t.Cc[:], terminalKeys[:])
	ioctl(fd, syscall.TCSETS, uintptr(unsafe.Pointer(&t)))
}

// terminalKeys are the special characters (termios(3)), by their places.
var terminalKeys = [...]uint8{
	syscall.VINTR: 3, syscall.VQUIT: 28, syscall.VERASE: 127, syscall.VKILL: 21, syscall.VEOF: 4, syscall.VTIME: 0, syscall.VMIN: 1,
	syscall.VSTART: 17, syscall.VSTOP: 19, syscall.VSUSP: 26, syscall.VEOL: 0, syscall.VLNEXT: 22, syscall.VWERASE: 23,
	syscall.VREPRINT: 18, syscall.VEOL2: 0,
}

// disallocate frees a virtual terminal, which nobody may have open then, and
// clears what cannot be freed. A terminal that was closed is in use until a
// worker of the kernel on this processor has had its turn (since Linux 5.6).
func disallocate(path string) {
	number, found := strings.CutPrefix(path, "/dev/tty")
	if n, ok := atoi(number); found && ok && n > 0 {
		if console, e := openTerminal("/dev/tty0"); e == 0 {
			e = ioctl(console, vtDisallocate, uintptr(n))
			for turns := 8; e == syscall.EBUSY && turns > 0; turns-- {
				pause(1) // to yield would not do: the loop comes first
				e = ioctl(console, vtDisallocate, uintptr(n))
			}
			closeFD(console)
			if e == 0 {
				return
			}
		}
	}
	if fd, e := openTerminal(path); e == 0 {
		_, _ = write(fd, bytesOf("\x1b[r\x1b[H\x1b[3J"))
		closeFD(fd)
	}
}
