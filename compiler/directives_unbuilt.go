package compiler

import (
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// The directives of the unit types that a plan cannot hold yet. Their values
// are read for what is wrong with them; makeTable says that they mean nothing.

var timerDirectives = []directive{
	{name: "OnCalendar", decode: valid(calendar)},
	{name: "OnActiveSec", decode: valid(timespan)},
	{name: "OnBootSec", decode: valid(timespan)},
	{name: "OnStartupSec", decode: valid(timespan)},
	{name: "OnUnitActiveSec", decode: valid(timespan)},
	{name: "OnUnitInactiveSec", decode: valid(timespan)},
	{name: "OnClockChange", decode: valid(boolean)},
	{name: "OnTimezoneChange", decode: valid(boolean)},
	{name: "Persistent", decode: valid(boolean)},
	{name: "WakeSystem", decode: valid(boolean)},
	{name: "RemainAfterElapse", decode: valid(boolean)},
	{name: "FixedRandomDelay", decode: valid(boolean)},
	{name: "DeferReactivation", decode: valid(boolean)},
	{name: "AccuracySec", decode: valid(timespan)},
	{name: "RandomizedDelaySec", decode: valid(timespan)},
	{name: "RandomizedOffsetSec", decode: valid(timespan)},
	{name: "Unit", decode: valid(otherUnit)},
}

var pathDirectives = []directive{
	{name: "PathExists", decode: valid(absolute)},
	{name: "PathExistsGlob", decode: valid(absolute)},
	{name: "PathChanged", decode: valid(absolute)},
	{name: "PathModified", decode: valid(absolute)},
	{name: "DirectoryNotEmpty", decode: valid(absolute)},
	{name: "Unit", decode: valid(otherUnit)},
	{name: "MakeDirectory", decode: valid(boolean)},
	{name: "DirectoryMode", decode: valid(mode)},
	{name: "TriggerLimitIntervalSec", decode: valid(timespan)},
	{name: "TriggerLimitBurst", decode: valid(count)},
}

var mountDirectives = []directive{
	{name: "What", decode: valid(text)},
	{name: "Where", decode: valid(absolute)},
	{name: "Type", decode: valid(text)},
	{name: "Options", decode: valid(text)},
	{name: "TimeoutSec", decode: valid(timespan)},
	{name: "DirectoryMode", decode: valid(mode)},
	{name: "SloppyOptions", decode: valid(boolean)},
	{name: "LazyUnmount", decode: valid(boolean)},
	{name: "ForceUnmount", decode: valid(boolean)},
	{name: "ReadWriteOnly", decode: valid(boolean)},
}

var automountDirectives = []directive{
	{name: "Where", decode: valid(absolute)},
	{name: "ExtraOptions", decode: valid(text)},
	{name: "DirectoryMode", decode: valid(mode)},
	{name: "TimeoutIdleSec", decode: valid(timespan)},
}

var swapDirectives = []directive{
	{name: "What", decode: valid(absolute)},
	{name: "Priority", decode: valid(integer[int32](-1, 32767))},
	{name: "Options", decode: valid(text)},
	{name: "TimeoutSec", decode: valid(timespan)},
}

var scopeDirectives = []directive{
	{name: "RuntimeMaxSec", decode: valid(timespan)},
	{name: "RuntimeRandomizedExtraSec", decode: valid(timespan)},
	{name: "TimeoutStopSec", decode: valid(timespan)},
	{name: "OOMPolicy", decode: valid(oneOf[uint8]("continue", "stop", "kill"))},
}

// calendar is a calendar event (systemd.timer(5), "OnCalendar=").
func calendar(x *reading, s string) (grammar.Calendar, *grammar.Error) {
	written, err := text(x, s)
	if err != nil {
		return grammar.Calendar{}, err
	}
	c, err := grammar.ParseCalendar(written)
	if err != nil && written != s {
		err = wrong(s, err.Msg, err.Hint)
	}
	return c, err
}

// otherUnit is what a timer or a path unit starts, which is not of its own
// type (systemd.timer(5), "Unit=").
func otherUnit(x *reading, s string) (string, *grammar.Error) {
	name, err := unitName(x, s)
	if err == nil && strings.HasSuffix(name, "."+x.u.foreign) {
		return "", wrong(s, "a "+x.u.foreign+" cannot start another "+x.u.foreign, "name the unit that it is to start")
	}
	return name, err
}

// checkForeign is what systemd refuses when it loads a unit of one of these
// types (systemd.timer(5), systemd.path(5), systemd.mount(5)).
func checkForeign(u *unit, l *diag.List) {
	switch u.foreign {
	case "timer":
		if !u.sets("OnCalendar OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec") &&
			!u.yes("OnClockChange") && !u.yes("OnTimezoneChange") {
			trouble(u, l, grammar.Pos{}, "refused-combination", "the timer never elapses", "set OnCalendar=, OnBootSec= or the like")
		}
	case "path":
		if !u.sets("PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty") {
			trouble(u, l, grammar.Pos{}, "refused-combination", "the path unit watches nothing", "set PathExists=, PathChanged= or the like")
		}
	case "mount", "automount":
		checkWhere(u, "Where", l)
		if u.foreign == "mount" && u.lastText("What") == "" {
			trouble(u, l, grammar.Pos{}, "refused-combination", "the mount lacks What=", "set What= to what is to be mounted")
		}
	case "swap":
		checkWhere(u, "What", l)
	}
}

// checkWhere says that the unit is not named after its path; without one the
// path is that of the name.
func checkWhere(u *unit, key string, l *diag.List) {
	for i := len(u.settings) - 1; i >= 0; i-- {
		set := &u.settings[i]
		if set.key != key || set.section != u.section() {
			continue
		}
		path := set.value.Text()
		if path == "" || path[0] != '/' || strings.Contains(path, "%") {
			return
		}
		if want, err := grammar.EscapePath(path); err == nil && want+"."+u.foreign != u.name {
			l.Add(diag.Diagnostic{Pos: set.value.PosAt(0), End: set.value.PosAt(len(path)), Severity: diag.Error,
				Code: "refused-combination", Msg: key + "= is not the path that \"" + u.name + "\" is named after",
				Hint: "name the file \"" + want + "." + u.foreign + "\""})
		}
		return
	}
}

// sets says whether one of these lists, separated by blanks, has an element in
// the end: an empty assignment to any of them empties all.
func (u *unit) sets(keys string) bool {
	some := false
	for i := range u.settings {
		if set := &u.settings[i]; set.section == u.section() && strings.Contains(" "+keys+" ", " "+set.key+" ") {
			some = set.value.Text() != ""
		}
	}
	return some
}

// yes says whether a directive is on in the end.
func (u *unit) yes(key string) bool {
	on, err := grammar.ParseBool(u.lastText(key))
	return on && err == nil
}
