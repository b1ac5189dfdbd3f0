package compiler

import (
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// words is like list, for values whose words may be quoted.
func words(parse parseFunc[string], field func(u *unit) *[]item[string]) decodeFunc {
	return func(x *reading) {
		f := field(x.u)
		if x.text == "" {
			*f = nil
			return
		}
		for _, w := range x.words() {
			v, err := parse(x, w.Text)
			if err != nil {
				x.bad(err, -1)
				continue
			}
			*f = append(*f, item[string]{v, x.set.value.PosAt(w.Offset)})
		}
	}
}

// words splits the value at blanks and takes quotes off.
func (x *reading) words() []grammar.Word {
	list, err := grammar.ParseWords(x.text)
	if err != nil {
		x.bad(err, 0)
		return nil
	}
	for i := range list {
		x.warnEscape(&list[i])
	}
	return list
}

// warnEscape says that a word holds an escape which systemd leaves as it is.
func (x *reading) warnEscape(w *grammar.Word) {
	if e := w.Escape; e != nil {
		x.report(diag.Warning, "unknown-escape", e.Offset, e.End, x.set.key+"=: "+e.Msg, e.Hint)
	}
}

// environment reads assignments; a word that is none is an error
// (systemd.exec(5), "Environment=").
func environment(x *reading) {
	e := x.u.exec()
	if x.text == "" {
		e.environment = nil
		return
	}
	for _, w := range x.words() {
		v, _, ok := x.expandBoot(w.Text)
		if !ok {
			continue
		}
		name, _, found := strings.Cut(v, "=")
		if !found || !variableName(filledIn(name)) {
			x.report(diag.Error, "invalid-value", w.Offset, w.End,
				x.set.key+"=: \""+w.Text+"\" is no assignment to a variable",
				"write NAME=value, and quote the whole of it when the value has blanks")
			continue
		}
		e.environment = append(e.environment, item[string]{v, x.set.value.PosAt(w.Offset)})
	}
}

// variableName says whether s may name an environment variable.
func variableName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return s != ""
}

// variable is the name of an environment variable.
func variable(x *reading, s string) (string, *grammar.Error) {
	name, err := text(x, s)
	if err == nil && !variableName(filledIn(name)) {
		err = wrong(s, "\""+name+"\" cannot name a variable", "use letters, digits and _, with no digit first")
	}
	return name, err
}

// variableOrValue is a name, or an assignment that is taken out when it is the
// very same (systemd.exec(5), "UnsetEnvironment=").
func variableOrValue(x *reading, s string) (string, *grammar.Error) {
	out, err := text(x, s)
	if name, _, _ := strings.Cut(out, "="); err == nil && !variableName(filledIn(name)) {
		err = wrong(s, "\""+name+"\" cannot name a variable", "use letters, digits and _, with no digit first")
	}
	return out, err
}

// environmentFile is a path or a glob; "-" before it lets it be missing.
func environmentFile(x *reading) {
	e := x.u.exec()
	if x.text == "" {
		e.envFiles = nil
		return
	}
	path, optional := strings.CutPrefix(x.text, "-")
	file, err := text(x, path)
	if err == nil {
		file, err = absolutePath(path, file)
	}
	if err != nil {
		x.bad(err, len(x.text)-len(path))
		return
	}
	if optional {
		file = "-" + file
	}
	e.envFiles = append(e.envFiles, item[string]{file, x.set.pos})
}

// searchPath is a list of folders, parted by colons.
func searchPath(x *reading) {
	e := x.u.exec()
	if x.text == "" {
		e.searchPath = nil
		return
	}
	at := 0
	for part := range strings.SplitSeq(x.text, ":") {
		dir, err := absolute(x, part)
		if err != nil {
			x.bad(err, at)
		} else {
			e.searchPath = append(e.searchPath, item[string]{dir, x.set.value.PosAt(at)})
		}
		at += len(part) + 1
	}
}

// stdin is a value of StandardInput=.
func stdin(x *reading, s string) (plan.Stream, *grammar.Error) {
	switch s {
	case "null":
		return plan.Stream{Kind: plan.StreamNull}, nil
	case "tty", "tty-fail", "tty-force":
		return plan.Stream{Kind: plan.StreamTTY, Steal: s == "tty-force", Wait: s == "tty"}, nil
	case "socket":
		return plan.Stream{Kind: plan.StreamSocket}, nil
	case "data":
		return plan.Stream{}, nil // null, with the data put in its place
	}
	if stream, ok, err := fileStream(x, s); ok && stream.Kind == plan.StreamFile {
		return stream, err
	}
	return plan.Stream{}, wrong(s, "\""+s+"\" is no standard input",
		"use one of null, tty, tty-force, tty-fail, socket, data, file:PATH, fd:NAME")
}

