package gen

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rustysd/runtime/plan"
)

var update = flag.Bool("update", false, "write the golden files")

// mainOf is main.go of an image.
func mainOf(t testing.TB, in Input) []byte {
	t.Helper()
	files, err := Generate(in)
	if err != nil {
		t.Fatal(err)
	}
	return files["main.go"]
}

func TestGolden(t *testing.T) {
	files, err := Generate(sample())
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range files {
		golden := filepath.Join("testdata", "hello", name+".golden")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not as in %s (-update writes it):\n%s", name, golden, got)
		}
	}
}

// TestFormatted: what is emitted is as gofmt writes it.
func TestFormatted(t *testing.T) {
	src := mainOf(t, sample())
	want, err := format.Source(src)
	if err != nil || !bytes.Equal(src, want) {
		t.Errorf("not as gofmt writes it: %v", err)
	}
}

// TestDraft: a draft has the same tokens, and func main on the same line, which
// the executable records.
func TestDraft(t *testing.T) {
	in := sample()
	full := mainOf(t, in)
	in.Draft = true
	draft := mainOf(t, in)
	a, b := tokens(t, full), tokens(t, draft)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("a draft says %q for %q", b[i], a[i])
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d tokens, in a draft %d", len(a), len(b))
	}
	if a, b := lineOf(full, "func main"), lineOf(draft, "func main"); a != b {
		t.Errorf("func main is on line %d, in a draft on %d", a, b)
	}
}

func tokens(t *testing.T, src []byte) (all []string) {
	var s scanner.Scanner
	fset := token.NewFileSet()
	s.Init(fset.AddFile("", -1, len(src)), src, func(_ token.Position, msg string) { t.Error(msg) }, scanner.ScanComments)
	for {
		_, tok, lit := s.Scan()
		if tok == token.EOF {
			return all
		}
		all = append(all, tok.String()+" "+strings.TrimSpace(lit)) // gofmt trims comments
	}
}

func lineOf(src []byte, what string) int {
	before, _, _ := bytes.Cut(src, []byte(what))
	return bytes.Count(before, []byte("\n")) + 1
}

// TestRoundTrip reads the printed plan back with Go's own constant arithmetic
// and holds it against the plan: nothing is left out and nothing is changed.
func TestRoundTrip(t *testing.T) {
	for _, in := range []Input{sample(), hostile(), many(30)} {
		pkg, info, file := check(t, mainOf(t, in))
		r := reader{pkg: pkg, info: info, vars: map[string]ast.Expr{}, made: map[string]reflect.Value{}}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				spec := g.Specs[0].(*ast.ValueSpec)
				r.vars[spec.Names[0].Name] = spec.Values[0]
			}
		}
		var got plan.Plan
		r.read(t, reflect.ValueOf(&got).Elem(), r.vars["image"])
		if !reflect.DeepEqual(&got, in.Plan) {
			t.Errorf("read back:\n%+v\nwant:\n%+v", got, *in.Plan)
		}
	}
}

// hostile is an image whose texts try to leave their literals and comments.
func hostile() Input {
	in := sample()
	for i, s := range hostileTexts {
		u := in.Plan.Units[i%2]
		u.Name, u.Description, u.Source = s, s, s
		in.Plan.Units = append(in.Plan.Units, u)
		in.Origins[s+" Service.KillSignal"] = s
	}
	in.Plan.Name = hostileTexts[0]
	in.Version = hostileTexts[1]
	return in
}

var hostileTexts = [...]string{
	"a\nfunc init() { panic(0) }",
	"*/ func init() { panic(0) } /*",
	"// x\n/* y",
	"/* x",
	"\"quoted\" `back` \\n",
	"\u2028\u2029\u202e\ufeff\r\v\f",
	"\xff\xfe\x00",
	"//go:build ignore",
	"//line /etc/passwd:1",
}

// TestHostile: whatever the texts are, there is one function and no directive
// to the toolchain.
func TestHostile(t *testing.T) {
	src := mainOf(t, hostile())
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "main.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	funcs := 0
	for _, d := range file.Decls {
		if _, ok := d.(*ast.FuncDecl); ok {
			funcs++
		}
	}
	if funcs != 1 {
		t.Errorf("%d functions", funcs)
	}
	for _, g := range file.Comments {
		for _, c := range g.List {
			if !strings.HasPrefix(c.Text, "// ") {
				t.Errorf("a comment in another form: %q", c.Text)
			}
		}
	}
	if pos := fset.Position(file.End()); pos.Filename != "main.go" {
		t.Errorf("the file calls itself %s", pos.Filename)
	}
}

