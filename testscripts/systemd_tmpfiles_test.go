package testscripts

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

const tmpfilesTool = "/usr/bin/systemd-tmpfiles"

// tmpfilesTable has every type of line and modifier, about what is there in
// tmpfilesBefore and about what is not.
const tmpfilesTable = `
d /run/d
d /run/e 0750 web web
d /run/e/sub/deep 2775 - web
D /run/D 1777
v /run/v 0700
q /srv/t/q
Q /srv/t/Q 0711 1234 4321
d /srv/t/full 0700 web -
d /srv/t/keepmode
d /srv/t/file 0700
d= /srv/t/file2 0700 web web
d /srv/t/linkdir 0700
D /srv/t/clear 0750
e /srv/t/e* 0711 web
e /srv/t/none 0711
f /run/f
f /run/g 0640 web - - some\\ttext\\x41
f+ /srv/t/trunc 0600 - - - new text
f+ /srv/t/truncnew - - - - with %% and %t
f /srv/t/there 0604 web web - other
f /srv/t/adir 0600
f= /srv/t/adir2 0600 - - - now a file
f+ /srv/t/alink 0600 - - - through
f /run/badage 0600 - - soon
f /run/age 0600 - - aA:1w2d
d /run/keepage 0700 - - ~10s
d /run/owned 0755 web web
d /run/owned/by 0700 web web
f /run/owned/by/root 0644 root
f /run/owned/by/root/x
z /srv/t/trap/x 0600
L /srv/t/trap/y - - - - x
d /srv/t/trap/link/x
R /srv/t/trap/sub/*
f /run/rootlater/web/root/f
d /run/setgid 2775 root web
p /run/setgid/fifo 0622
d /run/setgid/d
L /run/setgid/l - - - - x
w /srv/t/w - - - - line\\n
w+ /srv/t/grow - - - - more
w+ /srv/t/grow - - - - and more
w /srv/t/absent - - - - x
w /srv/t/w[12] 0600 web - - glob
L /run/l - - - - /somewhere
L /srv/t/there - - - - /elsewhere
L+ /srv/t/there2 - - - - /elsewhere
L+ /srv/t/fulldir - - - - ../relative
L+ /srv/t/samelink - - - - same
L /srv/t/factory
L /srv/t/ownedlink - web web - x
p /run/p 0622
p /srv/t/there3 0600
p+ /srv/t/there4 0600 web
p /srv/t/fifo 0606
c /srv/t/null 0666 - - - 1:3
c+ /srv/t/there5 0600 - - - 1:5
b /srv/t/blk 0660 - web - 7:1
C /srv/t/copied - - - - /usr/share/tree
C /srv/t/copied2 0750 web web - /usr/share/tree
C /srv/t/copiedfile 0600 web - - /usr/share/tree/a
C /srv/t/empty - - - - /usr/share/tree
C /srv/t/there6 - - - - /usr/share/tree/a
C /srv/t/notempty - - - - /usr/share/tree
C /srv/t/nosource - - - - /usr/share/no
C /srv/t/made
z /srv/t/z 0600 web web
z /srv/t/z? 0640
z /srv/t/{za,zb}x 0604 - web
z /srv/t/zlink 0600 web
z /srv/t/newonly :0600 :web :web
f /srv/t/newonly2 :0600 :web :web
f /srv/t/there7 :0600 :web :web
d /srv/t/maskdir ~0777
Z /srv/t/Z ~2755 web web
Z /srv/t/Z2 ~0644
z /srv/t/zmask ~7777
t /srv/t/x - - - - user.a=one user.b="two words"
T /srv/t/X - - - - user.c=%t
r /srv/t/r
r /srv/t/rdir
r /srv/t/rfull
r! /srv/t/rg*
R /srv/t/R
R! /srv/t/Rg*
R /srv/t/Rlink
x /srv/t/x
X /srv/t/x
f~ /run/base64 - - - - aGVsbG8gd29ybGQ=
f /run/first 0600 - - - first
f /run/first 0640 - - - second
z /run/first 0644
f "/run/with blank" 0600 - - - a b  c
f /run/arch - - - - %a %o %C %L %S %T %V %u %g %U %G %h
f /run/%a-%o
f^ /run/cred - - - - no-such-credential
d- /srv/t/file 0700
f /srv/t/par/ent/file 0600 web
m /srv/t/m 0606
F /srv/t/F 0600 - - - anew
h /srv/t/h - - - - +d
H /srv/t/H - - - - =dA
d /srv/t/nouser 0700 no-such-user
d relative
d /srv/t/badmode 0888
y /srv/t/notype
w /srv/t/w3
a /srv/t/acl - - - - u:65534:rw-,g:4321:r--
a+ /srv/t/acl2 - - - - u:1:r-x
a+ /srv/t/acl2 - - - - u:2:rwx,u:1:---
a /srv/t/acldir - - - - d:u:65534:rwx,d:o::---,u:65534:x
a /srv/t/acl3 - - - - u::rw,g::rwx,o::---,m::r
a+ /srv/t/acl4 - - - - m::r,u:7:rw
A /srv/t/acltree - - - - u:1:rX-
A+ /srv/t/acltree - - - - u:1:rx,d:g:4:rx
a /srv/t/aclbad - - - - u:1:rq
a /srv/t/none - - - - u:1:r
`

