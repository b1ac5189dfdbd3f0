package compiler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestLower compiles the units of each case, one file for a group of
// directives, and compares the plan's dump and what was said.
func TestLower(t *testing.T) {
	cases, err := filepath.Glob("testdata/lower/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { lowerCase(t, path) })
	}
}

// lowerCase runs one file: its comment may say "root" for a case with a root,
// whose files begin with "root/"; plan and said are what is wanted.
func lowerCase(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var o Options
	var units []unitFile
	var in []txtar.File
	for _, f := range a.Files {
		switch {
		case f.Name == "plan" || f.Name == "said":
			continue
		case strings.HasPrefix(f.Name, "root/"):
			if o.Root == "" {
				o.Root = t.TempDir()
			}
			putFile(t, filepath.Join(o.Root, f.Name[len("root/"):]), f.Data)
		default:
			units = append(units, unitFile{f.Name, string(f.Data)})
		}
		in = append(in, f)
	}
	s, l := testSet(t, o, units...)
	p, _ := s.lower(&l)
	l.Sort()
	got := map[string]string{"plan": Dump(p), "said": diagText(l)}
	if *update {
		a.Files = append(in, txtar.File{Name: "plan", Data: []byte(got["plan"])}, txtar.File{Name: "said", Data: []byte(got["said"])})
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, f := range a.Files {
		if want, ok := got[f.Name]; ok && want != string(f.Data) {
			t.Errorf("%s differs (-update writes it):\n%s", f.Name, parting(want, string(f.Data)))
		}
	}
	if a.Files[len(a.Files)-1].Name != "said" {
		t.Error("the case does not say what is wanted: run with -update, and read it")
	}
}

// putFile writes a file of a root; programs are executable.
func putFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	mode := os.FileMode(0o644)
	if strings.Contains(path, "/bin/") {
		mode = 0o755
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
}

// parting shows where two texts part.
func parting(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			line := "end of text"
			if i < len(w) {
				line = w[i]
			}
			return "line " + itoa(int64(i+1)) + ":\n got: " + g[i] + "\nwant: " + line
		}
	}
	return "it ends too early:\nwant: " + w[len(g)]
}
