package testscripts

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// TestRaces boots an init that is built with the race detector; it can be, since
// no Go code runs in its children. The units ask for all that other threads do
// for the loop: namespaces, directories, users and children.
func TestRaces(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds and boots")
	}
	means.Root(t)
	means.Programs(t, "gcc")
	all := maps.Clone(viewUnits)
	maps.Copy(all, rightsUnits)
	maps.Copy(all, confinedUnits)
	dir := probesFolder(t, all)
	source := filepath.Join(dir, "source")
	compileUnits(t, dir, "--emit-go", source)
	build := exec.Command("go", "build", "-race", "-o", filepath.Join(dir, "init"), ".")
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	logs := oracleRun(t, dir, sandbox.Options{Init: "/bin/sh", Args: []string{"-c", overlay(dir) + "exec " + dir + "/init"},
		Env: []string{oraclePath, "GORACE=log_path=" + dir + "/log/race"}})
	for name, text := range logs {
		if ok, _ := filepath.Match("race.*", name); ok {
			t.Errorf("%s", text)
		}
	}
}
