package machine_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"rustysd/internal/means"
	"rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// image is a plan of services that a target wants and waits for.
func image(services ...*plan.Service) *plan.Plan {
	n := len(services)
	p := &plan.Plan{Target: plan.UnitID(n), StopTimeout: 30 * plan.Minute, Units: make([]plan.Unit, n+1)}
	for i, s := range services {
		p.Units[i] = plan.Unit{Name: fmt.Sprintf("u%d.service", i), Kind: plan.KindService, Service: s,
			StartLimitBurst: 5, StartLimitInterval: 10 * plan.Second}
		relate(p, plan.UnitID(n), plan.UnitID(i), plan.After|plan.Wants)
	}
	p.Units[n].Name = "all.target"
	return p
}

// live boots p, with the same program for each command of a role.
func live(p *plan.Plan, by map[plan.Role]sim.Program) *sim.World {
	w := sim.New(p)
	w.Program = func(u plan.UnitID, c uint16) sim.Program { return by[p.Units[u].Service.Commands[c].Role] }
	w.Do(machine.Event{Kind: machine.EvBoot})
	return w
}

func done(code machine.ExitCode, status int32) sim.Program {
	return sim.Program{Now: true, Code: code, Status: status, Ready: sim.Never}
}

// The table of systemd.service(5), "Restart=": exit causes down, settings
// across.
func TestRestartTable(t *testing.T) {
	settings := []plan.Restart{plan.RestartNo, plan.RestartAlways, plan.RestartOnSuccess, plan.RestartOnFailure,
		plan.RestartOnAbnormal, plan.RestartOnAbort, plan.RestartOnWatchdog}
	table := []struct {
		cause string
		want  string // x where it restarts
		prog  sim.Program
		res   machine.Result
		tune  func(*plan.Service)
	}{
		{"exit 0", ".xx....", sim.Program{Life: plan.Second}, machine.Success, nil},
		{"SIGTERM", ".xx....", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 15}, machine.Success, nil},
		{"SIGHUP", ".xx....", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 1}, machine.Success, nil},
		{"SIGINT", ".xx....", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 2}, machine.Success, nil},
		{"SIGPIPE", ".xx....", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 13}, machine.Success, nil},
		{"exit 1", ".x.x...", sim.Program{Life: plan.Second, Status: 1}, machine.ResultExitCode, nil},
		{"SIGSEGV", ".x.xxx.", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 11}, machine.ResultSignal, nil},
		{"core", ".x.xxx.", sim.Program{Life: plan.Second, Code: machine.Dumped, Status: 11}, machine.ResultCoreDump, nil},
		{"timeout", ".x.xx..", sim.Program{}, machine.ResultTimeout, func(s *plan.Service) { s.RuntimeMax = plan.Second }},
		{"start timeout", ".x.xx..", sim.Program{Ready: sim.Never}, machine.ResultTimeout, func(s *plan.Service) {
			s.Type, s.NotifyAccess, s.TimeoutStart = plan.TypeNotify, plan.NotifyMain, plan.Second
		}},
		{"watchdog", ".x.xx.x", sim.Program{}, machine.ResultWatchdog, func(s *plan.Service) {
			s.Type, s.NotifyAccess, s.Watchdog = plan.TypeNotify, plan.NotifyMain, plan.Second
		}},
		{"exit 7 is success", ".xx....", sim.Program{Life: plan.Second, Status: 7}, machine.Success, func(s *plan.Service) {
			s.Success = &plan.ExitSet{Status: [4]uint64{1 << 7}}
		}},
		{"SIGUSR1 is success", ".xx....", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 10}, machine.Success, func(s *plan.Service) {
			s.Success = &plan.ExitSet{Signals: [2]uint64{1 << 10}}
		}},
		{"SIGRTMAX is success", ".xx....", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 64}, machine.Success, func(s *plan.Service) {
			s.Success = &plan.ExitSet{Signals: [2]uint64{1: 1}}
		}},
		{"exit 1 prevents", ".......", sim.Program{Life: plan.Second, Status: 1}, machine.ResultExitCode, func(s *plan.Service) {
			s.Prevent = &plan.ExitSet{Status: [4]uint64{1 << 1}}
		}},
		{"SIGSEGV prevents", ".......", sim.Program{Life: plan.Second, Code: machine.Killed, Status: 11}, machine.ResultSignal, func(s *plan.Service) {
			s.Prevent = &plan.ExitSet{Signals: [2]uint64{1 << 11}}
		}},
		{"exit 0 forces", "xxxxxxx", sim.Program{Life: plan.Second}, machine.Success, func(s *plan.Service) {
			s.Force = &plan.ExitSet{Status: [4]uint64{1}}
		}},
	}
	for _, row := range table {
		for i, setting := range settings {
			s := newService(plan.TypeSimple)
			s.Restart = setting
			if row.tune != nil {
				row.tune(s)
			}
			w := live(image(s), map[plan.Role]sim.Program{plan.ExecStart: row.prog})
			for i := 0; i < 105 && w.Machine.State(0) != machine.StateAutoRestart; i++ {
				w.Run(10 * plan.Millisecond)
			}
			got := w.Machine.State(0) == machine.StateAutoRestart
			if want := row.want[i] == 'x'; got != want {
				t.Errorf("%s, Restart=%d: restarts %t, want %t (%s)", row.cause, setting, got, want, w.Machine.State(0))
			}
			if r := w.Machine.Result(0); r != row.res {
				t.Errorf("%s, Restart=%d: result %s, want %s", row.cause, setting, r, row.res)
			}
		}
	}
}

