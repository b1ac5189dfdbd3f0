package compiler

import (
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

var serviceDirectives = []directive{
	{name: "Type", decode: scalar(wordIn[plan.ServiceType](), func(u *unit) *opt[plan.ServiceType] { return &u.service.typ })},
	{name: "ExitType", decode: scalar(wordIn[plan.ExitType](), func(u *unit) *opt[plan.ExitType] { return &u.service.exitType })},
	{name: "RemainAfterExit", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.service.remainAfterExit })},
	{name: "GuessMainPID", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.service.guessMainPID })},
	{name: "PIDFile", decode: scalar(pidFile, func(u *unit) *opt[string] { return &u.service.pidFile })},
	{name: "BusName", decode: scalar(busName, func(u *unit) *opt[string] { return &u.service.busName })},
	{name: "BusPolicy", level: harmless, decode: anything, note: "kdbus is gone"},

	{name: "ExecCondition", decode: commands(plan.ExecCondition)},
	{name: "ExecStartPre", decode: commands(plan.ExecStartPre)},
	{name: "ExecStart", decode: commands(plan.ExecStart)},
	{name: "ExecStartPost", decode: commands(plan.ExecStartPost)},
	{name: "ExecReload", decode: commands(plan.ExecReload)},
	{name: "ExecReloadPost", level: unsupported, decode: validCommands, note: "nothing runs after a reload"},
	{name: "ExecStop", decode: commands(plan.ExecStop)},
	{name: "ExecStopPost", decode: commands(plan.ExecStopPost)},

	{name: "TimeoutSec", decode: timeoutSec},
	{name: "TimeoutStartSec", decode: scalar(timeout, func(u *unit) *opt[plan.Duration] { return &u.service.timeoutStart })},
	{name: "TimeoutStopSec", decode: scalar(timeout, func(u *unit) *opt[plan.Duration] { return &u.service.timeoutStop })},
	{name: "TimeoutAbortSec", decode: scalar(timeout, func(u *unit) *opt[plan.Duration] { return &u.service.timeoutAbort })},
	{name: "TimeoutStartFailureMode", decode: scalar(timeoutMode, func(u *unit) *opt[plan.TimeoutMode] { return &u.service.timeoutStartMode })},
	{name: "TimeoutStopFailureMode", decode: scalar(timeoutMode, func(u *unit) *opt[plan.TimeoutMode] { return &u.service.timeoutStopMode })},
	{name: "RuntimeMaxSec", decode: scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.service.runtimeMax })},
	{name: "RuntimeRandomizedExtraSec", decode: scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.service.runtimeRandomizedExtra })},
	{name: "WatchdogSec", decode: scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.service.watchdog })},

	{name: "Restart", decode: scalar(wordIn[plan.Restart](), func(u *unit) *opt[plan.Restart] { return &u.service.restart })},
	{name: "RestartMode", decode: scalar(wordIn[plan.RestartMode](), func(u *unit) *opt[plan.RestartMode] { return &u.service.restartMode })},
	{name: "RestartSec", decode: scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.service.restartSec })},
	{name: "RestartSteps", decode: scalar(count, func(u *unit) *opt[uint16] { return &u.service.restartSteps })},
	{name: "RestartMaxDelaySec", decode: scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.service.restartMaxDelay })},
	{name: "SuccessExitStatus", decode: exitStatuses(func(s *serviceSettings) *[]item[grammar.ExitStatuses] { return &s.success })},
	{name: "RestartPreventExitStatus", decode: exitStatuses(func(s *serviceSettings) *[]item[grammar.ExitStatuses] { return &s.prevent })},
	{name: "RestartForceExitStatus", decode: exitStatuses(func(s *serviceSettings) *[]item[grammar.ExitStatuses] { return &s.force })},
	{name: "StartLimitInterval", decode: startLimitInterval},
	{name: "StartLimitBurst", decode: startLimitBurst},
	{name: "StartLimitAction", decode: startLimitAction},
	{name: "FailureAction", decode: failureAction},
	{name: "RebootArgument", decode: rebootArgument},

	{name: "PermissionsStartOnly", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.service.permissionsStartOnly })},
	{name: "RootDirectoryStartOnly", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.service.rootDirectoryStartOnly })},
	{name: "NonBlocking", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.service.nonBlocking })},
	{name: "NotifyAccess", decode: scalar(wordIn[plan.NotifyAccess](), func(u *unit) *opt[plan.NotifyAccess] { return &u.service.notifyAccess })},
	{name: "Sockets", decode: list(socketName, func(u *unit) *[]item[string] { return &u.service.sockets })},
	{name: "FileDescriptorStoreMax", decode: scalar(count, func(u *unit) *opt[uint16] { return &u.service.fdStoreMax })},
	{name: "FileDescriptorStorePreserve", decode: scalar(preserveMode, func(u *unit) *opt[preserve] { return &u.service.fdStorePreserve })},
	{name: "OpenFile", decode: openFiles},
	{name: "USBFunctionDescriptors", level: unsupported, decode: valid(absolute), note: "no USB gadgets"},
	{name: "USBFunctionStrings", level: unsupported, decode: valid(absolute), note: "no USB gadgets"},
	{name: "OOMPolicy", decode: scalar(wordIn[plan.OOMPolicy](), func(u *unit) *opt[plan.OOMPolicy] { return &u.service.oomPolicy })},
	{name: "ReloadSignal", decode: scalar(signal, func(u *unit) *opt[uint8] { return &u.service.reloadSignal })},
	{name: "SysVStartPriority", level: harmless, decode: anything, note: "systemd ignores it too"},
	{name: "FsckPassNo", level: harmless, decode: anything, note: "systemd ignores it too"},
}

