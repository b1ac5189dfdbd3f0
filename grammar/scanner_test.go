package grammar

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// handScan is the other opinion: systemd.syntax(7) and what systemd does,
// written a second time without lexer, tree or positions. It says what
// describe says of the tree.
func handScan(src string) []string {
	var out []string
	section, continued, marked := "", "", false
	for src != "" {
		var text string
		text, src = cutLine(src)
		if c := strings.TrimLeft(text, " \t"); c != "" && (c[0] == '#' || c[0] == ';') {
			continue
		}
		if !marked && strings.HasPrefix(text, "\uFEFF") {
			marked = true
			text = text[3:]
		}
		continued += text
		if endsOdd(continued) {
			continued = continued[:len(continued)-1] + " "
			if src != "" {
				continue
			}
		}
		out = append(out, scanLine(strings.Trim(continued, " \t"), &section)...)
		continued = ""
	}
	if continued != "" {
		out = append(out, scanLine(strings.Trim(continued, " \t"), &section)...)
	}
	return out
}

// cutLine takes a line off; line ends are runs of different characters.
func cutLine(src string) (string, string) {
	n := 0
	for n < len(src) && !strings.ContainsRune("\n\r\x00", rune(src[n])) {
		n++
	}
	text, rest := src[:n], src[n:]
	for seen := ""; rest != "" && strings.Contains("\n\r\x00", rest[:1]) && !strings.Contains(seen, rest[:1]); rest = rest[1:] {
		seen += rest[:1]
	}
	return text, rest
}

func endsOdd(s string) bool {
	odd := false
	for i := range len(s) {
		odd = !odd && s[i] == '\\'
	}
	return odd
}

func scanLine(l string, section *string) []string {
	bad := func(k BadKind) []string { return []string{fmt.Sprintf("bad %d %q", k, l)} }
	switch {
	case l == "":
		return nil
	case !utf8.ValidString(l) || strings.ContainsFunc(l, noncharacter):
		if l[0] == '[' {
			*section = "?"
		}
		return bad(BadUTF8)
	case l[0] == '[':
		*section = "?"
		if len(l) < 2 || !strings.HasSuffix(l, "]") {
			return bad(BadHeader)
		}
		name := l[1 : len(l)-1]
		if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || strings.ContainsRune("\"'\\\x7f", r) }) {
			return bad(BadHeaderText)
		}
		return []string{fmt.Sprintf("section %q", name)}
	case *section == "":
		return bad(BadOutside)
	case l[0] == '=':
		return bad(BadEmptyKey)
	}
	key, value, found := strings.Cut(l, "=")
	if !found {
		return bad(BadMissingEquals)
	}
	return []string{fmt.Sprintf("%q=%q", strings.Trim(key, " \t"), strings.Trim(value, " \t"))}
}

func noncharacter(r rune) bool { return r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe }

// describe says what the tree says, in the words of handScan. What is split
// over lines is no error to handScan, because it does not know of places.
func describe(f *File) []string {
	out := describeEntries(nil, f.Head.entries)
	for _, s := range f.Sections {
		if s.Bad != nil && s.Bad.Kind != BadSplitHeader {
			out = append(out, fmt.Sprintf("bad %d %q", s.Bad.Kind, s.Bad.Text))
		} else {
			out = append(out, fmt.Sprintf("section %q", s.Name))
		}
		out = describeEntries(out, s.entries)
	}
	return out
}

func describeEntries(out []string, entries []entry) []string {
	for _, e := range entries {
		switch {
		case e.a != nil:
			out = append(out, fmt.Sprintf("%q=%q", e.a.Key, e.a.Value.Text()))
		case e.bad != nil && e.bad.Kind == BadSplitKey:
			key, value, _ := strings.Cut(e.bad.Text, "=")
			out = append(out, fmt.Sprintf("%q=%q", strings.Trim(key, " \t"), strings.Trim(value, " \t")))
		case e.bad != nil:
			out = append(out, fmt.Sprintf("bad %d %q", e.bad.Kind, e.bad.Text))
		}
	}
	return out
}
