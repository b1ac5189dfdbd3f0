package gen

import (
	"math/bits"
	"reflect"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"rustysd/runtime/plan"
)

// printer prints one plan.
type printer struct {
	in   Input
	vars *variables
	// unit is the unit being printed, whose name begins the keys of Origins.
	unit string
}

func newPrinter(in Input) *printer {
	return &printer{in: in, vars: findVariables(in.Plan)}
}

// Types that are written in a way of their own.
var (
	durationType = reflect.TypeFor[plan.Duration]()
	unitIDType   = reflect.TypeFor[plan.UnitID]()
	unitType     = reflect.TypeFor[plan.Unit]()
	callType     = reflect.TypeFor[plan.Call]()
	exitSetType  = reflect.TypeFor[plan.ExitSet]()
)

// image is the variable that holds the plan.
func (p *printer) image() jen.Code {
	v := reflect.ValueOf(p.in.Plan).Elem()
	return jen.Add(comment("image is all that the init knows.")).Line().
		Var().Id("image").Op("=").Add(typeName(v.Type())).Add(p.structBody(v, "", ""))
}

// sharedVar is a variable for a value that several units point to.
func (p *printer) sharedVar(s *shared) jen.Code {
	p.unit = s.unit
	v := s.ptr.Elem()
	return jen.Add(comment(s.about())).Line().
		Var().Id(s.name).Op("=").Add(typeName(v.Type())).Add(p.structBody(v, s.path, ""))
}

// structBody is a struct's fields between braces: those that are not zero, in
// the order of their declaration. A struct of numbers and strings alone stands
// on one line.
func (p *printer) structBody(v reflect.Value, path, about string) jen.Code {
	flat := isFlat(v.Type()) && !hasOrigins(path)
	var fields []jen.Code
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if isLeftOut(f) {
			continue
		}
		if flat {
			fields = append(fields, jen.Op(name+":").Add(p.value(f, name, "", "")))
			continue
		}
		fields = append(fields, p.field(f, v.Type(), name, join(path, name)))
	}
	if flat {
		return inline(fields...)
	}
	return lines(about, fields...)
}

// field is one line of a struct, or several. What is to be said about it
// stands at the end of the first.
func (p *printer) field(f reflect.Value, of reflect.Type, name, path string) jen.Code {
	about := p.about(f, of, name, path)
	if f.Kind() == reflect.Slice || f.Kind() == reflect.Pointer && p.vars.lookup(f) == nil {
		return keyed(name, p.value(f, name, path, about), "")
	}
	return keyed(name, p.value(f, name, path, ""), about)
}

// value is any value of the plan, with its type where Go wants it.
func (p *printer) value(v reflect.Value, name, path, about string) jen.Code {
	switch v.Kind() {
	case reflect.Pointer:
		if s := p.vars.lookup(v); s != nil {
			return jen.Op("&").Id(s.name)
		}
		return jen.Op("&").Add(typeName(v.Type().Elem())).Add(p.structBody(v.Elem(), path, about))
	case reflect.Struct:
		return jen.Add(typeName(v.Type())).Add(p.structBody(v, path, about))
	case reflect.Slice:
		return jen.Index().Add(typeName(v.Type().Elem())).Add(p.sliceBody(v, path, about))
	case reflect.Array:
		return jen.Index(integer(int64(v.Len()))).Add(typeName(v.Type().Elem())).Add(p.arrayBody(v, name))
	}
	return scalar(v, name)
}

// sliceBody is a slice's elements between braces, with their type left out.
func (p *printer) sliceBody(v reflect.Value, path, about string) jen.Code {
	elem := v.Type().Elem()
	switch {
	case elem == unitType:
		return p.units(v)
	case elem == unitIDType:
		return p.unitIDs(v)
	case elem.Kind() == reflect.String:
		return p.texts(v, about)
	}
	items := make([]jen.Code, v.Len())
	for i := range items {
		items[i] = p.element(v.Index(i), indexed(path, i))
	}
	return lines(about, items...)
}

// element is one line of a slice, or several.
func (p *printer) element(v reflect.Value, path string) jen.Code {
	switch v.Kind() {
	case reflect.Pointer:
		return item(p.value(v, "", path, ""), "")
	case reflect.Struct:
		if v.Type() == callType {
			return p.call(v, path)
		}
		return item(p.structBody(v, path, ""), p.aboutElement(v))
	}
	return item(scalar(v, ""), "")
}

// call is a step of a child under a comment that says it as C would.
func (p *printer) call(v reflect.Value, path string) jen.Code {
	return jen.Add(comment(describeCall(v.Addr().Interface().(*plan.Call)))).Line().
		Add(item(p.structBody(v, path, ""), ""))
}

// units is the heart of the plan: each unit under a comment that names it.
func (p *printer) units(v reflect.Value) jen.Code {
	items := make([]jen.Code, 0, v.Len())
	for i := range v.Len() {
		u := v.Index(i).Addr().Interface().(*plan.Unit)
		p.unit = u.Name
		source := u.Source
		if source == "" {
			source = "built in"
		}
		items = append(items, jen.Add(comment(u.Name+": "+source)).Line().
			Add(keyed(strconv.Itoa(i), p.structBody(v.Index(i), "", ""), "")))
	}
	return lines("", items...)
}

