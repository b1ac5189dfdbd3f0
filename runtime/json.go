package runtime

import "unicode/utf8"

// JSON (RFC 8259) for the control socket, both ways, without reflection and
// without a tree: who reads keeps the text that came, checked once by
// [validJSON], and looks up in it what it wants; who writes appends.

// jsonText is one JSON value that validJSON has accepted, without blanks
// around it. nil is what is not there.
type jsonText []byte

// jsonDepth is how deep values may be nested: a stack must not grow because a
// client says so.
const jsonDepth = 32

// validJSON tells whether b is one value and nothing else, and answers it.
func validJSON(b []byte) (jsonText, bool) {
	start := skipBlanks(b, 0)
	end := jsonValue(b, start, jsonDepth)
	if end < 0 || skipBlanks(b, end) != len(b) {
		return nil, false
	}
	return b[start:end], true
}

func skipBlanks(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\t' || b[at] == '\n' || b[at] == '\r') {
		at++
	}
	return at
}

// jsonValue is where the value that begins at a place ends, -1 when there is
// none.
func jsonValue(b []byte, at, depth int) int {
	if at >= len(b) || depth == 0 {
		return -1
	}
	switch c := b[at]; {
	case c == '{':
		return jsonList(b, at+1, depth, '}')
	case c == '[':
		return jsonList(b, at+1, depth, ']')
	case c == '"':
		return jsonString(b, at)
	case c == 't':
		return jsonWord(b, at, "true")
	case c == 'f':
		return jsonWord(b, at, "false")
	case c == 'n':
		return jsonWord(b, at, "null")
	}
	return jsonNumber(b, at)
}

func jsonWord(b []byte, at int, word string) int {
	if end := at + len(word); end <= len(b) && string(b[at:end]) == word {
		return end
	}
	return -1
}

// jsonList reads the members of an object or array, after its bracket.
func jsonList(b []byte, at, depth int, closing byte) int {
	at = skipBlanks(b, at)
	if at < len(b) && b[at] == closing {
		return at + 1
	}
	for {
		if closing == '}' {
			if at >= len(b) || b[at] != '"' {
				return -1
			}
			if at = jsonString(b, at); at < 0 {
				return -1
			}
			if at = skipBlanks(b, at); at >= len(b) || b[at] != ':' {
				return -1
			}
			at = skipBlanks(b, at+1)
		}
		if at = jsonValue(b, at, depth-1); at < 0 {
			return -1
		}
		at = skipBlanks(b, at)
		if at >= len(b) || b[at] != ',' && b[at] != closing {
			return -1
		}
		if at++; b[at-1] == closing {
			return at
		}
		at = skipBlanks(b, at)
	}
}

// jsonString reads a string: UTF-8 without control characters.
func jsonString(b []byte, at int) int {
	for at++; at < len(b); {
		switch c := b[at]; {
		case c == '"':
			return at + 1
		case c < ' ':
			return -1
		case c == '\\':
			if at = jsonEscape(b, at+1); at < 0 {
				return -1
			}
		case c < utf8.RuneSelf:
			at++
		default:
			r, size := utf8.DecodeRune(b[at:])
			if r == utf8.RuneError && size < 2 {
				return -1
			}
			at += size
		}
	}
	return -1
}

// jsonEscape is the end of what follows a backslash.
func jsonEscape(b []byte, at int) int {
	if at >= len(b) {
		return -1
	}
	switch b[at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 1
	case 'u':
		if at+5 <= len(b) && hexDigits(b[at+1:at+5]) {
			return at + 5
		}
	}
	return -1
}

func hexDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func jsonNumber(b []byte, at int) int {
	if at < len(b) && b[at] == '-' {
		at++
	}
	start := at
	if at = skipDigits(b, at); at == start || b[start] == '0' && at > start+1 {
		return -1
	}
	if at < len(b) && b[at] == '.' {
		start = at + 1
		if at = skipDigits(b, start); at == start {
			return -1
		}
	}
	if at < len(b) && (b[at] == 'e' || b[at] == 'E') {
		at++
		if at < len(b) && (b[at] == '+' || b[at] == '-') {
			at++
		}
		start = at
		if at = skipDigits(b, start); at == start {
			return -1
		}
	}
	return at
}

func skipDigits(b []byte, at int) int {
	for at < len(b) && isDigit(b[at]) {
		at++
	}
	return at
}

