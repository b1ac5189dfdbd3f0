package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/fnmatch"
	"rustysd/runtime/plan"
)

// What conditions ask about the machine. Each is asked at a start, which is
// rare, and so nothing is kept.

// hasWord says whether a text of words has one.
func hasWord(text, word string) bool {
	for w := range strings.FieldsSeq(text) {
		if w == word {
			return true
		}
	}
	return false
}

// isMountPoint follows links, as systemd does.
func isMountPoint(path string) bool {
	// struct statx in words of 8 bytes: stx_attributes is the second,
	// stx_attributes_mask the eighth.
	var buf [32]uint64
	p, err := syscall.BytePtrFromString(path)
	if err != nil {
		return false
	}
	_, _, e := syscall.Syscall6(sysStatx, cwd(), uintptr(unsafe.Pointer(p)), 0, 0, uintptr(unsafe.Pointer(&buf)), 0)
	const mountRoot = 0x2000
	if e == 0 && buf[7]&mountRoot != 0 {
		return buf[1]&mountRoot != 0
	}
	// Before Linux 5.8: another device than the folder above.
	var own, above syscall.Stat_t
	if syscall.Stat(path, &own) != nil || syscall.Stat(path+"/..", &above) != nil {
		return false
	}
	return own.Dev != above.Dev || own.Ino == above.Ino
}

// isUser: the init's own user is what is asked for.
func isUser(c *plan.Condition) bool {
	uid := syscall.Getuid()
	if c.Param == "@system" {
		// systemd's build-time border, as every distribution has it.
		return uid < 1000 || uid == 65534
	}
	id, ok := idNamed("/etc/passwd", c.Param)
	return ok && (int(id) == uid || int(id) == syscall.Geteuid())
}

// isGroup: the init is in the group.
func isGroup(c *plan.Condition) bool {
	id, ok := idNamed("/etc/group", c.Param)
	if !ok {
		return false
	}
	groups, _ := syscall.Getgroups()
	for _, g := range groups {
		if g == int(id) {
			return true
		}
	}
	return int(id) == syscall.Getgid() || int(id) == syscall.Getegid()
}

// idNamed is the number in the third field of a line of passwd(5) or group(5).
func idNamed(file, name string) (int64, bool) {
	if id, ok := atoi(name); ok {
		return id, true
	}
	if name == "root" {
		return 0, true
	}
	for line := range strings.Lines(smallFile(file)) {
		rest, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		_, rest, _ = strings.Cut(rest, ":")
		field, _, _ := strings.Cut(strings.TrimRight(rest, "\n"), ":")
		return atoi(field)
	}
	return 0, false
}

// kernelCommandLine is what the kernel was told. In a container the init's own
// arguments stand for it (systemd.unit(5), "ConditionKernelCommandLine=" and
// kernel-command-line(7)).
func kernelCommandLine() string {
	if container() != "" {
		return strings.ReplaceAll(smallFile("/proc/1/cmdline"), "\x00", " ")
	}
	return smallFile("/proc/cmdline")
}

// toldBy is what a switch on a command line says, if it is there: the last counts.
func toldBy(line, name string) (on, told bool) {
	for w := range strings.FieldsSeq(line) {
		value, ok := strings.CutPrefix(w, name)
		switch {
		case !ok:
		case value == "", value == "=1", value == "=yes", value == "=y", value == "=true", value == "=t", value == "=on":
			on, told = true, true
		case value == "=0", value == "=no", value == "=n", value == "=false", value == "=f", value == "=off":
			on, told = false, true
		}
	}
	return on, told
}

// onCommandLine looks for a word, or an assignment to it.
func onCommandLine(c *plan.Condition) bool {
	assigned := strings.IndexByte(c.Param, '=') >= 0
	for w := range strings.FieldsSeq(kernelCommandLine()) {
		if w == c.Param || !assigned && strings.HasPrefix(w, c.Param+"=") {
			return true
		}
	}
	return false
}

