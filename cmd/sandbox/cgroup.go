package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// Two inits that saw the same tree of cgroups would put services of one name
// into the same group, and each would kill the other's. So an init sees a tree
// of its own, or none.

// cgroupRoot is where the tree is for those in the sandbox.
const cgroupRoot = "/sys/fs/cgroup"

// Cgroup is a tree of cgroups for one init.
type Cgroup struct{ dir string }

// NewCgroup makes one; it fails where the tree (cgroups(7), version 2) cannot
// be written to.
func NewCgroup() (*Cgroup, error) {
	for _, root := range [...]string{cgroupRoot, cgroupRoot + "/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(root, &st) != nil || st.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		dir, err := os.MkdirTemp(root, "rustysd-sandbox-")
		if err != nil {
			return nil, err
		}
		return &Cgroup{dir}, nil
	}
	return nil, errors.New("no cgroup tree of version 2")
}

// Remove takes the tree away, once all that ran in it has ended.
func (c *Cgroup) Remove() error {
	var dirs []string
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	slices.Reverse(dirs) // children first
	for _, dir := range dirs {
		err = errors.Join(err, os.Remove(dir))
	}
	return err
}

// enterCgroup puts this process into dir as the root of its tree, or hides the
// host's tree when dir is "".
func enterCgroup(dir string) error {
	if dir != "" {
		// The namespace is the thread's: it goes on to become the init.
		goruntime.LockOSThread()
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
			return err
		}
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
			return fmt.Errorf("cgroup namespace: %w", err)
		}
	}
	// In a user namespace the mount is locked; there nobody can write to it.
	err := unix.Unmount(cgroupRoot, unix.MNT_DETACH)
	if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("hiding %s: %w", cgroupRoot, err)
	}
	if dir == "" {
		return nil
	}
	return unix.Mount("cgroup2", cgroupRoot, "cgroup2", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}
