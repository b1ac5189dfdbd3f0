package runtime

// LogRules is the feature of units that say which of their lines are logged
// (systemd.exec(5), "LogLevelMax=", "LogRateLimitIntervalSec=").
func LogRules(i *Init) {
	r := &logRules{units: make([]rateWindow, len(i.plan.Units))}
	i.started = append(i.started, func(i *Init) {
		if i.pipes != nil {
			i.pipes.rules = r.drops
		}
	})
}

type logRules struct{ units []rateWindow }

// rateWindow counts the lines of a unit from a moment on.
type rateWindow struct {
	start      int64
	lines      uint32
	suppressed uint32
}

// drops says whether a line is not logged; begin is how it begins.
func (l *logRules) drops(i *Init, s *stream, begin []byte) bool {
	r := s.log
	level := r.Level
	if !r.KeepPrefix && len(stripLevel(begin)) != len(begin) {
		level = begin[1] - '0'
	}
	if r.MaxLevel > 0 && level >= r.MaxLevel {
		return true
	}
	if r.Burst == 0 {
		return false
	}
	w, now := &l.units[s.unit], nanotime()
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
