package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sys/unix"

	"rustysd/compiler"
)

// troubled is a folder about which there is much to say, in odd places.
func troubled(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.service":        "[Unit]\nDescription=日本語\nAfter=b.service\nFoo=日本 \n[Service]\nExecStart=/bin/a\nNice=99\nReadOnlyPaths=/a é{\nRestart=allways\n[Install]\nWantedBy=multi-user.target\n",
		"b.service":        "[Unit]\nAfter=a.service\nRequires=gone.service\n[Service]\nExecStartt=x\nExecStart=/bin/b \\\n  \"y\n[Install]\nWantedBy=multi-user.target\n",
		"l\xe9.service":    "[Service]\nExecStart=/bin/true\n",
		"c d.service":      "[Service]\n",
		"x%41:y#?.service": "[Service]\n",
		"n.service":        "[Service]\nExecStart=/bin/a\x00b\n[Install]\nWantedBy=multi-user.target\n",
		"a.socket":         "[Socket]\nListenStream=80\nListenStream=0.0.0.0:80\n[Install]\nWantedBy=sockets.target multi-user.target\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

// TestJSONSchema: each line is one object with every field of schema 1, and
// makes sense.
func TestJSONSchema(t *testing.T) {
	code, out, _ := call("check", "--json", troubled(t))
	if code != exitUnits || strings.Count(out, "\n") < 8 || !utf8.ValidString(out) {
		t.Fatal(code, out)
	}
	for line := range strings.Lines(out) {
		var d map[string]any
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		for field, kind := range map[string]string{"schema": "number", "file": "string", "line": "number", "column": "number", "endLine": "number",
			"endColumn": "number", "severity": "string", "code": "string", "message": "string", "hint": "string", "related": "list"} {
			if jsonKind(d[field]) != kind {
				t.Errorf("%s is no %s: %s", field, kind, line)
			}
		}
		if _, known := compiler.Explain(fmt.Sprint(d["code"])); !known || len(d) != 11 || d["schema"] != 1.0 || d["message"] == "" {
			t.Errorf("a field too many, or an unknown code: %s", line)
		}
		if s := d["severity"]; s != "error" && s != "warning" && s != "note" {
			t.Errorf("severity %v", s)
		}
		if d["line"] == 0.0 && d["column"] != 0.0 || d["endLine"] != 0.0 && d["endLine"].(float64) < d["line"].(float64) {
			t.Errorf("places: %s", line)
		}
	}
}

// jsonKind is the type of a JSON value.
func jsonKind(v any) string {
	switch v.(type) {
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "nothing"
}

// TestSARIFSchema holds a log against what the schema of SARIF 2.1.0 requires
// of the parts that are used: fields, their types, words and bounds.
func TestSARIFSchema(t *testing.T) {
	code, out, _ := call("check", "--sarif", troubled(t))
	if code != exitUnits {
		t.Fatal(code, out)
	}
	holdsSARIF(t, out)
	if !strings.Contains(out, `ReadOnlyPaths=: path \"é{{\" is not absolute`) {
		t.Error("no braces:", out)
	}
}

// TestSARIFOfCases does so with what is said of the units in other tests, with the
// profiles that say most.
func TestSARIFOfCases(t *testing.T) {
	seen := map[string]bool{}
	for _, pattern := range []string{"../../testscripts/*.txtar", "../../compiler/testdata/trees/*.txtar"} {
		names, err := filepath.Glob(pattern)
		if err != nil || names == nil {
			t.Fatal("no cases", err)
		}
		for _, name := range names {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			folders := map[string]bool{}
			for _, f := range archive.Files {
				if !filepath.IsLocal(f.Name) || strings.HasSuffix(f.Name, "/") {
					continue
				}
				file := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
					t.Fatal(err)
				}
				write(t, file, string(f.Data))
				if top, _, in := strings.Cut(f.Name, "/"); in && top != "root" {
					folders[top] = true
				}
			}
			for folder := range folders {
				for _, profile := range []string{"docker", "kubernetes-restricted"} {
					if _, out, _ := call("check", "--sarif", "--profile", profile, filepath.Join(dir, folder)); out != "" {
						holdsSARIF(t, out)
						for _, code := range compiler.Codes() {
							seen[code] = seen[code] || strings.Contains(out, "\"ruleId\": \""+code+"\"")
						}
					}
				}
			}
		}
	}
	if n := len(slices.DeleteFunc(compiler.Codes(), func(code string) bool { return !seen[code] })); n < 25 {
		t.Errorf("only %d kinds of results", n)
	}
}

// holdsSARIF holds one log against the format.
func holdsSARIF(t *testing.T, out string) {
	t.Helper()
	var log any
	if err := json.Unmarshal([]byte(out), &log); err != nil {
		t.Fatal(err, out)
	}
	s := schema{t}
	s.only(log, "$schema version runs")
	if s.text(log, "version") != "2.1.0" || !strings.Contains(s.text(log, "$schema"), "sarif-schema-2.1.0.json") {
		t.Error("not SARIF 2.1.0")
	}
	for _, run := range s.list(log, "runs") {
		s.only(run, "tool columnKind results")
		if s.text(run, "columnKind") != "unicodeCodePoints" {
			t.Error("columns are counted in another way")
		}
		driver := s.object(s.object(run, "tool"), "driver")
		s.only(driver, "name version rules")
		s.text(driver, "name")
		rules := s.list(driver, "rules")
		if len(rules) != len(compiler.Codes()) {
			t.Errorf("%d rules for %d codes", len(rules), len(compiler.Codes()))
		}
		for _, rule := range rules {
			s.only(rule, "id shortDescription help")
			s.text(rule, "id")
			s.text(s.object(rule, "shortDescription"), "text")
			s.text(s.object(rule, "help"), "text")
		}
		for _, result := range s.list(run, "results") {
			s.result(result, rules)
		}
	}
}

// schema reads parts of a log, and complains about what is not as required.
type schema struct{ t *testing.T }

// only wants an object with no other fields.
func (s schema) only(v any, fields string) {
	s.t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		s.t.Fatalf("no object: %v", v)
	}
	for name := range m {
		if !strings.Contains(" "+fields+" ", " "+name+" ") {
			s.t.Errorf("an unknown field %s in %v", name, m)
		}
	}
}

func (s schema) field(v any, name, kind string) any {
	s.t.Helper()
	m, _ := v.(map[string]any)
	if jsonKind(m[name]) != kind {
		s.t.Fatalf("%s is no %s in %v", name, kind, v)
	}
	return m[name]
}

func (s schema) object(v any, name string) any { return s.field(v, name, "object") }

func (s schema) list(v any, name string) []any { return s.field(v, name, "list").([]any) }

func (s schema) text(v any, name string) string {
	text := s.field(v, name, "string").(string)
	if text == "" {
		s.t.Errorf("%s is empty in %v", name, v)
	}
	return text
}

// result is one finding.
func (s schema) result(v any, rules []any) {
	s.only(v, "ruleId ruleIndex level message locations relatedLocations")
	switch level := s.text(v, "level"); level {
	case "none", "note", "warning", "error":
	default:
		s.t.Errorf("level %s", level)
	}
	index := int(s.field(v, "ruleIndex", "number").(float64))
	if index < 0 || index >= len(rules) || s.text(rules[index], "id") != s.text(v, "ruleId") {
		s.t.Errorf("rule %d is another than that of %v", index, v)
	}
	s.message(v)
	for _, l := range s.list(v, "locations") {
		s.location(l)
	}
	if m := v.(map[string]any); m["relatedLocations"] != nil {
		related := s.list(v, "relatedLocations")
		for i, l := range related {
			s.message(l)
			s.location(l)
			if slices.ContainsFunc(related[:i], func(other any) bool { return reflect.DeepEqual(l, other) }) {
				s.t.Errorf("a related place stands twice: %v", v)
			}
		}
	}
}

// message is a text in which braces stand twice, and nothing is a link.
func (s schema) message(v any) {
	text := s.text(s.object(v, "message"), "text")
	if rest := strings.NewReplacer("{{", "", "}}", "").Replace(text); strings.ContainsAny(rest, "{}") || strings.Contains(text, "](") {
		s.t.Errorf("a placeholder or a link in %q", text)
	}
}

// location is a place in a file: a URI, and lines and columns from 1.
func (s schema) location(v any) {
	s.only(v, "physicalLocation message")
	p := s.object(v, "physicalLocation")
	s.only(p, "artifactLocation region")
	u, err := url.Parse(s.text(s.object(p, "artifactLocation"), "uri"))
	if err != nil || u.Path == "" || u.RawQuery != "" || u.Fragment != "" {
		s.t.Errorf("no reference to a file: %v %v", p, err)
		return
	}
	region, ok := p.(map[string]any)["region"].(map[string]any)
	if !ok {
		return
	}
	s.only(region, "startLine startColumn endLine endColumn")
	at := map[string]int{}
	for name := range region {
		n := s.field(region, name, "number").(float64)
		if at[name] = int(n); n < 1 || n != float64(at[name]) {
			s.t.Errorf("%s: %v", name, n)
		}
	}
	text, err := os.ReadFile(u.Path)
	if err != nil {
		return // a link in a root leads elsewhere
	}
	lines := strings.Split(strings.TrimPrefix(string(text), "\xEF\xBB\xBF"), "\n")
	within := func(line, column int) bool {
		return line <= len(lines) && column <= len([]rune(strings.TrimSuffix(lines[max(line, 1)-1], "\r")))+1
	}
	startColumn, endLine := max(at["startColumn"], 1), cmp.Or(at["endLine"], at["startLine"])
	if at["startLine"] == 0 || !within(at["startLine"], startColumn) || !within(endLine, at["endColumn"]) || endLine < at["startLine"] ||
		endLine == at["startLine"] && at["endColumn"] != 0 && at["endColumn"] < startColumn {
		s.t.Errorf("a region that is not in the file: %v", p)
	}
}

// TestProgressOnTerminal: while the toolchain runs, a terminal shows one line
// that is rewritten, and taken away in the end; elsewhere nothing is said of a
// second. What is left is the line of success.
func TestProgressOnTerminal(t *testing.T) {
	dir, units := t.TempDir(), t.TempDir()
	write(t, filepath.Join(units, "a.service"), "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
	tools := filepath.Join(dir, "tools")
	if err := os.Mkdir(tools, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(tools, "go"), "#!/bin/sh\n[ \"$1\" = build ] || exit 1\nsleep 1\nwhile [ \"$1\" != -o ]; do shift; done\ncat /bin/true >\"$2\"\n")
	if err := os.Chmod(filepath.Join(tools, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=/no-home", "PATH=/bin:/usr/bin", toolchainVariable + "=" + tools, "NO_COLOR=1", "TERM=xterm"}
	args := []string{units, "-o", filepath.Join(dir, "init")}

	var plain bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &plain, &plain, env); code != exitOK || plain.Len() > 0 {
		t.Errorf("no terminal: %d %q", code, plain.String())
	}
	seen := onTerminal(t, func(tty *os.File) int {
		return run(context.Background(), args, strings.NewReader(""), &plain, tty, env)
	})
	dumb := onTerminal(t, func(tty *os.File) int {
		return run(context.Background(), args, strings.NewReader(""), &plain, tty, append(env, "TERM=dumb"))
	})
	if strings.Contains(dumb, "\x1b") || !strings.Contains(dumb, " MB  ") {
		t.Errorf("a terminal that knows no escapes gets %q", dumb)
	}
	shown, last, found := strings.Cut(seen, "\r\x1b[Kcompiling  ")
	if !found || shown != "" || strings.Count(last, "\r\x1b[K") < 1 {
		t.Fatalf("no line that is rewritten: %q", seen)
	}
	rest := last[strings.LastIndex(last, "\r\x1b[K")+len("\r\x1b[K"):]
	if !strings.HasPrefix(rest, filepath.Join(dir, "init")+"  ") || !strings.HasSuffix(rest, "s\r\n") || !strings.Contains(rest, " MB  ") || strings.Contains(rest, "\x1b") {
		t.Errorf("the line of success is %q", rest)
	}
}

// onTerminal is what f writes to a terminal.
func onTerminal(t *testing.T, f func(tty *os.File) int) string {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string)
	go func() {
		var b bytes.Buffer
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf) // EIO when the last one has closed it
			b.Write(buf[:n])
			if err != nil {
				text <- b.String()
				return
			}
		}
	}()
	code := f(tty)
	tty.Close()
	select {
	case s := <-text:
		if code != exitOK {
			t.Errorf("status %d: %q", code, s)
		}
		return s
	case <-time.After(20 * time.Second):
		t.Fatal("the terminal stays open")
	}
	return ""
}
