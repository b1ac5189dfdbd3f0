package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// ending is the last part of a shutdown: no unit is left, but processes may be.
type ending struct {
	killing  bool
	round    int
	deadline int64 // 0: none
	interval int64
}

// killAll is ActKillAll: SIGTERM to all, SIGKILL after the time given, and
// again, because a process that is stuck in the kernel gets it late.
func (i *Init) killAll(a *machine.Action) {
	i.ending = ending{killing: true, interval: max(a.Value, int64(10*plan.Millisecond))}
	if i.reap(); !i.ending.killing {
		return
	}
	i.signalAll(uint8(syscall.SIGTERM))
	i.signalAll(uint8(syscall.SIGCONT))
	i.ending.deadline = nanotime() + i.ending.interval
}

// rounds of SIGKILL, a second apart, before the init ends without those left.
const lastRounds = 5

// pressOn goes on with killAll when its time is up.
func (i *Init) pressOn() {
	x := &i.ending
	if !x.killing || x.deadline == 0 || nanotime() < x.deadline {
		return
	}
	if x.round++; x.round > lastRounds {
		i.say("", "processes are left that cannot be killed")
		i.allGone()
		return
	}
	i.signalAll(uint8(syscall.SIGKILL))
	x.deadline = nanotime() + int64(min(plan.Duration(x.interval), plan.Second))
}

// allGone: there is no child left, and every orphan is one.
func (i *Init) allGone() {
	i.ending = ending{}
	i.post(machine.Event{Kind: machine.EvAllGone})
}

// signalAll signals every process but the init: in its own pid namespace that
// is all there are; else only its descendants.
func (i *Init) signalAll(sig uint8) {
	if i.pid == 1 {
		kill(-1, sig)
		return
	}
	i.scan.look()
	for n := range i.scan.list {
		p := &i.scan.list[n]
		if p.pid == i.pid || !i.descends(p) {
			continue
		}
		if fd, e := pidfdOpen(p.pid); e == 0 {
			if now, ok := i.scan.stat(p.pid); ok && (now.parent == p.parent || now.parent == i.pid) {
				pidfdSignal(fd, sig)
			}
			closeFD(fd)
		}
	}
}

// descends tells whether a process of the last scan is a descendant.
func (i *Init) descends(p *process) bool {
	for depth := 0; p != nil && depth < 1000; depth++ {
		if p.parent == i.pid {
			return true
		}
		p = i.scan.find(p.parent)
	}
	return false
}

// exit is ActExit.
func (i *Init) exit(a *machine.Action) {
	action := plan.Action(a.Command)
	if i.detach != nil && !isImmediate(action) {
		i.detach(i)
	}
	i.finishLog()
	i.groups.leave()
	if i.real {
		syscall.RawSyscall(syscall.SYS_SYNC, 0, 0, 0)
		cmd := rebootCommand(action)
		if arg := i.machine.RebootArgument(); arg != "" && cmd == syscall.LINUX_REBOOT_CMD_RESTART {
			rebootInto(arg)
		}
		reboot(cmd)
	}
	exitNow(int(a.Value))
}

// finishLog gives the reader of the log a last second.
func (i *Init) finishLog() {
	for try := 0; try < 100; try++ {
		more := i.lastWords != nil && i.lastWords(i)
		i.log.waiting = false
		i.log.flush(i)
		if !more && i.log.start == i.log.end {
			return
		}
		pause(10)
	}
}

func rebootCommand(action plan.Action) uint32 {
	switch action {
	case plan.ActionReboot, plan.ActionRebootForce, plan.ActionRebootImmediate:
		return syscall.LINUX_REBOOT_CMD_RESTART
	case plan.ActionHalt, plan.ActionHaltForce, plan.ActionHaltImmediate:
		return syscall.LINUX_REBOOT_CMD_HALT
	}
	return syscall.LINUX_REBOOT_CMD_POWER_OFF
}

func reboot(cmd uint32) {
	syscall.RawSyscall6(syscall.SYS_REBOOT, syscall.LINUX_REBOOT_MAGIC1, syscall.LINUX_REBOOT_MAGIC2, uintptr(cmd), 0, 0, 0)
}

