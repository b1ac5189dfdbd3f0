// Package seccomp compiles what systemd.exec(5) says about system calls into
// one classic BPF program (seccomp(2)) for each service.
//
// systemd installs a filter for each directive and each ABI of the machine,
// and the kernel runs them all at every call and takes the strictest answer.
// Here a [Policy] collects the same filters, and [Policy.Compile] computes for
// each ABI and number what they come to together: most often one answer,
// seldom a few tests of arguments. Numbers next to each other with the same
// answer become one span, and a balanced search over the spans finds it: the
// program of a usual service takes about ten comparisons a call, where a list
// takes hundreds. Look first at [Policy].
//
// The names, numbers and groups are in tables.go, which is made of syscalls.txt
// and groups.txt; mksyscalls.sh says where these are from.
package seccomp

//go:generate go run mktables.go
