// Command rustysd-compile compiles systemd unit files into one static init.
//
// It turns flags into calls: package compiler makes the plan, package gen
// prints it as Go, and the toolchain builds it. Look first at [run] and at the
// table of verbs in verbs.go. gotool.go is the only place that runs Go.
//
// Exit statuses: 0 done, 1 errors in the units, 2 wrong usage, 3 the toolchain
// or the machine. `run` hands on the exit status of the init that it booted.
package main
