package compiler

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"rustysd/runtime/plan"
)

// Dump is the plan as text: one line for each field that is not zero, in the
// order of the declarations. The digest is left out.
func Dump(p *plan.Plan) string {
	var b strings.Builder
	dumpTo(&b, p)
	return b.String()
}

// dumpTo writes [Dump]'s text, unit by unit.
func dumpTo(w io.Writer, p *plan.Plan) {
	bare := *p
	bare.Digest = ""
	d := dumper{w: w, names: map[reflect.Type][]string{}, execs: map[*plan.Exec]string{}}
	d.fields("", reflect.ValueOf(&bare).Elem())
	d.flush()
}

// dumper writes values out by reflection, so that a new field of the plan can
// never be forgotten. Every compilation dumps its plan for the digest, so what
// is asked again and again is kept: the names of fields, and the text of the
// contexts that units share.
type dumper struct {
	w     io.Writer
	b     []byte // not written yet: at most one unit's text
	names map[reflect.Type][]string
	execs map[*plan.Exec]string // by context, as units of services hold it
}

func (d *dumper) flush() {
	d.w.Write(d.b) // to memory or to a hash: neither fails
	d.b = d.b[:0]
}

// add appends a line.
func (d *dumper) add(indent, name, sep, value string) {
	d.b = append(d.b, indent...)
	d.b = append(d.b, name...)
	d.b = append(d.b, sep...)
	d.b = append(d.b, value...)
	d.b = append(d.b, '\n')
}

func (d *dumper) fields(indent string, v reflect.Value) {
	for i, name := range d.fieldNames(v.Type()) {
		if f := v.Field(i); !f.IsZero() {
			d.value(indent, name, f)
		}
	}
}

func (d *dumper) fieldNames(t reflect.Type) []string {
	names, known := d.names[t]
	if !known {
		for i := range t.NumField() {
			names = append(names, t.Field(i).Name)
		}
		d.names[t] = names
	}
	return names
}

func (d *dumper) value(indent, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(indent, name, v)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[plan.Call]() {
			d.add(indent, name, " = ", callText(v.Addr().Interface().(*plan.Call)))
			return
		}
		d.add(indent, name, ":", "")
		d.fields(indent+"\t", v)
	case reflect.Slice:
		d.slice(indent, name, v)
	case reflect.Uint32: // SocketMode and DirectoryMode
		text := strconv.FormatUint(v.Uint(), 10)
		if strings.HasSuffix(name, "Mode") && v.Uint() != 0 {
			text = "0" + strconv.FormatUint(v.Uint(), 8)
		}
		d.add(indent, name, " = ", text)
	default:
		d.add(indent, name, " = ", scalarText(v))
	}
}

// slice writes the elements of a list. One of relations has a line for each.
func (d *dumper) slice(indent, name string, v reflect.Value) {
	if deps, ok := v.Interface().([]plan.Dep); ok {
		for i := range deps {
			d.dep(indent, name, i, &deps[i])
		}
		return
	}
	for i := range v.Len() {
		d.value(indent, name+"["+strconv.Itoa(i)+"]", v.Index(i))
		if indent == "" {
			d.flush()
		}
	}
}

// dep writes a relation: the other unit's number, and the bits.
func (d *dumper) dep(indent, name string, i int, dep *plan.Dep) {
	d.b = append(d.b, indent...)
	d.b = append(d.b, name...)
	d.b = append(d.b, '[')
	d.b = strconv.AppendInt(d.b, int64(i), 10)
	d.b = append(d.b, "] = unit "...)
	d.b = strconv.AppendUint(d.b, uint64(dep.Unit), 10)
	d.b = append(d.b, " rel "...)
	d.b = strconv.AppendUint(d.b, uint64(dep.Rel), 10)
	d.b = append(d.b, '\n')
}

// pointer writes what a pointer leads to. The text of a context is kept from
// its first unit on, for all that stand as deep.
func (d *dumper) pointer(indent, name string, v reflect.Value) {
	if v.IsNil() {
		return
	}
	exec, ok := v.Interface().(*plan.Exec)
	if !ok || indent != execIndent || name != "Exec" {
		d.value(indent, name, v.Elem())
		return
	}
	text, known := d.execs[exec]
	if !known {
		from := len(d.b)
		d.value(indent, name, v.Elem())
		d.execs[exec] = string(d.b[from:])
		return
	}
	d.b = append(d.b, text...)
}

// execIndent is how deep the context of a unit's type stands.
const execIndent = "\t\t"

// scalarText writes a value without parts.
func scalarText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	switch {
	case v.Type() == reflect.TypeFor[plan.Duration]():
		return durationText(plan.Duration(v.Int()))
	case v.Type() == reflect.TypeFor[plan.Step]():
		return stepText(plan.Step(v.Uint()))
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
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
