package main

import (
	"fmt"
	"slices"
	"strings"

	"rustysd/compiler/report"
)

// doDirectives shows the table of directives, or a part of it.
func doDirectives(t *tool) error {
	f := report.Filter{Section: strings.Trim(t.opt.section, "[]"), Level: t.opt.level}
	if len(t.args) > 0 {
		f.Pattern = strings.TrimSuffix(t.args[0], "=")
	}
	for _, c := range []struct {
		flag, value string
		known       []string
	}{{"--section", f.Section, report.Sections()}, {"--level", f.Level, report.Levels()}} {
		if c.value != "" && !slices.Contains(c.known, c.value) {
			return &usageError{c.flag + ": the value " + quote(c.value) + " is none of " + strings.Join(c.known, ", "), suggest(c.value, c.known, "")}
		}
	}
	text, err := report.Directives(f)
	if err != nil {
		return &usageError{msg: quote(f.Pattern) + ": " + err.Error()}
	}
	if text == "" {
		return &usageError{"no directive matches", "rustysd-compile directives lists all"}
	}
	fmt.Fprint(t.stdout, text)
	return nil
}
