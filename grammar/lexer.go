package grammar

import (
	"io"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The tokens of a unit file are logical lines: a physical line with all that
// continue it. The concatenated tokens are the file.
//
// The lexer is written by hand because participle's regular expressions need
// four times the budget of the whole front end, and because what a line is
// depends on what was before it (a continuation, the first byte order mark).
const (
	tokTrivia     lexer.TokenType = iota + 1 // blank lines and comments, as many as stand together
	tokHeader                                // a line that begins with "["
	tokEntry                                 // any other line
	tokMarked                                // added to one of the above: the file's byte order mark is in it
	tokHeaderMark = tokHeader + tokMarked
	tokEntryMark  = tokEntry + tokMarked
)

// byteOrderMark is U+FEFF in UTF-8. systemd skips the first one that begins a
// line which is no comment.
const byteOrderMark = "\xef\xbb\xbf"

// lineDefinition is the [lexer.Definition] of unit files.
type lineDefinition struct{}

// Symbols implements [lexer.Definition].
func (lineDefinition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Trivia": tokTrivia, "Header": tokHeader, "Entry": tokEntry,
		"HeaderMark": tokHeaderMark, "EntryMark": tokEntryMark,
	}
}

// Lex implements [lexer.Definition].
func (d lineDefinition) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(name, string(b))
}

// LexString implements [lexer.StringDefinition].
func (lineDefinition) LexString(name, src string) (lexer.Lexer, error) {
	return &lineLexer{
		src: src, pos: lexer.Position{Filename: name, Line: 1, Column: 1},
		odd: strings.ContainsAny(src, "\r\x00"),
	}, nil
}

// lineLexer cuts a file into tokens. Its positions count bytes, not runes.
type lineLexer struct {
	src    string
	pos    lexer.Position // of the first byte that no token has
	odd    bool           // there are ends of lines other than "\n"
	marked bool           // the byte order mark was seen
}

// Next implements [lexer.Lexer]. It never fails.
func (l *lineLexer) Next() (lexer.Token, error) {
	start := l.pos
	if start.Offset == len(l.src) {
		return lexer.EOFToken(start), nil
	}
	seen := l.marked
	kind, end := l.logical(start.Offset)
	for kind == tokTrivia && end < len(l.src) {
		seen = l.marked
		next, e := l.logical(end)
		if next != tokTrivia {
			l.marked = seen // that line is read again, as the next token
			break
		}
		end = e
	}
	if kind != tokTrivia && l.marked && !seen {
		kind += tokMarked
	}
	text := l.src[start.Offset:end]
	l.pos = advance(start, text)
	return lexer.Token{Type: kind, Value: text, Pos: start}, nil
}

// advance is the position after s, in bytes.
func advance(p lexer.Position, s string) lexer.Position {
	p.Offset += len(s)
	if n := strings.Count(s, "\n"); n > 0 {
		p.Line += n
		p.Column = len(s) - strings.LastIndexByte(s, '\n')
	} else {
		p.Column += len(s)
	}
	return p
}

// logical finds the kind and the end of the logical line at off.
func (l *lineLexer) logical(off int) (kind lexer.TokenType, end int) {
	kind = tokTrivia
	for continued := false; off < len(l.src); {
		text, next := physical(l.src, off, l.odd)
		off = next
		if isComment(text) {
			if continued {
				continue // systemd.syntax(7): skipped, and the continuation goes on
			}
			return tokTrivia, off
		}
		if !l.marked && strings.HasPrefix(text, byteOrderMark) {
			l.marked = true
			text = text[len(byteOrderMark):]
		}
		text, continued = continues(text)
		if kind == tokTrivia {
			kind = kindOf(text)
		}
		if !continued {
			break
		}
	}
	return kind, off
}

// kindOf is the kind that the first byte which is not blank decides.
func kindOf(text string) lexer.TokenType {
	switch text = strings.TrimLeft(text, blanks); {
	case text == "":
		return tokTrivia
	case text[0] == '[':
		return tokHeader
	}
	return tokEntry
}

// physical is the text of the physical line at off, and where the next one
// begins.
func physical(src string, off int, odd bool) (text string, next int) {
	rest := src[off:]
	var n int
	if odd {
		n = strings.IndexAny(rest, "\n\r\x00")
	} else {
		n = strings.IndexByte(rest, '\n')
	}
	if n < 0 {
		return rest, len(src)
	}
	return rest[:n], off + n + endOfLine(rest[n:])
}

// endOfLine is the length of the line end that s begins with. systemd takes
// "\n", "\r" and NUL as line ends, and a run in which none occurs twice as
// one: so "\r\n" is one, and "\n\n" are two.
func endOfLine(s string) int {
	n := 0
	for n < len(s) && (s[n] == '\n' || s[n] == '\r' || s[n] == 0) &&
		strings.IndexByte(s[:n], s[n]) < 0 {
		n++
	}
	return n
}

// isComment says whether a physical line is a comment. systemd looks before it
// skips a byte order mark, and before it joins.
func isComment(text string) bool {
	text = strings.TrimLeft(text, blanks)
	return text != "" && (text[0] == '#' || text[0] == ';')
}

// continues says whether an odd backslash ends the line, and takes it off.
func continues(text string) (string, bool) {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	if (len(text)-n)%2 == 0 {
		return text, false
	}
	return text[:len(text)-1], true
}
