package gen

import (
	"fmt"

	"rustysd/runtime/plan"
)

// terminateOnly is what systemd counts as a clean end beside 0.
var terminateOnly = &plan.ExitSet{Status: [4]uint64{1<<0 | 1<<42, 0, 1 << 15}, Signals: [2]uint64{1 << 15}}

// web is the context that the two services of the sample share.
var web = &plan.Exec{
	Calls: []plan.Call{
		{Sys: plan.SysUmask, Step: plan.StepExec, Arg: [6]uint64{0o27}},
		{Sys: plan.SysSetresuid, Step: plan.StepUser, Slot: [6]plan.Slot{plan.SlotUID, plan.SlotUID, plan.SlotUID}, Arg: [6]uint64{33, 33, 33}},
		{
			Sys: plan.SysMkdirat, Step: plan.StepRuntimeDirectory, Tolerate: plan.TolerateEEXIST | plan.TolerateENOENT,
			Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{atFDCWD, 0, 0o755}, Data: "/run/web\x00",
		},
	},
	Env:    []string{"LANG=C", "HOME=/var/www"},
	Limits: []plan.Limit{{Resource: 7, Soft: 1024, Hard: 1<<64 - 1}},
	Stdout: plan.Stream{Kind: plan.StreamJournal},
	Stderr: plan.Stream{Kind: plan.StreamFile, Path: "/var/log/web"},
}

// sample is a small image with something of everything.
func sample() Input {
	units := []plan.Unit{
		{
			Name: "redis.service", Description: "a store", Source: "units/redis.service",
			Kind: plan.KindService, Flags: plan.DefaultDependencies,
			Deps: []plan.Dep{{Unit: 1, Rel: plan.Before}, {Unit: 2, Rel: plan.WantedBy | plan.Before}},
			Service: &plan.Service{
				Commands: []plan.Command{{Role: plan.ExecStart, Path: "/usr/bin/redis", Argv: []string{"redis", "--port", "6379"}, Origin: "units/redis.service:7"}},
				Exec:     web, Success: terminateOnly,
				Type: plan.TypeNotify, NotifyAccess: plan.NotifyMain, TimeoutStart: 90 * plan.Second, TimeoutStop: plan.Infinity,
				RestartSec: 100 * plan.Millisecond, Flags: plan.SendSIGKILL | plan.GuessMainPID, KillSignal: 15,
			},
			StartLimitBurst: 5, StartLimitInterval: 10 * plan.Second,
		},
		{
			Name: "web.service", Source: "units/web.service", Kind: plan.KindService,
			Deps:    []plan.Dep{{Unit: 0, Rel: plan.After}},
			Actions: &plan.Actions{Success: plan.ActionExit, SuccessExitStatus: -1, FailureExitStatus: 3, JobTimeout: plan.Infinity},
			Service: &plan.Service{
				Commands: []plan.Command{{
					Role: plan.ExecStart, Flags: plan.Expand | plan.IgnoreFailure, Path: "/usr/bin/web",
					Argv: []string{"web", "--a-long-option=that needs a line of its own", "--and-another=$HOME"}, Origin: "units/web.service:3",
				}},
				Exec: web, Success: terminateOnly, Sockets: []plan.UnitID{3}, RestartSec: 1500 * plan.Microsecond, KillSignal: 36,
			},
		},
		{Name: "web.target", Deps: []plan.Dep{{Unit: 0, Rel: plan.Wants | plan.After}}},
		{
			Name: "web.socket", Source: "units/web.socket", Kind: plan.KindSocket,
			Socket: &plan.Socket{
				Listen:  []plan.Listen{{Address: "/run/web.sock", Raw: "\x01\x00/run/web.sock\x00", Domain: 1, Type: 1, Path: true, Origin: "units/web.socket:2"}},
				Options: []plan.SocketOption{{Level: 1, Name: 9, Value: -1, Optional: true}},
				FDName:  "web", Service: 1, SocketMode: 0o660, DirectoryMode: 0o755, Backlog: 4096,
			},
		},
	}
	return Input{
		Plan: &plan.Plan{
			Name: "web.target", Digest: "00ff", Target: 2, Units: units, Environment: []string{"PATH=/usr/bin"},
			LowFDs: 4, StopTimeout: 30 * plan.Minute,
			Features: plan.FeatureServices | plan.FeatureSockets | plan.FeatureNotify | plan.FeatureJournal | plan.FeatureExpand,
		},
		Origins: map[string]string{
			"redis.service Service.Type":       "units/redis.service:6",
			"redis.service Service.RestartSec": "units/redis.service.d/10-restart.conf:2",
			"web.service Actions.Success":      "units/web.service:2",
		},
		Version: "v0.0.0",
	}
}

// many is an image of n services that look like real ones.
func many(n int) Input {
	in := sample()
	exec := web
	units := make([]plan.Unit, n)
	for i := range units {
		if i%3 == 0 {
			e := *web
			exec = &e
		}
		u := in.Plan.Units[i%2]
		u.Name = fmt.Sprintf("service-%04d.service", i)
		s := *u.Service
		s.Exec = exec
		u.Service = &s
		u.Deps = []plan.Dep{{Unit: plan.UnitID((i + 1) % n), Rel: plan.After | plan.Requires}, {Unit: plan.UnitID((i + 7) % n), Rel: plan.Before}}
		units[i] = u
	}
	in.Plan.Units = units
	return in
}