var killDirectives = []directive{
	{name: "KillMode", decode: killMode},
	{name: "KillSignal", decode: killSignal},
	{name: "RestartKillSignal", decode: scalar(signal, func(u *unit) *opt[uint8] { return &u.kill().restart })},
	{name: "FinalKillSignal", decode: finalKillSignal},
	{name: "WatchdogSignal", decode: scalar(signal, func(u *unit) *opt[uint8] { return &u.kill().watchdog })},
	{name: "SendSIGHUP", decode: sendSIGHUP},
	{name: "SendSIGKILL", decode: sendSIGKILL},
}

// socketKillDirectives are about the commands of a socket.
var socketKillDirectives = []directive{
	{name: "KillMode", decode: killMode},
	{name: "KillSignal", decode: killSignal},
	{name: "FinalKillSignal", decode: finalKillSignal},
	{name: "SendSIGHUP", decode: sendSIGHUP},
	{name: "SendSIGKILL", decode: sendSIGKILL},
	{name: "RestartKillSignal", level: harmless, decode: valid(signal), note: "sockets are not restarted"},
	{name: "WatchdogSignal", level: harmless, decode: valid(signal), note: "sockets have no watchdog"},
}

// What services and sockets share of them.
var (
	killMode        = scalar(wordIn[plan.KillMode](), func(u *unit) *opt[plan.KillMode] { return &u.kill().mode })
	killSignal      = scalar(signal, func(u *unit) *opt[uint8] { return &u.kill().signal })
	finalKillSignal = scalar(signal, func(u *unit) *opt[uint8] { return &u.kill().final })
	sendSIGHUP      = scalar(boolean, func(u *unit) *opt[bool] { return &u.kill().sendSIGHUP })
	sendSIGKILL     = scalar(boolean, func(u *unit) *opt[bool] { return &u.kill().sendSIGKILL })
)

// busName is a name on the message bus (systemd.service(5), "BusName=").
func busName(x *reading, s string) (string, *grammar.Error) {
	name, err := text(x, s)
	if err != nil || x.u.template && name != s || hasMark(name) {
		return name, err // an instance, or the boot, may make a name of it
	}
	parts := strings.Split(strings.TrimPrefix(name, ":"), ".")
	good := len(parts) > 1 && len(name) <= 255
	for _, p := range parts {
		good = good && p != "" && (name[0] == ':' || p[0] < '0' || p[0] > '9') && strings.Trim(p, busNameCharacters) == ""
	}
	if !good {
		return "", wrong(s, "\""+name+"\" cannot be a name on the bus", "write it like org.example.Daemon: at least two words with dots between")
	}
	return name, nil
}

const busNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

var timeoutMode = wordIn[plan.TimeoutMode]()

// timeoutSec sets both ends (systemd.service(5), "TimeoutSec=").
func timeoutSec(x *reading) {
	scalar(timeout, func(u *unit) *opt[plan.Duration] { return &u.service.timeoutStart })(x)
	if x.text == "" {
		x.u.service.timeoutStop = opt[plan.Duration]{}
	} else if t := x.u.service.timeoutStart; t.set && t.at == x.set.pos {
		x.u.service.timeoutStop = t
	}
}

// preserveMode is yes, no or restart; FileDescriptorStorePreserve= and
// RuntimeDirectoryPreserve= share it.
func preserveMode(x *reading, s string) (preserve, *grammar.Error) {
	if s == "restart" {
		return preserveRestart, nil
	}
	yes, err := grammar.ParseBool(s)
	if err != nil {
		return 0, wrong(s, "\""+s+"\" is neither a boolean nor \"restart\"", "use yes, no or restart")
	}
	if yes {
		return preserveYes, nil
	}
	return preserveNo, nil
}

// pidFile is a path; a relative one is below /run (systemd.service(5),
// "PIDFile="), and /var/run is its old name.
func pidFile(x *reading, s string) (string, *grammar.Error) {
	path, err := text(x, s)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(path, "/") {
		path = "/run/" + path
	}
	path, err = absolutePath(s, path)
	return todaysRun(path), err
}

// todaysRun is a path with the old name of /run replaced, as systemd does where
// programs meet at a path.
func todaysRun(path string) string {
	if rest, ok := strings.CutPrefix(path, "/var/run/"); ok {
		return "/run/" + rest
	}
	return path
}

