package compiler

import (
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// checkStopTime warns when an ordered stop may take longer than the place of
// the image waits: everything is then killed in the middle of it.
func (s *unitSet) checkStopTime(l *diag.List) {
	grace := s.grace()
	if grace == plan.Infinity || hasCode(*l, "ordering-cycle") {
		return
	}
	w := &stopTimes{p: s.plan, done: make([]bool, len(s.plan.Units)),
		total: make([]plan.Duration, len(s.plan.Units)), from: make([]plan.UnitID, len(s.plan.Units))}
	last := plan.NoUnit
	for i := range s.plan.Units {
		w.finish(plan.UnitID(i))
		if last == plan.NoUnit || w.total[i] > w.total[last] {
			last = plan.UnitID(i)
		}
	}
	if last != plan.NoUnit && w.total[last] > grace {
		l.Add(s.slowStop(w, w.chain(last), grace))
	}
}

func hasCode(l diag.List, code diag.Code) bool {
	for i := range l {
		if l[i].Code == code {
			return true
		}
	}
	return false
}

// grace is how long the image may take to stop.
func (s *unitSet) grace() plan.Duration {
	if s.opt.Grace != 0 {
		return s.opt.Grace
	}
	if p := placeOf(s.opt.Place); p != nil {
		return p.grace
	}
	return plan.Infinity
}

// stopTimes are the longest paths of an ordered stop: a unit stops when those
// that are after it have stopped.
type stopTimes struct {
	p     *plan.Plan
	done  []bool
	total []plan.Duration
	from  []plan.UnitID // who it waited for last, NoUnit for nobody
}

// finish works out when u has stopped at the latest, and before that all that
// u waits for, with a stack of its own: chains may be long. There is no cycle.
func (w *stopTimes) finish(root plan.UnitID) {
	stack := []plan.UnitID{root}
	for len(stack) > 0 {
		u := stack[len(stack)-1]
		if w.done[u] {
			stack = stack[:len(stack)-1]
			continue
		}
		ready := true
		for _, d := range w.p.Units[u].Deps {
			if d.Rel&plan.Before != 0 && !w.done[d.Unit] {
				stack, ready = append(stack, d.Unit), false
			}
		}
		if ready {
			w.settle(u)
			stack = stack[:len(stack)-1]
		}
	}
}

func (w *stopTimes) settle(u plan.UnitID) {
	var longest plan.Duration
	w.from[u] = plan.NoUnit
	for _, d := range w.p.Units[u].Deps {
		if d.Rel&plan.Before != 0 && w.total[d.Unit] > longest {
			longest, w.from[u] = w.total[d.Unit], d.Unit
		}
	}
	w.total[u] = addSpans(longest, stopBound(&w.p.Units[u]))
	w.done[u] = true
}

// chain is the way that takes longest, in the order of the stop, without units
// that take no time.
func (w *stopTimes) chain(last plan.UnitID) []plan.UnitID {
	var out []plan.UnitID
	for u := last; u != plan.NoUnit; u = w.from[u] {
		if stopBound(&w.p.Units[u]) > 0 {
			out = append(out, u)
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// stopBound is how long one unit may take to stop: each command of ExecStop=
// and ExecStopPost= has its own TimeoutStopSec=, and so have the processes that
// get a signal after them (systemd.service(5), "TimeoutStopSec="). What SIGKILL
// takes does not count.
func stopBound(u *plan.Unit) plan.Duration {
	switch {
	case u.Service != nil:
		return serviceStopBound(u.Service, runsLate(u))
	case u.Socket != nil:
		return socketStopBound(u.Socket)
	}
	return 0
}

// runsLate says whether the main process may run when the stop begins. A oneshot
// is done by then, unless a socket starts it.
func runsLate(u *plan.Unit) bool {
	return u.Service.Type != plan.TypeOneshot || slices.ContainsFunc(u.Deps, func(d plan.Dep) bool { return d.Rel&plan.TriggeredBy != 0 })
}

// serviceStopBound counts the stages of a stop that may last. The second ones,
// of ExecStopPost=, have also those left that nothing could end before.
func serviceStopBound(s *plan.Service, main bool) plan.Duration {
	if !main && s.Flags&plan.RemainAfterExit == 0 {
		return 0
	}
	stop, post := countRole(s.Commands, plan.ExecStop), countRole(s.Commands, plan.ExecStopPost)
	bound := timesSpan(s.TimeoutStop, stop+post)
	if s.KillMode == plan.KillNone {
		return bound
	}
	whole, outlives := s.KillMode == plan.KillControlGroup, s.Flags&plan.SendSIGKILL == 0 || s.FinalKillSignal != sigKILL
	bound = addSpans(bound, signalBound(s, main || whole && stop+post > 0, stop > 0))
	return addSpans(bound, signalBound(s, whole && post > 0 || outlives, post > 0))
}

// signalBound is how long KillSignal=, and what follows it, may take. left says
// whether processes may be there that get it, and hung whether a command may,
// that had its time already: what it gets is TimeoutStopFailureMode='s.
func signalBound(s *plan.Service, left, hung bool) plan.Duration {
	var bound plan.Duration
	if left || hung && s.TimeoutStopMode == plan.TimeoutTerminate {
		bound = s.TimeoutStop
	}
	if (left || hung) && s.TimeoutStopMode == plan.TimeoutAbortMode { // WatchdogSignal= comes before SIGKILL
		bound = addSpans(bound, s.TimeoutAbort)
	}
	if (left || hung) && s.Flags&plan.SendSIGKILL != 0 && s.FinalKillSignal != sigKILL {
		bound = addSpans(bound, s.TimeoutStop)
	}
	return bound
}

// socketStopBound counts likewise. Only commands are waited for, and one that
// hangs gets the signals; if it survives them, ExecStopPost= does not run.
func socketStopBound(s *plan.Socket) plan.Duration {
	stop, post := countRole(s.Commands, plan.ExecStop), countRole(s.Commands, plan.ExecStopPost)
	signals, survives := 1, s.Flags&plan.SocketSpares != 0
	switch {
	case s.KillMode == plan.KillNone:
		signals = 0
	case !survives && s.FinalKillSignal != 0 && s.FinalKillSignal != sigKILL:
		signals, survives = 2, true
	}
	n := 0
	if post > 0 {
		n = post + signals
	}
	switch {
	case stop > 0 && survives:
		n = stop + max(n, 2*signals)
	case stop > 0:
		n += stop + signals
	}
	return timesSpan(s.TimeoutSec, n)
}

func countRole(commands []plan.Command, role plan.Role) int {
	n := 0
	for i := range commands {
		if commands[i].Role == role {
			n++
		}
	}
	return n
}

func addSpans(a, b plan.Duration) plan.Duration {
	if a > plan.Infinity-b {
		return plan.Infinity
	}
	return a + b
}

func timesSpan(d plan.Duration, n int) plan.Duration {
	var out plan.Duration
	for range n {
		out = addSpans(out, d)
	}
	return out
}

// slowStop is the warning, with the units of the chain in the order in which
// they stop.
func (s *unitSet) slowStop(w *stopTimes, chain []plan.UnitID, grace plan.Duration) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Warning, Code: "slow-stop",
		Hint: "set a shorter TimeoutStopSec= in these units, or have the place wait longer and say so with --grace"}
	var names []string
	for _, id := range chain {
		names = append(names, s.image[id].name)
		d.Related = append(d.Related, s.stopTakes(w, id, ""))
	}
	total := w.total[chain[len(chain)-1]]
	d.Pos = d.Related[0].Pos
	d.Msg = "stopping in order may take " + spanWords(total) + ", and everything is killed after " + spanWords(grace) +
		": " + strings.Join(names, ", then ")
	for i := range s.image {
		if id := plan.UnitID(i); stopBound(&w.p.Units[id]) > grace && !slices.Contains(chain, id) {
			d.Related = append(d.Related, s.stopTakes(w, id, "alone "))
		}
	}
	if len(d.Related) == 1 && d.Pos.Line > 0 {
		d.Related = nil // the message says it all
	}
	return d
}

// stopTakes is how long the stop of a unit may take, and where that stands.
func (s *unitSet) stopTakes(w *stopTimes, id plan.UnitID, how string) diag.Related {
	u := s.image[id]
	pos, from := u.place(), ""
	switch name, at, set := u.stopTimeout(); {
	case at.Line > 0:
		pos = at
	case !set:
		from = ", since it has the default " + name + "="
	}
	return diag.Related{Pos: pos, Msg: "\"" + u.name + "\" " + how + "may take " + spanWords(stopBound(&w.p.Units[id])) + from}
}

// stopTimeout is what sets the time of a unit's stop, where, and whether it is set.
func (u *unit) stopTimeout() (string, grammar.Pos, bool) {
	if u.socket != nil {
		return "TimeoutSec", u.socket.timeout.at, u.socket.timeout.set
	}
	return "TimeoutStopSec", u.service.timeoutStop.at, u.service.timeoutStop.set
}

// spanWords is a span as a sentence has it.
func spanWords(d plan.Duration) string {
	if d == plan.Infinity {
		return "for ever"
	}
	if d%plan.Second == 0 && d >= plan.Second {
		return itoa(int64(d/plan.Second)) + " s"
	}
	return durationText(d)
}