// A unit that is stopped by hand is not restarted, whatever Restart= says.
func TestStopForbidsRestart(t *testing.T) {
	s := newService(plan.TypeSimple)
	s.Restart = plan.RestartAlways
	w := live(image(s), nil)
	w.Run(plan.Second)
	w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbStop, Unit: 0})
	w.Run(plan.Minute)
	if got := w.Machine.State(0); got != machine.StateDead {
		t.Fatalf("state %s after a stop", got)
	}
}

// systemd.unit(5), "StartLimitIntervalSec=": five starts in ten seconds, then
// no more, and those who require it fall.
func TestStartLimit(t *testing.T) {
	s, other := newService(plan.TypeSimple), newService(plan.TypeSimple)
	s.Restart = plan.RestartAlways
	p := image(s, other)
	relate(p, 1, 0, plan.Requires|plan.After)
	w := sim.New(p)
	starts := 0
	w.Program = func(u plan.UnitID, c uint16) sim.Program {
		if u == 1 {
			return sim.Program{}
		}
		starts++
		return sim.Program{Life: plan.Millisecond, Status: 1}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	if !w.Run(plan.Minute) {
		t.Fatal("does not come to rest")
	}
	if starts != 5 || w.Machine.State(0) != machine.StateFailed || w.Machine.Result(0) != machine.ResultExitCode && w.Machine.Result(0) != machine.ResultStartLimitHit {
		t.Fatalf("%d starts, %s, %s", starts, w.Machine.State(0), w.Machine.Result(0))
	}
	if got := w.Machine.Active(1); got != machine.Inactive {
		t.Fatalf("the requirer is %s", got)
	}
}

// Each role's commands run in order, and each state is passed through.
func TestLifeOfAService(t *testing.T) {
	s := newService(plan.TypeNotify, plan.ExecCondition, plan.ExecStartPre, plan.ExecStart,
		plan.ExecStartPost, plan.ExecStop, plan.ExecStopPost)
	w := sim.New(image(s))
	w.Program = func(u plan.UnitID, c uint16) sim.Program {
		if s.Commands[c].Role == plan.ExecStart {
			return sim.Program{Spawn: 1, Ready: 1, Dies: 1}
		}
		return sim.Program{Spawn: 1, Life: 1}
	}
	var path []string
	w.Seen = func(machine.Event, []machine.Action) {
		if s := w.Machine.State(0).String(); len(path) == 0 || path[len(path)-1] != s {
			path = append(path, s)
		}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Second)
	w.Do(machine.Event{Kind: machine.EvShutdown})
	w.Run(plan.Minute)
	want := "condition start-pre start start-post running stop stop-sigterm stop-post final-sigterm dead"
	if got := strings.Join(path, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !w.Exited || w.Status != 0 {
		t.Errorf("exited %t, status %d", w.Exited, w.Status)
	}
}

// systemd.kill(5): a process that does not care for SIGTERM is killed after
// TimeoutStopSec=, and ExecStopPost= runs all the same.
func TestDeafService(t *testing.T) {
	s := newService(plan.TypeSimple, plan.ExecStart, plan.ExecStopPost)
	s.TimeoutStop = 3 * plan.Second
	w := live(image(s), map[plan.Role]sim.Program{
		plan.ExecStart: {Deaf: true, Leaves: &sim.Program{Deaf: true}}, plan.ExecStopPost: done(0, 0)})
	posts := 0
	w.Seen = func(_ machine.Event, as []machine.Action) {
		for _, a := range as {
			if a.Kind == machine.ActSpawn && a.Command == 1 {
				posts++
			}
		}
	}
	w.Run(plan.Second)
	w.Do(machine.Event{Kind: machine.EvRequest, Verb: machine.VerbStop, Unit: 0})
	w.Run(plan.Minute)
	if w.All() != 0 || w.Machine.Result(0) != machine.ResultTimeout || posts != 1 {
		t.Fatalf("%d processes left, result %s, ExecStopPost= ran %d times", w.All(), w.Machine.Result(0), posts)
	}
}

// SuccessAction=exit and FailureAction=exit hand on the main process's end.
func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		prog sim.Program
		want int64
	}{
		{done(machine.Exited, 0), 0}, {done(machine.Exited, 42), 42},
		{done(machine.Killed, 9), 137}, {done(machine.Killed, 15), 143},
		{sim.Program{Step: plan.StepExec}, 203}, {sim.Program{NoChild: true}, 1},
	} {
		p := image(newService(plan.TypeSimple), newService(plan.TypeSimple))
		p.Units[0].Actions = &plan.Actions{Success: plan.ActionExit, Failure: plan.ActionExit,
			SuccessExitStatus: -1, FailureExitStatus: -1, JobTimeout: plan.Infinity, JobRunningTimeout: plan.Infinity}
		w := sim.New(p)
		w.Program = func(u plan.UnitID, _ uint16) sim.Program {
			if u == 0 {
				return c.prog
			}
			return sim.Program{}
		}
		w.Do(machine.Event{Kind: machine.EvBoot})
		w.Run(60 * plan.Minute)
		if !w.Exited || w.Status != c.want || w.All() != 0 {
			t.Errorf("%+v: exited %t with %d, want %d", c.prog, w.Exited, w.Status, c.want)
		}
	}
}

