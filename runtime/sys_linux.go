package runtime

import (
	"syscall"
	"unsafe"
)

// This file is the only one that makes system calls for the loop: thin
// wrappers, one each, that say nothing of why. Calls that cannot block are
// raw, so that the scheduler of Go never hears of them; epollWait, which does
// block, tells it. Those that many places call stand for themselves: within each
// they would make an image larger.

// errno is what a system call failed with, 0 when it did not.
type errno = syscall.Errno

const (
	atFDCWD           = -100
	atRemoveDir       = 0x200
	atSymlinkNofollow = 0x100
	noFD              = int32(-1)
	maxPath           = 4096
)

// Constants that package syscall lacks; they are the same on all
// architectures.
const (
	sysPidfdSendSignal = 424
	sysPidfdOpen       = 434
	oPath              = 0x200000
	cgroup2Magic       = 0x63677270
	prSetChildSubreap  = 36
	wExited            = 4
	wAll               = 0x40000000
)

// cpath is room for a path that ends in NUL, as the kernel wants it.
type cpath [maxPath]byte

// The loop's own paths are written here: one thread uses them, and a path is
// never needed beyond the call that it was made for.
var path1, path2 cpath

// set puts s with its NUL in place. A path that is too long becomes one that
// the kernel refuses.
//
//go:noinline
func (c *cpath) set(s string) *byte {
	if len(s) >= maxPath {
		s = ""
	}
	n := copy(c[:], s)
	c[n] = 0
	return &c[0]
}

//go:noinline
func open(path string, flags int, mode uint32) (int32, errno) {
	return openat(atFDCWD, path, flags, mode)
}

func openat(dir int32, path string, flags int, mode uint32) (int32, errno) {
	p := path1.set(path)
	fd, _, e := syscall.RawSyscall6(syscall.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(p)),
		uintptr(flags|syscall.O_CLOEXEC), uintptr(mode), 0, 0)
	if e != 0 {
		return noFD, e
	}
	return int32(fd), 0
}

// dropFD closes a descriptor if there is one.
func dropFD(fd int32) {
	if fd >= 0 {
		closeFD(fd)
	}
}

//go:noinline
func read(fd int32, b []byte) (int, errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), e
}

func pread(fd int32, b []byte, off int64) (int, errno) {
	n, _, e := syscall.RawSyscall6(syscall.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(off), 0, 0)
	return int(n), e
}

func pwrite(fd int32, b []byte, off int64) {
	syscall.RawSyscall6(syscall.SYS_PWRITE64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(off), 0, 0)
}

//go:noinline
func write(fd int32, b []byte) (int, errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), e
}

func send(fd int32, b []byte, flags int) (int, errno) {
	n, _, e := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(flags), 0, 0)
	return int(n), e
}

// readFile reads the start of a file into b.
func readFile(path string, b []byte) ([]byte, errno) {
	fd, e := open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if e != 0 {
		return nil, e
	}
	n := 0
	for n < len(b) {
		k, e := read(fd, b[n:])
		if e != 0 {
			closeFD(fd)
			return nil, e
		}
		if k == 0 {
			break
		}
		n += k
	}
	closeFD(fd)
	return b[:n], 0
}

// writeFile writes s into a file that exists.
func writeFile(path, s string) errno {
	fd, e := open(path, syscall.O_WRONLY, 0)
	if e != 0 {
		return e
	}
	_, e = write(fd, unsafe.Slice(unsafe.StringData(s), len(s)))
	closeFD(fd)
	return e
}

func mkdir(path string, mode uint32) errno {
	p := path1.set(path)
	_, _, e := syscall.RawSyscall(syscall.SYS_MKDIRAT, cwd(), uintptr(unsafe.Pointer(p)), uintptr(mode))
	return e
}

func unlinkat(dir int32, path string, flags int) errno {
	p := path1.set(path)
	_, _, e := syscall.RawSyscall(syscall.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(p)), uintptr(flags))
	return e
}

//go:noinline
func unlink(path string) errno { return unlinkat(atFDCWD, path, 0) }

//go:noinline
func rmdir(path string) errno { return unlinkat(atFDCWD, path, atRemoveDir) }

func rename(from, to string) errno {
	p, q := path1.set(from), path2.set(to)
	_, _, e := syscall.RawSyscall6(syscall.SYS_RENAMEAT, cwd(), uintptr(unsafe.Pointer(p)), cwd(), uintptr(unsafe.Pointer(q)), 0, 0)
	return e
}

func symlink(target, path string) errno {
	p, q := path1.set(target), path2.set(path)
	_, _, e := syscall.RawSyscall(syscall.SYS_SYMLINKAT, uintptr(unsafe.Pointer(p)), cwd(), uintptr(unsafe.Pointer(q)))
	return e
}

