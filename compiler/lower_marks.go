package compiler

import (
	"rustysd/runtime/plan"
)

// callPaths are the arguments of a call that are paths.
var callPaths = [plan.NumSys][]int{
	plan.SysMkdirat: {1}, plan.SysFchmodat: {1}, plan.SysFchownat: {1}, plan.SysSymlinkat: {0, 2}, plan.SysUnlinkat: {1},
	plan.SysOpenat: {1}, plan.SysOpenat2: {1}, plan.SysChdir: {0}, plan.SysChroot: {0}, plan.SysMount: {0, 1}, plan.SysUmount2: {0},
	plan.SysMountSetattr: {1}, plan.SysOpenTree: {1}, plan.SysMoveMount: {1, 3}, plan.SysMknodat: {1}, plan.SysRenameat2: {1, 3},
}

// markPaths has the boot replace what only it knows in the paths of a call. A
// path ends before the next argument's data.
func markPaths(c *plan.Call) {
	for _, n := range callPaths[c.Sys] {
		if c.Slot[n] != plan.SlotData {
			continue
		}
		from, end := c.Arg[n], uint64(len(c.Data))
		for i, slot := range c.Slot {
			if at := uint64(uint32(c.Arg[i])); (slot == plan.SlotData || slot == plan.SlotMarked) && at > from {
				end = min(end, at)
			}
		}
		if end > from && hasMark(c.Data[from:end-1]) {
			c.Slot[n], c.Arg[n] = plan.SlotMarked, from|(end-1-from)<<32
		}
	}
}
