package grammar

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// File is a unit file. Every byte sequence is one: parsing never fails, and
// String gives the bytes back.
type File struct {
	Name string // as the user gave it
	Src  string
	Bad  []*BadLine // all lines that are no syntax, in the order of the file

	Head     Head       `parser:"@@?"`
	Sections []*Section `parser:"@@*"`
}

// Head is what stands before the first section: comments, and lines that
// systemd ignores.
type Head struct{ entries []entry }

// Section is a header and what follows it, up to the next header. A file may
// have several of one name.
type Section struct {
	Name        string
	Pos, End    Pos // of the header, from "[" to after "]"
	Assignments []*Assignment
	// Bad is what is wrong with the header; nil when nothing is. Such a
	// section means nothing to systemd.
	Bad *BadLine

	header  string
	entries []entry
}

// Assignment is a line "Key=Value".
type Assignment struct {
	Key         string
	Pos, KeyEnd Pos
	Value       Value
}

// Extension says whether systemd passes over the key in silence, because it
// begins with "X-".
func (a *Assignment) Extension() bool { return strings.HasPrefix(a.Key, "X-") }

// entry is one token of a section, as it was read and what it means: an
// assignment, a bad line, or with neither a comment.
type entry struct {
	raw string
	a   *Assignment
	bad *BadLine
}

// fileParser is the structure of a unit file. The lines, of which there are
// many, read themselves: see the Parse methods.
var fileParser = participle.MustBuild[File](participle.Lexer(lineDefinition{}))

// participle stops a repetition after a million turns, as a guard against
// rules that match nothing. There is none here, and a file may be longer.
func init() { participle.MaxIterations = math.MaxInt }

// ParseFile reads a unit file. It never fails: what is no syntax is in Bad.
func ParseFile(name, src string) *File {
	f, err := fileParser.ParseString(name, src)
	if err != nil {
		panic("BUG: a unit file is not total: " + err.Error())
	}
	f.Name, f.Src = name, src
	f.Bad = badBytes(name, src)
	odd := len(f.Bad) > 0
	collect(&f.Bad, f.Head.entries, nil)
	for _, s := range f.Sections {
		if s.Bad != nil {
			f.Bad = append(f.Bad, s.Bad)
		}
		collect(&f.Bad, s.entries, s)
	}
	if odd {
		slices.SortStableFunc(f.Bad, func(a, b *BadLine) int { return a.Pos.Offset - b.Pos.Offset })
	}
	return f
}

// collect appends the bad lines among the entries of s.
func collect(to *[]*BadLine, entries []entry, s *Section) {
	for i := range entries {
		if bad := entries[i].bad; bad != nil {
			bad.Section = s
			*to = append(*to, bad)
		}
	}
}

// Fatal is the first line because of which systemd refuses the whole file, or
// nil.
func (f *File) Fatal() *BadLine {
	for _, b := range f.Bad {
		if b.Kind.Fatal() {
			return b
		}
	}
	return nil
}

// Parse implements [participle.Parseable].
func (h *Head) Parse(lex *lexer.PeekingLexer) error {
	for {
		tok := lex.Peek()
		if tok.EOF() || isHeader(tok) {
			break
		}
		e := entry{raw: tok.Value}
		if tok.Type != tokTrivia {
			line := logicalLine(tok).trim()
			e.bad = newBad(BadOutside, line)
			if !validText(line.Text()) {
				e.bad.Kind = BadUTF8
			}
		}
		h.entries = append(h.entries, e)
		lex.Next()
	}
	if h.entries == nil {
		return participle.NextMatch
	}
	return nil
}

// Parse implements [participle.Parseable].
func (s *Section) Parse(lex *lexer.PeekingLexer) error {
	tok := lex.Peek()
	if !isHeader(tok) {
		return participle.NextMatch
	}
	s.setHeader(tok)
	lex.Next()
	s.alloc(lex)
	for {
		tok := lex.Peek()
		if tok.EOF() || isHeader(tok) {
			return nil
		}
		s.add(tok)
		lex.Next()
	}
}

// isHeader says whether tok begins a section.
func isHeader(tok *lexer.Token) bool {
	return tok.Type == tokHeader || tok.Type == tokHeaderMark
}

