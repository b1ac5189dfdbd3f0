package compiler

import (
	"math"
	"path"
	"path/filepath"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// standardPath is the unit search path of the system manager in a root, the
// first with the highest precedence (systemd.unit(5), "UNIT FILE LOAD PATH").
var standardPath = [...]string{
	"/etc/systemd/system.control",
	"/run/systemd/system.control",
	"/run/systemd/transient",
	"/run/systemd/generator.early",
	"/etc/systemd/system",
	"/etc/systemd/system.attached",
	"/run/systemd/system",
	"/run/systemd/system.attached",
	"/run/systemd/generator",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
	"/run/systemd/generator.late",
}

// installCounts says whether an [Install] section is as good as enabled; the
// package documentation says when and why.
func (s *unitSet) installCounts() bool { return len(s.opt.UnitDirs) > 0 }

// searchPath opens the folders that units are looked for in.
func (s *unitSet) searchPath(l *diag.List) []*folder {
	if s.installCounts() {
		return s.givenPath(l)
	}
	var path []*folder
	seen := map[string]bool{}
	s.behindEtc = math.MaxInt
	for _, name := range s.standardPath() {
		d, err := s.files.open(name, true)
		if err == nil && !seen[d.real] { // else absent, or the same folder through a merged-usr link
			seen[d.real] = true
			d.order = len(path)
			path = append(path, d)
		}
		if name == "/etc/systemd/system" {
			s.behindEtc = len(path)
		}
	}
	if len(path) == 0 {
		l.Add(diag.Diagnostic{Pos: grammar.Pos{File: s.opt.Root}, Severity: diag.Error, Code: "no-unit-dir",
			Msg:  "the root has none of systemd's unit folders",
			Hint: "name the folder with the unit files as an argument"})
	}
	return path
}

// standardPath is the standard unit path, or what $SYSTEMD_UNIT_PATH says
// (systemd.unit(5), "UNIT FILE LOAD PATH").
func (s *unitSet) standardPath() []string {
	given := s.opt.UnitPath
	if given == "" {
		return standardPath[:]
	}
	var out []string
	for dir := range strings.SplitSeq(given, ":") {
		if dir != "" {
			out = append(out, path.Join("/", dir))
		}
	}
	if strings.HasSuffix(given, ":") {
		out = append(out, standardPath[:]...)
	}
	return out
}

// givenPath opens the UNITDIRs.
func (s *unitSet) givenPath(l *diag.List) []*folder {
	var path []*folder
	for _, name := range s.opt.UnitDirs {
		d, err := s.openGiven(name)
		if err != nil {
			l.Add(diag.Diagnostic{Pos: grammar.Pos{File: name}, Severity: diag.Error, Code: "no-unit-dir",
				Msg: "cannot read the unit folder: " + reason(err)})
			continue
		}
		d.order = len(path)
		path = append(path, d)
	}
	return path
}

// openGiven opens a UNITDIR. Links in one that lies inside of the root stay
// within the root.
func (s *unitSet) openGiven(name string) (*folder, error) {
	shown := path.Clean(name)
	if in, ok := s.within(shown); ok {
		d, err := s.files.open(in, true)
		if err == nil {
			d.shown = shown
		}
		return d, err
	}
	return s.files.open(shown, false)
}

// within is the path in the root of a path on this machine.
func (s *unitSet) within(name string) (string, bool) {
	if s.opt.Root == "" {
		return "", false
	}
	root, err1 := filepath.Abs(s.opt.Root)
	abs, err2 := filepath.Abs(name)
	if err1 != nil || err2 != nil {
		return "", false
	}
	if root == "/" {
		return abs, true
	}
	rest, ok := strings.CutPrefix(abs, root)
	if !ok || !strings.HasPrefix(rest+"/", "/") {
		return "", false
	}
	return rest + "/", true
}

// inRoot is a path as the image has it, for a file that was shown as name:
// with a root the path inside of it, else as the user gave it. An absolute
// path of the build machine never gets into an image, for the same units must
// give the same bytes everywhere: of an absolute UNITDIR the last part stays.
func (s *unitSet) inRoot(name string) string {
	if in, ok := s.within(name); ok {
		return strings.TrimSuffix(in, "/")
	}
	if !strings.HasPrefix(name, "/") {
		return name
	}
	for _, dir := range s.opt.UnitDirs {
		dir = path.Clean(dir)
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			return path.Join(path.Base(dir), rest)
		}
	}
	return name
}
