// Package early sees what the process was started with before Go's own packages
// change it: package syscall raises the soft limit of descriptors when it is
// initialized, and keeps what it was to itself.
//
// Packages are initialized in the order of their import paths, as soon as what
// they import is (the Go specification, "Program initialization"): this one
// imports nothing, and its path comes before "syscall". It must stay so.
package early
