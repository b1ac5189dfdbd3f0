package runtime

import (
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// OwnKernel is the feature of an image that has a kernel to itself, as process 1
// of a virtual machine or a board: what systemd(1) does there before the first
// unit and after the last one. Started in a container it does nothing.
//
// What systemd leaves to units that every system has, as dev-mqueue.mount, is
// done here too: an image has no mount units. A mount that fails is no reason to
// fail, nor to be told: the kernel need not have all of them.
func OwnKernel(i *Init) {
	if !i.real {
		return
	}
	i.detach = (*Init).detachFiles
	i.onCommandLine = commandLineValue
	if _, handed := syscall.Getenv(handoverEnv); handed {
		return // once for each boot
	}
	// What a service mounts is seen by all that look on (systemd.exec(5),
	// "MountFlags="): the kernel's own default is that nobody does.
	mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, "")
	for n := range kernelMounts {
		m := &kernelMounts[n]
		i.mountFresh(m.path, m.fstype, syscall.MS_NOSUID|m.flags, m.data)
	}
	for n := range deviceLinks {
		symlink(deviceLinks[n][1], deviceLinks[n][0])
	}
	raiseLoopback()
	nameHost()
	nameMachine()
}

// kernelMounts are the file systems of a kernel, beside those that every init
// mounts.
var kernelMounts = [...]struct {
	path, fstype string
	flags        uintptr
	data         string
}{
	{"/dev/shm", "tmpfs", syscall.MS_NODEV | syscall.MS_STRICTATIME, "mode=1777"},
	{"/dev/pts", "devpts", syscall.MS_NOEXEC, "mode=0620,gid=5"}, // the group tty
	{"/dev/mqueue", "mqueue", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	{"/dev/hugepages", "hugetlbfs", syscall.MS_NODEV, ""},
	{"/sys/kernel/security", "securityfs", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	{"/sys/kernel/debug", "debugfs", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	{"/sys/kernel/tracing", "tracefs", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	{"/sys/kernel/config", "configfs", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	{"/sys/fs/bpf", "bpf", syscall.MS_NODEV | syscall.MS_NOEXEC, "mode=0700"},
	{"/sys/fs/pstore", "pstore", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	{"/sys/fs/fuse/connections", "fusectl", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
	{"/sys/firmware/efi/efivars", "efivarfs", syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
}

// deviceLinks are names in /dev that programs expect, and devtmpfs lacks.
var deviceLinks = [...][2]string{
	{"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
	{"/dev/core", "/proc/kcore"},
}

// nameHost sets the host name: of the kernel's command line, of hostname(5), or
// localhost for a kernel that has none.
func nameHost() {
	name := commandLineValue("systemd.hostname")
	if name == "" {
		name = hostNameIn(smallFile("/etc/hostname"))
	}
	if name == "" && uname(hostName) == "(none)" {
		name = "localhost"
	}
	if name != "" && len(name) <= 64 {
		syscall.RawSyscall(uintptr(sysno[plan.SysSethostname]), uintptr(unsafe.Pointer(unsafe.StringData(name))), uintptr(len(name)), 0)
	}
}

// hostNameIn is the name in a file of hostname(5), "" for none.
func hostNameIn(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line
		}
	}
	return ""
}

// commandLineValue is the last value of a variable on the kernel's command line.
func commandLineValue(name string) (value string) {
	for w := range strings.FieldsSeq(smallFile("/proc/cmdline")) {
		if rest, ok := strings.CutPrefix(w, name+"="); ok {
			value = rest
		}
	}
	return value
}

// nameMachine makes sure that there is a machine-id(5): that of the kernel's
// command line or of D-Bus, or a new one. Where /etc cannot be written it lasts
// as long as the boot.
func nameMachine() {
	if isMachineID(smallFile(machineIDFile)) {
		return
	}
	first := isFirstBoot()
	id := commandLineValue("systemd.machine_id")
	if !isMachineID(id) {
		id = smallFile("/var/lib/dbus/machine-id")
	}
	if !isMachineID(id) {
		var random [32]byte
		newInvocation(&random)
		id = string(random[:])
	}
	mkdir("/run/systemd", 0o755)
	if first {
		replaceFile("/run/systemd/first-boot", "", 0o644)
	}
	if replaceFile(machineIDFile, id+"\n", 0o444) != 0 {
		const beside = "/run/machine-id"
		replaceFile(beside, id+"\n", 0o444)
		mount(beside, machineIDFile, "", syscall.MS_BIND, "")
		mount("", machineIDFile, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	}
}

// replaceFile makes a file or replaces its text.
func replaceFile(path, text string, mode uint32) errno {
	fd, e := open(path, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC, mode)
	if e != 0 {
		return e
	}
	if text != "" {
		_, e = write(fd, []byte(text))
	}
	closeFD(fd)
	return e
}

// The end of a machine.

// detachTime is how long the file systems of a machine may take to be detached:
// one whose server is gone may take for ever.
const detachTime = int64(30 * plan.Second)

// detachFiles makes the file systems whole before the machine is switched off:
// all are unmounted, and what cannot be, the root above all, is read-only then.
// It is done beside the loop's thread, which waits for it no longer than
// detachTime.
func (i *Init) detachFiles() {
	var done atomic.Bool
	go func() {
		detachAll()
		done.Store(true)
	}()
	for until := nanotime() + detachTime; !done.Load() && nanotime() < until; {
		pause(1)
	}
	if !done.Load() {
		i.say("", "file systems cannot be unmounted in time")
	}
}

// detachAll unmounts from the last mount to the first, again as long as that
// helps: one may hold another.
func detachAll() {
	for {
		points := mountPoints()
		left := len(points)
		for n := len(points) - 1; n >= 0; n-- {
			if syscall.Unmount(points[n], unmountNoFollow) == nil {
				left--
			}
		}
		if left == len(points) || left == 0 {
			for n := len(points) - 1; n >= 0; n-- {
				_ = syscall.Mount("", points[n], "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
			}
			break
		}
	}
	_ = syscall.Mount("", "/", "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

const unmountNoFollow = 8 // UMOUNT_NOFOLLOW, umount(2)

// mountPoints are the paths of all mounts, in their order, but the root and what
// only shows the kernel.
func mountPoints() (points []string) {
	mounts := readMounts()
	for n := range mounts {
		if p := mounts[n].path; p != "/" && !showsKernel(p) {
			points = append(points, p)
		}
	}
	return points
}

// showsKernel says whether a path lies where only the kernel shows itself.
func showsKernel(path string) bool {
	for _, dir := range [...]string{"/proc", "/sys", "/dev"} {
		if path == dir || isBelow(path, dir) {
			return true
		}
	}
	return false
}
