package runtime

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"rustysd/runtime/plan"
)

// TestMakeFiles makes each kind twice: where nothing is, and over what the
// first time left. It is no script because it needs no process.
func TestMakeFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(at("kept"), []byte("old"), 0o600))
	must(os.WriteFile(at("emptied"), []byte("old and long"), 0o600))
	must(os.WriteFile(at("written"), []byte("old and long"), 0o600))
	must(os.WriteFile(at("grown"), []byte("old"), 0o600))
	must(os.Symlink("elsewhere", at("link")))
	must(os.Symlink("elsewhere", at("forced")))
	must(os.Symlink(at("kept"), at("trap")))
	const keep = plan.KeepID
	steps := []plan.BootStep{
		{Kind: plan.BootFolder, Path: at("a/b/c"), Mode: 0o2775, UID: keep, GID: keep},
		{Kind: plan.BootFile, Path: at("a/new"), Data: "text\n", Mode: 0o640, UID: keep, GID: keep},
		{Kind: plan.BootFile, Path: at("kept"), Data: "new", Mode: 0o644, UID: keep, GID: keep},
		{Kind: plan.BootTruncate, Path: at("emptied"), Data: "new", Mode: plan.KeepMode, UID: keep, GID: keep},
		{Kind: plan.BootTruncate, Path: at("begun"), Mode: plan.KeepMode, UID: keep, GID: keep},
		{Kind: plan.BootWrite, Path: at("written"), Data: "new"},
		{Kind: plan.BootWrite, Path: at("absent"), Data: "new"},
		{Kind: plan.BootLink, Path: at("link"), Data: "new"},
		{Kind: plan.BootForceLink, Path: at("forced"), Data: "new"},
		{Kind: plan.BootFIFO, Path: at("fifo"), Mode: 0o622, UID: keep, GID: keep},
		{Kind: plan.BootAdjust, Path: at("grown"), Mode: 0o400, UID: keep, GID: keep},
		{Kind: plan.BootAdjust, Path: at("absent"), Mode: 0o400, UID: keep, GID: keep},
		{Kind: plan.BootAdjust, Path: at("trap"), Mode: 0o777, UID: keep, GID: keep}, // a link has no mode
	}
	defer umask(umask(0))
	for range 2 {
		for i := range steps {
			if e := makeFile(&steps[i]); e != 0 {
				t.Errorf("%s: %v", steps[i].Path, e)
			}
		}
	}
	for name, want := range map[string]string{"a/new": "text\n", "kept": "old", "emptied": "new", "written": "new and long", "grown": "old"} {
		if text, err := os.ReadFile(at(name)); string(text) != want {
			t.Errorf("%s holds %q, want %q, %v", name, text, want, err)
		}
	}
	for name, want := range map[string]string{"link": "elsewhere", "forced": "new"} {
		if to, err := os.Readlink(at(name)); to != want {
			t.Errorf("%s leads to %q, want %q, %v", name, to, want, err)
		}
	}
	for name, want := range map[string]uint32{"a": syscall.S_IFDIR | 0o755, "a/b/c": syscall.S_IFDIR | 0o2775, "a/new": syscall.S_IFREG | 0o640,
		"kept": syscall.S_IFREG | 0o644, "emptied": syscall.S_IFREG | 0o600, "begun": syscall.S_IFREG | 0o644, "fifo": syscall.S_IFIFO | 0o622, "grown": syscall.S_IFREG | 0o400} {
		var st syscall.Stat_t
		if must(syscall.Lstat(at(name), &st)); st.Mode != want {
			t.Errorf("%s has mode %o, want %o", name, st.Mode, want)
		}
	}
	if _, err := os.Lstat(at("absent")); err == nil {
		t.Error("what was to be adjusted was made")
	}
	for _, s := range []plan.BootStep{
		{Kind: plan.BootTruncate, Path: at("trap"), Mode: 0o777, UID: keep, GID: keep},
		{Kind: plan.BootFolder, Path: at("kept"), Mode: 0o777, UID: keep, GID: keep},
	} {
		if e := makeFile(&s); e == 0 {
			t.Errorf("%s: a link was followed, or a file taken for a folder", s.Path)
		}
	}
}