// A failed oneshot keeps those from starting who require it, and only those.
func TestDependencyFails(t *testing.T) {
	one := newService(plan.TypeOneshot)
	p := image(one, newService(plan.TypeSimple), newService(plan.TypeSimple), newService(plan.TypeSimple))
	relate(p, 1, 0, plan.Requires|plan.After)
	relate(p, 2, 0, plan.Wants|plan.After)
	relate(p, 3, 1, plan.BindsTo|plan.After)
	w := sim.New(p)
	w.Program = func(u plan.UnitID, _ uint16) sim.Program {
		if u == 0 {
			return done(machine.Exited, 1)
		}
		return sim.Program{}
	}
	w.Do(machine.Event{Kind: machine.EvBoot})
	w.Run(plan.Minute)
	got := fmt.Sprint(w.Machine.State(0), w.Machine.State(1), w.Machine.State(2), w.Machine.State(3), w.Machine.State(4))
	if got != "failed dead running dead active" {
		t.Fatal(got)
	}
}

// Sockets start their service when something comes in, and listen again after
// it.
func TestSocketActivation(t *testing.T) {
	p := image(newService(plan.TypeSimple))
	p.Units = append(p.Units[:1:1], plan.Unit{Name: "u0.socket", Kind: plan.KindSocket,
		Socket: &plan.Socket{Service: 0, TriggerLimitBurst: 20, TriggerLimitInterval: 2 * plan.Second}},
		plan.Unit{Name: "all.target"})
	p.Units[0].Deps, p.Target = nil, 2
	p.Units[0].Service.Sockets = []plan.UnitID{1}
	relate(p, 2, 1, plan.Wants|plan.After)
	relate(p, 1, 0, plan.Triggers)
	relate(p, 0, 1, plan.After|plan.Wants)
	w := live(p, map[plan.Role]sim.Program{plan.ExecStart: {Life: plan.Second}})
	var env machine.SpawnEnv
	w.Seen = func(_ machine.Event, as []machine.Action) {
		for _, a := range as {
			if a.Kind == machine.ActSpawn {
				env = a.Env
			}
		}
	}
	w.Run(plan.Minute)
	if w.Machine.State(1) != machine.StateListening || w.Machine.State(0) != machine.StateDead {
		t.Fatal("before:", w.Machine.State(1), w.Machine.State(0))
	}
	w.Do(machine.Event{Kind: machine.EvTraffic, Unit: 1})
	w.Run(plan.Millisecond)
	if w.Machine.State(1) != machine.StateRunning || w.Machine.State(0) != machine.StateRunning || env&machine.EnvSockets == 0 {
		t.Fatal("traffic:", w.Machine.State(1), w.Machine.State(0), env)
	}
	w.Run(plan.Minute)
	if w.Machine.State(1) != machine.StateListening {
		t.Fatal("after:", w.Machine.State(1))
	}
	for range 30 { // the service fails to hold, the socket must give up
		w.Do(machine.Event{Kind: machine.EvTraffic, Unit: 1})
		w.Run(1100 * plan.Millisecond)
	}
	if w.Machine.State(1) != machine.StateFailed || w.Machine.Result(1) != machine.ResultServiceStartLimitHit {
		t.Fatal("limit:", w.Machine.State(1), w.Machine.Result(1))
	}
}

