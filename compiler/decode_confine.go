package compiler

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/compiler/seccomp"
	"rustysd/grammar"
)

// confineSettings are those of systemd.exec(5), "CAPABILITIES", "SECURITY",
// "SANDBOXING" and "SYSTEM CALL FILTERING", that are done by system calls of
// the child alone.
type confineSettings struct {
	calls, logged callSet
	callError     opt[seccomp.Action]
	architectures []item[string]
	families      familySet
	// namespaces are those that may still be made.
	namespaces opt[uint32]

	realtime, setIDs, lockPersonality, writeExecute opt[bool]
	hostname, clock, kernelLogs, kernelModules      opt[bool]
	tunables, privateDevices                        opt[bool]
	privateNetwork, privateIPC, privatePIDs         opt[bool]
	privateUsers                                    opt[userMap]
	networkPath, ipcPath                            opt[string]
	// ownHostname is a host name that the service may change, hostnameText what
	// it begins as.
	ownHostname  opt[bool]
	hostnameText opt[string]

	bounding, ambient opt[uint64]
	secureBits        opt[uint32]
	keyring           opt[keyring]
	personality       opt[uint32]
	cpus              opt[numbers]
	numaPolicy        opt[uint8]
	numaMask          opt[numbers]
	coredumpFilter    opt[uint32]
	profile           opt[profile]
}

// callSet is SystemCallFilter= or SystemCallLog=: the calls with what becomes
// of each. The first assignment says whether those that are listed are the
// exception or the rule.
type callSet struct {
	set   bool
	allow bool
	calls map[string]seccomp.Action
	at    grammar.Pos
}

// inherit stands for the action that the directive has for calls without one
// of their own; the kernel has no such value.
const inherit seccomp.Action = 0x12345678

// systemCalls reads an assignment to a callSet (systemd.exec(5),
// "SystemCallFilter="): later ones add to the list or take away from it. A
// list of what is allowed begins with the group that the groups of base name.
func systemCalls(field func(c *confineSettings) *callSet, base string) decodeFunc {
	return func(x *reading) {
		s := field(&x.u.exec().confine)
		if x.text == "" {
			*s = callSet{}
			return
		}
		list, err := grammar.ParseSyscalls(x.text)
		if err != nil {
			x.bad(err, 0)
			return
		}
		if !s.set {
			*s = callSet{set: true, allow: !list.Invert, calls: map[string]seccomp.Action{}, at: x.set.pos}
			if s.allow && base != "" {
				s.put(base, inherit)
			}
		}
		s.calls = maps.Clone(s.calls)
		for i := range list.Calls {
			x.systemCall(s, &list.Calls[i], list.Invert)
		}
	}
}

// systemCall adds one word of a list, or takes it away.
func (x *reading) systemCall(s *callSet, c *grammar.Syscall, invert bool) {
	name := c.Name
	if c.Group {
		name = "@" + name
	}
	if _, ok := seccomp.Group(name); !ok && !seccomp.KnownCall(name) {
		x.unknownCall(c, name)
		return
	}
	act, ok := callAction(c.Action)
	switch {
	case !ok:
		x.report(diag.Error, "invalid-value", c.Offset, c.End, x.set.key+"=: \""+c.Action+"\" is no error of errno(3)",
			"write a name like EPERM, a number, or kill")
	case act != inherit && !invert:
		x.report(diag.Error, "invalid-value", c.Offset, c.End, x.set.key+"=: a call that is allowed cannot have an error",
			"take the part from the colon on out")
	case invert != s.allow, act != inherit: // of a list of what is allowed, an error of its own remains
		s.put(name, act)
	default:
		s.remove(name)
	}
}

