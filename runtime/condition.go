package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Conditions is the feature of Condition…= and Assert…= that only the boot can
// decide (systemd.unit(5), "Conditions and Asserts").
func Conditions(i *Init) {
	i.parts = append(i.parts, machine.Conditions)
	i.do[machine.ActCheck] = (*Init).checkConditions
	i.conditionText = (*Init).tellCondition
}

// checkConditions is ActCheck. What it calls looks at local files only, and at
// no more than a few.
func (i *Init) checkConditions(a *machine.Action) {
	list := i.plan.Units[a.Unit].Conditions
	asserts := 0
	for asserts < len(list) && list[asserts].Flags&plan.ConditionAssert == 0 {
		asserts++
	}
	ev := machine.Event{Kind: machine.EvChecked, Unit: a.Unit}
	if at := firstUnmet(list[:asserts]); at >= 0 {
		ev.Status, ev.Command = machine.CheckSkips, uint16(at)
	} else if at := firstUnmet(list[asserts:]); at >= 0 {
		ev.Status, ev.Command = machine.CheckRefuses, uint16(asserts+at)
	}
	i.post(ev)
}

// firstUnmet is the condition that decides against a start, or -1: one that
// does not hold, or the last of the triggers if none of them does.
func firstUnmet(list []plan.Condition) int {
	trigger, triggered := -1, false
	for n := range list {
		c := &list[n]
		switch {
		case c.Flags&plan.ConditionTrigger != 0:
			trigger = n
			triggered = triggered || holds(c)
		case !holds(c):
			return n
		}
	}
	if trigger >= 0 && !triggered {
		return trigger
	}
	return -1
}

// tellCondition logs which condition kept a unit from starting.
func (i *Init) tellCondition(id plan.UnitID, text string, at int64) {
	list := i.plan.Units[id].Conditions
	if at < 0 || at >= int64(len(list)) {
		i.sayUnit(id, text)
		return
	}
	i.sayUnit(id, text, ": ", list[at].Text, " (", list[at].Origin, ")")
}

// holds decides one condition.
func holds(c *plan.Condition) bool {
	if c.Kind >= plan.NumConditions {
		return false
	}
	if strings.IndexByte(c.Param, plan.BootMark) >= 0 {
		known := *c
		known.Param, known.Terms = replaceMarks(c.Param), append([]plan.Term(nil), c.Terms...)
		for n := range known.Terms {
			known.Terms[n].Value = replaceMarks(known.Terms[n].Value)
		}
		c = &known
	}
	return conditions[c.Kind](c) != (c.Flags&plan.ConditionNegate != 0)
}

// conditions has who decides each kind. It holds functions only, no calls that
// make one: such a table is filled in at run time, and kept by the linker in
// images that have no condition.
var conditions = [plan.NumConditions]func(c *plan.Condition) bool{
	plan.ConditionNever:                  func(*plan.Condition) bool { return false },
	plan.ConditionPathExists:             func(c *plan.Condition) bool { return there(c.Param) },
	plan.ConditionPathExistsGlob:         anyPath,
	plan.ConditionPathIsDirectory:        func(c *plan.Condition) bool { return isType(c, syscall.S_IFDIR) },
	plan.ConditionPathIsSymbolicLink:     isSymlink,
	plan.ConditionPathIsMountPoint:       func(c *plan.Condition) bool { return isMountPoint(c.Param) },
	plan.ConditionPathIsReadWrite:        isReadWrite,
	plan.ConditionPathIsSocket:           func(c *plan.Condition) bool { return isType(c, syscall.S_IFSOCK) },
	plan.ConditionDirectoryNotEmpty:      func(c *plan.Condition) bool { return hasEntries(c.Param) },
	plan.ConditionFileNotEmpty:           func(c *plan.Condition) bool { return fileOf(c).Size > 0 },
	plan.ConditionFileIsExecutable:       func(c *plan.Condition) bool { return fileOf(c).Mode&0o111 != 0 },
	plan.ConditionUser:                   isUser,
	plan.ConditionGroup:                  isGroup,
	plan.ConditionVirtualization:         isVirtualized,
	plan.ConditionKernelCommandLine:      onCommandLine,
	plan.ConditionKernelVersion:          isKernelVersion,
	plan.ConditionKernelModuleLoaded:     isModuleLoaded,
	plan.ConditionEnvironment:            inEnvironment,
	plan.ConditionCredential:             hasCredential,
	plan.ConditionSecurity:               hasSecurity,
	plan.ConditionCapability:             hasCapability,
	plan.ConditionACPower:                func(c *plan.Condition) bool { return onACPower() == (c.Number != 0) },
	plan.ConditionFirstBoot:              func(c *plan.Condition) bool { return isFirstBoot() == (c.Number != 0) },
	plan.ConditionNeedsUpdate:            needsUpdate,
	plan.ConditionHost:                   isHost,
	plan.ConditionMemory:                 func(c *plan.Condition) bool { return compare(c.Op, memory(), c.Number) },
	plan.ConditionCPUs:                   func(c *plan.Condition) bool { return compare(c.Op, cpus(), c.Number) },
	plan.ConditionCPUFeature:             hasCPUFeature,
	plan.ConditionControlGroupController: hasControllers,
	plan.ConditionOSRelease:              isRelease,
	plan.ConditionPathIsEncrypted:        isEncrypted,
	plan.ConditionPressure:               isPressureLow,
	plan.ConditionFirmware:               firmwareSays,
}

