package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"rustysd/grammar"
)

// source is the file that the tests are about.
const source = "[Service]\n\tExecStartt=/bin/\xc3\xa4 \x1b[31m\nA=日本語 x\r\n"

func read(file string) (string, error) {
	if file != "a.service" {
		return "", errors.New("no such file")
	}
	return source, nil
}

func render(excerpts bool, d Diagnostic) string {
	var out bytes.Buffer
	r := Renderer{W: &out, Excerpts: excerpts, Read: read}
	r.Diagnostic(d)
	return out.String()
}

func at(line, col int) grammar.Pos { return grammar.Pos{File: "a.service", Line: line, Col: col} }

// sample is a diagnostic with everything. (What a terminal sees, no script can.)
var sample = Diagnostic{
	Pos: at(2, 2), End: at(2, 12), Severity: Error, Code: "unknown-directive",
	Msg: `unknown directive "ExecStartt" in [Service]`, Hint: `did you mean "ExecStart"?`,
	Related: []Related{{Pos: at(3, 3), Msg: "in this section"}, {Pos: at(1, 0), Msg: "of this one"}},
}

// TestRender: with excerpts, each place has its line and a mark under it, behind
// tabs and under wide characters too.
func TestRender(t *testing.T) {
	want := `a.service:2:2: error: unknown directive "ExecStartt" in [Service] [unknown-directive]
    2 |     ExecStartt=/bin/ä ` + "\uFFFD" + `[31m
      |     ^~~~~~~~~~
a.service:3:3: note: in this section
    3 | A=日本語 x
      |   ^
a.service:1: note: of this one
    1 | [Service]
hint: did you mean "ExecStart"?
`
	if got := render(true, sample); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRenderShort: without excerpts, a line each.
func TestRenderShort(t *testing.T) {
	want := `a.service:2:2: error: unknown directive "ExecStartt" in [Service] [unknown-directive]
a.service:3:3: note: in this section
a.service:1: note: of this one
hint: did you mean "ExecStart"?
`
	if got := render(false, sample); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRenderWide: a mark is as wide as the characters over it.
func TestRenderWide(t *testing.T) {
	got := render(true, Diagnostic{Pos: at(3, 6), End: at(3, 12), Msg: "wide"})
	if want := "    3 | A=日本語 x\n      |     ^~~~\n"; !strings.Contains(got, want) {
		t.Errorf("got\n%s", got)
	}
}

// TestRenderLong: a long line is cut to the part around the mark.
func TestRenderLong(t *testing.T) {
	long := strings.Repeat("a", 5000) + "HERE" + strings.Repeat("b", 1<<20)
	var out bytes.Buffer
	r := Renderer{W: &out, Excerpts: true, Read: func(string) (string, error) { return long, nil }}
	r.Diagnostic(Diagnostic{Pos: at(1, 5001), End: at(1, 5005), Msg: "long"})
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 4 || len(lines[1]) > 200 {
		t.Fatalf("%.300q", out.String())
	}
	where := strings.Index(lines[1], "HERE")
	if where < 0 || len([]rune(lines[1][:where])) != strings.Index(lines[2], "^") || !strings.HasSuffix(lines[2], " ^~~~") {
		t.Errorf("%s\n%s", lines[1], lines[2])
	}
}

// TestRenderNarrow: no excerpt is wider than the terminal, wherever the mark is,
// and the mark stays under its place.
func TestRenderNarrow(t *testing.T) {
	for _, line := range []string{strings.Repeat("abc ", 40) + "HERE" + strings.Repeat(" xyz", 40), strings.Repeat("日本", 30) + "HERE日本語", "HERE" + strings.Repeat("z", 200), strings.Repeat("x", 75) + "HERE"} {
		at := strings.Index(line, "HERE")
		for _, columns := range []int{1, 10, 30, 31, 32, 40, 60, 79, 80, 81, 100, 132, 168, 169, 170, 171, 172, 219} {
			var out bytes.Buffer
			r := Renderer{W: &out, Excerpts: true, Columns: columns, Read: func(string) (string, error) { return strings.Repeat("\n", 123455) + line, nil }}
			r.Diagnostic(Diagnostic{Pos: grammar.Pos{File: "f", Line: 123456, Col: at + 1}, End: grammar.Pos{File: "f", Line: 123456, Col: at + 5}, Msg: "narrow"})
			lines := strings.Split(out.String(), "\n")
			where := strings.Index(lines[1], "HERE")
			if _, widths := display(lines[1]); where < 0 || widths[len(lines[1])] > max(columns, 31) || widths[where] != strings.Index(lines[2], "^~~~") {
				t.Errorf("%d columns:\n%s\n%s", columns, lines[1], lines[2])
			}
		}
	}
}

// TestRenderLines: what goes on in the next line is marked to the end of its first.
func TestRenderLines(t *testing.T) {
	got := render(true, Diagnostic{Pos: at(1, 2), End: at(2, 5), Msg: "two lines"})
	if want := "    1 | [Service]\n      |  ^~~~~~~~\n"; !strings.Contains(got, want) {
		t.Errorf("got\n%s", got)
	}
}

// TestRenderOnce: a note about the same place does not show its line again.
func TestRenderOnce(t *testing.T) {
	d := Diagnostic{Pos: at(1, 1), Msg: "a", Related: []Related{{Pos: at(1, 1), Msg: "b"}, {Pos: at(2, 1), Msg: "c"}, {Pos: at(1, 1), Msg: "d"}}}
	if got := render(true, d); strings.Count(got, "[Service]") != 2 {
		t.Error(got)
	}
}

// TestRenderOdd: places that no file has, or only in part, do no harm.
func TestRenderOdd(t *testing.T) {
	for _, pos := range []grammar.Pos{{}, {File: "/no/such/file", Line: 3, Col: 9}, at(1, 999), at(1<<30, 1), at(1, -1), at(99, 1)} {
		if got := render(true, Diagnostic{Pos: pos, End: grammar.Pos{Line: pos.Line, Col: 1}, Msg: "odd"}); !strings.Contains(got, "odd") {
			t.Errorf("%+v: %q", pos, got)
		}
	}
}

// TestNothingSteers: no part of a diagnostic reaches the terminal with control
// characters, neither a line end, nor an escape, nor one that turns text round.
func TestNothingSteers(t *testing.T) {
	evil := "a\x1b[2J\nb\r\x9b\u202ec\u200bd\x00\x7f\u2028e"
	d := Diagnostic{Pos: grammar.Pos{File: evil, Line: 1, Col: 1}, Msg: evil, Hint: evil,
		Related: []Related{{Pos: grammar.Pos{File: evil}, Msg: evil}}}
	var out bytes.Buffer
	r := Renderer{W: &out, Excerpts: true, Read: func(string) (string, error) { return strings.ReplaceAll(evil, "\n", ""), nil }}
	r.Diagnostic(d)
	if strings.ContainsAny(out.String(), "\x1b\r\x00\x7f\u202e\u200b\u2028\u009b") || strings.Count(out.String(), "\n") != 5 {
		t.Errorf("%q", out.String())
	}
}

// TestJSON: one object a line, each with every field.
func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := WriteJSON(&out, List{sample, {Msg: "bare"}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatal(out.String())
	}
	for _, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		for _, field := range strings.Fields("schema file line column endLine endColumn severity code message hint related") {
			if _, ok := m[field]; !ok {
				t.Errorf("no %q in %s", field, line)
			}
		}
	}
}

// TestSARIF checks the structure that SARIF 2.1.0 demands: what is required is
// there, levels and indices are right, and columns count characters.
func TestSARIF(t *testing.T) {
	list := List{sample, {Pos: at(3, 12), End: at(3, 13), Severity: Warning, Code: "syntax", Msg: "m"}, {Severity: Note, Code: "syntax", Msg: "no place"}}
	rules := []Rule{{"unused", "x", "x"}, {"unknown-directive", "Short.", "# Help"}, {"syntax", "Short.", "# Help"}}
	var out bytes.Buffer
	if err := WriteSARIF(&out, list, "v1", rules, read); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version string
					Rules         []struct{ ID string }
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn, EndLine, EndColumn int }
					}
				}
				RelatedLocations []any
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.HasSuffix(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatal(out.String())
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name == "" || run.ColumnKind != "unicodeCodePoints" || len(run.Tool.Driver.Rules) != 3 || len(run.Results) != 3 {
		t.Fatal(out.String())
	}
	for i, r := range run.Results {
		if r.RuleID != run.Tool.Driver.Rules[r.RuleIndex].ID || r.Message.Text == "" || r.Level != list[i].Severity.String() {
			t.Errorf("%+v", r)
		}
	}
	region := run.Results[1].Locations[0].PhysicalLocation.Region
	if region.StartLine != 3 || region.StartColumn != 6 || region.EndColumn != 7 {
		t.Errorf("%+v: byte 12 of %q is character 6", region, "A=日本語 x")
	}
	if len(run.Results[2].Locations) != 0 || len(run.Results[0].RelatedLocations) != 2 {
		t.Errorf("%+v", run.Results)
	}
}

// TestURI: file names become references, whatever is in them.
func TestURI(t *testing.T) {
	for file, want := range map[string]string{"u/a b.service": "u/a%20b.service", "/x/a.service": "file:///x/a.service", "a:b.service": "./a:b.service", "./u//a": "u/a"} {
		if got := uri(file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}
