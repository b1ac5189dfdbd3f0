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

// sortStrings is Shell's sort: short, and fast enough for a folder of any size.
func sortStrings(s []string) {
	for gap := len(s) / 2; gap > 0; gap /= 2 {
		for i := gap; i < len(s); i++ {
			for j := i; j >= gap && s[j] < s[j-gap]; j -= gap {
				s[j], s[j-gap] = s[j-gap], s[j]
			}
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

// globMatch matches a text as fnmatch(3) does: "*", "?", sets, in which "!" and
// "^" negate, and "\c". What follows the last "*" is tried at one place after the
// other; an earlier one need not be tried again, so that no pattern takes long.
func globMatch(pattern, text string) bool {
	star, from := -1, 0 // where to go on behind the last "*"
	for p, t := 0, 0; t < len(text) || p < len(pattern); {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, from = p, t
			continue
		}
		if t < len(text) && p < len(pattern) {
			if n := globOne(pattern[p:], text[t]); n > 0 {
				p += n
				t++
				continue
			}
		}
		if star < 0 || from >= len(text) {
			return false
		}
		from++
		p, t = star, from
	}
	return true
}

// globOne is the length of what a pattern begins with, if that matches c; else 0.
func globOne(pattern string, c byte) int {
	n, fits := 1, pattern[0] == c || pattern[0] == '?'
	switch {
	case pattern[0] == '\\' && len(pattern) > 1:
		n, fits = 2, pattern[1] == c
	case pattern[0] == '[':
		if end, in := globSet(pattern, c); end > 0 {
			n, fits = end, in
		}
	}
	if !fits {
		return 0
	}
	return n
}

// globSet is the length of the set that a pattern begins with, 0 if there is no
// end to it, and whether c is in it. A "]" that comes first is a member.
func globSet(set string, c byte) (n int, in bool) {
	i := 1
	not := len(set) > 1 && (set[1] == '!' || set[1] == '^')
	if not {
		i++
	}
	for first := true; i < len(set); first = false {
		if set[i] == ']' && !first {
			return i + 1, in != not
		}
		if strings.HasPrefix(set[i:], "[:") {
			if end := strings.Index(set[i:], ":]"); end > 0 {
				in = in || globClass(set[i+2:i+end], c)
				i += end + 2
				continue
			}
		}
		var low, high byte
		low, i = globMember(set, i)
		high = low
		if i+1 < len(set) && set[i] == '-' && set[i+1] != ']' {
			high, i = globMember(set, i+1)
		}
		in = in || low <= c && c <= high
	}
	return 0, false
}

// globMember is the character at i of a set, and where the next one stands.
func globMember(set string, i int) (c byte, next int) {
	if set[i] == '\\' && i+1 < len(set) {
		i++
	}
	return set[i], i + 1
}

// globClass says whether c is in a class of characters, as in the C locale.
func globClass(name string, c byte) bool {
	lower, upper, number := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
	switch name {
	case "alpha":
		return lower || upper
	case "digit":
		return number
	case "alnum":
		return lower || upper || number
	case "lower":
		return lower
	case "upper":
		return upper
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "xdigit":
		return number || c|0x20 >= 'a' && c|0x20 <= 'f'
	case "punct":
		return c > ' ' && c < 0x7f && !lower && !upper && !number
	}
	return false
}
