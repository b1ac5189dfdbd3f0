package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// Trees are gone through by open folders and names in them, never by paths: who
// may write to a folder cannot lead a step elsewhere with a link.

// mayGo refuses a path that leads from what a user owns to what somebody else
// owns, as far as it exists: that user may have put it there.
func mayGo(path string) errno {
	var owner uint32
	var st syscall.Stat_t
	for n := 1; n <= len(path); n++ {
		if n < len(path) && path[n] != '/' {
			continue
		}
		if lstat(path[:n], &st) != 0 {
			return 0
		}
		if owner != 0 && st.Uid != owner {
			return syscall.EPERM
		}
		owner = st.Uid
		if st.Mode&syscall.S_IFMT == syscall.S_IFLNK {
			if syscall.Stat(path[:n], &st) != nil || owner != 0 && st.Uid != owner {
				return syscall.EPERM
			}
			owner = st.Uid
		}
	}
	return 0
}

// eachBelow calls do for all that is in a folder and below, each open with
// O_PATH.
func eachBelow(dir int32, depth int, do func(fd int32, st *syscall.Stat_t)) {
	if depth == maxDepth {
		return
	}
	for _, name := range listDir(fdPath(dir)) {
		fd, e := openat(dir, name, oPath|syscall.O_NOFOLLOW, 0)
		if e != 0 {
			continue // it has gone
		}
		var st syscall.Stat_t
		if fstat(fd, &st) == 0 {
			do(fd, &st)
			if st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
				eachBelow(fd, depth+1, do)
			}
		}
		closeFD(fd)
	}
}

// removeOne removes a file, or a folder that is empty.
func removeOne(path string) errno {
	e := unlink(path)
	if e == syscall.EISDIR {
		e = rmdir(path)
	}
	return e
}

// clearTree removes all that is in a folder, and with whole what is at the path
// itself, be it a folder or not. Other file systems that are mounted there stay
// as they are.
func clearTree(path string, whole bool) errno {
	fd, e := open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	switch {
	case e == syscall.ENOTDIR || e == syscall.ELOOP:
		if whole {
			return unlink(path)
		}
		return 0
	case e != 0:
		return e
	}
	var st syscall.Stat_t
	if e = fstat(fd, &st); e == 0 {
		e = clearDir(fd, st.Dev, 0)
	}
	closeFD(fd)
	if e == 0 && whole {
		e = rmdir(path)
	}
	return e
}

// clearDir removes the contents of an open folder of a file system; it tells the
// first that cannot be removed, and goes on.
func clearDir(dir int32, dev uint64, depth int) (failed errno) {
	for _, name := range listDir(fdPath(dir)) {
		e := unlinkat(dir, name, 0)
		if e == syscall.EISDIR && depth < maxDepth {
			if e = clearEntry(dir, name, dev, depth); e == 0 {
				e = unlinkat(dir, name, atRemoveDir)
			}
		}
		if e != 0 && e != syscall.ENOENT && e != syscall.EXDEV && failed == 0 {
			failed = e
		}
	}
	return failed
}

// clearEntry empties a folder in a folder; EXDEV says that it is a mount.
func clearEntry(dir int32, name string, dev uint64, depth int) errno {
	fd, e := openat(dir, name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if e != 0 {
		return e
	}
	var st syscall.Stat_t
	if e = fstat(fd, &st); e == 0 {
		if e = syscall.EXDEV; st.Dev == dev {
			e = clearDir(fd, dev, depth+1)
		}
	}
	closeFD(fd)
	return e
}

// copyStep is BootCopy: nothing is copied over what is there, but into a folder
// that is empty, or with BootForce into any.
func copyStep(s *plan.BootStep) errno {
	c := copier{uid: s.UID, gid: s.GID, merge: s.Flags&plan.BootForce != 0}
	if s.Flags&plan.BootUIDNew != 0 {
		c.uid = plan.KeepID
	}
	if s.Flags&plan.BootGIDNew != 0 {
		c.gid = plan.KeepID
	}
	return c.copy(s.Data, s.Path, c.merge || len(listDir(s.Path)) == 0, 0)
}

// copier copies trees.
type copier struct {
	uid, gid uint32 // KeepID: as the original has it
	merge    bool
}

// copy copies what is at a path, with its mode, owner and times. EEXIST says that
// something was there; into is set when a folder that is there may be filled.
func (c *copier) copy(from, to string, into bool, depth int) errno {
	var st syscall.Stat_t
	if e := lstat(from, &st); e != 0 {
		return e
	}
	mode := st.Mode & 0o7777
	made := errno(0)
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		made = mkdir(to, 0o700)
		if made != 0 && !(made == syscall.EEXIST && into) || depth == maxDepth {
			return made
		}
		if e := c.copyInto(from, to, depth); e != 0 {
			return e
		}
	case syscall.S_IFREG:
		made = copyFile(from, to)
	case syscall.S_IFLNK:
		var b [maxPath]byte
		target, e := readlink(from, b[:])
		if e != 0 {
			return e
		}
		made = symlink(target, to)
	case syscall.S_IFSOCK:
		return 0
	default:
		made = mknod(to, st.Mode, st.Rdev)
	}
	if made != 0 {
		return made
	}
	return c.dress(to, &st, mode)
}

// dress gives a copy what its original has.
func (c *copier) dress(to string, st *syscall.Stat_t, mode uint32) errno {
	uid, gid := c.uid, c.gid
	if uid == plan.KeepID {
		uid = st.Uid
	}
	if gid == plan.KeepID {
		gid = st.Gid
	}
	if e := chown(to, int32(uid), int32(gid)); e != 0 {
		return e
	}
	if st.Mode&syscall.S_IFMT == syscall.S_IFLNK {
		return 0
	}
	times := [2]syscall.Timespec{st.Atim, st.Mtim}
	p := path1.set(to)
	syscall.RawSyscall6(syscall.SYS_UTIMENSAT, cwd(), uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	return chmod(to, mode)
}

// copyInto copies what is in a folder. The copies are reached by the open folder:
// its name may lead elsewhere by now.
func (c *copier) copyInto(from, to string, depth int) (failed errno) {
	dir, e := open(to, oPath|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if e != 0 {
		return e
	}
	for _, name := range listDir(from) {
		e := c.copy(from+"/"+name, fdPath(dir)+"/"+name, c.merge, depth+1)
		if e != 0 && e != syscall.EEXIST && failed == 0 {
			failed = e
		}
	}
	closeFD(dir)
	return failed
}

// copyFile makes a file with the contents of another.
func copyFile(from, to string) errno {
	in, e := open(from, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if e != 0 {
		return e
	}
	out, e := open(to, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if e == 0 {
		buf := make([]byte, 64<<10)
		n := 1
		for e == 0 && n > 0 {
			if n, e = read(in, buf); e == 0 && n > 0 {
				e = writeWhole(out, unsafe.String(&buf[0], n))
			}
		}
		closeFD(out)
	}
	closeFD(in)
	return e
}
