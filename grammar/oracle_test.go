package grammar

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// systemd's own tools say what is right, where they are installed.

// oracle is the path of a tool of systemd.
func oracle(t *testing.T, name string) string {
	t.Helper()
	return means.Program(t, name)
}

// ask runs a tool with one argument more, and finds the rest of the line after
// mark; ok is false when the tool refuses the argument.
func ask(mark, arg, tool string, args ...string) (answer string, ok bool) {
	out, err := exec.Command(tool, append(args, "--", arg)...).Output()
	if err != nil {
		return "", false
	}
	_, rest, _ := strings.Cut(string(out), mark)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line), true
}

// compare holds a parser against a tool for each text.
func compare(t *testing.T, texts []string, theirs func(s string) (string, bool), ours func(s string) (string, *Error)) {
	t.Helper()
	for _, s := range texts {
		want, ok := theirs(s)
		got, err := ours(s)
		switch {
		case ok && err != nil:
			t.Errorf("%q: systemd says %q, we refuse it: %v", s, want, err)
		case !ok && err == nil:
			t.Errorf("%q: systemd refuses it, we say %q", s, got)
		case ok && got != want:
			t.Errorf("%q: systemd says %q, we say %q", s, want, got)
		}
	}
}

// pick makes a text of random parts; the same in each run.
func pick(r *rand.Rand, n int, parts ...string) string {
	var b strings.Builder
	for range 1 + r.IntN(n) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

func TestCalendarOracle(t *testing.T) {
	tool := oracle(t, "systemd-analyze")
	texts := []string{
		"Mon,", "Mon, ", "mon..fri,", "Mon-Fri", "Fri-Mon", "Mon..", "Mon..Tue..Wed", "Mon,,Tue", "Monday..Sunday",
		"@1395716396", "Mon @1395716396", "@1395716396 Europe/Berlin", "@5 10:00", "2020-01-01 @5",
		"*:*/5", "*:0/5", "*-*-* *:*:*", "*-*-* *:*:*/5", "*:*:0/7", "*:*:0.25/0.5", "*:*:1.5..3.25", "*:*:0..59", "*:*:59.9999999",
		"10", "10:", "10:20:30:40", "24:00", "23:60", "1:2:60", "10:1/0", "10:5..3", "10:5..5", "10:5..7/5", "10:0/60", "10:0/59",
		"2012", "12-31", "13-01", "02-31", "*-02~03", "Mon *-05~07/1", "*-*~28", "*-*~29", "*-*~1..5/2", "2012~01-02", "02~01", "*~*", "*-*~*",
		"2200-01-01", "1969-01-01", "70-1-1", "69-1-1", "99-1-1", "100-1-1", "2012-01-01-01", "2012..2014-01-01", "2012/2-01-01",
		"*-*-1,1,1", "*-*-3,1..2,2..9/3", "0:0", "000:000", "1,2,:0", "1:2,", "*,1:00", "1..*:00", "1:00 ", "1:00  UTC", "1:00 utc", "1:00 UTC UTC",
		"UTC", " 10:00", "10:00 Foo", "DAILY", "daily 10:00", "daily  UTC", "Mon daily", "Mon  10:00", "Mon\t10:00", "semi-annually", "Bi-Annually", "anually",
		"5..", "..5", "1.5:00", "1:1.5", "1:1:1.", "1:1:1.x", "-1:00", "+1:00", "99999999999:00", "1:1:2147.5", "10:30 11:30", "01-01 02-02", "10:00 01-01",
		"Mon 2012-01-01 10:00 Europe/Berlin", "Mon *", "*", "*-*-*", "*-*", "*:*", "Mon..Sun 10:00", "Sat..Sun 10:00", "Mon,Wed,Fri *:00",
		"12..14:10,20,30", "*-01..06/2-01", "*-*-01..07/1", "0..23/2:00", "0..23/5:00", "*-*-* 00..06/3,12:00",
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		texts = append(texts, pick(r, 6, "Mon", "..", ",", "-", "~", "*", ":", "/", " ", "1", "07", "30", "2012", "-*-", "*:", " 10:", "UTC", ".5", "Sun"))
	}
	for range 100 {
		n := func() string { return pick(r, 1, "*", "1", "05", "1/2", "1..9", "2..9/3", "1,7", "3,1..2", "0", "28") }
		texts = append(texts, n()+pick(r, 1, "-", "-", "~")+n()+" "+n()+":"+n()+":"+n()+pick(r, 1, "", ".5", " UTC"))
	}
	compare(t, texts,
		func(s string) (string, bool) { return ask("Normalized form: ", s, tool, "calendar") },
		func(s string) (string, *Error) {
			c, err := ParseCalendar(s)
			if err == nil && c.Zone == "Foo" {
				err = &Error{Msg: "no such zone"} // needs the zones of the image
			}
			return c.String(), err
		})
}

func TestTimespanOracle(t *testing.T) {
	tool := oracle(t, "systemd-analyze")
	texts := []string{
		"5", "5s", "1.5h", ".5", "5.", "5. s", "5.s", "1..5", "1.2.3", "1 2", "1 2 3ms", "1s2", "1s 2", "5 5", "", " ", "-1", "1 -1", "+5", "1 +5", "++5",
		"infinity", " infinity ", "Infinity", "infinity 5", "5 infinity", "5us", "5µs", "5μs", "5ns", "0.5us", "1.9999999s", "1y 12month", "1M", "1m", "1month",
		"1mon", "1 minutes", "5MIN", "1e3", "0x10", "5 foo", "2 h", "2hours", "48hr", "55s500ms", "300ms20s 5day", "200y", "100000y", "18446744073709551615",
		"9223372036854775807", "9223372036854775808us", "0", "00", "0s", "1w1d1h1min1s1ms1us", "1sec.5", "1 .5", "1s.5s", "5s,", "min",
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		texts = append(texts, pick(r, 6, "1", "20", ".", "5", " ", "s", "ms", "min", "h", "d", "w", "M", "y", "us", "sec", "m", "x", "+", "-"))
	}
	compare(t, texts,
		func(s string) (string, bool) {
			us, ok := ask("μs: ", s, tool, "timespan")
			if n, err := strconv.ParseFloat(us, 64); err == nil && n > 9e15 {
				us = "infinity" // too long for our 64 bits of nanoseconds
			}
			if us == "" {
				us = "infinity"
			}
			return us, ok
		},
		func(s string) (string, *Error) {
			ns, err := ParseTimespan(s)
			if ns == Infinity || ns > 9e18 {
				return "infinity", err
			}
			return fmt.Sprint(ns / Microsecond), err
		})
}

func TestEscapeOracle(t *testing.T) {
	tool := oracle(t, "systemd-escape")
	texts := []string{"a b", "/a/b/", ".a", "a.b", "-", "--", "ä", "a\\b", "/", "//", "a//b", "./a", "a/./b", "a/../b", "..", "foo-bar", "\x01", "a:b_c", "/.a/.b", "~", "a@b", "/dev/sda1", ".", "./.", "/.", "././"}
	r := rand.New(rand.NewPCG(5, 6))
	for range 120 {
		texts = append(texts, pick(r, 8, "/", "a", "-", ".", "..", "\\", "x2d", "@", " ", "\u00e9", "\x7f", ":", "_", "dev", "%", "\t", "\xff"))
	}
	first := func(s string, args ...string) (string, bool) { return ask("", s, tool, args...) }
	compare(t, texts, func(s string) (string, bool) { return first(s) },
		func(s string) (string, *Error) { return Escape(s), nil })
	compare(t, texts, func(s string) (string, bool) { return first(s, "--path") }, EscapePath)
	escaped := []string{"a-b", "-", "--", "a-", "-a", "a--b", `\x2d`, `\x2`, `a\x2db`, `\X2d`, `\x2G`, `\\`, `a\`, "a.b", ".", "..", "a-..-b", "a-.", `\x2f`, `a\x2fb`, "ä", "a b"}
	for range 120 { // no \\x00: systemd cuts the text there, we refuse it
		escaped = append(escaped, pick(r, 8, "-", "a", `\x2d`, `\x`, `\x2f`, `\xe9`, "\\", ".", "..", "@", "dev", "2d", "/"))
	}
	compare(t, escaped, func(s string) (string, bool) { return first(s, "--unescape") }, Unescape)
	compare(t, escaped, func(s string) (string, bool) { return first(s, "--unescape", "--path") }, UnescapePath)
	compare(t, texts, func(s string) (string, bool) { return first(s, "--template=foo@.service") },
		func(s string) (string, *Error) { return MangleInstance("foo@.service", Escape(s)) })
}
