package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// call runs a command line in memory.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &errs, []string{"HOME=/no-home"})
	return code, out.String(), errs.String()
}

// TestFlagsAnywhere: flags stand before, between and after what they belong to.
// (No script could see how a line was read.)
func TestFlagsAnywhere(t *testing.T) {
	for _, args := range [][]string{
		{"check", "--target", "x.target", "--strict", "dir"},
		{"check", "dir", "--strict", "--target=x.target"},
		{"--strict", "--target", "x.target", "check", "dir"},
		{"--target", "x.target", "check", "--strict", "--", "dir"},
	} {
		var tl tool
		v, err := parseArgs(&tl, args)
		if err != nil || v.name != "check" || !tl.opt.strict || tl.opt.compiler.Target != "x.target" || len(tl.args) != 1 || tl.args[0] != "dir" {
			t.Errorf("%q: %v %v %+v %q", args, v, err, tl.opt, tl.args)
		}
	}
}

// TestVerbIsNoValue: a flag's value is not taken for the verb.
func TestVerbIsNoValue(t *testing.T) {
	var tl tool
	v, err := parseArgs(&tl, []string{"-o", "run", "units"})
	if err != nil || v.name != "compile" || tl.opt.output != "run" {
		t.Errorf("%v %v %+v", v, err, tl.opt)
	}
}

// TestShortFlags: -oFILE and -o FILE are the same.
func TestShortFlags(t *testing.T) {
	for _, args := range [][]string{{"-oinit"}, {"-o", "init"}, {"-o=init"}, {"--output=init"}} {
		var tl tool
		if _, err := parseArgs(&tl, append(args, "units")); err != nil || tl.opt.output != "init" {
			t.Errorf("%q: %v %+v", args, err, tl.opt)
		}
	}
}

// TestHelp: each flag is in the help of some verb, and each verb's flags exist.
func TestHelp(t *testing.T) {
	all := ""
	for _, v := range verbs() {
		code, out, _ := call("help", v.name)
		if code != exitOK {
			t.Errorf("help %s: %d", v.name, code)
		}
		all += out
		for _, name := range v.flags {
			if v.flag(func(f *flag) bool { return f.name == name }) == nil {
				t.Errorf("%s takes a flag %q that does not exist", v.name, name)
			}
		}
	}
	for i := range flags {
		if !strings.Contains(all, "--"+flags[i].name+" ") {
			t.Errorf("no help about --%s", flags[i].name)
		}
	}
}

// TestBug: a panic is an error message without a stack, and exit status 3.
func TestBug(t *testing.T) {
	var errs bytes.Buffer
	tl := &tool{stderr: &errs, env: environment{}}
	if code := tl.bug("index out of range"); code != exitMachine {
		t.Errorf("status %d", code)
	}
	if s := errs.String(); !strings.Contains(s, "BUG: index out of range") || strings.Contains(s, "goroutine") {
		t.Error(s)
	}
}

// FuzzArgs: no command line makes the command fail in another way than by its
// exit statuses.
func FuzzArgs(f *testing.F) {
	f.Add("check --strict -- x")
	f.Add("-o -o -q --arch=")
	f.Add("explain [ ]")
	f.Add("--=x -= -")
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		var tl tool
		if v, err := parseArgs(&tl, args); v == nil && err == nil {
			t.Errorf("%q: %v %v", args, v, err)
		}
	})
}

// TestColour: NO_COLOR and TERM=dumb win over a terminal, flags over both.
func TestColour(t *testing.T) {
	for _, c := range []struct {
		flag string
		env  environment
		want bool
	}{
		{"always", environment{"NO_COLOR": "1"}, true},
		{"never", environment{}, false},
		{"auto", environment{}, false}, // no terminal
	} {
		tl := &tool{env: c.env, stderr: &bytes.Buffer{}}
		tl.opt.color = c.flag
		if tl.colour() != c.want {
			t.Errorf("%+v", c)
		}
	}
}

// TestEnvironment: what "go build" gets is made from nothing.
func TestEnvironment(t *testing.T) {
	g := &goTool{path: "/go/bin/go", env: environment{"GOFLAGS": "-race", "HOME": "/no-home", "GOCACHE": t.TempDir(), "SECRET": "x", "GOAMD64": "v3"}}
	for _, kv := range g.environment("/scratch", "arm64") {
		switch name, value, _ := strings.Cut(kv, "="); name {
		case "SECRET", "GOAMD64":
			t.Errorf("%s is passed on", name)
		case "GOFLAGS":
			if value != "" {
				t.Errorf("GOFLAGS=%s", value)
			}
		}
	}
}
