package compiler

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/internal/means"
)

// TestSystemUnits checks all that systemd and the packages of this machine
// ship, and all of the corpus, as folders: none is unknown, and none ends the
// compiler. It prints how far the units get, and what stands in the way.
func TestSystemUnits(t *testing.T) {
	dirs := map[string][]string{"systemd's": {"/lib/systemd/system"}}
	means.Files(t, dirs["systemd's"]...)
	if corpus := means.FindCorpus(t); corpus != "" {
		dirs["the corpus's"] = unitFolders(t, corpus)
	}
	for _, whose := range sortedKeys(dirs) {
		total, allDone, harmlessOnly := 0, 0, 0
		waits := map[string]int{}
		for _, dir := range dirs[whose] {
			all, _ := compileTo(Options{UnitDirs: []string{dir}}, "") // together: it must come to an end
			for _, f := range unitTexts(t, dir) {
				u, l := readAlone(t, all, f)
				total++
				checkKnown(t, l)
				names, left := u.waitsFor(l)
				for _, n := range names {
					waits[n]++
				}
				switch {
				case len(names) > 0:
				case left:
					harmlessOnly++
				default:
					allDone++
				}
			}
		}
		if total < 100 {
			t.Errorf("%s: only %d units", whose, total)
		}
		t.Logf("%s units: %d; every directive is honoured in %d, honoured or harmless in %d more, %d wait", whose, total, allDone, harmlessOnly,
			total-allDone-harmlessOnly)
		names := sortedKeys(waits)
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(waits[b], waits[a]) })
		for _, n := range names[:min(20, len(names))] {
			t.Logf("%4d wait for %s", waits[n], n)
		}
	}
}

// unitFolders are the folders in a tree that have unit files in them.
func unitFolders(t *testing.T, root string) (dirs []string) {
	seen := map[string]bool{}
	filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if dir := filepath.Dir(path); err == nil && d.Type().IsRegular() && isUnitName(d.Name()) && !seen[dir] {
			seen[dir] = true
			dirs = append(dirs, dir)
		}
		return nil
	})
	return dirs
}

// readAlone reads a unit without regard to whether an image may have it. Types
// that only a whole compilation knows come from all.
func readAlone(t *testing.T, all *unitSet, f unitFile) (*unit, diag.List) {
	switch splitName(f.name).suffix {
	case "service", "socket", "target":
		s, l := testSet(t, Options{}, f)
		return s.units[0], l
	}
	u := all.byName[f.name]
	return u, u.said()
}

// unitTexts are the unit files of a folder. A link is not one, also where the
// corpus has stored it as a file of one line.
func unitTexts(t *testing.T, dir string) (out []unitFile) {
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		if !e.Type().IsRegular() || !isUnitName(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		if strings.Contains(string(text), "\n") {
			out = append(out, unitFile{e.Name(), string(text)})
		}
	}
	return out
}

// checkKnown wants nothing of a unit to be unknown or invalid.
func checkKnown(t *testing.T, l diag.List) {
	for _, d := range l {
		switch d.Code {
		case "unknown-directive", "unknown-section", "wrong-section", "invalid-value", "unknown-specifier", "unknown-escape", "syntax", "unreadable-file":
			t.Error(diagText(diag.List{d}))
		}
	}
}

// waitsFor are the directives of a unit that are not honoured yet, and the type
// of a unit that is not built; left says whether harmless ones are there.
func (u *unit) waitsFor(l diag.List) (names []string, left bool) {
	if u.foreign != "" {
		names = append(names, u.foreign+" units")
	}
	for _, name := range sortedKeys(u.common.unhonoured) {
		if level := u.common.unhonoured[name].d.level; level >= unsupported {
			names = append(names, name)
		} else {
			left = true
		}
	}
	for _, d := range l {
		if d.Code == "unsupported-value" || d.Code == "unsupported-specifier" {
			name, _, _ := strings.Cut(d.Msg, "=")
			names = append(names, name+" (a value)")
		}
	}
	return names, left
}
