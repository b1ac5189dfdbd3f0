package runtime

import (
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
