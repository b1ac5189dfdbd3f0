package compiler

import (
	"fmt"
	"reflect"
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
	for key, at := range s.origins {
		move(&at)
		s.origins[key] = at
	}
}

func moveService(v *plan.Service, move func(*string)) {
	for i := range v.Origins {
		move(&v.Origins[i].At)
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

// canonical is a text of the plan that is the same for equal plans, whatever
// is shared in memory: field by field, pointers followed.
func canonical(p *plan.Plan) []byte {
	return appendCanonical(nil, reflect.ValueOf(p).Elem())
}

func appendCanonical(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "nil"...)
		}
		return appendCanonical(b, v.Elem())
	case reflect.Struct:
		b = append(b, '{')
		for i := range v.NumField() {
			b = append(b, v.Type().Field(i).Name...)
			b = append(b, ':')
			b = append(appendCanonical(b, v.Field(i)), ' ')
		}
		return append(b, '}')
	case reflect.Slice, reflect.Array:
		b = append(b, '[')
		for i := range v.Len() {
			b = append(appendCanonical(b, v.Index(i)), ' ')
		}
		return append(b, ']')
	case reflect.String:
		return fmt.Appendf(b, "%q", v.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Append(b, v.Interface())
	}
	panic("BUG: a plan holds a " + v.Kind().String())
}
