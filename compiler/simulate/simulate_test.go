package simulate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"rustysd/runtime/plan"
)

// The scripts show the command; these say what each cause does to each type of
// service, which takes a plan for each.

// service has systemd's defaults.
func service(t plan.ServiceType) *plan.Service {
	s := &plan.Service{Type: t, TimeoutStart: 20 * plan.Second, TimeoutStop: 5 * plan.Second, TimeoutAbort: 5 * plan.Second,
		RestartSec: 100 * plan.Millisecond, RestartMaxDelay: plan.Infinity, RuntimeMax: plan.Infinity,
		KillSignal: 15, FinalKillSignal: 9, WatchdogSignal: 6, Flags: plan.SendSIGKILL | plan.GuessMainPID,
		Commands: []plan.Command{{Role: plan.ExecStart}}}
	if t == plan.TypeNotify {
		s.NotifyAccess = plan.NotifyMain
	}
	return s
}

// image has a.service, b.service after it that requires it, and a target that
// wants both.
func image(a, b *plan.Service) *plan.Plan {
	return &plan.Plan{Target: 2, StopTimeout: plan.Minute, Units: []plan.Unit{
		{Name: "a.service", Kind: plan.KindService, Service: a, StartLimitBurst: 5, StartLimitInterval: 10 * plan.Second, Deps: []plan.Dep{
			{Unit: 1, Rel: plan.Before | plan.RequiredBy}, {Unit: 2, Rel: plan.Before | plan.WantedBy}}},
		{Name: "b.service", Kind: plan.KindService, Service: b, StartLimitBurst: 5, StartLimitInterval: 10 * plan.Second, Deps: []plan.Dep{
			{Unit: 0, Rel: plan.After | plan.Requires}, {Unit: 2, Rel: plan.Before | plan.WantedBy}}},
		{Name: "default.target", Deps: []plan.Dep{{Unit: 0, Rel: plan.After | plan.Wants}, {Unit: 1, Rel: plan.After | plan.Wants}}},
	}}
}

func TestCauses(t *testing.T) {
	watched := service(plan.TypeNotify)
	watched.Watchdog = plan.Second
	limited := service(plan.TypeSimple)
	limited.RuntimeMax = plan.Second
	withPIDFile := service(plan.TypeForking)
	withPIDFile.PIDFile = "/run/a.pid"
	again := service(plan.TypeNotify)
	again.Restart = plan.RestartOnFailure
	onSuccess := service(plan.TypeExec)
	onSuccess.Restart = plan.RestartOnSuccess
	kept := service(plan.TypeSimple)
	kept.OOMPolicy = plan.OOMContinue
	for _, test := range []struct {
		service *plan.Service
		fail    string
		result  string
		b       string // what becomes of who requires it
	}{
		{service(plan.TypeNotify), "a.service", "exit-code", "dead"},
		{service(plan.TypeNotify), "a.service:signal", "signal", "dead"},
		{service(plan.TypeNotify), "a.service:core-dump@1s", "core-dump", "dead"},
		{service(plan.TypeNotify), "a.service:timeout", "timeout", "dead"},
		{service(plan.TypeNotify), "a.service:protocol", "protocol", "dead"},
		{service(plan.TypeNotify), "a.service:resources", "resources", "dead"},
		{service(plan.TypeNotify), "a.service:oom-kill", "oom-kill", "dead"},
		{service(plan.TypeNotify), "a.service:oom-kill@2s", "oom-kill", "dead"},
		{kept, "a.service:oom-kill@2s", "signal", "dead"},
		{service(plan.TypeForking), "a.service:timeout", "timeout", "dead"},
		{withPIDFile, "a.service:protocol", "protocol", "dead"},
		{service(plan.TypeOneshot), "a.service:timeout", "timeout", "dead"},
		{service(plan.TypeDBus), "a.service:timeout", "timeout", "dead"},
		{limited, "a.service:timeout", "timeout", "dead"},
		{watched, "a.service:watchdog", "watchdog", "dead"},
		{watched, "a:watchdog", "watchdog", "dead"},
		{again, "a.service:start-limit-hit", "exit-code", "dead"},
		{onSuccess, "a.service:start-limit-hit", "start-limit-hit", "dead"},
	} {
		p := image(test.service, service(plan.TypeSimple))
		f, err := ParseFailure(p, test.fail)
		if err != nil {
			t.Errorf("%s: %v", test.fail, err)
			continue
		}
		b := Run(p, Options{Failures: []Failure{f}})
		if a, other := b.Units[0], b.Units[1]; a.Result != test.result || a.State != "failed" || other.State != test.b {
			t.Errorf("%s of a service of type %d: %s (%s), and b.service is %s", test.fail, test.service.Type, a.State, a.Result, other.State)
		}
	}
}

