package runtime

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

// buildC compiles a program of testdata.
func buildC(t testing.TB, name string, flags ...string) string {
	t.Helper()
	cc := means.Program(t, "cc")
	out := filepath.Join(t.TempDir(), strings.TrimSuffix(name, ".c"))
	args := append([]string{"-O2", "-o", out, filepath.Join("testdata", name)}, flags...)
	if text, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, text)
	}
	return out
}

func buildStatic(t testing.TB) *plan.Command {
	return command(buildC(t, "exit.c", "-static", "-nostdlib"))
}

// BenchmarkSpawn prints this spawner's time as a ratio to a loop of
// posix_spawn in C, measured in turns: of a row, where children may overlap,
// and of a chain. The budget is 1.0.
func BenchmarkSpawn(b *testing.B) {
	for _, chain := range []bool{false, true} {
		name := map[bool]string{false: "row", true: "chain"}[chain]
		b.Run(name, func(b *testing.B) {
			limit, program := buildC(b, "spawn.c"), buildStatic(b)
			k := newKid(b, plain)
			var ours, theirs time.Duration
			for b.Loop() {
				theirs += runYardstick(b, limit, name, program.Path)
				ours += spawnAll(k, program, chain)
			}
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
			b.ReportMetric(float64(ours.Microseconds())/float64(b.N)/benchCount, "µs/spawn")
		})
	}
}

const benchCount = 500

func runYardstick(b *testing.B, limit, name, program string) time.Duration {
	out, err := exec.Command(limit, name, strconv.Itoa(benchCount), program).Output()
	if err != nil {
		b.Fatal(err)
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(ns)
}

// spawnAll starts benchCount children and reaps them all.
func spawnAll(k *kid, program *plan.Command, chain bool) time.Duration {
	requests := make([]spawnRequest, benchCount)
	start := time.Now()
	for n := range requests {
		requests[n] = spawnRequest{cmd: program, exec: &noExec, stdin: k.null, stdout: k.null, stderr: k.null, cgroup: -1}
		k.submit(&requests[n])
		if chain {
			syscall.Wait4(int(k.wait().pid), nil, 0, nil)
		}
	}
	if !chain {
		for range requests {
			syscall.Wait4(int(k.wait().pid), nil, 0, nil)
		}
	}
	return time.Since(start)
}

// BenchmarkEnvironment is the budget of 5 µs for 20 variables.
func BenchmarkEnvironment(b *testing.B) {
	p := &plan.Plan{LowFDs: 20, Environment: []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}}
	x := &plan.Exec{UnsetEnv: []string{"LANG"}}
	for n := range 16 {
		x.Env = append(x.Env, "VARIABLE_"+itoa(int64(n))+"=some value of it")
	}
	s, _ := newSpawner(p, os.Environ())
	defer closeFD(s.fd)
	a, _ := newArena(arenaSize)
	defer a.unmap()
	r := &spawnRequest{exec: x, vars: []string{"INVOCATION_ID=0123", "NOTIFY_SOCKET=/run/x"}}
	b.ReportAllocs()
	for b.Loop() {
		bl := builder{spawner: s, req: r, arena: &a}
		bl.reset(bl.atMost())
		bl.environ(s.environment(r))
	}
}
