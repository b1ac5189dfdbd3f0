package runtime

import (
	"sync"
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Directories is the feature of directories that go when a service stops. The
// loop only moves a directory out of the way, so that the service's next start
// finds none; a goroutine of its own removes it, however large it is.
func Directories(i *Init) {
	startRemovals(i)
	i.closing = append(i.closing, (*Init).removeDirectories)
}

// removals are the directories that are to be removed, the first of which is
// under way. One goroutine works on them as long as there are any.
type removals struct {
	mu    sync.Mutex
	paths []string
}

// startRemovals makes the list, once.
func startRemovals(i *Init) {
	if i.remove == nil {
		r := &removals{}
		i.remove, i.removing = r.add, r.list
	}
}

func (r *removals) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.paths...)
}

// add hands a directory over.
func (r *removals) add(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, path)
	if len(r.paths) == 1 {
		go r.work()
	}
}

// work removes all that there is. It stays in the list until it is gone, so
// that it can be begun anew.
func (r *removals) work() {
	for path := r.first(); path != ""; path = r.done() {
		removeGuarded(path)
	}
}

func (r *removals) first() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.paths[0]
}

// done takes the first off, and answers the next, "" when there is none.
func (r *removals) done() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.paths = r.paths[1:]; len(r.paths) == 0 {
		r.paths = nil
		return ""
	}
	return r.paths[0]
}

// removeGuarded: a fault beside the loop is nobody's to catch but here, and
// would end the init.
func removeGuarded(path string) {
	defer func() { _ = recover() }()
	removeTree(path)
}

func (i *Init) removeDirectories(a *machine.Action) {
	s := i.plan.Units[a.Unit].Service
	if s == nil || s.Exec == nil || s.Flags&plan.RuntimeDirectoryPreserve != 0 {
		return
	}
	if a.Value == 1 && s.Flags&plan.RuntimeDirectoryPreserveOnRestart != 0 {
		return
	}
	for _, path := range s.Exec.Remove {
		i.removeDirectory(path)
	}
}

// removeDirectory moves path away and hands it over.
func (i *Init) removeDirectory(path string) {
	if rmdir(path) == 0 {
		return // the usual case: it is empty
	}
	var id [32]byte
	newInvocation(&id)
	aside := parentOf(path) + "/.removed-" + string(id[:])
	if parentOf(path) == "/" {
		aside = "/.removed-" + string(id[:])
	}
	switch rename(path, aside) {
	case 0:
		path = aside
	case syscall.ENOENT:
		return
	}
	i.remove(path)
}

// removeTree removes a directory with all that is in it, and never leaves it:
// each step goes from an open directory to a name in it that is no link.
func removeTree(path string) {
	p := append([]byte(path), 0)
	if at := unlinkName(atFDCWD, &p[0], 0); at == 0 || at == syscall.ENOENT {
		return
	}
	if fd, e := openDir(atFDCWD, &p[0]); e == 0 {
		emptyDir(fd, 0)
		closeFD(fd)
	}
	unlinkName(atFDCWD, &p[0], atRemoveDir)
}

const maxDepth = 256

// emptyDir removes the contents of an open directory. It begins anew until
// nothing more can be removed, since removing moves what getdents(2) reads.
func emptyDir(dir int32, depth int) {
	buf := make([]byte, 4096)
	for removed := true; removed && depth < maxDepth; {
		removed = false
		syscall.RawSyscall(syscall.SYS_LSEEK, uintptr(dir), 0, 0)
		for {
			n, e := getdents(dir, buf)
			if e != 0 || n <= 0 {
				break
			}
			for b := buf[:n]; len(b) > 0; {
				name, _, rest := nextEntry(b)
				if name != "" && name != "." && name != ".." && removeEntry(dir, unsafe.StringData(name), depth) {
					removed = true
				}
				b = rest
			}
		}
	}
}

// removeEntry removes one entry; its name ends in NUL in the kernel's buffer.
func removeEntry(dir int32, name *byte, depth int) bool {
	e := unlinkName(dir, name, 0)
	if e != syscall.EISDIR && e != syscall.EPERM {
		return e == 0
	}
	if fd, e := openDir(dir, name); e == 0 {
		emptyDir(fd, depth+1)
		closeFD(fd)
	}
	return unlinkName(dir, name, atRemoveDir) == 0
}

func unlinkName(dir int32, name *byte, flags int) errno {
	_, _, e := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(flags))
	return e
}

func openDir(dir int32, name *byte) (int32, errno) {
	const flags = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	fd, _, e := syscall.Syscall6(syscall.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(name)), flags, 0, 0, 0)
	return int32(fd), e
}
