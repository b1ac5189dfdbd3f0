package compiler

import (
	"fmt"
	"os"
	"path/filepath"
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

var (
	bootKinds = [...]string{"folder", "file", "truncate", "write", "append", "link", "force-link", "fifo", "adjust", "adjust-folder",
		"copy", "char", "block", "xattr", "attributes", "acl", "remove", "remove-tree", "empty"}
	bootFlags = [...]string{"glob", "tree", "force", "replace", "if-there", "mask", "mode-new", "uid-new", "gid-new", "credential", "default", "marked"}
)

// stepsText is the steps of a plan, one a line.
func stepsText(p *plan.Plan) string {
	var b strings.Builder
	for _, s := range p.Boot {
		fmt.Fprintf(&b, "%s %s", bootKinds[s.Kind], strings.ReplaceAll(s.Path, "\x00", "%"))
		for n, name := range bootFlags {
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

// FuzzTmpfiles reads any line of tmpfiles.d(5).
func FuzzTmpfiles(f *testing.F) {
	for _, line := range []string{"d /run/x 0755 root root -", "f+! \"/run/a b\" - - - - a\\n\\x41\\", "L '/a' 0 0 0 0 %%", "#", "w+ /x"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		line, ok := parseTmpfilesLine(raw)
		if ok && line.kind == "" {
			t.Errorf("a line without a type counts: %+v", line)
		}
		if m, _, ok := line.modeOf(); ok && m != plan.KeepMode && m > 0o7777 {
			t.Errorf("mode %o", m)
		}
	})
}
