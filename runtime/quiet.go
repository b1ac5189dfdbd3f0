package runtime

import _ "unsafe" // for go:linkname

// Go's runtime collects garbage every two minutes even when there is none, and
// an idle init must not wake up. So the collector is off, and comes back when
// the memory reaches a limit that an init is far from: each start of a service
// leaves a few short strings, and a long life many of them.
//
// What is left is Go's monitor thread, which looks at the clock once a minute;
// no exported way stops that.
//
// Package runtime/debug would do, and brings fmt, os and strconv with it.

// memoryLimit is where the collector begins to work.
const memoryLimit = 64 << 20

// quiet does so when the loop is about to sleep for the first time: it stops
// all of Go's threads, which a boot need not wait for, nor for what goFirst does.
func (i *Init) quiet() {
	if i.quieted {
		return
	}
	i.quieted = true
	i.goFirst()
	setMemoryLimit(memoryLimit)
	setGCPercent(-1)
}

//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(int32) int32

//go:linkname setMemoryLimit runtime/debug.setMemoryLimit
func setMemoryLimit(int64) int64

//go:linkname nanotime runtime.nanotime
func nanotime() int64
