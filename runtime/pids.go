package runtime

import (
	"syscall"

	"rustysd/runtime/plan"
)

// PIDs is the feature of units whose processes are the first of their own
// (systemd.exec(5), "PrivatePIDs="). unshare(2) would only count for the next
// child, so the child begins in the namespace. Where the init may not make one,
// or there are none, the call stays, and says so.
func PIDs(i *Init) {
	i.started = append(i.started, func(i *Init) {
		if mayAdminister() && syscall.Access("/proc/self/ns/pid", 0) == nil {
			i.spawner.makers = append(i.spawner.makers, beginApart)
		}
	})
}

func beginApart(b *builder, c *plan.Call) bool {
	apart := c.Sys == plan.SysUnshare && c.Arg[0] == syscall.CLONE_NEWPID
	if apart {
		b.spaces |= syscall.CLONE_NEWPID
	}
	return apart
}
