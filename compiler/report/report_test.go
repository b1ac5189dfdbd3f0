package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"rustysd/compiler"
	"rustysd/runtime/plan"
)

var update = flag.Bool("update", false, "write the pages and pictures anew")

// units writes unit files to a folder.
func units(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, files map[string]string) *compiler.Image {
	t.Helper()
	m, list, err := compiler.Load(compiler.Options{UnitDirs: []string{units(t, files)}})
	if err != nil || m.Plan == nil {
		t.Fatal(err, list)
	}
	return m
}

// image has each kind of arrow, and an implied one.
var image = map[string]string{
	"default.target": "[Unit]\nRequires=web.service\nAfter=web.service db.service\nWants=odd.service\n",
	"web.service":    "[Unit]\nDescription=<Web> & \"more\"\nRequires=db.service\nAfter=db.service cache.socket\nConflicts=old.service\nOnFailure=alarm.service\n[Service]\nExecStart=/bin/web -p 80 \"a b\"\nRestart=always\n",
	"db.service":     "[Service]\nType=notify\nExecStart=/bin/db\nTimeoutStopSec=7\n",
	"cache.socket":   "[Socket]\nListenStream=/run/c\n",
	"cache.service":  "[Service]\nExecStart=/bin/cache\n",
	"alarm.service":  "[Service]\nExecStart=/bin/alarm\n",
	"odd.service":    "[Unit]\nWants=cache.socket\n[Service]\nExecStart=/bin/odd\n",
	"old.service":    "[Service]\nExecStart=/bin/old\n",
}

// TestPage holds the reference page of the directives against the table.
func TestPage(t *testing.T) { golden(t, "../directives.md", DirectivesPage()) }

// TestPictures holds the drawings of a small image, to be looked at when they
// change.
func TestPictures(t *testing.T) {
	g, err := NewGraph(load(t, image).Plan, Select{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/image.svg", g.SVG())
	golden(t, "testdata/image.dot", g.Dot())
	golden(t, "testdata/image.txt", g.Tree())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%s is stale (%v): go test ./compiler/report -update, and look at the difference", file, err)
	}
}

// TestSVGIsXML: a picture is well formed whatever the units are called, names
// each unit, and no two boxes overlap.
func TestSVGIsXML(t *testing.T) {
	for _, n := range []int{0, 1, 2, 60} {
		g := &Graph{Title: "<&\x1b\">"}
		for i := range n {
			g.Nodes = append(g.Nodes, Node{Name: fmt.Sprintf("a\\x2d<%d>&.service", i), Type: "service"})
			for _, to := range []int{(i * 7) % n, (i*i + 3) % n, (i + 1) % n} {
				if to != i {
					g.Arcs = append(g.Arcs, Arc{From: i, To: to, Kind: ArcKind(i % 6), Ordered: i%2 == 0})
				}
			}
		}
		svg := g.SVG()
		dec := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%d: %v", n, err)
			}
		}
		if got := strings.Count(svg, `<rect class="box`); got != n {
			t.Errorf("%d boxes of %d units", got, n)
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%d: a place is no number", n)
		}
		checkOverlap(t, newLayout(g))
	}
}

