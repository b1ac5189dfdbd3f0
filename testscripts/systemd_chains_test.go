package testscripts

import (
	"maps"
	"testing"
)

const (
	chainRuns  = "ExecStart=/bin/sh -c 'echo starts >>@DIR@/log/@NAME@; exec sleep 1000'|[Unit]|"
	chainMute  = "ExecStart=/bin/sleep 1000|[Unit]|"
	chainShot  = "Type=oneshot|ExecStart=/bin/sh -c 'echo starts >>@DIR@/log/@NAME@'|[Unit]|"
	chainFails = "Type=oneshot|ExecStart=/bin/sh -c 'echo starts >>@DIR@/log/@NAME@; exit 1'|[Unit]|"
	chainStays = "Type=oneshot|RemainAfterExit=yes|ExecStart=/bin/sh -c 'echo starts >>@DIR@/log/@NAME@'|ExecStop=/bin/sh -c 'echo stops >>@DIR@/log/@NAME@'|[Unit]|"
	chainSkips = "ExecStart=/bin/sleep 1000|[Unit]|ConditionPathExists=/nonexistent|"
)

// chains are units that relate to each other over more than one step.
var chains = map[string]string{
	// What is up is not started again, nor what it wants.
	"again-a": chainRuns + "Requires=again-b.service|After=again-b.service",
	"again-b": chainStays + "Wants=again-c.service again-d.service|After=again-c.service again-d.service",
	"again-c": chainShot, "again-d": chainFails,
	// What is down is not stopped, nor who requires it.
	"down-a": chainStays + "Requires=down-b.service|After=down-b.service",
	"down-b": chainSkips + "Requires=down-c.service|After=down-c.service",
	"down-c": chainRuns,
	// A stop is not propagated to who has still to start.
	"early-a": chainShot + "PropagatesStopTo=early-b.service|Before=early-b.service", "early-b": chainStays,
	"fails-a": chainFails + "PropagatesStopTo=fails-b.service|Before=fails-b.service", "fails-b": chainStays,
	// Nobody needs the last two when the first has gone.
	"need-a": chainRuns + "Wants=need-b.service|After=need-b.service",
	"need-b": chainStays + "Requires=need-c.service|After=need-c.service|StopWhenUnneeded=yes",
	"need-c": chainStays + "StopWhenUnneeded=yes",
	"part-a": chainRuns + "PartOf=part-b.service|After=part-b.service",
	"part-b": chainStays + "PartOf=part-c.service|After=part-c.service", "part-c": chainRuns,
	"jobs-a": "ExecStart=/bin/sleep 1000|ExecReload=/bin/sleep 1|[Unit]|StopWhenUnneeded=yes", "jobs-b": chainRuns + "Wants=jobs-a.service|After=jobs-a.service",
	// Who is bound to what is skipped does not stay, ordered or not.
	"bound-a": chainSkips, "bound-b": chainMute + "BindsTo=bound-a.service|Before=bound-a.service",
	"bound-c": chainMute + "BindsTo=bound-a.service", "bound-d": chainMute + "BindsTo=bound-a.service|After=bound-a.service",
	// One of those that exclude each other starts.
	"rival-a": chainRuns + "Conflicts=rival-b.service", "rival-b": chainRuns + "Wants=rival-c.service", "rival-c": chainStays,
	"fires-a": "Type=oneshot|ExecStart=/bin/sleep 30|[Unit]|JobTimeoutSec=300ms|OnFailure=fires-b.service", "fires-b": chainStays,
}

// TestChainsLikeSystemd compares what becomes of them.
func TestChainsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	compareShown(t, maps.Clone(chains), "ActiveState,SubState,Result,NRestarts", "1.5",
		"restart again-a.service", "start again-a.service", "stop down-c.service", "stop need-a.service", "restart part-c.service",
		"--no-block reload jobs-a.service", "stop jobs-b.service", "is-system-running; sleep 2")
}
