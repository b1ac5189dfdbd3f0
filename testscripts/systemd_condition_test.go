package testscripts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// askedConditions are put to systemd-analyze and to an image, in the same
// namespaces; %d is the folder of the test.
var askedConditions = []string{
	"PathExists=/etc/passwd", "PathExists=!/etc/passwd", "PathExists=/no/such", "PathExistsGlob=/etc/pass*", "PathExistsGlob=/etc/{passwd,x}",
	"PathExistsGlob=/no/*", "PathIsDirectory=/etc", "PathIsDirectory=/etc/passwd", "PathIsSymbolicLink=/proc/self", "PathIsSymbolicLink=/etc",
	"PathIsMountPoint=/proc", "PathIsMountPoint=/proc/1", "PathIsMountPoint=/", "PathIsReadWrite=/", "PathIsReadWrite=%d", "PathIsReadWrite=/no",
	"PathExistsGlob=%d/{log/{a,b},l{x,og}}", "PathExistsGlob=%d/l{x,y}g", "PathExistsGlob=%d/{}*", "PathExistsGlob=!/etc/{a,b", "PathExistsGlob=%d/[!a-z]*", "PathExistsGlob=%d/[!A-Z]nits",
	"PathExistsGlob=%d/gone", "PathExistsGlob=%d/go*", "PathExistsGlob=%d/go*/x", "PathExists=%d/gone", "PathIsEncrypted=/", "PathIsEncrypted=!/", "PathIsEncrypted=/no",
	"DirectoryNotEmpty=/etc", "DirectoryNotEmpty=%d/log/none", "FileNotEmpty=/etc/passwd", "FileNotEmpty=/dev/null", "FileIsExecutable=/bin/sh",
	"FileIsExecutable=/etc/passwd", "NeedsUpdate=/etc", "NeedsUpdate=!/var", "FirstBoot=yes", "FirstBoot=no", "Architecture=native",
	"Architecture=x86-64", "Architecture=!arm64", "Architecture=vax", "Firmware=uefi", "Firmware=smbios", "Firmware=device-tree",
	"Firmware=device-tree-compatible(arm,virt)", "Firmware=!smbios-field(sys_vendor = X)", "Firmware=smbios-field(bios_version >= 1)",
	"Virtualization=yes", "Virtualization=container", "Virtualization=vm", "Virtualization=!kvm", "Virtualization=private-users",
	"Host=no-host", "Host=*", "KernelCommandLine=no-such-word", "KernelVersion=>=3", "KernelVersion=>= 3 <99", "KernelVersion=*.*", "KernelVersion=!$=6.*",
	"KernelVersion=<3", "Credential=none", "Credential=!none", "Environment=PATH", "Environment=PATH=/x", "Environment=!NO_SUCH",
	"Security=selinux", "Security=!smack", "Security=apparmor", "Security=audit", "Security=ima", "Security=tpm2", "Security=uefi-secureboot",
	"Capability=CAP_CHOWN", "Capability=!CAP_SYS_RESOURCE", "ACPower=yes", "ACPower=false", "Memory=>=64M", "Memory=<16M", "Memory=1P",
	"CPUs=>=1", "CPUs=4096", "CPUs=<=4096", "CPUFeature=fpu", "CPUFeature=!sse2", "CPUFeature=avx",
	"User=root", "User=@system", "User=!nobody", "User=65534", "Group=root", "Group=nogroup", "ControlGroupController=v2", "ControlGroupController=v1",
	"OSRelease=ID=debian", "OSRelease=ID!=debian", "OSRelease=VERSION_ID>=11 VERSION_ID<99", "OSRelease=ID$=deb*",
	"OSRelease=\"NAME$=Debian *\"", "MemoryPressure=100%", "MemoryPressure=!100%/1min", "CPUPressure=100%/10sec", "IOPressure=!100%/5min",
	"IOPressure=system.slice:0%", "MemoryPressure=-.slice:100%",
}

// TestConditionsLikeSystemd compiles a unit for each of them, and boots it beside
// systemd-analyze. It is no script because the expressions are quoted twice.
func TestConditionsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds and boots")
	}
	means.Root(t)
	tool := "/usr/bin/systemd-analyze"
	means.Files(t, tool)
	units := map[string]string{}
	var ask, all strings.Builder
	for n := range askedConditions {
		name := fmt.Sprintf("c%d.service", n)
		units[name] = "[Unit]\nCondition@" + fmt.Sprint(n) + "\n[Service]\nType=oneshot\nExecStart=log ours\n"
		all.WriteString(" " + name)
	}
	units["default.target"] = "[Unit]\nWants=stopper.service" + all.String() + "\n"
	units["stopper.service"] = "[Unit]\nAfter=" + all.String() + "\n[Service]\nType=oneshot\nTimeoutStartSec=60\nExecStart=/bin/sh @DIR@/ask\nExecStart=log done\n"
	dir := oracleFolderOf(t, units)
	for n, text := range askedConditions {
		text = strings.ReplaceAll(text, "%d", dir)
		rewrite(t, filepath.Join(dir, "units", fmt.Sprintf("c%d.service", n)), "@"+fmt.Sprint(n), text)
		fmt.Fprintf(&ask, "%s condition 'Condition%s' >%s/log/s%d 2>&1\necho $? >>%s/log/s%d\n", tool, text, dir, n, dir, n)
	}
	rewrite(t, filepath.Join(dir, "units/stopper.service"), "@DIR@", dir)
	if err := os.Symlink("nowhere", filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ask"), []byte(ask.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	compileUnits(t, dir)
	files := oracleRun(t, dir, sandbox.Options{Init: filepath.Join(dir, "init"), Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}})
	held := 0
	for n, text := range askedConditions {
		ours, says := files[fmt.Sprintf("c%d.service", n)] != "", files[fmt.Sprintf("s%d", n)]
		theirs := strings.HasSuffix(says, "\n0\n")
		if ours != theirs || !strings.Contains(says, "onditions ") {
			t.Errorf("Condition%s holds: %v, systemd says\n%s", text, ours, says)
		}
		if theirs {
			held++
		}
	}
	t.Logf("%d of %d hold", held, len(askedConditions))
}

// rewrite replaces text in a file.
func rewrite(t *testing.T, name, old, new string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(text), old, new)), 0o644); err != nil {
		t.Fatal(err)
	}
}
