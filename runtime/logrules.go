package runtime

import "rustysd/runtime/plan"

// LogRules is the feature of units that say which of their lines are logged
// (systemd.exec(5), "LogLevelMax=", "LogRateLimitIntervalSec=").
func LogRules(i *Init) {
	i.logWindows = make([]rateWindow, len(i.plan.Units))
	i.started = append(i.started, func(i *Init) {
		if i.pipes != nil {
			i.pipes.rules = dropsLine
		}
	})
}

// rateWindow counts the lines of a unit from a moment on.
type rateWindow struct {
	start      int64
	lines      uint32
	suppressed uint32
}

// levelOf is that of a line that begins so.
func levelOf(r *plan.LogRules, begin []byte) uint8 {
	if !r.KeepPrefix && len(stripLevel(begin)) != len(begin) {
		return begin[1] - '0'
	}
	return r.Level
}

// dropsLine says whether a line, of two parts, is not logged.
func dropsLine(i *Init, s *stream, r *plan.LogRules, a, b []byte) bool {
	if r.MaxLevel > 0 && levelOf(r, first(a, b)) >= r.MaxLevel {
		return true
	}
	if r.Burst == 0 {
		return false
	}
	w, now := &i.logWindows[s.unit], nanotime()
	if now-w.start > int64(r.Interval) {
		if w.suppressed > 0 {
			i.sayUnit(s.unit, "suppressed ", itoa(int64(w.suppressed)), " lines")
		}
		*w = rateWindow{start: now}
	}
	if w.lines >= r.Burst {
		w.suppressed++
		return true
	}
	w.lines++
	return false
}
