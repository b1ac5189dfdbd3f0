package runtime

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

// TestConditions holds what the runtime says of this machine against
// systemd-analyze condition. It is no script because a booted image stands
// elsewhere than the tool.
func TestConditions(t *testing.T) {
	if testing.Short() {
		t.Skip("short: runs systemd-analyze some hundred times")
	}
	tool := means.Program(t, "systemd-analyze")
	dir := t.TempDir()
	files := map[string]string{"empty": "", "full": "x", "program": "#!/bin/sh\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{os.Chmod(dir+"/program", 0o755), os.Mkdir(dir+"/hollow", 0o755), os.Mkdir(dir+"/filled", 0o755),
		os.WriteFile(dir+"/filled/.hidden", nil, 0o644), os.WriteFile(dir+"/filled/a.dpkg-old", nil, 0o644), os.WriteFile(dir+"/filled/b.bak", nil, 0o644), os.Symlink("full", dir+"/link"), os.Symlink("nowhere", dir+"/broken")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	held := 0
	for _, c := range conditionCases(dir) {
		out, err := exec.Command(tool, "condition", "Condition"+c.text).CombinedOutput()
		want := err == nil
		if !strings.Contains(string(out), "onditions ") {
			t.Errorf("%s: systemd says %s", c.text, out)
			continue
		}
		got := firstUnmet([]plan.Condition{c.lowered}) < 0
		if got != want {
			t.Errorf("%s is %v, systemd says %v", c.text, got, want)
		}
		if got {
			held++
		}
	}
	t.Logf("%d conditions hold here", held)
}

type conditionCase struct {
	text    string
	lowered plan.Condition
}

// conditionCases are settings with what the compiler makes of them.
func conditionCases(dir string) (out []conditionCase) {
	add := func(name string, kind plan.ConditionKind, params ...string) {
		for _, p := range params {
			out = append(out, conditionCase{name + "=" + p, plan.Condition{Kind: kind, Param: p}},
				conditionCase{name + "=!" + p, plan.Condition{Kind: kind, Param: p, Flags: plan.ConditionNegate}})
		}
	}
	paths := []string{dir, dir + "/empty", dir + "/full", dir + "/program", dir + "/hollow", dir + "/filled", dir + "/link",
		dir + "/broken", dir + "/none", "/", "/proc", "/sys", "/dev", "/dev/shm", "/dev/null", "/proc/self/fd", "/usr/bin", "/run", "/etc/passwd"}
	add("PathExists", plan.ConditionPathExists, paths...)
	add("PathExistsGlob", plan.ConditionPathExistsGlob, dir+"/f*", dir+"/?ull", dir+"/[a-e]*", dir+"/x*", dir+"/*/.hidden", "/*/self", "/pro[c]")
	add("PathIsDirectory", plan.ConditionPathIsDirectory, paths...)
	add("PathIsSymbolicLink", plan.ConditionPathIsSymbolicLink, paths...)
	add("PathIsMountPoint", plan.ConditionPathIsMountPoint, paths...)
	add("PathIsReadWrite", plan.ConditionPathIsReadWrite, paths...)
	add("DirectoryNotEmpty", plan.ConditionDirectoryNotEmpty, paths...)
	add("FileNotEmpty", plan.ConditionFileNotEmpty, paths...)
	add("FileIsExecutable", plan.ConditionFileIsExecutable, paths...)
	add("User", plan.ConditionUser, "root", "0", "1", "@system", "nobody", "no-such-user")
	add("Group", plan.ConditionGroup, "root", "0", "1", "@system", "daemon", "no-such-group")
	add("KernelCommandLine", plan.ConditionKernelCommandLine, "quiet", "console", "root", "ro", "no-such-word", "reboot=k", "panic=1", "panic")
	add("Environment", plan.ConditionEnvironment, "PATH", "HOME="+os.Getenv("HOME"), "HOME=/nowhere", "NO_SUCH_VARIABLE")
	add("Security", plan.ConditionSecurity, "selinux", "apparmor", "smack", "tomoyo", "ima", "audit", "uefi-secureboot", "tpm2")
	add("Virtualization", plan.ConditionVirtualization, "yes", "no", "vm", "container", "docker", "kvm", "private-users")
	add("ControlGroupController", plan.ConditionControlGroupController, "cpu", "memory", "cpu memory", "v1", "v2")
	add("CPUFeature", plan.ConditionCPUFeature, "fpu", "sse2", "ssse3", "avx", "rdrand", "abm", "pclmul", "fma3", "osxsave", "pni")
	add("Host", plan.ConditionHost, uname(hostName), strings.ToUpper(uname(hostName)), "*", "no-host", uname(hostName)+"?")
	add("NeedsUpdate", plan.ConditionNeedsUpdate, "/etc", "/var")
	for _, on := range []uint64{0, 1} {
		word := []string{"no", "yes"}[on]
		out = append(out, conditionCase{"ACPower=" + word, plan.Condition{Kind: plan.ConditionACPower, Number: on}})
	}
	number := func(name string, kind plan.ConditionKind, op string, by plan.Compare, n uint64, word string) {
		out = append(out, conditionCase{name + "=" + op + word, plan.Condition{Kind: kind, Op: by, Number: n}})
	}
	for _, op := range operators {
		number("CPUs", plan.ConditionCPUs, op.text, op.by, 2, "2")
		number("CPUs", plan.ConditionCPUs, op.text, op.by, 4096, "4096")
		number("Memory", plan.ConditionMemory, op.text, op.by, 64<<20, "64M")
		number("Memory", plan.ConditionMemory, op.text, op.by, 1<<50, "1P")
		for _, v := range []string{"3", "5.10~rc1", "6.6", uname(kernelRelease), "99"} {
			out = append(out, conditionCase{"KernelVersion=" + op.text + v,
				plan.Condition{Kind: plan.ConditionKernelVersion, Terms: []plan.Term{{Value: v, Op: textual(op.text, op.by)}}}})
		}
		out = append(out, conditionCase{"OSRelease=VERSION_ID" + op.text + "12",
			plan.Condition{Kind: plan.ConditionOSRelease, Terms: []plan.Term{{Key: "VERSION_ID", Value: "12", Op: textual(op.text, op.by)}}}})
	}
	for capability, name := range map[uint64]string{0: "CAP_CHOWN", 24: "CAP_SYS_RESOURCE", 21: "CAP_SYS_ADMIN", 30: "CAP_AUDIT_CONTROL"} {
		out = append(out, conditionCase{"Capability=" + name, plan.Condition{Kind: plan.ConditionCapability, Number: capability}})
	}
	return out
}

var operators = []struct {
	text string
	by   plan.Compare
}{
	{"<", plan.CompareLess}, {"<=", plan.CompareLessEqual}, {"=", plan.CompareEqual}, {"!=", plan.CompareUnequal},
	{">=", plan.CompareGreaterEqual}, {">", plan.CompareGreater},
}

// textual: "=" and "!=" of a version are about its letters.
func textual(op string, by plan.Compare) plan.Compare {
	switch op {
	case "=":
		return plan.CompareText
	case "!=":
		return plan.CompareNotText
	}
	return by
}

// TestCompareVersions holds the order against systemd-analyze compare-versions.
func TestCompareVersions(t *testing.T) {
	if testing.Short() {
		t.Skip("short: runs systemd-analyze some hundred times")
	}
	tool := means.Program(t, "systemd-analyze")
	versions := []string{"", "0", "1", "01", "1.2", "1.2.3", "1.10", "1.2~rc1", "1.2~rc2", "1.2-1", "1.2^x", "1.2^1", "1.2a", "1.2b",
		"1.2aa", "a", "A", "b1", "1_2", "1.2.", "123", "~", "6.18.44-fc-v657", "6.1.0-13-amd64"}
	for i, a := range versions {
		for _, b := range versions[i:] {
			if compareVersions(a, b) < 0 != (compareVersions(b, a) > 0) {
				t.Errorf("%q and %q: each is before the other", a, b)
			}
			err := exec.Command(tool, "compare-versions", a, "lt", b).Run()
			if got, want := compareVersions(a, b) < 0, err == nil; got != want {
				t.Errorf("%q before %q is %v, systemd says %v", a, b, got, want)
			}
		}
	}
}
