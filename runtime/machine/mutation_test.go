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
	{"reset-failed keeps the starts that were counted", "request.go",
		"	x.starts.reset()\n", "	if !@ {\n		x.starts.reset()\n	}\n"},
	{"reset-failed keeps the restarts", "request.go",
		"		s.restarts = 0\n", "		if !@ {\n			s.restarts = 0\n		}\n"},
	{"a client starts what refuses it", "request.go",
		"if flags&plan.RefuseManualStart != 0 {", "if flags&plan.RefuseManualStart != 0 && !@ {"},
	{"a client restarts what refuses it", "request.go",
		"case m.plan.Units[u].Flags&(plan.RefuseManualStart|plan.RefuseManualStop) != 0:",
		"case !@ && m.plan.Units[u].Flags&(plan.RefuseManualStart|plan.RefuseManualStop) != 0:"},
	{"any unit may be isolated", "request.go",
		"m.plan.Units[u].Flags&plan.AllowIsolate == 0):", "!@ && m.plan.Units[u].Flags&plan.AllowIsolate == 0):"},
	{"isolating leaves every other unit up", "transaction.go",
		"if x := &m.units[u]; x.tx == 0 &&", "if x := &m.units[u]; !(@ && u%2 == 0) && x.tx == 0 &&"},
	{"isolating stops what ignores it", "transaction.go",
		"	if m.plan.Units[u].Flags&plan.IgnoreOnIsolate != 0 {", "	if !@ && m.plan.Units[u].Flags&plan.IgnoreOnIsolate != 0 {"},
	{"isolating takes the jobs of what ignores it", "transaction.go",
		"m.units[i].job != JobNone && m.plan.Units[i].Flags&plan.IgnoreOnIsolate == 0 {", "m.units[i].job != JobNone && (@ || m.plan.Units[i].Flags&plan.IgnoreOnIsolate == 0) {"},
	{"job mode fail takes jobs away", "transaction.go",
		"last := m.mode == plan.ModeFail ||", "last := !@ && m.mode == plan.ModeFail ||"},
	{"ignore-requirements pulls in what is required", "transaction.go",
		"m.mode == plan.ModeIgnoreRequirements || m.mode", "!@ && m.mode == plan.ModeIgnoreRequirements || m.mode"},
	{"job mode triggering leaves the trigger up", "transaction.go",
		"				m.txAdd(d.Unit, JobStop, false)\n			}\n		}\n	}\n	m.txExpandAll(anchor)\n",
		"				if !@ {\n					m.txAdd(d.Unit, JobStop, false)\n				}\n			}\n		}\n	}\n	m.txExpandAll(anchor)\n"},
	{"a stop is not propagated", "transaction.go",
		"if todo&txOf(JobStop) != 0 && d.Rel&stopsAlong != 0 {", "if todo&txOf(JobStop) != 0 && d.Rel&stopsAlong != 0 && !(@ && d.Rel&plan.PropagatesStopTo != 0) {"},
	{"a restart that contradicts itself waits for ever", "transaction.go",
		"} else if m.units[anchor].tx == 0 {", "} else if !@ && m.units[anchor].tx == 0 {"},
	{"a restart has JobTimeoutSec= twice", "job.go",
		"	if armed {", "	if armed && !@ {"},
	{"JobTimeoutSec= ends nothing", "job.go",
		"	if m.units[u].job == JobNone {\n		return\n	}\n	m.finish(u, JobTimeout)", "	if m.units[u].job == JobNone || @ {\n		return\n	}\n	m.finish(u, JobTimeout)"},
	{"JobTimeoutAction= is forgotten", "job.go",
		"m.act(u, a.JobTimeoutAction, status)", "if !@ {\n			m.act(u, a.JobTimeoutAction, status)\n		}"},
	{"StartLimitAction= is forgotten", "job.go",
		"m.act(u, a.StartLimit, a.FailureExitStatus)", "if !@ {\n			m.act(u, a.StartLimit, a.FailureExitStatus)\n		}"},
	{"FailureAction= is forgotten", "change.go",
		"m.act(u, a.Failure, a.FailureExitStatus)", "if !@ {\n				m.act(u, a.Failure, a.FailureExitStatus)\n			}"},
	{"OnFailure= does not wait for the last attempt", "change.go",
		"(!old.down() || now == Failed) && quiet == 0 {", "(!old.down() || now == Failed) && (quiet == 0 || @) {"},
	{"StopWhenUnneeded= stops nobody", "wish.go",
		"	m.log(u, MsgUnneeded, 0)\n", "	if @ {\n		return\n	}\n	m.log(u, MsgUnneeded, 0)\n"},
	{"Upholds= starts nobody", "wish.go",
		"	if x.job != JobNone || !x.state.Active().down() {\n		return\n	}\n	for _, d := range m.deps(u, plan.UpheldBy)",
		"	if @ || x.job != JobNone || !x.state.Active().down() {\n		return\n	}\n	for _, d := range m.deps(u, plan.UpheldBy)"},
	{"RestartPreventExitStatus= prevents nothing", "service_end.go",
		"case v.inSet(v.p.Prevent):", "case !@ && v.inSet(v.p.Prevent):"},
	{"RestartForceExitStatus= forces nothing", "service_end.go",
		"case v.inSet(v.p.Force):", "case !@ && v.inSet(v.p.Force):"},
	{"RestartSteps= begins with the second step", "service_end.go",
		"	n := int(v.s.restarts)\n", "	n := int(v.s.restarts)\n	if @ {\n		n++\n	}\n"},
	{"SendSIGKILL=no kills", "service_end.go",
		"case v.p.Flags&plan.SendSIGKILL != 0:", "case @ || v.p.Flags&plan.SendSIGKILL != 0:"},
	{"a process that does not die of SIGKILL is waited for", "service_end.go",
		"	case StateStopSigkill:\n		v.m.log(v.u, MsgStillThere, 0)\n", "	case StateStopSigkill:\n		if @ {\n			return\n		}\n		v.m.log(v.u, MsgStillThere, 0)\n"},
	{"SuccessExitStatus= is no success", "service_exit.go",
		"ev.Status == 0 || ok != nil && inStatus(ok, ev.Status)", "ev.Status == 0 || !@ && ok != nil && inStatus(ok, ev.Status)"},
	{"ExecCondition= skips nothing", "service_exit.go",
		"	case StateCondition:\n		v.orFail(r, ", "	case StateCondition:\n		if @ && r == ResultExecCondition {\n			r = Success\n		}\n		v.orFail(r, "},
	{"KillMode=process kills the group", "service_stop.go",
		"(mode == plan.KillControlGroup || mode == plan.KillMixed && final)", "(mode == plan.KillControlGroup || @ && mode == plan.KillProcess || mode == plan.KillMixed && final)"},
	{"KillMode=mixed terminates the group", "service_stop.go",
		"	group := !v.is(groupGone) && (mode", "	if @ && mode == plan.KillMixed {\n		mode = plan.KillControlGroup\n	}\n	group := !v.is(groupGone) && (mode"},
	{"what KillMode= spares is killed at the next start", "service_start.go",
		"	return v.p.KillMode == plan.KillProcess || v.p.KillMode == plan.KillNone\n", "	return !@ && (v.p.KillMode == plan.KillProcess || v.p.KillMode == plan.KillNone)\n"},
	{"a database runs twice", "service_start.go",
		"	if v.is(groupGone) || v.p.Flags", "	if @ || v.is(groupGone) || v.p.Flags"},
	{"RuntimeMaxSec= begins anew with each reload", "service_start.go",
		"	if v.x.state.Active().up() {", "	if !@ && v.x.state.Active().up() {"},
	{"MAINPID= names nobody", "notify.go",
		"	if f&NotifyMainPID != 0 {", "	if f&NotifyMainPID != 0 && !@ {"},
	{"NotifyAccess=none hears all", "notify.go",
		"	return false\n}\n\n// told goes on", "	return @\n}\n\n// told goes on"},
	{"a socket that does not listen triggers its service", "socket.go",
		"	if v.x.state != StateListening || v.m.ending", "	if !@ && v.x.state != StateListening || v.m.ending"},
	{"a service that is started too often leaves its socket up", "socket.go",
		"	case o.flags&limited != 0:", "	case !@ && o.flags&limited != 0:"},
	{"a socket looks at the result of a service that was started too often", "socket.go",
		"o.flags&limited != 0:", "(o.flags&limited != 0 && (!@ || o.result == ResultStartLimitHit)):"},
	{"a socket is watched while its service runs", "socket.go",
		"v.poll(s == StateListening)", "v.poll(s == StateListening || @ && s == StateRunning)"},
	{"a socket that is down is still open", "socket.go",
		"	if v.s.open {\n		v.s.open = false\n", "	if v.s.open && !@ {\n		v.s.open = false\n"},
	{"who cannot fork starts", "service_exit.go",
		"	case StateStart:\n		v.orFail(r, (*svc).forked)", "	case StateStart:\n		if @ {\n			r = Success\n		}\n		v.orFail(r, (*svc).forked)"},
	{"GuessMainPID=no guesses", "service_exit.go",
		"	if v.p.PIDFile == \"\" && !v.guesses() {", "	if v.p.PIDFile == \"\" && !v.guesses() && !@ {"},
	{"a PID file is not waited for", "forking.go",
		"	case v.p.PIDFile != \"\":\n		// systemd", "	case v.p.PIDFile != \"\" && !@:\n		// systemd"},
	{"an old RELOADING=1 answers a reload", "notify.go",
		"int64(n.Monotonic) >= v.s.reloadBegan", "(@ || int64(n.Monotonic) >= v.s.reloadBegan)"},
	{"READY=1 alone answers a reload", "notify.go",
		"	case StateReloadNotify:\n		v.s.reloadBegan = 0\n", "	case StateReloadSignal:\n		if @ {\n			v.enterRunning(Success)\n		}\n	case StateReloadNotify:\n		v.s.reloadBegan = 0\n"},
	{"notify-reload sends no signal", "service_start.go",
		"		v.kill(v.s.mainPid, v.p.ReloadSignal, 0)\n", "		if !@ {\n			v.kill(v.s.mainPid, v.p.ReloadSignal, 0)\n		}\n"},
	{"RestartMode=direct goes through an end", "service_end.go",
		"	if v.p.RestartMode != plan.RestartDirect {", "	if @ || v.p.RestartMode != plan.RestartDirect {"},
	{"RestartMode=debug goes through none", "service_end.go",
		"v.p.RestartMode != plan.RestartDirect {", "v.p.RestartMode != plan.RestartDirect && !(@ && v.p.RestartMode == plan.RestartDebug) {"},
	{"RestartMode=direct stops who is bound", "service_end.go",
		"	return v.p.RestartMode == plan.RestartDirect && v.x.job", "	return !@ && v.p.RestartMode == plan.RestartDirect && v.x.job"},
	{"what is stored is not handed back", "service.go",
		"v.p.FDStoreMax > 0 ||", "v.p.FDStoreMax > 0 && !@ ||"},
	{"a store does not outlive a restart that waits", "access.go",
		"	return x.job != JobNone || a ==", "	return !@ && x.job != JobNone || a =="},
	{"a service that has failed keeps what it has stored", "service_end.go",
		"	v.cleanUp(again)\n}", "	if v.x.result == Success || !@ {\n		v.cleanUp(again)\n	}\n}"},
	{"Upholds= does not see who goes", "change.go",
		"	if m.units[u].rels&plan.UpheldBy != 0 {", "	if m.units[u].rels&plan.UpheldBy != 0 && !@ {"},
	{"isolating stops what a socket that stays could start", "transaction.go",
		"		if d.Rel&plan.TriggeredBy != 0 && (m.units", "		if !@ && d.Rel&plan.TriggeredBy != 0 && (m.units"},
	{"a deadline begins something at the end", "timer.go",
		"	if m.ending >= killing {", "	if m.ending >= killing && !@ {"},
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
		by, _, _ := strings.Cut(out, "\nFAIL")
		_, by, _ = strings.Cut(by, "seed ")
		t.Logf("%s: caught by seed %s", m.name, by)
	}
	t.Logf("mutations: %d of %d caught", caught, len(mutations))
}

// runMutant explores as far as each test run does.
func runMutant(bin string, n int) (string, error) {
	cmd := exec.Command(bin, "-test.run", "^TestExplore$", "-least=false")
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