// unknownCall says that there is no such system call; systemd goes on without
// it, too.
func (x *reading) unknownCall(c *grammar.Syscall, name string) {
	hint := "see systemd-analyze syscall-filter for the names"
	if x.s.hints++; x.s.hints <= maxHints {
		names := seccomp.Names()
		slices.Sort(names)
		if best := suggest(name, names); best != "" {
			hint = "did you mean \"" + best + "\"?"
		}
	}
	what := "system call"
	if c.Group {
		what = "group of system calls"
	}
	x.report(diag.Warning, "unknown-system-call", c.Offset, c.End,
		x.set.key+"=: there is no "+what+" \""+name+"\": the word is left out", hint)
}

// callAction is what stands after the colon.
func callAction(s string) (seccomp.Action, bool) {
	switch s {
	case "":
		return inherit, true
	case "kill":
		return seccomp.KillProcess, true
	}
	if n, err := strconv.ParseUint(s, 10, 12); err == nil {
		return seccomp.Errno(uint16(n)), true
	}
	n, ok := seccomp.ErrorNumber(s)
	return seccomp.Errno(n), ok
}

// put adds a call or a group.
func (s *callSet) put(name string, act seccomp.Action) {
	for _, c := range members(name) {
		s.calls[c] = act
	}
}

func (s *callSet) remove(name string) {
	for _, c := range members(name) {
		delete(s.calls, c)
	}
}

func members(name string) []string {
	if calls, ok := seccomp.Group(name); ok {
		return calls
	}
	return []string{name}
}

// callError is SystemCallErrorNumber=.
func callError(x *reading, s string) (seccomp.Action, *grammar.Error) {
	act, ok := callAction(s)
	if !ok || act == seccomp.Errno(0) {
		return 0, wrong(s, "\""+s+"\" is no error of errno(3)", "write a name like EPERM, or kill")
	}
	return act, nil
}

// architecture is a word of SystemCallArchitectures=.
func architecture(x *reading, s string) (string, *grammar.Error) {
	if !seccomp.KnownArchitecture(s) {
		return "", wrong(s, "\""+s+"\" is no architecture of system calls", "write native, or names like x86-64, x86, arm64")
	}
	return s, nil
}

// familySet is RestrictAddressFamilies=.
type familySet struct {
	set   bool
	allow bool
	list  []int
	at    grammar.Pos
}

// addressFamilies reads an assignment to it; "none" allows nothing, whatever
// came before (systemd.exec(5)).
func addressFamilies(x *reading) {
	f := &x.u.exec().confine.families
	switch x.text {
	case "":
		*f = familySet{}
		return
	case "none":
		*f = familySet{set: true, allow: true, at: x.set.pos}
		return
	}
	set, err := grammar.ParseSet(x.text)
	if err != nil {
		x.bad(err, 0)
		return
	}
	if !f.set {
		*f = familySet{set: true, allow: !set.Invert, at: x.set.pos}
	}
	f.list = slices.Clone(f.list)
	for _, w := range set.Words {
		n, ok := seccomp.Families[w.Text]
		switch {
		case !ok:
			x.report(diag.Error, "invalid-value", w.Offset, w.End, x.set.key+"=: \""+w.Text+"\" is no address family",
				"write names like AF_UNIX and AF_INET6")
		case set.Invert == f.allow:
			f.list = slices.DeleteFunc(f.list, func(m int) bool { return m == n })
		case !slices.Contains(f.list, n):
			f.list = append(f.list, n)
		}
	}
}