// unitIDs is a list of units.
func (p *printer) unitIDs(v reflect.Value) jen.Code {
	items := make([]jen.Code, v.Len())
	for i := range items {
		items[i] = item(scalar(v.Index(i), ""), p.unitName(v.Index(i)))
	}
	return lines("", items...)
}

// maxInline is how long a list of strings may be to stand on one line.
const maxInline = 60

// texts is a list of strings: a short one on one line, since most are command
// lines.
func (p *printer) texts(v reflect.Value, about string) jen.Code {
	length := 0
	plain, items := make([]jen.Code, v.Len()), make([]jen.Code, v.Len())
	for i := range plain {
		length += v.Index(i).Len() + 4
		plain[i] = text(v.Index(i).String())
		items[i] = item(plain[i], "")
	}
	if length <= maxInline && about == "" {
		return inline(plain...)
	}
	return lines(about, items...)
}

// arrayBody is an array's elements up to the last that is not zero.
func (p *printer) arrayBody(v reflect.Value, name string) jen.Code {
	n := v.Len()
	for n > 0 && v.Index(n-1).IsZero() {
		n--
	}
	values := make([]jen.Code, n)
	for i := range values {
		values[i] = scalar(v.Index(i), name)
	}
	return inline(values...)
}

// scalar is a string, a truth value or a number; name is its field's.
func scalar(v reflect.Value, name string) jen.Code {
	switch {
	case v.Type() == durationType:
		return duration(plan.Duration(v.Int()))
	case v.Type() == unitIDType:
		if plan.UnitID(v.Uint()) == plan.NoUnit {
			return planName("NoUnit")
		}
		return unsigned(v.Uint())
	case v.Kind() == reflect.String:
		return text(v.String())
	case v.Kind() == reflect.Bool:
		return jen.Lit(v.Bool())
	case v.CanInt():
		return integer(v.Int())
	}
	if e, ok := enums[v.Type()]; ok {
		return e.print(v.Uint())
	}
	return number(v, name)
}

// number is an unsigned number in the base that its reader thinks in.
func number(v reflect.Value, name string) jen.Code {
	switch {
	case (name == "UID" || name == "GID") && v.Uint() == plan.KeepID:
		return planName("KeepID")
	case name == "Mode" && v.Uint() == plan.KeepMode:
		return planName("KeepMode")
	case strings.HasSuffix(name, "Mode"):
		return octal(v.Uint())
	case name == "Status", name == "Signals", bits.Len64(v.Uint()) > 32:
		return hex(v.Uint())
	}
	return unsigned(v.Uint())
}

// print writes n with the names of the type; what has no name is a number.
func (e enum) print(n uint64) jen.Code {
	if !e.flags {
		for _, c := range e.names {
			if c.value == n {
				return planName(c.name)
			}
		}
		return unsigned(n)
	}
	var set []jen.Code
	for _, c := range e.names {
		if c.value&n != 0 {
			set = append(set, planName(c.name))
			n &^= c.value
		}
	}
	if n != 0 || set == nil {
		set = append(set, hex(n))
	}
	return anyOf(set)
}

// spans are the units of time, the largest first.
var spans = [...]struct {
	length plan.Duration
	name   string
}{
	{plan.Minute, "Minute"},
	{plan.Second, "Second"},
	{plan.Millisecond, "Millisecond"},
	{plan.Microsecond, "Microsecond"},
	{plan.Nanosecond, "Nanosecond"},
}

// duration is a span in the largest unit that divides it.
func duration(d plan.Duration) jen.Code {
	if d == plan.Infinity {
		return planName("Infinity")
	}
	for _, s := range spans {
		if d == s.length {
			return planName(s.name)
		}
		if d%s.length == 0 {
			return jen.Add(integer(int64(d / s.length))).Op("*").Add(planName(s.name))
		}
	}
	return integer(int64(d))
}

func planName(name string) jen.Code { return jen.Qual(planPath, name) }

// typeName is a type of package plan, or one of Go's.
func typeName(t reflect.Type) jen.Code {
	if t.Kind() == reflect.Pointer {
		return jen.Op("*").Add(typeName(t.Elem()))
	}
	if t.PkgPath() == "" {
		return jen.Id(t.Name())
	}
	return planName(t.Name())
}

// isFlat: values of t hold nothing that is printed on several lines.
func isFlat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Struct:
		if t.Kind() == reflect.Struct {
			for i := range t.NumField() {
				if !isFlat(t.Field(i).Type) {
					return false
				}
			}
			return true
		}
		return false
	case reflect.Array:
		return isFlat(t.Elem())
	}
	return true
}

// isLeftOut: Go's zero value need not be written. An empty list is the same to
// its reader as none; a unit's number means as much when it is 0.
func isLeftOut(v reflect.Value) bool {
	switch {
	case v.Kind() == reflect.Slice:
		return v.Len() == 0
	case v.Type() == unitIDType:
		return false
	}
	return v.IsZero()
}
