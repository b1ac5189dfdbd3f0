package runtime

import (
	"strings"
	"syscall"
)

// globPaths are the files that a glob(7) pattern names, sorted. Package
// filepath would do it with os, fmt and more.
func globPaths(pattern string) []string {
	found := []string{""}
	for _, part := range strings.Split(strings.Trim(pattern, "/"), "/") {
		var next []string
		for _, dir := range found {
			next = globIn(next, dir, part)
		}
		found = next
	}
	return found
}

// globIn appends what a part of a pattern matches in a directory.
func globIn(out []string, dir, part string) []string {
	if !strings.ContainsAny(part, "*?[\\") {
		path := dir + "/" + part
		var st syscall.Stat_t
		if lstat(path, &st) == 0 { // a link that leads nowhere has a name, too
			out = append(out, path)
		}
		return out
	}
	start := len(out)
	for _, name := range listDir(dir + "/") {
		if (name[0] != '.' || part[0] == '.') && globMatch(part, name) {
			out = append(out, dir+"/"+name)
		}
	}
	sortStrings(out[start:])
	return out
}

// sortStrings sorts the few names that a pattern has.
func sortStrings(s []string) {
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

// listDir reads the names in a directory, nil when it cannot.
func listDir(path string) (names []string) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	buf := make([]byte, 8192)
	for {
		n, err := syscall.ReadDirent(fd, buf)
		if err != nil || n <= 0 {
			return names
		}
		_, _, names = syscall.ParseDirent(buf[:n], -1, names)
	}
}

// globMatch matches a name against "*", "?", "[a-z]", "[!a-z]" and "\c".
func globMatch(pattern, name string) bool {
	for pattern != "" {
		switch c := pattern[0]; {
		case c == '*':
			for n := 0; n <= len(name); n++ {
				if globMatch(pattern[1:], name[n:]) {
					return true
				}
			}
			return false
		case name == "":
			return false
		case c == '[' && setEnd(pattern) > 0:
			end := setEnd(pattern)
			if !inSet(pattern[1:end], name[0]) {
				return false
			}
			pattern = pattern[end+1:]
		case c == '\\' && len(pattern) > 1:
			if pattern[1] != name[0] {
				return false
			}
			pattern = pattern[2:]
		case c != '?' && c != name[0]:
			return false
		default:
			pattern = pattern[1:]
		}
		name = name[1:]
	}
	return name == ""
}

// setEnd is where the "]" of the set that a pattern begins with stands, or -1;
// one that comes first is a member.
func setEnd(pattern string) int {
	start := 2
	if len(pattern) > 1 && (pattern[1] == '!' || pattern[1] == '^') {
		start = 3
	}
	if start >= len(pattern) {
		return -1
	}
	end := strings.IndexByte(pattern[start:], ']')
	if end < 0 {
		return -1
	}
	return start + end
}

func inSet(set string, c byte) bool {
	not := set != "" && (set[0] == '!' || set[0] == '^')
	if not {
		set = set[1:]
	}
	for n := 0; n < len(set); n++ {
		if n+2 < len(set) && set[n+1] == '-' {
			if set[n] <= c && c <= set[n+2] {
				return !not
			}
			n += 2
		} else if set[n] == c {
			return !not
		}
	}
	return not
}
