// Package testscripts holds the scripts (*.txtar) that test the whole: they
// compile units and boot the init that comes out, in namespaces.
//
// The comment at the top of script_test.go describes the commands, conditions
// and helper programs that scripts have. Name a script after the verb or room
// that it tests, then the case: check_unknown_directive, boot_notify_ready.
package testscripts
