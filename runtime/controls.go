package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Controls is the feature of resource controls: what the plan says of a unit's
// group is written when the group is made. A controller has to be enabled in
// each folder above (cgroups(7), "Controlling which controllers..."), where no
// process may be then: so the init moves into init.scope, as systemd does.
//
// What cannot be done is said once for all units, and nothing fails for it,
// as with systemd.
func Controls(i *Init) {
	c := &controls{phase: plan.PhaseStartup}
	i.started = append(i.started, c.prepare)
	i.groups.made = c.make
	i.groups.pressure = tellPressure
	i.groups.inner = innerGroup
	log, exit := i.do[machine.ActLog], i.do[machine.ActExit]
	i.do[machine.ActLog] = func(i *Init, a *machine.Action) {
		log(i, a)
		c.hear(i, a)
	}
	i.do[machine.ActExit] = func(i *Init, a *machine.Action) {
		for n := len(i.plan.Slices) - 1; n >= 0 && i.groups.usable; n-- {
			rmdir(i.groups.slices() + i.plan.Slices[n].Path)
		}
		exit(i, a)
	}
}

type controls struct {
	// have are the controllers that the units' groups have, between blanks.
	have  string
	phase plan.GroupPhase
	tasks string // TasksMax= of a unit that has none
}

// defaultTasks is DefaultTasksMax= of systemd-system.conf(5), in parts of ten
// thousand.
const defaultTasks = 1500

// prepare enables the controllers and makes the slices.
func (c *controls) prepare(i *Init) {
	if i.machine != nil && i.machine.Active(i.plan.Target) == machine.ActiveUp {
		c.phase = plan.PhaseUp // the init has executed itself anew
	}
	if i.adopted && !i.machine.Booting() && !i.machine.Ending() {
		c.phase = plan.PhaseUp
	}
	if !i.groups.usable {
		c.tell(i, "the tree of cgroups cannot be written")
		return
	}
	base := strings.TrimSuffix(i.groups.base(), "/")
	there := smallFile(base + "/cgroup.controllers")
	wanted := ""
	for _, name := range [...]string{"cpu", "cpuset", "io", "memory", "pids"} {
		if hasWord(there, name) && (name == "pids" || c.wants(i, name)) {
			wanted += " " + name
		}
	}
	if enable(base, wanted) != wanted {
		c.leaveGroup(base)
		enable(base, wanted)
	}
	slice := strings.TrimSuffix(i.groups.slice, "/")
	c.have = enable(slice, wanted)
	if hasWord(c.have, "pids") {
		c.tasks = itoa(share(c.total(i, plan.TotalTasks), defaultTasks))
	}
	for n := range i.plan.Slices {
		s := &i.plan.Slices[n]
		path := i.groups.slices() + s.Path
		if s.Path+"/" == systemSlice[1:] {
			path = slice
		}
		mkdir(path, 0o755)
		enable(path, wanted)
		c.writeAll(i, s.Path, path, s.Writes, plan.PhaseAlways)
	}
	c.tell(i, "the tree of cgroups has no such controller")
}

// enable enables controllers for the groups below one, and answers which it
// could: each for itself, so that one keeps no other away.
func enable(path, names string) (done string) {
	for name := range strings.FieldsSeq(names) {
		if writeFile(path+"/cgroup.subtree_control", "+"+name) == 0 {
			done += " " + name
		}
	}
	return done
}

// leaveGroup moves the init, and what else is in its group, into one below.
func (c *controls) leaveGroup(base string) {
	const scope = "/init.scope"
	mkdir(base+scope, 0o755)
	for line := range strings.Lines(smallFile(base + "/cgroup.procs")) {
		writeFile(base+scope+"/cgroup.procs", strings.TrimSuffix(line, "\n"))
	}
}

// eachWrite calls f with each write of the plan that a unit has asked for.
func eachWrite(p *plan.Plan, f func(w *plan.GroupWrite)) {
	for n := range p.Units {
		if g := p.Units[n].Group; g != nil {
			for k := range g.Writes {
				f(&g.Writes[k])
			}
		}
	}
	for n := range p.Slices {
		for k := range p.Slices[n].Writes {
			f(&p.Slices[n].Writes[k])
		}
	}
}