// tmpfilesBefore is what is there: "/" at the end for folders, "->" for links,
// else a file, after its mode; "p" for a FIFO.
const tmpfilesBefore = `
0755 /srv/t/full/
0644 /srv/t/full/a
0711 /srv/t/keepmode/
0644 /srv/t/file
0644 /srv/t/file2
0755 /srv/t/linked/
0644 /srv/t/linkdir -> linked
0755 /srv/t/clear/
0644 /srv/t/clear/a
0755 /srv/t/clear/b/
0644 /srv/t/clear/b/c
0755 /srv/t/e1/
0755 /srv/t/e2/
0644 /srv/t/e3
0644 /srv/t/trunc
0644 /srv/t/there
0755 /srv/t/adir/
0755 /srv/t/adir2/
0644 /srv/t/adir2/x
0644 /srv/t/alink -> there
0644 /srv/t/w
0644 /srv/t/w1
0644 /srv/t/w2
0644 /srv/t/w3
0644 /srv/t/grow
0644 /srv/t/there2
0755 /srv/t/fulldir/
0644 /srv/t/fulldir/x
0644 /srv/t/samelink -> same
0644 /srv/t/there3
0644 /srv/t/there4
0644 /srv/t/there5
0644 /srv/t/there6
0644 /srv/t/there7
0666 /srv/t/fifo p
0755 /srv/t/empty/
0755 /srv/t/notempty/
0644 /srv/t/notempty/own
0644 /srv/t/z
0644 /srv/t/z1
0755 /srv/t/z2/
0644 /srv/t/zax
0644 /srv/t/zbx
0644 /srv/t/zcx
0644 /srv/t/ztarget
0644 /srv/t/zlink -> ztarget
0644 /srv/t/newonly
0500 /srv/t/maskdir/
0700 /srv/t/Z/
0600 /srv/t/Z/file
0700 /srv/t/Z/program
0444 /srv/t/Z/ro
0700 /srv/t/Z/dir/
0640 /srv/t/Z/dir/x
0777 /srv/t/Z/link -> ../ztarget
0700 /srv/t/Z2/
0700 /srv/t/Z2/program
0600 /srv/t/Z2/.hidden
0755 /srv/t/zmask
0644 /srv/t/x
0755 /srv/t/X/
0644 /srv/t/X/a
0755 /srv/t/X/b/
0644 /srv/t/r
0755 /srv/t/rdir/
0755 /srv/t/rfull/
0644 /srv/t/rfull/x
0644 /srv/t/rg1
0755 /srv/t/rg2/
0755 /srv/t/R/
0755 /srv/t/R/a/
0644 /srv/t/R/a/b
0755 /srv/t/Rg1/
0644 /srv/t/Rg1/x
0644 /srv/t/Rg2
0755 /srv/t/Rkept/
0644 /srv/t/Rkept/x
0644 /srv/t/Rlink -> Rkept
0644 /srv/t/m
0644 /srv/t/F
0640 /srv/t/acl
0600 /srv/t/acl2
0750 /srv/t/acldir/
0644 /srv/t/acl3
0664 /srv/t/acl4
0750 /srv/t/acltree/
0640 /srv/t/acltree/x
0750 /srv/t/acltree/d/
0777 /srv/t/acltree/l -> x
0644 /srv/t/aclbad
0755 /srv/t/trap/
0644 /srv/t/trap/x
0644 /srv/t/trap/link -> ../R
0755 /srv/t/trap/sub/
0644 /srv/t/trap/sub/x
0644 /srv/t/h
0755 /srv/t/H/
0644 /srv/t/H/x
0755 /usr/share/tree/
0640 /usr/share/tree/a
0711 /usr/share/tree/b/
0755 /usr/share/tree/b/program
0644 /usr/share/tree/b/link -> ../a
0600 /usr/share/tree/fifo p
0644 /usr/share/factory/srv/t/made
`

