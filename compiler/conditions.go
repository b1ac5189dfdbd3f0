package compiler

import (
	goruntime "runtime"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// Conditions are asked when a unit is started, with two exceptions that the
// compiler decides: what the architecture answers, and with --immutable what
// the files of the root answer that no boot can change.

// bootFolders are those whose contents a boot can change although the image is
// immutable: what the kernel or the container's manager mounts, and what is
// meant to be written to. /etc is not among them: an image with --immutable is
// one whose /etc is as it was built, up to the files in bootFiles.
var bootFolders = [...]string{"/run", "/var", "/tmp", "/dev", "/proc", "/sys", "/home", "/root", "/mnt", "/media", "/srv"}

// bootFiles are files of /etc that container managers mount over, or that are
// made at the first boot.
var bootFiles = [...]string{"/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/machine-id", "/etc/mtab",
	"/etc/localtime", "/etc/timezone"}

// arch is the architecture that the image is for.
func (s *unitSet) arch() string {
	if s.opt.Arch != "" {
		return s.opt.Arch
	}
	return goruntime.GOARCH
}

// decideConditions drops the units whose conditions do not hold in any boot of
// the image, and leaves away what holds in each.
func (s *unitSet) decideConditions(*diag.List) {
	for _, u := range s.units {
		c := &u.common
		if u.idle() || len(c.conditions)+len(c.asserts) == 0 {
			continue
		}
		left, unmet := s.undecided(c.conditions)
		if unmet != nil {
			u.unmet = unmet
			continue
		}
		c.conditions = left
		c.asserts, u.refused = s.undecided(c.asserts)
	}
	s.keepTriggered()
}

// keepTriggered leaves the units that sockets activate to the boot: a socket
// without its service could not be told what to do with a connection.
func (s *unitSet) keepTriggered() {
	for _, u := range s.units {
		if u.socket == nil || u.idle() {
			continue
		}
		name, _ := s.serviceOf(u)
		if service := s.byName[name]; service != nil {
			service.unmet = nil
		}
	}
}

// undecided are the conditions that the boot must ask for, and the one that
// cannot hold; the same rules as the runtime's hold for triggers.
func (s *unitSet) undecided(list []condition) (left []condition, unmet *condition) {
	var trigger *condition
	open, holds := false, false
	for i := range list {
		c := &list[i]
		value, known := s.decide(&c.Condition)
		switch {
		case c.Flags&plan.ConditionTrigger != 0:
			trigger = c
			open = open || !known
			holds = holds || known && value
		case known && !value:
			return nil, c
		}
	}
	if trigger != nil && !open && !holds {
		return nil, trigger
	}
	for i := range list {
		isTrigger := list[i].Flags&plan.ConditionTrigger != 0
		if _, known := s.decide(&list[i].Condition); !known && !(isTrigger && holds) {
			left = append(left, list[i])
		}
	}
	return left, nil
}

// decide answers a condition, if that can be done here.
func (s *unitSet) decide(c *plan.Condition) (value, known bool) {
	value, known = s.decidePlain(c)
	return value != (c.Flags&plan.ConditionNegate != 0), known
}

func (s *unitSet) decidePlain(c *plan.Condition) (value, known bool) {
	if c.Kind == plan.ConditionNever {
		return false, true
	}
	if !s.opt.Immutable || s.opt.Root == "" {
		return false, false
	}
	switch c.Kind {
	case plan.ConditionOSRelease:
		return s.decideRelease(c.Terms)
	case plan.ConditionPathExistsGlob:
		return s.decideGlob(c)
	}
	test := fileTests[c.Kind]
	if test == nil || !fixed(c.Param) || hasMark(c.Param) {
		return false, false
	}
	real, err := s.files.resolve(c.Param)
	if err != nil {
		return false, true
	}
	if !fixed(real) {
		return false, false // a link out of what is fixed
	}
	return test(s, c.Param), true
}

// fixed says whether the image decides what is at a path.
func fixed(path string) bool {
	for _, dir := range bootFolders {
		if path == dir || strings.HasPrefix(path, dir+"/") {
			return false
		}
	}
	for _, file := range bootFiles {
		if path == file {
			return false
		}
	}
	return true
}
