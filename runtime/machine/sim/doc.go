// Package sim is a world for the machine to live in: virtual time, and a
// kernel that runs programs by script.
//
// It takes a plan and a [Program] for each command and yields what the machine
// did, through a hook that sees every event and every action. The tests of the
// machine use it, and so can a simulator. Look first at [World] and [Program].
//
// It keeps the promises that the driver makes: an answer comes after the
// question, EvSpawned before any other news of that process, nothing about a
// process that was reaped. It is not linked into an init.
package sim
