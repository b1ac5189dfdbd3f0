package compiler

import (
	"encoding/base64"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// line turns a line into steps, if there is something to do.
func (t *tmpfiles) line(line tmpfilesLine) (done bool) {
	row, ok := tmpfilesTypes[line.kind]
	switch {
	case !ok:
		t.say(line, diag.Warning, "there is no type \""+line.kind+"\" of line in tmpfiles.d(5)")
		return false
	case line.path == "":
		t.say(line, diag.Warning, "the line is left out: it names no path")
		return false
	case row.nothing:
		return false
	case line.expected && !makes(row.kind):
		// Whoever fills /tmp of a container means its contents.
		return false
	}
	name, ok := t.expand(line.path)
	line.path = boottimePath(path.Clean(name))
	switch {
	case !ok:
		t.say(line, diag.Warning, "\""+line.path+"\" has a specifier that tmpfiles.d(5) does not know")
		return false
	case !strings.HasPrefix(line.path, "/") || line.path == "/":
		t.say(line, diag.Warning, "\""+line.path+"\" is no absolute path below the root")
		return false
	}
	if _, ok := line.ageOf(); !ok {
		t.say(line, diag.Warning, "the line is left out: \""+line.age+"\" is no age: write \"-\" for none")
		return false
	}
	step, ok := t.step(line, row)
	if !ok || t.isDone(&step) || isNothing(&step) || t.isTaken(&step, row, line) {
		return false
	}
	before := t.count()
	t.add(line, step)
	return t.count() > before
}

// count is how many steps there are.
func (t *tmpfiles) count() int { return len(t.removes) + len(t.makes) + len(t.changes) }

// isTaken says whether another line has the path.
func (t *tmpfiles) isTaken(step *plan.BootStep, row tmpfilesType, line tmpfilesLine) bool {
	taken := t.taken[0]
	if row.flags&plan.BootGlob != 0 {
		taken = t.taken[1]
	}
	if row.shared || taken[step.Path] && strings.HasSuffix(line.kind, "+") {
		return false
	}
	was := taken[step.Path]
	taken[step.Path] = true
	return was
}

// add puts a step where it belongs: with what removes, makes or changes.
func (t *tmpfiles) add(line tmpfilesLine, step plan.BootStep) {
	switch {
	case line.kind == "D" && !line.expected:
		empty := plan.BootStep{Kind: plan.BootEmpty, Flags: step.Flags & plan.BootMarked, Path: step.Path, Origin: step.Origin,
			Mode: plan.KeepMode, UID: plan.KeepID, GID: plan.KeepID}
		t.removes = append(t.removes, empty)
		t.makes = append(t.makes, step)
	case makes(step.Kind):
		t.makes = append(t.makes, step)
	default:
		list := &t.changes
		if step.Kind == plan.BootRemove || step.Kind == plan.BootRemoveTree {
			list = &t.removes
		}
		for _, step.Path = range expandBraces(step.Path) {
			step.Flags &^= plan.BootGlob
			if strings.ContainsAny(step.Path, "*?[\\") {
				step.Flags |= plan.BootGlob
			}
			if step.Kind == plan.BootACL {
				*list = append(*list, t.acls(line, step)...)
				continue
			}
			for _, data := range t.parts(step) {
				step.Data = data
				*list = append(*list, step)
			}
		}
	}
}

// parts are the attributes of a line about several, each with its value.
func (t *tmpfiles) parts(step plan.BootStep) []string {
	if step.Kind != plan.BootXattr {
		return []string{step.Data}
	}
	return strings.Split(strings.TrimSuffix(step.Data, "\x01"), "\x01")
}

// makes says whether a kind of step makes something.
func makes(kind plan.BootKind) bool {
	switch kind {
	case plan.BootFolder, plan.BootFile, plan.BootTruncate, plan.BootLink, plan.BootForceLink, plan.BootFIFO,
		plan.BootCopy, plan.BootChar, plan.BootBlock:
		return true
	}
	return false
}

// isNothing says whether a step changes nothing, as lines for ages alone.
func isNothing(step *plan.BootStep) bool {
	adjusts := step.Kind == plan.BootAdjust || step.Kind == plan.BootAdjustFolder
	return adjusts && step.Mode == plan.KeepMode && step.UID == plan.KeepID && step.GID == plan.KeepID
}

// isDone says whether the root is as a step would make it, in a place that no
// boot changes.
func (t *tmpfiles) isDone(step *plan.BootStep) bool {
	if hasMark(step.Path) || !fixed(step.Path) {
		return false
	}
	if !makes(step.Kind) {
		found, sure := t.s.globRoot(step.Path)
		return sure && !found && len(expandBraces(step.Path)) == 1
	}
	info, err := os.Lstat(t.s.files.host(step.Path))
	if dir, bad := t.s.files.resolve(path.Dir(step.Path)); bad == nil {
		info, err = os.Lstat(t.s.files.host(path.Join(dir, path.Base(step.Path))))
	}
	if err != nil {
		return false
	}
	st := info.Sys().(*syscall.Stat_t)
	switch step.Kind {
	case plan.BootTruncate, plan.BootForceLink:
		return false
	case plan.BootLink, plan.BootCopy:
		return true
	}
	return (step.Mode == plan.KeepMode || step.Mode == st.Mode&0o7777) &&
		(step.UID == plan.KeepID || step.UID == st.Uid) && (step.GID == plan.KeepID || step.GID == st.Gid)
}

func (t *tmpfiles) say(line tmpfilesLine, sev diag.Severity, msg string) {
	t.l.Add(diag.Diagnostic{Pos: line.at, Severity: sev, Code: "tmpfiles", Msg: msg})
}

// step makes the step of a line; names become numbers.
func (t *tmpfiles) step(line tmpfilesLine, row tmpfilesType) (plan.BootStep, bool) {
	out := plan.BootStep{Kind: row.kind, Flags: row.flags, Path: line.path, Origin: place(line.at),
		Mode: plan.KeepMode, UID: plan.KeepID, GID: plan.KeepID}
	switch row.kind {
	case plan.BootRemove, plan.BootRemoveTree, plan.BootXattr, plan.BootAttributes, plan.BootACL:
	default:
		mode, flags, ok := line.modeOf()
		if !ok {
			t.say(line, diag.Warning, "\""+line.mode+"\" is no mode: write it in octal, like 0755")
			return out, false
		}
		out.Mode = mode
		out.Flags |= flags
		if !t.owner(line, &out) {
			return out, false
		}
	}
	if line.has("=") {
		out.Flags |= plan.BootReplace
	}
	if !t.argument(line, &out) {
		return out, false
	}
	if out.Kind == plan.BootACL {
		return out, true
	}
	if hasMark(out.Path) || hasMark(out.Data) && !line.has("~") {
		out.Flags |= plan.BootMarked
	}
	if out.Flags&plan.BootMarked != 0 && line.has("~") {
		t.say(line, diag.Note, "the line is left out: only the boot knows the path \""+line.path+"\"")
		return out, false
	}
	return out, true
}

// owner resolves the user and the group of a line.
func (t *tmpfiles) owner(line tmpfilesLine, out *plan.BootStep) bool {
	user, onlyNew := strings.CutPrefix(line.user, ":")
	if user != "-" && user != "" {
		a, ok := t.lo.users.user(user)
		if id, number := parseID(user); number {
			a.uid, ok = id, true
		}
		if !ok {
			t.lo.unknownOwner(line.at, user, "unknown-user", "user", "/etc/passwd")
			return false
		}
		if out.UID = a.uid; onlyNew {
			out.Flags |= plan.BootUIDNew
		}
	}
	group, onlyNew := strings.CutPrefix(line.group, ":")
	if group != "-" && group != "" {
		gid, ok := t.lo.users.group(group)
		if !ok {
			t.lo.unknownOwner(line.at, group, "unknown-group", "group", "/etc/group")
			return false
		}
		if out.GID = gid; onlyNew {
			out.Flags |= plan.BootGIDNew
		}
	}
	return true
}

// unknownOwner is a warning: systemd-tmpfiles(8) leaves the line out, too.
func (lo *lowering) unknownOwner(at grammar.Pos, name string, code diag.Code, what, file string) {
	n := len(*lo.l)
	lo.unknownName(at, name, code, what, file, nil)
	d := &(*lo.l)[n]
	d.Severity = diag.Warning
	d.Msg += ", so the line is left out"
}

// argument is what a file holds, where a link leads, and so on.
func (t *tmpfiles) argument(line tmpfilesLine, out *plan.BootStep) bool {
	switch out.Kind {
	case plan.BootFolder, plan.BootFIFO, plan.BootAdjust, plan.BootAdjustFolder, plan.BootRemove, plan.BootRemoveTree:
		return true
	case plan.BootChar, plan.BootBlock:
		return t.device(line, out)
	case plan.BootAttributes:
		return t.attributes(line, out)
	case plan.BootXattr:
		return t.xattrs(line, out)
	case plan.BootACL:
		out.Data = line.argument // add takes it apart
		return true
	}
	switch {
	case line.has("^"):
		out.Flags |= plan.BootCredential
		if out.Data = line.argument; line.has("~") || out.Data == "" || strings.Contains(out.Data, "/") {
			t.say(line, diag.Note, "the line is left out: \""+out.Data+"\" is no credential that can be had as it is")
			return false
		}
		return true
	case line.has("~"):
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(line.argument), ""))
		if err != nil {
			t.say(line, diag.Warning, "the line is left out: its argument is no Base64")
		}
		out.Data = string(text)
		return err == nil
	}
	text, ok := t.expand(unescapeC(line.argument))
	if out.Data = text; !ok {
		t.say(line, diag.Warning, "the line is left out: \""+line.argument+"\" has a specifier that tmpfiles.d(5) does not know")
		return false
	}
	switch out.Kind {
	case plan.BootWrite, plan.BootAppend:
		if text == "" {
			t.say(line, diag.Warning, "the line is left out: it does not say what to write")
			return false
		}
	case plan.BootLink, plan.BootForceLink, plan.BootCopy:
		if text == "" { // tmpfiles.d(5), "L", "C": the factory's
			out.Data = "/usr/share/factory" + line.path
		}
		if out.Kind == plan.BootCopy {
			return t.source(line, out)
		}
	}
	return true
}

