package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMain is the stage, or an init that looks around, when the test asks for
// it.
func TestMain(m *testing.M) {
	Stage()
	if os.Getenv("SANDBOX_LOOK") != "" {
		lookAround()
	}
	os.Exit(m.Run())
}

// lookAround prints what an init sees.
func lookAround() {
	entries, _ := os.ReadDir("/")
	for _, e := range entries {
		fmt.Print(e.Name(), " ")
	}
	self, _ := os.Readlink("/proc/self")
	dir, _ := os.Getwd()
	text, _ := os.ReadFile("/etc/hello")
	fmt.Println("pid", os.Getpid(), "proc", self, "cwd", dir, strings.TrimSpace(string(text)))
	for _, path := range []string{"/run/x", "/tmp/x", "/dev/null"} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			fmt.Println(err)
		}
	}
	os.Exit(0)
}

func TestRoot(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc", "hello"), []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("etc", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // the init dies with the thread that started it
	defer runtime.UnlockOSThread()
	for _, user := range []bool{false, true} {
		cmd, err := Command(Options{Init: self, Root: root, User: user, Env: []string{"SANDBOX_LOOK=1"}})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err = cmd.Run()
		want := "dev etc link proc run tmp pid 1 proc 1 cwd / hello\n"
		if err != nil || out.String() != want {
			t.Errorf("user namespace %v: %v, the init printed\n%swant\n%s", user, err, out.String(), want)
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder now holds %v, %v", entries, err)
	}
}
