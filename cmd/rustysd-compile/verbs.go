package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// verb is one row of the table of verbs.
type verb struct {
	name    string
	args    string // what it takes beside flags, for the usage line
	help    string
	flags   []string // names of the flags that it takes; help goes with all
	maxArgs int      // -1: any number
	do      func(*tool) error
}

// The flags that verbs have in common.
var (
	unitFlags   = []string{"target", "root", "enable", "preset", "keep", "immutable", "main", "allow-unsupported", "on-dependency-failure", "arch", "profile", "grace", "warn", "strict", "json", "sarif", "color", "timings", "quiet"}
	imageFlags  = []string{"pass-environment", "plain-log", "no-control", "work", "symbols", "verbose"}
	outputFlags = []string{"output", "emit-go", "emit"}
)

// verbs are all verbs, in the order in which help lists them. (A function,
// because help itself refers to them.)
func verbs() []*verb {
	return []*verb{
		{"compile", "UNITDIR... -o FILE", "compile units into an init (the default)", slices.Concat(outputFlags, unitFlags, imageFlags), -1, doCompile},
		{"check", "UNITDIR...", "check the units as a compiler does, and build nothing", slices.Concat([]string{"emit"}, unitFlags), -1, doCheck},
		{"run", "UNITDIR... | INIT", "compile and boot in namespaces of its own, without root", slices.Concat(unitFlags, imageFlags), -1, doRun},
		{"list", "UNITDIR...", "list the units of the image, what keeps each, and what is left out", slices.Concat([]string{"why", "dropped"}, unitFlags), -1, doList},
		{"graph", "UNITDIR...", "draw the image: as a tree, for Graphviz, or as SVG", slices.Concat([]string{"format", "order", "require", "pattern"}, unitFlags), -1, doGraph},
		{"simulate", "UNITDIR...", "boot the image in virtual time, with failures if wanted", slices.Concat([]string{"fail", "fail-each", "duration", "durations", "svg"}, unitFlags), -1, doSimulate},
		{"cat", "UNIT UNITDIR...", "show a unit's files, or its settings as they count", slices.Concat([]string{"effective"}, unitFlags), -1, doCat},
		{"security", "[UNIT] UNITDIR...", "rate how much of the machine services can reach", unitFlags, -1, doSecurity},
		{"diff", "OLD NEW", "compare two images by meaning: folders, inits or plans", slices.Concat([]string{"exit-code", "verbose"}, unitFlags), -1, doDiff},
		{"directives", "[PATTERN]", "show what is done about each directive", []string{"section", "level"}, 1, doDirectives},
		{"completion", "bash|zsh|fish", "print a shell's completions", nil, 1, doCompletion},
		{"explain", "[CODE]", "say what a diagnostic means and what to do", nil, 1, doExplain},
		{"version", "", "show the versions of the compiler and of the toolchain", nil, 0, doVersion},
		{"help", "[VERB]", "show this help, or that of a verb", nil, 1, doHelp},
	}
}

// findVerb takes the verb, the first word that is no flag, out of the command
// line. Without one, units are compiled.
func findVerb(args []string) (*verb, []string) {
	if len(args) == 0 {
		return verbByName("help"), nil
	}
	if len(args) == 1 && args[0] == "--version" {
		return verbByName("version"), nil
	}
	i := firstWord(args)
	if i == len(args) {
		return verbByName("compile"), args
	}
	if v := verbByName(args[i]); v != nil {
		return v, slices.Concat(args[:i], args[i+1:])
	}
	return verbByName("compile"), args
}

// firstWord is the index of the first word that is neither a flag nor a flag's
// value.
func firstWord(args []string) int {
	i := 0
	for i < len(args) && strings.HasPrefix(args[i], "-") && args[i] != "--" {
		if takesNext(args[i]) {
			i++
		}
		i++
	}
	if i < len(args) && args[i] == "--" {
		return len(args)
	}
	return min(i, len(args))
}

func takesNext(arg string) bool {
	for i := range flags {
		if f := &flags[i]; f.arg != "" && (arg == "--"+f.name || f.short != "" && arg == "-"+f.short) {
			return true
		}
	}
	return false
}

func verbByName(name string) *verb {
	for _, v := range verbs() {
		if v.name == name {
			return v
		}
	}
	return nil
}

func verbNames() []string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return names
}

func (v *verb) takes(f *flag) bool {
	return f.name == "help" || slices.Contains(v.flags, f.name)
}

func (v *verb) flag(match func(*flag) bool) *flag {
	for i := range flags {
		if v.takes(&flags[i]) && match(&flags[i]) {
			return &flags[i]
		}
	}
	return nil
}

func (v *verb) checkArgs(t *tool) error {
	if n := len(t.args); v.maxArgs >= 0 && n > v.maxArgs {
		return &usageError{fmt.Sprintf("%q takes %s", v.name, v.takesWords()), "see: rustysd-compile help " + v.name}
	}
	if both := t.opt.onStdout(); len(both) > 1 {
		return &usageError{both[0] + " and " + both[1] + " both write to the standard output", "name a file for one of them"}
	}
	return nil
}

// onStdout are the flags that send something to the standard output.
func (o *options) onStdout() []string {
	var list []string
	for _, f := range [...]struct {
		on   bool
		name string
	}{{o.json, "--json"}, {o.sarif, "--sarif"}, {o.output == "-", "-o -"}, {o.emitPlan == "-", "--emit -"}, {o.svg == "-", "--svg -"}} {
		if f.on {
			list = append(list, f.name)
		}
	}
	return list
}

func (v *verb) takesWords() string {
	if v.maxArgs == 0 {
		return "no arguments"
	}
	return "one argument at most: " + v.args
}

func quote(s string) string { return strconv.Quote(s) }

// suggest is a hint that names the candidate nearest to word, or otherwise.
func suggest(word string, candidates []string, otherwise string) string {
	best, distance := "", 3
	for _, c := range candidates {
		if d := editDistance(word, c); d < distance && d < len(c)/2 {
			best, distance = c, d
		}
	}
	if best == "" {
		return otherwise
	}
	return "did you mean " + quote(best) + "?"
}

// editDistance counts the bytes to insert, delete, replace or swap with their
// neighbour.
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
