package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/plan"
)

// BootMarks is the feature of specifiers that only the boot knows. It stands
// before variables are replaced: systemd replaces specifiers when it loads a
// unit, so a value with a dollar in it is no variable.
func BootMarks(i *Init) {
	i.started = append(i.started, func(i *Init) {
		for n := range i.plan.Units {
			markUnit(&i.plan.Units[n])
		}
		for n := range i.plan.Slices {
			markWrites(i.plan.Slices[n].Writes)
		}
		i.spawner.expandEnv = replaceMarks
		next := i.spawner.expand
		i.spawner.expand = func(argv []string, env *environment) []string {
			argv = markWords(argv, next != nil)
			if next == nil {
				return argv
			}
			return next(argv, env)
		}
	})
}

// markUnit replaces the marks in what no start asks anew, as systemd does when it
// loads a unit.
func markUnit(u *plan.Unit) {
	markTexts(&u.Description)
	if a := u.Actions; a != nil {
		markTexts(&a.RebootArgument, &a.JobTimeoutRebootArgument)
	}
	if g := u.Group; g != nil {
		markWrites(g.Writes)
		for n := range g.Filters {
			for r := range g.Filters[n].Rules {
				markTexts(&g.Filters[n].Rules[r].Match)
			}
		}
	}
	if s := u.Service; s != nil {
		markTexts(&s.PIDFile, &s.BusName)
		for n := range s.OpenFiles {
			s.OpenFiles[n].Path = replaceMarks(s.OpenFiles[n].Path)
			s.OpenFiles[n].Name = markedFDName(s.OpenFiles[n].Name)
		}
		markCommands(s.Commands, s.Exec)
	}
	if s := u.Socket; s != nil {
		markSocket(s)
		markCommands(s.Commands, s.Exec)
	}
}

// markTexts is replaceMarks in place.
func markTexts(texts ...*string) {
	for _, text := range texts {
		*text = replaceMarks(*text)
	}
}

func markList(texts []string) {
	for n := range texts {
		texts[n] = replaceMarks(texts[n])
	}
}

// markWrites does it to what is written to a group: a device's path, and lists
// of CPUs and memory nodes.
func markWrites(writes []plan.GroupWrite) {
	for n := range writes {
		markTexts(&writes[n].Device, &writes[n].Value)
	}
}

// markCommands does it to the programs and contexts of a unit. The words wait
// for each start.
func markCommands(commands []plan.Command, shared *plan.Exec) {
	markExec(shared)
	for n := range commands {
		markTexts(&commands[n].Path)
		markExec(commands[n].Exec)
	}
}

// markExec does it to a context, which several may share.
func markExec(e *plan.Exec) {
	if e == nil {
		return
	}
	for n := range e.EnvFiles {
		e.EnvFiles[n].Path = replaceMarks(e.EnvFiles[n].Path)
	}
	markTexts(&e.SyslogIdentifier, &e.Stdin.Path, &e.Stdout.Path, &e.Stderr.Path, &e.Terminal.Path, &e.User, &e.Group,
		&e.Utmp.ID, &e.Utmp.Line, &e.Utmp.User)
	e.Utmp.ID = e.Utmp.ID[max(0, len(e.Utmp.ID)-4):]
	e.Utmp.Line = e.Utmp.Line[:min(len(e.Utmp.Line), 31)]
	for _, list := range [...][]string{e.PassEnv, e.UnsetEnv, e.SearchPath, e.Supplementary} {
		markList(list)
	}
	settled := false
	for n := range e.Calls {
		settled = markCall(&e.Calls[n]) || settled
	}
	for n := range e.Env { // these name what the calls make, for as long as that is there
		if settled {
			e.Env[n] = replaceMarks(e.Env[n])
		}
	}
	kept := e.Remove[:0]
	for _, path := range e.Remove {
		if path = markedPath(path); path != "" {
			kept = append(kept, path)
		}
	}
	e.Remove = kept
	for n := range e.Credentials {
		c := &e.Credentials[n]
		for _, name := range [...]*string{&c.ID, &c.Source} {
			if path := markedPath(*name); path != "" {
				*name = path
			} // else it keeps its NUL, and cannot be opened
		}
	}
}

