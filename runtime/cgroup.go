package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// groups is the tree of cgroup v2 below the init's own group: one for each
// unit that was started. A child is born in its group (CLONE_INTO_CGROUP), so
// that nothing can leave it by forking, and the kernel kills a whole group at
// once (cgroup.kill). Where no tree can be written, the process table does its
// best: see kill.go.
//
// Whether a group is empty is first asked by removing it, which the kernel
// refuses while a process is in it: one call at the exit of the last process
// that the init knows, and for nearly all units the group is then gone too.
// Only for the others its cgroup.events is watched, by one inotify for all.
type groups struct {
	usable  bool
	slice   string // the folder of the units' groups, with a final slash
	name    string // its last part between slashes, "/system.slice/"
	own     string // the init's own group in the kernel's words, "" for the root
	inotify int32
	// made is told of each group that was made, before anything is in it.
	made func(i *Init, id plan.UnitID, path string)
	// pressure tells a command where its group's memory.pressure is.
	pressure func(i *Init, r *spawnRequest, g *plan.Group)
	// inner is the folder in a delegated group that a command runs in.
	inner func(i *Init, u *plan.Unit, role plan.Role, path string) string
}

// base is the folder of the init's own group, with a final slash.
//
//go:noinline
func (g *groups) base() string { return g.slice[:len(g.slice)-len(g.name)+1] }

// groupPath is the folder of a unit's group. Slice= puts it elsewhere than
// into system.slice; beside another manager's slices, below the init's own.
//
//go:noinline
func (i *Init) groupPath(id plan.UnitID) string {
	return i.groups.sliceOf(&i.plan.Units[id]) + i.plan.Units[id].Name
}

func (g *groups) sliceOf(u *plan.Unit) string {
	if u.Group == nil || u.Group.Slice == "" {
		return g.slice
	}
	return g.slices() + u.Group.Slice + "/"
}

// slices is the folder that slices lie in.
//
//go:noinline
func (g *groups) slices() string {
	if g.name == systemSlice {
		return g.base()
	}
	return g.slice
}

const systemSlice = "/system.slice/"

// find looks for a tree that can be written.
func (g *groups) find() {
	var buf [4096]byte
	own, e := readFile("/proc/self/cgroup", buf[:])
	if e != 0 {
		return
	}
	path, ok := unifiedPath(string(own))
	if !ok {
		return
	}
	for _, root := range [...]string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st syscall.Statfs_t
		if statfs(root, &st) != 0 || st.Type != cgroup2Magic {
			continue
		}
		g.own = strings.TrimSuffix(path, "/")
		if g.take(root + g.own) {
			return
		}
	}
}

// unifiedPath finds the line "0::PATH" of /proc/self/cgroup.
func unifiedPath(text string) (string, bool) {
	for len(text) > 0 {
		line := text
		if n := indexByte(text, '\n'); n >= 0 {
			line, text = text[:n], text[n+1:]
		} else {
			text = ""
		}
		if len(line) > 3 && line[:3] == "0::" {
			return line[3:], true
		}
	}
	return "", false
}

// take makes the folder for the units. One that is there already is another
// manager's, whose units must not be ours: then it gets a name of its own.
func (g *groups) take(base string) bool {
	g.name = systemSlice
	e := mkdir(base+g.name[:len(g.name)-1], 0o755)
	if e == syscall.EEXIST {
		var id [32]byte
		newInvocation(&id)
		g.name = "/system-" + string(id[:8]) + ".slice/"
		e = mkdir(base+g.name[:len(g.name)-1], 0o755)
	}
	g.slice, g.usable = base+g.name, e == 0
	return g.usable
}

// leave removes the folder, at the end.
func (g *groups) leave() {
	if g.usable {
		rmdir(g.slice[:len(g.slice)-1])
	}
}

// makeGroup makes the group of a unit and opens it, for its next process.
func (i *Init) makeGroup(id plan.UnitID, role plan.Role) (int32, errno) {
	path, st := i.groupPath(id), &i.units[id]
	if st.killed { // a new one, if all have gone
		i.unwatchGroup(st)
		i.removeGroup(id)
	}
	e := mkdir(path, 0o755)
	if e != 0 && e != syscall.EEXIST {
		return noFD, e
	}
	if e == 0 {
		st.killed = false
	}
	if (e == 0 || !st.hasGroup) && i.groups.made != nil {
		i.groups.made(i, id, path)
	}
	st.hasGroup = true
	if u := &i.plan.Units[id]; u.Group != nil && u.Group.Delegate && i.groups.inner != nil {
		path = i.groups.inner(i, u, role, path)
	}
	return open(path, oPath|syscall.O_DIRECTORY, 0)
}

