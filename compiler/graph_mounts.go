package compiler

import (
	"path"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// mountNeed is a path whose file systems a unit wants mounted.
type mountNeed struct {
	path    string
	rel     plan.Rel
	because string
	at, end grammar.Pos
}

// mountsFor reads the paths of RequiresMountsFor= or WantsMountsFor=. As with
// all dependencies, an empty value takes none back.
func mountsFor(rel plan.Rel) decodeFunc {
	return func(x *reading) {
		words, err := grammar.ParseWords(x.text)
		if err != nil {
			x.bad(err, 0)
			return
		}
		for _, w := range words {
			text, boot, ok := x.expandBoot(w.Text)
			if !ok || boot { // which unit that is only the boot knows, and it has no mounts
				continue
			}
			name, err := absolutePath(w.Text, text)
			if err != nil {
				x.bad(err, w.Offset)
				continue
			}
			x.u.common.mounts = append(x.u.common.mounts, mountNeed{name, rel, x.set.key + "=",
				x.set.value.PosAt(w.Offset), x.set.value.PosAt(w.End)})
		}
	}
}

// mountEdges adds the dependencies on the mount units that lead to the paths of
// a unit (systemd.unit(5), "RequiresMountsFor="), and to those that
// systemd.exec(5), "IMPLICIT DEPENDENCIES", and systemd.socket(5) name. Only
// units that have a file count: what else is mounted, is there.
func (s *unitSet) mountEdges(u *unit) {
	if !s.hasMounts {
		return
	}
	for _, need := range append(u.mountNeeds(), s.foreignMountNeeds(u)...) {
		for dir := need.path; ; dir = path.Dir(dir) {
			name, err := grammar.EscapePath(dir)
			m := s.byName[name+".mount"]
			if err == nil && m != nil && m.entry != nil && !m.masked && m.plumbing == nil && m != u {
				u.link(need.rel|plan.After, m.name, cause{pos: need.at, end: need.end, because: need.because})
			}
			if dir == "/" {
				break
			}
		}
	}
}

// mountNeeds are the paths that a unit needs, written as such or not.
func (u *unit) mountNeeds() []mountNeed {
	needs := u.common.mounts
	add := func(name, because string, at grammar.Pos) {
		needs = append(needs, mountNeed{name, plan.Requires, because, at, at})
	}
	if v := u.socket; v != nil {
		for i := range v.listen {
			switch line := &v.listen[i]; {
			case line.typ == listenFIFO || line.typ == listenSpecial:
				add(line.text, "its address", line.at)
			case line.inFiles():
				add(line.addr.Path, "its address", line.at)
			}
		}
	}
	if u.service == nil && u.socket == nil {
		return needs
	}
	e := u.exec()
	if e.workDir.set && e.workDir.v != "~" && !e.workDirMay {
		add(e.workDir.v, "WorkingDirectory=", e.workDir.at)
	}
	if root := e.view.root; root.set {
		add(root.v, "RootDirectory=", root.at)
	}
	for kind := range e.dirs {
		for _, d := range e.dirs[kind].paths {
			add(directoryKinds[kind].base+"/"+d.v.path, "its directory", d.at)
		}
	}
	if tmp := e.view.privateTmp; tmp.v != tmpNo {
		add("/tmp", "PrivateTmp=", tmp.at)
		add("/var/tmp", "PrivateTmp=", tmp.at)
	}
	return needs
}