// output is a value of StandardOutput= or StandardError=. The kmsg and console
// forms are the log, too, and more (copies); syslog is obsolete and means journal.
func output(x *reading, s string) (plan.Stream, *grammar.Error) {
	switch s {
	case "inherit":
		return plan.Stream{Kind: plan.StreamInherit}, nil
	case "null":
		return plan.Stream{Kind: plan.StreamNull}, nil
	case "journal", "journal+console", "syslog", "syslog+console", "kmsg", "kmsg+console":
		return plan.Stream{Kind: plan.StreamJournal}, nil
	case "tty":
		return plan.Stream{Kind: plan.StreamTTY}, nil
	case "socket":
		return plan.Stream{Kind: plan.StreamSocket}, nil
	}
	if stream, ok, err := fileStream(x, s); ok {
		return stream, err
	}
	return plan.Stream{}, wrong(s, "\""+s+"\" is no standard output",
		didYouMean(s, []string{"inherit", "null", "journal", "journal+console", "socket"},
			"use one of inherit, null, tty, journal, socket, file:PATH, append:PATH, truncate:PATH, fd:NAME"))
}

// fileStream reads the forms that name a file; ok says whether it is one.
func fileStream(x *reading, s string) (stream plan.Stream, ok bool, err *grammar.Error) {
	kind, path, found := strings.Cut(s, ":")
	if !found {
		return stream, false, nil
	}
	switch kind {
	case "file":
		stream.Kind = plan.StreamFile
	case "append":
		stream.Kind = plan.StreamAppend
	case "truncate":
		stream.Kind = plan.StreamTruncate
	default:
		return stream, false, nil
	}
	stream.Path, err = absolute(x, path)
	return stream, true, err
}

// The directories that the init makes for a service.
const (
	dirRuntime = iota
	dirState
	dirCache
	dirLogs
	dirConfiguration
	numDirectories
)

// directories reads RuntimeDirectory= and kin: relative paths, each with a
// symlink after a colon (systemd.exec(5), "RuntimeDirectory=").
func directories(kind int) decodeFunc {
	return func(x *reading) {
		paths := &x.u.exec().dirs[kind].paths
		if x.text == "" {
			*paths = nil
			return
		}
		for _, w := range x.words() {
			expanded, ok := x.expandPath(w.Text)
			if !ok {
				continue
			}
			if written, ro := strings.CutSuffix(expanded, ":ro"); ro && strings.Count(expanded, ":") == 2 {
				expanded = written
				_ = x.unsupportedValue(w.Text, "the service can write into the folder", "leave \":ro\" out")
			}
			d, bad := parseDirectory(expanded, kind)
			if bad != "" {
				x.report(diag.Error, "invalid-value", w.Offset, w.End, x.set.key+"=: "+bad,
					"write a path below "+directoryKinds[kind].base)
				continue
			}
			*paths = append(*paths, item[directory]{d, x.set.value.PosAt(w.Offset)})
		}
	}
}

// parseDirectory takes a word apart; bad says what is wrong with it.
func parseDirectory(s string, kind int) (d directory, bad string) {
	parts := strings.SplitN(s, ":", 3)
	path, bad := relativePath(parts[0])
	if bad != "" {
		return d, bad
	}
	d.path = path
	if len(parts) > 2 && parts[2] != "" {
		return d, "there is nothing after the symlink"
	}
	if len(parts) > 1 && parts[1] != "" {
		if kind == dirConfiguration {
			return d, "no symlink can be made for it"
		}
		link, bad := relativePath(parts[1])
		if bad != "" {
			return d, bad
		}
		d.links = append(d.links, link)
	}
	return d, ""
}

// relativePath checks and simplifies a path below a base.
func relativePath(s string) (path, bad string) {
	switch {
	case s == "":
		return "", "the path is empty"
	case s[0] == '/':
		return "", "path \"" + s + "\" is absolute"
	case strings.Contains("/"+s+"/", "/../"):
		return "", "path \"" + s + "\" contains \"..\""
	}
	if path = cleanPath(s)[1:]; path == "" || path == "private" || strings.HasPrefix(path, "private/") {
		return "", "path \"" + s + "\" cannot be used"
	}
	return path, tooLong(path)
}

func directoryMode(kind int) decodeFunc {
	return scalar(mode, func(u *unit) *opt[uint32] { return &u.exec().dirs[kind].mode })
}

// unsupportedValue is for a value that systemd honours and the image does not;
// it counts only for units that the image keeps.
func (x *reading) unsupportedValue(s, why, hint string) *grammar.Error {
	x.u.common.later = append(x.u.common.later, diag.Diagnostic{
		Pos: x.set.value.PosAt(0), End: x.set.value.PosAt(len(x.text)), Severity: diag.Error,
		Code: "unsupported-value", Msg: x.set.key + "=" + s + ": " + why, Hint: hint})
	return errReported
}
