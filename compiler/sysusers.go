package compiler

import (
	"strings"

	"rustysd/grammar"
)

// sysusersPath are the folders of sysusers.d(5), the first with the highest
// precedence.
var sysusersPath = [...]string{"/etc/sysusers.d", "/run/sysusers.d", "/usr/local/lib/sysusers.d", "/usr/lib/sysusers.d", "/lib/sysusers.d"}

// sysusersEntry is a line that would make a user or a group.
type sysusersEntry struct {
	text string
	at   grammar.Pos
}

// sysusersLine finds the line in the root that would make a user or a group;
// nil when there is none.
func (s *unitSet) sysusersLine(what, name string) *sysusersEntry {
	if name == "" {
		return nil // a line with a type alone names nobody
	}
	if s.opt.Root == "" {
		return nil
	}
	for _, f := range newRootView(&s.files).configFiles(sysusersPath[:]) {
		n := 0
		for line := range strings.Lines(f.text) {
			n++
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && s.makesUser(line, what, name) {
				return &sysusersEntry{line, grammar.Pos{File: f.shown, Line: n, Col: 1}}
			}
		}
	}
	return nil
}

// makesUser says whether a line of sysusers.d(5) makes the user or the group of
// that name. That of a user makes its group, too, unless it names another; that
// of a member makes what is missing of both.
func (s *unitSet) makesUser(line, what, name string) bool {
	var f [3]string
	for i := range f {
		f[i], line = cutField(line)
	}
	first, ok := s.expandConfig(f[1])
	if !ok {
		return false
	}
	group := what == "group"
	switch f[0] {
	case "u", "u!":
		_, other, named := strings.Cut(f[2], ":")
		return first == name && !(group && named && other != name)
	case "g":
		return group && first == name
	case "m":
		second, ok := s.expandConfig(f[2])
		return first == name || group && ok && second == name
	}
	return false
}
