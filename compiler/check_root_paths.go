package compiler

import (
	"path"
	"strings"
	"syscall"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// workingDirectory checks that a unit can enter its folder.
func (c *rootCheck) workingDirectory(u *unit) {
	w := u.exec().workDir
	if !w.set || u.exec().workDirMay {
		return
	}
	dir, what := w.v, "working directory"
	if dir == "~" {
		in := c.lo.resolve(u, false)
		dir, what = in.home, "home directory"
	}
	if dir == "" || hasMark(dir) || u.makes(dir) || u.mounts(dir) {
		return
	}
	if isVolatile(dir) {
		c.emptyPlace(w.at, what, boottimePath(dir))
		return
	}
	d := diag.Diagnostic{Pos: w.at, Severity: diag.Error, Code: "missing-directory",
		Hint: "make the folder in the root, use StateDirectory= or its kin, or put \"-\" before the path"}
	who := c.who(u, nil)
	if why := c.r.trouble(dir, syscall.S_IFDIR); why != "" {
		d.Msg = what + " \"" + dir + "\" " + why
	} else if bar := c.r.barred(&who, dir); bar != "" {
		d.Msg = what + " \"" + dir + "\" cannot be entered by " + who.name
		d.Hint = "correct the mode of \"" + bar + "\" with chmod, or its owner"
	} else {
		return
	}
	c.l.Add(d)
}

// emptyPlace warns of a folder below /run that nothing makes in an image, as
// far as can be seen: another unit's program might.
func (c *rootCheck) emptyPlace(at grammar.Pos, what, dir string) {
	if !below(dir, "/run") || dir == "/run" || c.madeAtBoot(dir) {
		return
	}
	c.l.Add(diag.Diagnostic{Pos: at, Severity: diag.Warning, Code: "missing-directory",
		Msg:  what + " \"" + dir + "\" is not there after a boot, for /run is empty then, and no unit has it as RuntimeDirectory=",
		Hint: "add RuntimeDirectory= with its name"})
}

// madeAtBoot says whether a unit of the image, or a line of tmpfiles.d, makes a
// folder.
func (c *rootCheck) madeAtBoot(dir string) bool {
	for i := range c.s.plan.Boot {
		if b := &c.s.plan.Boot[i]; makes(b.Kind) && below(b.Path, dir) {
			return true
		}
	}
	for _, u := range c.s.image {
		if (u.service != nil || u.socket != nil) && u.makes(dir) {
			return true
		}
	}
	return false
}

// makes says whether the unit's own directories give a path
// (systemd.exec(5), "RuntimeDirectory=").
func (u *unit) makes(dir string) bool {
	e := u.exec()
	for kind := range e.dirs {
		for _, p := range e.dirs[kind].paths {
			if below(directoryKinds[kind].base+"/"+p.v.path, dir) {
				return true
			}
			for _, link := range p.v.links {
				if below(directoryKinds[kind].base+"/"+link, dir) {
					return true
				}
			}
		}
	}
	return false
}

// environmentFiles checks those that must be there: systemd fails the unit
// otherwise. What a command before it may write is only warned about.
func (c *rootCheck) environmentFiles(u *unit) {
	for _, f := range u.exec().envFiles {
		name, optional := strings.CutPrefix(f.v, "-")
		if optional || hasMark(name) || isVolatile(name) || u.mounts(name) || strings.ContainsAny(name, "*?[") {
			continue
		}
		why := c.r.trouble(name, syscall.S_IFREG)
		if why == "" {
			continue
		}
		d := diag.Diagnostic{Pos: f.at, Severity: diag.Error, Code: "missing-environment-file",
			Msg:  "environment file \"" + name + "\" " + why,
			Hint: "add the file, or put \"-\" before the path if the service can do without"}
		if u.has(plan.ExecStartPre) || u.has(plan.ExecCondition) {
			d.Severity = diag.Warning
		}
		c.l.Add(d)
	}
}

// viewPaths warns of what a view of the file system cannot be made of. Another
// unit's program may make it before.
func (c *rootCheck) viewPaths(u *unit) {
	v := &u.exec().view
	for view, list := range v.paths {
		for _, p := range list {
			// What another directive puts there is not the root's.
			if !p.v.may && !u.mounts(p.v.path) {
				c.viewPath(u, p.at, p.v.path, pathView(view))
			}
		}
	}
	for _, b := range v.binds {
		if !b.v.may {
			c.viewPath(u, b.at, b.v.source, viewBind)
		}
	}
}

// viewPath is viewPaths for one path.
func (c *rootCheck) viewPath(u *unit, at grammar.Pos, path string, view pathView) {
	if hasMark(path) || isVolatile(path) || u.makes(path) || c.madeAtBoot(path) {
		return
	}
	if _, err := c.r.stat(path); err == nil {
		return
	}
	hint := "put \"-\" before the path if the service can do without, or make it in the root"
	if view == viewKeep {
		hint = "use StateDirectory= or its kin, make it in the root, or put \"-\" before the path if the service can do without"
	}
	c.l.Add(diag.Diagnostic{Pos: at, Severity: diag.Warning, Code: "missing-path",
		Msg: "\"" + path + "\" is not in the root: the service fails with 226/NAMESPACE unless something makes it before", Hint: hint})
}

// temporaryFolders warns of a /tmp or /var/tmp of the unit's own that has nowhere
// to lie, as it has in the root's. What is disconnected from that makes the folder
// that it is mounted on.
func (c *rootCheck) temporaryFolders(u *unit) {
	tmp := u.exec().view.privateTmp
	if tmp.v != tmpYes {
		return
	}
	for _, dir := range [...]string{"/tmp", "/var/tmp"} {
		if why := c.r.trouble(dir, syscall.S_IFDIR); why != "" && !c.madeAtBoot(dir) {
			c.l.Add(diag.Diagnostic{Pos: tmp.at, Severity: diag.Warning, Code: "missing-path",
				Msg:  "\"" + dir + "\", in which the service's own is to lie, " + why + ": the service fails with 226/NAMESPACE unless something makes it before",
				Hint: "make the folder in the root, with mode 1777"})
		}
	}
}

// pidFile checks that a daemon has somewhere to write its PID file. Below /run
// the boot makes the folder, or the daemon itself.
func (c *rootCheck) pidFile(u *unit) {
	p := u.service.pidFile
	dir := path.Dir(p.v)
	if !p.set || hasMark(dir) || isVolatile(dir) || u.makes(dir) || u.mounts(dir) {
		return
	}
	if why := c.r.trouble(dir, syscall.S_IFDIR); why != "" {
		c.l.Add(diag.Diagnostic{Pos: p.at, Severity: diag.Warning, Code: "missing-directory",
			Msg:  "the folder of the PID file, \"" + dir + "\", " + why,
			Hint: "use a file below /run, with RuntimeDirectory= for its folder"})
	}
}