// wants says whether a unit asks for a controller.
func (c *controls) wants(i *Init, name string) (found bool) {
	for n := range i.plan.Units {
		g := i.plan.Units[n].Group
		found = found || g != nil && hasWord(g.Controllers, name)
	}
	eachWrite(i.plan, func(w *plan.GroupWrite) { found = found || controller(w) == name })
	return found
}

// controller is the one that a file belongs to.
func controller(w *plan.GroupWrite) string { return w.File[:strings.IndexByte(w.File, '.')] }

// tell says which controls have no effect, and where the first of each
// controller was asked for.
func (c *controls) tell(i *Init, why string) {
	names, origins := "", ""
	eachWrite(i.plan, func(w *plan.GroupWrite) {
		name := controller(w)
		if hasWord(c.have, name) || hasWord(names, name) {
			return
		}
		names += " " + name
		if origins += ", "; origins == ", " {
			origins = ""
		}
		origins += w.Origin
	})
	if names != "" {
		i.say("", "resource controls without effect:", names, ": ", why, " (", origins, ")")
	}
}

// make writes what a unit's group is to have.
func (c *controls) make(i *Init, id plan.UnitID, path string) {
	u := &i.plan.Units[id]
	tasks := c.tasks
	if u.Group != nil {
		for n := range u.Group.Writes {
			if u.Group.Writes[n].File == "pids.max" {
				tasks = ""
			}
		}
		c.writeAll(i, u.Name, path, u.Group.Writes, c.phase)
		if u.Group.Delegate {
			i.giveGroup(u, path, delegated[:])
		}
		if u.Group.Pressure != "" {
			i.giveGroup(u, path, pressureFile[:])
		}
	}
	if tasks != "" {
		writeFile(path+"/pids.max", tasks)
	}
}

// delegated are the files of a group that belong to its new owner
// (cgroups(7), "Cgroup delegation").
var delegated = [...]string{"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads", "/memory.oom.group", "/memory.reclaim"}

// pressureFile is where a service waits for a lack of memory, and says from when
// on it wants to be told (the kernel's accounting/psi).
var pressureFile = [...]string{"/memory.pressure"}

// tellPressure tells a command where that file is, or that there is nothing to
// wait for (systemd.resource-control(5), "MemoryPressureWatch=").
func tellPressure(i *Init, r *spawnRequest, g *plan.Group) {
	path := i.groupPath(r.unit) + pressureFile[0]
	if !i.groups.usable || smallFile(path) == "" {
		r.vars = append(r.vars, "MEMORY_PRESSURE_WATCH=/dev/null")
		return
	}
	r.vars = append(r.vars, "MEMORY_PRESSURE_WATCH="+path, "MEMORY_PRESSURE_WRITE="+g.Pressure)
}

// giveGroup gives files of a group to its unit's user.
func (i *Init) giveGroup(u *plan.Unit, path string, files []string) {
	uid, gid, known := i.owner(contextOf(u), u.Group.UID, u.Group.GID)
	if !known {
		return // the start of its program fails for the same reason
	}
	for _, file := range files {
		chown(path+file, int32(uid), int32(gid))
	}
}

// innerGroup is where a command of a delegated group runs. Once the unit has
// made groups in it, the kernel lets no process into the group itself.
func innerGroup(i *Init, u *plan.Unit, role plan.Role, path string) string {
	switch {
	case role > plan.ExecStart:
		path += "/.control"
	case u.Group.Subgroup != "":
		path += "/" + u.Group.Subgroup
	default:
		return path
	}
	if mkdir(path, 0o755) == 0 {
		i.giveGroup(u, path, delegated[:])
	}
	return path
}

