package testscripts

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sendFDs is the verb fds of actor, "KIND+KIND*N:MESSAGE": a message with
// descriptors. The kinds:
//
//	=TEXT    a file in memory that holds the text
//	same     the descriptor before, once more
//	open     one end of a pair of sockets, whose other end stays open
//	shut     one whose other end is closed at once
//	late     one whose other end is closed by the next "shutlate:"
//	pidfd    the last child's
//	barrier  the writing end of a pipe; returns when everybody has closed it
func sendFDs(what string, child int) error {
	kinds, msg, ok := strings.Cut(what, ":")
	if !ok {
		return errors.New("fds:KINDS:MESSAGE")
	}
	msg = strings.ReplaceAll(strings.ReplaceAll(msg, "|", "\n"), "$CHILD", strconv.Itoa(child))
	var fds []int
	wait := -1
	for kind := range strings.SplitSeq(kinds, "+") {
		kind, times, _ := strings.Cut(kind, "*")
		n, _ := strconv.Atoi(times)
		for range max(n, 1) {
			fd, reader, err := makeFD(kind, fds, child)
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			fds = append(fds, fd)
			if reader >= 0 {
				wait = reader
			}
		}
	}
	if err := notifyWith(msg, fds); err != nil {
		return err
	}
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
	return waitHangUp(wait)
}

// lateEnd is the other end of a pair that is still open.
var lateEnd = -1

func makeFD(kind string, before []int, child int) (fd, reader int, err error) {
	if text, ok := strings.CutPrefix(kind, "="); ok {
		if fd, err = unix.MemfdCreate("kept", unix.MFD_CLOEXEC); err == nil {
			_, err = unix.Write(fd, []byte(text))
		}
		return fd, -1, err
	}
	switch kind {
	case "same":
		fd, err = unix.Dup(before[len(before)-1])
		return fd, -1, err
	case "pidfd":
		fd, err = unix.PidfdOpen(child, 0)
		return fd, -1, err
	case "barrier":
		p := make([]int, 2)
		err = unix.Pipe2(p, unix.O_CLOEXEC)
		return p[1], p[0], err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	switch kind {
	case "shut":
		err = unix.Close(pair[1])
	case "late":
		lateEnd = pair[1]
	case "open":
	default:
		err = errors.New("no such kind")
	}
	return pair[0], -1, err
}

// waitHangUp waits until nobody can write to a pipe; -1 is none.
func waitHangUp(fd int) error {
	if fd < 0 {
		return nil
	}
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd)}}, 5000)
	if err == nil && n == 0 {
		err = errors.New("a barrier was not closed within 5 s")
	}
	return err
}

// notifyWith sends a message with descriptors to the service manager.
func notifyWith(msg string, fds []int) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendmsg(fd, []byte(msg), unix.UnixRights(fds...), &unix.SockaddrUnix{Name: os.Getenv("NOTIFY_SOCKET")}, 0)
}

// handed is the verb handed of actor: which descriptors the process was given
// (sd_listen_fds(3)), each with its name and what is in it.
func handed(out string) error {
	n, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if pid := os.Getenv("LISTEN_PID"); n > 0 && pid != strconv.Itoa(os.Getpid()) {
		return fmt.Errorf("LISTEN_PID is %s and we are %d", pid, os.Getpid())
	}
	line := fmt.Sprintf("handed %d:", n)
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for i := range n {
		line += " " + names[i] + content(3+i)
	}
	if n > 9 {
		line = fmt.Sprintf("handed %d: %s%s to %s%s", n, names[0], content(3), names[n-1], content(2+n))
	}
	if out == "" {
		fmt.Println(line)
		return nil
	}
	return appendLine(out, line)
}

// content says what a descriptor is.
func content(fd int) string {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "(" + err.Error() + ")"
	}
	if st.Mode&unix.S_IFMT == unix.S_IFSOCK {
		if listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err == nil && listens == 1 {
			return "(listens)"
		}
		return "(socket)"
	}
	text := make([]byte, 64)
	n, err := unix.Pread(fd, text, 0)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return "=" + string(text[:n])
}

