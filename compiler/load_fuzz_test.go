package compiler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/compiler/diag"
)

// FuzzCompile puts any text through the whole compiler, as the fragment and
// the drop-in of units of each kind that ask for each other. There must be a
// plan or an error, and every place must be in a file. Run it with
// -fuzzminimizetime 5x: to minimise what is slow to try takes a minute each.
func FuzzCompile(f *testing.F) {
	for _, name := range []string{"/lib/systemd/system/dbus.service", "/lib/systemd/system/dbus.socket",
		"/lib/systemd/system/basic.target", "/lib/systemd/system/getty@.service"} {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text), "[Unit]\nAfter=\n", "a@b.service")
		}
	}
	f.Add("[Unit]\nAfter=b.target\nWants=a@0.service a.socket\n[Service]\nExecStart=/bin/x $A ${B}\n", "[Install]\nAlias=c.service\nWantedBy=b.target", "b.target")
	f.Add("[Socket]\nListenStream=%t/x\nService=a.service\n", "[Service]\nType=dbus\nBusName=a.b\nSockets=a.socket", "a.socket")
	f.Add("[Unit]\nRequires=-.mount\n\\\n;x\\\n", "[Unit]\nWants=a@x.service\n[Install]\nDefaultInstance=%n\nWantedBy=a.target", "a.service")
	f.Fuzz(func(t *testing.T, unit, dropIn, target string) {
		dir := t.TempDir()
		for _, name := range []string{"a.service", "a@.service", "a.socket", "b.target"} {
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(unit), 0o666))
		}
		must(t, os.Mkdir(filepath.Join(dir, "a.service.d"), 0o777))
		must(t, os.WriteFile(filepath.Join(dir, "a.service.d", "x.conf"), []byte(dropIn), 0o666))
		must(t, os.WriteFile(filepath.Join(dir, "d.timer"), []byte(dropIn), 0o666))
		must(t, os.WriteFile(filepath.Join(dir, "e@.service"), []byte(dropIn), 0o666))
		if both := unit + dropIn; strings.Contains(both, "@") && strings.Contains(both, "%") {
			return // templates that ask for themselves run to the limit: TestExplain has one
		}
		res, l, err := Compile(Options{UnitDirs: []string{dir}, Target: target, Main: "a.service"})
		if err != nil {
			t.Fatal(err)
		}
		if (res.Plan == nil) != (l.Count(diag.Error) > 0) {
			t.Errorf("plan %v, and:\n%s", res.Plan != nil, treeText(l))
		}
		for _, d := range l {
			if d.Pos.Line > 0 && !strings.HasPrefix(d.Pos.File, dir) || d.Msg == "" || d.Code == "" {
				t.Errorf("bad diagnostic %+v", d)
			}
		}
	})
}
