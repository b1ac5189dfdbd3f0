package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Bus is the feature of Type=dbus: it learns who owns which name on the system
// bus. It is a client that knows three calls of the D-Bus specification: Hello,
// AddMatch for NameOwnerChanged, and GetNameOwner for what happened before.
//
// The bus may not be there yet, since it is a service of the image like
// others; then the folder of its socket is watched. Nothing waits for the bus,
// and a message that makes no sense ends the connection.
func Bus(i *Init) {
	i.parts = append(i.parts, machine.Bus)
	i.do[machine.ActWatchBus] = (*Init).watchBus
	i.on[watchBus] = (*Init).busReady
	i.bus = &bus{fd: noFD, inotify: noFD, path: busPath()}
}

type busState uint8

const (
	busAway     busState = iota
	busGreeting          // the SASL handshake is under way
	busUp
)

// busWatch is a unit whose name is watched; call is the serial of its
// GetNameOwner.
type busWatch struct {
	unit plan.UnitID
	call uint32
}

type bus struct {
	path    string
	fd      int32
	inotify int32
	state   busState
	serial  uint32
	watches []busWatch
	in      []byte
	out     []byte
}

// busMessageMax is far more than any message about a name takes; the bus
// sends nothing else to us.
const busMessageMax = 64 << 10

// busPath is the socket: $DBUS_SYSTEM_BUS_ADDRESS if it is a unix socket.
func busPath() string {
	const standard = "/run/dbus/system_bus_socket"
	address, ok := syscall.Getenv("DBUS_SYSTEM_BUS_ADDRESS")
	if !ok {
		return standard
	}
	for _, prefix := range [...]string{"unix:path=", "unix:abstract="} {
		if len(address) <= len(prefix) || address[:len(prefix)] != prefix {
			continue
		}
		rest := address[len(prefix):]
		for n := range len(rest) {
			if rest[n] == ',' || rest[n] == ';' {
				rest = rest[:n]
				break
			}
		}
		if prefix == "unix:abstract=" {
			return "@" + rest
		}
		return rest
	}
	return standard
}

// watchBus is ActWatchBus.
func (i *Init) watchBus(a *machine.Action) {
	b := i.bus
	for n := range b.watches {
		if b.watches[n].unit == a.Unit {
			if a.Value == 0 {
				i.busMatch("RemoveMatch", a.Unit)
				b.watches = append(b.watches[:n], b.watches[n+1:]...)
				i.busFlush()
			}
			return
		}
	}
	if a.Value == 0 {
		return
	}
	b.watches = append(b.watches, busWatch{unit: a.Unit})
	switch b.state {
	case busAway:
		i.busConnect()
	case busUp:
		i.busAsk(&b.watches[len(b.watches)-1])
		i.busFlush()
	}
}

// busConnect connects, or waits for the socket to appear.
func (i *Init) busConnect() {
	b := i.bus
	if len(b.watches) == 0 || b.state != busAway {
		return
	}
	i.busAwait() // first: it could appear in between
	fd, e := socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if e == 0 {
		if e = connect(fd, unixAddress(b.path)); e != 0 {
			closeFD(fd)
		}
	}
	if e != 0 {
		return
	}
	i.closeWatched(b.inotify)
	b.inotify, b.fd, b.state, b.serial = noFD, fd, busGreeting, 0
	b.in, b.out = b.in[:0], append(b.out[:0], "\x00AUTH EXTERNAL "...)
	uid, _, _ := syscall.RawSyscall(syscall.SYS_GETUID, 0, 0, 0)
	const hex = "0123456789abcdef"
	for _, c := range []byte(itoa(int64(uid))) {
		b.out = append(b.out, hex[c>>4], hex[c&15])
	}
	b.out = append(b.out, "\r\n"...)
	if epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchBus, 0) != 0 {
		i.busLost(syscall.ENOMEM)
		return
	}
	i.busFlush()
}

// busAwait watches the folder of the socket, or the one above it.
func (i *Init) busAwait() {
	b := i.bus
	if b.inotify < 0 {
		fd, e := inotifyInit()
		if e != 0 {
			return
		}
		b.inotify = fd
		epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchBus, busSocket)
	}
	dir, e := b.path, syscall.ENOENT
	for e != 0 && len(dir) > 1 {
		dir = parentOf(dir)
		_, e = inotifyAdd(b.inotify, dir, syscall.IN_CREATE|syscall.IN_MOVED_TO|syscall.IN_ATTRIB)
	}
}

// busSocket is the id of the watch for the socket; that of the connection is 0.
const busSocket = 1