// A chain as long as the image neither overflows nor slows down.
func TestLongChain(t *testing.T) {
	const n = 10000
	p := chain(n)
	w := live(p, map[plan.Role]sim.Program{plan.ExecStart: done(0, 0)})
	w.Run(60 * plan.Minute)
	if w.Machine.Booting() || w.Machine.State(p.Target) != machine.StateActive {
		t.Fatal("not reached")
	}
	p = chain(n)
	w = live(p, map[plan.Role]sim.Program{plan.ExecStart: done(0, 1)})
	w.Run(60 * plan.Minute)
	if w.Machine.Jobs() != 0 || w.Machine.FailedUnits() != 1 || w.Steps > n {
		t.Fatal(w.Machine.Jobs(), w.Machine.FailedUnits(), w.Steps)
	}
}

// chain is n oneshots, each of which requires the one before.
func chain(n int) *plan.Plan {
	p := &plan.Plan{Target: plan.UnitID(n), StopTimeout: 30 * plan.Minute, Units: make([]plan.Unit, n+1)}
	s := newService(plan.TypeOneshot)
	s.Flags |= plan.RemainAfterExit
	for i := range n + 1 {
		if i < n {
			p.Units[i] = plan.Unit{Kind: plan.KindService, Service: s}
		}
		if i > 0 {
			relate(p, plan.UnitID(i), plan.UnitID(i-1), plan.Requires|plan.After)
		}
	}
	return p
}

// TestAllocs: once made, a machine allocates nothing, from boot over crashes
// and restarts to the end.
func TestAllocs(t *testing.T) {
	const units = 200
	var services []*plan.Service
	for i := range units {
		s := newService(plan.ServiceType(i%2)*plan.TypeNotify, plan.ExecStartPre, plan.ExecStart, plan.ExecStopPost)
		s.Restart = plan.RestartAlways
		services = append(services, s)
	}
	p := image(services...)
	machines := make([]*machine.Machine, 12)
	for i := range machines {
		machines[i] = machine.New(p, machine.Services, machine.Sockets, machine.Notifying, machine.Bus, machine.Forking, machine.Requests)
	}
	ready := &machine.Notify{Fields: machine.NotifyReady | machine.NotifyStatus}
	d := &tightDriver{ready: ready, queue: make([]machine.Event, 0, 1<<16)}
	i := 0
	allocs := testing.AllocsPerRun(10, func() {
		d.life(machines[i], p)
		i++
	})
	if allocs != 0 {
		t.Fatalf("%v allocations", allocs)
	}
	if d.steps < 10000 {
		t.Fatalf("only %d steps", d.steps)
	}
	t.Logf("%d steps without an allocation", d.steps)
}

// tightDriver is a world that allocates nothing itself: each program runs
// until the third round, in which everything crashes.
type tightDriver struct {
	ready *machine.Notify
	queue []machine.Event
	pid   int32
	now   int64
	steps int
	over  bool
}

