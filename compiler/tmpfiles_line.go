package compiler

import (
	"strconv"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// tmpfilesLine is one line of tmpfiles.d(5).
type tmpfilesLine struct {
	kind              string // without the modifiers that a boot does not need
	path              string
	mode, user, group string // "-" or "" for the default
	argument          string
	at                grammar.Pos
}

// tmpfilesType is what an image does with a type of line.
type tmpfilesType struct {
	kind plan.BootKind
	// skip is why a line is left out; alwaysNothing for those that do nothing
	// at boot.
	skip string
}

// alwaysNothing marks types of which a boot with empty volatile places has
// nothing to do: ages, exceptions from removal, removal.
const alwaysNothing = "nothing"

// tmpfilesTypes are all types of tmpfiles.d(5).
var tmpfilesTypes = map[string]tmpfilesType{
	"d": {kind: plan.BootFolder}, "D": {kind: plan.BootFolder},
	// Subvolumes and quotas are btrfs's; elsewhere they are folders.
	"v": {kind: plan.BootFolder}, "q": {kind: plan.BootFolder}, "Q": {kind: plan.BootFolder},
	"f": {kind: plan.BootFile}, "f+": {kind: plan.BootTruncate}, "F": {kind: plan.BootTruncate},
	"w": {kind: plan.BootWrite}, "w+": {kind: plan.BootAppend},
	"L": {kind: plan.BootLink}, "L?": {kind: plan.BootLink}, "L+": {kind: plan.BootForceLink},
	"p": {kind: plan.BootFIFO}, "p+": {kind: plan.BootFIFO},
	"z": {kind: plan.BootAdjust}, "m": {kind: plan.BootAdjust},
	"Z": {skip: "whole trees are not gone through at boot"},
	"C": {skip: "nothing is copied at boot"}, "C+": {skip: "nothing is copied at boot"},
	"c": {skip: "device nodes are the kernel's devtmpfs or the container's"}, "c+": {skip: "device nodes are the kernel's devtmpfs or the container's"},
	"b": {skip: "device nodes are the kernel's devtmpfs or the container's"}, "b+": {skip: "device nodes are the kernel's devtmpfs or the container's"},
	"a": {skip: "access control lists are not set"}, "a+": {skip: "access control lists are not set"},
	"A": {skip: "access control lists are not set"}, "A+": {skip: "access control lists are not set"},
	"t": {skip: "extended attributes are not set"}, "T": {skip: "extended attributes are not set"},
	"h": {skip: alwaysNothing}, "H": {skip: alwaysNothing}, "e": {skip: alwaysNothing},
	"x": {skip: alwaysNothing}, "X": {skip: alwaysNothing}, "r": {skip: alwaysNothing}, "R": {skip: alwaysNothing},
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
	if f[1] == "" || strings.Contains(f[0], "^") { // a credential, and an image is handed none
		return tmpfilesLine{}, false
	}
	if rest == "-" {
		rest = ""
	}
	return tmpfilesLine{kind: bareType(f[0]), path: f[1], mode: f[2], user: f[3], group: f[4], argument: rest}, true
}

// bareType takes the modifiers off: "!" is for the boot, which this is; "-" and
// "=" say what to do about failures and about other types of file. "+" and "?"
// are part of the type.
func bareType(s string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("!-=$", c) {
			return -1
		}
		return c
	}, s)
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
		case len(s) > 1 && s[0] == '\\' && (s[1] == '\'' || s[1] == '"'):
			b.WriteByte(s[1])
			s = s[2:]
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String()
}

// modeOf is the mode of what a line makes.
func (line *tmpfilesLine) modeOf(kind plan.BootKind) (uint32, bool) {
	text := strings.TrimLeft(line.mode, "~:")
	if text == "" || text == "-" {
		switch kind {
		case plan.BootFolder:
			return 0o755, true
		case plan.BootAdjust, plan.BootTruncate:
			return plan.KeepMode, true
		}
		return 0o644, true
	}
	n, err := strconv.ParseUint(text, 8, 12)
	return uint32(n), err == nil
}
