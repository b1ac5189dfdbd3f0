package runtime

import _ "unsafe" // for go:linkname

// Go's runtime would wake up from time to time, and an idle init must not: its
// monitor thread sleeps for at most half the period of the forced collection
// (60 s), and that collection runs every two minutes. So the period becomes
// endless. The collector itself stays on, in case a long life leaves garbage
// (each start of a service makes a few short strings), but waits for 32 MiB,
// which an init never has in use.
//
// Package runtime/debug would do, and brings fmt, os and strconv with it.

// gcPercent makes the smallest heap that is collected 4 MiB × 800 / 100.
const gcPercent = 800

func quietRuntime() {
	setGCPercent(gcPercent)
	noForcedGC()
}

//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(int32) int32

// noForcedGC is in quiet_$ARCH.s: the variable is out of reach for Go.
func noForcedGC()

//go:linkname nanotime runtime.nanotime
func nanotime() int64
