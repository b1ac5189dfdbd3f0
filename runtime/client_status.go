package runtime

import (
	"strings"
	"unicode/utf8"

	"rustysd/runtime/plan"
)

// showStatus is status of units, or of the whole.
func (c *client) showStatus() {
	if len(c.args) == 0 && !c.filtered() {
		c.systemStatus()
		return
	}
	c.pidsToUnits()
	for n, name := range c.names() {
		v, err := c.call("show", aboutUnit(name))
		if err != nil {
			if c.masked(name) {
				c.print("○ ", name, "\n     Loaded: masked (Reason: ", isMasked(name), ")\n     Active: inactive (dead)\n")
				c.firstStatus(exitNotRunning)
			} else if err.code == errNoUnit {
				c.say("Unit ", name, " could not be found.")
				c.firstStatus(exitNoUnit)
			} else {
				c.sayError("get properties of", name, err)
			}
			continue
		}
		if n > 0 {
			c.print("\n")
		}
		c.unitStatus(name, append(jsonText(nil), v...)) // there are more calls
	}
}

// firstStatus keeps the exit status of the first unit that has one
// (systemctl(1), "Exit status").
func (c *client) firstStatus(s int) {
	if c.status == 0 {
		c.status = s
	}
}

// pidsToUnits has the unit of a process in the place of its number.
func (c *client) pidsToUnits() {
	for n, arg := range c.args {
		pid, isNumber := atoi(arg)
		if !isNumber {
			continue
		}
		all, _ := c.units()
		for k := range all {
			for _, p := range c.processes(all[k].unit) {
				if p == pid {
					c.args[n] = all[k].unit
				}
			}
		}
	}
}

func (c *client) unitStatus(name string, v jsonText) {
	if !hasWord("active reloading", v.member("ActiveState").text()) {
		c.firstStatus(exitNotRunning)
	}
	get := func(p string) string { return v.member(p).text() }
	name = get("Id") // it may have been asked for by an alias
	dot, colour := mark(get("ActiveState"))
	c.print(c.paint(colour, dot), " ", name)
	if d := get("Description"); d != name {
		c.print(" - ", d)
	}
	loaded := get("FragmentPath")
	if loaded == "" {
		loaded = "built in"
	}
	file := get("UnitFileState")
	if file == "enabled" {
		file += "; preset: enabled"
	}
	c.print("\n     Loaded: loaded (", loaded, "; ", file, ")\n     Active: ", c.activeLine(v, colour), "\n")
	c.unmet(v, "Condition", "  Condition: start condition")
	c.unmet(v, "Assert", "     Assert: start assertion")
	if t := v.member("TriggeredBy"); len(t.list()) > 0 {
		c.print("TriggeredBy: ", strings.Join(t.list(), " "), "\n")
	}
	if l := settingsNamed(get("Settings"), "Listen"); len(l) > 0 {
		c.print("     Listen: ", strings.Join(l, "\n             "), "\n")
	}
	pids := c.processes(name)
	c.mainLine(v)
	if t := get("StatusText"); t != "" {
		c.print("     Status: \"", t, "\"\n")
	}
	if len(pids) > 0 {
		c.print("      Tasks: ", itoa(int64(len(pids))), "\n")
		c.group(get("ControlGroup"), pids)
	}
}

// settingsNamed are the values that a unit has set of a property.
func settingsNamed(settings, name string) (values []string) {
	for settings != "" {
		var line string
		line, settings, _ = strings.Cut(settings, "\n")
		if key, value, _ := strings.Cut(line, "="); key == name {
			values = append(values, value)
		}
	}
	return values
}

// unmet tells when a condition kept the unit from starting.
func (c *client) unmet(v jsonText, kind, what string) {
	if at, tested := v.member(kind + "Timestamp").number(); tested && v.member(kind+"Result").kind() == 'f' {
		c.print(what, " failed at ", timestamp(at), "; ", ago(now()-at), "\n")
	}
}

// list is an array of strings.
func (v jsonText) list() (all []string) {
	for rest := v; ; {
		var e jsonText
		if e, rest = rest.next(); e == nil {
			return all
		}
		all = append(all, e.text())
	}
}

// activeLine is "active (running) since …; 3s ago".
func (c *client) activeLine(v jsonText, colour string) string {
	active, sub := v.member("ActiveState").text(), v.member("SubState").text()
	s := active
	switch result := v.member("Result").text(); {
	case active == "failed" || active == "activating" && sub == "auto-restart" && result != "success":
		if sub != active {
			s += " (" + sub + ") (Result: " + result + ")"
		} else {
			s += " (Result: " + result + ")"
		}
	case sub != active:
		s += " (" + sub + ")"
	}
	s = c.paint(colour, s)
	p := "InactiveExitTimestamp"
	switch active {
	case "active", "reloading":
		p = "ActiveEnterTimestamp"
	case "inactive", "failed":
		p = "InactiveEnterTimestamp"
	case "deactivating":
		p = "ActiveExitTimestamp"
	}
	if at, ok := v.member(p).number(); ok {
		return s + " since " + timestamp(at) + "; " + ago(now()-at)
	}
	return s
}

