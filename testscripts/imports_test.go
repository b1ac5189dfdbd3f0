package testscripts

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// law says which packages each room may import, beside the standard library;
// a room is the first two parts of a path in this module. Imports run one way:
// cmd → compiler, gen → runtime/plan; compiler → grammar.
var law = map[string][]string{
	"rustysd/grammar":         {participle},
	"rustysd/compiler":        {"rustysd/grammar", "rustysd/compiler", "rustysd/runtime/plan", "rustysd/runtime/machine", "rustysd/runtime/fnmatch"},
	"rustysd/gen":             {"rustysd/runtime/plan", jennifer},
	"rustysd/runtime/plan":    {},
	"rustysd/runtime/machine": {"rustysd/runtime/plan"},
	// The simulator drives a machine, in tests and in the compiler.
	"rustysd/runtime/machine/sim": {"rustysd/runtime/plan", "rustysd/runtime/machine"},
	// What a pattern fits is one rule, for the boot and for what is decided before it.
	"rustysd/runtime/fnmatch": {},
	// It must import nothing: see its doc.go.
	"rustysd/runtime/early": {},
	"rustysd/runtime":       {"rustysd/runtime/plan", "rustysd/runtime/machine", "rustysd/runtime/early", "rustysd/runtime/fnmatch"},
	"rustysd/cmd":           {"rustysd/cmd", "rustysd/compiler", "rustysd/grammar", "rustysd/gen", "rustysd/runtime", "rustysd/runtime/plan", "golang.org/x/sys"},
}

const (
	participle = "github.com/alecthomas/participle/v2"
	jennifer   = "github.com/dave/jennifer/jen"
)

// heavy are packages of the standard library that weigh too much for an init:
// each was measured at a tenth of its size or more.
var heavy = []string{"fmt", "net", "reflect", "os", "os/exec", "os/user", "encoding/json", "text/template", "log", "log/slog"}

// notInImages are files of the runtime that serve the compiler alone.
const notInImages = "source.go"

// pkg is what "go list" says about a package.
type pkg struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func goList(t *testing.T, args ...string) (all []pkg) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,GoFiles"}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room is the part of the law that holds for a package: the longest match.
func room(path string) (allowed []string, found bool) {
	best := ""
	for name := range law {
		if (path == name || strings.HasPrefix(path, name+"/")) && len(name) > len(best) {
			best = name
		}
	}
	return law[best], best != ""
}

func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "rustysd"
}

// TestImports holds every package's imports against the law.
func TestImports(t *testing.T) {
	seen := 0
	for _, p := range goList(t, "rustysd/...") {
		allowed, found := room(p.ImportPath)
		if !found {
			continue
		}
		seen++
		for _, imported := range p.Imports {
			if isStandard(imported) || mayImport(allowed, imported) {
				continue
			}
			t.Errorf("%s may not import %s", p.ImportPath, imported)
		}
	}
	if seen < len(law) {
		t.Errorf("the law is about %d rooms and %d packages were seen", len(law), seen)
	}
}

func mayImport(allowed []string, path string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return path == a || strings.HasPrefix(path, a+"/") && a != "rustysd/runtime"
	})
}

// TestRuntimeIsLight: what is linked into every init imports nothing heavy, at
// any depth. source.go, which the compiler alone needs, imports embed.
func TestRuntimeIsLight(t *testing.T) {
	for _, p := range goList(t, "-deps", "rustysd/runtime/plan", "rustysd/runtime/machine", "rustysd/runtime/fnmatch") {
		if slices.Contains(heavy, p.ImportPath) {
			t.Errorf("the runtime depends on %s", p.ImportPath)
		}
	}
	for _, p := range goList(t, "rustysd/runtime") {
		for _, name := range p.GoFiles {
			if name != notInImages {
				checkFile(t, "../runtime/"+name)
			}
		}
	}
}

// light is what the files of an image import of the standard library. The
// control socket alone uses unicode/utf8, which is 1 kB.
var light = []string{"errors", "math/bits", "runtime", "strings", "sync", "sync/atomic", "syscall", "time", "unicode/utf8", "unsafe"}

func checkFile(t *testing.T, name string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if isStandard(path) && !slices.Contains(light, path) {
			t.Errorf("%s imports %s: is its weight paid for?", name, path)
		}
	}
}
