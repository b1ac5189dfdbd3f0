package runtime

import (
	"syscall"

	"rustysd/runtime/plan"
)

// Who may be mapped in a user namespace is written from outside of it, by
// somebody who may act as them (user_namespaces(7)): not by the child that is to
// be in there. So a helper is cloned into it which does nothing, the init
// writes the maps, opens the namespace, and ends the helper.

// helper is a process that is in new namespaces, and does nothing.
type helper struct {
	pid int32
	dir string
}

// makeUsers makes a namespace with the init's user and the request's own user
// and group, each as what it is outside; all others are nobody there, unless the
// call says that more are mapped (systemd.exec(5), "PrivateUsers="). The helper,
// which is nil when there is none, is in further ones too.
func makeUsers(r *spawnRequest, further uint64) (*helper, int32, syscall.Errno) {
	uid, gid, more := usersOf(r)
	h, errno := cloneHelper(further)
	if errno != 0 {
		return nil, noFD, errno
	}
	fd, errno := h.open(spaceNames[spaceUsers])
	for tries := 0; errno == syscall.EACCES && tries < helperTries; tries++ {
		pause(1)
		fd, errno = h.open(spaceNames[spaceUsers])
	}
	if errno == 0 {
		if errno = h.writeMaps(uid, gid, more); errno != 0 {
			closeFD(fd)
			fd = noFD
		}
	}
	return h, fd, errno
}

// open opens one of its namespaces.
func (h *helper) open(name string) (int32, syscall.Errno) { return openBeside(h.dir + name) }

// end ends it; there need be none.
func (h *helper) end() {
	if h == nil {
		return
	}
	kill(h.pid, uint8(syscall.SIGKILL))
	// The loop may have been faster: then there is nobody to wait for.
	syscall.Syscall6(syscall.SYS_WAIT4, uintptr(h.pid), 0, wAll, 0, 0, 0)
}

// helperTries is for how many milliseconds a helper may take to become
// dumpable. It is not from the start if a child is just changing its user (see
// spawner.mend); without CAP_SYS_PTRACE nobody looks into /proc/PID/ns then.
const helperTries = 2000

// usersOf are the user and group that the call which enters the namespace says.
func usersOf(r *spawnRequest) (uid, gid uint32, more uint64) {
	for n := range r.exec.Calls {
		c := &r.exec.Calls[n]
		if c.Slot[0] != plan.SlotSpace || c.Arg[0] != spaceUsers {
			continue
		}
		b := builder{req: r}
		return uint32(b.argument(c, c.Slot[2], c.Arg[2])), uint32(b.argument(c, c.Slot[3], c.Arg[3])), c.Arg[4]
	}
	return 0, 0, 0
}

// writeMaps maps the init's user and one more. An init that may not act as
// others maps itself alone.
func (h *helper) writeMaps(uid, gid uint32, more uint64) syscall.Errno {
	if more > 0 {
		text := identityMaps[min(more, uint64(len(identityMaps)))-1]
		if e := writeBeside(h.dir+"uid_map", text); e != 0 {
			return e
		}
		return writeBeside(h.dir+"gid_map", text)
	}
	writeBeside(h.dir+"setgroups", "deny") // not there before Linux 3.19
	if e := writeMap(h.dir+"uid_map", uint32(syscall.Geteuid()), uid); e != 0 {
		return e
	}
	return writeMap(h.dir+"gid_map", uint32(syscall.Getegid()), gid)
}

// identityMaps are the first 65536, and all; the last in two lines, so that
// nobody takes it for that of the first namespace, as systemd does.
var identityMaps = [...]string{"0 0 65536\n", "0 0 1\n1 1 4294967294\n"}

func writeMap(path string, own, id uint32) syscall.Errno {
	self := mapLine(own)
	if id == own {
		return writeBeside(path, self)
	}
	errno := writeBeside(path, self+mapLine(id))
	if errno == syscall.EPERM {
		errno = writeBeside(path, self)
	}
	return errno
}

// mapLine maps one to itself.
func mapLine(id uint32) string {
	text := itoa(int64(id))
	return text + " " + text + " 1\n"
}

// writeBeside writes a file at once; unlike writeFile it may be called beside
// the loop.
func writeBeside(path, text string) syscall.Errno {
	fd, err := syscall.Open(path, syscall.O_WRONLY|oCloexec, 0)
	if err == nil {
		_, err = syscall.Write(fd, []byte(text))
		closeFD(int32(fd))
	}
	errno, _ := err.(syscall.Errno)
	return errno
}

// cloneHelper makes a helper in a new user namespace, and in further ones. It
// waits until it is killed, and runs a table as other children do (child.go).
func cloneHelper(further uint64) (*helper, syscall.Errno) {
	a, errno := newArena(arenaSize)
	if errno != 0 {
		return nil, errno
	}
	a.reset(3)
	dump := a.add(syscall.SYS_PRCTL, 0)
	dump.arg[0], dump.arg[1] = syscall.PR_SET_DUMPABLE, 1
	a.add(syscall.SYS_PPOLL, 0)
	a.add(pseudoFail, 0)
	old := blockSignals()
	pid := childClone(syscall.CLONE_NEWUSER|further|uint64(syscall.SIGCHLD), a.stackTop(), 0, a.base())
	restoreSignals(old)
	a.unmap()
	if pid < 0 {
		return nil, syscall.Errno(-pid)
	}
	return &helper{pid: int32(pid), dir: "/proc/" + itoa(pid) + "/"}, 0
}
