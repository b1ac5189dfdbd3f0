package runtime

import (
	goruntime "runtime"
	"strings"
	"sync/atomic"
	"testing"

	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

// TestLoadUnderPauses: a filter is loaded however often Go's collector wants all
// threads to pause meanwhile; else its unit would run without. No script can have
// the collector run at that moment.
func TestLoadUnderPauses(t *testing.T) {
	means.Root(t)
	// "return 1", after so many times "r0 = 1" that a check takes its time.
	const assign, exit = "\xb7\x00\x00\x00\x01\x00\x00\x00", "\x95\x00\x00\x00\x00\x00\x00\x00"
	f := &plan.GroupFilter{Hook: plan.FilterDevice, Head: strings.Repeat(assign, 4000) + exit}
	var done atomic.Bool
	ended := make(chan struct{})
	go func() {
		for !done.Load() {
			goruntime.GC()
		}
		close(ended)
	}()
	for n := range 300 {
		fd, e := loadFilter(f)
		if e != 0 {
			t.Errorf("load %d: %v", n, e)
			break
		}
		closeFD(fd)
	}
	done.Store(true)
	<-ended
}
