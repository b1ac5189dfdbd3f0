package testscripts

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rustysd/compiler"
	statemachine "rustysd/runtime/machine"
	"rustysd/runtime/machine/sim"
	"rustysd/runtime/plan"
)

// The scenarios of this explorer are drawn like those of the machine's own, for
// services that real processes can be in milliseconds. Each is lived by the
// machine in virtual time, some times with other delays of each process. Only
// where all these lives are the same is the outcome no race, and the scenario
// lived by the init with real processes: what it says of each unit, in order,
// and the states after each round must be what the machine said in virtual time.

// exploredUnit is a service, and what its commands do in virtual time.
type exploredUnit struct {
	name     string
	unit     []string // lines of [Unit]
	service  []string // and of [Service]
	programs map[plan.Role][]sim.Program
	// gate is the FIFO that its ExecStart= waits at, and what it ends with then.
	gate   string
	status int32
	// crash is the exit status of a main process that gets SIGUSR1; -1: it dies.
	crash int32
	// byHand: it is not started with the others.
	byHand bool
	// socket is where it listens, when it is a socket.
	socket string
}

// exploredStep is one thing that is done to a scenario. What is in one round is
// done without a pause.
type exploredStep struct {
	unit   int
	verb   string // a method of the control socket, "gate", or "connect"
	mode   string
	signal uint8 // of kill
}

// explored is one scenario, with what must become of it.
type explored struct {
	seed   uint64
	dir    string
	alone  bool // in its boot: its steps isolate
	units  []*exploredUnit
	rounds [][]exploredStep
	// said is what is said of each unit up to the end of each round, and of the
	// stop; states what it is in then.
	said   [][][]string
	states [][]string
	// orders are the lines of two units that are ordered, where no delay changes it.
	orders map[[2]int]string
	plan   *plan.Plan
}

var exploredVerbs = map[string]statemachine.Verb{"start": statemachine.VerbStart, "stop": statemachine.VerbStop, "restart": statemachine.VerbRestart,
	"try-restart": statemachine.VerbTryRestart, "reload": statemachine.VerbReload, "reload-or-restart": statemachine.VerbReloadOrRestart,
	"try-reload-or-restart": statemachine.VerbTryReloadOrRestart, "reset-failed": statemachine.VerbResetFailed}

var exploredModes = map[string]statemachine.JobMode{"replace": plan.ModeReplace, "fail": plan.ModeFail,
	"ignore-requirements": plan.ModeIgnoreRequirements, "ignore-dependencies": plan.ModeIgnoreDependencies, "isolate": plan.ModeIsolate}

// add appends a command with what it does.
func (u *exploredUnit) add(role plan.Role, key, command string, p sim.Program) {
	u.service = append(u.service, key+"="+command)
	u.programs[role] = append(u.programs[role], p)
}

// exits adds a command that ends at once.
func (u *exploredUnit) exits(role plan.Role, key string, status int32) {
	command := fmt.Sprintf("/bin/sh -c 'exit %d'", status)
	switch status {
	case 0:
		command = "/bin/true"
	case 1:
		command = "/bin/false"
	}
	u.add(role, key, command, sim.Program{Now: true, Status: status, Ready: sim.Never})
}

// drawExplored draws units and writes nothing; files of the units are in dir.
func drawExplored(seed uint64, dir string, alone bool) *explored {
	e := &explored{seed: seed, dir: dir, alone: alone}
	r := rand.New(rand.NewPCG(seed, 11))
	n := 3 + r.IntN(4)
	for i := range n {
		u := &exploredUnit{name: fmt.Sprintf("x%d-%d.service", seed, i), programs: map[plan.Role][]sim.Program{}, crash: -1}
		e.main(u, r)
		e.beside(u, r)
		e.units = append(e.units, u)
	}
	e.relate(r)
	if r.IntN(2) == 0 {
		e.listen(e.units[r.IntN(n)], r)
	}
	if alone {
		for _, u := range e.units {
			if r.IntN(4) > 0 {
				u.unit = append(u.unit, "AllowIsolate=yes")
			}
			if r.IntN(5) == 0 {
				u.unit = append(u.unit, "IgnoreOnIsolate=yes")
			}
		}
	}
	return e
}

