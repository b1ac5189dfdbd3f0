package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stageArg is the first argument of the harness as the first process of the
// new namespaces, where it makes the mounts and becomes PID 1.
const stageArg = "in-namespaces"

// runner is one boot of one PID 1.
type runner struct {
	b       *bench
	cgroups bool // give it a writable cgroup v2 tree
	cmd     *exec.Cmd
	// out is what PID 1 prints. It is a file: a pipe would wake this process up
	// at each line, on a processor that PID 1 and its services need.
	out string
}

// start boots argv as PID 1 of new namespaces.
func (r *runner) start(argv ...string) error {
	if err := newRecord(r.b.file); err != nil {
		return err
	}
	mode := "plain"
	if r.cgroups {
		mode = "cgroups"
	}
	stage := append([]string{stageArg, mode, r.b.limit, "mark", r.b.file}, argv...)
	r.cmd = exec.Command("/proc/self/exe", stage...)
	r.cmd.Env = []string{"PATH=/usr/bin:/bin"}
	r.out = filepath.Join(r.b.dir, "printed")
	out, err := os.Create(r.out)
	if err != nil {
		return err
	}
	defer out.Close()
	r.cmd.Stdout, r.cmd.Stderr = out, out
	attr := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	r.cmd.SysProcAttr = attr
	return r.cmd.Start()
}

// stop asks PID 1 to end, and waits for it; it returns the moment of the request
// and of the end.
func (r *runner) stop() (asked, ended int64, err error) {
	asked = monotonic()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, 0, err
	}
	kill := time.AfterFunc(30*time.Second, r.kill)
	err = r.cmd.Wait()
	ended = monotonic()
	if !kill.Stop() {
		return 0, 0, fmt.Errorf("PID 1 did not end in 30 seconds\n%s", r.printed())
	}
	if err != nil {
		return 0, 0, fmt.Errorf("PID 1: %w\n%s", err, r.printed())
	}
	return asked, ended, nil
}

// kill ends PID 1 and with it everything in its namespace.
func (r *runner) kill() { r.cmd.Process.Kill() }

// printed is the last part of what PID 1 has printed.
func (r *runner) printed() string {
	b, _ := os.ReadFile(r.out)
	return tail(string(b))
}

// tail is the last part of a long output.
func tail(s string) string { return s[max(0, len(s)-2000):] }

// monotonic is the clock that the services write down.
func monotonic() int64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}

// stage makes the mounts of a container and executes PID 1. It does not return.
func stage(args []string) {
	fail := func(what string, err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "rustysd-bench:", what, err)
			os.Exit(125)
		}
	}
	fail("/", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	fail("/proc", unix.Mount("proc", "/proc", "proc", 0, ""))
	fail("/run", unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"))
	fail("/sys", unix.Mount("sysfs", "/sys", "sysfs", unix.MS_RDONLY, ""))
	if args[0] == "cgroups" {
		fail("cgroup", unix.Unshare(unix.CLONE_NEWCGROUP))
		fail("/sys/fs/cgroup", unix.Mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, ""))
	}
	fail(args[1], syscall.Exec(args[1], args[1:], os.Environ()))
}

// explain adds what PID 1 has printed to an error.
func (r *runner) explain(err error) error {
	return fmt.Errorf("%w\nPID 1 printed:\n%s", err, r.printed())
}
