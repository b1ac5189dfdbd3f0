package main

import (
	"slices"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// options are what the flags set.
type options struct {
	compiler  compiler.Options
	levels    diag.Levels
	output    string // -o
	emitGo    string
	arch      string
	strict    bool
	json      bool
	sarif     bool
	emitPlan  string
	why       string
	dropped   bool
	format    string
	order     bool
	require   bool
	pattern   string
	effective bool
	exitCode  bool
	section   string
	level     string
	work      bool
	symbols   bool
	verbose   bool
	quiet     bool
	timings   bool
	color     string
	help      bool
	fail      []string
	failEach  bool
	duration  []string
	durations string
	svg       string
}

// flag is one row of the table of flags.
type flag struct {
	name  string // without dashes
	short string // one letter, or ""
	arg   string // what it takes, in capitals; "" for a switch
	help  string
	set   func(o *options, value string) error
}

// on makes a switch's setter.
func on(field func(*options) *bool) func(*options, string) error {
	return func(o *options, _ string) error { *field(o) = true; return nil }
}

// text makes the setter of a flag with a free value.
func text(field func(*options) *string) func(*options, string) error {
	return func(o *options, v string) error { *field(o) = v; return nil }
}

// list makes the setter of a flag that may be repeated.
func list(field func(*options) *[]string) func(*options, string) error {
	return func(o *options, v string) error { *field(o) = append(*field(o), v); return nil }
}

// oneOf makes the setter of a flag with a fixed set of values.
func oneOf(field func(*options) *string, values ...string) func(*options, string) error {
	return func(o *options, v string) error {
		if !slices.Contains(values, v) {
			return &usageError{"the value " + quote(v) + " is none of " + strings.Join(values, ", "), suggest(v, values, "")}
		}
		*field(o) = v
		return nil
	}
}

// flags are all flags; each verb names those that it takes.
var flags = [...]flag{
	{"output", "o", "FILE", "write the init to FILE, or to stdout for -", text(func(o *options) *string { return &o.output })},
	{"target", "", "NAME", "the unit to boot (default: default.target)", text(func(o *options) *string { return &o.compiler.Target })},
	{"root", "", "DIR", "the file system that the image runs on", text(func(o *options) *string { return &o.compiler.Root })},
	{"enable", "", "UNIT", "take the [Install] section of UNIT in DIR as enabled; may be repeated", list(func(o *options) *[]string { return &o.compiler.Enable })},
	{"preset", "", "", "let the preset files in DIR, and beside each UNITDIR, decide what is enabled", on(func(o *options) *bool { return &o.compiler.Preset })},
	{"keep", "", "UNIT", "have UNIT in the image although the target does not start it; may be repeated", list(func(o *options) *[]string { return &o.compiler.Keep })},
	{"immutable", "", "", "no boot changes DIR: decide conditions about its files now", on(func(o *options) *bool { return &o.compiler.Immutable })},
	{"main", "", "UNIT", "end with UNIT, and with its exit status", text(func(o *options) *string { return &o.compiler.Main })},
	{"emit-go", "", "DIR", "write the Go source of the init to DIR", text(func(o *options) *string { return &o.emitGo })},
	{"emit", "", "FILE", "write the plan as JSON to FILE, or to stdout for -", text(func(o *options) *string { return &o.emitPlan })},
	{"arch", "", "ARCH", "amd64 or arm64 (default: this machine's)", oneOf(func(o *options) *string { return &o.arch }, "amd64", "arm64")},
	{"allow-unsupported", "", "NAME[,NAME]", "accept that a directive is not honoured", setUnsupported},
	{"on-dependency-failure", "", "stop|keep", "what a failed unit does to those that require it", setDependencyFailure},
	{"pass-environment", "", "", "hand the init's environment to every service", on(func(o *options) *bool { return &o.compiler.PassEnvironment })},
	{"plain-log", "", "", "leave out the \"unit[pid]: \" before lines of output", on(func(o *options) *bool { return &o.compiler.PlainLog })},
	{"no-control", "", "", "leave out the control socket and systemctl", on(func(o *options) *bool { return &o.compiler.NoControl })},
	{"profile", "", "PLACE", strings.Join(compiler.Places(), ", ") + ": refuse what cannot be had there", oneOf(func(o *options) *string { return &o.compiler.Place }, compiler.Places()...)},
	{"grace", "", "TIME", "warn if an ordered stop may take longer (default: the profile's)", setGrace},
	{"warn", "W", "[no-|error=]CODE", "ask for, hide, or be stopped by a diagnostic", setLevels},
	{"strict", "", "", "make every warning an error", on(func(o *options) *bool { return &o.strict })},
	{"json", "", "", "write diagnostics to stdout, a JSON object each", on(func(o *options) *bool { return &o.json })},
	{"sarif", "", "", "write diagnostics to stdout as SARIF 2.1.0", on(func(o *options) *bool { return &o.sarif })},
	{"why", "", "UNIT", "say what keeps UNIT, or why it is left out", text(func(o *options) *string { return &o.why })},
	{"dropped", "", "", "list the units that are left out, with the reason", on(func(o *options) *bool { return &o.dropped })},
	{"format", "", "text|dot|svg", "how to draw (default: text on a terminal, else dot)", oneOf(func(o *options) *string { return &o.format }, "text", "dot", "svg")},
	{"order", "", "", "draw what comes after what", on(func(o *options) *bool { return &o.order })},
	{"require", "", "", "draw what pulls in what", on(func(o *options) *bool { return &o.require })},
	{"pattern", "", "PATTERN", "only units that match: *.socket", text(func(o *options) *string { return &o.pattern })},
	{"effective", "", "", "show the settings that count, each with its place, and the system call filter", on(func(o *options) *bool { return &o.effective })},
	{"exit-code", "", "", "end with status 1 when there are differences", on(func(o *options) *bool { return &o.exitCode })},
	{"section", "", "NAME", "only directives of this section", text(func(o *options) *string { return &o.section })},
	{"level", "", "LEVEL", "only directives of this level of support", text(func(o *options) *string { return &o.level })},
	{"fail", "", "UNIT[:CAUSE][@TIME]", "let UNIT fail, TIME after its start; may be repeated", list(func(o *options) *[]string { return &o.fail })},
	{"fail-each", "", "", "let every unit fail in turn, and show what each takes with it", on(func(o *options) *bool { return &o.failEach })},
	{"duration", "", "UNIT=TIME[/STOP]", "how long UNIT takes to start, and to stop; may be repeated", list(func(o *options) *[]string { return &o.duration })},
	{"durations", "", "FILE", "read durations from FILE: such lines, or a log with times", text(func(o *options) *string { return &o.durations })},
	{"svg", "", "FILE", "draw the boot into FILE, or to stdout for -", text(func(o *options) *string { return &o.svg })},
	{"color", "", "auto|always|never", "when to use colour", oneOf(func(o *options) *string { return &o.color }, "auto", "always", "never")},
	{"symbols", "", "", "keep symbols and debug information in the init", on(func(o *options) *bool { return &o.symbols })},
	{"work", "", "", "keep the folder that the init is built in, and name it", on(func(o *options) *bool { return &o.work })},
	{"timings", "", "", "say how long each phase took", on(func(o *options) *bool { return &o.timings })},
	{"verbose", "v", "", "show the commands that are run; of a difference, also what was worked out", on(func(o *options) *bool { return &o.verbose })},
	{"quiet", "q", "", "show errors only", on(func(o *options) *bool { return &o.quiet })},
	{"help", "h", "", "show this help", on(func(o *options) *bool { return &o.help })},
}

func setUnsupported(o *options, v string) error {
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); name != "" {
			o.compiler.AllowUnsupported = append(o.compiler.AllowUnsupported, name)
		}
	}
	return nil
}

