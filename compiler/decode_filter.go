package compiler

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// filterSettings are those of systemd.resource-control(5) that become programs
// which the kernel asks.
type filterSettings struct {
	policy       opt[devicePolicy]
	devices      []item[deviceRule]
	allow, deny  []item[netip.Prefix]
	bind, noBind []item[bindRule]
	interfaces   []item[string]
	// others is set when interfaces are those that may not be used.
	others bool
}

// devicePolicy is a value of DevicePolicy=.
type devicePolicy uint8

const (
	policyAuto devicePolicy = iota
	policyClosed
	policyStrict
)

// deviceRule is one DeviceAllow=: a path below /dev, "char-" or "block-" and a
// name, and what is allowed of r, w and m.
type deviceRule struct{ match, access string }

// bindRule is one SocketBindAllow= or SocketBindDeny=; a family or protocol of
// 0 is any.
type bindRule struct {
	family, protocol int32
	low, high        uint16
}

func (u *unit) filter() *filterSettings { return &u.common.filter }

// deviceAllow is DeviceAllow=.
func deviceAllow(x *reading) {
	list := &x.u.filter().devices
	if x.text == "" {
		*list = nil
		return
	}
	words := x.words()
	if len(words) == 0 {
		return
	}
	match, _, ok := x.expandBoot(words[0].Text)
	if !ok {
		return
	}
	access := "rwm"
	if len(words) > 1 {
		access = words[1].Text
	}
	switch {
	case strings.HasPrefix(match, "/dev/"):
		match = cleanPath(match)
	case !strings.HasPrefix(match, "char-") && !strings.HasPrefix(match, "block-") || strings.HasSuffix(match, "-"):
		x.bad(wrong(words[0].Text, "\""+match+"\" is no device", "write a path below /dev, or char- or block- and a name of /proc/devices"), words[0].Offset)
		return
	}
	if len(words) > 2 || access == "" || strings.Trim(access, "rwm") != "" {
		x.bad(wrong(x.text, "expected a device and what is allowed", "write it like /dev/null rw, of r, w and m"), 0)
		return
	}
	*list = append(*list, item[deviceRule]{deviceRule{match, access}, x.set.pos})
}

// addresses reads a list of networks; an empty one empties it.
func addresses(field func(f *filterSettings) *[]item[netip.Prefix]) decodeFunc {
	return func(x *reading) {
		list := field(x.u.filter())
		if x.text == "" {
			*list = nil
			return
		}
		prefixes, err := grammar.ParsePrefixes(x.text)
		if err != nil {
			x.bad(err, 0)
			return
		}
		for _, p := range prefixes {
			*list = append(*list, item[netip.Prefix]{p, x.set.pos})
		}
	}
}

// pinnedProgram is why IPIngressFilterPath= and its kin are not honoured.
const pinnedProgram = "a program that another one has loaded is not attached"

// bindRules reads SocketBindAllow= and SocketBindDeny=.
func bindRules(field func(f *filterSettings) *[]item[bindRule]) decodeFunc {
	return func(x *reading) {
		list := field(x.u.filter())
		if x.text == "" {
			*list = nil
			return
		}
		rule, ok := parseBind(x.text)
		if !ok {
			x.bad(wrong(x.text, "\""+x.text+"\" is no address to bind", "write [ipv4:|ipv6:][tcp:|udp:]PORT, PORT-PORT, or any"), 0)
			return
		}
		*list = append(*list, item[bindRule]{rule, x.set.pos})
	}
}

// parseBind reads [FAMILY:][PROTOCOL:][PORTS], of which one part is there.
func parseBind(s string) (r bindRule, ok bool) {
	r.high = 1<<16 - 1
	parts := strings.Split(s, ":")
	if f := map[string]int32{"ipv4": afInet, "ipv6": afInet6}[parts[0]]; f != 0 {
		r.family, parts = f, parts[1:]
	}
	if len(parts) > 0 {
		if p := map[string]int32{"tcp": protoTCP, "udp": protoUDP}[parts[0]]; p != 0 {
			r.protocol, parts = p, parts[1:]
		}
	}
	switch {
	case len(parts) == 0:
		return r, true
	case len(parts) > 1:
		return r, false
	case parts[0] == "any":
		return r, r.family == 0 && r.protocol == 0
	}
	low, high, both := strings.Cut(parts[0], "-")
	if !both {
		high = low
	}
	first, err1 := strconv.ParseUint(low, 10, 16)
	last, err2 := strconv.ParseUint(high, 10, 16)
	r.low, r.high = uint16(first), uint16(last)
	return r, err1 == nil && err2 == nil && first <= last
}

const protoTCP, protoUDP = 6, 17

// networkInterfaces is RestrictNetworkInterfaces=: names, or with "~" those
// that are left out. A line of the other sort takes back what it names.
func networkInterfaces(x *reading) {
	f := x.u.filter()
	text, others := strings.CutPrefix(x.text, "~")
	if x.text == "" {
		f.interfaces, f.others = nil, false
		return
	}
	if len(f.interfaces) == 0 {
		f.others = others
	}
	for _, w := range fields(text) {
		name := w.text
		switch {
		case len(name) > 127 || strings.ContainsAny(name, "/ ") || name == "." || name == "..":
			x.report(diag.Error, "invalid-value", w.at, w.at+len(w.text), x.set.key+"=: \""+name+"\" cannot be the name of a network interface", "use at most 127 characters, and no slash")
		case len(name) > 15:
			x.bad(x.unsupportedValue(name, "an alternative name of an interface is not looked up", "use its name, of at most 15 characters"), 0)
		case others == f.others:
			f.interfaces = append(f.interfaces, item[string]{name, x.set.pos})
		default:
			f.interfaces = slices.DeleteFunc(f.interfaces, func(i item[string]) bool { return i.v == name })
		}
	}
}
