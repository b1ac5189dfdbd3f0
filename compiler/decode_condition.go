package compiler

import (
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// condition is a Condition…= or Assert…= of a unit.
type condition struct {
	plan.Condition
	set *setting
}

// conditionValue reads what a condition looks at into c; text is the value
// without its prefixes, specifiers replaced.
type conditionValue func(x *reading, c *plan.Condition, text string) *grammar.Error

// conditionRow is a condition, which is an assertion as well.
type conditionRow struct {
	name string
	kind plan.ConditionKind
	read conditionValue
	// never is why it holds in no image; note why it is not looked at.
	never, note string
	// settled is set where the value is looked at when the image is built.
	settled bool
}

// conditionTable are the conditions of systemd.unit(5), "Conditions and
// Asserts".
var conditionTable = [...]conditionRow{
	{name: "PathExists", kind: plan.ConditionPathExists, read: conditionPath},
	{name: "PathExistsGlob", kind: plan.ConditionPathExistsGlob, read: conditionGlob},
	{name: "PathIsDirectory", kind: plan.ConditionPathIsDirectory, read: conditionPath},
	{name: "PathIsSymbolicLink", kind: plan.ConditionPathIsSymbolicLink, read: conditionPath},
	{name: "PathIsMountPoint", kind: plan.ConditionPathIsMountPoint, read: conditionPath},
	{name: "PathIsReadWrite", kind: plan.ConditionPathIsReadWrite, read: conditionPath},
	{name: "PathIsEncrypted", kind: plan.ConditionPathIsEncrypted, read: conditionPath},
	{name: "PathIsSocket", kind: plan.ConditionPathIsSocket, read: conditionPath},
	{name: "DirectoryNotEmpty", kind: plan.ConditionDirectoryNotEmpty, read: conditionPath},
	{name: "FileNotEmpty", kind: plan.ConditionFileNotEmpty, read: conditionPath},
	{name: "FileIsExecutable", kind: plan.ConditionFileIsExecutable, read: conditionPath},
	{name: "NeedsUpdate", kind: plan.ConditionNeedsUpdate, read: conditionUpdate},
	{name: "FirstBoot", kind: plan.ConditionFirstBoot, read: conditionBool, settled: true},
	{name: "Architecture", read: conditionArchitecture, settled: true},
	{name: "Firmware", read: conditionFirmware},
	{name: "Virtualization", kind: plan.ConditionVirtualization, read: conditionVirtualization},
	{name: "Host", kind: plan.ConditionHost, read: conditionText},
	{name: "KernelCommandLine", kind: plan.ConditionKernelCommandLine, read: conditionText},
	{name: "KernelVersion", kind: plan.ConditionKernelVersion, read: conditionVersion},
	{name: "Version", kind: plan.ConditionKernelVersion, read: conditionAnyVersion},
	{name: "KernelModuleLoaded", kind: plan.ConditionKernelModuleLoaded, read: conditionText},
	{name: "Credential", kind: plan.ConditionCredential, read: conditionText},
	{name: "Security", kind: plan.ConditionSecurity, read: conditionSecurity, settled: true},
	{name: "Capability", kind: plan.ConditionCapability, read: conditionCapability, settled: true},
	{name: "ACPower", kind: plan.ConditionACPower, read: conditionBool, settled: true},
	{name: "Memory", kind: plan.ConditionMemory, read: conditionMemory, settled: true},
	{name: "CPUFeature", kind: plan.ConditionCPUFeature, read: conditionFeature, settled: true},
	{name: "CPUs", kind: plan.ConditionCPUs, read: conditionCPUs, settled: true},
	{name: "Environment", kind: plan.ConditionEnvironment, read: conditionText},
	{name: "User", kind: plan.ConditionUser, read: conditionText},
	{name: "Group", kind: plan.ConditionGroup, read: conditionText},
	{name: "ControlGroupController", kind: plan.ConditionControlGroupController, read: conditionControllers, settled: true},
	{name: "OSRelease", kind: plan.ConditionOSRelease, read: conditionRelease},
	{name: "MemoryPressure", kind: plan.ConditionPressure, read: conditionPressure("memory"), settled: true},
	{name: "CPUPressure", kind: plan.ConditionPressure, read: conditionPressure("cpu"), settled: true},
	{name: "IOPressure", kind: plan.ConditionPressure, read: conditionPressure("io"), settled: true},
}

// conditionDirectives are the rows of the conditions and assertions.
func conditionDirectives() []directive {
	var rows []directive
	for i := range conditionTable {
		r := &conditionTable[i]
		level := honoured
		if r.read == nil {
			level = unsupported
		}
		note := r.note
		if r.never != "" {
			note = "never holds: " + r.never
		}
		condition := directive{name: "Condition" + r.name, level: level, note: note}
		assert := directive{name: "Assert" + r.name, level: level, note: note}
		if r.read != nil {
			condition.decode, assert.decode = r.decode(0), r.decode(plan.ConditionAssert)
		}
		rows = append(rows, condition, assert)
	}
	return rows
}

// decode makes the function for one of the two lists. An empty value takes all
// of the list back, of whatever kind.
func (r *conditionRow) decode(flags plan.ConditionFlags) decodeFunc {
	return func(x *reading) {
		list := &x.u.common.conditions
		if flags&plan.ConditionAssert != 0 {
			list = &x.u.common.asserts
		}
		if x.text == "" {
			*list = nil
			x.u.common.forget(flags)
			return
		}
		c := condition{set: x.set, Condition: plan.Condition{
			Text: x.set.key + "=" + x.text, Origin: place(x.set.pos), Kind: r.kind, Flags: flags}}
		text := conditionPrefix(&c.Condition, x.text)
		if r.kind == plan.ConditionPressure {
			text = plainPercents(text)
		}
		value, boot, _ := x.expandBoot(text)
		if boot && r.settled {
			x.onlyBoot(value, whyLooked)
			return
		}
		if err := r.read(x, &c.Condition, value); err != nil {
			x.bad(err, -1)
			return
		}
		if boot && (!hasMark(c.Param) || c.Kind == plan.ConditionNever) {
			x.onlyBoot(value, whyLooked)
			return
		}
		x.never(r, &c.Condition)
		*list = append(*list, c)
	}
}

// plainPercents doubles the signs that are parts of a hundred, and no specifiers.
func plainPercents(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		b.WriteByte(text[i])
		if text[i] != '%' {
			continue
		}
		if i+1 < len(text) && (text[i+1] == '%' || text[i+1]|0x20 >= 'a' && text[i+1]|0x20 <= 'z') {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// conditionPrefix reads "|" and "!", in this order.
func conditionPrefix(c *plan.Condition, text string) string {
	if rest, ok := strings.CutPrefix(text, "|"); ok {
		c.Flags |= plan.ConditionTrigger
		text = strings.TrimLeft(rest, " \t")
	}
	if rest, ok := strings.CutPrefix(text, "!"); ok {
		c.Flags |= plan.ConditionNegate
		text = strings.TrimLeft(rest, " \t")
	}
	return text
}

// forget takes back what was said about conditions that are not looked at.
func (c *unitSettings) forget(flags plan.ConditionFlags) {
	prefix := "Condition"
	if flags&plan.ConditionAssert != 0 {
		prefix = "Assert"
	}
	for name := range c.unhonoured {
		if strings.HasPrefix(name, prefix) {
			delete(c.unhonoured, name)
		}
	}
}

// never says of a condition that it holds in no image.
func (x *reading) never(r *conditionRow, c *plan.Condition) {
	why := r.never
	if c.Kind == plan.ConditionSecurity && c.Param == "cvm" {
		c.Kind, why = plan.ConditionNever, "the init cannot tell confidential machines"
	}
	if why != "" {
		x.undecidable("is taken as not holding: " + why)
	}
}

// undecidable says, if the unit is kept, what becomes of a condition.
func (x *reading) undecidable(what string) {
	x.u.common.later.Add(diag.Diagnostic{Pos: x.set.pos, End: x.set.end, Severity: diag.Warning, Code: "undecidable-condition",
		Msg: x.set.key + "= " + what})
}
