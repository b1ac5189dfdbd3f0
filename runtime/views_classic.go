package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/plan"
)

// Before Linux 5.12 a mount has no attributes of its own calls, and before 5.2
// there are no trees off the file system. Then
//
//   - a tree is a bind mount in a folder of its own, the stage, and is moved from
//     there. The stage is reached by a descriptor, since what is mounted later
//     may hide it;
//   - attributes are changed by remounting, which takes one call for each mount
//     below a path, and each call says all flags: so the init reads which mounts
//     there are, and follows what the child mounts.
//
// The calls of the plan are translated when a child's table is written.

// maxClassic is how many calls such a view takes at most, beside the plan's.
const maxClassic = 2048

const (
	stageFolder = "/run/systemd/trees"
	// stageFD is where the child has the stage: below the trees, and below the
	// descriptor by which one is tried.
	stageFD = plan.FirstTree - 2
	msMove  = 0x2000
	msRec   = 0x4000
	// mountFlags are the flags of mount(2) that a mount has of its own and that
	// a remount must repeat; mount_setattr(2) has the same bits for them.
	mountFlags = syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC
)

// classicViews translates the table of one child at a time.
type classicViews struct {
	mounts []mountPoint // of the init
	made   []mountPoint // of the child, later ones count
	trees  []classicTree
	// others are where the child sees something else than the init.
	others []string
	// root is where the child's root is in the init's; folder is where the child
	// has gone.
	root, folder string
	// source is a tree that was opened and has no number yet; open says that the
	// descriptor is still to be closed.
	source      string
	flags       uint64
	may         plan.Tolerate
	open, stage bool
}

// mountPoint is a mount with its own flags.
type mountPoint struct {
	path  string
	flags uint64
}

// classicTree is a tree on the stage.
type classicTree struct {
	name  string
	at    string // what it shows
	from  string // where it was, "" for one that is without what is mounted below
	cell  uint64 // the address of what mounting it answered
	flags uint64
}

// call translates a call, or leaves it as it is.
func (v *classicViews) call(b *builder, c *plan.Call) bool {
	switch c.Sys {
	case plan.SysUnshare:
		if c.Arg[0]&syscall.CLONE_NEWNS != 0 {
			*v = classicViews{mounts: readMounts()}
		}
	case plan.SysChdir:
		v.folder = v.real(dataText(b, c, 0))
	case plan.SysMount:
		v.follow(b, c)
	case plan.SysOpenTree:
		v.source, v.flags, v.may, v.open = v.real(dataText(b, c, 1)), c.Arg[2], c.Tolerate, true
		return true
	case plan.SysDup3:
		return v.dup(b, c)
	case plan.SysClose:
		if n := c.Arg[0] - plan.FirstTree; c.Slot[0] == plan.SlotConst && n < uint64(len(v.trees)) {
			emit(b, pseudoMove, c.Step, b.put(^uint64(syscall.EBADF)+1), v.trees[n].cell)
			return true
		}
		closes := v.open && c.Slot[0] == plan.SlotKept
		v.open = v.open && !closes
		return closes
	case plan.SysOpenat:
		if n := c.Arg[0] - plan.FirstTree; c.Slot[0] == plan.SlotConst && n < uint64(len(v.trees)) {
			emit(b, pseudoMove, c.Step, v.trees[n].cell, b.keptAddr(), 1) // its folder is there in any case
			r := emit(b, syscall.SYS_OPENAT, c.Step, stageFD, textAt(b, v.trees[n].name+"/."), c.Arg[2])
			r.tolerate, r.save = tolerateAll, b.keptAddr()
			return true
		}
	case plan.SysMoveMount:
		v.move(b, c)
		return true
	case plan.SysMountSetattr:
		v.attributes(b, c)
		return true
	case plan.SysPivotRoot:
		// The stage lies in the old root, so that one stays, below the new one.
		v.enter(v.folder)
		r := emit(b, syscall.SYS_CLOSE, c.Step, ^uint64(0))
		r.tolerate, r.save = tolerateAll, b.keptAddr()
		return true
	}
	return false
}

// dup gives a tree that was opened its number, and puts it on the stage; or it
// says whether a tree is there.
func (v *classicViews) dup(b *builder, c *plan.Call) bool {
	switch n := c.Arg[0] - plan.FirstTree; {
	case c.Slot[0] == plan.SlotKept && v.open && c.Arg[1] >= plan.FirstTree:
		v.put(b, c)
		return true
	case c.Slot[0] == plan.SlotConst && n < uint64(len(v.trees)):
		emit(b, pseudoMove, c.Step, v.trees[n].cell, b.keptAddr())
		return true
	}
	return false
}

// put mounts a tree on the stage. What is not there yet is taken for a folder:
// only such are made by the child itself.
func (v *classicViews) put(b *builder, c *plan.Call) {
	if !v.stage {
		v.stage = true
		v.makeStage(b, c.Step)
	}
	n := int(c.Arg[1] - plan.FirstTree)
	for len(v.trees) <= n {
		v.trees = append(v.trees, classicTree{name: itoa(int64(len(v.trees))), cell: b.put(^uint64(syscall.EBADF) + 1)})
	}
	t := &v.trees[n]
	t.at, t.flags = v.source, v.flagsOf(v.source)
	var st syscall.Stat_t
	emit(b, syscall.SYS_FCHDIR, c.Step, stageFD)
	if fileAt(v.source, &st) == 0 && st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		emit(b, syscall.SYS_MKNODAT, c.Step, atCwd, textAt(b, t.name), syscall.S_IFREG).tolerate = tolerateAll
	} else {
		emit(b, syscall.SYS_MKDIRAT, c.Step, atCwd, textAt(b, t.name), 0o700).tolerate = tolerateAll
	}
	flags := uint64(syscall.MS_BIND)
	t.from = ""
	if v.flags&atRecursive != 0 {
		flags |= msRec
		t.from = v.source
	}
	r := emit(b, syscall.SYS_MOUNT, c.Step, textAt(b, v.source), textAt(b, t.name), 0, flags)
	r.tolerate, r.save = tolerated(v.may), t.cell
}