// socketName is the name of a socket unit.
func socketName(x *reading, s string) (string, *grammar.Error) {
	name, err := unitName(x, s)
	if err == nil && !strings.HasSuffix(name, ".socket") {
		return "", wrong(s, "\""+name+"\" is not a socket unit", "name a unit that ends in .socket")
	}
	return x.u.meant(name), err
}

// commands adds the command lines of a value to a role; an empty value drops
// those that the role has.
func commands(role plan.Role) decodeFunc {
	return func(x *reading) {
		lines := &x.u.common.commands
		if x.text == "" {
			*lines = dropRole(*lines, role)
			return
		}
		parsed, err := grammar.ParseCommands(x.text)
		if err != nil {
			x.bad(err, 0)
			return
		}
		for i := range parsed {
			if c, ok := x.command(&parsed[i]); ok {
				c.role = role
				*lines = append(*lines, c)
			}
		}
	}
}

func dropRole(lines []commandLine, role plan.Role) []commandLine {
	var out []commandLine
	for _, c := range lines {
		if c.role != role {
			out = append(out, c)
		}
	}
	return out
}

// command replaces the specifiers of a parsed command line.
func (x *reading) command(p *grammar.ExecCommand) (commandLine, bool) {
	c := commandLine{prefix: p.Prefix, at: x.set.value.PosAt(p.Offset), end: x.set.value.PosAt(p.Path.End)}
	path, boot, ok := x.expandBoot(p.Path.Text)
	if !ok {
		return c, false
	}
	if path, ok = x.programPath(p, path); !ok {
		return c, false
	}
	c.boot = boot
	c.path = path
	c.argv = make([]string, 0, 1+len(p.Args))
	if !p.Prefix.Has(grammar.PrefixArgv0) {
		c.argv = append(c.argv, path)
	} else if !x.argument(&c, &p.Argv0) {
		return c, false
	}
	for i := range p.Args {
		if !x.argument(&c, &p.Args[i]) {
			return c, false
		}
	}
	return c, true
}

// argument adds a word to a command line.
func (x *reading) argument(c *commandLine, w *grammar.Word) bool {
	x.warnEscape(w)
	text, boot, ok := x.expandBoot(w.Text)
	c.boot = c.boot || boot
	c.argv = append(c.argv, text)
	return ok
}

// programPath checks the program of a command line: an absolute path, or a
// bare name that is searched for (systemd.service(5), "COMMAND LINES").
func (x *reading) programPath(p *grammar.ExecCommand, path string) (string, bool) {
	err := grammar.CheckProgram(filledIn(path))
	if err == nil && bareName(path) {
		return path, true
	}
	if err == nil && strings.HasSuffix(path, "/..") {
		err = wrong(path, "\""+path+"\" names a folder", "write the path of the program")
	}
	if err == nil {
		if path, err = anyPath(path, path); err == nil {
			return path, true
		}
	}
	x.report(diag.Error, "invalid-value", p.Path.Offset, p.Path.End, x.set.key+"=: "+err.Msg, err.Hint)
	return "", false
}

// bareName says whether a program is given without its folder.
func bareName(path string) bool { return path[0] != '/' && !strings.HasPrefix(path, shellMark) }

// openOptions are those of OpenFile=.
var openOptions = map[string]plan.OpenFlags{"": 0, "read-only": plan.OpenReadOnly, "append": plan.OpenAppend,
	"truncate": plan.OpenTruncate, "graceful": plan.OpenGraceful}

// openFiles adds a file; an empty value takes all back.
func openFiles(x *reading) {
	list := &x.u.service.opened
	if x.text == "" {
		*list = nil
		return
	}
	f, err := openedFile(x, x.text)
	if err != nil {
		x.bad(err, -1)
		return
	}
	*list = append(*list, item[plan.OpenFile]{f, x.set.pos})
}

// openedFile is a path, a name for its descriptor, which is the last part of the
// path when it is left out, and how it is opened (systemd.service(5),
// "OpenFile=").
func openedFile(x *reading, s string) (plan.OpenFile, *grammar.Error) {
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return plan.OpenFile{}, wrong(s, "there are too many colons", "write PATH:NAME:OPTIONS")
	}
	path, err := text(x, parts[0])
	if err == nil {
		path, err = anyPath(s, path)
	}
	f := plan.OpenFile{Path: path, Name: path[strings.LastIndexByte(path, '/')+1:]}
	if err == nil && len(parts) > 1 && parts[1] != "" {
		f.Name, err = fdName(x, parts[1])
	}
	if err != nil || len(parts) < 3 {
		return f, err
	}
	for o := range strings.SplitSeq(parts[2], ",") {
		flag, known := openOptions[o]
		if !known {
			return f, wrong(s, "\""+o+"\" is no option of it", "use read-only, append, truncate and graceful, with commas between")
		}
		f.Flags |= flag
	}
	if access := f.Flags &^ plan.OpenGraceful; access&(access-1) != 0 {
		return f, wrong(s, "of read-only, append and truncate only one can be meant", "keep one of them")
	}
	return f, nil
}
