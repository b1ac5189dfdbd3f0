package compiler

import (
	"slices"
	"strings"

	"rustysd/runtime/plan"
)

// hasMark says whether a word holds what only the boot knows.
func hasMark(word string) bool { return strings.IndexByte(word, plan.BootMark) >= 0 }

// filledIn is a text with something in the place of each mark, to see whether it
// can be what it is to be.
func filledIn(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == plan.BootMark {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// anyMark says it of several.
func anyMark(words ...string) bool { return slices.ContainsFunc(words, hasMark) }

// markedUnit says whether the boot has to replace something in a unit. What it
// is comes with runtime.BootMarks.
func markedUnit(u *plan.Unit) bool {
	marked := hasMark(u.Description)
	if a := u.Actions; a != nil {
		marked = marked || anyMark(a.RebootArgument, a.JobTimeoutRebootArgument)
	}
	if g := u.Group; g != nil {
		marked = marked || slices.ContainsFunc(g.Writes, markedWrite)
		for i := range g.Filters {
			marked = marked || slices.ContainsFunc(g.Filters[i].Rules, func(r plan.FilterRule) bool { return hasMark(r.Match) })
		}
	}
	if s := u.Service; s != nil {
		marked = marked || anyMark(s.PIDFile, s.BusName) || markedCommands(s.Commands, s.Exec) ||
			slices.ContainsFunc(s.OpenFiles, func(f plan.OpenFile) bool { return anyMark(f.Path, f.Name) })
	}
	if s := u.Socket; s != nil {
		marked = marked || anyMark(s.FDName, s.User, s.Group) || anyMark(s.Symlinks...) || markedCommands(s.Commands, s.Exec) ||
			slices.ContainsFunc(s.Listen, func(l plan.Listen) bool { return hasMark(l.Address) })
	}
	return marked
}

func markedWrite(w plan.GroupWrite) bool { return anyMark(w.Device, w.Value) }

func markedCommands(commands []plan.Command, shared *plan.Exec) bool {
	return markedExec(shared) || slices.ContainsFunc(commands, func(c plan.Command) bool {
		return hasMark(c.Path) || anyMark(c.Argv...) || markedExec(c.Exec)
	})
}

func markedExec(e *plan.Exec) bool {
	if e == nil {
		return false
	}
	return e.EnvMarks || anyMark(e.SyslogIdentifier, e.Terminal.Path, e.Stdin.Path, e.Stdout.Path, e.Stderr.Path, e.User, e.Group,
		e.Utmp.ID, e.Utmp.Line, e.Utmp.User) || anyMark(e.Remove...) || anyMark(e.PassEnv...) || anyMark(e.UnsetEnv...) ||
		anyMark(e.SearchPath...) || anyMark(e.Supplementary...) ||
		slices.ContainsFunc(e.EnvFiles, func(f plan.EnvFile) bool { return hasMark(f.Path) }) ||
		slices.ContainsFunc(e.Credentials, func(c plan.Credential) bool { return anyMark(c.ID, c.Source) }) ||
		slices.ContainsFunc(e.Calls, markedCall)
}

// markedCall says whether it has to in a call. Data that no slot marks may have any
// bytes.
func markedCall(c plan.Call) bool {
	return slices.ContainsFunc(c.Slot[:], func(s plan.Slot) bool {
		return s == plan.SlotMarked || s == plan.SlotMarkedText || s == plan.SlotMarkedCPUs
	}) || c.Sys == plan.SysSetns && c.Slot[0] == plan.SlotSpace && hasMark(strings.TrimSuffix(c.Data, "\x00"))
}

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

// textCall completes a call with a text, which argument n points to and the one
// after it is as long as. In one that is marked the boot replaces what only it
// knows.
func textCall(c plan.Call, n int, text string, marked bool) plan.Call {
	c.Slot[n], c.Arg[n+1], c.Data = plan.SlotData, uint64(len(text)), text
	if marked {
		c.Slot[n], c.Arg[n], c.Arg[n+1] = plan.SlotMarkedText, uint64(len(text))<<32, 0
	}
	return c
}
