// Package compiler turns unit files into a boot plan.
//
// It reads files and yields a [rustysd/runtime/plan.Plan] with diagnostics, in
// phases, each from value to value: load (search path, drop-ins, aliases,
// masks, templates, .wants and .requires) → decode (the directive table) →
// check → graph (dependencies, cycles) → prune → lower. Look first at
// [Compile] and the pass table in passes.go.
//
// It prints nothing, exits nowhere, and writes no file.
package compiler
