package report

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler"
)

// Filter chooses rows of the table of directives; an empty field chooses all.
type Filter struct {
	Section, Level string
	Pattern        string // of the name: Exec*
}

// Directives is the table of directives as text, a line each: section and
// name, level, manual, version, value, reason. The error is about the pattern.
func Directives(f Filter) (string, error) {
	var rows [][]string
	for _, d := range compiler.Directives() {
		hit, err := path.Match(f.Pattern, d.Name)
		if err != nil {
			return "", err
		}
		if (hit || f.Pattern == "") && (f.Section == "" || f.Section == d.Section) && (f.Level == "" || f.Level == d.Level) {
			rows = append(rows, []string{d.Section, d.Name, d.Level, d.Man, since(d), d.Value, d.Note})
		}
	}
	return columns(rows), nil
}

// since is the version that brought a directive, if it is recorded.
func since(d compiler.DirectiveInfo) string {
	if d.Since == 0 {
		return ""
	}
	return strconv.Itoa(int(d.Since))
}

// Sections are the sections of the table, sorted.
func Sections() []string { return values(func(d compiler.DirectiveInfo) string { return d.Section }) }

// Levels are the levels of support that occur, in the order of the table's own
// scale.
func Levels() []string {
	found := values(func(d compiler.DirectiveInfo) string { return d.Level })
	var out []string
	for _, l := range levels {
		if slices.Contains(found, l.name) {
			out = append(out, l.name)
		}
	}
	return out
}

func values(field func(compiler.DirectiveInfo) string) []string {
	var out []string
	for _, d := range compiler.Directives() {
		out = append(out, field(d))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// levels are the levels with what they mean.
var levels = [...]struct{ name, meaning string }{
	{"honoured", "It means in the image what its manual says."},
	{"checked", "It is read and checked when the image is built, and nothing in the image depends on it."},
	{"harmless", "It has no effect in an image, and leaving it out changes nothing that the service could see."},
	{"unsupported", "systemd honours it and the image does not yet: a warning."},
	{"restricting", "Likewise, and it limits what the service may do: an error, unless `--allow-unsupported` names it."},
}

// DirectivesPage is the reference page about all directives, in Markdown.
func DirectivesPage() string {
	var b strings.Builder
	b.WriteString("# Directives\n\nWhat the compiler does about each directive that it knows, by section.\n" +
		"\"Since\" is the version of systemd that brought it, where systemd's manuals record one.\n" +
		"This page is made from the table in compiler/directives*.go by `go test ./compiler/report -run Page -update`.\n\n")
	list := compiler.Directives()
	b.WriteString("| level | meaning | directives |\n|---|---|---|\n")
	for _, l := range levels {
		n := 0
		for _, d := range list {
			if d.Level == l.name {
				n++
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d |\n", l.name, l.meaning, n)
	}
	for _, section := range Sections() {
		fmt.Fprintf(&b, "\n## [%s]\n\n| directive | value | since | level | manual | remark |\n|---|---|---|---|---|---|\n", section)
		for _, d := range list {
			if d.Section == section {
				fmt.Fprintf(&b, "| `%s=` | %s | %s | %s | %s | %s |\n", d.Name, cellText(d.Value), since(d), d.Level, d.Man, cellText(d.Note))
			}
		}
	}
	return b.String()
}

// cellText is a text for a cell of a table in Markdown.
func cellText(s string) string { return strings.NewReplacer("|", "\\|", "<", "&lt;").Replace(s) }
