package testscripts

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// probeCalls are the system calls that probe makes, by name.
var probeCalls = map[string]uintptr{
	"clone3": unix.SYS_CLONE3, "fchmodat": unix.SYS_FCHMODAT, "getpgid": unix.SYS_GETPGID, "init_module": unix.SYS_INIT_MODULE,
	"ioprio_get": unix.SYS_IOPRIO_GET, "kexec_load": unix.SYS_KEXEC_LOAD, "keyctl": unix.SYS_KEYCTL, "mount": unix.SYS_MOUNT,
	"mmap": unix.SYS_MMAP, "openat2": unix.SYS_OPENAT2, "personality": unix.SYS_PERSONALITY, "prctl": unix.SYS_PRCTL,
	"ptrace": unix.SYS_PTRACE, "sched_setscheduler": unix.SYS_SCHED_SETSCHEDULER, "settimeofday": unix.SYS_SETTIMEOFDAY,
	"sethostname": unix.SYS_SETHOSTNAME, "setns": unix.SYS_SETNS, "socket": unix.SYS_SOCKET, "swapoff": unix.SYS_SWAPOFF,
	"syslog": unix.SYS_SYSLOG, "unshare": unix.SYS_UNSHARE, "iopl": 172,
}

// probe says what the process it is has and can do:
//
//	status:FIELD        a field of /proc/self/status
//	file:PATH           the first line of a file
//	text:PATH           all lines of a file
//	lines:PATH          how many there are
//	open:PATH           opens a file for reading
//	write:PATH          opens a file for writing
//	make:PATH           makes a file, and removes it
//	node:KIND,MAJ,MIN   makes a device, c or b, and removes it
//	send:HOST:PORT      sends a datagram
//	bind:NET,HOST:PORT  binds a socket of tcp4, tcp6, udp4 or udp6
//	run:PATH            executes a program
//	list:PATH           the number of entries of a folder, and its mode
//	names:PATH          the entries of a folder, with what links lead to
//	mount:PATH          the file system at PATH, if one is mounted there, with its options
//	sockopt:FD,LEVEL,NAME
//	                    an option of a socket, as a number or as text
//	key:NAME            the length of a key of the session, and whether it is
//	                    the invocation id
//	keyring:NUMBER      describes a keyring: its owner, its rights and its name
//	call:NAME,ARG,...   makes a system call, given by name or number, with
//	                    numbers, and says "ok", or the error by name
func probe(args []string) int {
	for _, arg := range args {
		verb, what, _ := strings.Cut(arg, ":")
		said, err := "", error(nil)
		switch verb {
		case "status":
			said, err = statusField(what)
		case "file":
			said, err = firstLine(what)
		case "text", "lines":
			var text []byte
			text, err = os.ReadFile(what)
			said = strings.Join(strings.Fields(string(text)), " ")
			if verb == "lines" {
				said = strconv.Itoa(strings.Count(string(text), "\n"))
			}
		case "mount":
			said, err = mountedAt(what)
		case "names":
			said = namesIn(what)
		case "open", "write", "make", "run", "list", "node", "send", "bind":
			said = tryPath(verb, what)
		case "sockopt":
			said, err = socketOption(what)
		case "key":
			said = sessionKey(what)
		case "keyring":
			said = describeKeyring(what)
		case "call":
			said, err = tryCall(what)
		default:
			err = fmt.Errorf("no verb %q", verb)
		}
		if err != nil {
			return fail(err)
		}
		fmt.Printf("%s=%s\n", what, said)
	}
	return 0
}

// socketOption is an option of a socket, given as FD,LEVEL,NAME.
func socketOption(what string) (string, error) {
	var n [3]int
	if _, err := fmt.Sscanf(what, "%d,%d,%d", &n[0], &n[1], &n[2]); err != nil {
		return "", err
	}
	text, err := unix.GetsockoptString(n[0], n[1], n[2])
	if err != nil {
		return err.Error(), nil
	}
	if number, err := unix.GetsockoptInt(n[0], n[1], n[2]); len(text) < 2 || text[0] < 'a' && err == nil {
		return strconv.Itoa(number), nil
	}
	return text, nil
}

