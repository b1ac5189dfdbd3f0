package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/fnmatch"
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
		if (name[0] != '.' || part[0] == '.') && fnmatch.Match(part, name, true) {
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
