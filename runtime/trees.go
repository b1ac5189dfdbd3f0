package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// Trees is the feature of units with directories of their own. One that is there
// already may belong to somebody else: to a user that the unit had until now, or
// that had another number in another image. Then all that is in it becomes the
// unit's (systemd.exec(5), "RuntimeDirectory="). A child has no calls for that,
// so it is done before, beside the loop; when the directory itself is the unit's
// it has been done before, and nobody looks into it.
func Trees(i *Init) {
	i.started = append(i.started, func(i *Init) {
		i.spawner.trees = takeTrees
		i.spawner.makers = append(i.spawner.makers, isRight)
	})
}

// isRight says whether a directory has the mode or the owner that a call is to
// give it. Then the call is left out: on a file system that is read-only it
// would fail all the same.
func isRight(b *builder, c *plan.Call) bool {
	if c.Sys != plan.SysFchmodat && c.Sys != plan.SysFchownat || !ofDirectory(c.Step) {
		return false
	}
	var st syscall.Stat_t
	if syscall.Stat(ownedPath(c), &st) != nil {
		return false
	}
	if c.Sys == plan.SysFchmodat {
		return uint64(st.Mode&0o7777) == c.Arg[2]
	}
	return uint64(st.Uid) == b.argument(c, c.Slot[2], c.Arg[2]) && uint64(st.Gid) == b.argument(c, c.Slot[3], c.Arg[3])
}

// ownedPath is the path that fchmodat(2) or fchownat(2) gets.
func ownedPath(c *plan.Call) string {
	path := c.Data[c.Arg[1]:]
	return path[:strings.IndexByte(path, 0)]
}

// ofDirectory says whether a step makes one of the unit's directories.
func ofDirectory(s plan.Step) bool {
	return s == plan.StepRuntimeDirectory || s >= plan.StepStateDirectory && s <= plan.StepConfigurationDirectory
}

// takeTrees takes over the directories of a request, and with do false only
// says whether there are any to take over.
func takeTrees(r *spawnRequest, do bool) (found bool) {
	for n := range r.exec.Calls {
		c := &r.exec.Calls[n]
		if c.Sys != plan.SysFchownat || !ofDirectory(c.Step) || c.Step == plan.StepConfigurationDirectory { // which is made anew, or stays
			continue
		}
		t := ownedTree{path: ownedPath(c), uid: ownerID(r, c, 2), gid: ownerID(r, c, 3)}
		t.path = strings.TrimSuffix(t.path, "/")
		if !t.foreign() {
			continue
		}
		if found = true; !do {
			break
		}
		t.take()
	}
	return found
}

// ownerID is an id among the arguments of a call, as the child will have it.
func ownerID(r *spawnRequest, c *plan.Call, n int) uint32 {
	switch c.Slot[n] {
	case plan.SlotUID:
		return r.login.uid
	case plan.SlotGID:
		return r.login.gid
	}
	return uint32(c.Arg[n])
}

// leaveID leaves an id as it is.
const leaveID = 1<<32 - 1

// ownedTree is a directory that is to be a user's.
type ownedTree struct {
	path     string
	uid, gid uint32
	// back is set when it is still where DynamicUser= has put it, and the unit
	// has no such user any more.
	back bool
}

// privatePart is where the directories of dynamic users lie (systemd.exec(5),
// "DynamicUser=").
const privatePart = "/private/"

// foreign says whether there is something to do, and finds where it lies now.
func (t *ownedTree) foreign() bool {
	var st syscall.Stat_t
	if syscall.Lstat(t.path, &st) != nil {
		at := strings.Index(t.path, privatePart)
		if at < 0 {
			return false
		}
		// The child will move it there.
		t.path = t.path[:at] + t.path[at+len(privatePart)-1:]
		if syscall.Lstat(t.path, &st) != nil {
			return false
		}
	}
	if st.Mode&syscall.S_IFMT == syscall.S_IFLNK {
		if t.back = t.privateTwin() != ""; t.back {
			return true
		}
		if syscall.Stat(t.path, &st) != nil {
			return false
		}
	}
	return st.Mode&syscall.S_IFMT == syscall.S_IFDIR && (t.uid != leaveID && st.Uid != t.uid || t.gid != leaveID && st.Gid != t.gid)
}

// privateTwin is the directory that the path leads to when it is the link that a
// unit with DynamicUser= has left; "" when it is not.
func (t *ownedTree) privateTwin() string {
	base := 1
	for _, name := range [...]string{"/run", "/var/lib", "/var/cache", "/var/log"} {
		if strings.HasPrefix(t.path, name+"/") {
			base = len(name)
		}
	}
	twin := t.path[:base] + privatePart[:len(privatePart)-1] + t.path[base:]
	var here, there syscall.Stat_t
	if base == 1 || syscall.Lstat(twin, &there) != nil || there.Mode&syscall.S_IFMT != syscall.S_IFDIR ||
		syscall.Stat(t.path, &here) != nil || here.Dev != there.Dev || here.Ino != there.Ino {
		return ""
	}
	return twin
}

// take gives all of a tree to its new owner, the top last.
func (t *ownedTree) take() {
	if t.back {
		twin := t.privateTwin()
		if twin == "" || syscall.Unlink(t.path) != nil || syscall.Rename(twin, t.path) != nil {
			return
		}
	}
	fd, err := syscall.Open(t.path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	t.below(int32(fd), 0)
	_ = syscall.Fchown(fd, int(int32(t.uid)), int(int32(t.gid)))
	syscall.Close(fd)
}

// below gives away what is in an open directory, by names in it that are no
// links: nothing leads out of the tree.
func (t *ownedTree) below(dir int32, depth int) {
	buf := make([]byte, 4096)
	for depth < maxDepth {
		n, e := getdents(dir, buf)
		if e != 0 || n <= 0 {
			return
		}
		for b := buf[:n]; len(b) > 0; {
			name, kind, rest := nextEntry(b)
			if b = rest; name == "." || name == ".." || name == "" {
				continue
			}
			p := unsafe.StringData(name) // it ends in NUL in the kernel's buffer
			syscall.Syscall6(syscall.SYS_FCHOWNAT, uintptr(dir), uintptr(unsafe.Pointer(p)), uintptr(t.uid), uintptr(t.gid), atSymlinkNofollow, 0)
			if kind != syscall.DT_DIR && kind != syscall.DT_UNKNOWN {
				continue
			}
			if fd, e := openDir(dir, p); e == 0 {
				t.below(fd, depth+1)
				closeFD(fd)
			}
		}
	}
}
