package grammar

import "strings"

// PieceKind says what a piece of a word is.
type PieceKind uint8

// The pieces of a word of a command line.
const (
	PieceText     PieceKind = iota // as it is
	PieceVariable                  // ${NAME}: the value, never split
	PieceSplit                     // $NAME as the whole word: the value, split into words
)

// Piece is a part of a word of a command line. Offset and End are in the word.
type Piece struct {
	Kind        PieceKind
	Text        string // the text, or the variable's name
	Offset, End int
}

// ParseVariables takes a word of a command line apart: systemd.service(5),
// "COMMAND LINES". A word without variables is one piece; "" has none.
//
// As systemd does it, a word that begins with "$" is a name as a whole, so
// "$A-b" means the variable "A-b"; elsewhere "$A" is text, and so is
// everything which is not quite "${NAME}".
func ParseVariables(word string) []Piece {
	if len(word) > 0 && word[0] == '$' && (len(word) == 1 || word[1] != '{' && word[1] != '$') {
		return []Piece{{PieceSplit, word[1:], 0, len(word)}}
	}
	var pieces []Piece
	start := 0 // of the text that is not in pieces yet
	text := func(end, next int) {
		if start < end {
			pieces = append(pieces, Piece{PieceText, word[start:end], start, end})
		}
		start = next
	}
	for i := 0; i < len(word)-1; {
		switch {
		case word[i] != '$':
			i++
		case word[i+1] == '$':
			text(i+1, i+2)
			i += 2
		case word[i+1] == '{':
			end := variableEnd(word, i+2)
			if end < 0 {
				i += 2
				continue
			}
			text(i, end+1)
			pieces = append(pieces, Piece{PieceVariable, word[i+2 : end], i, end + 1})
			i = end + 1
		default:
			i += 2
		}
	}
	text(len(word), len(word))
	return pieces
}

// variableEnd finds the "}" of the "${" before i, or -1. A ":" would begin a
// default value, which systemd does not replace in command lines.
func variableEnd(word string, i int) int {
	n := strings.IndexAny(word[i:], "}:")
	if n < 0 || word[i+n] == ':' {
		return -1
	}
	return i + n
}
