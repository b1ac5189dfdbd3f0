package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Sockets is the feature of socket units.
func Sockets(i *Init) {
	i.parts = append(i.parts, machine.Sockets)
	i.do[machine.ActOpenSockets] = (*Init).openSockets
	i.do[machine.ActCloseSockets] = (*Init).closeSockets
	i.do[machine.ActFlushSockets] = (*Init).flushSockets
	i.do[machine.ActPoll] = (*Init).pollSockets
	i.on[watchSocket] = (*Init).traffic
	i.sockets = (*Init).passSockets
	i.socketFDs = make([][]int32, len(i.plan.Units))
}

// openSockets is ActOpenSockets. All the addresses of a unit open, or none.
func (i *Init) openSockets(a *machine.Action) {
	s := i.plan.Units[a.Unit].Socket
	fds := i.socketFDs[a.Unit][:0]
	var failed errno
	for n := range s.Listen {
		fd, what, e := i.openOne(a.Unit, s, &s.Listen[n])
		if e != 0 {
			i.sayUnit(a.Unit, "cannot listen on ", s.Listen[n].Address, ": ", what, ": ", e.Error(), at(s.Listen[n].Origin))
			failed = e
			break
		}
		fds = append(fds, fd)
	}
	i.socketFDs[a.Unit] = fds
	if failed != 0 {
		i.closeAll(a.Unit)
	} else {
		i.makeLinks(a.Unit, s)
	}
	i.post(machine.Event{Kind: machine.EvSockets, Unit: a.Unit, Status: int32(failed)})
}

// openOne opens one address; when it cannot, it says which call failed.
func (i *Init) openOne(id plan.UnitID, s *plan.Socket, l *plan.Listen) (int32, string, errno) {
	if l.Path && l.Domain >= 0 {
		makeParents(l.Address, s.DirectoryMode)
	}
	switch {
	case l.Domain == 0:
		return i.openFIFO(s, l)
	case l.Domain < 0:
		return openSpecial(s, l)
	}
	fd, e := socket(l.Domain, l.Type, l.Protocol)
	if e == syscall.EAFNOSUPPORT && l.BarePort && len(l.Raw) >= 4 {
		// A port alone is IPv4's where the kernel has no IPv6.
		v4 := *l
		v4.Domain, v4.Raw = syscall.AF_INET, "\x02\x00"+l.Raw[2:4]+"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		v4.BarePort = false
		return i.openOne(id, s, &v4)
	}
	if e != 0 {
		return noFD, "socket", e
	}
	fd = raise(fd, i.plan.LowFDs)
	if what, e := i.bindSocket(id, s, l, fd); e != 0 {
		closeFD(fd)
		return noFD, what, e
	}
	return fd, "", 0
}

func (i *Init) bindSocket(id plan.UnitID, s *plan.Socket, l *plan.Listen, fd int32) (string, errno) {
	// A port is free again while connections of its last owner still wait for
	// their end (tcp(7)), as with systemd.
	setsockopt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	for n := range s.Options {
		o := &s.Options[n]
		if o.Domain != 0 && o.Domain != l.Domain {
			continue
		}
		e := errno(0)
		if o.Text != "" {
			e = setsockoptText(fd, o.Level, o.Name, o.Text)
		} else {
			e = setsockopt(fd, o.Level, o.Name, o.Value)
		}
		if e != 0 {
			if !o.Optional {
				return "setsockopt", e
			}
			i.sayUnit(id, "a socket option is not set: ", e.Error(), at(l.Origin))
		}
	}
	if e := bindPath(s, l, fd); e != 0 {
		return "bind", e
	}
	if l.Path {
		if e := i.own(l.Address, s); e != 0 {
			return "owner", e
		}
	}
	if l.Type == syscall.SOCK_STREAM || l.Type == syscall.SOCK_SEQPACKET {
		if e := listen(fd, s.Backlog); e != 0 {
			return "listen", e
		}
	}
	return "", 0
}

// bindPath binds. A path is born with the right mode, since somebody could
// connect before a chmod(2); one that nobody listens on any more is replaced,
// as systemd does.
func bindPath(s *plan.Socket, l *plan.Listen, fd int32) errno {
	old := umask(^s.SocketMode & 0o777)
	e := bind(fd, l.Raw)
	if e == syscall.EADDRINUSE && l.Path {
		unlink(l.Address)
		e = bind(fd, l.Raw)
	}
	umask(old)
	return e
}

