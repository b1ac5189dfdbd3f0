package compiler

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/internal/means"
)

// refusalCase is a unit that systemd may refuse.
type refusalCase struct {
	kind, text string
	refused    bool
	// differs says why the compiler does not do as systemd; then refused is
	// what the compiler does.
	differs string
}

// refusals are small units, most of which systemd refuses to load because of
// how their settings go together.
var refusals = [...]refusalCase{
	{"service", "ExecStart=/bin/true", false, ""},
	{"service", "ExecStart=/bin/true\nExecStart=/bin/true", true, ""},
	{"service", "ExecStart=/bin/true\nExecStart=\nExecStart=/bin/true", false, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nExecStart=/bin/true", false, ""},
	{"service", "Type=simple", true, ""},
	{"service", "ExecStartPre=/bin/true", true, ""},
	{"service", "ExecStop=/bin/true", true, ""},
	{"service", "ExecStop=/bin/true\nRemainAfterExit=yes", false, ""},
	{"service", "Type=oneshot\nExecStop=/bin/true", true, ""},
	{"service", "Type=oneshot\nExecStop=/bin/true\nRemainAfterExit=yes", false, ""},
	{"service", "Type=oneshot\nRemainAfterExit=yes", true, ""},
	{"service", "Type=simple\nRemainAfterExit=yes\nExecStop=/bin/true", true, ""},
	{"service", "Type=exec\nExecStop=/bin/true", true, ""},
	{"service", "Type=oneshot\nRemainAfterExit=yes\n[Unit]\nSuccessAction=exit", false, ""},
	{"service", "RemainAfterExit=yes\n[Unit]\nSuccessAction=exit", false, ""},
	{"service", "[Unit]\nSuccessAction=exit", false, ""},
	{"service", "Type=oneshot\nRemainAfterExit=yes\n[Unit]\nFailureAction=exit", true, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRestart=always", true, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRestart=on-success", true, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRestart=on-failure", false, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRestart=on-abnormal", false, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRestart=on-abort", false, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRestart=no", false, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRestartForceExitStatus=3", false, "systemd takes it since 256"},
	{"service", "ExecStop=/bin/true\nRemainAfterExit=yes\nRestart=always", true, ""},
	{"service", "Type=dbus\nExecStart=/bin/true", true, ""},
	{"service", "Type=dbus\nBusName=org.example.X\nExecStart=/bin/true", false, ""},
	{"service", "BusName=org.example.X\nExecStart=/bin/true", false, ""},
	{"service", "Type=forking\nExecStart=/bin/true", false, ""},
	{"service", "Type=forking\nExecStart=/bin/true\nPIDFile=x.pid", false, ""},
	{"service", "Type=forking\nExecStart=/bin/true\nGuessMainPID=no", false, ""},
	{"service", "Type=forking\nExecStart=/bin/true\nExecStart=/bin/true", true, ""},
	{"service", "Type=idle\nExecStart=/bin/true\nExecStart=/bin/true", true, ""},
	{"service", "Type=notify\nExecStart=/bin/true\nNotifyAccess=none", false, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nExitType=cgroup", true, ""},
	{"service", "Type=simple\nExecStart=/bin/true\nExitType=cgroup", false, ""},
	{"service", "Type=oneshot\nExecStart=/bin/true\nRuntimeMaxSec=5", false, ""},
	{"service", "ExecStart=/bin/true\nKillMode=process\nPAMName=login", true, ""},
	{"service", "ExecStart=/bin/true\nKillMode=none", false, ""},
	{"service", "ExecStart=/bin/true\nUser=root\nRootDirectory=/srv\nRootImage=/srv.img", false, ""},
	{"service", "ExecStart=/bin/true\nFileDescriptorStoreMax=3", false, ""},
	{"service", "ExecStart=/bin/true\nWatchdogSec=5", false, ""},
	{"socket", "ListenStream=/run/x", false, ""},
	{"socket", "SocketMode=0600", true, ""},
	{"socket", "ListenStream=/run/x\nListenStream=", true, ""},
	{"socket", "ListenStream=/run/x\nListenDatagram=/run/x\nAccept=no", false, ""},
	{"socket", "ListenDatagram=/run/x\nAccept=yes", true, ""},
	{"socket", "ListenStream=/run/x\nAccept=yes\nService=other.service", true, ""},
	{"socket", "ListenStream=/run/x\nAccept=yes\nMaxConnections=0", true, ""},
	{"socket", "ListenStream=/run/x\nMaxConnections=0", false, "systemd 257 refuses it, 252 does not mind"},
	{"socket", "ListenStream=/run/x\nSymlinks=/run/y", false, ""},
	{"socket", "ListenStream=/run/x\nListenStream=/run/z\nSymlinks=/run/y", true, ""},
	{"socket", "ListenStream=8080\nSymlinks=/run/y", true, ""},
	{"socket", "ListenFIFO=/run/x\nSymlinks=/run/y", false, ""},
	{"socket", "ListenStream=/run/x\nPAMName=login", false, ""},
	{"socket", "ListenStream=/run/x\nPAMName=login\nKillMode=process", true, ""},
	{"socket", "ListenStream=/run/x\nPAMName=login\nKillMode=mixed", false, "systemd 257 takes it"},
	{"socket", "ListenStream=/run/x\nExecStartPre=/bin/true\nExecStartPre=/bin/true", false, ""},
	{"service", "ExecStart=/bin/true\n[Unit]\nOnFailure=a.service b.service\nOnFailureJobMode=isolate", true, ""},
	{"service", "ExecStart=/bin/true\n[Unit]\nOnFailure=a.service\nOnFailureJobMode=isolate", false, ""},
	{"service", "ExecStart=/bin/true\n[Unit]\nOnSuccess=a.service b.service\nOnSuccessJobMode=isolate", true, ""},
	{"socket", "ListenStream=/run/x\nExecStart=/bin/true", false, ""},
}

// refusalUnit is the text of a case: a service or socket with its section.
func refusalUnit(kind, text string) string {
	section := "[" + strings.ToUpper(kind[:1]) + kind[1:] + "]\n"
	return section + text + "\n"
}

// TestRefusals holds the table against the compiler.
func TestRefusals(t *testing.T) {
	for i, c := range refusals {
		_, l := testSet(t, Options{}, unitFile{fmt.Sprintf("t%d.%s", i, c.kind), refusalUnit(c.kind, c.text)})
		if got := l.Count(diag.Error) > 0; got != c.refused {
			t.Errorf("%q: refused %v, want %v\n%s", c.text, got, c.refused, diagText(l))
		}
	}
}

// TestRefusalsOracle holds it against systemd.
func TestRefusalsOracle(t *testing.T) {
	said := verifyAll(t, refusals[:])
	for i, c := range refusals {
		got := refusedBy(said, i, c)
		switch {
		case c.differs == "" && got != c.refused:
			t.Errorf("%q: systemd refuses it %v\n%s", c.text, got, about(said, fmt.Sprintf("t%d.%s", i, c.kind)))
		case c.differs != "":
			t.Logf("%q: systemd here refuses it %v; %s", c.text, got, c.differs)
		}
	}
}

// verifyAll is what systemd says about the units when it loads them.
func verifyAll(t *testing.T, cases []refusalCase) string {
	dir := t.TempDir()
	var names []string
	for i, c := range cases {
		name := filepath.Join(dir, fmt.Sprintf("t%d.%s", i, c.kind))
		must(t, os.WriteFile(name, []byte(refusalUnit(c.kind, c.text)), 0o666))
		if c.kind == "socket" {
			must(t, os.WriteFile(strings.TrimSuffix(name, "socket")+"service", []byte("[Service]\nExecStart=/bin/true\n"), 0o666))
			must(t, os.WriteFile(strings.TrimSuffix(name, ".socket")+"@.service", []byte("[Service]\nExecStart=/bin/true\n"), 0o666))
		}
		names = append(names, name)
	}
	out := systemdVerify(t, dir, names)
	if !strings.Contains(out, "bad unit file setting") {
		means.Missing(t, "a systemd-analyze that verifies: "+out)
	}
	return out
}

// systemdVerify is what systemd says about the files of a folder when it loads
// them.
func systemdVerify(t *testing.T, dir string, names []string) string {
	tool := means.Program(t, "systemd-analyze")
	cmd := exec.Command(tool, append([]string{"verify", "--man=no"}, names...)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "SYSTEMD_UNIT_PATH=" + dir + ":", "SYSTEMD_LOG_LEVEL=info", "LC_ALL=C"}
	out, _ := cmd.CombinedOutput() // it fails because of the bad units
	return string(out)
}

// refusedBy says whether systemd has refused case i.
func refusedBy(said string, i int, c refusalCase) bool {
	return strings.Contains(said, fmt.Sprintf("Unit t%d.%s has a bad unit file setting", i, c.kind))
}

// combinations are units with every choice of a few settings that systemd
// looks at together.
func combinations() (out []refusalCase) {
	for _, parts := range [...]struct {
		kind    string
		choices [][]string
	}{
		{"service", [][]string{
			{"", "Type=simple", "Type=exec", "Type=forking", "Type=oneshot", "Type=dbus", "Type=notify", "Type=idle"},
			{"", "ExecStart=/bin/true", "ExecStart=/bin/true\nExecStart=/bin/true", "ExecStop=/bin/true", "ExecStartPre=/bin/true"},
			{"", "RemainAfterExit=yes"},
			{"", "Restart=always", "Restart=on-failure"},
		}},
		{"service", [][]string{
			{"ExecStart=/bin/true"},
			{"", "Type=dbus", "Type=oneshot"},
			{"", "BusName=org.example.%p"},
			{"", "ExitType=cgroup", "ExitType=main"},
			{"", "PAMName=login"},
			{"", "KillMode=process", "KillMode=mixed", "KillMode=none"},
		}},
		{"socket", [][]string{
			{"", "ListenStream=/run/x", "ListenDatagram=/run/x", "ListenSequentialPacket=/run/x", "ListenFIFO=/run/x", "ListenStream=80",
				"ListenStream=@x", "ListenSpecial=/dev/null", "ListenNetlink=audit 1"},
			{"", "Accept=yes", "Accept=no"},
			{"", "Symlinks=/run/y"},
			{"", "MaxConnections=0"},
			{"", "Service=t0.service"},
		}},
	} {
		texts := []string{""}
		for _, choice := range parts.choices {
			var next []string
			for _, t := range texts {
				for _, c := range choice {
					next = append(next, strings.TrimPrefix(t+"\n"+c, "\n"))
				}
			}
			texts = next
		}
		for _, text := range texts {
			out = append(out, refusalCase{kind: parts.kind, text: text})
		}
	}
	return out
}

// TestCombinationsOracle asks systemd and the compiler about all of them.
func TestCombinationsOracle(t *testing.T) {
	cases := combinations()
	said := verifyAll(t, cases)
	refused := 0
	for i, c := range cases {
		_, l := testSet(t, Options{}, unitFile{fmt.Sprintf("t%d.%s", i, c.kind), refusalUnit(c.kind, c.text)})
		want, got := refusedBy(said, i, c), l.Count(diag.Error) > 0
		if want {
			refused++
		}
		if got != want {
			t.Errorf("%q: refused %v, systemd refuses it %v\n%s%s", c.text, got, want, diagText(l), about(said, fmt.Sprintf("t%d.%s", i, c.kind)))
		}
	}
	t.Logf("%d units, of which systemd refuses %d", len(cases), refused)
}

// about is the lines of a text that name a unit.
func about(text, name string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, name) {
			b.WriteString(line)
		}
	}
	return b.String()
}