// markCall replaces the marks in the paths of a call, and says whether there
// were any. What stands where in the rest of the data stays as it is.
func markCall(c *plan.Call) (found bool) {
	for n, slot := range c.Slot {
		at, size := uint32(c.Arg[n]), c.Arg[n]>>32
		switch slot {
		case plan.SlotMarked:
			path := c.Data[at:][:size]
			c.Slot[n], c.Arg[n] = plan.SlotData, uint64(len(c.Data))
			if c.Sys == plan.SysChdir { // which makes nothing
				path = replaceMarks(path)
			} else if path = markedPath(path); path == "" {
				c.Tolerate = 0 // that a path may be missing is another matter
			}
			c.Data += path + "\x00"
			found = true
		case plan.SlotMarkedText:
			text := replaceMarks(c.Data[at:][:size])
			c.Slot[n], c.Arg[n], c.Arg[n+1] = plan.SlotData, uint64(len(c.Data)), uint64(len(text))
			c.Data += text
		case plan.SlotMarkedCPUs:
			set, ok := addCPUs(c.Data[:at], replaceMarks(c.Data[at:]))
			if !ok && set == "" {
				c.Tolerate = plan.TolerateAny // it says nothing
			}
			c.Slot[n], c.Arg[n], c.Arg[n-1], c.Data = plan.SlotData, 0, uint64(len(set)), set
		case plan.SlotSpace:
			if strings.IndexByte(c.Data, plan.BootMark) < len(c.Data)-1 {
				c.Data = markedPath(c.Data[:len(c.Data)-1]) + "\x00"
			}
		}
	}
	return found
}

// addCPUs adds a list to a set, as sched_setaffinity(2) has it. One that is none
// adds nothing, as with systemd, which then ignores the line.
func addCPUs(old, list string) (set string, ok bool) {
	bits := []byte(old)
	ok = eachCPU(list, 8192, func(n int64) {
		for int64(len(bits)) <= n/8 {
			bits = append(bits, make([]byte, 8)...)
		}
		bits[n/8] |= 1 << (n % 8)
	})
	if !ok {
		return old, false
	}
	return string(bits), true
}

// markSocket does it to a socket unit.
func markSocket(s *plan.Socket) {
	for n := range s.Listen {
		l := &s.Listen[n]
		if strings.IndexByte(l.Address, plan.BootMark) < 0 {
			continue
		}
		l.Address = markedPath(l.Address)
		switch {
		case l.Domain <= 0:
		case l.Address == "":
			l.Raw = "" // which bind(2) refuses
		case l.Path:
			l.Raw = l.Raw[:2] + l.Address + "\x00"
		default: // a name that is in no file system
			l.Raw = l.Raw[:2] + "\x00" + l.Address[1:]
		}
	}
	for n := range s.Symlinks {
		s.Symlinks[n] = markedPath(s.Symlinks[n])
	}
	s.FDName = markedFDName(s.FDName)
	markTexts(&s.User, &s.Group)
}

// markedFDName is a name for $LISTEN_FDNAMES; of one that cannot be, nothing
// stays, and the unit's own counts, as with systemd.
func markedFDName(name string) string {
	if strings.IndexByte(name, plan.BootMark) < 0 {
		return name
	}
	name = replaceMarks(name)
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' || c == ':' || len(name) > 255 {
			return ""
		}
	}
	return name
}

// markedPath is for what is, or becomes part of, a path. A value that is empty, or
// that could lead elsewhere, leaves no path at all, which the kernel refuses:
// else the folder above would be taken for what is meant.
func markedPath(path string) string {
	for n := 0; n+1 < len(path); n++ {
		if path[n] != plan.BootMark {
			continue
		}
		n++
		if v := bootValue(path[n]); v == "" || v[0] == '.' || strings.IndexByte(v, '/') >= 0 {
			return ""
		}
	}
	return replaceMarks(path)
}

