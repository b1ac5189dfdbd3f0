package compiler

import (
	"cmp"
	"slices"
	"strings"
	"syscall"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// commands lowers the command lines of a unit, sorted by role.
func (lo *lowering) commands(u *unit, c *context) []plan.Command {
	lines := slices.Clone(u.common.commands)
	slices.SortStableFunc(lines, func(a, b commandLine) int { return int(a.role) - int(b.role) })
	out := make([]plan.Command, len(lines))
	for i := range lines {
		out[i] = lo.command(u, &lines[i], c)
	}
	return out
}

// prefixFlags are the prefixes that the plan has of a command.
var prefixFlags = [...]struct {
	prefix grammar.Prefix
	flag   plan.CommandFlags
}{
	{grammar.PrefixIgnore, plan.IgnoreFailure}, {grammar.PrefixFull, plan.Privileged}, {grammar.PrefixUser, plan.NoSetUID},
	{grammar.PrefixAmbient, plan.Ambient}, {grammar.PrefixNoExpand, plan.NoExpand},
}

// command lowers one command line.
func (lo *lowering) command(u *unit, line *commandLine, c *context) plan.Command {
	out := plan.Command{Role: line.role, Path: line.path, Argv: slices.Clone(line.argv), Origin: place(line.at)}
	for _, p := range prefixFlags {
		if line.prefix.Has(p.prefix) {
			out.Flags |= p.flag
		}
	}
	lo.program(u, line, &out)
	out.Exec = lo.with(u, c, u.variantOf(line))
	expandWords(line, &out)
	return out
}

// expandWords settles at build time what needs no variables: the rest is
// marked for the boot.
func expandWords(line *commandLine, out *plan.Command) {
	plain := line.prefix.Has(grammar.PrefixNoExpand)
	if line.boot || !plain && slices.ContainsFunc(out.Argv, hasVariable) {
		out.Flags |= plan.Expand
	}
	for i, w := range out.Argv {
		if strings.IndexByte(w, '$') < 0 {
			continue
		}
		switch {
		case plain && out.Flags&plan.Expand != 0:
			out.Argv[i] = strings.ReplaceAll(w, "$", "$$")
		case !plain && out.Flags&plan.Expand == 0:
			out.Argv[i] = literal(w)
		}
	}
}

// hasVariable says whether a word holds a variable.
func hasVariable(w string) bool {
	if strings.IndexByte(w, '$') < 0 {
		return false
	}
	return slices.ContainsFunc(grammar.ParseVariables(w), func(p grammar.Piece) bool {
		return p.Kind != grammar.PieceText
	})
}

// literal is a word without variables, its "$$" resolved.
func literal(w string) string {
	var b strings.Builder
	for _, p := range grammar.ParseVariables(w) {
		b.WriteString(p.Text)
	}
	return b.String()
}

// program finds the program in the root, if the root is known; otherwise a
// bare name is left to the boot.
func (lo *lowering) program(u *unit, line *commandLine, out *plan.Command) {
	dirs := u.programDirs()
	bare, own := bareName(line.path), u.hasOwnRoot() && !u.startsOutside(line.role)
	switch {
	case bare && (own || slices.ContainsFunc(dirs, hasMark)): // in which nobody has looked
		out.Flags |= plan.SearchPath
	case hasMark(line.path):
	case lo.s.opt.Root != "":
		path, why := lo.findProgram(line.path, dirs)
		if why == "" || own || u.mounts(path) {
			out.Path = cmp.Or(path, out.Path)
			return
		}
		lo.missingProgram(line, why)
	case bare && len(dirs) == 1:
		out.Path = dirs[0] + "/" + line.path
	case bare:
		out.Flags |= plan.SearchPath
	}
}

// findProgram is the absolute path of a program in the root, or why there is
// none.
func (lo *lowering) findProgram(path string, dirs []string) (found, why string) {
	if path[0] == '/' {
		return path, lo.s.programTrouble(path)
	}
	for _, dir := range dirs {
		if full := dir + "/" + path; lo.s.programTrouble(full) == "" {
			return full, ""
		}
	}
	return "", "is not in " + strings.Join(dirs, ":")
}

// mayFail says whether the service can do without a command: the unit says so
// itself with "-", or it is only for reloading.
func (line *commandLine) mayFail() bool {
	return line.prefix.Has(grammar.PrefixIgnore) || line.role == plan.ExecReload
}

// missingProgram reports a program that cannot be executed.
func (lo *lowering) missingProgram(line *commandLine, why string) {
	d := diag.Diagnostic{Pos: line.at, End: line.end, Severity: diag.Error, Code: "missing-program",
		Msg:  "program \"" + line.path + "\" " + why,
		Hint: "install it in the root, or correct the path"}
	switch {
	case why == notExecutable:
		d.Code, d.Hint = "not-executable", "make it executable with chmod +x"
	case strings.HasPrefix(why, "is a"):
		d.Code, d.Hint = "not-executable", "correct the path"
	case isVolatile(line.path): // a unit that runs before this one may make it
		d.Severity = diag.Warning
	}
	if line.mayFail() {
		d.Severity = diag.Warning
	}
	lo.l.Add(d)
}

// programTrouble says why a path of the root is no program; "" when it is one.
func (s *unitSet) programTrouble(path string) string {
	real, err := s.files.resolve(path)
	if err != nil {
		return "leads nowhere: " + err.Error()
	}
	var f rootFile
	err = syscall.Lstat(s.files.host(real), &f.st)
	switch {
	case err != nil:
		return "is not in the root"
	case f.kind() != syscall.S_IFREG:
		return "is " + fileKinds[f.kind()]
	case f.st.Mode&0o111 == 0:
		return notExecutable
	}
	return ""
}

// notExecutable is the reason about a file without any x in its mode.
const notExecutable = "is not executable"