// source says whether there is something to copy, which nobody needs to know.
func (t *tmpfiles) source(line tmpfilesLine, out *plan.BootStep) bool {
	if !strings.HasPrefix(out.Data, "/") {
		t.say(line, diag.Warning, "the line is left out: \""+out.Data+"\" is no absolute path")
		return false
	}
	if out.Data = path.Clean(out.Data); hasMark(out.Data) || !fixed(out.Data) {
		return true
	}
	_, err := t.r.stat(out.Data)
	return err == nil
}

// device reads "1:3".
func (t *tmpfiles) device(line tmpfilesLine, out *plan.BootStep) bool {
	a, b, ok := strings.Cut(strings.TrimSpace(line.argument), ":")
	major, err1 := strconv.ParseUint(a, 10, 12)
	minor, err2 := strconv.ParseUint(b, 10, 20)
	if !ok || err1 != nil || err2 != nil {
		t.say(line, diag.Warning, "the line is left out: \""+line.argument+"\" is no device: write it like 1:3")
		return false
	}
	out.Number = major<<8 | minor&0xFF | minor&^0xFF<<12
	return true
}

// fileAttributes are those of chattr(1), in the order of their bits.
var fileAttributes = map[byte]uint32{
	's': 0x1, 'u': 0x2, 'c': 0x4, 'S': 0x8, 'i': 0x10, 'a': 0x20, 'd': 0x40, 'A': 0x80, 'j': 0x4000, 't': 0x8000,
	'D': 0x10000, 'T': 0x20000, 'e': 0x80000, 'C': 0x800000, 'P': 0x20000000,
}

