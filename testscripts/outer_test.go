package testscripts

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// manager is a service manager above an init. At the socket in its first
// argument it hears what the init says, until the image stops; each message is
// a line in the file of the second. With a third argument it reads nothing
// until that file is there, and fills the socket's queue meanwhile.
func manager(args []string) int {
	if len(args) < 2 {
		return fail(errors.New("usage: manager SOCKET HEARD [FILE]"))
	}
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: args[0], Net: "unixgram"})
	if err != nil {
		return fail(err)
	}
	defer l.Close()
	heard, err := os.Create(args[1])
	if err != nil {
		return fail(err)
	}
	defer heard.Close()
	if len(args) > 2 {
		if err := fillUntil(args[0], args[2]); err != nil {
			return fail(err)
		}
	}
	return hearAll(l, heard)
}

// hearAll writes each message on a line, but those of fillUntil.
func hearAll(l *net.UnixConn, heard io.Writer) int {
	l.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 4096)
	for {
		n, err := l.Read(buf)
		if err != nil {
			return fail(err)
		}
		text := strings.TrimSuffix(string(buf[:n]), "\n")
		if text == filler {
			continue
		}
		fmt.Fprintln(heard, strings.ReplaceAll(text, "\n", "|"))
		if strings.HasPrefix(text, "STOPPING=1") {
			return 0
		}
	}
}

const filler = "X_FILLER=1"

// fillUntil keeps a socket's queue full until a file is there.
func fillUntil(socket, file string) error {
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer c.Close()
	for range 2000 {
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := c.Write([]byte(filler)); err == nil {
			continue
		} else if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return fmt.Errorf("%s did not come", file)
}
