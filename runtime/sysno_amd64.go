package runtime

import "rustysd/runtime/plan"

// sysno has the kernel's number of each system call of a plan.
var sysno = [plan.NumSys]uint16{
	plan.SysSetsid:            112,
	plan.SysUmask:             95,
	plan.SysMkdirat:           258,
	plan.SysFchmodat:          268,
	plan.SysFchownat:          260,
	plan.SysSymlinkat:         266,
	plan.SysUnlinkat:          263,
	plan.SysOpenat:            257,
	plan.SysClose:             3,
	plan.SysDup3:              292,
	plan.SysChdir:             80,
	plan.SysChroot:            161,
	plan.SysSetgroups:         116,
	plan.SysSetresgid:         119,
	plan.SysSetresuid:         117,
	plan.SysSetpriority:       141,
	plan.SysPrlimit64:         302,
	plan.SysPrctl:             157,
	plan.SysWrite:             1,
	plan.SysIoctl:             16,
	plan.SysSchedSetscheduler: 144,
	plan.SysSchedSetaffinity:  203,
	plan.SysIoprioSet:         251,
	plan.SysPersonality:       135,
	plan.SysCapset:            126,
	plan.SysUnshare:           272,
	plan.SysSetns:             308,
	plan.SysMount:             165,
	plan.SysUmount2:           166,
	plan.SysPivotRoot:         155,
	plan.SysMountSetattr:      442,
	plan.SysOpenTree:          428,
	plan.SysMoveMount:         429,
	plan.SysSeccomp:           317,
	plan.SysSethostname:       170,
	plan.SysKeyctl:            250,
	plan.SysSetMempolicy:      238,
	plan.SysSocket:            41,
	plan.SysMknodat:           259,
	plan.SysRenameat2:         316,
	plan.SysMemfdCreate:       319,
	plan.SysLseek:             8,
	plan.SysOpenat2:           437,
	plan.SysAddKey:            248,
}

// Numbers that package syscall does not have on every architecture.
const (
	sysCloseRange     = 436
	sysSchedGetattr   = 315
	sysSchedSetattr   = 314
	sysKcmp           = 312
	sysTimerfdCreate  = 283
	sysTimerfdSettime = 286
)
