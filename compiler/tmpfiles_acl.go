package compiler

import (
	"encoding/binary"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// aclTags are the tags of acl(5) by their first letter, as the kernel numbers
// them: for the owner, the group and the others, and for named users and groups.
var aclTags = map[string][2]uint16{
	"u": {1, 2}, "user": {1, 2}, "g": {4, 8}, "group": {4, 8}, "m": {16, 0}, "mask": {16, 0}, "o": {32, 0}, "other": {32, 0},
}

// acls are the steps of a line about access control lists: one for the files
// themselves, and one for what is made in folders.
func (t *tmpfiles) acls(line tmpfilesLine, step plan.BootStep) (steps []plan.BootStep) {
	var data [2]string
	for entry := range strings.SplitSeq(line.argument, ",") {
		f := strings.Split(strings.TrimSpace(entry), ":")
		of := 0
		if f[0] == "d" || f[0] == "default" {
			of, f = 1, f[1:]
		}
		text, why := t.aclEntry(f)
		if why != "" {
			t.say(line, diag.Warning, "the line is left out: \""+entry+"\" "+why)
			return nil
		}
		data[of] += text
	}
	for of, text := range data {
		if text == "" {
			continue
		}
		if step.Data = text; of == 1 {
			step.Flags |= plan.BootDefaultACL
		}
		steps = append(steps, step)
	}
	return steps
}

// aclEntry is an entry as the kernel has it; why says what is wrong with it.
func (t *tmpfiles) aclEntry(f []string) (text, why string) {
	if len(f) != 3 {
		return "", "is no entry: write it like u:NAME:rw"
	}
	tags, known := aclTags[f[0]]
	tag, id := tags[0], uint32(1<<32-1)
	if f[1] != "" && known {
		tag = tags[1]
		var ok bool
		switch tag {
		case 2:
			a, found := t.lo.users.user(f[1])
			if n, number := parseID(f[1]); number {
				a.uid, found = n, true
			}
			id, ok = a.uid, found
		case 8:
			id, ok = t.lo.users.group(f[1])
		}
		if !ok {
			return "", "names nobody that the root has"
		}
	}
	perm := uint16(0)
	for _, c := range f[2] {
		bit := strings.IndexRune("xwr", c)
		if bit < 0 && c != '-' {
			return "", "has rights other than r, w and x"
		}
		if bit >= 0 {
			perm |= 1 << bit
		}
	}
	if !known {
		return "", "is about nobody: use u, g, m or o"
	}
	b := binary.LittleEndian.AppendUint16(nil, tag)
	b = binary.LittleEndian.AppendUint16(b, perm)
	return string(binary.LittleEndian.AppendUint32(b, id)), ""
}