// restrictNamespaces is a boolean, or the namespaces that may be made, or with
// "~" those that may not.
func restrictNamespaces(x *reading) {
	o := &x.u.exec().confine.namespaces
	if x.text == "" {
		*o = opt[uint32]{}
		return
	}
	if yes, err := grammar.ParseBool(x.text); err == nil {
		*o = opt[uint32]{v: seccomp.AllNamespaces, set: true, at: x.set.pos}
		if yes {
			o.v = 0
		}
		return
	}
	set, err := grammar.ParseSet(x.text)
	if err != nil {
		x.bad(err, 0)
		return
	}
	var flags uint32
	for _, w := range set.Words {
		f, ok := seccomp.Namespaces[w.Text]
		if !ok {
			x.report(diag.Error, "invalid-value", w.Offset, w.End, x.set.key+"=: \""+w.Text+"\" is no namespace",
				"use yes, no, or some of cgroup, ipc, net, mnt, pid, time, user, uts")
		}
		flags |= f
	}
	switch {
	case !o.set && set.Invert:
		o.v = seccomp.AllNamespaces &^ flags
	case !o.set:
		o.v = flags
	case set.Invert:
		o.v &^= flags
	default:
		o.v |= flags
	}
	o.set, o.at = true, x.set.pos
}

// protectHostname is a boolean or private, with a host name after a colon
// (systemd.exec(5), "ProtectHostname="; the last two since systemd 257).
func protectHostname(x *reading) {
	c := &x.u.exec().confine
	c.hostname, c.ownHostname, c.hostnameText = opt[bool]{}, opt[bool]{}, opt[string]{}
	if x.text == "" {
		return
	}
	mode, name, named := strings.Cut(x.text, ":")
	on, err := grammar.ParseBool(mode)
	if err != nil && mode != "private" {
		x.bad(wrong(mode, "\""+mode+"\" is not a value of it", "use yes, no or private, with a host name after a colon or without"), 0)
		return
	}
	if named && name != "" {
		text, _, ok := x.expandBoot(name)
		if !ok {
			return
		}
		c.hostnameText = opt[string]{text, true, x.set.pos}
	}
	c.hostname = opt[bool]{on, true, x.set.pos}
	c.ownHostname = opt[bool]{on || mode == "private", true, x.set.pos}
}

// allCaps is every capability that there can be.
const allCaps = 1<<63 - 1

// capabilities reads CapabilityBoundingSet= or AmbientCapabilities=: a later
// list adds or takes away, and an empty one, or one after the initial set,
// replaces (systemd.exec(5)).
func capabilities(initial uint64, field func(c *confineSettings) *opt[uint64]) decodeFunc {
	return func(x *reading) {
		o := field(&x.u.exec().confine)
		set, err := grammar.ParseCapabilities(x.text)
		if err != nil {
			x.bad(err, 0)
			return
		}
		old := o.or(initial)
		switch {
		case (set.Caps == 0 || old == initial) && set.Invert:
			old = allCaps &^ set.Caps
		case set.Caps == 0 || old == initial:
			old = set.Caps
		case set.Invert:
			old &^= set.Caps
		default:
			old |= set.Caps
		}
		*o = opt[uint64]{old, true, x.set.pos}
	}
}

// profile is AppArmorProfile=.
type profile struct {
	name string
	// optional is the prefix "-": the service goes on without it.
	optional bool
}

func appArmorProfile(x *reading, s string) (p profile, err *grammar.Error) {
	s, p.optional = strings.CutPrefix(s, "-")
	if p.name, err = text(x, s); err == nil && (p.name == "" || strings.Contains(p.name, "\n")) {
		err = wrong(s, "no name of a profile", "write the name of a profile that the kernel has loaded")
	}
	return p, err
}

// secureBitNames are those of systemd.exec(5), "SecureBits=", by bit.
var secureBitNames = [...]string{"noroot", "noroot-locked", "no-setuid-fixup", "no-setuid-fixup-locked", "keep-caps", "keep-caps-locked"}

// secureBits adds up.
func secureBits(x *reading) {
	o := &x.u.exec().confine.secureBits
	if x.text == "" {
		*o = opt[uint32]{}
		return
	}
	for _, w := range x.words() {
		bit := slices.Index(secureBitNames[:], w.Text)
		if bit < 0 {
			x.report(diag.Error, "invalid-value", w.Offset, w.End, x.set.key+"=: \""+w.Text+"\" is no secure bit",
				"use some of "+strings.Join(secureBitNames[:], ", "))
			continue
		}
		*o = opt[uint32]{o.v | 1<<bit, true, x.set.pos}
	}
}

