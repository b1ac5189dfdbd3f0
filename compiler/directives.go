package compiler

import "slices"

// directive is one row of the table of all that systemd knows.
type directive struct {
	name  string
	level support
	// decode reads an assignment into the unit; nil when the level says that
	// nothing is read.
	decode decodeFunc
	// note is the reason why a harmless one changes nothing, or what an
	// unsupported one would have done; for a legacy spelling it is empty.
	note string
	// off are the values, separated by blanks, with which an unsupported
	// directive changes nothing; "no" and its kin always do.
	off string

	// Filled from the row's group.
	section string
	man     string
	// value is what kind of value it takes.
	value *valueType
	// since is the version of systemd that brought it, 0 when that is not
	// recorded.
	since uint16
}

// support says what the compiler does about a directive.
type support uint8

const (
	// honoured: it means what its manual says.
	honoured support = iota
	// checked: it is read and checked, and nothing in the image depends on it.
	checked
	// harmless: it has no meaning in an image; leaving it out changes nothing
	// that the service could see.
	harmless
	// unsupported: systemd honours it and the image does not yet; a warning.
	unsupported
	// restricting: likewise, and it limits what the service may do: an error
	// unless --allow-unsupported names it.
	restricting
)

func (s support) String() string {
	return [...]string{"honoured", "checked", "harmless", "unsupported", "restricting"}[s]
}

// decodeFunc reads one assignment.
type decodeFunc func(x *reading)

// group is a run of rows that share their sections and their manual page.
type group struct {
	sections []string
	man      string
	rows     []directive
}

// groups is the whole table.
var groups = [...]group{
	{[]string{"Unit"}, "systemd.unit(5)", unitDirectives},
	{[]string{"Unit"}, "systemd.unit(5)", conditionDirectives()},
	{[]string{"Install"}, "systemd.unit(5)", installDirectives},
	{[]string{"Service"}, "systemd.service(5)", serviceDirectives},
	{[]string{"Socket"}, "systemd.socket(5)", socketDirectives},
	{[]string{"Timer"}, "systemd.timer(5)", timerDirectives},
	{[]string{"Path"}, "systemd.path(5)", pathDirectives},
	{[]string{"Mount"}, "systemd.mount(5)", mountDirectives},
	{[]string{"Automount"}, "systemd.automount(5)", automountDirectives},
	{[]string{"Swap"}, "systemd.swap(5)", swapDirectives},
	{[]string{"Scope"}, "systemd.scope(5)", scopeDirectives},
	{withCommands[:], "systemd.exec(5)", execDirectives},
	{withCommands[:], "systemd.exec(5)", limitDirectives()},
	{withCommands[:], "systemd.exec(5)", confinementDirectives},
	{[]string{"Mount", "Scope", "Service", "Swap"}, "systemd.kill(5)", killDirectives},
	{[]string{"Socket"}, "systemd.kill(5)", socketKillDirectives},
	{append(withCommands[:len(withCommands):len(withCommands)], "Scope", "Slice"), "systemd.resource-control(5)", resourceDirectives},
}

// withCommands are the sections of the unit types that run programs.
var withCommands = [...]string{"Mount", "Service", "Socket", "Swap"}

// unbuilt are the sections of the unit types that a plan cannot hold yet, and
// what such a unit is called. Their directives are read, so that a slip in them
// is found, and mean nothing in the image.
var unbuilt = map[string]string{"Automount": "automount", "Mount": "mount", "Path": "path", "Scope": "scope",
	"Swap": "swap", "Timer": "timer"}

// table is the directives by section and name.
var table = makeTable()

// directiveNames are the names in table by section, sorted.
var directiveNames = namesBySection()

func namesBySection() map[string][]string {
	names := map[string][]string{}
	for section, rows := range table {
		names[section] = sortedKeys(rows)
	}
	return names
}

func makeTable() map[string]map[string]*directive {
	t := map[string]map[string]*directive{"Target": {}}
	for _, g := range groups {
		for _, section := range g.sections {
			if t[section] == nil {
				t[section] = map[string]*directive{}
			}
			for _, d := range g.rows {
				if t[section][d.name] != nil {
					panic("BUG: two rows for " + section + " " + d.name)
				}
				d.section, d.man = section, g.man
				d.value, d.since = typeOf(section, d.name), sinceWhen(section, d.name)
				if d.value == nil {
					panic("BUG: no type of value for " + section + " " + d.name)
				}
				if what := unbuilt[section]; what != "" {
					d.level, d.note = unsupported, what+" units cannot be built into an image yet"
				}
				t[section][d.name] = &d
			}
		}
	}
	return t
}

// sectionsWith are the sections, in order, that have a directive of that name.
func sectionsWith(name string) []string {
	var out []string
	for section, rows := range table {
		if rows[name] != nil {
			out = append(out, section)
		}
	}
	slices.Sort(out)
	return out
}

// DirectiveInfo describes a directive to the verb "directives" and to the
// reference page.
type DirectiveInfo struct {
	Section, Name string
	// Level is honoured, checked, harmless, unsupported or restricting.
	Level string
	Note  string
	Man   string
	// Value is what kind of value it takes, in words.
	Value string
	// Since is the version of systemd that brought it; 0 when it is older than
	// what the manuals record.
	Since uint16
}

// Directives lists every directive that the compiler knows, by section and
// name.
func Directives() []DirectiveInfo {
	var out []DirectiveInfo
	for _, rows := range table {
		for _, d := range rows {
			out = append(out, DirectiveInfo{d.section, d.name, d.level.String(), d.note, d.man, d.value.name, d.since})
		}
	}
	slices.SortFunc(out, func(a, b DirectiveInfo) int {
		return compareFirst(a.Section, b.Section, a.Name, b.Name)
	})
	return out
}
