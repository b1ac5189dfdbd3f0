package runtime

import (
	"strings"
	"unicode/utf8"

	"rustysd/runtime/fnmatch"
	"rustysd/runtime/plan"
)

// listUnits prints the units that are up, have failed or have a job; with
// --all, or a state to look for, all of them.
func (c *client) listUnits() {
	all, ok := c.units()
	if !ok || !c.typesKnown() {
		return
	}
	var shown []unitRow
	for _, kind := range unitKinds {
		for n := range all {
			if kindOf(all[n].unit) == kind && c.wanted(&all[n]) {
				shown = append(shown, all[n])
			}
		}
	}
	rows := [][]string{{"UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"}}
	withJobs := false
	for _, u := range shown {
		withJobs = withJobs || u.job != ""
	}
	if withJobs {
		rows[0] = []string{"UNIT", "LOAD", "ACTIVE", "SUB", "JOB", "DESCRIPTION"}
	}
	for _, u := range shown {
		row := []string{u.unit, u.load, u.active, u.sub}
		if withJobs {
			row = append(row, u.job)
		}
		rows = append(rows, append(row, u.description))
	}
	c.table(rows, func(n int) string {
		if _, colour := mark(shown[n].active); shown[n].active == "failed" {
			return c.paint(colour, "●")
		}
		return " "
	})
	if !c.opts.noLegend {
		if len(shown) > 0 {
			c.print(unitsLegend)
		}
		c.print(itoa(int64(len(shown))), " loaded units listed.")
		if len(c.opts.states) == 0 {
			if !c.opts.all {
				c.print(" Those that are inactive are listed with --all.")
			}
			c.print("\nTheir files are listed by \"systemctl list-unit-files\".")
		}
		c.print("\n")
	}
}

// unitsLegend has as many lines as systemctl's: scripts cut them off by number.
const unitsLegend = "\nLOAD   = whether the unit is in the image\n" +
	"ACTIVE = its state, in the words that all types share\n" +
	"SUB    = its state, in those of its type\n"

// unitKinds are the types of an image's units, in the order of lists.
var unitKinds = [...]string{"service", "socket", "target"}

// kindOf is the type of a unit, as its name has it.
//
//go:noinline
func kindOf(unit string) string { return unit[strings.LastIndexByte(unit, '.')+1:] }

// typesKnown refuses a --type= that no unit can have.
func (c *client) typesKnown() bool {
	for _, t := range c.opts.types {
		if t != "loaded" && !hasWord(unitSuffixes, t) {
			c.fail("Unknown unit type or load state '", t, "'.")
			return false
		}
	}
	return true
}

// wanted is the filter of list-units.
func (c *client) wanted(u *unitRow) bool {
	if len(c.opts.types) > 0 && !anyIs(c.opts.types, kindOf(u.unit)) && !anyIs(c.opts.types, u.load) {
		return false
	}
	if len(c.opts.states) > 0 {
		if !anyIs(c.opts.states, u.active) && !anyIs(c.opts.states, u.sub) && !anyIs(c.opts.states, u.load) {
			return false
		}
	} else if !c.opts.all && u.active == "inactive" && u.job == "" {
		return false
	}
	return c.named(u.unit)
}

// named tells if the arguments, which are patterns for whole names, mean a unit.
//
//go:noinline
func (c *client) named(unit string) bool {
	for _, arg := range c.args {
		if arg == unit || fnmatch.Match(arg, unit, true) {
			return true
		}
	}
	return len(c.args) == 0
}

