package testscripts

// What a script has beside testscript's own commands:
//
//	cmpjson FILE1 FILE2        equal as JSON, a value on each line
//	[!] linked SYMBOLS SOURCE  what "go tool nm" said has code of a source file
//	                           of the runtime: machine/notify.go
//	signal NAME PROGRAM        send SIGNAME to the PROGRAM in the background
//	trim-newline FILE...       take the newline off the end of files
//	waitfor FILE [REGEXP]      wait until FILE is there (and holds a match)
//
// Programs for exec, and for units by @BIN@/NAME (programs_test.go):
//
//	actor WORD...              a service that does one thing after the other: see
//	                           actor_test.go
//	asuser CMD...              run CMD without root
//	boot [FLAGS] INIT [ARG...] boot an init as process 1 of new namespaces, copy
//	                           its output to $WORK/init.log, end as it does
//	  -status N                success is exit status N
//	  -net, -ro, -userns       own network, read-only root, user namespace
//	  -cgroup                  a tree of cgroups; else it sees none
//	  -log FILE                instead of init.log
//	  -env NAME=VALUE          in the init's environment
//	  -timeout DURATION        kill it after (2m)
//	badclients SOCKET          hostile clients of a control socket
//	busy WORD...               a service that never rests: see reexec_test.go
//	busd NAME                  take a bus name, and wait
//	enter CMD...               run CMD in the namespaces of the init booted last
//	exits N CMD...             success is that CMD exits with status N
//	dial NETWORK ADDRESS TEXT  send TEXT, or write it to a FIFO
//	probe WORD...              say what a confined process can do: see probe_test.go
//	manager SOCKET FILE        the service manager above an init
//	numbered LOG NAME          demand all lines of a busy service in a log
//	reexecs ARG...             have the init execute itself anew
//	orphans N                  leave N processes behind that end at once
//	rpc SOCKET                 send standard input, print the answers
//	forker, notifyd, sleeper, sockecho: services
//	rustysd-compile            the command that is tested
//
// Conditions: [boots] namespaces can be had, [cgroup] a tree of them, [root], [userns] without root too,
// and programs: [dbus-daemon], [qemu-aarch64-static] for arm64, [strace]. No other word, as [exec:strace]: what that
// finds missing is skipped in CI, too.
//
// $MODULE is the folder of this module. In the files of a script, @WORK@ stands for $WORK and @BIN@ for the folder of
// the programs. -update writes what cmp compares stdout or stderr with.

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

var update = flag.Bool("update", false, "write the files that cmp compares with")

// Folders of one run of the tests, below one that everybody may enter, since
// services run as other users.
var rootDir, binDir string

// moduleDir is the module's root, seen from the tests.
var moduleDir, _ = filepath.Abs("..")

func TestMain(m *testing.M) {
	sandbox.Stage()
	if program := programs[filepath.Base(os.Args[0])]; program != nil {
		os.Exit(program(os.Args[1:]))
	}
	flag.Parse()
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(rootDir)
	sandbox.Tidy()
	os.Exit(code)
}

// setUp makes the folders and the command, and runs the tests.
func setUp(m *testing.M) (code int, err error) {
	if rootDir, err = os.MkdirTemp("", "rustysd-scripts-"); err != nil {
		return 1, err
	}
	binDir = filepath.Join(rootDir, "bin")
	if err := os.Mkdir(binDir, 0o755); err != nil {
		return 1, err
	}
	if err := os.Chmod(rootDir, 0o755); err != nil {
		return 1, err
	}
	if err := installPrograms(); err != nil {
		return 1, err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(binDir, "rustysd-compile"), "rustysd/cmd/rustysd-compile")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%w\n%s", err, out)
	}
	return m.Run(), nil
}

// compile runs the command, which must succeed, and is what it says.
func compile(t *testing.T, args ...string) string {
	t.Helper()
	return means.Run(t, filepath.Join(binDir, "rustysd-compile"), args...)
}

// compileUnits compiles the units of a folder to its init.
func compileUnits(t *testing.T, dir string, flags ...string) {
	t.Helper()
	compile(t, append(flags, filepath.Join(dir, "units"), "-o", filepath.Join(dir, "init"))...)
}

// installPrograms copies this executable, out of a folder that only its owner
// can enter, and gives it the programs' names.
func installPrograms() error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	name := filepath.Join(binDir, ".programs")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, self); err != nil {
		return err
	}
	for program := range programs {
		if err := os.Symlink(".programs", filepath.Join(binDir, program)); err != nil {
			return err
		}
	}
	return f.Close()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 ".",
		WorkdirRoot:         rootDir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Condition:           condition,
		Setup:               func(env *testscript.Env) error { return setup(env, strings.TrimSpace(string(cache))) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"cmpjson":      cmpJSON,
			"linked":       linked,
			"signal":       sendSignal,
			"trim-newline": trimNewline,
			"waitfor":      waitFor,
		},
	})
}

