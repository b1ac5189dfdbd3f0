package compiler

import (
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// What conditions ask of files of the kernel's.

// firmwarePaths are what kinds of firmware show of themselves.
var firmwarePaths = map[string]string{
	"uefi": "/sys/firmware/efi", "device-tree": "/sys/firmware/devicetree/base", "smbios": "/sys/class/dmi/id",
}

// conditionFirmware is a question for a path of the kernel's.
func conditionFirmware(x *reading, c *plan.Condition, text string) *grammar.Error {
	if path := firmwarePaths[text]; path != "" {
		c.Kind, c.Param = plan.ConditionPathExists, path
		return nil
	}
	c.Kind = plan.ConditionFirmware
	if name, ok := between(text, "device-tree-compatible(", ")"); ok {
		c.Param = firmwarePaths["device-tree"] + "/compatible"
		c.Terms = []plan.Term{{Value: name, Op: plan.CompareText}}
		return nil
	}
	if inner, ok := between(text, "smbios-field(", ")"); ok {
		return conditionSMBIOS(c, strings.Trim(inner, " \t"))
	}
	return wrong(text, "\""+text+"\" is not a value of it",
		"use one of uefi, device-tree, device-tree-compatible(NAME), smbios, smbios-field(NAME = value)")
}

// between is what stands between a start and an end.
func between(text, start, end string) (string, bool) {
	text, ok1 := strings.CutPrefix(text, start)
	text, ok2 := strings.CutSuffix(text, end)
	return text, ok1 && ok2
}

// conditionSMBIOS reads a field, an operator and a value, which may be quoted.
func conditionSMBIOS(c *plan.Condition, text string) *grammar.Error {
	n := strings.IndexAny(text, "!$<>= \t")
	if n <= 0 || strings.ContainsAny(text[:n], "/.") {
		return wrong(text, "expected a field of /sys/class/dmi/id, an operator and a value", "write it like smbios-field(board_name = X)")
	}
	op, value, ok := cutComparison(strings.TrimLeft(text[n:], " \t"), false)
	if !ok {
		return wrong(text, "expected an operator after \""+text[:n]+"\"", "write it like smbios-field(board_name = X)")
	}
	if words, err := grammar.ParseWords(value); err == nil && len(words) == 1 {
		value = words[0].Text
	}
	c.Param = firmwarePaths["smbios"] + "/" + text[:n]
	c.Terms = []plan.Term{{Value: value, Op: op}}
	return nil
}

// pressureSpans are the averages that the kernel has.
var pressureSpans = map[string]string{"10sec": "avg10", "1min": "avg60", "5min": "avg300"}

// conditionPressure reads a threshold, after a slice and before a span of time
// that may be left out (systemd.unit(5), "ConditionMemoryPressure=").
func conditionPressure(resource string) conditionValue {
	return func(_ *reading, c *plan.Condition, text string) *grammar.Error {
		c.Param = "/proc/pressure/" + resource
		slice, rest, ok := strings.Cut(text, ":")
		switch {
		case !ok:
			rest = text
		case !strings.HasSuffix(slice, ".slice") || !isUnitName(slice):
			return wrong(text, "\""+slice+"\" is no slice", "write it like system.slice:50%")
		case slice != "-.slice": // which is everything
			c.Param = "/sys/fs/cgroup" + sliceFolder(slice) + "/" + resource + ".pressure"
		}
		limit, span, ok := strings.Cut(rest, "/")
		if !ok {
			span = "5min"
		}
		average := pressureSpans[span]
		if average == "" {
			return wrong(text, "the kernel keeps no average over \""+span+"\"", "use one of 10sec, 1min, 5min")
		}
		n, err := grammar.ParsePercent(limit)
		c.Number, c.Terms = uint64(n), []plan.Term{{Key: average}}
		return err
	}
}

// sliceFolder is where systemd has the cgroup of a slice, below those of the
// slices that its name begins with (systemd.slice(5)).
func sliceFolder(slice string) string {
	name := strings.TrimSuffix(slice, ".slice")
	path := ""
	for i := range name {
		if name[i] == '-' {
			path += "/" + name[:i] + ".slice"
		}
	}
	return path + "/" + slice
}
