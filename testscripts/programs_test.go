package testscripts

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rustysd/cmd/sandbox"
)

// programs are what this executable is when it is called by their name.
var programs = map[string]func(args []string) int{
	"actor":      actor,
	"asuser":     asUser,
	"badclients": badclients,
	"boot":       boot,
	"busd":       busd,
	"busy":       busy,
	"dial":       dial,
	"enter":      enter,
	"exits":      exits,
	"forker":     forker,
	"manager":    manager,
	"notifyd":    notifyd,
	"numbered":   numbered,
	"orphans":    orphans,
	"pending":    pending,
	"rpc":        rpc,
	"probe":      probe,
	"reexecs":    reexecs,
	"sleeper":    sleeper,
	"sockecho":   sockecho,
}

// fail says what went wrong in a program. No script expects its status.
func fail(err error) int {
	fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	return 99
}

// nobody is who asuser makes of root.
const nobody = 65534

// asUser runs a command as somebody who is not root.
func asUser(args []string) int {
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(nobody, nobody, nobody), syscall.Setresuid(nobody, nobody, nobody)); err != nil {
			return fail(err)
		}
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return fail(err)
	}
	return fail(syscall.Exec(path, args, os.Environ()))
}

// pending becomes a command that has been sent a signal: "pending SIGNAL COMMAND".
// It waits over execve(2), and comes as soon as the program lets it.
func pending(args []string) int {
	sig, err := strconv.Atoi(args[0])
	if err != nil {
		return fail(err)
	}
	goruntime.LockOSThread()
	var set unix.Sigset_t
	set.Val[0] = 1 << (sig - 1)
	if err := errors.Join(unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil), unix.Tgkill(os.Getpid(), unix.Gettid(), syscall.Signal(sig))); err != nil {
		return fail(err)
	}
	return fail(syscall.Exec(args[1], args[1:], os.Environ()))
}

// exits demands an exit status of a command.
func exits(args []string) int {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return fail(err)
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return demand(want, cmd.Run())
}

// demand compares an exit status, where a signal counts as 128 and its number.
func demand(want int, err error) int {
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
		if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
			got = 128 + int(ws.Signal())
		}
	case err != nil:
		return fail(err)
	}
	if got != want {
		return fail(fmt.Errorf("exit status %d, not %d", got, want))
	}
	return 0
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// boot boots an init and hands signals on to it. Whatever happens, the init is
// gone when boot is: it is killed when its time is over, and with boot itself.
func boot(args []string) int {
	var o sandbox.Options
	var env list
	set := flag.NewFlagSet("boot", flag.ContinueOnError)
	want := set.Int("status", 0, "")
	log := set.String("log", filepath.Join(os.Getenv("WORK"), "init.log"), "")
	timeout := set.Duration("timeout", 2*time.Minute, "")
	set.BoolVar(&o.Net, "net", false, "")
	set.BoolVar(&o.User, "userns", false, "")
	set.BoolVar(&o.ReadOnly, "ro", false, "")
	set.Var(&env, "env", "")
	cgroup := set.Bool("cgroup", false, "")
	if err := set.Parse(args); err != nil || set.NArg() == 0 {
		return fail(errors.New("usage: boot [FLAGS] INIT"))
	}
	o.Init, o.Args = set.Arg(0), set.Args()[1:]
	o.Env = append(env, "PATH="+os.Getenv("PATH"))
	o.Keep = []string{os.Getenv("WORK"), os.Getenv("BIN")}
	if *cgroup {
		group, err := sandbox.NewCgroup()
		if err != nil {
			return fail(err)
		}
		defer func() {
			if err := removeSoon(group); err != nil {
				fail(err)
			}
		}()
		o.Cgroup = group
	}
	f, err := os.Create(*log)
	if err != nil {
		return fail(err)
	}
	goruntime.LockOSThread() // the init dies with this thread
	cmd, err := sandbox.Command(o)
	if err != nil {
		return fail(err)
	}
	cmd.Stdout = io.MultiWriter(f, os.Stdout)
	cmd.Stderr = cmd.Stdout
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return fail(err)
	}
	name := filepath.Join(os.Getenv("WORK"), pidFile)
	_ = os.Remove(name) // an earlier boot's may be another user's
	if err := os.WriteFile(name, []byte(strconv.Itoa(cmd.Process.Pid)), 0o644); err != nil {
		return fail(err)
	}
	go forward(cmd.Process)
	killer := time.AfterFunc(*timeout, func() {
		fmt.Fprintf(os.Stderr, "boot: killed after %s\n", *timeout)
		_ = cmd.Process.Kill()
	})
	defer killer.Stop()
	return demand(*want, cmd.Wait())
}

// pidFile is where boot leaves the number of its init for enter.
const pidFile = "init.pid"

// enter runs a command in the namespaces of the init that was booted last.
func enter(args []string) int {
	pid, err := os.ReadFile(filepath.Join(os.Getenv("WORK"), pidFile))
	if err != nil {
		return fail(err)
	}
	path, err := exec.LookPath("nsenter")
	if err != nil {
		return fail(err)
	}
	return fail(syscall.Exec(path, append([]string{"nsenter", "--all", "--target=" + string(pid)}, args...), os.Environ()))
}

// removeSoon waits for the kernel to end what was in the groups.
func removeSoon(group *sandbox.Cgroup) error {
	err := group.Remove()
	for n := 0; err != nil && n < 100; n++ {
		time.Sleep(10 * time.Millisecond)
		err = group.Remove()
	}
	return err
}

