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

	"rustysd/testscripts/internal/means"
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
	t.Logf("not honoured, allowed by name: %s", strings.Join(slices.Compact(allowed), " "))
}

// serve boots an image, and is the number of daemons that have answered.
func (im *image) serve(t *testing.T, compiler string) (served int) {
	dir := t.TempDir()
	units := im.copyUnits(t, dir)
	init := im.compile(t, compiler, dir, units)
	m := im.boot(t, dir, init)
	for _, d := range im.daemons {
		if out, ok := m.ask(d.client, d.answer); ok {
			t.Logf("%-13s serves: %s", d.name, firstLine(out, d.answer))
			served++
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

// firstLine is the first line of out that holds text.
func firstLine(out, text string) string {
	for s := bufio.NewScanner(strings.NewReader(out)); s.Scan(); {
		if strings.Contains(s.Text(), text) {
			return strings.TrimSpace(s.Text())
		}
	}
	return ""
}
