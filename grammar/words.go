package grammar

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Word is one item of a value. Offset and End (exclusive) say where it stands
// in the text, with its quotes; Text is without them.
type Word struct {
	Text        string
	Offset, End int
	// Escape is the first escape that systemd does not know, or nil. systemd
	// warns, and keeps all such escapes as they were written.
	Escape *Error
}

// Fields are the parts of s between blanks. Quotes and backslashes mean
// nothing.
func Fields(s string) iter.Seq[Word] {
	return func(yield func(Word) bool) {
		for i := skipBlanks(s, 0); i < len(s); i = skipBlanks(s, i) {
			start := i
			for i < len(s) && !isBlank(s[i]) {
				i++
			}
			if !yield(Word{Text: s[start:i], Offset: start, End: i}) {
				return
			}
		}
	}
}

// ParseList is [Fields] as a slice.
func ParseList(s string) []Word { return slices.Collect(Fields(s)) }

// ParseWords splits at blanks that are not quoted, and takes quotes and C
// escapes away: systemd.syntax(7), "QUOTING".
//
// Diverges from the manual as systemd does: a quote may open and close inside
// of a word.
func ParseWords(s string) ([]Word, *Error) { return splitWords(s, false) }

// ParseItems splits at blanks that are not quoted and takes quotes away, but
// keeps backslashes as they are: for lists of names and paths.
func ParseItems(s string) ([]Word, *Error) { return splitWords(s, true) }

func splitWords(s string, plain bool) ([]Word, *Error) {
	var words []Word
	for i := 0; ; {
		w, next, err := nextWord(s, i, plain)
		if err != nil {
			return nil, err
		}
		if w.End == 0 {
			return words, nil
		}
		words = append(words, w)
		i = next
	}
}

// nextWord reads the word at or after i, and says where to go on. There is
// none when its End is 0. Backslashes are characters like others when plain is
// set.
func nextWord(s string, i int, plain bool) (w Word, next int, err *Error) {
	i = skipBlanks(s, i)
	if i == len(s) {
		return Word{}, i, nil
	}
	end := i
	for end < len(s) && !isBlank(s[end]) {
		if c := s[end]; c == '\\' && !plain || c == '"' || c == '\'' {
			return unquote(s, i, plain)
		}
		end++
	}
	return Word{Text: s[i:end], Offset: i, End: end}, skipBlanks(s, end), nil
}

// unquote reads a word that has quotes or escapes in it.
func unquote(s string, start int, plain bool) (w Word, next int, err *Error) {
	var b strings.Builder
	w.Offset = start
	quote, open, i := byte(0), 0, start
	for i < len(s) {
		switch c := s[i]; {
		case c == '\\' && !plain:
			n, unknown := unescape(&b, s[i:])
			if unknown != "" && w.Escape == nil {
				w.Escape = &Error{i, i + n, unknown, "write \"\\\\\" for a backslash"}
			}
			i += n
			continue
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, open = c, i
		case quote == 0 && isBlank(c):
			w.Text, w.End = b.String(), i
			return w, skipBlanks(s, i), nil
		default:
			b.WriteByte(c)
		}
		i++
	}
	if quote != 0 {
		return w, i, &Error{open, len(s), fmt.Sprintf("the quote %c is not closed", quote),
			fmt.Sprintf("add another %c, or write \\%c for the character itself", quote, quote)}
	}
	w.Text, w.End = b.String(), i
	return w, i, nil
}

// simpleEscapes are the escapes of one letter.
var simpleEscapes = [256]byte{
	'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
	'\\': '\\', '"': '"', '\'': '\'', 's': ' ',
}

// UnescapeText replaces the escapes of C in a text, as those of SetCredential=.
func UnescapeText(s string) (string, *Error) {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		n, unknown := unescape(&b, s[i:])
		if unknown != "" {
			return "", &Error{i, i + n, unknown, "write \\\\ for a backslash"}
		}
		i += n
	}
	return b.String(), nil
}

// unescape reads the escape that s begins with, and writes what it stands for.
// An escape which systemd does not know is written as it is, and unknown says
// what is wrong with it. n is the length of what was read.
func unescape(b *strings.Builder, s string) (n int, unknown string) {
	if len(s) == 1 {
		b.WriteByte('\\')
		return 1, "a backslash at the end"
	}
	if c := simpleEscapes[s[1]]; c != 0 {
		b.WriteByte(c)
		return 2, ""
	}
	value, n := number(s)
	switch {
	case n == 0:
		_, size := utf8.DecodeRuneInString(s[1:])
		b.WriteString(s[:1+size])
		return 1 + size, fmt.Sprintf("unknown escape %q", s[:1+size])
	case value == 0, s[1] == 'U' && !validRune(value), s[1] <= '9' && value > 255:
		b.WriteString(s[:2])
		return 2, fmt.Sprintf("the escape %q stands for no character", s[:n])
	case value >= 0xd800 && value <= 0xdfff:
		// systemd looks at \U only, and encodes half of a pair as it is.
		b.Write([]byte{0xed, 0x80 | byte(value>>6&0x3f), 0x80 | byte(value&0x3f)})
	case s[1] == 'u' || s[1] == 'U':
		b.WriteRune(rune(value))
	default:
		b.WriteByte(byte(value))
	}
	return n, ""
}

// number reads the escapes \xhh, \ooo, \uhhhh and \Uhhhhhhhh. n is 0 when
// there is none.
func number(s string) (value uint64, n int) {
	var digits int
	base, from := uint64(16), 2
	switch c := s[1]; {
	case c == 'x':
		digits = 2
	case c == 'u':
		digits = 4
	case c == 'U':
		digits = 8
	case c >= '0' && c <= '7':
		base, from, digits = 8, 1, 3
	default:
		return 0, 0
	}
	if len(s) < from+digits {
		return 0, 0
	}
	for _, c := range []byte(s[from : from+digits]) {
		d := hexDigit(c)
		if d >= base {
			return 0, 0
		}
		value = value*base + d
	}
	return value, from + digits
}

// hexDigit is the value of c, or 16.
func hexDigit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c >= 'a' && c <= 'f':
		return uint64(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return uint64(c-'A') + 10
	}
	return 16
}

// validRune says whether systemd takes n for a character.
func validRune(n uint64) bool {
	return n <= utf8.MaxRune && !(n >= 0xd800 && n <= 0xdfff) &&
		!(n >= 0xfdd0 && n <= 0xfdef) && n&0xfffe != 0xfffe
}

// isBlank says whether c separates words.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func skipBlanks(s string, i int) int {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	return i
}
