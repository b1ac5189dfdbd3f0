package fnmatch

import (
	"os/exec"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// cases are a pattern and a text each, and whether fnmatch(3) says that they
// fit.
var cases = []struct {
	pattern, text string
	want          bool
}{
	{"*", "", true}, {"**", "x", true}, {"?", "", false}, {"a*b*c", "aXbYbZc", true}, {"a*b*c", "aXbYcZ", false}, {"*a", "aaab", false},
	{"[abc]", "a", true}, {"[abc]", "d", false}, {"[!abc]", "d", true}, {"[!abc]", "a", false}, {"[^abc]", "a", false}, {"[^abc]x", "dx", true},
	{"[a-c]", "b", true}, {"[!a-c]", "b", false}, {"[c-a]", "b", false}, {"[a-]", "-", true}, {"[-a]", "-", true}, {"[]a]", "]", true},
	{"[!]a]", "]", false}, {"[!]a]", "b", true}, {"[a", "[a", true}, {"[", "[", true}, {"[!", "[!", true}, {"a[", "a[", true},
	{`\*`, "*", true}, {`\*`, "x", false}, {`[\]]`, "]", true}, {`[a\-z]`, "-", true}, {`[a\-z]`, "b", false}, {`a\x2d*`, "ax2db", true},
	{"[[:alpha:]]x", "ax", true}, {"[[:digit:]a]", "a", true}, {"[![:space:]]", " ", false}, {"[[:punct:]]", "-", true}, {"*/x", "a/b/x", true},
	{"*", "x", true}, {"*.conf", "a.conf", true}, {"*.conf", "a.conf.x", false}, {"a?c", "ac", false}, {"[a-c]x", "bx", true},
	{"[!a-c]x", "bx", false}, {"[]x]", "]", true}, {"*a*b*", "xaybz", true}, {"**", "", true},
	{"[[:upper:][:digit:]]", "a", false}, {"*-*-*", "a-b", false}, {"a?c", "abc", true}, {"", "", true}, {"", "a", false}, {"[a-c-e]", "-", true},
}

// TestMatch holds the matcher to its cases, and them to a shell.
func TestMatch(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil && means.InCI() {
		means.Missing(t, "bash")
	}
	for _, c := range cases {
		if Match(c.pattern, c.text, true) != c.want {
			t.Errorf("%q fits %q: not %v", c.pattern, c.text, c.want)
		}
		if shell == "" || strings.Contains(c.pattern, "c-a") {
			continue
		}
		cmd := exec.Command(shell, "-c", "case $T in ($P) exit 0;; esac; exit 1")
		cmd.Env = []string{"LC_ALL=C", "P=" + c.pattern, "T=" + c.text}
		if err := cmd.Run(); (err == nil) != c.want {
			t.Errorf("%q fits %q in a shell: not %v", c.pattern, c.text, c.want)
		}
	}
	if Match(`a\x2d*`, "ax2db", false) || !Match(`a\x2d*`, `a\x2db`, false) {
		t.Error("without escapes a backslash is one")
	}
	if Match(strings.Repeat("*a", 2000)+"b", strings.Repeat("a", 20_000), true) {
		t.Error("what has no b fits")
	}
}
