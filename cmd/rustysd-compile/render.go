package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// show writes the diagnostics: as JSON to stdout, or as text to stderr with a
// summary at the end.
func (t *tool) show(list diag.List) {
	list.Sort()
	if t.opt.json {
		writeJSON(t.stdout, list)
		return
	}
	r := renderer{w: t.stderr, colour: t.colour(), excerpts: t.colour() || isTerminal(t.stderr), files: map[string][]string{}}
	for _, d := range list {
		if d.Severity == diag.Error || !t.opt.quiet {
			r.diagnostic(d)
		}
	}
	t.summary(list)
}

func (t *tool) summary(list diag.List) {
	errors, warnings := list.Count(diag.Error), list.Count(diag.Warning)
	switch {
	case errors > 0 && warnings > 0 && !t.opt.quiet:
		fmt.Fprintf(t.stderr, "%s, %s\n", count(errors, "error"), count(warnings, "warning"))
	case errors > 0:
		fmt.Fprintf(t.stderr, "%s\n", count(errors, "error"))
	case warnings > 0 && !t.opt.quiet:
		fmt.Fprintf(t.stderr, "%s\n", count(warnings, "warning"))
	}
}

// renderer writes diagnostics as text.
type renderer struct {
	w        io.Writer
	colour   bool
	excerpts bool                // show the line with a caret
	files    map[string][]string // lines of the files that were shown
}

// The colours of the severities.
var severityColours = [...]string{diag.Note: "36", diag.Warning: "35", diag.Error: "31"}

func (r *renderer) diagnostic(d diag.Diagnostic) {
	fmt.Fprintf(r.w, "%s%s %s%s\n", place(d.Pos), r.paint(severityColours[d.Severity], d.Severity.String()+":"), r.paint("1", d.Msg), code(d.Code))
	r.excerpt(d)
	for _, rel := range d.Related {
		fmt.Fprintf(r.w, "%s%s %s\n", place(rel.Pos), r.paint(severityColours[diag.Note], "note:"), rel.Msg)
	}
	if d.Hint != "" {
		fmt.Fprintf(r.w, "%s %s\n", r.paint("32", "hint:"), d.Hint)
	}
}

func code(c diag.Code) string {
	if c == "" {
		return ""
	}
	return " [" + string(c) + "]"
}

// place is "file:line:col: ", as far as it is known.
func place(p grammar.Pos) string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File + ": "
	case p.Col == 0:
		return fmt.Sprintf("%s:%d: ", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Col)
}

func (r *renderer) paint(colour, s string) string {
	if !r.colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// excerpt shows the line with a caret under the place.
func (r *renderer) excerpt(d diag.Diagnostic) {
	lines := r.lines(d.Pos.File)
	if !r.excerpts || d.Pos.Line < 1 || d.Pos.Line > len(lines) || d.Pos.Col < 1 {
		return
	}
	line := lines[d.Pos.Line-1]
	start := min(d.Pos.Col-1, len(line))
	end := min(start+1, len(line))
	if d.End.Line == d.Pos.Line && d.End.Col > d.Pos.Col {
		end = min(d.End.Col-1, len(line))
	}
	mark := "^" + strings.Repeat("~", max(0, width(line[start:max(start, end)])-1))
	fmt.Fprintf(r.w, "%5d | %s\n", d.Pos.Line, printable(line))
	fmt.Fprintf(r.w, "      | %s%s\n", strings.Repeat(" ", width(line[:start])), r.paint("32", mark))
}

// width is how many columns printable makes of s.
func width(s string) int { return len([]rune(printable(s))) }

// printable keeps what a file holds from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return '\uFFFD'
		}
		return r
	}, s)
}

// lines reads a file once; one that cannot be read has no excerpts.
func (r *renderer) lines(file string) []string {
	if file == "" || !r.excerpts {
		return nil
	}
	if _, known := r.files[file]; !known {
		content, _ := os.ReadFile(file)
		r.files[file] = strings.Split(string(bytes.TrimPrefix(content, []byte("\xEF\xBB\xBF"))), "\n")
	}
	return r.files[file]
}

// jsonDiagnostic is the stable form of a diagnostic; consumers must bear new
// fields.
type jsonDiagnostic struct {
	Schema   int           `json:"schema"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Column   int           `json:"column"`
	EndLine  int           `json:"endLine"`
	EndCol   int           `json:"endColumn"`
	Severity string        `json:"severity"`
	Code     diag.Code     `json:"code"`
	Message  string        `json:"message"`
	Hint     string        `json:"hint"`
	Related  []jsonRelated `json:"related"`
}

type jsonRelated struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// writeJSON writes one object a line, each with every field.
func writeJSON(w io.Writer, list diag.List) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, d := range list {
		j := jsonDiagnostic{1, d.Pos.File, d.Pos.Line, d.Pos.Col, d.End.Line, d.End.Col, d.Severity.String(), d.Code, d.Msg, d.Hint, []jsonRelated{}}
		for _, r := range d.Related {
			j.Related = append(j.Related, jsonRelated{r.Pos.File, r.Pos.Line, r.Pos.Col, r.Msg})
		}
		// Strings and numbers always have a form in JSON; a closed pipe is the
		// reader's wish.
		_ = enc.Encode(j)
	}
}
