// Command rustysd-bench measures the inits that the compiler makes against a
// yardstick: a PID 1 in C that does nothing but vfork, execve and reap (yard/).
//
// Both run as PID 1 of the same new namespaces, alternately, with the same
// services, and the services themselves write down when their first
// instruction ran; the harness only reads. It prints a markdown table of
// medians, ratios and the budgets that they are held against. It needs a C
// compiler, strace for the idle system calls, the Go toolchain for the parts
// that are Go benchmarks of this module, and root for cgroups. What compares
// confined services, and them with systemd, is left out where those are missing.
//
// Look first at [runner] (one boot of one PID 1) and at measures in
// measure.go (what is measured). It does not judge by its exit status: times
// on a shared machine are no test.
package main
