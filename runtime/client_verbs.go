package runtime

import (
	"strings"

	"rustysd/runtime/plan"
)

// serverVerb is what the init calls a verb.
func serverVerb(verb string) string {
	switch verb {
	case "condrestart":
		return "try-restart"
	case "condstop": // for scripts of other distributions, as those before and after
		return "stop"
	case "condreload":
		return "try-reload-or-restart"
	case "force-reload":
		return "reload-or-restart"
	}
	return verb
}

// jobs asks for a job of each unit and waits for all of them, some at a time:
// the init is not read from while it is written to.
func (c *client) jobs() {
	if what, ok := strings.CutSuffix(c.args[0], ".target"); ok && len(c.args) == 1 &&
		(c.verb == "start" || c.verb == "isolate") && hasWord("poweroff reboot halt exit", what) {
		// systemd.special(7): their start is the end, and no image needs to keep them.
		c.verb, c.args = what, nil
		c.end()
		return
	}
	names := c.names()
	c.ask(serverVerb(c.verb), names)
	if c.opts.wait {
		c.waitForEnd(names)
	}
}

// waitForEnd is --wait of start and restart: until the units are down again, and
// one that has failed is a failure.
func (c *client) waitForEnd(names []string) {
	for _, name := range names {
		for {
			s, ok := c.state(name)
			if !ok || s == "failed" {
				c.status = exitFailure
			}
			if !ok || hasWord("inactive failed", s) {
				break
			}
			pause(50)
		}
	}
}

// isolate is for targets (systemctl(1)): a name without a type is one's.
func (c *client) isolate() {
	for n, arg := range c.args {
		if fullName(arg) != arg && !isGlob(arg) {
			c.args[n] = arg + ".target"
		}
	}
	c.jobs()
}

const jobsAtOnce = 32

func (c *client) ask(verb string, names []string) {
	for len(names) > 0 {
		now := names[:min(jobsAtOnce, len(names))]
		names = names[len(now):]
		first := c.ids + 1
		for _, name := range now {
			if !c.send(verb, func(w *jsonWriter) { c.jobParams(w, verb, name) }) {
				return
			}
		}
		for range now {
			id, v, err := c.answer()
			if n := id - first; n >= 0 && n < int64(len(now)) {
				c.jobEnded(verb, now[n], v, err)
			} else if err != nil {
				c.sayError(verb, now[0], err)
				return
			}
		}
	}
}

func (c *client) jobParams(w *jsonWriter, verb, name string) {
	w.pair("unit", name)
	if c.opts.mode != "" && verb != "isolate" {
		w.pair("mode", c.opts.mode)
	}
	if c.opts.noBlock {
		w.key("no-block")
		w.boolean(true)
	}
}

// jobEnded says how it went, when not well.
func (c *client) jobEnded(verb, name string, v jsonText, err *callError) {
	if err != nil {
		c.sayError(verb, name, err)
		return
	}
	// With --no-block nobody waits for the end, even if the init knows it at once.
	r := v.member("result").text()
	if c.opts.noBlock || hasWord("done skipped queued", r) {
		return
	}
	switch r {
	case "dependency":
		c.complain("A dependency job for ", name, " failed.")
	case "canceled":
		c.complain("Job for ", name, " canceled.")
	case "timeout":
		c.complain("Job for ", name, " timed out.")
	default:
		c.complain("Job for ", name, " failed. See \"systemctl status ", name, "\" and the output of the init.")
	}
	c.status = exitFailure
}

// complain is silent with --quiet.
func (c *client) complain(parts ...string) {
	if !c.opts.quiet {
		c.say(parts...)
	}
}

func (c *client) isolateDefault() { c.ask("isolate", []string{c.plan.Name}) }

// kill signals processes of units.
func (c *client) kill() {
	sig := signalNumber(c.opts.signal)
	if sig == 0 {
		c.fail("Failed to parse signal string \"", c.opts.signal, "\".")
		return
	}
	for _, name := range c.names() {
		_, err := c.call("kill", func(w *jsonWriter) {
			w.pair("unit", name)
			w.key("signal")
			w.number(sig)
			if c.opts.whom != "" {
				w.pair("whom", c.opts.whom)
			}
		})
		if err != nil {
			c.sayError("kill unit", name, err)
		}
	}
}

