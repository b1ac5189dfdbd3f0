package real

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rustysd/testscripts/internal/means"
)

// daemons are what is booted. Each unit file is the package's own.
var daemons = [...]struct {
	name  string
	units []string // file names in Debian's unit folder
	// client asks the daemon something; its output must hold answer.
	client string
	answer string
}{
	{"nginx", []string{"nginx.service"}, "curl -sS --max-time 5 http://127.0.0.1/", "Welcome to nginx!"},
	{"redis", []string{"redis-server.service"}, "redis-cli ping", "PONG"},
	{"memcached", []string{"memcached.service"}, `exec 3<>/dev/tcp/127.0.0.1/11211; printf 'version\r\n' >&3; read -t 5 -r v <&3; echo "$v"`, "VERSION 1."},
	{"dbus", []string{"dbus.service", "dbus.socket"},
		"dbus-send --system --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.ListNames", `string "org.freedesktop.DBus"`},
	{"rsyslog", []string{"rsyslog.service", "syslog.socket"},
		"logger -u /dev/log from-the-client; for i in $(seq 50); do grep -h from-the-client /var/log/syslog && break; sleep 0.1; done", "from-the-client"},
}

// unitDir is where Debian's packages put their units.
const unitDir = "/lib/systemd/system"

// unsupported are directives of these units that the init does not honour yet;
// the test prints them. A directive that it has learned must leave this list.
var unsupported = []string{"PrivateDevices", "PrivateUsers", "ProtectProc", "RemoveIPC"}

// TestMain becomes the init's stage when it is asked to.
func TestMain(m *testing.M) {
	stage()
	os.Exit(m.Run())
}

func TestServe(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it boots five daemons")
	}
	means.Root(t)
	means.Programs(t, "curl", "redis-cli", "dbus-send", "logger", "nsenter", "bash")
	dir := t.TempDir()
	units := copyUnits(t, dir)
	init := compile(t, dir, units)
	m := boot(t, dir, init)
	served := 0
	for _, d := range daemons {
		if out, ok := m.ask(d.client, d.answer); ok {
			t.Logf("%-10s serves: %s", d.name, firstLine(out, d.answer))
			served++
		} else {
			t.Errorf("%s does not answer %q with %q, but:\n%s", d.name, d.client, d.answer, out)
		}
	}
	t.Logf("served %d of %d", served, len(daemons))
	t.Logf("not honoured, each allowed by name: %s", strings.Join(unsupported, " "))
	from := time.Now()
	status := m.stop()
	t.Logf("stopped in %v with %s", time.Since(from).Round(time.Millisecond), status)
	if status.ExitCode() != 0 {
		t.Errorf("the init ended with %s", status)
	}
	if strings.Contains(m.output(), "timed out") {
		t.Error("a daemon did not stop by itself")
	}
	t.Logf("the init printed:\n%s", m.output())
}

// copyUnits makes a folder with exactly the units of the packages, byte for
// byte. (All of the machine's units are more than an image for these five
// wants.)
func copyUnits(t *testing.T, dir string) string {
	t.Helper()
	units := filepath.Join(dir, "units")
	if err := os.Mkdir(units, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range daemons {
		for _, name := range d.units {
			means.Files(t, filepath.Join(unitDir, name))
			text, err := os.ReadFile(filepath.Join(unitDir, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(units, name), text, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	// dbus.service has no [Install] section: the package enables it by links.
	wants := filepath.Join(units, "multi-user.target.wants")
	if err := os.Mkdir(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../dbus.service", filepath.Join(wants, "dbus.service")); err != nil {
		t.Fatal(err)
	}
	return units
}

// compile makes the init, and shows what the compiler says.
func compile(t *testing.T, dir, units string) string {
	t.Helper()
	means.Build(t, dir, "rustysd-compile")
	init := filepath.Join(dir, "init")
	args := []string{"--root", "/", "--target", "multi-user.target", units, "-o", init}
	if len(unsupported) > 0 {
		args = append(args, "--allow-unsupported", strings.Join(unsupported, ","))
	}
	out, err := exec.Command(filepath.Join(dir, "rustysd-compile"), args...).CombinedOutput()
	t.Logf("rustysd-compile:\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range unsupported {
		if !bytes.Contains(out, []byte(" "+name+"= is not supported")) {
			t.Errorf("%s= is honoured now, or no unit has it: take it off the list", name)
		}
	}
	return init
}

// ask runs a client in the namespaces of the init until it is answered: the
// daemons may still be starting.
func (m *machine) ask(client, answer string) (out string, ok bool) {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		cmd := exec.Command("timeout", "10", "nsenter", "--target", strconv.Itoa(m.cmd.Process.Pid), "--mount", "--net", "--pid", "--ipc",
			"bash", "-c", client)
		text, err := cmd.CombinedOutput()
		if err == nil && bytes.Contains(text, []byte(answer)) {
			return string(text), true
		}
		if time.Now().After(deadline) {
			return string(text), false
		}
	}
}

// firstLine is the first line of out that holds text.
func firstLine(out, text string) string {
	for s := bufio.NewScanner(strings.NewReader(out)); s.Scan(); {
		if strings.Contains(s.Text(), text) {
			return strings.TrimSpace(s.Text())
		}
	}
	return ""
}
