package plan

// Condition is one Condition…= or Assert…= of a unit (systemd.unit(5),
// "Conditions and Asserts") that only the boot can decide.
//
// A unit's conditions stand before its assertions. Of each the ones without
// ConditionTrigger must all hold, and of those with it at least one.
type Condition struct {
	// Text is the setting as it was written, to be told: "ConditionUser=!root".
	Text string
	// Param is what the kind looks at: a path, a name, a pattern. It, and then the
	// values of Terms, too, may hold a BootMark.
	Param string
	// Origin is where it was written, "file:line".
	Origin string
	// Terms are the comparisons of ConditionKernelVersion, ConditionOSRelease
	// and ConditionFirmware; all must hold. Those of ConditionPathExistsGlob are
	// the patterns that Param with its braces stands for.
	Terms []Term
	// Number is what ConditionMemory, ConditionCPUs and ConditionPressure compare
	// with, the
	// capability of ConditionCapability, and 1 or 0 for the kinds that are yes
	// or no.
	Number uint64
	Kind   ConditionKind
	Op     Compare // of Number
	Flags  ConditionFlags
}

// Term is one comparison of a condition: what Key names with Value. Of
// ConditionKernelVersion that is "systemd", or nothing for the kernel.
type Term struct {
	Key, Value string
	Op         Compare
}

// ConditionFlags say how a condition counts.
type ConditionFlags uint8

// The flags.
const (
	// ConditionAssert: the start fails when it does not hold.
	ConditionAssert ConditionFlags = 1 << iota
	// ConditionNegate is the prefix "!".
	ConditionNegate
	// ConditionTrigger is the prefix "|".
	ConditionTrigger
)

// Compare is a comparison of numbers or of versions, or of text.
type Compare uint8

// The comparisons. Versions are compared as uapi-group.org's version format
// specification says; the last four are about text, CompareGlob and its
// opposite with a glob(7) pattern.
const (
	CompareEqual Compare = iota
	CompareUnequal
	CompareLess
	CompareLessEqual
	CompareGreater
	CompareGreaterEqual
	CompareText
	CompareNotText
	CompareGlob
	CompareNotGlob
)

// ConditionKind is what a condition looks at.
type ConditionKind uint8

// The kinds, each named after its directive. ConditionNever is what does not
// hold in any image.
const (
	ConditionNever ConditionKind = iota
	ConditionPathExists
	ConditionPathExistsGlob
	ConditionPathIsDirectory
	ConditionPathIsSymbolicLink
	ConditionPathIsMountPoint
	ConditionPathIsReadWrite
	ConditionPathIsSocket
	ConditionDirectoryNotEmpty
	ConditionFileNotEmpty
	ConditionFileIsExecutable
	ConditionUser
	ConditionGroup
	ConditionVirtualization
	ConditionKernelCommandLine
	ConditionKernelVersion
	ConditionKernelModuleLoaded
	ConditionEnvironment
	ConditionCredential
	ConditionSecurity
	ConditionCapability
	ConditionACPower
	ConditionFirstBoot
	ConditionNeedsUpdate
	ConditionHost
	ConditionMemory
	ConditionCPUs
	ConditionCPUFeature
	ConditionControlGroupController
	ConditionOSRelease
	ConditionPathIsEncrypted
	// ConditionPressure looks at Param, a file of the kernel's with the pressure
	// of a resource; Terms[0].Key is the average that may be Number parts of ten
	// thousand at most: "avg300".
	ConditionPressure
	// ConditionFirmware compares each string that the file Param holds with Terms:
	// one for which they hold is enough.
	ConditionFirmware
	NumConditions
)
