package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// findMainPID settles which process a message names as the main one (sd_notify(3),
// "MAINPID=", "MAINPIDFDID=", "MAINPIDFD=1"), and takes the field out when that
// process may not be it.
func (i *Init) findMainPID(n *machine.Notify, more *notifyWords, unit plan.UnitID, uid uint32) {
	if more.pidFD {
		i.pidFromFD(n, unit)
	}
	if n.Fields&machine.NotifyMainPID == 0 {
		return
	}
	why := ""
	switch {
	case !i.mayBeMain(n.MainPID, unit, uid):
		why = "not a process of the unit"
	case more.hasID && !hasPIDFDID(n.MainPID, more.pidID):
		why = "MAINPIDFDID= is another process's"
	default:
		return
	}
	n.Fields &^= machine.NotifyMainPID
	i.sayUnit(unit, "MAINPID=", itoa(int64(n.MainPID)), " ignored: ", why)
}

// pidFromFD takes the process from the pidfd that came along.
func (i *Init) pidFromFD(n *machine.Notify, unit plan.UnitID) {
	n.Fields &^= machine.NotifyMainPID
	if len(i.inbox().fds) == 1 {
		if pid, ok := pidOfFD(i.inbox().fds[0]); ok {
			n.MainPID = pid
			n.Fields |= machine.NotifyMainPID
			return
		}
	}
	i.sayUnit(unit, "MAINPIDFD=1 ignored: it goes with one pidfd of a process that is there")
}

// pidOfFD is the process of a pidfd, by the number that it has here.
func pidOfFD(fd int32) (int32, bool) {
	const key = "\nPid:\t"
	var buf [1024]byte
	text, e := readFile("/proc/thread-self/fdinfo/"+itoa(int64(fd)), buf[:])
	if e != 0 {
		return 0, false
	}
	for at := 0; at+len(key) < len(text); at++ {
		if string(text[at:at+len(key)]) != key {
			continue
		}
		line := text[at+len(key):]
		if end := indexNewline(line); end >= 0 {
			line = line[:end]
		}
		pid, ok := atoi(line) // -1 when it has ended
		return int32(pid), ok && pid > 0
	}
	return 0, false
}

// hasPIDFDID compares the number of a pidfd's inode, which no other process ever
// gets. Before Linux 6.9 all have the same one, which says nothing.
func hasPIDFDID(pid int32, id uint64) bool {
	const pidfsMagic = 0x50494446
	fd, e := pidfdOpen(pid)
	if e != 0 {
		return false
	}
	var at syscall.Statfs_t
	var st syscall.Stat_t
	_, _, e = syscall.RawSyscall(syscall.SYS_FSTATFS, uintptr(fd), uintptr(unsafe.Pointer(&at)), 0)
	same := e != 0 || at.Type != pidfsMagic || fstat(fd, &st) == 0 && st.Ino == id
	closeFD(fd)
	return same
}

// mayBeMain: a process of the unit, or one that exists and that root named.
func (i *Init) mayBeMain(pid int32, unit plan.UnitID, uid uint32) bool {
	if pid <= 1 || pid == i.pid || !i.exists(pid) {
		return false
	}
	return i.unitOfPID(pid) == unit || uid == 0 && i.unitOfPID(pid) == plan.NoUnit
}
