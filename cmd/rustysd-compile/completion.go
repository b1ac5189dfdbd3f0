package main

import (
	"fmt"
	"strings"

	"rustysd/compiler"
)

// doCompletion prints what a shell reads to complete command lines; it is made
// from the tables of verbs and flags.
func doCompletion(t *tool) error {
	shells := []string{"bash", "zsh", "fish"}
	if len(t.args) == 0 {
		return &usageError{"completion needs the name of a shell: " + strings.Join(shells, ", "), ""}
	}
	switch t.args[0] {
	case "bash":
		fmt.Fprint(t.stdout, bashCompletion())
	case "zsh":
		fmt.Fprint(t.stdout, zshCompletion())
	case "fish":
		fmt.Fprint(t.stdout, fishCompletion())
	default:
		return &usageError{"no completions for " + quote(t.args[0]), suggest(t.args[0], shells, "there are some for "+strings.Join(shells, ", "))}
	}
	return nil
}

// words are what a verb takes that can be told without looking at files.
func (v *verb) words() []string {
	switch v.name {
	case "completion":
		return []string{"bash", "zsh", "fish"}
	case "help":
		return verbNames()
	}
	return nil
}

// flagNames are the flags of a verb as they are typed.
func (v *verb) flagNames() []string {
	var names []string
	for i := range flags {
		if f := &flags[i]; v.takes(f) {
			names = append(names, "--"+f.name)
			if f.short != "" {
				names = append(names, "-"+f.short)
			}
		}
	}
	return names
}

// choices are the values that a flag takes; nil when they are free. Those of
// units are asked for with listUnits.
func (f *flag) choices() []string {
	if strings.Contains(f.arg, "|") {
		return strings.Split(f.arg, "|")
	}
	switch f.name {
	case "arch":
		return []string{"amd64", "arm64"}
	case "profile":
		return compiler.Places()
	}
	return nil
}

// kind says what completes a flag's value: "choices", "units", "dirs" or
// "files"; "" for a switch.
func (f *flag) kind() string {
	switch {
	case f.arg == "":
		return ""
	case f.choices() != nil:
		return "choices"
	case f.arg == "UNIT" || f.name == "target":
		return "units"
	case f.arg == "DIR":
		return "dirs"
	}
	return "files"
}

// listUnits is the command that a shell runs for the names of units: of the
// folders that the line names already.
const listUnits = "rustysd-compile list -q"

// valueFlags are the flags with a value of one kind, as a pattern of a shell's
// case: --root|--emit-go.
func valueFlags(kind string) string {
	var names []string
	for i := range flags {
		if f := &flags[i]; f.kind() == kind {
			names = append(names, "--"+f.name)
			if f.short != "" {
				names = append(names, "-"+f.short)
			}
		}
	}
	return strings.Join(names, "|")
}

const bashHead = `# bash completion of rustysd-compile: source <(rustysd-compile completion bash)
_rustysd_compile() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=compile word dirs=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ -d $word ]] && dirs+=("$word")
		case $word in
`

func bashCompletion() string {
	var b strings.Builder
	b.WriteString(bashHead)
	fmt.Fprintf(&b, "\t\t%s) [[ $verb == compile ]] && verb=$word ;;\n\t\tesac\n\tdone\n\tcase $prev in\n", strings.Join(verbNames(), "|"))
	for i := range flags {
		if f := &flags[i]; f.kind() == "choices" {
			fmt.Fprintf(&b, "\t--%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", f.name, strings.Join(f.choices(), " "))
		}
	}
	fmt.Fprintf(&b, "\t%s|cat|security) COMPREPLY=($(compgen -W \"$(%s \"${dirs[@]}\" 2>/dev/null | cut -d' ' -f1)\" -- \"$cur\")); return ;;\n", valueFlags("units"), listUnits)
	fmt.Fprintf(&b, "\t%s) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n", valueFlags("dirs"))
	fmt.Fprintf(&b, "\t%s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n\tesac\n", valueFlags("files"))
	b.WriteString("\tlocal words=\n\tcase $verb in\n")
	for _, v := range verbs() {
		words := append(v.flagNames(), v.words()...)
		fmt.Fprintf(&b, "\t%s) words='%s' ;;\n", v.name, strings.Join(words, " "))
	}
	fmt.Fprintf(&b, "\tesac\n\t[[ $verb == compile ]] && words+=' %s'\n", strings.Join(verbNames(), " "))
	b.WriteString("\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\") $(compgen -d -- \"$cur\"))\n}\ncomplete -o filenames -F _rustysd_compile rustysd-compile\n")
	return b.String()
}

func fishCompletion() string {
	var b strings.Builder
	b.WriteString("# fish completion of rustysd-compile: rustysd-compile completion fish | source\n")
	for _, v := range verbs() {
		fmt.Fprintf(&b, "complete -c rustysd-compile -n __fish_use_subcommand -a %s -d %s\n", v.name, shellQuote(v.help))
		if words := v.words(); words != nil {
			fmt.Fprintf(&b, "complete -c rustysd-compile -n '__fish_seen_subcommand_from %s' -f -a '%s'\n", v.name, strings.Join(words, " "))
		}
	}
	for i := range flags {
		f := &flags[i]
		fmt.Fprintf(&b, "complete -c rustysd-compile -n %s -l %s", shellQuote(fishCondition(f)), f.name)
		if f.short != "" {
			b.WriteString(" -s " + f.short)
		}
		switch f.kind() {
		case "choices":
			fmt.Fprintf(&b, " -x -a '%s'", strings.Join(f.choices(), " "))
		case "units":
			fmt.Fprintf(&b, " -x -a '(%s (commandline -opc)[2..] 2>/dev/null | string split -f1 \" \")'", listUnits)
		case "dirs":
			b.WriteString(" -x -a '(__fish_complete_directories)'")
		case "files":
			b.WriteString(" -r")
		}
		b.WriteString(" -d " + shellQuote(f.help) + "\n")
	}
	return b.String()
}

// fishCondition says of which verbs a flag is; those of compile count without a
// verb too.
func fishCondition(f *flag) string {
	var names []string
	bare := ""
	for _, v := range verbs() {
		if v.takes(f) {
			names = append(names, v.name)
			if v.name == "compile" {
				bare = "__fish_use_subcommand; or "
			}
		}
	}
	return bare + "__fish_seen_subcommand_from " + strings.Join(names, " ")
}

// shellQuote quotes for fish and zsh.
func shellQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `'\''`).Replace(s) + "'"
}
