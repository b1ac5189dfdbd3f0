package compiler

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// What a socket gets when its unit is silent (systemd.socket(5)).
const (
	defaultTriggerInterval = 2 * plan.Second
	defaultTriggerBurst    = 20
	defaultBacklog         = math.MaxUint32
)

// Numbers of the kernel's socket interface.
const (
	afUnix, afInet, afInet6                 = 1, 2, 10
	afNetlink, afVsock                      = 16, 40
	sockStream, sockDgram, sockRaw, sockSeq = 1, 2, 3, 5

	solIP, solSocket, solTCP, solIPv6 = 0, 1, 6, 41
	domainFIFO, domainSpecial         = 0, -1
)

// socket lowers [Socket].
func (lo *lowering) socket(u *unit) *plan.Socket {
	s := u.socket
	out := &plan.Socket{
		Options: s.socketOptions(), Symlinks: values(s.symlinks),
		FDName: s.fdName.or(u.name), User: s.user.v, Group: s.group.v,
		Service:    plan.NoUnit,
		SocketMode: s.socketMode.or(0o666), DirectoryMode: s.directoryMode.or(0o755),
		Backlog: s.backlog.or(defaultBacklog), PipeSize: uint32(min(s.pipeSize.v, math.MaxInt32)),
		TriggerLimitInterval: s.triggerLimitInterval.or(defaultTriggerInterval),
		TriggerLimitBurst:    s.triggerLimitBurst.or(defaultTriggerBurst),
		TimeoutSec:           s.timeout.or(defaultTimeout),
		Flags:                s.flags(),
		KillMode:             s.kill.mode.v,
		KillSignal:           s.kill.signal.v, FinalKillSignal: s.kill.final.v,
	}
	for _, d := range u.deps {
		if d.Rel&plan.Triggers != 0 {
			out.Service = d.Unit
		}
	}
	for i := range s.listen {
		out.Listen = append(out.Listen, s.lowerListen(&s.listen[i]))
	}
	lo.socketOwner(u, out)
	lo.socketNetwork(u)
	lo.noteSocket(u)
	if len(u.common.commands) > 0 {
		c := lo.context(u)
		out.Exec = c.exec
		out.Commands = lo.commands(u, c)
	}
	return out
}

// socketNetwork refuses a network of the socket's own (systemd.exec(5),
// "PrivateNetwork=", "NetworkNamespacePath="): its commands are in it, but the
// addresses are opened where the init is.
func (lo *lowering) socketNetwork(u *unit) {
	c := &u.socket.exec.confine
	at, key := c.privateNetwork.at, "PrivateNetwork"
	switch {
	case c.networkPath.set:
		at, key = c.networkPath.at, "NetworkNamespacePath"
	case !c.privateNetwork.v:
		return
	}
	for i := range u.socket.listen {
		l := &u.socket.listen[i]
		if l.typ == listenFIFO || l.typ == listenSpecial || l.inFiles() {
			continue // what is in the file system is in every network
		}
		d := diag.Diagnostic{Pos: at, Severity: diag.Error, Code: "unsupported-value",
			Msg:  key + "= of a socket: " + l.text + " is opened in the network of the init, where others reach it",
			Hint: "take it out, or pass --allow-unsupported " + key + " to listen there all the same"}
		if slices.Contains(lo.s.opt.AllowUnsupported, key) {
			d.Severity, d.Hint = diag.Note, ""
		}
		lo.l.Add(d)
		return
	}
}

// flags are the yes-or-no settings.
func (s *socketSettings) flags() plan.SocketFlags {
	var f plan.SocketFlags
	if s.removeOnStop.v {
		f |= plan.RemoveOnStop
	}
	if s.writable.v {
		f |= plan.Writable
	}
	if s.flushPending.v {
		f |= plan.FlushPending
	}
	if s.kill.sendSIGHUP.v {
		f |= plan.SocketHangUp
	}
	if !s.kill.sendSIGKILL.or(true) {
		f |= plan.SocketSpares
	}
	return f
}

// socketOwner replaces names by numbers when the root is known, for the init
// then needs no passwd(5).
func (lo *lowering) socketOwner(u *unit, out *plan.Socket) {
	s := u.socket
	if s.user.set {
		if a, ok := lo.users.user(s.user.v); ok {
			out.User = itoa(int64(a.uid))
		} else if lo.users.known && !allDigits(s.user.v) && !hasMark(s.user.v) {
			lo.unknownName(s.user.at, s.user.v, "unknown-user", "user", "/etc/passwd", lo.users.names())
		}
	}
	if s.group.set {
		if gid, ok := lo.users.group(s.group.v); ok {
			out.Group = itoa(int64(gid))
		} else if lo.users.known && !hasMark(s.group.v) {
			lo.unknownName(s.group.at, s.group.v, "unknown-group", "group", "/etc/group", lo.users.groupNames())
		}
	}
}