func (d *tightDriver) life(m *machine.Machine, p *plan.Plan) {
	d.over, d.now = false, d.now+1
	d.step(m, p, machine.Event{Kind: machine.EvBoot})
	for round := range 3 {
		for u := range p.Units {
			if pid := m.MainPID(plan.UnitID(u)); pid > 0 {
				d.step(m, p, machine.Event{Kind: machine.EvExited, Unit: plan.UnitID(u), Pid: pid, Code: machine.Killed, Status: int32(6 + round)})
			}
		}
		d.now += int64(plan.Second)
		d.step(m, p, machine.Event{Kind: machine.EvTick})
	}
	d.step(m, p, machine.Event{Kind: machine.EvShutdown})
	if !d.over {
		panic("does not end")
	}
}

func (d *tightDriver) step(m *machine.Machine, p *plan.Plan, ev machine.Event) {
	d.queue = append(d.queue[:0], ev)
	for i := 0; i < len(d.queue) || m.Deadline() <= d.now; i++ {
		if i >= len(d.queue) {
			d.queue = append(d.queue, machine.Event{Kind: machine.EvTick})
		}
		d.steps++
		for _, a := range m.Step(d.now, d.queue[i]) {
			d.answer(m, p, a)
		}
	}
}

func (d *tightDriver) answer(m *machine.Machine, p *plan.Plan, a machine.Action) {
	switch a.Kind {
	case machine.ActSpawn:
		d.pid++
		d.queue = append(d.queue, machine.Event{Kind: machine.EvSpawned, Unit: a.Unit, Pid: d.pid, Command: a.Command})
		s := p.Units[a.Unit].Service
		if s.Commands[a.Command].Role != plan.ExecStart {
			d.queue = append(d.queue, machine.Event{Kind: machine.EvExited, Unit: a.Unit, Pid: d.pid, Code: machine.Exited})
		} else if s.Type == plan.TypeNotify {
			d.queue = append(d.queue, machine.Event{Kind: machine.EvNotify, Unit: a.Unit, Pid: d.pid, Notify: d.ready})
		}
	case machine.ActKill:
		d.queue = append(d.queue, machine.Event{Kind: machine.EvExited, Unit: a.Unit, Pid: a.Pid, Code: machine.Killed, Status: int32(a.Signal)})
	case machine.ActKillGroup:
		d.queue = append(d.queue, machine.Event{Kind: machine.EvSignalled, Unit: a.Unit})
	case machine.ActKillAll:
		d.queue = append(d.queue, machine.Event{Kind: machine.EvAllGone})
	case machine.ActExit:
		d.over = true
	}
}

func TestMemory(t *testing.T) {
	if n := machine.UnitBytes; n > 256 {
		t.Errorf("%d bytes for each service", n)
	}
	t.Logf("%d bytes for each service, %d for each action", machine.UnitBytes, unsafe.Sizeof(machine.Action{}))
}

// TestLinked: the core of the machine refers to no part, so that the linker
// drops what an image does not name.
func TestLinked(t *testing.T) {
	gotool := means.Program(t, "go")
	out := t.TempDir() + "/lean"
	cmd := exec.Command(gotool, "build", "-o", out, "./testdata/lean")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	b, err := exec.Command(gotool, "tool", "nm", out).Output()
	if err != nil {
		t.Fatal(err)
	}
	core := false
	for _, l := range strings.Split(string(b), "\n") {
		core = core || strings.Contains(l, "machine.(*Machine).transact")
		for _, part := range []string{"machine.(*svc)", "machine.(*sock)", "machine.Services", "machine.Sockets", "machine.Notifying", "machine.Bus", "machine.Forking"} {
			if strings.Contains(l, part+".") || strings.HasSuffix(l, part) {
				t.Error("linked:", l)
			}
		}
	}
	if !core {
		t.Error("the core is not there: the test looks for the wrong names")
	}
}

func benchmarkBoot(b *testing.B, n int) {
	services := make([]*plan.Service, n)
	one := newService(plan.TypeSimple)
	for i := range services {
		services[i] = one
	}
	p := image(services...)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		m := machine.New(p, machine.Services)
		d := &tightDriver{queue: make([]machine.Event, 0, 4*n)}
		b.StartTimer()
		d.step(m, p, machine.Event{Kind: machine.EvBoot})
		if m.Booting() {
			b.Fatal("not reached")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/unit")
}

func BenchmarkBoot1000(b *testing.B)  { benchmarkBoot(b, 1000) }
func BenchmarkBoot10000(b *testing.B) { benchmarkBoot(b, 10000) }
