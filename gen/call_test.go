package gen

import (
	"testing"

	"rustysd/runtime/plan"
)

// TestDescribeCall: the comment over a step, and that no plan makes it panic.
func TestDescribeCall(t *testing.T) {
	data := [6]plan.Slot{1: plan.SlotData}
	for _, c := range []struct {
		call plan.Call
		want string
	}{
		{plan.Call{Sys: plan.SysUmask, Arg: [6]uint64{0o27}}, "umask(027)"},
		{plan.Call{Sys: plan.SysSetgroups, Slot: data, Arg: [6]uint64{2}, Data: "\xfe\xff\x00\x00\x64\x00\x00\x00"}, "setgroups(2, [65534 100])"},
		{plan.Call{Sys: plan.SysMkdirat, Slot: data, Arg: [6]uint64{atFDCWD, 0, 0o755}, Data: "/run/a\x00"}, `mkdirat(AT_FDCWD, "/run/a", 0755)`},
		{plan.Call{Sys: plan.SysPivotRoot}, "pivot_root()"},
		{plan.Call{Sys: plan.SysSeccomp, Slot: [6]plan.Slot{2: plan.SlotData}, Arg: [6]uint64{1, 0, 0}, Data: "\x01\x02"}, "seccomp(1, 0, 2 bytes)"},
		{plan.Call{Sys: plan.SysFchownat, Slot: data, Arg: [6]uint64{atFDCWD, 99}, Data: "/x\x00"}, `fchownat(AT_FDCWD, "", 0, 0, 0)`},
		{plan.Call{Sys: plan.SysSetgroups, Slot: data, Arg: [6]uint64{1, 99}}, "setgroups(1, [])"},
		{plan.Call{Sys: 250, Slot: [6]plan.Slot{99}}, "call 250(0)"},
	} {
		if got := describeCall(&c.call); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
