package gen

import (
	"go/ast"
	goconst "go/constant"
	"go/types"
	"reflect"
	"strconv"
	"testing"
)

// reader makes values of type-checked composite literals.
type reader struct {
	pkg  *types.Package
	info *types.Info
	vars map[string]ast.Expr
	made map[string]reflect.Value // the variables that were pointed to
}

// read sets v from an expression.
func (r *reader) read(t *testing.T, v reflect.Value, e ast.Expr) {
	t.Helper()
	if value := r.info.Types[e].Value; value != nil {
		setConstant(t, v, value)
		return
	}
	switch e := e.(type) {
	case *ast.UnaryExpr: // & of a variable or of a literal
		r.readPointer(t, v, e.X)
	case *ast.CompositeLit:
		r.readLiteral(t, v, e)
	default:
		t.Fatalf("unexpected expression %T", e)
	}
}

func (r *reader) readPointer(t *testing.T, v reflect.Value, e ast.Expr) {
	id, ok := e.(*ast.Ident)
	if !ok {
		v.Set(reflect.New(v.Type().Elem()))
		r.read(t, v.Elem(), e)
		return
	}
	made, ok := r.made[id.Name]
	if !ok {
		made = reflect.New(v.Type().Elem())
		r.made[id.Name] = made
		r.read(t, made.Elem(), r.vars[id.Name])
	}
	v.Set(made)
}

func (r *reader) readLiteral(t *testing.T, v reflect.Value, e *ast.CompositeLit) {
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(e.Elts), len(e.Elts)))
	}
	for i, elt := range e.Elts {
		kv, keyed := elt.(*ast.KeyValueExpr)
		switch {
		case v.Kind() == reflect.Struct:
			r.read(t, v.FieldByName(kv.Key.(*ast.Ident).Name), kv.Value)
		case keyed:
			n, err := strconv.Atoi(kv.Key.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			r.read(t, v.Index(n), kv.Value)
		default:
			r.read(t, v.Index(i), elt)
		}
	}
}

func setConstant(t *testing.T, v reflect.Value, c goconst.Value) {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(goconst.StringVal(c))
	case v.Kind() == reflect.Bool:
		v.SetBool(goconst.BoolVal(c))
	case v.CanInt():
		n, _ := goconst.Int64Val(c)
		v.SetInt(n)
	case v.CanUint():
		n, _ := goconst.Uint64Val(c)
		v.SetUint(n)
	default:
		t.Fatalf("a constant for %s", v.Type())
	}
}
