package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rustysd/internal/means"
)

// TestDocumented: each flag and each verb is in the help and in the man page, and
// is completed, so that none can be forgotten.
func TestDocumented(t *testing.T) {
	man, err := os.ReadFile("rustysd-compile.1")
	if err != nil {
		t.Fatal(err)
	}
	_, help, _ := call("--help")
	for _, v := range verbs() {
		_, page, _ := call("help", v.name)
		help += page
		if !regexp.MustCompile(`(?m)^\.It Cm ` + v.name + `( |$)`).Match(man) {
			t.Errorf("the man page lacks the verb %s", v.name)
		}
		if got := completed(v.name); !slices.Contains(got, v.name) {
			t.Errorf("the verb %s is not completed: %q", v.name, got)
		}
		for _, name := range v.flags {
			if got := completed(v.name, "--"+name); !slices.Contains(got, "--"+name) {
				t.Errorf("%s --%s is not completed: %q", v.name, name, got)
			}
		}
	}
	for i := range flags {
		f := &flags[i]
		if !regexp.MustCompile(`(?m)^\.It Fl (. , )?-` + f.name + `( |$)`).Match(man) {
			t.Errorf("the man page lacks --%s", f.name)
		}
		if !strings.Contains(help, "--"+f.name+" ") {
			t.Errorf("the help lacks --%s", f.name)
		}
	}
}

// completed are the words that the command offers for the last one of a line.
func completed(words ...string) []string {
	_, out, _ := call(append([]string{completeVerb}, words...)...)
	var list []string
	for line := range strings.Lines(out) {
		word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		list = append(list, word)
	}
	return list
}

// typedLines are lines with what one of them must become, in any shell: their
// last word has one continuation.
func typedLines(units string) map[string]string {
	return map[string]string{
		"che":                                  "check",
		"check --stri":                         "--strict",
		"graph --format s":                     "svg",
		"graph --format=s":                     "--format=svg",
		"completion f":                         "fish",
		"help gr":                              "graph",
		"explain unknown-d":                    "unknown-directive",
		"check -W no-dropped-":                 "no-dropped-unit",
		"check -W slow-stop,error=unknown-dir": "slow-stop,error=unknown-directive",
		"directives --level hon":               "honoured",
		"check --allow-unsupported PAMN":       "PAMName",
		"cat " + units + " w":                  "worker@1.service",
		"list --why w --root " + units:         units, // a folder, which stands there whole
		units + " --main w":                    "worker@1.service",
		"simulate " + units + " --fail worker@1.service:oo": "worker@1.service:oom-kill",
		"simulate " + units + " --duration w":               "worker@1.service=",
	}
}

func completionUnits(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "units")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "worker@1.service"), "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
	return dir
}

// TestComplete asks the command itself.
func TestComplete(t *testing.T) {
	units := completionUnits(t)
	for line, want := range typedLines(units) {
		got := completed(strings.Fields(line)...)
		if want == units {
			want = ":dirs"
		}
		if !slices.Contains(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	for line, want := range map[string]string{
		"version ": "", "graph --arch amd64 ": ":dirs", "diff ": ":files", "-o ": ":files", "check -- -": ":dirs", "check --nosuch=": "", "simulate --fail x": "",
	} {
		if got := strings.Join(completed(strings.Split(line, " ")...), " "); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// scriptOf prepares a shell: the command under its name in a folder of its own,
// which is put first in PATH, and beside it the file with the completions.
func scriptOf(t *testing.T, shell, name string) (exe, dir string) {
	exe = means.Program(t, shell)
	dir = t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "rustysd-compile"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, script, _ := call("completion", shell)
	write(t, filepath.Join(dir, name), script)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if out, err := exec.Command(exe, "-n", filepath.Join(dir, name)).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%s: %v\n%s", shell, err, out)
	}
	return exe, dir
}

// TestBashCompletes asks bash, with the words as readline would split them.
func TestBashCompletes(t *testing.T) {
	bash, dir := scriptOf(t, "bash", "completions")
	units := completionUnits(t)
	for line, want := range typedLines(units) {
		line = "rustysd-compile " + line
		last := line[strings.LastIndexAny(line, " =:@")+1:]
		script := `compopt() { :; }; source ` + dir + `/completions; COMP_LINE=$1 COMP_POINT=${#1}; COMP_WORDS=("$2"); COMP_CWORD=0; _rustysd_compile; printf '%s\n' "${COMPREPLY[@]}"`
		out, err := exec.Command(bash, "-c", script, "bash", line, last).CombinedOutput()
		tail := want[strings.LastIndexAny(want[:len(want)-1], "=:@")+1:]
		if strings.HasSuffix(line, " w") {
			tail = want // the unit's own "@" is not typed yet
		}
		if err != nil || strings.TrimSpace(string(out)) != tail {
			t.Errorf("%s: %v %q, want %q", line, err, out, tail)
		}
	}
}

// TestFishCompletes asks fish.
func TestFishCompletes(t *testing.T) {
	fish, dir := scriptOf(t, "fish", "completions")
	units := completionUnits(t)
	for line, want := range typedLines(units) {
		cmd := exec.Command(fish, "--no-config", "-c", "source "+dir+"/completions; complete -C 'rustysd-compile "+line+"'")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "TERM=dumb")
		out, err := cmd.CombinedOutput()
		word, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
		if err != nil || strings.TrimSuffix(word, "/") != want {
			t.Errorf("%s: %v %q, want %q", line, err, out, want)
		}
	}
}

// zshTyping types lines into a zsh on a terminal of its own, each with a
// tabulator behind it, and waits until the screen shows what is wanted.
const zshTyping = `
setopt extendedglob
zmodload zsh/zpty
zpty z zsh -f -i
seen=
await() {
	local out
	repeat 400; do
		sleep 0.05
		while zpty -r -t z out; do seen+=${out//$'\e'\[[0-9;?]#[a-zA-Z]/}; done
		[[ $seen == *$1* ]] && return
	done
	print -r -- "$1 does not come: $seen"
}
zpty -w z "PS1='ready> '; stty cols 400; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep; print begun"
await 'begun'
shift
while (( $# )); do
	seen=
	zpty -w -n z "rustysd-compile $1"$'\t'
	await "${1%%[^ ]#}$2"
	seen=
	zpty -w z $'\x15'"print next"
	await 'next'
	shift 2
done
zpty -d z
`

// TestZshCompletes types into zsh.
func TestZshCompletes(t *testing.T) {
	zsh, dir := scriptOf(t, "zsh", "_rustysd-compile")
	units := completionUnits(t)
	args := []string{"-f", "-c", zshTyping, "zsh", dir}
	for line, want := range typedLines(units) {
		args = append(args, line, want)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, zsh, args...)
	cmd.Env = append(os.Environ(), "TERM=xterm", "ZDOTDIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestProgressLine: the line explains a first build once it is one.
func TestProgressLine(t *testing.T) {
	k := &ticker{what: "compiling", reason: coldReason}
	if got := k.line(time.Second); got != "compiling  1s" {
		t.Error(got)
	}
	if got := k.line(4 * time.Second); !strings.Contains(got, "the first build") {
		t.Error(got)
	}
	whole := len(k.line(4 * time.Second))
	for columns, want := range map[int]int{0: whole, whole + 9: whole, whole + 1: whole, whole: whole - 1, 40: 39, 1: 0} {
		if got := fit(k.line(4*time.Second), columns); len(got) != want {
			t.Errorf("%d columns: %q", columns, got)
		}
	}
}
