// Package testscripts holds the scripts (*.txtar) that test the whole: they
// compile units and boot the init that comes out, in namespaces.
//
// The comment at the top of script_test.go describes the commands, conditions
// and helper programs that scripts have. Name a script after the verb or room
// that it tests, then the case: check_unknown_directive, boot_notify_ready.
//
// Tests that are no scripts need many boots, or systemd beside: TestFaults has
// each system call of the init fail, and of a child, TestLoad makes load and
// asks the control socket meanwhile, and the tests of systemd*_test.go have
// systemd and a compiled image run the same units. The archives of observed/ are
// for both: what a directive makes a service see goes there, with what systemd
// makes it see.
package testscripts
