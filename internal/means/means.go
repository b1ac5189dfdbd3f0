// Package means gives the tests that need more than Go what they need: the
// compiler as a program, real unit files, and a say about what the machine lacks.
// Such a test is skipped on a machine without its means, with the reason, but
// where $CI is set a missing means is a failure: nothing that was skipped counts
// as passed there.
package means

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// InCI says whether all means must be there.
func InCI() bool { return os.Getenv("CI") != "" }

// Root needs the rights of root.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "root")
	}
}

// Programs needs programs in $PATH.
func Programs(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		Program(t, name)
	}
}

// Program needs a program in $PATH, and is its path.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "the program "+name)
	}
	return path
}

// Files needs files of installed packages.
func Files(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			Missing(t, name)
		}
	}
}

// Missing skips the test for want of something, or fails it in CI.
func Missing(t testing.TB, what string) {
	t.Helper()
	if InCI() {
		t.Fatal("CI must provide this, so that nothing is skipped: ", what)
	}
	t.Skip("this machine lacks ", what)
}

// FindCorpus is a folder with unit files of a distribution, PACKAGE/PATH: the one
// beside the project unless $RUSTYSD_CORPUS names another; "" when there is none,
// which in CI is a failure.
func FindCorpus(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("RUSTYSD_CORPUS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(filepath.Dir(dir), "shared", "corpus")
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir
	}
	if InCI() {
		Missing(t, corpus)
	}
	return ""
}

const corpus = "a corpus of unit files: set RUSTYSD_CORPUS to a folder with them"

// Corpus is that of a test that needs one.
func Corpus(t testing.TB) string {
	t.Helper()
	dir := FindCorpus(t)
	if dir == "" {
		Missing(t, corpus)
	}
	return dir
}

// Build builds commands of this module, static and stripped, into dir.
func Build(t *testing.T, dir string, commands ...string) {
	t.Helper()
	for _, name := range commands {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", filepath.Join(dir, name), "rustysd/cmd/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build %s: %v\n%s", name, err, out)
		}
	}
}

// Run runs a program that must succeed, and is its output.
func Run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// Units is the folder of the demo's units.
func Units(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../units")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