// TestImpossible are failures that cannot come about.
func TestImpossible(t *testing.T) {
	endless := service(plan.TypeOneshot)
	endless.TimeoutStart = plan.Infinity
	unlimited := service(plan.TypeSimple)
	unlimited.Restart, unlimited.RestartSec = plan.RestartAlways, 3*plan.Second
	for _, test := range []struct {
		service    *plan.Service
		fail, says string
	}{
		{service(plan.TypeSimple), "a.service:flu", "no cause"},
		{service(plan.TypeSimple), "c.service", "no unit"},
		{service(plan.TypeSimple), "default.target", "is a target"},
		{service(plan.TypeSimple), "a.service:watchdog", "no WatchdogSec="},
		{service(plan.TypeSimple), "a.service:protocol", "nothing to be told"},
		{service(plan.TypeForking), "a.service:protocol", "nothing to be told"},
		{service(plan.TypeDBus), "a.service:protocol", "nothing to be told"},
		{service(plan.TypeNotify), "a.service:protocol@1s", "before it is up"},
		{service(plan.TypeSimple), "a.service:timeout", "no timeout"},
		{endless, "a.service:timeout", "no timeout"},
		{service(plan.TypeSimple), "a.service@soon", "no span of time"},
		{service(plan.TypeSimple), "a.service:start-limit-hit", "not started again"},
		{unlimited, "a.service:start-limit-hit", "too seldom"},
		{service(plan.TypeSimple), "a.service:exec-condition", "no ExecCondition="},
	} {
		if _, err := ParseFailure(image(test.service, service(plan.TypeSimple)), test.fail); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.fail, err, test.says)
		}
	}
}

