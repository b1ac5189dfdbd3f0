package runtime

import (
	"strings"
	"testing"

	"rustysd/runtime/plan"
)

// What a service wrote last is in the log when the init ends, even if the loop
// has heard of the service's end first: only the kernel's timing decides that,
// so that no script can.
func TestLastWords(t *testing.T) {
	i := &Init{plan: &plan.Plan{Units: []plan.Unit{{Name: "a.service"}}}}
	i.epoll = insist(newEpoll)
	Journal(i)
	var r spawnRequest
	r.exec = &plan.Exec{}
	if e := i.openStream(&r, 0); e != 0 {
		t.Fatal(e)
	}
	words := strings.Repeat("a line of a service\n", 1000) + "and its last"
	for b := []byte(words); len(b) > 0; {
		n, e := write(r.stdout, b)
		if e != 0 {
			t.Fatal(e)
		}
		b = b[n:]
	}
	closeFD(r.stdout)

	out, in, e := pipe2(0)
	if e != 0 {
		t.Fatal(e)
	}
	i.log.fd = in
	heard := make(chan string)
	go func() {
		var all []byte
		var b [4096]byte
		for {
			n, e := read(out, b[:])
			if e != 0 || n == 0 {
				heard <- string(all)
				return
			}
			all = append(all, b[:n]...)
		}
	}()
	i.finishLog()
	closeFD(in)
	got := <-heard
	closeFD(out)
	closeFD(i.pipes.epoll)
	closeFD(i.epoll)
	if n := strings.Count(got, "a[0]: a line of a service\n"); n != 1000 {
		t.Errorf("%d of 1000 lines", n)
	}
	if !strings.HasSuffix(got, "a[0]: and its last\n") {
		t.Errorf("the end is %q", got[max(0, len(got)-60):])
	}
}

// TestStreamNotOpened: a stream whose pipe could not be watched is in the list,
// and must not be read in the end.
func TestStreamNotOpened(t *testing.T) {
	p := &pipes{}
	if n := p.place(); p.streams[n].fd != noFD {
		t.Errorf("a new stream has descriptor %d", p.streams[n].fd)
	}
}
