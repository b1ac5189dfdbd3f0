package grammar

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestFileOracle holds the reading of whole files against systemd's. Its
// complaints about unknown keys and sections, and about a Type= that it does
// not know, say what it took for a key, a header and a value.
func TestFileOracle(t *testing.T) {
	tool := oracle(t, "systemd-analyze")
	r := rand.New(rand.NewPCG(5, 6))
	parts := []string{
		"[Unit]\n", "[Service]\n", "[X-a]\n", "[q]\n", "Type=", "Type=", "K", "X-K", "=", "=", "v", "é", "\\", "\\\n", "\\\n", "\n", "\n", "\n",
		"\n\\", "\r", "\r\n", "#c\n", "# d", ";", " ", "\t", "\uFEFF", "]", "[", "\"", "\\\\\n",
	}
	dir := t.TempDir()
	files := map[string]string{}
	args := []string{"verify", "--recursive-errors=no", "--man=no"}
	for i := range 400 {
		src := "[Service]\n" + pick(r, 30, parts...)
		if i%10 == 0 {
			src += pick(r, 2, "\xff", "\ufffe", "a\n")
		}
		if i%5 == 0 {
			src = src[len("[Service]\n"):]
		}
		files[fmt.Sprintf("f%d.service", i)] = src
	}
	for i, c := range fileCases {
		files[fmt.Sprintf("c%d.service", i)] = strings.NewReplacer("[A]", "[Service]", "K=", "Type=").Replace(c.src)
	}
	for name, src := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(dir, name))
	}
	out, _ := exec.Command(tool, args...).CombinedOutput()
	said := map[string][]string{}
	for _, line := range strings.Split(string(out), "\n") {
		name, rest, found := strings.Cut(strings.TrimPrefix(line, dir+"/"), ":")
		_, message, numbered := strings.Cut(rest, ": ")
		if _, ours := files[name]; found && ours && numbered && strings.HasPrefix(line, dir) {
			if value, newer := strings.CutPrefix(message, "Failed to parse Type="); newer { // as 257 says it
				message = "Failed to parse service type, ignoring: " + strings.TrimSuffix(value, ", ignoring: Invalid argument")
			}
			said[name] = append(said[name], message)
		}
	}
	checked := 0
	for name, src := range files {
		want := complaints(ParseFile("x", src))
		checked += len(want)
		if got := said[name]; !slices.Equal(got, want) {
			t.Errorf("%q:\nsystemd %q\nwe      %q", src, got, want)
		}
	}
	t.Logf("%d files, %d complaints", len(files), checked)
}

// complaints says what systemd 252 would say about a file.
func complaints(f *File) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, e := range f.Head.entries {
		if e.bad != nil && complain(e.bad, say) {
			return out
		}
	}
	for _, s := range f.Sections {
		if s.Bad != nil && s.Bad.Kind.Fatal() {
			complain(s.Bad, say)
			return out
		}
		known := s.Name == "Unit" || s.Name == "Service" || s.Name == "Install"
		if !known && !strings.HasPrefix(s.Name, "X-") {
			say("Unknown section '%s'. Ignoring.", s.Name)
		}
		for _, e := range s.entries {
			switch {
			case e.bad != nil && (known || e.bad.Kind.Fatal()):
				if e.bad.Kind == BadSplitKey {
					key, _, _ := strings.Cut(e.bad.Text, "=")
					complainKey(s, strings.Trim(key, blanks), "", say)
				} else if complain(e.bad, say) {
					return out
				}
			case e.a != nil && known:
				complainKey(s, e.a.Key, e.a.Value.Text(), say)
			}
		}
	}
	return out
}

func complainKey(s *Section, key, value string, say func(string, ...any)) {
	switch {
	case s.Name == "Service" && key == "Type":
		say("Failed to parse service type, ignoring: %s", value)
	case !strings.HasPrefix(key, "X-"):
		say("Unknown key '%s' in section [%s], ignoring.", key, s.Name)
	}
}

// complain says what systemd says about a bad line, and whether it stops.
func complain(b *BadLine, say func(string, ...any)) bool {
	switch b.Kind {
	case BadMissingEquals:
		say("Missing '=', ignoring line.")
	case BadEmptyKey:
		say("Missing key name before '=', ignoring line.")
	case BadOutside:
		say("Assignment outside of section. Ignoring.")
	case BadHeader:
		say("Invalid section header '%s'", b.Text)
	case BadHeaderText:
		say("Bad characters in section header '%s'", b.Text)
	case BadUTF8:
		say("String is not UTF-8 clean, ignoring assignment: %s", escapeInvalid(b.Text))
	}
	return b.Kind.Fatal()
}

// escapeInvalid writes a replacement for each byte that is no UTF-8 to systemd.
func escapeInvalid(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || noncharacter(r) {
			b.WriteString(strings.Repeat("\uFFFD", n))
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}
