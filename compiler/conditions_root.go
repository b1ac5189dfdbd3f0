package compiler

import (
	"os"
	"path"
	"strings"

	"rustysd/runtime/fnmatch"
	"rustysd/runtime/plan"
)

// decideRelease answers ConditionOSRelease= from the root's os-release(5). The
// order of versions is the runtime's business.
func (s *unitSet) decideRelease(terms []plan.Term) (value, known bool) {
	if s.release == nil {
		s.release = s.readRelease()
	}
	known = true
	for i := range terms {
		t := &terms[i]
		has, holds := s.release[t.Key], false
		fits := fnmatch.Match(t.Value, has, true)
		switch t.Op {
		case plan.CompareText:
			holds = has == t.Value
		case plan.CompareNotText:
			holds = has != t.Value
		case plan.CompareGlob:
			holds = fits
		case plan.CompareNotGlob:
			holds = !fits
		default:
			known = false
			continue
		}
		if !holds {
			return false, true
		}
	}
	return true, known
}

// decideGlob answers ConditionPathExistsGlob= if all folders that the pattern
// leads through are fixed.
func (s *unitSet) decideGlob(c *plan.Condition) (value, known bool) {
	if hasMark(c.Param) {
		return false, false
	}
	patterns := []string{c.Param}
	if len(c.Terms) > 0 {
		patterns = nil
		for i := range c.Terms {
			patterns = append(patterns, c.Terms[i].Value)
		}
	}
	known = true
	for _, p := range patterns {
		found, sure := s.globRoot(p)
		if found && sure {
			return true, true
		}
		known = known && sure
	}
	return false, known
}

// globRoot says whether a pattern names a file of the root; sure when no boot
// can change that. As glob(3) does, it follows the links on the way but not the
// one at the end.
func (s *unitSet) globRoot(pattern string) (found, sure bool) {
	dirs := []string{"/"}
	parts := strings.Split(strings.Trim(pattern, "/"), "/")
	for i, part := range parts {
		var next []string
		for _, dir := range dirs {
			if dir == "/" && mayBeMounted(part) {
				return false, false
			}
			for _, name := range s.globNames(dir, part) {
				file := path.Join(dir, name)
				if !fixed(file) {
					return false, false
				}
				if i < len(parts)-1 {
					real, err := s.files.resolve(file)
					if err != nil {
						continue // links in a circle
					}
					if !fixed(real) {
						return false, false
					}
					file = real
				}
				if _, err := os.Lstat(s.files.host(file)); err == nil {
					next = append(next, file)
				}
			}
		}
		dirs = next
	}
	return len(dirs) > 0, true
}

// mayBeMounted says whether a part of a pattern fits a folder that a boot fills,
// be it in the root or not.
func mayBeMounted(part string) bool {
	for _, dir := range bootFolders {
		if fnmatch.Match(part, dir[1:], true) {
			return true
		}
	}
	return false
}

// globNames are the names in a folder that fit a part of a pattern.
func (s *unitSet) globNames(dir, part string) (names []string) {
	if !strings.ContainsAny(part, "*?[\\") {
		return []string{part}
	}
	list, _ := os.ReadDir(s.files.host(dir)) // what cannot be read has nothing in it
	for _, e := range list {
		if fnmatch.Match(part, e.Name(), true) && (e.Name()[0] != '.' || part[0] == '.') {
			names = append(names, e.Name())
		}
	}
	return names
}
