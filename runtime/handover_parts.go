package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// What is handed on of each feature: see the table in handover.go.

// carryUnits goes over what is known of the units, and of their processes.
func carryUnits(i *Init, c *courier) {
	var state []byte
	if !c.into {
		state = i.machine.Save(nil)
	}
	c.text(&state)
	if c.into && !i.machine.Restore(state) {
		c.bad = true
		return
	}
	c.bytes(unsafe.Pointer(unsafe.SliceData(i.units)), uintptr(len(i.units))*unsafe.Sizeof(unitState{}))
	c.list(unsafe.Pointer(&i.procs.slots), unsafe.Sizeof(proc{}))
	c.bytes(unsafe.Pointer(&i.procs.used), 8)
	c.bytes(unsafe.Pointer(&i.waitingGroups), 8)
	c.bytes(unsafe.Pointer(&i.ending), unsafe.Sizeof(i.ending))
	c.bytes(unsafe.Pointer(&i.files), unsafe.Sizeof(i.files))
	// The starts that wait for their place.
	c.list(unsafe.Pointer(&i.waiting.buf), unsafe.Sizeof(machine.Action{}))
	c.bytes(unsafe.Pointer(&i.waiting.head), 16)
	for n := range i.units {
		if c.into {
			i.units[n].watched, i.units[n].sweep = 0, sweep{} // the inotify is another
		}
	}
}

// carryGroups goes over the folder of the units' cgroups, in the place of one
// that the start of this program has made.
func carryGroups(i *Init, c *courier) {
	g := &i.groups
	if c.into {
		g.leave()
	}
	c.bytes(unsafe.Pointer(&g.usable), 1)
	c.string(&g.slice)
	c.string(&g.name)
	c.string(&g.own)
}

// carryStrangers goes over the watched processes that others wait for.
func carryStrangers(i *Init, c *courier) {
	c.list(unsafe.Pointer(&i.strangers), unsafe.Sizeof(stranger{}))
	for _, s := range i.strangers {
		c.fds = append(c.fds, s.fd)
		if c.into {
			i.watchStranger(s)
		}
	}
}

// carryLog goes over what nobody has read yet, and how many lines of each unit
// have been logged.
func carryLog(i *Init, c *courier) {
	l := &i.log
	b := l.buf[l.start:l.end]
	c.text(&b)
	c.bytes(unsafe.Pointer(&l.lost), 8)
	c.list(unsafe.Pointer(&i.logWindows), unsafe.Sizeof(rateWindow{}))
	if c.into {
		l.addBytes(b)
	}
}

// carryOuter goes over the connection to the manager above.
func carryOuter(i *Init, c *courier) {
	c.fd(&i.outerFD)
	c.text(&i.outerRest)
	if c.into && i.outerFD > 0 {
		reportTo(i, i.outerFD)
		flushReport(i)
	}
}

// carryPrivate goes over the names of private folders.
func carryPrivate(i *Init, c *courier) {
	for n := range i.private {
		c.string(&i.private[n])
	}
}

// carrySpaces goes over the namespaces that units hold.
func carrySpaces(i *Init, c *courier) {
	for id := range i.spaceFDs {
		c.bytes(unsafe.Pointer(&i.spaceFDs[id]), unsafe.Sizeof(i.spaceFDs[id]))
		for _, fd := range i.spaceFDs[id] {
			if fd > 0 {
				c.fds = append(c.fds, fd)
			}
		}
	}
}

// carryRemovals goes over the folders that are to be removed.
func carryRemovals(i *Init, c *courier) {
	if i.removing == nil {
		return
	}
	paths := i.removing()
	for n := c.count(len(paths), 8); n > 0; n-- {
		path := ""
		if !c.into {
			path = paths[n-1]
		}
		c.string(&path)
		if c.into {
			i.remove(path)
		}
	}
}

// carrySockets goes over the sockets of socket units, and watches those again
// that were watched.
func carrySockets(i *Init, c *courier) {
	for id := range i.socketFDs {
		c.list(unsafe.Pointer(&i.socketFDs[id]), 4)
		c.fds = append(c.fds, i.socketFDs[id]...)
		if c.into && i.units[id].polled {
			i.do[machine.ActPoll](i, &machine.Action{Unit: plan.UnitID(id), Value: 1})
		}
	}
}

// carryNotify goes over the notify socket with its queue.
func carryNotify(i *Init, c *courier) {
	if i.on[watchNotify] == nil {
		return
	}
	b := i.inbox()
	if b == nil {
		b = &inbox{fd: noFD}
	}
	c.fd(&b.fd)
	c.string(&i.notifyPath)
	n := c.count(len(b.statuses), 8)
	if c.into {
		b.statuses = make([]unitStatus, n)
	}
	for n := range b.statuses {
		s := &b.statuses[n]
		c.text(&s.text)
		c.text(&s.busError)
		c.bytes(unsafe.Pointer(&s.errno), 4)
	}
	if n == 0 {
		b.statuses = nil // the first to say something makes them
	}
	if c.into && b.fd >= 0 {
		i.inboxState = unsafe.Pointer(b)
		i.mustWatch(b.fd, epollIn, watchNotify)
	}
}