func isKernelVersion(c *plan.Condition) bool {
	for n := range c.Terms {
		version := systemdVersion
		if c.Terms[n].Key == "" {
			version = uname(kernelRelease)
		}
		if !termHolds(&c.Terms[n], version) {
			return false
		}
	}
	return true
}

// systemdVersion is the systemd that the init stands for to those who ask.
const systemdVersion = "252"

// termHolds compares a text or a version.
func termHolds(t *plan.Term, value string) bool {
	switch t.Op {
	case plan.CompareGlob:
		return fnmatch.Match(t.Value, value, true)
	case plan.CompareNotGlob:
		return !fnmatch.Match(t.Value, value, true)
	case plan.CompareText:
		return value == t.Value
	case plan.CompareNotText:
		return value != t.Value
	}
	return ordered(t.Op, compareVersions(value, t.Value))
}

// isRelease compares with os-release(5).
func isRelease(c *plan.Condition) bool {
	for n := range c.Terms {
		t := &c.Terms[n]
		if !termHolds(t, release(t.Key)) {
			return false
		}
	}
	return true
}

func isModuleLoaded(c *plan.Condition) bool {
	dir := "/sys/module/" + strings.ReplaceAll(c.Param, "-", "_")
	state := smallFile(dir + "/initstate")
	return state == "live" || state == "" && there(dir) // built into the kernel
}

// inEnvironment looks at the init's own environment: a variable that is there
// and not empty, or one with just that value.
func inEnvironment(c *plan.Condition) bool {
	assigned := strings.IndexByte(c.Param, '=') >= 0
	for _, v := range syscall.Environ() {
		if v == c.Param || !assigned && strings.HasPrefix(v, c.Param+"=") {
			return true
		}
	}
	return false
}

func hasCredential(c *plan.Condition) bool {
	for _, name := range [...]string{"CREDENTIALS_DIRECTORY", "ENCRYPTED_CREDENTIALS_DIRECTORY"} {
		if dir, ok := syscall.Getenv(name); ok && there(dir+"/"+c.Param) {
			return true
		}
	}
	return false
}

// securityPaths are what a security technology shows of itself.
var securityPaths = [...]struct{ name, path string }{
	{"ima", "/sys/kernel/security/ima"},
	{"measured-uki", "/sys/firmware/efi/efivars/StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"},
	{"selinux", "/sys/fs/selinux/enforce"},
	{"smack", "/sys/fs/smackfs"},
	{"tomoyo", "/sys/kernel/security/tomoyo/version"},
}

func hasSecurity(c *plan.Condition) bool {
	for _, s := range securityPaths {
		if s.name == c.Param {
			return there(s.path)
		}
	}
	switch c.Param {
	case "apparmor":
		return strings.HasPrefix(smallFile("/sys/module/apparmor/parameters/enabled"), "Y")
	case "audit":
		const netlinkAudit = 9
		fd, e := socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkAudit)
		if e == 0 {
			closeFD(fd)
		}
		return e == 0
	case "tpm2":
		return hasEntries("/sys/class/tpmrm")
	case "uefi-secureboot":
		// Four bytes of attributes, then the value (efivarfs).
		v := smallFile("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c")
		return len(v) >= 5 && v[4] == 1
	}
	return false
}

// hasCapability asks for the bounding set.
func hasCapability(c *plan.Condition) bool {
	const capBsetRead = 23
	r, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, capBsetRead, uintptr(c.Number), 0)
	return e == 0 && r == 1
}

// onACPower: a machine with a mains supply that is off, or with nothing but
// batteries that empty, runs on those; any other does not.
func onACPower() bool {
	const dir = "/sys/class/power_supply/"
	battery := false
	for _, name := range listDir(dir) {
		online := smallFile(dir + name + "/online")
		switch smallFile(dir + name + "/type") {
		case "Mains", "USB":
			if online == "1" || online == "2" {
				return true
			}
			battery = battery || online == "0" && smallFile(dir+name+"/type") == "Mains"
		case "Battery":
			battery = battery || smallFile(dir+name+"/scope") != "Device" && smallFile(dir+name+"/status") == "Discharging"
		}
	}
	return !battery
}