// listen draws a socket for a service. Who connects is never accepted, so that a
// service that ends is started again, up to its start limit.
func (e *explored) listen(service *exploredUnit, r *rand.Rand) {
	name := strings.TrimSuffix(service.name, ".service")
	u := &exploredUnit{name: name + ".socket", socket: "/run/" + name, programs: map[plan.Role][]sim.Program{}, crash: -1}
	u.unit = append(u.unit, "StartLimitIntervalSec=infinity", "StartLimitBurst=9")
	u.service = append(u.service, "ListenStream="+u.socket, "TriggerLimitIntervalSec=1h", "TriggerLimitBurst=20")
	if r.IntN(6) == 0 {
		u.exits(plan.ExecStartPre, "ExecStartPre", 0)
	}
	if r.IntN(6) == 0 {
		u.exits(plan.ExecStopPost, "ExecStopPost", 0)
	}
	service.byHand = service.byHand || r.IntN(3) > 0
	e.units = append(e.units, u)
}

// main draws ExecStart= and its type.
func (e *explored) main(u *exploredUnit, r *rand.Rand) {
	file := strings.TrimSuffix(e.dir+"/"+u.name, ".service")
	lives := sim.Program{Ready: sim.Never}
	switch r.IntN(11) {
	case 8:
		u.service = append(u.service, "Type=notify-reload", "TimeoutStopSec=200ms", "StandardOutput=null") // it may be stopped with SIGHUP
		u.crash = []int32{0, 3, 7}[r.IntN(3)]
		u.add(plan.ExecStart, "ExecStart", fmt.Sprintf("@BIN@/actor reloads: crash:%d notify:READY=1 forever:", u.crash), sim.Program{Reloads: true, Reload: 50 * plan.Millisecond})
	case 9:
		u.service = append(u.service, "Type=forking")
		u.forks(r, "")
	case 10:
		u.service = append(u.service, "Type=forking", "PIDFile="+file+".pid")
		u.forks(r, "echo $! >"+file+".pid; ")
	case 0, 1:
		u.service = append(u.service, "Type="+[]string{"simple", "exec"}[r.IntN(2)])
		u.add(plan.ExecStart, "ExecStart", "/bin/sleep 100000", lives)
	case 2:
		u.service = append(u.service, "Type=oneshot")
		u.exits(plan.ExecStart, "ExecStart", []int32{0, 0, 1, 3}[r.IntN(4)])
		if r.IntN(3) == 0 {
			u.exits(plan.ExecStart, "ExecStart", []int32{0, 3}[r.IntN(2)])
		}
	case 3, 4:
		u.gate, u.status = file+".gate", []int32{0, 0, 0, 3}[r.IntN(4)]
		u.service = append(u.service, "Type=oneshot", "TimeoutStartSec=infinity")
		u.add(plan.ExecStart, "ExecStart", fmt.Sprintf("/bin/sh -c 'read x <%s; exit %d'", u.gate, u.status), lives)
	case 5:
		u.service = append(u.service, "Type=notify", "TimeoutStartSec=200ms")
		u.add(plan.ExecStart, "ExecStart", "/bin/sleep 100000", lives)
	case 6: // fails some times before it stays
		u.service = append(u.service, "Type=exec")
		fails := 1 + r.IntN(3)
		u.add(plan.ExecStart, "ExecStart", fmt.Sprintf("/bin/sh -c 'echo >>%[1]s.runs; if [ $$(wc -l <%[1]s.runs) -le %[2]d ]; then exit 3; fi; exec sleep 100000'", file, fails), sim.Program{Status: int32(-fails), Ready: sim.Never})
	default:
		u.crash = []int32{0, 3, 7}[r.IntN(3)]
		words, p := "", sim.Program{}
		switch r.IntN(3) {
		case 0:
			words, p.Deaf = "stubborn: ", true
			u.service = append(u.service, "TimeoutStopSec=200ms")
		case 1:
			words, p.Dies = "slow: ", 20*plan.Millisecond
		}
		u.service = append(u.service, "Type=notify")
		u.add(plan.ExecStart, "ExecStart", fmt.Sprintf("@BIN@/actor %scrash:%d notify:READY=1 forever:", words, u.crash), p)
	}
}

