package testscripts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rustysd/compiler/seccomp"
)

// TestNumbers holds the numbers of system calls that the runtime has for each
// architecture against the table of the filters, which is made from the
// kernel's headers for all of them at once.
func TestNumbers(t *testing.T) {
	plain := map[string][]string{} // by names without underscores
	for _, name := range seccomp.Names() {
		short := strings.ReplaceAll(name, "_", "")
		plain[short] = append(plain[short], name)
	}
	checked := map[string]int{}
	for _, arch := range []string{"amd64", "arm64"} {
		files, _ := filepath.Glob(filepath.Join(moduleDir, "runtime", "*_"+arch+".go"))
		for _, file := range files {
			for name, number := range numbersIn(t, file) {
				same := false
				for _, call := range plain[strings.ToLower(name)] {
					n, ok := seccomp.Number(arch, call)
					same = same || ok && n == uint32(number)
				}
				if !same {
					t.Errorf("%s: the call %s has another number than %d in the kernel's headers", filepath.Base(file), name, number)
				}
				checked[arch]++
			}
		}
	}
	if checked["amd64"] < 40 || checked["amd64"] != checked["arm64"] {
		t.Errorf("compared %v numbers", checked)
	}
}

// numbersIn are the numbers that a file gives to names like plan.SysOpenat and
// sysStatx.
func numbersIn(t *testing.T, file string) map[string]uint64 {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]uint64{}
	put := func(name string, value ast.Expr) {
		lit, ok := value.(*ast.BasicLit)
		name, sys := strings.CutPrefix(strings.ToUpper(name[:1])+name[1:], "Sys")
		if ok && sys {
			if n, err := strconv.ParseUint(lit.Value, 0, 32); err == nil {
				out[name] = n
			}
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.SelectorExpr); ok {
				put(key.Sel.Name, n.Value)
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) {
					put(name.Name, n.Values[i])
				}
			}
		}
		return true
	})
	return out
}
