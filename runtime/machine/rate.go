package machine

import "rustysd/runtime/plan"

// rate counts what happens within an interval that begins with the first
// event (systemd.unit(5), "StartLimitIntervalSec=").
type rate struct {
	begin int64
	n     uint16
}

// allow counts one event and tells if it is within burst per interval.
func (r *rate) allow(now int64, interval plan.Duration, burst uint16) bool {
	if interval == 0 || burst == 0 {
		return true
	}
	if r.n == 0 || interval != plan.Infinity && now-r.begin >= int64(interval) {
		r.begin, r.n = now, 0
	}
	if r.n >= burst {
		return false
	}
	r.n++
	return true
}

func (r *rate) reset() { *r = rate{} }
