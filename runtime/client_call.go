package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/fnmatch"
	"rustysd/runtime/plan"
)

// callError is why the init did not do something.
type callError struct {
	code    int64 // 0: there is no answer
	message string
}

// connect opens the connection; false, with the reason said, when there is none.
func (c *client) connect() bool {
	if c.fd >= 0 {
		return true
	}
	if c.tryConnect() {
		return true
	}
	path, ok := syscall.Getenv(controlEnv)
	if !ok || path == "" {
		path = controlPath
	}
	c.fail("Cannot reach the init: nothing answers at ", path, ". Is it running, with a control socket?")
	return false
}

// tryConnect goes to $RUSTYSD_CONTROL, or else to PID 1.
func (c *client) tryConnect() bool {
	fd, _, e := syscall.RawSyscall(syscall.SYS_SOCKET, syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if e != 0 {
		return false
	}
	c.fd = int32(fd)
	if path, ok := syscall.Getenv(controlEnv); ok && path != "" {
		if connect(c.fd, unixAddress(path)) == 0 {
			return true
		}
	} else if connect(c.fd, unixAddress(controlPath)) == 0 {
		return true
	} else if connect(c.fd, unixAddress("@rustysd/control/1")) == 0 {
		// Anybody can have taken an abstract name.
		if cred, ok := peerCred(c.fd); ok && cred.Pid == 1 {
			return true
		}
	}
	closeFD(c.fd)
	c.fd = noFD
	return false
}

// send asks for something; params writes the members.
func (c *client) send(method string, params func(*jsonWriter)) bool {
	if !c.connect() {
		return false
	}
	c.ids++
	var w jsonWriter
	w.open('{')
	w.pair("jsonrpc", "2.0")
	w.key("id")
	w.number(c.ids)
	w.pair("method", method)
	w.key("params")
	w.open('{')
	if params != nil {
		params(&w)
	}
	w.close('}')
	w.close('}')
	w.b = append(w.b, '\n')
	for b := w.b; len(b) > 0; {
		n, e := send(c.fd, b, syscall.MSG_NOSIGNAL)
		if e != 0 && e != syscall.EINTR {
			return true // the reading of the answer says why
		}
		b = b[max(n, 0):]
	}
	return true
}

// receive waits for one line.
func (c *client) receive() (jsonText, bool) {
	c.in = c.in[:copy(c.in, c.in[c.used:])]
	c.used = 0
	for scanned := 0; ; {
		if at := strings.IndexByte(text(c.in[scanned:]), '\n'); at >= 0 {
			c.used = scanned + at + 1
			return validJSON(c.in[:c.used-1])
		}
		scanned = len(c.in)
		c.in = append(c.in, make([]byte, 8<<10)...)
		n, e := read(c.fd, c.in[scanned:])
		c.in = c.in[:scanned+max(n, 0)]
		if e == syscall.EINTR {
			c.in = c.in[:scanned]
			continue
		}
		if e != 0 || n == 0 {
			return nil, false
		}
	}
}

// answer takes the next answer: its id, and the result or the error.
func (c *client) answer() (int64, jsonText, *callError) {
	line, ok := c.receive()
	if !ok {
		return 0, nil, &callError{message: "the init has closed the connection"}
	}
	id, _ := line.member("id").number()
	if e := line.member("error"); e != nil {
		code, _ := e.member("code").number()
		return id, nil, &callError{code, e.member("message").text()}
	}
	return id, line.member("result"), nil
}

// call asks for something and waits for the answer, which is good until the
// next one.
func (c *client) call(method string, params func(*jsonWriter)) (jsonText, *callError) {
	if !c.send(method, params) {
		return nil, &callError{message: ""}
	}
	_, v, err := c.answer()
	return v, err
}

// aboutUnit is the parameters of most calls.
func aboutUnit(name string) func(*jsonWriter) {
	return func(w *jsonWriter) { w.pair("unit", name) }
}

// unitSuffixes are the unit types of systemd.unit(5).
const unitSuffixes = "service socket target device mount automount swap path timer slice scope"

// fullName adds ".service" to a name without a type.
func fullName(name string) string {
	if at := strings.LastIndexByte(name, '.'); at >= 0 && hasWord(unitSuffixes, name[at+1:]) {
		return name
	}
	return name + ".service"
}

func isGlob(s string) bool { return strings.ContainsAny(s, "*?[") }

// unitRow is a unit of list-units.
type unitRow struct {
	unit, load, active, sub, job, description, file string
}

// units asks for all units.
func (c *client) units() ([]unitRow, bool) {
	v, err := c.call("list-units", nil)
	if err != nil {
		c.sayError("list units", "", err)
		return nil, false
	}
	var all []unitRow
	for rest := v; ; {
		var e jsonText
		if e, rest = rest.next(); e == nil {
			return all, true
		}
		all = append(all, unitRow{e.member("unit").text(), e.member("load").text(), e.member("active").text(),
			e.member("sub").text(), e.member("job").text(), e.member("description").text(), e.member("file").text()})
	}
}

// filtered: units are meant by their type or state, and not by name.
func (c *client) filtered() bool {
	return len(c.args) == 0 && len(c.opts.types)+len(c.opts.states) > 0
}

// names are the units that the arguments mean, globs expanded, less those that can
// be no unit, of which it says why.
func (c *client) names() []string {
	var names []string
	var all []unitRow
	filtered := c.filtered()
	if filtered {
		c.args = []string{"*"}
	}
	for _, arg := range c.args {
		if name := fullName(arg); !isGlob(arg) {
			if strings.Contains(name, "@.") {
				c.fail("Failed to ", c.verb, " ", name, ": ", name, " is a template: name an instance, as in ", strings.Replace(name, "@.", "@1.", 1), ".")
				continue
			}
			names = append(names, name)
			continue
		}
		if all == nil {
			var ok bool
			if all, ok = c.units(); !ok {
				return nil
			}
		}
		for n := range all {
			if fnmatch.Match(fullPattern(arg), all[n].unit, true) && (!filtered || c.wanted(&all[n])) {
				names = append(names, all[n].unit)
			}
		}
	}
	return names
}

// fullPattern is fullName for a glob: one that ends in a star stands for all
// types.
func fullPattern(p string) string {
	if strings.HasSuffix(p, "*") {
		return p
	}
	return fullName(p)
}

// sayError says that something could not be done, and sets the exit status.
func (c *client) sayError(what, unit string, err *callError) {
	if err.code == 0 && err.message == "" {
		return // said already
	}
	status := exitFailure
	why := err.message
	switch err.code {
	case errNoUnit:
		if status, why = noUnit(what, unit); c.masked(unit) {
			if hasWord("stop try-restart try-reload-or-restart", what) {
				return // there is nothing to stop
			}
			status, why = exitFailure, isMasked(unit)
		}
	case errDenied:
		status, why = exitNoUnit, "Access denied: "+why+"."
	case errRefused, errConflict:
		status = exitNoUnit
	case errNoReload:
		status, why = exitNotRunning, "Job type reload is not applicable for unit "+unit+"."
	}
	if what == "reset-failed" {
		what = "reset failed state of unit"
	}
	if unit != "" {
		what += " " + unit
	}
	c.say("Failed to ", what, ": ", why)
	c.status = status
}

// noUnit is the exit status and the message for a unit that is not there, which
// are not the same for all verbs.
func noUnit(verb, unit string) (int, string) {
	switch verb {
	case "stop":
		return exitNoInstall, "Unit " + unit + " not loaded."
	case "isolate":
		return exitNoUnit, "Unit " + unit + " not found."
	case "kill unit", "reset-failed":
		return exitFailure, "Unit " + unit + " not loaded."
	}
	return exitNoInstall, "Unit " + unit + " not found."
}

// inPlan finds a unit of the image without asking the init: by its name, that of
// its file where that is a template's, or an alias.
func (c *client) inPlan(name string) *plan.Unit {
	for n := range c.plan.Units {
		if u := &c.plan.Units[n]; u.Name == name || fileName(u) == name {
			return u
		}
	}
	if a := c.alias(name); a != nil && a.Unit != plan.NoUnit {
		return &c.plan.Units[a.Unit]
	}
	return nil
}

//go:noinline
func (c *client) alias(name string) *plan.Alias {
	for n := range c.plan.Aliases {
		if a := &c.plan.Aliases[n]; a.Name == name {
			return a
		}
	}
	return nil
}

// masked tells if a name is one that the image was compiled without on purpose.
//
//go:noinline
func (c *client) masked(name string) bool {
	a := c.alias(name)
	return a != nil && a.Unit == plan.NoUnit
}

// isMasked is why, as systemctl says it.
//
//go:noinline
func isMasked(name string) string { return "Unit " + name + " is masked." }

// fileName is what the file of a unit is called: an instance has its template's.
//
//go:noinline
func fileName(u *plan.Unit) string {
	if name := u.Source[strings.LastIndexByte(u.Source, '/')+1:]; strings.Contains(name, "@.") {
		return name
	}
	return u.Name
}

func ioctlPointer[T any](fd int32, request uintptr, p *T) errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(p)))
	return e
}
