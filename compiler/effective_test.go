package compiler

import (
	"strings"
	"testing"

	"rustysd/grammar"
)

// TestListKeys: what is said to add up is a directive. (A script could show a
// few of them only.)
func TestListKeys(t *testing.T) {
	others := " OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec OnCalendar " +
		"PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty " // of [Timer] and [Path]
	for _, key := range strings.Fields(listKeys + dependencyKeys) {
		if len(sectionsWith(key)) == 0 && !strings.Contains(others, " "+key+" ") {
			t.Errorf("%s is no directive", key)
		}
	}
}

// TestEffective: which assignments count in the end.
func TestEffective(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"Service Restart=no|Service Restart=always", "01"},
		{"Service Restart=no|Service Restart=", "10"},
		{"Service Environment=A=1|Service Environment=B=2", "11"},
		{"Service Environment=A=1|Service Environment=|Service Environment=B=2", "001"},
		{"Unit After=a.service|Unit After=", "11"},
		{"Unit ConditionHost=a|Unit ConditionUser=b|Unit ConditionUser=|Unit ConditionHost=c", "0001"},
		{"Unit AssertHost=a|Unit ConditionUser=", "10"},
		{"Service ExecStart=/a|Service ExecStart=|Service ExecStart=/b", "001"},
		{"Service CapabilityBoundingSet=CAP_KILL|Service CapabilityBoundingSet=", "01"},
		{"Service CapabilityBoundingSet=CAP_KILL|Service CapabilityBoundingSet=|Service CapabilityBoundingSet=CAP_CHOWN", "011"},
		{"Unit Description=a|Install Description=b", "11"},
	} {
		var list []setting
		for line := range strings.SplitSeq(c.lines, "|") {
			section, rest, _ := strings.Cut(line, " ")
			key, value, _ := strings.Cut(rest, "=")
			list = append(list, setting{section: section, key: key, value: grammar.NewValue(value, grammar.Pos{})})
		}
		got := ""
		for _, s := range effective(list) {
			got += map[bool]string{true: "1", false: "0"}[s.Effective]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.lines, got, c.want)
		}
	}
}
