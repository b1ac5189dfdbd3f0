package testscripts

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// exploredReal is one boot with the units of many scenarios.
type exploredReal struct {
	t      *testing.T
	dir    string
	all    []*explored
	root   string // of the init
	socket string
	log    lockedBuffer
	units  map[string][2]int // a scenario and a unit of it, by name
}

// exploredPatience is how long a round may take on a busy machine.
const exploredPatience = 60 * time.Second

// exploredLog is more than any of these scenarios has to say, in bytes.
const exploredLog = 16 << 20

// TestExploredForReal lives random scenarios with real processes: most of them
// side by side in one boot, and some that isolate, each in a boot of its own.
// RUSTYSD_EXPLORED is how many, and RUSTYSD_EXPLORED_SEED the first seed.
func TestExploredForReal(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots an init")
	}
	means.Root(t)
	want, seed := 40, uint64(0)
	if n, err := strconv.Atoi(os.Getenv("RUSTYSD_EXPLORED")); err == nil {
		want = n
	}
	if n, err := strconv.ParseUint(os.Getenv("RUSTYSD_EXPLORED_SEED"), 10, 64); err == nil {
		seed = n
	}
	x, seeds := drawReal(t, seed, want, false)
	x.live(true)
	x.live(false)
	x.tell("explored for real", seeds)
	next, all := seed, exploredReal{t: t}
	for n := range want / 5 {
		x, seeds := drawReal(t, next, 1, true)
		x.live(n%2 == 0)
		next += seeds
		all.all = append(all.all, x.all...)
	}
	all.tell("explored for real, isolating", next-seed)
}

// drawReal draws scenarios, and compiles them into one image.
func drawReal(t *testing.T, seed uint64, want int, alone bool) (x *exploredReal, seeds uint64) {
	t.Helper()
	dir, err := os.MkdirTemp(rootDir, "explored-")
	if err != nil {
		t.Fatal(err)
	}
	x = &exploredReal{t: t, dir: dir, units: map[string][2]int{}}
	for ; len(x.all) < want; seeds++ {
		if e := exploredSeed(t, seed+seeds, dir, alone); e != nil {
			x.all = append(x.all, e)
		}
		if seeds > uint64(50*want+50) {
			t.Fatalf("of %d seeds only %d have one outcome", seeds, len(x.all))
		}
	}
	x.compile()
	return x, seeds
}

// live boots the scenarios. Two things that take as long as each other come in any
// order; what is wrong is wrong again.
func (x *exploredReal) live(cgroup bool) {
	wrong := x.boot(cgroup)
	if len(wrong) == 0 {
		return
	}
	again := x.boot(cgroup)
	for pair, text := range wrong {
		if again[pair] != "" {
			x.t.Error(text)
		}
	}
}

// tell prints how much there was.
func (x *exploredReal) tell(what string, seeds uint64) {
	units, steps, orders, isolations := 0, 0, 0, 0
	for _, e := range x.all {
		units, orders = units+len(e.units), orders+len(e.orders)
		for _, round := range e.rounds {
			steps += len(round)
			for _, s := range round {
				if s.mode == "isolate" {
					isolations++
				}
			}
		}
	}
	x.t.Logf("%s: %d scenarios of %d seeds, %d units, %d things done to them, %d of them isolate, %d pairs in order", what, len(x.all), seeds, units, steps, isolations, orders)
}

func (x *exploredReal) compile() {
	for n, e := range x.all {
		for i, u := range e.units {
			x.units[u.name] = [2]int{n, i}
		}
		for name, text := range e.files() {
			write(x.t, filepath.Join(x.dir, "units", name), text)
		}
	}
	write(x.t, filepath.Join(x.dir, "units", "default.target"), exploredTarget(x.all...))
	compileUnits(x.t, x.dir)
}

