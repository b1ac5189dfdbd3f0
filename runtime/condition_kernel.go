package runtime

import (
	"strings"
	"syscall"

	"rustysd/runtime/plan"
)

// What conditions ask of files of the kernel's.

// isEncrypted: the block device below a path is one of dm-crypt's, or stands on
// one, alone.
func isEncrypted(c *plan.Condition) bool {
	var st syscall.Stat_t
	if syscall.Stat(c.Param, &st) != nil {
		return false
	}
	dev := st.Dev
	if st.Mode&syscall.S_IFMT == syscall.S_IFBLK {
		dev = st.Rdev
	}
	major, minor := dev>>8&0xFFF|dev>>32&^0xFFF, dev&0xFF|dev>>12&^0xFF
	return isCrypt("/sys/dev/block/"+itoa(int64(major))+":"+itoa(int64(minor)), 8)
}

// isCrypt follows a device down to what it is made of, a few layers at most.
func isCrypt(dir string, layers int) bool {
	if strings.HasPrefix(smallFile(dir+"/dm/uuid"), "CRYPT-") {
		return true
	}
	below := listDir(dir + "/slaves")
	return len(below) == 1 && layers > 0 && isCrypt(dir+"/slaves/"+below[0], layers-1)
}

// isPressureLow: pressure that nobody measures is none (systemd.unit(5),
// "ConditionMemoryPressure="). Of a processor the kernel knows in full only
// that there is none; systemd asks what waits for it at all.
func isPressureLow(c *plan.Condition) bool {
	says := smallFile(c.Param)
	line := lineOf(says, "full ")
	if line == "" || strings.HasSuffix(c.Param, "/cpu") || strings.HasSuffix(c.Param, "/cpu.pressure") {
		line = lineOf(says, "some ")
	}
	for w := range strings.FieldsSeq(line) {
		if value, ok := strings.CutPrefix(w, c.Terms[0].Key+"="); ok {
			whole, part, _ := strings.Cut(value, ".")
			n, ok := atoi(whole + (part + "00")[:2])
			return !ok || uint64(n) <= c.Number
		}
	}
	return true
}

// lineOf is the line of a text that begins so, "" when none does.
func lineOf(text, start string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, start) {
			return line
		}
	}
	return ""
}

// firmwareSays: device trees hold lists of strings, each ended by a zero.
func firmwareSays(c *plan.Condition) bool {
	if !there(c.Param) {
		return false
	}
	for s := range strings.SplitSeq(strings.TrimRight(smallFile(c.Param), "\x00\n"), "\x00") {
		holds := true
		for n := range c.Terms {
			holds = holds && termHolds(&c.Terms[n], s)
		}
		if holds {
			return true
		}
	}
	return false
}
