package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// watchKind says what a descriptor in the epoll is.
type watchKind int32

const (
	watchWake watchKind = iota
	watchLog
	watchPipes
	watchPipe
	watchSpawn
	watchGroups
	watchNotify
	watchSocket
	watchBus
	watchPIDFile
	watchStranger
	watchControl
	watchOuter
	watchStored
	watchOOM
	numWatches
)

const (
	epollIn      = uint32(syscall.EPOLLIN)
	epollOut     = uint32(syscall.EPOLLOUT)
	epollErr     = uint32(syscall.EPOLLERR)
	epollHup     = uint32(syscall.EPOLLHUP)
	epollET      = uint32(1 << 31)
	epollOneshot = uint32(syscall.EPOLLONESHOT)
)

// queue is a ring that grows.
type queue[T any] struct {
	buf        []T
	head, size int
}

func (q *queue[T]) push(v T) {
	if q.size == len(q.buf) {
		grown := make([]T, max(64, 2*len(q.buf)))
		for n := range q.size {
			grown[n] = q.buf[(q.head+n)%len(q.buf)]
		}
		q.buf, q.head = grown, 0
	}
	q.buf[(q.head+q.size)%len(q.buf)] = v
	q.size++
}

func (q *queue[T]) pop() T {
	v := q.buf[q.head]
	q.head = (q.head + 1) % len(q.buf)
	q.size--
	return v
}

// post tells the machine of ev, in its turn. It stands for itself: in each place
// that posts, it would make an image 10 kB larger.
//
//go:noinline
func (i *Init) post(ev machine.Event) { i.queue.push(ev) }

// run is the loop. It ends with the process.
func (i *Init) run() {
	i.post(machine.Event{Kind: machine.EvBoot})
	const busy = 100
	for turn := 0; ; turn++ {
		if turn == busy {
			i.goFirst() // it may never be quiet
		}
		i.settle()
		i.log.flush(i)
		i.waitForNews()
	}
}

// settle steps the machine until there is nothing left to say to it.
func (i *Init) settle() {
	for {
		i.drain()
		if i.deaf && i.machine.Deadline() <= nanotime() {
			// More signals are to be sent: what ends from the first ones can
			// wait, or it takes the time of those that still run on.
			i.post(machine.Event{Kind: machine.EvTick})
			continue
		}
		for _, f := range i.settled {
			f(i)
		}
		if i.queue.size > 0 {
			continue
		}
		if i.machine.Deadline() > nanotime() {
			return
		}
		i.post(machine.Event{Kind: machine.EvTick})
	}
}

// drain hands the queue to the machine and does what it says.
func (i *Init) drain() {
	for i.queue.size > 0 {
		actions := i.machine.Step(nanotime(), i.queue.pop())
		for n := range actions {
			if do := i.do[actions[n].Kind]; do != nil {
				do(i, &actions[n])
			}
		}
	}
}

// waitForNews sleeps until something happens, and passes it on.
func (i *Init) waitForNews() {
	n, e := i.sleep()
	if e != 0 {
		if e != syscall.EINTR {
			pause(10)
		}
		// The bell may have rung all the same.
		i.wokenUp(0, 0)
		return
	}
	for k := range n {
		ev := &i.events[k]
		if on := i.on[ev.Pad]; on != nil {
			faultAt(watchKind(ev.Pad))
			on(i, ev.Fd, ev.Events)
		}
	}
}

// sleep waits for events.
func (i *Init) sleep() (int, errno) {
	if i.nap != nil {
		if n, e, napped := i.nap(i); napped {
			return n, e
		}
	}
	n, e := epollNow(i.epoll, i.events[:])
	if n == 0 && e == 0 {
		i.quiet()
		i.forgetBoot()
		n, e = epollWait(i.epoll, i.events[:], i.patience())
	}
	return n, e
}

// patience is how many milliseconds the loop may sleep; -1 is for ever.
func (i *Init) patience() int {
	deadline := i.machine.Deadline()
	if i.ending.deadline != 0 && i.ending.deadline < deadline {
		deadline = i.ending.deadline
	}
	if i.sweepAt != 0 && i.sweepAt < deadline {
		deadline = i.sweepAt
	}
	if i.hungAt != 0 && i.hungAt < deadline {
		deadline = i.hungAt
	}
	if deadline == int64(plan.Infinity) {
		return -1
	}
	left := deadline - nanotime()
	if left <= 0 {
		return 0
	}
	const longest = 1 << 30 // the kernel's limit is 2³¹ ms
	return int(min((left+999_999)/1_000_000, longest))
}

// wokenUp hears the bell of the signals.
func (i *Init) wokenUp(int32, uint32) {
	set := takeSignals()
	if has(set, uint8(syscall.SIGCHLD)) {
		i.reap()
	}
	if set &^= 1 << (syscall.SIGCHLD - 1); set != 0 {
		i.signalled(set)
	}
}

// closeWatched closes a descriptor that is in the epoll. A child that is about
// to execute its program has copies of all of them, and as long as those are
// open, closing alone does not take it out of there.
func (i *Init) closeWatched(fd int32) {
	if fd != noFD {
		epollCtl(i.epoll, syscall.EPOLL_CTL_DEL, fd, 0, 0, 0)
		closeFD(fd)
	}
}
