package runtime

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

func testAccounts(t *testing.T) accounts {
	dir := t.TempDir()
	a := accounts{filepath.Join(dir, "passwd"), filepath.Join(dir, "group")}
	members := strings.Repeat("somebody,", accountLineMax/9+100)
	err := os.WriteFile(a.passwd, []byte("root:x:0:0:root:/root:/bin/bash\n# no line\nweb:x:1001:1002:Web:/srv/web:/bin/sh\n"+
		"bare:x:1003:1003::/:/usr/sbin/nologin\nbroken:x:y:z:::\nlast:x:1009:1009::/l:/bin/sh"), 0o600)
	if err == nil {
		err = os.WriteFile(a.group, []byte("root:x:0:\nweb:x:1002:\nbig:x:50:"+members+"\nlog:x:7:other,web\nssl:x:8:web\nextra:x:9:\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestUsersAreFound(t *testing.T) {
	a := testAccounts(t)
	for _, c := range []struct {
		exec     plan.Exec
		uid, gid uint32
		groups   []uint32
		env      string
	}{
		{plan.Exec{User: "web", LoginEnv: true}, 1001, 1002, []uint32{1002, 7, 8}, "HOME=/srv/web LOGNAME=web USER=web SHELL=/bin/sh"},
		{plan.Exec{User: "1001", LoginEnv: true}, 1001, 1002, []uint32{1002, 7, 8}, "HOME=/srv/web LOGNAME=web USER=web SHELL=/bin/sh"},
		{plan.Exec{User: "bare", LoginEnv: true}, 1003, 1003, []uint32{1003}, "LOGNAME=bare USER=bare"},
		{plan.Exec{User: "web", Group: "extra", Supplementary: []string{"extra", "77", "log"}}, 1001, 9, []uint32{9, 7, 8, 77}, ""},
		{plan.Exec{User: "last"}, 1009, 1009, []uint32{1009}, ""},
		{plan.Exec{User: "4711"}, 4711, 4711, []uint32{4711}, ""},
		{plan.Exec{Group: "log"}, 0, 7, nil, ""},
		{plan.Exec{Supplementary: []string{"ssl"}}, 0, 0, []uint32{8}, ""},
	} {
		r := spawnRequest{exec: &c.exec}
		a.find(&r)
		l := r.login
		if l.step != 0 || l.uid != c.uid || l.gid != c.gid || !slices.Equal(l.groups, c.groups) || strings.Join(l.env, " ") != c.env {
			t.Errorf("%+v: %+v", c.exec, l)
		}
	}
}

func TestUsersThatAreMissing(t *testing.T) {
	a := testAccounts(t)
	for _, c := range []struct {
		exec plan.Exec
		step plan.Step
	}{
		{plan.Exec{User: "nobody-here"}, plan.StepUser},
		{plan.Exec{User: "broken"}, plan.StepUser},
		{plan.Exec{User: "4294967295"}, plan.StepUser},
		{plan.Exec{Group: "nobody-here"}, plan.StepGroup},
		{plan.Exec{User: "web", Supplementary: []string{"nobody-here"}}, plan.StepGroup},
	} {
		k := newKid(t, plain)
		k.users = a.find
		k.run(&spawnRequest{cmd: command("/bin/true"), exec: &c.exec}).fails(t, c.step, syscall.ESRCH)
	}
}

func TestUsersOfAChild(t *testing.T) {
	means.Root(t)
	k := newKid(t, plain)
	k.users = testAccounts(t).find
	id := func(sys plan.Sys, step plan.Step, slot plan.Slot) plan.Call {
		return plan.Call{Sys: sys, Step: step, Slot: [6]plan.Slot{slot, slot, slot}}
	}
	calls := []plan.Call{
		{Sys: plan.SysSetgroups, Step: plan.StepGroup, Slot: [6]plan.Slot{plan.SlotNGroups, plan.SlotGroups}},
		id(plan.SysSetresgid, plan.StepGroup, plan.SlotGID),
		id(plan.SysSetresuid, plan.StepUser, plan.SlotUID),
		{Sys: plan.SysChdir, Step: plan.StepChdir, Slot: [6]plan.Slot{plan.SlotHome}, Tolerate: plan.TolerateENOENT},
	}
	r := k.run(&spawnRequest{cmd: shell("echo $USER $HOME; cat /proc/self/status"),
		exec: &plan.Exec{User: "web", LoginEnv: true, Calls: calls}})
	r.ok(t)
	for _, want := range []string{"web /srv/web\n", "Uid:\t1001\t1001\t1001\t1001\n", "Gid:\t1002\t1002\t1002\t1002\n", "Groups:\t7 8 1002 \n"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	d, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	if d != 1 {
		t.Errorf("the child's change of user has left the parent with dumpable %d", d)
	}
}
