// Package simulate boots a compiled plan in virtual time.
//
// It reads a [plan.Plan] and [Options] and yields a [Boot]: when each unit
// began, was up and ended, what the target waited for, and how long the ordered
// stop takes. The decisions are those of the machine that the init has; only the
// processes are made up, by the rules in program.go. [Each] fails one unit after
// the other; [Options.ParseFile] reads how long things took in a boot that was
// measured. Look first at [Run] and [Boot].
//
// It does not print, and does not know what programs do: conditions hold, and
// nobody connects to sockets.
package simulate
