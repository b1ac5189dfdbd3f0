// Package means gives the tests that need more than Go what they need: the
// compiler as a program, and a say about what the machine lacks. Such a test is
// skipped on a machine without its means, with the reason, but where $CI is set
// a missing means is a failure: nothing that was skipped counts as passed there.
package means

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Root needs the rights of root.
func Root(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "root")
	}
}

// Programs needs programs in $PATH.
func Programs(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			Missing(t, "the program "+name)
		}
	}
}

// Files needs files of installed packages.
func Files(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			Missing(t, name)
		}
	}
}

// Missing skips the test for want of something, or fails it in CI.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("CI must provide this, so that nothing is skipped: ", what)
	}
	t.Skip("this machine lacks ", what)
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