func checkOverlap(t *testing.T, l *layout) {
	t.Helper()
	for i := range l.cells {
		for j := range i {
			a, b := &l.cells[i], &l.cells[j]
			if a.node >= 0 && b.node >= 0 && abs(a.x-b.x) < (a.w+b.w)/2 && abs(a.y-b.y) < (a.h+b.h)/2 {
				t.Errorf("the boxes %d and %d overlap", a.node, b.node)
			}
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// TestReduced: an arrow of order that others imply is not drawn; one of
// requirement always is.
func TestReduced(t *testing.T) {
	g := &Graph{Nodes: make([]Node, 3), Arcs: []Arc{
		{0, 1, ArcOrder, true}, {1, 2, ArcOrder, true}, {0, 2, ArcOrder, true}, {0, 2, ArcRequires, true},
	}}
	want := []Arc{g.Arcs[0], g.Arcs[1], g.Arcs[3]}
	if got := g.reduced().Arcs; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// TestRing: a graph without an arrow-free root is drawn all the same.
func TestRing(t *testing.T) {
	g := &Graph{Nodes: []Node{{Name: "a"}, {Name: "b"}}, Arcs: []Arc{{0, 1, ArcWants, false}, {1, 0, ArcWants, false}}}
	if got, want := g.Tree(), "a\n└─ wants b\n   └─ wants a (above)\n"; got != want {
		t.Errorf("%s", got)
	}
}

// TestDocumentRoundTrip: a document comes back from its JSON and from behind an
// executable as it was.
func TestDocumentRoundTrip(t *testing.T) {
	m := load(t, image)
	doc := Describe(m.Result)
	back, err := ParseDocument(doc.JSON())
	if err != nil || !reflect.DeepEqual(doc, back) {
		t.Errorf("JSON: %v", err)
	}
	file := append([]byte("\x7fELF some program"), Trailer(doc)...)
	back, err = ReadTrailer(bytes.NewReader(file), int64(len(file)))
	if err != nil || !reflect.DeepEqual(doc, back) {
		t.Errorf("trailer: %v", err)
	}
}

// TestBadTrailer: what is no trailer, or a damaged one, is an error and no
// panic.
func TestBadTrailer(t *testing.T) {
	m := load(t, image)
	good := Trailer(Describe(m.Result))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x55
		if doc, err := ReadTrailer(bytes.NewReader(bad), int64(len(bad))); err == nil && doc.Schema != Schema {
			t.Errorf("byte %d: %+v", i, doc)
		}
		if _, err := ReadTrailer(bytes.NewReader(good[:i]), int64(i)); err == nil {
			t.Errorf("%d bytes of it are taken for the whole", i)
		}
	}
}

// TestBadDocument: another schema is refused, and what is no plan at all.
func TestBadDocument(t *testing.T) {
	for text, want := range map[string]string{`{"schema":99}`: "schema is 99", `{}`: "no \"schema\"", `[]`: "not the JSON of a plan", ``: "not the JSON"} {
		if _, err := ParseDocument([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestEveryFieldCounts: whichever field of a unit's service changes, Diff sees
// it: the plan's types are walked, so that a new field cannot be forgotten.
func TestEveryFieldCounts(t *testing.T) {
	base := func() *plan.Plan {
		return &plan.Plan{Name: "t.target", Units: []plan.Unit{{Name: "a.service", Service: &plan.Service{}}}}
	}
	n := reflect.TypeFor[plan.Service]().NumField()
	for i := range n {
		p := base()
		f := reflect.ValueOf(p.Units[0].Service).Elem().Field(i)
		name := reflect.TypeFor[plan.Service]().Field(i).Name
		switch {
		case f.CanInt():
			f.SetInt(3)
		case f.CanUint():
			f.SetUint(3)
		case f.Kind() == reflect.String:
			f.SetString("x")
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		default:
			continue // slices and pointers are walked into
		}
		if got := Diff(describePlan(base(), nil), describePlan(p, nil), false); !strings.Contains(got, "Service."+name) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestDefaultsAreDirectives: what Effective shows as a default is in the table.
func TestDefaultsAreDirectives(t *testing.T) {
	known := map[string]bool{}
	for _, d := range compiler.Directives() {
		known[d.Section+" "+d.Name] = true
	}
	for _, d := range defaults {
		if !known[d.section+" "+d.key] {
			t.Errorf("no directive %s= in [%s]", d.key, d.section)
		}
	}
}

// TestNothingSteers: control characters out of unit files reach no terminal,
// by whichever verb.
func TestNothingSteers(t *testing.T) {
	m := load(t, map[string]string{
		"a.service": "[Unit]\nDescription=x\x1b[31my\u009bz\u202e\n[Service]\nExecStart=/bin/a \x1b]0;t\x07\n[Install]\nWantedBy=multi-user.target\n",
	})
	g, err := NewGraph(m.Plan, Select{})
	if err != nil {
		t.Fatal(err)
	}
	cat, _ := Cat(m, "a.service")
	effective, _ := Effective(m, "a.service")
	why, _ := Why(m, "a.service")
	doc := Describe(m.Result)
	for i, text := range []string{g.Tree(), g.Dot(), g.SVG(), cat, effective, why, List(m), Diff(&Document{}, doc, true)} {
		if strings.ContainsAny(text, "\x1b\x07\u202e\u009b") || text == "" {
			t.Errorf("%d: %q", i, text)
		}
	}
}

// TestAnyOrder: the same units give the same text, whatever the order of maps.
func TestAnyOrder(t *testing.T) {
	m := load(t, image)
	text := func() string {
		g, _ := NewGraph(m.Plan, Select{})
		e, _ := Effective(m, "web.service")
		return g.SVG() + g.Dot() + g.Tree() + e + string(Describe(m.Result).JSON())
	}
	first := text()
	for range 20 {
		if text() != first {
			t.Fatal("the text differs from run to run")
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	g := &Graph{}
	for i := range 1000 {
		g.Nodes = append(g.Nodes, Node{Name: fmt.Sprintf("u%d.service", i), Type: "service"})
		for k := range min(i, 3) {
			g.Arcs = append(g.Arcs, Arc{From: i, To: (i * (k + 3)) % i, Ordered: true})
		}
	}
	for b.Loop() {
		g.SVG()
	}
}
