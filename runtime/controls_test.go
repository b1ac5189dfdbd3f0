package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// fakeTree is a folder with the files that the kernel would make, since few
// machines give tests a tree of cgroups with controllers.
func fakeTree(t *testing.T, controllers string, files map[string]string) *Init {
	t.Helper()
	base := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"", "system.slice/", "web.slice/"} {
		put(dir+"cgroup.controllers", controllers+"\n")
		put(dir+"cgroup.subtree_control", controllers+"\n")
	}
	for name, text := range files {
		put(name, text)
	}
	i := &Init{plan: &plan.Plan{}}
	i.groups = groups{usable: true, slice: base + systemSlice, name: systemSlice}
	return i
}

// said is what the init has logged.
func (i *Init) said() string { return string(i.log.buf[i.log.start:i.log.end]) }

func groupFile(t *testing.T, i *Init, name string) string {
	t.Helper()
	text, err := os.ReadFile(i.groups.base() + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestControlsAreWritten(t *testing.T) {
	const group = "web.slice/a.service/"
	i := fakeTree(t, "cpu io memory pids", map[string]string{
		"memory.max": "1000000000\n", "pids.max": "1000\n", "web.slice/memory.max": "",
		group + "memory.max": "", group + "memory.high": "", group + "pids.max": "", group + "cpu.weight": "",
		"system.slice/b.service/pids.max": "", group + "cgroup.procs": "",
	})
	i.plan.Slices = []plan.Slice{{Path: "web.slice", Writes: []plan.GroupWrite{{File: "memory.max", Value: "5"}}}}
	i.plan.Units = []plan.Unit{
		{Name: "a.service", Group: &plan.Group{Slice: "web.slice", Delegate: true, UID: uint32(os.Getuid()), GID: uint32(os.Getgid()),
			Writes: []plan.GroupWrite{
				{File: "memory.max", Value: "max", Origin: "a.service:1"},
				{File: "memory.high", Share: 5000, Of: plan.TotalMemory},
				{File: "pids.max", Share: 333, Of: plan.TotalTasks},
				{File: "io.bfq.weight", Value: "1", Optional: true},
				{File: "io.max", Value: "1", Origin: "a.service:5"},
				{File: "cpu.weight", Value: "200", Phase: plan.PhaseStartup},
				{File: "cpu.weight", Value: "100", Phase: plan.PhaseUp},
				{File: "cpuset.cpus", Value: "0", Origin: "a.service:8"},
			}}},
		{Name: "b.service"},
	}
	i.units = make([]unitState, 2)
	c := &controls{phase: plan.PhaseStartup}
	c.prepare(i)
	i.groups.made, i.groups.inner = c.make, innerGroup
	for id, role := range []plan.Role{plan.ExecReload, plan.ExecStart} {
		fd, e := i.makeGroup(plan.UnitID(id), role)
		if e != 0 {
			t.Fatal(e)
		}
		closeFD(fd)
	}
	for name, want := range map[string]string{
		"web.slice/memory.max": "5", group + "memory.max": "max", group + "memory.high": "499998720", group + "pids.max": "33",
		group + "cpu.weight": "200", "system.slice/b.service/pids.max": "150",
	} {
		if got := groupFile(t, i, name); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
	want := "init: resource controls without effect: cpuset: the tree of cgroups has no such controller (a.service:8)\n" +
		"init: a.service: cannot write 1 to io.max: no such file or directory (a.service:5)\n"
	if i.said() != want {
		t.Errorf("it said\n%swant\n%s", i.said(), want)
	}
	if _, err := os.Stat(i.groups.base() + group + ".control"); err != nil {
		t.Error("a command beside the main process has no group of its own:", err)
	}
	c.hear(i, &machine.Action{Msg: machine.MsgBootDone})
	if got := groupFile(t, i, group+"cpu.weight"); got != "100" {
		t.Errorf("after the boot, cpu.weight has %q", got)
	}
}

// TestControlsLeaveGroup: a group with processes in it cannot give controllers
// to those below. Here, a file that cannot be written stands for that.
func TestControlsLeaveGroup(t *testing.T) {
	i := fakeTree(t, "pids", map[string]string{"cgroup.procs": "1\n77\n", "init.scope/cgroup.procs": ""})
	control := i.groups.base() + "cgroup.subtree_control"
	if os.Remove(control) != nil || os.Mkdir(control, 0o755) != nil {
		t.Fatal("cannot prepare")
	}
	(&controls{}).prepare(i)
	if got := groupFile(t, i, "init.scope/cgroup.procs"); !strings.HasPrefix(got, "77") {
		t.Errorf("init.scope has %q, which is not the last of those in the group", got)
	}
}

func TestControlsWithoutTree(t *testing.T) {
	i := &Init{plan: &plan.Plan{Units: []plan.Unit{
		{Group: &plan.Group{Writes: []plan.GroupWrite{{File: "memory.max", Origin: "a.service:3"}, {File: "cpu.max", Origin: "a.service:4"}}}},
		{Group: &plan.Group{Writes: []plan.GroupWrite{{File: "memory.high", Origin: "b.service:3"}}}},
	}}}
	(&controls{}).prepare(i)
	const want = "init: resource controls without effect: memory cpu: the tree of cgroups cannot be written (a.service:3, a.service:4)\n"
	if i.said() != want {
		t.Errorf("it said\n%swant\n%s", i.said(), want)
	}
}
