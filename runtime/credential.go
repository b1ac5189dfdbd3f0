package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Credentials is the feature of LoadCredential= and its kin: files that only
// the unit's user can read, in a folder of memory that is never swapped out
// where the kernel has one, and that goes when the unit stops
// (systemd.exec(5), "LoadCredential="). They are read beside the loop, since
// a source may be slow; the first command of a start makes them for all.
func Credentials(i *Init) {
	startRemovals(i)
	i.started = append(i.started, func(i *Init) {
		i.spawner.credentials = func(r *spawnRequest) { giveCredentials(r, i.plan.Units[r.unit].Name) }
	})
	i.closing = append(i.closing, func(i *Init, a *machine.Action) {
		u := &i.plan.Units[a.Unit]
		if x := contextOf(u); x == nil || len(x.Credentials) == 0 {
			return
		}
		dir := credentialsDir + u.Name
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		i.removeDirectory(dir)
	})
}

const credentialsDir = "/run/credentials/"

// Bounds of systemd: of one credential, and of all of a unit.
const (
	credentialMax  = 1 << 20
	credentialsMax = 1 << 20
)

// giveCredentials fills the folder of a unit. It runs on a thread of its own.
func giveCredentials(r *spawnRequest, unit string) {
	dir := credentialsDir + unit
	_ = syscall.Mkdir(credentialsDir, 0o755)
	if e := failed(syscall.Mkdir(dir, 0o700)); e != 0 {
		if e != syscall.EEXIST { // an earlier command of this start has made it
			r.login.step, r.login.errno = plan.StepCredentials, e
		}
		return
	}
	const flags = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC
	own := syscall.Mount("ramfs", dir, "ramfs", flags, "mode=0700") == nil ||
		syscall.Mount("tmpfs", dir, "tmpfs", flags, "mode=0700,nr_inodes=1k,size=1M") == nil
	c := credentials{dir: dir + "/", uid: int(r.exec.CredentialsUID)}
	if r.exec.User != "" {
		c.uid = int(r.login.uid)
	}
	for n := range r.exec.Credentials {
		if e := c.give(&r.exec.Credentials[n]); e != 0 {
			r.login.step, r.login.errno = plan.StepCredentials, e
			_ = syscall.Unmount(dir, syscall.MNT_DETACH)
			removeTree(dir) // for the next start to try again
			return
		}
	}
	_ = syscall.Chown(dir, c.uid, -1)
	_ = syscall.Chmod(dir, 0o500)
	if own {
		_ = syscall.Mount("", dir, "", flags|syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "")
	}
}

// credentials is a folder while it is filled.
type credentials struct {
	dir  string
	uid  int
	size int
}

// give makes one credential, or those that a pattern or folder has. What a
// service manager above does not hand over need not be there.
func (c *credentials) give(k *plan.Credential) errno {
	switch {
	case k.Source == "":
		if e := c.put(k.ID, k.Data); e != syscall.EEXIST { // a loaded one is stronger
			return e
		}
		return 0
	case k.Import:
		for _, store := range stores() {
			for _, path := range globPaths(store + k.Source) {
				if e := c.load(importedName(k, path[strings.LastIndexByte(path, '/')+1:]), path); e != 0 && e != syscall.EEXIST {
					return e
				}
			}
		}
		return 0
	case k.Source[0] == '/':
		e := c.load(k.ID, k.Source)
		if e == syscall.ENOENT && k.HasDefault {
			e = 0
		}
		return e
	}
	for _, store := range stores() {
		if e := c.load(k.ID, store+k.Source); e != syscall.ENOENT {
			return e
		}
	}
	return 0
}

// importedName is the name that a credential gets which matches a pattern
// (systemd.exec(5), "ImportCredential=").
func importedName(k *plan.Credential, name string) string {
	if k.Rename == "" {
		return name
	}
	return k.Rename + name[len(strings.TrimSuffix(k.Source, "*")):]
}

// stores are where credentials without a path come from: the service manager
// above, and the folders of the system.
func stores() []string {
	out := []string{"/run/credentials/@system/", "/etc/credstore/", "/run/credstore/", "/usr/local/lib/credstore/", "/usr/lib/credstore/"}
	if dir, ok := syscall.Getenv("CREDENTIALS_DIRECTORY"); ok && dir != "" {
		out = append([]string{dir + "/"}, out...)
	}
	return out
}

// load copies a file, all files of a folder, or what a socket sends.
func (c *credentials) load(id, path string) errno {
	var st syscall.Stat_t
	if e := failed(syscall.Stat(path, &st)); e != 0 {
		return e
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		for _, file := range globPaths(path + "/*") {
			if e := c.load(id+"_"+file[strings.LastIndexByte(file, '/')+1:], file); e != 0 {
				return e
			}
		}
		return 0
	case syscall.S_IFSOCK:
		text, e := receiveAll(path)
		if e != 0 {
			return e
		}
		return c.put(id, text)
	}
	text, e := readBounded(path, credentialMax)
	if e != 0 {
		return e
	}
	return c.put(id, text)
}

// receiveAll reads what a socket sends until it closes.
func receiveAll(path string) (text string, e errno) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", failed(err)
	}
	defer closeFD(int32(fd))
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		return "", failed(err)
	}
	var buf [4096]byte
	for {
		n, err := syscall.Read(fd, buf[:])
		if err != nil || n == 0 {
			return text, failed(err)
		}
		if text += string(buf[:n]); len(text) > credentialMax {
			return "", syscall.E2BIG
		}
	}
}

// failed is the error of one of package syscall's calls, 0 for none.
func failed(err error) errno {
	if err == nil {
		return 0
	}
	return asErrno(err)
}

// put writes one, which is not there yet.
func (c *credentials) put(id, text string) errno {
	if c.size += len(text); c.size > credentialsMax {
		return syscall.E2BIG
	}
	fd, err := syscall.Open(c.dir+id, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o400)
	if err != nil {
		return failed(err)
	}
	defer closeFD(int32(fd))
	for b := bytesOf(text); len(b) > 0; {
		n, err := syscall.Write(fd, b)
		if err != nil {
			return failed(err)
		}
		b = b[n:]
	}
	return failed(syscall.Fchown(fd, c.uid, -1))
}