// lowerListen makes the arguments of socket(2) and bind(2).
func (s *socketSettings) lowerListen(l *listenLine) plan.Listen {
	out := plan.Listen{Address: l.text, Origin: place(l.at), Protocol: s.protocol.v}
	switch l.typ {
	case listenFIFO:
		out.Domain, out.Path, out.Protocol = domainFIFO, true, 0
		return out
	case listenSpecial:
		out.Domain, out.Path, out.Protocol = domainSpecial, true, 0
		return out
	case listenStream:
		out.Type = sockStream
	case listenDatagram:
		out.Type = sockDgram
	case listenSeqpacket:
		out.Type = sockSeq
	case listenNetlink:
		out.Type, out.Protocol = sockRaw, int32(l.addr.Protocol)
		raw := append(family(afNetlink), 0, 0, 0, 0, 0, 0) // the kernel gives the port
		out.Raw, out.Domain = string(binary.LittleEndian.AppendUint32(raw, l.addr.Groups)), afNetlink
		return out
	}
	out.Raw, out.Domain = sockaddr(&l.addr)
	out.Path = l.inFiles()
	out.BarePort = l.addr.Bare
	if out.Domain == afUnix || out.Domain == afVsock {
		out.Protocol = 0
	}
	return out
}

// sockaddr is the struct sockaddr of an address: the family in the byte order
// of the machine, which is little-endian on all that an image is made for, the
// port in that of the network.
func sockaddr(a *grammar.Address) (raw string, domain int32) {
	port := uint16(a.Port)
	switch {
	case a.Family == grammar.FamilyUnix && a.Abstract:
		return string(family(afUnix)) + "\x00" + a.Path, afUnix
	case a.Family == grammar.FamilyUnix:
		return string(family(afUnix)) + a.Path + "\x00", afUnix
	case a.Family == grammar.FamilyIPv4:
		ip := a.IP.As4()
		b := append(binary.BigEndian.AppendUint16(family(afInet), port), ip[:]...)
		return string(append(b, make([]byte, 8)...)), afInet
	}
	if a.Family == grammar.FamilyVsock { // vsock(7): a reserved word, port, context, and room
		b := binary.LittleEndian.AppendUint32(append(family(afVsock), 0, 0), a.Port)
		return string(append(binary.LittleEndian.AppendUint32(b, a.CID), 0, 0, 0, 0)), afVsock
	}
	ip := a.IP.As16()
	b := append(binary.BigEndian.AppendUint16(family(afInet6), port), 0, 0, 0, 0) // flow label
	b = append(b, ip[:]...)
	scope, _ := strconv.ParseUint(a.Scope, 10, 32) // decode takes numbers only
	return string(binary.LittleEndian.AppendUint32(b, uint32(scope))), afInet6
}

func family(n uint16) []byte { return binary.LittleEndian.AppendUint16(nil, n) }

// kernelOption is where an option goes in setsockopt(2).
type kernelOption struct {
	level, name, domain int32
	// keepZero says that 0 is a value like another, not the default.
	keepZero bool
	// must says that systemd fails the unit when it cannot be set.
	must bool
}

