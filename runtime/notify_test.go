package runtime

import (
	"testing"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// sd_notify(3): assignments, one a line; what is not understood is left out,
// and takes nothing else with it.
func TestParseNotify(t *testing.T) {
	for _, c := range []struct {
		text string
		want machine.Notify
	}{
		{"", machine.Notify{}},
		{"\n\n\n", machine.Notify{}},
		{"READY", machine.Notify{}},
		{"=1\nREADY=1=1\nready=1\nREADY= 1", machine.Notify{}},
		{"READY=0", machine.Notify{}},
		{"READY=1", machine.Notify{Fields: machine.NotifyReady}},
		{"X_OTHER=1\n\nBUSERROR=org.example.No\nREADY=1\n", machine.Notify{Fields: machine.NotifyReady | machine.NotifyBusError}},
		{"MAINPID=0\nMAINPID=-3\nMAINPID=x\nMAINPID=99999999999999999999", machine.Notify{}},
		{"MAINPID=77\nERRNO=2\nEXIT_STATUS=255", machine.Notify{MainPID: 77, Errno: 2, ExitStatus: 255,
			Fields: machine.NotifyMainPID | machine.NotifyErrno | machine.NotifyExitStatus}},
		{"EXIT_STATUS=256\nERRNO=-1", machine.Notify{}},
		{"WATCHDOG=1", machine.Notify{Fields: machine.NotifyWatchdog}},
		{"WATCHDOG=trigger", machine.Notify{Fields: machine.NotifyWatchdogTrigger}},
		{"WATCHDOG=2", machine.Notify{}},
		{"WATCHDOG_USEC=5\nEXTEND_TIMEOUT_USEC=7\nRELOADING=1\nMONOTONIC_USEC=9", machine.Notify{
			Watchdog: 5 * plan.Microsecond, Extend: 7 * plan.Microsecond, Monotonic: 9 * plan.Microsecond,
			Fields: machine.NotifyWatchdogUsec | machine.NotifyExtend | machine.NotifyReloading | machine.NotifyMonotonic}},
		{"NOTIFYACCESS=all\nSTOPPING=1", machine.Notify{Access: plan.NotifyAll, Fields: machine.NotifyAccessSet | machine.NotifyStopping}},
		{"NOTIFYACCESS=everybody", machine.Notify{}},
		{"READY=1\rSTOPPING=0\r\n", machine.Notify{Fields: machine.NotifyReady}},
		{"READY=1\x00", machine.Notify{Fields: machine.NotifyReady}},
		{"\x00", machine.Notify{}},
		{"RELOADING=1\nREADY=1", machine.Notify{Fields: machine.NotifyReloading | machine.NotifyReady}},
		{"RELOADING=1\nSTOPPING=1\nREADY=1", machine.Notify{Fields: machine.NotifyReady}},
		{"READY=1\nRELOADING=1", machine.Notify{Fields: machine.NotifyReloading}},
		{"STOPPING=1\nREADY=1\nSTOPPING=no", machine.Notify{Fields: machine.NotifyReady}},
		{"MAINPID=5\nMAINPID=6", machine.Notify{MainPID: 5, Fields: machine.NotifyMainPID}},
		{"MAINPID=none\nMAINPID=6", machine.Notify{}},
		{"WATCHDOG=1\nWATCHDOG=trigger", machine.Notify{Fields: machine.NotifyWatchdog}},
		{"WATCHDOG=no\nWATCHDOG=1", machine.Notify{}},
		{"FDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=a", machine.Notify{Fields: machine.NotifyStoreFDs | machine.NotifyRemoveFDs}},
		{"FDSTORE=0\nFDSTOREREMOVE=yes", machine.Notify{}},
	} {
		var got machine.Notify
		parseNotify([]byte(c.text), &got, new(notifyWords))
		if got.Fields != c.want.Fields || got.MainPID != c.want.MainPID || got.Errno != c.want.Errno ||
			got.ExitStatus != c.want.ExitStatus || got.Watchdog != c.want.Watchdog || got.Extend != c.want.Extend ||
			got.Monotonic != c.want.Monotonic || got.Access != c.want.Access {
			t.Errorf("%q is %+v, want %+v", c.text, got, c.want)
		}
	}
}

// A text may have any characters but a newline, and be empty.
func TestParseNotifyStatus(t *testing.T) {
	var got machine.Notify
	parseNotify([]byte("STATUS=a=b c\nREADY=1"), &got, new(notifyWords))
	if string(got.Status) != "a=b c" || got.Fields != machine.NotifyStatus|machine.NotifyReady {
		t.Errorf("%q, fields %b", got.Status, got.Fields)
	}
	parseNotify([]byte("STATUS="), &got, new(notifyWords))
	if len(got.Status) != 0 || got.Fields != machine.NotifyStatus {
		t.Errorf("an empty status is %q, fields %b", got.Status, got.Fields)
	}
}

// What a message says to the driver alone.
func TestParseNotifyWords(t *testing.T) {
	var n machine.Notify
	var more notifyWords
	parse := func(text string) bool { return parseNotify([]byte(text), &n, &more) }
	if !parse("FDSTORE=1\nFDNAME=a\nFDNAME=b\nFDPOLL=0\nMAINPIDFD=1\nMAINPIDFDID=12\nBUSERROR=org.example.E\n") ||
		string(more.fdName) != "a" || !more.named || !more.noPoll || !more.pidFD || !more.hasID || more.pidID != 12 ||
		string(more.busError) != "org.example.E" || more.lines != 7 || more.barrier {
		t.Errorf("%+v", more)
	}
	if !parse("BARRIER=1\n\n") || !more.barrier || more.lines != 1 {
		t.Errorf("a barrier is %+v", more)
	}
	if !parse("FDPOLL=1\nMAINPIDFD=0\nMAINPIDFDID=x\nBARRIER=0") || more.noPoll || more.pidFD || more.hasID || more.barrier {
		t.Errorf("what is not said: %+v", more)
	}
	if parse("READY=1\x00\nSTATUS=x") || n.Fields != 0 || more.lines != 0 {
		t.Errorf("a NUL in the text: fields %b, %+v", n.Fields, more)
	}
}
