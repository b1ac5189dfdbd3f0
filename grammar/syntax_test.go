package grammar

import (
	"slices"
	"strings"
	"testing"
)

// fileCases have one sentence of systemd.syntax(7), or one thing that systemd
// does, each.
var fileCases = []struct {
	name, src string
	want      []string // as describe says it
}{
	{"blanks before and after the equals sign are ignored", "[A]\n Key \t=\t value \t\n", []string{`section "A"`, `"Key"="value"`}},
	{"empty lines and lines starting with # and ; are ignored", "#a\n\n ;b\n[A]\n\t# c\nK=v # d ; e\n", []string{`section "A"`, `"K"="v # d ; e"`}},
	{"a line that ends in a backslash goes on, and the backslash is a blank", "[A]\nK=a\\\nb\n", []string{`section "A"`, `"K"="a b"`}},
	{"blanks at the start of a continued line stay", "[A]\nK=a\\\n  b\n", []string{`section "A"`, `"K"="a   b"`}},
	{"comments inside of a continuation are skipped", "[A]\nK=a\\\n# b\n ; c \\\nd\n", []string{`section "A"`, `"K"="a d"`}},
	{"a comment that ends in a backslash does not go on", "[A]\n# c\\\nK=v\n", []string{`section "A"`, `"K"="v"`}},
	{"an even number of backslashes does not continue", "[A]\nK=a\\\\\nL=b\n", []string{`section "A"`, `"K"="a\\\\"`, `"L"="b"`}},
	{"three backslashes continue", "[A]\nK=a\\\\\\\nb\n", []string{`section "A"`, `"K"="a\\\\ b"`}},
	{"a backslash before a blank does not continue", "[A]\nK=a\\ \nL=b\n", []string{`section "A"`, `"K"="a\\"`, `"L"="b"`}},
	{"an empty line ends a continuation", "[A]\nK=a\\\n\nL=b\n", []string{`section "A"`, `"K"="a"`, `"L"="b"`}},
	{"a continuation at the end of the file counts", "[A]\nK=a \\", []string{`section "A"`, `"K"="a"`}},
	{"a continuation at the end of the file, with a comment after it", "[A]\nK=a\\\n#x", []string{`section "A"`, `"K"="a"`}},
	{"lines are joined before they are classified", "[A]\nK=a\\\n[B]\n\\\n[C]\n", []string{`section "A"`, `"K"="a [B]"`, `section "C"`}},
	{"a value may be empty", "[A]\nK=\nL", []string{`section "A"`, `"K"=""`, `bad 1 "L"`}},
	{"the first equals sign counts", "[A]\nK==a=b\n", []string{`section "A"`, `"K"="=a=b"`}},
	{"a section may come twice", "[A]\n[A]\n", []string{`section "A"`, `section "A"`}},
	{"a section may have an empty name", "[]\nK=v\n", []string{`section ""`, `"K"="v"`}},
	{"a header ends with the last bracket", " [a]b] \n", []string{`section "a]b"`}},
	{"a header that is not closed", "[A\nK=v\n", []string{`bad 4 "[A"`, `"K"="v"`}},
	{"a header with something behind it", "[A] # c\n", []string{`bad 4 "[A] # c"`}},
	{"a lone bracket", "[\n", []string{`bad 4 "["`}},
	{"a header with a quote", "[A\"]\n", []string{`bad 5 "[A\"]"`}},
	{"a key is missing", "[A]\n=v\n = w\n", []string{`section "A"`, `bad 2 "=v"`, `bad 2 "= w"`}},
	{"an assignment outside of a section", "K=v\n[A]\n", []string{`bad 3 "K=v"`, `section "A"`}},
	{"a line of nonsense outside of a section", "=\n", []string{`bad 3 "="`}},
	{"a byte order mark is accepted at the start", "\uFEFF[A]\nK=v\n", []string{`section "A"`, `"K"="v"`}},
	{"a byte order mark before a comment makes it a line", "\uFEFF#c\n[A]\n", []string{`bad 3 "#c"`, `section "A"`}},
	{"the first byte order mark counts, wherever it is", "# c\n[A]\n\uFEFFK=v\n\uFEFFL=w\n", []string{`section "A"`, `"K"="v"`, "\"\\ufeffL\"=\"w\""}},
	{"a byte order mark in a continuation", "[A]\nK=v\\\n\uFEFFw\n", []string{`section "A"`, `"K"="v w"`}},
	{"carriage returns before line feeds are part of the line's end", "[A]\r\nK=a\\\r\nb\r\n", []string{`section "A"`, `"K"="a b"`}},
	{"a carriage return ends a line", "[A]\rK=v\rL=w", []string{`section "A"`, `"K"="v"`, `"L"="w"`}},
	{"a NUL byte ends a line", "[A]\nK=v\x00L=w\n", []string{`section "A"`, `"K"="v"`, `"L"="w"`}},
	{"a line that is not UTF-8", "[A]\nK=\xff\n# \xff\n", []string{`section "A"`, `bad 8 "K=\xff"`}},
	{"a code point that is no character", "[A]\nK=\ufffe\n", []string{`section "A"`, "bad 8 \"K=\\ufffe\""}},
	{"a key may have blanks in it", "[A]\nK L=v\n", []string{`section "A"`, `"K L"="v"`}},
	{"a key may end before a continuation", "[A]\nK\\\n=v\n", []string{`section "A"`, `"K"="v"`}},
	{"the manual's example", "[Section C]\nKeyThree=value 3\\\n# this line is ignored\n; this line is ignored too\n       value 3 continued\n",
		[]string{`section "Section C"`, `"KeyThree"="value 3        value 3 continued"`}},
	{"an empty file", "", nil},
	{"only blanks", " \t\n\n", nil},
}

