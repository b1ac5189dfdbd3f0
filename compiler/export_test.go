package compiler

import (
	"reflect"
	"testing"

	"rustysd/runtime/plan"
)

// Sample is a directive with values that it takes, for the tests of who shows
// plans.
type Sample struct {
	Section, Name string
	Values        []string
}

// Samples are those of the honoured directives, by section and name.
func Samples() (out []Sample) {
	for _, section := range [...]string{"Unit", "Service", "Socket"} {
		for _, name := range directiveNames[section] {
			d := table[section][name]
			if d.level != honoured {
				continue
			}
			s := Sample{Section: section, Name: name}
			for _, v := range d.value.samples() {
				if v.good && v.text != "" {
					s.Values = append(s.Values, v.text)
				}
			}
			out = append(out, s)
		}
	}
	return out
}

// LowerOne compiles one unit as if it were all of an image; its dependencies
// lead nowhere.
func LowerOne(t testing.TB, name, text string) *Result {
	s, l := testSet(t, Options{}, unitFile{name, text})
	s.target = s.image[0]
	s.makePlan(&l)
	return &Result{Plan: s.plan, Origins: s.origins, set: s}
}

// Meaning is a plan as text without where its parts were written, and how, which it
// loses.
func Meaning(p *plan.Plan) string {
	clearOrigins(reflect.ValueOf(p).Elem())
	return Dump(p)
}

func clearOrigins(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			clearOrigins(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			clearOrigins(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch name := v.Type().Field(i).Name; {
			case name == "Origin", name == "Origins", (name == "Source" || name == "Shown") && v.Type() == reflect.TypeFor[plan.Unit]():
				v.Field(i).SetZero()
			default:
				clearOrigins(v.Field(i))
			}
		}
	}
}
