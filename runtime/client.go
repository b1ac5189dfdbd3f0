package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/plan"
)

// The client: the init's own file, called as systemctl. It is linked with the
// control socket, boots nothing, and asks the init for everything but what the
// plan in the file tells. control.md says which verbs there are and where they
// differ from systemctl(1).

// client is one run of it.
type client struct {
	plan *plan.Plan
	opts clientOptions
	verb string
	args []string

	fd   int32
	in   []byte
	used int // of in: the line that was handed out last
	ids  int64

	out    []byte // to standard output
	status int
	colour bool
}

// clientOptions are what the flags set.
type clientOptions struct {
	noBlock, quiet, noLegend, plain, all, value, reverse, after, before, now, wait, json, unix bool
	force                                                                                      int64
	types, states                                                                              []string
	properties                                                                                 []string
	mode, signal, whom                                                                         string
	// elsewhere is a flag that is about other units than those of the image.
	elsewhere string
}

// Exit statuses of systemctl(1), "Exit status".
const (
	exitFailure    = 1
	exitNotRunning = 3
	exitNoUnit     = 4 // of status; and for the others, no permission
	exitNoInstall  = 5
)

// runClient does what the command line says and answers the exit status.
func runClient(p *plan.Plan, args []string) int {
	c := &client{plan: p, fd: noFD, colour: isTerminal(1)}
	ok := false
	switch args[0] {
	case "journalctl":
		c.verb, ok = args[0], true
	case "systemctl":
		ok = c.parse(args[1:])
	case "runlevel", "telinit", "shutdown":
		ok = c.parseOld(args)
	default:
		ok = c.parseHalt(args)
	}
	if ok {
		c.run()
	}
	c.flush()
	return c.status
}

// run finds the verb.
func (c *client) run() {
	if c.verb == "" {
		c.verb = "list-units"
	}
	if o := c.opts.elsewhere; o != "" {
		c.fail("systemctl: --", o, ": there is nobody to talk to but the init of this image")
		return
	}
	for n := range clientVerbs {
		v := &clientVerbs[n]
		if v.name != c.verb {
			continue
		}
		if v.needs && len(c.args) == 0 {
			c.fail("Too few arguments.")
			return
		}
		v.run(c)
		return
	}
	for _, a := range clientAdvice {
		if hasWord(a.verbs, c.verb) {
			c.say("systemctl: ", c.verb, ": ", a.text)
			c.status = a.status
			return
		}
	}
	c.fail("Unknown command verb ", c.verb, ".")
}

// clientVerb is a verb that does something. needs: at least one unit.
type clientVerb struct {
	name  string
	needs bool
	run   func(*client)
}

var clientVerbs = [...]clientVerb{
	{"start", true, (*client).jobs}, {"stop", true, (*client).jobs}, {"restart", true, (*client).jobs},
	{"try-restart", true, (*client).jobs}, {"condrestart", true, (*client).jobs}, {"condstop", true, (*client).jobs}, {"condreload", true, (*client).jobs}, {"reload", true, (*client).jobs},
	{"reload-or-restart", true, (*client).jobs}, {"force-reload", true, (*client).jobs},
	{"try-reload-or-restart", true, (*client).jobs}, {"isolate", true, (*client).isolate},
	{"default", false, (*client).isolateDefault}, {"kill", true, (*client).kill},
	{"reset-failed", false, (*client).resetFailed}, {"status", false, (*client).showStatus},
	{"is-active", true, (*client).isActive}, {"is-failed", true, (*client).isFailed},
	{"is-enabled", true, (*client).isEnabled}, {"is-system-running", false, (*client).isSystemRunning},
	{"show", false, (*client).show}, {"cat", true, (*client).cat}, {"list-units", false, (*client).listUnits},
	{"list-unit-files", false, (*client).listFiles}, {"list-jobs", false, (*client).listJobs}, {"cancel", false, (*client).cancel},
	{"list-dependencies", false, (*client).listDependencies}, {"list-sockets", false, (*client).listSockets}, {"get-default", false, (*client).getDefault},
	{"enable", true, (*client).enable}, {"reenable", true, (*client).enable}, {"preset", true, (*client).enable},
	{"disable", true, (*client).enable}, {"unmask", true, (*client).enable}, {"show-environment", false, (*client).showEnvironment},
	{"list-timers", false, (*client).listNone}, {"list-automounts", false, (*client).listNone},
	{"daemon-reload", false, (*client).daemonReload}, {"daemon-reexec", false, (*client).daemonReexec}, {"poweroff", false, (*client).end}, {"reboot", false, (*client).end},
	{"halt", false, (*client).end}, {"exit", false, (*client).end}, {"help", false, (*client).help},
	{"version", false, (*client).version}, {"journalctl", false, (*client).journal},
}

const compileAgain = "the units are in the init: change their files and compile the image again"

