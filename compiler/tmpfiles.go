package compiler

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Which lines of tmpfiles.d(5) an image needs is a rule that can be explained:
//
//  1. the files of a package that owns a kept unit's file (dpkg's lists say so),
//     or the file that an administrator's of the same name stands in for, except
//     systemd's own, which are for its own services;
//  2. files that no package owns: those in /etc are the work of whoever made
//     the root, others count if they are named after a kept unit; so do those of
//     packages, when the unit is of none;
//  3. of all other files, the lines about a path that a kept unit names, and
//     those about the few places that every program may expect (commonPaths).
//     Debian's systemd mounts one of them itself, /run/lock: it is made wherever
//     /var/lock leads there.
//
// Of these lines, those about places that a boot can change are done each time,
// and others only if the root is not yet as they want it. They are done as
// systemd-tmpfiles --remove --create --boot does them: first what removes, then
// what makes something, by path, then what changes what is there.

// commonPaths are places that programs expect without saying so.
var commonPaths = []string{"/run/lock", "/tmp", "/var/tmp", "/var/lock", "/var/run", "/run/shm"}

// expected is their reason.
const expected = "programs expect it"

// tmpfilesPath are the folders with such files, the first with the highest
// precedence (tmpfiles.d(5)).
var tmpfilesPath = [...]string{"/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d", "/lib/tmpfiles.d"}

// tmpfiles finds the boot steps of an image.
type tmpfiles struct {
	s  *unitSet
	lo *lowering
	r  *rootView
	l  *diag.List
	// removes, makes and changes are the steps, in the order in which they are
	// done; taken are the paths that makes and changes have a line for, which no
	// later line can have (tmpfiles.d(5): the first of two conflicting ones wins).
	removes, makes, changes []plan.BootStep
	taken                   [2]map[string]bool
}

// makeTmpfiles fills plan.Boot.
func (lo *lowering) makeTmpfiles() {
	if lo.s.opt.Root == "" || !hasServices(lo.p) {
		return
	}
	t := &tmpfiles{s: lo.s, lo: lo, r: newRootView(&lo.s.files), l: lo.l, taken: [2]map[string]bool{{}, {}}}
	files := t.r.configFiles(tmpfilesPath[:])
	if len(files) == 0 {
		return
	}
	for _, f := range files {
		t.file(f)
	}
	if to, err := lo.s.files.resolve("/var/lock"); err == nil && to == "/run/lock" && !t.taken[0][to] {
		t.makes = append(t.makes, plan.BootStep{Path: to, Mode: 0o1777, UID: plan.KeepID, GID: plan.KeepID, Origin: "/var/lock"})
	}
	// systemd-tmpfiles(8) makes a path before what lies in it.
	slices.SortStableFunc(t.makes, func(a, b plan.BootStep) int { return cmp.Compare(a.Path, b.Path) })
	lo.p.Boot = slices.Concat(t.removes, t.makes, t.changes)
}

func hasServices(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Units, func(u plan.Unit) bool { return u.Kind != plan.KindTarget })
}

// configFile is one file of a set of folders, in which the first of a name
// hides the others.
type configFile struct {
	path  string // in the root
	shown string
	text  string
}

// configFiles are the *.conf files of the folders, sorted by name. What cannot
// be read counts as empty, and so does a link to /dev/null.
func (r *rootView) configFiles(dirs []string) []configFile {
	found := map[string]configFile{}
	for _, dir := range dirs {
		d, err := r.files.open(dir, true)
		if err != nil {
			continue
		}
		entries, _ := r.files.list(d)
		for _, e := range entries {
			if _, hidden := found[e.Name()]; hidden || !strings.HasSuffix(e.Name(), ".conf") {
				continue
			}
			f := configFile{path: dir + "/" + e.Name(), shown: d.shown + "/" + e.Name()}
			if p, err := r.files.follow(d, e.Name()); err == nil {
				f.text, _ = r.files.read(p.real)
			}
			found[e.Name()] = f
		}
	}
	var out []configFile
	for _, name := range sortedKeys(found) {
		out = append(out, found[name])
	}
	return out
}

