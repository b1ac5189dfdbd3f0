package compiler

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// sysNames are the system calls by their names.
var sysNames = [plan.NumSys]string{"none", "setsid", "umask", "mkdirat", "fchmodat", "fchownat", "symlinkat",
	"unlinkat", "openat", "close", "dup3", "chdir", "chroot", "setgroups", "setresgid", "setresuid", "setpriority",
	"prlimit64", "prctl", "write", "ioctl", "sched_setscheduler", "sched_setaffinity", "ioprio_set", "personality",
	"capset", "unshare", "setns", "mount", "umount2", "pivot_root", "mount_setattr", "open_tree", "move_mount",
	"seccomp", "sethostname", "keyctl", "set_mempolicy", "socket",
	"mknodat", "renameat2", "memfd_create", "lseek", "openat2", "add_key", "skip"}

// sysArgs is the number of arguments that each call has, for those that a plan
// holds so far; the others are written with all six.
var sysArgs = map[plan.Sys]int{
	plan.SysUmask: 1, plan.SysMkdirat: 3, plan.SysFchmodat: 3, plan.SysFchownat: 5, plan.SysSymlinkat: 3,
	plan.SysOpenat: 3, plan.SysClose: 1, plan.SysChdir: 1, plan.SysSetgroups: 2, plan.SysSetresgid: 3,
	plan.SysSetresuid: 3, plan.SysSetpriority: 3, plan.SysPrlimit64: 4, plan.SysPrctl: 5, plan.SysWrite: 3,
	plan.SysSchedSetscheduler: 3, plan.SysIoprioSet: 3, plan.SysSchedSetaffinity: 3, plan.SysPersonality: 1,
	plan.SysCapset: 2, plan.SysUnshare: 1, plan.SysSeccomp: 3, plan.SysKeyctl: 3, plan.SysSetMempolicy: 3,
	plan.SysSocket: 3, plan.SysIoctl: 3, plan.SysSkip: 1, plan.SysMount: 5, plan.SysMountSetattr: 5,
	plan.SysOpenTree: 3, plan.SysMoveMount: 5, plan.SysDup3: 3, plan.SysSethostname: 2, plan.SysSetns: 2, plan.SysMknodat: 3, plan.SysRenameat2: 5, plan.SysMemfdCreate: 2, plan.SysLseek: 3, plan.SysUmount2: 2,
	plan.SysPivotRoot: 2, plan.SysChroot: 1, plan.SysUnlinkat: 3, plan.SysOpenat2: 4, plan.SysAddKey: 5,
}

// slotNames are the arguments that are not constants.
var slotNames = map[plan.Slot]string{
	plan.SlotKept: "kept", plan.SlotUID: "uid", plan.SlotGID: "gid", plan.SlotGroups: "groups",
	plan.SlotNGroups: "ngroups", plan.SlotHome: "home", plan.SlotEachCap: "each of",
	plan.SlotSpace: "namespace", plan.SlotCaps: "capabilities", plan.SlotUnprivileged: "1 if unprivileged", plan.SlotInvocation: "invocation id", plan.SlotNice: "as close as may be to", plan.SlotNodes: "processors of nodes",
}

// tolerateNames are the bits of plan.Tolerate, in order.
var tolerateNames = [...]string{"EPERM", "ENOENT", "EEXIST", "ENOSYS", "any", "ENOTDIR"}

// callText writes a call as strace(1) would, with its step and the errors that
// it may have: mkdirat(AT_FDCWD, "/run", 0o755) 233 or EEXIST.
func callText(c *plan.Call) string {
	n, known := sysArgs[c.Sys]
	if !known {
		n = len(c.Arg)
	}
	args := make([]string, n)
	for i := range args {
		args[i] = argText(c, i)
	}
	text := fmt.Sprintf("%s(%s) %s", sysNames[c.Sys], strings.Join(args, ", "), stepText(c.Step))
	if c.Keep {
		text += " keep"
	}
	for i, name := range tolerateNames {
		if c.Tolerate&(1<<i) != 0 {
			text += " or " + name
		}
	}
	return text
}

