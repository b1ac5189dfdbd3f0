package compiler

import (
	"fmt"
	"strconv"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// groupSettings are those of systemd.resource-control(5) that become writes to
// the unit's cgroup.
type groupSettings struct {
	slice       opt[string]
	values      [numControls]opt[amount]
	quota       opt[uint64] // parts of ten thousand of one CPU
	quotaPeriod opt[int64]  // microseconds
	cpus        [2]opt[ranges]
	nodes       [2]opt[ranges]
	disks       [numDiskControls][]item[diskValue]
	delegate    opt[string] // the controllers, with a blank before each
	subgroup    opt[string]
	pressure    opt[watchPressure]
	threshold   opt[plan.Duration]
}

// watchPressure is MemoryPressureWatch=.
type watchPressure uint8

const (
	watchNo watchPressure = iota
	watchYes
	watchAuto
	watchSkip
)

// amount is a value as the kernel reads it, or a share of what the machine has.
type amount struct {
	text  string
	share uint32 // parts of ten thousand, 0 when text is the value
}

// diskValue is a value for one disk.
type diskValue struct{ path, value string }

// control is a directive with one value.
type control uint8

const (
	noControl control = iota
	cpuWeight
	cpuWeightStartup
	cpuShares
	cpuSharesStartup
	memoryMin
	memoryLow
	memoryLowStartup
	memoryHigh
	memoryHighStartup
	memoryMax
	memoryMaxStartup
	memorySwapMax
	memorySwapMaxStartup
	memoryZSwapMax
	memoryZSwapMaxStartup
	memoryZSwapWriteback
	memoryLimit
	tasksMax
	ioWeight
	ioWeightStartup
	blockIOWeight
	blockIOWeightStartup
	numControls
)

// diskControl is a directive with a value for each disk.
type diskControl uint8

const (
	ioDeviceWeight diskControl = iota
	ioReadBandwidth
	ioWriteBandwidth
	ioReadOperations
	ioWriteOperations
	ioLatency
	blockIODeviceWeight
	blockIOReadBandwidth
	blockIOWriteBandwidth
	numDiskControls
)

// controls makes the decoder of a directive with one value.
func controls(c control, parse parseFunc[amount]) decodeFunc {
	return scalar(parse, func(u *unit) *opt[amount] { return &u.common.group.values[c] })
}

// memorySize is a size, a percentage of the machine's memory, or infinity.
// Only what protects memory, or limits swap, may be nothing.
func memorySize(zero bool) parseFunc[amount] {
	return func(x *reading, s string) (amount, *grammar.Error) {
		if s == "infinity" {
			return amount{text: "max"}, nil
		}
		a, n := amount{}, uint64(0)
		if percentage(s) {
			share, err := grammar.ParsePercent(s)
			if err == nil && share > 10000 {
				err = wrong(s, s+" is more than all", "use at most 100%")
			}
			if err != nil {
				return a, err
			}
			a.share, n = uint32(share), uint64(share)
		} else {
			var err *grammar.Error
			if n, err = grammar.ParseSize(s); err != nil {
				return a, err
			}
		}
		if n == 0 && !zero {
			return a, wrong(s, "with no memory nothing can run", "use a size, a percentage, or infinity")
		}
		if a.share == 0 {
			a.text = strconv.FormatUint(n, 10)
		}
		return a, nil
	}
}

func percentage(s string) bool {
	return strings.HasSuffix(s, "%") || strings.HasSuffix(s, "‰") || strings.HasSuffix(s, "‱")
}

// tasks is a number of processes and threads, or a percentage of those that
// there may be.
func tasks(x *reading, s string) (amount, *grammar.Error) {
	if s == "infinity" {
		return amount{text: "max"}, nil
	}
	if percentage(s) {
		share, err := grammar.ParsePercent(s)
		if err == nil && (share == 0 || share > 10000) {
			err = wrong(s, s+" is out of range", "use more than 0% and at most 100%")
		}
		return amount{share: uint32(share)}, err
	}
	n, err := grammar.ParseUint(s)
	if err == nil && n == 0 {
		err = wrong(s, "with no task nothing can run", "use a number, a percentage, or infinity")
	}
	return amount{text: strconv.FormatUint(n, 10)}, err
}

// weight is a number between two bounds; idle is a word for less than any.
func weight(low, high uint64, idle bool) parseFunc[amount] {
	return func(x *reading, s string) (amount, *grammar.Error) {
		if idle && s == "idle" {
			return amount{text: s}, nil
		}
		n, err := grammar.ParseUint(s)
		if err == nil && (n < low || n > high) {
			err = wrong(s, s+" is out of range", fmt.Sprintf("use a number from %d to %d", low, high))
		}
		return amount{text: strconv.FormatUint(n, 10)}, err
	}
}

// yesNo is a boolean as the kernel reads it.
func yesNo(x *reading, s string) (amount, *grammar.Error) {
	on, err := grammar.ParseBool(s)
	if on {
		return amount{text: "1"}, err
	}
	return amount{text: "0"}, err
}

// quota is CPUQuota=: a percentage of one CPU, which may be more than all of it.
func quota(x *reading, s string) (uint64, *grammar.Error) {
	n, err := grammar.ParsePercent(s)
	if err == nil && n == 0 {
		err = wrong(s, "with no time nothing can run", "use more than 0%")
	}
	return uint64(n), err
}

// quotaPeriod is CPUQuotaPeriodSec= in microseconds; the kernel takes 1 ms to
// 1 s.
func quotaPeriod(x *reading, s string) (int64, *grammar.Error) {
	ns, err := grammar.ParseTimespan(s)
	return min(max(ns/grammar.Microsecond, 1000), 1000000), err
}

// ranges is a list of CPUs or memory nodes; late are lists that the boot adds.
type ranges struct {
	list []grammar.CPURange
	late string
}

// numberList is a list of CPUs or memory nodes; assignments add up.
func numberList(field func(g *groupSettings) *opt[ranges]) decodeFunc {
	return func(x *reading) {
		f := field(&x.u.common.group)
		if x.text == "" {
			*f = opt[ranges]{}
			return
		}
		list, late, ok := x.cpus()
		if !ok {
			return
		}
		*f = opt[ranges]{ranges{append(f.v.list, list...), joined(f.v.late, late)}, true, x.set.pos}
	}
}

// disk makes the decoder of a directive with a path and a value for its disk.
func disk(c diskControl, parse func(s string) (string, *grammar.Error)) decodeFunc {
	return func(x *reading) {
		list := &x.u.common.group.disks[c]
		if x.text == "" {
			*list = nil
			return
		}
		words := x.words()
		if len(words) != 2 {
			x.bad(wrong(x.text, "expected a path and a value", "write it like /dev/sda 100"), 0)
			return
		}
		path, err := absolute(x, words[0].Text)
		if err != nil {
			x.bad(err, words[0].Offset)
			return
		}
		value, err := parse(words[1].Text)
		if err != nil {
			x.bad(err, words[1].Offset)
			return
		}
		*list = append(*list, item[diskValue]{diskValue{path, value}, x.set.pos})
	}
}

// diskWeight is a weight for one disk.
func diskWeight(low, high uint64) func(s string) (string, *grammar.Error) {
	parse := weight(low, high, false)
	return func(s string) (string, *grammar.Error) {
		a, err := parse(nil, s)
		return a.text, err
	}
}

// rate is so much in a second.
func rate(s string) (string, *grammar.Error) {
	n, err := grammar.ParseRate(s)
	if n == grammar.SizeInfinity {
		return "max", err
	}
	if err == nil && n == 0 {
		err = wrong(s, "at a rate of nothing no one gets on", "use a number above 0")
	}
	return strconv.FormatUint(n, 10), err
}

// latency is a span of time in microseconds.
func latency(s string) (string, *grammar.Error) {
	ns, err := grammar.ParseTimespanIn(s, grammar.Millisecond)
	return strconv.FormatInt(ns/grammar.Microsecond, 10), err
}

// delegatable are the controllers that this init enables.
const delegatable = " cpu cpuset io memory pids"

// delegate is Delegate=: a boolean, or controllers; an empty value delegates
// the group without any (systemd.resource-control(5), "Delegate=").
func delegate(x *reading) {
	f := &x.u.common.group.delegate
	on, err := grammar.ParseBool(x.text)
	switch {
	case x.text == "":
		*f = opt[string]{"", true, x.set.pos}
	case err == nil && on:
		*f = opt[string]{delegatable, true, x.set.pos}
	case err == nil:
		*f = opt[string]{}
	default:
		names := f.v
		for _, w := range fields(x.text) {
			if !strings.Contains(controllers+" ", " "+w.text+" ") {
				x.bad(wrong(w.text, "\""+w.text+"\" is no controller", "use some of"+delegatable+", or yes"), w.at)
				continue
			}
			names += " " + w.text
		}
		*f = opt[string]{names, true, x.set.pos}
	}
}

// subgroup is DelegateSubgroup=: the name of a folder.
func subgroup(x *reading, s string) (string, *grammar.Error) {
	if strings.Contains(s, "/") || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "cgroup.") {
		return "", wrong(s, "\""+s+"\" cannot be the name of a group", "write a name without slashes")
	}
	return s, nil
}

// sliceName is Slice=.
func sliceName(x *reading, s string) (string, *grammar.Error) {
	name, err := unitName(x, s)
	if err == nil && !strings.HasSuffix(name, ".slice") {
		err = wrong(s, "\""+name+"\" is no slice", "end it with .slice")
	}
	return name, err
}
