// Package plan is the boot plan: what the compiler proved about an image and
// what the init does, as plain data.
//
// The compiler fills a [Plan], gen prints it as Go composite literals that the
// toolchain lays out in the data segment, and the machine and the driver read
// it at run time. Nothing writes to a plan once it is made. It holds types and
// constants only: no code that decides anything, no import, no pointer into a
// unit file. Units refer to each other by index ([UnitID]).
//
// Look first at [Unit] (what every unit has) and [Call] (one step between fork
// and exec). The names are systemd's where systemd has one.
//
// The package is linked into each init, so every field costs memory for each
// unit: what few units have stands behind a pointer.
package plan
