package compiler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/compiler/diag"
)

// FuzzPreset reads any text as a file of presets: each line is a rule, or is
// complained about, and any unit gets one of three answers.
func FuzzPreset(f *testing.F) {
	f.Add("# x\nenable a.service\ndisable *\n")
	f.Add("enable a@.service x y\nignore [a-\nenable\ndisable a b\n")
	f.Add("disable \\\n;\n\xff enable")
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "10-x.preset")
		must(t, os.WriteFile(name, []byte(text), 0o666))
		s, l := &unitSet{}, diag.List{}
		s.readPreset(located{name, name}, &l)
		lines := 0
		for line := range strings.Lines(text) {
			if w := strings.Fields(line); len(w) > 0 && w[0][0] != '#' && w[0][0] != ';' {
				lines++
			}
		}
		if len(s.presets)+len(l) != lines {
			t.Errorf("%d rules and %d complaints about %d lines", len(s.presets), len(l), lines)
		}
		for _, unit := range []string{"a.service", "a@.service", "a@x.service"} {
			verb, instances := s.preset(unit)
			if verb != "enable" && verb != "disable" && verb != "ignore" {
				t.Errorf("%s: %q", unit, verb)
			}
			if len(instances) > 0 && verb != "enable" {
				t.Errorf("%s: instances %q, and %s", unit, instances, verb)
			}
		}
	})
}

// FuzzSysusers looks for users in any text of sysusers.d(5): what is found is a
// line that has the name.
func FuzzSysusers(f *testing.F) {
	f.Add("u x - \"A b\" /home /bin/sh\ng x\nm x y\n", "x")
	f.Add("u! a:b 1:2\n#u c\nr - 500-900\nu \"d\"", "d")
	f.Fuzz(func(t *testing.T, text, user string) {
		root := t.TempDir()
		putFile(t, filepath.Join(root, "usr/lib/sysusers.d/x.conf"), []byte(text))
		s := &unitSet{opt: Options{Root: root}, files: files{root: root}}
		for _, what := range []string{"user", "group"} {
			e := s.sysusersLine(what, user)
			if e == nil {
				continue
			}
			lines := strings.Split(text, "\n")
			if e.at.Line < 1 || e.at.Line > len(lines) || !strings.Contains(lines[e.at.Line-1], user) || user == "" {
				t.Errorf("%s %q stands at %+v", what, user, e)
			}
		}
	})
}