// mainLine tells of the main process, and of a control process.
func (c *client) mainLine(v jsonText) {
	main, _ := v.member("MainPID").number()
	code, _ := v.member("ExecMainCode").number()
	status, _ := v.member("ExecMainStatus").number()
	control, _ := v.member("ControlPID").number()
	switch {
	case main > 0:
		c.print("   Main PID: ", itoa(main), commandName(main))
		if control > 0 {
			c.print("; Control PID: ", itoa(control), commandName(control))
		}
		c.print("\n")
		return
	case code > 0:
		last, _ := v.member("ExecMainPID").number()
		c.print("   Main PID: ", itoa(last), " (", howEnded(code, status), ")\n")
	}
	if control > 0 {
		c.print(" Cntrl PID: ", itoa(control), commandName(control), "\n")
	}
}

// howEnded is "code=exited, status=1/FAILURE".
func howEnded(code, status int64) string {
	switch code {
	case 1:
		return "code=exited, status=" + itoa(status) + statusName(status)
	case 2:
		return "code=killed, signal=" + signalName(int32(status))
	}
	return "code=dumped, signal=" + signalName(int32(status))
}

// statusName is what systemd.exec(5), "Process Exit Codes", calls a status.
func statusName(status int64) string {
	switch status {
	case 0:
		return "/SUCCESS"
	case 1:
		return "/FAILURE"
	}
	if name := stepName(plan.Step(status)); status < 256 && name != itoa(status) {
		return "/" + name
	}
	return ""
}

// commandName is the name of a process, in parentheses.
func commandName(pid int64) string {
	name := smallFile("/proc/" + itoa(pid) + "/comm")
	if name == "" {
		return ""
	}
	return " (" + clean(name) + ")"
}

// clean takes out what would move the cursor of a terminal; NULs, which are
// between the words of a command line, become blanks.
func clean(s string) string {
	b := []byte(s)
	for at, r := range s {
		switch {
		case r == 0:
			b[at] = ' '
		case r < ' ' || r == 0x7F, r == utf8.RuneError && b[at] != "\uFFFD"[0]:
			b[at] = '?'
		case r > 0x7F && r < 0xA0: // two bytes
			b[at], b[at+1] = '?', '?'
		}
	}
	return string(b)
}

// processes are those of a unit; there may be none.
func (c *client) processes(name string) (pids []int64) {
	v, err := c.call("processes", aboutUnit(name))
	if err != nil {
		return nil
	}
	for rest := v; ; {
		var e jsonText
		if e, rest = rest.next(); e == nil {
			return pids
		}
		pid, _ := e.number()
		pids = append(pids, pid)
	}
}

// group draws the processes of a unit.
func (c *client) group(path string, pids []int64) {
	if path == "" {
		c.print("  Processes:")
	} else {
		c.print("     CGroup: ", path)
	}
	c.print("\n")
	width := 0
	for _, pid := range pids {
		width = max(width, len(itoa(pid)))
	}
	for n, pid := range pids {
		branch := "├─"
		if n == len(pids)-1 {
			branch = "└─"
		}
		number := itoa(pid)
		c.print("             ", branch, pad("", width-len(number)), number, " ", commandLine(pid), "\n")
	}
}

// commandLine is how a process was called, or its name.
func commandLine(pid int64) string {
	line := smallFile("/proc/" + itoa(pid) + "/cmdline")
	line = strings.TrimRight(line, "\x00 ")
	if line == "" {
		return "[" + clean(smallFile("/proc/"+itoa(pid)+"/comm")) + "]"
	}
	return clean(line)
}

// systemStatus is status without a unit.
func (c *client) systemStatus() {
	v, err := c.call("show", nil)
	if err != nil {
		c.sayError("get status", "", err)
		return
	}
	state := v.member("SystemState").text()
	colour := colourYellow
	switch state {
	case "running":
		colour = colourGreen
	case "degraded":
		colour = colourRed
	}
	number := func(p string) string { n, _ := v.member(p).number(); return itoa(n) }
	c.print(c.paint(colour, "●"), " ", uname(hostName), "\n    State: ", c.paint(colour, state),
		"\n    Units: ", number("NNames"), " loaded\n     Jobs: ", number("NJobs"), " queued\n   Failed: ", number("NFailedUnits"),
		" units\n   Target: ", v.member("Target").text(), "\n  systemd: "+systemdVersion+" (rustysd-compile)\n")
}

