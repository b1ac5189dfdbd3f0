package compiler

import (
	"encoding/binary"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// The parts of a private /dev (systemd.exec(5), "PrivateDevices="): the devices
// that every program may use, by number; file systems of the host's /dev; and
// links.
var (
	privateDevices = [...][2]string{{"null", "1:3"}, {"zero", "1:5"}, {"full", "1:7"}, {"random", "1:8"}, {"urandom", "1:9"}, {"tty", "5:0"}}
	deviceMounts   = [...]string{"pts", "shm", "mqueue", "hugepages"}
	deviceLinks    = [...][2]string{{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"}, {"log", "/run/systemd/journal/dev-log"}}
)

// ptmxNumber is the device number of /dev/ptmx as mknod(2) has it.
const ptmxNumber = 5<<8 | 2

// deviceSource puts a private /dev together. The devices are the host's, by
// bind mounts: making others would take CAP_MKNOD, and a device cgroup and a
// user namespace that let it.
func (b *execBuilder) deviceSource(at grammar.Pos) {
	b.managed(at, managerFolder, 0o755)
	b.managed(at, stageFolder, 0o755)
	stage := mountEntry{path: stageFolder, at: at, options: "mode=0755,size=4m,nr_inodes=64k"}
	b.mountNew(&stage, "tmpfs", msNOSUID|msSTRICTATIME|msNOEXEC, 0)
	for _, name := range deviceMounts {
		b.makeMountPoint(at, stageFolder+"/"+name)
		b.bindDevice(at, name, plan.TolerateENOENT|plan.TolerateENOTDIR)
	}
	b.makeMountPoint(at, stageFolder+"/char")
	for _, d := range privateDevices {
		b.ifThere(at, "/dev/"+d[0], func() {
			b.emptyFile(at, stageFolder+"/"+d[0], 0)
			b.bindDevice(at, d[0], 0)
			b.deviceLink(at, "char/"+d[1], "../"+d[0])
		})
	}
	b.terminals(at)
	for _, l := range deviceLinks {
		b.deviceLink(at, l[0], l[1])
	}
	b.ifThere(at, "/proc/kcore", func() { b.deviceLink(at, "core", "/proc/kcore") })
}

// ifThere does something when a path is there. That it is looked at opens
// nothing.
func (b *execBuilder) ifThere(at grammar.Pos, path string, do func()) {
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysOpenat, Keep: true, Tolerate: plan.TolerateENOENT,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{atFDCWD, 0, oPATH | oCLOEXEC}, Data: path + "\x00"})
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny, Slot: [6]plan.Slot{plan.SlotKept}})
	b.whenKept(at, do)
}

// whenKept does something when the result that was kept last is no error.
func (b *execBuilder) whenKept(at grammar.Pos, do func()) {
	skip := len(b.out.Calls)
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysSkip})
	do()
	b.out.Calls[skip].Arg[0] = uint64(len(b.out.Calls) - skip - 1)
}

// terminals is ptmx: a link to the one of the mounted pts. Where the host has a
// device there, the one of pts may be for nobody, so there is a device here too,
// which looks for the pts beside it: the host's would not find it. openat2(2)
// tells a device from a link; without that call it is taken for a link.
func (b *execBuilder) terminals(at grammar.Pos) {
	const resolveNoLinks = 4
	how := binary.LittleEndian.AppendUint64(nil, oPATH|oCLOEXEC)
	how = binary.LittleEndian.AppendUint64(how, 0)
	how = binary.LittleEndian.AppendUint64(how, resolveNoLinks)
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysOpenat2, Keep: true, Tolerate: plan.TolerateAny,
		Slot: [6]plan.Slot{1: plan.SlotData, 2: plan.SlotData},
		Arg:  [6]uint64{atFDCWD, uint64(len(how)), 0, uint64(len(how))}, Data: string(how) + "/dev/ptmx\x00"})
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysClose, Tolerate: plan.TolerateAny, Slot: [6]plan.Slot{plan.SlotKept}})
	b.whenKept(at, func() {
		b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMknodat, Tolerate: plan.TolerateEPERM,
			Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{atFDCWD, 0, sIFCHR | 0o666, ptmxNumber}, Data: stageFolder + "/ptmx\x00"})
		b.deviceLink(at, "char/5:2", "../ptmx")
	})
	b.deviceLink(at, "ptmx", "pts/ptmx")
}

// bindDevice mounts something of the host's /dev.
func (b *execBuilder) bindDevice(at grammar.Pos, name string, may plan.Tolerate) {
	source := "/dev/" + name
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysMount, Tolerate: may,
		Slot: [6]plan.Slot{plan.SlotData, plan.SlotData}, Arg: [6]uint64{0, uint64(len(source) + 1), 0, msBIND},
		Data: source + "\x00" + stageFolder + strings.TrimPrefix(source, "/dev") + "\x00"})
}

func (b *execBuilder) deviceLink(at grammar.Pos, name, to string) {
	b.call(plan.StepNamespace, at, plan.Call{Sys: plan.SysSymlinkat, Tolerate: plan.TolerateEEXIST, Slot: [6]plan.Slot{plan.SlotData, 0, plan.SlotData},
		Arg: [6]uint64{0, atFDCWD, uint64(len(to) + 1)}, Data: to + "\x00" + stageFolder + "/" + name + "\x00"})
}