// signalNumber reads "HUP", "SIGHUP", "1" or "RTMIN+3"; "" is SIGTERM.
func signalNumber(s string) int64 {
	if s == "" {
		s = "TERM"
	}
	if n, ok := atoi(s); ok {
		if n > 64 {
			return 0
		}
		return n
	}
	s = strings.TrimPrefix(s, "SIG")
	for n := int32(1); n <= 64; n++ {
		if signalName(n) == s {
			return int64(n)
		}
	}
	return 0
}

func (c *client) resetFailed() {
	if len(c.args) > 0 {
		c.ask("reset-failed", c.names())
		return
	}
	if _, err := c.call("reset-failed", nil); err != nil {
		c.sayError("reset failed state", "", err)
	}
}

// end stops everything.
func (c *client) end() {
	status := int64(0)
	if c.verb == "exit" && len(c.args) > 0 {
		n, ok := atoi(c.args[0])
		if !ok || n > 255 {
			c.fail("Failed to parse exit code ", c.args[0], ".")
			return
		}
		status = n
	}
	_, err := c.call(c.verb, func(w *jsonWriter) {
		w.key("force")
		w.number(c.opts.force)
		w.key("status")
		w.number(status)
	})
	if err != nil {
		c.sayError(c.verb, "", err)
	}
}

// state asks for the active state; a unit that is not there is inactive.
func (c *client) state(name string) (string, bool) {
	v, err := c.call("show", func(w *jsonWriter) { askProperties(w, name, "ActiveState") })
	switch {
	case err == nil:
		return v.member("ActiveState").text(), true
	case err.code == errNoUnit:
		return "inactive", true
	}
	c.sayError("get state of", name, err)
	return "", false
}

func askProperties(w *jsonWriter, name string, properties ...string) {
	w.pair("unit", name)
	w.key("properties")
	w.open('[')
	for _, p := range properties {
		w.text(p)
	}
	w.close(']')
}

// isActive prints the states; one that fits is enough.
func (c *client) isActive() { c.check("active reloading", exitNotRunning) }
func (c *client) isFailed() { c.check("failed", exitFailure) }

func (c *client) check(good string, otherwise int) {
	names, ok := c.names(), false
	if c.status != 0 {
		return
	}
	for _, name := range names {
		s, answered := c.state(name)
		if !answered {
			return
		}
		if !c.opts.quiet {
			c.print(s, "\n")
		}
		ok = ok || hasWord(good, s)
	}
	if !ok {
		c.status = otherwise
	}
}

// isEnabled tells of the plan: what is in the image is enabled in some way.
func (c *client) isEnabled() {
	good := false
	for _, arg := range c.args {
		name, state := fullName(arg), "masked"
		if u := c.inPlan(name); u != nil {
			good = true
			if state = fileState(c.plan, u); name != u.Name && name != fileName(u) {
				state = "alias"
			}
		} else if !c.masked(name) {
			c.fail("Failed to get unit file state for ", name, ": No such file or directory")
			return
		}
		if !c.opts.quiet {
			c.print(state, "\n")
		}
	}
	if !good {
		c.status = exitFailure
	}
}

func (c *client) isSystemRunning() {
	s := "offline"
	for c.tryConnect() {
		v, err := c.call("show", nil)
		if err != nil {
			break
		}
		if s = v.member("SystemState").text(); s != "starting" || !c.opts.wait {
			break
		}
		pause(20)
	}
	if !c.opts.quiet {
		c.print(s, "\n")
	}
	if s != "running" {
		c.status = exitFailure
	}
}

func (c *client) getDefault() { c.print(c.plan.Name, "\n") }

// enable has nothing to do for a unit of the image, nor has disable for one that
// nothing enables, or unmask. For another unit they fail: what a script installs
// now will not be there at the next boot.
func (c *client) enable() {
	for _, arg := range c.args {
		name, then := fullName(arg), "start"
		switch u := c.inPlan(name); {
		case c.masked(name):
			c.fail("Failed to ", c.verb, " unit: ", name, " is masked: "+compileAgain)
			continue
		case u == nil:
			c.fail("Failed to ", c.verb, " unit: ", name, " is not in this image; its units were compiled into the init.")
			continue
		case c.verb != "disable":
		case fileState(c.plan, u) != "static":
			c.fail("systemctl: disable: " + compileAgain)
			continue
		default:
			then = "stop"
		}
		if c.opts.now && hasWord("enable reenable disable", c.verb) {
			c.ask(then, []string{name})
		}
	}
}

