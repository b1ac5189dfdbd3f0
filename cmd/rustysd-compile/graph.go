package main

import (
	"fmt"

	"rustysd/compiler"
	"rustysd/compiler/report"
	"rustysd/runtime/plan"
)

// doGraph draws the image. Errors in the units stop it only when they leave
// nothing to draw: a picture is how one finds the way out of a cycle.
func doGraph(t *tool) error {
	opt, err := t.compilerOptions()
	if err != nil {
		return err
	}
	m, list, err := compiler.Load(opt)
	if err != nil {
		return err
	}
	if err := t.show(onlyErrors(list)); err != nil {
		return err
	}
	if m.Draft != nil {
		err = t.draw(m.Draft)
	}
	if err == nil && m.Plan == nil {
		err = errUnits
	}
	return err
}

// draw writes the picture of a plan.
func (t *tool) draw(p *plan.Plan) error {
	g, err := report.NewGraph(p, report.Select{Order: t.opt.order, Require: t.opt.require, Pattern: t.opt.pattern})
	if err != nil {
		return &usageError{"--pattern: " + err.Error(), ""}
	}
	if len(g.Nodes) == 0 {
		return &usageError{"--pattern: no unit of the image matches " + quote(t.opt.pattern), "the units are listed by: rustysd-compile list"}
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
