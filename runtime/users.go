package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/plan"
)

// Users is the feature of units whose users or groups the build did not know:
// they are looked up in /etc/passwd and /etc/group at each start.
func Users(i *Init) {
	i.started = append(i.started, func(i *Init) { i.spawner.users = accounts{"/etc/passwd", "/etc/group"}.find })
}

// accounts are the files to look into.
type accounts struct{ passwd, group string }

// account is a line of passwd(5).
type account struct {
	name, home, shell string
	uid, gid          uint32
}

// find fills in a request's login. It runs beside the loop. What is not there
// shows as the failed step that it is in systemd: 217/USER or 216/GROUP.
func (a accounts) find(r *spawnRequest) {
	x, l := r.exec, &r.login
	var who account
	if x.User != "" {
		var errno syscall.Errno
		if who, errno = a.user(x.User); errno != 0 {
			l.step, l.errno = plan.StepUser, errno
			return
		}
		l.uid, l.gid, l.home = who.uid, who.gid, who.home
	}
	if x.Group != "" {
		gid, errno := a.gid(x.Group)
		if errno != 0 {
			l.step, l.errno = plan.StepGroup, errno
			return
		}
		l.gid = gid
	}
	if x.User != "" && l.gid != 0 { // group 0 has no list of its own, as with systemd
		l.groups = append(l.groups, l.gid)
		a.member(who.name, l)
	}
	for _, name := range x.Supplementary {
		gid, errno := a.gid(name)
		if errno != 0 {
			l.step, l.errno = plan.StepGroup, errno
			return
		}
		l.addGroup(gid)
	}
	if x.LoginEnv {
		l.env = who.environ(l.env)
	}
}

func (l *login) addGroup(gid uint32) {
	for _, g := range l.groups {
		if g == gid {
			return
		}
	}
	l.groups = append(l.groups, gid)
}

// environ appends $HOME, $LOGNAME, $USER and $SHELL; a home that is the root
// and a shell that is none are left out, as systemd does.
func (a *account) environ(out []string) []string {
	if a.home != "" && a.home != "/" {
		out = append(out, "HOME="+a.home)
	}
	out = append(out, "LOGNAME="+a.name, "USER="+a.name)
	if a.shell != "" && !strings.HasSuffix(a.shell, "/nologin") && !strings.HasSuffix(a.shell, "/false") {
		out = append(out, "SHELL="+a.shell)
	}
	return out
}

// user finds a user by name or by number. A number needs no line in the file:
// the group is the one of that number then. root is there without one, too.
func (a accounts) user(name string) (account, syscall.Errno) {
	id, number := atoi(name)
	found := account{name: name, home: "/", uid: uint32(id), gid: uint32(id)}
	known := number && id < 1<<32-1
	if name == "root" {
		found, known = account{name: "root", home: "/root", shell: "/bin/sh"}, true
	}
	errno := eachLine(a.passwd, func(f []string) bool {
		if len(f) < 7 || f[0] != name && !(number && f[2] == name) {
			return true
		}
		uid, ok1 := atoi(f[2])
		gid, ok2 := atoi(f[3])
		if !ok1 || !ok2 || uid >= 1<<32-1 || gid >= 1<<32-1 {
			return true
		}
		found = account{name: strings.Clone(f[0]), home: strings.Clone(f[5]), shell: strings.Clone(f[6]), uid: uint32(uid), gid: uint32(gid)}
		known = true
		return false
	})
	return found, lookupError(known, errno)
}

// gid finds a group by name or by number.
func (a accounts) gid(name string) (uint32, syscall.Errno) {
	if id, ok := atoi(name); ok && id < 1<<32-1 {
		return uint32(id), 0
	}
	var found uint32
	known := name == "root"
	errno := eachLine(a.group, func(f []string) bool {
		if len(f) < 3 || f[0] != name {
			return true
		}
		id, ok := atoi(f[2])
		if ok && id < 1<<32-1 {
			found, known = uint32(id), true
		}
		return !known
	})
	return found, lookupError(known, errno)
}

// lookupError is ESRCH when a file says nothing of a name, which is what the
// message "unknown user" is made of, or why the file could not be read.
func lookupError(known bool, errno syscall.Errno) syscall.Errno {
	switch {
	case known:
		return 0
	case errno == 0 || errno == syscall.ENOENT:
		return syscall.ESRCH
	}
	return errno
}

// member adds the groups that list a user.
func (a accounts) member(name string, l *login) {
	eachLine(a.group, func(f []string) bool {
		if len(f) < 4 || !listed(f[3], name) {
			return true
		}
		if id, ok := atoi(f[2]); ok && id < 1<<32-1 {
			l.addGroup(uint32(id))
		}
		return true
	})
}

// listed says whether a list with commas has a name.
func listed(list, name string) bool {
	for list != "" {
		var one string
		one, list, _ = strings.Cut(list, ",")
		if one == name {
			return true
		}
	}
	return false
}

// accountLineMax bounds a line; longer ones (a group of thousands) are read in part.
const accountLineMax = 64 << 10

// eachLine calls f with the fields of each line of a file, until f has enough.
// The fields are valid during the call only.
func eachLine(path string, f func([]string) bool) syscall.Errno {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return asErrno(err)
	}
	defer syscall.Close(fd)
	buf, have := make([]byte, accountLineMax), 0
	var fields [8]string
	for {
		n, err := syscall.Read(fd, buf[have:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return asErrno(err)
		}
		have += n
		used, more := takeLines(buf[:have], n == 0 || have == len(buf), fields[:0], f)
		if !more || n == 0 {
			return 0
		}
		have = copy(buf, buf[used:have])
	}
}

// takeLines hands on the whole lines in b, and with last what is left too.
func takeLines(b []byte, last bool, fields []string, f func([]string) bool) (used int, more bool) {
	text := string(b)
	for used < len(text) {
		end := strings.IndexByte(text[used:], '\n')
		if end < 0 {
			if !last {
				return used, true
			}
			end = len(text) - used
		}
		if !f(splitFields(fields, text[used:used+end])) {
			return used, false
		}
		used = min(used+end+1, len(text))
	}
	return used, true
}

// splitFields splits a line at its colons.
func splitFields(fields []string, line string) []string {
	for {
		one, rest, more := strings.Cut(line, ":")
		fields = append(fields, one)
		if !more {
			return fields
		}
		line = rest
	}
}
