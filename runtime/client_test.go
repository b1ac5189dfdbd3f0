package runtime

import (
	"testing"
	"time"

	"rustysd/runtime/plan"
)

// The calendar is held against package time, which is too heavy for an image.
func TestTimestamp(t *testing.T) {
	for at := int64(0); at < 5e9; at += 86399 * 13 {
		want := time.Unix(at, 0).UTC().Format("Mon 2006-01-02 15:04:05 MST")
		if got := timestamp(at * usecSecond); got != want {
			t.Fatalf("%d is %s, want %s", at, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for usec, want := range map[int64]string{
		0: "now", 1500: "1ms ago", 59 * usecSecond: "59s ago", 61 * usecSecond: "1min 1s ago", 7 * usecMinute: "7min ago",
		usecHour + 5*usecMinute: "1h 5min ago", 7 * usecHour: "7h ago", 26 * usecHour: "1 day 2h ago", 3 * usecDay: "3 days ago",
		8 * usecDay: "1 week 1 day ago", 2*usecMonth + usecDay: "2 months 1 day ago", usecYear + 2*usecMonth: "1 year 2 months ago",
	} {
		if got := ago(usec); got != want {
			t.Errorf("%d µs is %q, want %q", usec, got, want)
		}
	}
}

func TestSignalNumber(t *testing.T) {
	for name, want := range map[string]int64{"": 15, "HUP": 1, "SIGHUP": 1, "9": 9, "RTMIN+3": 37, "SIGRTMIN+3": 37, "65": 0, "NOPE": 0, "-1": 0} {
		if got := signalNumber(name); got != want {
			t.Errorf("%q is %d, want %d", name, got, want)
		}
	}
}

func TestActionText(t *testing.T) {
	for a, want := range map[plan.Action]string{plan.ActionNone: "none", plan.ActionReboot: "reboot", plan.ActionPoweroffForce: "poweroff-force",
		plan.ActionHaltImmediate: "halt-immediate", plan.ActionExit: "exit", plan.ActionExitForce: "exit-force"} {
		if got := actionText(a); got != want {
			t.Errorf("%d is %q, want %q", a, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"sh\x00-c\x00x": "sh -c x", "\x1b[31m": "?[31m", "a\x7fb": "a?b", "\u009b1m": "??1m", "\x9b1m": "?1m", "ünï\ufffd": "ünï\ufffd",
	} {
		if got := clean(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
