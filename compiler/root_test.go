package compiler

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rustysd/internal/means"
)

// FuzzELF reads any file as a program of a root: it must end, and say something
// or nothing, but never panic.
func FuzzELF(f *testing.F) {
	f.Add([]byte("\x7fELF"))
	f.Add([]byte("#!"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		must(t, os.WriteFile(filepath.Join(root, "prog"), data, 0o755))
		r := newRootView(&files{root: root})
		if e, err := r.elf("/prog"); err == nil {
			r.missingLibraries("/prog", e, []string{"/"})
		}
		r.shebang("/prog")
	})
}

// TestELFSeeds cuts a program short at every place, and flips each of its bytes.
func TestELFSeeds(t *testing.T) {
	root := t.TempDir()
	whole := testELF(t, []string{"amd64", "interp=/lib/ld.so", "needs=a.so,b.so", "runpath=$ORIGIN:/x"})
	try := func(data []byte) {
		must(t, os.WriteFile(filepath.Join(root, "prog"), data, 0o755))
		r := newRootView(&files{root: root})
		if e, err := r.elf("/prog"); err == nil {
			r.missingLibraries("/prog", e, nil)
		}
	}
	for i := range whole {
		try(whole[:i])
		flipped := append([]byte(nil), whole...)
		flipped[i] ^= 0xFF
		try(flipped)
	}
}

// TestELFSparse is a file that claims a table of a terabyte, and has the room
// for it: not all of that is read.
func TestELFSparse(t *testing.T) {
	root := t.TempDir()
	data := testELF(t, []string{"amd64", "needs=a.so"})
	name := filepath.Join(root, "prog")
	size := 3 * 64 // the section headers are last; each has its size 32 bytes in
	for i := range 3 {
		at := len(data) - size + i*64 + 32
		copy(data[at:], []byte{0, 0, 0, 0, 0, 1, 0, 0})
	}
	must(t, os.WriteFile(name, data, 0o755))
	if err := os.Truncate(name, 2<<40); err != nil {
		means.Missing(t, "sparse files of that size: "+err.Error())
	}
	r := newRootView(&files{root: root})
	_, _ = r.elf("/prog")
}

// TestLibraryRing has libraries that need each other, and a search path with a
// loop of links.
func TestLibraryRing(t *testing.T) {
	root := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "lib"), 0o755))
	must(t, os.Symlink("loop", filepath.Join(root, "lib/loop")))
	must(t, os.Symlink("/lib/../../../../../../etc", filepath.Join(root, "lib/out")))
	must(t, os.WriteFile(filepath.Join(root, "prog"), testELF(t, []string{"needs=a.so,passwd", "runpath=/lib/loop:/lib/out"}), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "lib/a.so"), testELF(t, []string{"needs=b.so"}), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "lib/b.so"), testELF(t, []string{"needs=a.so,prog"}), 0o755))
	r := newRootView(&files{root: root})
	e, err := r.elf("/prog")
	must(t, err)
	missing := r.missingLibraries("/prog", e, nil)
	if len(missing) != 2 || missing[0].name != "passwd" || missing[1] != (missingLibrary{"prog", "/lib/b.so", ""}) {
		t.Errorf("%v", missing)
	}
}

// TestCacheSeeds cuts a cache of libraries short at every place, and flips each
// of its bytes: what is wrong with it is found, or is a path that is not there.
func TestCacheSeeds(t *testing.T) {
	whole := testCache([]string{"/lib/a.so", "/lib/b.so", "/opt/a.so"})
	if c, ok := parseCache("ld.so-1.7.0\x00what old linkers read" + string(whole)); !ok || len(c["a.so"]) != 2 || c["b.so"][0] != "/lib/b.so" {
		t.Errorf("%v %v", c, ok)
	}
	for i := range whole {
		if _, ok := parseCache(string(whole[:i])); ok {
			t.Errorf("%d bytes of %d are taken as all", i, len(whole))
		}
		flipped := bytes.Clone(whole)
		flipped[i] ^= 0xFF
		parseCache(string(flipped))
	}
}
