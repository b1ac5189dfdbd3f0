package compiler

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/internal/means"
)

// corpusUnits are the service, socket and target files of the corpus, with the
// drop-ins beside them.
func corpusUnits(t *testing.T, dir string) []unitFile {
	var out []unitFile
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name := d.Name()
		if base := filepath.Base(filepath.Dir(path)); strings.HasSuffix(base, ".d") {
			name = strings.TrimSuffix(base, ".d") // a drop-in, read as a unit of its own
		}
		switch filepath.Ext(name) {
		case ".service", ".socket", ".target":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			out = append(out, unitFile{name, string(text)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCorpus reads what distributions ship: nothing in it is unknown or
// invalid. What it counts shows which directives are worth the next work.
func TestCorpus(t *testing.T) {
	units := corpusUnits(t, means.Corpus(t))
	missing := map[string]int{}
	var services, clean, harmless int
	for _, f := range units {
		s, l := testSet(t, Options{}, f)
		for _, d := range l {
			switch d.Code {
			case "unknown-directive", "unknown-section", "wrong-section", "invalid-value", "unknown-specifier", "unknown-escape":
				t.Error(diagText(diag.List{d}))
			}
		}
		if !strings.HasSuffix(f.name, ".service") {
			continue
		}
		services++
		_, l2 := lowerOnly(s)
		names := unsupportedNames(l2)
		for _, n := range names {
			missing[n]++
		}
		switch {
		case len(names) == 0 && len(l2) == 0:
			clean++
		case len(names) == 0:
			harmless++
		}
	}
	t.Logf("%d units; of %d services, every directive is honoured in %d, honoured or harmless in %d more, %d wait for others",
		len(units), services, clean, harmless, services-clean-harmless)
	names := sortedKeys(missing)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(missing[b], missing[a]) })
	for _, n := range names[:min(25, len(names))] {
		t.Logf("%4d services wait for %s", missing[n], n)
	}
}

// lowerOnly lowers a decoded set and gives the diagnostics of that phase.
func lowerOnly(s *unitSet) (int, diag.List) {
	var l diag.List
	p, _ := s.lower(&l)
	return len(p.Units), l
}

// unsupportedNames are the directives, and values, that l says are missing.
func unsupportedNames(l diag.List) []string {
	var out []string
	for _, d := range l {
		if d.Code == "unsupported-directive" || d.Code == "unsupported-value" {
			name, _, _ := strings.Cut(d.Msg, "=")
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}
