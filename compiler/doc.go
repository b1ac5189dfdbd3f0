// Package compiler turns unit files into a boot plan.
//
// It reads files and yields a [rustysd/runtime/plan.Plan] with diagnostics, in
// phases, each from value to value: load (search path, drop-ins, aliases,
// masks, templates, .wants and .requires) → decode (the directive table) →
// install → target → graph (implicit and default dependencies) → prune →
// relate → check (what is missing, cycles, two sockets on one address) → lower →
// prove (the plan against the root and the place that it is for). Look first at [Compile]
// and the pass table in passes.go.
//
// # When [Install] counts
//
// systemd looks at [Install] only when somebody runs systemctl enable. There is
// no such moment in a Dockerfile, so with UNITDIRs every unit that has an
// [Install] section counts as enabled: WantedBy=, RequiredBy= and UpheldBy= are
// dependencies, Alias= gives a name, and a template is started as its
// DefaultInstance=. With --root alone the package manager has enabled what is
// to be enabled: only the links in the .wants, .requires and .upholds folders
// of the root count, and links that give aliases. Links count in both. What
// --enable names counts as well, with its Also=, as if systemctl had been there;
// with --preset the preset files of the root, and those beside the UNITDIRs,
// decide, as systemctl preset-all would, and the links that it would remove do
// not count.
//
// # Conditions
//
// Condition…= and Assert…= are asked when a unit is started, as in systemd. Two
// answers are known here: the architecture, and with --immutable what the files
// of the root say that no boot changes, os-release(5) among them (conditions.go
// has the list of folders that it does change). A unit whose condition can never
// hold is left out, or skipped by the boot if others would miss it
// (prune_skip.go), and who depends on it goes on without; an assertion that can
// never hold is an error.
//
// # What is kept
//
// The image is what its target reaches by Requires=, BindsTo=, Wants=,
// Upholds=, OnFailure=, OnSuccess= and from a socket to its service, and what
// --keep names with all that it reaches. After= alone keeps nothing. With
// UNITDIRs a service brings the socket that names it (by Service= or by its
// name), unless they exclude each other by Conflicts=; with --root it must be enabled or be named in Sockets=. Well-known targets
// that no file defines are built in (builtin.go), and are left out again where
// they would hold nothing; basic.target and sockets.target stay for their order,
// sockets before services, also under a target that does not ask for them.
// systemd's own units are known by name
// (plumbing.go), and shutdown.target and its kin are never kept: the machine
// has an ordered stop of its own.
//
// # Whose errors count
//
// An error about a unit that is kept stops the build. In a UNITDIR the errors
// of other units are warnings; in a root they are not shown, for most of its
// units are not meant for the image.
//
// The package prints nothing, exits nowhere, and writes no file. What it reads,
// it reads through the loader in load_files.go.
package compiler
