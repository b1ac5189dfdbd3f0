package compiler

import (
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

var socketDirectives = []directive{
	{name: "ListenStream", decode: listen(listenStream)},
	{name: "ListenDatagram", decode: listen(listenDatagram)},
	{name: "ListenSequentialPacket", decode: listen(listenSeqpacket)},
	{name: "ListenFIFO", decode: listen(listenFIFO)},
	{name: "ListenSpecial", decode: listen(listenSpecial)},
	{name: "ListenNetlink", decode: listen(listenNetlink)},
	{name: "ListenMessageQueue", level: restricting, decode: listenOther(valid(absolute)), note: "message queues are not opened"},
	{name: "ListenUSBFunction", level: restricting, decode: listenOther(valid(absolute)), note: "USB gadgets are not opened"},
	{name: "SocketProtocol", decode: scalar(socketProtocol, func(u *unit) *opt[int32] { return &u.socket.protocol })},
	{name: "BindIPv6Only", decode: scalar(bindIPv6Only, func(u *unit) *opt[int32] { return &u.socket.bindIPv6Only })},
	{name: "Backlog", decode: scalar(unsigned[uint32](1<<32-1), func(u *unit) *opt[uint32] { return &u.socket.backlog })},
	{name: "BindToDevice", decode: scalar(ifName, func(u *unit) *opt[string] { return &u.socket.bindToDevice })},

	{name: "ExecStartPre", decode: commands(plan.ExecStartPre)},
	{name: "ExecStartPost", decode: commands(plan.ExecStartPost)},
	{name: "ExecStopPre", decode: commands(plan.ExecStop)},
	{name: "ExecStopPost", decode: commands(plan.ExecStopPost)},
	{name: "TimeoutSec", decode: scalar(timeout, func(u *unit) *opt[plan.Duration] { return &u.socket.timeout })},

	{name: "SocketUser", decode: scalar(userName, func(u *unit) *opt[string] { return &u.socket.user })},
	{name: "SocketGroup", decode: scalar(userName, func(u *unit) *opt[string] { return &u.socket.group })},
	{name: "SocketMode", decode: scalar(mode, func(u *unit) *opt[uint32] { return &u.socket.socketMode })},
	{name: "DirectoryMode", decode: scalar(mode, func(u *unit) *opt[uint32] { return &u.socket.directoryMode })},
	{name: "Accept", decode: scalar(accept, func(u *unit) *opt[bool] { return &u.socket.accept })},
	{name: "Writable", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.socket.writable })},
	{name: "FlushPending", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.socket.flushPending })},
	{name: "MaxConnections", level: harmless, decode: valid(unsigned[uint32](1<<32 - 1)), note: "it limits Accept=yes only"},
	{name: "MaxConnectionsPerSource", level: harmless, decode: valid(unsigned[uint32](1<<32 - 1)), note: "it limits Accept=yes only"},
	{name: "PollLimitIntervalSec", level: unsupported, decode: valid(timespan), note: "TriggerLimitIntervalSec= is the only brake"},
	{name: "PollLimitBurst", level: unsupported, decode: valid(unsigned[uint32](1<<32 - 1)), note: "TriggerLimitBurst= is the only brake"},
	{name: "DeferTrigger", level: unsupported, decode: valid(deferTrigger), note: "the service is started at once"},
	{name: "DeferTriggerMaxSec", level: unsupported, decode: valid(timespan), note: "the service is started at once"},

	{name: "KeepAlive", decode: option(optKeepAlive, onOff)},
	{name: "KeepAliveTimeSec", decode: option(optKeepAliveTime, seconds)},
	{name: "KeepAliveIntervalSec", decode: option(optKeepAliveInterval, seconds)},
	{name: "KeepAliveProbes", decode: option(optKeepAliveProbes, probes)},
	{name: "NoDelay", decode: option(optNoDelay, onOff)},
	{name: "Priority", decode: option(optPriority, integer[int32](-1, 1<<31-1))},
	{name: "DeferAcceptSec", decode: option(optDeferAccept, seconds)},
	{name: "ReceiveBuffer", decode: option(optReceiveBuffer, bufferSize)},
	{name: "SendBuffer", decode: option(optSendBuffer, bufferSize)},
	{name: "IPTOS", decode: option(optTOS, typeOfService)},
	{name: "IPTTL", decode: option(optTTL, integer[int32](1, 255))},
	{name: "Mark", decode: option(optMark, integer[int32](-1, 1<<31-1))},
	{name: "ReusePort", decode: option(optReusePort, onOff)},
	{name: "Broadcast", decode: option(optBroadcast, onOff)},
	{name: "PassCredentials", decode: option(optPassCredentials, onOff)},
	{name: "PassSecurity", decode: option(optPassSecurity, onOff)},
	{name: "PassPIDFD", decode: option(optPassPIDFD, onOff)},
	{name: "PassPacketInfo", decode: option(optPacketInfo, onOff)},
	{name: "Timestamping", decode: option(optTimestamping, timestamping)},
	{name: "FreeBind", decode: option(optFreeBind, onOff)},
	{name: "Transparent", decode: option(optTransparent, onOff)},
	{name: "AcceptFileDescriptors", level: restricting, decode: valid(boolean), off: "yes", note: "descriptors are accepted"},
	{name: "TCPCongestion", decode: scalar(plainText, func(u *unit) *opt[string] { return &u.socket.congestion })},
	{name: "PipeSize", decode: scalar(size, func(u *unit) *opt[uint64] { return &u.socket.pipeSize })},
	{name: "MessageQueueMaxMessages", level: harmless, decode: valid(number), note: "it is for message queues only"},
	{name: "MessageQueueMessageSize", level: harmless, decode: valid(number), note: "it is for message queues only"},

	{name: "RemoveOnStop", decode: scalar(boolean, func(u *unit) *opt[bool] { return &u.socket.removeOnStop })},
	{name: "Symlinks", decode: words(pathName, func(u *unit) *[]item[string] { return &u.socket.symlinks })},
	{name: "FileDescriptorName", decode: scalar(fdName, func(u *unit) *opt[string] { return &u.socket.fdName })},
	{name: "PassFileDescriptorsToExec", level: unsupported, decode: valid(boolean), note: "the commands of the socket get no descriptors"},
	{name: "Service", decode: scalar(serviceName, func(u *unit) *opt[string] { return &u.socket.service })},
	{name: "TriggerLimitIntervalSec", decode: scalar(timespan, func(u *unit) *opt[plan.Duration] { return &u.socket.triggerLimitInterval })},
	{name: "TriggerLimitBurst", decode: scalar(count, func(u *unit) *opt[uint16] { return &u.socket.triggerLimitBurst })},
	{name: "SmackLabel", level: unsupported, decode: valid(text), note: "no SMACK label is set"},
	{name: "SmackLabelIPIn", level: unsupported, decode: valid(text), note: "no SMACK label is set"},
	{name: "SmackLabelIPOut", level: unsupported, decode: valid(text), note: "no SMACK label is set"},
	{name: "SELinuxContextFromNet", level: unsupported, decode: valid(boolean), note: "the service keeps the init's context"},
}

