package security

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rustysd/compiler"
	"rustysd/internal/means"
)

// analyze is systemd's own rating, which is the last word. The tables are
// those of version 252; others have other rows.
const analyze = "systemd-analyze"

// theirs is what systemd prints about a unit: "set", "not set" or "" for each
// row by its name, with the row's part behind it; and the whole under "".
func theirs(t *testing.T, file string) map[string]string {
	t.Helper()
	cmd := exec.Command(analyze, "security", "--offline=true", "--no-pager", file)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "SYSTEMD_EMOJI=0", "SYSTEMD_COLORS=0", "COLUMNS=500")
	out, err := cmd.CombinedOutput()
	said := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if m := wholeLine.FindStringSubmatch(line); m != nil {
			said[""] = m[1]
		}
		if m := rowLine.FindStringSubmatch(line); m != nil {
			said[m[2]] = strings.TrimSpace(map[string]string{"✓": "set", "✗": "not set", " ": ""}[m[1]] + " " + m[3])
		}
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said
}

var (
	wholeLine = regexp.MustCompile(`Overall exposure level for .*: ([0-9.]+ [A-Z]+)`)
	rowLine   = regexp.MustCompile(`^([✓✗ ]) (\S+=\S*) .*?(?:  +([0-9.]+))?\s*$`)
)

// ours is the same of our rating.
func ours(r *Rating) map[string]string {
	said := map[string]string{"": r.Printed + " " + r.Level}
	for i := range r.Rows {
		row := &r.Rows[i]
		text := map[string]string{"✓": "set", "✗": "not set", " ": ""}[row.mark()]
		if row.Exposure > 0 {
			text += " " + row.Printed
		}
		said[row.Name] = text
	}
	return said
}

// reason is why a row may differ from systemd's; "" when it must not.
func reason(row *Row) string {
	switch {
	case row.Unhonoured != "":
		return row.Unhonoured + "= is not honoured"
	case row.Field == "DeviceAllow" && !compiler.Honoured("DevicePolicy"):
		return "PrivateDevices= brings no list of devices"
	case row.Field == "Delegate" && !compiler.Honoured("Delegate"):
		return "no cgroup is handed over"
	}
	return ""
}

// asked are units for each value of each row; together they hold every answer.
var asked = []string{
	"", "User=root", "User=nobody", "User=daemon|RemoveIPC=yes", "User=daemon|SupplementaryGroups=adm",
	"ProtectSystem=yes", "ProtectSystem=full", "ProtectSystem=strict", "ProtectHome=yes", "ProtectHome=read-only", "ProtectHome=tmpfs",
	"ProtectProc=noaccess", "ProtectProc=invisible", "ProcSubset=pid", "UMask=0077", "UMask=0027", "UMask=0007", "UMask=0000",
	"PrivateTmp=yes|PrivateMounts=on|PrivateNetwork=1|PrivateIPC=yes", "PrivateDevices=yes", "PrivateUsers=yes", "DevicePolicy=closed",
	"DevicePolicy=strict|DeviceAllow=/dev/null rw", "IPAddressDeny=any", "IPAddressDeny=any|IPAddressAllow=localhost", "IPAddressDeny=10.0.0.0/8",
	"IPAddressDeny=any|IPAddressAllow=127.0.0.1 10.0.0.0/8", "DynamicUser=yes", "Delegate=yes", "NotifyAccess=all", "KeyringMode=inherit",
	"RestrictNamespaces=yes", "RestrictNamespaces=user net", "RestrictNamespaces=~uts", "RestrictAddressFamilies=AF_UNIX AF_INET AF_CAN",
	"RestrictAddressFamilies=none", "RestrictAddressFamilies=~AF_PACKET AF_NETLINK", "SystemCallArchitectures=native",
	"SystemCallArchitectures=native x86", "SystemCallFilter=@system-service", "SystemCallFilter=@system-service|SystemCallFilter=~@privileged @resources",
	"SystemCallFilter=~@swap @mount @clock", "SystemCallFilter=~@swap|SystemCallFilter=", "CapabilityBoundingSet=", "CapabilityBoundingSet=CAP_AUDIT_READ CAP_KILL",
	"CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_BPF CAP_SYS_PACCT", "AmbientCapabilities=CAP_KILL", "ProtectClock=yes|ProtectKernelLogs=yes|ProtectKernelModules=yes",
	"ProtectKernelTunables=yes|ProtectControlGroups=yes|ProtectHostname=yes|LockPersonality=yes|MemoryDenyWriteExecute=yes|RestrictRealtime=yes|RestrictSUIDSGID=yes",
	"NoNewPrivileges=yes|RootDirectory=/srv", "[Unit]|DefaultDependencies=no", "PrivateDevices=yes|ProtectClock=yes",
}

