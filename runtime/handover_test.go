package runtime

import (
	"reflect"
	"syscall"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// handedInit is an init with two services, as it is before its features start.
func handedInit(digest string) *Init {
	p := &plan.Plan{Name: "x.target", Digest: digest, Units: []plan.Unit{
		{Name: "a.service", Kind: plan.KindService, Service: &plan.Service{}},
		{Name: "b.service", Kind: plan.KindService, Service: &plan.Service{}},
	}}
	i := &Init{plan: p, units: make([]unitState, 2), private: make([]string, 2)}
	i.procs.init(2)
	i.machine = machine.New(p, machine.Services)
	return i
}

// TestHandedOn: what one program writes is what the next one reads.
func TestHandedOn(t *testing.T) {
	i, h := handedInit("d"), &handover{}
	i.machine.Step(7, machine.Event{Kind: machine.EvBoot})
	i.enter(proc{pid: 77, unit: 1, kind: procWatched | procChild})
	i.waiting.push(machine.Action{Kind: machine.ActSpawn, Unit: 1, Pid: 5})
	i.units[1].invocation[0] = 'x'
	i.private[1] = "name"
	i.say("", "not written yet")
	i.outerRest = []byte("READY=1\x00")
	h.request, h.faults[2] = 9, 123
	fd := written(t, i, h)
	defer closeFD(fd)

	next, g := handedInit("d"), &handover{}
	c := courier{file: fd, into: true}
	g.goOver(next, &c)
	if c.bad {
		t.Fatal("refused")
	}
	for _, pair := range [][2]any{
		{i.units, next.units}, {i.procs, next.procs}, {i.private, next.private}, {h.handed, g.handed},
		{i.log.buf[:i.log.end], next.log.buf[:next.log.end]}, {string(i.outerRest), string(next.outerRest)},
		{i.waiting.pop(), next.waiting.pop()}, {string(i.machine.Save(nil)), string(next.machine.Save(nil))},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%v became %v", pair[0], pair[1])
		}
	}
}

// written is what i hands on, to be read from its start.
func written(t *testing.T, i *Init, h *handover) int32 {
	t.Helper()
	fd, e := memfd()
	if e != 0 {
		t.Fatal(e)
	}
	c := courier{file: fd}
	h.goOver(i, &c)
	rewind(fd)
	if c.bad {
		t.Fatal("cannot be written")
	}
	return fd
}

func rewind(fd int32) { syscall.RawSyscall(syscall.SYS_LSEEK, uintptr(fd), 0, 0) }

// TestHandedOnRefused: what is cut short, or of another plan, is not taken.
func TestHandedOnRefused(t *testing.T) {
	fd := written(t, handedInit("d"), &handover{})
	defer closeFD(fd)
	refused := func(digest string) bool {
		rewind(fd)
		c := courier{file: fd, into: true}
		(&handover{}).goOver(handedInit(digest), &c)
		return c.bad
	}
	if refused("d") {
		t.Fatal("the whole is refused")
	}
	if !refused("e") {
		t.Error("what is of another plan is taken")
	}
	var st syscall.Stat_t
	fstat(fd, &st)
	for size := st.Size - 1; size >= 0; size-- {
		if err := syscall.Ftruncate(int(fd), size); err != nil {
			t.Fatal(err)
		}
		if !refused("d") {
			t.Fatalf("%d of %d bytes are taken", size, st.Size)
		}
	}
}

// TestCourierBounds: a length that is not there takes no memory.
func TestCourierBounds(t *testing.T) {
	fd, e := memfd()
	if e != 0 {
		t.Fatal(e)
	}
	defer closeFD(fd)
	huge := []byte{0, 0, 0, 0, 0, 0, 0, 0x40}
	if _, e := write(fd, huge); e != 0 {
		t.Fatal(e)
	}
	rewind(fd)
	c := courier{file: fd, into: true}
	var b []byte
	if c.text(&b); !c.bad || len(b) != 0 {
		t.Errorf("%d bytes, refused: %v", len(b), c.bad)
	}
}
