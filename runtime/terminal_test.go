package runtime

import (
	"syscall"
	"testing"
	"unsafe"

	"rustysd/runtime/plan"
)

// TestTerminalIsReady: what another program left of a terminal is gone. The
// other end of a pseudo-terminal shows what is done to it.
func TestTerminalIsReady(t *testing.T) {
	master, e := open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if e != 0 {
		t.Fatal("no pseudo-terminal: ", e)
	}
	defer closeFD(master)
	var number uint32
	unlock := uint32(0)
	ioctl(master, syscall.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlock)))
	ioctl(master, syscall.TIOCGPTN, uintptr(unsafe.Pointer(&number)))
	path := "/dev/pts/" + itoa(int64(number))
	slave, e := openTerminal(path)
	if e != 0 {
		t.Fatal(path, ": ", e)
	}
	defer closeFD(slave)

	const cbaud = 0x100f
	var odd, now syscall.Termios
	ioctl(slave, syscall.TCGETS, uintptr(unsafe.Pointer(&odd)))
	speed := odd.Cflag & cbaud
	odd.Lflag, odd.Oflag, odd.Cc[syscall.VINTR] = 0, 0, 7
	ioctl(slave, syscall.TCSETS, uintptr(unsafe.Pointer(&odd)))

	readyTerminal(&plan.Terminal{Path: path, Rows: 40, Flags: plan.TerminalReset | plan.TerminalDisallocate})
	readyTerminal(&plan.Terminal{Path: path, Columns: 132})
	ioctl(slave, syscall.TCGETS, uintptr(unsafe.Pointer(&now)))
	if now.Lflag&(syscall.ECHO|syscall.ICANON) != syscall.ECHO|syscall.ICANON || now.Cc[syscall.VINTR] != 3 ||
		now.Oflag&syscall.ONLCR == 0 || now.Cflag&cbaud != speed {
		t.Errorf("it is not reset: %+v", now)
	}
	var size [4]uint16
	ioctl(slave, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	if size[0] != 40 || size[1] != 132 {
		t.Errorf("its size is %v", size)
	}
	var seen [64]byte
	if n, _ := read(master, seen[:]); string(seen[:n]) != "\x1b[r\x1b[H\x1b[3J" {
		t.Errorf("it was not cleared: %q", seen[:n])
	}
	readyTerminal(&plan.Terminal{Path: path, Flags: plan.TerminalHangup})
	if _, e := write(slave, []byte("x")); e != syscall.EIO {
		t.Errorf("who had it open was not hung up: %v", e)
	}
	readyTerminal(&plan.Terminal{Path: "/dev/no-such-terminal", Flags: plan.TerminalReset})
}
