package runtime

import (
	"syscall"

	"rustysd/runtime/plan"
)

// Tmpfiles is the feature of files and folders that the boot makes, changes and
// removes, which systemd leaves to systemd-tmpfiles(8). It runs once, before the
// first unit, and what fails is logged: a service that needs it will say more.
func Tmpfiles(i *Init) { i.started = append(i.started, (*Init).makeFiles) }

func (i *Init) makeFiles() {
	if i.adopted {
		return // once for each boot
	}
	old := umask(0) // modes are meant as they are
	for n := range i.plan.Boot {
		s := i.plan.Boot[n] // a copy, in which the boot's own values are filled in
		if s.Flags&plan.BootMarked != 0 {
			s.Path, s.Data = i.spawner.expandEnv(s.Path), i.spawner.expandEnv(s.Data)
		}
		if e := makeFile(&s); e != 0 {
			i.say("", "cannot make ", s.Path, ": ", e.Error(), at(s.Origin))
		}
	}
	umask(old)
}

// makeFile does one step, or one for each file that its pattern names.
func makeFile(s *plan.BootStep) (e errno) {
	if s.Flags&plan.BootCredential != 0 {
		dir, ok := syscall.Getenv("CREDENTIALS_DIRECTORY")
		if !ok {
			return 0
		}
		if s.Data, e = readBounded(dir+"/"+s.Data, 1<<20); e != 0 {
			return hush(e, syscall.ENOENT)
		}
	}
	if s.Flags&plan.BootGlob == 0 {
		return makeOne(s)
	}
	one := *s
	for _, one.Path = range globPaths(s.Path) {
		if failed := makeOne(&one); failed != 0 && e == 0 {
			s.Path, e = one.Path, failed // what is logged
		}
	}
	return e
}

// makeOne does a step to one path. The last part of it is never followed if it
// is a link: a folder that others may write to is no way out of it.
func makeOne(s *plan.BootStep) errno {
	switch s.Kind {
	case plan.BootAdjust, plan.BootAdjustFolder, plan.BootXattr, plan.BootAttributes, plan.BootACL:
		if e := mayGo(s.Path); e != 0 {
			return e
		}
		return hush(changeThere(s), syscall.ENOENT)
	case plan.BootWrite:
		return hush(writeInto(s, 0), syscall.ENOENT)
	case plan.BootAppend:
		return hush(writeInto(s, syscall.O_APPEND), syscall.ENOENT)
	case plan.BootRemove:
		return hush(removeOne(s.Path), syscall.ENOENT)
	case plan.BootRemoveTree:
		return hush(clearTree(s.Path, true), syscall.ENOENT)
	case plan.BootEmpty:
		return hush(clearTree(s.Path, false), syscall.ENOENT)
	}
	if e := mayGo(parentOf(s.Path)); e != 0 {
		return e
	}
	kind := typeOf(s)
	if s.Flags&plan.BootReplace != 0 {
		var st syscall.Stat_t
		if lstat(s.Path, &st) == 0 && st.Mode&syscall.S_IFMT != kind {
			clearTree(s.Path, true)
		}
	}
	makeParents(s.Path, 0o755)
	if e := mayGo(parentOf(s.Path)); e != 0 {
		return e
	}
	return makeNew(s, kind)
}

// hush takes an error for a success.
//
//go:noinline
func hush(e, quiet errno) errno {
	if e == quiet {
		return 0
	}
	return e
}

// typeOf is the type of file that a step makes; 0 when there is nothing to copy.
func typeOf(s *plan.BootStep) uint32 {
	switch s.Kind {
	case plan.BootFolder:
		return syscall.S_IFDIR
	case plan.BootLink, plan.BootForceLink:
		return syscall.S_IFLNK
	case plan.BootFIFO:
		return syscall.S_IFIFO
	case plan.BootChar:
		return syscall.S_IFCHR
	case plan.BootBlock:
		return syscall.S_IFBLK
	case plan.BootCopy:
		var st syscall.Stat_t
		lstat(s.Data, &st)
		return st.Mode & syscall.S_IFMT
	}
	return syscall.S_IFREG
}

