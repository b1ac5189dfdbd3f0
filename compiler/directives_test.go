package compiler

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// TestTableIsComplete asks systemd for all that it knows: none of it may be
// unknown here. Names that only newer versions have are in the table too.
func TestTableIsComplete(t *testing.T) {
	const systemd = "/lib/systemd/systemd"
	means.Files(t, systemd)
	cmd := exec.Command(systemd, "--dump-configuration-items")
	cmd.Env = []string{"LC_ALL=C"}
	out, err := cmd.Output()
	if err != nil {
		means.Missing(t, "a systemd that answers: "+err.Error())
	}
	section, seen := "", 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
			continue
		}
		name, _, found := strings.Cut(line, "=")
		if found {
			seen++
			if table[section][name] == nil {
				t.Errorf("[%s] has no row for %s", section, name)
			}
		}
	}
	if seen < 1000 {
		t.Errorf("systemd named only %d directives", seen)
	}
}

// TestTableOf257 holds the table against what systemd 257 knows, as it was
// recorded: all of that has a row, which dates it no later.
func TestTableOf257(t *testing.T) {
	text, err := os.ReadFile("testdata/directives-257.txt")
	must(t, err)
	seen := 0
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		for _, section := range words[1:] {
			seen++
			switch d := table[section][words[0]]; {
			case d == nil:
				t.Errorf("[%s] has no row for %s", section, words[0])
			case d.since > 257:
				t.Errorf("[%s] %s is said to be of version %d", section, words[0], d.since)
			}
		}
	}
	if seen != 1328 {
		t.Errorf("%d directives, and it were 1328", seen)
	}
}

// TestTableIsSound holds what the rest of the package takes for granted.
func TestTableIsSound(t *testing.T) {
	for section, rows := range table {
		for name, d := range rows {
			switch {
			case d.level != unsupported && unbuilt[section] != "":
				t.Errorf("[%s] %s is %s, and no plan holds such units", section, name, d.level)
			case d.level == honoured && d.decode == nil:
				t.Errorf("[%s] %s is honoured, and nothing reads it", section, name)
			case d.decode == nil && !strings.HasPrefix(name, "Condition") && !strings.HasPrefix(name, "Assert"):
				t.Errorf("[%s] %s: nothing looks at its value", section, name)
			case d.level != honoured && d.note == "":
				t.Errorf("[%s] %s does not say what is missing", section, name)
			case d.man == "" || d.section != section:
				t.Errorf("[%s] %s has no manual page, or says [%s]", section, name, d.section)
			}
		}
	}
}

// TestSuggest shows what counts as one slip.
func TestSuggest(t *testing.T) {
	names := []string{"After", "ExecStart", "ExecStop", "Restart", "Type"}
	for _, c := range [...]struct{ wrote, want string }{
		{"ExecStartt", "ExecStart"}, // one more
		{"ExecStar", "ExecStart"},   // one less
		{"ExceStart", "ExecStart"},  // two swapped
		{"ExekStart", "ExecStart"},  // another
		{"execstart", "ExecStart"},  // case
		{"Restrat", "Restart"},
		{"Tpe", ""},       // too short to guess
		{"ExecStrtt", ""}, // two slips
		{"Frobnicate", ""},
		{"AfterAfter", ""},
	} {
		if got := suggest(c.wrote, names); got != c.want {
			t.Errorf("%s: %q, want %q", c.wrote, got, c.want)
		}
	}
}
