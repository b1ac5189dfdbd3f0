package compiler

import (
	"embed"
	"strings"
)

// pages has one page for each code of a diagnostic.
//
//go:embed explain/*.md
var pages embed.FS

// Explain is the page about a code of a diagnostic; ok says whether there is
// one.
func Explain(code string) (page string, ok bool) {
	text, err := pages.ReadFile("explain/" + code + ".md")
	return string(text), err == nil
}

// Codes are the codes that have a page, sorted.
func Codes() []string {
	list, err := pages.ReadDir("explain")
	if err != nil {
		panic("BUG: the pages are not embedded: " + err.Error())
	}
	var out []string
	for _, e := range list {
		out = append(out, strings.TrimSuffix(e.Name(), ".md"))
	}
	return out
}
