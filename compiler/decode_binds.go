package compiler

import (
	"strings"

	"rustysd/grammar"
)

// bindPaths reads BindPaths= or BindReadOnlyPaths=: words SOURCE, SOURCE:PATH
// or SOURCE:PATH:OPTION. An empty value of either resets both (systemd.exec(5),
// "BindPaths=").
func bindPaths(readOnly bool) decodeFunc {
	return func(x *reading) {
		list := &x.u.exec().view.binds
		if x.text == "" {
			*list = nil
			return
		}
		words, werr := grammar.ParseWords(x.text)
		if werr != nil {
			x.bad(werr, 0)
			return
		}
		for _, w := range words {
			if e := w.Escape; e != nil && x.text[e.Offset:e.End] != `\:` { // that one splitColons knows
				x.warnEscape(&w)
			}
			text, ok := x.expandPath(w.Text)
			if !ok {
				continue
			}
			b, err := bindWord(text)
			if err != nil {
				x.bad(err, -1)
				continue
			}
			b.readOnly = readOnly
			*list = append(*list, item[bindMount]{b, x.set.value.PosAt(w.Offset)})
		}
	}
}

// bindWord reads one word of them.
func bindWord(text string) (b bindMount, err *grammar.Error) {
	parts := splitColons(text)
	parts[0], b.may = strings.CutPrefix(parts[0], "-")
	if len(parts) > 3 {
		return b, wrong(text, "\""+text+"\" has more than three parts", "write SOURCE:PATH:rbind or SOURCE:PATH:norbind")
	}
	if len(parts) == 3 {
		switch parts[2] {
		case "", "rbind":
		case "norbind":
			b.flat = true
		default:
			return b, wrong(text, "\""+parts[2]+"\" is no option of a bind mount", "use rbind or norbind")
		}
	}
	b.source, b.path = parts[0], parts[0]
	if len(parts) > 1 {
		b.path = parts[1]
	}
	if b.source, err = absolutePath(text, b.source); err == nil {
		b.path, err = absolutePath(text, b.path)
	}
	return b, err
}

// splitColons splits at colons that no backslash stands before.
func splitColons(text string) []string {
	var out []string
	var part strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == ':':
			i++
			part.WriteByte(':')
		case text[i] == ':':
			out = append(out, part.String())
			part.Reset()
		default:
			part.WriteByte(text[i])
		}
	}
	return append(out, part.String())
}

// temporaryFileSystems reads TemporaryFileSystem=: words PATH or PATH:OPTIONS,
// of which only the path has specifiers, as size=50% shows.
func temporaryFileSystems(x *reading) {
	list := &x.u.exec().view.empty
	if x.text == "" {
		*list = nil
		return
	}
	for _, w := range x.words() {
		path, options, _ := strings.Cut(w.Text, ":")
		path, ok := x.expandPath(path)
		if !ok {
			continue
		}
		path, err := absolutePath(w.Text, path)
		if err != nil {
			x.bad(err, w.Offset)
			continue
		}
		t := temporaryFS{path: path, flags: msNODEV | msSTRICTATIME}
		more := []string{"mode=0755,size=10%,nr_inodes=400k"}
		for o := range strings.SplitSeq(options, ",") {
			if o != "" && !t.flag(o) {
				more = append(more, o)
			}
		}
		t.options = strings.Join(more, ",")
		*list = append(*list, item[temporaryFS]{t, x.set.value.PosAt(w.Offset)})
	}
}

// flag takes in an option of mount(8) that is a flag of mount(2). All others are
// as tmpfs(5) has them, of which the last counts.
func (t *temporaryFS) flag(o string) bool {
	for _, f := range mountOptions {
		switch o {
		case f.on:
			t.flags |= f.flag
			return true
		case f.off:
			t.flags &^= f.flag
			return true
		}
	}
	return false
}

// mountOptions are those of mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS",
// that mount(2) has flags for.
var mountOptions = [...]struct {
	on, off string
	flag    uint64
}{
	{"ro", "rw", msRDONLY},
	{"nosuid", "suid", msNOSUID},
	{"nodev", "dev", msNODEV},
	{"noexec", "exec", msNOEXEC},
	{"sync", "async", msSYNCHRONOUS},
	{"dirsync", "", msDIRSYNC},
	{"noatime", "atime", msNOATIME},
	{"nodiratime", "diratime", msNODIRATIME},
	{"relatime", "norelatime", msRELATIME},
	{"strictatime", "nostrictatime", msSTRICTATIME},
	{"lazytime", "nolazytime", msLAZYTIME},
	{"silent", "loud", msSILENT},
}
