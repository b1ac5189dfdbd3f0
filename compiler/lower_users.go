package compiler

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
)

// users is /etc/passwd and /etc/group of the root.
type users struct {
	known  bool // the root is known, so what is not here does not exist
	byName map[string]account
	byID   map[uint32]account
	groups map[string]uint32
	// members are the groups that list a user, in the order of the file.
	members map[string][]uint32
}

// account is one line of passwd(5).
type account struct {
	name, home, shell string
	uid, gid          uint32
}

// readUsers reads the root's users, once.
func (s *unitSet) readUsers(l *diag.List) *users {
	if s.users == nil {
		s.users = readUsers(&s.files, l)
	}
	return s.users
}

// readUsers reads the root's users; nothing is known without a root. root and
// nobody are systemd's own, whatever the files say.
func readUsers(f *files, l *diag.List) *users {
	us := &users{
		known:  f.root != "",
		byName: map[string]account{}, byID: map[uint32]account{},
		groups: map[string]uint32{}, members: map[string][]uint32{},
	}
	if us.known {
		us.readPasswd(f.readLines("/etc/passwd", l))
		us.readGroup(f.readLines("/etc/group", l))
	}
	us.addSynthetic()
	return us
}

// addSynthetic adds what systemd knows without looking: root, and nobody where
// the files have no such name.
func (us *users) addSynthetic() {
	root := account{"root", "/root", "/bin/sh", 0, 0}
	if a, ok := us.byName["root"]; ok && a.uid == 0 {
		root = a
	}
	us.byName["root"], us.byID[0] = root, root
	us.groups["root"] = 0
	nobody := account{"nobody", "/", "/usr/sbin/nologin", 65534, 65534}
	if _, ok := us.byName[nobody.name]; !ok {
		us.byName[nobody.name] = nobody
	}
	if _, ok := us.byID[nobody.uid]; !ok {
		us.byID[nobody.uid] = nobody
	}
}

// readLines is a file of the root as lines of fields; a file that is not there
// has none.
func (f *files) readLines(name string, l *diag.List) [][]string {
	real, err := f.resolve(name)
	var data string
	if err == nil {
		data, err = f.read(f.host(real))
	}
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			l.Add(unreadable(f.host(name), err))
		}
		return nil
	}
	var out [][]string
	for line := range strings.Lines(data) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' {
			out = append(out, strings.Split(line, ":"))
		}
	}
	return out
}

// readPasswd takes the first line of each name and number, as getpwnam(3) does.
func (us *users) readPasswd(lines [][]string) {
	for _, f := range lines {
		if len(f) < 7 {
			continue
		}
		uid, ok1 := parseID(f[2])
		gid, ok2 := parseID(f[3])
		if !ok1 || !ok2 {
			continue
		}
		a := account{f[0], f[5], f[6], uid, gid}
		if _, ok := us.byName[a.name]; !ok {
			us.byName[a.name] = a
		}
		if _, ok := us.byID[uid]; !ok {
			us.byID[uid] = a
		}
	}
}

// membership is a user in a group.
type membership struct {
	user string
	gid  uint32
}

func (us *users) readGroup(lines [][]string) {
	seen := map[membership]bool{}
	for _, f := range lines {
		if len(f) < 4 {
			continue
		}
		gid, ok := parseID(f[2])
		if !ok {
			continue
		}
		if _, ok := us.groups[f[0]]; !ok {
			us.groups[f[0]] = gid
		}
		for m := range strings.SplitSeq(f[3], ",") {
			if at := (membership{m, gid}); m != "" && !seen[at] {
				seen[at] = true
				us.members[m] = append(us.members[m], gid)
			}
		}
	}
}

// parseID reads a user's or group's number; the two highest stand for none
// (systemd.exec(5), "User=").
func parseID(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n != 0xFFFF && n != 0xFFFFFFFF && allDigits(s)
}

// user finds a user by name or number.
func (us *users) user(name string) (account, bool) {
	if id, ok := parseID(name); ok {
		a, found := us.byID[id]
		return a, found
	}
	a, ok := us.byName[name]
	return a, ok
}

// group finds a group by name or number.
func (us *users) group(name string) (uint32, bool) {
	if id, ok := parseID(name); ok {
		return id, true
	}
	gid, ok := us.groups[name]
	return gid, ok
}

// groupList is what initgroups(3) gives: the main group, and those that list
// the user.
func (us *users) groupList(name string, gid uint32) []uint32 {
	out := []uint32{gid}
	for _, g := range us.members[name] {
		if g != gid {
			out = append(out, g)
		}
	}
	return out
}

// names are the users that are there, sorted, to suggest one.
func (us *users) names() []string {
	var out []string
	for n := range us.byName {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// groupNames are the groups that are there, sorted.
func (us *users) groupNames() []string {
	var out []string
	for n := range us.groups {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
