package compiler

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"unsafe"
)

// files is the only place of the package that touches a file system.
//
// It works on the operating system and not on an [fs.FS]: links inside a root
// must be followed within that root one by one (an [os.Root] refuses absolute
// ones, and the kernel would follow them out of it), and what is named like a
// unit may be a FIFO, which must not be opened for a blocking read.
type files struct {
	root string // "" when there is none
}

// folder is a directory with unit files, drop-ins or links.
type folder struct {
	shown  string // as diagnostics name it
	real   string // where it really is, to open
	path   string // in the root when inRoot, else the same as shown
	inRoot bool
	order  int // its place, or its parent's, in the search path
}

// located is a file that was found: how to show it and how to open it.
type located struct{ shown, real string }

// Bounds on what is read from a file system that may be hostile.
const (
	maxFile = 8 << 20 // bytes of one unit file
	maxHops = 40      // symbolic links on the way to a file, as in Linux
)

var (
	errNotRegular = errors.New("it is not a regular file")
	errTooBig     = errors.New("it is larger than 8 MiB")
	errLoop       = errors.New("its symbolic links form a loop")
)

// read gives the bytes of a regular file. It never blocks: a FIFO is opened
// without waiting for a writer, and then refused.
func (f *files) read(name string) (string, error) {
	fd, err := openFile(name)
	if err != nil {
		return "", err
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return "", err
	}
	switch {
	case st.Mode&syscall.S_IFMT != syscall.S_IFREG:
		return "", errNotRegular
	case st.Size > maxFile:
		return "", errTooBig
	}
	return readAll(fd, int(st.Size))
}

func openFile(name string) (fd int, err error) {
	for {
		fd, err = syscall.Open(name, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

// readAll reads up to size bytes: a file that grows meanwhile is cut.
func readAll(fd, size int) (string, error) {
	buf := make([]byte, size)
	n := 0
	for n < size {
		k, err := syscall.Read(fd, buf[n:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return "", err
		}
		if k == 0 {
			break
		}
		n += k
	}
	return unsafe.String(unsafe.SliceData(buf), n), nil // nothing else holds buf
}

// list gives the entries of a folder, sorted by name.
func (f *files) list(d *folder) ([]fs.DirEntry, error) { return os.ReadDir(d.real) }

// open finds the folder name in the root or, without one, on this machine.
func (f *files) open(name string, inRoot bool) (*folder, error) {
	d := &folder{shown: name, real: name, path: name, inRoot: inRoot}
	if inRoot {
		real, err := f.resolve(name)
		if err != nil {
			return nil, err
		}
		d.path, d.real = real, f.host(real)
		d.shown = f.host(name)
	}
	st, err := os.Stat(d.real)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return nil, errors.New("it is not a directory")
	}
	return d, nil
}

// host is the path on this machine of a path in the root.
func (f *files) host(name string) string { return path.Join(f.root, name) }

// resolve follows the links in a path of the root, all within the root. The
// last part need not exist.
func (f *files) resolve(name string) (string, error) {
	done := "/"
	rest := name
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		switch part {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, part)
		to, err := os.Readlink(f.host(next))
		if err != nil {
			done = next // not a link, or not there: opening it will say so
			continue
		}
		if links++; links > maxHops {
			return "", errLoop
		}
		if strings.HasPrefix(to, "/") {
			done = "/"
		}
		rest = to + "/" + rest
	}
	return done, nil
}

// sub is the folder of that name in d.
//
// Diverges: systemd 252 looks where a relative link leads from its own working
// folder when it asks whether that is a folder, and so finds few of them.
func (f *files) sub(d *folder, name string, link bool) (*folder, error) {
	if link {
		p, err := f.follow(d, name)
		if err != nil {
			return nil, err
		}
		if st, err := os.Stat(p.real); err != nil || !st.IsDir() {
			return nil, errors.New("it is not a directory")
		}
		return &folder{p.shown, p.real, path.Join(d.path, name), d.inRoot, d.order}, nil
	}
	return &folder{d.shown + "/" + name, d.real + "/" + name, path.Join(d.path, name), d.inRoot, d.order}, nil
}

// target is where the link name in d points, as a path like d's: links on the
// way are not followed.
func (f *files) target(d *folder, name string) (string, error) {
	to, err := os.Readlink(d.real + "/" + name)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(to, "/") {
		to = d.path + "/" + to
	}
	return path.Clean(to), nil
}

// follow finds the file that the entry name of d is or leads to.
func (f *files) follow(d *folder, name string) (located, error) {
	p := located{d.shown + "/" + name, d.real + "/" + name}
	if d.inRoot {
		real, err := f.resolve(d.path + "/" + name)
		if err != nil {
			return p, err
		}
		p.real = f.host(real)
	}
	return p, nil
}

// isNull says whether an entry that is a link leads to /dev/null, which masks
// (systemd.unit(5)).
func (f *files) isNull(d *folder, name string) bool {
	if to, err := f.target(d, name); err == nil && to == "/dev/null" {
		return true
	}
	if d.inRoot {
		real, err := f.resolve(d.path + "/" + name)
		return err == nil && real == "/dev/null"
	}
	var st syscall.Stat_t
	const null = 1<<8 | 3
	return syscall.Stat(d.real+"/"+name, &st) == nil &&
		st.Mode&syscall.S_IFMT == syscall.S_IFCHR && st.Rdev == null
}