// check type-checks main.go against the real package plan and the names that
// the runtime declares.
func check(t *testing.T, src []byte) (*types.Package, *types.Info, *ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "main.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: newImporter(t, fset)}
	pkg, err := conf.Check("main", fset, []*ast.File{file}, info)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return pkg, info, file
}

// sources imports rustysd's packages from their source, without function
// bodies, so that what the runtime does needs not be understood here.
type sources struct {
	t     *testing.T
	fset  *token.FileSet
	known map[string]*types.Package
}

func newImporter(t *testing.T, fset *token.FileSet) types.Importer {
	return &sources{t, fset, map[string]*types.Package{}}
}

func (s *sources) Import(path string) (*types.Package, error) {
	if pkg := s.known[path]; pkg != nil {
		return pkg, nil
	}
	dir, own := strings.CutPrefix(path, Module+"/")
	if !own {
		return importer.ForCompiler(s.fset, "source", nil).Import(path)
	}
	var files []*ast.File
	for _, name := range goFiles(s.t, filepath.Join("..", dir)) {
		f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: s, IgnoreFuncBodies: true, FakeImportC: true, Error: func(error) {}}
	pkg, _ := conf.Check(path, s.fset, files, nil)
	s.known[path] = pkg
	return pkg, nil
}

// goFiles are the files of a package for this architecture.
func goFiles(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no Go files: %v", dir, err)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "source.go") ||
			strings.HasSuffix(name, "_arm64.go")
	})
}

// TestEnums holds the table of names against plan's source.
func TestEnums(t *testing.T) {
	fset := token.NewFileSet()
	pkg, err := newImporter(t, fset).Import(planPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok || strings.HasPrefix(name, "Num") {
			continue
		}
		named, ok := c.Type().(*types.Named)
		if !ok {
			continue // no field can have a type of its own for it
		}
		if of := named.Obj().Name(); of != "Duration" && of != "UnitID" && !inTable(of, name, c.Val().ExactString()) {
			t.Errorf("plan.%s: add {uint64(plan.%s), %q} to %s in api.go", name, name, name, of)
		}
	}
}

func inTable(typ, name, value string) bool {
	for t, e := range enums {
		if t.Name() != typ {
			continue
		}
		for _, c := range e.names {
			if c.name == name && strconv.FormatUint(c.value, 10) == value {
				return true
			}
		}
	}
	return false
}

// TestFeatures: the runtime has a function for each feature.
func TestFeatures(t *testing.T) {
	in := sample()
	in.Plan.Features = 1<<len(enums[featuresType].names) - 1
	check(t, mainOf(t, in))
}

// TestStaticData builds an image of a stand-in for the runtime and demands that
// nothing is initialised when it starts: the plan lies in the data segment.
func TestStaticData(t *testing.T) {
	if testing.Short() {
		t.Skip("short: runs the toolchain")
	}
	dir := t.TempDir()
	in := many(20)
	files, err := Generate(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range goFiles(t, "../runtime/plan") {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files["runtime/plan/"+filepath.Base(name)] = content
	}
	files["runtime/runtime.go"] = []byte(standIn)
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	goCommand(t, dir, "build", "-o", "init", ".")
	symbols := goCommand(t, dir, "tool", "nm", "init")
	if !strings.Contains(symbols, " main.image\n") || !strings.Contains(symbols, " main.exec0\n") {
		t.Error("no main.image or main.exec0 in the executable")
	}
	for line := range strings.Lines(symbols) {
		if strings.Contains(line, " main.init") || strings.Contains(line, " main..inittask") {
			t.Errorf("initialised at run time: %s", line)
		}
	}
}

const standIn = `package runtime

import "rustysd/runtime/plan"

func Main(p *plan.Plan, features ...func()) { println(len(p.Units)) }
func Services() {}
func Sockets()  {}
func Notify()   {}
func Journal()  {}
func Expand()   {}
`

func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestTooMany: a unit's number has 16 bits.
func TestTooMany(t *testing.T) {
	if _, err := Generate(Input{Plan: &plan.Plan{Units: make([]plan.Unit, 0xFFFF+1)}}); err == nil {
		t.Error("no error")
	}
}

func BenchmarkGenerate1000(b *testing.B) {
	in := many(1000)
	in.Draft = true
	for b.Loop() {
		mainOf(b, in)
	}
}