// setGrace is --grace; 0 asks for every unit that may take time.
func setGrace(o *options, v string) error {
	ns, err := grammar.ParseTimespan(v)
	if err != nil {
		return &usageError{msg: quote(v) + " is no span of time", hint: "write it like 10s or 2min, or infinity"}
	}
	o.compiler.Grace = max(plan.Duration(ns), plan.Nanosecond)
	return nil
}

// setLevels is -W, with one code or several.
func setLevels(o *options, v string) error {
	known := func(c diag.Code) bool { _, ok := compiler.Explain(string(c)); return ok }
	for text := range strings.SplitSeq(v, ",") {
		if code, ok := o.levels.Set(strings.TrimSpace(text), known); !ok {
			return &usageError{"there is no diagnostic " + quote(string(code)), suggest(string(code), compiler.Codes(), "all are listed by: rustysd-compile explain")}
		}
	}
	o.compiler.Lints = o.levels.Wanted()
	return nil
}

func setDependencyFailure(o *options, v string) error {
	var rule string
	err := oneOf(func(*options) *string { return &rule }, "stop", "keep")(o, v)
	o.compiler.KeepOnFailure = rule == "keep"
	return err
}

// parseArgs reads the command line: flags may stand anywhere, and the verb is
// the first word that is none.
func parseArgs(t *tool, args []string) (*verb, error) {
	if len(args) > 0 && args[0] == completeVerb { // its words are no flags of its own
		t.args = args[1:]
		return &verb{name: completeVerb, do: doComplete}, nil
	}
	v, rest := findVerb(args)
	named := len(rest) < len(args)
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		if arg == "--" {
			t.args = append(t.args, rest[i+1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			t.args = append(t.args, arg)
			continue
		}
		f, value, inline, err := findFlag(v, arg)
		if err != nil {
			return nil, err
		}
		if f.arg != "" && !inline {
			if i++; i == len(rest) {
				return nil, &usageError{msg: arg + " needs a value: " + f.spelling()}
			}
			value = rest[i]
		}
		if err := setFlag(t, f, value, inline); err != nil {
			return nil, err
		}
	}
	if t.opt.help {
		if t.args = nil; named {
			t.args = []string{v.name}
		}
		return verbByName("help"), nil
	}
	return v, v.checkArgs(t)
}

func setFlag(t *tool, f *flag, value string, inline bool) error {
	if f.arg == "" && inline {
		return &usageError{msg: f.spelling() + " takes no value"}
	}
	if f.arg != "" && value == "" {
		return &usageError{msg: f.spelling() + ": the value is empty"}
	}
	err := f.set(&t.opt, value)
	if usage, ok := err.(*usageError); ok {
		return &usageError{"--" + f.name + ": " + usage.msg, usage.hint}
	}
	return err
}

// findFlag finds the flag that arg names, with its value if that is in the same
// word: --name=value or -ovalue.
func findFlag(v *verb, arg string) (f *flag, value string, inline bool, err error) {
	if !strings.HasPrefix(arg, "--") {
		f = v.flag(func(f *flag) bool { return f.short == arg[1:2] })
		if f == nil || f.arg == "" && len(arg) > 2 {
			return nil, "", false, unknownFlag(v, arg)
		}
		return f, strings.TrimPrefix(arg[2:], "="), len(arg) > 2, nil
	}
	name, value, inline := strings.Cut(arg[2:], "=")
	f = v.flag(func(f *flag) bool { return f.name == name })
	if f == nil {
		return nil, "", false, unknownFlag(v, "--"+name)
	}
	return f, value, inline, nil
}

// unknownFlag tells a typo from a flag that another verb has.
func unknownFlag(v *verb, arg string) error {
	name := strings.TrimLeft(arg, "-")
	for i := range flags {
		if flags[i].name == name || flags[i].short == name {
			return &usageError{msg: arg + " is no flag of the verb " + quote(v.name), hint: "see: rustysd-compile help " + v.name}
		}
	}
	var names []string
	for i := range flags {
		if v.takes(&flags[i]) {
			names = append(names, "--"+flags[i].name)
		}
	}
	return &usageError{"unknown flag " + quote(arg), suggest("--"+name, names, "see: rustysd-compile help "+v.name)}
}

// spelling is how a flag is written in usage lines.
func (f *flag) spelling() string {
	s := "--" + f.name
	if f.short != "" && f.arg != "" {
		s = "-" + f.short
	}
	if f.arg != "" {
		s += " " + f.arg
	}
	return s
}