// attributes reads "+i", "-a" or "=dA".
func (t *tmpfiles) attributes(line tmpfilesLine, out *plan.BootStep) bool {
	text := strings.TrimSpace(line.argument)
	how := byte('+')
	if text != "" && strings.IndexByte("+-=", text[0]) >= 0 {
		how, text = text[0], text[1:]
	}
	var value uint32
	for i := range len(text) {
		bit, ok := fileAttributes[text[i]]
		if !ok {
			t.say(line, diag.Warning, "the line is left out: there is no attribute \""+text[i:i+1]+"\" of files")
			return false
		}
		value |= bit
	}
	mask := value
	switch how {
	case '-':
		value = 0
	case '=':
		for _, bit := range fileAttributes {
			mask |= bit
		}
	}
	out.Number = uint64(mask)<<32 | uint64(value)
	return mask != 0
}

// xattrs reads "user.a=b" and more of them; each ends in a byte of 1, and parts
// takes them apart.
func (t *tmpfiles) xattrs(line tmpfilesLine, out *plan.BootStep) bool {
	words, err := grammar.ParseWords(line.argument)
	for i := range words {
		name, value, ok := strings.Cut(words[i].Text, "=")
		text, known := t.expand(value)
		if !ok || !known || name == "" || value == "" || slices.Contains([]byte(name+text), 1) {
			t.say(line, diag.Warning, "the line is left out: \""+words[i].Text+"\" is no attribute with a value: write it like user.name=value")
			return false
		}
		out.Data += name + "=" + text + "\x01"
	}
	return err == nil && len(words) > 0
}

// expand replaces the specifiers (tmpfiles.d(5), "SPECIFIERS"); those that only
// the boot knows become marks.
func (t *tmpfiles) expand(s string) (string, bool) { return t.s.expandConfig(s) }

// expandConfig does that for all kinds of configuration that have them.
func (s *unitSet) expandConfig(text string) (string, bool) {
	if !strings.Contains(text, "%") {
		return text, true
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		if i++; i == len(text) {
			return text, false
		}
		v, ok := s.configSpecifier(text[i])
		if !ok {
			return text, false
		}
		b.WriteString(v)
	}
	return b.String(), true
}

func (s *unitSet) configSpecifier(c byte) (string, bool) {
	switch c {
	case 'b', 'H', 'l', 'm', 'v':
		return string([]byte{plan.BootMark, c}), true
	case 'A', 'B', 'M', 'o', 'w', 'W':
		return s.releaseSpecifier(c)
	case 'a':
		return architectures[s.arch()], true
	}
	v, ok := tmpfilesSpecifiers[c]
	return v, ok
}

var tmpfilesSpecifiers = map[byte]string{
	'%': "%", 't': "/run", 'S': "/var/lib", 'C': "/var/cache", 'L': "/var/log", 'T': "/tmp", 'V': "/var/tmp",
	'h': "/root", 'u': "root", 'U': "0", 'g': "root", 'G': "0",
}
