package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The files are read by other threads, which do not share the loop's table of
// descriptors: only a whole boot shows that their answers arrive.
func TestBootWithFilesToRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "env"), []byte("WORD='from a file'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	bin := build(t, strings.ReplaceAll(`
// own is a service with a context of its own.
func own(c plan.Command) *plan.Service {
	s, x := svc(plan.TypeOneshot, c), journal
	s.Exec = &x
	return s
}

func main() {
	ask := own(sh("echo \"word: $WORD, user: $USER\""))
	ask.Exec.EnvFiles = []plan.EnvFile{{Path: "DIR/env"}, {Path: "DIR/none", Optional: true}}
	ask.Exec.User, ask.Exec.LoginEnv = "root", true
	expand := own(run(plan.ExecStart, "/bin/echo", "one:", "${WORD}"))
	expand.Commands[0].Flags = plan.Expand
	expand.Exec.EnvFiles = ask.Exec.EnvFiles
	none := own(sh(":"))
	none.Exec.EnvFiles = []plan.EnvFile{{Path: "DIR/none"}}
	nobody := own(sh(":"))
	nobody.Exec.User = "no-such-user"
	runtime.Main(image(unit("ask.service", ask), unit("expand.service", expand), unit("nobody.service", nobody), unit("none.service", none)),
		runtime.Services, runtime.Journal, runtime.EnvFiles, runtime.Users, runtime.Expand)
}`, "DIR", dir))
	r := start(t, bin)
	r.wait("word: from a file, user: root")
	r.wait("one: from a file")
	r.wait("none.service: failed (resources")
	r.wait("nobody.service: failed at step USER")
	r.wait("nobody.service: failed (exit-code, status 217")
	if status := r.stop(syscall.SIGTERM); status != 0 {
		t.Errorf("status %d\n%s", status, r.text())
	}
}
