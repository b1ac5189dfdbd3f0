package runtime

import (
	"strings"
	"syscall"
	"unicode/utf8"

	"rustysd/runtime/plan"
)

// EnvFiles is the feature of units with EnvironmentFile=, read at each start.
func EnvFiles(i *Init) {
	i.started = append(i.started, func(i *Init) { i.spawner.envFiles = readEnvFiles })
}

// envFileMax bounds an environment file; execve(2) takes no more anyway.
const envFileMax = 1 << 20

// readEnvFiles puts the assignments of a request's files into fileEnv. It runs
// beside the loop. A file that is not there is an error, unless it is marked
// with "-"; then no other trouble with it counts either.
func readEnvFiles(r *spawnRequest) syscall.Errno {
	for n := range r.exec.EnvFiles {
		f := &r.exec.EnvFiles[n]
		if errno := readEnvFile(r, f); errno != 0 && !f.Optional {
			r.badFile = f
			return errno
		}
	}
	return 0
}

func readEnvFile(r *spawnRequest, f *plan.EnvFile) syscall.Errno {
	paths := []string{f.Path}
	if strings.ContainsAny(f.Path, "*?[") {
		if paths = globPaths(f.Path); len(paths) == 0 {
			return syscall.ENOENT
		}
	}
	for _, path := range paths {
		text, errno := readBounded(path, envFileMax)
		if errno != 0 {
			return errno
		}
		if !utf8.ValidString(text) {
			return syscall.EILSEQ
		}
		r.fileEnv = parseEnvFile(r.fileEnv, text)
	}
	return 0
}

// readBounded reads a file that may take its time: Go's scheduler is told.
func readBounded(path string, limit int) (string, syscall.Errno) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NOCTTY, 0)
	if err != nil {
		return "", asErrno(err)
	}
	defer syscall.Close(fd)
	text := make([]byte, 0, 4096)
	for {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := syscall.Read(fd, text[len(text):cap(text)])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return "", asErrno(err)
		case n == 0:
			return string(text), 0
		case len(text)+n > limit:
			return "", syscall.E2BIG
		default:
			text = text[:len(text)+n]
		}
	}
}

func asErrno(err error) syscall.Errno {
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return syscall.EIO
}

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
