package simulate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rustysd/runtime/plan"
)

// A boot that was measured
//
// Two things know how long units took. One is the init's own log with times
// before its lines, as "podman logs --timestamps", "docker logs -t" and "kubectl
// logs --timestamps" print it: a unit is starting, and then started. The other
// is a systemd that runs the same units, by
//
//	systemctl show --property=Id,InactiveExitTimestampMonotonic,\
//	ActiveEnterTimestampMonotonic,ActiveExitTimestampMonotonic,\
//	InactiveEnterTimestampMonotonic '*'
//
// What neither says takes the usual time; units that the image has not are of
// another one.

// ParseFile reads durations: lines like UNIT=TIME[/STOP], of which each must
// name a unit, a log, or what systemctl shows. "#" begins a remark.
func (o *Options) ParseFile(p *plan.Plan, text string) error {
	m := measured{o: o, p: p, began: map[string]turn{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			m.shown()
		case line[0] == '#':
		case m.logged(line), m.property(line):
		default:
			if err := o.ParseTimes(p, line); err != nil {
				return err
			}
		}
	}
	m.shown()
	return nil
}

// measured reads one file.
type measured struct {
	o     *Options
	p     *plan.Plan
	began map[string]turn // what a unit began last
	id    string
	at    [numTurns]int64 // of the unit id, in µs
}

// turn is when a unit began to start, or to stop.
type turn struct {
	at       time.Time
	stopping bool
}

// The points in time that systemctl shows.
const (
	inactiveExit = iota
	activeEnter
	activeExit
	inactiveEnter
	numTurns
)

var turns = [numTurns]string{"InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic",
	"ActiveExitTimestampMonotonic", "InactiveEnterTimestampMonotonic"}

// logged reads a line of a log with times; what services wrote is one too.
func (m *measured) logged(line string) bool {
	stamp, rest, _ := strings.Cut(line, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return false
	}
	// kubectl and podman's file of a log name the stream, and mark whole lines.
	for _, word := range [...]string{"stdout", "stderr", "F"} {
		rest = strings.TrimPrefix(rest, word+" ")
	}
	text, own := strings.CutPrefix(rest, "init: ")
	unit, what, both := strings.Cut(text, ": ")
	if !own || !both {
		return true
	}
	begun, known := m.began[unit]
	took := plan.Duration(at.Sub(begun.at))
	switch stopping := strings.HasPrefix(what, "stopping"); { // or "stopping because of"
	case stopping, what == "starting":
		m.began[unit] = turn{at, stopping}
		return true
	case what == "started", what == "finished":
		if known && !begun.stopping {
			m.set(unit, took, plan.Infinity)
		}
	case what == "stopped":
		if known && begun.stopping {
			m.set(unit, plan.Infinity, took)
		}
	default:
		// How it ends is said before it has stopped; a start that fails is none.
		if begun.stopping || !strings.HasPrefix(what, "failed") {
			return true
		}
	}
	delete(m.began, unit)
	return true
}

// property reads a line of systemctl.
func (m *measured) property(line string) bool {
	key, value, _ := strings.Cut(line, "=")
	if key == "Id" {
		if m.id != "" {
			m.shown()
		}
		m.id = value
		return true
	}
	for n, name := range turns {
		if key == name {
			m.at[n], _ = strconv.ParseInt(value, 10, 64)
			return true
		}
	}
	return false
}

// shown takes over what systemctl has shown of a unit.
func (m *measured) shown() {
	at := m.at
	m.at = [numTurns]int64{}
	if m.id == "" {
		return
	}
	start, stop := plan.Infinity, plan.Infinity
	up := at[activeEnter]
	if up == 0 {
		up = at[inactiveEnter] // a oneshot that does not remain
	}
	if at[inactiveExit] > 0 && up >= at[inactiveExit] {
		start = plan.Duration(up-at[inactiveExit]) * plan.Microsecond
	}
	if at[activeExit] > 0 && at[inactiveEnter] >= at[activeExit] {
		stop = plan.Duration(at[inactiveEnter]-at[activeExit]) * plan.Microsecond
	}
	m.set(m.id, start, stop)
	m.id = ""
}

// set notes the times of a unit of the image; the first counts, since a later
// one may be that of a restart.
func (m *measured) set(unit string, start, stop plan.Duration) {
	if _, ok := Find(m.p, unit); !ok {
		return
	}
	if m.o.Times == nil {
		m.o.Times = map[string]Times{}
	}
	t, known := m.o.Times[unit]
	if !known {
		t = Times{Start: plan.Infinity, Stop: plan.Infinity}
	}
	if t.Start == plan.Infinity {
		t.Start = max(start, 0)
	}
	if t.Stop == plan.Infinity {
		t.Stop = max(stop, 0)
	}
	m.o.Times[unit] = t
}

// String is a Times as ParseTimes reads it.
func (t Times) String() string {
	text := func(d plan.Duration) string { return fmt.Sprintf("%dus", d/plan.Microsecond) }
	if t.Stop == plan.Infinity {
		return text(t.Start)
	}
	return text(t.Start) + "/" + text(t.Stop)
}
