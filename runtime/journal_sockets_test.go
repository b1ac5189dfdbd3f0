package runtime

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rustysd/runtime/plan"
)

// journalAt is a loop with one socket of a journal, whose log is a pipe.
func journalAt(t *testing.T, kind streamKind, path string, typ int32) (i *Init, log int32) {
	t.Helper()
	i = &Init{plan: &plan.Plan{}, epoll: insist(newEpoll)}
	Journal(i)
	JournalSockets(i)
	if e := i.pipes.serve(kind, path, typ); e != 0 {
		t.Fatal(e)
	}
	i.mustWatch(i.pipes.epoll, epollIn, watchPipes)
	out, in, e := pipe2(0)
	if e != 0 {
		t.Fatal(e)
	}
	i.on[watchLog] = (*Init).logWritable
	_, _ = fcntl(in, 4, 0o4000) // F_SETFL, O_NONBLOCK
	i.log.fd, i.log.pollable = in, true
	t.Cleanup(func() {
		for _, fd := range []int32{out, in, i.pipes.epoll, i.epoll} {
			closeFD(fd)
		}
		for n := range i.pipes.streams {
			dropFD(i.pipes.streams[n].fd)
		}
	})
	return i, out
}

// turn is one of the loop.
func (i *Init) turn() {
	i.resumePipes()
	i.log.flush(i)
	n, _ := epollShort(i.epoll, i.events[:], 10)
	for k := range n {
		i.on[i.events[k].Pad](i, i.events[k].Fd, i.events[k].Events)
	}
}

// TestJournalWaits: while nobody reads the log, senders wait, and nothing is
// lost.
func TestJournalWaits(t *testing.T) {
	const count = 4000
	filler := strings.Repeat("x", 300)
	path := filepath.Join(t.TempDir(), "dev-log")
	i, out := journalAt(t, fromSyslog, path, 2)
	sent := make(chan error)
	go func() {
		c, err := net.Dial("unixgram", path)
		for n := 0; n < count && err == nil; n++ {
			_, err = c.Write([]byte("<14>flood[1]: " + strconv.Itoa(n) + " " + filler))
		}
		sent <- err
	}()
	for !i.pipes.paused {
		i.turn()
	}
	for range 10 { // nothing is taken that there is no room for
		i.turn()
	}
	if n := len(i.pipes.streams[0].tail); n > 400 {
		t.Errorf("%d bytes are kept", n)
	}
	var got []byte
	var b [64 << 10]byte
	_, _ = fcntl(out, 4, 0o4000)
	for strings.Count(text(got), "\n") < count {
		i.turn()
		if n, e := read(out, b[:]); e == 0 {
			got = append(got, b[:n]...)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	for n, line := range strings.Split(strings.TrimSpace(string(got)), "\n") {
		if _, said, _ := strings.Cut(line, ": "); said != strconv.Itoa(n)+" "+filler || !strings.HasPrefix(line, "flood[") {
			t.Fatalf("line %d is %q", n, line)
		}
	}
}

// TestJournalIsFull: connections that there is no descriptor for are taken when
// a stream has ended.
func TestJournalIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stdout")
	i, _ := journalAt(t, fromListener, path, 1)
	p := i.pipes
	p.listen(0, 0)
	p.muted = 1
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	i.turn()
	if len(p.streams) != 1 {
		t.Fatal("it is taken")
	}
	r, w, _ := pipe2(0)
	closeFD(w)
	if e := p.add(r, fromClient, 0); e != 0 {
		t.Fatal(e)
	}
	for len(p.streams) == 2 && p.streams[1].kind != fromNewcomer {
		i.turn()
	}
}

// TestJournalNames: a line begins with no name that could end it.
func TestJournalNames(t *testing.T) {
	for in, want := range map[string]string{"<13>a\ninit: b: c": "", "<13>\x1b[2J: c": "", "<13>a-b.c: d": "a-b.c",
		"MESSAGE=x\nSYSLOG_IDENTIFIER\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n": "", "MESSAGE=x\nSYSLOG_IDENTIFIER=a b\n": "a b",
		"<13>" + strings.Repeat("x", identMax+1) + ": y": ""} {
		var s stream
		if in[0] == '<' {
			s.syslogText([]byte(in))
		} else {
			s.nativeText([]byte(in))
		}
		if s.name != want {
			t.Errorf("%q is from %q, want %q", in, s.name, want)
		}
	}
}

// TestJournalBreaks: a connection that breaks before it has begun is forgotten.
func TestJournalBreaks(t *testing.T) {
	i, _ := journalAt(t, fromListener, filepath.Join(t.TempDir(), "stdout"), 1)
	p := i.pipes
	r, w, _ := pipe2(0)
	closeFD(w)
	if e := p.add(r, fromNewcomer, 0); e != 0 {
		t.Fatal(e)
	}
	closeFD(r)
	if p.readStream(1) || p.streams[1].fd != noFD {
		t.Error("it is still there")
	}
}

// FuzzEntry: whatever is sent, what is found is a part of it, and it ends.
func FuzzEntry(f *testing.F) {
	for _, seed := range []string{"<13>Nov 30 15:34:25 tag[7]: text", "<13>", "a: b", "MESSAGE=x\nPRIORITY=3\n\nMESSAGE=y\n",
		"MESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\nSYSLOG_IDENTIFIER=z\n", "MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7f", "[]: x", " : x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s stream
		if got := s.syslogText(b); !strings.Contains(string(b), string(got)) || !strings.Contains(string(b), s.name) || s.level > 7 {
			t.Errorf("%q has %q of %q, level %d", b, got, s.name, s.level)
		}
		for rest := b; len(rest) > 0; {
			s = stream{}
			got, left := s.nativeText(rest)
			if len(left) >= len(rest) || !strings.Contains(string(rest), string(got)) || !strings.Contains(string(rest), s.name) || s.level > 7 {
				t.Fatalf("%q has %q of %q, level %d, and leaves %q", rest, got, s.name, s.level, left)
			}
			rest = left
		}
	})
}
