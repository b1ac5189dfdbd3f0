package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// Options are what the command line says about an image.
type Options struct {
	// UnitDirs are the folders with unit files, the first with the highest
	// precedence. Empty: the standard unit paths in Root.
	UnitDirs []string
	// Root is the file system that the image runs on; "" when it is unknown.
	Root string
	// Target is the unit to boot; "" for the default.
	Target string
	// Main is the container's main unit: the init ends with it. May be "".
	Main string
	// AllowUnsupported are directives that may be left unhonoured.
	AllowUnsupported []string
	// KeepOnFailure is --on-dependency-failure=keep: a Requires= on a unit
	// that has finally failed does not stop the unit (systemd's rule).
	KeepOnFailure bool
	// PassEnvironment hands the init's own environment to every service.
	PassEnvironment bool
	// PlainLog leaves out the prefix of journal output.
	PlainLog bool
}

// Result is a compiled image.
type Result struct {
	Plan *plan.Plan
	// Origins says where a field of the plan was written: the key is the
	// unit's name, a blank and the field's path in plan ("redis.service
	// Service.TimeoutStop"), the value "file:line". What is not in it is a
	// default.
	Origins map[string]string
	// Dropped says why a unit that was loaded is not in the plan.
	Dropped map[string]string
}

// Compile makes the plan of an image. The plan is nil when the diagnostics
// hold an error; the error is about the machine, never about the user's files.
func Compile(o Options) (*Result, diag.List, error) { return nil, nil, nil }
