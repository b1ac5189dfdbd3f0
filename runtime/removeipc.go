package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/machine"
)

// RemoveIPC is the feature of units whose user's IPC objects go when the last
// unit of that user has stopped (systemd.exec(5), "RemoveIPC=").
func RemoveIPC(i *Init) {
	i.closing = append(i.closing, func(i *Init, a *machine.Action) {
		x := contextOf(&i.plan.Units[a.Unit])
		if x == nil || len(x.IPCPeers) == 0 {
			return
		}
		for _, peer := range x.IPCPeers {
			if peer != a.Unit && i.units[peer].children > 0 {
				return
			}
		}
		uid, _, known := i.owner(x, x.IPCUser, 0)
		if !known || uid == 0 {
			return
		}
		for n := range ipcKinds {
			ipcKinds[n].remove(uid)
		}
		i.removeOwned("/dev/shm", uid)
		i.removeOwned("/dev/mqueue", uid)
	})
}

// ipcKind is a kind of object of sysvipc(7): its file in /proc/sysvipc, in
// which column of it the owner is, and the call that removes one.
type ipcKind struct {
	file  string
	owner int
	call  uintptr
}

var ipcKinds = [...]ipcKind{
	{"shm", 7, syscall.SYS_SHMCTL},
	{"sem", 4, syscall.SYS_SEMCTL},
	{"msg", 7, syscall.SYS_MSGCTL},
}

// remove removes all objects of a user. IPC_RMID is 0, and so is what stands
// before it for a set of semaphores.
func (k *ipcKind) remove(uid uint32) {
	owner := itoa(int64(uid))
	for line := range strings.Lines(smallFile("/proc/sysvipc/" + k.file)) {
		words := strings.Fields(line)
		if len(words) <= k.owner || words[k.owner] != owner {
			continue
		}
		if id, ok := atoi(words[1]); ok {
			syscall.RawSyscall6(k.call, uintptr(id), 0, 0, 0, 0, 0)
		}
	}
}

// removeOwned removes what a user has right in a folder.
func (i *Init) removeOwned(dir string, uid uint32) {
	fd, e := open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if e != 0 {
		return
	}
	var owned []string
	var buf [4096]byte
	for {
		n, e := getdents(fd, buf[:])
		if e != 0 || n <= 0 {
			break
		}
		for b := buf[:n]; len(b) > 0; {
			var name string
			name, _, b = nextEntry(b)
			var st syscall.Stat_t
			if path := dir + "/" + name; name != "." && name != ".." && lstat(path, &st) == 0 && st.Uid == uid {
				owned = append(owned, strings.Clone(path))
			}
		}
	}
	closeFD(fd)
	for _, path := range owned {
		if unlink(path) != 0 {
			i.removeDirectory(path)
		}
	}
}
