package machine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A test is worth what it catches. Each of these is a bug that somebody could
// write into the machine; the explorer must find each, and none in the machine
// as it is. All are in one copy of the machine, each behind the number of its
// own, so that it is compiled once.

// mutation is a text of a source file, and the bug in its place; @ stands for
// the condition that it is the one to be tried.
type mutation struct{ name, file, old, bug string }

var mutations = []mutation{
	{"a start does not wait for what it is after", "job.go",
		"return rel&plan.After != 0 && !own.takesDown() ||", "return !@ && rel&plan.After != 0 && !own.takesDown() ||"},
	{"a stop does not wait for what is after it", "job.go",
		"rel&plan.Before != 0 && other.takesDown()", "!@ && rel&plan.Before != 0 && other.takesDown()"},
	{"a failed start lets those go that require it", "job.go",
		"	m.failThose(u, rels)\n	m.uninstall(u)\n", "	if !@ {\n		m.failThose(u, rels)\n	}\n	m.uninstall(u)\n"},
	{"start limits are not kept", "rate.go",
		"if r.n >= burst {", "if r.n >= burst && !@ {"},
	{"a job that ends does not let those go that waited", "job.go",
		"		o.waits--\n		m.enqueue(d.Unit)\n", "		o.waits--\n		if !@ {\n			m.enqueue(d.Unit)\n		}\n"},
	{"a stop that takes too long goes on for ever", "service_end.go",
		"	case StateStop, StateStopSigterm:\n", "	case StateStop, StateStopSigterm:\n		if @ {\n			return\n		}\n"},
	{"a service is dead while processes are left", "service_stop.go",
		"	if n > 0 {\n		v.counted(false)", "	if n > 0 && !@ {\n		v.counted(false)"},
	{"Restart=no restarts", "service_end.go",
		"	switch setting {\n	case plan.RestartAlways:", "	if @ && r != Success {\n		return true\n	}\n	switch setting {\n	case plan.RestartAlways:"},
	{"a unit starts without what it is bound to", "job.go",
		"if by := m.unbound(u); by != plan.NoUnit {", "if by := m.unbound(u); by != plan.NoUnit && !@ {"},
	{"a main process that ended is still the main process", "service_exit.go",
		"	v.s.mainPid, v.s.code, v.s.status = 0, ev.Code, ev.Status\n",
		"	if !@ {\n		v.s.mainPid = 0\n	}\n	v.s.code, v.s.status = ev.Code, ev.Status\n"},
}

func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("short: compiles a copy of the machine")
	}
	bin := mutated(t)
	if out, err := runMutant(bin, 0); err != nil {
		t.Fatalf("without a bug: %v\n%s", err, out)
	}
	caught := 0
	for n, m := range mutations {
		out, err := runMutant(bin, n+1)
		if err == nil {
			t.Errorf("not caught: %s\n%s", m.name, out)
			continue
		}
		caught++
		by, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(out, "--- FAIL: TestExplore")), "\n        the least")
		_, by, _ = strings.Cut(by, "seed ")
		t.Logf("%s: caught by seed %s", m.name, by)
	}
	t.Logf("mutations: %d of %d caught", caught, len(mutations))
}

// runMutant explores as far as each test run does.
func runMutant(bin string, n int) (string, error) {
	cmd := exec.Command(bin, "-test.run", "^TestExplore$")
	cmd.Env = append(os.Environ(), "MACHINE_MUTANT="+strconv.Itoa(n))
	out, err := cmd.CombinedOutput()
	return string(out[:min(len(out), 4000)]), err
}

// mutated compiles the tests of a copy of the machine that has the bugs.
func mutated(t *testing.T) string {
	dir := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module rustysd\n\ngo 1.26.0\n")
	write("runtime/machine/mutant.go", "package machine\n\n// Mutant is the bug that is tried.\nvar Mutant int\n")
	write("runtime/machine/mutant_test.go", "package machine_test\n\nimport (\n\t\"os\"\n\t\"strconv\"\n\n\t\"rustysd/runtime/machine\"\n)\n\n"+
		"func init() { machine.Mutant, _ = strconv.Atoi(os.Getenv(\"MACHINE_MUTANT\")) }\n")
	done := make([]bool, len(mutations))
	for _, pattern := range []string{"*.go", "sim/*.go", "../plan/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if to := filepath.Join("runtime/machine", name); !strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "explore") || name == "export_test.go" {
				write(to, mutate(string(text), name, done))
			}
		}
	}
	for n, ok := range done {
		if !ok {
			t.Fatalf("%s: %s does not have\n%s", mutations[n].name, mutations[n].file, mutations[n].old)
		}
	}
	bin := filepath.Join(dir, "mutants")
	cmd := exec.Command("go", "test", "-c", "-o", bin, "./runtime/machine")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// mutate writes the bugs of a file into its text.
func mutate(text, name string, done []bool) string {
	for n, m := range mutations {
		if m.file == name && strings.Count(text, m.old) == 1 {
			done[n] = true
			text = strings.Replace(text, m.old, strings.ReplaceAll(m.bug, "@", "(Mutant == "+strconv.Itoa(n+1)+")"), 1)
		}
	}
	return text
}
