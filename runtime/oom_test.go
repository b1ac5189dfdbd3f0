package runtime

import (
	"os"
	"testing"
	"time"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// The kernel's counts, as the machine hears of them: what is new is told once,
// by the inotify or at the end of a process, whichever comes first.
func TestOOMIsHeard(t *testing.T) {
	const quiet = "low 0\nhigh 3\nmax 9\noom 0\noom_kill 0\noom_group_kill 0\n"
	i := fakeTree(t, "memory", map[string]string{
		"system.slice/a.service/memory.events": quiet, "system.slice/b.service/memory.events": "oom_kill 4\n", "system.slice/c.service/x": "",
		"system.slice/e.service/memory.events": quiet})
	i.plan.Units = []plan.Unit{{Name: "a.service", Service: &plan.Service{}}, {Name: "b.service", Service: &plan.Service{}},
		{Name: "c.service", Service: &plan.Service{}}, {Name: "d.socket"}, {Name: "e.service", Service: &plan.Service{OOMPolicy: plan.OOMKill}}}
	i.units = make([]unitState, len(i.plan.Units))
	var e errno
	if i.epoll, e = newEpoll(); e != 0 {
		t.Fatal(e)
	}
	defer closeFD(i.epoll)
	before := 0
	i.groups.made = func(*Init, plan.UnitID, string) { before++ }
	OOM(i)
	for id := range i.plan.Units {
		fd, e := i.makeGroup(plan.UnitID(id), plan.ExecStart)
		if e != 0 {
			t.Fatal(e)
		}
		closeFD(fd)
	}
	if before != len(i.plan.Units) {
		t.Errorf("who was told of groups before hears of %d", before)
	}
	write := func(unit, text string) {
		t.Helper()
		if err := os.WriteFile(i.groups.slice+unit+"/memory.events", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	heard := func() (units []plan.UnitID) {
		for i.queue.size > 0 {
			if ev := i.queue.pop(); ev.Kind == machine.EvOOM {
				units = append(units, ev.Unit)
			}
		}
		return units
	}
	wait := func() {
		t.Helper()
		n, e := epollWait(i.epoll, i.events[:], 2000)
		if n != 1 || e != 0 || i.events[0].Pad != int32(watchOOM) {
			t.Fatalf("%d events, %v", n, e)
		}
		i.on[watchOOM](i, 0, 0)
	}
	write("a.service", quiet)
	wait()
	if got := heard(); got != nil {
		t.Errorf("a change that kills nobody: %v", got)
	}
	write("b.service", "oom_kill 5\n")
	wait()
	i.exiting(i, 1)
	if got := heard(); len(got) != 1 || got[0] != 1 {
		t.Errorf("one killed: %v", got)
	}
	write("a.service", "oom_kill 2")
	i.exiting(i, 0)
	wait()
	if got := heard(); len(got) != 1 || got[0] != 0 {
		t.Errorf("killed, and a process has ended: %v", got)
	}
	// A group that is ended whole is told once, however often the kernel counts it.
	write("e.service", "oom_kill 2\noom_group_kill 1\n")
	wait()
	write("e.service", "oom_kill 3\noom_group_kill 1\n")
	wait()
	if got := heard(); len(got) != 1 || got[0] != 4 {
		t.Errorf("a group ended whole: %v", got)
	}
	i.exiting(i, 2)
	i.exiting(i, 3)
	if got := heard(); got != nil {
		t.Errorf("units without the file: %v", got)
	}
	// The end of a group is heard, and its unit is left alone until the next.
	if err := os.Remove(i.groups.slice + "a.service/memory.events"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Millisecond)
	wait()
	i.exiting(i, 0)
	if got := heard(); got != nil {
		t.Errorf("after the end: %v", got)
	}
}