// openFIFO makes a FIFO and opens it for both, so that it never ends for want
// of a writer.
func (i *Init) openFIFO(s *plan.Socket, l *plan.Listen) (int32, string, errno) {
	old := umask(^s.SocketMode & 0o777)
	e := mknod(l.Address, syscall.S_IFIFO|s.SocketMode&0o777, 0)
	umask(old)
	if e != 0 && e != syscall.EEXIST {
		return noFD, "mkfifo", e
	}
	fd, e := open(l.Address, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_NOFOLLOW, 0)
	if e != 0 {
		return noFD, "open", e
	}
	var st syscall.Stat_t
	if fstat(fd, &st) != 0 || st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		closeFD(fd)
		return noFD, "open", syscall.EEXIST
	}
	fd = raise(fd, i.plan.LowFDs)
	if e := i.own(l.Address, s); e != 0 {
		closeFD(fd)
		return noFD, "owner", e
	}
	if s.PipeSize > 0 {
		const setPipeSize = 1031
		_, _ = fcntl(fd, setPipeSize, int(s.PipeSize))
	}
	return fd, "", 0
}

// openSpecial opens the file of ListenSpecial=.
func openSpecial(s *plan.Socket, l *plan.Listen) (int32, string, errno) {
	flags := syscall.O_RDONLY
	if s.Flags&plan.Writable != 0 {
		flags = syscall.O_RDWR
	}
	fd, e := open(l.Address, flags|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_NOFOLLOW, 0)
	return fd, "open", e
}

// own gives a path its owner and mode.
func (i *Init) own(path string, s *plan.Socket) errno {
	uid, gid := int32(-1), int32(-1)
	if s.User != "" {
		u, g, e := userID(s.User)
		if e != 0 {
			return e
		}
		uid, gid = u, g
	}
	if s.Group != "" {
		g, e := groupID(s.Group)
		if e != 0 {
			return e
		}
		gid = g
	}
	if uid >= 0 || gid >= 0 {
		if e := chown(path, uid, gid); e != 0 {
			return e
		}
	}
	return chmod(path, s.SocketMode)
}

// userID looks a user up in /etc/passwd, or reads a number.
func userID(name string) (uid, gid int32, e errno) {
	if n, ok := atoi(name); ok && n < 1<<31 {
		uid = int32(n)
		gid = -1
		if g, ok := lookupField("/etc/passwd", name, 2, 3); ok {
			gid = g
		}
		return uid, gid, 0
	}
	uid, ok := lookupField("/etc/passwd", name, 0, 2)
	gid, ok2 := lookupField("/etc/passwd", name, 0, 3)
	if !ok || !ok2 {
		return -1, -1, syscall.ESRCH
	}
	return uid, gid, 0
}

// groupID looks a group up in /etc/group, or reads a number.
func groupID(name string) (int32, errno) {
	if n, ok := atoi(name); ok && n < 1<<31 {
		return int32(n), 0
	}
	if g, ok := lookupField("/etc/group", name, 0, 2); ok {
		return g, 0
	}
	return -1, syscall.ESRCH
}

// lookupField finds the line of a colon file whose field by is key, and reads
// the number in field want.
func lookupField(path, key string, by, want int) (int32, bool) {
	buf := make([]byte, 64<<10)
	text, e := readFile(path, buf)
	if e != 0 {
		return 0, false
	}
	for len(text) > 0 {
		line := text
		if end := indexNewline(text); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		if string(colonField(line, by)) == key {
			n, ok := atoi(colonField(line, want))
			return int32(n), ok && n < 1<<31
		}
	}
	return 0, false
}

func colonField(line []byte, n int) []byte {
	for ; n > 0; n-- {
		at := 0
		for at < len(line) && line[at] != ':' {
			at++
		}
		line = line[min(at+1, len(line)):]
	}
	for at, c := range line {
		if c == ':' {
			return line[:at]
		}
	}
	return line
}

// makeParents makes the folders above a path.
func makeParents(path string, mode uint32) {
	old := umask(0)
	for n := 1; n < len(path); n++ {
		if path[n] == '/' {
			mkdir(path[:n], mode)
		}
	}
	umask(old)
}

