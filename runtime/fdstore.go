package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// FDStore is the feature of descriptors that a service hands over, to have them
// back at its next start (systemd.service(5), "FileDescriptorStoreMax=").
func FDStore(i *Init) {
	i.storeState = unsafe.Pointer(&fdStore{of: make([][]storedFD, len(i.plan.Units))})
	i.do[machine.ActStoreFDs] = (*Init).storeFDs
	i.on[watchStored] = (*Init).storedHungUp
	i.stored = (*Init).passStored
	i.closing = append(i.closing, (*Init).stopStoring)
	i.settled = append(i.settled, (*Init).tidyStore)
}

// fdStore is what all services have stored.
type fdStore struct {
	of [][]storedFD // by unit
	// serial tells apart what had the same number one after the other, since
	// news from the epoll may be older than what it is of now.
	serial int32
	// gone are descriptors that left the store while a start was under way,
	// which may have them; they are closed when none is.
	gone []int32
	// resting are units that ended and keep their descriptors for a start that
	// is to follow at once.
	resting []plan.UnitID
}

// store is nil in an image whose services store nothing.
func (i *Init) store() *fdStore { return (*fdStore)(i.storeState) }

// storedFD is one descriptor of the store.
type storedFD struct {
	fd     int32
	serial int32
	polled bool // it goes when it hangs up
	name   string
}

// storedName is what FDNAME= is when the message has none (sd_notify(3)).
const storedName = "stored"

// storeFDs is ActStoreFDs: FDSTORE=1 or FDSTOREREMOVE=1 in the message that is
// being heard. With both, only the removal counts, as with systemd.
func (i *Init) storeFDs(a *machine.Action) {
	more := &i.inbox().more
	valid := more.named && isFDName(more.fdName)
	if i.inbox().parsed.Fields&machine.NotifyRemoveFDs != 0 {
		if !valid {
			i.sayUnit(a.Unit, "FDSTOREREMOVE=1 ignored: it needs an FDNAME=")
			return
		}
		i.removeStored(a.Unit, string(more.fdName))
		return
	}
	name := storedName
	if valid {
		name = string(more.fdName)
	} else if more.named {
		i.sayUnit(a.Unit, "FDNAME= ignored: it has more than 255 characters, or one that may not be in it")
	}
	for n, fd := range i.inbox().fds {
		if len(i.store().of[a.Unit]) >= int(i.plan.Units[a.Unit].Service.FDStoreMax) {
			i.sayUnit(a.Unit, "descriptors not stored, no more than FileDescriptorStoreMax= allows: ", itoa(int64(len(i.inbox().fds)-n)))
			return
		}
		if fd >= 0 && i.storeOne(a.Unit, fd, name, !more.noPoll) {
			i.inbox().fds[n] = noFD
		}
	}
}

// storeOne takes a descriptor over; false when it is to be closed.
func (i *Init) storeOne(id plan.UnitID, fd int32, name string, poll bool) bool {
	for n := range i.store().of[id] {
		if sameFile(i.store().of[id][n].fd, fd) {
			return false
		}
	}
	i.store().serial++
	f := storedFD{fd: fd, serial: i.store().serial, polled: poll, name: name}
	if poll {
		// EPERM: a regular file, which never hangs up.
		if e := epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, 0, watchStored, f.serial); e != 0 && e != syscall.EPERM {
			i.sayUnit(id, "a descriptor is not stored: ", e.Error())
			return false
		}
	}
	// The newest one is the first of those that the service gets back.
	list := append(i.store().of[id], storedFD{})
	copy(list[1:], list)
	list[0] = f
	i.store().of[id] = list
	return true
}

// isFDName is sd_listen_fds(3)'s rule for names.
func isFDName(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c > '~' || c == ':' {
			return false
		}
	}
	return len(name) <= 255
}

// sameFile tells whether two descriptors are of one open file, or where the
// kernel does not say that (containers often forbid kcmp(2)), of one file that
// is no device: a device may give something else each time that it is opened.
func sameFile(a, b int32) bool {
	const dupfdQuery, kcmpFile = 1024 + 3, 0 // F_DUPFD_QUERY is Linux 6.10
	if same, e := fcntl(a, dupfdQuery, int(b)); e == 0 {
		return same == 1
	}
	me := uintptr(getpid())
	r, _, e := syscall.RawSyscall6(sysKcmp, me, me, kcmpFile, uintptr(a), uintptr(b), 0)
	if e == 0 {
		return r == 0
	}
	var x, y syscall.Stat_t
	if fstat(a, &x) != 0 || fstat(b, &y) != 0 || x.Mode&syscall.S_IFMT != y.Mode&syscall.S_IFMT {
		return false
	}
	switch x.Mode & syscall.S_IFMT {
	case syscall.S_IFCHR, syscall.S_IFBLK:
		return false
	}
	return x.Dev == y.Dev && x.Ino == y.Ino
}

// removeStored is FDSTOREREMOVE=1: all of that name go.
func (i *Init) removeStored(id plan.UnitID, name string) {
	kept := i.store().of[id][:0]
	for _, f := range i.store().of[id] {
		if f.name == name {
			i.dropStored(f)
		} else {
			kept = append(kept, f)
		}
	}
	i.store().of[id] = kept
}

func (i *Init) dropStored(f storedFD) {
	epollCtl(i.epoll, syscall.EPOLL_CTL_DEL, f.fd, 0, 0, 0)
	i.store().gone = append(i.store().gone, f.fd)
}

// storedHungUp hears of an EPOLLHUP or EPOLLERR, the only news that is waited
// for: nobody is at the other end any more.
func (i *Init) storedHungUp(serial int32, _ uint32) {
	for id, list := range i.store().of {
		for n, f := range list {
			if f.serial == serial {
				i.dropStored(f)
				i.store().of[id] = append(list[:n], list[n+1:]...)
				return
			}
		}
	}
}

// passStored gives a service back what it has stored.
func (i *Init) passStored(r *spawnRequest, id plan.UnitID) {
	for _, f := range i.store().of[id] {
		r.pass(f.fd, f.name)
		r.stored++
	}
}

// stopStoring is ActCleanUp.
func (i *Init) stopStoring(a *machine.Action) {
	s := i.plan.Units[a.Unit].Service
	if len(i.store().of[a.Unit]) == 0 || s == nil || s.Flags&plan.FDStorePreserve != 0 {
		return
	}
	if s.Flags&plan.FDStorePreserveOnRestart != 0 {
		i.store().resting = append(i.store().resting, a.Unit) // tidyStore looks what comes
		return
	}
	i.emptyStore(a.Unit)
}

func (i *Init) emptyStore(id plan.UnitID) {
	for _, f := range i.store().of[id] {
		i.dropStored(f)
	}
	i.store().of[id] = i.store().of[id][:0]
}

// tidyStore empties the stores of units that ended and do not start again, be
// it that a condition keeps them from it, and closes what no start can have.
func (i *Init) tidyStore() {
	resting := i.store().resting[:0]
	for _, id := range i.store().resting {
		switch now := i.machine.Active(id); {
		case i.machine.Undecided(id):
			resting = append(resting, id)
		case now == machine.Inactive || now == machine.Failed:
			i.emptyStore(id)
		}
	}
	i.store().resting = resting
	if len(i.flying) == 0 {
		for _, fd := range i.store().gone {
			closeFD(fd)
		}
		i.store().gone = i.store().gone[:0]
	}
}
