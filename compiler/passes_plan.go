package compiler

import (
	"strings"

	"rustysd/runtime/plan"
)

// relocate makes the places in a plan those of the image instead of those of
// the build machine.
func (s *unitSet) relocate() {
	seen := map[string]string{}
	move := func(place *string) {
		file, line := *place, ""
		if i := strings.LastIndexByte(file, ':'); i >= 0 {
			file, line = file[:i], file[i:]
		}
		to, ok := seen[file]
		if !ok {
			to = s.inRoot(file)
			seen[file] = to
		}
		*place = to + line
	}
	for i := range s.plan.Units {
		u := &s.plan.Units[i]
		if u.Source != "" {
			u.Source = s.inRoot(u.Source)
		}
		if u.Service != nil {
			moveService(u.Service, move)
		}
		if u.Socket != nil {
			moveSocket(u.Socket, move)
		}
	}
	for i := range s.plan.Boot {
		move(&s.plan.Boot[i].Origin)
	}
	for key, at := range s.origins {
		move(&at)
		s.origins[key] = at
	}
}

func moveService(v *plan.Service, move func(*string)) {
	for i := range v.Origins {
		move(&v.Origins[i].At)
	}
	for i := range v.OpenFiles {
		move(&v.OpenFiles[i].Origin)
	}
	moveCommands(v.Commands, move)
	moveExec(v.Exec, move)
}

func moveSocket(v *plan.Socket, move func(*string)) {
	for i := range v.Listen {
		move(&v.Listen[i].Origin)
	}
	moveCommands(v.Commands, move)
	moveExec(v.Exec, move)
}

func moveCommands(list []plan.Command, move func(*string)) {
	for i := range list {
		move(&list[i].Origin)
		moveExec(list[i].Exec, move)
	}
}

// moveExec is harmless to do twice: what units share has been moved then.
func moveExec(x *plan.Exec, move func(*string)) {
	if x == nil {
		return
	}
	for i := range x.EnvFiles {
		move(&x.EnvFiles[i].Origin)
	}
}