// kernelOptions are the places of the plain options. Most failures are logged
// only, as systemd does.
var kernelOptions = [numSocketOptions][]kernelOption{
	optKeepAlive:         {{level: solSocket, name: 9}},
	optKeepAliveTime:     {{level: solTCP, name: 4}},
	optKeepAliveInterval: {{level: solTCP, name: 5}},
	optKeepAliveProbes:   {{level: solTCP, name: 6}},
	optNoDelay:           {{level: solTCP, name: 1}},
	optPriority:          {{level: solSocket, name: 12, keepZero: true}},
	optDeferAccept:       {{level: solTCP, name: 9}},
	// The forced forms, which CAP_NET_ADMIN allows, after the plain ones.
	optReceiveBuffer:   {{level: solSocket, name: 8}, {level: solSocket, name: 33}},
	optSendBuffer:      {{level: solSocket, name: 7}, {level: solSocket, name: 32}},
	optTOS:             {{level: solIP, name: 1, keepZero: true, domain: afInet}},
	optTTL:             {{level: solIP, name: 2, domain: afInet}, {level: solIPv6, name: 16, domain: afInet6}},
	optMark:            {{level: solSocket, name: 36, keepZero: true}},
	optReusePort:       {{level: solSocket, name: 15}},
	optBroadcast:       {{level: solSocket, name: 6}},
	optPassCredentials: {{level: solSocket, name: 16, domain: afUnix}, {level: solSocket, name: 16, domain: afNetlink}},
	optPassSecurity:    {{level: solSocket, name: 34, domain: afUnix}, {level: solSocket, name: 34, domain: afNetlink}},
	optPassPIDFD:       {{level: solSocket, name: 76, domain: afUnix}},
	optPacketInfo:      {{level: solIP, name: 8, domain: afInet}, {level: solIPv6, name: 49, domain: afInet6}},
	optFreeBind:        {{level: solIP, name: 15, domain: afInet}, {level: solIPv6, name: 78, domain: afInet6}},
	optTransparent:     {{level: solIP, name: 19, domain: afInet}, {level: solIPv6, name: 75, domain: afInet6}},
}

// The options of Timestamping=.
const (
	soTimestamp   = 29
	soTimestampNS = 35
	ipv6V6Only    = 26

	soBindToDevice = 25
	tcpCongestion  = 13
)

// socketOptions are the setsockopt(2) of the unit. Priority=-1 and Mark=-1
// stand for the kernel's own.
func (s *socketSettings) socketOptions() []plan.SocketOption {
	var out []plan.SocketOption
	if v := s.bindIPv6Only.or(ipv6Default); v != ipv6Default {
		out = append(out, plan.SocketOption{Level: solIPv6, Name: ipv6V6Only, Value: v, Domain: afInet6})
	}
	for o := range s.options {
		v := s.options[o]
		if !v.set || v.v < 0 {
			continue
		}
		for _, k := range kernelOptions[o] {
			if v.v != 0 || k.keepZero {
				out = append(out, plan.SocketOption{Level: k.level, Name: k.name, Value: v.v, Optional: !k.must, Domain: k.domain})
			}
		}
	}
	for _, domain := range [...]int32{afInet, afInet6} {
		if d := s.bindToDevice; d.v != "" && d.v != "*" {
			out = append(out, plan.SocketOption{Level: solSocket, Name: soBindToDevice, Text: d.v, Domain: domain})
		}
		if s.congestion.v != "" {
			out = append(out, plan.SocketOption{Level: solTCP, Name: tcpCongestion, Text: s.congestion.v, Optional: true, Domain: domain})
		}
	}
	switch s.options[optTimestamping].v {
	case timestampMicro:
		out = append(out, plan.SocketOption{Level: solSocket, Name: soTimestamp, Value: 1, Optional: true})
	case timestampNano:
		out = append(out, plan.SocketOption{Level: solSocket, Name: soTimestampNS, Value: 1, Optional: true})
	}
	return slices.Clip(out)
}

// noteSocket says where the fields of plan.Socket were written.
func (lo *lowering) noteSocket(u *unit) {
	s := u.socket
	note(lo, u, "Socket.FDName", s.fdName)
	note(lo, u, "Socket.User", s.user)
	note(lo, u, "Socket.Group", s.group)
	note(lo, u, "Socket.SocketMode", s.socketMode)
	note(lo, u, "Socket.DirectoryMode", s.directoryMode)
	note(lo, u, "Socket.Backlog", s.backlog)
	note(lo, u, "Socket.PipeSize", s.pipeSize)
	note(lo, u, "Socket.TriggerLimitInterval", s.triggerLimitInterval)
	note(lo, u, "Socket.TriggerLimitBurst", s.triggerLimitBurst)
	note(lo, u, "Socket.TimeoutSec", s.timeout)
	note(lo, u, "Socket.Service", s.service)
	note(lo, u, "Socket.KillMode", s.kill.mode)
	note(lo, u, "Socket.KillSignal", s.kill.signal)
	note(lo, u, "Socket.FinalKillSignal", s.kill.final)
	if len(s.symlinks) > 0 {
		lo.noteAt(u, "Socket.Symlinks", s.symlinks[0].at)
	}
	if s.bindToDevice.set {
		lo.noteAt(u, "Socket.Options", s.bindToDevice.at)
	}
	for _, o := range s.options {
		if o.set {
			lo.noteAt(u, "Socket.Options", o.at)
			break
		}
	}
}
