package runtime

import (
	"rustysd/runtime/plan"
	"sync"
	"syscall"
	"unsafe"
)

// Some starts need files that must be read first: EnvironmentFile=, and
// /etc/passwd for users that the build did not know. A read may take its time,
// so each such start gets a goroutine of its own, which hands the request back
// through a list and an eventfd. Those that hang do not count for ever, as with
// children. Images without these features have neither.

// preparedList is what the goroutines have finished.
type preparedList struct {
	mu     sync.Mutex
	list   requestList
	wakeFD int32
}

// needsFiles tells a request that cannot be started before files were read.
func (s *spawner) needsFiles(r *spawnRequest) bool {
	return s.claim != nil && s.claim(r) || s.envFiles != nil && len(r.exec.EnvFiles) > 0 ||
		s.users != nil && needsLogin(r) || s.credentials != nil && needsCredentials(r) || s.trees != nil && s.trees(r, false)
}

// needsCredentials: what ends a unit runs with those that its start has made,
// or without.
func needsCredentials(r *spawnRequest) bool {
	return len(r.exec.Credentials) > 0 && r.cmd.Role <= plan.ExecStart
}

func needsLogin(r *spawnRequest) bool {
	e := r.exec
	return e.User != "" || e.Group != "" || len(e.Supplementary) > 0
}

// hearBy has the readers ring an eventfd, which they must see: other threads do
// not have what the loop opens.
func (s *spawner) hearBy(fd int32) errno {
	s.prepared.wakeFD = fd
	return s.watch(fd, eventPrepared)
}

// prepare reads what a request needs, beside the loop.
func (s *spawner) prepare(r *spawnRequest) {
	s.held++
	s.unread.push(r)
	s.readMore()
}

// readMore reads for those that wait, as far as there may be readers.
func (s *spawner) readMore() {
	for s.unread.first != nil && s.reading < s.readers {
		r := s.unread.pop()
		if r.state == startCalledOff {
			s.held--
			s.refuse(r, syscall.ECANCELED)
			continue
		}
		s.reading++
		go s.read(r)
	}
	if s.unread.first != nil {
		s.watchStuck()
	}
}

// read runs beside the loop, where nobody else catches a fault.
func (s *spawner) read(r *spawnRequest) {
	defer s.hand(r)
	if s.users != nil && needsLogin(r) {
		s.users(r)
	}
	if s.trees != nil && r.login.step == 0 {
		s.trees(r, true)
	}
	if s.credentials != nil && needsCredentials(r) && r.login.step == 0 {
		s.credentials(r)
	}
	if s.spaces != nil {
		s.spaces(r)
	}
	if s.envFiles != nil {
		r.errno = s.envFiles(r)
	}
}

// hand gives a request back to the loop.
func (s *spawner) hand(r *spawnRequest) {
	if recover() != nil {
		r.errno = syscall.EFAULT
	}
	p := &s.prepared
	p.mu.Lock()
	p.list.push(r)
	p.mu.Unlock()
	one := uint64(1)
	syscall.RawSyscall(syscall.SYS_WRITE, uintptr(p.wakeFD), uintptr(unsafe.Pointer(&one)), 8)
}

// collectPrepared goes on with the requests whose files were read.
func (s *spawner) collectPrepared() {
	p := &s.prepared
	var count uint64
	syscall.RawSyscall(syscall.SYS_READ, uintptr(p.wakeFD), uintptr(unsafe.Pointer(&count)), 8)
	for {
		p.mu.Lock()
		r := p.list.pop()
		p.mu.Unlock()
		if r == nil {
			s.readMore()
			return
		}
		s.moved = true
		s.reading--
		s.held--
		s.stuck = min(s.stuck, s.held)
		s.readers = max(maxChildren, s.reading)
		// systemd does not even fork when an environment file is missing:
		// the start fails with the result "resources".
		if r.errno != 0 {
			s.done.push(r)
			continue
		}
		s.enqueue(r)
	}
}