// showEnvironment tells what every service has.
func (c *client) showEnvironment() {
	for _, v := range c.plan.Environment {
		c.print(v, "\n")
	}
}

// daemonReload is what package scripts call after they have put units in
// place. It succeeds so that they go on.
func (c *client) daemonReload() {
	if !c.opts.quiet && isTerminal(2) {
		c.say("systemctl: nothing to reload: the units of this image are compiled into its init.")
	}
}

// daemonReexec answers when the init has executed itself anew.
func (c *client) daemonReexec() {
	v, err := c.call("daemon-reexec", nil)
	switch {
	case err != nil:
		c.sayError("reexecute daemon", "", err)
	case !v.member("result").is("done"):
		c.fail("Failed to reexecute daemon: the init goes on as it was; its log says why.")
	}
}

func (c *client) version() {
	c.print("systemd "+systemdVersion+" (rustysd-compile, ", c.plan.Name, " ", c.plan.Digest, ")\n")
}

func (c *client) journal() {
	c.say("journalctl: this init keeps no journal: see `docker logs` and its kin, or the machine's console")
	c.status = exitFailure
}

const helpVerbs = "start stop restart try-restart reload reload-or-restart try-reload-or-restart isolate kill " +
	"reset-failed status is-active is-failed is-enabled is-system-running show cat list-units list-unit-files " +
	"list-jobs cancel list-sockets list-timers list-dependencies get-default show-environment poweroff reboot halt exit enable disable unmask daemon-reload daemon-reexec"

func (c *client) help() {
	c.print("systemctl [OPTION...] VERB [UNIT...]\n\nVerbs:\n")
	for rest, verb := helpVerbs, ""; rest != ""; {
		verb, rest, _ = strings.Cut(rest, " ")
		c.print("  ", verb, "\n")
	}
	c.print("\nOptions:\n")
	for n := range clientFlags {
		if f := &clientFlags[n]; f.long != "only-value" {
			c.print("  --", f.long, "\n")
		}
	}
}

// cat prints what was compiled of a unit: the text is not in the image.
func (c *client) cat() {
	for n, name := range c.names() {
		v, err := c.call("cat", aboutUnit(name))
		if err != nil {
			if c.masked(name) {
				c.print("# ", isMasked(name), "\n")
			} else if err.code == errNoUnit {
				c.fail("No files found for ", name, ".")
			} else {
				c.sayError("show", name, err)
			}
			continue
		}
		if n > 0 {
			c.print("\n")
		}
		c.catUnit(name, v)
	}
}

func (c *client) catUnit(name string, v jsonText) {
	source := v.member("source").text()
	if source == "" {
		source = "built in"
	}
	c.print("# ", source, "\n# The text is not in the image. What was compiled of it:\n[Unit]\nDescription=", v.member("description").text(), "\n")
	section := ""
	for rest := v.member("commands"); ; {
		var e jsonText
		if e, rest = rest.next(); e == nil {
			return
		}
		if section == "" {
			section = sectionOf(name)
			c.print("\n[", section, "]\n")
		}
		c.print("# ", e.member("origin").text(), "\n", e.member("role").text(), "=")
		c.printWords(e)
		c.print("\n")
	}
}

func sectionOf(name string) string {
	if strings.HasSuffix(name, ".socket") {
		return "Socket"
	}
	return "Service"
}

// printWords writes a command line as a unit file has it.
func (c *client) printWords(e jsonText) {
	path := e.member("path").text()
	for rest, n := e.member("argv"), 0; ; n++ {
		var w jsonText
		if w, rest = rest.next(); w == nil {
			return
		}
		word := w.text()
		switch {
		case n == 0 && word != path:
			c.print("@", path, " ")
		case n > 0:
			c.print(" ")
		}
		c.print(quoteWord(word))
	}
}

func quoteWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n\"'\\;") && strings.IndexByte(s, plan.BootMark) < 0 {
		return s
	}
	var w jsonWriter
	w.text(s)
	return string(w.b)
}
