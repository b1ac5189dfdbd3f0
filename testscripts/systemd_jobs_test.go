package testscripts

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// jobVerbs are the verbs that make a job.
var jobVerbs = []string{"start", "stop", "restart", "try-restart", "reload", "reload-or-restart", "try-reload-or-restart"}

// jobPair is one unit of the test below: asked for one thing, and then for
// another while that waits.
type jobPair struct {
	up            bool
	first, second string // a verb, and perhaps the job mode
}

func (p jobPair) name() string {
	words := strings.NewReplacer(" --job-mode=", "_", "replace-irreversibly", "firmly").Replace(p.first + "-then-" + p.second)
	return map[bool]string{true: "up", false: "down"}[p.up] + "-" + words + ".service"
}

// idle is a job, or none when the unit is already what the job would make of
// it.
//
// Diverges: systemd installs such a job when it is asked for by name, and the
// unit's job waits for its turn to do nothing.
func (p jobPair) idle(job string) string {
	if p.up && job == "start" || !p.up && (job == "stop" || job == "reload") {
		return ""
	}
	return job
}

// jobPairs are all pairs of verbs, and of those that contradict each other in
// the job modes that mind.
func jobPairs() (pairs []jobPair) {
	for _, up := range []bool{true, false} {
		for _, a := range jobVerbs {
			pairs = append(pairs, jobPair{up, a, ""})
			for _, b := range jobVerbs {
				pairs = append(pairs, jobPair{up, a, b})
			}
		}
		for _, a := range []string{"start", "stop", "restart"} {
			for _, b := range []string{"start", "stop", "restart", "reload"} {
				pairs = append(pairs, jobPair{up, a, b + " --job-mode=fail"},
					jobPair{up, a + " --job-mode=replace-irreversibly", b},
					jobPair{up, a + " --job-mode=replace-irreversibly", b + " --job-mode=ignore-requirements"})
			}
		}
	}
	return pairs
}

// jobsFolder has a unit for each pair, before one whose stop takes long: so the
// units' jobs wait, and can be listed.
func jobsFolder(t *testing.T) string {
	dir := probesFolder(t, map[string]string{})
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	calls := map[string][]string{}
	var up, all []string
	for _, p := range jobPairs() {
		write("units/"+p.name(), "[Unit]\nBefore=gate.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecReload=/bin/true\n")
		all = append(all, p.name())
		if p.up {
			up = append(up, p.name())
		}
		calls["1"+p.first] = append(calls["1"+p.first], p.name())
		if p.second != "" {
			calls["2"+p.second] = append(calls["2"+p.second], p.name())
		}
	}
	script := "ctl=systemctl\nif [ -e " + dir + "/init ]; then ln -s init " + dir + "/systemctl; ctl=" + dir + "/systemctl; fi\n" +
		"$ctl --no-block stop gate.service\n"
	for _, call := range slices.Sorted(maps.Keys(calls)) {
		script += "$ctl --no-block " + call[1:] + " " + strings.Join(calls[call], " ") + "\n"
	}
	write("session", script+"$ctl list-jobs --no-legend --plain | while read n unit job state; do echo $unit $job; done >"+dir+"/log/all\necho end >"+dir+"/log/stopper.service\n")
	write("units/gate.service", "[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/sleep 1000\n")
	write("units/session.service", "[Unit]\nAfter=gate.service "+strings.Join(up, " ")+"\n[Service]\nExecStart=/bin/sh "+dir+"/session\n")
	write("units/all.target", "[Unit]\nWants="+strings.Join(all, " ")+"\n")
	write("units/default.target", "[Unit]\nWants=session.service gate.service "+strings.Join(up, " ")+"\nOnFailure=all.target\n")
	return dir
}

// TestJobsLikeSystemd compares which job a unit has after it was asked for two.
func TestJobsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, jobsFolder)
	jobs := func(text string) map[string]string {
		m := map[string]string{}
		for line := range strings.Lines(text) {
			// A try-restart that has nothing to do is a job beside the other one
			// until systemd's loop comes by.
			if unit, job, _ := strings.Cut(strings.TrimSpace(line), " "); job != "nop" {
				m[unit] = job
			}
		}
		return m
	}
	a, b := jobs(theirs["all"]), jobs(mine["all"])
	if a["gate.service"] != "stop" || len(a) < 50 {
		t.Fatalf("systemd's gate is open:\n%s", theirs["all"])
	}
	for _, p := range jobPairs() {
		first, mode, _ := strings.Cut(p.first, " ")
		if p.idle(first) != first && strings.Contains(mode+p.second, "job-mode") {
			continue // a job that is not there is no hindrance
		}
		if x, y := p.idle(a[p.name()]), p.idle(b[p.name()]); x != y {
			t.Errorf("%s", fmt.Sprintf("up %-5t %s, then %s: systemd has job %q and we %q", p.up, p.first, p.second, x, y))
		}
	}
}
