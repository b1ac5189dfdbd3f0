package compiler

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

// TestRealUnits puts every unit file of this machine and of the corpus through
// the compiler, as a root's and as the user's own. What it says about them is
// the business of other tests; here it must say it without a panic, in the
// same words each time.
func TestRealUnits(t *testing.T) {
	var dirs []string
	if corpus := means.FindCorpus(t); corpus != "" {
		dirs = unitFolders(t, corpus)
		if len(dirs) == 0 {
			t.Errorf("the corpus %s has no unit folders", corpus)
		}
	}
	const machines = "/lib/systemd/system"
	if _, err := os.Stat(machines); err == nil || means.InCI() {
		means.Files(t, machines)
		dirs = append(dirs, machines)
	}
	if len(dirs) == 0 {
		means.Missing(t, "unit files to try")
	}
	for _, d := range dirs {
		o := Options{UnitDirs: []string{d}}
		sameTwice(t, o)
	}
	sameTwice(t, Options{UnitDirs: dirs})
	sameTwice(t, Options{Root: "/"})
}

// sameTwice compiles twice and compares.
func sameTwice(t *testing.T, o Options) {
	t.Helper()
	a, l1 := compileTo(o, "")
	b, l2 := compileTo(o, "")
	if x, y := treeText(l1), treeText(l2); x != y {
		t.Errorf("%v: the diagnostics differ from run to run:\n%s", o, firstOther(x, y))
	}
	if a.plan != nil && a.plan.Digest != b.plan.Digest {
		t.Errorf("%v: the plans differ from run to run", o)
	}
	for _, d := range l1 {
		if d.Code == "" || d.Msg == "" || strings.Contains(d.Msg, "\n") {
			t.Errorf("bad diagnostic %+v", d)
		}
	}
}

func firstOther(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return x[i]
		}
	}
	return "the second has more"
}

// TestSamePlanElsewhere compiles the same units in two folders.
func TestSamePlanElsewhere(t *testing.T) {
	var digests []string
	for range 2 {
		dir := filepath.Join(t.TempDir(), "units")
		must(t, os.Mkdir(dir, 0o777))
		writeUnits(t, dir, 20)
		res, l, _ := Compile(Options{UnitDirs: []string{dir}})
		if res.Plan == nil {
			t.Fatal(treeText(l))
		}
		digests = append(digests, res.Plan.Digest)
		if text := Dump(res.Plan); strings.Contains(text, filepath.Dir(dir)) {
			t.Errorf("the plan names the folder of the build: %s", text)
		}
		for _, at := range res.Origins {
			if strings.Contains(at, filepath.Dir(dir)) {
				t.Errorf("an origin names the folder of the build: %s", at)
			}
		}
	}
	if digests[0] != digests[1] {
		t.Errorf("two folders, two plans: %v", digests)
	}
}

// TestCyclicClique must end, and show a cycle of two.
func TestCyclicClique(t *testing.T) {
	dir := t.TempDir()
	writeClique(t, dir, 300, true)
	_, l, _ := Compile(Options{UnitDirs: []string{dir}})
	if l.Count(diag.Error) != 1 || !strings.Contains(treeText(l), "cycle: u0.service → u1.service → u0.service [ordering-cycle]") {
		t.Error(treeText(l))
	}
}

// TestLongCycle has one cycle of many units, which recursion would not stand.
func TestLongCycle(t *testing.T) {
	dir := t.TempDir()
	const n = 3000
	for i := range n {
		text := fmt.Sprintf("[Unit]\nAfter=u%d.service\n[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n", (i+1)%n)
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("u%d.service", i)), []byte(text), 0o666))
	}
	_, l, _ := Compile(Options{UnitDirs: []string{dir}})
	if l.Count(diag.Error) != 1 || len(l[0].Related) != n {
		t.Error(l.Count(diag.Error), len(l[0].Related))
	}
}

// TestCycles compares the search for cycles with a slow one on small random
// graphs: whether there is a cycle, and how long a shortest one is.
func TestCycles(t *testing.T) {
	rnd := uint32(1)
	next := func(n int) int { rnd = rnd*1664525 + 1013904223; return int(rnd>>8) % n }
	for range 2000 {
		n := 2 + next(6)
		s := randomOrder(n, 1+next(2*n), next)
		got := 0
		for _, knot := range s.knots() {
			if c := s.shortestCycle(knot); got == 0 || len(c) < got {
				got = len(c)
			}
		}
		if want := slowCycle(s); got != want {
			t.Fatalf("%d units: a shortest cycle of %d, want %d", n, got, want)
		}
	}
}

// randomOrder is an image of n units with random After= edges.
func randomOrder(n, edges int, next func(int) int) *unitSet {
	s := &unitSet{}
	for i := range n {
		s.image = append(s.image, &unit{name: fmt.Sprint(i), id: plan.UnitID(i), kept: true})
	}
	for range edges {
		u := s.image[next(n)]
		u.link(plan.After, "", cause{}).to.unit = s.image[next(n)]
	}
	var l diag.List
	s.relate(&l)
	return s
}

// slowCycle is the length of a shortest cycle, by distances between all pairs.
func slowCycle(s *unitSet) int {
	const far = 1000
	n := len(s.image)
	dist := make([][]int, n)
	for i := range dist {
		dist[i] = make([]int, n)
		for j := range dist[i] {
			dist[i][j] = far
		}
		for _, d := range s.image[i].deps {
			if d.Rel&plan.After != 0 {
				dist[i][d.Unit] = 1
			}
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				dist[i][j] = min(dist[i][j], dist[i][k]+dist[k][j])
			}
		}
	}
	best := far
	for i := range n {
		best = min(best, dist[i][i])
	}
	if best == far {
		return 0
	}
	return best
}
