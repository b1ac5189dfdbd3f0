package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Numbers of the kernel's interface.
const (
	cloneNewIPC   = 0x08000000
	cloneNewNet   = 0x40000000
	siocSIFFLAGS  = 0x8914
	iffUp         = 1
	ifreqSize     = 40
	ifreqFlagsOff = 16
)

// ownNetwork gives the service a network with nothing but a loopback device,
// which is brought up (systemd.exec(5), "PrivateNetwork="). Where that is not
// permitted systemd goes on without, and so does the image.
func (b *execBuilder) ownNetwork() {
	n := b.e.confine.privateNetwork
	if !n.v {
		return
	}
	b.unshare(plan.StepNetwork, n.at, cloneNewNet)
	ifreq := make([]byte, ifreqSize)
	copy(ifreq, "lo")
	ifreq[ifreqFlagsOff] = iffUp
	for _, c := range [...]plan.Call{
		{Sys: plan.SysSocket, Keep: true, Arg: [6]uint64{afInet, sockDgram | oCLOEXEC}},
		{Sys: plan.SysIoctl, Slot: [6]plan.Slot{plan.SlotKept, 0, plan.SlotData}, Arg: [6]uint64{1: siocSIFFLAGS}, Data: string(ifreq)},
		{Sys: plan.SysClose, Slot: [6]plan.Slot{plan.SlotKept}},
	} {
		c.Tolerate = plan.TolerateAny // systemd does not look either
		b.call(plan.StepNetwork, n.at, c)
	}
}

// ownIPC gives the service System V IPC objects and message queues of its own
// (systemd.exec(5), "PrivateIPC=").
func (b *execBuilder) ownIPC() {
	if i := b.e.confine.privateIPC; i.v {
		b.unshare(plan.StepNamespace, i.at, cloneNewIPC)
	}
}

// unshare is unshare(2), which systemd does without where it is not permitted
// or the kernel has no such namespace.
func (b *execBuilder) unshare(step plan.Step, at grammar.Pos, flag uint64) {
	b.call(step, at, plan.Call{Sys: plan.SysUnshare,
		Tolerate: plan.TolerateEPERM | plan.TolerateENOSYS, Arg: [6]uint64{flag}})
}

// unsharedCommands warns where a unit could tell that each of its commands has
// namespaces of its own. Diverges: with systemd they share them, also with the
// units of JoinsNamespaceOf=.
func (b *execBuilder) unsharedCommands() {
	c := &b.e.confine
	for _, d := range [...]struct {
		name string
		o    opt[bool]
	}{{"PrivateNetwork", c.privateNetwork}, {"PrivateIPC", c.privateIPC}} {
		if !d.o.v || len(b.u.common.commands) < 2 {
			continue
		}
		b.lo.l.Add(diag.Diagnostic{Pos: d.o.at, Severity: diag.Warning, Code: "unsupported-value",
			Msg:  d.name + "=: each command of " + b.u.name + " gets a namespace of its own",
			Hint: "do what one command prepares for the others in a single command"})
	}
}
