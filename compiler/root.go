package compiler

import (
	"encoding/binary"
	"errors"
	"path"
	"slices"
	"strings"
	"syscall"
)

// rootView answers questions about the files of the root. Links are followed
// within it, as they will be when the image runs; nothing is read twice.
type rootView struct {
	files *files
	// owner and group own the root folder: they stand for root, for a root
	// that somebody without privileges unpacked has files of theirs all over.
	owner, group uint32
	elfs         map[string]*elfAnswer
	missing      map[string][]missingLibrary // by program and $LD_LIBRARY_PATH
	libraryDirs  []string                    // of /etc/ld.so.conf; read when first needed
	readConf     bool
	libraries    libraryCache // of /etc/ld.so.cache; read when first needed
	cacheKnown   bool         // or there is none
	readCache    bool
	linkers      map[string]string // the files of dynamic linkers, by path
}

// rootFile is a file of the root.
type rootFile struct {
	path string // without links
	host string // the same on this machine
	st   syscall.Stat_t
}

func newRootView(f *files) *rootView {
	r := &rootView{files: f, elfs: map[string]*elfAnswer{}, missing: map[string][]missingLibrary{}, linkers: map[string]string{}}
	var st syscall.Stat_t
	if syscall.Stat(f.root, &st) == nil {
		r.owner, r.group = st.Uid, st.Gid
	}
	return r
}

// stat finds the file at a path of the root.
func (r *rootView) stat(name string) (rootFile, error) {
	real, err := r.files.resolve(name)
	if err != nil {
		return rootFile{}, err
	}
	f := rootFile{path: real, host: r.files.host(real)}
	err = syscall.Lstat(f.host, &f.st)
	if r.owner != 0 && f.st.Uid == r.owner {
		f.st.Uid = 0
	}
	if r.group != 0 && f.st.Gid == r.group {
		f.st.Gid = 0
	}
	return f, err
}

// trouble says why a path of the root is not what it should be; "" when it is.
func (r *rootView) trouble(name string, want uint32) string {
	f, err := r.stat(name)
	switch {
	case errors.Is(err, errLoop):
		return "leads nowhere: " + err.Error()
	case err != nil:
		return "is not in the root"
	case f.kind() == want:
		return ""
	}
	return "is " + fileKinds[f.kind()]
}

func (f *rootFile) kind() uint32 { return f.st.Mode & syscall.S_IFMT }

// fileKinds are the types of file.
var fileKinds = map[uint32]string{
	syscall.S_IFREG: "a regular file", syscall.S_IFDIR: "a folder", syscall.S_IFIFO: "a FIFO",
	syscall.S_IFSOCK: "a socket", syscall.S_IFCHR: "a device", syscall.S_IFBLK: "a device",
	syscall.S_IFLNK: "a link", 0: "of no known type",
}

// credential is who wants to use a file.
type credential struct {
	name string
	uid  uint32
	gids []uint32
	// search and override are capabilities that who keeps as a user:
	// CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE.
	search, override bool
}

// mayExecute says whether who may execute a file, or search a folder. The
// superuser needs one of the three bits to execute (path_resolution(7),
// capabilities(7), CAP_DAC_OVERRIDE).
func (who *credential) mayExecute(f *rootFile) bool {
	folder := f.kind() == syscall.S_IFDIR
	if (who.uid == 0 || who.override) && (folder || f.st.Mode&0o111 != 0) || who.search && folder {
		return true
	}
	return who.uid != 0 && who.may(0o1, f)
}

// mayRead says whether who may read a file.
func (who *credential) mayRead(f *rootFile) bool {
	return who.uid == 0 || who.override || who.search || who.may(0o4, f)
}

// may says whether a bit lets who in, of the mode or of the access control list.
// Not everything that a root goes through on its way to a machine keeps its
// lists, so one that would keep who out is not held against the mode.
func (who *credential) may(bit uint32, f *rootFile) bool {
	return who.byMode(bit, f) || who.byList(bit, f)
}

// byMode looks at the mode bits that are about who.
func (who *credential) byMode(bit uint32, f *rootFile) bool {
	if f.st.Uid == who.uid {
		return f.st.Mode&(bit<<6) != 0
	}
	for _, g := range who.gids {
		if f.st.Gid == g {
			return f.st.Mode&(bit<<3) != 0
		}
	}
	return f.st.Mode&bit != 0
}

// The layout of the extended attribute with an access control list: a version,
// and entries of a tag, rights and a user or group (linux/posix_acl_xattr.h).
const (
	aclAttribute = "system.posix_acl_access"
	aclVersion   = 2
	aclEntry     = 8

	aclUser, aclGroupOwner, aclGroup, aclMask = 0x02, 0x04, 0x08, 0x10
)

// byList looks for an entry about who in the access control list of a file, as
// acl(5), "ACCESS CHECK ALGORITHM", has it for who is not the owner. What the
// owner and all others may do the mode says as well.
func (who *credential) byList(bit uint32, f *rootFile) bool {
	buf := make([]byte, 4096)
	n, err := syscall.Getxattr(f.host, aclAttribute, buf)
	if err != nil || n < 4 || binary.LittleEndian.Uint32(buf) != aclVersion || f.st.Uid == who.uid {
		return false
	}
	mask, user, named, groups := uint32(7), uint32(0), false, uint32(0)
	for e := buf[4:n]; len(e) >= aclEntry; e = e[aclEntry:] {
		rights, id := uint32(binary.LittleEndian.Uint16(e[2:])), binary.LittleEndian.Uint32(e[4:])
		switch binary.LittleEndian.Uint16(e) {
		case aclMask:
			mask = rights
		case aclUser:
			if id == who.uid {
				user, named = rights, true
			}
		case aclGroupOwner:
			if slices.Contains(who.gids, f.st.Gid) {
				groups |= rights
			}
		case aclGroup:
			if slices.Contains(who.gids, id) {
				groups |= rights
			}
		}
	}
	if named {
		return user&mask&bit != 0
	}
	return groups&mask&bit != 0
}

// barred is the first part of a path that who may not pass, "" for none.
func (r *rootView) barred(who *credential, name string) string {
	real, err := r.files.resolve(name)
	if err != nil {
		return ""
	}
	for end := 1; end <= len(real); end++ {
		if end < len(real) && real[end] != '/' {
			continue
		}
		if f, err := r.stat(real[:end]); err == nil && !who.mayExecute(&f) {
			return f.path
		}
	}
	return ""
}

// volatilePlaces are empty when an image boots, or are filled by the kernel:
// what the root has there says nothing.
var volatilePlaces = [...]string{"/run", "/var/run", "/tmp", "/var/tmp", "/dev", "/proc", "/sys"}

// isVolatile says whether a path lies in a place that the boot makes.
func isVolatile(name string) bool {
	for _, p := range volatilePlaces {
		if below(name, p) {
			return true
		}
	}
	return false
}

// below says whether a path is dir or lies in it.
func below(name, dir string) bool {
	name, dir = path.Clean(name), path.Clean(dir)
	return name == dir || dir == "/" || strings.HasPrefix(name, dir+"/")
}
