package demo

import "syscall"

// source is one descriptor that the service reads from: one that it was
// handed, or a connection that came in on one.
type source struct {
	fd   int
	name string // from $LISTEN_FDNAMES
	kind string // "stream", "datagram", "seqpacket" or "fifo"
	// listens: what becomes readable is a connection to accept.
	listens bool
	// from is the index of the passed descriptor that a connection came in
	// on, or the descriptor's own.
	from int
}

// firstPassed is SD_LISTEN_FDS_START of sd_listen_fds(3).
const firstPassed = 3

// passed are the descriptors that the init handed over. They count only when
// $LISTEN_PID is this process: the variables may have been inherited.
func passed() []source {
	if atoi(getenv("LISTEN_PID")) != syscall.Getpid() {
		return nil
	}
	names := split(getenv("LISTEN_FDNAMES"), ':')
	var all []source
	for i := range max(atoi(getenv("LISTEN_FDS")), 0) {
		s := source{fd: firstPassed + i, name: "unknown", from: i}
		if i < len(names) {
			s.name = names[i]
		}
		s.kind, s.listens = kindOf(s.fd)
		syscall.CloseOnExec(s.fd)
		syscall.SetNonblock(s.fd, true)
		all = append(all, s)
	}
	return all
}

// kindOf asks the kernel what a descriptor is, as sd_is_socket(3) and
// sd_is_fifo(3) do.
func kindOf(fd int) (kind string, listens bool) {
	t, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	switch {
	case err == syscall.ENOTSOCK:
		return "fifo", false
	case err != nil:
		return "unknown", false
	case t == syscall.SOCK_DGRAM:
		return "datagram", false
	case t == syscall.SOCK_SEQPACKET:
		return "seqpacket", true
	}
	return "stream", true
}