// listenType is what a Listen…= directive opens.
type listenType uint8

const (
	listenStream listenType = iota
	listenDatagram
	listenSeqpacket
	listenFIFO
	listenSpecial
	listenNetlink
)

// listen adds an address; an empty value drops all of the unit, of any type
// (systemd.socket(5), "ListenStream=").
func listen(typ listenType) decodeFunc {
	return func(x *reading) {
		if x.text == "" {
			x.u.socket.listen = nil
			return
		}
		line := listenLine{typ: typ, at: x.set.value.PosAt(0)}
		var err *grammar.Error
		if typ == listenFIFO || typ == listenSpecial {
			line.text, err = pathName(x, x.text)
			line.text = todaysRun(line.text)
		} else if typ == listenNetlink {
			line.text = x.text
			line.addr, err = netlink(x, x.text)
		} else if line.text, err = x.addressText(); err == nil {
			written := line.text
			line.text = todaysRun(written)
			line.addr, err = grammar.ParseAddress(line.text)
			if err == nil && typ == listenSeqpacket && line.addr.Family != grammar.FamilyUnix {
				err = wrong(written, "sequential packets are of unix sockets only", "write a path or @name, or use ListenStream=")
			}
			if err != nil && written != x.text {
				err = wrong(x.text, err.Msg, err.Hint)
			}
		}
		if err == nil {
			err = x.unopenable(&line.addr)
		}
		if err != nil {
			x.bad(err, 0)
			return
		}
		x.u.socket.listen = append(x.u.socket.listen, line)
	}
}