// writeAll makes the writes that hold always or in this phase.
func (c *controls) writeAll(i *Init, name, path string, writes []plan.GroupWrite, phase plan.GroupPhase) {
	for n := range writes {
		w := &writes[n]
		if w.Phase != plan.PhaseAlways && w.Phase != phase || !hasWord(c.have, controller(w)) {
			continue
		}
		value, ok := c.value(i, w)
		if !ok {
			i.say(name, "no disk behind ", w.Device, at(w.Origin))
			continue
		}
		e := writeFile(path+"/"+w.File, value)
		if e != 0 && !(w.Optional && e == syscall.ENOENT) {
			i.say(name, "cannot write ", value, " to ", w.File, ": ", e.Error(), at(w.Origin))
		}
	}
}

// value is what is written.
func (c *controls) value(i *Init, w *plan.GroupWrite) (string, bool) {
	switch {
	case w.Of != plan.TotalNone:
		n := share(c.total(i, w.Of), w.Share)
		if w.Of == plan.TotalMemory {
			n &^= 4095 // whole pages, as the kernel would round
		}
		return itoa(n), true
	case w.Device != "":
		numbers := c.disk(w.Device)
		return numbers + " " + w.Value, numbers != ""
	}
	return w.Value, true
}

// share is so many parts of ten thousand.
func share(total int64, parts uint32) int64 {
	return total/10000*int64(parts) + total%10000*int64(parts)/10000
}

// total is what a share is of: what the machine has, or the init's own group
// may use.
func (c *controls) total(i *Init, of plan.GroupTotal) int64 {
	base := i.groups.base()
	if of == plan.TotalTasks {
		return min(fileNumber("/proc/sys/kernel/pid_max"), fileNumber("/proc/sys/kernel/threads-max"), fileNumber(base+"pids.max"))
	}
	var info syscall.Sysinfo_t
	syscall.RawSyscall(syscall.SYS_SYSINFO, uintptr(unsafe.Pointer(&info)), 0, 0)
	return min(int64(info.Totalram)*int64(info.Unit), fileNumber(base+"memory.max"))
}

// fileNumber is the number in a file; what is not there sets no bound.
func fileNumber(path string) int64 {
	n, ok := atoi(smallFile(path))
	if !ok {
		return 1<<63 - 1
	}
	return n
}

// disk is MAJOR:MINOR of the disk that a path is, or lies on; "" if none is
// found. A part of a disk has no queue of its own.
func (c *controls) disk(path string) string {
	var st syscall.Stat_t
	fd, e := open(path, oPath, 0)
	if e != 0 {
		return ""
	}
	e = fstat(fd, &st)
	closeFD(fd)
	dev := st.Dev
	if st.Mode&syscall.S_IFMT == syscall.S_IFBLK {
		dev = st.Rdev
	}
	major, minor := deviceNumbers(dev)
	if e != 0 || major == 0 {
		return ""
	}
	numbers := itoa(major) + ":" + itoa(minor)
	if whole := smallFile("/sys/dev/block/" + numbers + "/partition"); whole != "" {
		// The folder of a part lies in the one of its disk.
		numbers = smallFile("/sys/dev/block/" + numbers + "/../dev")
	}
	return numbers
}

// deviceNumbers takes a device number apart, as makedev(3) makes it.
func deviceNumbers(dev uint64) (major, minor int64) {
	return int64(dev>>8&0xfff | dev>>32&^0xfff), int64(dev&0xff | dev>>12&^0xff)
}

// hear changes over from the values for the boot to the others and back.
func (c *controls) hear(i *Init, a *machine.Action) {
	phase := c.phase
	switch a.Msg {
	case machine.MsgBootDone, machine.MsgBootFailed:
		phase = plan.PhaseUp
	case machine.MsgShutdown:
		phase = plan.PhaseStartup
	}
	if phase == c.phase {
		return
	}
	c.phase = phase
	for n := range i.plan.Units {
		if u := &i.plan.Units[n]; u.Group != nil && i.units[n].hasGroup {
			c.writeChanged(i, u, i.groupPath(plan.UnitID(n)))
		}
	}
}

// writeChanged makes the writes of the phase that has begun.
func (c *controls) writeChanged(i *Init, u *plan.Unit, path string) {
	for n := range u.Group.Writes {
		if u.Group.Writes[n].Phase == c.phase {
			c.writeAll(i, u.Name, path, u.Group.Writes[n:n+1], c.phase)
		}
	}
}
