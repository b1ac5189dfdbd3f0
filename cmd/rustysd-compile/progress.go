package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// started is when the process began, for the line that tells of success.
var started = time.Now()

func (t *tool) elapsed() time.Duration { return time.Since(started) }

// phase measures until the function that it returns is called (--timings).
func (t *tool) phase(name string) func() {
	begin := time.Now()
	return func() {
		if t.opt.timings {
			fmt.Fprintf(t.stderr, "%-14s %6.1f ms\n", name, float64(time.Since(begin).Microseconds())/1000)
		}
	}
}

// How long a silence may be on a terminal, and elsewhere.
const (
	silenceTerminal = 300 * time.Millisecond
	silencePlain    = 5 * time.Second
)

// progress says that something lasts, until the function that it returns is
// called: on a terminal on one line that is rewritten, else on a single line.
func (t *tool) progress(what string) (stop func()) {
	if t.opt.quiet {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { report(t.stderr, what, isTerminal(t.stderr), done) })
	return func() { close(done); wg.Wait() }
}

func report(w io.Writer, what string, terminal bool, done chan struct{}) {
	if !terminal {
		select {
		case <-done:
		case <-time.After(silencePlain):
			fmt.Fprintf(w, "%s: the first build takes longest, the toolchain's cache makes the next ones fast\n", what)
			<-done
		}
		return
	}
	begin, wait := time.Now(), silenceTerminal
	for {
		select {
		case <-done:
			if wait != silenceTerminal {
				fmt.Fprint(w, "\r\x1b[K")
			}
			return
		case <-time.After(wait):
			fmt.Fprintf(w, "\r\x1b[K%s  %.0fs", what, time.Since(begin).Seconds())
			wait = time.Second
		}
	}
}

// isTerminal tells whether w is one.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// colour tells whether diagnostics are coloured.
func (t *tool) colour() bool {
	switch t.opt.color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(t.stderr) && t.env.get("NO_COLOR") == "" && t.env.get("TERM") != "dumb"
}
