package runtime

import (
	"os"
	"path/filepath"
	"testing"

	"rustysd/runtime/plan"
)

// TestConditionsOfKernelFiles gives what this machine's kernel does not say:
// pressure, firmware and encrypted devices, in files like its own.
func TestConditionsOfKernelFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"memory": "some avg10=30.00 avg60=2.50 avg300=0.00 total=1\nfull avg10=10.00 avg60=1.05 avg300=0.00 total=1\n",
		"cpu":    "some avg10=30.00 avg60=2.50 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"io":     "some avg10=30.00 avg60=2.50 avg300=0.00 total=1\n",
		"vendor": "A maker\n", "compatible": "arm,virt\x00linux,dummy-virt\x00",
		"dev/slaves/dm-0/dm/uuid": "LVM-x\n", "dev/slaves/dm-0/slaves/dm-1/dm/uuid": "CRYPT-LUKS2-x\n",
		"two/slaves/a/dm/uuid": "CRYPT-x\n", "two/slaves/b/dm/uuid": "LVM-x\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pressure := func(file, average string, limit uint64) plan.Condition {
		return plan.Condition{Kind: plan.ConditionPressure, Param: dir + "/" + file, Number: limit, Terms: []plan.Term{{Key: average}}}
	}
	firmware := func(file string, op plan.Compare, value string) plan.Condition {
		return plan.Condition{Kind: plan.ConditionFirmware, Param: dir + "/" + file, Terms: []plan.Term{{Value: value, Op: op}}}
	}
	for _, c := range []struct {
		plan.Condition
		want bool
	}{
		{pressure("memory", "avg10", 1000), true}, {pressure("memory", "avg10", 999), false}, {pressure("memory", "avg60", 105), true},
		{pressure("memory", "avg60", 104), false}, {pressure("memory", "avg300", 0), true}, {pressure("cpu", "avg10", 2999), false},
		{pressure("cpu", "avg10", 3000), true}, {pressure("io", "avg60", 249), false}, {pressure("io", "avg60", 250), true},
		{pressure("nobody", "avg60", 0), true},
		{firmware("vendor", plan.CompareText, "A maker"), true}, {firmware("vendor", plan.CompareText, "A"), false},
		{firmware("vendor", plan.CompareGlob, "A*"), true}, {firmware("none", plan.CompareNotText, "A"), false},
		{firmware("compatible", plan.CompareText, "linux,dummy-virt"), true}, {firmware("compatible", plan.CompareText, "arm"), false},
		{plan.Condition{Kind: plan.ConditionPathIsEncrypted, Param: dir}, false},
		{plan.Condition{Kind: plan.ConditionPathIsEncrypted, Param: dir + "/nowhere"}, false},
		{plan.Condition{Kind: plan.ConditionKernelVersion, Terms: []plan.Term{{Key: "systemd", Value: systemdVersion, Op: plan.CompareEqual}}}, true},
		{plan.Condition{Kind: plan.ConditionKernelVersion, Terms: []plan.Term{{Value: "2.6", Op: plan.CompareLess}}}, false},
	} {
		if got := holds(&c.Condition); got != c.want {
			t.Errorf("%+v holds: %v", c.Condition, got)
		}
	}
	for name, want := range map[string]bool{"dev": true, "dev/slaves/dm-0": true, "two": false, "none": false} {
		if got := isCrypt(dir+"/"+name, 8); got != want {
			t.Errorf("%s is encrypted: %v", name, got)
		}
	}
}

// TestToldBy: switches of kernel-command-line(7) for conditions.
func TestToldBy(t *testing.T) {
	const name = "systemd.condition-first-boot"
	for line, want := range map[string][2]bool{
		"": {false, false}, name: {true, true}, "quiet " + name + "=yes": {true, true}, name + "=0 x": {false, true},
		name + "=1 " + name + "=no": {false, true}, name + "x=1": {false, false}, name + "=maybe": {false, false},
	} {
		if on, told := toldBy(line, name); on != want[0] || told != want[1] {
			t.Errorf("%q says %v, %v", line, on, told)
		}
	}
}