// boot boots all, does the rounds of all side by side, and stops all. It answers
// which pairs of which scenario are not in order.
func (x *exploredReal) boot(cgroup bool) (wrong map[[3]int]string) {
	t := x.t
	o := sandbox.Options{Init: filepath.Join(x.dir, "init"), Keep: []string{x.dir, binDir}, Env: []string{"PATH=" + os.Getenv("PATH")}}
	if cgroup {
		group, err := sandbox.NewCgroup()
		if err != nil {
			means.Missing(t, "a writable tree of cgroups: "+err.Error())
		}
		defer func() { _ = removeSoon(group) }()
		o.Cgroup = group
	}
	for _, e := range x.all {
		for _, u := range e.units {
			_ = os.Remove(strings.TrimSuffix(x.dir+"/"+u.name, ".service") + ".runs")
			if u.gate != "" {
				_ = os.Remove(u.gate)
				if err := unix.Mkfifo(u.gate, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	goruntime.LockOSThread() // the init dies with the thread that started it
	defer goruntime.UnlockOSThread()
	cmd, err := sandbox.Command(o)
	if err != nil {
		t.Fatal(err)
	}
	x.log = lockedBuffer{}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &x.log, &x.log, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	x.root = fmt.Sprintf("/proc/%d/root", cmd.Process.Pid)
	x.socket = x.root + "/run/rustysd/control.sock"
	for round := range x.all[0].states {
		if !x.round(round, cgroup) {
			return nil
		}
	}
	_ = cmd.Process.Signal(unix.SIGTERM)
	select {
	case <-ended:
	case <-time.After(exploredPatience):
		t.Errorf("the stop does not end\n%s", tail(x.log.String()))
		return nil
	}
	x.compare(len(x.all[0].said)-1, nil, cgroup, true)
	lines := x.lines()
	wrong = map[[3]int]string{}
	for n, e := range x.all {
		for pair, want := range e.orders {
			if got := exploredOrder(lines[n], pair[0], pair[1]); got != want {
				wrong[[3]int{n, pair[0], pair[1]}] = fmt.Sprintf("seed %d, cgroup %t: the order of %s and %s is\n%snot\n%s%s", e.seed, cgroup, e.units[pair[0]].name, e.units[pair[1]].name, got, want, e)
			}
		}
	}
	return wrong
}

// round does one round of all scenarios, and waits until it has become of each
// what must.
func (x *exploredReal) round(round int, cgroup bool) bool {
	if round > 0 {
		for _, e := range x.all {
			for _, s := range e.rounds[round-1] {
				if err := x.do(e, s); err != nil {
					x.t.Errorf("seed %d, cgroup %t, round %d: %s: %v\n%s", e.seed, cgroup, round, s.verb, err, e)
				}
			}
		}
	}
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		late := time.Since(begin) > exploredPatience
		if text := x.log.String(); len(text) > exploredLog {
			x.t.Fatalf("cgroup %t, round %d: it says without end\n%s", cgroup, round, tail(text))
		}
		if states, err := x.states(); err == nil && x.compare(round, states, cgroup, late) {
			return true
		} else if late {
			if err != nil {
				x.t.Error(err)
			}
			return false
		}
	}
}

// do does a step.
func (x *exploredReal) do(e *explored, s exploredStep) error {
	u := e.units[s.unit]
	switch s.verb {
	case "gate":
		return openGate(u.gate)
	case "connect":
		conn, err := net.Dial("unix", x.root+u.socket)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	params := map[string]any{"unit": u.name}
	switch s.verb {
	case "kill":
		params["signal"], params["whom"] = s.signal, "main"
	case "reset-failed":
	default:
		params["mode"], params["no-block"] = s.mode, true
	}
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": s.verb, "params": params})
	if err != nil {
		return err
	}
	_, err = callControlFor(exploredPatience, x.socket, string(request)+"\n")
	return err
}

// openGate lets go who waits at a FIFO, once it does.
func openGate(path string) error {
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == nil {
			return unix.Close(fd)
		}
		if !errors.Is(err, unix.ENXIO) || time.Since(begin) > exploredPatience {
			return err
		}
	}
}

// states asks what each unit is doing.
func (x *exploredReal) states() (map[string]string, error) {
	answer, err := callControlFor(exploredPatience, x.socket, `{"jsonrpc":"2.0","id":1,"method":"list-units"}`+"\n")
	if err != nil {
		return nil, err
	}
	var list struct {
		Result []struct{ Unit, Active, Sub string }
	}
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, u := range list.Result {
		states[u.Unit] = u.Active + "/" + u.Sub
	}
	return states, nil
}

// lines are what the init has said of the units of each scenario.
func (x *exploredReal) lines() [][]exploredLine {
	all := make([][]exploredLine, len(x.all))
	for line := range strings.Lines(x.log.String()) {
		name, text, ok := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "init: "), ": ")
		if at, known := x.units[name]; ok && known {
			all[at[0]] = append(all[at[0]], exploredLine{at[1], exploredText(text)})
		}
	}
	return all
}

// compare tells if all is as it must be after a round, and what is not.
func (x *exploredReal) compare(round int, states map[string]string, cgroup, tell bool) bool {
	same := true
	for n, lines := range x.lines() {
		e := x.all[n]
		said := make([][]string, len(e.units))
		for _, line := range lines {
			said[line.unit] = append(said[line.unit], line.text)
		}
		for i, u := range e.units {
			want, state := e.said[round][i], states[u.name]
			if slices.Equal(said[i], want) && (states == nil || state == e.states[round][i]) {
				continue
			}
			if same = false; tell {
				was := ""
				if states != nil {
					was = fmt.Sprintf("is %s, want %s; ", state, e.states[round][i])
				}
				x.t.Errorf("seed %d, cgroup %t, round %d: %s %sof it is said\n\t%s\nand in virtual time\n\t%s\n%s", e.seed, cgroup, round, u.name, was,
					strings.Join(said[i], "\n\t"), strings.Join(want, "\n\t"), e)
			}
		}
	}
	return same
}

// tail is the end of a long text.
func tail(text string) string { return text[max(0, len(text)-4000):] }
