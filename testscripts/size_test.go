package testscripts

import (
	"os"
	"path/filepath"
	"testing"
)

// sizes are the budgets of an init, stripped, in bytes: the smallest plan, and
// one with sockets, readiness and the control socket.
var sizes = []struct {
	name  string
	most  int64
	flags []string
	units map[string]string
}{
	{"a target alone", 1_500_000, []string{"--no-control"}, map[string]string{"default.target": "[Unit]\nDescription=Nothing else\n"}},
	{"sockets, notify and control", 2_000_000, nil, map[string]string{
		"default.target": "[Unit]\nWants=one.service one.socket\n",
		"one.service":    "[Service]\nType=notify\nExecStart=/bin/true ${HOME}\n",
		"one.socket":     "[Socket]\nListenStream=/run/one\n",
	}},
}

// TestSize holds the budgets: every kilobyte is in each image.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("short: runs the toolchain")
	}
	for _, c := range sizes {
		dir := t.TempDir()
		for name, text := range c.units {
			write(t, filepath.Join(dir, "units", name), text)
		}
		init := filepath.Join(dir, "init")
		args := append([]string{"-q", "--arch", "amd64", filepath.Join(dir, "units"), "-o", init}, c.flags...)
		compile(t, args...)
		st, err := os.Stat(init)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("size: %s: %d of %d bytes", c.name, st.Size(), c.most)
		if st.Size() > c.most {
			t.Errorf("%s: %d bytes are more than the budget of %d", c.name, st.Size(), c.most)
		}
	}
}
