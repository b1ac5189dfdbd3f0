package grammar

import (
	"strings"
)

// BadLine is a line, or a byte, that is no syntax.
type BadLine struct {
	Pos, End Pos
	Kind     BadKind
	Text     string   // the line, joined and without the blanks around it
	Section  *Section // where it stands; nil before the first section
}

// BadKind says what is wrong with a line.
type BadKind uint8

// What can be wrong with a line. What systemd does was checked against
// systemd 252.
const (
	// BadMissingEquals is a line that is neither comment, header nor
	// assignment. systemd warns and ignores it; it says nothing when the
	// section is unknown to it.
	BadMissingEquals BadKind = iota + 1
	// BadEmptyKey is a line that begins with "=". systemd warns and ignores
	// it.
	BadEmptyKey
	// BadOutside is a line before the first section. systemd warns and ignores
	// it.
	BadOutside
	// BadHeader is a line that begins with "[" and does not end in "]".
	// systemd refuses the whole file.
	BadHeader
	// BadHeaderText is a header with a control character, a quote or a
	// backslash between the brackets. systemd refuses the whole file.
	BadHeaderText
	// BadSplitKey is a key that is continued on another line. systemd joins
	// the parts with a blank, finds that it does not know such a key, warns
	// and ignores the assignment.
	BadSplitKey
	// BadSplitHeader is a header that is continued on another line. systemd
	// joins the parts with a blank, finds that it does not know such a
	// section, warns and ignores all that is in it.
	BadSplitHeader
	// BadUTF8 is a line that is not UTF-8, or has one of the code points that
	// are no characters. systemd refuses the whole file. In comments it does
	// not look.
	BadUTF8
	// BadNUL is a NUL byte. systemd takes it for an end of line, and reads
	// what follows as a line of its own. Reported once for a file.
	BadNUL
	// BadCR is a carriage return which is not part of a line's end. systemd
	// takes it for an end of line, too. Reported once for a file.
	BadCR
	// BadLong is a line of 1 MiB or more, continued lines taken together.
	// systemd refuses the whole file.
	BadLong
)

// badKinds has a row for each kind.
var badKinds = [...]struct {
	fatal     bool
	msg, hint string
}{
	BadMissingEquals: {false, "missing \"=\": this is no assignment, and systemd ignores the line",
		"write Key=Value, begin a comment with \"#\", or end the line before with \"\\\" to continue it"},
	BadEmptyKey: {false, "no key before \"=\", and systemd ignores the line",
		"write the name of a directive before \"=\""},
	BadOutside: {false, "a line before the first section header, which systemd ignores",
		"put a header like [Unit] or [Service] above it"},
	BadHeader: {true, "a section header that does not end in \"]\": systemd refuses the whole file",
		"write the header alone on its line, as in [Service]"},
	BadHeaderText: {true, "a control character, quote or backslash in a section header: systemd refuses the whole file",
		"write the plain name, as in [Service]"},
	BadSplitKey: {false, "a key over two lines: systemd joins it with a blank and does not know it then",
		"write the whole key and its \"=\" on one line, and continue only the value"},
	BadSplitHeader: {false, "a section header over two lines: systemd joins it with a blank and does not know it then",
		"write the header on one line"},
	BadUTF8: {true, "not UTF-8: systemd refuses the whole file",
		"save the file as UTF-8, or write the character as an escape where the value is quoted"},
	BadNUL: {false, "a NUL byte, which systemd takes for an end of line",
		"remove it, or save the file as UTF-8 when it is UTF-16"},
	BadCR: {false, "a carriage return inside of a line, which systemd takes for an end of line",
		"remove it, or save the file with line feeds as line ends"},
	BadLong: {true, "a line of 1 MiB or more: systemd refuses the whole file",
		"use several assignments instead"},
}

// Fatal says whether systemd refuses the whole file.
func (k BadKind) Fatal() bool { return badKinds[k].fatal }

// String says in words what is wrong.
func (k BadKind) String() string { return badKinds[k].msg }

// Hint says what to do.
func (k BadKind) Hint() string { return badKinds[k].hint }

// Message says what is wrong with this line, in one line.
func (b *BadLine) Message() string {
	switch b.Kind {
	case BadMissingEquals, BadOutside, BadHeader, BadHeaderText:
		return b.Kind.String() + ": " + quoted(b.Text)
	}
	return b.Kind.String()
}

// newBad is a bad line.
func newBad(kind BadKind, line Value) *BadLine {
	return &BadLine{Pos: line.Pos(), End: line.End(), Kind: kind, Text: line.Text()}
}

// longLine is systemd's limit: a physical line with its end, or the joined
// text of a continued one, must be shorter.
const longLine = 1 << 20

// badBytes finds what is wrong with a file before it is cut into lines.
func badBytes(name, src string) []*BadLine {
	var bad []*BadLine
	if i := strings.IndexByte(src, 0); i >= 0 {
		bad = append(bad, badByte(BadNUL, name, src, i))
	}
	if i := loneCR(src); i >= 0 {
		bad = append(bad, badByte(BadCR, name, src, i))
	}
	if len(src) >= longLine {
		bad = append(bad, longLines(name, src)...)
	}
	return bad
}

// badByte is the byte at i.
func badByte(kind BadKind, name, src string, i int) *BadLine {
	at := Pos{File: name, Line: 1, Col: 1}.past(src[:i])
	return &BadLine{Pos: at, End: at.right(1), Kind: kind, Text: src[i : i+1]}
}

// loneCR finds a carriage return which has no line feed beside it, or -1.
func loneCR(src string) int {
	for i := strings.IndexByte(src, '\r'); i >= 0 && i < len(src); i++ {
		if src[i] != '\r' {
			continue
		}
		after := i+1 < len(src) && src[i+1] == '\n'
		before := i > 0 && src[i-1] == '\n'
		if !after && !before {
			return i
		}
	}
	return -1
}

// longLines finds the lines that are too long for systemd.
func longLines(name, src string) []*BadLine {
	var bad []*BadLine
	at := Pos{File: name, Line: 1, Col: 1}
	joined := 0
	for off := 0; off < len(src); {
		text, next := physical(src, off, true)
		body, continued := continues(text)
		switch comment := isComment(text); {
		case next-off >= longLine, !comment && joined > 0 && joined+len(text) > longLine:
			bad = append(bad, newBad(BadLong, Value{text: text, pos: at}))
			joined = 0
		case !comment && continued:
			joined += len(body) + 1
		case !comment:
			joined = 0
		}
		at, off = at.past(src[off:next]), next
	}
	return bad
}
