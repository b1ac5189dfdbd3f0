package compiler

import (
	"math"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// socketOption is a setting of [Socket] that is one setsockopt(2).
type socketOption uint8

const (
	optKeepAlive socketOption = iota
	optKeepAliveTime
	optKeepAliveInterval
	optKeepAliveProbes
	optNoDelay
	optPriority
	optDeferAccept
	optReceiveBuffer
	optSendBuffer
	optTOS
	optTTL
	optMark
	optReusePort
	optBroadcast
	optPassCredentials
	optPassSecurity
	optPassPIDFD
	optPacketInfo
	optTimestamping
	optFreeBind
	optTransparent
	numSocketOptions
)

// option is a directive for one of them.
func option(o socketOption, parse parseFunc[int32]) decodeFunc {
	return scalar(parse, func(u *unit) *opt[int32] { return &u.socket.options[o] })
}

// onOff is a boolean as setsockopt(2) has it.
func onOff(x *reading, s string) (int32, *grammar.Error) {
	on, err := grammar.ParseBool(s)
	return flagOf(on), err
}

func flagOf(on bool) int32 {
	if on {
		return 1
	}
	return 0
}

// seconds is a span of time in whole seconds, rounded up as systemd does.
func seconds(x *reading, s string) (int32, *grammar.Error) {
	d, err := timespan(x, s)
	if err != nil || d > math.MaxInt32*plan.Second {
		return math.MaxInt32, err
	}
	return int32((d + plan.Second - 1) / plan.Second), nil
}

// bufferSize is a size that fits the kernel's int.
func bufferSize(x *reading, s string) (int32, *grammar.Error) {
	n, err := grammar.ParseSize(s)
	if err == nil && n > math.MaxInt32 {
		err = wrong(s, "the kernel's limit is 2G", "use a smaller size")
	}
	return int32(n), err
}

// typeOfService is a byte of ip(7), by name or number.
func typeOfService(x *reading, s string) (int32, *grammar.Error) {
	switch s {
	case "low-delay":
		return 0x10, nil
	case "throughput":
		return 0x08, nil
	case "reliability":
		return 0x04, nil
	case "low-cost":
		return 0x02, nil
	}
	return integer[int32](0, 255)(x, s)
}

// probes is a number; beyond what the kernel takes lies no difference.
func probes(x *reading, s string) (int32, *grammar.Error) {
	n, err := unsigned[uint32](1<<32-1)(x, s)
	return int32(min(n, 1<<31-1)), err
}

// The values of Timestamping=.
const (
	timestampOff = iota
	timestampMicro
	timestampNano
)

func timestamping(x *reading, s string) (int32, *grammar.Error) {
	switch s {
	case "off":
		return timestampOff, nil
	case "us", "usec", "µs", "μs":
		return timestampMicro, nil
	case "ns", "nsec":
		return timestampNano, nil
	}
	// Not in the manual: systemd reads a boolean too, of which yes is ns.
	if on, err := grammar.ParseBool(s); err == nil {
		return timestampNano * flagOf(on), nil
	}
	return 0, wrong(s, "\""+s+"\" is not a value of it", "use one of off, us, ns")
}
