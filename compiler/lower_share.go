package compiler

import (
	"reflect"
	"strconv"

	"rustysd/runtime/plan"
)

// share gives every context with the same fields the same pointer.
func (lo *lowering) share(e *plan.Exec) *plan.Exec {
	key := string(appendKey(nil, reflect.ValueOf(e).Elem()))
	if same := lo.execs[key]; same != nil {
		return same
	}
	lo.execs[key] = e
	return e
}

// appendKey writes a value so that only equal values give equal bytes. It goes
// by reflection, so that no field which the plan gets later can be forgotten.
func appendKey(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		b = strconv.AppendInt(b, int64(v.Len()), 10)
		return append(append(b, ':'), v.String()...)
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Slice, reflect.Array:
		b = append(strconv.AppendInt(b, int64(v.Len()), 10), '[')
		for i := range v.Len() {
			b = append(appendKey(b, v.Index(i)), ' ')
		}
		return b
	case reflect.Struct:
		for i := range v.NumField() {
			b = append(appendKey(b, v.Field(i)), ' ')
		}
		return b
	}
	if v.CanUint() {
		return strconv.AppendUint(b, v.Uint(), 10)
	}
	if v.CanInt() {
		return strconv.AppendInt(b, v.Int(), 10)
	}
	panic("BUG: a context with a field of kind " + v.Kind().String())
}
