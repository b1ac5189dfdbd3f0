// Package machine decides what the init does: which job runs when, what a
// service's next state is, what is killed, what is started again.
//
// It is a pure state machine. [Machine.Step] takes the time and one [Event] and
// answers with [Action] values; it makes no system call, reads no clock,
// starts no goroutine, ranges over no map and, once made, allocates nothing.
// The same events at the same times give the same actions, in the init, in the
// compiler's simulator and in the tests, which run in virtual time.
//
// The words are systemd's. A unit has at most one job, installed by a
// transaction: the anchor and what its requirement dependencies pull in. A job
// waits for the jobs of the units that it is ordered with, and runs when none
// is left: for two units that are ordered, the job of the later one waits for
// that of the earlier one, except that a job that stops the later one goes
// first (systemd.unit(5), "Before=, After="). Every unit type has a table of
// state × event; what is not expected there is ignored and logged.
//
// What can never happen: a unit that runs without what it requires having been
// active; a start before what it is ordered after is done; a stop that waits
// for ever; a process that no unit owns being signalled; a panic on any order
// of events.
//
// Read in this order: state.go (the states), job.go (who waits for whom),
// transaction.go (what a job pulls in), change.go and wish.go (what a change of
// state means to others), then service.go and its kin, socket.go, shutdown.go.
//
// What it asks of a driver: each question ([ActSpawn], [ActKillGroup],
// [ActFindMain], [ActOpenSockets], [ActKillAll]) is answered in the end, answers
// to one unit's in order; EvSpawned comes before any other news of that process;
// [EvGroupEmpty] comes whenever the last process of a unit goes, asked for or
// not, and one that comes while a process of the unit is still to be reaped is
// overlooked. A step gives at most about a thousand actions; when there is more
// to do, [Machine.Deadline] is not later than now and an EvTick goes on.
//
// It does not know descriptors, pipes, paths or cgroups: the driver (package
// runtime) turns the kernel's news into events and carries actions out.
package machine
