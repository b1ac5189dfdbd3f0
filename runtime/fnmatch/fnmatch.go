package fnmatch

import "strings"

// Match says whether a text fits a pattern with "*", "?" and sets, in which "!"
// and "^" negate; with escapes a backslash takes a character as it is. What
// follows the last "*" is tried at one place after the other; an earlier one need
// not be tried again, so that no pattern takes long.
func Match(pattern, text string, escapes bool) bool {
	star, from := -1, 0 // where to go on behind the last "*"
	for p, t := 0, 0; t < len(text) || p < len(pattern); {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, from = p, t
			continue
		}
		if t < len(text) && p < len(pattern) {
			if n := one(pattern[p:], text[t], escapes); n > 0 {
				p += n
				t++
				continue
			}
		}
		if star < 0 || from >= len(text) {
			return false
		}
		from++
		p, t = star, from
	}
	return true
}

// one is the length of what a pattern begins with, if that matches c; else 0.
func one(pattern string, c byte, escapes bool) int {
	n, fits := 1, pattern[0] == c || pattern[0] == '?'
	switch {
	case pattern[0] == '\\' && escapes && len(pattern) > 1:
		n, fits = 2, pattern[1] == c
	case pattern[0] == '[':
		if end, in := set(pattern, c, escapes); end > 0 {
			n, fits = end, in
		}
	}
	if !fits {
		return 0
	}
	return n
}

// set is the length of the set that a pattern begins with, 0 if there is no end
// to it, and whether c is in it. A "]" that comes first is a member.
func set(s string, c byte, escapes bool) (n int, in bool) {
	i := 1
	not := len(s) > 1 && (s[1] == '!' || s[1] == '^')
	if not {
		i++
	}
	for first := true; i < len(s); first = false {
		if s[i] == ']' && !first {
			return i + 1, in != not
		}
		if strings.HasPrefix(s[i:], "[:") {
			if end := strings.Index(s[i:], ":]"); end > 0 {
				in = in || isClass(s[i+2:i+end], c)
				i += end + 2
				continue
			}
		}
		var low, high byte
		low, i = member(s, i, escapes)
		high = low
		if i+1 < len(s) && s[i] == '-' && s[i+1] != ']' {
			high, i = member(s, i+1, escapes)
		}
		in = in || low <= c && c <= high
	}
	return 0, false
}

// member is the character at i of a set, and where the next one stands.
func member(s string, i int, escapes bool) (c byte, next int) {
	if escapes && s[i] == '\\' && i+1 < len(s) {
		i++
	}
	return s[i], i + 1
}

// isClass says whether c is in a class of characters, as in the C locale.
func isClass(name string, c byte) bool {
	lower, upper, number := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
	switch name {
	case "alpha":
		return lower || upper
	case "digit":
		return number
	case "alnum":
		return lower || upper || number
	case "lower":
		return lower
	case "upper":
		return upper
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "xdigit":
		return number || c|0x20 >= 'a' && c|0x20 <= 'f'
	case "punct":
		return c > ' ' && c < 0x7f && !lower && !upper && !number
	}
	return false
}
