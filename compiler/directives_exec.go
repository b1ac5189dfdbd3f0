package compiler

import (
	"fmt"
	"strconv"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

var execDirectives = []directive{
	{name: "User", decode: scalar(userName, func(u *unit) *opt[string] { return &u.exec().user })},
	{name: "Group", decode: scalar(userName, func(u *unit) *opt[string] { return &u.exec().group })},
	{name: "SupplementaryGroups", decode: list(userName, func(u *unit) *[]item[string] { return &u.exec().supplementary })},
	{name: "SetLoginEnvironment", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().loginEnv })},
	{name: "WorkingDirectory", decode: workingDirectory},
	{name: "UMask", decode: scalar(mode, func(u *unit) *opt[uint32] { return &u.exec().umask })},
	{name: "Nice", decode: scalar(integer[int32](-20, 19), func(u *unit) *opt[int32] { return &u.exec().nice })},
	{name: "OOMScoreAdjust", decode: scalar(integer[int32](-1000, 1000), func(u *unit) *opt[int32] { return &u.exec().oomScore })},
	{name: "CoredumpFilter", decode: coredumpFilter},
	{name: "TimerSlackNSec", decode: scalar(nanoseconds, func(u *unit) *opt[uint64] { return &u.exec().timerSlack })},
	{name: "IgnoreSIGPIPE", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().ignoreSIGPIPE })},
	{name: "NoNewPrivileges", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().noNewPrivs })},
	{name: "IOSchedulingClass", decode: scalar(ioClass, func(u *unit) *opt[int32] { return &u.exec().ioClass })},
	{name: "IOSchedulingPriority", decode: scalar(integer[int32](0, 7), func(u *unit) *opt[int32] { return &u.exec().ioPriority })},
	{name: "CPUSchedulingPolicy", decode: scalar(cpuPolicy, func(u *unit) *opt[int32] { return &u.exec().cpuPolicy })},
	{name: "CPUSchedulingPriority", decode: scalar(integer[int32](0, 99), func(u *unit) *opt[int32] { return &u.exec().cpuPriority })},
	{name: "CPUSchedulingResetOnFork", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().cpuResetOnFork })},

	{name: "Environment", decode: environment},
	{name: "EnvironmentFile", decode: environmentFile},
	{name: "PassEnvironment", decode: words(variable, func(u *unit) *[]item[string] { return &u.exec().passEnv })},
	{name: "UnsetEnvironment", decode: words(variableOrValue, func(u *unit) *[]item[string] { return &u.exec().unsetEnv })},
	{name: "ExecSearchPath", decode: searchPath},

	{name: "StandardInput", decode: standardStream(0, stdin, func(u *unit) *opt[plan.Stream] { return &u.exec().stdin })},
	{name: "StandardOutput", decode: standardStream(1, output, func(u *unit) *opt[plan.Stream] { return &u.exec().stdout })},
	{name: "StandardError", decode: standardStream(2, output, func(u *unit) *opt[plan.Stream] { return &u.exec().stderr })},
	{name: "StandardInputText", decode: inputText},
	{name: "StandardInputData", decode: inputData},
	{name: "TTYPath", decode: scalar(absolute, func(u *unit) *opt[string] { return &u.exec().ttyPath })},
	{name: "TTYReset", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().ttyFlags[0] })},
	{name: "TTYVHangup", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().ttyFlags[1] })},
	{name: "TTYVTDisallocate", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().ttyFlags[2] })},
	{name: "TTYRows", decode: scalar(unsigned[uint16](65535), func(u *unit) *opt[uint16] { return &u.exec().ttyRows })},
	{name: "TTYColumns", decode: scalar(unsigned[uint16](65535), func(u *unit) *opt[uint16] { return &u.exec().ttyColumns })},
	{name: "SyslogIdentifier", decode: scalar(text, func(u *unit) *opt[string] { return &u.exec().identifier })},
	{name: "SyslogFacility", level: harmless, decode: valid(facility), note: "the init's log is one stream, in which no line has a facility"},
	{name: "SyslogLevel", decode: scalar(logLevel, func(u *unit) *opt[uint8] { return &u.exec().log.level })},
	{name: "SyslogLevelPrefix", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.exec().log.prefix })},
	{name: "LogLevelMax", decode: scalar(logLevel, func(u *unit) *opt[uint8] { return &u.exec().log.maxLevel })},
	{name: "LogRateLimitIntervalSec", decode: scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.exec().log.interval })},
	{name: "LogRateLimitBurst", decode: scalar(unsigned[uint32](1<<32-1), func(u *unit) *opt[uint32] { return &u.exec().log.burst })},
	{name: "LogExtraFields", level: harmless, decode: validWords(journalField), note: "the init's log has no fields"},
	{name: "LogFilterPatterns", level: unsupported, decode: valid(pattern), note: "every line is logged: the init has no regular expressions"},
	{name: "LogNamespace", level: unsupported, decode: valid(logNamespace), note: "there is one log"},
	{name: "UtmpIdentifier", decode: scalar(text, func(u *unit) *opt[string] { return &u.exec().utmpID })},
	{name: "UtmpMode", decode: scalar(wordIn[plan.UtmpMode](), func(u *unit) *opt[plan.UtmpMode] { return &u.exec().utmpMode })},

	{name: "RuntimeDirectory", decode: directories(dirRuntime)},
	{name: "StateDirectory", decode: directories(dirState)},
	{name: "CacheDirectory", decode: directories(dirCache)},
	{name: "LogsDirectory", decode: directories(dirLogs)},
	{name: "ConfigurationDirectory", decode: directories(dirConfiguration)},
	{name: "RuntimeDirectoryMode", decode: directoryMode(dirRuntime)},
	{name: "StateDirectoryMode", decode: directoryMode(dirState)},
	{name: "CacheDirectoryMode", decode: directoryMode(dirCache)},
	{name: "LogsDirectoryMode", decode: directoryMode(dirLogs)},
	{name: "ConfigurationDirectoryMode", decode: directoryMode(dirConfiguration)},
	{name: "RuntimeDirectoryPreserve", decode: scalar(preserveMode, func(u *unit) *opt[preserve] { return &u.exec().preserve })},
	{name: "TimeoutCleanSec", level: harmless, decode: valid(timespan), note: "nothing cleans a unit in an image"},
	{name: "StateDirectoryQuota", level: restricting, decode: valid(sizeOrShare), note: "no quota is set"},
	{name: "StateDirectoryAccounting", level: harmless, decode: valid(boolean), note: "nothing is accounted"},
	{name: "CacheDirectoryQuota", level: restricting, decode: valid(sizeOrShare), note: "no quota is set"},
	{name: "CacheDirectoryAccounting", level: harmless, decode: valid(boolean), note: "nothing is accounted"},
	{name: "LogsDirectoryQuota", level: restricting, decode: valid(sizeOrShare), note: "no quota is set"},
	{name: "LogsDirectoryAccounting", level: harmless, decode: valid(boolean), note: "nothing is accounted"},
}

