package runtime

import (
	"sync/atomic"

	"rustysd/runtime/plan"
)

// A lone start needs no pipe
//
// Of most programs the init hears soon anyway: a oneshot or a control command
// ends, a notify service says that it is ready. The child of such a start has
// no pipe. The kernel clears a word of its arena when it lets go of the init's
// memory (CLONE_CHILD_CLEARTID of clone(2)), which is when it has executed its
// program or ended; the loop looks at the word each time that it wakes up, and
// after a nap if nothing wakes it. In a chain of oneshots that saves a wake-up
// and eight calls for each link, 20 to 30 µs of 150.
//
// One child at a time is silent: more than one at a time is a boot in breadth,
// where a slot that becomes free has to wake the loop.

// The first nap is longer than an execve takes. The next ones double, so that
// one which hangs in a dead network file system costs a wake-up a second.
const (
	firstNap   = 1 // milliseconds
	longestNap = 1024
)

// mayBeSilent says that a start will be heard of without a pipe. The word is
// cleared only in memory that is shared, by clone3; a child that changes its
// user must be known to be gone at once (see mend), and one with a filter may be
// killed by it before it executes anything.
func (s *spawner) mayBeSilent(r *spawnRequest) bool {
	if s.silent != nil || !r.soonHeard || s.cloner.noClone3 || r.exec.OwnMemory {
		return false
	}
	for n := range r.exec.Calls {
		if traitsOf(&r.exec.Calls[n]) != (traits{}) {
			return false
		}
	}
	return true
}

// pollSilent finishes the silent child when it has let go of the memory.
func (s *spawner) pollSilent() {
	if sl := s.silent; sl != nil && atomic.LoadUint32(&sl.arena.answer().living) == 0 {
		s.silent, s.nextNap = nil, firstNap
		s.finish(sl)
	}
}

// nap shortens a sleep of the loop, in milliseconds, while there is a silent
// child.
func (s *spawner) nap(ms int) int {
	if ms >= 0 && ms <= s.nextNap {
		return ms
	}
	ms = s.nextNap
	s.nextNap = min(2*s.nextNap, longestNap)
	return ms
}

// soonHeard says that a command is sure to end or to say that it is ready, so
// that nobody waits for its execve alone (systemd.service(5), "Type=").
func soonHeard(u *plan.Unit, cmd *plan.Command) bool {
	if u.Service == nil || cmd.Role != plan.ExecStart {
		return true
	}
	switch u.Service.Type {
	case plan.TypeOneshot, plan.TypeNotify, plan.TypeNotifyReload:
		return true
	}
	return false
}