func forward(p *os.Process) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals)
	for s := range signals {
		if s != syscall.SIGCHLD && s != syscall.SIGURG {
			_ = p.Signal(s)
		}
	}
}

// sleeper says that it started, waits for SIGTERM, and says that it stopped.
// With -ignore it only says that it was asked to.
func sleeper(args []string) int {
	set := flag.NewFlagSet("sleeper", flag.ContinueOnError)
	ignore := set.Bool("ignore", false, "")
	status := set.Int("status", 0, "")
	if err := set.Parse(args); err != nil {
		return fail(err)
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	fmt.Println(set.Arg(0), "started")
	for range term {
		if !*ignore {
			break
		}
		fmt.Println(set.Arg(0), "ignores")
	}
	fmt.Println(set.Arg(0), "stopped")
	return *status
}

// notify sends a message to the service manager (sd_notify(3)).
func notify(msg string) error {
	addr := os.Getenv("NOTIFY_SOCKET")
	if strings.HasPrefix(addr, "@") {
		addr = "\x00" + addr[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: addr, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(msg))
	return err
}

// appendLine adds a line to a file, unless that is "".
func appendLine(file, line string) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}

// notifyd is ready after -delay, and says so in the log, in -file and then to
// the init; -child has a child of its own send the message, and -once sends it
// and ends.
func notifyd(args []string) int {
	set := flag.NewFlagSet("notifyd", flag.ContinueOnError)
	delay := set.Duration("delay", 0, "")
	child := set.Bool("child", false, "")
	once := set.Bool("once", false, "")
	file := set.String("file", "", "")
	if err := set.Parse(args); err != nil {
		return fail(err)
	}
	name := set.Arg(0)
	if *once {
		if err := notify("READY=1"); err != nil {
			return fail(err)
		}
		time.Sleep(100 * time.Millisecond) // the sender must live while its message is read
		return 0
	}
	fmt.Println(name, "starting")
	time.Sleep(*delay)
	fmt.Println(name, "ready")
	err := appendLine(*file, name)
	if err != nil {
		return fail(err)
	}
	if *child {
		err = exec.Command(filepath.Join(filepath.Dir(os.Args[0]), "notifyd"), "-once").Run()
	} else {
		err = notify("READY=1\nSTATUS=up")
	}
	if err != nil {
		return fail(err)
	}
	return sleeper([]string{name})
}

// forker leaves a daemon behind, in a session of its own, whose parent has
// ended (daemon(7)), and -orphan another one that nobody names; with -pidfile
// it writes the daemon's number before it ends.
func forker(args []string) int {
	set := flag.NewFlagSet("forker", flag.ContinueOnError)
	pidFile := set.String("pidfile", "", "")
	orphan := set.Bool("orphan", false, "")
	if err := set.Parse(args); err != nil {
		return fail(err)
	}
	names := []string{set.Arg(0)}
	if *orphan {
		names = append(names, set.Arg(0)+"-orphan")
	}
	for i, name := range names {
		cmd := exec.Command(filepath.Join(filepath.Dir(os.Args[0]), "sleeper"), name)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return fail(err)
		}
		if i == 0 && *pidFile != "" {
			if err := os.WriteFile(*pidFile, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o644); err != nil {
				return fail(err)
			}
		}
	}
	return 0
}

// dial sends a text to an address, "unixgram /run/x text", or writes it to a
// FIFO, "fifo /run/x text".
func dial(args []string) int {
	network, address, msg := args[0], args[1], args[2]
	var w io.WriteCloser
	var err error
	if network == "fifo" {
		w, err = os.OpenFile(address, os.O_WRONLY, 0)
	} else {
		w, err = net.Dial(network, address)
	}
	if err != nil {
		return fail(err)
	}
	if _, err = w.Write([]byte(msg)); err != nil {
		return fail(err)
	}
	if err = w.Close(); err != nil {
		return fail(err)
	}
	return 0
}

// sockecho says what sockets it was handed and prints the first thing that
// comes in on each; then it waits to be stopped.
func sockecho(args []string) int {
	if pid := os.Getenv("LISTEN_PID"); pid != strconv.Itoa(os.Getpid()) {
		return fail(fmt.Errorf("LISTEN_PID is %q and we are %d", pid, os.Getpid()))
	}
	n, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	fmt.Println("sockecho has", n, strings.Join(names, " "))
	done := make(chan string)
	for i := range n {
		go func() { done <- names[i] + " got " + receive(3+i) }()
	}
	for range n {
		fmt.Println(<-done)
	}
	return sleeper([]string{"sockecho"})
}

// receive is the first message on a descriptor: from a connection, if it
// listens for some.
func receive(fd int) string {
	listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	_ = syscall.SetNonblock(fd, false)
	if err == nil && listens == 1 {
		if fd, _, err = syscall.Accept(fd); err != nil {
			return err.Error()
		}
	}
	buf := make([]byte, 256)
	n, err := syscall.Read(fd, buf)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(buf[:n]))
}

// orphans leaves so many processes behind that end at once: each is the child
// of a process that has ended.
func orphans(args []string) int {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return fail(err)
	}
	const at = 50 // in one shell, which costs less than a process of Go's
	for ; n > 0; n -= at {
		script := "i=0; while [ $i -lt " + strconv.Itoa(min(n, at)) + " ]; do (: &); i=$((i+1)); done"
		if err := exec.Command("/bin/sh", "-c", script).Run(); err != nil {
			return fail(err)
		}
	}
	return 0
}