// clientAdvice is for verbs that have nothing to work on: the image does not
// change while it runs.
var clientAdvice = [...]struct {
	verbs, text string
	status      int
}{
	{"mask edit revert link set-default set-property add-wants add-requires preset-all bind mount-image",
		compileAgain, exitFailure},
	{"set-environment unset-environment import-environment",
		"see Environment= and PassEnvironment= of a unit", exitFailure},
	{"list-paths", "the image has none of them; \"list-units\" shows what it has", exitFailure},
	{"list-machines whoami", "/proc/PID/cgroup names the unit of a process", exitFailure},
	{"freeze thaw", "use \"kill --signal=STOP UNIT\" and \"kill --signal=CONT UNIT\"", exitFailure},
	{"clean", "remove the unit's directories by hand", exitFailure},
	{"suspend hibernate hybrid-sleep suspend-then-hibernate sleep kexec soft-reboot switch-root",
		"the init ends or reboots, and nothing else; use \"poweroff\", \"reboot\", \"halt\" or \"exit\"", exitFailure},
	{"rescue emergency", "\"isolate UNIT\" stops everything but a unit of this image", exitFailure},
	{"log-level log-target service-log-level service-log-target",
		"the log goes to the init's standard output; see LogLevelMax= of a unit", exitFailure},
	{"service-watchdogs", "watchdogs run as WatchdogSec= says", exitFailure},
}

// option is a flag.
type option struct {
	long, short string
	value       bool
}

var clientFlags = [...]option{
	{"no-block", "", false}, {"quiet", "q", false}, {"no-legend", "", false}, {"legend", "", true}, {"plain", "", false},
	{"all", "a", false}, {"failed", "", false}, {"type", "t", true}, {"state", "", true}, {"property", "p", true},
	{"only-value", "P", true}, {"value", "", false}, {"job-mode", "", true}, {"signal", "s", true}, {"kill-whom", "", true},
	{"kill-who", "", true}, {"force", "f", false}, {"reverse", "", false}, {"after", "", false}, {"before", "", false},
	{"now", "", false}, {"fail", "", false}, {"irreversible", "", false}, {"ignore-dependencies", "", false}, {"wait", "", false},
	{"root", "", true}, {"image", "", true}, {"user", "", false}, {"global", "", false}, {"machine", "M", true}, {"host", "H", true},
	// What follows is understood and changes nothing.
	{"no-pager", "", false}, {"system", "", false}, {"full", "l", false}, {"lines", "n", true}, {"output", "o", true},
	{"no-ask-password", "", false}, {"no-wall", "", false}, {"no-reload", "", false}, {"no-warn", "", false},
	{"runtime", "", false}, {"show-types", "", false}, {"recursive", "r", false},
	{"ignore-inhibitors", "i", false}, {"check-inhibitors", "", true}, {"message", "", true}, {"preset-mode", "", true},
	{"timestamp", "", true}, {"what", "", true}, {"with-dependencies", "", false}, {"show-transaction", "T", false},
}

// set applies a flag.
func (o *clientOptions) set(name, value string) {
	switch name {
	case "no-block":
		o.noBlock = true
	case "quiet":
		o.quiet, o.noLegend = true, true
	case "no-legend":
		o.noLegend = true
	case "legend":
		o.noLegend = value == "no" || value == "false" || value == "0"
	case "output":
		if strings.HasPrefix(value, "json") {
			o.json, o.noLegend = true, true
		}
	case "timestamp":
		o.unix = value == "unix"
	case "plain":
		o.plain = true
	case "all":
		o.all = true
	case "failed":
		o.states = append(o.states, name)
	case "type":
		o.types = appendList(o.types, value)
	case "state":
		o.states = appendList(o.states, value)
	case "property", "only-value":
		o.properties = appendList(o.properties, value)
		o.value = o.value || name == "only-value"
	case "value":
		o.value = true
	case "job-mode":
		o.mode = value
	case "signal":
		o.signal = value
	case "kill-whom", "kill-who":
		o.whom = value
	case "force":
		o.force++
	case "reverse":
		o.reverse = true
	case "after":
		o.after = true
	case "before":
		o.before = true
	case "now":
		o.now = true
	case "wait":
		o.wait = true
	case "fail", "ignore-dependencies":
		o.mode = name
	case "irreversible":
		o.mode = "replace-irreversibly"
	case "root":
		if value != "/" && value != "" {
			o.elsewhere = name
		}
	case "machine":
		if value != ".host" {
			o.elsewhere = name
		}
	case "image", "user", "global", "host":
		o.elsewhere = name
	}
}

// appendList adds the words between commas.
func appendList(to []string, value string) []string {
	for more := true; more; {
		var word string
		word, value, more = strings.Cut(value, ",")
		to = append(to, word)
	}
	return to
}

