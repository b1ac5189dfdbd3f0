package grammar

import (
	"slices"
	"strings"
	"testing"
)

// checkFile holds what must be true of every file: it is lossless, it agrees
// with handScan, and each place is where the text is.
func checkFile(t *testing.T, src string) {
	f := ParseFile("x", src)
	if f.String() != src {
		t.Fatalf("%q is printed as %q", src, f.String())
	}
	if got, want := describe(f), handScan(src); !slices.Equal(got, want) {
		t.Fatalf("%q:\ntree     %q\nscanner  %q", src, got, want)
	}
	last := 0
	for _, b := range f.Bad {
		checkPos(t, src, b.Pos)
		checkPos(t, src, b.End)
		if b.Pos.Offset < last || b.End.Offset < b.Pos.Offset {
			t.Fatalf("%q: bad lines out of order: %+v", src, b)
		}
		last = b.Pos.Offset
		if b.Message() == "" || b.Kind.Hint() == "" {
			t.Fatalf("kind %d has no words", b.Kind)
		}
	}
	for _, s := range f.Sections {
		checkPos(t, src, s.Pos)
		checkPos(t, src, s.End)
		for _, a := range s.Assignments {
			checkAssignment(t, src, a)
		}
	}
}

// checkPos wants line and column to be those of the offset.
func checkPos(t *testing.T, src string, p Pos) {
	t.Helper()
	before := src[:p.Offset]
	line, col := 1+strings.Count(before, "\n"), p.Offset-strings.LastIndexByte(before, '\n')
	if p.Line != line || p.Col != col || p.File != "x" {
		t.Fatalf("%q: offset %d is line %d, column %d, not %+v", src, p.Offset, line, col, p)
	}
}

// checkAssignment wants key and value to stand where the places say, but for
// the blanks that stand for backslashes.
func checkAssignment(t *testing.T, src string, a *Assignment) {
	checkPos(t, src, a.Pos)
	if got := src[a.Pos.Offset:a.KeyEnd.Offset]; got != a.Key {
		t.Fatalf("%q: the key %q stands at %q", src, a.Key, got)
	}
	text := a.Value.Text()
	for i := 0; i < len(text); i += 1 + len(text)/100 {
		p := a.Value.PosAt(i)
		checkPos(t, src, p)
		if c := src[p.Offset]; c != text[i] && !(c == '\\' && text[i] == ' ') {
			t.Fatalf("%q: byte %d of value %q stands at %d", src, i, text, p.Offset)
		}
	}
	checkPos(t, src, a.Value.End())
	if half := len(text) / 2; a.Value.Slice(half, len(text)).Pos() != a.Value.PosAt(half) && half < len(text) {
		t.Fatalf("%q: a slice of %q is elsewhere", src, text)
	}
}

func FuzzFile(f *testing.F) {
	n := 0
	corpus(f, func(_, src string) {
		if n++; n%8 == 0 { // TestCorpus has all of them
			f.Add(src)
		}
	})
	for _, c := range fileCases {
		f.Add(c.src)
	}
	f.Fuzz(checkFile)
}

// inside wants an error to be about a part of the text, and to say what.
func inside(t *testing.T, s string, err *Error) {
	t.Helper()
	if outside(s, err) {
		t.Fatalf("%q: a bad error %+v", s, err)
	}
}

// outside says whether an error is no good: its place is none, or its words
// are those of participle.
func outside(s string, err *Error) bool {
	return err != nil && (err.Offset < 0 || err.End < err.Offset || err.End > len(s) ||
		err.Msg == "" || strings.Contains(err.Msg, "expected <") || strings.Contains(err.Msg+err.Hint, "\n"))
}

// checkWords wants words in order, and inside of the text.
func checkWords(t *testing.T, s string, words []Word) {
	t.Helper()
	last := 0
	for _, w := range words {
		if w.Offset < last || w.End <= w.Offset || w.End > len(s) {
			t.Fatalf("%q: a word out of place: %+v", s, w)
		}
		inside(t, s, w.Escape)
		last = w.End
	}
}