// anyPath: a file has a name that fits the pattern, or one of its terms.
func anyPath(c *plan.Condition) bool {
	for n := range c.Terms {
		if len(globPaths(c.Terms[n].Value)) > 0 {
			return true
		}
	}
	return len(c.Terms) == 0 && len(globPaths(c.Param)) > 0
}

// isType tests for a kind of file, links followed.
func isType(c *plan.Condition, kind uint32) bool {
	var st syscall.Stat_t
	return syscall.Stat(c.Param, &st) == nil && st.Mode&syscall.S_IFMT == kind
}

// fileOf describes a regular file; any other has no size and no permissions.
func fileOf(c *plan.Condition) (st syscall.Stat_t) {
	if syscall.Stat(c.Param, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return syscall.Stat_t{}
	}
	return st
}

func isSymlink(c *plan.Condition) bool {
	var st syscall.Stat_t
	return lstat(c.Param, &st) == 0 && st.Mode&syscall.S_IFMT == syscall.S_IFLNK
}

// isReadWrite: what is not there is not writable; of what cannot be asked the
// best is believed, as systemd does.
func isReadWrite(c *plan.Condition) bool {
	var fs syscall.Statfs_t
	switch err := syscall.Statfs(c.Param, &fs); err {
	case nil:
		return fs.Flags&syscall.MS_RDONLY == 0
	default:
		return err != syscall.ENOENT
	}
}

// hasEntries: a folder with anything in it, hidden files and what editors and
// package managers leave behind aside.
func hasEntries(path string) bool {
	for _, name := range listDir(path) {
		if !leftOver(name) {
			return true
		}
	}
	return false
}

// leftOver says whether a name is hidden, or a backup's.
func leftOver(name string) bool {
	switch name {
	case "lost+found", "aquota.user", "aquota.group":
		return true
	}
	end := name[max(0, strings.LastIndexByte(name, '.')):]
	switch end {
	case ".rpmnew", ".rpmsave", ".rpmorig", ".swp", ".bak", ".old", ".new", ".ignore":
		return true
	}
	return name[0] == '.' || name[len(name)-1] == '~' || strings.HasPrefix(end, ".dpkg-") || strings.HasPrefix(end, ".ucf-")
}

// compare applies an operator to two numbers.
func compare(op plan.Compare, a, b uint64) bool {
	switch {
	case a < b:
		return ordered(op, -1)
	case a > b:
		return ordered(op, 1)
	}
	return ordered(op, 0)
}

// ordered says whether an operator allows an order: less than 0, 0, more.
func ordered(op plan.Compare, order int) bool {
	switch op {
	case plan.CompareEqual:
		return order == 0
	case plan.CompareUnequal:
		return order != 0
	case plan.CompareLess:
		return order < 0
	case plan.CompareLessEqual:
		return order <= 0
	case plan.CompareGreater:
		return order > 0
	case plan.CompareGreaterEqual:
		return order >= 0
	}
	return false
}
