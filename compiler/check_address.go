package compiler

import (
	"net/netip"
	"path"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// listener is one address of a socket unit of the image.
type listener struct {
	u    *unit
	line *listenLine
	// device is BindToDevice=, and network what the unit says of its network:
	// texts that are looked for once for all lines of a unit.
	device  string
	network [2]string
}

// meeting is what two addresses must have in common to get into each other's
// way: a port of a protocol, or a name.
type meeting struct {
	typ      listenType
	protocol int32
	port     uint32
	name     string
	ip       netip.Addr // invalid where any address of the port is meant
}

// at is the meeting at another address.
func (m meeting) at(ip netip.Addr) meeting {
	m.ip = ip
	return m
}

// checkAddresses reports sockets that listen on one address. The second would
// not come up, or would take the place of the first in the file system.
func (s *unitSet) checkAddresses(l *diag.List) {
	seen := listeners{}
	for _, u := range s.image {
		if u.socket == nil {
			continue
		}
		b := listener{u: u, device: u.lastText("BindToDevice"),
			network: [2]string{u.lastText("PrivateNetwork"), u.lastText("NetworkNamespacePath")}}
		for i := range u.socket.listen {
			b.line = &u.socket.listen[i]
			key, ok := b.meeting()
			if !ok {
				continue
			}
			if a, found := seen.inTheWay(b, key); found {
				l.Add(addressConflict(a, b))
			}
			seen.add(b, key)
		}
	}
}

// listeners are those that were seen, by where they meet others. Those of a
// port are there twice: by their address, and without one.
type listeners map[meeting][]listener

func (m listeners) add(b listener, key meeting) {
	if list := m[key]; len(list) > 0 && list[len(list)-1].u == b.u && list[len(list)-1].line.text == b.line.text {
		return // the same unit's options let it listen twice
	}
	m[key] = append(m[key], b)
	if all := key.at(netip.Addr{}); all != key {
		m[all] = append(m[all], b)
	}
}

// inTheWay is a listener that cannot be had beside b.
func (m listeners) inTheWay(b listener, key meeting) (listener, bool) {
	near := []meeting{key}
	switch {
	case key.ip.IsUnspecified():
		near[0] = key.at(netip.Addr{})
	case key.ip.IsValid():
		near = append(near, key.at(netip.IPv4Unspecified()), key.at(netip.IPv6Unspecified()))
	}
	for _, k := range near {
		for _, a := range m[k] {
			if a.clashes(b) && !excludes(a.u, b.u) && !excludes(b.u, a.u) {
				return a, true
			}
		}
	}
	return listener{}, false
}

// meeting is where a listener can meet another; false when it never does: a
// port that the kernel chooses, a file that is only opened.
func (b listener) meeting() (meeting, bool) {
	line, addr := b.line, &b.line.addr
	switch {
	case line.typ == listenFIFO:
		return meeting{name: cleanPath(line.text)}, true
	case line.typ == listenSpecial:
		return meeting{}, false
	case addr.Family == grammar.FamilyUnix && !addr.Abstract:
		return meeting{name: path.Clean(addr.Path)}, true
	case addr.Family == grammar.FamilyUnix: // unix(7): types have their own names
		return meeting{typ: line.typ, name: "@" + addr.Path}, true
	case addr.Family == grammar.FamilyIPv4 || addr.Family == grammar.FamilyIPv6:
		protocol := b.u.socket.protocol.v
		if protocol == protoMPTCP {
			protocol = 0 // it has the ports of TCP
		}
		return meeting{typ: line.typ, protocol: protocol, port: addr.Port, name: "ip", ip: addr.IP.Unmap()}, addr.Port != 0
	case addr.Family == grammar.FamilyVsock:
		return meeting{typ: line.typ, port: addr.Port, name: "vsock"}, true
	}
	return meeting{}, false
}

// clashes says whether two listeners that meet cannot both be had.
func (a listener) clashes(b listener) bool {
	switch {
	case a.line.typ == listenFIFO || b.line.typ == listenFIFO || a.line.addr.Family == grammar.FamilyUnix:
		return true
	case a.line.addr.Family == grammar.FamilyVsock:
		x, y := a.line.addr.CID, b.line.addr.CID
		return x == y || x == grammar.VsockAny || y == grammar.VsockAny
	case a.shares() && b.shares(), a.elsewhere(b):
		return false
	}
	return a.covers(b) || b.covers(a)
}

// shares says whether the socket lets others have its port
// (systemd.socket(5), "ReusePort=").
func (a listener) shares() bool { return a.u.socket.options[optReusePort].v != 0 }

// elsewhere says whether the two listen on different interfaces, or in
// different networks.
func (a listener) elsewhere(b listener) bool {
	if a.device != "" && b.device != "" && a.device != b.device {
		return true
	}
	if sa, sb := a.line.addr.Scope, b.line.addr.Scope; sa != "" && sb != "" && sa != sb {
		return true
	}
	return a.network != b.network
}

// covers says whether a is the address of b, or every address of its kind.
// IPv6's any address is IPv4's, too, unless BindIPv6Only=ipv6-only
// (systemd.socket(5), "BindIPv6Only="; ip.7's bindv6only is 0 by default).
func (a listener) covers(b listener) bool {
	x, y := a.line.addr.IP.Unmap(), b.line.addr.IP.Unmap()
	if x == y {
		return true
	}
	if !x.IsUnspecified() {
		return false
	}
	both := a.u.socket.bindIPv6Only.v == 0 || a.u.socket.bindIPv6Only.v == ipv6Default
	return x.Is4() == y.Is4() || x == netip.IPv6Unspecified() && both
}

func addressConflict(a, b listener) diag.Diagnostic {
	d := diag.Diagnostic{Pos: b.line.at, Severity: diag.Error, Code: "address-conflict",
		Msg:     "\"" + b.u.name + "\" listens on " + b.line.text + ", which \"" + a.u.name + "\" already does",
		Hint:    "leave one of the two out",
		Related: []diag.Related{{Pos: a.line.at, Msg: "\"" + a.u.name + "\" listens on " + a.line.text + " here"}}}
	if a.u == b.u {
		d.Msg = "\"" + b.u.name + "\" listens on " + b.line.text + " twice"
	}
	if ip := a.line.addr.IP; ip.IsValid() && ip != b.line.addr.IP {
		d.Msg = "\"" + b.u.name + "\" listens on " + b.line.text + ", which is part of " + a.line.text + " of \"" + a.u.name + "\""
		if b.covers(a) {
			d.Msg = "\"" + b.u.name + "\" listens on " + b.line.text + ", which takes in " + a.line.text + " of \"" + a.u.name + "\""
		}
	}
	if a.line.addr.IP.Unmap().Is4() != b.line.addr.IP.Unmap().Is4() {
		d.Hint = "set BindIPv6Only=ipv6-only where only IPv6 is meant"
	}
	if b.line.typ == listenDatagram && b.line.addr.IP.IsValid() {
		d.Severity = diag.Warning // such sockets can share a port: the last one gets all
	}
	return d
}
