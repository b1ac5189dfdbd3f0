package demo

import "syscall"

// service is the state of a running testservice.
type service struct {
	poll    int
	sources []source
	conns   []source
	heard   []bool // by index in sources: text has come in since the last answer
}

// Service is the program testservice: it says which descriptors it was handed,
// tells the init that it is ready, and prints what comes in on each of them.
// When all of them have been heard it thanks everybody who is connected. Without
// descriptors it is ready at once and does nothing. It ends by SIGTERM.
//
// It returns the exit status.
func Service() int {
	s := service{sources: passed()}
	s.heard = make([]bool, len(s.sources))
	say("testservice: handed ", itoa(len(s.sources)), " descriptors")
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fail("epoll", err)
	}
	s.poll = poll
	for _, src := range s.sources {
		say("testservice: ", src.name, " is a ", src.kind)
		if err := s.watch(src.fd); err != nil {
			return fail(src.name, err)
		}
	}
	if err := notify("READY=1\nSTATUS=listening on " + itoa(len(s.sources)) + " descriptors"); err != nil {
		return fail("notify", err)
	}
	return s.serve()
}

// watch adds a descriptor to the poll set. Edge triggered: a FIFO without a
// writer reports its end until it is opened again, and must not be polled in a
// circle.
func (s *service) watch(fd int) error {
	const edge = 1 << 31 // EPOLLET, which syscall has as a negative number
	return syscall.EpollCtl(s.poll, syscall.EPOLL_CTL_ADD, fd,
		&syscall.EpollEvent{Events: syscall.EPOLLIN | edge, Fd: int32(fd)})
}

// serve runs until a signal ends the process.
func (s *service) serve() int {
	var events [8]syscall.EpollEvent
	for {
		n, err := syscall.EpollWait(s.poll, events[:], -1)
		if err != nil && err != syscall.EINTR {
			return fail("epoll", err)
		}
		for _, e := range events[:max(n, 0)] {
			s.readable(int(e.Fd))
		}
		s.answer()
	}
}

// readable takes all that is there on one descriptor.
func (s *service) readable(fd int) {
	for _, src := range s.sources {
		switch {
		case src.fd == fd && src.listens:
			s.accept(src)
			return
		case src.fd == fd:
			s.read(src)
			return
		}
	}
	for i, c := range s.conns {
		if c.fd == fd && !s.read(c) {
			syscall.Close(fd)
			s.conns = append(s.conns[:i], s.conns[i+1:]...)
			return
		}
	}
}

// accept takes every connection that waits.
func (s *service) accept(from source) {
	for {
		fd, _, err := syscall.Accept4(from.fd, syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK)
		if err != nil {
			return
		}
		conn := from
		conn.fd, conn.listens = fd, false
		if s.watch(fd) != nil {
			syscall.Close(fd)
			continue
		}
		s.conns = append(s.conns, conn)
	}
}

// read prints what has come in; it is false at the end of a connection.
func (s *service) read(src source) bool {
	var buf [4096]byte
	for {
		n, err := syscall.Read(src.fd, buf[:])
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 {
			return err == syscall.EAGAIN
		}
		s.heard[src.from] = true
		for _, line := range split(trimNewline(string(buf[:n])), '\n') {
			say("testservice: ", src.name, ": ", line)
		}
	}
}

// trimNewline takes off one line end.
func trimNewline(s string) string {
	if n := len(s); n > 0 && s[n-1] == '\n' {
		return s[:n-1]
	}
	return s
}

// answer thanks the clients once each descriptor has been heard.
func (s *service) answer() {
	for _, h := range s.heard {
		if !h {
			return
		}
	}
	for _, c := range s.conns {
		writeAll(c.fd, "heard all "+itoa(len(s.heard))+"\n")
	}
	clear(s.heard)
}

// fail reports an error and is the exit status for it.
func fail(what string, err error) int {
	text := "unknown error"
	if errno, ok := err.(syscall.Errno); ok {
		text = errno.Error()
	}
	say("demo: ", what, ": ", text)
	return 1
}
