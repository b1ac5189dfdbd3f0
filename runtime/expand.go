package runtime

import "strings"

// Expand is the feature of command lines with variables to replace when they
// are run (systemd.service(5), "COMMAND LINES").
func Expand(i *Init) {
	i.started = append(i.started, func(i *Init) { i.spawner.expand = expandWords })
}

// expandWords replaces the variables in the words of a command line.
//
// "$NAME" as a word of its own becomes the words of the value, which may be
// none; "${NAME}" becomes the value wherever it stands, blanks and all; "$$"
// is a dollar. What is not set is empty. A dollar before anything else stays,
// and so does "${NAME:" with what follows, which is a shell's.
func expandWords(argv []string, env *environment) []string {
	out := make([]string, 0, len(argv)+4)
	for _, word := range argv {
		switch {
		case strings.IndexByte(word, '$') < 0:
			out = append(out, word)
		case word[0] == '$' && (len(word) == 1 || word[1] != '{' && word[1] != '$'):
			value, _ := env.get(word[1:])
			out = splitWords(out, value)
		default:
			out = append(out, expandInside(word, env))
		}
	}
	return out
}

// expandInside replaces "${NAME}" and "$$" in a word.
func expandInside(word string, env *environment) string {
	out := make([]byte, 0, len(word)+32)
	for n := 0; n < len(word); n++ {
		rest := word[n+1:]
		switch {
		case word[n] != '$' || rest == "":
			out = append(out, word[n])
		case rest[0] == '$':
			out = append(out, '$')
			n++
		case rest[0] == '{' && strings.IndexAny(rest, ":}") > 0 && rest[strings.IndexAny(rest, ":}")] == '}':
			end := strings.IndexByte(rest, '}')
			value, _ := env.get(rest[1:end])
			out = append(out, value...)
			n += end + 1
		default:
			out = append(out, '$')
		}
	}
	return string(out)
}

// splitWords appends the words of a value. Quotes hold words together and go;
// a backslash keeps the next character as it is; a quote that does not end
// reaches to the end of the value.
func splitWords(out []string, value string) []string {
	var word []byte
	var quote byte
	inside := false
	for n := 0; n < len(value); n++ {
		c := value[n]
		switch {
		case quote == 0 && isBlank(c):
			if inside {
				out, word, inside = append(out, string(word)), word[:0], false
			}
			continue
		case c == '\\':
			if n++; n < len(value) {
				word = append(word, value[n])
			}
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		default:
			word = append(word, c)
		}
		inside = true
	}
	if inside {
		out = append(out, string(word))
	}
	return out
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