// table prints rows in columns, the first row being the head; lead is what
// comes before the n-th row below it.
func (c *client) table(rows [][]string, lead func(n int) string) {
	if c.opts.json {
		c.jsonTable(rows)
		return
	}
	width := make([]int, len(rows[0]))
	for n, row := range rows {
		if n == 0 && c.opts.noLegend {
			continue
		}
		for k, cell := range row {
			width[k] = max(width[k], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		if n == 0 && c.opts.noLegend {
			continue
		}
		line := ""
		for k, cell := range row {
			if k > 0 {
				line += " "
			}
			line += pad(cell, width[k])
		}
		if lead != nil && !c.opts.plain {
			before := " "
			if n > 0 {
				before = lead(n - 1)
			}
			line = before + " " + line
		}
		c.print(strings.TrimRight(line, " "), "\n")
	}
}

// jsonTable prints rows as objects, whose members are called as the columns.
func (c *client) jsonTable(rows [][]string) {
	var w jsonWriter
	w.open('[')
	for _, row := range rows[1:] {
		w.open('{')
		for k, cell := range row {
			w.key(memberName(rows[0][k]))
			if cell != "-" {
				w.text(cell)
				continue
			}
			w.raw("null")
		}
		w.close('}')
	}
	w.close(']')
	c.print(text(w.b), "\n")
}

// memberName is "unit_file" of "UNIT FILE".
func memberName(column string) string {
	b := []byte(column)
	for n := range b {
		if b[n] == ' ' {
			b[n] = '_'
		} else {
			b[n] |= 0x20
		}
	}
	return text(b)
}

// listNone is for types of units that no image has.
func (c *client) listNone() {
	if c.opts.json {
		c.print("[]\n")
	}
	c.listed(0, c.verb[len("list-"):])
}

// listed says how many there were, and that there may be more.
func (c *client) listed(n int, what string) {
	if c.opts.noLegend {
		return
	}
	c.print("\n", itoa(int64(n)), " ", what, " listed.\n")
	if !c.opts.all {
		c.print("Those that are inactive are listed with --all.\n")
	}
}

// listFiles prints what each unit's file makes of it.
func (c *client) listFiles() {
	if !c.typesKnown() {
		return
	}
	rows := [][]string{{"UNIT FILE", "STATE", "PRESET"}}
	for _, kind := range unitKinds {
		for n := range c.plan.Units {
			u := &c.plan.Units[n]
			rows = c.appendFile(rows, kind, fileName(u), fileState(c.plan, u))
		}
		for n := range c.plan.Aliases {
			state := "alias"
			if c.plan.Aliases[n].Unit == plan.NoUnit {
				state = "masked"
			}
			rows = c.appendFile(rows, kind, c.plan.Aliases[n].Name, state)
		}
	}
	c.table(rows, nil)
	if !c.opts.noLegend {
		c.print("\n", itoa(int64(len(rows)-1)), " unit files listed.\n")
	}
	if len(rows) == 1 {
		c.status = exitFailure // scripts ask so whether a unit is there
	}
}

// appendFile adds a file of a kind that is asked for, once.
func (c *client) appendFile(rows [][]string, kind, name, state string) [][]string {
	preset := "-"
	if state == "enabled" || state == "masked" {
		preset = "enabled"
	}
	if kindOf(name) == kind && rows[len(rows)-1][0] != name && c.wanted(&unitRow{unit: name, active: state}) {
		rows = append(rows, []string{name, state, preset})
	}
	return rows
}

// listJobs prints the jobs that are left.
func (c *client) listJobs() {
	v, err := c.call("list-jobs", nil)
	if err != nil {
		c.sayError("list jobs", "", err)
		return
	}
	rows := [][]string{{"JOB", "UNIT", "TYPE", "STATE"}}
	for rest := v; ; {
		var e jsonText
		if e, rest = rest.next(); e == nil {
			break
		}
		n, _ := e.member("job").number()
		if unit := e.member("unit").text(); c.named(unit) {
			rows = append(rows, []string{itoa(n), unit, e.member("type").text(), e.member("state").text()})
		}
	}
	if len(rows) == 1 {
		if !c.opts.noLegend {
			c.print("No jobs running.\n")
		}
		return
	}
	c.table(rows, nil)
	if !c.opts.noLegend {
		c.print("\n", itoa(int64(len(rows)-1)), " jobs listed.\n")
	}
}

// cancel takes jobs away, by their numbers, or all of them.
func (c *client) cancel() {
	v, err := c.call("list-jobs", nil)
	if err != nil {
		c.sayError("list jobs", "", err)
		return
	}
	var units []string
	found := " "
	for rest := v; ; {
		var e jsonText
		if e, rest = rest.next(); e == nil {
			break
		}
		n, _ := e.member("job").number()
		found += itoa(n) + " "
		for _, arg := range c.args {
			if arg == itoa(n) {
				units = append(units, e.member("unit").text())
			}
		}
		if len(c.args) == 0 {
			units = append(units, e.member("unit").text())
		}
	}
	for _, arg := range c.args {
		if !hasWord(found, arg) {
			c.fail("Failed to cancel job ", arg, ": Job ", arg, " does not exist.")
		}
	}
	c.ask("cancel", units)
}

// listSockets prints the addresses of the socket units, each with what it
// starts; those of units that are down with --all.
func (c *client) listSockets() {
	all, ok := c.units()
	if !ok {
		return
	}
	for n, arg := range c.args {
		if fullName(arg) != arg && !isGlob(arg) {
			c.args[n] = arg + ".socket"
		}
	}
	rows := [][]string{{"LISTEN", "UNIT", "ACTIVATES"}}
	for _, u := range all {
		if !strings.HasSuffix(u.unit, ".socket") || u.active != "active" && !c.opts.all || !c.named(u.unit) {
			continue
		}
		v, err := c.call("show", func(w *jsonWriter) { askProperties(w, u.unit, "Listen", "Triggers") })
		if err != nil {
			c.sayError("get properties of", u.unit, err)
			return
		}
		starts := strings.Join(v.member("Triggers").list(), " ")
		for _, address := range v.member("Listen").list() {
			rows = append(rows, []string{address, u.unit, starts})
		}
	}
	c.table(rows, nil)
	c.listed(len(rows)-1, "sockets")
}

// listDependencies prints the tree below a unit. A unit that is on the way to
// itself is not opened again, nor is one whose tree was printed, without --all.
func (c *client) listDependencies() {
	t := tree{client: c, active: map[string]string{}}
	all, ok := c.units()
	if !ok {
		return
	}
	for _, u := range all {
		t.active[u.unit] = u.active
	}
	roots := c.names()
	if len(c.args) == 0 {
		roots = []string{c.plan.Name}
	}
	for n, root := range roots {
		if n > 0 {
			c.print("\n")
		}
		c.print(root, "\n")
		t.below(root, "", []string{root})
	}
}

type tree struct {
	*client
	active map[string]string
}

func (t *tree) below(unit, indent string, path []string) {
	v, err := t.call("list-dependencies", func(w *jsonWriter) {
		w.pair("unit", unit)
		if kind := t.kind(); kind != "" {
			w.pair("kind", kind)
		}
	})
	if err != nil {
		if err.code != errNoUnit { // which has no dependencies
			t.sayError("list dependencies of", unit, err)
		}
		return
	}
	names := v.list()
	for n, name := range names {
		branch, deeper := "├─", "│ "
		if n == len(names)-1 {
			branch, deeper = "└─", "  "
		}
		dot, colour := mark(t.active[name])
		if t.opts.plain {
			t.print("  ", name, "\n") // a list, not a tree
		} else {
			t.print(t.paint(colour, dot), " ", indent, branch, name, "\n")
		}
		if (t.opts.all || strings.HasSuffix(name, ".target")) && !anyIs(path, name) {
			t.below(name, indent+deeper, append(path[:len(path):len(path)], name))
		}
	}
}

func (t *tree) kind() string {
	switch {
	case t.opts.reverse:
		return "reverse"
	case t.opts.after:
		return "after"
	case t.opts.before:
		return "before"
	}
	return ""
}