func TestFileSyntax(t *testing.T) {
	for _, c := range fileCases {
		checkFile(t, c.src)
		if got := describe(ParseFile("x", c.src)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q is\n%q, not\n%q", c.name, c.src, got, c.want)
		}
	}
}

// TestPlaces wants the places in the file to be those that a reader sees.
func TestPlaces(t *testing.T) {
	f := ParseFile("dir/a.service", "# c\n[Unit]\nKey = one \\\n# c\n  two\n")
	a := f.Sections[0].Assignments[0]
	v := a.Value
	for _, c := range []struct {
		what string
		got  Pos
		line int
		col  int
	}{
		{"header", f.Sections[0].Pos, 2, 1},
		{"end of the header", f.Sections[0].End, 2, 7},
		{"key", a.Pos, 3, 1},
		{"end of the key", a.KeyEnd, 3, 4},
		{"value", v.Pos(), 3, 7},
		{"second word", v.PosAt(strings.Index(v.Text(), "two")), 5, 3},
		{"a word of a part", v.Slice(4, len(v.Text())).PosAt(strings.Index(v.Text(), "two") - 4), 5, 3},
		{"end of the value", v.End(), 5, 6},
		{"after the end", v.PosAt(1000), 5, 6},
		{"before the start", v.PosAt(-1), 3, 7},
	} {
		if c.got.Line != c.line || c.got.Col != c.col || c.got.File != "dir/a.service" {
			t.Errorf("%s: %+v, not %d:%d", c.what, c.got, c.line, c.col)
		}
	}
}

// TestBadLines wants each kind with its place, and knows which are fatal.
func TestBadLines(t *testing.T) {
	long := strings.Repeat("x", longLine)
	for _, c := range []struct {
		src       string
		kind      BadKind
		fatal     bool
		line, col int
	}{
		{"[A]\n  foo  \n", BadMissingEquals, false, 2, 3},
		{"[A]\n=foo\n", BadEmptyKey, false, 2, 1},
		{"K=v\n", BadOutside, false, 1, 1},
		{"[A\n", BadHeader, true, 1, 1},
		{"[A\tB]\n", BadHeaderText, true, 1, 1},
		{"[A]\nExec\\\nStart=/x\n", BadSplitKey, false, 2, 1},
		{"[Ser\\\nvice]\n", BadSplitHeader, false, 1, 1},
		{"[A]\nK=\xff\n", BadUTF8, true, 2, 1},
		{"[A]\nK=v\x00\n", BadNUL, false, 2, 4},
		{"[A]\nK=v\rL=w\r\n", BadCR, false, 2, 4},
		{"[A]\nK=" + long + "\n", BadLong, true, 2, 1},
		{"[A]\n#" + long + "\n", BadLong, true, 2, 1},
		{"[A]\nK=" + long[:longLine/2] + "\\\n" + long[:longLine/2] + "\n", BadLong, true, 3, 1},
		{"[A]\nK=" + long[:longLine-4] + "\n", 0, false, 0, 0},
		{"[A]\r\nK=v\n\rL=w\n", 0, false, 0, 0},
	} {
		f := ParseFile("x", c.src)
		if c.kind == 0 {
			if len(f.Bad) > 0 {
				t.Errorf("%.20q: unexpected %s", c.src, f.Bad[0].Message())
			}
			continue
		}
		if len(f.Bad) != 1 {
			t.Errorf("%.20q: %d bad lines", c.src, len(f.Bad))
			continue
		}
		b := f.Bad[0]
		if b.Kind != c.kind || b.Kind.Fatal() != c.fatal || (f.Fatal() != nil) != c.fatal || b.Pos.Line != c.line || b.Pos.Col != c.col {
			t.Errorf("%.20q: %+v: %s", c.src, b.Pos, b.Message())
		}
	}
}

// TestSplitLines: what is split is no assignment, and its section is known to
// be none.
func TestSplitLines(t *testing.T) {
	f := ParseFile("x", "[Service]\nExec\\\nStart=/x\n[Ser\\\nvice]\nA=b\n")
	if n := len(f.Sections[0].Assignments); n != 0 {
		t.Errorf("a split key gave %d assignments", n)
	}
	if f.Bad[0].Section != f.Sections[0] || f.Sections[1].Bad != f.Bad[1] {
		t.Errorf("the bad lines do not know their sections")
	}
}

// TestHugeFiles wants no limit in the number of lines, and no time that grows
// with its square.
func TestHugeFiles(t *testing.T) {
	for _, part := range []string{"\r", "\x00", "#\n", "a\n", "[a]\nb=\\\n", "\\\n", "\xef\xbb\xbf", "="} {
		src := strings.Repeat(part, 100_000)
		if ParseFile("x", src).String() != src {
			t.Errorf("%q again and again is printed as something else", part)
		}
	}
	if testing.Short() {
		t.Log("short: no file with more sections than participle repeats by default")
		return
	}
	src := strings.Repeat("[]\n", 1_000_001)
	if n := len(ParseFile("x", src).Sections); n != 1_000_001 {
		t.Errorf("%d sections", n)
	}
}
