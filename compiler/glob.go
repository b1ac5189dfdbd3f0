package compiler

import "strings"

// globMatch matches a text against a pattern as fnmatch(3) does: "*", "?" and
// sets, in which "!" and "^" negate; with escapes a backslash takes a character
// as it is. [path.Match] knows no "!", refuses some patterns, and stops at
// slashes.
func globMatch(pattern, text string, escapes bool) bool {
	star, from := -1, 0 // where to go on behind the last "*"
	for p, t := 0, 0; t < len(text) || p < len(pattern); {
		if p < len(pattern) && pattern[p] == '*' {
			star, from = p+1, t
			p++
			continue
		}
		if t < len(text) {
			if n := globOne(pattern[p:], text[t], escapes); n > 0 {
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

// globOne is the length of what a pattern begins with, if that matches c; else 0.
func globOne(pattern string, c byte, escapes bool) int {
	if pattern == "" {
		return 0
	}
	switch pattern[0] {
	case '?':
		return 1
	case '\\':
		if escapes && len(pattern) > 1 {
			return globIf(pattern[1] == c, 2)
		}
	case '[':
		if n, in := globSet(pattern, c, escapes); n > 0 {
			return globIf(in, n)
		}
	}
	return globIf(pattern[0] == c, 1)
}

func globIf(yes bool, n int) int {
	if yes {
		return n
	}
	return 0
}

// globSet is the length of the set that a pattern begins with, 0 if there is no
// end to it, and whether c is in it.
func globSet(pattern string, c byte, escapes bool) (n int, in bool) {
	i := 1
	not := i < len(pattern) && strings.IndexByte("!^", pattern[i]) >= 0
	if not {
		i++
	}
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			return i + 1, in != not
		}
		if class, name, ok := globClass(pattern[i:]); ok {
			in = in || class(c)
			i += len("[::]") + len(name)
			continue
		}
		low, next := globMember(pattern, i, escapes)
		high := low
		if next+1 < len(pattern) && pattern[next] == '-' && pattern[next+1] != ']' {
			high, next = globMember(pattern, next+1, escapes)
		}
		in = in || low <= c && c <= high
		i = next
	}
	return 0, false
}

// globMember is the character at i of a set, and where the next one stands.
func globMember(pattern string, i int, escapes bool) (c byte, next int) {
	if escapes && pattern[i] == '\\' && i+1 < len(pattern) {
		i++
	}
	return pattern[i], i + 1
}

// globClasses are the classes of characters that systemd's patterns use, in the C
// locale.
var globClasses = map[string]func(c byte) bool{
	"alpha": isAlpha,
	"digit": func(c byte) bool { return c >= '0' && c <= '9' },
	"alnum": func(c byte) bool { return isAlpha(c) || c >= '0' && c <= '9' },
	"lower": func(c byte) bool { return c >= 'a' && c <= 'z' },
	"upper": func(c byte) bool { return c >= 'A' && c <= 'Z' },
	"space": func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' },
	"xdigit": func(c byte) bool {
		return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
	},
	"punct": func(c byte) bool { return c > ' ' && c < 0x7f && !isAlpha(c) && (c < '0' || c > '9') },
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// globClass is the class that stands at the start of a part of a set.
func globClass(part string) (class func(c byte) bool, name string, ok bool) {
	if !strings.HasPrefix(part, "[:") {
		return nil, "", false
	}
	name, _, ok = strings.Cut(part[2:], ":]")
	class = globClasses[name]
	return class, name, ok && class != nil
}