// limitNames are the resources of setrlimit(2) as systemd.exec(5) names them,
// by the kernel's numbers.
var limitNames = [...]string{"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE",
	"MEMLOCK", "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"}

const numLimits = 16

// LimitName is a resource, by the kernel's number, as systemd.exec(5) names it:
// LimitNOFILE.
func LimitName(resource uint8) string {
	if int(resource) < len(limitNames) {
		return "Limit" + limitNames[resource]
	}
	return fmt.Sprint(resource)
}

// limitKinds say in what each resource is counted.
var limitKinds = [numLimits]grammar.LimitKind{grammar.LimitSeconds, grammar.LimitSize, grammar.LimitSize,
	grammar.LimitSize, grammar.LimitSize, grammar.LimitSize, grammar.LimitNumber, grammar.LimitNumber,
	grammar.LimitSize, grammar.LimitSize, grammar.LimitNumber, grammar.LimitNumber, grammar.LimitSize,
	grammar.LimitNice, grammar.LimitNumber, grammar.LimitMicros}

// limitDirectives are the rows of Limit…=.
func limitDirectives() []directive {
	var rows []directive
	for i, name := range limitNames {
		rows = append(rows, directive{name: "Limit" + name, decode: scalar(limit(uint8(i)),
			func(u *unit) *opt[plan.Limit] { return &u.exec().limits[i] })})
	}
	return rows
}

