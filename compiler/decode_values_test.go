package compiler

import (
	"fmt"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// decodeOne reads one assignment of a service or, with a Listen or socket
// option, of a socket.
func decodeOne(t testing.TB, section, line string) (*unit, diag.List) {
	name := "v@i.service"
	if section == "Socket" {
		name = "v.socket"
	}
	s, _ := testSet(t, Options{}, unitFile{name, "[" + section + "]\n" + line + "\n"})
	u := s.units[0]
	var l diag.List
	u.common, u.edges = unitSettings{}, nil
	s.decode(u, &l)
	return u, l
}

// TestValues reads one value of each kind that has rules of its own here; what
// is plain grammar is tested there.
func TestValues(t *testing.T) {
	for _, c := range [...]struct {
		section, line string
		get           func(u *unit) any
		want          string
	}{
		{"Service", "TimeoutStopSec=0", func(u *unit) any { return u.service.timeoutStop.v == plan.Infinity }, "true"},
		{"Service", "RestartSec=0", func(u *unit) any { return u.service.restartSec.v }, "0"},
		{"Service", "PIDFile=foo.pid", func(u *unit) any { return u.service.pidFile.v }, "/run/foo.pid"},
		{"Service", "PIDFile=/var/run//x/./y.pid", func(u *unit) any { return u.service.pidFile.v }, "/run/x/y.pid"},
		{"Service", "WorkingDirectory=-~", func(u *unit) any { return u.exec().workDir.v + fmt.Sprint(u.exec().workDirMay) }, "~true"},
		{"Service", "TimerSlackNSec=5", func(u *unit) any { return u.exec().timerSlack.v }, "5"},
		{"Service", "TimerSlackNSec=1us", func(u *unit) any { return u.exec().timerSlack.v }, "1000"},
		{"Service", "IOSchedulingClass=2", func(u *unit) any { return u.exec().ioClass.v }, "2"},
		{"Service", "RuntimeDirectoryPreserve=restart", func(u *unit) any { return u.exec().preserve.v == preserveRestart }, "true"},
		{"Service", "FileDescriptorStoreMax=99999999", func(u *unit) any { return u.service.fdStoreMax.v }, "65535"},
		{"Service", "RuntimeDirectory=a/b/ c:d", func(u *unit) any { return u.exec().dirs[dirRuntime].paths[0].v.path }, "a/b"},
		{"Service", "Environment=X=%i-%p-%%", func(u *unit) any { return u.exec().environment[0].v }, "X=i-v-%"},
		{"Service", "ExecStart=/%p//x/../%i", func(u *unit) any { return u.common.commands[0].path }, "/v/x/../i"},
		{"Service", "ExecStart=/%p//x/..", func(u *unit) any { return len(u.common.commands) }, "0"},
		{"Service", "ExecStart=/%p//x/%i", func(u *unit) any { return u.common.commands[0].path }, "/v/x/i"},
		{"Socket", "IPTOS=low-delay", func(u *unit) any { return u.socket.options[optTOS].v }, "16"},
		{"Socket", "KeepAliveTimeSec=1001ms", func(u *unit) any { return u.socket.options[optKeepAliveTime].v }, "2"},
		{"Socket", "BindIPv6Only=yes", func(u *unit) any { return u.socket.bindIPv6Only.v }, "1"},
		{"Socket", "Timestamping=µs", func(u *unit) any { return u.socket.options[optTimestamping].v }, "1"},
		{"Socket", "ListenFIFO=/a//b/", func(u *unit) any { return u.socket.listen[0].text }, "/a/b"},
		{"Unit", "After=a%i.service dev-x\\x2dy.device", func(u *unit) any { return u.edges[0].to.name + " " + u.edges[1].to.name }, `ai.service dev-x\x2dy.device`},
		{"Unit", "SuccessAction=exit-force", func(u *unit) any { return u.common.successAction.v == plan.ActionExitForce }, "true"},
	} {
		u, _ := decodeOne(t, c.section, c.line)
		if got := fmt.Sprint(c.get(u)); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
}

// TestMainUnit is --main: the image ends with the unit, as it ended.
func TestMainUnit(t *testing.T) {
	u, _, _ := lowerText(t, Options{Main: "m.service"}, "m.service", "[Unit]\nSuccessActionExitStatus=3\n[Service]\nExecStart=/m\n")
	a := u.Actions
	if a == nil || a.Success != plan.ActionExit || a.Failure != plan.ActionExit || a.SuccessExitStatus != 3 || a.FailureExitStatus != -1 {
		t.Errorf("%+v", a)
	}
	if u, _, _ := lowerText(t, Options{Main: "x.service"}, "m.service", "[Service]\nExecStart=/m\n"); u.Actions != nil {
		t.Errorf("another main unit gives %+v", u.Actions)
	}
}

// TestShared holds that equal contexts are one, and others are not.
func TestShared(t *testing.T) {
	s, l := testSet(t, Options{},
		unitFile{"a.service", "[Service]\nExecStart=/a\n"},
		unitFile{"b.service", "[Service]\nExecStart=/b\nExecStop=!/b\n"},
		unitFile{"c.service", "[Service]\nExecStart=/c\nNice=1\n"})
	p, _ := s.lower(&l)
	if p.Units[0].Service.Exec != p.Units[1].Service.Exec {
		t.Error("equal contexts are two")
	}
	if p.Units[1].Service.Commands[1].Exec != nil {
		t.Error("a prefix that changes nothing makes a context")
	}
	if p.Units[0].Service.Exec == p.Units[2].Service.Exec {
		t.Error("unequal contexts are one")
	}
}

// TestOrigins says where fields were written, and nothing of defaults.
func TestOrigins(t *testing.T) {
	_, _, origins := lowerText(t, Options{}, "o.service", "[Service]\nExecStart=/o\nTimeoutStopSec=1\n\nTimeoutStopSec=2\nEnvironment=A=1\n")
	for key, want := range map[string]string{
		"o.service Service.TimeoutStop": "o.service:5", "o.service Service.Exec.Env": "o.service:6",
		"o.service Service.TimeoutStart": "",
	} {
		if origins[key] != want {
			t.Errorf("%s: %q, want %q", key, origins[key], want)
		}
	}
}

// FuzzUnit reads and lowers any text: no input may end the compiler, and what
// it makes of one holds no NUL but the marks.
func FuzzUnit(f *testing.F) {
	f.Add("[Service]\nExecStart=@/a b $X ${Y} %H\nUser=~\nRuntimeDirectory=a:b\n")
	f.Add("[Socket]\nListenStream=80\nListenStream=[::1%lo]:1\nSymlinks=/x\n")
	f.Add("[Service]\nExecStart=\x00\nEnvironment=A=\x00%H\nLimitNOFILE=1:2\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"a@b.service", "a.socket", "a.target"} {
			s, l := testSet(t, Options{}, unitFile{name, text})
			p, _ := s.lower(&l)
			for _, c := range commandsOf(&p.Units[0]) {
				for _, w := range c.Argv {
					if c.Flags&plan.Expand == 0 && strings.IndexByte(w, plan.BootMark) >= 0 {
						t.Errorf("a NUL in %q", w)
					}
				}
			}
		}
	})
}

func commandsOf(u *plan.Unit) []plan.Command {
	switch {
	case u.Service != nil:
		return u.Service.Commands
	case u.Socket != nil:
		return u.Socket.Commands
	}
	return nil
}

// TestEmptyInversion: "~" alone asks for nothing, and takes nothing back.
func TestEmptyInversion(t *testing.T) {
	for text, want := range map[string]bool{
		"RestrictFileSystems=~":                              false,
		"RestrictFileSystems=ext4\nRestrictFileSystems=~":    true,
		"RestrictFileSystems=ext4\nRestrictFileSystems=":     false,
		"ProtectSystem=full\nProtectSystem=off":              false,
		"RestrictFileSystems=ext4\nRestrictFileSystems=~xfs": true,
	} {
		_, l, _ := lowerText(t, Options{}, "i.service", "[Service]\nExecStart=/i\n"+text+"\n")
		if got := len(unsupportedNames(l)) > 0; got != want {
			t.Errorf("%q: reported %v, want %v", text, got, want)
		}
	}
}
