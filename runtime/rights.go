package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/plan"
)

// Rights is the feature of units that ask for namespaces. Where the init may
// not make any, such units run without what only takes something away, as under
// systemd (systemd.exec(5), "SANDBOXING"): that is said once, with the places of
// the directives.
func Rights(i *Init) { i.started = append(i.started, tellRights) }

// tellRights looks whether the init may, and says what is missing.
func tellRights(i *Init) {
	why, bounded := "", false
	if !mayAdminister() {
		why, bounded = "that takes CAP_SYS_ADMIN", true
	} else if _, _, e := syscall.RawSyscall(syscall.SYS_UNSHARE, 0, 0, 0); e != 0 {
		why = "a filter of system calls forbids unshare(2)"
	} else {
		return
	}
	var kinds uint8
	origins, more := "", 0
	for n := range i.plan.Units {
		if x := contextOf(&i.plan.Units[n]); x == nil || bounded && x.Shares&plan.ShareUsers != 0 {
			continue // who has users of its own may make all of that in there
		}
		of, origin := asksFor(&i.plan.Units[n])
		kinds |= of
		switch {
		case origin == "" || strings.Contains(origins+",", origin+","):
		case more > 0 || strings.Count(origins, ",") >= maxOrigins:
			more++
		default:
			origins += ", " + origin
		}
	}
	if kinds == 0 {
		return
	}
	text := ""
	for bit, kind := range rightKinds {
		if kinds&(1<<bit) != 0 {
			text += ", " + kind.text
		}
	}
	if more > 0 {
		origins += " and " + itoa(int64(more)) + " more"
	}
	i.say("", text[2:], " without effect: ", why, at(strings.TrimPrefix(origins, ", ")))
}

// maxOrigins bounds the line.
const maxOrigins = 8

// rightKinds are what a unit goes without, by the flag of clone(2).
var rightKinds = [...]struct {
	flag uint64
	text string
}{
	{syscall.CLONE_NEWNS, "views of the file system"},
	{syscall.CLONE_NEWNET, "networks"},
	{syscall.CLONE_NEWIPC, "IPC"},
	{syscall.CLONE_NEWUTS, "host names"},
	{0x02000000, "cgroups"}, // CLONE_NEWCGROUP
}

// asksFor is which kinds a unit may go without, as bits, and where the first of
// them was asked for. What it may not go without fails its start, and is said
// there.
func asksFor(u *plan.Unit) (kinds uint8, at string) {
	x := contextOf(u)
	for n := range x.Calls {
		c := &x.Calls[n]
		flag := c.Arg[0]
		switch {
		case c.Sys == plan.SysSetns:
			flag = c.Arg[1]
		case c.Sys != plan.SysUnshare:
			continue
		}
		if c.Tolerate == 0 && c.Slot[0] != plan.SlotSpace {
			continue
		}
		for bit, kind := range rightKinds {
			if flag != kind.flag {
				continue
			}
			if kinds == 0 {
				at = stepOrigin(u, c.Step, int32(n))
			}
			kinds |= 1 << bit
		}
	}
	return kinds, at
}
