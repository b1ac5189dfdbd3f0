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
// nil when there is none. The line of a user makes its group, too.
func (s *unitSet) sysusersLine(what, name string) *sysusersEntry {
	if s.opt.Root == "" {
		return nil
	}
	for _, f := range newRootView(&s.files).configFiles(sysusersPath[:]) {
		n := 0
		for line := range strings.Lines(f.text) {
			n++
			line = strings.TrimSpace(line)
			w := strings.Fields(line)
			if len(w) < 2 || w[1] != name {
				continue
			}
			if kind := strings.TrimRight(w[0], "!-"); kind == "u" || kind == "g" && what == "group" {
				return &sysusersEntry{line, grammar.Pos{File: f.shown, Line: n, Col: 1}}
			}
		}
	}
	return nil
}