// tryPath does something with a path, and says "ok", or the error by name.
func tryPath(verb, path string) string {
	var err error
	said := "ok"
	switch verb {
	case "open":
		var f *os.File
		if f, err = os.Open(path); err == nil {
			f.Close()
		}
	case "write":
		var f *os.File
		if f, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			f.Close()
		}
	case "node":
		err = tryNode(path)
	case "send", "bind":
		err = tryNet(verb, path)
	case "make":
		var f *os.File // never one that is there, which may be the host's or another's
		path += strconv.Itoa(os.Getpid())
		if f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
			f.Close()
			os.Remove(path)
		}
	case "run":
		err = exec.Command(path).Run()
	case "list":
		var entries []os.DirEntry
		var info os.FileInfo
		if entries, err = os.ReadDir(path); err == nil {
			info, err = os.Stat(path)
		}
		if err == nil {
			said = strconv.Itoa(len(entries)) + " " + info.Mode().String()
		}
	}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return verb + " " + unix.ErrnoName(errno)
	}
	if err != nil {
		return verb + " " + err.Error()
	}
	return verb + " " + said
}

// namesIn are the entries of a folder.
func namesIn(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return tryPath("list", dir)
	}
	var names []string
	for _, e := range entries {
		name := e.Type().String()[:1] + " " + e.Name()
		if info, err := e.Info(); err == nil {
			name = info.Mode().String() + " " + e.Name()
		}
		if to, err := os.Readlink(dir + "/" + e.Name()); err == nil {
			name += " -> " + to
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// sessionKey looks for a key in the session's keyring, and the ones linked there.
func sessionKey(name string) string {
	for _, kind := range [...]string{"user", "keyring"} {
		id, err := unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, kind, name, 0)
		if err != nil {
			continue
		}
		var buf [64]byte
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, buf[:], 0)
		if err != nil {
			return unix.ErrnoName(err.(syscall.Errno))
		}
		_, err = unix.KeyctlInt(unix.KEYCTL_REVOKE, id, 0, 0, 0)
		return fmt.Sprintf("%s of %d, the invocation %v, revoked %v", kind, n, hex.EncodeToString(buf[:n]) == os.Getenv("INVOCATION_ID"), err == nil)
	}
	return "none"
}

// describeKeyring describes the keyring of a special number (keyrings(7)).
func describeKeyring(number string) string {
	n, err := strconv.Atoi(number)
	if err != nil {
		return err.Error()
	}
	said, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, n)
	if err != nil {
		return err.Error()
	}
	return said
}

// mountedAt is what /proc/self/mountinfo says of the mount at a path that is on
// top: its type, its own options, and those of its file system (proc(5)).
func mountedAt(path string) (string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	said := "nothing"
	for line := range strings.Lines(string(text)) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), " - ")
		f, fs := strings.Fields(before), strings.Fields(after)
		if len(f) > 5 && len(fs) > 2 && f[4] == path {
			said = fs[0] + " " + f[5] + " " + fs[2]
		}
	}
	return said, err
}

// tryNode makes a device, "c,1,3".
func tryNode(what string) error {
	words := strings.Split(what, ",")
	major, _ := strconv.Atoi(words[1])
	minor, _ := strconv.Atoi(words[2])
	mode := map[string]uint32{"c": unix.S_IFCHR, "b": unix.S_IFBLK}[words[0]]
	path := "/run/probe-node" + strconv.Itoa(os.Getpid()) // other probes run at the same time
	defer os.Remove(path)
	return unix.Mknod(path, mode|0o600, int(unix.Mkdev(uint32(major), uint32(minor))))
}

// tryNet sends a datagram, or binds a socket.
func tryNet(verb, what string) error {
	if verb == "send" {
		conn, err := net.Dial("udp", what)
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte("x"))
		return err
	}
	network, address, _ := strings.Cut(what, ",")
	if strings.HasPrefix(network, "udp") {
		conn, err := net.ListenPacket(network, address)
		if err == nil {
			conn.Close()
		}
		return err
	}
	l, err := net.Listen(network, address)
	if err == nil {
		l.Close()
	}
	return err
}

func statusField(name string) (string, error) {
	text, err := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "none", err
}

func firstLine(path string) (string, error) {
	text, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	return line, err
}

// tryCall makes a call; its words are numbers as Go writes them.
func tryCall(what string) (string, error) {
	words := strings.Split(what, ",")
	number, ok := probeCalls[words[0]]
	var args [7]uintptr
	for i, w := range words {
		if i == 0 && ok {
			args[0] = number
			continue
		}
		n, err := strconv.ParseUint(w, 0, 64)
		if err != nil {
			return "", err
		}
		args[i] = uintptr(n)
	}
	_, _, errno := syscall.Syscall6(args[0], args[1], args[2], args[3], args[4], args[5], args[6])
	if errno == 0 {
		return "ok", nil
	}
	return unix.ErrnoName(errno), nil
}