// removeGroup removes the group if nothing is in it.
func (i *Init) removeGroup(id plan.UnitID) errno {
	e := rmdir(i.groupPath(id))
	if e == 0 || e == syscall.ENOENT {
		i.units[id].hasGroup = false
		return 0
	}
	return e
}

// procs reads the processes of a group, as many as fit.
func procsOf(path string, b []byte) []byte {
	out, e := readFile(path+"/cgroup.procs", b)
	if e != 0 {
		return nil
	}
	return out
}

// populated asks cgroup.events, which counts the groups below.
func populated(path string) bool {
	var buf [256]byte
	text, e := readFile(path+"/cgroup.events", buf[:])
	if e != 0 {
		return false
	}
	const key = "populated "
	for n := 0; n+len(key) < len(text); n++ {
		if string(text[n:n+len(key)]) == key {
			return text[n+len(key)] == '1'
		}
	}
	return false
}

// watch hears of changes of a unit's group.
func (i *Init) watchGroup(id plan.UnitID) {
	g, st := &i.groups, &i.units[id]
	if st.watched != 0 {
		return
	}
	if g.inotify == 0 {
		fd, e := inotifyInit()
		if e != 0 {
			return // checkGroups still looks at each exit
		}
		g.inotify = fd
		i.on[watchGroups] = (*Init).groupsChanged
		epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchGroups, 0)
	}
	wd, e := inotifyAdd(g.inotify, i.groupPath(id)+"/cgroup.events", syscall.IN_MODIFY)
	if e == 0 {
		st.watched = wd
	}
}

func (i *Init) unwatchGroup(st *unitState) {
	if st.watched != 0 {
		inotifyRemove(i.groups.inotify, st.watched)
		st.watched = 0
	}
}

// groupsChanged only empties the inotify: checkGroups looks at all units that
// wait, which are few when this happens.
func (i *Init) groupsChanged(fd int32, _ uint32) {
	var buf [4096]byte
	for {
		n, e := read(i.groups.inotify, buf[:])
		if e != 0 || n < len(buf)-300 {
			return
		}
	}
}

// checkGroups tells of the groups that are empty now.
func (i *Init) checkGroups() {
	if i.waitingGroups == 0 {
		return
	}
	var looked, sure bool
	for id := range i.units {
		st := &i.units[id]
		if !st.awaiting || st.children > 0 {
			continue
		}
		if i.groups.usable && st.hasGroup {
			if i.startOf(plan.UnitID(id)) != nil {
				continue // its child is in the group, or has yet to be born there
			}
			i.checkCgroup(plan.UnitID(id), st)
			continue
		}
		if !looked {
			if looked, sure = true, i.adoptOrphans(); !sure {
				i.sweepWithin(sweepDelay)
			}
		}
		if st.children == 0 && sure {
			i.groupEmpty(plan.UnitID(id), st)
		} else if st.killing {
			i.wantSweep(plan.UnitID(id), uint8(syscall.SIGKILL), 0, 0, false)
		}
	}
}

// checkCgroup asks for the group of one unit. What happened before the watch
// is not told, so it is asked for again after it was made.
func (i *Init) checkCgroup(id plan.UnitID, st *unitState) {
	if i.removeGroup(id) != 0 {
		i.watchGroup(id)
		path := i.groupPath(id)
		if populated(path) {
			return
		}
		removeGroups(path, 8)
		st.hasGroup = false
	}
	i.groupEmpty(id, st)
}

// removeGroups removes a group with those that the unit made below it.
func removeGroups(path string, depth int) {
	if e := rmdir(path); e == 0 || e == syscall.ENOENT || depth == 0 {
		return
	}
	eachGroup(path, func(sub string) { removeGroups(sub, depth-1) })
	rmdir(path)
}

// eachGroup calls f with each group right below one.
func eachGroup(path string, f func(path string)) {
	fd, e := open(path, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if e != 0 {
		return
	}
	var buf [2048]byte
	for {
		n, e := getdents(fd, buf[:])
		if e != 0 || n == 0 {
			break
		}
		for b := buf[:n]; len(b) > 0; {
			var name string
			var kind uint8
			name, kind, b = nextEntry(b)
			if kind == syscall.DT_DIR && name != "." && name != ".." {
				f(path + "/" + name)
			}
		}
	}
	closeFD(fd)
}

func (i *Init) groupEmpty(id plan.UnitID, st *unitState) {
	st.awaiting, st.killing = false, false
	i.waitingGroups--
	i.unwatchGroup(st)
	i.post(machine.Event{Kind: machine.EvGroupEmpty, Unit: id})
}

// await makes sure that EvGroupEmpty comes.
func (i *Init) await(st *unitState) {
	if !st.awaiting {
		st.awaiting = true
		i.waitingGroups++
	}
}
