package compiler

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rustysd/compiler/diag"
)

var (
	pageExample = regexp.MustCompile("(?s)```(?:ini|text) ([^\n]+)\n(.*?)```")
	pageOption  = regexp.MustCompile("Compiled with `(\\S+) (\\S+)`")
	codeLiteral = regexp.MustCompile(`(?:Code: *|trouble\([^"\n]*|report\([^"\n]*|\.say\([^"\n]*|unknownName\([^"\n]*)"([a-z]+(?:-[a-z]+)+)"`)
)

// TestExplain compiles the example of each page and demands its code: an
// example that no longer shows what it is about misleads.
func TestExplain(t *testing.T) {
	for _, code := range Codes() {
		t.Run(code, func(t *testing.T) {
			page, _ := Explain(code)
			for _, part := range []string{"# " + code + "\n", "\nSeverity: ", "\n## Example\n", "\n## What to do\n", "\nManual: "} {
				if !strings.Contains(page, part) {
					t.Errorf("the page has no %q", part)
				}
			}
			l := compileExample(t, page)
			if !strings.Contains(l, "["+code+"]") {
				t.Errorf("the example gives:\n%s", l)
			}
		})
	}
}

// compileExample compiles the units of a page, with an empty root if the page
// is about one.
func compileExample(t *testing.T, page string) string {
	dir := t.TempDir()
	found := pageExample.FindAllStringSubmatch(page, -1)
	if len(found) == 0 {
		return treeTexts(t)
	}
	o := Options{Target: filepath.Base(found[0][1])}
	for _, m := range found {
		path := filepath.Join(dir, m[1])
		if in, ok := strings.CutPrefix(m[1], "root/"); ok {
			if o.Root == "" {
				o.Root = t.TempDir()
			}
			putFile(t, filepath.Join(o.Root, in), []byte(m[2]))
			continue
		}
		o.UnitDirs = []string{dir}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(m[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if o.Root == "" && strings.Contains(page, "Only with `--root`") {
		o.Root = t.TempDir()
	}
	if m := pageOption.FindStringSubmatch(page); m != nil {
		pageOptions(t, &o, m[1], m[2])
	}
	_, l, err := Compile(o)
	if err != nil {
		t.Fatal(err)
	}
	return diagText(l)
}

// pageOptions is the flag that an example needs.
func pageOptions(t *testing.T, o *Options, flag, value string) {
	switch flag {
	case "--profile":
		o.Place = value
	case "--enable":
		o.Enable = append(o.Enable, value)
	case "-W":
		o.Lints = append(o.Lints, diag.Code(value))
	default:
		t.Fatalf("unknown flag %s", flag)
	}
}

// treeTexts is what the trees of TestTrees yield. It stands in for the example
// of a code that takes more than text files to show: links, FIFOs, no target.
func treeTexts(t *testing.T) string {
	names, _ := filepath.Glob("testdata/trees/*.txtar")
	var b strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := strings.Cut(string(text), "\n-- want --\n")
		b.WriteString(want)
	}
	return b.String()
}

// TestEveryCodeHasPage reads the codes off the source of the phases that read
// values.
func TestEveryCodeHasPage(t *testing.T) {
	var files []string
	for _, pattern := range []string{"de*.go", "dir*.go", "check_*.go", "root*.go", "lower*.go", "spec*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil || found == nil {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		files = append(files, found...)
	}
	seen := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range codeLiteral.FindAllStringSubmatch(string(text), -1) {
			seen++
			if _, ok := Explain(m[1]); !ok {
				t.Errorf("%s: code %q has no page", f, m[1])
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d codes were found: the pattern has gone stale", seen)
	}
}
