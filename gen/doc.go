// Package gen prints a boot plan as Go source.
//
// It reads a [rustysd/runtime/plan.Plan] with the places that its fields come
// from and yields the files of a Go module, but for the runtime's own source:
// main.go, one literal that the toolchain lays out in the data segment and one
// call, and go.mod. Look first at [Generate] and at testdata/hello/main.go.
//
// It decides nothing: what the plan holds is printed, field by field, by
// walking plan's types, so that a new field needs no change here. It knows
// nothing of unit files and runs no toolchain.
//
// The files: gen.go is the module and main.go's frame; plan.go walks the plan;
// names.go is the only one that mints identifiers; api.go lists what is emitted
// of the runtime's names; lit.go is the only one that hands text from users to
// jennifer, made harmless; call.go says in words what a step of a child does.
package gen
