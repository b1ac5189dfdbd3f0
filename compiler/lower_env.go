package compiler

import (
	"slices"
	"strconv"
	"strings"

	"rustysd/runtime/plan"
)

// environment lowers what the service finds in its environment.
func (b *execBuilder) environment(how privilege) {
	e := b.e
	b.out.Env = append(b.out.Env, b.loginEnv()...)
	b.out.Env = append(b.out.Env, e.directoryEnv()...)
	b.lowerCredentials()
	b.term()
	if p := b.u.common.group.pressure; p.set && p.v == watchNo {
		b.out.Env = append(b.out.Env, "MEMORY_PRESSURE_WATCH=/dev/null")
	}
	if s := b.u.service; s != nil && s.pidFile.set {
		b.out.Env = append(b.out.Env, "PIDFILE="+s.pidFile.v)
	}
	if len(e.searchPath) > 0 {
		b.out.Env = append(b.out.Env, "PATH="+strings.Join(values(e.searchPath), ":"))
	}
	b.out.Env = lastOfEach(append(b.out.Env, values(e.environment)...))
	b.out.EnvMarks = slices.ContainsFunc(b.out.Env, hasMark)
	for _, f := range e.envFiles {
		path, optional := strings.CutPrefix(f.v, "-")
		b.out.EnvFiles = append(b.out.EnvFiles, plan.EnvFile{Path: path, Optional: optional, Origin: place(f.at)})
	}
	b.out.PassEnv = append(b.out.PassEnv, values(e.passEnv)...)
	b.out.UnsetEnv = values(e.unsetEnv)
	for _, dir := range e.searchPath {
		b.out.SearchPath = append(b.out.SearchPath, strings.TrimSuffix(dir.v, "/")+"/")
	}
}

// commonEnv is what every service finds in its environment (systemd.exec(5),
// "$PATH", "$LANG"). Where nobody chooses a locale it is the one that needs no
// files, as with systemd.
func (s *unitSet) commonEnv() (env []string) {
	locale := s.readLocale()
	for _, key := range plan.LocaleKeys {
		if value := locale[key]; value != "" {
			env = append(env, key+"="+value)
		}
	}
	if len(env) == 0 {
		env = append(env, "LANG=C.UTF-8")
	}
	return append(env, "PATH="+DefaultPath)
}

// readLocale reads the first of the root's files that is there.
func (s *unitSet) readLocale() map[string]string {
	if s.opt.Root == "" {
		return nil
	}
	for _, name := range plan.LocaleFiles {
		if out, ok := s.assignments(name); ok {
			return out
		}
	}
	return nil
}

// term is $TERM of a unit with a terminal. The console's is the one that the
// init was started with (systemd.exec(5), "$TERM").
func (b *execBuilder) term() {
	e := b.e
	used := e.ttyPath.set
	for _, s := range [...]opt[plan.Stream]{e.stdin, e.stdout, e.stderr} {
		used = used || s.v.Kind == plan.StreamTTY
	}
	path := e.ttyPath.or("/dev/console")
	switch number, virtual := strings.CutPrefix(path, "/dev/tty"); {
	case !used:
	case path == "/dev/console":
		b.out.PassEnv = append(b.out.PassEnv, "TERM")
	case virtual && allDigits(number):
		b.out.Env = append(b.out.Env, "TERM=linux")
	default:
		b.out.Env = append(b.out.Env, "TERM=vt220")
	}
}

// loginEnv is $HOME and kin of the unit's user. Without User= there is none
// unless SetLoginEnvironment= asks for root's (systemd.exec(5),
// "SetLoginEnvironment=").
func (b *execBuilder) loginEnv() []string {
	in := &b.login
	if !b.e.loginEnv.or(in.hasUser) {
		return nil
	}
	if in.runtime {
		b.out.LoginEnv = true
		return nil
	}
	if !in.hasUser {
		root := b.lo.users.byName["root"]
		return accountEnv(root.name, root.home, root.shell)
	}
	return accountEnv(in.name, in.home, in.shell)
}

// accountEnv leaves out what says nothing: the root as home and no shell at
// all, as systemd does.
func accountEnv(name, home, shell string) []string {
	out := []string{}
	if home != "" && home != "/" {
		out = append(out, "HOME="+home)
	}
	out = append(out, "LOGNAME="+name, "USER="+name)
	if shell != "" && !strings.HasSuffix(shell, "/nologin") && !strings.HasSuffix(shell, "/false") {
		out = append(out, "SHELL="+shell)
	}
	return out
}

// lastOfEach keeps the last assignment of each variable, in the place of the
// first.
func lastOfEach(env []string) []string {
	at := map[string]int{}
	out := env[:0:0]
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if i, ok := at[name]; ok {
			out[i] = v
			continue
		}
		at[name] = len(out)
		out = append(out, v)
	}
	return out
}

// streams lowers StandardInput= and its kin (systemd.exec(5), "LOGGING AND
// STANDARD INPUT/OUTPUT").
func (b *execBuilder) streams() {
	e := b.e
	b.namedDescriptors()
	b.input()
	b.out.Stdin = b.tty(e.stdin.v)
	b.out.Stdout = b.tty(b.output(e.stdout.or(b.defaultOutput())))
	b.out.Stderr = b.tty(e.stderr.or(plan.Stream{Kind: plan.StreamInherit}))
	b.ownTerminal()
	for _, s := range [...]struct {
		step plan.Step
		set  opt[plan.Stream]
	}{{plan.StepStdin, e.stdin}, {plan.StepStdout, e.stdout}, {plan.StepStderr, e.stderr}} {
		if s.set.v.Path != "" { // nothing else about a stream fails in the child
			b.origin(s.step, s.set.at)
		}
	}
}

// ownTerminal gives the terminal that a user's service reads to that user, so
// that it can be opened by its name, too.
func (b *execBuilder) ownTerminal() {
	in := b.e.stdin
	if uid, _ := b.owner(); in.v.Kind == plan.StreamTTY && b.e.user.set {
		path := b.out.Stdin.Path + "\x00"
		b.call(plan.StepStdin, in.at, plan.Call{Sys: plan.SysFchownat, Slot: [6]plan.Slot{1: plan.SlotData, 2: uid.slot},
			Arg: [6]uint64{atFDCWD, 0, uid.id, leaveID, 0}, Data: path})
		b.call(plan.StepStdin, in.at, plan.Call{Sys: plan.SysFchmodat, Slot: [6]plan.Slot{1: plan.SlotData},
			Arg: [6]uint64{0: atFDCWD, 2: 0o620}, Data: path})
	}
}

// defaultOutput is the log, or with a terminal or socket as input, that.
func (b *execBuilder) defaultOutput() plan.Stream {
	switch b.e.stdin.v.Kind {
	case plan.StreamTTY, plan.StreamSocket, plan.StreamNamed:
		return plan.Stream{Kind: plan.StreamInherit}
	}
	return plan.Stream{Kind: plan.StreamJournal}
}

// output resolves "inherit" for stdout, which is what stdin is, unless that is
// /dev/null.
func (b *execBuilder) output(s plan.Stream) plan.Stream {
	if in := b.e.stdin.v; s.Kind == plan.StreamInherit && in.Kind != plan.StreamNull {
		in.Steal, in.Wait = false, false // how a terminal is had is a matter of the input
		return in
	}
	return s
}

// tty fills in the terminal's path.
func (b *execBuilder) tty(s plan.Stream) plan.Stream {
	if s.Kind == plan.StreamTTY {
		s.Path = b.e.ttyPath.or("/dev/console")
	}
	return s
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
