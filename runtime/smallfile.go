package runtime

import (
	"strings"
	"syscall"
)

// readBounded reads a file that may take its time: Go's scheduler is told.
func readBounded(path string, limit int) (string, syscall.Errno) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NOCTTY, 0)
	if err != nil {
		return "", asErrno(err)
	}
	defer syscall.Close(fd)
	text := make([]byte, 0, 4096)
	for {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := syscall.Read(fd, text[len(text):cap(text)])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return "", asErrno(err)
		case n == 0:
			return string(text), 0
		case len(text)+n > limit:
			return "", syscall.E2BIG
		default:
			text = text[:len(text)+n]
		}
	}
}

func asErrno(err error) syscall.Errno {
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return syscall.EIO
}

// smallFile is the text of a file in /proc, /sys or /etc, "" when it cannot be
// read; the newlines at the end are taken off.
func smallFile(path string) string {
	text, e := readBounded(path, 256<<10)
	if e != 0 {
		return ""
	}
	return strings.TrimRight(text, "\n")
}

//go:noinline
func there(path string) bool { return syscall.Access(path, 0) == nil }
