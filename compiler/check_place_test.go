package compiler

import (
	"strings"
	"testing"

	"rustysd/compiler/diag"
)

// TestPlaceTable: each row is about directives that there are, says why, and,
// unless the init does without, what to do.
func TestPlaceTable(t *testing.T) {
	for i := range placeTable {
		row := &placeTable[i]
		for _, name := range strings.Fields(row.names) {
			if len(sectionsWith(name)) == 0 {
				t.Errorf("there is no directive %s", name)
			}
		}
		if row.reason == "" || row.hint == "" && row.severity > diag.Note || row.where == 0 {
			t.Errorf("%s: the row lacks a reason, a hint, or a place", row.names)
		}
	}
}

// TestPlaceRules tries values on both sides of each rule.
func TestPlaceRules(t *testing.T) {
	for _, c := range []struct {
		place, setting string
		told           bool
	}{
		{"docker", "LimitNOFILE=1048576", false},
		{"docker", "LimitNOFILE=1048577", true},
		{"docker", "LimitNOFILE=2097152:1024", false},
		{"docker", "LimitMEMLOCK=8M", false},
		{"docker", "LimitMEMLOCK=9M", true},
		{"docker", "LimitRTPRIO=0", false},
		{"docker", "LimitRTPRIO=1", true},
		{"docker", "OOMScoreAdjust=100", false},
		{"docker", "OOMScoreAdjust=-100", true},
		{"vm", "OOMScoreAdjust=-100", false},
		{"docker", "CPUSchedulingPolicy=batch", false},
		{"podman", "CPUSchedulingPolicy=fifo", true},
		{"board", "CPUSchedulingPolicy=fifo", false},
		{"docker", "IOSchedulingClass=idle", false},
		{"docker", "IOSchedulingClass=1", true},
		{"docker", "TTYPath=/dev/console", false},
		{"docker", "TTYPath=/dev/tty1", true},
		{"docker", "User=web", false},
		{"docker", "DynamicUser=yes", true},
		{"vm", "DynamicUser=yes", false},
		{"docker", "RootDirectory=/srv/root", true},
		{"docker", "RootDirectory=/srv/root\nMountAPIVFS=no", false},
		{"podman", "RootDirectory=/", false},
		{"docker", "PrivateTmp=yes\nPrivateTmp=no", false},
		{"docker", "PrivateTmp=yes\nPrivateTmp=", true},
		{"docker", "BindPaths=/a:/b\nBindPaths=", false},
		{"kubernetes-restricted", "User=web", true},
		{"kubernetes-restricted", "User=web\nUser=", false},
		{"kubernetes-restricted", "StateDirectory=web", true},
	} {
		s, _ := testSet(t, Options{Place: c.place}, unitFile{"a.service", "[Service]\nExecStart=/bin/a\n" + c.setting + "\n"})
		var l diag.List
		s.lower(&diag.List{})
		s.checkPlaceUnits(placeOf(c.place), &l)
		if got := hasCode(l, "profile-refuses"); got != c.told {
			t.Errorf("%s, %q: told %v\n%s", c.place, c.setting, got, diagText(l))
		}
	}
}

// TestBeyond reads sets of capabilities.
func TestBeyond(t *testing.T) {
	ask := beyond("net_bind_service chown")
	for text, want := range map[string]bool{
		"CAP_NET_BIND_SERVICE": false, "cap_chown CAP_NET_BIND_SERVICE": false,
		"CAP_SYS_ADMIN": true, "CAP_CHOWN CAP_SYS_TIME": true, "~CAP_CHOWN": true,
	} {
		if got := ask(nil, text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
