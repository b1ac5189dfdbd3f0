// Package demo runs `make run` as a newcomer does: without root, with nothing
// but Go. It is Go and no script because it changes the user.
package demo

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rustysd/internal/means"
)

// nobody is the user without rights when the test itself runs as root.
const nobody = 65534

// TestMakeRun copies the checkout, as git sees it, to where an unprivileged
// user can build it, and runs `make run` there.
func TestMakeRun(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it builds everything with an empty build cache")
	}
	means.Programs(t, "make", "go")
	home := workspace(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "make", "run")
	cmd.Dir = filepath.Join(home, "checkout")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "GOFLAGS=-modcacherw",
		"GOPROXY=file://" + filepath.Join(home, "modules")}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("make run: %v\n%s", err, out.String())
	}
	t.Logf("make run printed:\n%s", out.String())
	inOrder(t, out.String(), "say: the image is up", "testservice: handed 0 descriptors",
		"testservice: handed 4 descriptors", "testserviceclient: testservice heard all 4", "say: the image goes down")
	for _, kind := range []string{"stream", "datagram", "seqpacket", "fifo"} {
		inOrder(t, out.String(), "testservice: "+kind+" is a "+kind, "testservice: "+kind+": hello through the "+kind)
	}
	inOrder(t, out.String(), "say: testservice.service has stopped", "say: the image goes down")
	inOrder(t, out.String(), "say: ready.service has stopped", "say: the image goes down")
}

// inOrder demands the texts, each after the one before.
func inOrder(t *testing.T, out string, texts ...string) {
	t.Helper()
	rest := out
	for _, text := range texts {
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			t.Fatalf("no %q in its place in\n%s", text, out)
		}
		rest = after
	}
}

// workspace is a home that belongs to the user of the test, with a copy of the
// checkout and without a build cache.
func workspace(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("", "rustysd-demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	top := strings.TrimSpace(means.Run(t, "git", "rev-parse", "--show-toplevel"))
	checkout := filepath.Join(home, "checkout")
	files := means.Run(t, "git", "-C", top, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	for name := range strings.SplitSeq(strings.TrimRight(files, "\x00"), "\x00") {
		copyFile(t, filepath.Join(top, name), filepath.Join(checkout, name))
	}
	// A newcomer downloads the modules. The test serves those that it was built
	// from, which the user of the test may not be able to read.
	cache := filepath.Join(strings.TrimSpace(means.Run(t, "go", "env", "GOMODCACHE")), "cache", "download")
	if err := os.CopyFS(filepath.Join(home, "modules"), os.DirFS(cache)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		means.Run(t, "chown", "-R", "65534:65534", home)
	}
	return home
}

// copyFile copies a file; one that git still lists but is deleted is left out.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if os.IsNotExist(err) {
		return
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(from)
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, text, info.Mode().Perm())
	}
	if err != nil {
		t.Fatal(err)
	}
}
