package compiler

import (
	"strconv"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// tmpfilesLine is one line of tmpfiles.d(5).
type tmpfilesLine struct {
	kind              string // the letter, with "+" or "?" if it has that
	modifiers         string // the others of them
	path              string
	mode, user, group string // "-" or "" for the default
	age               string
	argument          string
	at                grammar.Pos
	expected          bool // only because every program may expect the path
}

// has says whether the line has a modifier.
func (line *tmpfilesLine) has(c string) bool { return strings.Contains(line.modifiers, c) }

// tmpfilesType is what an image does with a type of line.
type tmpfilesType struct {
	kind  plan.BootKind
	flags plan.BootFlags
	// shared is set for types that leave the path to others: a line of another
	// type may be about it, too.
	shared bool
	// nothing is set for types that only say what is not to be cleaned up.
	nothing bool
}

// tmpfilesTypes are all types of tmpfiles.d(5).
var tmpfilesTypes = map[string]tmpfilesType{
	"d": {kind: plan.BootFolder}, "D": {kind: plan.BootFolder},
	// Subvolumes and quotas are btrfs's; elsewhere they are folders.
	"v": {kind: plan.BootFolder}, "q": {kind: plan.BootFolder}, "Q": {kind: plan.BootFolder},
	"e": {kind: plan.BootAdjustFolder, flags: plan.BootGlob},
	"f": {kind: plan.BootFile}, "f+": {kind: plan.BootTruncate}, "F": {kind: plan.BootTruncate},
	"w": {kind: plan.BootWrite, flags: plan.BootGlob}, "w+": {kind: plan.BootAppend, flags: plan.BootGlob},
	"L": {kind: plan.BootLink}, "L?": {kind: plan.BootLink, flags: plan.BootIfThere}, "L+": {kind: plan.BootForceLink},
	"p": {kind: plan.BootFIFO}, "p+": {kind: plan.BootFIFO, flags: plan.BootForce},
	"c": {kind: plan.BootChar}, "c+": {kind: plan.BootChar, flags: plan.BootForce},
	"b": {kind: plan.BootBlock}, "b+": {kind: plan.BootBlock, flags: plan.BootForce},
	"C": {kind: plan.BootCopy}, "C+": {kind: plan.BootCopy, flags: plan.BootForce},
	"z": {kind: plan.BootAdjust, flags: plan.BootGlob, shared: true},
	"m": {kind: plan.BootAdjust, flags: plan.BootGlob, shared: true},
	"Z": {kind: plan.BootAdjust, flags: plan.BootGlob | plan.BootTree, shared: true},
	"t": {kind: plan.BootXattr, flags: plan.BootGlob, shared: true},
	"T": {kind: plan.BootXattr, flags: plan.BootGlob | plan.BootTree, shared: true},
	"h": {kind: plan.BootAttributes, flags: plan.BootGlob, shared: true},
	"H": {kind: plan.BootAttributes, flags: plan.BootGlob | plan.BootTree, shared: true},
	"r": {kind: plan.BootRemove, flags: plan.BootGlob}, "R": {kind: plan.BootRemoveTree, flags: plan.BootGlob},
	"a": {kind: plan.BootACL, flags: plan.BootGlob, shared: true}, "a+": {kind: plan.BootACL, flags: plan.BootGlob | plan.BootForce, shared: true},
	"A":  {kind: plan.BootACL, flags: plan.BootGlob | plan.BootTree, shared: true},
	"A+": {kind: plan.BootACL, flags: plan.BootGlob | plan.BootTree | plan.BootForce, shared: true},
	"x":  {nothing: true}, "X": {nothing: true},
}

// parseTmpfilesLine takes a line apart; false for one that says nothing.
func parseTmpfilesLine(raw string) (tmpfilesLine, bool) {
	rest := strings.TrimSpace(raw)
	if rest == "" || rest[0] == '#' {
		return tmpfilesLine{}, false
	}
	var f [6]string
	for i := range f {
		f[i], rest = cutField(rest)
	}
	if rest == "-" {
		rest = ""
	}
	line := tmpfilesLine{path: f[1], mode: f[2], user: f[3], group: f[4], age: f[5], argument: rest}
	line.kind, line.modifiers = cutModifiers(f[0])
	return line, true
}

// cutModifiers parts a type from its modifiers: "!" is for the boot, which this
// is, and "-" and "$" say what somebody else is to do. "+" and "?" are part of
// the type.
func cutModifiers(s string) (kind, modifiers string) {
	for i := range s {
		switch c := s[i]; {
		case i > 0 && strings.IndexByte("!-=$~^", c) >= 0:
			modifiers += s[i : i+1]
		default:
			kind += s[i : i+1]
		}
	}
	return kind, modifiers
}

// cutField takes a field off the front: blanks part them, quotes hold them
// together.
func cutField(s string) (field, rest string) {
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] != '"' && s[0] != '\'' {
		if i := strings.IndexAny(s, " \t"); i >= 0 {
			return unescapeC(s[:i]), strings.TrimLeft(s[i:], " \t")
		}
		return unescapeC(s), ""
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return unescapeC(s[1:i]), strings.TrimLeft(s[i+1:], " \t")
		}
	}
	return unescapeC(s[1:]), ""
}

// unescapeC replaces the escapes of C strings; what is none stays.
func unescapeC(s string) string {
	if !strings.Contains(s, "\\") {
		return s
	}
	var b strings.Builder
	for s != "" {
		if s[0] == '\'' || s[0] == '"' { // no end of anything here
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		c, wide, tail, err := strconv.UnquoteChar(s, 0)
		switch {
		case err == nil && wide:
			b.WriteRune(c)
			s = tail
		case err == nil:
			b.WriteByte(byte(c))
			s = tail
		case len(s) > 1 && s[0] == '\\' && strings.IndexByte("'\"s", s[1]) >= 0:
			if s[1] == 's' {
				b.WriteByte(' ')
			} else {
				b.WriteByte(s[1])
			}
			s = s[2:]
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String()
}

// ageOf says whether the age of a line is one, and there is one. What it is about
// may stand before it, and "~" says to spare the first level.
func (line *tmpfilesLine) ageOf() (there, ok bool) {
	text := line.age
	if text == "" || text == "-" {
		return false, true
	}
	text = strings.TrimPrefix(text, "~")
	if about, age, found := strings.Cut(text, ":"); found && strings.Trim(about, "abcmABCM") == "" {
		text = age
	}
	_, err := grammar.ParseTimespan(text)
	return true, err == nil
}

// modeOf is the mode that a line asks for, and how.
func (line *tmpfilesLine) modeOf() (mode uint32, flags plan.BootFlags, ok bool) {
	text := line.mode
	for ; text != ""; text = text[1:] {
		switch text[0] {
		case '~':
			flags |= plan.BootMask
			continue
		case ':':
			flags |= plan.BootModeNew
			continue
		}
		break
	}
	if text == "" || text == "-" {
		return plan.KeepMode, 0, true
	}
	n, err := strconv.ParseUint(text, 8, 12)
	return uint32(n), flags, err == nil
}
