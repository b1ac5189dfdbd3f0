package compiler

import (
	"testing"

	"rustysd/runtime/plan"
)

// As systemd-analyze timespan prints them.
func TestShowSpan(t *testing.T) {
	const hour, day, year, month = 60 * plan.Minute, 24 * 60 * plan.Minute, 31557600 * plan.Second, 2629800 * plan.Second
	for d, want := range map[plan.Duration]string{
		0: "0", plan.Microsecond: "1us", 999 * plan.Microsecond: "999us", 1500 * plan.Microsecond: "1.500ms", 100 * plan.Millisecond: "100ms",
		1500 * plan.Millisecond: "1.500000s", 90 * plan.Second: "1min 30s", hour + plan.Second: "1h 1s", 2 * day: "2d", year + month: "1y 1month",
		8 * day: "1w 1d", plan.Infinity: "infinity",
	} {
		if got := showSpan(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}
