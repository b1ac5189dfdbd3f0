package grammar

import (
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Prefix is the set of special characters before a command's path.
type Prefix uint8

// The prefixes: systemd.service(5), table "Special executable prefixes".
const (
	PrefixArgv0    Prefix = 1 << iota // "@": the next word is argv[0]
	PrefixIgnore                      // "-": a failure counts as success
	PrefixNoExpand                    // ":": no environment variables in the arguments
	PrefixFull                        // "+": full privileges
	PrefixUser                        // "!": neither user nor group are changed
	PrefixAmbient                     // "!!": as "!", where the kernel has no ambient capabilities
)

// privileged are the prefixes of which a command may have one.
const privileged = PrefixFull | PrefixUser | PrefixAmbient

// prefixText are the prefixes as they are written, in the order of their bits.
var prefixText = [...]string{"@", "-", ":", "+", "!", "!!"}

// Has says whether all of q are in p.
func (p Prefix) Has(q Prefix) bool { return p&q == q }

// String writes the prefix in the order of the manual's table.
func (p Prefix) String() string {
	var b strings.Builder
	for i, s := range prefixText {
		if p.Has(1 << i) {
			b.WriteString(s)
		}
	}
	return b.String()
}

// ExecCommand is one command line.
type ExecCommand struct {
	Offset, End int // in the text of the value: from the prefix to after the last argument
	Prefix      Prefix
	Path        Word   // without the prefix; may have specifiers in it
	Argv0       Word   // the word after the path with PrefixArgv0, else the path
	Args        []Word // without argv[0]
}

// commandLine is the structure of a command line's value.
type commandLine struct {
	Commands []*command `parser:"(@@ | Semicolon)*"`
}

type command struct {
	Program program `parser:"@@"`
	Args    []Word  `parser:"@@*"`
}

// program is the first word of a command.
type program struct {
	word   Word
	prefix Prefix
	path   Word
}

// The tokens of a command line. They are raw text: words still have their
// quotes.
const (
	tokProgram lexer.TokenType = iota + 1
	tokWord
	tokSemicolon
)

var commandParser = participle.MustBuild[commandLine](participle.Lexer(scanner{
	map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Program": tokProgram, "Word": tokWord, "Semicolon": tokSemicolon,
	},
	scanCommands,
}))

// scanCommands cuts at blanks that are not quoted. systemd.service(5): a lone
// ";" separates commands, and "\;" is that character.
func scanCommands(s string) ([]lexer.Token, *Error) {
	tokens := make([]lexer.Token, 0, 8)
	kind := tokProgram
	for i := 0; ; {
		w, next, err := nextWord(s, i, false)
		if err != nil {
			return nil, err
		}
		if w.End == 0 {
			return tokens, nil
		}
		raw := s[w.Offset:w.End]
		// Where a program should be, systemd does not ask for quotes.
		if raw == ";" || kind == tokProgram && w.Text == ";" {
			kind = tokSemicolon
		}
		tokens = append(tokens, tokenAt(kind, s, w.Offset, w.End))
		if kind == tokSemicolon {
			kind = tokProgram
		} else {
			kind = tokWord
		}
		i = next
	}
}

// ParseCommands reads the value of ExecStart= and its kin: systemd.service(5),
// "COMMAND LINES". An empty value has no command.
func ParseCommands(s string) ([]ExecCommand, *Error) {
	tree, err := parseValue(commandParser, s, "a command line", "")
	if err != nil {
		return nil, err
	}
	commands := make([]ExecCommand, len(tree.Commands))
	for i, c := range tree.Commands {
		if commands[i], err = c.lower(); err != nil {
			return nil, err
		}
	}
	return commands, nil
}

// Parse implements [participle.Parseable].
func (w *Word) Parse(lex *lexer.PeekingLexer) error {
	tok := lex.Peek()
	if tok.Type != tokWord {
		return participle.NextMatch
	}
	*w = wordOf(tok)
	if tok.Value == `\;` {
		w.Text, w.Escape = ";", nil
	}
	lex.Next()
	return nil
}

// wordOf takes the quotes off a token, which the lexer found in order.
func wordOf(tok *lexer.Token) Word {
	w, _, _ := nextWord(tok.Value, 0, false)
	w.Offset += tok.Pos.Offset
	w.End += tok.Pos.Offset
	if w.Escape != nil {
		w.Escape.Offset += tok.Pos.Offset
		w.Escape.End += tok.Pos.Offset
	}
	return w
}

