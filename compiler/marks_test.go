package compiler

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rustysd/runtime/plan"
)

// settledValues are the directives, or types of value, that cannot wait for the
// boot although they have specifiers, and why.
var settledValues = map[string]string{
	"names of units": whyUnit, "name of a service": whyUnit, "names of sockets": whyUnit, "name of a slice": whyUnit,
	"ConditionArchitecture": whyLooked, "ConditionCPUFeature": whyLooked, "ConditionControlGroupController": whyLooked,
	"ConditionACPower": whyLooked, "ConditionCPUs": whyLooked, "ConditionCapability": whyLooked, "ConditionFirstBoot": whyLooked,
	"ConditionMemory": whyLooked, "ConditionSecurity": whyLooked,
	"ConditionCPUPressure": whyLooked, "ConditionIOPressure": whyLooked, "ConditionMemoryPressure": whyLooked,
	"ListenDatagram": whyAddress, "ListenSequentialPacket": whyAddress, "ListenStream": whyAddress, "ListenNetlink": whyAddress,
}

// spoilt are values with a specifier in any place where a value like the sample
// could have one.
func spoilt(sample, spec string) []string {
	out := []string{spec, "/" + spec, "/x/" + spec, "x:/" + spec, "/x:/" + spec, "file:/" + spec, "fd:" + spec, "A=" + spec, "/x " + spec, "x" + spec}
	for i, c := range []byte(sample) {
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' {
			out = append(out, sample[:i]+spec+sample[i:], sample[:i]+spec+sample[i+1:])
		}
	}
	return append(out, sample+spec)
}

// TestBootSpecifiers finds the directives with specifiers by one that does not
// exist, and wants each to take one that only the boot knows, which the plan then
// asks the runtime to replace, or to be among those that cannot. A script could
// not go through the table.
func TestBootSpecifiers(t *testing.T) {
	taken := 0
	for _, section := range [...]string{"Unit", "Service", "Socket"} {
		for _, name := range directiveNames[section] {
			d := table[section][name]
			if section == "Socket" && table["Service"][name] != nil && table["Service"][name].man == d.man || strings.HasPrefix(name, "Assert") {
				continue
			}
			var unknown, known []string
			for _, s := range d.value.samples() {
				if s.good {
					unknown = append(unknown, spoilt(s.text, "%z")...)
				}
			}
			for i, v := range unknown {
				unknown[i] = name + "=" + v
				known = append(known, name+"="+strings.ReplaceAll(v, "%z", "%H"))
			}
			has, refused := readLines(section, unknown), readLines(section, known)
			settled := ""
			for i, line := range known {
				if said := refused[i+2]; strings.Contains(said, "\\x00") {
					t.Errorf("[%s] %s: the mark is shown: %s", section, line, said)
				}
				switch said := refused[i+2]; {
				case !strings.Contains(has[i+2], "unknown-specifier"):
				case strings.Contains(said, "unsupported-specifier"):
					settled = line
				case said == "":
					taken++
					wantMarks(t, section, line)
				}
			}
			why := cmp.Or(settledValues[name], settledValues[d.value.name])
			if settled != "" && why == "" {
				t.Errorf("[%s] %s: has specifiers, and cannot wait for the boot", section, settled)
			}
			if why != "" && settled == "" {
				t.Errorf("[%s] %s= can wait, although %s", section, name, why)
			}
		}
	}
	t.Logf("%d values wait for the boot", taken)
}

// wantMarks wants the plan of a unit with a line to link what replaces its marks.
func wantMarks(t *testing.T, section, line string) {
	t.Helper()
	name, text := "t.service", "["+section+"]\n"+line+"\n"
	switch {
	case section == "Socket":
		name, text = "t.socket", text+"ListenStream=/run/t\n"
	case section == "Unit":
		text += "[Service]\nExecStart=/bin/t\n"
	case !strings.HasPrefix(line, "ExecStart="):
		text += "ExecStart=/bin/t\n"
	}
	s, l := testSet(t, Options{}, unitFile{name, text})
	p, _ := s.lower(&l)
	if found := findMark(reflect.ValueOf(p.Units).Index(0)); found != "" && p.Features&plan.FeatureBootMarks == 0 {
		t.Errorf("%s: nothing replaces the mark in %s", line, found)
	}
}

// findMark is the path of a text that holds a mark. The data of calls may have any
// bytes; conditions replace their own.
func findMark(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return findMark(v.Elem())
		}
	case reflect.String:
		if hasMark(v.String()) {
			return "a text"
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if found := findMark(v.Index(i)); found != "" {
				return found
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if slices.Contains([]string{"Calls", "Raw", "Head", "Tail", "Code", "Conditions"}, name) {
				continue
			}
			if found := findMark(v.Field(i)); found != "" {
				return name + "." + found
			}
		}
	}
	return ""
}
