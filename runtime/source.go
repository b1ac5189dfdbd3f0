package runtime

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

// This file serves the compiler and is not part of an image: it carries the
// runtime's own source, from which each image is built. The pattern takes the
// whole folder, so that a new file or package cannot be forgotten; what is not
// source is filtered out.

//go:embed *
var source embed.FS

// Source is the runtime's source, for every architecture, by its path below the
// module's root ("runtime/loop.go"). Tests and this file are left out.
func Source() map[string][]byte {
	files := map[string][]byte{}
	// The walk is over memory: it cannot fail, and the test holds it to that.
	_ = fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isSource(name) {
			return err
		}
		content, err := source.ReadFile(name)
		files[path.Join("runtime", name)] = content
		return err
	})
	return files
}

// isSource tells what belongs into an image.
func isSource(name string) bool {
	switch path.Ext(name) {
	case ".go", ".s", ".h":
	default:
		return false
	}
	return name != "source.go" && !strings.HasSuffix(name, "_test.go") &&
		!strings.Contains("/"+name, "/testdata/")
}