// packagedAs are the paths in the root at which a package may have a unit's
// file: its own, and where packages have theirs.
func (s *unitSet) packagedAs(u *unit) (names []string) {
	if u.fragment == "" {
		return nil
	}
	if in, ok := s.within(u.fragment); ok {
		names = append(names, strings.TrimSuffix(in, "/"))
	}
	return append(names, "/usr/lib/systemd/system/"+path.Base(u.fragment))
}

// packageOf is the package that a unit is of, or "".
func (s *unitSet) packageOf(u *unit) string {
	for _, name := range s.packagedAs(u) {
		if owner := s.packages().of(name); owner != "" {
			return owner
		}
	}
	return ""
}

// reasonFor says why all lines of a file count, or "".
func (t *tmpfiles) reasonFor(f configFile) string {
	owner := t.s.packages().of(f.path)
	if owner == "" && strings.HasPrefix(f.path, "/etc/") {
		return "whoever made the root put it there, for no package has it"
	}
	stem := strings.TrimSuffix(path.Base(f.path), ".conf")
	for _, u := range t.s.image {
		if u.fragment == "" {
			continue
		}
		of := t.s.packageOf(u)
		switch {
		case owner != "" && owner != "systemd" && of == owner:
			return "\"" + u.name + "\" is of the same package, " + owner
		case (owner == "" || of == "") && splitName(u.name).prefix == stem:
			return "it is named like \"" + u.name + "\""
		}
	}
	return ""
}

// file takes the lines of one file that count.
func (t *tmpfiles) file(f configFile) {
	why := t.reasonFor(f)
	n, done, ages := 0, 0, 0
	var named []string
	for raw := range strings.Lines(f.text) {
		n++
		line, ok := parseTmpfilesLine(raw)
		if !ok {
			continue
		}
		line.at = grammar.Pos{File: f.shown, Line: n, Col: 1}
		if why == "" {
			by := t.namedBy(line.path)
			if line.expected = by == expected; by == "" {
				continue
			}
			if !slices.Contains(named, by) {
				named = append(named, by)
			}
		}
		if t.line(line) {
			done++
			if there, _ := line.ageOf(); there && !line.expected {
				ages++
			}
		}
	}
	if ages > 0 {
		t.l.Add(diag.Diagnostic{Pos: grammar.Pos{File: f.shown}, Severity: diag.Note, Code: "tmpfiles",
			Msg: "its ages are ignored: nothing is cleaned up while the image runs"})
	}
	named = slices.DeleteFunc(named, func(by string) bool { return by == expected }) // of no interest
	if done > 0 && (why != "" || len(named) > 0) {
		if why == "" {
			why = join(named)
		}
		t.l.Add(diag.Diagnostic{Pos: grammar.Pos{File: f.shown}, Severity: diag.Note, Code: "tmpfiles",
			Msg: lines(done) + " of it are done at boot: " + why})
		if done == 1 {
			(*t.l)[len(*t.l)-1].Msg = "a line of it is done at boot: " + why
		}
	}
}

func lines(n int) string { return itoa(int64(n)) + " lines" }

// namedBy says which kept unit names a path, or what lies in it; or that it is
// one of the common ones.
func (t *tmpfiles) namedBy(name string) string {
	name = boottimePath(name)
	if slices.Contains(commonPaths, name) {
		return expected
	}
	if !isVolatile(name) || strings.Count(name, "/") < 2 {
		return ""
	}
	for _, u := range t.s.image {
		if u.namesPath(name) {
			return "\"" + u.name + "\" names \"" + name + "\""
		}
	}
	return ""
}

// namesPath says whether a setting of the unit holds a path or one below it.
func (u *unit) namesPath(name string) bool {
	for i := range u.settings {
		text := u.settings[i].value.Text()
		for from := 0; ; {
			at := strings.Index(text[from:], name)
			if at < 0 {
				break
			}
			from += at + len(name)
			if from == len(text) || strings.IndexByte("/ \t:;,\"'", text[from]) >= 0 {
				return true
			}
		}
	}
	return false
}

// boottimePath is a path as the boot sees it: /var/run is a link to /run.
func boottimePath(name string) string {
	if rest, ok := strings.CutPrefix(name, "/var/run/"); ok {
		return "/run/" + rest
	}
	return name
}