// carryStore goes over the descriptors that services have stored.
func carryStore(i *Init, c *courier) {
	store := i.store()
	if store == nil {
		return
	}
	c.bytes(unsafe.Pointer(&store.serial), 4)
	c.list(unsafe.Pointer(&store.resting), unsafe.Sizeof(plan.UnitID(0)))
	for id := range store.of {
		n := c.count(len(store.of[id]), 8)
		if c.into {
			store.of[id] = make([]storedFD, n)
		}
		for n := range store.of[id] {
			f := &store.of[id][n]
			c.fd(&f.fd)
			c.bytes(unsafe.Pointer(&f.serial), 4)
			c.bytes(unsafe.Pointer(&f.polled), 1)
			c.string(&f.name)
			if c.into && f.polled {
				epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, f.fd, 0, watchStored, f.serial)
			}
		}
	}
}

// carryBus goes over the connection to the bus, or the wait for it.
func carryBus(i *Init, c *courier) {
	b := i.bus
	if b == nil {
		return
	}
	c.fd(&b.fd)
	c.bytes(unsafe.Pointer(&b.state), 1)
	c.bytes(unsafe.Pointer(&b.serial), 4)
	c.list(unsafe.Pointer(&b.watches), unsafe.Sizeof(busWatch{}))
	c.text(&b.in)
	c.text(&b.out)
	switch {
	case !c.into:
	case b.fd < 0:
		i.on[watchBus](i, busSocket, 0)
	default:
		epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, b.fd, epollIn|epollOut, watchBus, 0)
	}
}

// carryStreams goes over the pipes of the services, which keep what is in them,
// and the starts of lines that were read.
func carryStreams(i *Init, c *courier) {
	p := i.pipes
	if p == nil {
		return
	}
	n := c.count(len(p.streams), 8)
	if c.into {
		p.streams = make([]stream, n)
	}
	for n := range p.streams {
		s := &p.streams[n]
		c.fd(&s.fd)
		c.bytes(unsafe.Pointer(&s.streamFacts), unsafe.Sizeof(s.streamFacts))
		c.string(&s.name)
		c.text(&s.tail)
		if c.into && s.fd >= 0 {
			epollCtl(p.epoll, syscall.EPOLL_CTL_ADD, s.fd, epollIn, watchPipe, int32(n))
		}
	}
	c.list(unsafe.Pointer(&p.free), 4)
	c.bytes(unsafe.Pointer(&p.stalled), 4)
	p.paused = p.stalled != 0
}

// carryPIDFiles goes over the units whose PID files are waited for, and looks
// for them anew: one may have come meanwhile.
func carryPIDFiles(i *Init, c *courier) {
	f := &i.pidFiles
	c.list(unsafe.Pointer(&f.waits), unsafe.Sizeof(pidWait{}))
	for n := range f.waits {
		if c.into {
			f.waits[n].wd = 0 // the inotify is another
		}
	}
	if look := i.on[watchPIDFile]; c.into && look != nil {
		look(i, 0, 0)
	}
}

// carryControl goes over the control socket with its queue, and its clients
// with what they have asked for, have not read and are owed.
func carryControl(i *Init, c *courier) {
	n := -1
	if i.control != nil {
		n = len(i.control.sessions)
	}
	c.bytes(unsafe.Pointer(&n), 8)
	if n < 0 || n > maxSessions {
		c.bad = c.bad || n > 0
		return
	}
	if c.into {
		i.control = &control{sessions: make([]*session, n)}
		i.control.spare = i.moreNull()
	}
	k := i.control
	c.fd(&k.fd)
	c.bytes(unsafe.Pointer(&k.requests), 4)
	c.bytes(unsafe.Pointer(&k.born), 4)
	c.list(unsafe.Pointer(&k.waits), unsafe.Sizeof(wait{}))
	for n := range k.sessions {
		if c.into {
			k.sessions[n] = &session{}
		}
		s := k.sessions[n]
		c.fd(&s.fd)
		c.bytes(unsafe.Pointer(&s.sessionFacts), unsafe.Sizeof(s.sessionFacts))
		c.text(&s.in)
		c.text(&s.out)
		if c.into && s.fd >= 0 {
			// It is served at once, and then watched for what it waits for.
			s.watched = epollIn | epollOut
			epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, s.fd, s.watched, watchControl, s.id)
		}
	}
	if c.into {
		epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, k.fd, epollIn, watchControl, listener)
	}
}
