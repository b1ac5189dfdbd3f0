package testscripts

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// actor does what its arguments say, one after the other:
//
//	print:TEXT       a line to stdout
//	notify:MESSAGE   to the service manager, with a newline for each "|" or "!";
//	                 $PID is its own number and $CHILD that of its last child,
//	                 $CHILDID that of its pidfd, $MONOTONIC the time in µs,
//	                 $CR, $NUL and $BYTES characters that are hard to write, $FULL
//	                 fills the message up to 4096 bytes
//	alive:TIME       send WATCHDOG=1 as often as that, for good
//	repeat:TIME:MESSAGE  the same with any message
//	fds:KINDS:MESSAGE  the same with descriptors, see sendFDs
//	shutlate:        close the other end of a descriptor that was sent
//	handed:FILE      say which descriptors it was handed, to stdout or a file
//	awaitall:DIR:N   wait until N files in DIR hold something
//	sleep:TIME       as time.ParseDuration reads it
//	deaf:            ignore SIGTERM from now on
//	stubborn:        ignore SIGINT and SIGHUP, too
//	slow:            die of each of the three 20 ms late
//	crash:N          end with this status when SIGUSR1 comes
//	forever:         wait
//	child:WORD,...   an actor of its own with the words, in the same session
//	run:WORD,...     the same, and wait for its end
//	daemon:WORD,...  an actor in a session of its own, whose parent ends
//	reloads:         answer SIGHUP by RELOADING=1, and READY=1 a little later
//	wait:NAME        until SIGTERM; says "NAME started" and "NAME stopped"
//	file:PATH        make an empty file
//	listen:ADDRESS   on a TCP port, for good
//	stale:PATH       leave the file of a socket that nobody listens on
//	flood:N          N messages to the service manager, as fast as it reads them
//	echo:PATH        answer each line at a socket with itself, for good
//	bomb:            fork without end, each process for 50 ms
//	exit:N           end with this status; N may be a signal, "KILL"
func actor(args []string) int {
	child := 0
	for _, arg := range args {
		verb, what, _ := strings.Cut(arg, ":")
		var err error
		switch verb {
		case "print":
			fmt.Println(what)
		case "notify":
			err = notify(message(what, child))
		case "alive":
			err = repeat(what, "WATCHDOG=1")
		case "repeat":
			every, msg, _ := strings.Cut(what, ":")
			err = repeat(every, message(msg, child))
		case "fds":
			err = sendFDs(what, child)
		case "shutlate":
			err = unix.Close(lateEnd)
		case "handed":
			err = handed(what)
		case "awaitall":
			err = awaitAll(what)
		case "sleep":
			var d time.Duration
			d, err = time.ParseDuration(what)
			time.Sleep(d)
		case "deaf":
			signal.Ignore(syscall.SIGTERM)
		case "stubborn":
			signal.Ignore(ending...)
		case "slow":
			dieLate()
		case "crash":
			crashWith(what)
		case "forever":
			select {}
		case "child", "run", "daemon":
			child, err = stage(verb, what)
		case "reloads":
			err = reloads()
		case "wait":
			return sleeper([]string{what})
		case "file":
			err = os.WriteFile(what, nil, 0o644)
		case "listen":
			_, err = net.Listen("tcp", what)
		case "stale":
			var l *net.UnixListener
			if l, err = net.ListenUnix("unix", &net.UnixAddr{Name: what, Net: "unix"}); err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
		case "flood":
			err = flood(what)
		case "echo":
			err = echo(what)
		case "bomb":
			err = bomb()
		case "exit":
			return exit(what)
		default:
			err = fmt.Errorf("no verb %q", verb)
		}
		if err != nil {
			return fail(err)
		}
	}
	return 0
}

// message is a text for notify with what stands for something in it replaced.
func message(what string, child int) string {
	what = strings.NewReplacer("|", "\n", "!", "\n", "$PID", strconv.Itoa(os.Getpid()), "$CHILDID", pidID(child), "$CHILD", strconv.Itoa(child),
		"$MONOTONIC", strconv.FormatInt(monotonic(), 10),
		"$CR", "\r", "$NUL", "\x00", "$BYTES", "\xff\xfe").Replace(what)
	if before, after, ok := strings.Cut(what, "$FULL"); ok {
		return before + strings.Repeat("x", 4096-len(before)) + after
	}
	return what
}

// monotonic is the time in microseconds, as MONOTONIC_USEC= wants it.
func monotonic() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano() / 1000
}

// pidID is the number of the inode of a process's pidfd.
func pidID(pid int) string {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return "0"
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	_ = unix.Fstat(fd, &st)
	return strconv.FormatUint(st.Ino, 10)
}

// repeat says the same as often as that, for good.
func repeat(what, msg string) error {
	every, err := time.ParseDuration(what)
	for err == nil {
		time.Sleep(every)
		err = notify(msg)
	}
	return err
}

// stage brings on another actor.
func stage(verb, what string) (pid int, err error) {
	words := strings.Split(what, ",")
	if verb == "daemon" {
		words = []string{"child:" + what, "sleep:20ms"}
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(os.Args[0]), "actor"), words...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if verb == "daemon" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	if verb != "child" {
		return cmd.Process.Pid, cmd.Wait()
	}
	go func() { _ = cmd.Wait() }()
	return cmd.Process.Pid, nil
}

// reloads does in the background what sd_notify(3), "RELOADING=1", asks for.
func reloads() error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		for range hup {
			fmt.Println("reloading")
			_ = notify(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic()))
			time.Sleep(50 * time.Millisecond)
			_ = notify("READY=1")
		}
	}()
	return nil
}

// ending are the signals that end a service which has no other wish.
var ending = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}

// dieLate has a signal do what it does by itself, a little later.
func dieLate() {
	late := make(chan os.Signal, 1)
	signal.Notify(late, ending...)
	go func() {
		sig := <-late
		time.Sleep(20 * time.Millisecond)
		signal.Reset()
		_ = syscall.Kill(os.Getpid(), sig.(syscall.Signal))
	}()
}

// crashWith ends this process when somebody says so.
func crashWith(what string) {
	usr1 := make(chan os.Signal, 1)
	signal.Notify(usr1, syscall.SIGUSR1)
	go func() {
		<-usr1
		os.Exit(exit(what))
	}()
}

// flood sends messages, as a service that reports its progress too often.
func flood(what string) error {
	n, err := strconv.Atoi(what)
	if err != nil {
		return err
	}
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		return err
	}
	defer conn.Close()
	for k := range n {
		if _, err := fmt.Fprintf(conn, "STATUS=%d of %d", k, n); err != nil {
			return err
		}
	}
	return nil
}

// echo answers what one client at a time says.
func echo(path string) error {
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		_, _ = io.Copy(conn, conn)
		conn.Close()
	}
}

// bomb becomes a shell that forks shells that fork, and that outlive who
// forked them. A limit of processes makes a shell try again, not end.
func bomb() error {
	const script = `b() { setsid sh -c "$1" sh "$1" 2>/dev/null & }; b "$1"; b "$1"; sleep 0.05; b "$1"`
	return syscall.Exec("/bin/sh", []string{"sh", "-c", "while :; do sh -c '" + script + "' sh '" + script + "'; done"}, os.Environ())
}

func exit(what string) int {
	if status, err := strconv.Atoi(what); err == nil {
		return status
	}
	signal.Reset()
	_ = syscall.Kill(os.Getpid(), unix.SignalNum("SIG"+what))
	select {}
}
