package compiler

import (
	"path"
	"strings"
)

// packages says which package a file of the root came with.
type packages struct{ byPath map[string]string }

// dpkgInfo has a list of files for each package of a Debian root.
const dpkgInfo = "/var/lib/dpkg/info"

// readPackages looks the paths up in dpkg's lists. A root of another
// distribution has none: then no file has an owner.
func (r *rootView) readPackages(want map[string]bool) *packages {
	p := &packages{byPath: map[string]string{}}
	d, err := r.files.open(dpkgInfo, true)
	if err != nil {
		return p
	}
	entries, _ := r.files.list(d)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".list")
		if !ok {
			continue
		}
		at, err := r.files.follow(d, e.Name())
		if err != nil {
			continue
		}
		text, err := r.files.read(at.real)
		if err != nil {
			continue
		}
		name, _, _ = strings.Cut(name, ":") // the architecture
		p.take(text, name, want)
	}
	return p
}

// take reads one list. Most have nothing of interest, so folders are sorted out
// by what they end in.
func (p *packages) take(text, name string, want map[string]bool) {
	if !strings.Contains(text, "tmpfiles.d/") && !strings.Contains(text, "systemd/system") {
		return
	}
	for line := range strings.Lines(text) {
		line = mergedUsr(strings.TrimSuffix(line, "\n"))
		if want[line] {
			p.byPath[line] = name
		}
	}
}

// of is the package of a path, or "".
func (p *packages) of(name string) string { return p.byPath[mergedUsr(name)] }

// mergedUsr is a path as a root with merged /usr has it: dpkg's lists say
// /lib/systemd/system, wherever that leads.
func mergedUsr(name string) string {
	name = path.Clean(name)
	if strings.HasPrefix(name, "/lib/") {
		return "/usr" + name
	}
	return name
}
