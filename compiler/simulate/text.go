package simulate

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// barWidth is the number of characters of a bar.
const barWidth = 40

// Text draws the boot, a line for each unit that began, and the stop.
func (b *Boot) Text() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s after %s (virtual time)\n\n", diag.Printable(b.Target), b.verdict(), seconds(b.Took))
	width := 4
	for i := range b.Units {
		width = max(width, len([]rune(b.Units[i].Name)))
	}
	fmt.Fprintf(&s, "  %-*s  %9s  %9s\n", width, "UNIT", "BEGINS", "TAKES")
	for _, i := range b.byBegin() {
		b.row(&s, &b.Units[i], width)
	}
	s.WriteString("\n* critical path   █ starting, on it   ▒ starting   ─ up   ✗ failed")
	if b.End != b.Took {
		fmt.Fprintf(&s, "   shown: %s", seconds(b.End))
	}
	s.WriteString("\n")
	for i := range b.Units {
		if u := &b.Units[i]; u.Began == plan.Infinity && !u.Well {
			fmt.Fprintf(&s, "not started: %s\n", diag.Printable(u.Name))
		}
	}
	fmt.Fprintf(&s, "\nstop: %s, at worst %s (when no process cares for a signal)\n", seconds(b.Stopped), seconds(b.AtWorst))
	for _, i := range b.byEnd() {
		fmt.Fprintf(&s, "  %9s  %s\n", seconds(b.Units[i].Down), diag.Printable(b.Units[i].Name))
	}
	return s.String()
}

func (b *Boot) verdict() string {
	if b.Reached {
		return "reached"
	}
	return "not reached"
}

func (b *Boot) row(s *strings.Builder, u *Unit, width int) {
	mark := " "
	if u.Critical {
		mark = "*"
	}
	takes := "never"
	if u.Up != plan.Infinity {
		takes = seconds(u.Up - u.Began)
	}
	line := fmt.Sprintf("%s %-*s  %9s  %9s  %s", mark, width, diag.Printable(u.Name), seconds(u.Began), takes, b.bar(u))
	s.WriteString(strings.TrimRight(line, " "))
	if u.Restarts > 0 {
		fmt.Fprintf(s, "  %d restarts", u.Restarts)
	}
	if !u.Well {
		fmt.Fprintf(s, "  %s (%s)", u.State, u.Result)
	}
	s.WriteString("\n")
}

// bar is the unit's states over the time of the boot.
func (b *Boot) bar(u *Unit) string {
	bar := []rune(strings.Repeat(" ", barWidth))
	for _, p := range u.Spans {
		r, ok := symbol(p.Looks(), u.Critical)
		if !ok || p.From > b.End {
			continue
		}
		from, to := b.column(p.From), b.column(min(p.To, b.End))
		for i := from; i < max(to, min(from+1, barWidth)); i++ {
			bar[i] = r
		}
	}
	return string(bar)
}

func symbol(active string, critical bool) (rune, bool) {
	switch active {
	case "activating":
		if critical {
			return '█', true
		}
		return '▒', true
	case "active", "reloading":
		return '─', true
	case "failed":
		return '✗', true
	case "deactivating":
		return '·', true
	}
	return ' ', false
}

func (b *Boot) column(t plan.Duration) int {
	if b.End == 0 {
		return 0
	}
	return min(int(float64(t)/float64(b.End)*barWidth), barWidth)
}

// byBegin are the units that began in the boot, first to last.
func (b *Boot) byBegin() []int {
	return b.sorted(func(u *Unit) plan.Duration { return u.Began })
}

// byEnd are those that went down in the stop.
func (b *Boot) byEnd() []int { return b.sorted(func(u *Unit) plan.Duration { return u.Down }) }

func (b *Boot) sorted(key func(*Unit) plan.Duration) []int {
	var order []int
	for i := range b.Units {
		if key(&b.Units[i]) != plan.Infinity {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int {
		kx, ky := key(&b.Units[x]), key(&b.Units[y])
		if kx == ky {
			return int((b.Units[x].Up - b.Units[y].Up) / plan.Microsecond)
		}
		return int((kx - ky) / plan.Microsecond)
	})
	return order
}

func seconds(d plan.Duration) string { return fmt.Sprintf("%.3fs", float64(d)/float64(plan.Second)) }

// Text says what a failure does.
func (d *Damage) Text() string {
	var s strings.Builder
	reached := "the target is reached"
	if !d.Reached {
		reached = "the target is not reached"
	}
	fmt.Fprintf(&s, "\nif %s fails: %s, %d restarts\n", diag.Printable(d.Unit), reached, d.Restarts)
	for _, n := range d.Never {
		fmt.Fprintf(&s, "  never starts  %s\n", diag.Printable(n))
	}
	for _, n := range d.Stopped {
		fmt.Fprintf(&s, "  stops         %s\n", diag.Printable(n))
	}
	for _, n := range d.Again {
		fmt.Fprintf(&s, "  is restarted  %s\n", diag.Printable(n))
	}
	return s.String()
}

// EachText is the table of [Each].
func EachText(all []Damage) string {
	width := 4
	for i := range all {
		width = max(width, len([]rune(all[i].Unit)))
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%-*s  %5s  %5s  %8s  %s\n", width, "UNIT", "NEVER", "STOPS", "RESTARTS", "TARGET")
	for i := range all {
		d, reached := &all[i], "reached"
		if !d.Reached {
			reached = "not reached"
		}
		fmt.Fprintf(&s, "%-*s  %5d  %5d  %8d  %s\n", width, diag.Printable(d.Unit), len(d.Never), len(d.Stopped), d.Restarts, reached)
	}
	return s.String()
}
