package compiler

import (
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// The values of directives that nothing in the image depends on, or not yet:
// they are read for what is wrong with them.

// valid is a directive whose value is looked at and not kept.
func valid[T any](parse parseFunc[T]) decodeFunc {
	return func(x *reading) {
		if x.text == "" {
			return
		}
		if _, err := parse(x, x.text); err != nil {
			x.bad(err, 0)
		}
	}
}

// validWords is a directive of which every word is looked at.
func validWords[T any](parse parseFunc[T]) decodeFunc {
	return func(x *reading) {
		for _, w := range x.words() {
			if _, err := parse(x, w.Text); err != nil {
				x.bad(err, -1)
			}
		}
	}
}

// anything is a value that nobody reads.
func anything(x *reading) {}

// among reads a word out of a list that nothing else needs.
func among(names ...string) parseFunc[uint8] { return oneOf[uint8](names...) }

// url is where documentation is (systemd.unit(5), "Documentation=").
func url(x *reading, s string) (string, *grammar.Error) {
	address, err := text(x, s)
	if err != nil {
		return "", err
	}
	for _, scheme := range [...]string{"http://", "https://", "file:/", "info:", "man:"} {
		if strings.HasPrefix(address, scheme) && len(address) > len(scheme) {
			return address, nil
		}
	}
	return "", wrong(s, "\""+s+"\" is no address of documentation", "write it like man:foo(8), info:foo, file:/usr/share/doc/foo or https://…")
}

// controller is a controller of control groups, as systemd names them.
var controller = among("cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids", "bpf-firewall", "bpf-devices",
	"bpf-foreign", "bpf-socket-bind", "bpf-restrict-network-interfaces")

// facility is where syslog(3) puts a line.
var facility = among("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7")

// fileSystems is RestrictFileSystems=; of names nobody knows all, of groups
// systemd does.
func fileSystems(x *reading, s string) (string, *grammar.Error) {
	if strings.HasPrefix(s, "@") {
		_, err := oneOf[uint8]("@basic-api", "@anonymous", "@application", "@auxiliary-api", "@common-block", "@historical-block",
			"@known", "@network", "@privileged-api", "@security", "@temporary")(x, s)
		return s, err
	}
	return s, nil
}

// fileSystemList is the list of them, which "~" turns round.
func fileSystemList(x *reading) {
	for _, w := range x.words() {
		if _, err := fileSystems(x, strings.TrimPrefix(w.Text, "~")); err != nil {
			x.bad(err, -1)
		}
	}
}

// journalField is an assignment to a field that a unit may set
// (systemd.exec(5), "LogExtraFields=").
func journalField(x *reading, s string) (string, *grammar.Error) {
	name, _, found := strings.Cut(s, "=")
	if !found || name == "" || len(name) > 64 || name[0] == '_' || name[0] <= '9' ||
		strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return "", wrong(s, "\""+s+"\" sets no field of a log", "write it like FIELD=value, with a name of capital letters, digits and _")
	}
	return s, nil
}

// attachedProgram is a kind of program for the kernel's filter, and its path.
func attachedProgram(x *reading, s string) (string, *grammar.Error) {
	kind, path, _ := strings.Cut(s, ":")
	if _, err := oneOf[uint8]("ingress", "egress", "sock_create", "sock_ops", "device", "bind4", "bind6", "connect4", "connect6",
		"post_bind4", "post_bind6", "sendmsg4", "sendmsg6", "sysctl", "recvmsg4", "recvmsg6", "getsockopt", "setsockopt")(x, kind); err != nil {
		return "", err
	}
	return absolute(x, path)
}

// logNamespace is a name that a folder can have.
func logNamespace(x *reading, s string) (string, *grammar.Error) {
	name, err := text(x, s)
	if err == nil && (strings.Contains(name, "/") || len(name) > 100) {
		err = wrong(s, "\""+name+"\" cannot be the name of a log", "use letters, digits and -")
	}
	return name, err
}

