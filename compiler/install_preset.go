package compiler

import (
	"path"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/fnmatch"
)

// presetPath are the folders with preset files, the first with the highest
// precedence (systemd.preset(5)).
var presetPath = [...]string{
	"/etc/systemd/system-preset",
	"/run/systemd/system-preset",
	"/usr/local/lib/systemd/system-preset",
	"/usr/lib/systemd/system-preset",
	"/lib/systemd/system-preset",
}

// presetRule is a line of a preset file.
type presetRule struct {
	verb      string // enable, disable or ignore
	pattern   string
	instances []string // of a template that is enabled
}

// presetFolders are those of the root, and before them the system-preset beside
// each UNITDIR, as systemd's stands beside its folders of units.
func (s *unitSet) presetFolders() (all []*folder) {
	add := func(d *folder, err error) {
		if err == nil && !slices.ContainsFunc(all, func(o *folder) bool { return o.real == d.real }) {
			all = append(all, d)
		}
	}
	for _, dir := range s.opt.UnitDirs {
		add(s.openGiven(path.Join(dir, "../system-preset")))
	}
	if s.opt.Root != "" {
		for _, dir := range presetPath {
			add(s.files.open(dir, true))
		}
	}
	return all
}

// readPresets reads the preset files: all folders' files by name, and of one
// name only the file in the first folder that has it.
func (s *unitSet) readPresets(l *diag.List) {
	if !s.opt.Preset {
		return
	}
	found := map[string]located{}
	for _, d := range s.presetFolders() {
		list, err := s.files.list(d)
		if err != nil {
			l.Add(unreadable(d.shown, err))
			continue
		}
		for _, e := range list {
			if _, hidden := found[e.Name()]; hidden || !strings.HasSuffix(e.Name(), ".preset") {
				continue
			}
			p, err := s.files.follow(d, e.Name())
			if err != nil || s.files.isNullEntry(d, e) {
				p = located{}
			}
			found[e.Name()] = p
		}
	}
	for _, name := range sortedKeys(found) {
		if p := found[name]; p.real != "" {
			s.readPreset(p, l)
		}
	}
}

// readPreset reads one file.
func (s *unitSet) readPreset(p located, l *diag.List) {
	text, err := s.files.read(p.real)
	if err != nil {
		l.Add(unreadable(p.shown, err))
		return
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		w := strings.Fields(line)
		if len(w) == 0 || w[0][0] == '#' || w[0][0] == ';' {
			continue
		}
		switch {
		case len(w) >= 2 && w[0] == "enable", len(w) == 2 && (w[0] == "disable" || w[0] == "ignore"):
			s.presets = append(s.presets, presetRule{w[0], w[1], w[2:]})
		default:
			l.Add(diag.Diagnostic{Pos: grammar.Pos{File: p.shown, Line: n, Col: 1}, Severity: diag.Warning, Code: "syntax",
				Msg: "no preset, so it is left out", Hint: "write enable, disable or ignore, and a unit or a pattern"})
		}
	}
}

// preset is what the first rule that fits says about a unit: enable where none
// does. Of a template, the instances that are to be enabled.
func (s *unitSet) preset(name string) (verb string, instances []string) {
	n := splitName(name)
	template := n.prefix + "@." + n.suffix
	for i := range s.presets {
		r := &s.presets[i]
		switch {
		case len(r.instances) > 0 && r.pattern == name:
			return r.verb, r.instances
		case len(r.instances) > 0:
			for _, inst := range r.instances {
				if n.instance == inst && r.pattern == template {
					return r.verb, nil
				}
			}
		default:
			if fnmatch.Match(r.pattern, name, false) { // systemd.preset(5): a backslash is part of a name
				return r.verb, nil
			}
		}
	}
	return "enable", nil
}

// presetNames are the units that the presets enable, of those that can be.
func (s *unitSet) presetNames() (names []string) {
	for _, name := range s.index.names {
		u := s.byName[name]
		if u == nil || u.name != name || u.masked || u.builtin || len(s.installSettings(u, "")) == 0 {
			continue
		}
		switch verb, instances := s.preset(name); {
		case verb != "enable":
		case len(instances) == 0:
			names = append(names, name)
		default:
			for _, inst := range instances {
				names = append(names, instanceOf(name, inst))
			}
		}
	}
	return names
}

// presetOff says whether a link of the administrator's folder does not count,
// because systemctl preset-all would remove it.
func (s *unitSet) presetOff(d *folder, name string) bool {
	if !s.opt.Preset || !d.inRoot || !strings.HasPrefix(d.path+"/", "/etc/systemd/system/") {
		return false
	}
	n := splitName(name)
	if n.instance == "" {
		verb, _ := s.preset(name)
		return verb == "disable"
	}
	if s.index.units[name] == nil {
		if verb, _ := s.preset(n.prefix + "@." + n.suffix); verb == "disable" {
			return true
		}
	}
	verb, _ := s.preset(name)
	return verb == "disable"
}
