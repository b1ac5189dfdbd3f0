package grammar

import "strings"

// SpecifierPiece is text, or one specifier. Offset and End are in the text
// that was parsed.
type SpecifierPiece struct {
	Text        string // what was written, without the first "%" of "%%"
	Spec        byte   // the letter after "%"; 0 for text
	Offset, End int
}

// ParseSpecifiers takes a text apart: systemd.unit(5), "SPECIFIERS". The
// pieces are always all of the text; an error is about a "%" that stands at
// the end or before what can be no specifier. systemd keeps it as it is, and
// so do the pieces.
func ParseSpecifiers(s string) ([]SpecifierPiece, *Error) {
	var pieces []SpecifierPiece
	var err *Error
	start := 0
	text := func(end, next int) {
		if start < end {
			pieces = append(pieces, SpecifierPiece{s[start:end], 0, start, end})
		}
		start = next
	}
	for i := strings.IndexByte(s, '%'); i >= 0 && i < len(s); i++ {
		switch {
		case s[i] != '%':
		case i+1 < len(s) && s[i+1] == '%':
			text(i+1, i+2)
			i++
		case i+1 < len(s) && (isLetter(s[i+1]) || isDigit(s[i+1])): // digits are kept for later ones
			text(i, i+2)
			pieces = append(pieces, SpecifierPiece{s[i : i+2], s[i+1], i, i + 2})
			i++
		case err == nil:
			err = &Error{i, min(i+2, len(s)), "a \"%\" that begins no specifier", "write \"%%\" for the character itself"}
		}
	}
	text(len(s), len(s))
	return pieces, err
}

// Expand replaces the specifiers by what f says. Where f says false, the
// specifier is kept, and the error names the first of them; the text is good
// even then. It is empty when it
// would be longer than systemd's limit on a line.
func Expand(s string, f func(c byte) (string, bool)) (string, *Error) {
	if strings.IndexByte(s, '%') < 0 {
		return s, nil
	}
	pieces, err := ParseSpecifiers(s)
	var b strings.Builder
	for _, p := range pieces {
		if p.Spec == 0 {
			b.WriteString(p.Text)
			continue
		}
		value, ok := f(p.Spec)
		if !ok {
			value = p.Text
			if err == nil || err.Offset > p.Offset {
				err = &Error{p.Offset, p.End, "unknown specifier " + quoted(p.Text), "write \"%%\" for a percent sign"}
			}
		}
		if b.WriteString(value); b.Len() > longLine {
			return "", &Error{p.Offset, p.End, "longer than 1 MiB with its specifiers replaced", "shorten it"}
		}
	}
	return b.String(), err
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
