package grammar

import (
	"strings"
	"testing"
)

// maxSeeds bounds what a target begins with: before it fuzzes, each seed runs
// once, and most values of the corpus are alike.
const maxSeeds = 120

// seed adds different values that the corpus gives to directives.
func seed(f *testing.F, takes func(key string) bool, more ...string) {
	for _, s := range more {
		f.Add(s)
	}
	seen := map[string]bool{}
	corpus(f, func(path, src string) {
		for _, s := range ParseFile(path, src).Sections {
			for _, a := range s.Assignments {
				text := a.Value.Text()
				if len(seen) < maxSeeds && !seen[text] && takes(a.Key) {
					seen[text] = true
					f.Add(text)
				}
			}
		}
	})
}

// keys takes directives by a part of their names.
func keys(parts ...string) func(key string) bool {
	return func(key string) bool {
		for _, p := range parts {
			if strings.Contains(key, p) {
				return true
			}
		}
		return false
	}
}

// runParsers wants any text to be read, or to be refused in words.
func runParsers(f *testing.F, names ...string) {
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range names {
			if err := valueParsers[name](s); outside(s, err) {
				t.Fatalf("%s: %q: a bad error %+v", name, s, err)
			}
		}
	})
}

// FuzzValues gives any text to all parsers.
func FuzzValues(f *testing.F) {
	seed(f, keys(""))
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range valueParsers {
			if err := parse(s); outside(s, err) {
				t.Fatalf("%s: %q: a bad error %+v", name, s, err)
			}
		}
	})
}

func FuzzCalendar(f *testing.F) {
	seed(f, keys("OnCalendar"), "Mon..Fri *-*-1/2 00:00:00.5..9/3 UTC", "quarterly", "*-02~03", "@1234567890", "Sat,Thu,2003-3-5 18:00", "05:40:23.4200004/3.1700005")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCalendar(s)
		if err != nil {
			inside(t, s, err)
			return
		}
		again, err := ParseCalendar(c.String())
		if err != nil || again.String() != c.String() {
			t.Fatalf("%q: the normal form %q is read as %q, %v", s, c, again, err)
		}
	})
}

func FuzzTimespan(f *testing.F) {
	seed(f, keys("Sec", "Delay"), "infinity", "1y 12month", "55s500ms", "300ms20s 5day", ".5", "-1", "5 min .", "1.5e3", "\u00b5s 3\u00b5s")
	f.Fuzz(func(t *testing.T, s string) {
		ns, err := ParseTimespan(s)
		inside(t, s, err)
		if err == nil && ns < 0 {
			t.Fatalf("%q is %d", s, ns)
		}
		_, err = ParseTimespanIn(s, Nanosecond)
		inside(t, s, err)
	})
}

func FuzzSize(f *testing.F) {
	seed(f, keys("Limit", "Memory", "Bytes", "Mode", "Nice", "Adjust"), "infinity", "1.5G", "0x10K", "18446744073709551616", "1:2", "5%", "07777")
	runParsers(f, "size", "percent", "limit", "limit nice", "limit time", "mode", "int", "uint", "bool")
}

func FuzzAddress(f *testing.F) {
	seed(f, keys("Listen"), "[::1%lo]:80", "@abstract", "vsock:2:1234", "vsock::1", "127.0.0.1:65536", "audit 1", "/a//b", "::1:1", "[::ffff:1.2.3.4]:1")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		inside(t, s, err)
		if err == nil && a.Family == FamilyUnix && a.Path == "" {
			t.Fatalf("%q is a socket without a name", s)
		}
		if err == nil && a.Family != FamilyUnix && a.Family != FamilyVsock && (a.Port > 65535 || !a.IP.IsValid()) {
			t.Fatalf("%q is %+v", s, a)
		}
		_, err = ParseNetlink(s)
		inside(t, s, err)
	})
}

func FuzzUnitName(f *testing.F) {
	seed(f, keys("After", "Wants", "Alias"), "a@b.service", "a\\x2db.mount", "-.mount", "a@.service", "@.service", "a@@b.service", "dev-x:y.device")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseUnitName(s)
		inside(t, s, err)
		switch {
		case err != nil:
		case u.String() != s:
			t.Fatalf("%q is put together as %q", s, u)
		case len(s) > 255 || strings.ContainsAny(s, "/ \n\x00`*\""):
			t.Fatalf("%q is no name", s)
		}
		if back, err := Unescape(Escape(s)); err == nil && back != s && !strings.Contains(s, "\x00") {
			t.Fatalf("%q is unescaped as %q", s, back)
		}
		if path, err := EscapePath(s); err == nil && !strings.Contains(s, "\x00") {
			back, err := UnescapePath(path)
			if again, _ := EscapePath(back); err != nil || again != path {
				t.Fatalf("%q is escaped as %q, unescaped as %q, %v", s, path, back, err)
			}
		}
	})
}

func FuzzEnvironment(f *testing.F) {
	seed(f, keys("Environment"), `A=b "C=d e" 'F=\'g`, `A=\x41\101\u00e9`, `=x A`, "A=$B ${C}")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := ParseEnvironment(s)
		inside(t, s, err)
		if err != nil {
			return
		}
		for _, a := range list {
			if inside(t, s, a.Bad); a.Bad != nil {
				continue
			}
			if a.Name == "" || strings.ContainsAny(a.Name, "= \x00") || a.Offset < 0 || a.End > len(s) || a.End <= a.Offset {
				t.Fatalf("%q: a bad assignment %+v", s, a)
			}
		}
	})
}

func FuzzPrefixes(f *testing.F) {
	seed(f, func(key string) bool { return strings.HasPrefix(key, "Exec") }, "-@+!!:|/bin/x y", "@-/bin/x", "!!!/x", "--/x", "+!/x", ":@/x")
	f.Fuzz(func(t *testing.T, s string) {
		commands, err := ParseCommands(s)
		inside(t, s, err)
		for _, c := range commands {
			if p := c.Prefix & privileged; p&(p-1) != 0 {
				t.Fatalf("%q: two privileges: %s", s, c.Prefix)
			}
			for _, char := range c.Prefix.String() { // anywhere: it may be quoted
				if !strings.ContainsRune(s[c.Offset:c.End], char) && !strings.Contains(s, "\\") {
					t.Fatalf("%q: no prefix %s", s, c.Prefix)
				}
			}
		}
	})
}

func FuzzSets(f *testing.F) {
	seed(f, keys("SystemCall", "Capabil", "Families", "CPU", "Signal", "Status", "IPAddress"), "~@system-service:EPERM read:kill", "~CAP_A cap_b", "0-3,5 7", "SIGHUP RTMIN+3", "10.0.0.0/8 any", "0 SIGKILL 255 DATAERR")
	runParsers(f, "caps", "syscalls", "cpus", "signal", "statuses", "prefixes")
}

func FuzzWords(f *testing.F) {
	seed(f, keys("Paths", "Directory", "Description", "Condition"), `a "b c" 'd'e\x41 \`, "%i%%%", `"\u1234"`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) ([]Word, *Error){ParseWords, ParseItems} {
			words, err := parse(s)
			if inside(t, s, err); err == nil {
				checkWords(t, s, words)
			}
		}
		checkWords(t, s, ParseList(s))
		_, err := ParseSpecifiers(s)
		inside(t, s, err)
	})
}
