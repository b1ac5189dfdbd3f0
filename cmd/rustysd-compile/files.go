package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// destination is where an executable goes.
type destination struct {
	tmp string // what is written first; absolute
	out string // what becomes of it; "-" is the standard output
	raw bool   // out is no file that could be replaced: a device, a pipe
}

// reserve makes an empty executable next to out under a name of its own: on the
// same file system, so that it can be renamed, and before the build, so that a
// folder that cannot be written to is found at once. A link is followed: what it
// leads to is replaced, and not the link.
func reserve(out, work string) (destination, error) {
	if out == "-" {
		return destination{filepath.Join(work, "init"), out, true}, nil
	}
	info, err := os.Stat(out)
	switch {
	case err == nil && info.IsDir():
		return destination{}, &usageError{"-o: " + quote(out) + " is a folder", "name a file in it: -o " + filepath.Join(out, "init")}
	case err == nil && !info.Mode().IsRegular():
		return destination{filepath.Join(work, "init"), out, true}, nil
	case err == nil:
		if real, err := filepath.EvalSymlinks(out); err == nil {
			out = real
		}
	}
	dir := filepath.Dir(out)
	f, err := os.CreateTemp(dir, ".rustysd-compile-*")
	if err != nil {
		return destination{}, fmt.Errorf("-o: cannot write %s: %w%s", out, unwrapped(err), missingFolder(dir))
	}
	path, err := filepath.Abs(f.Name())
	return destination{path, out, false}, errors.Join(err, f.Chmod(0o755), f.Close())
}

// noTemporary says where a folder for the build cannot be made.
func noTemporary(err error) error {
	return fmt.Errorf("cannot make a folder for the build in %s: %w\nhint: TMPDIR names the folder for temporary files", os.TempDir(), unwrapped(err))
}

// missingFolder is a hint when a folder is not there.
func missingFolder(dir string) string {
	if exists(dir) {
		return ""
	}
	return "\nhint: there is no folder " + quote(dir) + ": make it first"
}

// commit puts what was written to where it goes.
func (d destination) commit(stdout io.Writer) error {
	if !d.raw {
		return os.Rename(d.tmp, d.out)
	}
	content, err := os.ReadFile(d.tmp)
	if err != nil {
		return err
	}
	if d.out != "-" {
		f, err := os.OpenFile(d.out, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("-o: cannot write %s: %w", d.out, unwrapped(err))
		}
		defer f.Close()
		stdout = f
	}
	if _, err = stdout.Write(content); err != nil {
		return fmt.Errorf("-o: cannot write %s: %w", d.out, unwrapped(err))
	}
	return nil
}

// writeOutput writes the file that a flag names, "-" for the standard output.
func (t *tool) writeOutput(flag, path string, content []byte) error {
	if path == "-" {
		_, _ = t.stdout.Write(content) // the sink remembers
		return nil
	}
	if isFolder(path) {
		return &usageError{msg: flag + ": " + quote(path) + " is a folder"}
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		return fmt.Errorf("%s: cannot write %s: %w%s", flag, path, unwrapped(err), missingFolder(filepath.Dir(path)))
	}
	return nil
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
	if err := writeFiles(dir, files); err != nil {
		return fmt.Errorf("--emit-go: cannot write %s: %w", dir, unwrapped(err))
	}
	return nil
}

// clearEmitted removes an old runtime, whose files need not have today's names,
// and refuses a folder that holds something else.
func clearEmitted(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case exists(dir) && !isFolder(dir):
		return &usageError{msg: "--emit-go: " + quote(dir) + " is no folder"}
	case err != nil && !errors.Is(err, os.ErrNotExist) || len(entries) == 0:
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
