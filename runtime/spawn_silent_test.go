package runtime

import (
	"testing"

	"rustysd/runtime/plan"
)

// A start without a pipe is answered, whatever its program needs: where the
// kernel does not tell when the child has let go, it has a pipe after all.
func TestSilentStartsAreAnswered(t *testing.T) {
	credentials := []plan.Call{{Sys: plan.SysSetresuid, Step: plan.StepUser, Arg: [6]uint64{^uint64(0), ^uint64(0), ^uint64(0)}}}
	for _, c := range []struct {
		name     string
		exec     plan.Exec
		noClone3 bool
		silent   bool
	}{
		{"plain", plan.Exec{}, false, true},
		{"memory of its own", plan.Exec{OwnMemory: true}, false, false},
		{"changes its user", plan.Exec{Calls: credentials}, false, false},
		{"no clone3", plan.Exec{}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKid(t, plain)
			k.cloner.noClone3 = c.noClone3
			r := &spawnRequest{cmd: command("/bin/echo", "heard"), exec: &c.exec, soonHeard: true}
			if got := k.mayBeSilent(r); got != c.silent {
				t.Errorf("may be silent: %v", got)
			}
			res := k.run(r)
			if res.out != "heard\n" || res.step != 0 || res.errno != 0 || res.status != 0 {
				t.Errorf("printed %q, step %v, errno %v, status %v", res.out, res.step, res.errno, res.status)
			}
			if k.silent != nil || k.busy != 0 {
				t.Errorf("the spawner still waits: silent %v, busy %d", k.silent, k.busy)
			}
		})
	}
}

// What is found out too late, when the table is made, is no hang either.
func TestSilentStartIsGivenUp(t *testing.T) {
	k := newKid(t, plain)
	sl, errno := k.takeSlot()
	if errno != 0 {
		t.Fatal(errno)
	}
	r := &spawnRequest{cmd: command("/bin/true"), exec: &plan.Exec{OwnMemory: true}, stdin: k.null, stdout: k.null, stderr: k.null, cgroup: noFD}
	if errno := k.start(sl, r, noFD); errno != retryClone {
		t.Errorf("a child that cannot be heard of was made: %v", errno)
	}
}

// A program that cannot be executed is told as with a pipe.
func TestSilentStartTellsFailure(t *testing.T) {
	k := newKid(t, plain)
	res := k.run(&spawnRequest{cmd: command("/no/such/program"), soonHeard: true})
	if res.step != plan.StepExec || res.errno != 2 {
		t.Errorf("step %v, errno %v", res.step, res.errno)
	}
}