// limit is one value for both limits, or soft:hard.
func limit(resource uint8) parseFunc[plan.Limit] {
	return func(x *reading, s string) (plan.Limit, *grammar.Error) {
		soft, hard, err := grammar.ParseLimit(limitKinds[resource], s)
		return plan.Limit{Resource: resource, Soft: soft, Hard: hard}, err
	}
}

// userName is the name of a user or group, or its number. systemd takes nearly
// every name, but none that looks like a number or would not fit into a line of
// passwd(5).
func userName(x *reading, s string) (string, *grammar.Error) {
	name, err := text(x, s)
	if err != nil || x.u.template && name != s || hasMark(name) {
		return name, err // an instance, or the boot, may make a name of it
	}
	switch digits := strings.TrimPrefix(name, "-"); {
	case allDigits(digits):
		if n, err := strconv.ParseUint(name, 10, 32); err != nil || n == 1<<32-1 || n == 1<<16-1 || len(name) > 1 && name[0] == '0' {
			return "", wrong(s, "\""+name+"\" cannot be the number of a user or group", "write the name, or a number from 0 to 4294967294 that is not 65535")
		}
	case name == "", name == ".", name == "..", name[0] == ' ', strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == ':' || c == '/' || c == 0x7f }):
		return "", wrong(s, "\""+name+"\" cannot be the name of a user or group", "")
	}
	return name, nil
}

// allDigits says whether s is a number.
func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// workingDirectory is a path, or "~" for the user's home; "-" before it lets it
// be missing.
func workingDirectory(x *reading) {
	e := x.u.exec()
	path, may := strings.CutPrefix(x.text, "-")
	if path == "~" {
		e.workDir, e.workDirMay = opt[string]{path, true, x.set.pos}, may
		return
	}
	if x.text == "" {
		e.workDir, e.workDirMay = opt[string]{}, false
		return
	}
	dir, err := absolute(x, path)
	if err != nil {
		x.bad(err, len(x.text)-len(path))
		return
	}
	e.workDir, e.workDirMay = opt[string]{dir, true, x.set.pos}, may
}

// nanoseconds is a span of time whose bare numbers are nanoseconds.
func nanoseconds(x *reading, s string) (uint64, *grammar.Error) {
	ns, err := grammar.ParseTimespanIn(s, grammar.Nanosecond)
	return uint64(ns), err
}

// The classes of ioprio_set(2).
const (
	ioRealtime   = 1
	ioBestEffort = 2
	ioIdle       = 3
)

func ioClass(x *reading, s string) (int32, *grammar.Error) {
	switch s {
	case "0", "none":
		return 0, nil
	case "1", "realtime":
		return ioRealtime, nil
	case "2", "best-effort":
		return ioBestEffort, nil
	case "3", "idle":
		return ioIdle, nil
	}
	return 0, wrong(s, "\""+s+"\" is not a value of it", "use one of realtime, best-effort, idle")
}

func cpuPolicy(x *reading, s string) (int32, *grammar.Error) {
	switch s {
	case "other":
		return 0, nil
	case "fifo":
		return 1, nil
	case "rr":
		return 2, nil
	case "batch":
		return 3, nil
	case "idle":
		return 5, nil
	}
	if n, err := grammar.ParseUint(s); err == nil && n <= 5 && n != 4 { // sched(7)'s numbers
		return int32(n), nil
	}
	return 0, wrong(s, "\""+s+"\" is not a value of it", "use one of other, batch, idle, fifo, rr")
}