// forks adds a program that leaves one behind, and ends.
func (u *exploredUnit) forks(r *rand.Rand, and string) {
	status := []int32{0, 0, 0, 3}[r.IntN(4)]
	lives := sim.Program{Ready: sim.Never}
	u.add(plan.ExecStart, "ExecStart", fmt.Sprintf("/bin/sh -c 'sleep 100000 & %sexit %d'", and, status),
		sim.Program{Now: true, Status: status, Ready: sim.Never, Leaves: &lives})
}

// beside draws the rest of a service.
func (e *explored) beside(u *exploredUnit, r *rand.Rand) {
	rarely := func(role plan.Role, key string, statuses ...int32) {
		if r.IntN(5) == 0 {
			u.exits(role, key, statuses[r.IntN(len(statuses))])
		}
	}
	rarely(plan.ExecCondition, "ExecCondition", 0, 0, 1, 255)
	rarely(plan.ExecStartPre, "ExecStartPre", 0, 0, 2)
	rarely(plan.ExecStartPost, "ExecStartPost", 0, 0, 1)
	rarely(plan.ExecReload, "ExecReload", 0, 1)
	rarely(plan.ExecStop, "ExecStop", 0, 0, 1)
	rarely(plan.ExecStopPost, "ExecStopPost", 0, 0, 4)
	for _, line := range []string{"RemainAfterExit=yes", "KillMode=mixed", "SuccessExitStatus=3 SIGUSR1", "RestartPreventExitStatus=3 SIGKILL",
		"RestartForceExitStatus=3 SIGUSR1", "RestartMode=direct", "RuntimeMaxSec=1s", "RestartKillSignal=SIGHUP", "KillSignal=SIGINT"} {
		// What a shell runs in the background ignores SIGINT.
		if r.IntN(9) == 0 && !(line == "KillSignal=SIGINT" && slices.Contains(u.service, "Type=forking")) {
			u.service = append(u.service, line)
		}
	}
	if r.IntN(2) == 0 {
		u.service = append(u.service, "Restart="+[]string{"on-failure", "always", "on-abnormal", "on-success", "on-abort"}[r.IntN(5)])
	}
	u.service = append(u.service, "RestartSec=30ms")
	u.unit = append(u.unit, "StartLimitIntervalSec=infinity", fmt.Sprintf("StartLimitBurst=%d", 2+r.IntN(4)))
	for _, line := range []string{"StopWhenUnneeded=yes", "RefuseManualStart=yes", "RefuseManualStop=yes"} {
		if r.IntN(12) == 0 {
			u.unit = append(u.unit, line)
		}
	}
}

// relate draws what the units have to do with each other.
func (e *explored) relate(r *rand.Rand) {
	rels := []string{"Requires", "Requires", "Wants", "BindsTo", "Requisite", "PartOf", "PropagatesStopTo", "Upholds", "Conflicts", "PropagatesReloadTo", "OnFailure", "OnSuccess"}
	for i := 1; i < len(e.units); i++ {
		for range 1 + r.IntN(2) {
			o := e.units[r.IntN(i)]
			rel := rels[r.IntN(len(rels))]
			e.units[i].unit = append(e.units[i].unit, rel+"="+o.name, "After="+o.name)
			if strings.HasPrefix(rel, "On") {
				o.byHand = true
			}
		}
	}
}

// files are the unit files by name.
func (e *explored) files() map[string]string {
	all := map[string]string{}
	for _, u := range e.units {
		section := "Service"
		if u.socket != "" {
			section = "Socket"
		}
		all[u.name] = "[Unit]\n" + strings.Join(u.unit, "\n") + "\n[" + section + "]\n" + strings.ReplaceAll(strings.Join(u.service, "\n"), "@BIN@", binDir) + "\n"
	}
	return all
}

// exploredTarget pulls in what starts at the boot, and waits for none of it.
func exploredTarget(all ...*explored) string {
	text := "[Unit]\nDefaultDependencies=no\n"
	for _, e := range all {
		for _, u := range e.units {
			if !u.byHand {
				text += "Wants=" + u.name + "\n"
			}
		}
	}
	return text
}