func (i *Init) busReady(id int32, events uint32) {
	b := i.bus
	if id == busSocket {
		var buf [2048]byte
		_, _ = read(b.inotify, buf[:])
		i.busConnect()
		return
	}
	if events&epollOut != 0 {
		i.busFlush()
	}
	if b.fd < 0 {
		return
	}
	have := len(b.in)
	b.in = append(b.in, make([]byte, 4096)...)
	n, e := read(b.fd, b.in[have:])
	b.in = b.in[:have+max(n, 0)]
	switch {
	case e == syscall.EAGAIN || e == syscall.EINTR:
		b.in = b.in[:have]
	case e != 0 || n == 0:
		i.busLost(syscall.ECONNRESET)
	case !i.busRead():
		i.busLost(syscall.EBADMSG)
	}
}

// busLost closes the connection and tells all who wait.
func (i *Init) busLost(e errno) {
	b := i.bus
	i.closeWatched(b.fd)
	b.fd, b.state = noFD, busAway
	for n := range b.watches {
		i.post(machine.Event{Kind: machine.EvBusName, Unit: b.watches[n].unit, Status: -int32(e)})
	}
	i.busAwait()
	if e != syscall.EBADMSG {
		i.busConnect()
	}
}

// busFlush sends what is to be sent.
func (i *Init) busFlush() {
	b := i.bus
	if b.fd < 0 {
		return
	}
	for len(b.out) > 0 {
		n, e := send(b.fd, b.out, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
		if e == syscall.EINTR {
			continue
		}
		if e == syscall.EAGAIN {
			epollCtl(i.epoll, syscall.EPOLL_CTL_MOD, b.fd, epollIn|epollOut, watchBus, 0)
			return
		}
		if e != 0 {
			i.busLost(e)
			return
		}
		b.out = append(b.out[:0], b.out[n:]...)
	}
	epollCtl(i.epoll, syscall.EPOLL_CTL_MOD, b.fd, epollIn, watchBus, 0)
}

// busRead takes what is whole off the input; false is for nonsense.
func (i *Init) busRead() bool {
	b := i.bus
	if b.state == busGreeting {
		end := indexNewline(b.in)
		if end < 0 {
			return len(b.in) < 1024
		}
		if len(b.in) < 3 || string(b.in[:3]) != "OK " {
			return false
		}
		b.in = append(b.in[:0], b.in[end+1:]...)
		b.state = busUp
		b.out = append(b.out, "BEGIN\r\n"...)
		i.busCall("Hello", "")
		for n := range b.watches {
			i.busAsk(&b.watches[n])
		}
		i.busFlush()
	}
	for len(b.in) >= 16 {
		m, size, ok := parseBusMessage(b.in)
		if !ok {
			return false
		}
		if size == 0 {
			return true
		}
		i.busHear(&m)
		if b.fd < 0 {
			return true
		}
		b.in = append(b.in[:0], b.in[size:]...)
	}
	return true
}

// busAsk watches the name of a unit and asks who has it now.
func (i *Init) busAsk(w *busWatch) {
	i.busMatch("AddMatch", w.unit)
	w.call = i.busCall("GetNameOwner", i.plan.Units[w.unit].Service.BusName)
}

func (i *Init) busMatch(method string, id plan.UnitID) {
	if i.bus.state != busUp {
		return
	}
	i.busCall(method, "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"+
		"member='NameOwnerChanged',path='/org/freedesktop/DBus',arg0='"+i.plan.Units[id].Service.BusName+"'")
}

// busHear: an answer to GetNameOwner, or a NameOwnerChanged.
func (i *Init) busHear(m *busMessage) {
	b := i.bus
	for n := range b.watches {
		w := &b.watches[n]
		switch {
		case m.kind == 2 && m.reply == w.call && w.call != 0:
			i.post(machine.Event{Kind: machine.EvBusName, Unit: w.unit, Status: 1})
		case m.kind == 4 && m.member == "NameOwnerChanged" && m.sender == "org.freedesktop.DBus" &&
			m.args[0] == i.plan.Units[w.unit].Service.BusName:
			status := int32(0)
			if m.args[2] != "" {
				status = 1
			}
			i.post(machine.Event{Kind: machine.EvBusName, Unit: w.unit, Status: status})
		}
	}
}

// busMessage is what we read of a message.
type busMessage struct {
	kind   byte // 2 method return, 3 error, 4 signal
	reply  uint32
	member string
	sender string
	args   [3]string
}

// parseBusMessage reads one message. size is 0 when it is not all there yet.
func parseBusMessage(b []byte) (m busMessage, size int, ok bool) {
	if b[0] != 'l' && b[0] != 'B' || b[3] != 1 {
		return m, 0, false
	}
	r := busReader{b: b, big: b[0] == 'B', at: 4}
	body := int(r.uint32())
	r.at = 12
	fields := int(r.uint32())
	if body > busMessageMax || fields > busMessageMax {
		return m, 0, false
	}
	start := (16 + fields + 7) &^ 7
	if len(b) < start+body {
		return m, 0, true
	}
	m.kind = b[1]
	r.end = 16 + fields
	signature := ""
	for r.at = 16; r.at < r.end; {
		r.align(8)
		if r.at >= r.end {
			break
		}
		code := r.byte()
		kind := r.signature()
		switch kind {
		case "u":
			if v := r.uint32(); code == 5 {
				m.reply = v
			}
		case "s", "o":
			switch v := r.string(); code {
			case 3:
				m.member = v
			case 7:
				m.sender = v
			}
		case "g":
			if v := r.signature(); code == 8 {
				signature = v
			}
		default:
			return m, 0, false
		}
		if r.bad {
			return m, 0, false
		}
	}
	r.at, r.end, r.base = start, start+body, start
	for n := range m.args {
		if n >= len(signature) || signature[n] != 's' {
			break
		}
		m.args[n] = r.string()
	}
	return m, start + body, !r.bad
}

// busReader reads the D-Bus wire format with every bound checked.
type busReader struct {
	b             []byte
	at, end, base int
	big, bad      bool
}

func (r *busReader) limit() int {
	if r.end > 0 {
		return r.end
	}
	return len(r.b)
}

func (r *busReader) align(n int) { r.at = r.base + (r.at-r.base+n-1)/n*n }

func (r *busReader) byte() byte {
	if r.at >= r.limit() {
		r.bad = true
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *busReader) uint32() uint32 {
	r.align(4)
	if r.at+4 > r.limit() {
		r.bad = true
		r.at = r.limit()
		return 0
	}
	c := r.b[r.at : r.at+4]
	r.at += 4
	if r.big {
		return uint32(c[0])<<24 | uint32(c[1])<<16 | uint32(c[2])<<8 | uint32(c[3])
	}
	return uint32(c[3])<<24 | uint32(c[2])<<16 | uint32(c[1])<<8 | uint32(c[0])
}

func (r *busReader) text(n int) string {
	if n < 0 || r.at+n+1 > r.limit() {
		r.bad = true
		r.at = r.limit()
		return ""
	}
	s := string(r.b[r.at : r.at+n])
	r.at += n + 1
	return s
}

func (r *busReader) string() string    { return r.text(int(r.uint32())) }
func (r *busReader) signature() string { return r.text(int(r.byte())) }

// busCall writes a call of the bus itself, with one string or none.
func (i *Init) busCall(method, arg string) uint32 {
	b := i.bus
	b.serial++
	flags, body := byte(0), 0
	if arg != "" {
		body = 4 + len(arg) + 1
	}
	w := busWriter{start: len(b.out), b: b.out}
	w.b = append(w.b, 'l', 1, flags, 1)
	w.uint32(uint32(body))
	w.uint32(b.serial)
	w.uint32(0) // the length of the fields, below
	w.field(1, "o", "/org/freedesktop/DBus")
	w.field(2, "s", "org.freedesktop.DBus")
	w.field(3, "s", method)
	w.field(6, "s", "org.freedesktop.DBus")
	if arg != "" {
		w.field(8, "g", "s")
	}
	length := len(w.b) - w.start - 16
	for n := range 4 {
		w.b[w.start+12+n] = byte(length >> (8 * n))
	}
	w.align(8)
	if arg != "" {
		w.string(arg)
	}
	b.out = w.b
	return b.serial
}

type busWriter struct {
	b     []byte
	start int
}

func (w *busWriter) align(n int) {
	for (len(w.b)-w.start)%n != 0 {
		w.b = append(w.b, 0)
	}
}

func (w *busWriter) uint32(v uint32) {
	w.b = append(w.b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

func (w *busWriter) string(s string) {
	w.uint32(uint32(len(s)))
	w.b = append(append(w.b, s...), 0)
}

func (w *busWriter) field(code byte, kind, value string) {
	w.align(8)
	w.b = append(w.b, code, 1, kind[0], 0)
	if kind == "g" {
		w.b = append(append(append(w.b, byte(len(value))), value...), 0)
		return
	}
	w.string(value)
}
