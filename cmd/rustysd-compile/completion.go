package main

import (
	"fmt"
	"strings"

	"rustysd/compiler"
)

var shells = [...]string{"bash", "zsh", "fish"}

// doCompletion prints what a shell reads to complete command lines.
func doCompletion(t *tool) error {
	if len(t.args) == 0 {
		return &usageError{"completion needs the name of a shell: " + strings.Join(shells[:], ", "), ""}
	}
	switch t.args[0] {
	case "bash":
		fmt.Fprint(t.stdout, bashCompletion)
	case "zsh":
		fmt.Fprint(t.stdout, zshCompletion)
	case "fish":
		fmt.Fprint(t.stdout, fishCompletion)
	default:
		return &usageError{"no completions for " + quote(t.args[0]), suggest(t.args[0], shells[:], "there are some for "+strings.Join(shells[:], ", "))}
	}
	return nil
}

// choices are the values that a flag takes; nil when they are free.
func (f *flag) choices() []string {
	if strings.Contains(f.arg, "|") && f.arg[0] != '[' {
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

// The scripts below ask the command itself (complete.go) what may stand at the
// cursor, so that they know neither verbs nor flags and cannot be out of date.

// bashCompletion splits the line at blanks: bash would split a unit's name at
// "@", ":" and "=", and takes the candidates as the rest behind such a sign.
const bashCompletion = `# bash completion of rustysd-compile: source <(rustysd-compile completion bash)
_rustysd_compile() {
	local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} word cut answer words=()
	read -a words <<<"$line"
	[[ $line == *[[:blank:]] ]] && words+=("")
	local cur=${words[-1]}
	word=${COMP_WORDS[COMP_CWORD]}
	[[ $word == [=:@]* ]] && word=${word#?}
	cut=${cur%"$word"}
	COMPREPLY=()
	IFS=$'\n'
	for answer in $("${words[0]/#\~/$HOME}" ` + completeVerb + ` "${words[@]:1}" 2>/dev/null); do
		case $answer in
		:files) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$word")) ;;
		:dirs) compopt -o filenames; COMPREPLY+=($(compgen -d -- "$word")) ;;
		*)
			answer=${answer%%$'\t'*}
			COMPREPLY+=("${answer#"$cut"}")
			[[ $answer == *= || $answer == *- ]] && compopt -o nospace
			;;
		esac
	done
}
complete -F _rustysd_compile rustysd-compile
`

const zshCompletion = `#compdef rustysd-compile
# zsh completion of rustysd-compile: put it into a folder of $fpath as _rustysd-compile
_rustysd-compile() {
	local line word help rest=1
	local -a found
	for line in ${(f)"$(${~words[1]} ` + completeVerb + ` "${(@Q)words[2,CURRENT]}" 2>/dev/null)"}; do
		case $line in
		(:files) _files && rest=0 ;;
		(:dirs) _files -/ && rest=0 ;;
		(*)
			word=${line%%$'\t'*}
			if [[ $word == *[=-] ]]; then
				compadd -S '' -- "$word" && rest=0
			else
				help=${line#*$'\t'}
				found+=("${word//:/\\:}${help:+:$help}")
			fi
			;;
		esac
	done
	(( $#found )) && _describe word found && rest=0
	return rest
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
	_rustysd-compile "$@"
else
	compdef _rustysd-compile rustysd-compile
fi
`

const fishCompletion = `# fish completion of rustysd-compile: rustysd-compile completion fish | source
function __rustysd_compile_complete
	set -l words (commandline -opc) (commandline -ct)
	for line in ($words[1] ` + completeVerb + ` $words[2..] 2>/dev/null)
		switch $line
			case :files
				__fish_complete_path (commandline -ct)
			case :dirs
				__fish_complete_directories (commandline -ct)
			case '*'
				echo $line
		end
	end
end
complete -c rustysd-compile -f -a '(__rustysd_compile_complete)'
`
