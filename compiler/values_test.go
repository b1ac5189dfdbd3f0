package compiler

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

// readLines reads assignments to a section, each on a line of its own, and
// gives what was said about each line but notes. A script could not ask for a
// hundred thousand of them.
func readLines(section string, lines []string) map[int]string {
	name := "t." + strings.ToLower(section)
	switch section {
	case "Unit", "Install":
		name = "t.target"
	}
	text := "[" + section + "]\n" + strings.Join(lines, "\n") + "\n"
	s := &unitSet{byName: map[string]*unit{}}
	u := &unit{name: name, fragment: name, pos: grammar.Pos{File: name, Line: 1, Col: 1}}
	switch section {
	case "Service":
		u.kind = plan.KindService
	case "Socket":
		u.kind = plan.KindSocket
	case "Unit", "Install":
	default:
		u.foreign = strings.ToLower(section)
	}
	for _, sec := range grammar.ParseFile(name, text).Sections {
		for _, a := range sec.Assignments {
			u.settings = append(u.settings, setting{sec.Name, a.Key, a.Value, a.Pos, a.KeyEnd, sec})
		}
	}
	s.units, s.byName[name] = []*unit{u}, u
	var l diag.List
	s.decode(u, &l)
	said := map[int]string{}
	for _, d := range l {
		if d.Severity != diag.Note {
			said[d.Pos.Line] += d.Severity.String() + ": " + d.Msg + " [" + string(d.Code) + "] "
		}
	}
	return said
}

// sample is a value of a type of value, and whether it belongs to it.
type sample struct {
	text string
	good bool
}

// samples are those of a type, an empty value last.
func (v *valueType) samples() (out []sample) {
	for _, list := range [...]sample{{v.takes, true}, {v.refuses, false}} {
		for text := range strings.SplitSeq(list.text, "|") {
			if text != "" {
				out = append(out, sample{text, list.good})
			}
		}
	}
	return append(out, sample{"", !v.keeps})
}

// TestValueTypes holds the decoder of every row to the type of its value.
func TestValueTypes(t *testing.T) {
	tried := 0
	for section, rows := range table {
		var lines []string
		var want []sample
		for name, d := range rows {
			for _, s := range d.value.samples() {
				if strings.HasPrefix(name, "Assert") || strings.HasPrefix(name, "Exec") && s.text == "" {
					continue
				}
				lines, want = append(lines, name+"="+s.text), append(want, s)
			}
		}
		said := readLines(section, lines)
		for i, s := range want {
			tried++
			if got := said[i+2] == ""; got != s.good {
				t.Errorf("[%s] %s: taken %v, want %v; %s", section, lines[i], got, s.good, said[i+2])
			}
		}
	}
	t.Logf("%d values", tried)
}

// TestTypesAreUsed finds names in the tables of types and versions that no row
// has.
func TestTypesAreUsed(t *testing.T) {
	exists := func(name string) bool {
		if section, key, both := strings.Cut(name, "."); both {
			return table[section][key] != nil
		}
		return len(sectionsWith(name)) > 0
	}
	for name := range valueNames {
		if !exists(name) {
			t.Errorf("there is no row for %s, which has a type", name)
		}
	}
	for name, version := range sinceNames {
		if !exists(name) {
			t.Errorf("there is no row for %s of version %d", name, version)
		}
	}
}

// beyondOracle are values about which the compiler and systemd 252 differ, with
// the reason.
var beyondOracle = map[string]string{
	"PrivateMounts=":                   "since 254 it can be unset",
	"MemoryPressureWatch=":             "257 says that it is no value, and then leaves the default, as an empty one should",
	"SocketBindAllow=0":                "257 takes it as a port, 252 does not",
	"SocketBindDeny=0":                 "257 takes it as a port, 252 does not",
	"ListenStream=vsock-stream:2:80":   "257 takes it, 252 does not",
	"ListenDatagram=vsock-stream:2:80": "257 takes it, 252 does not",
	"ListenFIFO=/dev/null":             "257 wants none below /dev, 252 does not mind",
	"ListenUSBFunction=/dev/null":      "257 wants none below /dev, 252 does not mind",
}

// advice is what systemd says about names of old, and takes them.
var advice = regexp.MustCompile(`Unit uses \w+=; please [^;]* will be removed soon\.; |Unit dependency type [^;]*; |` +
	`Support for option \w+= has been removed and it is ignored; |PIDFile= references a path below legacy directory [^;]*; please [^;]*; `)

