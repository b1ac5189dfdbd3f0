package testscripts

import (
	"slices"
	"strings"
	"testing"
)

// relation is what is written in two units, a and b, about each other.
type relation struct{ name, a, b string }

var relationsTested = []relation{
	{"wants", "", "Wants=@A@|After=@A@"},
	{"requires", "", "Requires=@A@|After=@A@"},
	{"requires-loose", "", "Requires=@A@"},
	{"requisite", "", "Requisite=@A@|After=@A@"},
	{"binds", "", "BindsTo=@A@|After=@A@"},
	{"binds-loose", "", "BindsTo=@A@"},
	{"partof", "", "PartOf=@A@|After=@A@"},
	{"partof-loose", "", "PartOf=@A@"},
	{"before", "", "Requires=@A@|Before=@A@"},
	{"stops", "PropagatesStopTo=@B@", "After=@A@"},
	{"stopped", "", "StopPropagatedFrom=@A@|After=@A@"},
	{"reloads", "PropagatesReloadTo=@B@", ""},
	{"reloaded", "", "ReloadPropagatedFrom=@A@|After=@A@"},
	{"upholds", "Upholds=@B@", ""},
	{"unneeded", "StopWhenUnneeded=yes", "Requires=@A@|After=@A@"},
	{"unneeded-wants", "StopWhenUnneeded=yes", "Wants=@A@|After=@A@"},
	{"noreason", "RefuseManualStop=yes", "Requires=@A@|After=@A@"},
}

// relationCalls are what is asked of all pairs, by a name: "a VERB" or "b VERB",
// one after the other. Each list is a boot: systemd takes its time.
var relationCalls = []map[string][]string{
	{"stop-a": {"a stop"}, "restart-a": {"a restart"}, "reload-a": {"a reload"}},
	{"kill-a": {"a kill -s KILL"}, "again-a": {"a stop", "a start"}, "stop-b": {"b stop"}},
}

// differsOnPurpose: the design says that a unit is stopped which requires one
// that fails.
func (r relation) differsOnPurpose(call string) bool {
	return call == "kill-a" && (strings.HasPrefix(r.name, "requires") || r.name == "before" || r.name == "noreason" || r.name == "unneeded")
}

// TestRelationsLikeSystemd compares what a unit does when something happens to
// the one that it relates to: where both end up, and what they were told.
func TestRelationsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	for _, some := range relationCalls {
		compareRelations(t, some)
	}
}

func compareRelations(t *testing.T, some map[string][]string) {
	t.Helper()
	const service = "ExecStart=/bin/sh -c 'echo starts >>@DIR@/log/@NAME@; exec sleep 1000'|ExecReload=/bin/sh -c 'echo reloads >>@DIR@/log/@NAME@'|" +
		"ExecStop=/bin/sh -c 'echo stops >>@DIR@/log/@NAME@'|ExecStopPost=/bin/sh -c 'echo ended $$SERVICE_RESULT >>@DIR@/log/@NAME@'"
	units, steps := map[string]string{}, map[string][]string{}
	for call, verbs := range some {
		for _, r := range relationsTested {
			if r.differsOnPurpose(call) {
				continue
			}
			name := call + "-" + r.name
			of := strings.NewReplacer("@A@", name+"-a.service", "@B@", name+"-b.service")
			units[name+"-a"] = service + "|[Unit]|" + of.Replace(r.a)
			units[name+"-b"] = service + "|[Unit]|" + of.Replace(r.b)
			for n, verb := range verbs {
				side, verb, _ := strings.Cut(verb, " ")
				key := string(rune('0'+n)) + verb
				steps[key] = append(steps[key], name+"-"+side+".service")
			}
		}
	}
	var calls []string
	for _, key := range sortedNames(steps) {
		slices.Sort(steps[key])
		calls = append(calls, key[1:]+" "+strings.Join(steps[key], " "))
	}
	calls = append(calls, "is-system-running; sleep 1")
	compareShown(t, units, "ActiveState,SubState,Result,NRestarts", "2", calls...)
}
