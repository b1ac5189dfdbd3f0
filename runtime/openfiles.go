package runtime

import (
	"syscall"

	"rustysd/runtime/plan"
)

// OpenFiles is the feature of files that are opened for a service, which gets
// them beside its sockets (systemd.service(5), "OpenFile="). The init opens them,
// so that nothing waits: a FIFO without a writer is open at once.
func OpenFiles(i *Init) {
	o := &openFiles{stored: i.stored}
	i.stored = o.pass
	i.settled = append(i.settled, o.tidy)
}

type openFiles struct {
	// stored passes what the service has stored, which comes before.
	stored func(i *Init, r *spawnRequest, id plan.UnitID)
	// open are the descriptors of starts that are under way.
	open []int32
}

// pass adds the files of a service. Where one cannot be opened stands no
// descriptor, so that the child fails.
func (o *openFiles) pass(i *Init, r *spawnRequest, id plan.UnitID) {
	if o.stored != nil {
		o.stored(i, r, id)
	}
	s := i.plan.Units[id].Service
	if s == nil {
		return
	}
	for n := range s.OpenFiles {
		f := &s.OpenFiles[n]
		fd, e := openFileFor(f)
		switch {
		case e == 0:
			fd = raise(fd, i.plan.LowFDs)
			o.open = append(o.open, fd)
		case f.Flags&plan.OpenGraceful != 0:
			continue
		default:
			fd = noFD
			i.sayUnit(id, "cannot open ", f.Path, ": ", e.Error(), at(f.Origin))
		}
		r.pass(fd, f.Name)
		r.stored++ // not the service's sockets: NonBlocking= is not about them
	}
}

// tidy closes what nobody needs any more.
func (o *openFiles) tidy(i *Init) {
	if len(i.flying) > 0 {
		return
	}
	for _, fd := range o.open {
		closeFD(fd)
	}
	o.open = o.open[:0]
}

// openFileFor opens a file, or connects to a socket.
func openFileFor(f *plan.OpenFile) (int32, errno) {
	flags := syscall.O_RDWR
	if f.Flags&plan.OpenReadOnly != 0 {
		flags = syscall.O_RDONLY
	}
	if f.Flags&plan.OpenAppend != 0 {
		flags |= syscall.O_APPEND
	}
	if f.Flags&plan.OpenTruncate != 0 {
		flags |= syscall.O_TRUNC
	}
	fd, e := open(f.Path, flags|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if e == syscall.ENXIO {
		return connectFor(f)
	}
	if e == 0 {
		_, e = fcntl(fd, syscall.F_SETFL, flags&syscall.O_APPEND)
	}
	return fd, e
}

// connectFor connects to a socket, of whatever type it is.
func connectFor(f *plan.OpenFile) (int32, errno) {
	e := errno(0)
	for _, kind := range [...]int32{syscall.SOCK_STREAM, syscall.SOCK_DGRAM, syscall.SOCK_SEQPACKET} {
		fd, failed := socket(syscall.AF_UNIX, kind|syscall.SOCK_NONBLOCK, 0)
		if failed != 0 {
			return noFD, failed
		}
		if e = connect(fd, unixAddress(f.Path)); e == 0 {
			if f.Flags&plan.OpenReadOnly != 0 {
				syscall.RawSyscall(syscall.SYS_SHUTDOWN, uintptr(fd), syscall.SHUT_WR, 0)
			}
			_, e = fcntl(fd, syscall.F_SETFL, 0)
			return fd, e
		}
		closeFD(fd)
		if e != syscall.EPROTOTYPE {
			break
		}
	}
	return noFD, e
}
