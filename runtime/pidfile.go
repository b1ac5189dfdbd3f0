package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Forking is the feature of Type=forking: finding the main process.
func Forking(i *Init) {
	i.parts = append(i.parts, machine.Forking)
	i.do[machine.ActFindMain] = (*Init).findMain
	i.do[machine.ActForgetMain] = (*Init).forgetMain
	i.on[watchPIDFile] = (*Init).pidFilesChanged
	i.settled = append(i.settled, (*Init).guessAgain)
}

// pidWait is a unit whose PID file is not there yet, or that has none and
// whose main process cannot be told yet.
type pidWait struct {
	unit   plan.UnitID
	wd     int32
	warned bool // of a file that names a process of others
}

type pidFiles struct {
	inotify int32
	waits   []pidWait
}

// findMain is ActFindMain.
func (i *Init) findMain(a *machine.Action) {
	s := i.plan.Units[a.Unit].Service
	if s.PIDFile == "" {
		if !i.guessed(a.Unit) {
			i.pidFiles.waits = append(i.pidFiles.waits, pidWait{unit: a.Unit})
		}
		return
	}
	// The watch comes first: a file written in between would be missed.
	i.watchPIDFile(a.Unit, s.PIDFile)
	pid, e := i.readPIDFile(a.Unit, s.PIDFile)
	if pid > 0 {
		i.forgetMain(a)
	} else {
		i.await(&i.units[a.Unit]) // who could write it may go
	}
	i.foundMain(a.Unit, pid, e)
}

// foundMain tells the machine, which wants to hear of the end of the process.
func (i *Init) foundMain(unit plan.UnitID, pid int32, e errno) {
	i.post(machine.Event{Kind: machine.EvMainPID, Unit: unit, Pid: pid, Status: int32(e)})
	if pid > 0 {
		i.watchProcess(pid, unit)
	}
}

func missing(pid int32) int32 {
	if pid == 0 {
		return int32(syscall.ESRCH)
	}
	return 0
}

// readPIDFile reads the number of a live process of the unit.
func (i *Init) readPIDFile(unit plan.UnitID, path string) (int32, errno) {
	var buf [64]byte
	b, e := readFile(path, buf[:])
	if e != 0 {
		return 0, e
	}
	start, end := 0, len(b)
	for end > 0 && (b[end-1] == '\n' || b[end-1] == ' ' || b[end-1] == '\t' || b[end-1] == '\r' || b[end-1] == 0) {
		end--
	}
	for start < end && (b[start] == ' ' || b[start] == '\t') {
		start++
	}
	n, ok := atoi(b[start:end])
	if !ok || n <= 1 || n >= 1<<30 {
		return 0, syscall.EINVAL // perhaps not written to the end yet
	}
	pid := int32(n)
	if p, ok := i.scan.stat(pid); !ok || p.state == 'Z' {
		return 0, syscall.ESRCH
	}
	i.adoptOrphans()
	switch owner := i.unitOfPID(pid); {
	case owner == unit:
		return pid, 0
	case owner == plan.NoUnit && isChild(pid):
		return pid, 0 // an orphan that hides where it comes from
	}
	if i.pidFiles.warn(unit) {
		i.sayUnit(unit, "PID file ", path, " names ", itoa(n), ", which is not a process of the unit")
	}
	return 0, syscall.EPERM
}

// guessed answers ActFindMain for a unit without a PID file, unless a process
// does not show yet whose it is.
func (i *Init) guessed(unit plan.UnitID) bool {
	i.adoptOrphans()
	if i.scan.unsure {
		i.sweepWithin(sweepDelay)
		return false
	}
	pid := i.guessMain(unit)
	i.foundMain(unit, pid, errno(missing(pid)))
	return true
}

// guessAgain asks for the main processes that could not be told.
func (i *Init) guessAgain() {
	for n := len(i.pidFiles.waits) - 1; n >= 0; n-- {
		unit := i.pidFiles.waits[n].unit
		if i.plan.Units[unit].Service.PIDFile == "" && i.guessed(unit) {
			i.forgetMain(&machine.Action{Unit: unit})
		}
	}
}