// Parse implements [participle.Parseable]. The prefix is taken off after the
// quotes, so it may stand inside of them.
func (p *program) Parse(lex *lexer.PeekingLexer) error {
	tok := lex.Peek()
	if tok.Type != tokProgram {
		return participle.NextMatch
	}
	p.word = wordOf(tok)
	var rest string
	p.prefix, rest = cutPrefix(p.word.Text)
	p.path = p.word
	p.path.Text = rest
	if cut := p.word.Text[:len(p.word.Text)-len(rest)]; strings.HasPrefix(tok.Value, cut) {
		p.path.Offset += len(cut)
	}
	lex.Next()
	return nil
}

// cutPrefix takes the prefix off. What comes twice, or does not go together,
// ends it: for systemd it is part of the path.
func cutPrefix(s string) (Prefix, string) {
	var p Prefix
	for ; s != ""; s = s[1:] {
		var q Prefix
		switch s[0] {
		case '@':
			q = PrefixArgv0
		case '-':
			q = PrefixIgnore
		case ':':
			q = PrefixNoExpand
		case '+':
			q = PrefixFull
		case '!':
			if q = PrefixUser; p&privileged == PrefixUser {
				p &^= PrefixUser
				q = PrefixAmbient
			}
		default:
			return p, s
		}
		if p.Has(q) || q&privileged != 0 && p&privileged != 0 {
			return p, s
		}
		p |= q
	}
	return p, s
}

// lower makes a command of the tree's, with the checks that need more than one
// word.
func (c *command) lower() (ExecCommand, *Error) {
	p := c.Program
	e := ExecCommand{
		Offset: p.word.Offset, End: p.word.End,
		Prefix: p.prefix, Path: p.path, Argv0: p.path, Args: c.Args,
	}
	if err := p.check(); err != nil {
		return e, err
	}
	if len(e.Args) > 0 {
		e.End = e.Args[len(e.Args)-1].End
	}
	if e.Prefix.Has(PrefixArgv0) {
		if len(e.Args) == 0 {
			return e, &Error{e.Offset, e.End, "with the prefix \"@\", expected argv[0] after the path",
				"write the name that the program shall see, or remove the \"@\""}
		}
		e.Argv0, e.Args = e.Args[0], e.Args[1:]
	}
	return e, nil
}

// check finds what makes the path no path.
func (p *program) check() *Error {
	path := p.path.Text
	if path != "" && strings.IndexByte("@-:+!", path[0]) >= 0 {
		return &Error{p.word.Offset, p.path.End, prefixConflict(p.prefix, path[0]),
			"use each of \"@\", \"-\", \":\" once, and one of \"+\", \"!\", \"!!\""}
	}
	if path == "" && p.prefix != 0 {
		return &Error{p.word.Offset, p.path.End, "expected a path after the prefix " + quoted(p.prefix.String()),
			"write the program's path right after the prefix, without a blank"}
	}
	if strings.IndexByte(path, '%') >= 0 {
		return nil // to be checked when the specifiers are known
	}
	if err := CheckProgram(path); err != nil {
		err.Offset, err.End = p.path.Offset, p.path.End
		return err
	}
	return nil
}

// prefixConflict says why the prefix character c cannot follow p.
func prefixConflict(p Prefix, c byte) string {
	if (c == '+' || c == '!') && p&privileged != 0 {
		return "the prefix " + quoted((p & privileged).String()) + " does not go with another " + quoted(string(c))
	}
	return "the prefix " + quoted(string(c)) + " twice"
}

// CheckProgram says why systemd takes path for no program, or nil. It is for
// paths with their specifiers resolved.
func CheckProgram(path string) *Error {
	e := &Error{End: len(path)}
	switch {
	case path == "":
		e.Msg, e.Hint = "an empty path", "write the path of a program"
	case !safeText(path):
		e.Msg = "a control character, quote or backslash in a program's path"
		e.Hint = "rename the program, or run it through a link"
	case path[len(path)-1] == '/':
		e.Msg, e.Hint = "expected a program, not a directory", "remove the slash at the end"
	case path[0] != '/' && strings.IndexByte(path, '/') >= 0:
		e.Msg = "expected an absolute path or a plain file name, not " + quoted(path)
		e.Hint = "begin the path with \"/\""
	case path == "." || path == ".." || path[0] != '/' && len(path) > nameMax || len(path) >= pathMax:
		e.Msg, e.Hint = "no file can be named "+quoted(shorten(path)), "write the path of a program"
	default:
		return nil
	}
	return e
}

// The kernel's limits for a file's name, and for a path with the NUL after it.
const (
	nameMax = 255
	pathMax = 4096
)