// makeLinks makes Symlinks=, which may replace links but nothing else.
func (i *Init) makeLinks(id plan.UnitID, s *plan.Socket) {
	target := ""
	for n := range s.Listen {
		if s.Listen[n].Path {
			target = s.Listen[n].Address
		}
	}
	for _, link := range s.Symlinks {
		makeParents(link, s.DirectoryMode)
		e := symlink(target, link)
		var st syscall.Stat_t
		if e == syscall.EEXIST && lstat(link, &st) == 0 && st.Mode&syscall.S_IFMT == syscall.S_IFLNK {
			unlink(link)
			e = symlink(target, link)
		}
		if e != 0 {
			i.sayUnit(id, "no link at ", link, ": ", e.Error())
		}
	}
}

// closeSockets is ActCloseSockets.
func (i *Init) closeSockets(a *machine.Action) {
	i.closeAll(a.Unit)
	s := i.plan.Units[a.Unit].Socket
	if s.Flags&plan.RemoveOnStop == 0 {
		return
	}
	for n := range s.Listen {
		if s.Listen[n].Path && s.Listen[n].Domain >= 0 {
			unlink(s.Listen[n].Address)
		}
	}
	for _, link := range s.Symlinks {
		unlink(link)
	}
}

// closeAll also takes them out of the epoll: a service has copies of them, and
// closing alone would not.
func (i *Init) closeAll(id plan.UnitID) {
	for _, fd := range i.socketFDs[id] {
		i.closeWatched(fd)
	}
	i.socketFDs[id] = i.socketFDs[id][:0]
}

// pollSockets is ActPoll. One-shot: traffic that nobody has taken yet is told
// once, not each time around.
func (i *Init) pollSockets(a *machine.Action) {
	i.units[a.Unit].polled = a.Value != 0
	for _, fd := range i.socketFDs[a.Unit] {
		if a.Value == 0 {
			epollCtl(i.epoll, syscall.EPOLL_CTL_DEL, fd, 0, 0, 0)
			continue
		}
		const events = epollIn | epollOneshot
		e := epollCtl(i.epoll, syscall.EPOLL_CTL_MOD, fd, events, watchSocket, int32(a.Unit))
		if e == syscall.ENOENT {
			e = epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, events, watchSocket, int32(a.Unit))
		}
		if e != 0 && e != syscall.EPERM { // a file of ListenSpecial= cannot be waited for
			i.sayUnit(a.Unit, "cannot watch a socket: ", e.Error())
			i.post(machine.Event{Kind: machine.EvSockets, Unit: a.Unit, Status: int32(e)})
		}
	}
}

func (i *Init) traffic(id int32, _ uint32) {
	i.post(machine.Event{Kind: machine.EvTraffic, Unit: plan.UnitID(id)})
}

// flushSockets is ActFlushSockets: connections are taken and dropped, data is
// read and forgotten, as much as was there and no more.
func (i *Init) flushSockets(a *machine.Action) {
	s := i.plan.Units[a.Unit].Socket
	var buf [4096]byte
	for n, fd := range i.socketFDs[a.Unit] {
		l := &s.Listen[n]
		// The service may have had it without.
		_, _ = fcntl(fd, syscall.F_SETFL, syscall.O_NONBLOCK)
		listens := l.Domain > 0 && (l.Type == syscall.SOCK_STREAM || l.Type == syscall.SOCK_SEQPACKET)
		for range 4096 {
			if !listens {
				if k, e := read(fd, buf[:]); e != 0 || k == 0 && l.Domain <= 0 {
					break
				}
				continue
			}
			conn, _, e := syscall.RawSyscall6(syscall.SYS_ACCEPT4, uintptr(fd), 0, 0, syscall.SOCK_CLOEXEC, 0, 0)
			if e != 0 {
				break
			}
			closeFD(int32(conn))
		}
	}
}

// passSockets gives a command the descriptors of its unit's sockets, or of the
// socket unit itself.
func (i *Init) passSockets(r *spawnRequest, id plan.UnitID) {
	add := func(unit plan.UnitID) {
		name := i.plan.Units[unit].Socket.FDName
		if name == "" {
			name = i.plan.Units[unit].Name
		}
		for _, fd := range i.socketFDs[unit] {
			r.pass(fd, name)
		}
	}
	if u := &i.plan.Units[id]; u.Service != nil {
		for _, unit := range u.Service.Sockets {
			add(unit)
		}
	} else if u.Socket != nil {
		add(id)
	}
}
