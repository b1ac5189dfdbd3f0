// Package report turns images and plans into what people and programs read:
// lists, reasons, graphs (text, dot, SVG), merged units, the differences of two
// plans, the plan as JSON, and the table of directives.
//
// It reads a [rustysd/compiler.Image] or a [rustysd/runtime/plan.Plan] and
// yields text. Look first at [Document], a plan as names and values, and at
// [Graph]. Nothing here reads a file, looks at a terminal or decides what a unit
// means. Every text that came from a file goes through [rustysd/compiler/diag.Printable]
// where it is for a terminal.
package report
