package runtime

import "strings"

// envParser reads systemd's own syntax of environment files: systemd.exec(5),
// "EnvironmentFile=". It is a shell's only at first sight: blanks inside an
// unquoted value stay, and so do quotes that do not begin it.
type envParser struct {
	text string
	at   int
}

// parseEnvFile appends the assignments of a file.
func parseEnvFile(out []string, text string) []string {
	p := envParser{text: text}
	for {
		p.skipBlanks()
		if p.at == len(p.text) {
			return out
		}
		if c := p.text[p.at]; c == '#' || c == ';' {
			p.comment()
			continue
		}
		if name, ok := p.name(); ok {
			value := p.value()
			if isName(name) && strings.IndexByte(value, 0) < 0 {
				out = append(out, name+"="+value)
			}
		}
	}
}

func (p *envParser) skipBlanks() {
	for p.at < len(p.text) && isBlank(p.text[p.at]) {
		p.at++
	}
}

// comment skips to the end of a comment, which a backslash continues.
func (p *envParser) comment() {
	for ; p.at < len(p.text) && !isNewline(p.text[p.at]); p.at++ {
		if p.text[p.at] == '\\' {
			p.at++
		}
	}
	p.at = min(p.at, len(p.text))
}

func isNewline(c byte) bool { return c == '\n' || c == '\r' }

// name reads up to "="; a line without one is skipped.
func (p *envParser) name() (string, bool) {
	start := p.at
	for ; p.at < len(p.text) && !isNewline(p.text[p.at]); p.at++ {
		if p.text[p.at] == '=' {
			p.at++
			return strings.TrimRight(p.text[start:p.at-1], " \t"), true
		}
	}
	return "", false
}

// value reads quoted parts, and then the unquoted rest of the line.
func (p *envParser) value() string {
	var out []byte
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case isNewline(c):
			return string(out)
		case c == '\'':
			out = p.singleQuoted(out)
		case c == '"':
			out = p.doubleQuoted(out)
		case isBlank(c):
			p.at++
		default:
			return string(p.unquoted(out))
		}
	}
	return string(out)
}

func (p *envParser) singleQuoted(out []byte) []byte {
	for p.at++; p.at < len(p.text); p.at++ {
		if p.text[p.at] == '\'' {
			p.at++
			break
		}
		out = append(out, p.text[p.at])
	}
	return out
}

func (p *envParser) doubleQuoted(out []byte) []byte {
	for p.at++; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		if c == '"' {
			p.at++
			break
		}
		if c != '\\' || p.at+1 == len(p.text) {
			out = append(out, c)
			continue
		}
		p.at++
		switch c = p.text[p.at]; c {
		case '"', '\\', '`', '$':
			out = append(out, c)
		case '\n':
		default:
			out = append(out, '\\', c)
		}
	}
	return out
}

// unquoted reads to the end of the line, without the blanks there; those that
// a backslash protects stay.
func (p *envParser) unquoted(out []byte) []byte {
	keep := len(out)
	for ; p.at < len(p.text) && !isNewline(p.text[p.at]); p.at++ {
		c := p.text[p.at]
		if c == '\\' {
			if p.at++; p.at < len(p.text) && p.text[p.at] != '\n' {
				out = append(out, p.text[p.at])
			}
			keep = len(out)
			continue
		}
		out = append(out, c)
		if !isBlank(c) {
			keep = len(out)
		}
	}
	p.at = min(p.at, len(p.text))
	return out[:keep]
}

// isName says whether a variable may be called so.
func isName(s string) bool {
	for n := range len(s) {
		c := s[n]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (n == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
