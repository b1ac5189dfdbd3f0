package demo

import "syscall"

// dir is where the demo's socket units put their sockets.
const dir = "/run/testservice/"

// answerTimeout is how long the client waits for the service's answer, in
// seconds; the service may only start because of the client's first text.
const answerTimeout = 20

// Client is the program testserviceclient. Without arguments it writes a line
// to each socket of testservice and waits for its answer. "say WORD…" prints
// words, and "exit N" ends with status N: the demo's image has no other
// program for that.
//
// It returns the exit status.
func Client() int {
	a := args()[1:]
	switch {
	case len(a) == 0:
		return talk()
	case a[0] == "say":
		text := ""
		for _, w := range a[1:] {
			text += " " + w
		}
		say("say:", text)
		return 0
	case a[0] == "exit" && len(a) == 2 && atoi(a[1]) >= 0:
		return atoi(a[1])
	}
	say("usage: testserviceclient [say WORD... | exit N]")
	return 2
}

// talk writes to each socket, the stream last, and waits there for the answer.
func talk() int {
	if err := writeFIFO(dir + "fifo"); err != nil {
		return fail("fifo", err)
	}
	if _, err := send("datagram", syscall.SOCK_DGRAM); err != nil {
		return fail("datagram", err)
	}
	if _, err := send("seqpacket", syscall.SOCK_SEQPACKET); err != nil {
		return fail("seqpacket", err)
	}
	fd, err := send("stream", syscall.SOCK_STREAM)
	if err != nil {
		return fail("stream", err)
	}
	return await(fd)
}

// writeFIFO does not wait for a reader: the init holds the other end.
func writeFIFO(path string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return writeAll(fd, greeting("fifo"))
}

// send connects to the socket of that name and writes a line to it. The
// connection stays open until the client ends.
func send(name string, kind int) (fd int, err error) {
	fd, err = syscall.Socket(syscall.AF_UNIX, kind|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: dir + name}); err != nil {
		return -1, err
	}
	return fd, writeAll(fd, greeting(name))
}

// greeting is the line for one socket.
func greeting(name string) string { return "hello through the " + name + "\n" }

// await prints the service's answer.
func await(fd int) int {
	syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: answerTimeout})
	var buf [256]byte
	for {
		n, err := syscall.Read(fd, buf[:])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return fail("answer", err)
		case n == 0:
			return fail("answer", syscall.ECONNRESET)
		default:
			say("testserviceclient: testservice ", trimNewline(string(buf[:n])))
			return 0
		}
	}
}
