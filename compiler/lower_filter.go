package compiler

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// program is eBPF code in the making (the kernel's bpf/standardization
// instruction set).
type program struct{ code []byte }

// Operations, with the width of what they work on.
const (
	opLoad    = 0x61 // dst = 32 bits at src+off
	opMove    = 0xbf
	opMove32  = 0xbc
	opSet     = 0xb7
	opAnd32   = 0x54
	opShift32 = 0x74
	opAdd     = 0x07
	opBig16   = 0xdc // the lower 16 bits turned around
	opNot32   = 0x56 // jump if dst != constant
	opBelow32 = 0xa6
	opAbove32 = 0x26
	opCall    = 0x85
	opExit    = 0x95
)

// op adds an instruction.
func (p *program) op(code, dst, src byte, off int16, constant int32) {
	p.code = append(p.code, code, dst|src<<4)
	p.code = binary.LittleEndian.AppendUint16(p.code, uint16(off))
	p.code = binary.LittleEndian.AppendUint32(p.code, uint32(constant))
}

// answer ends the program.
func (p *program) answer(allow bool) {
	n := int32(0)
	if allow {
		n = 1
	}
	p.op(opSet, 0, 0, 0, n)
	p.op(opExit, 0, 0, 0, 0)
}

// when adds tests, of which one that fails jumps over the answer.
func (p *program) when(allow bool, tests ...test) {
	for i, t := range tests {
		p.op(t.code, t.dst, 0, int16(len(tests)-i-1+2), t.constant)
	}
	p.answer(allow)
}

// test is a jump that is taken when something does not hold of a register.
type test struct {
	code, dst byte
	constant  int32
}

// The registers of filters of devices.
const (
	regDeviceKind = 2
	regAccess     = 3
	regMajor      = 4
	regMinor      = 5
)

// Kinds of devices, and what is done with them, as the kernel tells filters.
const (
	devBlock, devChar             = 1, 2
	accessMake, accessRead, write = 1, 2, 4
)

// filters lowers the programs of a unit's group. Those of the slices that it
// is in hold for it too; addresses that a slice allows add to the unit's own
// (systemd.resource-control(5), "IPAddressAllow=").
func (lo *lowering) filters(u *unit) []plan.GroupFilter {
	all := u.common.filter
	devices := []*filterSettings{lo.impliedDevices(u)}
	for name := range strings.SplitSeq(slicePath(u.common.group.slice.v), "/") {
		if s := lo.s.byName[name]; s != nil && s.foreign == "slice" {
			f := s.filter()
			devices = append(devices, f)
			all.allow = append(slices.Clip(all.allow), f.allow...)
			all.deny = append(slices.Clip(all.deny), f.deny...)
			all.bind = append(slices.Clip(all.bind), f.bind...)
			all.noBind = append(slices.Clip(all.noBind), f.noBind...)
		}
	}
	var out []plan.GroupFilter
	for _, f := range devices {
		if d := f.deviceFilter(); d != nil {
			out = append(out, *d)
		}
	}
	out = append(out, all.addressFilters()...)
	out = append(out, all.bindFilters()...)
	return append(out, all.interfaceFilters()...)
}

// impliedDevices are a unit's settings with what others imply
// (systemd.exec(5), "PrivateDevices=" and "ProtectClock="). It has no place of
// its own in the file. ProtectClock= allows something, and so says nothing where
// nothing is refused: systemd 252 has no filter then either.
func (lo *lowering) impliedDevices(u *unit) *filterSettings {
	f := u.common.filter
	c := &u.exec().confine
	if c.privateDevices.v && f.policy.v == policyAuto {
		f.policy = opt[devicePolicy]{v: policyClosed}
	}
	if c.clock.v && (f.policy.v != policyAuto || len(f.devices) > 0) {
		f.devices = append(slices.Clip(f.devices), item[deviceRule]{v: deviceRule{"char-rtc", "r"}})
	}
	return &f
}

// standardDevices are what a closed policy allows: their numbers are the same
// everywhere (the kernel's admin-guide/devices.txt).
var standardDevices = [...][2]int32{{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}}

const majorPTS = 136

// deviceFilter is DevicePolicy= and DeviceAllow=; nil when every device may be
// opened.
func (f *filterSettings) deviceFilter() *plan.GroupFilter {
	if f.policy.v == policyAuto && len(f.devices) == 0 {
		return nil
	}
	out := &plan.GroupFilter{Hook: plan.FilterDevice}
	for _, at := range f.deviceOrigins() {
		if at.Line > 0 && out.Origin == "" {
			out.Origin = place(at)
		}
	}
	var p program
	p.op(opLoad, regDeviceKind, 1, 0, 0)
	p.op(opMove, regAccess, regDeviceKind, 0, 0)
	p.op(opAnd32, regDeviceKind, 0, 0, 0xffff)
	p.op(opShift32, regAccess, 0, 0, 16)
	p.op(opLoad, regMajor, 1, 4, 0)
	p.op(opLoad, regMinor, 1, 8, 0)
	if f.policy.v != policyStrict {
		for _, d := range standardDevices {
			p.device(&plan.FilterRule{}, devChar, d[0], d[1], "rwm")
		}
		p.device(&plan.FilterRule{}, devChar, majorPTS, -1, "rw")
	}
	for _, d := range f.devices {
		if rule := p.deviceRule(d.v); rule != nil {
			out.Rules = append(out.Rules, *rule)
		}
	}
	out.Head, p.code = string(p.code), nil
	p.answer(false)
	out.Tail = string(p.code)
	return out
}

