package compiler

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"math/bits"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// wordless are the types of the plan with constants and without words, and why.
var wordless = map[string]string{
	"UnitID": "a number", "Duration": "a span", "Rel": "the report has each with its direction",
	"ConditionKind": "shown as it was written", "ConditionFlags": "likewise", "Compare": "likewise", "CommandFlags": "shown as prefixes",
	"Sys": "dump_call.go has them", "Slot": "likewise", "Tolerate": "likewise", "Step": "systemd's numbers",
}

// planConstants are the constants of the plan's types, as its source has them.
func planConstants(t *testing.T) map[string][]*types.Const {
	t.Helper()
	names, err := filepath.Glob("../runtime/plan/*.go")
	must(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		must(t, err)
		files = append(files, f)
	}
	pkg, err := (&types.Config{Importer: importer.ForCompiler(fset, "source", nil)}).Check("plan", fset, files, nil)
	must(t, err)
	out := map[string][]*types.Const{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		if of, ok := c.Type().(*types.Named); ok && !strings.HasPrefix(name, "Num") {
			out[of.Obj().Name()] = append(out[of.Obj().Name()], c)
		}
	}
	return out
}

// TestWords: each value of an enumeration in the plan and each member of a set has
// a word, which is the constant's name in another spelling. It is no script because
// it goes through the plan's source.
func TestWords(t *testing.T) {
	// What unit files call otherwise.
	other := map[string]bool{"StreamNamed": true, "TerminalReset": true, "TerminalHangup": true, "TerminalDisallocate": true,
		"FDStorePreserve": true, "FDStorePreserveOnRestart": true, "RuntimeDirectoryPreserveOnRestart": true, "SocketHangUp": true, "SocketSpares": true}
	seen := map[string]bool{}
	for typ, constants := range planConstants(t) {
		words, set := wordsNamed(typ)
		if words == nil {
			if wordless[typ] == "" {
				t.Errorf("plan.%s has no words", typ)
			}
			continue
		}
		seen[typ] = true
		if len(words) != len(constants) {
			t.Errorf("plan.%s: %d words for %d values", typ, len(words), len(constants))
		}
		for _, c := range constants {
			n, _ := constant.Uint64Val(c.Val())
			if set {
				n = uint64(bits.TrailingZeros64(n))
			}
			if n >= uint64(len(words)) {
				t.Errorf("plan.%s has no word", c.Name())
				continue
			}
			word := strings.ToLower(strings.ReplaceAll(words[n], "-", ""))
			if !strings.Contains(strings.ToLower(c.Name()), word) && !other[c.Name()] {
				t.Errorf("plan.%s is called %q", c.Name(), words[n])
			}
		}
	}
	for _, table := range [...]map[reflect.Type][]string{enumWords, setWords} {
		for typ := range table {
			if !seen[typ.Name()] {
				t.Errorf("%v has words and no constants", typ)
			}
		}
	}
}

// wordsNamed are the words of a type by its name, and whether it is a set.
func wordsNamed(name string) (words []string, set bool) {
	for typ, list := range enumWords {
		if typ.Name() == name {
			return list, false
		}
	}
	for typ, list := range setWords {
		if typ.Name() == name {
			return list, true
		}
	}
	return nil, false
}
