package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"rustysd/compiler"
	"rustysd/gen"
)

// writeFiles writes files below dir.
func writeFiles(dir string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o666); err != nil {
			return err
		}
	}
	return nil
}

// reserve makes an empty executable next to out under a name of its own: on the
// same file system, so that it can be renamed, and before the build, so that a
// folder that cannot be written to is found at once.
func reserve(out string) (string, error) {
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		return "", &usageError{msg: "-o: " + quote(out) + " is a folder"}
	}
	f, err := os.CreateTemp(filepath.Dir(out), ".rustysd-compile-*")
	if err != nil {
		return "", fmt.Errorf("-o: cannot write %s: %w", out, errors.Unwrap(err))
	}
	path, err := filepath.Abs(f.Name())
	return path, errors.Join(err, f.Chmod(0o755), f.Close())
}

// emit writes the image's source to --emit-go: to a new or empty folder, or over
// what was emitted before.
func (t *tool) emit(res *compiler.Result) error {
	dir := t.opt.emitGo
	if err := clearEmitted(dir); err != nil {
		return err
	}
	files, err := source(res, false)
	if err != nil {
		return err
	}
	return writeFiles(dir, files)
}

// clearEmitted removes an old runtime, whose files need not have today's names,
// and refuses a folder that holds something else.
func clearEmitted(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(entries) == 0 {
		return ignoreMissing(err)
	}
	main, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil || !bytes.HasPrefix(main, []byte("// "+gen.Marker)) {
		return &usageError{"--emit-go: " + quote(dir) + " holds files that are not from rustysd-compile", "name a new folder"}
	}
	return os.RemoveAll(filepath.Join(dir, "runtime"))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
