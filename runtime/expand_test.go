package runtime

import (
	"slices"
	"testing"
)

func TestExpandWords(t *testing.T) {
	env := &environment{}
	env.setAll([]string{"ONE=one", "TWO=two words", "EMPTY=", "QUOTED='two  words' \"a b\"c d\\ e '", "PID=42"})
	for _, c := range []struct{ word, want string }{
		{"plain", "plain"},
		{"$ONE", "one"},
		{"$TWO", "two|words"},
		{"${TWO}", "two words"},
		{"$EMPTY", ""},
		{"${EMPTY}", "<empty>"},
		{"$UNSET", ""},
		{"${UNSET}", "<empty>"},
		{"a$ONE", "a$ONE"},
		{"a${ONE}b${TWO}", "aoneb" + "two words"},
		{"$$ONE", "$ONE"},
		{"a$$b", "a$b"},
		{"$${ONE}", "${ONE}"},
		{"${ONE", "${ONE"},
		{"cost$", "cost$"},
		{"$QUOTED", "two  words|a bc|d e|<empty>"},
		{"--pid=${PID}", "--pid=42"},
	} {
		var want []string
		for _, w := range splitBar(c.want) {
			if w == "<empty>" {
				w = ""
			}
			want = append(want, w)
		}
		if got := expandWords([]string{c.word}, env); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", c.word, got, want)
		}
	}
}

func splitBar(s string) (out []string) {
	if s == "" {
		return nil
	}
	start := 0
	for n := range len(s) {
		if s[n] == '|' {
			out, start = append(out, s[start:n]), n+1
		}
	}
	return append(out, s[start:])
}

func FuzzExpandWords(f *testing.F) {
	f.Add("$A", "x 'y z'")
	f.Add("${A}$$", "\\")
	f.Fuzz(func(t *testing.T, word, value string) {
		env := &environment{}
		env.set("A=" + value)
		for _, w := range []string{word, "$A", "${A}"} {
			expandWords([]string{w}, env)
		}
		if got := expandWords([]string{"<${A}>"}, env); len(got) != 1 || got[0] != "<"+value+">" {
			t.Errorf("%q", got)
		}
	})
}
