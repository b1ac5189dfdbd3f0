package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/diag"
	"rustysd/gen"
	"rustysd/runtime"
)

// doCompile turns units into an init.
func doCompile(t *tool) error {
	if t.opt.output == "" && t.opt.emitGo == "" && t.opt.emitPlan == "" {
		return t.missingOutput()
	}
	res, err := t.frontEnd()
	if err != nil {
		return err
	}
	if t.opt.emitGo != "" {
		if err := t.emit(res); err != nil {
			return err
		}
	}
	if t.opt.emitPlan != "" {
		if err := t.emitThePlan(res); err != nil {
			return err
		}
	}
	if t.opt.output == "" {
		return nil
	}
	if err := t.build(res, t.opt.output); err != nil {
		return err
	}
	t.success(res)
	return nil
}

// missingOutput tells a forgotten -o from a mistyped verb.
func (t *tool) missingOutput() error {
	if len(t.args) > 0 && !exists(t.args[0]) {
		if hint := suggest(t.args[0], verbNames(), ""); hint != "" {
			return &usageError{"unknown verb " + quote(t.args[0]), hint}
		}
		return &usageError{quote(t.args[0]) + " is neither a verb nor a folder", "the verbs are listed by: rustysd-compile help"}
	}
	return &usageError{"-o FILE is missing: where to write the init", "to check units without building: rustysd-compile check"}
}

// compilerOptions are the options of the front end, with the folders that the
// command line names.
func (t *tool) compilerOptions() (compiler.Options, error) {
	opt := t.opt.compiler
	opt.UnitDirs = t.args
	opt.UnitPath = t.env.get("SYSTEMD_UNIT_PATH")
	opt.Arch = cmp.Or(t.opt.arch, thisArch)
	if len(opt.UnitDirs) == 0 && opt.Root == "" {
		return opt, &usageError{"no UNITDIR and no --root: where are the units?", "name the folder with the unit files, or the root file system: --root DIR"}
	}
	if opt.Immutable && opt.Root == "" {
		return opt, &usageError{"--immutable says that no boot changes the files of a root, and there is no --root", "name the root file system: --root DIR"}
	}
	if opt.Root != "" && !isFolder(opt.Root) {
		return opt, noFolder("--root: ", opt.Root)
	}
	for _, dir := range opt.UnitDirs {
		if !isFolder(dir) {
			return opt, noFolder("", dir)
		}
	}
	return opt, nil
}

// noFolder says what a name is, where a folder was meant.
func noFolder(flag, name string) error {
	info, err := os.Stat(name)
	switch {
	case name == "":
		return &usageError{"an argument is empty", "name the folder with the unit files"}
	case errors.Is(err, os.ErrNotExist):
		return &usageError{flag + "there is no folder " + quote(name), suggest(name, append(verbNames(), siblings(name)...), "")}
	case err != nil:
		return &usageError{flag + "cannot read " + quote(name) + ": " + unwrapped(err).Error(), ""}
	case info.Mode()&0o111 != 0 || strings.HasSuffix(name, ".json"):
		return &usageError{flag + quote(name) + " is no folder of unit files", "what was compiled can be compared: rustysd-compile diff OLD NEW"}
	}
	return &usageError{flag + quote(name) + " is a file, not a folder of unit files", "name the folder that it is in: " + filepath.Dir(name)}
}

// siblings are the folders beside a name, written as the name is.
func siblings(name string) []string {
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return nil // the hint is left out
	}
	var list []string
	for _, e := range entries {
		if e.IsDir() {
			list = append(list, filepath.Join(filepath.Dir(name), e.Name()))
		}
	}
	return list
}

// frontEnd makes the plan and shows what there is to say about the units.
func (t *tool) frontEnd() (*compiler.Result, error) {
	defer t.phase("front end")()
	opt, err := t.compilerOptions()
	if err != nil {
		return nil, err
	}
	res, list, err := compiler.Compile(opt)
	if err != nil {
		return nil, err
	}
	list = t.opt.levels.Apply(list)
	if t.opt.strict {
		makeStrict(list)
	}
	if err := t.show(list); err != nil {
		return nil, err
	}
	if list.Count(diag.Error) > 0 {
		return nil, errUnits
	}
	return res, nil
}

