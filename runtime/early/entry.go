//go:build rustysd_entry

package early

// entry is where the kernel begins (the linker's -E), before Go's runtime does.
// That unblocks SIGTERM, SIGINT and SIGHUP at its start, whatever the process
// before it had blocked, and has no use for them but to end: one that comes to
// PID 1 in the milliseconds until the init can hear it would be lost, or kill it.
// So entry blocks all signals, and has the runtime leave them so.
//
// It changes a variable of Go's runtime, which the linker allows with
// -checklinkname=0 alone. What "go build" makes of a plan's source without those
// flags begins as other programs of Go do.
func entry()
