package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDocumented: each flag and each verb is in the help, in the man page and
// in the completions of each shell, so that none can be forgotten.
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
		for shell, script := range completions() {
			if !regexp.MustCompile(`\b` + v.name + `\b`).MatchString(script) {
				t.Errorf("the completions of %s lack the verb %s", shell, v.name)
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
		for shell, script := range completions() {
			if !regexp.MustCompile(`(--|-l )` + f.name + `\b`).MatchString(script) {
				t.Errorf("the completions of %s lack --%s", shell, f.name)
			}
		}
	}
}

func completions() map[string]string {
	return map[string]string{"bash": bashCompletion(), "zsh": zshCompletion(), "fish": fishCompletion()}
}

// TestCompletionSyntax lets each shell that is installed read its completions.
func TestCompletionSyntax(t *testing.T) {
	for shell, script := range completions() {
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("%s is not installed: its completions are not read by it", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), shell)
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(shell, "-n", file).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

// TestBashCompletes asks bash itself, as a line is typed.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	file := filepath.Join(t.TempDir(), "c")
	if err := os.WriteFile(file, []byte(bashCompletion()), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"rustysd-compile che":                  "check",
		"rustysd-compile check --stri":         "--strict",
		"rustysd-compile graph --format s":     "svg",
		"rustysd-compile completion f":         "fish",
		"rustysd-compile graph --arch amd64 x": "",
	} {
		words := strings.Split(line, " ")
		script := "source " + file + "; COMP_WORDS=(" + line + "); COMP_CWORD=" + string(rune('0'+len(words)-1)) + "; _rustysd_compile; echo ${COMPREPLY[*]}"
		out, err := exec.Command(bash, "-c", script).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %v %q, want %q", line, err, out, want)
		}
	}
}

// TestProgressLine: the line explains a first build once it is one.
func TestProgressLine(t *testing.T) {
	k := &ticker{what: "compiling"}
	if got := k.line(time.Second); got != "compiling  1s" {
		t.Error(got)
	}
	if got := k.line(4 * time.Second); !strings.Contains(got, "the first build") {
		t.Error(got)
	}
}