// makeStrict turns warnings into errors (--strict).
func makeStrict(list diag.List) {
	for i := range list {
		if list[i].Severity == diag.Warning {
			list[i].Severity = diag.Error
		}
	}
}

// source is the whole module of the image. A draft is for a build that nobody
// reads.
func source(res *compiler.Result, draft bool) (map[string][]byte, error) {
	files, err := gen.Generate(gen.Input{Plan: res.Plan, Origins: res.Origins, Version: version(), Draft: draft})
	if err != nil {
		return nil, err
	}
	for name, content := range runtime.Source() {
		files[name] = content
	}
	return files, nil
}

// build makes the executable: in a folder of its own, then under a temporary
// name next to out, then renamed, so that out is whole or as it was. A device or
// a pipe is written to, never replaced.
func (t *tool) build(res *compiler.Result, out string) error {
	tc, err := findGo(t.env)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "rustysd-compile-")
	if err != nil {
		return noTemporary(err)
	}
	err = t.buildIn(tc, res, work, out)
	if !t.opt.work && (err == nil || !strings.HasPrefix(err.Error(), "BUG:")) {
		return cmp.Or(err, os.RemoveAll(work))
	}
	fmt.Fprintf(t.stderr, "the source is in %s\n", work)
	return err
}

func (t *tool) buildIn(tc *goTool, res *compiler.Result, work, out string) error {
	module := filepath.Join(work, "image")
	if err := t.writeModule(res, module); err != nil {
		return err
	}
	defer t.phase("go build")()
	to, err := reserve(out, work)
	if err != nil {
		return err
	}
	tmp := to.tmp
	defer os.Remove(tmp)
	b := build{dir: module, out: tmp, arch: t.opt.arch, symbols: t.opt.symbols, work: work}
	if t.opt.verbose {
		fmt.Fprintf(t.stderr, "cd %s && %s %s\n", module, tc.path, shellWords(b.args()))
	}
	stop := t.progress("compiling", coldReason, coldComfort)
	if err = tc.run(t.ctx, b); errors.Is(err, errNoEntry) {
		b.goEntry = true
		fmt.Fprintf(t.stderr, "rustysd-compile: note: %v: a signal that comes in the first milliseconds may end the init\n", err)
		err = tc.run(t.ctx, b)
	}
	stop()
	if err != nil {
		return err
	}
	if err := appendPlan(tmp, res); err != nil {
		return err
	}
	return to.commit(t.stdout)
}

// shellWords are arguments as one would type them.
func shellWords(args []string) string {
	words := make([]string, len(args))
	for n, arg := range args {
		if words[n] = arg; strings.Contains(arg, " ") {
			words[n] = "'" + arg + "'"
		}
	}
	return strings.Join(words, " ")
}

func (t *tool) writeModule(res *compiler.Result, dir string) error {
	defer t.phase("print source")()
	files, err := source(res, !t.opt.work)
	if err != nil {
		return err
	}
	return writeFiles(dir, files)
}

// success is one line, on a terminal only.
func (t *tool) success(res *compiler.Result) {
	info, err := os.Stat(t.opt.output)
	if err != nil || !info.Mode().IsRegular() || t.opt.quiet || !isTerminal(t.stderr) {
		return
	}
	fmt.Fprintf(t.stderr, "%s  %s  %s  %.1fs\n", t.opt.output, megabytes(info.Size()), count(len(res.Plan.Units), "unit"), t.elapsed().Seconds())
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// count is "1 unit" or "2 units".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// thisArch is what --arch defaults to.
const thisArch = goruntime.GOARCH

// doCheck is the front end alone.
func doCheck(t *tool) error {
	t.opt.compiler.NoSettings = t.opt.emitPlan == ""
	res, err := t.frontEnd()
	if err == nil && t.opt.emitPlan != "" {
		err = t.emitThePlan(res)
	}
	return err
}