// readlink answers what a symbolic link holds, in b.
func readlink(path string, b []byte) (string, errno) {
	p := path1.set(path)
	n, _, e := syscall.RawSyscall6(syscall.SYS_READLINKAT, cwd(), uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0)
	if e != 0 {
		return "", e
	}
	return string(b[:n]), 0
}

func mknod(path string, mode uint32, dev uint64) errno {
	p := path1.set(path)
	_, _, e := syscall.RawSyscall6(syscall.SYS_MKNODAT, cwd(), uintptr(unsafe.Pointer(p)), uintptr(mode), uintptr(dev), 0, 0)
	return e
}

func chmod(path string, mode uint32) errno {
	p := path1.set(path)
	_, _, e := syscall.RawSyscall(syscall.SYS_FCHMODAT, cwd(), uintptr(unsafe.Pointer(p)), uintptr(mode))
	return e
}

func chown(path string, uid, gid int32) errno {
	p := path1.set(path)
	_, _, e := syscall.RawSyscall6(syscall.SYS_FCHOWNAT, cwd(), uintptr(unsafe.Pointer(p)), uintptr(uid), uintptr(gid), atSymlinkNofollow, 0)
	return e
}

// cwd is AT_FDCWD as an argument: a negative number is no uintptr constant.
func cwd() uintptr {
	dir := int(atFDCWD)
	return uintptr(dir)
}

//go:noinline
func fstat(fd int32, st *syscall.Stat_t) errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(st)), 0)
	return e
}

func lstat(path string, st *syscall.Stat_t) errno {
	fd, e := open(path, oPath|syscall.O_NOFOLLOW, 0)
	if e != 0 {
		return e
	}
	e = fstat(fd, st)
	closeFD(fd)
	return e
}

func statfs(path string, st *syscall.Statfs_t) errno {
	p := path1.set(path)
	_, _, e := syscall.RawSyscall(syscall.SYS_STATFS, uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(st)), 0)
	return e
}

func getdents(fd int32, b []byte) (int, errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_GETDENTS64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), e
}

// fcntl is fcntl(2) with a number as its argument.
//
//go:noinline
func fcntl(fd int32, cmd, arg int) (int, errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(cmd), uintptr(arg))
	return int(n), e
}

func pipe2(flags int) (r, w int32, e errno) {
	var p [2]int32
	_, _, e = syscall.RawSyscall(syscall.SYS_PIPE2, uintptr(unsafe.Pointer(&p)), uintptr(flags|syscall.O_CLOEXEC), 0)
	return p[0], p[1], e
}

func eventfd() (int32, errno) {
	fd, _, e := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	return int32(fd), e
}

func newEpoll() (int32, errno) {
	fd, _, e := syscall.RawSyscall(syscall.SYS_EPOLL_CREATE1, syscall.EPOLL_CLOEXEC, 0, 0)
	return int32(fd), e
}

// epollCtl watches fd; src and id come back with what happens to it.
func epollCtl(ep int32, op int, fd int32, events uint32, src watchKind, id int32) errno {
	ev := syscall.EpollEvent{Events: events, Fd: id, Pad: int32(src)}
	_, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_CTL, uintptr(ep), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	return e
}

// epollWait blocks. It is the one call that tells Go's scheduler that this
// thread sleeps: its monitor thread then sleeps too, for as long as no thread
// runs, instead of looking every 10 ms.
func epollWait(ep int32, evs []syscall.EpollEvent, ms int) (int, errno) {
	n, _, e := syscall.Syscall6(syscall.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(evs))), uintptr(len(evs)), uintptr(ms), 0, 0)
	return int(n), e
}

// epollNow does not block.
func epollNow(ep int32, evs []syscall.EpollEvent) (int, errno) {
	n, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(evs))), uintptr(len(evs)), 0, 0, 0)
	return int(n), e
}

// epollShort blocks for a short time, without a word to Go's scheduler.
func epollShort(ep int32, evs []syscall.EpollEvent, ms int) (int, errno) {
	n, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(evs))), uintptr(len(evs)), uintptr(ms), 0, 0)
	return int(n), e
}

func inotifyInit() (int32, errno) {
	fd, _, e := syscall.RawSyscall(syscall.SYS_INOTIFY_INIT1, syscall.IN_CLOEXEC|syscall.IN_NONBLOCK, 0, 0)
	return int32(fd), e
}

func inotifyAdd(fd int32, path string, mask uint32) (int32, errno) {
	p := path1.set(path)
	wd, _, e := syscall.RawSyscall(syscall.SYS_INOTIFY_ADD_WATCH, uintptr(fd), uintptr(unsafe.Pointer(p)), uintptr(mask))
	return int32(wd), e
}

func inotifyRemove(fd, wd int32) {
	syscall.RawSyscall(syscall.SYS_INOTIFY_RM_WATCH, uintptr(fd), uintptr(wd), 0)
}

