package main

import (
	"fmt"
	"os"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/diag"
)

// show writes the diagnostics: as JSON or SARIF to stdout, or as text to stderr
// with a summary at the end.
func (t *tool) show(list diag.List) error {
	list.Sort()
	switch {
	case t.opt.json:
		return diag.WriteJSON(t.stdout, list)
	case t.opt.sarif:
		return diag.WriteSARIF(t.stdout, list, version(), rules(), readText)
	}
	if t.opt.quiet {
		list = onlyErrors(list)
	}
	terminal := isTerminal(t.stderr)
	r := diag.Renderer{W: t.stderr, Colour: t.colour(), Excerpts: terminal || t.opt.color == "always", Columns: columns(t.stderr), Read: readText}
	for _, d := range list {
		r.Diagnostic(d)
	}
	if s := list.Summary(); s != "" {
		fmt.Fprintln(t.stderr, s)
	}
	return nil
}

func onlyErrors(list diag.List) diag.List {
	var out diag.List
	for _, d := range list {
		if d.Severity == diag.Error {
			out.Add(d)
		}
	}
	return out
}

func readText(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() { // opening a FIFO would wait for its writer
		return "", os.ErrInvalid
	}
	text, err := os.ReadFile(file)
	return string(text), err
}

// rules are the pages about all codes.
func rules() []diag.Rule {
	var out []diag.Rule
	for _, code := range compiler.Codes() {
		page, _ := compiler.Explain(code)
		out = append(out, diag.Rule{Code: diag.Code(code), Short: firstSentence(page), Help: page})
	}
	return out
}

// firstSentence is the first sentence of a page's text, behind its title and
// the line about the severity.
func firstSentence(page string) string {
	for part := range strings.SplitSeq(page, "\n\n") {
		if !strings.HasPrefix(part, "#") && !strings.HasPrefix(part, "Severity:") {
			text, _, _ := strings.Cut(strings.Join(strings.Fields(part), " "), ". ")
			return strings.TrimSuffix(text, ".") + "."
		}
	}
	return ""
}
