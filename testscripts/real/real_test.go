package real

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rustysd/internal/means"
)

// unitDir is where Debian's packages put their units.
const unitDir = "/lib/systemd/system"

// talk is a client that says one thing to a port of this machine and prints
// what it hears within two seconds.
func talk(port int, words string) string {
	return fmt.Sprintf(`exec 3<>/dev/tcp/127.0.0.1/%d; printf '%s\n' >&3; timeout 2 cat <&3 || true`, port, words)
}

// TestMain becomes the init's stage when it is asked to.
func TestMain(m *testing.M) {
	stage()
	os.Exit(m.Run())
}

// TestServe boots each image and asks every daemon.
func TestServe(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it boots daemons")
	}
	means.Root(t)
	means.Programs(t, "nsenter", "bash", "timeout")
	bin := t.TempDir()
	means.Build(t, bin, "rustysd-compile")
	served, of := 0, 0
	var allowed []string
	for i := range images {
		im := &images[i]
		if !im.everywhere && os.Getenv("RUSTYSD_REAL") == "" {
			continue
		}
		of += len(im.daemons)
		allowed = append(allowed, im.allow...)
		t.Run(im.name, func(t *testing.T) { served += im.serve(t, filepath.Join(bin, "rustysd-compile")) })
	}
	slices.Sort(allowed)
	t.Logf("served %d of %d", served, of)
	t.Logf("%d directives not honoured and allowed by name: %s", len(slices.Compact(allowed)), strings.Join(slices.Compact(allowed), " "))
}

// serve boots an image, and is the number of daemons that have answered.
func (im *image) serve(t *testing.T, compiler string) (served int) {
	dir := t.TempDir()
	units := im.copyUnits(t, dir)
	init := im.compile(t, compiler, dir, units)
	m := im.boot(t, dir, init)
	for _, d := range im.daemons {
		if out, ok := m.ask(d.client, d.answer); ok {
			t.Logf("%-13s serves: %.100s", d.name, firstLine(out, d.answer))
			served++
			m.checkConfined(t, units, d.units)
		} else {
			t.Errorf("%s does not answer %q with %q, but:\n%s", d.name, d.client, d.answer, out)
		}
	}
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
	return served
}

// copyUnits makes a folder with exactly the units of the packages, byte for
// byte. (All of the machine's units are more than an image for these few
// wants.)
func (im *image) copyUnits(t *testing.T, dir string) string {
	t.Helper()
	units := filepath.Join(dir, "units")
	wants := filepath.Join(units, "multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range im.daemons {
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
		for _, name := range d.wanted {
			if err := os.Symlink("../"+name, filepath.Join(wants, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return units
}

// compile makes the init, and shows what the compiler says.
func (im *image) compile(t *testing.T, compiler, dir, units string) string {
	t.Helper()
	init := filepath.Join(dir, "init")
	args := []string{"--root", "/", "--target", "multi-user.target", units, "-o", init}
	if len(im.allow) > 0 {
		args = append(args, "--allow-unsupported", strings.Join(im.allow, ","))
	}
	out, err := exec.Command(compiler, args...).CombinedOutput()
	t.Logf("rustysd-compile:\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range im.allow {
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

// held are what the kernel says of a confined process, by a directive that its
// unit has: a line of /proc/PID/status, or that its mounts are its own.
var held = [...]struct{ directive, key, want string }{
	{"SystemCallFilter=", "Seccomp", "2"}, {"MemoryDenyWriteExecute=", "Seccomp", "2"}, {"RestrictAddressFamilies=", "Seccomp", "2"},
	{"ProtectSystem=", "mounts", "own"}, {"PrivateTmp=", "mounts", "own"}, {"PrivateUsers=", "users", "own"},
}

// checkConfined demands of the main processes of units what their files ask
// for. (What a daemon does to itself afterwards only takes more away.)
func (m *machine) checkConfined(t *testing.T, dir string, units []string) {
	t.Helper()
	const look = `pid=$(exec -a systemctl /proc/1/exe show -p MainPID --value %s); test "$pid" -gt 0 || exit 0
grep -E '^(Seccomp|NoNewPrivs|CapBnd):' /proc/$pid/status
for ns in mnt:mounts user:users; do test $(readlink /proc/$pid/ns/${ns%%%%:*}) = $(readlink /proc/1/ns/${ns%%%%:*}) || echo ${ns##*:}: own; done`
	for _, unit := range units {
		if !strings.HasSuffix(unit, ".service") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, unit))
		if err != nil {
			t.Fatal(err)
		}
		said, ok := m.ask(fmt.Sprintf(look, unit), "")
		facts := map[string]string{}
		for line := range strings.Lines(said) {
			key, value, _ := strings.Cut(line, ":")
			facts[key] = strings.TrimSpace(value)
		}
		if !ok || len(facts) == 0 {
			continue // nothing that stays
		}
		t.Logf("%-13s has %v", "", facts)
		for _, h := range held {
			if asksFor(string(text), h.directive) && facts[h.key] != h.want {
				t.Errorf("%s has %s, and its process %v", unit, h.directive, facts)
			}
		}
	}
}

// asksFor says whether a unit has the directive, and not to turn it off.
func asksFor(text, directive string) bool {
	for line := range strings.Lines(text) {
		value, ok := strings.CutPrefix(strings.TrimSpace(line), directive)
		if ok && value != "" && value != "no" && value != "false" && value != "off" {
			return true
		}
	}
	return false
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