// addressText is an address with specifiers. What only the boot knows can be in a
// path or a name.
func (x *reading) addressText() (string, *grammar.Error) {
	out, ok := x.expandPath(x.text)
	if ok && hasMark(out) && !strings.HasPrefix(out, "/") && !strings.HasPrefix(out, "@") {
		x.onlyBoot(out, whyAddress)
		ok = false
	}
	if !ok {
		return "", errReported
	}
	return out, nil
}

// unopenable says what of an address the image cannot open yet.
func (x *reading) unopenable(a *grammar.Address) *grammar.Error {
	if a.Scope != "" && !allDigits(a.Scope) {
		return x.unsupportedValue(x.text, "the number of an interface is known to the boot only",
			"write the interface's number, or an address without one, with BindToDevice=")
	}
	return nil
}

// listenOther is for what the image cannot open: an error unless it is allowed
// to be missing. An empty value still takes back what was there.
func listenOther(value decodeFunc) decodeFunc {
	return func(x *reading) {
		if x.text == "" {
			x.u.socket.listen = nil
		}
		value(x)
	}
}

// accept refuses what would need a service for each connection.
func accept(x *reading, s string) (bool, *grammar.Error) {
	yes, err := grammar.ParseBool(s)
	if yes {
		return true, x.unsupportedValue(s, "a service for each connection is not started yet",
			"let the service accept its connections, with Accept=no")
	}
	return yes, err
}

// serviceName is the name of a service unit.
func serviceName(x *reading, s string) (string, *grammar.Error) {
	name, err := unitName(x, s)
	if err == nil && !strings.HasSuffix(name, ".service") {
		return "", wrong(s, "\""+name+"\" is not a service unit", "name a unit that ends in .service")
	}
	return name, err
}

// fdName is a name for $LISTEN_FDNAMES, where colons part the names
// (systemd.socket(5), "FileDescriptorName=").
func fdName(x *reading, s string) (string, *grammar.Error) {
	name, err := text(x, s)
	if err != nil {
		return "", err
	}
	for i := range len(name) {
		if name[i] < ' ' && name[i] != plan.BootMark || name[i] > '~' || name[i] == ':' {
			return "", wrong(s, "a descriptor's name has printable ASCII characters, and no colon", "")
		}
	}
	if len(name) > 255 {
		return "", wrong(s, "a descriptor's name has at most 255 characters", "")
	}
	return name, nil
}

// The protocols of SocketProtocol=, by the kernel's numbers.
const (
	protoUDPLite = 136
	protoSCTP    = 132
	protoMPTCP   = 262
)

func socketProtocol(x *reading, s string) (int32, *grammar.Error) {
	switch s {
	case "udplite":
		return protoUDPLite, nil
	case "sctp":
		return protoSCTP, nil
	case "mptcp":
		return protoMPTCP, nil
	}
	return 0, wrong(s, "\""+s+"\" is not a value of it", "use one of udplite, sctp, mptcp")
}

func bindIPv6Only(x *reading, s string) (int32, *grammar.Error) {
	switch s {
	case "default":
		return ipv6Default, nil
	case "both":
		return ipv6Both, nil
	case "ipv6-only":
		return ipv6Only, nil
	}
	// Not in the manual: systemd reads a boolean too, and Debian's gpsd has one.
	if only, err := grammar.ParseBool(s); err == nil {
		return flagOf(only), nil
	}
	return 0, wrong(s, "\""+s+"\" is not a value of it", "use one of default, both, ipv6-only")
}

// What BindIPv6Only= asks of IPV6_V6ONLY.
const (
	ipv6Default = -1
	ipv6Both    = 0
	ipv6Only    = 1
)
