package grammar

import (
	"fmt"
	"strings"
	"testing"
)

// commandCases are command lines; the wanted ones are written as show does.
var commandCases = []struct{ in, want string }{
	{"", ""},
	{" \t", ""},
	{"echo one ; echo \"two two\"", "echo [one] | echo [two two]"},
	{`echo / >/dev/null & \; ls`, "echo [/] [>/dev/null] [&] [;] [ls]"},
	{`sh -c 'dmesg | tac'`, "sh [-c] [dmesg | tac]"},
	{"/bin/a;b", "/bin/a;b"},
	{"/bin/a b;", "/bin/a [b;]"},
	{"/bin/a ';' b", "/bin/a [;] [b]"},
	{`/bin/a \\; b`, `/bin/a [\;] [b]`},
	{`/bin/a "\;" b`, `/bin/a [\;] [b]`},
	{`/bin/a x\;`, `/bin/a [x\;]`},
	{"; /bin/a ; ; /bin/b ;", "/bin/a | /bin/b"},
	{`";" /bin/a`, "/bin/a"},
	{"-/bin/a", "- /bin/a"},
	{"@/bin/a b c", "@ /bin/a as b [c]"},
	{"-@:+/bin/a b", "@-:+ /bin/a as b"},
	{"!/bin/a", "! /bin/a"},
	{"!!/bin/a", "!! /bin/a"},
	{"!-!/bin/a", "-!! /bin/a"},
	{`"-/bin/a b" c`, "- /bin/a b [c]"},
	{`-"/bin/a b" c`, "- /bin/a b [c]"},
	{`/bin/a "b"'c'd`, "/bin/a [bcd]"},
	{`/bin/a ""  ''`, "/bin/a [] []"},
	{`/bin/a "it's" 'a"b' "a\"b" \s\x41\101\u00e4\U0001f600\t\\`, "/bin/a [it's] [a\"b] [a\"b] [ AAä😀\t\\]"},
	{`/bin/a \q "\x4" \x00 \400 \`, `/bin/a [\q] [\x4] [\x00] [\400] [\]`},
	{"%h/bin/a %i", "%h/bin/a [%i]"},
	{"/bin/a\tb\nc", "/bin/a [b] [c]"},

	{"@/bin/a", "error 0-7"},
	{"/bin/a 'b", "error 7-9"},
	{`/bin/a "b\"`, "error 7-11"},
	{"--/bin/a", "error 0-8"},
	{"+!/bin/a", "error 0-8"},
	{"!!!/bin/a", "error 0-9"},
	{"!+/bin/a", "error 0-8"},
	{"@@a b", "error 0-3"},
	{"- /bin/a", "error 0-1"},
	{`"" a`, "error 0-2"},
	{"bin/a", "error 0-5"},
	{"/bin/", "error 0-5"},
	{"..", "error 0-2"},
	{`/bin/a\tb`, "error 0-9"},
	{"/bin/b ; bin/a", "error 9-14"},
	{`\; /bin/a`, "error 0-2"},
}

// show writes commands in a line, with the arguments in brackets.
func show(commands []ExecCommand) string {
	var all []string
	for _, c := range commands {
		s := c.Path.Text
		if c.Prefix != 0 {
			s = c.Prefix.String() + " " + s
		}
		if c.Prefix.Has(PrefixArgv0) {
			s += " as " + c.Argv0.Text
		}
		for _, a := range c.Args {
			s += " [" + a.Text + "]"
		}
		all = append(all, s)
	}
	return strings.Join(all, " | ")
}

func TestCommands(t *testing.T) {
	for _, c := range commandCases {
		commands, err := ParseCommands(c.in)
		got := show(commands)
		if err != nil {
			got = fmt.Sprintf("error %d-%d", err.Offset, err.End)
		}
		if got != c.want {
			t.Errorf("%q is %q (%v), not %q", c.in, got, err, c.want)
		}
	}
}

// TestCommandPlaces wants to know where words stand.
func TestCommandPlaces(t *testing.T) {
	s := `-/bin/a "b c" ; @"x y" z\qz`
	commands, err := ParseCommands(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what     string
		from, to int
		want     string
	}{
		{"command", commands[0].Offset, commands[0].End, `-/bin/a "b c"`},
		{"path", commands[0].Path.Offset, commands[0].Path.End, "/bin/a"},
		{"argument", commands[0].Args[0].Offset, commands[0].Args[0].End, `"b c"`},
		{"second command", commands[1].Offset, commands[1].End, `@"x y" z\qz`},
		{"second path", commands[1].Path.Offset, commands[1].Path.End, `"x y"`},
		{"argv[0]", commands[1].Argv0.Offset, commands[1].Argv0.End, `z\qz`},
		{"escape", commands[1].Argv0.Escape.Offset, commands[1].Argv0.Escape.End, `\q`},
	} {
		if got := s[c.from:c.to]; got != c.want {
			t.Errorf("%s: %q, not %q", c.what, got, c.want)
		}
	}
}

func TestVariables(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"text", "text"},
		{"$FOO", "split FOO"},
		{"${FOO}", "${FOO}"},
		{"a${FOO}b${BAR}", "a ${FOO} b ${BAR}"},
		{"a$FOO", "a$FOO"},
		{"$FOO/bar", "split FOO/bar"},
		{"$", "split "},
		{"$$", "$"},
		{"$$FOO", "$ FOO"},
		{"a$$", "a$"},
		{"$${FOO}", "$ {FOO}"},
		{"a$", "a$"},
		{"${FOO", "${FOO"},
		{"${FOO:-x}", "${FOO:-x}"},
		{"x${}y", "x ${} y"},
	} {
		var got []string
		for _, p := range ParseVariables(c.in) {
			switch p.Kind {
			case PieceText:
				got = append(got, p.Text)
			case PieceVariable:
				got = append(got, "${"+p.Text+"}")
			case PieceSplit:
				got = append(got, "split "+p.Text)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q is %q, not %q", c.in, s, c.want)
		}
		checkVariables(t, c.in)
	}
}
