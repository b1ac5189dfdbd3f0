package main

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/report"
	"rustysd/compiler/simulate"
)

// completeVerb is what the shells' scripts call with the words of a command line
// up to the cursor. It is in no table: nobody types it.
const completeVerb = "__complete"

// candidate is a word that may stand at the cursor, with what it means.
type candidate struct{ word, help string }

// completion is what may stand at the cursor.
type completion struct {
	words []candidate
	files string // what names of files may stand there, too: "files", "dirs" or ""
}

// doComplete prints a candidate a line, with its help behind a tabulator, and
// last ":files" or ":dirs" where such names may stand.
func doComplete(t *tool) error {
	c := complete(t.args)
	cur := ""
	if n := len(t.args); n > 0 {
		cur = t.args[n-1]
	}
	for _, w := range c.words {
		if strings.HasPrefix(w.word, cur) {
			fmt.Fprintf(t.stdout, "%s\t%s\n", w.word, w.help)
		}
	}
	if c.files != "" {
		fmt.Fprintln(t.stdout, ":"+c.files)
	}
	return nil
}

// complete tells what may stand in the place of the last word.
func complete(words []string) completion {
	if len(words) == 0 {
		words = []string{""}
	}
	before, cur := words[:len(words)-1], words[len(words)-1]
	v, rest := verbByName("compile"), before
	if len(before) > 0 {
		v, rest = findVerb(before)
	}
	l := typed{v: v, named: len(rest) < len(before)}
	pending := l.read(rest)
	switch name, _, inline := strings.Cut(cur, "="); {
	case pending != nil:
		return l.value(pending, cur)
	case inline && strings.HasPrefix(cur, "--"):
		if f := v.flag(func(f *flag) bool { return "--"+f.name == name }); f != nil {
			return l.value(f, strings.TrimPrefix(cur, name+"=")).behind(name + "=")
		}
		return completion{}
	case strings.HasPrefix(cur, "-") && !l.closed:
		return completion{words: v.flagWords()}
	}
	return l.argument()
}

// typed is what stands before the cursor.
type typed struct {
	v      *verb
	named  bool     // the verb is there
	opt    options  // what its flags say
	args   []string // the other words
	closed bool     // "--" ended the flags
}

// read takes the words apart, and answers the flag that waits for its value.
func (l *typed) read(words []string) *flag {
	for i := 0; i < len(words); i++ {
		arg := words[i]
		if arg == "--" {
			l.args, l.closed = append(l.args, words[i+1:]...), true
			return nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			l.args = append(l.args, arg)
			continue
		}
		f, value, inline, err := findFlag(l.v, arg)
		if err != nil {
			continue // the command itself complains
		}
		if f.arg != "" && !inline {
			if i++; i == len(words) {
				return f
			}
			value = words[i]
		}
		_ = f.set(&l.opt, value) // likewise
	}
	return nil
}

// argument is what may stand where no flag does.
func (l *typed) argument() completion {
	switch v := l.v; {
	case !l.named && len(l.args) == 0:
		return completion{describedVerbs(), "dirs"}
	case v.maxArgs >= 0 && len(l.args) >= v.maxArgs:
		return completion{}
	case v.name == "completion":
		return completion{words: plainWords(shells[:])}
	case v.name == "help":
		return completion{words: describedVerbs()}
	case v.name == "explain":
		return completion{words: codeWords("")}
	case v.name == "directives":
		return completion{words: directiveWords("")}
	case v.name == "cat" && !l.unitNamed():
		return completion{l.units(""), "dirs"}
	case v.name == "security" && !l.unitNamed():
		return completion{l.units(".service"), "dirs"}
	case v.name == "diff", v.name == "run":
		return completion{files: "files"}
	}
	return completion{files: "dirs"}
}

// unitNamed says whether a word is no folder, so that it must be the unit.
func (l *typed) unitNamed() bool {
	return slices.ContainsFunc(l.args, func(arg string) bool { return !isFolder(arg) })
}

