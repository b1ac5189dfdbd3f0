package compiler

import (
	"os"
	"path"
	"strings"

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
		fits, err := path.Match(t.Value, has)
		switch t.Op {
		case plan.CompareText:
			holds = has == t.Value
		case plan.CompareNotText:
			holds = has != t.Value
		case plan.CompareGlob:
			holds = fits && err == nil
		case plan.CompareNotGlob:
			holds = !fits && err == nil
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
// can change that.
func (s *unitSet) globRoot(pattern string) (found, sure bool) {
	dirs := []string{"/"}
	for part := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		var next []string
		for _, dir := range dirs {
			if dir == "/" && mayBeMounted(part) {
				return false, false
			}
			for _, name := range s.globNames(dir, part) {
				real, err := s.files.resolve(path.Join(dir, name))
				if !fixed(path.Join(dir, name)) || err == nil && !fixed(real) {
					return false, false
				}
				if _, err := os.Lstat(s.files.host(real)); err == nil {
					next = append(next, real)
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
		if fits, err := path.Match(part, dir[1:]); fits || err != nil {
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
		if fits, err := path.Match(part, e.Name()); fits && err == nil && (e.Name()[0] != '.' || part[0] == '.') {
			names = append(names, e.Name())
		}
	}
	return names
}