// kill signals pid, or with a negative one a process group.
//
//go:noinline
func kill(pid int32, sig uint8) errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_KILL, uintptr(pid), uintptr(sig), 0)
	return e
}

func pidfdOpen(pid int32) (int32, errno) {
	fd, _, e := syscall.RawSyscall(sysPidfdOpen, uintptr(pid), 0, 0)
	return int32(fd), e
}

func pidfdSignal(fd int32, sig uint8) errno {
	_, _, e := syscall.RawSyscall6(sysPidfdSendSignal, uintptr(fd), uintptr(sig), 0, 0, 0, 0)
	return e
}

func getpid() int32 {
	pid, _, _ := syscall.RawSyscall(syscall.SYS_GETPID, 0, 0, 0)
	return int32(pid)
}

func prctl(option, arg int) errno {
	_, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, uintptr(option), uintptr(arg), 0, 0, 0, 0)
	return e
}

func umask(mask uint32) uint32 {
	old, _, _ := syscall.RawSyscall(syscall.SYS_UMASK, uintptr(mask), 0, 0)
	return uint32(old)
}

func mount(source, target, fstype string, flags uintptr, data string) errno {
	var s, f, d [64]byte
	copy(s[:63], source)
	copy(f[:63], fstype)
	copy(d[:63], data)
	p := path1.set(target)
	_, _, e := syscall.RawSyscall6(syscall.SYS_MOUNT, uintptr(unsafe.Pointer(&s)), uintptr(unsafe.Pointer(p)),
		uintptr(unsafe.Pointer(&f)), flags, uintptr(unsafe.Pointer(&d)), 0)
	return e
}

func socket(domain, typ, proto int32) (int32, errno) {
	fd, _, e := syscall.RawSyscall(syscall.SYS_SOCKET, uintptr(domain), uintptr(typ|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK), uintptr(proto))
	if e != 0 {
		return noFD, e
	}
	return int32(fd), 0
}

func bind(fd int32, raw string) errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(unsafe.StringData(raw))), uintptr(len(raw)))
	return e
}

func connect(fd int32, raw string) errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.StringData(raw))), uintptr(len(raw)))
	return e
}

func listen(fd int32, backlog uint32) errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_LISTEN, uintptr(fd), uintptr(backlog), 0)
	return e
}

func setsockopt(fd, level, name, value int32) errno {
	_, _, e := syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(unsafe.Pointer(&value)), 4, 0)
	return e
}

func setsockoptText(fd, level, name int32, text string) errno {
	_, _, e := syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(unsafe.Pointer(unsafe.StringData(text))), uintptr(len(text)), 0)
	return e
}

func recvmsg(fd int32, m *syscall.Msghdr, flags int) (int, errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(m)), uintptr(flags))
	return int(n), e
}

// unixAddress is the struct sockaddr_un of a path, or of an abstract name when
// it begins with "@"; "" when it does not fit.
//
//go:noinline
func unixAddress(path string) string {
	if len(path) == 0 || len(path) > 107 {
		return ""
	}
	if path[0] == '@' {
		return "\x01\x00\x00" + path[1:]
	}
	return "\x01\x00" + path + "\x00"
}

// siginfo is what waitid(2) fills, with the fields of SIGCHLD.
type siginfo struct {
	signo, err, code, _ int32
	pid, uid, status    int32
	_                   [100]byte
}

// waitAny takes one process that has ended, without waiting. The pid is 0
// when there is none.
func waitAny(info *siginfo) errno {
	info.pid = 0
	_, _, e := syscall.RawSyscall6(syscall.SYS_WAITID, 0, 0, uintptr(unsafe.Pointer(info)), wExited|syscall.WNOHANG|wAll, 0, 0)
	return e
}

// seeAny finds a process that has ended, and leaves it there for waitAny.
func seeAny(info *siginfo) bool {
	info.pid = 0
	const wNoWait = 0x1000000
	_, _, e := syscall.RawSyscall6(syscall.SYS_WAITID, 0, 0, uintptr(unsafe.Pointer(info)), wExited|syscall.WNOHANG|wAll|wNoWait, 0, 0)
	return e == 0 && info.pid != 0
}

// isChild tells whether pid is a process that waitAny has not taken yet.
func isChild(pid int32) bool {
	var info siginfo
	const pPID, wNoWait = 1, 0x1000000
	_, _, e := syscall.RawSyscall6(syscall.SYS_WAITID, pPID, uintptr(pid), uintptr(unsafe.Pointer(&info)), wExited|syscall.WNOHANG|wAll|wNoWait, 0, 0)
	return e == 0
}

// awaitChild waits for one child, which is about to end.
func awaitChild(pid int32) {
	const pPID = 1
	for {
		_, _, e := syscall.RawSyscall6(syscall.SYS_WAITID, pPID, uintptr(pid), 0, wExited|wAll, 0, 0)
		if e != syscall.EINTR {
			return
		}
	}
}
