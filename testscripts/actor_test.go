package testscripts

import (
	"fmt"
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
//	notify:MESSAGE   to the service manager, with a newline for each "|";
//	                 $PID is its own number and $CHILD that of its last child
//	fds:KINDS:MESSAGE  the same with descriptors, see sendFDs
//	shutlate:        close the other end of a descriptor that was sent
//	handed:FILE      say which descriptors it was handed, to stdout or a file
//	awaitall:DIR:N   wait until N files in DIR hold something
//	sleep:TIME       as time.ParseDuration reads it
//	deaf:            ignore SIGTERM from now on
//	child:WORD,...   an actor of its own with the words, in the same session
//	run:WORD,...     the same, and wait for its end
//	daemon:WORD,...  an actor in a session of its own, whose parent ends
//	reloads:         answer SIGHUP by RELOADING=1, and READY=1 a little later
//	wait:NAME        until SIGTERM; says "NAME started" and "NAME stopped"
//	file:PATH        make an empty file
//	listen:ADDRESS   on a TCP port, for good
//	stale:PATH       leave the file of a socket that nobody listens on
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
			what = strings.NewReplacer("|", "\n", "$PID", strconv.Itoa(os.Getpid()), "$CHILD", strconv.Itoa(child)).Replace(what)
			err = notify(what)
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
			var now unix.Timespec
			_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
			fmt.Println("reloading")
			_ = notify(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000))
			time.Sleep(50 * time.Millisecond)
			_ = notify("READY=1")
		}
	}()
	return nil
}

func exit(what string) int {
	if status, err := strconv.Atoi(what); err == nil {
		return status
	}
	signal.Reset()
	_ = syscall.Kill(os.Getpid(), unix.SignalNum("SIG"+what))
	select {}
}