// show prints properties.
func (c *client) show() {
	if len(c.args) == 0 && !c.filtered() {
		v, err := c.call("show", nil)
		if err != nil {
			c.sayError("get properties", "", err)
			return
		}
		c.printProperties([]string{shownSelf}, v)
		return
	}
	for n, name := range c.names() {
		if n > 0 {
			c.print("\n")
		}
		v, err := c.call("show", func(w *jsonWriter) {
			w.pair("unit", name)
			if len(c.opts.properties) > 0 {
				w.key("properties")
				w.open('[')
				for _, p := range c.opts.properties {
					w.text(p)
				}
				w.text("Settings")
				w.close(']')
			}
		})
		switch {
		case err == nil:
			c.printProperties(plan.ShownOf(name), v)
		case err.code == errNoUnit:
			c.showMissing(name)
		default:
			c.sayError("get properties of", name, err)
			return
		}
	}
}

// shownSelf are those of the init.
const shownSelf = "Version\nTarget\nDigest\nTainted=\nUserspaceTimestamp\nUserspaceTimestampMonotonic\n" +
	"FinishTimestamp\nFinishTimestampMonotonic\nNNames\nNFailedUnits\nNJobs\nEnvironment\nSystemState\n" +
	"DefaultTimeoutStartUSec=1min 30s\nDefaultTimeoutStopUSec=1min 30s\nDefaultRestartUSec=100ms\n" +
	"DefaultStartLimitIntervalUSec=10s\nDefaultStartLimitBurst=5\n"

// showMissing: systemctl(1) shows a unit that is not there as one.
func (c *client) showMissing(name string) {
	var w jsonWriter
	w.open('{')
	state, file, why := "not-found", "", "NoSuchUnit \"Unit "+name+" not found."
	if c.masked(name) {
		state, file, why = "masked", "masked", "UnitMasked \""+isMasked(name)
	}
	for _, p := range [...][2]string{{"Id", name}, {"Names", name}, {"Description", name}, {"LoadState", state},
		{"ActiveState", "inactive"}, {"SubState", "dead"}, {"UnitFileState", file}, {"MainPID", "0"}, {"NRestarts", "0"},
		{"ExecMainPID", "0"}, {"ExecMainCode", "0"}, {"ExecMainStatus", "0"}, {"ControlPID", "0"}, {"Result", "success"}, {"FragmentPath", ""},
		{"CanReload", "no"}, {"ControlGroup", ""}, {"MemoryCurrent", "[not set]"}, {"TasksCurrent", "[not set]"},
		{"LoadError", "org.freedesktop.systemd1." + why + "\""}, {"Settings", missingSettings}} {
		w.pair(p[0], p[1])
	}
	w.close('}')
	c.printProperties(plan.ShownOf(name), w.b)
}

const missingSettings = "Type=\nWatchdogUSec=infinity\nOOMPolicy=\nStandardOutput=inherit\nSlice=\nUnitFilePreset=\nCanStart=no\n"

// printProperties prints what was asked for, in the order of the blocks. A property
// without a value, such as a set that excepts nothing, is printed only when it was named, or with --all.
func (c *client) printProperties(blocks []string, v jsonText) {
	settings := v.member("Settings").text()
	for _, block := range blocks {
		for block != "" {
			var line string
			line, block, _ = strings.Cut(block, "\n")
			c.printProperty(line, settings, v)
		}
	}
}

func (c *client) printProperty(line, settings string, v jsonText) {
	name, text, isSetting := strings.Cut(line, "=")
	asked := false
	for _, p := range c.opts.properties {
		asked = asked || p == name
	}
	if len(c.opts.properties) > 0 && !asked {
		return
	}
	texts := settingsNamed(settings, name)
	switch value := v.member(name); {
	case texts != nil:
	case strings.HasPrefix(name, "Exec") && value.kind() == '[':
		texts = value.list() // a command a line
	case value != nil:
		texts = []string{c.propertyText(name, value)}
	case isSetting:
		texts = []string{text}
	}
	for _, text := range texts {
		if !asked && !c.opts.all && (text == "" || text == "~" || text == notSet && strings.HasSuffix(name, "ExitStatus")) {
			continue
		}
		if !c.opts.value {
			c.print(name, "=")
		}
		c.print(text, "\n")
	}
}

// propertyText writes a value as systemctl does.
func (c *client) propertyText(name string, v jsonText) string {
	n, isNumber := v.number()
	switch {
	case v.kind() == 'n':
		return ""
	case v.kind() == 't':
		return "yes"
	case v.kind() == 'f':
		return "no"
	case v.kind() == '[':
		return strings.Join(v.list(), " ")
	case isNumber && strings.HasSuffix(name, "Timestamp") && !c.opts.unix:
		return timestamp(n)
	case isNumber && strings.HasSuffix(name, "Timestamp"):
		return "@" + itoa(n/usecSecond)
	case isNumber:
		return itoa(n)
	}
	return v.text()
}