// parse reads the command line; false when it is wrong.
func (c *client) parse(args []string) bool {
	for n := 0; n < len(args); n++ {
		arg := args[n]
		switch {
		case arg == "--":
			for _, a := range args[n+1:] {
				c.word(a)
			}
			return true
		case arg == "--help" || arg == "-h":
			c.verb = "help"
			return true
		case arg == "--version":
			c.verb = "version"
			return true
		case strings.HasPrefix(arg, "--"):
			name, value, inline := strings.Cut(arg[2:], "=")
			f := longOption(name)
			if f == nil || inline && !f.value {
				c.fail("unrecognized option '", arg, "'")
				return false
			}
			if f.value && !inline {
				if n++; n >= len(args) {
					c.fail("option '", arg, "' requires an argument")
					return false
				}
				value = args[n]
			}
			c.opts.set(f.long, value)
		case len(arg) > 1 && arg[0] == '-':
			used, ok := c.shorts(arg[1:], args[n+1:])
			if !ok {
				return false
			}
			n += used
		default:
			c.word(arg)
		}
	}
	return true
}

// parseHalt reads the command line of halt(8), poweroff and reboot; false when
// there is nothing to do.
func (c *client) parseHalt(args []string) bool {
	c.verb = args[0]
	for _, arg := range args[1:] {
		switch arg {
		case "-f", "--force":
			c.opts.force++
		case "-ff":
			c.opts.force += 2
		case "-p", "--poweroff":
			c.verb = "poweroff"
		case "--halt", "--reboot":
			c.verb = arg[2:]
		case "-d", "--no-wtmp", "-n", "--no-sync", "--no-wall":
		case "-w", "--wtmp-only":
			return false
		case "--help":
			c.verb = "help"
		default:
			c.fail("unrecognized option '", arg, "'")
			return false
		}
	}
	return true
}

// parseOld reads the command line of runlevel(8), telinit(8) and shutdown(8), to
// which Debian links systemctl; false when there is nothing to do. A time other
// than now is refused, and a runlevel that is no end.
func (c *client) parseOld(args []string) bool {
	if args[0] == "runlevel" {
		c.print("N 5\n") // what scripts expect of a system that is up
		return false
	}
	now := false
	for _, arg := range args[1:] {
		switch arg {
		case "now", "+0":
			now = true
		case "-h", "-P", "0":
			c.verb = "poweroff"
		case "-r", "6":
			c.verb = "reboot"
		case "-H":
			c.verb = "halt"
		}
	}
	if shutdown := args[0] == "shutdown"; shutdown && c.verb == "" {
		c.verb = "poweroff"
	} else if !shutdown {
		now = c.verb != ""
	}
	if !now {
		c.fail(args[0], ": this init knows \"shutdown now\" with -h, -P, -H and -r, and \"telinit 0\" and 6")
	}
	return now
}

// shorts reads letters that stand together; the last may take a value, which
// may be the next word.
func (c *client) shorts(letters string, rest []string) (used int, ok bool) {
	for at := range letters {
		f := findOption(func(o *option) bool { return o.short == letters[at:at+1] })
		switch {
		case f == nil:
			c.fail("invalid option -- '", letters[at:at+1], "'")
			return 0, false
		case !f.value:
			c.opts.set(f.long, "")
		case at+1 < len(letters):
			c.opts.set(f.long, letters[at+1:])
			return 0, true
		case len(rest) > 0:
			c.opts.set(f.long, rest[0])
			return 1, true
		default:
			c.fail("option requires an argument -- '", letters[at:at+1], "'")
			return 0, false
		}
	}
	return 0, true
}

// longOption finds a flag by its name, or by as much of it as no other begins with
// (getopt_long(3)).
func longOption(name string) *option {
	var found *option
	many := 0
	for n := range clientFlags {
		o := &clientFlags[n]
		if o.long == name {
			return o
		}
		if strings.HasPrefix(o.long, name) {
			found = o
			many++
		}
	}
	if many != 1 {
		return nil
	}
	return found
}

func findOption(is func(*option) bool) *option {
	for n := range clientFlags {
		if is(&clientFlags[n]) {
			return &clientFlags[n]
		}
	}
	return nil
}

// word takes what is no flag: the verb, then its arguments.
func (c *client) word(s string) {
	if c.verb == "" {
		c.verb = s
		return
	}
	c.args = append(c.args, s)
}

// say writes a line to standard error.
func (c *client) say(parts ...string) {
	c.flush()
	writeAll(2, append([]byte(strings.Join(parts, "")), '\n'))
}

// fail says what is wrong.
//
//go:noinline
func (c *client) fail(parts ...string) {
	c.say(parts...)
	c.status = exitFailure
}

// print writes to standard output, a little later.
func (c *client) print(parts ...string) {
	for _, p := range parts {
		c.out = append(c.out, p...)
	}
	if len(c.out) > 32<<10 {
		c.flush()
	}
}

func (c *client) flush() {
	writeAll(1, c.out)
	c.out = c.out[:0]
}

func writeAll(fd int32, b []byte) {
	for len(b) > 0 {
		n, e := write(fd, b)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 {
			return
		}
		b = b[n:]
	}
}

// isTerminal tells if colours and wide lines make sense.
func isTerminal(fd int32) bool {
	var size [4]uint16
	return ioctlPointer(fd, syscall.TIOCGWINSZ, &size) == 0
}
