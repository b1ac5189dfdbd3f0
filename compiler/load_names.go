package compiler

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// index is what the search path holds, by name. An entry of an earlier folder
// hides those of later ones.
type index struct {
	path    []*folder
	units   map[string]*entry
	names   []string             // of units, sorted
	folders map[string][]*folder // "foo.service.d", "foo.target.wants", …
	lists   map[string][]fs.DirEntry
}

// entry is a file or link whose name is a unit's.
type entry struct {
	dir  *folder
	name string
	mask bool
	// alias is the other name that a link gives it; "" for a file, and for a
	// link that leads to a unit file of the same name elsewhere.
	alias string
	bad   string // why it cannot be read as a file; "" when it can
	// hid is what has the name in a folder of higher precedence, and is no file.
	hid *entry
}

// pos is the place of the file as a whole.
func (e *entry) pos() grammar.Pos {
	return grammar.Pos{File: e.dir.shown + "/" + e.name, Line: 1, Col: 1}
}

// folderSuffixes are the folders that belong to units, and what their links
// mean; drop-ins have none.
var folderSuffixes = [...]string{".d", ".wants", ".requires", ".upholds"}

// unitTypes are the types of systemd.unit(5).
var unitTypes = [...]string{"service", "socket", "target", "device", "mount",
	"automount", "swap", "path", "timer", "slice", "scope"}

// scan reads the folders of the search path.
func (s *unitSet) scan(dirs []*folder, l *diag.List) {
	s.index = index{path: dirs, units: map[string]*entry{}, folders: map[string][]*folder{},
		lists: map[string][]fs.DirEntry{}}
	for _, d := range dirs {
		list, err := s.files.list(d)
		if err != nil {
			l.Add(unreadable(d.shown, err))
			continue
		}
		for _, e := range list {
			s.scanEntry(d, e, l)
		}
	}
	s.index.names = sortedKeys(s.index.units)
}

// scanEntry sorts one directory entry into the index.
func (s *unitSet) scanEntry(d *folder, e fs.DirEntry, l *diag.List) {
	name := e.Name()
	link := e.Type()&fs.ModeSymlink != 0
	if isUnitFolder(name) && (e.IsDir() || link) {
		if sub, err := s.files.sub(d, name, link); err == nil {
			s.index.folders[name] = append(s.index.folders[name], sub)
		} else {
			l.Add(unreadable(d.shown+"/"+name, err))
		}
		return
	}
	if !isUnitName(name) {
		s.strange(d, e, l)
		return
	}
	old := s.index.units[name]
	if old != nil && old.bad == "" {
		return
	}
	n := &entry{dir: d, name: name, hid: old}
	switch {
	case link:
		s.readLink(n, l)
	case !e.Type().IsRegular():
		n.bad = "it is " + kindOfFile(e.Type())
	}
	if old == nil || n.bad == "" { // what is no unit file hides none
		s.index.units[name] = n
	}
}

// readLink finds out what a link means: a mask, an alias, or a unit file that
// lies elsewhere.
func (s *unitSet) readLink(n *entry, l *diag.List) {
	if n.mask = s.files.isNull(n.dir, n.name); n.mask {
		return
	}
	to, err := s.files.target(n.dir, n.name)
	if err != nil {
		n.bad = reason(err)
		return
	}
	base := path.Base(to)
	if base == n.name {
		return
	}
	switch why := aliasProblem(n.name, base); {
	case !isUnitName(base):
		// The file is somewhere else under a name of its own.
	case why != "":
		n.bad = "it is a link to \"" + base + "\", and " + why
	default:
		n.alias = base
	}
}

// aliasProblem says why a link from one name to another cannot make an alias
// (systemd.unit(5), "Aliases obey the following restrictions"), or "".
func aliasProblem(name, to string) string {
	a, b := splitName(name), splitName(to)
	template := func(n nameParts, whole string) bool { return strings.Contains(whole, "@") && n.instance == "" }
	switch {
	case a.suffix != b.suffix:
		return "an alias has the type of its unit"
	case strings.Contains(name, "@") != strings.Contains(to, "@"):
		return "an alias of a template is a template, and of a plain unit a plain name"
	case template(a, name) != template(b, to) && !template(b, to):
		return "an alias of an instance is an instance"
	case a.instance != b.instance && !template(b, to):
		return "an alias of an instance has the same instance name"
	}
	return ""
}

// strange says that an entry is no part of any unit, so that a slip of the
// keyboard does not lose a unit in silence.
func (s *unitSet) strange(d *folder, e fs.DirEntry, l *diag.List) {
	name := e.Name()
	if !s.installCounts() || quietName(name) {
		return
	}
	n := diag.Diagnostic{Pos: grammar.Pos{File: d.shown + "/" + name}, Severity: diag.Note, Code: "ignored-file",
		Msg: "not a unit file name, so nothing reads it"}
	if e.IsDir() {
		n.Msg = "unit files are not looked for in sub-folders"
		n.Hint = "name the folder as a UNITDIR of its own if it holds units"
	} else if _, err := grammar.ParseUnitName(name); err != nil && isUnitType(splitName(name).suffix) {
		n.Severity, n.Hint = diag.Warning, err.Hint
		n.Msg += ": " + err.Msg
	} else if best := suggest(splitName(name).suffix, unitTypes[:]); best != "" {
		n.Severity = diag.Warning
		n.Hint = "did you mean \"" + strings.TrimSuffix(name, splitName(name).suffix) + best + "\"?"
	}
	l.Add(n)
}

// quietName says whether a file is one of those that lie beside unit files for
// other reasons: notes, hidden files, editors' copies.
func quietName(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") ||
		strings.HasPrefix(name, "README") || strings.HasSuffix(name, ".md")
}

// isUnitFolder says whether a folder of that name belongs to a unit or a type.
func isUnitFolder(name string) bool {
	for _, suffix := range folderSuffixes {
		base, ok := strings.CutSuffix(name, suffix)
		if ok && (isUnitName(base) || isUnitType(base) || isUnitPrefix(base)) {
			return true
		}
	}
	return false
}

func isUnitType(name string) bool {
	for _, t := range unitTypes {
		if t == name {
			return true
		}
	}
	return false
}

// isUnitPrefix says whether a name is a truncated one: "foo-.service".
func isUnitPrefix(name string) bool {
	n := splitName(name)
	return strings.HasSuffix(n.prefix, "-") && isUnitType(n.suffix)
}

// isUnitName says whether a name is a unit's or a template's.
func isUnitName(name string) bool {
	if !isUnitType(name[strings.LastIndexByte(name, '.')+1:]) {
		return false
	}
	_, err := grammar.ParseUnitName(name)
	return err == nil
}

// unreadable says that a file or folder cannot be read.
func unreadable(shown string, err error) diag.Diagnostic {
	return diag.Diagnostic{Pos: grammar.Pos{File: shown}, Severity: diag.Error, Code: "unreadable-file",
		Msg: "cannot read it: " + reason(err)}
}

// reason is an error of the file system in words, without the path.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, syscall.ELOOP), errors.Is(err, errLoop):
		return errLoop.Error()
	case errors.Is(err, os.ErrPermission):
		return "permission denied"
	}
	return err.Error()
}

// kindOfFile names what is no regular file.
func kindOfFile(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a regular file"
}

// fullName is what a name means that somebody has typed: that of a service,
// when it does not end in a type of unit (systemctl(1), "Parameter Syntax").
func fullName(name string) string {
	if isUnitType(splitName(name).suffix) {
		return name
	}
	return name + ".service"
}
