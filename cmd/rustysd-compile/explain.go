package main

import (
	"fmt"
	"strings"

	"rustysd/compiler"
)

// doExplain shows the page of one code, or the list of all.
func doExplain(t *tool) error {
	if len(t.args) == 0 {
		fmt.Fprintln(t.stdout, strings.Join(compiler.Codes(), "\n"))
		return nil
	}
	name := strings.Trim(t.args[0], "[]") // as it stands in a message
	page, ok := compiler.Explain(name)
	if !ok {
		return &usageError{"no diagnostic has the code " + quote(name), suggest(name, compiler.Codes(), "rustysd-compile explain lists all codes")}
	}
	fmt.Fprint(t.stdout, page)
	return nil
}
