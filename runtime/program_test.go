package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rustysd/runtime/plan"
)

const testCwd = 1<<64 - 100

// write opens a file, writes into it and closes it, as lower has it.
func writeCalls(step plan.Step, path, text string, may plan.Tolerate) []plan.Call {
	return []plan.Call{
		{Sys: plan.SysOpenat, Step: step, Tolerate: may, Keep: true, Slot: [6]plan.Slot{1: plan.SlotData},
			Arg: [6]uint64{testCwd, 0, syscall.O_WRONLY | syscall.O_CLOEXEC}, Data: path + "\x00"},
		{Sys: plan.SysWrite, Step: step, Tolerate: may, Slot: [6]plan.Slot{plan.SlotKept, plan.SlotData},
			Arg: [6]uint64{2: uint64(len(text))}, Data: text},
		{Sys: plan.SysClose, Step: step, Slot: [6]plan.Slot{plan.SlotKept}},
	}
}

func TestProgramKeepsResults(t *testing.T) {
	before, _ := os.ReadFile("/proc/self/oom_score_adj")
	k := newKid(t, plain)
	r := k.run(&spawnRequest{cmd: command("/bin/cat", "/proc/self/oom_score_adj"),
		exec: &plan.Exec{Calls: writeCalls(plan.StepOOMAdjust, "/proc/self/oom_score_adj", "321", 0)}})
	r.ok(t)
	if r.out != "321\n" {
		t.Errorf("%q", r.out)
	}
	if after, _ := os.ReadFile("/proc/self/oom_score_adj"); string(after) != string(before) {
		t.Errorf("the parent's own went from %s to %s", before, after)
	}
	// What needs a result that there is not is left out.
	k.run(&spawnRequest{cmd: command("/bin/true"),
		exec: &plan.Exec{Calls: writeCalls(plan.StepOOMAdjust, "/nonexistent", "1", plan.TolerateENOENT)}}).ok(t)
}

func TestProgramReportsSteps(t *testing.T) {
	k := newKid(t, plain)
	for _, c := range []struct {
		step  plan.Step
		errno syscall.Errno
		call  plan.Call
	}{
		{plan.StepChdir, syscall.ENOENT, plan.Call{Sys: plan.SysChdir, Slot: [6]plan.Slot{plan.SlotData}, Data: "/nonexistent\x00"}},
		{plan.StepChdir, syscall.ENOTDIR, plan.Call{Sys: plan.SysChdir, Slot: [6]plan.Slot{plan.SlotData}, Data: "x/etc/passwd\x00", Arg: [6]uint64{1}}},
		{plan.StepNice, syscall.EINVAL, plan.Call{Sys: plan.SysSetpriority, Arg: [6]uint64{99, 0, 1}}},
		{plan.StepRuntimeDirectory, syscall.EEXIST, plan.Call{Sys: plan.SysMkdirat, Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{testCwd, 0, 0o755}, Data: "/etc\x00"}},
		{plan.StepNamespace, syscall.EBADF, plan.Call{Sys: plan.SysSetns, Arg: [6]uint64{9999}}},
		{plan.StepNoNewPrivileges, syscall.EINVAL, plan.Call{Sys: plan.SysPrctl, Arg: [6]uint64{38, 7}}},
	} {
		c.call.Step = c.step
		exec := &plan.Exec{Calls: []plan.Call{c.call}}
		k.run(&spawnRequest{cmd: command("/bin/true"), exec: exec}).fails(t, c.step, c.errno)
		exec.Calls[0].Tolerate = plan.TolerateAny
		k.run(&spawnRequest{cmd: command("/bin/true"), exec: exec}).ok(t)
	}
}

