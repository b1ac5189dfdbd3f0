package compiler

import (
	"reflect"
	"strconv"
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
// is shared in memory: field by field, pointers followed, what is zero left
// out.
func canonical(p *plan.Plan) []byte {
	return appendCanonical(make([]byte, 0, 1<<10*(len(p.Units)+1)), reflect.ValueOf(p).Elem())
}

// appendCanonical appends the canonical text of a part of a plan.
func appendCanonical(b []byte, v reflect.Value) []byte {
	c := canon{b, map[reflect.Type][]string{}}
	c.value(v)
	return c.text
}

// canon writes a canonical text. It keeps the names of fields, for asking
// reflect each time would take a third of the whole front end.
type canon struct {
	text   []byte
	fields map[reflect.Type][]string
}

func (c *canon) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		c.value(v.Elem())
	case reflect.Struct:
		c.structure(v)
	case reflect.Slice, reflect.Array:
		c.text = append(c.text, '[')
		for i := range v.Len() {
			c.value(v.Index(i))
			c.text = append(c.text, ' ')
		}
		c.text = append(c.text, ']')
	case reflect.String:
		c.text = strconv.AppendQuote(c.text, v.String())
	case reflect.Bool:
		c.text = strconv.AppendBool(c.text, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.text = strconv.AppendInt(c.text, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.text = strconv.AppendUint(c.text, v.Uint(), 10)
	default:
		panic("BUG: a plan holds a " + v.Kind().String())
	}
}

func (c *canon) structure(v reflect.Value) {
	names := c.fields[v.Type()]
	if names == nil {
		for i := range v.NumField() {
			names = append(names, v.Type().Field(i).Name)
		}
		c.fields[v.Type()] = names
	}
	c.text = append(c.text, '{')
	for i, name := range names {
		if f := v.Field(i); !f.IsZero() {
			c.text = append(append(c.text, name...), ':')
			c.value(f)
			c.text = append(c.text, ' ')
		}
	}
	c.text = append(c.text, '}')
}
