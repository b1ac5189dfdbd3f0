package compiler

import (
	goflag "flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

var update = goflag.Bool("update", false, "write what the cases in testdata yield into them")

// TestTrees compiles the trees of unit files in testdata/trees, up to the
// checks of the graph, and compares the image and the diagnostics with the
// section "want". Other sections with a meaning are "options" (a line each:
// "root", "immutable", "preset", "enable UNIT...", "path DIRS", "dirs DIR...",
// "target UNIT", "main UNIT", "after PASS", "arch ARCH", "place NAME", "grace
// SECONDS", "lint CODE"), "links" ("PATH -> TARGET") and "odd" ("fifo PATH", "folder PATH", "big PATH", "elf PATH WORD...", "mode PATH
// OCTAL").
//
// They are no scripts because nothing here needs a process, and a script could
// not see why a unit is kept.
func TestTrees(t *testing.T) {
	names, err := filepath.Glob("testdata/trees/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no trees", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { testTree(t, name) })
	}
}

func testTree(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	tree := plantTree(t, archive)
	dump, list := DumpAfter(tree.options, tree.after)
	got := []byte(dump + "\n" + treeText(list))
	for i := range archive.Files {
		f := &archive.Files[i]
		if f.Name != "want" {
			continue
		}
		if *update {
			f.Data = got
			if err := os.WriteFile(dir, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		} else if string(f.Data) != string(got) {
			t.Errorf("got:\n%s\nwant:\n%s", got, f.Data)
		}
		return
	}
	t.Errorf("no section \"want\"; got:\n%s", got)
}

// tree is an archive on disk.
type tree struct {
	options Options
	after   string
}

// plantTree writes an archive to a folder, which becomes the current one.
func plantTree(t *testing.T, archive *txtar.Archive) tree {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	tr := tree{options: Options{UnitDirs: []string{"units"}}, after: "check"}
	for _, f := range archive.Files {
		text := string(f.Data)
		switch f.Name {
		case "want":
		case "options":
			eachLine(text, func(w []string) { tr.option(t, w) })
		case "links":
			eachLine(text, func(w []string) { must(t, os.MkdirAll(filepath.Dir(w[0]), 0o777)); must(t, os.Symlink(w[2], w[0])) })
		case "odd":
			eachLine(text, func(w []string) { odd(t, w[0], w[1], w[2:]) })
		default:
			must(t, os.MkdirAll(filepath.Dir(f.Name), 0o777))
			must(t, os.WriteFile(f.Name, f.Data, 0o666))
		}
	}
	return tr
}

func (tr *tree) option(t *testing.T, w []string) {
	switch w[0] {
	case "root":
		tr.options.Root, tr.options.UnitDirs = "root", nil
	case "immutable":
		tr.options.Immutable = true
	case "enable":
		tr.options.Enable = w[1:]
	case "preset":
		tr.options.Preset = true
	case "path":
		tr.options.UnitPath = w[1]
	case "dirs":
		tr.options.UnitDirs = w[1:]
	case "target":
		tr.options.Target = w[1]
	case "main":
		tr.options.Main = w[1]
	case "after":
		tr.after = w[1]
	case "arch":
		tr.options.Arch = w[1]
	case "place":
		tr.options.Place = w[1]
	case "grace":
		n, err := strconv.Atoi(w[1])
		must(t, err)
		tr.options.Grace = plan.Duration(n) * plan.Second
	case "lint":
		tr.options.Lints = append(tr.options.Lints, diag.Code(w[1]))
	default:
		t.Fatalf("unknown option %q", w[0])
	}
}

// odd makes what is no readable file.
func odd(t *testing.T, kind, name string, more []string) {
	must(t, os.MkdirAll(filepath.Dir(name), 0o777))
	switch kind {
	case "fifo":
		must(t, syscall.Mkfifo(name, 0o666))
	case "folder":
		must(t, os.Mkdir(name, 0o777))
	case "elf":
		must(t, os.WriteFile(name, testELF(t, more), 0o777))
	case "cache":
		must(t, os.WriteFile(name, testCache(more), 0o666))
	case "bytes":
		must(t, os.WriteFile(name, []byte(strings.NewReplacer("0", "\x00").Replace(strings.Join(more, ""))), 0o777))
	case "acl":
		must(t, syscall.Setxattr(name, aclAttribute, testACL(t, more), 0))
	case "mode":
		mode, err := strconv.ParseUint(more[0], 8, 12)
		must(t, err)
		must(t, os.Chmod(name, os.FileMode(mode)))
	case "big":
		must(t, os.WriteFile(name, nil, 0o666))
		must(t, os.Truncate(name, maxFile+1))
	default:
		t.Fatalf("unknown kind of file %q", kind)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eachLine calls f with the words of each line.
func eachLine(text string, f func(words []string)) {
	for line := range strings.Lines(text) {
		if w := strings.Fields(line); len(w) > 0 {
			f(w)
		}
	}
}

// treeText is a list of diagnostics as a test writes it down.
func treeText(l diag.List) string {
	var b strings.Builder
	for _, d := range l {
		fmt.Fprintf(&b, "%s%s: %s [%s]\n", posText(d.Pos), d.Severity, d.Msg, d.Code)
		if d.Hint != "" {
			fmt.Fprintf(&b, "\thint: %s\n", d.Hint)
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, "\t%s%s\n", posText(r.Pos), r.Msg)
		}
	}
	return b.String()
}

func posText(p grammar.Pos) string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File + ": "
	}
	return fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Col)
}
