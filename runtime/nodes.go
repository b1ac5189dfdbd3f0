package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/plan"
)

// Nodes is the feature of units that run on the processors of memory nodes,
// which the kernel knows by now (systemd.exec(5), "CPUAffinity=").
func Nodes(i *Init) {
	i.started = append(i.started, func(i *Init) { i.spawner.makers = append(i.spawner.makers, onNodes) })
}

// nodesFolder has a folder for each node.
const nodesFolder = "/sys/devices/system/node/node"

// onNodes makes the call for the processors of nodes.
func onNodes(b *builder, c *plan.Call) bool {
	if c.Slot[2] != plan.SlotNodes {
		return false
	}
	set, errno := processorsOf(c.Data, c.Tolerate&plan.TolerateENOENT != 0)
	if errno != 0 {
		b.call(pseudoFail, c.Step, uint64(errno))
		return true
	}
	b.call(uintptr(sysno[c.Sys]), c.Step, c.Arg[0], uint64(len(set)*8), b.put(set...))
	return true
}

// processorsOf is the set of the processors of a set of nodes, in words as the
// kernel has it. Nodes that are not there may be let be.
func processorsOf(nodes string, mayMiss bool) (set []uint64, errno syscall.Errno) {
	for n := range len(nodes) * 8 {
		if nodes[n/8]&(1<<(n%8)) == 0 {
			continue
		}
		text, e := readBounded(nodesFolder+itoa(int64(n))+"/cpulist", 1<<16)
		switch {
		case e == syscall.ENOENT && mayMiss:
		case e != 0:
			return nil, e
		default:
			set = addList(set, strings.TrimSpace(text))
		}
	}
	return set, 0
}

// maxProcessors is more than any kernel has (its configuration, NR_CPUS).
const maxProcessors = 1 << 16

// addList adds what a list of numbers and ranges names, "0-3,8".
func addList(set []uint64, list string) []uint64 {
	eachCPU(list, maxProcessors, func(n int64) {
		for int64(len(set)) <= n/64 {
			set = append(set, 0)
		}
		set[n/64] |= 1 << (n % 64)
	})
	return set
}
