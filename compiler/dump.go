package compiler

import (
	"fmt"
	"reflect"
	"strings"

	"rustysd/runtime/plan"
)

// Dump is the plan as text: one line for each field that is not zero, in the
// order of the declarations. The digest is left out.
func Dump(p *plan.Plan) string {
	bare := *p
	bare.Digest = ""
	d := dumper{}
	d.fields("", reflect.ValueOf(bare))
	return d.b.String()
}

// dumper writes values out by reflection, so that a new field of the plan can
// never be forgotten.
type dumper struct{ b strings.Builder }

func (d *dumper) fields(indent string, v reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		if f := v.Field(i); !f.IsZero() {
			d.value(indent, t.Field(i).Name, f)
		}
	}
}

func (d *dumper) value(indent, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			d.value(indent, name, v.Elem())
		}
	case reflect.Struct:
		if c, ok := v.Interface().(plan.Call); ok {
			fmt.Fprintf(&d.b, "%s%s = %s\n", indent, name, callText(&c))
			return
		}
		fmt.Fprintf(&d.b, "%s%s:\n", indent, name)
		d.fields(indent+"\t", v)
	case reflect.Slice:
		for i := range v.Len() {
			d.value(indent, fmt.Sprintf("%s[%d]", name, i), v.Index(i))
		}
	case reflect.Uint32: // SocketMode and DirectoryMode
		format := "%s%s = %d\n"
		if strings.HasSuffix(name, "Mode") {
			format = "%s%s = %#o\n"
		}
		fmt.Fprintf(&d.b, format, indent, name, v.Uint())
	default:
		fmt.Fprintf(&d.b, "%s%s = %s\n", indent, name, scalarText(v))
	}
}

// scalarText writes a value without parts.
func scalarText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		return fmt.Sprintf("%q", x)
	case plan.Duration:
		return durationText(x)
	case plan.Step:
		return stepText(x)
	}
	return fmt.Sprintf("%v", v.Interface())
}

// durationText writes a duration in the largest unit that divides it.
func durationText(x plan.Duration) string {
	if x == plan.Infinity {
		return "infinity"
	}
	for _, u := range [...]struct {
		name string
		span plan.Duration
	}{{"min", plan.Minute}, {"s", plan.Second}, {"ms", plan.Millisecond}, {"us", plan.Microsecond}} {
		if x%u.span == 0 {
			return fmt.Sprintf("%d%s", x/u.span, u.name)
		}
	}
	return fmt.Sprintf("%dns", int64(x))
}