func FuzzCommands(f *testing.F) {
	seed(f, func(key string) bool { return strings.HasPrefix(key, "Exec") })
	for _, c := range commandCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		commands, err := ParseCommands(s)
		inside(t, s, err)
		last := 0
		for _, c := range commands {
			if c.Offset < last || c.End > len(s) || c.Path.Text == "" {
				t.Fatalf("%q: a command out of place: %+v", s, c)
			}
			last = c.End
			checkWords(t, s, c.Args)
			for _, w := range c.Args {
				checkVariables(t, w.Text)
			}
		}
	})
}

// checkVariables wants the pieces to cover the word, but for doubled "$".
func checkVariables(t *testing.T, word string) {
	last := 0
	for _, p := range ParseVariables(word) {
		if skipped := word[last:p.Offset]; strings.Trim(skipped, "$") != "" {
			t.Fatalf("%q: %q is in no piece", word, skipped)
		}
		last = p.End
	}
	if strings.Trim(word[last:], "$") != "" {
		t.Fatalf("%q: the end is in no piece", word)
	}
}

// valueParsers are all parsers of values that answer an error.
var valueParsers = map[string]func(s string) *Error{
	"words":       func(s string) *Error { _, err := ParseWords(s); return err },
	"items":       func(s string) *Error { _, err := ParseItems(s); return err },
	"commands":    func(s string) *Error { _, err := ParseCommands(s); return err },
	"specifiers":  func(s string) *Error { _, err := ParseSpecifiers(s); return err },
	"timespan":    func(s string) *Error { _, err := ParseTimespan(s); return err },
	"nanoseconds": func(s string) *Error { _, err := ParseTimespanIn(s, Nanosecond); return err },
	"bool":        func(s string) *Error { _, err := ParseBool(s); return err },
	"mode":        func(s string) *Error { _, err := ParseMode(s); return err },
	"int":         func(s string) *Error { _, err := ParseInt(s); return err },
	"uint":        func(s string) *Error { _, err := ParseUint(s); return err },
	"size":        func(s string) *Error { _, err := ParseSize(s); return err },
	"percent":     func(s string) *Error { _, err := ParsePercent(s); return err },
	"limit":       func(s string) *Error { _, _, err := ParseLimit(LimitSize, s); return err },
	"limit nice":  func(s string) *Error { _, _, err := ParseLimit(LimitNice, s); return err },
	"limit time":  func(s string) *Error { _, _, err := ParseLimit(LimitSeconds, s); return err },
	"address":     func(s string) *Error { _, err := ParseAddress(s); return err },
	"netlink":     func(s string) *Error { _, err := ParseNetlink(s); return err },
	"unit name":   func(s string) *Error { _, err := ParseUnitName(s); return err },
	"unescape":    func(s string) *Error { _, err := Unescape(s); return err },
	"path":        func(s string) *Error { _, err := UnescapePath(s); return err },
	"instance":    func(s string) *Error { _, err := MangleInstance("a@.service", s); return elsewhere(err) },
	"signal":      func(s string) *Error { _, err := ParseSignal(s); return err },
	"statuses":    func(s string) *Error { _, err := ParseExitStatuses(s); return err },
	"environment": func(s string) *Error { _, err := ParseEnvironment(s); return err },
	"caps":        func(s string) *Error { _, err := ParseCapabilities(s); return err },
	"syscalls":    func(s string) *Error { _, err := ParseSyscalls(s); return err },
	"cpus":        func(s string) *Error { _, err := ParseCPUs(s); return err },
	"prefixes":    func(s string) *Error { _, err := ParsePrefixes(s); return err },
}

// elsewhere drops an error that is about another text.
func elsewhere(*Error) *Error { return nil }