// TestAsked compares every answer with systemd's.
func TestAsked(t *testing.T) {
	need(t)
	dir := t.TempDir()
	for i, text := range asked {
		name := fmt.Sprintf("asked%d.service", i)
		write(t, filepath.Join(dir, name), "[Service]\nExecStart=/bin/true\n"+strings.ReplaceAll(text, "|", "\n")+"\n")
	}
	compare(t, dir, dir, map[string]int{})
}

// TestCorpus compares the services that distributions ship.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("short: asks systemd about some hundred units")
	}
	need(t)
	corpus := means.Corpus(t)
	dirs := map[string]bool{}
	err := filepath.WalkDir(corpus, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, ".service") {
			dirs[filepath.Dir(path)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all, equal, why := 0, 0, map[string]int{}
	for from := range dirs {
		dir := t.TempDir()
		names, _ := filepath.Glob(filepath.Join(from, "*.service"))
		for _, file := range names {
			text, err := os.ReadFile(file)
			if err != nil || len(text) == 0 {
				continue // a link that leads out of the corpus, or a mask
			}
			// By another name: the compiler knows systemd's own by theirs.
			name := "x-" + filepath.Base(file)
			write(t, filepath.Join(dir, name), string(text))
		}
		a, e := compare(t, from, dir, why)
		all, equal = all+a, equal+e
	}
	t.Logf("%d services, the exposure of %d is systemd's; in others %v", all, equal, why)
	if all < 200 {
		t.Errorf("only %d services", all)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// need is the systemd whose tables these are.
func need(t *testing.T) {
	t.Helper()
	out, err := exec.Command(analyze, "--version").Output()
	if err == nil && strings.HasPrefix(string(out), "systemd 252 ") {
		return
	}
	means.Missing(t, fmt.Sprintf("systemd-analyze 252: %v %s", err, out))
}

// compare rates the services of dir, and says of how many of them the exposure
// is the same as systemd's; where it is not, a row must have a reason.
func compare(t *testing.T, shown, dir string, why map[string]int) (all, equal int) {
	t.Helper()
	m, _, err := compiler.Load(compiler.Options{UnitDirs: []string{dir}, Arch: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.service"))
	for _, file := range files {
		c, ok := m.Confinement(filepath.Base(file))
		if !ok || c.Name != filepath.Base(file) {
			continue // an alias
		}
		want := theirs(t, file)
		if want[""] == "" {
			continue // it has no settings, systemd says
		}
		all++
		r := Rate(c)
		have := ours(r)
		if have[""] == want[""] {
			equal++
		}
		reasons := map[string]bool{}
		for i := range r.Rows {
			row := &r.Rows[i]
			switch {
			case have[row.Name] == want[row.Name]:
			case reason(row) != "":
				reasons[reason(row)] = true
			case word(have[row.Name]) != word(want[row.Name]):
				t.Errorf("%s/%s: %s: systemd says %q, we %q (%s)", shown, c.Name, row.Name, want[row.Name], have[row.Name], row.Description)
			}
			if _, ok := want[row.Name]; !ok {
				t.Errorf("systemd has no row %s", row.Name)
			}
		}
		for text := range reasons {
			why[text]++
		}
		if len(reasons) == 0 && !maps.Equal(have, want) {
			t.Errorf("%s/%s: systemd says %s, we %s, without a reason in the rows", shown, c.Name, want[""], have[""])
		}
	}
	return all, equal
}

// word is what a row says without its part of the whole, which changes with the
// other rows.
func word(said string) string { return strings.TrimRight(said, "0123456789. ") }
