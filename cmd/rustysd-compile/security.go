package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"rustysd/compiler"
	"rustysd/compiler/security"
)

// doSecurity rates one service, or all of the image.
func doSecurity(t *tool) error {
	name := ""
	if len(t.args) > 0 && strings.HasSuffix(t.args[0], ".service") && !isFolder(t.args[0]) {
		name, t.args = t.args[0], t.args[1:]
	}
	if name != "" && len(t.args) == 0 && t.opt.compiler.Root == "" {
		return &usageError{"no UNITDIR and no --root: where is " + quote(name) + "?", "rustysd-compile security UNIT UNITDIR..."}
	}
	m, err := t.image()
	if err != nil {
		return err
	}
	if name == "" {
		return t.rateAll(m)
	}
	c, ok := m.Confinement(name)
	if !ok {
		return &usageError{"there is no service " + quote(name), suggest(name, m.Names(), "")}
	}
	r := security.Rate(c)
	return t.answer(r, r.Text)
}

// rateAll rates the services of the image: in JSON an object a line.
func (t *tool) rateAll(m *compiler.Image) error {
	var all []*security.Rating
	for _, u := range m.Units() {
		if c, ok := m.Confinement(u.Name); ok && u.Kept {
			all = append(all, security.Rate(c))
		}
	}
	if !t.opt.json {
		fmt.Fprint(t.stdout, security.Summary(all))
		return nil
	}
	for _, r := range all {
		if err := json.NewEncoder(t.stdout).Encode(r); err != nil {
			return err
		}
	}
	return nil
}