// markWords replaces the marks in the words of a command. With protect, what
// comes in is kept from being taken for a variable.
func markWords(argv []string, protect bool) []string {
	out := make([]string, len(argv))
	for n, word := range argv {
		out[n] = replaceMarksIn(word, protect)
	}
	return out
}

// replaceMarks is for text in which a dollar means nothing.
func replaceMarks(text string) string { return replaceMarksIn(text, false) }

func replaceMarksIn(text string, protect bool) string {
	at := strings.IndexByte(text, plan.BootMark)
	if at < 0 {
		return text
	}
	var out []byte
	for ; at >= 0 && at+1 < len(text); at = strings.IndexByte(text, plan.BootMark) {
		value := bootValue(text[at+1])
		if protect {
			value = strings.ReplaceAll(value, "$", "$$")
		}
		out = append(append(out, text[:at]...), value...)
		text = text[at+2:]
	}
	return string(append(out, text...))
}

// releaseKeys are the specifiers that os-release(5) answers.
var releaseKeys = [...]struct {
	letter byte
	key    string
}{
	{'A', "IMAGE_VERSION"}, {'B', "BUILD_ID"}, {'M', "IMAGE_ID"}, {'o', "ID"}, {'w', "VERSION_ID"}, {'W', "VARIANT_ID"},
}

// bootValue is what a specifier stands for (systemd.unit(5), "Specifiers"); ""
// when it cannot be found out. Each start asks anew: a host may get its name
// late.
func bootValue(letter byte) string {
	switch letter {
	case 'H':
		return uname(hostName)
	case 'l':
		name, _, _ := strings.Cut(uname(hostName), ".")
		return name
	case 'q':
		return prettyHost()
	case 'v':
		return uname(kernelRelease)
	case 'b':
		return strings.ReplaceAll(smallFile("/proc/sys/kernel/random/boot_id"), "-", "")
	case 'm':
		return machineID()
	case 's':
		if there("/bin/bash") { // systemd's own for root, whatever passwd(5) says
			return "/bin/bash"
		}
		return "/bin/sh"
	}
	for _, k := range releaseKeys {
		if k.letter == letter {
			return release(k.key)
		}
	}
	return ""
}

// prettyHost is the name of machine-info(5), or else the host's.
func prettyHost() string {
	if name := assigned("/etc/machine-info", "PRETTY_HOSTNAME"); name != "" {
		return name
	}
	return uname(hostName)
}

// release is a variable of os-release(5).
func release(key string) string {
	if there("/etc/os-release") {
		return assigned("/etc/os-release", key)
	}
	return assigned("/usr/lib/os-release", key)
}

// assigned is the value of a variable in a file of assignments, the last one.
func assigned(path, key string) (value string) {
	for _, v := range parseEnvFile(nil, smallFile(path)) {
		if rest, ok := strings.CutPrefix(v, key+"="); ok {
			value = rest
		}
	}
	return value
}

const machineIDFile = "/etc/machine-id"

func isMachineID(s string) bool { return len(s) == 32 && isHex(s) }

// machineID is machine-id(5) in hex, or what a container's manager calls the
// machine.
func machineID() string {
	id := smallFile(machineIDFile)
	if isMachineID(id) {
		return id
	}
	id, _ = syscall.Getenv("container_uuid")
	return strings.ToLower(strings.ReplaceAll(id, "-", ""))
}

// The fields of uname(2) that are asked for.
const (
	hostName = iota
	kernelRelease
)

// uname is a field of uname(2).
func uname(field int) string {
	var u syscall.Utsname
	if syscall.Uname(&u) != nil {
		return ""
	}
	from := &u.Nodename
	if field == kernelRelease {
		from = &u.Release
	}
	var b []byte
	for _, c := range from {
		if c == 0 {
			break
		}
		b = append(b, byte(c))
	}
	return string(b)
}
