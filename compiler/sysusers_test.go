package compiler

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// sysusersTree has all types of lines of sysusers.d(5).
var sysusersTree = map[string]string{
	"etc/passwd":     "root:x:0:0:root:/root:/bin/sh\n",
	"etc/group":      "root:x:0:\n",
	"etc/os-release": "ID=debian\n",
	"usr/lib/sysusers.d/a.conf": "u plain - \"A user\" /var/lib/plain\n# u comment\ng\tteam  -\nu \"quoted\" - 'Q'\ng spec-%o -\nu byname 610:team\n" +
		"m member club\nm plain team\nr - 500-900\nu on-%a -\n",
	"usr/lib/sysusers.d/b.conf": "u hidden -\n",
	"etc/sysusers.d/b.conf":     "u shown 620\n",
	"run/sysusers.d/c.conf":     "g late 630\n",
}

// TestSysusersOracle: a line is found for each user and group that
// systemd-sysusers makes, and for no others.
func TestSysusersOracle(t *testing.T) {
	tool := means.Program(t, "systemd-sysusers")
	root := t.TempDir()
	for name, text := range sysusersTree {
		putFile(t, filepath.Join(root, name), []byte(text))
	}
	s := &unitSet{opt: Options{Root: root}, files: files{root: root}}
	found := map[string]bool{}
	names := strings.Fields("plain comment team quoted spec-debian byname member club hidden shown late 500-900 - on-" + architectures[(&unitSet{}).arch()])
	for _, name := range names {
		for _, what := range []string{"user", "group"} {
			found[what+" "+name] = s.sysusersLine(what, name) != nil
		}
	}
	if out, err := exec.Command(tool, "--root="+root).CombinedOutput(); err != nil {
		means.Missing(t, fmt.Sprintf("a systemd-sysusers that runs: %v\n%s", err, out))
	}
	for what, file := range map[string]string{"user": "etc/passwd", "group": "etc/group"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		must(t, err)
		for _, name := range names {
			made := strings.Contains("\n"+string(text), "\n"+name+":")
			if found[what+" "+name] != made {
				t.Errorf("a line for the %s %q: %v, and systemd-sysusers makes it: %v", what, name, found[what+" "+name], made)
			}
		}
	}
}
