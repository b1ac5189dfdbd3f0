package compiler

import "rustysd/grammar"

// word is a part of a value between blanks, and where it begins.
type word struct {
	text string
	at   int
}

// fields are the words of a list of names: blanks part them, and nothing is
// quoted or escaped, for a unit's name may hold a backslash.
func fields(text string) []word {
	var out []word
	for _, w := range grammar.ParseList(text) {
		out = append(out, word{w.Text, w.Offset})
	}
	return out
}