// oracleUnit is a unit for systemd to read: its lines from the second on are
// assignments of the given values.
type oracleUnit struct {
	file, text string
	lines      []string
	want       []sample
}

// TestValueTypesOracle wants systemd to take and to refuse the same values.
// What the sections share is asked about in [Service] alone.
func TestValueTypesOracle(t *testing.T) {
	needs := map[string]string{"Service": "ExecStart=/bin/true", "Socket": "ListenStream=/run/t", "Timer": "OnBootSec=1",
		"Path": "PathExists=/t", "Mount": "What=tmpfs\nWhere=/t", "Automount": "Where=/t", "Swap": "What=/t"}
	var units []oracleUnit
	for _, section := range sortedKeys(table) {
		if section == "Install" || section == "Scope" {
			continue // not read there
		}
		for _, name := range directiveNames[section] {
			d := table[section][name]
			if section != "Service" && table["Service"][name] != nil && table["Service"][name].man == d.man || strings.HasPrefix(name, "Assert") ||
				name == "What" || name == "Where" {
				continue
			}
			ending := strings.ToLower(section)
			if section == "Unit" {
				ending = "target"
			}
			u := oracleUnit{file: name + "." + ending}
			for _, s := range d.value.samples() {
				if !(strings.HasPrefix(name, "Exec") && s.text == "") {
					u.lines, u.want = append(u.lines, name+"="+s.text), append(u.want, s)
				}
			}
			need := needs[section]
			if name == "ExecStart" {
				need = "Type=oneshot"
			}
			u.text = "[" + section + "]\n" + strings.Join(u.lines, "\n") + "\n" + need + "\n"
			units = append(units, u)
		}
	}
	// A value may end the reading of its file: those are asked about one by one.
	said := askOracle(t, units)
	var single []oracleUnit
	tried := 0
	for _, u := range units {
		if said[u.file] == "" || len(u.want) == 1 {
			tried += u.compare(t, said)
			continue
		}
		for i := range u.lines {
			one := oracleUnit{file: fmt.Sprint(i, "-", u.file), lines: u.lines[i : i+1], want: u.want[i : i+1]}
			head, tail, _ := strings.Cut(u.text, "\n"+strings.Join(u.lines, "\n")+"\n")
			one.text = head + "\n" + one.lines[0] + "\n" + tail
			single = append(single, one)
		}
	}
	said = askOracle(t, single)
	for _, u := range single {
		tried += u.compare(t, said)
	}
	t.Logf("%d values", tried)
}

// compare holds what systemd said about a unit against what is wanted.
func (u *oracleUnit) compare(t *testing.T, said map[string]string) (tried int) {
	for i, s := range u.want {
		about := said[u.file+":"+strconv.Itoa(i+2)]
		if len(u.want) == 1 && !badName(u.file) {
			about += said[u.file]
		}
		if strings.Contains(about, "Unknown key") {
			return 0 // newer than this systemd
		}
		refused := advice.ReplaceAllString(about, "") != ""
		if why := beyondOracle[u.lines[i]]; why == "" && refused == s.good {
			t.Errorf("%s in %s: refused by systemd %v, taken here %v; %s", u.lines[i], u.file, refused, s.good, about)
		}
		tried++
	}
	return tried
}

// badName says whether systemd refuses the file for its name alone.
func badName(file string) bool {
	return strings.HasSuffix(file, "mount") || strings.HasSuffix(file, ".swap")
}

// askOracle is what systemd says about the lines of the units, by file:line, and
// about units that it refuses as a whole, by file.
func askOracle(t *testing.T, units []oracleUnit) map[string]string {
	dir := t.TempDir()
	var names []string
	for _, u := range units {
		must(t, os.WriteFile(filepath.Join(dir, u.file), []byte(u.text), 0o666))
		names = append(names, filepath.Join(dir, u.file))
	}
	out := systemdVerify(t, dir, names)
	said := map[string]string{}
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, dir+"/"); ok {
			if at, msg, ok := strings.Cut(rest, ": "); ok {
				said[at] += msg + "; "
			}
		} else if rest, ok := strings.CutPrefix(line, "Unit "); ok {
			name, msg, _ := strings.Cut(rest, " ")
			if strings.HasPrefix(msg, "failed to load properly") || strings.HasPrefix(msg, "has a bad unit") {
				said[name] = msg
			}
		}
	}
	if len(said) == 0 {
		means.Missing(t, fmt.Sprintf("a systemd-analyze that verifies: %.500s", out))
	}
	return said
}
