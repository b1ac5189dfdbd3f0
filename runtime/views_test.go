package runtime

import (
	"os"
	"slices"
	"syscall"
	"testing"
)

// What mountinfo looks like with odd paths and options cannot be arranged in a
// script without mounting them on the host.
func TestParseMounts(t *testing.T) {
	got := parseMounts("1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n" +
		"2 1 0:5 / /a\\040b\\134c ro,nosuid,nodev,noexec,noatime - proc proc rw\n" +
		"bad line\n3 1 0:6 /x\n")
	want := []mountPoint{{"/", 0}, {`/a b\c`, syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A remount says all flags of a mount, so the nearest mount above a path must be
// found, also in a root of its own.
func TestMountFlagsOfPath(t *testing.T) {
	v := classicViews{
		mounts: []mountPoint{{"/", 0}, {"/srv", 2}, {"/srv/root", 4}, {"/srv/root/sys", 8}, {"/srv/rooted", 1}},
		made:   []mountPoint{{"/usr", 1}, {"/usr/lib", 0}},
	}
	for path, want := range map[string]uint64{"/etc": 0, "/srv/x": 2, "/srv/root/sys/a": 8, "/usr": 1, "/usr/bin": 1, "/usr/lib/x": 0, "/usrx": 0} {
		if got := v.flagsOf(path); got != want {
			t.Errorf("%s: flags %d, want %d", path, got, want)
		}
	}
	v = classicViews{mounts: v.mounts, root: "/srv/root"}
	for path, want := range map[string]uint64{"/": 4, "/etc": 4, "/sys": 8, "/ed": 4} {
		if got := v.flagsOf(path); got != want {
			t.Errorf("%s in the root: flags %d, want %d", path, got, want)
		}
	}
}

// In a root of its own links lead to what is in it, which the scripts' root has
// none of.
func TestRealPath(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"/run", "/var", "/a/b"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"/var/run": "/run", "/a/up": "../run", "/a/self": "self", "/a/b/top": "../../..", "/a/gone": "/nope/x"} {
		if err := os.Symlink(to, root+link); err != nil {
			t.Fatal(err)
		}
	}
	v := classicViews{root: root}
	for path, want := range map[string]string{
		"/": "/", "/run": "/run", "/var/run": "/run", "/var/run/x/y": "/run/x/y", "/a/up/": "/run", "/a/./b/../up/z": "/run/z",
		"/a/self": "/a/self", "/a/b/top": "/", "/a/gone/y": "/nope/x/y", "/none/../run": "/run", ".": ".", "": "",
	} {
		if got := v.real(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	v.others = []string{"/var"}
	if got := v.real("/var/run"); got != "/var/run" {
		t.Errorf("what is no link for the child leads to %s", got)
	}
}

// What was changed counts, of each mount once.
func TestMountsBelow(t *testing.T) {
	v := classicViews{
		mounts: []mountPoint{{"/srv", 0}, {"/srv/run", 2}, {"/srv/run/x", 4}, {"/srv/run/x", 8}, {"/run/y", 1}},
		made:   []mountPoint{{"/run/x", 1}, {"/run/z", 0}, {"/runs", 0}},
		root:   "/srv",
	}
	if got, want := v.mountsBelow("/run"), []string{"/run/x", "/run/z"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
