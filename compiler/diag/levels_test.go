package diag

import (
	"strings"
	"testing"
)

// TestLevels applies each kind of rule to each severity.
func TestLevels(t *testing.T) {
	known := func(c Code) bool { return c == "slow" || c == "no-target" }
	for _, c := range []struct{ rules, want string }{
		{"", "slow:note slow:warning slow:error no-target:note"},
		{"slow", "slow:note slow:warning slow:error no-target:note"},
		{"no-slow", "slow:error no-target:note"},
		{"error=slow", "slow:error slow:error slow:error no-target:note"},
		{"no-slow slow", "slow:note slow:warning slow:error no-target:note"},
		{"no-no-target", "slow:note slow:warning slow:error"},
		{"error=no-target no-slow", "slow:error no-target:error"},
	} {
		var v Levels
		for _, r := range strings.Fields(c.rules) {
			if code, ok := v.Set(r, known); !ok {
				t.Errorf("%s: %s is unknown", r, code)
			}
		}
		l := List{{Code: "slow"}, {Code: "slow", Severity: Warning}, {Code: "slow", Severity: Error}, {Code: "no-target"}}
		var got []string
		for _, d := range v.Apply(l) {
			got = append(got, string(d.Code)+":"+d.Severity.String())
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%q gives %s, want %s", c.rules, text, c.want)
		}
	}
	var v Levels
	for _, bad := range []string{"fast", "no-fast", "error=", "error=no-slow"} {
		if _, ok := v.Set(bad, known); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}
