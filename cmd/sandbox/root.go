package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// stand is where the new root is put together; its own file system hides
// nothing but the /tmp of the namespace.
const stand = "/tmp"

// devices are those that a container gets (the OCI runtime specification's
// default devices). Without privilege they cannot be made, so the host's are
// mounted.
var devices = [...]string{"null", "zero", "full", "random", "urandom", "tty"}

// enterRoot makes dir the root: an empty file system with each entry of dir
// mounted in it, and with /proc, /dev, /run and /tmp, whether dir has them or
// not. dir itself is not written to by it.
func enterRoot(dir string) error {
	entries, err := openEntries(dir)
	if err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", stand, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("new root: %w", err)
	}
	for _, e := range entries {
		if err := e.show(); err != nil {
			return fmt.Errorf("/%s: %w", e.Name(), err)
		}
	}
	if err := mountDevices(stand + "/dev"); err != nil {
		return err
	}
	for _, name := range [...]string{"/proc", "/run", "/tmp"} {
		if err := os.MkdirAll(stand+name, 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(stand+"/tmp", 0o777|os.ModeSticky); err != nil {
		return err
	}
	if err := mountProc(stand + "/proc"); err != nil {
		return err
	}
	return pivot()
}

// entry is what the folder has in one place.
type entry struct {
	os.DirEntry
	link string // where a symbolic link leads
	fd   int    // a copy of the mount of anything else
}

// openEntries opens what dir holds, before a mount hides it. The folders that
// are made anew are left out.
func openEntries(dir string) ([]entry, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, n := range names {
		e := entry{DirEntry: n}
		path := filepath.Join(dir, n.Name())
		switch {
		case slices.Contains([]string{"proc", "dev", "run", "tmp"}, n.Name()):
			continue
		case n.Type()&os.ModeSymlink != 0:
			e.link, err = os.Readlink(path)
		default:
			e.fd, err = unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, e)
	}
	return all, nil
}

// show makes the entry appear in the new root.
func (e entry) show() error {
	to := filepath.Join(stand, e.Name())
	if e.link != "" {
		return os.Symlink(e.link, to)
	}
	if err := makeLike(e, to); err != nil {
		return err
	}
	return unix.MoveMount(e.fd, "", unix.AT_FDCWD, to, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// makeLike makes something to mount over.
func makeLike(e os.DirEntry, path string) error {
	if e.IsDir() {
		return os.Mkdir(path, 0o755)
	}
	return os.WriteFile(path, nil, 0o644)
}

// mountDevices makes /dev, in a file system of its own.
func mountDevices(dev string) error {
	if err := os.MkdirAll(dev, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dev, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
		return fmt.Errorf("/dev: %w", err)
	}
	for _, name := range devices {
		to := filepath.Join(dev, name)
		if err := os.WriteFile(to, nil, 0o666); err != nil {
			return err
		}
		if err := unix.Mount("/dev/"+name, to, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	return nil
}

// pivot leaves the old root behind. A process whose root is "." can put the
// old one on top of the new one and take it off again (pivot_root(2)).
func pivot() error {
	if err := os.Chdir(stand); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("old root: %w", err)
	}
	return os.Chdir("/")
}
