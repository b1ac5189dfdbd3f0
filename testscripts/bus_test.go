package testscripts

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
)

// busd takes a name on the system bus, says so, and waits for SIGTERM. It
// speaks as much D-Bus as that takes (D-Bus Specification, "Message Protocol").
func busd(args []string) int {
	conn, err := net.Dial("unix", "/run/dbus/system_bus_socket")
	if err != nil {
		return fail(err)
	}
	in := bufio.NewReader(conn)
	fmt.Fprintf(conn, "\x00AUTH EXTERNAL %s\r\n", hex.EncodeToString([]byte(strconv.Itoa(os.Getuid()))))
	if answer, err := in.ReadString('\n'); err != nil || answer[:3] != "OK " {
		return fail(fmt.Errorf("the bus says %q, %v", answer, err))
	}
	fmt.Fprint(conn, "BEGIN\r\n")
	for serial, call := range []struct {
		member, signature string
		body              []byte
	}{{"Hello", "", nil}, {"RequestName", "su", binary.LittleEndian.AppendUint32(align(busString(nil, args[0]), 4), 4)}} {
		if _, err := conn.Write(busCall(uint32(serial+1), call.member, call.signature, call.body)); err != nil {
			return fail(err)
		}
	}
	for replies := 0; replies < 2; {
		kind, err := busMessage(in)
		switch {
		case err != nil:
			return fail(err)
		case kind == 3:
			return fail(fmt.Errorf("the bus refuses"))
		case kind == 2:
			replies++
		}
	}
	fmt.Println(args[0], "taken")
	go func() { // the daemon is gone
		_, _ = io.Copy(io.Discard, in)
		fmt.Println(args[0], "lost its bus")
		os.Exit(4)
	}()
	return sleeper([]string{args[0]})
}

// busCall is a method call to the bus itself, little endian.
func busCall(serial uint32, member, signature string, body []byte) []byte {
	m := []byte{'l', 1, 0, 1}
	m = binary.LittleEndian.AppendUint32(m, uint32(len(body)))
	m = binary.LittleEndian.AppendUint32(m, serial)
	var fields []byte
	for _, f := range []struct {
		code  byte
		kind  string
		value string
	}{{1, "o", "/org/freedesktop/DBus"}, {2, "s", "org.freedesktop.DBus"}, {3, "s", member}, {6, "s", "org.freedesktop.DBus"}, {8, "g", signature}} {
		if f.code == 8 && signature == "" {
			continue
		}
		fields = append(align(fields, 8), f.code, 1, f.kind[0], 0)
		if f.kind == "g" {
			fields = append(append(append(fields, byte(len(f.value))), f.value...), 0)
		} else {
			fields = busString(fields, f.value)
		}
	}
	m = binary.LittleEndian.AppendUint32(m, uint32(len(fields)))
	return append(align(append(m, fields...), 8), body...)
}

func busString(b []byte, s string) []byte {
	b = binary.LittleEndian.AppendUint32(align(b, 4), uint32(len(s)))
	return append(append(b, s...), 0)
}

func align(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}

// busMessage reads one message and answers its type.
func busMessage(in io.Reader) (kind byte, err error) {
	head := make([]byte, 16)
	if _, err := io.ReadFull(in, head); err != nil {
		return 0, err
	}
	rest := int64(binary.LittleEndian.Uint32(head[12:])+7)&^7 + int64(binary.LittleEndian.Uint32(head[4:]))
	_, err = io.CopyN(io.Discard, in, rest)
	return head[1], err
}
