package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// changeThere changes what is at a path, and with BootTree all that is below.
func changeThere(s *plan.BootStep) errno {
	fd, e := open(s.Path, oPath|syscall.O_NOFOLLOW, 0)
	if e != 0 {
		return e
	}
	defer closeFD(fd)
	var st syscall.Stat_t
	if e := fstat(fd, &st); e != 0 {
		return e
	}
	e = changeOne(s, fd, &st)
	if s.Flags&plan.BootTree != 0 && st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		eachBelow(fd, 0, func(fd int32, st *syscall.Stat_t) {
			if failed := changeOne(s, fd, st); e == 0 {
				e = failed
			}
		})
	}
	return e
}

// changeOne changes one file, which is open with O_PATH.
func changeOne(s *plan.BootStep, fd int32, st *syscall.Stat_t) errno {
	switch s.Kind {
	case plan.BootXattr:
		name, value, _ := strings.Cut(s.Data, "=")
		return setXattr(fdPath(fd), name, value)
	case plan.BootACL:
		return setACL(s, fd, st)
	case plan.BootAttributes:
		return setAttributes(fd, st, uint32(s.Number), uint32(s.Number>>32))
	case plan.BootAdjustFolder:
		if st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
			return syscall.ENOTDIR
		}
	}
	return give(s, fd, st, false)
}

// adjust gives what is at the path its owner and mode; kind is the type of file
// that it must have, 0 for any; made says that the step has made it.
func adjust(s *plan.BootStep, kind uint32, made bool) errno {
	fd, e := open(s.Path, oPath|syscall.O_NOFOLLOW, 0)
	if e != 0 {
		return e
	}
	defer closeFD(fd)
	var st syscall.Stat_t
	if e := fstat(fd, &st); e != 0 {
		return e
	}
	if kind != 0 && st.Mode&syscall.S_IFMT != kind {
		return syscall.EEXIST
	}
	return give(s, fd, &st, made)
}

// give changes owner and mode where they are to be others. Without rights that
// an owner could use meanwhile: the mode comes last.
func give(s *plan.BootStep, fd int32, st *syscall.Stat_t, made bool) errno {
	uid, gid, mode := s.UID, s.GID, s.Mode
	if s.Flags&plan.BootUIDNew != 0 && !made || uid == st.Uid {
		uid = plan.KeepID
	}
	if s.Flags&plan.BootGIDNew != 0 && !made || gid == st.Gid {
		gid = plan.KeepID
	}
	if mode != plan.KeepMode && s.Flags&plan.BootMask != 0 {
		mode = maskedMode(mode, st.Mode)
	}
	owned := uid != plan.KeepID || gid != plan.KeepID
	keeps := mode == plan.KeepMode || s.Flags&plan.BootModeNew != 0 && !made || st.Mode&syscall.S_IFMT == syscall.S_IFLNK
	if keeps && !owned || !keeps && !owned && mode == st.Mode&0o7777 {
		return 0
	}
	if st.Nlink > 1 && st.Mode&syscall.S_IFMT != syscall.S_IFDIR && !made && smallFile("/proc/sys/fs/protected_hardlinks") == "0" {
		return syscall.EPERM // another name of somebody else's file
	}
	if e := ownFD(fd, uid, gid); e != 0 {
		return e
	}
	switch {
	case !keeps:
		return modeFD(fd, mode)
	case owned && st.Mode&0o6000 != 0 && st.Mode&syscall.S_IFMT == syscall.S_IFREG:
		return modeFD(fd, st.Mode&0o7777) // which a change of owner has cleared
	}
	return 0
}

// maskedMode takes from a mode what the file has for nobody (tmpfiles.d(5),
// "~"): so one mode fits folders, programs and files.
func maskedMode(mode, has uint32) uint32 {
	for _, kind := range [...]uint32{0o111, 0o222, 0o444} {
		if has&kind == 0 {
			mode &^= kind
		}
	}
	if has&syscall.S_IFMT != syscall.S_IFDIR {
		mode &^= 0o7000
	}
	return mode
}

// ownFD changes the owner of a file that was opened with O_PATH.
func ownFD(fd int32, uid, gid uint32) errno {
	if uid == plan.KeepID && gid == plan.KeepID {
		return 0
	}
	const atEmptyPath = 0x1000
	var empty [1]byte
	_, _, e := syscall.RawSyscall6(syscall.SYS_FCHOWNAT, uintptr(fd), uintptr(unsafe.Pointer(&empty[0])),
		uintptr(uid), uintptr(gid), atEmptyPath, 0)
	return e
}

// modeFD changes its mode.
func modeFD(fd int32, mode uint32) errno { return chmod(fdPath(fd), mode) }

// fdPath is the name that an open file has below /proc.
func fdPath(fd int32) string { return "/proc/self/fd/" + itoa(int64(fd)) }

func setXattr(path, name, value string) errno {
	p, q := path1.set(path), path2.set(name)
	b := bytesOf(value)
	_, _, e := syscall.RawSyscall6(syscall.SYS_SETXATTR, uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(q)),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0)
	return e
}

// setAttributes sets those of a mask, as chattr(1) does. Files of other types
// have none, and not every file system has them.
func setAttributes(fd int32, st *syscall.Stat_t, value, mask uint32) errno {
	const getFlags, setFlags = 0x80086601, 0x40086602 // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS
	if kind := st.Mode & syscall.S_IFMT; kind != syscall.S_IFREG && kind != syscall.S_IFDIR {
		return 0
	}
	file, e := open(fdPath(fd), syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if e != 0 {
		return e
	}
	defer closeFD(file)
	var has uint32
	_, _, e = syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(file), getFlags, uintptr(unsafe.Pointer(&has)))
	if want := has&^mask | value&mask; e == 0 && want != has {
		_, _, e = syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(file), setFlags, uintptr(unsafe.Pointer(&want)))
	}
	if e == syscall.ENOTTY || e == syscall.EOPNOTSUPP || e == syscall.EINVAL {
		return 0
	}
	return e
}
