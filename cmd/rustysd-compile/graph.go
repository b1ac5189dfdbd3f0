package main

import (
	"fmt"

	"rustysd/compiler/report"
)

// doGraph draws the image.
func doGraph(t *tool) error {
	res, err := t.frontEnd()
	if err != nil {
		return err
	}
	g, err := report.NewGraph(res.Plan, report.Select{Order: t.opt.order, Require: t.opt.require, Pattern: t.opt.pattern})
	if err != nil {
		return &usageError{"--pattern: " + err.Error(), ""}
	}
	switch format := t.opt.format; {
	case format == "svg":
		fmt.Fprint(t.stdout, g.SVG())
	case format == "dot" || format == "" && !isTerminal(t.stdout):
		fmt.Fprint(t.stdout, g.Dot())
	default:
		fmt.Fprint(t.stdout, g.Tree())
	}
	return nil
}
