package seccomp

// multiplexed are the calls that 32-bit x86 makes by socketcall(2) and ipc(2),
// by the number that is their first argument. Some have a number of their own
// too, and a rule counts for both ways.
var multiplexed = map[string]struct {
	call   string
	number uint32
}{
	"socket": {"socketcall", 1}, "bind": {"socketcall", 2}, "connect": {"socketcall", 3},
	"listen": {"socketcall", 4}, "accept": {"socketcall", 5}, "getsockname": {"socketcall", 6},
	"getpeername": {"socketcall", 7}, "socketpair": {"socketcall", 8}, "send": {"socketcall", 9},
	"recv": {"socketcall", 10}, "sendto": {"socketcall", 11}, "recvfrom": {"socketcall", 12},
	"shutdown": {"socketcall", 13}, "setsockopt": {"socketcall", 14}, "getsockopt": {"socketcall", 15},
	"sendmsg": {"socketcall", 16}, "recvmsg": {"socketcall", 17}, "accept4": {"socketcall", 18},
	"recvmmsg": {"socketcall", 19}, "sendmmsg": {"socketcall", 20},
	"semop": {"ipc", 1}, "semget": {"ipc", 2}, "semctl": {"ipc", 3}, "semtimedop": {"ipc", 4},
	"msgsnd": {"ipc", 11}, "msgrcv": {"ipc", 12}, "msgget": {"ipc", 13}, "msgctl": {"ipc", 14},
	"shmat": {"ipc", 21}, "shmdt": {"ipc", 22}, "shmget": {"ipc", 23}, "shmctl": {"ipc", 24},
}

// throughMultiplexer is the rule on the multiplexer that goes with a rule on a
// call; ok says whether there is one. One with tests cannot be kept there: the
// arguments lie in memory.
func throughMultiplexer(r *rule) (out rule, ok bool) {
	m, ok := multiplexed[r.call]
	if !ok || len(r.tests) > 0 {
		return rule{}, false
	}
	mask := uint32(everything)
	if m.call == "ipc" {
		mask = 0xFFFF // the upper half is a version
	}
	return rule{m.call, r.act, []test{{0, mask, []span{{m.number, m.number}}}}, r.on}, true
}