// exploredLife is one life of a scenario in virtual time.
type exploredLife struct {
	*explored
	w      *sim.World
	jitter *rand.Rand // nil: no delays
	runs   map[[2]int]int
	index  []int // of plan.Units in units, -1 for others
	said   [][]string
	lines  []exploredLine
	// came says at which sockets somebody waits, polled which of them are watched.
	came, polled map[plan.UnitID]bool
}

// exploredLine is something that is said of a unit.
type exploredLine struct {
	unit int
	text string
}

// begin boots the scenario; delays are drawn from n, and none is for 0.
func (e *explored) begin(n uint64) *exploredLife {
	l := &exploredLife{explored: e, runs: map[[2]int]int{}, said: make([][]string, len(e.units)), came: map[plan.UnitID]bool{}, polled: map[plan.UnitID]bool{}}
	if n > 0 {
		l.jitter = rand.New(rand.NewPCG(e.seed, n))
	}
	for i := range e.plan.Units {
		l.index = append(l.index, slices.IndexFunc(e.units, func(u *exploredUnit) bool { return u.name == e.plan.Units[i].Name }))
	}
	l.w = sim.New(e.plan)
	l.w.Program = l.program
	l.w.Seen = func(_ statemachine.Event, actions []statemachine.Action) {
		for n := range actions {
			l.hear(&actions[n])
			l.polls(&actions[n])
		}
	}
	l.w.Do(statemachine.Event{Kind: statemachine.EvBoot})
	return l
}

// late is a delay such as a busy machine has: mostly short, now and then long.
func (l *exploredLife) late() plan.Duration {
	switch {
	case l.jitter == nil:
		return 0
	case l.jitter.IntN(8) == 0:
		return plan.Duration(l.jitter.Int64N(int64(3 * plan.Second)))
	}
	return plan.Duration(l.jitter.Int64N(int64(30 * plan.Millisecond)))
}

// polls keeps what a socket has to do with those that wait there: who is watched
// hears of them, and who closes has none any more.
func (l *exploredLife) polls(a *statemachine.Action) {
	switch a.Kind {
	case statemachine.ActPoll:
		l.polled[a.Unit] = a.Value == 1
		l.traffic(a.Unit)
	case statemachine.ActCloseSockets:
		l.came[a.Unit] = false
	}
}

func (l *exploredLife) traffic(u plan.UnitID) {
	if l.polled[u] && l.came[u] {
		l.w.Later(l.late(), func() (statemachine.Event, bool) {
			return statemachine.Event{Kind: statemachine.EvTraffic, Unit: u}, l.polled[u] && l.came[u]
		})
	}
}

// program is what a command does, with the delays of this life.
func (l *exploredLife) program(u plan.UnitID, c uint16) sim.Program {
	i := l.index[u]
	if i < 0 {
		return sim.Program{Now: true}
	}
	var commands []plan.Command
	if s := l.plan.Units[u].Service; s != nil {
		commands = s.Commands
	} else {
		commands = l.plan.Units[u].Socket.Commands
	}
	role, n := commands[c].Role, 0
	for k := int(c) - 1; k >= 0 && commands[k].Role == role; k-- {
		n++
	}
	p := l.units[i].programs[role][n]
	if p.Status < 0 { // fails so many times
		l.runs[[2]int{i, int(c)}]++
		fails := int(-p.Status)
		if p.Status = 0; l.runs[[2]int{i, int(c)}] <= fails {
			p.Now, p.Status = true, 3
		}
	}
	if p.Reloads {
		p.Reload += l.late()
	}
	p.Spawn, p.Dies = l.late(), p.Dies+l.late()
	p.Slow = l.jitter != nil && l.jitter.IntN(2) == 0
	if p.Ready != sim.Never {
		p.Ready = l.late()
	}
	if p.Now {
		p.Life = l.late()
	}
	return p
}