// argText writes one argument. Data is text up to its NUL, or bytes.
func argText(c *plan.Call, i int) string {
	arg := c.Arg[i]
	switch c.Slot[i] {
	case plan.SlotConst:
		if arg == atFDCWD {
			return "AT_FDCWD"
		}
		if c.Sys == plan.SysUmask || i == 2 && (c.Sys == plan.SysMkdirat || c.Sys == plan.SysFchmodat) {
			return fmt.Sprintf("%#o", arg)
		}
		return fmt.Sprint(int64(arg))
	case plan.SlotData, plan.SlotPrivate:
		data := c.Data[arg:]
		if c.Sys == plan.SysMountSetattr && i == 3 && len(data) >= 16 { // struct mount_attr
			return fmt.Sprintf("set %#x clear %#x", binary.LittleEndian.Uint64([]byte(data)), binary.LittleEndian.Uint64([]byte(data[8:])))
		}
		if c.Sys != plan.SysWrite && !binaryData(c.Sys) {
			data, _, _ = strings.Cut(data, "\x00")
		}
		return fmt.Sprintf("%q", data)
	case plan.SlotMarkedCPUs:
		return fmt.Sprintf("%q and %q", c.Data[:uint32(arg)], c.Data[uint32(arg):])
	case plan.SlotMarked, plan.SlotMarkedText:
		return fmt.Sprintf("%q", c.Data[uint32(arg):][:arg>>32])
	case plan.SlotLimit:
		return fmt.Sprintf("limit %d", arg)
	case plan.SlotNice:
		return fmt.Sprintf("%s %d", slotNames[plan.SlotNice], int64(arg))
	case plan.SlotEachCap, plan.SlotCaps:
		return fmt.Sprintf("%s %#x", slotNames[c.Slot[i]], arg)
	case plan.SlotFprog:
		return fmt.Sprintf("filter of %d bytes, CRC %08x", len(c.Data)-int(arg), crc32.ChecksumIEEE([]byte(c.Data[arg:])))
	}
	return slotNames[c.Slot[i]]
}

// binaryData says whether the data of a call is no string.
func binaryData(s plan.Sys) bool {
	switch s {
	case plan.SysSetgroups, plan.SysSchedSetscheduler, plan.SysSchedSetaffinity, plan.SysCapset, plan.SysSetMempolicy,
		plan.SysIoctl:
		return true
	}
	return false
}

// stepText is a step as systemd.exec(5) writes it.
func stepText(s plan.Step) string {
	if name, ok := stepNames[s]; ok {
		return fmt.Sprintf("%d/%s", s, name)
	}
	return fmt.Sprint(uint8(s))
}

// stepNames are from systemd.exec(5), "Process Exit Codes", for the steps that
// a plan holds so far.
var stepNames = map[plan.Step]string{
	plan.StepChdir: "CHDIR", plan.StepNice: "NICE", plan.StepLimits: "LIMITS", plan.StepOOMAdjust: "OOM_ADJUST",
	plan.StepIOPrio: "IOPRIO", plan.StepTimerSlack: "TIMERSLACK", plan.StepSetScheduler: "SETSCHEDULER",
	plan.StepGroup: "GROUP", plan.StepUser: "USER", plan.StepNoNewPrivileges: "NO_NEW_PRIVILEGES",
	plan.StepSecureBits: "SECUREBITS", plan.StepCPUAffinity: "CPUAFFINITY", plan.StepCapabilities: "CAPABILITIES",
	plan.StepNamespace: "NAMESPACE", plan.StepSeccomp: "SECCOMP", plan.StepPersonality: "PERSONALITY",
	plan.StepKeyring: "KEYRING", plan.StepAppArmor: "APPARMOR", plan.StepChroot: "CHROOT", plan.StepNUMAPolicy: "NUMA_POLICY", plan.StepNetwork: "NETWORK",
	plan.StepRuntimeDirectory: "RUNTIME_DIRECTORY", plan.StepStateDirectory: "STATE_DIRECTORY",
	plan.StepCacheDirectory: "CACHE_DIRECTORY", plan.StepLogsDirectory: "LOGS_DIRECTORY",
	plan.StepConfigurationDirectory: "CONFIGURATION_DIRECTORY",
}

// CallText is a call of a child's program as text, as [Dump] has it.
func CallText(c *plan.Call) string { return callText(c) }

// ExitSetText lists exit statuses and signals.
func ExitSetText(x *plan.ExitSet) string {
	var list []string
	for n := range 256 {
		if x.Status[n/64]&(1<<(n%64)) != 0 {
			list = append(list, strconv.Itoa(n))
		}
	}
	for n := range 128 {
		if x.Signals[n/64]&(1<<(n%64)) != 0 {
			list = append(list, grammar.SignalName(n))
		}
	}
	return strings.Join(list, " ")
}

// DurationText is a span of time in the largest unit that divides it.
func DurationText(d plan.Duration) string { return durationText(d) }