// storing are services that each run twice, "DIRECTIVES: WORDS of the first run
// : WORDS of the second", where @LOG@ is where they write to.
var storing = map[string]string{
	"two":      "FileDescriptorStoreMax=4: fds:=one:FDSTORE=1|FDNAME=a fds:=two:FDSTORE=1 : handed:@LOG@",
	"together": "FileDescriptorStoreMax=4: fds:=one+=one:FDSTORE=1|FDNAME=same : handed:@LOG@",
	"doubled":  "FileDescriptorStoreMax=4: fds:=one+same+same:FDSTORE=1 fds:=two+same:FDSTORE=1|FDNAME=b : handed:@LOG@",
	"toomany":  "FileDescriptorStoreMax=2: fds:=1:FDSTORE=1 fds:=2:FDSTORE=1 fds:=3:FDSTORE=1 fds:=4:FDSTORE=1 : handed:@LOG@",
	"removed":  "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1|FDNAME=x fds:=2:FDSTORE=1|FDNAME=y fds:=3:FDSTORE=1|FDNAME=x notify:FDSTOREREMOVE=1|FDNAME=x : handed:@LOG@",
	"unnamed":  "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1 notify:FDSTOREREMOVE=1 notify:FDSTOREREMOVE=1|FDNAME=a:b : handed:@LOG@",
	"stored":   "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1 fds:=2:FDSTORE=1|FDNAME=z notify:FDSTOREREMOVE=1|FDNAME=stored : handed:@LOG@",
	"both":     "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1|FDSTOREREMOVE=1|FDNAME=q : handed:@LOG@",
	"badname":  "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1|FDNAME=a:b fds:=2:FDSTORE=1|FDNAME= : handed:@LOG@",
	"hangup":   "FileDescriptorStoreMax=9: fds:shut:FDSTORE=1|FDNAME=gone fds:shut:FDSTORE=1|FDPOLL=0|FDNAME=kept fds:open:FDSTORE=1|FDNAME=mate : handed:@LOG@",
	"later":    "FileDescriptorStoreMax=9: fds:late:FDSTORE=1|FDNAME=late fds:=1:FDSTORE=1 shutlate: sleep:100ms : handed:@LOG@",
	"nowhere":  "NotifyAccess=all: fds:=1:FDSTORE=1 : handed:@LOG@",
	"unsaid":   "FileDescriptorStoreMax=9: fds:=1:READY=1 fds:=1:FDSTORE=0 fds:=2:FDNAME=a : handed:@LOG@",
	"stranger": "FileDescriptorStoreMax=9|NotifyAccess=main: fds:=1:FDSTORE=1|FDNAME=mine run:fds:=2:FDSTORE=1|FDNAME=childs,sleep:1s : handed:@LOG@",
	"all":      "FileDescriptorStoreMax=9|NotifyAccess=all: run:fds:=2:FDSTORE=1|FDNAME=childs,sleep:1s : handed:@LOG@",
	"silent":   "FileDescriptorStoreMax=9|NotifyAccess=none: fds:=1:FDSTORE=1|FDNAME=mine : handed:@LOG@",
	"many":     "FileDescriptorStoreMax=400: fds:=x*253:FDSTORE=1|FDNAME=m fds:=y*100:FDSTORE=1|FDNAME=n : handed:@LOG@",
	"toofull":  "FileDescriptorStoreMax=100: fds:=x*253:FDSTORE=1|FDNAME=m : handed:@LOG@",
	"barrier":  "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1 fds:barrier:BARRIER=1 fds:=2+barrier:BARRIER=1 fds:barrier:BARRIER=1|FDSTORE=1 : handed:@LOG@",
	"failing":  "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1 exit:5 : handed:@LOG@",
	"lines":    "FileDescriptorStoreMax=9: fds:=1:X_SOMETHING=1||FDSTORE=1|FDNAME=n|FDNAME=o|STATUS=s|NOT-A-LINE : handed:@LOG@",
	"listener": "FileDescriptorStoreMax=9: fds:=1:FDSTORE=1|FDNAME=z : handed:@LOG@",
}

// storingFolder writes them into a new folder.
func storingFolder(t *testing.T) string {
	units := map[string]string{}
	for name, text := range storing {
		directives, words, _ := strings.Cut(text, ": ")
		first, second, _ := strings.Cut(words, " : ")
		units[name] = "Type=simple|Restart=always|RestartSec=20ms|" + directives + ": " + first + "\x00" + second
	}
	dir := probesFolder(t, map[string]string{})
	program, err := os.ReadFile(binDir + "/actor")
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	write := func(name, text string) {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("actor", string(program))
	write("units/listener.socket", "[Socket]\nListenStream=/run/listener.sock\nFileDescriptorName=wide\n")
	for name, text := range units {
		directives, words, _ := strings.Cut(text, ": ")
		log := dir + "/log/" + name
		first, second, _ := strings.Cut(strings.ReplaceAll(words, "@LOG@", log), "\x00")
		// The second run stays, and ends when it has spoken.
		write("run-"+name, "#!/bin/sh\nif mkdir "+dir+"/began-"+name+" 2>/dev/null; then exec "+dir+"/actor "+shellQuote(first)+
			" sleep:30ms; fi\nexec "+dir+"/actor "+shellQuote(second)+" wait:"+name+"\n")
		write("units/"+name+".service", "[Service]\n"+strings.ReplaceAll(directives, "|", "\n")+"\nExecStart="+dir+"/run-"+name+"\n")
		all += " " + name + ".service"
	}
	write("units/default.target", "[Unit]\nWants=listener.socket stopper.service"+all+"\n")
	write("units/stopper.service", "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart="+dir+"/actor awaitall:"+dir+"/log:"+
		strconv.Itoa(len(units))+"\nExecStart=/bin/sh -c 'echo end >"+dir+"/log/stopper.service'\n")
	return dir
}

// shellQuote quotes each of the words.
func shellQuote(words string) string {
	quoted := strings.Fields(words)
	for n, w := range quoted {
		quoted[n] = "'" + w + "'"
	}
	return strings.Join(quoted, " ")
}

// awaitAll waits until a folder has so many files that hold something.
func awaitAll(what string) error {
	dir, count, _ := strings.Cut(what, ":")
	want, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(8 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		full := 0
		for _, e := range entries {
			if info, err := e.Info(); err == nil && !e.IsDir() && info.Size() > 0 {
				full++
			}
		}
		if full >= want {
			return nil
		}
	}
	return nil // the comparison tells who is missing
}

// TestFDStoreLikeSystemd compares what services get back of what they stored.
func TestFDStoreLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, storingFolder)
	for name := range storing {
		if theirs[name] != mine[name] || theirs[name] == "" {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
		}
	}
}