func TestCompare(t *testing.T) {
	p := image(service(plan.TypeNotify), service(plan.TypeSimple))
	well := Run(p, Options{})
	late := Run(p, Options{Failures: []Failure{{Unit: 0, Cause: "exit-code", After: plan.Second}}})
	d := Compare(well, late, "a.service")
	if !slices.Equal(d.Stopped, []string{"b.service"}) || len(d.Never) > 0 || !d.Reached {
		t.Errorf("late: %+v", d)
	}
	early := Run(p, Options{Failures: []Failure{{Unit: 0, Cause: "exit-code"}}})
	if d := Compare(well, early, "a.service"); !slices.Equal(d.Never, []string{"b.service"}) || len(d.Stopped) > 0 {
		t.Errorf("early: %+v", d)
	}
	if d := Compare(well, early, "a.service", "b.service"); len(d.Never) > 0 || d.Unit != "a.service, b.service" {
		t.Errorf("what fails itself is not lost: %+v", d)
	}
	text, err := json.Marshal(d)
	if want := `{"Unit":"a.service","Never":[],"Stopped":["b.service"],"Again":[],"Restarts":0,"Reached":true}`; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

// TestCondition: a condition that does not hold is no failure of its unit, and
// the unit never begins its program.
func TestCondition(t *testing.T) {
	asked := service(plan.TypeSimple)
	asked.Commands = append([]plan.Command{{Role: plan.ExecCondition}}, asked.Commands...)
	p := image(asked, service(plan.TypeSimple))
	f, err := ParseFailure(p, "a.service:exec-condition")
	if err != nil {
		t.Fatal(err)
	}
	b := Run(p, Options{Failures: []Failure{f}})
	if a := b.Units[0]; a.State != "dead" || a.Result != "exec-condition" || a.Well {
		t.Errorf("%+v", a)
	}
}

// TestSocketCauses: of a socket no process can fail.
func TestSocketCauses(t *testing.T) {
	p := &plan.Plan{Units: []plan.Unit{{Name: "a.socket", Kind: plan.KindSocket, Socket: &plan.Socket{}}}}
	if _, err := ParseFailure(p, "a.socket:signal"); err == nil || !strings.Contains(err.Error(), "is a socket") {
		t.Error(err)
	}
	if _, err := ParseFailure(p, "a.socket:resources"); err != nil {
		t.Error(err)
	}
}

// TestEnd: a picture shows a failure that comes after the boot, and no restarts
// without end.
func TestEnd(t *testing.T) {
	again := service(plan.TypeNotify)
	again.Restart = plan.RestartOnFailure
	p := image(again, service(plan.TypeSimple))
	b := Run(p, Options{Failures: []Failure{{Unit: 0, Cause: "exit-code", After: 4 * plan.Second}}})
	if b.End < 4*plan.Second || b.End > 6*plan.Second {
		t.Errorf("a failure after 4 s: %s", seconds(b.End))
	}
	if d := Compare(Run(p, Options{}), b, "a.service"); !slices.Equal(d.Again, []string{"b.service"}) {
		t.Errorf("what is restarted with it: %+v", d)
	}
	if b := Run(p, Options{}); b.End != b.Took {
		t.Errorf("a boot of %s shows %s", seconds(b.Took), seconds(b.End))
	}
	for whole, want := range map[plan.Duration]plan.Duration{0: plan.Microsecond, 509 * plan.Millisecond: 50 * plan.Millisecond,
		30 * plan.Second: 5 * plan.Second, 10 * plan.Minute: 100 * plan.Second, plan.Second: 100 * plan.Millisecond, 1100 * plan.Millisecond: 200 * plan.Millisecond} {
		if got := roundStep(whole); got != want {
			t.Errorf("the step of %s is %s, want %s", seconds(whole), seconds(got), seconds(want))
		}
	}
}

func TestEach(t *testing.T) {
	all := Each(image(service(plan.TypeNotify), service(plan.TypeSimple)), Options{})
	if len(all) != 2 || all[0].Unit != "a.service" || !slices.Equal(all[0].Never, []string{"b.service"}) || all[1].Unit != "b.service" {
		t.Errorf("%+v", all)
	}
}

const measuredLog = `
2026-11-25T20:41:30.000000001Z init: a.service: starting
2026-11-25T20:41:30.500000001Z init: a.service: failed (exit-code, status 1)
2026-11-25T20:41:30.600000001Z init: a.service: restarting in 100 ms
2026-11-25T20:41:31.000000001Z init: a.service: starting
2026-11-25T20:41:31.000000002Z init: a.service: something else is said
2026-11-25T20:41:31.100000000Z a[7]: init: b.service: starting
2026-11-25T20:41:31.250000001Z init: a.service: started
2026-11-25T20:41:31.300000000Z stdout F init: b.service: starting
2026-11-25T20:41:31.340000000Z stdout F init: b.service: finished
2026-11-25T20:41:31.400000000Z init: other.service: started
2026-11-25T20:41:32.000000000Z init: a.service: stopping
2026-11-25T20:41:32.020000000Z init: a.service: failed (exit-code, status 143)
2026-11-25T20:41:32.030000000Z init: a.service: stopped
2026-11-25T20:41:33.000000000Z init: a.service: starting
2026-11-25T20:41:39.000000000Z init: a.service: started
`

const measuredShow = `
Id=a.service
InactiveExitTimestampMonotonic=1000000
ActiveEnterTimestampMonotonic=1250000
ActiveExitTimestampMonotonic=0
InactiveEnterTimestampMonotonic=0

InactiveExitTimestampMonotonic=2000000
ActiveEnterTimestampMonotonic=0
ActiveExitTimestampMonotonic=0
InactiveEnterTimestampMonotonic=2040000
Id=b.service

Id=other.service
InactiveExitTimestampMonotonic=1
`

func TestMeasured(t *testing.T) {
	p := image(service(plan.TypeNotify), service(plan.TypeOneshot))
	for _, test := range []struct{ text, a, b string }{
		{measuredLog, "250000us/30000us", "40000us"},
		{measuredShow, "250000us", "40000us"},
		{"# by hand\na.service=250ms/30ms\nb.service=40ms\n", "250000us/30000us", "40000us"},
	} {
		var o Options
		if err := o.ParseFile(p, test.text); err != nil {
			t.Fatal(err)
		}
		for unit, want := range map[string]string{"a.service": test.a, "b.service": test.b} {
			got, known := o.Times[unit]
			if known != (want != "") || known && got.String() != want {
				t.Errorf("%s takes %s, want %q, of\n%s", unit, got, want, test.text)
			}
		}
	}
	var o Options
	if err := o.ParseFile(p, measuredLog); err != nil {
		t.Fatal(err)
	}
	if b := Run(p, o); b.Units[0].Up-b.Units[0].Began != 250*plan.Millisecond || b.Units[1].Up-b.Units[1].Began != 40*plan.Millisecond {
		t.Errorf("the boot does not take the measured times: %+v", b.Units)
	}
	for _, wrong := range []string{"c.service=1s", "a.service=soon", "nonsense"} {
		if err := new(Options).ParseFile(p, wrong); err == nil {
			t.Errorf("%q is read", wrong)
		}
	}
}