// kind is the character that a value begins with, 0 for none.
//
//go:noinline
func (v jsonText) kind() byte {
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

// next takes the first element off what is left of an array, or the first name
// or value off an object: they come in turn. rest begins as the value itself.
func (v jsonText) next() (element, rest jsonText) {
	if len(v) == 0 {
		return nil, nil
	}
	at := skipBlanks(v, 1) // over a bracket, a comma or a colon
	if at >= len(v) || v[at] == ']' || v[at] == '}' {
		return nil, nil
	}
	end := jsonValue(v, at, jsonDepth)
	if end < 0 {
		return nil, nil
	}
	return v[at:end], v[skipBlanks(v, end):]
}

// member is the value of a name in an object, nil when there is none.
func (v jsonText) member(name string) jsonText {
	if v.kind() != '{' {
		return nil
	}
	for rest := v; ; {
		var key, value jsonText
		if key, rest = rest.next(); key == nil {
			return nil
		}
		if value, rest = rest.next(); key.is(name) {
			return value
		}
	}
}

// is tells whether a value is the string s.
func (v jsonText) is(s string) bool {
	if v.kind() != '"' || len(v) > 6*len(s)+2 { // too long even if all is escaped
		return false
	}
	var room [64]byte
	return string(v.appendTo(room[:0])) == s
}

// appendTo appends the text of a string; half a surrogate pair becomes the
// replacement character.
func (v jsonText) appendTo(b []byte) []byte {
	if v.kind() != '"' {
		return b
	}
	for at := 1; at < len(v)-1; {
		c := v[at]
		if c != '\\' {
			b, at = append(b, c), at+1
			continue
		}
		if c = v[at+1]; c != 'u' {
			b, at = append(b, unescaped(c)), at+2
			continue
		}
		r, size := v.escapedRune(at)
		b, at = utf8.AppendRune(b, r), at+size
	}
	return b
}

// text is appendTo as a string.
//
//go:noinline
func (v jsonText) text() string { return string(v.appendTo(nil)) }

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// escapedRune reads \uXXXX, or two of them that are a surrogate pair.
func (v jsonText) escapedRune(at int) (r rune, size int) {
	high := hexRune(v[at+2 : at+6])
	if high < 0xD800 || high > 0xDFFF {
		return high, 6
	}
	if high < 0xDC00 && at+12 < len(v) && v[at+6] == '\\' && v[at+7] == 'u' {
		if low := hexRune(v[at+8 : at+12]); low >= 0xDC00 && low <= 0xDFFF {
			return 0x10000 + (high-0xD800)<<10 + low - 0xDC00, 12
		}
	}
	return utf8.RuneError, 6
}

func hexRune(b []byte) (r rune) {
	for _, c := range b {
		switch {
		case c <= '9':
			r = r<<4 + rune(c-'0')
		default:
			r = r<<4 + rune(c|0x20-'a') + 10
		}
	}
	return r
}

// number is a whole number that fits, as most are.
func (v jsonText) number() (int64, bool) {
	if v.kind() == '-' {
		n, ok := atoi([]byte(v[1:]))
		return -n, ok
	}
	return atoi([]byte(v))
}

// jsonWriter appends a value. The methods do not check the order: keys go with
// objects. They are called in hundreds of places, hence not inlined.
type jsonWriter struct {
	b    []byte
	more bool // a comma comes before the next value
}

//go:noinline
func (w *jsonWriter) comma() {
	if w.more {
		w.b = append(w.b, ',')
	}
	w.more = true
}

//go:noinline
func (w *jsonWriter) open(bracket byte) {
	w.comma()
	w.b, w.more = append(w.b, bracket), false
}

//go:noinline
func (w *jsonWriter) close(bracket byte) { w.b, w.more = append(w.b, bracket), true }

//go:noinline
func (w *jsonWriter) key(name string) {
	w.text(name)
	w.b, w.more = append(w.b, ':'), false
}

//go:noinline
func (w *jsonWriter) text(s string) {
	w.comma()
	w.b = appendQuoted(w.b, s)
}

//go:noinline
func (w *jsonWriter) number(n int64) {
	w.comma()
	w.b = appendInt(w.b, n)
}

//go:noinline
func (w *jsonWriter) boolean(yes bool) {
	if yes {
		w.raw("true")
	} else {
		w.raw("false")
	}
}

// raw appends text that is JSON already.
//
//go:noinline
func (w *jsonWriter) raw(s string) {
	w.comma()
	w.b = append(w.b, s...)
}

// pair is a name with a text.
func (w *jsonWriter) pair(name, value string) {
	w.key(name)
	w.text(value)
}

// appendQuoted appends s as a string. What is no UTF-8 becomes the replacement
// character; DEL is escaped for the sake of terminals.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for at := 0; at < len(s); {
		c := s[at]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ' || c == 0x7F:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, size := utf8.DecodeRuneInString(s[at:])
			b = utf8.AppendRune(b, r)
			at += size - 1
		}
		at++
	}
	return append(b, '"')
}
