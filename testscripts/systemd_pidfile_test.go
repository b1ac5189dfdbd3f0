package testscripts

import "testing"

const (
	pidPost   = "PIDFile=/run/@NAME@.pid|TimeoutStartSec=1s|ExecStartPost=/bin/sleep 0.1|ExecStart="
	pidWrites = "PIDFile=/run/@NAME@.pid|TimeoutStartSec=5s|ExecStartPost=/bin/sh -c 'sleep 1000 & echo $! >/run/@NAME@.pid'|ExecStart="
	pidOther  = "/bin/sh -c 'sleep 1000 & echo $! >/run/@NAME@.pid; exec sleep 1'"
	pidOwn    = "/bin/sh -c 'echo $$$$ >/run/@NAME@.pid; exec sleep 1000'"
)

// A daemon that writes its PID file and ends when ExecStartPost= runs, which
// goes on until the manager has reaped it: what comes first is no chance. Or it
// has gone before it could be known, while its starter still ran.
const (
	pidLong = "Type=forking|PIDFile=/run/@NAME@.pid|TimeoutStartSec=90s|ExecStopPost=/bin/sh -c 'echo $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS >>@DIR@/log/@NAME@'|"
	pidEnds = pidLong + "ExecStartPost=/bin/sh -c 'touch /run/@NAME@.post; while kill -0 $MAINPID; do sleep 0.02; done'|" +
		"ExecStart=/bin/sh -c '( setsid /bin/sh -c \"echo \\\\$$$$ >/run/@NAME@.pid; while ! [ -e /run/@NAME@.post ]; do sleep 0.02; done; "
	pidWaits = "\" & ); while ! [ -s /run/@NAME@.pid ]; do sleep 0.02; done'"
	pidGone  = pidLong + "ExecStart=/bin/sh -c '( setsid /bin/sh -c \"echo \\\\$$$$ >/run/@NAME@.pid; "
	pidReaps = "\" & ); while ! [ -s /run/@NAME@.pid ]; do sleep 0.02; done; while kill -0 `cat /run/@NAME@.pid`; do sleep 0.02; done'"
)

// Of two that a starter leaves neither is known as the main process: they do not
// end before it is over.
const pidTwo = "Type=forking|ExecStartPost=/bin/sh -c 'touch /run/@NAME@.post; sleep 0.6'|" +
	"ExecStart=/bin/sh -c 'w() { until test -e /run/@NAME@.post; do sleep 0.02; done; }; "

// pidFiles are services of all types with a PID file: after ExecStartPost= it
// says which is the main process, and when that ends, if another one takes over.
var pidFiles = map[string]string{
	"simple-none":   pidPost + "/bin/sleep 1000",
	"simple-own":    pidPost + pidOwn,
	"simple-late":   pidPost + "/bin/sh -c 'sleep 0.4; echo $$$$ >/run/@NAME@.pid; exec sleep 1000'",
	"simple-other":  pidPost + pidOther,
	"simple-writes": pidWrites + "/bin/sleep 1000",
	"ended-writes":  pidWrites + "/bin/true",
	"no-post":       "PIDFile=/run/@NAME@.pid|ExecStart=/bin/sleep 1000",
	"no-post-other": "PIDFile=/run/@NAME@.pid|ExecStart=" + pidOther,
	"exec":          "Type=exec|" + pidPost + "/bin/sleep 1000",
	"notify":        "Type=notify|" + pidPost + "@ACTOR@ notify:READY=1 wait:x",
	"notify-writes": "Type=notify|" + pidWrites + "@ACTOR@ notify:READY=1 wait:x",
	"oneshot":       "Type=oneshot|RemainAfterExit=yes|" + pidPost + "/bin/true",
	"oneshot-goes":  "Type=oneshot|" + pidPost + "/bin/true",
	"shot-writes":   "Type=oneshot|" + pidWrites + "/bin/true",
	"fork-writes":   "Type=forking|" + pidWrites + "/bin/sh -c 'sleep 1000 &'",
	"ends-well":     pidEnds + "exit 0" + pidWaits,
	"ends-badly":    pidEnds + "exit 3" + pidWaits,
	"ends-killed":   pidEnds + "kill -USR1 0" + pidWaits,
	"ends-removes":  pidEnds + "rm /run/@NAME@.pid" + pidWaits,
	"ends-leaves":   pidEnds + "sleep 1000 & exit 3" + pidWaits,
	"ends-moves":    pidEnds + "sleep 1000 & echo \\\\$! >/run/@NAME@.pid; exit 3" + pidWaits,
	"ends-stops":    pidEnds + "exit 0" + pidWaits + "|ExecStop=/bin/sh -c 'echo stops $$SERVICE_RESULT >>@DIR@/log/@NAME@'",
	"ends-remains":  pidEnds + "exit 0" + pidWaits + "|RemainAfterExit=yes",
	"gone-well":     pidGone + "exit 0" + pidReaps,
	"gone-badly":    pidGone + "exit 3" + pidReaps,
	"gone-leaves":   pidGone + "sleep 1000 & exit 3" + pidReaps,
	"gone-post":     pidGone + "exit 3" + pidReaps + "|ExecStartPost=/bin/true",
	"gone-remains":  pidGone + "exit 3" + pidReaps + "|RemainAfterExit=yes",
	"fork-none":     "Type=forking|" + pidPost + "/bin/sh -c 'sleep 1000 &'",
	"fork-two":      pidTwo + "sleep 1000 & w &'",
	"fork-gone":     pidTwo + "w & w &'",
}

// TestPIDFilesLikeSystemd compares what becomes of them.
func TestPIDFilesLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	compareShown(t, pidFiles, "ActiveState,SubState,Result", "3")
}
