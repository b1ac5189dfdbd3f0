package testscripts

import "testing"

// skipUnits has units with a condition that holds in no boot. The compiler knows
// that; what is behind them must run all the same, and in order.
var skipUnits = map[string]string{
	"default.target": "[Unit]\nWants=gate.target need.service bind.service requisite.service ordered.service leaf.service partof.service stopper.service\n",
	"gate.target": "[Unit]\nConditionArchitecture=!native\nWants=behind.service\nRequires=must.service\nOnFailure=never.service\n" +
		"OnSuccess=never.service\nUpholds=upheld.service\n",
	"behind.service":    "[Service]\nType=oneshot\nExecStart=log ran\n",
	"must.service":      "[Service]\nType=oneshot\nExecStart=log ran\n",
	"upheld.service":    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=log ran\n",
	"never.service":     "[Service]\nType=oneshot\nExecStart=log ran\n",
	"need.service":      "[Unit]\nRequires=gate.target\nAfter=gate.target\n[Service]\nType=oneshot\nExecStart=log ran\n",
	"bind.service":      "[Unit]\nBindsTo=gate.target\nAfter=gate.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=log ran\n",
	"requisite.service": "[Unit]\nRequisite=gate.target\nAfter=gate.target\n[Service]\nType=oneshot\nExecStart=log ran\n",
	"partof.service":    "[Unit]\nPartOf=gate.target\nAfter=gate.target\n[Service]\nType=oneshot\nExecStart=log ran\n",
	"leaf.service":      "[Unit]\nConditionArchitecture=!native\n[Service]\nType=oneshot\nExecStart=log ran\nPrivateNetwork=yes\n",
	"ordered.service":   "[Unit]\nAfter=skipped.service\nWants=skipped.service\n[Service]\nType=oneshot\nExecStart=chain ordered\n",
	"skipped.service": "[Unit]\nConditionArchitecture=!native\nAfter=slow.service\nWants=slow.service\n" +
		"[Service]\nType=oneshot\nExecStart=log ran\nExecStopPost=log post\n",
	"slow.service": "[Service]\nType=oneshot\nExecStart=/bin/sleep 0.3\nExecStart=chain slow\n",
	"stopper.service": "[Unit]\nAfter=need.service bind.service requisite.service ordered.service partof.service behind.service must.service upheld.service\n" +
		"[Service]\nType=oneshot\nExecStart=log reached\n",
}

// TestSkippedLikeSystemd: units that every boot skips make the difference that
// they make under systemd.
func TestSkippedLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return oracleFolderOf(t, skipUnits) })
	for name := range skipUnits {
		if theirs[name] != mine[name] {
			t.Errorf("%s: systemd left %q and we %q", name, theirs[name], mine[name])
		}
	}
	if theirs["chain"] != mine["chain"] || theirs["chain"] == "" {
		t.Errorf("order: systemd left %q and we %q", theirs["chain"], mine["chain"])
	}
	if theirs["behind.service"] == "" || theirs["bind.service"] != "" {
		t.Errorf("systemd ran %q, %q: the units show nothing", theirs["behind.service"], theirs["bind.service"])
	}
}