// rebootInto reboots with an argument for the firmware; where that cannot be it
// comes back.
func rebootInto(arg string) {
	text := append([]byte(arg), 0)
	syscall.RawSyscall6(syscall.SYS_REBOOT, syscall.LINUX_REBOOT_MAGIC1, syscall.LINUX_REBOOT_MAGIC2, syscall.LINUX_REBOOT_CMD_RESTART2,
		uintptr(unsafe.Pointer(unsafe.SliceData(text))), 0, 0)
}

func exitNow(status int) {
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(status), 0, 0)
	}
}

// signalled does what systemd(1), "SIGNALS", says, where there is something to
// do. Diverges: SIGTERM stops everything, as container engines expect.
func (i *Init) signalled(set uint64) {
	i.saySent(set)
	for _, sig := range handled {
		if !has(set, sig) {
			continue
		}
		if action := i.actionOf(sig); action != plan.ActionNone {
			i.post(machine.Event{Kind: machine.EvShutdown, Status: int32(action)})
			continue
		}
		i.say("", "signal ", itoa(int64(sig)), " has no meaning here")
	}
}

func (i *Init) actionOf(sig uint8) plan.Action {
	switch sig {
	case uint8(syscall.SIGTERM), uint8(syscall.SIGPWR), sigRTMin + 4:
		return i.orExit(plan.ActionPoweroff)
	case uint8(syscall.SIGINT), sigRTMin + 5, sigRTMin + 6, sigRTMin + 7: // Ctrl-Alt-Del; no kernel is loaded for kexec
		return i.orExit(plan.ActionReboot)
	case sigRTMin + 3:
		return i.orExit(plan.ActionHalt)
	case sigRTMin + 13:
		return i.orExit(plan.ActionHaltImmediate)
	case sigRTMin + 14:
		return i.orExit(plan.ActionPoweroffImmediate)
	case sigRTMin + 15, sigRTMin + 16, sigRTMin + 17:
		return i.orExit(plan.ActionRebootImmediate)
	}
	return plan.ActionNone
}

// orExit: what is no machine can only end.
//
//go:noinline
func (i *Init) orExit(a plan.Action) plan.Action {
	if i.real {
		return a
	}
	if isImmediate(a) {
		return plan.ActionExitForce
	}
	return plan.ActionExit
}

// isImmediate: nothing is stopped, nor unmounted.
func isImmediate(a plan.Action) bool {
	return a == plan.ActionHaltImmediate || a == plan.ActionPoweroffImmediate || a == plan.ActionRebootImmediate
}

// prepareMachine mounts what PID 1 of a machine needs and a container has. A
// mount that fails is no reason to fail: units that need it will.
func (i *Init) prepareMachine() {
	var st syscall.Stat_t
	const nodevs = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC
	if lstat("/proc/self", &st) == syscall.ENOENT {
		mkdir("/proc", 0o555)
		mount("proc", "/proc", "proc", nodevs, "")
	}
	i.real = i.isMachine()
	if lstat("/sys/kernel", &st) == syscall.ENOENT {
		mkdir("/sys", 0o555)
		mount("sysfs", "/sys", "sysfs", nodevs, "")
	}
	if i.real || lstat("/dev/null", &st) == syscall.ENOENT {
		i.mountFresh("/dev", "devtmpfs", syscall.MS_NOSUID, "mode=0755")
	}
	if !i.real {
		return
	}
	i.mountFresh("/run", "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=0755")
	i.mountFresh("/sys/fs/cgroup", "cgroup2", nodevs, "")
	reboot(0) // Ctrl-Alt-Del sends SIGINT
}

// mountFresh mounts on a folder unless something is mounted there.
func (i *Init) mountFresh(path, fstype string, flags uintptr, data string) {
	mkdir(path, 0o755)
	var dir, parent syscall.Stat_t
	up := path
	for len(up) > 1 && up[len(up)-1] != '/' {
		up = up[:len(up)-1]
	}
	if lstat(path, &dir) == 0 && lstat(up, &parent) == 0 && dir.Dev == parent.Dev {
		mount(fstype, path, fstype, flags, data)
	}
}

// isMachine: PID 1 of the kernel's first pid namespace that no container
// engine has marked.
func (i *Init) isMachine() bool {
	if _, marked := syscall.Getenv("container"); marked {
		return false
	}
	var buf [64]byte
	const firstNamespace = "pid:[4026531836]"
	ns, e := readlink("/proc/self/ns/pid", buf[:])
	return e == 0 && ns == firstNamespace
}
