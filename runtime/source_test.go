package runtime

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSource holds the embedded files against the folder: a new package or a
// new kind of file must not be forgotten in the embed pattern.
func TestSource(t *testing.T) {
	got := Source()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		ext := filepath.Ext(name)
		if ext != ".go" && ext != ".s" && ext != ".h" {
			return nil
		}
		key := "runtime/" + filepath.ToSlash(name)
		content, has := got[key]
		delete(got, key)
		if left := name == "source.go" || strings.HasSuffix(name, "_test.go"); left {
			if has {
				t.Errorf("%s is in the source of an image", key)
			}
			return nil
		}
		want, err := os.ReadFile(name)
		if !has || string(content) != string(want) {
			t.Errorf("%s: embedded %v, or not as it is on disk", key, has)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range got {
		t.Errorf("%s is embedded and not in the folder", key)
	}
}