// alloc makes room for the lines that follow, in one piece each: a front end
// that is bound by its allocations saves two thirds of them here.
func (s *Section) alloc(lex *lexer.PeekingLexer) {
	start := lex.MakeCheckpoint()
	entries, lines := 0, 0
	for tok := lex.Next(); !tok.EOF() && !isHeader(tok); tok = lex.Next() {
		entries++
		if tok.Type != tokTrivia {
			lines++
		}
	}
	lex.LoadCheckpoint(start)
	s.entries = make([]entry, 0, entries)
	s.Assignments = make([]*Assignment, 0, lines)
	room := make([]Assignment, lines)
	for i := range room {
		s.Assignments = append(s.Assignments, &room[i])
	}
	s.Assignments = s.Assignments[:0]
}

// setHeader reads a section header.
func (s *Section) setHeader(tok *lexer.Token) {
	line := logicalLine(tok).trim()
	text := line.Text()
	s.header, s.Pos, s.End = tok.Value, line.Pos(), line.End()
	s.Name = strings.Trim(text[1:], blanks)
	switch closed := len(text) > 1 && text[len(text)-1] == ']'; {
	case !validText(text):
		s.Bad = newBad(BadUTF8, line)
	case !closed:
		s.Bad = newBad(BadHeader, line)
	case !safeText(text[1 : len(text)-1]):
		s.Bad = newBad(BadHeaderText, line)
	case line.split():
		s.Bad = newBad(BadSplitHeader, line)
	}
	if text[len(text)-1] == ']' {
		s.Name = text[1 : len(text)-1]
	}
	if s.Bad != nil {
		s.Bad.Section = s
	}
}

// add reads a line of the section.
func (s *Section) add(tok *lexer.Token) {
	e := entry{raw: tok.Value}
	if tok.Type != tokTrivia {
		line := logicalLine(tok).trim()
		n := len(s.Assignments)
		a := s.Assignments[:n+1][n]
		if kind := a.read(line); kind != 0 {
			e.bad = newBad(kind, line)
		} else {
			e.a = a
			s.Assignments = s.Assignments[:n+1]
		}
	}
	s.entries = append(s.entries, e)
}

// read takes a line apart; it says what is wrong with it, or 0.
func (a *Assignment) read(line Value) BadKind {
	text := line.Text()
	eq := strings.IndexByte(text, '=')
	switch {
	case !validText(text):
		return BadUTF8
	case eq < 0:
		return BadMissingEquals
	case eq == 0:
		return BadEmptyKey
	}
	key := line.Slice(0, eq).trim()
	if key.split() {
		return BadSplitKey
	}
	a.Key, a.Pos, a.KeyEnd = key.Text(), key.Pos(), key.End()
	a.Value = line.Slice(eq+1, len(text)).trim()
	return 0
}

// logicalLine joins the physical lines of a token: comments go, and a
// continuing backslash becomes a blank.
func logicalLine(tok *lexer.Token) Value {
	at := Pos{tok.Pos.Filename, tok.Pos.Line, tok.Pos.Column, tok.Pos.Offset}
	marked := tok.Type > tokMarked
	odd := strings.IndexByte(tok.Value, '\r') >= 0 || strings.IndexByte(tok.Value, 0) >= 0
	text, next := physical(tok.Value, 0, odd)
	if next == len(tok.Value) && !marked {
		if body, continued := continues(text); continued {
			text = body // nothing follows; the blank would be trimmed
		}
		return Value{text: text, pos: at}
	}
	return join(tok.Value, at, marked)
}

// join is the long way of logicalLine.
func join(raw string, at Pos, marked bool) Value {
	var b strings.Builder
	var v Value
	for off := 0; off < len(raw); {
		text, next := physical(raw, off, true)
		line := at
		at, off = at.past(raw[off:next]), next
		if isComment(text) {
			continue
		}
		if marked && strings.HasPrefix(text, byteOrderMark) {
			marked = false
			text = text[len(byteOrderMark):]
			line = line.right(len(byteOrderMark))
		}
		body, continued := continues(text)
		v.more = append(v.more, piece{b.Len(), line})
		b.WriteString(body)
		if continued {
			b.WriteByte(' ')
		}
	}
	v.text = b.String()
	return v
}

// validText says whether systemd takes s for UTF-8: it refuses the code points
// that Unicode calls noncharacters, too.
func validText(s string) bool {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return true
	}
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe {
			return false
		}
	}
	return true
}

// safeText says whether s may be a section's name: no control characters,
// quotes or backslashes.
func safeText(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == 0x7f || c == '"' || c == '\'' || c == '\\' {
			return false
		}
	}
	return true
}
