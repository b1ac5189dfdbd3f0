package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"rustysd/cmd/sandbox"
)

// The exit statuses, which scripts rely on.
const (
	exitOK      = 0
	exitUnits   = 1 // errors in the units
	exitUsage   = 2
	exitMachine = 3 // the toolchain, or the machine, failed
)

func main() {
	sandbox.Stage()
	debug.SetGCPercent(800) // a short life: memory (46 MB for 1,000 units) is cheaper than collections
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	stop()
	os.Exit(code)
}

// tool is what a verb works with.
type tool struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	env    environment
	opt    options
	args   []string // what is left beside the flags
}

// usageError is a wrong command line.
type usageError struct{ msg, hint string }

func (e *usageError) Error() string { return e.msg }

// errUnits says that the diagnostics, already shown, hold an error.
var errUnits = errors.New("errors in the units")

// exitStatus is the status of an init that was run.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// run does what the command line says and answers the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) (code int) {
	out := &sink{Writer: stdout}
	t := &tool{ctx: ctx, stdin: stdin, stdout: out, stderr: stderr, env: newEnvironment(env)}
	defer func() {
		if p := recover(); p != nil {
			code = t.bug(p)
		}
	}()
	v, err := parseArgs(t, args)
	if err == nil {
		err = v.do(t)
	}
	return t.finish(cmp.Or(err, out.err))
}

// sink is the standard output; it remembers that something could not be written,
// so that half an answer is not taken for the whole.
type sink struct {
	io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("cannot write the output: %w", unwrapped(err))
	}
	return n, err
}

// plain is what a program is given as its output, and what can be a terminal.
func plain(w io.Writer) io.Writer {
	if s, ok := w.(*sink); ok {
		return s.Writer
	}
	return w
}

// finish says what went wrong and answers the exit status.
func (t *tool) finish(err error) int {
	var usage *usageError
	var status exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errUnits):
		return exitUnits
	case errors.As(err, &status):
		return int(status)
	case t.ctx.Err() != nil:
		t.say("interrupted", "")
		return 128 + int(syscall.SIGINT)
	case errors.As(err, &usage):
		t.say(usage.msg, usage.hint)
		return exitUsage
	}
	t.say(err.Error(), "")
	return exitMachine
}

// say writes an error of the command itself and what to do about it.
func (t *tool) say(msg, hint string) {
	fmt.Fprintf(t.stderr, "rustysd-compile: %s\n", msg)
	if hint != "" {
		fmt.Fprintf(t.stderr, "hint: %s\n", hint)
	}
}

// bug reports a panic without its trace, unless the trace is asked for: no
// input may show one.
func (t *tool) bug(p any) int {
	t.say(fmt.Sprintf("BUG: %v", p), "this is an error in rustysd-compile, not in your units; RUSTYSD_TRACE=1 shows where")
	if t.env.get("RUSTYSD_TRACE") != "" {
		t.stderr.Write(debug.Stack())
	}
	return exitMachine
}
