package gen

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"rustysd/runtime/plan"
)

// shared is a value that several places of the plan point to; it becomes one
// package-level variable.
type shared struct {
	ptr  reflect.Value
	name string
	// unit and path are where it was met first: its fields' origins are there.
	unit, path string
	users      []string // names of the units that point to it, in order
	uses       int
}

// variables are the shared values of a plan, in the order in which the walk
// meets them.
type variables struct {
	byPtr map[uintptr]*shared
	order []*shared
}

// findVariables walks the plan for pointers that occur more than once.
func findVariables(p *plan.Plan) *variables {
	vs := &variables{byPtr: map[uintptr]*shared{}}
	var met []*shared
	for i := range p.Units {
		u := &p.Units[i]
		vs.walk(reflect.ValueOf(u).Elem(), u.Name, "", &met)
	}
	count := map[string]int{}
	for _, s := range met {
		if s.uses == 1 {
			delete(vs.byPtr, s.ptr.Pointer())
			continue
		}
		base := lowerFirst(s.ptr.Type().Elem().Name())
		s.name = fmt.Sprintf("%s%d", base, count[base])
		count[base]++
		vs.order = append(vs.order, s)
	}
	return vs
}

// walk notes the pointers in v. What a pointer leads to is walked once.
func (vs *variables) walk(v reflect.Value, unit, path string, met *[]*shared) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			vs.walk(v.Field(i), unit, join(path, v.Type().Field(i).Name), met)
		}
	case reflect.Slice:
		if isFlat(v.Type().Elem()) {
			return
		}
		for i := range v.Len() {
			vs.walk(v.Index(i), unit, indexed(path, i), met)
		}
	case reflect.Pointer:
		vs.pointer(v, unit, path, met)
	}
}

func (vs *variables) pointer(v reflect.Value, unit, path string, met *[]*shared) {
	if v.IsNil() {
		return
	}
	s := vs.byPtr[v.Pointer()]
	if s == nil {
		s = &shared{ptr: v, unit: unit, path: path}
		vs.byPtr[v.Pointer()] = s
		*met = append(*met, s)
		vs.walk(v.Elem(), unit, path, met)
	}
	s.uses++
	if n := len(s.users); n == 0 || s.users[n-1] != unit {
		s.users = append(s.users, unit)
	}
}

// lookup is the variable that holds what v points to, or nil.
func (vs *variables) lookup(v reflect.Value) *shared { return vs.byPtr[v.Pointer()] }

// maxUsers is how many units a variable's comment names.
const maxUsers = 4

// about says which units use the variable.
func (s *shared) about() string {
	if len(s.users) <= maxUsers {
		return s.name + ": " + strings.Join(s.users, ", ")
	}
	more := len(s.users) - maxUsers
	return fmt.Sprintf("%s: %s and %d more", s.name, strings.Join(s.users[:maxUsers], ", "), more)
}

// featureFunc is the runtime's function for a feature's constant.
func featureFunc(constant string) string { return strings.TrimPrefix(constant, "Feature") }

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// join and indexed make the paths that origins are found by.
func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