// keyring is a value of KeyringMode=.
type keyring uint8

const (
	keyringInherit keyring = iota
	keyringPrivate
	keyringShared
)

// The personalities of personality(2) that an image can have.
const (
	perLinux   = 0
	perLinux32 = 8
)

// personality is the architecture that the kernel says it has.
func personality(x *reading, s string) (uint32, *grammar.Error) {
	native, secondary := "x86-64", "x86"
	if x.s.arch() == "arm64" {
		native, secondary = "arm64", "arm"
	}
	switch s {
	case native:
		return perLinux, nil
	case secondary:
		return perLinux32, nil
	}
	return 0, wrong(s, "\""+s+"\" is no personality of the image's architecture", "use "+native+" or "+secondary)
}

// bitmap is a set of small numbers as the kernel has it, in words of 8 bytes.
type bitmap []byte

// allNodes are as many as a kernel can have (NODES_SHIFT of its configuration).
var allNodes = bitmap(bytes.Repeat([]byte{0xff}, 1024/8))

// numbers is a set of CPUs or memory nodes; late are lists that the boot adds.
// With nodes it is that of the CPUs of NUMAMask='s nodes.
type numbers struct {
	bits  bitmap
	late  string
	nodes bool
}

// numberSet reads CPUAffinity= or NUMAMask=; assignments add up.
func numberSet(special string, field func(c *confineSettings) *opt[numbers]) decodeFunc {
	return func(x *reading) {
		o := field(&x.u.exec().confine)
		if x.text == "" {
			*o = opt[numbers]{}
			return
		}
		if x.text == "all" && special == "all" {
			*o = opt[numbers]{numbers{bits: allNodes}, true, x.set.pos}
			return
		}
		if x.text == special {
			*o = opt[numbers]{numbers{nodes: true}, true, x.set.pos}
			return
		}
		var list []grammar.CPURange
		late, ok := "", false
		if special == "all" { // NUMAMask= has no specifiers
			list, ok = x.numbers(x.text)
		} else {
			list, late, ok = x.cpus()
		}
		if !ok {
			return
		}
		mask := slices.Clone(o.v.bits)
		for _, r := range list {
			for n := r.First; n <= r.Last; n++ {
				for len(mask) <= n/8 {
					mask = append(mask, make([]byte, 8)...)
				}
				mask[n/8] |= 1 << (n % 8)
			}
		}
		*o = opt[numbers]{numbers{bits: mask, late: joined(o.v.late, late)}, true, x.set.pos}
	}
}

// coredumpNames are those of core(5), "Controlling which mappings are written
// to the core dump", by bit.
var coredumpNames = [...]string{"private-anonymous", "shared-anonymous", "private-file-backed", "shared-file-backed",
	"elf-headers", "private-huge", "shared-huge", "private-dax", "shared-dax"}

// coredumpFilter adds up.
func coredumpFilter(x *reading) {
	o := &x.u.exec().confine.coredumpFilter
	if x.text == "" {
		*o = opt[uint32]{}
		return
	}
	for _, w := range x.words() {
		mask, ok := coredumpMask(w.Text)
		if !ok {
			x.report(diag.Error, "invalid-value", w.Offset, w.End, x.set.key+"=: \""+w.Text+"\" is no kind of memory",
				"use default, all, a number in base 16, or some of "+strings.Join(coredumpNames[:], ", "))
			continue
		}
		*o = opt[uint32]{o.v | mask, true, x.set.pos}
	}
}

func coredumpMask(s string) (uint32, bool) {
	switch s {
	case "default":
		return 0x33, true
	case "all":
		return 1<<len(coredumpNames) - 1, true
	}
	if bit := slices.Index(coredumpNames[:], s); bit >= 0 {
		return 1 << bit, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 32)
	return uint32(n), err == nil
}