const atRecursive = 0x8000

// makeStage makes the folder, which is empty for each child, and opens it.
func (v *classicViews) makeStage(b *builder, step plan.Step) {
	stage, kind := textAt(b, stageFolder), textAt(b, "tmpfs")
	emit(b, syscall.SYS_MKDIRAT, step, atCwd, textAt(b, "/run/systemd"), 0o755).tolerate = tolerateAll
	emit(b, syscall.SYS_MKDIRAT, step, atCwd, stage, 0o700).tolerate = tolerateAll
	emit(b, syscall.SYS_MOUNT, step, kind, stage, kind, 0, textAt(b, "mode=0700"))
	emit(b, syscall.SYS_OPENAT, step, atCwd, stage, oPath|oCloexec).save = b.keptAddr()
	b.useKept(step, 0, 1)
	emit(b, syscall.SYS_DUP3, step, 0, stageFD, oCloexec)
}

// move moves a tree from the stage to its place.
func (v *classicViews) move(b *builder, c *plan.Call) {
	n := c.Arg[0] - plan.FirstTree
	if n >= uint64(len(v.trees)) {
		emit(b, pseudoFail, c.Step, uint64(syscall.EBADF))
		return
	}
	t, path := &v.trees[n], v.real(dataText(b, c, 3))
	emit(b, syscall.SYS_FCHDIR, c.Step, stageFD)
	r := emit(b, syscall.SYS_MOUNT, c.Step, textAt(b, t.name), textAt(b, path), 0, msMove)
	r.tolerate = tolerated(c.Tolerate)
	if c.Keep {
		r.save = b.keptAddr()
	}
	v.made = append(v.made, mountPoint{path, t.flags})
	if t.at != path {
		v.others = append(v.others, path)
	}
	for _, m := range v.mounts {
		if t.from != "" && isBelow(m.path, t.from) {
			v.made = append(v.made, mountPoint{path + m.path[len(t.from):], m.flags})
		}
	}
}

// follow notes what a call of the plan mounts.
func (v *classicViews) follow(b *builder, c *plan.Call) {
	target := v.real(dataText(b, c, 1))
	switch {
	case c.Slot[2] == plan.SlotData: // a new file system
		v.made = append(v.made, mountPoint{target, c.Arg[3] & mountFlags})
		v.others = append(v.others, target)
	case target == "/" && v.stage && c.Arg[3]&msMove == 0: // the last call of all
		emit(b, syscall.SYS_FCHDIR, c.Step, stageFD)
		emit(b, syscall.SYS_UMOUNT2, c.Step, textAt(b, "."), 2)
		v.stage = false
	case c.Arg[3]&syscall.MS_BIND != 0:
		source := v.real(dataText(b, c, 0))
		v.made = append(v.made, mountPoint{target, v.flagsOf(source)})
		if source != target {
			v.others = append(v.others, target)
		}
	}
}

// attributes remounts what is at a path, and with AT_RECURSIVE each mount below.
func (v *classicViews) attributes(b *builder, c *plan.Call) {
	// The bits of a struct mount_attr that a plan has are in its first bytes.
	set, clear := uint64(c.Data[0]), uint64(c.Data[8])
	path := v.real(dataText(b, c, 1))
	if n := c.Arg[0] - plan.FirstTree; n < uint64(len(v.trees)) {
		t := &v.trees[n]
		t.flags = t.flags&^clear | set
		emit(b, syscall.SYS_FCHDIR, c.Step, stageFD)
		v.remount(b, c, t.name, t.flags)
		return
	}
	flags := v.flagsOf(path)&^clear | set
	v.remount(b, c, path, flags).tolerate = tolerated(c.Tolerate)
	v.made = append(v.made, mountPoint{path, flags})
	if c.Arg[2]&atRecursive == 0 {
		return
	}
	for _, below := range v.mountsBelow(path) { // another may hide one by now
		flags := v.flagsOf(below)&^clear | set
		v.remount(b, c, below, flags).tolerate = tolerateAll
		v.made = append(v.made, mountPoint{below, flags})
	}
}

func (v *classicViews) remount(b *builder, c *plan.Call, path string, flags uint64) *rawCall {
	return emit(b, syscall.SYS_MOUNT, c.Step, 0, textAt(b, path), 0, syscall.MS_REMOUNT|syscall.MS_BIND|flags)
}

// emit is builder.call, and textAt arena.cstring: in full at each place, as the
// compiler has them otherwise, they would be most of this file's size.
//
//go:noinline
func emit(b *builder, nr uintptr, step plan.Step, arg ...uint64) *rawCall {
	return b.call(nr, step, arg...)
}

//go:noinline
func textAt(b *builder, s string) uint64 { return b.cstring(s) }

// dataText is the string that an argument of a call points to.
func dataText(b *builder, c *plan.Call, n int) string {
	text := c.Data[c.Arg[n]:]
	if c.Slot[n] == plan.SlotPrivate && b.spawner.private != nil {
		return b.spawner.private(b.req.unit, text)
	}
	if c.Slot[n] != plan.SlotData {
		return ""
	}
	if end := strings.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	return text
}