// makeNew makes what is not there, and gives it or what is there its owner.
func makeNew(s *plan.BootStep, kind uint32) (e errno) {
	switch s.Kind {
	case plan.BootFolder:
		e = mkdir(s.Path, modeOr(s, 0o755))
	case plan.BootFile, plan.BootTruncate:
		e = fillFile(s)
	case plan.BootLink, plan.BootForceLink:
		if s.Flags&plan.BootIfThere != 0 && !linkLeads(s) {
			return 0
		}
		e = makeLink(s)
	case plan.BootCopy:
		if kind == 0 {
			return 0
		}
		e = copyStep(s)
	default:
		e = makeNode(s, kind)
		if e == syscall.EPERM && kind != syscall.S_IFIFO {
			return 0 // in a container, whose manager has made what it wants
		}
	}
	if e != 0 && e != syscall.EEXIST {
		return e
	}
	if kind == syscall.S_IFLNK {
		kind = 0 // what is there instead is left alone, but for its owner
	}
	return adjust(s, kind, e == 0)
}

// modeOr is the mode of what is made.
func modeOr(s *plan.BootStep, mode uint32) uint32 {
	if s.Mode == plan.KeepMode {
		return mode
	}
	return s.Mode
}

// fillFile makes a file with its contents. One that is there keeps what is in
// it, unless the step says otherwise.
func fillFile(s *plan.BootStep) errno {
	const flags = syscall.O_WRONLY | syscall.O_CREAT | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	fd, made := open(s.Path, flags|syscall.O_EXCL, modeOr(s, 0o644)&0o777)
	e := made
	if e == syscall.EEXIST && s.Kind == plan.BootTruncate {
		fd, e = open(s.Path, flags|syscall.O_TRUNC, 0)
	}
	if e != 0 {
		return e
	}
	e = writeWhole(fd, s.Data)
	closeFD(fd)
	if e != 0 {
		return e
	}
	return made
}

// writeInto writes to what is there, a file of the kernel's as a rule.
func writeInto(s *plan.BootStep, how int) errno {
	if e := mayGo(parentOf(s.Path)); e != 0 {
		return e
	}
	fd, e := open(s.Path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|how, 0)
	if e != 0 {
		return e
	}
	if e = writeWhole(fd, s.Data); e == 0 {
		var st syscall.Stat_t
		if e = fstat(fd, &st); e == 0 {
			e = give(s, fd, &st, false)
		}
	}
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
// forced.
func makeLink(s *plan.BootStep) errno {
	e := symlink(s.Data, s.Path)
	if e != syscall.EEXIST || s.Kind == plan.BootLink {
		return e
	}
	var b [1024]byte
	if to, e := readlink(s.Path, b[:]); e == 0 && to == s.Data {
		return syscall.EEXIST
	}
	if e = hush(clearTree(s.Path, true), syscall.ENOENT); e != 0 {
		return e
	}
	return symlink(s.Data, s.Path)
}

// linkLeads says whether a link would lead to something.
func linkLeads(s *plan.BootStep) bool {
	to := s.Data
	if to != "" && to[0] != '/' {
		to = parentOf(s.Path) + "/" + to
	}
	return there(to)
}

// makeNode makes a FIFO or a device.
func makeNode(s *plan.BootStep, kind uint32) errno {
	mode := kind | modeOr(s, 0o644)
	e := mknod(s.Path, mode, s.Number)
	if e != syscall.EEXIST || s.Flags&plan.BootForce == 0 {
		return e
	}
	var st syscall.Stat_t
	if lstat(s.Path, &st) == 0 && st.Mode&syscall.S_IFMT == kind {
		return e
	}
	if e = hush(clearTree(s.Path, true), syscall.ENOENT); e != 0 {
		return e
	}
	return mknod(s.Path, mode, s.Number)
}
