package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// failed is the stage's exit status when there is no init to become.
const failed = 125

// Stage returns at once in a process that is not the stage, and never in one
// that is.
func Stage() {
	if len(os.Args) != 2 || os.Args[0] != stageName {
		return
	}
	err := become([]byte(os.Args[1]))
	fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
	os.Exit(failed)
}

// become does the mounts and executes the init.
func become(config []byte) error {
	var o Options
	if err := json.Unmarshal(config, &o); err != nil {
		return err
	}
	// What is named by a path is opened before a mount hides it.
	init, err := unix.Open(o.Init, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Init, err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := mounts(o); err != nil {
		return err
	}
	if o.Net {
		if err := loopback(); err != nil {
			return fmt.Errorf("loopback: %w", err)
		}
	}
	if o.Root == "" && os.Chdir(dir) != nil {
		_ = os.Chdir("/") // a folder that the new mounts hide
	}
	return execute(init, o)
}

// execute becomes the init: by its path where it has one that it can be found
// by later, else by its descriptor.
func execute(init int, o Options) error {
	path, err := filepath.Abs(o.Init)
	if o.Root == "" && err == nil && unix.Access(path, unix.X_OK) == nil {
		err = unix.Exec(path, append([]string{path}, o.Args...), os.Environ())
		return fmt.Errorf("%s: %w", path, err)
	}
	path = fmt.Sprintf("/proc/self/fd/%d", init)
	err = unix.Exec(path, append([]string{"/init"}, o.Args...), os.Environ())
	return fmt.Errorf("%s: %w", o.Init, err)
}

// kept is a folder that was opened to be mounted again.
type kept struct {
	path string
	fd   int
}

func mounts(o Options) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := enterCgroup(o.CgroupDir); err != nil {
		return err
	}
	if o.Root != "" {
		return enterRoot(o.Root)
	}
	keep, err := openAll(o)
	if err != nil {
		return err
	}
	if o.ReadOnly {
		attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &attr); err != nil {
			return fmt.Errorf("read-only: %w", err)
		}
	}
	for _, dir := range [...]string{"/run", "/tmp"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode="+modeOf(dir)); err != nil {
			return fmt.Errorf("tmpfs on %s: %w", dir, err)
		}
	}
	for _, k := range keep {
		if err := k.mount(); err != nil {
			return fmt.Errorf("%s: %w", k.path, err)
		}
	}
	return mountProc("/proc")
}

func modeOf(dir string) string {
	if dir == "/tmp" {
		return "1777"
	}
	return "755"
}

// openAll opens what is to be mounted once /run and /tmp are empty.
func openAll(o Options) ([]kept, error) {
	var all []kept
	for _, dir := range o.Keep {
		k, err := open(dir, dir)
		if err != nil {
			return nil, err
		}
		if o.ReadOnly || below(k.path, "/run") || below(k.path, "/tmp") {
			all = append(all, k)
		}
	}
	for _, pair := range o.Bind {
		k, err := open(pair[1], pair[0])
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

// open makes a copy of the mount at from, which later mounts do not change.
func open(from, to string) (kept, error) {
	path, err := filepath.Abs(to)
	if err != nil {
		return kept{}, err
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, from, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return kept{}, fmt.Errorf("%s: %w", from, err)
	}
	return kept{path, fd}, nil
}

func (k kept) mount() error {
	if below(k.path, "/run") || below(k.path, "/tmp") {
		if err := os.MkdirAll(k.path, 0o755); err != nil {
			return err
		}
	}
	return unix.MoveMount(k.fd, "", unix.AT_FDCWD, k.path, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

func below(path, dir string) bool { return strings.HasPrefix(path, dir+"/") }

// mountProc gives the processes of the new namespace their /proc. Where the
// kernel refuses (in a container that hides parts of its own), the old one
// stays: programs then see wrong processes, which is worth a warning.
func mountProc(dir string) error {
	err := unix.Mount("proc", dir, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if errors.Is(err, unix.EPERM) {
		fmt.Fprintln(os.Stderr, "sandbox: warning: no fresh /proc: the kernel does not allow it in this container")
		if dir == "/proc" {
			return nil
		}
		err = unix.Mount("/proc", dir, "", unix.MS_BIND|unix.MS_REC, "")
	}
	if err != nil {
		return fmt.Errorf("/proc: %w", err)
	}
	return nil
}

// loopback brings up lo, which a new network namespace has down.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}
