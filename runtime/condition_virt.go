package runtime

import (
	"strings"

	"rustysd/runtime/plan"
)

// isVirtualized is ConditionVirtualization=: yes or no, a kind of
// virtualization, or the name of one (systemd-detect-virt(1)).
func isVirtualized(c *plan.Condition) bool {
	inside := container()
	name := inside
	if name == "" {
		name = virtualMachine()
	}
	switch c.Param {
	case "yes":
		return name != ""
	case "no":
		return name == ""
	case "container":
		return inside != ""
	case "vm":
		return inside == "" && name != ""
	case "private-users":
		return privateUsers()
	}
	return name == c.Param
}

// container names the container that the init runs in, "" for none; one that
// does not say is "container-other".
func container() string {
	if hasEntries("/proc/vz") && !there("/proc/bc") {
		return "openvz"
	}
	if strings.Contains(smallFile("/proc/sys/kernel/osrelease"), "Microsoft") ||
		strings.Contains(smallFile("/proc/sys/kernel/osrelease"), "WSL") {
		return "wsl"
	}
	if name := containerVariable(); name != "" {
		return name
	}
	switch {
	case there("/run/.containerenv"):
		return "podman"
	case there("/.dockerenv"):
		return "docker"
	}
	return ""
}

// containerVariable is what the manager of the container says: $container of
// PID 1, or what that wrote down. "oci" is any of them.
func containerVariable() string {
	name := smallFile("/run/systemd/container")
	for v := range strings.SplitSeq(smallFile("/proc/1/environ"), "\x00") {
		if value, ok := strings.CutPrefix(v, "container="); ok {
			name = value
		}
	}
	if name != "oci" {
		return name
	}
	switch {
	case there("/run/.containerenv"):
		return "podman"
	case there("/.dockerenv"):
		return "docker"
	}
	return "container-other"
}

// vendors are what a machine's firmware says of who made it, and the name of
// that virtualization.
var vendors = [...][2]string{
	{"KVM", "kvm"}, {"OpenStack", "kvm"}, {"KubeVirt", "kvm"}, {"Amazon EC2", "amazon"}, {"QEMU", "qemu"},
	{"VMware", "vmware"}, {"VMW", "vmware"}, {"innotek GmbH", "oracle"}, {"VirtualBox", "oracle"}, {"Xen", "xen"},
	{"Bochs", "bochs"}, {"Parallels", "parallels"}, {"BHYVE", "bhyve"}, {"Hyper-V", "microsoft"},
	{"Apple Virtualization", "apple"}, {"Google Compute Engine", "google"},
}

var vendorFiles = [...]string{"product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"}

// virtualMachine names the hypervisor below, "" for none; one that only the
// processor tells of is "vm-other".
func virtualMachine() string {
	for _, file := range vendorFiles {
		says := smallFile("/sys/class/dmi/id/" + file)
		for _, v := range vendors {
			if strings.HasPrefix(says, v[0]) {
				return refined(v[1])
			}
		}
	}
	switch {
	case there("/proc/xen/capabilities"):
		if strings.Contains(smallFile("/proc/xen/capabilities"), "control_d") {
			return "" // the first domain is as good as the machine itself
		}
		return "xen"
	case hasCPUFeature(&plan.Condition{Param: "hypervisor"}):
		return "vm-other"
	}
	return ""
}

// refined tells QEMU's own emulation from one that the kernel speeds up.
func refined(name string) string {
	if name == "qemu" && there("/sys/hypervisor") {
		return "xen"
	}
	if name == "qemu" && strings.Contains(smallFile("/sys/devices/system/clocksource/clocksource0/available_clocksource"), "kvm") {
		return "kvm"
	}
	return name
}

// privateUsers: not every user of the machine is one here.
func privateUsers() bool {
	whole := strings.Fields(smallFile("/proc/self/uid_map"))
	return len(whole) != 3 || whole[0] != "0" || whole[1] != "0" || whole[2] != "4294967295"
}
