package compiler

import (
	"path"
	"strings"
)

// packages says which package a file of the root came with.
type packages struct{ byPath map[string]string }

// dpkgInfo has a list of files for each package of a Debian root.
const dpkgInfo = "/var/lib/dpkg/info"

// packages reads dpkg's lists, once. A root of another distribution has none:
// then no file has an owner.
func (s *unitSet) packages() *packages {
	if s.owners == nil {
		s.owners = &packages{byPath: map[string]string{}}
		s.owners.read(&s.files)
	}
	return s.owners
}

func (p *packages) read(f *files) {
	d, err := f.open(dpkgInfo, true)
	if err != nil {
		return
	}
	entries, _ := f.list(d)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".list")
		if !ok {
			continue
		}
		at, err := f.follow(d, e.Name())
		if err != nil {
			continue
		}
		text, err := f.read(at.real)
		if err != nil {
			continue
		}
		name, _, _ = strings.Cut(name, ":") // the architecture
		p.take(text, name)
	}
}

// take reads one list. Most have nothing of interest, so folders are sorted out
// by what they end in.
func (p *packages) take(text, name string) {
	if !strings.Contains(text, "tmpfiles.d/") && !strings.Contains(text, "systemd/system") {
		return
	}
	for line := range strings.Lines(text) {
		p.byPath[mergedUsr(strings.TrimSuffix(line, "\n"))] = name
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