// isFirstBoot: machine-id(5), "First Boot Semantics". It is noted in /run for the
// boot in which the id is filled in.
func isFirstBoot() bool {
	if on, told := toldBy(kernelCommandLine(), "systemd.condition-first-boot"); told {
		return on
	}
	if there("/run/systemd/first-boot") {
		return true
	}
	var st syscall.Stat_t
	return syscall.Stat(machineIDFile, &st) == syscall.ENOENT || smallFile(machineIDFile) == "uninitialized"
}

// needsUpdate: /usr is newer than what the last update of the folder left.
func needsUpdate(c *plan.Condition) bool {
	if on, told := toldBy(kernelCommandLine(), "systemd.condition-needs-update"); told {
		return on
	}
	var usr, done syscall.Stat_t
	if !isReadWrite(c) || syscall.Stat("/usr", &usr) != nil {
		return false
	}
	if lstat(c.Param+"/.updated", &done) != 0 {
		return true
	}
	return usr.Mtim.Sec > done.Mtim.Sec || usr.Mtim.Sec == done.Mtim.Sec && usr.Mtim.Nsec > done.Mtim.Nsec
}

// isHost compares with the machine id, or with the host's name.
func isHost(c *plan.Condition) bool {
	if id := strings.ReplaceAll(strings.ToLower(c.Param), "-", ""); len(id) == 32 && isHex(id) {
		return id == machineID()
	}
	return fnmatch.Match(strings.ToLower(c.Param), strings.ToLower(uname(hostName)), true)
}

func isHex(s string) bool {
	for n := range len(s) {
		if c := s[n]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// memory is the machine's, or what the container is limited to.
func memory() uint64 {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	total := uint64(info.Totalram) * uint64(max(info.Unit, 1))
	for _, path := range [...]string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if limit, ok := atoi(smallFile(path)); ok && limit > 0 {
			total = min(total, uint64(limit))
		}
	}
	return total
}

// cpus are those that the init may run on.
func cpus() uint64 {
	var mask [128]uint64
	n, _, e := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	if e != 0 {
		return 1
	}
	count := uint64(0)
	for _, word := range mask[:n/8] {
		for ; word != 0; word &= word - 1 {
			count++
		}
	}
	return count
}

// kernelFlags are the features that the kernel calls by another name than
// systemd, or shows by another one.
var kernelFlags = [...][2]string{{"pclmul", "pclmulqdq"}, {"fma3", "fma"}, {"osxsave", "xsave"}}

// hasCPUFeature goes by what the kernel says of the first processor.
func hasCPUFeature(c *plan.Condition) bool {
	name := c.Param
	for _, k := range kernelFlags {
		if k[0] == name {
			name = k[1]
		}
	}
	for line := range strings.Lines(smallFile("/proc/cpuinfo")) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "flags" {
			return hasWord(value, name)
		}
	}
	return false // systemd.unit(5), "ConditionCPUFeature=": x86 only
}

// hasControllers: every controller of the list is there, or the version of the
// hierarchy is the one that is asked for.
func hasControllers(c *plan.Condition) bool {
	unified := there("/sys/fs/cgroup/cgroup.controllers")
	switch c.Param {
	case "v1":
		return !unified
	case "v2":
		return unified
	}
	have := smallFile("/sys/fs/cgroup/cgroup.controllers")
	if !unified {
		have = enabledControllers()
	}
	for name := range strings.FieldsSeq(c.Param) {
		if !hasWord(have, name) {
			return false
		}
	}
	return true
}

// enabledControllers are those of cgroups(7), "/proc/cgroups".
func enabledControllers() string {
	out := ""
	for line := range strings.Lines(smallFile("/proc/cgroups")) {
		if f := strings.Fields(line); len(f) == 4 && f[3] == "1" {
			out += f[0] + " "
		}
	}
	return out
}
