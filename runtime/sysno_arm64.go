package runtime

import "rustysd/runtime/plan"

// sysno has the kernel's number of each system call of a plan.
var sysno = [plan.NumSys]uint16{
	plan.SysSetsid:            157,
	plan.SysUmask:             166,
	plan.SysMkdirat:           34,
	plan.SysFchmodat:          53,
	plan.SysFchownat:          54,
	plan.SysSymlinkat:         36,
	plan.SysUnlinkat:          35,
	plan.SysOpenat:            56,
	plan.SysClose:             57,
	plan.SysDup3:              24,
	plan.SysChdir:             49,
	plan.SysChroot:            51,
	plan.SysSetgroups:         159,
	plan.SysSetresgid:         149,
	plan.SysSetresuid:         147,
	plan.SysSetpriority:       140,
	plan.SysPrlimit64:         261,
	plan.SysPrctl:             167,
	plan.SysWrite:             64,
	plan.SysIoctl:             29,
	plan.SysSchedSetscheduler: 119,
	plan.SysSchedSetaffinity:  122,
	plan.SysIoprioSet:         30,
	plan.SysPersonality:       92,
	plan.SysCapset:            91,
	plan.SysUnshare:           97,
	plan.SysSetns:             268,
	plan.SysMount:             40,
	plan.SysUmount2:           39,
	plan.SysPivotRoot:         41,
	plan.SysMountSetattr:      442,
	plan.SysOpenTree:          428,
	plan.SysMoveMount:         429,
	plan.SysSeccomp:           277,
	plan.SysSethostname:       161,
	plan.SysKeyctl:            219,
	plan.SysSetMempolicy:      237,
	plan.SysSocket:            198,
	plan.SysMknodat:           33,
	plan.SysRenameat2:         276,
	plan.SysMemfdCreate:       279,
	plan.SysLseek:             62,
	plan.SysOpenat2:           437,
	plan.SysAddKey:            217,
}

// Numbers that package syscall does not have on every architecture.
const (
	sysCloseRange     = 436
	sysSchedGetattr   = 275
	sysSchedSetattr   = 274
	sysKcmp           = 272
	sysTimerfdCreate  = 85
	sysTimerfdSettime = 86
)