// hear notes what is said as the init prints it.
func (l *exploredLife) hear(a *statemachine.Action) {
	if a.Kind != statemachine.ActLog || int(a.Unit) >= len(l.index) || l.index[a.Unit] < 0 {
		return
	}
	text := a.Msg.String()
	switch a.Msg {
	case statemachine.MsgFailed, statemachine.MsgExited:
		result, code, status := statemachine.Failure(a.Value)
		text += " (" + result.String()
		switch code {
		case statemachine.Exited:
			text += fmt.Sprint(", status ", status)
		case statemachine.Killed:
			text += fmt.Sprint(", signal ", status)
		}
		text = exploredText(text + ")")
	case statemachine.MsgRestarting:
		text += fmt.Sprint(" ", a.Value/int64(plan.Millisecond), " ms")
	case statemachine.MsgSkipped:
		text += fmt.Sprint(": status ", a.Value)
	case statemachine.MsgTimeout:
		text += " " + statemachine.State(a.Value).String()
	default:
		if int(a.Other) < len(l.plan.Units) {
			text += " " + l.plan.Units[a.Other].Name
		}
	}
	i := l.index[a.Unit]
	l.said[i] = append(l.said[i], text)
	l.lines = append(l.lines, exploredLine{i, text})
}

// exploredText is a line without what a busy machine may change: whether a
// program ran at all before its time was over.
func exploredText(text string) string {
	before, _, ok := strings.Cut(text, "(timeout, signal ")
	if !ok {
		return text
	}
	return before + "(timeout)"
}

// id is the unit in the plan.
func (l *exploredLife) id(unit int) plan.UnitID { return plan.UnitID(slices.Index(l.index, unit)) }

// can tells if a step can be done now.
func (l *exploredLife) can(s exploredStep) bool {
	main := l.w.Machine.MainPID(l.id(s.unit))
	switch s.verb {
	case "gate":
		return l.units[s.unit].gate != "" && main != 0
	case "connect":
		return l.units[s.unit].socket != "" && l.w.Machine.Active(l.id(s.unit)) == statemachine.ActiveUp
	case "kill":
		return main != 0
	}
	return true
}

// do does a step.
func (l *exploredLife) do(s exploredStep) {
	u, m := l.id(s.unit), l.w.Machine
	switch s.verb {
	case "connect":
		l.came[u] = true
		l.traffic(u)
	case "gate":
		l.w.End(m.MainPID(u), statemachine.Exited, l.units[s.unit].status)
	case "kill":
		if s.signal == 10 && l.units[s.unit].crash >= 0 {
			l.w.End(m.MainPID(u), statemachine.Exited, l.units[s.unit].crash)
			return
		}
		l.w.End(m.MainPID(u), statemachine.Killed, int32(s.signal))
	default:
		l.w.Do(statemachine.Event{Kind: statemachine.EvRequest, Unit: u, Verb: exploredVerbs[s.verb], Mode: exploredModes[s.mode], Request: 1})
	}
}

// rest lets the round come to its end; it is false when it does not.
func (l *exploredLife) rest() bool { return l.w.Run(5 * plan.Minute) }

// now is the state of each unit.
func (l *exploredLife) now() (all []string) {
	for i := range l.units {
		u := l.id(i)
		all = append(all, l.w.Machine.Active(u).String()+"/"+l.w.Machine.State(u).String())
	}
	return all
}

func (l *exploredLife) heard() (all [][]string) {
	for _, lines := range l.said {
		all = append(all, slices.Clone(lines))
	}
	return all
}

// step draws what is done next.
func (l *exploredLife) step(r *rand.Rand) exploredStep {
	for {
		s := exploredStep{unit: r.IntN(len(l.units)), verb: []string{"start", "start", "stop", "stop", "restart", "restart", "try-restart", "reload",
			"reload-or-restart", "try-reload-or-restart", "reset-failed", "kill", "kill", "kill", "gate", "gate", "gate", "connect", "connect", "connect"}[r.IntN(20)]}
		switch {
		case s.verb == "kill":
			s.signal = []uint8{9, 10}[r.IntN(2)]
		case s.verb != "gate" && s.verb != "connect" && s.verb != "reset-failed":
			s.mode = []string{"replace", "replace", "replace", "replace", "fail", "ignore-requirements", "ignore-dependencies"}[r.IntN(7)]
			if l.alone && s.verb == "start" && r.IntN(3) > 0 {
				s.mode = "isolate"
			}
		}
		if l.can(s) {
			return s
		}
	}
}

