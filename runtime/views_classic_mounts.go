package runtime

import (
	"strings"
	"syscall"
)

// mountsBelow are the paths of the mounts below one.
func (v *classicViews) mountsBelow(path string) []string {
	var out []string
	add := func(at string) {
		if isBelow(at, path) && !anyIs(out, at) {
			out = append(out, at)
		}
	}
	for _, m := range v.mounts {
		if at, ok := strings.CutPrefix(m.path, v.root); ok {
			add(at)
		}
	}
	for _, m := range v.made {
		add(m.path)
	}
	return out
}

// real is where a path of the child's leads by the links that the init sees too.
func (v *classicViews) real(path string) string {
	if path == "" || path[0] != '/' {
		return path
	}
	var link [syscall.PathMax]byte
	done, rest := "", path
	for links := 0; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		switch name {
		case "", ".":
			continue
		case "..":
			done = done[:max(0, strings.LastIndexByte(done, '/'))]
			continue
		}
		at := done + "/" + name
		to, e := readlink(v.root+at, link[:])
		if e != 0 || v.isOther(at) { // it is none
			done = at
			continue
		}
		if links++; links > maxLinks {
			return path
		}
		if strings.HasPrefix(to, "/") {
			done = ""
		}
		rest = to + "/" + rest
	}
	if done == "" {
		return "/"
	}
	return done
}

// isOther says whether the child sees something else at a path than the init.
func (v *classicViews) isOther(path string) bool {
	for _, at := range v.others {
		if at == path || isBelow(path, at) {
			return true
		}
	}
	return false
}

// maxLinks is how many links the kernel follows (path_resolution(7)).
const maxLinks = 40

// flagsOf are the flags of the mount that a path of the child's is on.
func (v *classicViews) flagsOf(path string) uint64 {
	best, flags := -1, uint64(0)
	look := func(at string, f uint64) {
		if (at == path || isBelow(path, at)) && len(at) >= best {
			best, flags = len(at), f
		}
	}
	for _, m := range v.mounts {
		switch at, ok := strings.CutPrefix(m.path, v.root); {
		case ok && at == "":
			look("/", m.flags)
		case ok && at[0] == '/':
			look(at, m.flags)
		}
	}
	for _, m := range v.made {
		look(m.path, m.flags)
	}
	return flags
}

// enter makes a folder the root: what lies in it is by then where it is there.
func (v *classicViews) enter(root string) {
	made, others := v.made, v.others
	v.root, v.made, v.others = root, nil, nil
	for _, m := range made {
		if path := inRoot(m.path, root); path != "" {
			v.made = append(v.made, mountPoint{path, m.flags})
		}
	}
	for _, o := range others {
		if path := inRoot(o, root); path != "" {
			v.others = append(v.others, path)
		}
	}
}

// inRoot is where a path is when a folder that it lies in is the root.
func inRoot(path, root string) string {
	switch {
	case path == root:
		return "/"
	case isBelow(path, root):
		return path[len(root):]
	}
	return ""
}

// isBelow says whether a path is below another.
func isBelow(path, dir string) bool {
	return dir == "/" && len(path) > 1 || len(path) > len(dir) && path[:len(dir)] == dir && path[len(dir)] == '/'
}

// fileAt is stat(2).
func fileAt(path string, st *syscall.Stat_t) errno {
	fd, e := open(path, oPath, 0)
	if e == 0 {
		e = fstat(fd, st)
		closeFD(fd)
	}
	return e
}

// readMounts reads the init's own mounts.
func readMounts() []mountPoint {
	text, e := readBounded("/proc/self/mountinfo", 1<<20)
	if e != 0 {
		return nil
	}
	return parseMounts(text)
}

// parseMounts reads the lines of proc(5), "mountinfo".
func parseMounts(text string) []mountPoint {
	var out []mountPoint
	for line := range strings.Lines(text) {
		words := strings.Split(line, " ")
		if len(words) < 6 {
			continue
		}
		m := mountPoint{path: unescapePath(words[4])}
		for option := range strings.SplitSeq(words[5], ",") {
			switch option {
			case "ro":
				m.flags |= syscall.MS_RDONLY
			case "nosuid":
				m.flags |= syscall.MS_NOSUID
			case "nodev":
				m.flags |= syscall.MS_NODEV
			case "noexec":
				m.flags |= syscall.MS_NOEXEC
			}
		}
		out = append(out, m)
	}
	return out
}

// unescapePath replaces \\ooo, which stands for blanks and the backslash.
func unescapePath(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}
