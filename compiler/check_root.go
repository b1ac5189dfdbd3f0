package compiler

import (
	"path"
	"slices"
	"strings"
	"syscall"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// rootCheck holds the units of the image against the root that it runs on:
// what a service would fail with 203/EXEC or 200/CHDIR for is said now.
type rootCheck struct {
	s  *unitSet
	r  *rootView
	lo *lowering // to resolve users
	l  *diag.List
}

// checkRoot holds each kept unit against the root, if there is one.
func (s *unitSet) checkRoot(l *diag.List) {
	if s.opt.Root == "" || s.plan == nil {
		return
	}
	c := &rootCheck{s: s, r: newRootView(&s.files), l: l,
		lo: &lowering{s: s, l: &diag.List{}, users: s.users}}
	for _, u := range s.image {
		if u.service == nil && u.socket == nil || u.hasOwnRoot() {
			continue
		}
		for i := range u.common.commands {
			c.command(u, &u.common.commands[i])
		}
		if len(u.common.commands) > 0 {
			c.workingDirectory(u)
			c.environmentFiles(u)
			c.viewPaths(u)
			c.temporaryFolders(u)
		}
		if u.service != nil {
			c.pidFile(u)
		}
	}
}

// hasOwnRoot says whether the unit's programs see another root than the
// image's, so that this one says nothing about them.
func (u *unit) hasOwnRoot() bool {
	return u.lastText("RootDirectory") != "" && u.lastText("RootDirectory") != "/" || u.lastText("RootImage") != ""
}

// lastText is the last value of a setting, whether the image honours it or not.
func (u *unit) lastText(key string) string {
	for i := len(u.settings) - 1; i >= 0; i-- {
		set := &u.settings[i]
		if text := set.value.Text(); set.key == key && (text != "" || !ignoredWhenEmpty(set)) {
			return text
		}
	}
	return ""
}

// mounts says whether the unit mounts something at a path or above it.
func (u *unit) mounts(name string) bool {
	for i := range u.settings {
		set := &u.settings[i]
		switch set.key {
		case "BindPaths", "BindReadOnlyPaths", "MountImages", "TemporaryFileSystem":
		default:
			continue
		}
		for _, w := range strings.Fields(set.value.Text()) {
			for part := range strings.SplitSeq(strings.TrimPrefix(w, "-"), ":") {
				if strings.HasPrefix(part, "/") && below(name, part) {
					return true
				}
			}
		}
	}
	return false
}

// who is the user that a command runs as: root, with the prefixes "+" and "!".
func (c *rootCheck) who(u *unit, line *commandLine) credential {
	if line != nil && (line.prefix.Has(grammar.PrefixFull) || line.prefix.Has(grammar.PrefixUser) ||
		u.service != nil && u.service.permissionsStartOnly.v && line.role != plan.ExecStart) {
		return credential{name: "root"}
	}
	if on, err := grammar.ParseBool(u.lastText("DynamicUser")); err == nil && on && !u.exec().user.set {
		return credential{name: "its dynamic user", uid: 1<<32 - 2}
	}
	in := c.lo.resolve(u, false)
	if !in.hasUser {
		return credential{name: "root"}
	}
	// See capabilities(7) for the numbers of the two.
	kept := u.exec().confine.ambient.v
	return credential{name: "user \"" + in.name + "\"", uid: in.uid, gids: append([]uint32{in.gid}, in.groups...),
		override: kept&(1<<1) != 0, search: kept&(1<<2) != 0}
}

// command checks the program of one command line. That it is not there at all
// is said when it is lowered.
func (c *rootCheck) command(u *unit, line *commandLine) {
	name, why := c.lo.findProgram(line.path, u.programDirs())
	if why != "" || isVolatile(name) || u.mounts(name) {
		return
	}
	f, err := c.r.stat(name)
	if err != nil {
		return
	}
	who := c.who(u, line)
	if bar := c.r.barred(&who, name); bar != "" {
		c.notExecutable(line, name, bar, f.path, who)
		return
	}
	c.content(u, line, &who, name, f.path, 0)
}

// programDirs is where the unit's bare program names are looked for.
func (u *unit) programDirs() []string {
	if dirs := values(u.exec().searchPath); len(dirs) > 0 {
		return dirs
	}
	return strings.Split(DefaultPath, ":")
}

func (c *rootCheck) notExecutable(line *commandLine, name, bar, real string, who credential) {
	msg := "program \"" + name + "\" cannot be executed by " + who.name
	hint := "correct its mode with chmod, or its owner"
	if bar != real {
		msg += ": \"" + bar + "\" cannot be entered"
		hint = "correct the folder's mode with chmod, or its owner"
	}
	c.say(line, "not-executable", msg, hint)
}

// say reports what is wrong with a command's program.
func (c *rootCheck) say(line *commandLine, code diag.Code, msg, hint string) {
	d := diag.Diagnostic{Pos: line.at, End: line.end, Severity: diag.Error, Code: code, Msg: msg, Hint: hint}
	if line.mayFail() {
		d.Severity = diag.Warning
	}
	c.l.Add(d)
}

// content checks what the kernel finds in a program: a script's interpreter is
// a program, too. The path real has no links.
func (c *rootCheck) content(u *unit, line *commandLine, who *credential, name, real string, depth int) {
	f, err := c.r.elf(real)
	switch {
	case err == nil:
		c.elf(u, line, name, real, f)
	case err == errNotELF:
		c.script(u, line, who, name, real, depth)
	case err == syscall.EACCES || err == syscall.EPERM:
		c.l.Add(diag.Diagnostic{Pos: line.at, End: line.end, Severity: diag.Note, Code: "unreadable-file",
			Msg: "program \"" + name + "\" is not checked further: " + reason(err)})
	default:
		c.say(line, "not-executable", "program \""+name+"\" cannot be read: "+reason(err), "")
	}
}

// elf checks what the kernel and the dynamic linker need of a program.
func (c *rootCheck) elf(u *unit, line *commandLine, name, real string, f *elfFile) {
	if want := archMachines[c.s.opt.Arch]; want != nil && !slices.Contains(want, f.machine) {
		c.say(line, "wrong-architecture",
			"program \""+name+"\" is for "+machineName(f.machine)+", and the image for "+c.s.opt.Arch,
			"install the program of the image's architecture, or pass --arch "+machineName(f.machine))
		return
	}
	if f.interp != "" {
		if why := c.r.trouble(f.interp, syscall.S_IFREG); why != "" {
			c.say(line, "missing-interpreter",
				"program \""+name+"\" is loaded by \""+f.interp+"\", which "+why,
				"install the C library that it was linked with, or link it statically")
			return
		}
	}
	if missing := c.r.missingLibraries(real, f, c.libraryPath(u)); len(missing) > 0 {
		c.missingLibraries(line, name, real, missing)
	}
}

// libraryPath is $LD_LIBRARY_PATH of the unit: of its Environment=, and of the
// files of EnvironmentFile= as they are in the root. Those that are not absolute
// begin in the working directory.
func (c *rootCheck) libraryPath(u *unit) []string {
	const name = "LD_LIBRARY_PATH"
	value := ""
	for _, e := range u.exec().environment {
		if v, ok := strings.CutPrefix(e.v, name+"="); ok {
			value = v
		}
	}
	for _, e := range u.exec().envFiles {
		all, _ := c.s.assignments(strings.TrimPrefix(e.v, "-"))
		if v, ok := all[name]; ok {
			value = v
		}
	}
	if value == "" {
		return nil
	}
	home := u.exec().workDir.or("/")
	out := strings.Split(strings.ReplaceAll(value, ";", ":"), ":")
	for i, dir := range out {
		if !strings.HasPrefix(dir, "/") && !strings.HasPrefix(dir, "$") {
			out[i] = path.Join(home, dir)
		}
	}
	return out
}

// missingLibraries reports all of a program's at once.
func (c *rootCheck) missingLibraries(line *commandLine, name, real string, missing []missingLibrary) {
	const most = 4
	var list []string
	for i, m := range missing {
		if i == most {
			list = append(list, itoa(int64(len(missing)-most))+" more")
			break
		}
		text := "\"" + m.name + "\""
		if m.by != real {
			text += " (needed by " + m.by + ")"
		}
		list = append(list, text)
	}
	hint := "install the package that has it"
	if len(missing) > 1 {
		hint = "install the packages that have them"
	}
	if at := missing[0].uncached; at != "" {
		hint = "run ldconfig in the root: \"" + at + "\" is there, and /etc/ld.so.cache has no word of it"
	}
	c.say(line, "missing-library", "program \""+name+"\" needs "+join(list)+", not found in the root", hint)
}

// join is "a", "a and b", or "a, b and c".
func join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// The kernel's bounds on scripts: how much of the first line it looks at, and
// how many interpreters may be scripts themselves (execve(2)).
const (
	maxShebang = 255
	maxScripts = 4
)

// script checks the interpreter that a script's first line names.
func (c *rootCheck) script(u *unit, line *commandLine, who *credential, name, real string, depth int) {
	first, ok := c.r.shebang(real)
	words := strings.Fields(first)
	switch {
	case !ok || len(words) == 0:
		c.say(line, "not-executable", "program \""+name+"\" is neither an ELF program nor a script that begins with #!",
			"begin a script with a line like #!/bin/sh")
		return
	case strings.HasSuffix(first, "\r"):
		c.say(line, "missing-interpreter", "the first line of \""+name+"\" ends in a carriage return, which is taken as part of the interpreter's name",
			"save the script with Unix line ends")
		return
	case depth == maxScripts:
		c.say(line, "missing-interpreter", "program \""+name+"\" is a script whose interpreters are scripts, deeper than the kernel goes", "")
		return
	}
	if f, err := c.r.stat(real); err == nil && !who.mayRead(&f) {
		c.say(line, "not-executable", "script \""+name+"\" cannot be read by "+who.name+", as its interpreter has to",
			"correct its mode with chmod, or its owner")
		return
	}
	interp := words[0]
	if f := c.interpreter(line, who, name, interp); f != nil {
		if path.Base(interp) == "env" {
			// The kernel hands the rest of the line over as one argument.
			c.envProgram(u, line, name, strings.Trim(strings.TrimPrefix(strings.TrimLeft(first, " \t"), interp), " \t"))
		}
		c.content(u, line, who, interp, f.path, depth+1)
	}
}

// interpreter finds a script's interpreter; nil when it was complained about.
func (c *rootCheck) interpreter(line *commandLine, who *credential, name, interp string) *rootFile {
	why := c.r.trouble(interp, syscall.S_IFREG)
	f, _ := c.r.stat(interp)
	if why == "" && f.st.Mode&0o111 == 0 {
		why = "is not executable"
	} else if why == "" && c.r.barred(who, interp) != "" {
		why = "cannot be executed by " + who.name
	}
	if why == "" {
		return &f
	}
	c.say(line, "missing-interpreter", "the interpreter of \""+name+"\" is \""+interp+"\", which "+why,
		"install it, or correct the script's first line")
	return nil
}

// envProgram checks what env(1) looks for when a script names it.
func (c *rootCheck) envProgram(u *unit, line *commandLine, name, arg string) {
	program, known := envCommand(arg)
	if !known || u.setsPath() || strings.HasPrefix(program, "/") {
		return
	}
	if strings.ContainsAny(program, " \t") {
		c.say(line, "missing-interpreter", "the first line of \""+name+"\" has env look for a program with the name \""+program+"\", blanks and all",
			"write \"env -S "+program+"\", which splits it into words")
		return
	}
	if _, why := c.lo.findProgram(program, strings.Split(DefaultPath, ":")); why != "" {
		c.say(line, "missing-interpreter", "the interpreter of \""+name+"\" is \""+program+"\", which "+why, "install it")
	}
}

// envCommand is the program that env(1) runs when it gets one argument; false
// where it is not known from that alone.
func envCommand(arg string) (program string, known bool) {
	var words []string
	switch rest, split := cutAny(arg, "-S", "-vS", "--split-string=", "--split-string"); {
	case split:
		words = strings.Fields(rest)
	case arg == "" || arg[0] == '-' || strings.Contains(arg, "="):
		return "", false
	default:
		return arg, true
	}
	for i := 0; i < len(words); i++ {
		switch w := words[i]; {
		case strings.ContainsAny(w, "'\"\\$") || w == "-" || strings.HasPrefix(w, "PATH="), w == "-i", w == "--ignore-environment":
			return "", false // quoted, or with another $PATH
		case w == "-u" || w == "--unset" || w == "-C" || w == "--chdir":
			i++
		case w[0] == '-' || strings.Contains(w, "="):
		default:
			return w, true
		}
	}
	return "", false
}

// cutAny takes the first of some prefixes that s has off.
func cutAny(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}

// setsPath says whether the unit has a $PATH of its own.
func (u *unit) setsPath() bool {
	e := u.exec()
	for _, v := range e.environment {
		if strings.HasPrefix(v.v, "PATH=") {
			return true
		}
	}
	return len(e.searchPath) > 0 || len(e.envFiles) > 0 || len(e.passEnv) > 0
}

// shebang is the first line of a script without its #!.
func (r *rootView) shebang(real string) (string, bool) {
	b, err := openBounded(r.files.host(real))
	if err != nil {
		return "", false
	}
	defer b.close()
	buf := make([]byte, maxShebang)
	n, _ := b.ReadAt(buf, 0)
	line, _, _ := strings.Cut(string(buf[:n]), "\n")
	return strings.CutPrefix(line, "#!")
}
