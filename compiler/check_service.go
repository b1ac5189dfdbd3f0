package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// checkUnit makes the checks that systemd makes when it has read a whole unit.
func (s *unitSet) checkUnit(u *unit, l *diag.List) {
	checkIsolate(u, "OnFailure", l)
	checkIsolate(u, "OnSuccess", l)
	switch {
	case u.foreign != "":
		checkForeign(u, l)
	case u.kind == plan.KindService:
		checkService(u, l)
	case u.kind == plan.KindSocket:
		checkSocket(u, l)
	}
}

// checkIsolate refuses to isolate two units at once (systemd.unit(5),
// "OnFailureJobMode=").
func checkIsolate(u *unit, key string, l *diag.List) {
	rel := plan.OnFailure
	if key == "OnSuccess" {
		rel = plan.OnSuccess
	}
	if u.lastText(key+"JobMode") != "isolate" {
		return
	}
	n := 0
	for i := range u.edges {
		if u.edges[i].rel&rel != 0 {
			n++
		}
	}
	if n > 1 {
		trouble(u, l, grammar.Pos{}, "refused-combination", key+"JobMode=isolate goes with one unit in "+key+"= only", "name one, or use another mode")
	}
}

// trouble adds an error about a place in the unit, or about the unit as a
// whole when the place is nowhere.
func trouble(u *unit, l *diag.List, at grammar.Pos, code diag.Code, msg, hint string) {
	if at.Line == 0 {
		at = u.pos
	}
	l.Add(diag.Diagnostic{Pos: at, Severity: diag.Error, Code: code, Msg: msg, Hint: hint})
}

// checkService is what systemd refuses when it loads a service
// (systemd.service(5), "Type=", "ExecStart=", "Restart=").
func checkService(u *unit, l *diag.List) {
	if u.template {
		return // its instances are checked
	}
	s := u.service
	t := s.serviceType(u)
	checkStart(u, t, l)
	checkRestart(s, u, t, l)
	if t == plan.TypeDBus && s.busName.v == "" {
		trouble(u, l, s.typ.at, "missing-bus-name", "Type=dbus needs BusName=",
			"name the bus name that the service takes")
	}
	if k := s.kill.mode.v; u.lastText("PAMName") != "" && k != plan.KillControlGroup && k != plan.KillMixed {
		trouble(u, l, s.kill.mode.at, "refused-combination", "with PAMName= the processes of the session must be killed, too",
			"use KillMode=control-group or KillMode=mixed")
	}
	if p := u.exec().confine.privatePIDs; p.v && t == plan.TypeForking {
		trouble(u, l, p.at, "refused-combination", "PrivatePIDs= does not go with Type=forking: all processes end with the first one",
			"run the program in the foreground, with another Type=")
	}
	if t == plan.TypeNotifyReload && s.reloadSignal.v == 0 && s.reloadSignal.set {
		trouble(u, l, s.reloadSignal.at, "invalid-value", "ReloadSignal=: no signal", "")
	}
	if s.restartSteps.v > 0 && s.restartMaxDelay.or(plan.Infinity) == plan.Infinity {
		l.Add(diag.Diagnostic{Pos: s.restartSteps.at, Severity: diag.Warning, Code: "restart-steps",
			Msg: "RestartSteps= does nothing without RestartMaxDelaySec=", Hint: "set RestartMaxDelaySec= too"})
	}
}

// checkStart counts ExecStart=.
func checkStart(u *unit, t plan.ServiceType, l *diag.List) {
	s := u.service
	n := u.count(plan.ExecStart)
	switch {
	case n == 0 && !u.has(plan.ExecStop) && !u.settingFailed("ExecStart") && u.common.successAction.v == plan.ActionNone:
		trouble(u, l, grammar.Pos{}, "no-exec-start", "service has neither ExecStart= nor ExecStop=",
			"add the command that the service runs")
	case n == 0 && t != plan.TypeOneshot && !u.settingFailed("ExecStart"):
		trouble(u, l, s.typ.at, "no-exec-start", "service has no ExecStart=, which only Type=oneshot allows",
			"add ExecStart=, or set Type=oneshot")
	case n == 0 && !s.remainAfterExit.v && u.has(plan.ExecStop):
		trouble(u, l, grammar.Pos{}, "no-exec-start", "service has no ExecStart=, which is only allowed with RemainAfterExit=yes",
			"add ExecStart=, or set RemainAfterExit=yes")
	case n > 1 && t != plan.TypeOneshot:
		trouble(u, l, u.second(plan.ExecStart), "several-exec-start", "a second ExecStart=, which only Type=oneshot allows",
			"keep one, or set Type=oneshot; an empty ExecStart= in a drop-in takes the earlier ones back")
	}
}

// settingFailed says whether the unit has an assignment to key that did not
// become a command: it has been complained about.
func (u *unit) settingFailed(key string) bool {
	failed := false
	for i := range u.settings {
		if s := &u.settings[i]; s.key == key && s.section == "Service" {
			failed = s.value.Text() != ""
		}
	}
	return failed
}

// second is the place of a role's second command.
func (u *unit) second(role plan.Role) grammar.Pos {
	n := 0
	for i := range u.common.commands {
		if c := &u.common.commands[i]; c.role == role {
			if n++; n == 2 {
				return c.at
			}
		}
	}
	return grammar.Pos{}
}

// checkRestart refuses what would run a oneshot for ever.
func checkRestart(s *serviceSettings, u *unit, t plan.ServiceType, l *diag.List) {
	if t != plan.TypeOneshot {
		return
	}
	if r := s.restart.v; r == plan.RestartAlways || r == plan.RestartOnSuccess {
		trouble(u, l, s.restart.at, "refused-restart", "a oneshot cannot be restarted after it has succeeded",
			"use Restart=on-failure, or another Type=")
	}
	if s.exitType.v == plan.ExitCgroup {
		trouble(u, l, s.exitType.at, "invalid-value", "ExitType=cgroup does not go with Type=oneshot", "take it out")
	}
}

// checkBusNames refuses two services with one bus name: systemd loads only the
// first (systemd.service(5), "BusName=").
func (s *unitSet) checkBusNames(l *diag.List) {
	taken := map[string]*unit{}
	for _, u := range s.image {
		if u.service == nil || u.service.busName.v == "" {
			continue
		}
		name := u.service.busName
		first := taken[name.v]
		if first == nil {
			taken[name.v] = u
			continue
		}
		l.Add(diag.Diagnostic{Pos: name.at, Severity: diag.Error, Code: "bus-name-conflict",
			Msg:     "\"" + u.name + "\" takes the bus name " + name.v + ", which \"" + first.name + "\" already does",
			Hint:    "leave one of the two out",
			Related: []diag.Related{{Pos: first.service.busName.at, Msg: "\"" + first.name + "\" takes it here"}}})
	}
}