// pattern is a regular expression; systemd's are PCRE's, which are not checked.
func pattern(x *reading, s string) (string, *grammar.Error) {
	if s == "~" {
		return "", wrong(s, "there is no pattern after \"~\"", "write a regular expression")
	}
	return s, nil
}

// pressure is a share of time, up to all of it.
func pressure(x *reading, s string) (int64, *grammar.Error) {
	n, err := grammar.ParsePercent(s)
	if err == nil && n > 10000 {
		err = wrong(s, s+" is more than all", "use at most 100%")
	}
	return n, err
}

// oneSecond is a time span of at least that.
func oneSecond(x *reading, s string) (plan.Duration, *grammar.Error) {
	d, err := timespan(x, s)
	if err == nil && d < plan.Second {
		err = wrong(s, "\""+s+"\" is shorter than a second", "write 1s or more")
	}
	return d, err
}

// sizeOrShare is a quota of a file system.
func sizeOrShare(x *reading, s string) (amount, *grammar.Error) {
	if off, err := grammar.ParseBool(s); err == nil && !off {
		return amount{}, nil
	}
	return memorySize(true)(x, s)
}

// loadedCredential is what LoadCredentialEncrypted= takes.
func loadedCredential(x *reading, s string) (string, *grammar.Error) {
	id, _, _ := strings.Cut(s, ":")
	if id == "" || strings.Contains(id, "/") {
		return "", wrong(s, "\""+id+"\" cannot be the name of a credential", "write NAME:PATH")
	}
	return s, nil
}

// assignedCredential is what SetCredentialEncrypted= takes.
func assignedCredential(x *reading, s string) (string, *grammar.Error) {
	if !strings.Contains(s, ":") {
		return "", wrong(s, "expected a name and a text", "write NAME:TEXT")
	}
	return loadedCredential(x, s)
}

// ifName is the name of an interface of the network, or "*" for all.
func ifName(x *reading, s string) (string, *grammar.Error) {
	if len(s) > 15 || strings.ContainsAny(s, "/:% \t") || s == "." || s == ".." || allDigits(s) || s == "all" || s == "default" {
		return "", wrong(s, "\""+s+"\" cannot be the name of a network interface", "use at most 15 characters, and no slash")
	}
	return s, nil
}

// netlink is a family and a group of netlink(7).
func netlink(x *reading, s string) (grammar.Address, *grammar.Error) {
	written, ok := x.expand(s, whyAddress)
	if !ok {
		return grammar.Address{}, errReported
	}
	return grammar.ParseNetlink(written)
}

// number is a whole number of either sign.
func number(x *reading, s string) (int64, *grammar.Error) { return grammar.ParseInt(s) }

// viewOnly is a list of paths with their prefixes.
func viewOnly(x *reading) {
	for _, w := range x.words() {
		path := strings.TrimPrefix(strings.TrimPrefix(w.Text, "-"), "+")
		if _, err := absolute(x, path); err != nil {
			x.bad(err, -1)
		}
	}
}

// validCommands are command lines that are not run.
func validCommands(x *reading) {
	parsed, err := grammar.ParseCommands(x.text)
	if err != nil {
		x.bad(err, 0)
		return
	}
	for i := range parsed {
		x.command(&parsed[i])
	}
}

// namespaceNames are names of namespaces, of which no, yes and a list of them
// say which.
func namespaceNames(x *reading) {
	if _, err := grammar.ParseBool(x.text); err == nil || x.text == "" {
		return
	}
	set, err := grammar.ParseSet(x.text)
	if err != nil {
		x.bad(err, 0)
		return
	}
	for _, w := range set.Words {
		if _, err := among("cgroup", "ipc", "net", "mnt", "pid", "time", "user", "uts")(x, w.Text); err != nil {
			x.bad(err, w.Offset)
		}
	}
}

// deferTrigger is DeferTrigger=.
func deferTrigger(x *reading, s string) (uint8, *grammar.Error) {
	return boolOr[uint8]("patient")(x, s)
}
