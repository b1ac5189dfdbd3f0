package testscripts

import (
	"path/filepath"
	"strings"
	"testing"
)

// specifiers are all of systemd.unit(5) that systemd 252 knows; newer is %D.
const specifiers = "aAbBCdEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY"

// specifierUnits write what each of them stands for, in units with names that
// make a difference.
func specifierUnits() map[string]string {
	var words strings.Builder
	for _, c := range specifiers {
		words.WriteString(" " + string(c) + "=%" + string(c))
	}
	text := "[Service]\nType=oneshot\nExecStart=log" + words.String() + " %%\n"
	names := []string{`spec@x-y\x2dz.service`, "spec-a-b@i.service", "spec-a.service", `tmp-d\x2de.service`}
	units := map[string]string{
		"spec@.service": text, "spec-a-b@.service": text, "spec-a.service": text, `tmp-d\x2de.service`: text,
		"stopper.service": "[Unit]\nAfter=" + strings.Join(names, " ") + "\n[Service]\nType=oneshot\nExecStart=log done\n",
	}
	units["default.target"] = "[Unit]\nWants=stopper.service " + strings.Join(names, " ") + "\n"
	return units
}

// TestSpecifiersLikeSystemd: each specifier stands for what it does in systemd, be
// it known when the image is built or when it boots.
func TestSpecifiersLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return oracleFolderOf(t, specifierUnits()) })
	n := 0
	for name, text := range theirs {
		if !strings.HasPrefix(name, "spec") && !strings.HasPrefix(name, "tmp") {
			continue
		}
		a, b := specifierValues(text), specifierValues(mine[name])
		for i := range min(len(a), len(b)) {
			if n++; a[i] != b[i] {
				t.Errorf("%s: %s is %s in systemd", name, b[i], a[i])
			}
		}
		if len(a) != len(b) || len(a) != len(specifiers)+1 {
			t.Errorf("%s: systemd left\n%sand we\n%s", name, text, mine[name])
		}
	}
	t.Logf("%d values", n)
}

// specifierValues are the words of a text, without the folder of the test: the
// image knows the units' folder by its last name only.
func specifierValues(text string) []string {
	words := strings.Fields(text)
	for i, w := range words {
		if name, value, _ := strings.Cut(w, "="); strings.EqualFold(name, "y") {
			dir := value
			if name == "y" {
				dir = filepath.Dir(value)
			}
			words[i] = name + "=" + filepath.Base(dir) + strings.TrimPrefix(value, dir)
		}
	}
	return words
}
