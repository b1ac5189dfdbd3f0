package grammar

import (
	"errors"
	"io"
	"strconv"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// scanner is the [lexer.Definition] of a language inside of a value: a
// function that cuts the text into tokens. Values are short, so all tokens are
// made at once; the offset is the only part of a position that counts.
type scanner struct {
	symbols map[string]lexer.TokenType
	scan    func(s string) ([]lexer.Token, *Error)
}

// Symbols implements [lexer.Definition].
func (d scanner) Symbols() map[string]lexer.TokenType { return d.symbols }

// Lex implements [lexer.Definition].
func (d scanner) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(name, string(b))
}

// LexString implements [lexer.StringDefinition].
func (d scanner) LexString(_, s string) (lexer.Lexer, error) {
	tokens, err := d.scan(s)
	if err != nil {
		return nil, err
	}
	return &scanned{tokens, len(s)}, nil
}

// scanned hands out tokens that are there already.
type scanned struct {
	tokens []lexer.Token
	end    int
}

// Next implements [lexer.Lexer].
func (l *scanned) Next() (lexer.Token, error) {
	if len(l.tokens) == 0 {
		return lexer.EOFToken(lexer.Position{Offset: l.end}), nil
	}
	tok := l.tokens[0]
	l.tokens = l.tokens[1:]
	return tok, nil
}

// tokenAt is the token s[from:to].
func tokenAt(kind lexer.TokenType, s string, from, to int) lexer.Token {
	return lexer.Token{Type: kind, Value: s[from:to], Pos: lexer.Position{Offset: from}}
}

// shortMax bounds, in bytes, values that are a few words in any real file, so that
// a hostile one costs no seconds.
const shortMax = 4096

// parseShort is parseValue for such values.
func parseShort[G any](p *participle.Parser[G], s, expected, hint string) (*G, *Error) {
	if len(s) > shortMax {
		return nil, &Error{shortMax, len(s), expected + " of more than " + strconv.Itoa(shortMax) + " bytes", hint}
	}
	return parseValue(p, s, expected, hint)
}

// parseValue runs a grammar over a value. What the lexer or a node says is
// handed on; where the grammar itself does not fit, expected says what would.
func parseValue[G any](p *participle.Parser[G], s, expected, hint string) (*G, *Error) {
	tree, err := p.ParseString("", s)
	if err == nil {
		return tree, nil
	}
	var own *Error
	if errors.As(err, &own) {
		return nil, own
	}
	e := &Error{0, len(s), "expected " + expected, hint}
	var unexpected *participle.UnexpectedTokenError
	if errors.As(err, &unexpected) {
		e.Offset = unexpected.Unexpected.Pos.Offset
		e.End = e.Offset + len(unexpected.Unexpected.Value)
		if !unexpected.Unexpected.EOF() {
			e.Msg = "unexpected " + quoted(unexpected.Unexpected.Value) + ", expected " + expected
		} else {
			e.Msg += " to go on"
		}
	}
	return nil, e
}
