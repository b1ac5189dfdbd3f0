package runtime

import (
	"rustysd/runtime/plan"
	"syscall"
	"unsafe"
)

// What the spawner needs of descriptors. Each is close-on-exec from its birth.

const (
	oCloexec       = syscall.O_CLOEXEC
	clockMonotonic = 1
)

// raise moves a descriptor to low or above. It stays where it is when there is
// no room.
func raise(fd, low int32) int32 {
	if fd >= low {
		return fd
	}
	high, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, uintptr(low))
	if errno != 0 {
		return fd
	}
	closeFD(fd)
	return int32(high)
}

// pipeAbove opens a pipe with both ends at low or above: below, a descriptor
// of a service could take the place of the child's end.
func pipeAbove(low int32) (read, write int32, errno syscall.Errno) {
	var p [2]int32
	_, _, errno = syscall.RawSyscall(syscall.SYS_PIPE2, uintptr(unsafe.Pointer(&p)), oCloexec|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return -1, -1, errno
	}
	return raise(p[0], low), raise(p[1], low), 0
}

// closeFD closes a descriptor. Like what else stands for itself, it is called in
// so many places that an image is smaller for it.
//
//go:noinline
func closeFD(fd int32) { syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0) }

func epollCreate(low int32) (int32, syscall.Errno) {
	fd, errno := newEpoll()
	if errno != 0 {
		return -1, errno
	}
	return raise(fd, low), 0
}

// epollPoll returns how many events there are now.
func epollPoll(ep int32, events []syscall.EpollEvent) int {
	n, errno := epollNow(ep, events)
	if errno != 0 {
		return 0
	}
	return n
}

// watch makes poll hear of fd.
func (s *spawner) watch(fd, id int32) syscall.Errno {
	return epollCtl(s.fd, syscall.EPOLL_CTL_ADD, fd, epollIn, watchSpawn, id)
}

func (s *spawner) unwatch(fd int32) {
	epollCtl(s.fd, syscall.EPOLL_CTL_DEL, fd, 0, watchSpawn, 0)
}

// setTimer arms a timerfd once.
func setTimer(fd int32, d plan.Duration) {
	spec := [4]int64{2: int64(d / plan.Second), 3: int64(d % plan.Second)}
	syscall.RawSyscall6(sysTimerfdSettime, uintptr(fd), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
}