// TestTmpfilesLikeSystemd compares the tree that an init makes at boot with that
// of systemd-tmpfiles, for the table and for the files of installed packages.
func TestTmpfilesLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds and boots")
	}
	means.Root(t)
	means.Files(t, tmpfilesTool)
	t.Run("table", func(t *testing.T) {
		root := tmpfilesRoot(t)
		tmpfilesPlant(t, root, tmpfilesBefore)
		if err := os.Chown(filepath.Join(root, "srv/t/trap"), 1234, 4321); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(root, "etc/tmpfiles.d/all.conf"), strings.ReplaceAll(tmpfilesTable, "\\\\", "\\"))
		compareTmpfiles(t, root)
	})
	t.Run("packages", func(t *testing.T) {
		root := tmpfilesRoot(t)
		names, _ := filepath.Glob("/usr/lib/tmpfiles.d/*.conf")
		for _, name := range append(names, "/etc/passwd", "/etc/group") {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join("etc", filepath.Base(name))
			if strings.HasSuffix(name, ".conf") {
				to = filepath.Join("etc/tmpfiles.d", filepath.Base(name))
			}
			put(t, filepath.Join(root, to), string(text))
		}
		compareTmpfiles(t, root)
	})
}

// tmpfilesRoot makes a root with a unit.
func tmpfilesRoot(t *testing.T) string {
	root, err := os.MkdirTemp("/var/tmp", "rustysd-tmpfiles-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"run", "tmp", "dev", "proc", "sys", "var/lib", "var/log", "srv/t"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Chmod(filepath.Join(root, "tmp"), 0o777|fs.ModeSticky)
	put(t, filepath.Join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nweb:x:1234:4321::/:/bin/false\n")
	put(t, filepath.Join(root, "etc/group"), "root:x:0:\nweb:x:4321:\n")
	put(t, filepath.Join(root, "etc/os-release"), "ID=debian\nVERSION_ID=12\n")
	put(t, filepath.Join(root, "usr/lib/systemd/system/default.target"), "[Unit]\nDefaultDependencies=no\nWants=t.socket\n")
	put(t, filepath.Join(root, "usr/lib/systemd/system/t.socket"), "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=@t\n")
	put(t, filepath.Join(root, "usr/lib/systemd/system/t.service"), "[Service]\nExecStart=-/bin/true\n")
	return root
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func tmpfilesPlant(t *testing.T, root, list string) {
	for line := range strings.Lines(list) {
		w := strings.Fields(line)
		if len(w) < 2 {
			continue
		}
		var mode uint32
		fmt.Sscanf(w[0], "%o", &mode)
		path := filepath.Join(root, w[1])
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case strings.HasSuffix(w[1], "/"):
			err = os.Mkdir(path, 0o700)
		case len(w) == 4:
			err = os.Symlink(w[3], path)
		case len(w) == 3:
			err = syscall.Mkfifo(path, 0o600)
		default:
			put(t, path, "old text of "+w[1])
		}
		if err == nil && len(w) < 4 {
			err = syscall.Chmod(path, mode)
		}
		if err != nil {
			t.Fatal(path, err)
		}
	}
}

// compareTmpfiles boots a root, and lets systemd-tmpfiles do to a copy of it.
func compareTmpfiles(t *testing.T, root string) {
	other := root + "-other"
	if out, err := exec.Command("cp", "-a", root, other).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	tool := exec.Command(tmpfilesTool, "--root="+other, "--remove", "--create", "--boot")
	says, _ := tool.CombinedOutput() // it fails because of the bad lines
	init := filepath.Join(root, "init")
	built := compile(t, "--root", root, "-o", init)
	theirs := listTree(t, other)
	ours, log := bootTree(t, root, init)
	for _, path := range bothNames(theirs, ours) {
		if theirs[path] != ours[path] {
			t.Errorf("%s is %s and of systemd-tmpfiles %s", path, ours[path], theirs[path])
		}
	}
	t.Logf("%d files alike", len(ours))
	if t.Failed() {
		t.Logf("systemd-tmpfiles says:\n%s\nthe compiler:\n%s\nthe init:\n%s", says, built, log)
	}
}

// bootTree is the tree of an init that has started.
func bootTree(t *testing.T, root, init string) (map[string]string, string) {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	cmd, err := sandbox.Command(sandbox.Options{Init: init, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	text := []byte(nil)
	for range 1000 {
		time.Sleep(10 * time.Millisecond)
		if text, _ = os.ReadFile(log.Name()); strings.Contains(string(text), "reached") {
			return listTree(t, fmt.Sprintf("/proc/%d/root", cmd.Process.Pid)), string(text)
		}
	}
	t.Fatalf("the init does not start:\n%s", text)
	return nil, ""
}

func bothNames(a, b map[string]string) (names []string) {
	seen := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for name := range m {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// listTree describes what is in the places that tmpfiles.d is about, but for what
// the init itself keeps there.
func listTree(t *testing.T, root string) map[string]string {
	list := map[string]string{}
	for _, top := range []string{"run", "tmp", "var", "srv", "etc"} {
		_ = filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			name := strings.TrimPrefix(path, root)
			if err != nil {
				return nil
			}
			if name == "/run/rustysd" || name == "/run/systemd" {
				return fs.SkipDir
			}
			list[name] = strings.ReplaceAll(describe(t, path), root, "") // which is before its specifiers
			return nil
		})
	}
	return list
}

// describe is all about a file that tmpfiles.d can change.
func describe(t *testing.T, path string) string {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%06o %d:%d", st.Mode, st.Uid, st.Gid)
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFLNK:
		to, _ := os.Readlink(path)
		return text + " -> " + to
	case syscall.S_IFREG:
		data, _ := os.ReadFile(path)
		text += fmt.Sprintf(" %q", data)
	case syscall.S_IFCHR, syscall.S_IFBLK:
		text += fmt.Sprintf(" device %#x", st.Rdev)
	}
	for _, name := range []string{"user.a", "user.b", "user.c", "system.posix_acl_access", "system.posix_acl_default"} {
		var b [256]byte
		if n, err := syscall.Getxattr(path, name, b[:]); err == nil {
			text += fmt.Sprintf(" %s=%q", name, b[:n])
		}
	}
	if kind := st.Mode & syscall.S_IFMT; kind == syscall.S_IFREG || kind == syscall.S_IFDIR {
		text += attributesOf(path)
	}
	return text
}

// attributesOf are those of chattr(1) that the table sets.
func attributesOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" attributes %#x", flags&0xC0)
}