func (f *filterSettings) deviceOrigins() []grammar.Pos {
	out := []grammar.Pos{f.policy.at}
	for _, d := range f.devices {
		out = append(out, d.at)
	}
	return out
}

// deviceRule adds what is known of a rule, or answers what the boot fills in.
func (p *program) deviceRule(d deviceRule) *plan.FilterRule {
	if strings.HasPrefix(d.match, "/") {
		part, rule := program{}, &plan.FilterRule{Match: d.match}
		part.device(rule, 0, 0, 0, d.access)
		rule.Code = string(part.code)
		return rule
	}
	kind := int32(devChar)
	name, ok := strings.CutPrefix(d.match, "char-")
	if !ok {
		name, kind = strings.TrimPrefix(d.match, "block-"), devBlock
	}
	if name == "*" {
		p.device(&plan.FilterRule{}, kind, -1, -1, d.access)
		return nil
	}
	if major, err := strconv.ParseUint(name, 10, 12); err == nil {
		p.device(&plan.FilterRule{}, kind, int32(major), -1, d.access)
		return nil
	}
	part, rule := program{}, &plan.FilterRule{Match: d.match}
	part.device(rule, kind, 0, -1, d.access)
	rule.Code, rule.Kind = string(part.code), 0
	return rule
}

// device allows a kind of access to devices; a number of -1 is any. rule learns
// which instruction has which.
func (p *program) device(rule *plan.FilterRule, kind, major, minor int32, access string) {
	// The access is compared first, with the only register that has to be made.
	if mask := accessMask(access); mask != accessMake|accessRead|write {
		p.op(opMove32, 1, regAccess, 0, 0)
		p.op(opAnd32, 1, 0, 0, ^mask)
		p.op(opNot32, 1, 0, deviceRest(major, minor), 0)
	}
	number := uint8(len(p.code) / 8)
	tests := []test{{opNot32, regDeviceKind, kind}}
	rule.Kind = number + 1
	if major >= 0 {
		tests = append(tests, test{opNot32, regMajor, major})
		rule.Major = number + 2
	}
	if minor >= 0 {
		tests = append(tests, test{opNot32, regMinor, minor})
		rule.Minor = number + 3
	}
	p.when(true, tests...)
}

// deviceRest is how many instructions of a rule follow the test of the access.
func deviceRest(major, minor int32) int16 {
	n := int16(3) // the kind, and the answer
	if major >= 0 {
		n++
	}
	if minor >= 0 {
		n++
	}
	return n
}

func accessMask(access string) (mask int32) {
	for _, c := range access {
		mask |= map[rune]int32{'m': accessMake, 'r': accessRead, 'w': write}[c]
	}
	return mask
}

// Offsets in struct __sk_buff and struct bpf_sock_addr.
const (
	skbProtocol  = 16
	skbInterface = 40
	sockPort     = 24
	sockProtocol = 36
)

// helperLoadBytes is bpf_skb_load_bytes(skb, offset, to, length).
const helperLoadBytes = 26

// The kernel's numbers of protocols, as a little-endian machine loads them.
const (
	etherIPv4 = 0x0008
	etherIPv6 = 0xdd86
)

// addressFilters are IPAddressAllow= and IPAddressDeny=: who sent what comes
// in, and who gets what goes out. What is allowed is asked first.
func (f *filterSettings) addressFilters() []plan.GroupFilter {
	if len(f.deny) == 0 {
		return nil // everything else is allowed as well
	}
	var out []plan.GroupFilter
	for _, h := range [...]struct {
		hook   plan.FilterHook
		v4, v6 int32 // where the address is in the header
	}{{plan.FilterIngress, 12, 8}, {plan.FilterEgress, 16, 24}} {
		var v4, v6, p program
		f.family(&v4, h.v4, false)
		f.family(&v6, h.v6, true)
		p.op(opMove, 6, 1, 0, 0)
		p.op(opLoad, 7, 1, skbProtocol, 0)
		p.op(opNot32, 7, 0, int16(len(v4.code)/8), etherIPv4)
		p.code = append(p.code, v4.code...)
		p.op(opNot32, 7, 0, int16(len(v6.code)/8), etherIPv6)
		p.code = append(p.code, v6.code...)
		p.answer(true)
		out = append(out, plan.GroupFilter{Hook: h.hook, Head: string(p.code), Origin: place(f.deny[0].at)})
	}
	return out
}

