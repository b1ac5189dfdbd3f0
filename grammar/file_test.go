package grammar

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// corpus calls f for each unit file of a folder of real units, if there is one.
func corpus(t testing.TB, f func(path, src string)) {
	t.Helper()
	root := means.FindCorpus(t)
	if root == "" {
		t.Log("no corpus of real units (set RUSTYSD_CORPUS): only the cases written here are tested")
		return
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(path) == ".md" {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.IndexByte(string(src), '\n') >= 0 { // else a link, copied as a file
			f(path, string(src))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCorpus(t *testing.T) {
	means.Corpus(t)
	files := 0
	corpus(t, func(path, src string) {
		files++
		f := ParseFile(path, src)
		if f.String() != src {
			t.Errorf("%s: printing changes it", path)
		}
		for _, b := range f.Bad {
			t.Errorf("%s:%d: %s", path, b.Pos.Line, b.Message())
		}
		for _, s := range f.Sections {
			for _, a := range s.Assignments {
				checkCommands(t, path, a)
			}
		}
	})
	t.Logf("%d files", files)
}

func checkCommands(t *testing.T, path string, a *Assignment) {
	if !strings.HasPrefix(a.Key, "Exec") || strings.HasSuffix(a.Key, "Paths") || a.Key == "ExecSearchPath" {
		return
	}
	if _, err := ParseCommands(a.Value.Text()); err != nil {
		t.Errorf("%s:%d: %s: %v", path, a.Value.PosAt(err.Offset).Line, a.Value.Text(), err)
	}
}