// guessMain: the only process of the unit whose parent is the init and that
// the init did not start (systemd.service(5), "GuessMainPID=").
func (i *Init) guessMain(unit plan.UnitID) int32 {
	found := int32(0)
	for _, p := range i.procs.slots {
		if p.pid == 0 || p.unit != unit || p.kind&procChild == 0 || p.kind&procLeader != 0 {
			continue
		}
		if found != 0 {
			return 0
		}
		found = p.pid
	}
	return found
}

// warn tells whether a unit's file may be complained about: once.
func (f *pidFiles) warn(unit plan.UnitID) bool {
	for n := range f.waits {
		if f.waits[n].unit == unit {
			first := !f.waits[n].warned
			f.waits[n].warned = true
			return first
		}
	}
	return true
}

// watchPIDFile watches the folder of a PID file, or the nearest one above it
// that is there; called again, it moves the watch to where it belongs now.
func (i *Init) watchPIDFile(unit plan.UnitID, path string) {
	f := &i.pidFiles
	if f.inotify == 0 {
		fd, e := inotifyInit()
		if e != 0 {
			return
		}
		f.inotify = fd
		epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, epollIn, watchPIDFile, 0)
	}
	dir, wd, e := path, int32(0), syscall.ENOENT
	for e != 0 && len(dir) > 1 {
		dir = parentOf(dir) // the folder itself may come later
		wd, e = inotifyAdd(f.inotify, dir, syscall.IN_CREATE|syscall.IN_MOVED_TO|syscall.IN_CLOSE_WRITE|syscall.IN_MODIFY)
	}
	if e != 0 {
		return
	}
	for n := range f.waits {
		if f.waits[n].unit == unit {
			old := f.waits[n].wd
			f.waits[n].wd = wd
			if old != wd {
				f.release(old)
			}
			return
		}
	}
	f.waits = append(f.waits, pidWait{unit: unit, wd: wd})
}

// release ends a watch that no unit needs. That itself is an event of the
// inotify, so it must not be done again and again.
func (f *pidFiles) release(wd int32) {
	if wd == 0 {
		return // there was none
	}
	for _, w := range f.waits {
		if w.wd == wd {
			return // another unit's file is in the same folder
		}
	}
	inotifyRemove(f.inotify, wd)
}

// parentOf is the folder of an absolute path.
func parentOf(path string) string {
	n := len(path) - 1
	for n > 0 && path[n] != '/' {
		n--
	}
	if n <= 0 {
		return "/"
	}
	return path[:n]
}

// forgetMain is ActForgetMain.
func (i *Init) forgetMain(a *machine.Action) {
	f := &i.pidFiles
	for n := 0; n < len(f.waits); n++ {
		if f.waits[n].unit != a.Unit {
			continue
		}
		wd := f.waits[n].wd
		f.waits = append(f.waits[:n], f.waits[n+1:]...)
		f.release(wd)
		return
	}
}

// pidFilesChanged looks for all the files that are waited for; they are few.
func (i *Init) pidFilesChanged(int32, uint32) {
	f := &i.pidFiles
	var buf [4096]byte
	for f.inotify != 0 {
		n, e := read(f.inotify, buf[:])
		if e != 0 || n <= 0 {
			break
		}
	}
	for n := len(f.waits) - 1; n >= 0; n-- {
		unit := f.waits[n].unit
		path := i.plan.Units[unit].Service.PIDFile
		if path == "" {
			continue // guessAgain does that
		}
		pid, _ := i.readPIDFile(unit, path)
		if pid > 0 {
			i.forgetMain(&machine.Action{Unit: unit})
			i.foundMain(unit, pid, 0)
			continue
		}
		// The folder may be there now, where only one above it was watched.
		i.watchPIDFile(unit, path)
	}
}