func TestToleratedErrors(t *testing.T) {
	bit := func(e syscall.Errno) uint64 {
		switch {
		case e == syscall.EOPNOTSUPP:
			return 1
		case e > 63:
			return 1 << 63
		}
		return 1 << e
	}
	for _, c := range []struct {
		of   plan.Tolerate
		errs []syscall.Errno
	}{
		{0, nil},
		{plan.TolerateEPERM, []syscall.Errno{syscall.EPERM, syscall.EACCES}},
		{plan.TolerateENOENT | plan.TolerateEEXIST, []syscall.Errno{syscall.ENOENT, syscall.EEXIST}},
		{plan.TolerateENOSYS, []syscall.Errno{syscall.ENOSYS, syscall.EINVAL, syscall.EOPNOTSUPP}},
	} {
		want := uint64(0)
		for _, e := range c.errs {
			want |= bit(e)
		}
		if got := tolerated(c.of); got != want {
			t.Errorf("%d: %#x, want %#x", c.of, got, want)
		}
	}
}

func TestStreams(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("in"), []byte("input\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(path("out"), []byte("0123456789\n"), 0o600)
	umask := plan.Call{Sys: plan.SysUmask, Arg: [6]uint64{0o027}}
	k := newKid(t, plain)
	run := func(script string, in, out, err plan.Stream) result {
		return k.run(&spawnRequest{stdin: -1, stdout: -1, stderr: -1, cmd: shell(script),
			exec: &plan.Exec{Stdin: in, Stdout: out, Stderr: err, Calls: []plan.Call{umask}}})
	}
	check := func(name, want string) {
		t.Helper()
		if got, _ := os.ReadFile(path(name)); string(got) != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	in := plan.Stream{Kind: plan.StreamFile, Path: path("in")}
	inherit := plan.Stream{Kind: plan.StreamInherit}
	run("cat; echo err >&2", in, plan.Stream{Kind: plan.StreamFile, Path: path("out")}, inherit).ok(t)
	check("out", "input\nerr\n\n")
	run("cat", in, plan.Stream{Kind: plan.StreamAppend, Path: path("out")}, plan.Stream{}).ok(t)
	check("out", "input\nerr\n\ninput\n")
	run("echo x; echo y >&2", in, plan.Stream{Kind: plan.StreamTruncate, Path: path("out")}, plan.Stream{Kind: plan.StreamTruncate, Path: path("err")}).ok(t)
	check("out", "x\n")
	check("err", "y\n")
	if st, err := os.Stat(path("err")); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("%v %v: the umask of the unit counts", st, err)
	}
	same := plan.Stream{Kind: plan.StreamFile, Path: path("both")}
	run("echo x; echo y >&2; read a <&0 || echo end", same, same, same).ok(t)
	check("both", "x\ny\nend\n")
	null := plan.Stream{}
	missing := plan.Stream{Kind: plan.StreamFile, Path: path("none/x")}
	run(":", missing, null, null).fails(t, plan.StepStdin, syscall.ENOENT)
	run(":", null, missing, null).fails(t, plan.StepStdout, syscall.ENOENT)
	run(":", null, null, missing).fails(t, plan.StepStderr, syscall.ENOENT)
	k.spawner.seize = seizeTerminal
	tty := plan.Stream{Kind: plan.StreamTTY, Path: "/dev/null"}
	run(":", tty, null, null).fails(t, plan.StepStdin, syscall.ENOTTY)
}

func TestLimitsAreClamped(t *testing.T) {
	var now rlimit
	now.hard = hardLimit(syscall.RLIMIT_NOFILE)
	infinite := ^uint64(0)
	k := newKid(t, plain)
	for _, c := range []struct{ want, soft, hard uint64 }{
		{64, 64, 64},
		{infinite, 0, 0}, // whatever the kernel allows, and no failure
	} {
		x := &plan.Exec{Limits: []plan.Limit{{Resource: syscall.RLIMIT_NOFILE, Soft: c.want, Hard: c.want}},
			Calls: []plan.Call{{Sys: plan.SysPrlimit64, Step: plan.StepLimits, Slot: [6]plan.Slot{2: plan.SlotLimit}, Arg: [6]uint64{1: syscall.RLIMIT_NOFILE}}}}
		r := k.run(&spawnRequest{exec: x, cmd: shell("ulimit -Sn; ulimit -Hn")})
		r.ok(t)
		want := itoa(int64(c.hard))
		if c.hard == 0 {
			want = itoa(int64(now.hard))
		}
		if lines := strings.Fields(r.out); len(lines) != 2 || lines[0] != lines[1] || lines[1] != want {
			t.Errorf("%d: %q, want %s", c.want, r.out, want)
		}
	}
}

// The two ways that newer kernels make unnecessary must work the same.
func TestSpawnWithoutClone3(t *testing.T) {
	for _, c := range []cloner{{noClone3: true}, {noClone3: true, noShared: true}} {
		k := newKid(t, plain)
		k.cloner = c
		r := k.run(&spawnRequest{cmd: command("/bin/cat", "/proc/self/status"), exec: &plan.Exec{IgnoreSIGPIPE: true}})
		r.ok(t)
		for _, line := range []string{"SigBlk:\t0000000000000000", "SigIgn:\t0000000000001000", "SigCgt:\t0000000000000000"} {
			if !strings.Contains(r.out, line) {
				t.Errorf("%+v: no %q in\n%s", c, line, r.out)
			}
		}
		k.run(&spawnRequest{cmd: command("/nonexistent")}).fails(t, plan.StepExec, syscall.ENOENT)
	}
}

func TestSpawnBigArguments(t *testing.T) {
	k := newKid(t, plain)
	big := strings.Repeat("x", 100_000)
	r := k.run(&spawnRequest{cmd: &plan.Command{Path: "/bin/echo", Argv: []string{"echo", big, big, "end"}}})
	r.ok(t)
	if r.out != big+" "+big+" end\n" {
		t.Errorf("%d bytes came back", len(r.out))
	}
	huge := make([]string, 200)
	for n := range huge {
		huge[n] = big
	}
	if r = k.run(&spawnRequest{cmd: &plan.Command{Path: "/bin/echo", Argv: huge}}); r.pid != 0 || r.errno != syscall.E2BIG {
		t.Errorf("pid %d errno %v", r.pid, r.errno)
	}
}

// The bound on the number of calls must hold for the largest program.
func TestProgramFitsItsBound(t *testing.T) {
	k := newKid(t, plain)
	x := &plan.Exec{IgnoreSIGPIPE: true, Limits: make([]plan.Limit, 1)}
	for range 20 {
		x.Calls = append(x.Calls,
			plan.Call{Sys: plan.SysPrlimit64, Slot: [6]plan.Slot{2: plan.SlotLimit}},
			plan.Call{Sys: plan.SysClose, Slot: [6]plan.Slot{plan.SlotKept, plan.SlotKept, plan.SlotKept, plan.SlotKept, plan.SlotKept, plan.SlotKept}})
	}
	file := plan.Stream{Kind: plan.StreamTTY, Path: "/dev/null"}
	x.Stdin, x.Stdout, x.Stderr = file, plan.Stream{Kind: plan.StreamFile, Path: "/dev/null"}, plan.Stream{Kind: plan.StreamAppend, Path: "/dev/null"}
	k.cloner.noClone3 = true
	a, _ := newArena(arenaSize)
	defer a.unmap()
	for _, fd := range []int32{-1, 5} {
		r := &spawnRequest{exec: x, stdin: fd, stdout: fd, stderr: fd, fds: make([]int32, 40), listenPID: true, watchdogPID: true,
			cmd: &plan.Command{Path: "x", Argv: []string{"x"}, Flags: plan.SearchPath}}
		b := builder{spawner: k.spawner, req: r, arena: &a, enterCgroup: true, pipe: 99}
		if errno := b.build(); errno != 0 || b.n > b.atMost() || len(a.mem) != arenaSize {
			t.Errorf("%v: %d calls, at most %d", errno, b.n, b.atMost())
		}
	}
}
