package diag

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable keeps what a file or its name holds from steering the terminal:
// control characters, those that turn the direction of text, invisible ones and
// bytes that are no UTF-8 become U+FFFD, and a tab a blank.
func Printable(s string) string {
	if plainASCII(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // a byte that is no UTF-8 is U+FFFD already
		b.WriteRune(visible(r))
	}
	return b.String()
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// visible is the rune to show for r.
func visible(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
		return utf8.RuneError
	}
	return r
}

// wide are the ranges of characters that take two columns of a terminal, by
// Unicode's East Asian Width (W and F), in coarse blocks.
var wide = [...][2]rune{
	{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0x33FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xA000, 0xA4CF},
	{0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6},
	{0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
}

// runeWidth is how many columns a rune takes.
func runeWidth(r rune) int {
	if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
		return 0
	}
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	return 1
}

// tabStop is how far apart tabulators stop in an excerpt.
const tabStop = 4

// display is a line as the terminal shows it, with the column (from 0) of each
// of its bytes and of its end.
func display(line string) (text string, columns []int) {
	var b strings.Builder
	columns = make([]int, 0, len(line)+1)
	col := 0
	for i, r := range line {
		shown, width := visible(r), 0
		if r == '\t' {
			width = tabStop - col%tabStop
			b.WriteString(strings.Repeat(" ", width))
		} else {
			width = runeWidth(shown)
			b.WriteRune(shown)
		}
		for range runeSize(line[i:], r) {
			columns = append(columns, col)
		}
		col += width
	}
	return b.String(), append(columns, col)
}

// runeSize is how many bytes r takes at the start of s: 1 for a byte that is no
// UTF-8.
func runeSize(s string, r rune) int {
	if r == utf8.RuneError {
		_, n := utf8.DecodeRuneInString(s)
		return n
	}
	return utf8.RuneLen(r)
}
