package main

import (
	"fmt"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/report"
)

// doList shows the units of the image, those that are left out, or why one unit
// is in it or not.
func doList(t *tool) error {
	m, err := t.image()
	if err != nil {
		return err
	}
	switch {
	case t.opt.why != "":
		text, ok := report.Why(m, t.opt.why)
		return t.shown(m, t.opt.why, text, ok)
	case t.opt.dropped:
		fmt.Fprint(t.stdout, report.Dropped(m))
	default:
		fmt.Fprint(t.stdout, report.List(m))
	}
	return nil
}

// doCat shows a unit's files, or what of them counts.
func doCat(t *tool) error {
	if len(t.args) == 0 {
		return &usageError{"cat needs the name of a unit", "see: rustysd-compile help cat"}
	}
	name := t.args[0]
	t.args = t.args[1:]
	if len(t.args) > 0 && isFolder(name) && !exists(t.args[0]) {
		return &usageError{"the name of the unit comes first", strings.Join(append([]string{"rustysd-compile cat", t.args[0], name}, t.args[1:]...), " ")}
	}
	if len(t.args) == 0 && t.opt.compiler.Root == "" {
		return &usageError{"no UNITDIR and no --root: where is " + quote(name) + "?", "rustysd-compile cat UNIT UNITDIR..."}
	}
	m, err := t.image()
	if err != nil {
		return err
	}
	show := report.Cat
	if t.opt.effective {
		show = report.Effective
	}
	text, ok := show(m, name)
	return t.shown(m, name, text, ok)
}

// shown writes what there is to say about a unit, or that there is none.
func (t *tool) shown(m *compiler.Image, name, text string, ok bool) error {
	if !ok {
		return &usageError{"there is no unit " + quote(name), suggest(name, m.Names(), "")}
	}
	fmt.Fprint(t.stdout, text)
	return nil
}

// image loads the units for a verb that shows them: errors in them are shown,
// and stop nothing.
func (t *tool) image() (*compiler.Image, error) {
	opt, err := t.compilerOptions()
	if err != nil {
		return nil, err
	}
	m, list, err := compiler.Load(opt)
	if err != nil {
		return nil, err
	}
	return m, t.show(onlyErrors(list))
}
