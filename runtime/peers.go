package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// Who is at the other end of a socket.

// answers tells whether somebody receives at a path.
func answers(path string) bool {
	fd, e := socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if e != 0 {
		return false
	}
	e = connect(fd, unixAddress(path))
	closeFD(fd)
	return e == 0
}

// accept takes a connection.
func accept(fd int32) (int32, errno) {
	n, _, e := syscall.RawSyscall6(syscall.SYS_ACCEPT4, uintptr(fd), 0, 0, syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0, 0)
	if e != 0 {
		return noFD, e
	}
	return int32(n), 0
}

// peerCred is who connected, as the kernel knows it.
func peerCred(fd int32) (c syscall.Ucred, ok bool) {
	size := uint32(unsafe.Sizeof(c))
	_, _, e := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED,
		uintptr(unsafe.Pointer(&c)), uintptr(unsafe.Pointer(&size)), 0)
	return c, e == 0
}

// message is one that came with what the kernel vouches for.
type message struct {
	size int
	cut  bool // a part of it is lost
	pid  int32
	uid  uint32
	fds  []int32 // the caller's, in control
}

// receive takes one message, into text, and what comes beside it, into control
// (unix(7)).
func receive(fd int32, text, control []byte) (message, errno) {
	iov := syscall.Iovec{Base: &text[0], Len: uint64(len(text))}
	msg := syscall.Msghdr{Iov: &iov, Iovlen: 1, Control: &control[0], Controllen: uint64(len(control))}
	n, e := recvmsg(fd, &msg, syscall.MSG_DONTWAIT|syscall.MSG_CMSG_CLOEXEC)
	if e != 0 {
		return message{}, e
	}
	m := message{size: n, cut: msg.Flags&(syscall.MSG_TRUNC|syscall.MSG_CTRUNC) != 0}
	m.ancillary(control[:msg.Controllen])
	return m, 0
}

// ancillary finds the sender and the descriptors.
func (m *message) ancillary(data []byte) {
	for len(data) >= syscall.SizeofCmsghdr {
		h := (*syscall.Cmsghdr)(unsafe.Pointer(&data[0]))
		if h.Len < syscall.SizeofCmsghdr || h.Len > uint64(len(data)) {
			break
		}
		body := data[syscall.SizeofCmsghdr:h.Len]
		if h.Level == syscall.SOL_SOCKET && h.Type == syscall.SCM_CREDENTIALS && len(body) >= 12 {
			c := (*syscall.Ucred)(unsafe.Pointer(&body[0]))
			m.pid, m.uid = c.Pid, c.Uid
		}
		if h.Level == syscall.SOL_SOCKET && h.Type == syscall.SCM_RIGHTS && len(body) >= 4 {
			m.fds = unsafe.Slice((*int32)(unsafe.Pointer(&body[0])), len(body)/4)
		}
		data = data[min((h.Len+7)&^7, uint64(len(data))):]
	}
}

// unitOfSender finds the unit of a process whose start may not be answered.
func (i *Init) unitOfSender(pid int32) plan.UnitID {
	if unit, starting := i.unitOfStart(pid); starting {
		return unit
	}
	return i.unitOfPID(pid)
}

// unitOfPID finds the unit of any process, which may have ended already.
func (i *Init) unitOfPID(pid int32) plan.UnitID {
	if p := i.procs.find(pid); p != nil && p.unit != plan.NoUnit {
		return p.unit
	}
	if i.groups.usable {
		if unit := i.groupOf(pid); unit != plan.NoUnit {
			return unit
		}
	}
	if unit := i.unitByEnviron(pid); unit != plan.NoUnit {
		return unit
	}
	for depth := 0; depth < 64 && pid > 1 && pid != i.pid; depth++ {
		if p := i.procs.find(pid); p != nil {
			return p.unit
		}
		p, ok := i.scan.stat(pid)
		if !ok {
			break
		}
		if leader := i.procs.find(p.session); leader != nil && leader.kind&procLeader != 0 {
			return leader.unit
		}
		if p.parent == i.pid {
			return i.unitOfOrphan(&p)
		}
		pid = p.parent
	}
	return plan.NoUnit
}
