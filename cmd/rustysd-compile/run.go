package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"syscall"

	"rustysd/cmd/sandbox"
)

// doRun compiles and boots the image, or boots one that was compiled before,
// and ends as it does.
func doRun(t *tool) error {
	if len(t.args) == 1 && isExecutable(t.args[0]) {
		return t.boot(t.args[0], nil)
	}
	res, err := t.frontEnd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rustysd-run-")
	if err != nil {
		return noTemporary(err)
	}
	defer os.RemoveAll(dir)
	init := filepath.Join(dir, "init")
	if err := t.build(res, init); err != nil {
		return err
	}
	return t.boot(init, t.args)
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// boot runs the init in namespaces of its own until it ends. Interrupts are
// handed on: the init stops its units in order. The third one is from somebody
// who has waited long enough.
func (t *tool) boot(init string, dirs []string) error {
	cmd, err := sandbox.Command(sandbox.Options{Init: init, Root: t.opt.compiler.Root, Env: t.env.list(), Keep: t.visible(dirs)})
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = t.stdin, plain(t.stdout), t.stderr
	// The init dies with the thread that started it, so that none is left
	// behind when this process is killed.
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return explainStart(err)
	}
	if !t.opt.quiet && isTerminal(t.stderr) {
		fmt.Fprintln(t.stderr, "booting in namespaces of its own; Ctrl-C stops it in order")
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	go t.handOn(signals, cmd.Process)
	if t.ctx.Err() != nil { // it came in before there was an init
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	err = cmd.Wait()
	sandbox.Tidy()
	return status(err)
}

// handOn hands signals on to the init, and ends it by force when there are more
// than two interrupts: with it ends all that is in its namespace.
func (t *tool) handOn(signals <-chan os.Signal, init *os.Process) {
	interrupts := 0
	for s := range signals {
		if s == syscall.SIGINT {
			interrupts++
		}
		switch {
		case interrupts > 2:
			_ = init.Kill()
			continue
		case interrupts == 2:
			t.say("the units are still stopping; one more interrupt kills them", "")
		}
		_ = init.Signal(s)
	}
}

// explainStart says what to do where namespaces cannot be had.
func explainStart(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("cannot make namespaces: %w\nhint: user namespaces are off or restricted (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns); run as root, or compile with -o and boot the init in a container", err)
	}
	return err
}

// status makes an error of the way in which the init ended.
func status(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
		return exitStatus(128 + int(ws.Signal()))
	}
	return exitStatus(exit.ExitCode())
}

// visible are the folders that the services may need although they lie below
// /tmp or /run, which are empty in the namespaces: where the caller stands, the
// units, and the root.
func (t *tool) visible(dirs []string) []string {
	var keep []string
	here, err := os.Getwd()
	if err == nil {
		dirs = append(dirs, here)
	}
	if t.opt.compiler.Root != "" {
		dirs = append(dirs, t.opt.compiler.Root)
	}
	for _, dir := range dirs {
		if abs, err := filepath.Abs(dir); err == nil && abs != "/tmp" && abs != "/run" {
			keep = append(keep, abs)
		}
	}
	return keep
}
