package compiler

import (
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// conditionText is any text.
func conditionText(x *reading, c *plan.Condition, text string) *grammar.Error {
	if text == "" {
		return wrong(text, "there is nothing to look for", "write what is meant")
	}
	c.Param = text
	return nil
}

func conditionPath(x *reading, c *plan.Condition, text string) *grammar.Error {
	path, err := absolutePath(text, text)
	c.Param = path
	return err
}

// conditionGlob has a term for each of the patterns that braces stand for.
func conditionGlob(x *reading, c *plan.Condition, text string) *grammar.Error {
	if err := conditionPath(x, c, text); err != nil {
		return err
	}
	if all := expandBraces(c.Param); all[0] != c.Param {
		for _, pattern := range all {
			c.Terms = append(c.Terms, plan.Term{Value: pattern})
		}
	}
	return nil
}

func conditionUpdate(x *reading, c *plan.Condition, text string) *grammar.Error {
	if text != "/etc" && text != "/var" {
		return wrong(text, "\""+text+"\" is no folder that is updated", "use /etc or /var")
	}
	c.Param = text
	return nil
}

func conditionBool(x *reading, c *plan.Condition, text string) *grammar.Error {
	on, err := grammar.ParseBool(text)
	if on {
		c.Number = 1
	}
	return err
}

func conditionCapability(x *reading, c *plan.Condition, text string) *grammar.Error {
	n, err := grammar.ParseCapability(text)
	c.Param, c.Number = text, uint64(n)
	return err
}

var securityNames = [...]string{"selinux", "apparmor", "tomoyo", "smack", "ima", "audit", "uefi-secureboot", "tpm2",
	"cvm", "measured-uki"}

func conditionSecurity(x *reading, c *plan.Condition, text string) *grammar.Error {
	_, err := oneOf[uint8](securityNames[:]...)(x, text)
	c.Param = text
	return err
}

// conditionVirtualization is yes, no, or a name of systemd-detect-virt(1),
// whose list grows.
func conditionVirtualization(x *reading, c *plan.Condition, text string) *grammar.Error {
	c.Param = text
	if on, err := grammar.ParseBool(text); err == nil {
		c.Param = "no"
		if on {
			c.Param = "yes"
		}
	}
	return conditionText(x, c, c.Param)
}

// cpuFeatures are those that systemd knows (systemd.unit(5),
// "ConditionCPUFeature="); of any other it says that the processor lacks it.
const cpuFeatures = " fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht pni " +
	"pclmul monitor ssse3 fma3 cx16 sse4_1 sse4_2 movbe popcnt aes xsave osxsave avx f16c rdrand bmi1 avx2 bmi2 rdseed adx " +
	"sha_ni syscall rdtscp lm lahf_lm abm constant_tsc "

func conditionFeature(x *reading, c *plan.Condition, text string) *grammar.Error {
	if !strings.Contains(cpuFeatures, " "+text+" ") {
		c.Kind = plan.ConditionNever
		x.undecidable("is taken as not holding: systemd knows no CPU feature \"" + text + "\"")
	}
	return conditionText(x, c, text)
}

// controllers are what systemd knows of cgroups(7).
const controllers = " v1 v2 cpu cpuacct cpuset io blkio memory devices pids bpf-firewall bpf-devices bpf-foreign bpf-socket-bind " +
	"bpf-restrict-network-interfaces "

// conditionControllers leaves out what nobody knows; a list of nothing else
// holds everywhere (systemd.unit(5), "ConditionControlGroupController=").
func conditionControllers(x *reading, c *plan.Condition, text string) *grammar.Error {
	var known []string
	for _, w := range strings.Fields(text) {
		if strings.Contains(controllers, " "+w+" ") {
			known = append(known, w)
		} else {
			x.undecidable("does not ask for \"" + w + "\": no such controller is known")
		}
	}
	if c.Param = strings.Join(known, " "); c.Param == "" {
		c.Kind = plan.ConditionNever
		c.Flags ^= plan.ConditionNegate
	}
	return nil
}

// architectures are systemd's names of those that an image can be built for.
var architectures = map[string]string{"amd64": "x86-64", "arm64": "arm64"}

// conditionArchitecture is known when the image is built: it becomes a
// condition that never holds, or that one negated.
func conditionArchitecture(x *reading, c *plan.Condition, text string) *grammar.Error {
	c.Kind, c.Param = plan.ConditionNever, text
	if err := conditionText(x, c, text); err != nil {
		return err
	}
	if text == "native" || text == architectures[x.s.arch()] {
		c.Flags ^= plan.ConditionNegate
	}
	return nil
}

// comparisons are the operators, those that begin another after it
// (systemd.unit(5), "ConditionKernelVersion=", "ConditionMemory=").
var comparisons = [...]struct {
	text    string
	op      plan.Compare
	numbers bool // ConditionMemory= and ConditionCPUs= have it, too
}{
	{"!$=", plan.CompareNotGlob, false}, {"$=", plan.CompareGlob, false}, {"<>", plan.CompareUnequal, true},
	{"<=", plan.CompareLessEqual, true}, {">=", plan.CompareGreaterEqual, true}, {"==", plan.CompareEqual, true},
	{"!=", plan.CompareNotText, true}, {"<", plan.CompareLess, true}, {">", plan.CompareGreater, true},
	{"=", plan.CompareText, true},
}

// cutComparison takes an operator off the start of a text.
func cutComparison(text string, numbers bool) (op plan.Compare, rest string, ok bool) {
	for _, c := range comparisons {
		if rest, ok := strings.CutPrefix(text, c.text); ok && (c.numbers || !numbers) {
			return c.op, strings.TrimLeft(rest, " \t"), true
		}
	}
	return 0, text, false
}

// numberComparison reads the operator before a number; without one the number
// is the least that will do.
func numberComparison(c *plan.Condition, text string) string {
	op, rest, ok := cutComparison(text, true)
	switch {
	case !ok:
		op = plan.CompareGreaterEqual
	case op == plan.CompareText:
		op = plan.CompareEqual
	case op == plan.CompareNotText:
		op = plan.CompareUnequal
	}
	c.Op = op
	return rest
}

func conditionMemory(x *reading, c *plan.Condition, text string) (err *grammar.Error) {
	c.Number, err = grammar.ParseSize(numberComparison(c, text))
	return err
}

func conditionCPUs(x *reading, c *plan.Condition, text string) (err *grammar.Error) {
	c.Number, err = grammar.ParseUint(numberComparison(c, text))
	return err
}

// conditionAnyVersion reads whose version is meant, which may be left out, and
// expressions (systemd.unit(5) of 258, "ConditionVersion=").
func conditionAnyVersion(x *reading, c *plan.Condition, text string) *grammar.Error {
	rest := strings.TrimLeft(text, "abcdefghijklmnopqrstuvwxyz")
	whose := text[:len(text)-len(rest)]
	switch whose {
	case "glibc":
		c.Kind, c.Param = plan.ConditionNever, text
		x.undecidable("is taken as not holding: the init has no glibc")
		return nil
	case "", "kernel", "systemd":
	default:
		return wrong(text, "\""+whose+"\" has no version here", "use kernel or systemd")
	}
	if err := conditionVersion(x, c, strings.TrimLeft(rest, " \t")); err != nil || whose != "systemd" {
		return err
	}
	for i := range c.Terms {
		c.Terms[i].Key = whose
	}
	return nil
}

// conditionVersion reads expressions; the operator of the first may stand
// apart from its version, as it did of old.
func conditionVersion(x *reading, c *plan.Condition, text string) *grammar.Error {
	words, err := grammar.ParseWords(text)
	if err != nil {
		return err
	}
	for i := 0; i < len(words); i++ {
		op, value, ok := cutComparison(words[i].Text, false)
		if !ok {
			op = plan.CompareGlob
		}
		if value == "" && i == 0 && len(words) > 1 {
			i++
			value = words[i].Text
		}
		if value == "" {
			return wrong(text, "an operator without a version", "write it like >=5.10")
		}
		c.Terms = append(c.Terms, plan.Term{Value: value, Op: op})
	}
	return conditionText(x, c, text)
}

// conditionRelease reads expressions: a key, an operator, a value.
func conditionRelease(x *reading, c *plan.Condition, text string) *grammar.Error {
	words, err := grammar.ParseWords(text)
	if err != nil {
		return err
	}
	for i := range words {
		w := words[i].Text
		key := w[:len(w)-len(strings.TrimLeft(w, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"))]
		op, value, ok := cutComparison(w[len(key):], false)
		if key == "" || !ok || value == "" {
			return wrong(text, "\""+w+"\" compares nothing", "write KEY=value, or KEY>=version")
		}
		c.Terms = append(c.Terms, plan.Term{Key: key, Value: value, Op: op})
	}
	return conditionText(x, c, text)
}
