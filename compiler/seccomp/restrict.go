package seccomp

// What each directive of systemd.exec(5) forbids, in the order in which
// systemd installs the filters.

var (
	refused     = Errno(1)                      // EPERM
	notThere    = Errno(38)                     // ENOSYS
	noSuchAF    = Errno(97)                     // EAFNOSUPPORT
	direct      = []abi{amd64, x32, arm64, arm} // no socketcall(2) on them
	mmapArchs   = []abi{amd64, x32, arm64}
	mmap2Archs  = []abi{i386, arm}
	onlyI386    = []abi{i386}
	directShmat = []abi{amd64, x32, arm64, arm}
)

// Hostname is ProtectHostname=.
func (p *Policy) Hostname() { p.deny(refused, "sethostname", "setdomainname") }

// AddressFamilies is RestrictAddressFamilies=: only those that are listed, or all but
// them. On 32-bit x86, where sockets are made by socketcall(2), it has no
// effect (systemd.exec(5)).
func (p *Policy) AddressFamilies(allow bool, families []int) {
	values := make([]uint32, len(families))
	var listed []test
	for i, f := range families {
		values[i] = uint32(f)
		listed = append(listed, is(0, uint32(f)))
	}
	if allow {
		p.add(Allow, rule{"socket", noSuchAF, []test{outside(0, values...)}, direct})
		return
	}
	var rules []rule
	for _, t := range listed {
		rules = append(rules, rule{"socket", noSuchAF, []test{t}, direct})
	}
	p.add(Allow, rules...)
}

// WriteExecute is MemoryDenyWriteExecute=. i386 has an mmap(2) whose arguments
// lie in memory, where a filter cannot look; and its shmat(2) is part of
// ipc(2).
func (p *Policy) WriteExecute() {
	const write, exec, shmExec = 2, 4, 0o100000
	both, x := []test{has(2, write|exec)}, []test{has(2, exec)}
	p.add(Allow,
		rule{"mmap", refused, both, mmapArchs},
		rule{"mmap2", refused, both, mmap2Archs},
		rule{"mmap", refused, nil, onlyI386},
		rule{"mprotect", refused, x, nil},
		rule{"pkey_mprotect", refused, x, nil},
		rule{"shmat", refused, []test{has(2, shmExec)}, directShmat})
}

// Realtime is RestrictRealtime=.
func (p *Policy) Realtime() {
	const other, batch, idle = 0, 3, 5
	p.add(Allow, rule{"sched_setscheduler", refused, []test{outside(1, other, batch, idle)}, nil})
}

// SetIDs is RestrictSUIDSGID=. The mode of openat2(2) lies in memory, so the
// call is not there at all.
func (p *Policy) SetIDs() {
	const create = 0o100
	var rules []rule
	for _, bit := range [...]uint32{0o4000, 0o2000} {
		for _, c := range [...]struct {
			call string
			mode int
		}{
			{"chmod", 1}, {"fchmod", 1}, {"fchmodat", 2}, {"fchmodat2", 2}, {"mkdir", 1}, {"mkdirat", 2},
			{"mknod", 1}, {"mknodat", 2}, {"creat", 1},
		} {
			rules = append(rules, rule{c.call, refused, []test{has(c.mode, bit)}, nil})
		}
		rules = append(rules,
			rule{"open", refused, []test{has(1, create), has(2, bit)}, nil},
			rule{"openat", refused, []test{has(2, create), has(3, bit)}, nil})
	}
	p.add(Allow, append(rules, rule{"openat2", notThere, nil, nil})...)
}

// The flags of clone(2) for namespaces.
const (
	newCgroup = 0x02000000
	newIPC    = 0x08000000
	newNet    = 0x40000000
	newMnt    = 0x00020000
	newPID    = 0x20000000
	newUser   = 0x10000000
	newUTS    = 0x04000000
	newTime   = 0x00000080
)

// Namespaces are the flags of clone(2) that RestrictNamespaces= knows, by its
// names.
var Namespaces = map[string]uint32{
	"cgroup": newCgroup, "ipc": newIPC, "net": newNet,
	"mnt": newMnt, "pid": newPID, "user": newUser, "uts": newUTS, "time": newTime,
}

// AllNamespaces are all flags of [Namespaces].
const AllNamespaces = newCgroup | newIPC | newNet | newMnt |
	newPID | newUser | newUTS | newTime

// NamespacesBut is RestrictNamespaces=: only those in retain may be made or
// entered. The flags of clone3(2) lie in memory; without it the C libraries
// take clone(2).
func (p *Policy) NamespacesBut(retain uint32) {
	rules := []rule{{"clone3", notThere, nil, nil}}
	if retain == 0 {
		rules = append(rules, rule{"setns", refused, nil, nil})
	} else { // 0 stands for whatever the descriptor is
		rules = append(rules, rule{"setns", refused, []test{is(1, 0)}, nil})
	}
	for _, f := range [...]uint32{newCgroup, newIPC, newNet,
		newMnt, newPID, newUser, newUTS, newTime} {
		if retain&f != 0 {
			continue
		}
		rules = append(rules,
			rule{"unshare", refused, []test{has(0, f)}, nil},
			rule{"clone", refused, []test{has(0, f)}, nil})
		if retain != 0 {
			rules = append(rules, rule{"setns", refused, []test{has(1, f)}, nil})
		}
	}
	p.add(Allow, rules...)
}

// Refuse makes the calls of a group fail with EPERM: @module is
// ProtectKernelModules=, @clock ProtectClock=, @raw-io PrivateDevices=.
func (p *Policy) Refuse(group string) {
	calls, _ := Group(group)
	p.deny(refused, calls...)
}

// KernelLogs is ProtectKernelLogs=, Tunables ProtectKernelTunables=.
func (p *Policy) KernelLogs() { p.deny(refused, "syslog") }

// Tunables forbids what ProtectKernelTunables= cannot forbid by mounts.
func (p *Policy) Tunables() { p.deny(refused, "_sysctl") }

// Personality is LockPersonality=: no other than this one may be set.
func (p *Policy) Personality(only uint32) {
	p.add(Allow, rule{"personality", refused, []test{outside(0, only)}, nil})
}