// family adds the tests of one family's addresses, to an answer in any case.
func (f *filterSettings) family(p *program, offset int32, v6 bool) {
	length := int32(4)
	if v6 {
		length = 16
	}
	p.op(opMove, 1, 6, 0, 0)
	p.op(opSet, 2, 0, 0, offset)
	p.op(opMove, 3, 10, 0, 0)
	p.op(opAdd, 3, 0, 0, -length)
	p.op(opSet, 4, 0, 0, length)
	p.op(opCall, 0, 0, 0, helperLoadBytes)
	for _, side := range [...]struct {
		list  []item[netip.Prefix]
		allow bool
	}{{f.allow, true}, {f.deny, false}} {
		for _, n := range widestFirst(side.list, v6) {
			if n.Bits() == 0 { // nothing after it is reached
				p.answer(side.allow)
				return
			}
			p.network(n, length, side.allow)
		}
	}
	p.answer(true)
}

// widestFirst are the networks of one family, none within another.
func widestFirst(list []item[netip.Prefix], v6 bool) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range values(list) {
		if n.Addr().Is6() == v6 {
			out = append(out, n)
		}
	}
	slices.SortStableFunc(out, func(a, b netip.Prefix) int { return a.Bits() - b.Bits() })
	var wide []netip.Prefix
	for _, n := range out {
		if !slices.ContainsFunc(wide, func(w netip.Prefix) bool { return w.Contains(n.Addr()) }) {
			wide = append(wide, n)
		}
	}
	return wide
}

// network answers for the addresses of one network, word by word.
func (p *program) network(n netip.Prefix, length int32, allow bool) {
	address := n.Addr().AsSlice()
	words := (n.Bits() + 31) / 32
	for w := range words {
		mask := ^uint32(0)
		if rest := n.Bits() - 32*w; rest < 32 {
			mask <<= 32 - rest
		}
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], mask)
		after := int16(3*(words-w-1) + 2)
		p.op(opLoad, 1, 10, int16(int32(4*w)-length), 0)
		p.op(opAnd32, 1, 0, 0, int32(binary.LittleEndian.Uint32(raw[:])))
		p.op(opNot32, 1, 0, after, int32(binary.LittleEndian.Uint32(address[4*w:])))
	}
	p.answer(allow)
}

// bindFilters are SocketBindAllow= and SocketBindDeny=.
func (f *filterSettings) bindFilters() []plan.GroupFilter {
	if len(f.noBind) == 0 {
		return nil
	}
	var out []plan.GroupFilter
	for _, h := range [...]struct {
		hook   plan.FilterHook
		family int32
	}{{plan.FilterBindInet, afInet}, {plan.FilterBindInet6, afInet6}} {
		var p program
		p.op(opLoad, 2, 1, sockPort, 0)
		p.op(opBig16, 2, 0, 0, 16)
		p.op(opLoad, 3, 1, sockProtocol, 0)
		if !p.binds(f.bind, h.family, true) && !p.binds(f.noBind, h.family, false) {
			p.answer(true)
		}
		out = append(out, plan.GroupFilter{Hook: h.hook, Head: string(p.code), Origin: place(f.noBind[0].at)})
	}
	return out
}

// binds adds rules, and says whether one of them is about everything.
func (p *program) binds(rules []item[bindRule], family int32, allow bool) bool {
	for _, r := range rules {
		if r.v.family != 0 && r.v.family != family {
			continue
		}
		var tests []test
		if r.v.protocol != 0 {
			tests = append(tests, test{opNot32, 3, r.v.protocol})
		}
		if r.v.low > 0 {
			tests = append(tests, test{opBelow32, 2, int32(r.v.low)})
		}
		if r.v.high < 1<<16-1 {
			tests = append(tests, test{opAbove32, 2, int32(r.v.high)})
		}
		p.when(allow, tests...)
		if len(tests) == 0 {
			return true
		}
	}
	return false
}

// interfaceFilters are RestrictNetworkInterfaces=.
func (f *filterSettings) interfaceFilters() []plan.GroupFilter {
	if len(f.interfaces) == 0 {
		return nil
	}
	var out []plan.GroupFilter
	for _, hook := range [...]plan.FilterHook{plan.FilterIngress, plan.FilterEgress} {
		var p, tail program
		p.op(opLoad, 2, 1, skbInterface, 0)
		filter := plan.GroupFilter{Hook: hook, Head: string(p.code), Origin: place(f.interfaces[0].at)}
		for _, name := range f.interfaces {
			var part program
			part.when(!f.others, test{opNot32, 2, 0})
			filter.Rules = append(filter.Rules, plan.FilterRule{Code: string(part.code), Match: name.v, Major: 1})
		}
		tail.answer(f.others)
		filter.Tail = string(tail.code)
		out = append(out, filter)
	}
	return out
}
