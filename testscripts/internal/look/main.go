// Command look says what its process sees and may do, in a machine that has no
// other program: it is static, for every architecture, and prints a line a word.
//
//	status:NAME  that line of /proc/self/status
//	mounted:PATH the file system at a path, by /proc/self/mounts
//	make:PATH    what comes of making a file there
//	module:PATH  what comes of loading a module of the kernel
//	disk:PATH    what comes of mounting /dev/vda, an ext4, there
//	hold:PATH    make a file there, and keep it open until the end
//	await:PATH   that there is a file
//	mount:PATH   what comes of mounting a tmpfs there
//	list:PATH    the names in a folder
//	profile      the AppArmor profile that holds
//	machine      the architecture, by uname(2)
//	host         the host name
//	read:FILE    its text
//	env:NAME     a variable of its environment
//	link:PATH    where a link leads
//	up:NAME      whether a network device is up
//	syslog:TEXT  what comes of a message to /dev/log
//	shared:PATH  whether others see what is mounted below a mount
package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	for _, word := range os.Args[1:] {
		verb, arg, _ := strings.Cut(word, ":")
		fmt.Println(word, answer(verb, arg))
	}
}

func answer(verb, arg string) string {
	switch verb {
	case "status":
		return find("/proc/self/status", func(f []string) bool { return f[0] == arg+":" }, 1)
	case "mounted":
		return find("/proc/self/mounts", func(f []string) bool { return f[1] == arg }, 2)
	case "make":
		f, err := os.Create(arg)
		if err == nil {
			err = f.Close()
		}
		return say(err)
	case "module":
		f, err := os.Open(arg)
		if err == nil {
			err = unix.FinitModule(int(f.Fd()), "", 0)
		}
		return say(err)
	case "disk":
		if err := os.MkdirAll(arg, 0o755); err != nil {
			return err.Error()
		}
		return say(syscall.Mount("/dev/vda", arg, "ext4", 0, ""))
	case "await":
		_, err := os.Stat(arg)
		for ; err != nil; _, err = os.Stat(arg) {
			time.Sleep(10 * time.Millisecond)
		}
		return say(err)
	case "hold":
		f, err := os.Create(arg)
		if err == nil {
			_, err = f.WriteString("held\n")
		}
		fmt.Println("hold", say(err))
		time.Sleep(time.Hour)
	case "mount":
		return say(syscall.Mount("tmpfs", arg, "tmpfs", 0, ""))
	case "list":
		entries, err := os.ReadDir(arg)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(len(entries), " entries")
	case "profile":
		text, err := os.ReadFile("/proc/self/attr/apparmor/current")
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(string(text))
	case "host":
		name, _ := os.Hostname()
		return name
	case "read":
		text, err := os.ReadFile(arg)
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(string(text))
	case "env":
		return os.Getenv(arg)
	case "link":
		to, err := os.Readlink(arg)
		if err != nil {
			return err.Error()
		}
		return to
	case "up":
		device, err := net.InterfaceByName(arg)
		return fmt.Sprint(err == nil && device.Flags&net.FlagUp != 0)
	case "syslog":
		c, err := net.Dial("unixgram", "/dev/log")
		if err == nil {
			_, err = c.Write([]byte("<14>Nov 30 15:34:25 look[1]: " + arg))
		}
		return say(err)
	case "shared":
		return fmt.Sprint(strings.HasPrefix(find("/proc/self/mountinfo", func(f []string) bool { return f[4] == arg }, 6), "shared:"))
	case "machine":
		var u syscall.Utsname
		_ = syscall.Uname(&u)
		var b strings.Builder
		for _, c := range u.Machine {
			if c != 0 {
				b.WriteByte(byte(c))
			}
		}
		return b.String()
	}
	return ""
}

// find is a field of the last line of a file that matches.
func find(file string, match func([]string) bool, field int) (found string) {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > field && match(f) {
			found = f[field]
		}
	}
	return found
}

func say(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}
