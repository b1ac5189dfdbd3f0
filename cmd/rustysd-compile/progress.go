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
// The reason is said when it lasts long.
func (t *tool) progress(what, reason, comfort string) (stop func()) {
	if t.opt.quiet {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		(&ticker{t.stderr, what, reason, comfort, done}).run(isTerminal(t.stderr) && t.env.get("TERM") != "dumb")
	})
	return func() { close(done); wg.Wait() }
}

// longAfter is when it is time for a reason: a build that has taken so long had an
// empty cache.
const longAfter = 3 * time.Second

// coldReason explains the first build; with what is before it, it fits a line of
// 80 columns.
const (
	coldReason  = "the first build compiles Go's own packages too"
	coldComfort = "; the next takes a second"
)

// ticker tells of one phase.
type ticker struct {
	w            io.Writer
	what, reason string
	comfort      string // what is said behind the reason where there is room
	done         chan struct{}
}

func (k *ticker) run(terminal bool) {
	if terminal {
		k.rewrite()
		return
	}
	select {
	case <-k.done:
	case <-time.After(silencePlain):
		fmt.Fprintf(k.w, "%s: %s%s\n", k.what, k.reason, k.comfort)
		<-k.done
	}
}

// rewrite keeps one line up to date, and takes it away in the end.
func (k *ticker) rewrite() {
	begin, wait := time.Now(), silenceTerminal
	for {
		select {
		case <-k.done:
			if wait != silenceTerminal {
				fmt.Fprint(k.w, "\r\x1b[K")
			}
			return
		case <-time.After(wait):
			fmt.Fprintf(k.w, "\r\x1b[K%s", fit(k.line(time.Since(begin)), columns(k.w)))
			wait = time.Second
		}
	}
}

// line is what the terminal shows after a while.
func (k *ticker) line(after time.Duration) string {
	text := fmt.Sprintf("%s  %.0fs", k.what, after.Seconds())
	if after >= longAfter {
		text += "  (" + k.reason + ")"
	}
	return text
}

// fit cuts an ASCII text that would fill more than one line of the terminal: only
// one is taken away again.
func fit(text string, columns int) string {
	if columns > 0 && len(text) >= columns {
		return text[:columns-1]
	}
	return text
}

// columns is the width of the terminal; 0 is that it is unknown, or none.
func columns(w io.Writer) int {
	f, ok := plain(w).(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// isTerminal tells whether w is one.
func isTerminal(w io.Writer) bool {
	f, ok := plain(w).(*os.File)
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
