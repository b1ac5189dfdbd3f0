package compiler

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// TestTmpfiles compiles trees like those of TestTrees, and compares the steps
// of the boot and what is said about tmpfiles.d and sysusers.d.
func TestTmpfiles(t *testing.T) {
	names, err := filepath.Glob("testdata/tmpfiles/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no trees", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { tmpfilesTree(t, name) })
	}
}

func tmpfilesTree(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	must(t, err)
	file, err := filepath.Abs(name)
	must(t, err)
	s, l := compileTo(plantTree(t, archive).options, "")
	var told diag.List
	for _, d := range l {
		if d.Code == "tmpfiles" || strings.HasPrefix(string(d.Code), "unknown-") {
			told.Add(d)
		}
	}
	got := stepsText(s.plan) + "\n" + treeText(told)
	for i := range archive.Files {
		f := &archive.Files[i]
		if f.Name != "want" {
			continue
		}
		if *update {
			f.Data = []byte(got)
			must(t, os.WriteFile(file, txtar.Format(archive), 0o666))
		} else if string(f.Data) != got {
			t.Errorf("got:\n%s\nwant:\n%s", got, f.Data)
		}
		return
	}
	t.Errorf("no section \"want\"; got:\n%s", got)
}

// stepsText is the steps of a plan, one a line.
func stepsText(p *plan.Plan) string {
	var b strings.Builder
	for _, s := range p.Boot {
		fmt.Fprintf(&b, "%s %s", wordOf(s.Kind), strings.ReplaceAll(s.Path, "\x00", "%"))
		for n, name := range SetWords(reflect.TypeFor[plan.BootFlags]()) {
			if s.Flags>>n&1 != 0 {
				b.WriteString(" " + name)
			}
		}
		for _, id := range []struct {
			name string
			n    uint32
		}{{"mode", s.Mode}, {"uid", s.UID}, {"gid", s.GID}} {
			switch {
			case id.n == plan.KeepID:
			case id.name == "mode":
				fmt.Fprintf(&b, " mode=%04o", id.n)
			default:
				fmt.Fprintf(&b, " %s=%d", id.name, id.n)
			}
		}
		if s.Number != 0 {
			fmt.Fprintf(&b, " %#x", s.Number)
		}
		if s.Data != "" {
			fmt.Fprintf(&b, " %q", s.Data)
		}
		fmt.Fprintf(&b, " (%s)\n", s.Origin)
	}
	return b.String()
}

// FuzzTmpfiles reads any text as a line of tmpfiles.d(5), and as a file of a
// root: the steps of the boot are about absolute paths, and what is said of them
// has its place in the file.
func FuzzTmpfiles(f *testing.F) {
	for _, line := range []string{"d /run/x 0755 root root -", "f+! \"/run/a b\" - - - - a\\n\\x41\\", "L '/a' 0 0 0 0 %%", "#", "w+ /x"} {
		f.Add(line)
	}
	names, _ := filepath.Glob("/usr/lib/tmpfiles.d/*.conf")
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if line, ok := parseTmpfilesLine(raw); ok {
			if m, _, ok := line.modeOf(); ok && m != plan.KeepMode && m > 0o7777 {
				t.Errorf("mode %o", m)
			}
		}
		root := t.TempDir()
		putFile(t, filepath.Join(root, "etc/passwd"), []byte("root:x:0:0::/root:/bin/sh\n"))
		putFile(t, filepath.Join(root, "etc/group"), []byte("root:x:0:\n"))
		putFile(t, filepath.Join(root, "etc/systemd/system/default.target"), []byte("[Unit]\nWants=a.service\n"))
		putFile(t, filepath.Join(root, "etc/systemd/system/a.service"), []byte("[Service]\nExecStart=/bin/x\n"))
		putFile(t, filepath.Join(root, "etc/tmpfiles.d/x.conf"), []byte(raw))
		s, l := compileTo(Options{Root: root}, "lower")
		for i := range s.plan.Boot {
			step := &s.plan.Boot[i]
			if path := step.Path; !strings.HasPrefix(path, "/") || step.Flags&plan.BootMarked == 0 && hasMark(path) || strings.Contains(path+"/", "/../") {
				t.Errorf("a step for %q", path)
			}
		}
		for _, d := range l {
			if strings.HasSuffix(d.Pos.File, "x.conf") && d.Pos.Line > strings.Count(raw, "\n")+1 || d.Msg == "" {
				t.Errorf("bad diagnostic %+v", d)
			}
		}
	})
}
