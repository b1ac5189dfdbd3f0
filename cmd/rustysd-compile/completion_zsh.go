package main

import (
	"fmt"
	"strings"
)

func zshCompletion() string {
	var b strings.Builder
	b.WriteString("#compdef rustysd-compile\n# zsh completion of rustysd-compile: put it into a folder of $fpath as _rustysd-compile\n")
	b.WriteString("_rustysd-compile() {\n\tlocal -a verbs=(\n")
	for _, v := range verbs() {
		fmt.Fprintf(&b, "\t\t%s\n", shellQuote(v.name+":"+v.help))
	}
	b.WriteString("\t)\n\tlocal verb=compile word\n\tfor word in ${words[2,CURRENT-1]}; do\n")
	fmt.Fprintf(&b, "\t\tcase $word in (%s) verb=$word; break ;; esac\n\tdone\n\tcase $verb in\n", strings.Join(verbNames(), "|"))
	for _, v := range verbs() {
		fmt.Fprintf(&b, "\t(%s) _arguments -S", v.name)
		for i := range flags {
			if f := &flags[i]; v.takes(f) {
				b.WriteString(" \\\n\t\t" + zshFlag(f))
			}
		}
		fmt.Fprintf(&b, " \\\n\t\t%s ;;\n", shellQuote(zshRest(v)))
	}
	b.WriteString("\tesac\n}\n_rustysd_compile_verbs() {\n\t_describe verb verbs\n\t_directories\n}\n_rustysd_compile_units() {\n")
	fmt.Fprintf(&b, "\tcompadd -- ${${(f)\"$(%s ${^words[2,CURRENT-1]}(N-/) 2>/dev/null)\"}%%%% *}\n}\n_rustysd-compile \"$@\"\n", listUnits)
	return b.String()
}

// zshFlag is one flag for _arguments.
func zshFlag(f *flag) string {
	spec := "--" + f.name
	if f.arg != "" {
		spec += "="
	}
	spec += "[" + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(f.help) + "]"
	label := strings.NewReplacer(":", " ", "[", "", "]", "").Replace(f.arg)
	switch f.kind() {
	case "choices":
		spec += ":" + label + ":(" + strings.Join(f.choices(), " ") + ")"
	case "units":
		spec += ":" + label + ":_rustysd_compile_units"
	case "dirs":
		spec += ":" + label + ":_directories"
	case "files":
		spec += ":" + label + ":_files"
	}
	if f.short == "" {
		return shellQuote(spec)
	}
	short := "-" + f.short + strings.TrimPrefix(strings.Replace(spec, "=", "+", 1), "--"+f.name)
	return shellQuote(spec) + " " + shellQuote(short)
}

// zshRest completes the words that are no flags.
func zshRest(v *verb) string {
	switch {
	case v.words() != nil:
		return "*:word:(" + strings.Join(v.words(), " ") + ")"
	case v.name == "compile":
		return "*:verb or folder:_rustysd_compile_verbs"
	case v.name == "cat", v.name == "security":
		return "*:unit or folder:_alternative \"units:unit:_rustysd_compile_units\" \"dirs:folder:_directories\""
	}
	return "*:file:_files"
}