// value is what a flag takes.
func (l *typed) value(f *flag, cur string) completion {
	switch {
	case f.choices() != nil:
		return completion{words: plainWords(f.choices())}
	case f.name == "section":
		return completion{words: plainWords(report.Sections())}
	case f.name == "level":
		return completion{words: plainWords(report.Levels())}
	case f.name == "target":
		return completion{words: l.units("")}
	case f.name == "warn":
		return completion{words: levelWords(cur)}
	case f.name == "allow-unsupported":
		list := cur[:strings.LastIndexByte(cur, ',')+1]
		return completion{words: directiveWords("restricting")}.behind(list)
	case f.name == "fail":
		return completion{words: l.failures(cur)}
	case f.name == "duration":
		return completion{words: suffixed(l.units(""), "=")}
	case f.arg == "UNIT":
		return completion{words: l.units("")}
	case f.arg == "DIR":
		return completion{files: "dirs"}
	case f.arg == "FILE":
		return completion{files: "files"}
	}
	return completion{}
}

// behind puts what stands already before each word.
func (c completion) behind(text string) completion {
	for i := range c.words {
		c.words[i].word = text + c.words[i].word
	}
	return c
}

// units are the units of the folders that the line names already.
func (l *typed) units(suffix string) []candidate {
	opt := l.opt.compiler
	for _, arg := range l.args {
		if isFolder(arg) {
			opt.UnitDirs = append(opt.UnitDirs, arg)
		}
	}
	if len(opt.UnitDirs) == 0 && !isFolder(opt.Root) {
		return nil
	}
	opt.Arch = thisArch
	m, _, err := compiler.Load(opt)
	if err != nil {
		return nil
	}
	var words []candidate
	for _, name := range m.Names() {
		if u, ok := m.Unit(name); ok && strings.HasSuffix(name, suffix) {
			words = append(words, candidate{name, oneLine(u.Description)})
		}
	}
	return words
}

// failures are the units, and behind a colon the causes.
func (l *typed) failures(cur string) []candidate {
	unit, _, colon := strings.Cut(cur, ":")
	if !colon {
		return l.units("")
	}
	return completion{words: plainWords(simulate.Causes())}.behind(unit + ":").words
}

// levelWords are the codes, as -W takes them.
func levelWords(cur string) []candidate {
	list := cur[:strings.LastIndexByte(cur, ',')+1]
	for _, prefix := range [...]string{"no-", "error="} {
		if strings.HasPrefix(cur[len(list):], prefix) {
			return append(codeWords(list), codeWords(list+prefix)...)
		}
	}
	return append(codeWords(list), candidate{list + "no-", "hide a diagnostic"}, candidate{list + "error=", "be stopped by a diagnostic"})
}

func codeWords(prefix string) []candidate {
	var words []candidate
	for _, r := range rules() {
		words = append(words, candidate{prefix + string(r.Code), oneLine(r.Short)})
	}
	return words
}

// directiveWords are the directives of a level, or of all.
func directiveWords(level string) []candidate {
	var words []candidate
	for _, d := range compiler.Directives() {
		if level == "" || d.Level == level {
			words = append(words, candidate{d.Name, d.Level})
		}
	}
	slices.SortStableFunc(words, func(a, b candidate) int { return strings.Compare(a.word, b.word) })
	return slices.CompactFunc(words, func(a, b candidate) bool { return a.word == b.word })
}

func describedVerbs() []candidate {
	var words []candidate
	for _, v := range verbs() {
		words = append(words, candidate{v.name, v.help})
	}
	return words
}

// flagWords are the flags of a verb as they are typed.
func (v *verb) flagWords() []candidate {
	var words []candidate
	for i := range flags {
		if f := &flags[i]; v.takes(f) {
			words = append(words, candidate{"--" + f.name, f.help})
			if f.short != "" {
				words = append(words, candidate{"-" + f.short, f.help})
			}
		}
	}
	return words
}

func plainWords(list []string) []candidate {
	var words []candidate
	for _, w := range list {
		words = append(words, candidate{w, ""})
	}
	return words
}

func suffixed(words []candidate, suffix string) []candidate {
	for i := range words {
		words[i].word += suffix
	}
	return words
}

// oneLine is a help text that no shell takes for more than one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
