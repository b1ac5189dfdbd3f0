package grammar

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verify asks systemd about many units that differ in one line, and says which
// of them it complains about in that line.
func verify(t *testing.T, lines []string) map[string]string {
	t.Helper()
	tool := oracle(t, "systemd-analyze")
	dir := t.TempDir()
	args := []string{"verify", "--recursive-errors=no", "--man=no"}
	for i, line := range lines {
		path := filepath.Join(dir, fmt.Sprintf("v%d.service", i))
		args = append(args, path)
		src := "[Service]\nType=oneshot\n" + line + "\n"
		if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := exec.Command(tool, args...).CombinedOutput()
	said := map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, dir+"/v"), ".service:3: ")
		var n int
		if _, err := fmt.Sscanf(name, "%d", &n); err == nil && rest != "" && n < len(lines) {
			said[lines[n]] += rest + "\n"
		}
	}
	return said
}

// TestCommandOracle wants systemd and us to refuse the same command lines, and
// to warn about the same escapes.
func TestCommandOracle(t *testing.T) {
	var lines []string
	for _, c := range commandCases {
		if !strings.ContainsAny(c.in, "\n%") {
			lines = append(lines, "ExecStart="+c.in)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		lines = append(lines, "ExecStart="+pick(r, 3, "-", "@", ":", "+", "!", "", "\"", "")+"/bin/true"+
			pick(r, 8, " ", " ", "a", ";", " ; ", "/bin/true", `\;`, `\`, `"`, "'", `\x41`, `\x4`, `\101`, `\18`, `\u00e4`, `\ud800`, `\n`, `\z`, "-", "@"))
	}
	said := verify(t, lines)
	refused := 0
	for _, line := range lines {
		text := strings.TrimSpace(strings.TrimPrefix(line, "ExecStart="))
		if _, goesOn := continues(text); goesOn {
			continue // the complaint is about another line
		}
		commands, err := ParseCommands(text)
		theirs := said[line]
		onlyEscape := strings.Count(theirs, "\n") == strings.Count(theirs, "unknown escape sequences")
		if theirs != "" && !onlyEscape {
			refused++
		}
		if (err != nil) != !onlyEscape && !strings.HasPrefix(errText(err), "the prefix") {
			t.Errorf("%q: systemd says %q, we say %v", text, theirs, err)
		}
		if err == nil && onlyEscape && countEscapes(commands) != strings.Count(theirs, "\n") {
			t.Errorf("%q: systemd says %q, we find %d bad escapes", text, theirs, countEscapes(commands))
		}
	}
	t.Logf("%d lines, %d refused by systemd", len(lines), refused)
}

func errText(err *Error) string {
	if err == nil {
		return ""
	}
	return err.Msg
}

// countEscapes counts the words with escapes that systemd does not know.
func countEscapes(commands []ExecCommand) int {
	n := 0
	for _, c := range commands {
		words := append([]Word{c.Path}, c.Args...)
		if c.Prefix.Has(PrefixArgv0) {
			words = append(words, c.Argv0)
		}
		for _, w := range words {
			if w.Escape != nil {
				n++
			}
		}
	}
	return n
}

// TestEnvironmentOracle wants systemd and us to ignore the same assignments.
func TestEnvironmentOracle(t *testing.T) {
	lines := []string{"Environment=A=1", `Environment="A=1 2" B=2`, "Environment=A", "Environment=1A=x", "Environment=A.B=x", "Environment==x",
		`Environment=A=\x01`, `Environment=A=\t\n`, `Environment="A=x`, `Environment=A=\xff`, "Environment=A=\x7f", "Environment=_=", "Environment=ä=1",
		`Environment=A B=1 C`, `Environment=A=\q`, `Environment="" A=1`}
	said := verify(t, lines)
	for _, line := range lines {
		list, err := ParseEnvironment(strings.TrimPrefix(line, "Environment="))
		bad := 0
		for _, a := range list {
			if a.Bad != nil {
				bad++
			}
			if a.Escape != nil {
				bad++
			}
		}
		if err != nil {
			bad++
		}
		if got := strings.Count(said[line], "\n"); got != bad {
			t.Errorf("%q: systemd says %q, we find %d", line, said[line], bad)
		}
	}
}

// valueDirectives are directives whose values are the cases of values_test.go.
// Capabilities are not among them: systemd drops unknown ones in silence.
var valueDirectives = map[string]string{
	"bool": "RemainAfterExit", "mode": "UMask", "nofile": "LimitNOFILE", "memlock": "LimitMEMLOCK",
	"cpu": "LimitCPU", "rttime": "LimitRTTIME", "nice": "LimitNICE", "timespan": "RestartSec",
	"nanoseconds": "TimerSlackNSec", "signal": "KillSignal", "statuses": "SuccessExitStatus",
	"cpus": "CPUAffinity", "prefixes": "IPAddressAllow",
	"size": "LimitMSGQUEUE", "percent": "CPUQuota",
}

// TestValueOracle wants systemd and us to refuse the same values.
func TestValueOracle(t *testing.T) {
	var lines []string
	ours := map[string]*Error{}
	for name, directive := range valueDirectives {
		for _, c := range valueCases[name] {
			if text := strings.TrimSpace(c[0]); text == c[0] && text != "" {
				if text == "0%" {
					continue // a percentage, but no quota
				}
				line := directive + "=" + text
				lines = append(lines, line)
				_, ours[line] = valuePrinters[name](text)
			}
		}
	}
	said := verify(t, lines)
	for _, line := range lines {
		if err := ours[line]; (err != nil) != (said[line] != "") {
			t.Errorf("%q: systemd says %q, we say %v", line, said[line], err)
		}
	}
	t.Logf("%d values", len(lines))
}
