package testscripts

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sys/unix"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// The archives of observed/ are units that write down what their commands see
// from inside, and what they must see:
//
//	-- NAME.service --     a unit; after [Service] it gets Type=oneshot, and
//	                       StandardOutput= to its log if it has none
//	-- files/PATH --       a file of the folder @DIR@
//	-- want/NAME --        the log of NAME.service
//	-- systemd/NAME --     that of systemd, where it differs on purpose; the
//	                       text at the head of the archive says why
//
// All units of all archives are booted at once: compiled without a root,
// compiled for the root that they run on, and by systemd. -update writes what
// is wanted from what systemd's units saw.

// observed is one archive.
type observed struct {
	path    string
	archive *txtar.Archive
}

// observedEnv is what the inits have in their environments.
var observedEnv = []string{"PASSED=from above", "PASSED_EMPTY=", "FROM_ABOVE=1"}

func readObserved(t *testing.T) []observed {
	t.Helper()
	paths, err := filepath.Glob("observed/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	var out []observed
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, observed{path, a})
	}
	return out
}

// observedFolder writes the units and files of all archives into a new folder.
func observedFolder(t *testing.T, all []observed) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "rustysd-oracle-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, d := range []string{"", "units", "log"} {
		_ = os.MkdirAll(filepath.Join(dir, d), 0o777)
		if err := os.Chmod(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	copyInto(t, filepath.Join(binDir, "probe"), filepath.Join(dir, "probe"))
	names := ""
	for _, o := range all {
		for _, f := range o.archive.Files {
			text := strings.ReplaceAll(string(f.Data), "@DIR@", dir)
			switch name, kind, _ := strings.Cut(f.Name, "."); {
			case kind == "service" && !strings.HasSuffix(name, "@"):
				names += " " + f.Name
				fallthrough
			case kind == "service", kind == "socket", kind == "slice", kind == "target":
				if exists(filepath.Join(dir, "units", f.Name)) {
					t.Fatalf("%s: %s is in two archives", o.path, f.Name)
				}
				head := "[Service]\nType=oneshot\n"
				if !strings.Contains(text, "\nStandardOutput=") {
					head += "StandardOutput=append:" + dir + "/log/" + name + "\n"
				}
				text = strings.Replace(text, "[Service]\n", head, 1)
				write(t, filepath.Join(dir, "units", f.Name), text)
			case strings.HasPrefix(f.Name, "files/"):
				write(t, filepath.Join(dir, strings.TrimPrefix(f.Name, "files/")), text)
			}
		}
	}
	write(t, filepath.Join(dir, "units", "default.target"), "[Unit]\nWants=stopper.service"+names+"\n")
	write(t, filepath.Join(dir, "units", "stopper.service"),
		"[Unit]\nAfter="+names+"\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo end >"+dir+"/log/stopper.service'\n")
	return dir
}

// observedLog is a log without what differs from run to run.
func observedLog(dir, text string) string {
	text = strings.ReplaceAll(text, dir, "@DIR@")
	text = observedID.ReplaceAllString(text, "${1}INVOCATION")
	text = observedSets.ReplaceAllStringFunc(text, func(line string) string {
		at := strings.LastIndexByte(line, '\t') + 1
		set, _ := strconv.ParseUint(line[at:], 16, 64)
		if strings.HasPrefix(line, "Cap") {
			set &^= 1 << unix.CAP_SYS_RESOURCE // not every machine's root has it
		} else {
			set &^= 1<<(32-1) | 1<<(33-1) // the C library's own: make(1) ignores them, and systemd cannot reset them
		}
		return fmt.Sprintf("%s%016x", line[:at], set)
	})
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// observedSets are sets of capabilities and of ignored signals.
var observedSets = regexp.MustCompile(`(?m)^(?:Cap\w+|SigIgn):\t[0-9a-f]{16}$`)

var observedID = regexp.MustCompile(`\b(INVOCATION_ID=)[0-9a-f]{32}\b`)

// TestObserved runs the units compiled, with the root's users unknown and known.
func TestObserved(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds and boots")
	}
	means.Root(t)
	all := readObserved(t)
	for _, flags := range [][]string{nil, {"--root", "/"}} {
		dir := observedFolder(t, all)
		compileUnits(t, dir, flags...)
		logs := oracleRun(t, dir, sandbox.Options{Init: "/bin/sh", Args: []string{"-c", overlay(dir) + "exec " + dir + "/init"},
			Env: append([]string{oraclePath}, observedEnv...)})
		compareObserved(t, strings.Join(append([]string{"compiled"}, flags...), " "), dir, all, logs, "want/")
	}
}

// TestObservedLikeSystemd runs the same units by systemd.
func TestObservedLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath)
	all := readObserved(t)
	dir := observedFolder(t, all)
	logs := oracleSystemd(t, dir, "", observedEnv)
	if *update {
		updateObserved(t, dir, all, logs)
		return
	}
	compareObserved(t, "systemd", dir, all, logs, "systemd/", "want/")
}

// compareObserved compares the logs with what is wanted: the first of the
// folders that has an expectation has it.
func compareObserved(t *testing.T, who, dir string, all []observed, logs map[string]string, folders ...string) {
	t.Helper()
	for _, o := range all {
		for _, f := range o.archive.Files {
			name, isUnit := strings.CutSuffix(f.Name, ".service")
			if !isUnit || strings.HasSuffix(name, "@") {
				continue
			}
			want := ""
			for _, folder := range folders {
				if n := slices.IndexFunc(o.archive.Files, func(f txtar.File) bool { return f.Name == folder+name }); n >= 0 {
					want = string(o.archive.Files[n].Data)
					break
				}
			}
			if got := observedLog(dir, logs[name]); got != want {
				t.Errorf("%s, %s: %s%s", o.path, f.Name, diff.Diff("wanted", []byte(want), who, []byte(got)), consoleOf(logs, name))
			}
		}
	}
}

// updateObserved writes what systemd's units saw into the archives.
func updateObserved(t *testing.T, dir string, all []observed, logs map[string]string) {
	t.Helper()
	for _, o := range all {
		files := o.archive.Files
		special := map[string]bool{}
		for _, f := range files {
			if name, ok := strings.CutPrefix(f.Name, "systemd/"); ok {
				special[name] = true
			}
		}
		var out []txtar.File
		for _, f := range files {
			if name, ok := strings.CutPrefix(f.Name, "want/"); ok && !special[name] {
				continue
			}
			out = append(out, f)
		}
		for _, f := range files {
			name, isUnit := strings.CutSuffix(f.Name, ".service")
			if text := observedLog(dir, logs[name]); isUnit && text != "" && !special[name] {
				out = append(out, txtar.File{Name: "want/" + name, Data: []byte(text)})
			}
		}
		write(t, o.path, string(txtar.Format(&txtar.Archive{Comment: o.archive.Comment, Files: out})))
	}
}