// live lives the scenario for the first time, draws its rounds, and keeps what
// became of it.
func (e *explored) live() bool {
	r := rand.New(rand.NewPCG(e.seed, 12))
	l := e.begin(0)
	for n := range 7 {
		if n > 0 {
			round := []exploredStep{l.step(r)}
			if r.IntN(3) == 0 && round[0].verb != "kill" && round[0].verb != "gate" && round[0].verb != "connect" {
				round = append(round, l.step(r))
			}
			for _, s := range round {
				l.do(s)
			}
			e.rounds = append(e.rounds, round)
		}
		if !l.rest() {
			return false
		}
		e.said, e.states = append(e.said, l.heard()), append(e.states, l.now())
	}
	l.end()
	e.said, e.orders = append(e.said, l.heard()), l.orderings()
	return true
}

func (l *exploredLife) end() {
	l.w.Do(statemachine.Event{Kind: statemachine.EvShutdown, Status: int32(plan.ActionExit)})
	l.w.Run(5 * plan.Minute)
}

// orderings are the lines of each two units that are ordered.
func (l *exploredLife) orderings() map[[2]int]string {
	all := map[[2]int]string{}
	for i := range l.units {
		for _, d := range l.plan.Units[l.id(i)].Deps {
			if o := l.index[d.Unit]; d.Rel&plan.After != 0 && o >= 0 {
				all[[2]int{i, o}] = exploredOrder(l.lines, i, o)
			}
		}
	}
	return all
}

func exploredOrder(lines []exploredLine, a, b int) string {
	var s strings.Builder
	for _, line := range lines {
		if line.unit == a || line.unit == b {
			fmt.Fprintf(&s, "%d %s\n", line.unit, line.text)
		}
	}
	return s.String()
}

// again lives the scenario with other delays, and tells if the same became of it.
func (e *explored) again(n uint64) bool {
	l := e.begin(n)
	for k := range e.said {
		if k > 0 && k <= len(e.rounds) {
			for _, s := range e.rounds[k-1] {
				if !l.can(s) {
					return false
				}
				l.do(s)
				if l.jitter.IntN(2) == 0 { // what comes next is another message to the init
					l.w.Run(l.late())
				}
			}
		}
		if k == len(e.said)-1 {
			l.end()
		} else if !l.rest() || !slices.Equal(l.now(), e.states[k]) {
			return false
		}
		if !slices.EqualFunc(l.heard(), e.said[k], slices.Equal) {
			return false
		}
	}
	for pair, order := range l.orderings() {
		if e.orders[pair] != order {
			delete(e.orders, pair) // both come about
		}
	}
	return true
}

// exploredLives is how often a scenario is lived with other delays before it is
// believed that none decides.
const exploredLives = 60

var exploredVerbose = flag.Bool("explored-all", false, "say why a scenario is not lived by real processes")

// exploredSeed is the scenario of a seed, nil when its outcome is a race.
func exploredSeed(t *testing.T, seed uint64, dir string, alone bool) *explored {
	t.Helper()
	e := drawExplored(seed, dir, alone)
	folder := t.TempDir()
	for name, text := range e.files() {
		write(t, folder+"/"+name, text)
	}
	write(t, folder+"/default.target", exploredTarget(e))
	res, list, err := compiler.Compile(compiler.Options{UnitDirs: []string{folder}, Arch: "amd64"})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if res.Plan == nil { // as Restart=always of a oneshot, which systemd refuses, too
		if *exploredVerbose {
			t.Logf("seed %d: %v\n%s", seed, list, e)
		}
		return nil
	}
	e.plan = res.Plan
	for _, u := range e.units {
		if !slices.ContainsFunc(e.plan.Units, func(p plan.Unit) bool { return p.Name == u.name }) {
			return nil // nothing leads to it
		}
	}
	if !e.live() {
		return nil
	}
	for n := range uint64(exploredLives) {
		if !e.again(n + 1) {
			if *exploredVerbose {
				t.Logf("seed %d: a race, seen in life %d", seed, n+1)
			}
			return nil
		}
	}
	return e
}

// String shows a scenario as somebody would write it.
func (e *explored) String() string {
	var b strings.Builder
	files := e.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "-- %s --\n%s", name, files[name])
	}
	fmt.Fprintf(&b, "-- rounds --\n")
	for n, round := range e.rounds {
		for _, s := range round {
			fmt.Fprintf(&b, "%d: %s %s %s", n+1, s.verb, e.units[s.unit].name, s.mode)
			if s.signal != 0 {
				fmt.Fprintf(&b, " signal %d", s.signal)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
