package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// Tmpfiles is the feature of files and folders that the boot makes, which
// systemd leaves to systemd-tmpfiles(8). It runs once, before the first unit,
// and what fails is logged: a service that needs it will say more.
func Tmpfiles(i *Init) { i.started = append(i.started, (*Init).makeFiles) }

func (i *Init) makeFiles() {
	if i.adopted {
		return // once for each boot
	}
	old := umask(0) // modes are meant as they are
	for n := range i.plan.Boot {
		s := &i.plan.Boot[n]
		if e := makeFile(s); e != 0 {
			i.say("", "cannot make ", s.Path, ": ", e.Error(), at(s.Origin))
		}
	}
	umask(old)
}

// makeFile does one step. The last part of a path is never followed if it is a
// link: a folder that others may write to is no way out of it.
func makeFile(s *plan.BootStep) errno {
	if s.Kind != plan.BootWrite && s.Kind != plan.BootAppend && s.Kind != plan.BootAdjust {
		makeParents(s.Path, 0o755)
	}
	switch s.Kind {
	case plan.BootFolder:
		if e := mkdir(s.Path, s.Mode); e != 0 && e != syscall.EEXIST {
			return e
		}
		return adjust(s, syscall.S_IFDIR)
	case plan.BootFile, plan.BootTruncate:
		return fillFile(s)
	case plan.BootWrite:
		return writeInto(s, syscall.O_TRUNC)
	case plan.BootAppend:
		return writeInto(s, syscall.O_APPEND)
	case plan.BootLink, plan.BootForceLink:
		return makeLink(s)
	case plan.BootFIFO:
		if e := mknod(s.Path, syscall.S_IFIFO|s.Mode); e != 0 && e != syscall.EEXIST {
			return e
		}
		return adjust(s, syscall.S_IFIFO)
	}
	if e := adjust(s, 0); e != syscall.ENOENT {
		return e
	}
	return 0
}

// fillFile makes a file with its contents. One that is there keeps what is in
// it, unless the step says otherwise.
func fillFile(s *plan.BootStep) errno {
	const flags = syscall.O_WRONLY | syscall.O_CREAT | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	mode := s.Mode & 0o777
	if s.Mode == plan.KeepMode {
		mode = 0o644
	}
	fd, e := open(s.Path, flags|syscall.O_EXCL, mode)
	if e == syscall.EEXIST && s.Kind == plan.BootTruncate {
		fd, e = open(s.Path, flags|syscall.O_TRUNC, 0)
	}
	switch e {
	case 0:
		e = writeWhole(fd, s.Data)
		closeFD(fd)
		if e != 0 {
			return e
		}
	case syscall.EEXIST:
	default:
		return e
	}
	return adjust(s, syscall.S_IFREG)
}

// writeInto writes to what is there, a file of the kernel's as a rule. Nothing
// is there: nothing to do.
func writeInto(s *plan.BootStep, how int) errno {
	fd, e := open(s.Path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|how, 0)
	if e != 0 {
		if e == syscall.ENOENT {
			return 0
		}
		return e
	}
	e = writeWhole(fd, s.Data)
	closeFD(fd)
	return e
}

func writeWhole(fd int32, text string) errno {
	for len(text) > 0 {
		n, e := write(fd, bytesOf(text))
		if e != 0 {
			return e
		}
		if n <= 0 {
			return syscall.EIO
		}
		text = text[n:]
	}
	return 0
}

// makeLink makes a symbolic link, in the place of what is there if it is to be
// forced: a folder goes only if it is empty.
func makeLink(s *plan.BootStep) errno {
	e := symlink(s.Data, s.Path)
	if e != syscall.EEXIST {
		return e
	}
	if s.Kind == plan.BootLink {
		return 0
	}
	var b [1024]byte
	if to, e := readlink(s.Path, b[:]); e == 0 && to == s.Data {
		return 0
	}
	if e = unlink(s.Path); e == syscall.EISDIR || e == syscall.EPERM {
		e = rmdir(s.Path)
	}
	if e != 0 && e != syscall.ENOENT {
		return e
	}
	return symlink(s.Data, s.Path)
}

// adjust gives what is at the path its owner and mode; kind is the type of file
// that it must have, 0 for any but a link.
func adjust(s *plan.BootStep, kind uint32) errno {
	fd, e := open(s.Path, oPath|syscall.O_NOFOLLOW, 0)
	if e != 0 {
		return e
	}
	defer closeFD(fd)
	var st syscall.Stat_t
	if e := fstat(fd, &st); e != 0 {
		return e
	}
	switch is := st.Mode & syscall.S_IFMT; {
	case is == syscall.S_IFLNK:
		return syscall.ELOOP
	case kind != 0 && is != kind:
		return syscall.EEXIST
	}
	if e := ownFD(fd, s.UID, s.GID); e != 0 {
		return e
	}
	if s.Mode == plan.KeepMode || st.Mode&0o7777 == s.Mode && s.UID == plan.KeepID && s.GID == plan.KeepID {
		return 0
	}
	return modeFD(fd, s.Mode)
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

// modeFD changes its mode, which takes the file's name below /proc.
func modeFD(fd int32, mode uint32) errno {
	var b [32]byte
	path := append(b[:0], "/proc/self/fd/"...)
	path = appendInt(path, int64(fd))
	return chmod(string(path), mode)
}
