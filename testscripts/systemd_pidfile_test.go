package testscripts

import "testing"

const (
	pidPost   = "PIDFile=/run/@NAME@.pid|TimeoutStartSec=1s|ExecStartPost=/bin/sleep 0.1|ExecStart="
	pidWrites = "PIDFile=/run/@NAME@.pid|TimeoutStartSec=5s|ExecStartPost=/bin/sh -c 'sleep 1000 & echo $! >/run/@NAME@.pid'|ExecStart="
	pidOther  = "/bin/sh -c 'sleep 1000 & echo $! >/run/@NAME@.pid; exec sleep 1'"
	pidOwn    = "/bin/sh -c 'echo $$$$ >/run/@NAME@.pid; exec sleep 1000'"
)

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
	"fork-none":     "Type=forking|" + pidPost + "/bin/sh -c 'sleep 1000 &'",
	"fork-two":      "Type=forking|ExecStart=/bin/sh -c 'sleep 1000 & sleep 0.3 &'|ExecStartPost=/bin/sleep 0.6",
	"fork-gone":     "Type=forking|ExecStart=/bin/sh -c 'sleep 0.2 & sleep 0.3 &'|ExecStartPost=/bin/sleep 0.6",
}

// TestPIDFilesLikeSystemd compares what becomes of them.
func TestPIDFilesLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	compareShown(t, pidFiles, "ActiveState,SubState,Result", "3")
}
