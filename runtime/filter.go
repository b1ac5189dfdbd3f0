package runtime

import (
	goruntime "runtime"
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/fnmatch"
	"rustysd/runtime/plan"
)

// Filters is the feature of programs that the kernel asks about the processes
// of a group. They were assembled at build time; here the numbers of devices
// and interfaces that only the boot knows are filled in. Where the kernel takes
// none, that is said once and the unit runs without, as with systemd.
func Filters(i *Init) {
	f := &filters{}
	i.started = append(i.started, func(i *Init) {
		if !i.groups.usable {
			f.refused(i, "the tree of cgroups cannot be written")
		}
	})
	next := i.groups.made
	i.groups.made = func(i *Init, id plan.UnitID, path string) {
		if next != nil {
			next(i, id, path)
		}
		f.attach(i, id, path)
	}
}

type filters struct{ told bool }

// refused says once which units run without their filters. Nothing is said of
// those that stand beside another way to the same end.
func (f *filters) refused(i *Init, why string) {
	origins := ""
	for n := range i.plan.Units {
		if g := i.plan.Units[n].Group; g != nil {
			for k := range g.Filters {
				if origin := g.Filters[k].Origin; origin != "" && !strings.Contains(origins, origin) {
					origins += ", " + origin
				}
			}
		}
	}
	if !f.told && origins != "" {
		i.say("", "filters of devices and addresses without effect: ", why, " (", origins[2:], ")")
	}
	f.told = true
}

// attach loads the filters of a unit and attaches them to its new group, with
// which they go.
func (f *filters) attach(i *Init, id plan.UnitID, path string) {
	g := i.plan.Units[id].Group
	if g == nil || len(g.Filters) == 0 {
		return
	}
	group, e := open(path, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if e != 0 {
		return
	}
	for n := range g.Filters {
		if e := attachFilter(group, &g.Filters[n]); e != 0 {
			f.refused(i, e.Error())
		}
	}
	closeFD(group)
}

// hooks are the kernel's numbers for each hook: enum bpf_prog_type and enum
// bpf_attach_type.
var hooks = [...]struct{ program, attach uint32 }{
	plan.FilterDevice:    {15, 6},
	plan.FilterIngress:   {8, 0},
	plan.FilterEgress:    {8, 1},
	plan.FilterBindInet:  {18, 8},
	plan.FilterBindInet6: {18, 9},
}

// The commands of bpf(2).
const (
	bpfProgLoad   = 5
	bpfProgAttach = 8
	bpfAllowMulti = 2 // of several programs, all must agree
)

// loadAttempts is how often a program is loaded at most: the kernel stops checking
// one, with EAGAIN, when a signal is pending.
const loadAttempts = 16

// attachFilter makes the program and attaches it.
func attachFilter(group int32, f *plan.GroupFilter) errno {
	fd, e := loadFilter(f)
	if e != 0 {
		return e
	}
	to := struct{ group, program, attach, flags uint32 }{uint32(group), uint32(fd), hooks[f.Hook].attach, bpfAllowMulti}
	_, _, e = syscall.RawSyscall(sysBPF, bpfProgAttach, uintptr(unsafe.Pointer(&to)), unsafe.Sizeof(to))
	closeFD(fd)
	return e
}

// loadFilter makes the program. Signals wait: with all threads to be stopped, Go's
// collector sends this one a signal every tenth of a millisecond until it pauses,
// which it cannot do here, and no check would come to its end.
func loadFilter(f *plan.GroupFilter) (int32, errno) {
	code := assembled(f)
	hook := hooks[f.Hook]
	load := struct {
		program, count uint32
		code, licence  uint64
		level, size    uint32
		log            uint64
		version, flags uint32
		name           [16]byte
		device, attach uint32
	}{program: hook.program, count: uint32(len(code) / 8), attach: hook.attach,
		code:    uint64(uintptr(unsafe.Pointer(unsafe.SliceData(code)))),
		licence: dataAddr("MIT\x00", 0)}
	var fd uintptr
	e := syscall.EAGAIN
	old := blockSignals()
	for n := 0; n < loadAttempts && e == syscall.EAGAIN; n++ {
		fd, _, e = syscall.RawSyscall(sysBPF, bpfProgLoad, uintptr(unsafe.Pointer(&load)), unsafe.Sizeof(load))
	}
	restoreSignals(old)
	goruntime.KeepAlive(code)
	return int32(fd), e
}

// assembled puts the parts of a filter together.
func assembled(f *plan.GroupFilter) []byte {
	code := []byte(f.Head)
	for n := range f.Rules {
		r := &f.Rules[n]
		eachNumber(r, func(kind byte, major, minor int64) {
			at := len(code)
			code = append(code, r.Code...)
			patch(code[at:], r.Kind, int64(kind))
			patch(code[at:], r.Major, major)
			patch(code[at:], r.Minor, minor)
		})
	}
	return append(code, f.Tail...)
}

// patch replaces the constant of an instruction.
func patch(code []byte, number uint8, value int64) {
	if number > 0 {
		at := 8*int(number) - 4
		for n := range 4 {
			code[at+n] = byte(value >> (8 * n))
		}
	}
}

// Kinds of devices, as filters are given them.
const (
	blockDevice = 1
	charDevice  = 2
)

// eachNumber finds what a rule is about.
func eachNumber(r *plan.FilterRule, f func(kind byte, major, minor int64)) {
	if r.Match[0] == '/' {
		deviceAt(r.Match, f)
		return
	}
	if name, ok := strings.CutPrefix(r.Match, "char-"); ok {
		eachMajor("Character", name, charDevice, f)
	} else if name, ok := strings.CutPrefix(r.Match, "block-"); ok {
		eachMajor("Block", name, blockDevice, f)
	} else if index, ok := atoi(smallFile("/sys/class/net/" + r.Match + "/ifindex")); ok {
		f(0, index, 0)
	}
}

// deviceAt is a device by its path.
func deviceAt(path string, f func(kind byte, major, minor int64)) {
	var st syscall.Stat_t
	fd, e := open(path, oPath, 0)
	if e != 0 {
		return
	}
	e = fstat(fd, &st)
	closeFD(fd)
	major, minor := deviceNumbers(st.Rdev)
	switch kind := st.Mode & syscall.S_IFMT; {
	case e != 0:
	case kind == syscall.S_IFBLK:
		f(blockDevice, major, minor)
	case kind == syscall.S_IFCHR:
		f(charDevice, major, minor)
	}
}

// eachMajor are the drivers of a section of /proc/devices with a name.
func eachMajor(section, name string, kind byte, f func(kind byte, major, minor int64)) {
	inside := false
	for line := range strings.Lines(smallFile("/proc/devices")) {
		line = strings.TrimSpace(line)
		number, driver, _ := strings.Cut(line, " ")
		if driver == "devices:" {
			inside = number == section
			continue
		}
		if major, ok := atoi(number); ok && inside && fnmatch.Match(name, driver, true) {
			f(kind, major, 0)
		}
	}
}