// setup prepares one script: the environment, and the names in its files.
func setup(env *testscript.Env, cache string) error {
	env.Setenv("PATH", binDir+":"+env.Getenv("PATH"))
	env.Setenv("BIN", binDir)
	env.Setenv("GOCACHE", cache)
	env.Setenv("MODULE", moduleDir)
	env.Setenv("NO_COLOR", "1")
	if err := os.Chmod(env.WorkDir, 0o755); err != nil {
		return err
	}
	replacer := strings.NewReplacer("@WORK@", env.WorkDir, "@BIN@", binDir)
	return filepath.WalkDir(env.WorkDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if replaced := replacer.Replace(string(content)); replaced != string(content) {
			return os.WriteFile(path, []byte(replaced), 0o644)
		}
		return nil
	})
}

// condition tells whether a means is there. In CI one that is not is an error:
// "skip" shows in the output, "stop" would pass in silence.
func condition(cond string) (bool, error) {
	ok, err := hasMeans(cond)
	if err == nil && !ok && means.InCI() {
		err = fmt.Errorf("%s is missing here, and CI skips nothing", cond)
	}
	return ok, err
}

func hasMeans(cond string) (bool, error) {
	switch cond {
	case "root":
		return os.Geteuid() == 0, nil
	case "userns":
		return canBoot(true), nil
	case "cgroup":
		group, err := sandbox.NewCgroup()
		return err == nil && group.Remove() == nil, nil
	case "boots":
		return canBoot(false), nil
	case "dbus-daemon", "qemu-aarch64-static", "strace":
		_, err := exec.LookPath(cond)
		return err == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// canBoot tells whether the kernel gives us namespaces.
func canBoot(user bool) bool {
	cmd, err := sandbox.Command(sandbox.Options{Init: "/bin/true", User: user})
	return err == nil && cmd.Run() == nil
}

// patience is how long a script waits for what should happen at once.
const patience = time.Minute

// waitFor waits for a file, or for a text in it.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfor FILE [REGEXP]")
	}
	pattern := ""
	if len(args) == 2 {
		pattern = args[1]
	}
	re, err := regexp.Compile("(?m)" + pattern)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	var content []byte
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		content, err = os.ReadFile(path)
		if err == nil && re.Match(content) || err != nil && exists(path) && pattern == "" {
			return
		}
	}
	ts.Fatalf("waited %s in vain for %q in %s: %v\n%s", patience, pattern, args[0], err, content)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// sendSignal sends a signal to a command that runs in the background.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME PROC")
	}
	sig := unix.SignalNum("SIG" + strings.TrimPrefix(args[0], "SIG"))
	if offset, ok := strings.CutPrefix(args[0], "RTMIN+"); ok {
		var n int
		fmt.Sscan(offset, &n)
		sig = syscall.Signal(34 + n)
	}
	if sig == 0 {
		ts.Fatalf("unknown signal %q", args[0])
	}
	for _, bg := range ts.BackgroundCmds() {
		if filepath.Base(bg.Args[0]) == args[1] {
			ts.Check(bg.Process.Signal(sig))
			return
		}
	}
	ts.Fatalf("no command %q in the background", args[1])
}

// trimNewline takes the newline off that every file of a txtar ends in.
func trimNewline(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: trim-newline FILE...")
	}
	for _, name := range args {
		content := strings.TrimSuffix(ts.ReadFile(name), "\n")
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(content), 0o644))
	}
}

// cmpJSON compares files as lists of JSON values.
func cmpJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: cmpjson FILE1 FILE2")
	}
	a, b := jsonValues(ts, args[0]), jsonValues(ts, args[1])
	if reflect.DeepEqual(a, b) == neg {
		ts.Fatalf("%s and %s: equal is %v:\n%v\n%v", args[0], args[1], neg, a, b)
	}
}

func jsonValues(ts *testscript.TestScript, name string) []any {
	var values []any
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(name)))
	for {
		var v any
		err := dec.Decode(&v)
		if err == io.EOF {
			return values
		}
		ts.Check(err)
		values = append(values, v)
	}
}

// linked demands that functions of a source file are in an executable, or that
// none is.
func linked(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] linked SYMBOLS SOURCE")
	}
	names, err := sourceFunctions(args[1])
	ts.Check(err)
	var found []string
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if f := strings.Fields(line); len(f) > 0 && slices.Contains(names, f[len(f)-1]) {
			found = append(found, f[len(f)-1])
		}
	}
	if neg && len(found) > 0 {
		ts.Fatalf("%s is linked: %s", args[1], strings.Join(found, ", "))
	}
	if !neg && len(found) == 0 {
		ts.Fatalf("nothing of %s is linked: none of %s", args[1], strings.Join(names, ", "))
	}
}

// sourceFunctions are the functions of a source file of the runtime, as the
// linker calls them.
func sourceFunctions(source string) (names []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(moduleDir, "runtime", source), nil, 0)
	if err != nil {
		return nil, err
	}
	pkg := path.Join("rustysd/runtime", path.Dir(source))
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		switch {
		case !ok:
		case f.Recv == nil:
			names = append(names, pkg+"."+f.Name.Name)
		default:
			names = append(names, pkg+"."+receiver(f.Recv.List[0].Type)+"."+f.Name.Name)
		}
	}
	return names, nil
}

func receiver(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		return "(*" + receiver(star.X) + ")"
	}
	return e.(*ast.Ident).Name
}
