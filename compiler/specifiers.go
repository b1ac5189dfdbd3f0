package compiler

import (
	"cmp"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// bootSpecifiers are those that only the machine that boots can know; a value
// that may hold them keeps plan.BootMark and the letter.
const bootSpecifiers = "bHlmqsvABMowW"

// shellMark is the mark of %s, which is an absolute path.
const shellMark = "\x00s"

// What the build has to know, and why. All else can wait for the boot.
const (
	whyUnit    = "which units wait for each other and need each other is settled when the image is built; write the unit's name"
	whyAddress = "two sockets on one address are found when the image is built; write the address, or make it a path or a name after \"@\""
	whyShell   = "%s is a path, and cannot be a part of another; write the path"
	whyLooked  = "what the condition compares with is read when the image is built; write the value"
)

// expand replaces the specifiers of a text that cannot wait for the boot, and
// says whether it worked; why is what to say of those that only the boot knows.
// It is of no account where nothing in the image depends on the value.
func (x *reading) expand(text, why string) (string, bool) {
	out, boot, ok := x.expandBoot(text)
	if ok && boot && (x.d == nil || x.d.level == honoured) {
		x.onlyBoot(out, why)
		return "", false
	}
	return out, ok
}

// onlyBoot says that an expanded text holds what only the boot knows.
func (x *reading) onlyBoot(out, why string) {
	at := strings.IndexByte(out, plan.BootMark)
	x.report(diag.Error, "unsupported-specifier", 0, len(x.text),
		x.set.key+"= cannot wait for the boot, which alone knows %"+out[at+1:at+2], why)
}

// expandPath is for what is, or becomes part of, a path or a name: what only
// the boot knows may stay, as marks, but for %s, which is a path itself.
func (x *reading) expandPath(text string) (string, bool) {
	out, boot, ok := x.expandBoot(text)
	if ok && boot && strings.Contains(out, shellMark) {
		return x.expand(text, whyShell)
	}
	return out, ok
}

// asWritten has the marks of a text as they were written.
func asWritten(text string) string {
	return strings.ReplaceAll(text, string(rune(plan.BootMark)), "%")
}

// expandBoot is expand where boot-time specifiers may stay, as marks; boot
// says whether there are any.
func (x *reading) expandBoot(text string) (out string, boot, ok bool) {
	if strings.IndexByte(text, '%') < 0 {
		return text, false, true
	}
	unknown := byte(0)
	var bad *grammar.Error
	out, err := grammar.Expand(text, func(c byte) (string, bool) {
		v, ok, err := x.specifier(c)
		if bad = cmp.Or(bad, err); err != nil {
			err.Msg = "%" + string(c) + " of \"" + x.u.name + "\": " + err.Msg
		}
		if ok || err != nil {
			return v, true
		}
		if strings.IndexByte(bootSpecifiers, c) < 0 {
			unknown = cmp.Or(unknown, c)
			return "", false
		}
		boot = true
		return string([]byte{plan.BootMark, c}), true
	})
	if bad != nil { // of the unit's name, not of the text
		x.report(diag.Error, "invalid-value", 0, len(x.text), x.set.key+"=: "+bad.Msg, bad.Hint)
		return "", false, false
	}
	if unknown != 0 {
		x.unknownSpecifier(unknown)
		return "", false, false
	}
	if err != nil && out == "" {
		x.report(diag.Error, "invalid-value", 0, len(x.text), x.set.key+"=: "+err.Msg, err.Hint)
		return "", false, false
	}
	if err != nil { // systemd keeps what cannot be one
		x.report(diag.Warning, "unknown-specifier", 0, len(x.text), x.set.key+"=: "+err.Msg, err.Hint)
	}
	return out, boot, true
}

// unknownSpecifier says that nothing stands behind a letter. systemd refuses a
// unit with one in a command line, in User= and the like, and ignores the
// assignment or the word elsewhere.
func (x *reading) unknownSpecifier(c byte) {
	from, to := 0, len(x.text)
	pieces, _ := grammar.ParseSpecifiers(x.text)
	for _, p := range pieces {
		if p.Spec == c {
			from, to = p.Offset, p.End
			break
		}
	}
	x.report(diag.Error, "unknown-specifier", from, to, x.set.key+"=: there is no specifier \"%"+string(c)+"\"",
		"write \"%%\" for a percent sign")
}

// specifier is the value of a specifier that is constant for a unit
// (systemd.unit(5), "Specifiers", for the system manager). An error is about the
// unit's name, which may have no meaning without its escapes.
func (x *reading) specifier(c byte) (value string, ok bool, err *grammar.Error) {
	name, _ := grammar.ParseUnitName(x.u.name)
	switch c {
	case 'n':
		return x.u.name, true, nil
	case 'N':
		return strings.TrimSuffix(x.u.name, "."+name.Type), true, nil
	case 'p':
		return name.Prefix, true, nil
	case 'i':
		return name.Instance, true, nil
	case 'j':
		return lastPart(name.Prefix), true, nil
	case 'P':
		value, err = grammar.Unescape(name.Prefix)
		return value, true, err
	case 'I':
		value, err = grammar.Unescape(name.Instance)
		return value, true, err
	case 'J':
		value, err = grammar.Unescape(lastPart(name.Prefix))
		return value, true, err
	case 'f':
		value, err = grammar.UnescapePath(cmp.Or(name.Instance, name.Prefix))
		return value, true, err
	}
	value, ok = x.otherSpecifier(c)
	return value, ok, nil
}

// otherSpecifier is the value of one that has nothing to do with the unit's name.
func (x *reading) otherSpecifier(c byte) (string, bool) {
	switch c {
	case 'y', 'Y':
		return x.fragmentSpecifier(c)
	case 'u', 'U', 'g', 'G', 'h':
		return userSpecifier(c), true
	case 's':
		return x.s.shellSpecifier()
	case 'a':
		return architectures[x.s.arch()], true
	case 'd':
		return "/run/credentials/" + x.u.name, true
	case 'A', 'B', 'M', 'o', 'w', 'W':
		return x.s.releaseSpecifier(c)
	}
	for _, dir := range constantSpecifiers {
		if dir.c == c {
			return dir.v, true
		}
	}
	return "", false
}

var constantSpecifiers = [...]struct {
	c byte
	v string
}{
	{'C', "/var/cache"}, {'E', "/etc"}, {'L', "/var/log"}, {'S', "/var/lib"},
	{'t', "/run"}, {'T', "/tmp"}, {'V', "/var/tmp"}, {'D', "/usr/share"},
}

// fragmentSpecifier is %y and %Y: the fragment's path and its folder.
func (x *reading) fragmentSpecifier(c byte) (string, bool) {
	if x.u.fragment == "" {
		return "", false
	}
	path := x.s.inRoot(x.u.fragment)
	if c == 'y' {
		return path, true
	}
	dir := path[:strings.LastIndexByte(path, '/')+1]
	return strings.TrimSuffix(dir, "/"), true
}

// userSpecifier is what the unit's manager runs as: root. User= plays no part
// (systemd.unit(5), "%u").
func userSpecifier(c byte) string {
	switch c {
	case 'u', 'g':
		return "root"
	case 'h':
		return "/root"
	}
	return "0"
}

// rootShell is root's shell for systemd, whatever passwd(5) says, where it exists;
// else it is /bin/sh.
const rootShell = "/bin/bash"

// shellSpecifier is %s. Without a root the boot has to look.
func (s *unitSet) shellSpecifier() (string, bool) {
	switch {
	case s.opt.Root == "":
		return "", false
	case s.stat(rootShell) != nil:
		return rootShell, true
	}
	return "/bin/sh", true
}

// lastPart is what follows the last dash of a prefix.
func lastPart(prefix string) string { return prefix[strings.LastIndexByte(prefix, '-')+1:] }

// nameParts are the parts of a unit's name, valid or not: prefix@instance.suffix.
type nameParts struct{ prefix, instance, suffix string }

// splitName takes a name apart without judging it.
func splitName(name string) nameParts {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return nameParts{prefix: name}
	}
	n := nameParts{prefix: name[:dot], suffix: name[dot+1:]}
	n.prefix, n.instance, _ = strings.Cut(n.prefix, "@")
	return n
}
